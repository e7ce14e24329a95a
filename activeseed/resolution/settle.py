"""From raw answers to what is settled: the seed as answered, the likelihood of each variant, and who can be trusted.

Two results stand side by side and are never mixed. *Standing* is what is deployed: only humans change the seed, an
annotator's word on an item is what most of their readings say (the latest of them where they are evenly divided), the
majority counts among several, and a tie between people keeps the text as written. *Likelihood* is what the belief
learns from: all effective answers on an item, each as good as its annotator has proved to be (a repeat is a second
reading, so contradictory answers cancel). Where the two disagree an answer is worth having, and is asked for.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from activeseed.errors import PlanError
from activeseed.plan import Floats, Law
from activeseed.question import Answer, Question
from activeseed.questions import form_of
from activeseed.resolution.alpha import Agreement, agreement, lean
from activeseed.resolution.divided import LIMIT, Discord, Division, discord, divisions
from activeseed.resolution.drawing import Counts, count
from activeseed.resolution.measuring import measured, offered_variants
from activeseed.resolution.reliability import Reliability, emission
from activeseed.resolution.votes import Ballot, Merge, Vote, read_answers
from activeseed.seed import ABSENT, AS_WRITTEN, Item, Pair, Payload, Seed

#: Beta(a, b) of a stranger's accuracy: right nine times in ten, worth five answers
ACCURACY = (4.5, 0.5)
#: prior probability of a variant that nobody thought of until somebody answered it
UNFORESEEN = 0.02


@dataclass(frozen=True)
class Change:
    """What a new version of the seed does to one item, and which answer made it so (empty: an answer taken back)."""

    item: str
    before: str
    after: str
    answer: str = ""
    annotator: str = ""
    at: str = ""


@dataclass(frozen=True)
class Resolution:
    """What the answers so far settle.

    Attributes:
        seed: the new version: variants that edits added, new items at the end, and what stands.
        likelihood: (F, V) P(all effective answers on the item | it is this variant), 1 where nothing was answered;
            F and V are those of ``seed``. Merges are no evidence of being wrong, so they leave it at 1.
        prior: (F, V) the belief before, with some mass for what answers added: edits, flips, new items.
        posterior: (F, V) prior × likelihood, rows sum to one; dropped lines of a merge are settled as absent.
        standing: item id -> variant id for every item that an answer or a merge decides.
        answered: ids of the items with at least one effective answer.
        counts: all effective votes as counts, from which truths and accuracies are drawn together (see ``drawing``).
        tied: ids of the items on which people are evenly divided and nobody has resolved it yet.
        divided: item id -> how people are divided, for the items on which they really disagree (see ``divided``) and
            for which the team has marked no answer as the right one. What stands there is what most say, or what
            somebody resolved: it is not what people mean.
        discord: that people differ on more than errors explain, where they do, whichever items it is.
        readings: item id -> how often it was read by somebody, lists included.
        open: ids of the answered items whose standing one further answer could change.
        edits: item id -> the payload of its latest edit.
        new_items: items from *write more* that the seed did not have.
        merges: items that say the same; the first of each stays with ``multiplicity``.
        agreement: between annotators, on their latest answers that were given without a look at others'.
        reliability: annotator -> what is known about them.
        changes: what differs from what stood before, with the answer that decided.
        unused: ids of answers about items or variants that the seed no longer has.
    """

    seed: Seed
    likelihood: Floats = field(repr=False)
    prior: Floats = field(repr=False)
    posterior: Floats = field(repr=False)
    standing: Mapping[str, str]
    answered: tuple[str, ...]
    counts: Counts = field(repr=False)
    tied: tuple[str, ...]
    divided: Mapping[str, Division]
    discord: Discord | None
    readings: Mapping[str, int]
    open: tuple[str, ...]
    edits: Mapping[str, Payload]
    new_items: tuple[Item, ...]
    merges: tuple[Merge, ...]
    agreement: Agreement
    reliability: Mapping[str, Reliability]
    changes: tuple[Change, ...]
    unused: tuple[str, ...]

    @property
    def multiplicity(self) -> dict[str, int]:
        """Item id -> joint multiplicity of the items that were merged into it."""
        return {m.kept: m.multiplicity for m in self.merges}


def resolve(
    seed: Seed,
    prior: Law,
    questions: Mapping[str, Question],
    answers: Sequence[Answer],
    *,
    known: Mapping[str, str] | None = None,
    start: Mapping[str, str] | None = None,
    distrusted: Collection[str] = (),
    accuracy: tuple[float, float] = ACCURACY,
    list_error: float = 0.0,
    copies: Mapping[str, int] | None = None,
    divided: float = LIMIT,
) -> Resolution:
    """What all answers so far settle. Pure: the same facts always resolve the same way.

    Args:
        seed: the seed as it stands now, with or without what earlier answers added.
        prior: (F, V) the belief before these answers, over the seed's items and variants.
        questions: every question asked, by id.
        answers: in order of arrival, those taken back removed; repeated deliveries do no harm.
        known: item id -> variant id that is right, for gold questions (their items need not be in the seed).
        start: what stands where nothing was answered (pins, the author's own later edits); *as written* by default.
        distrusted: annotators whose answers are no evidence (their likelihood is 1); what stands is not touched.
        accuracy: Beta(a, b) of an annotator's accuracy before any evidence.
        list_error: share of right answers that are lost when they are given to a line of a list.
        copies: what each item weighed before anything was merged into it (see ``read_answers``).
        divided: minority share above which people are said to be divided, in [0, 1]; 0 never says it.

    Raises:
        AnswerError: an answer fits no question. PlanError: the prior's shape is not the seed's.

    Cost: EM and 600 Gibbs draws over the answers to items that were answered twice or more.
    """
    known, start = known or {}, start or {}
    ballot = read_answers(seed, questions, answers, copies)
    grown = ballot.seed
    table = _prior(prior, seed, ballot, accuracy)
    reliability, means = measured(ballot, table, known, questions, accuracy)
    likelihood = _likelihood(ballot, table, means, distrusted, list_error)
    posterior = table * likelihood
    posterior /= posterior.sum(1, keepdims=True)
    words = _words(ballot)
    standing, decided = _standing(ballot, words, start)
    for merge in ballot.merges:
        for item in merge.dropped:
            posterior[grown.position(item)] = np.eye(posterior.shape[1])[1]
    asked = Counter(item for item, _ in {(v.item, v.order) for v in (*ballot.readings, *ballot.votes)})
    merged = {i for m in ballot.merges for i in m.dropped}
    resolved = {questions[a.question].items[0] for a in answers if form_of(questions[a.question]).sighted}
    tied = {item for item, said in words.items() if _majority(said)[0]} - merged - resolved
    final = {a.id for a in answers if a.final}
    decided_by_team = merged | {v.item for v in ballot.votes if v.answer in final}
    found = divisions(ballot, questions, known, accuracy, divided) if divided else {}
    open_ = {
        item for item, said in words.items() if _open(said) and not any(w.vote.answer in final for w in said.values())
    }
    stands = {**{k: v for k, v in start.items() if k in grown._positions}, **standing}
    return Resolution(
        seed=grown.revise(standing=stands),
        likelihood=likelihood,
        prior=table,
        posterior=posterior,
        standing=standing,
        answered=tuple(i.id for i in grown.items if asked[i.id]),
        counts=count(ballot, table, known, accuracy, list_error),
        tied=tuple(i.id for i in grown.items if i.id in tied),
        divided={i: d for i, d in found.items() if i not in decided_by_team},
        discord=discord(ballot, questions, known, accuracy, decided_by_team) if divided else None,
        readings={name: asked[name] for name in standing if asked[name]},
        open=tuple(i.id for i in grown.items if i.id in open_ - merged),
        edits=ballot.edits,
        new_items=ballot.new_items,
        merges=ballot.merges,
        agreement=agreement(((v.item, v.annotator, v.variant) for v in ballot.readings), _leanings(ballot)),
        reliability=reliability,
        changes=_changes(seed, stands, decided),
        unused=ballot.unused,
    )


def _prior(prior: Law, seed: Seed, ballot: Ballot, accuracy: tuple[float, float]) -> Floats:
    """(F′, V′) the belief over the grown seed.

    A variant that was answered but has no mass gets some: an edited text takes half of what the text it replaces had
    (an edit is that text, mended), any other 0.02. A new item is as credible as a stranger is reliable.
    """
    width = max(len(i.variants) for i in ballot.seed.items)
    given = prior.probabilities
    if given.shape[0] != len(seed) or given.shape[1] > width:
        raise PlanError(
            f"The belief has shape {given.shape}; this seed has {len(seed)} items of up to {width} variants."
        )
    table = np.zeros((len(ballot.seed), width))
    table[: len(seed), : given.shape[1]] = given
    table[len(seed) :, 0] = accuracy[0] / sum(accuracy)
    table[len(seed) :, 1] = accuracy[1] / sum(accuracy)
    for vote in ballot.votes:
        f = ballot.seed.position(vote.item)
        v = ballot.seed.items[f].index_of(vote.variant)
        if table[f, v] == 0 and ballot.seed.items[f].variants[v].origin == "edit" and table[f, 0] > 0:
            table[f, v] = table[f, 0] = table[f, 0] / 2
        table[f, v] = max(table[f, v], UNFORESEEN)
    return np.asarray(table / table.sum(1, keepdims=True))


def _likelihood(
    ballot: Ballot, table: Floats, means: Mapping[str, Floats], distrusted: Collection[str], list_error: float
) -> Floats:
    """(F′, V′) product over votes of P(vote | variant)^weight."""
    out = np.ones(table.shape)
    votes = [v for v in ballot.votes if v.annotator not in distrusted]
    if votes:
        at = np.array([ballot.seed.position(v.item) for v in votes], np.int64)
        label = np.array([ballot.seed[v.item].index_of(v.variant) for v in votes], np.int64)
        weight = np.array([v.weight for v in votes])
        theta = np.stack([means[v.annotator] * (1.0 - list_error * v.listed) for v in votes])
        offered = offered_variants(table)
        given = emission(theta, label, offered[at]) ** weight[:, None]
        np.multiply.at(out, at, given)
        # what nobody could have answered is not made likelier by an answer (columns that only pad the table, too)
        answered = np.unique(at)
        out[answered] = np.where(offered[answered], out[answered], 0.0)
    return out


def _leanings(ballot: Ballot) -> list[float | None]:
    """Where each reading lies between *surely stays* and its opposite; a vote's weight is ½ at confidence 0."""
    return [
        lean(v.variant, 2.0 * v.weight - 1.0, isinstance(ballot.seed[v.item].payload, Pair)) for v in ballot.readings
    ]


def _standing(
    ballot: Ballot, words: Mapping[str, Mapping[str, _Word]], start: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, Vote | Merge]]:
    """Item id -> variant that stands, and what decided it."""
    standing: dict[str, str] = {}
    decided: dict[str, Vote | Merge] = {}
    for item, said in words.items():
        tied, most = _majority(said)
        standing[item] = start.get(item, AS_WRITTEN) if tied else most
        last = [w.vote for w in said.values() if tied or w.vote.variant == standing[item]]
        decided[item] = max(last, key=lambda v: v.order)
    for merge in ballot.merges:
        for item in merge.dropped:
            standing[item], decided[item] = ABSENT, merge
    return standing, decided


@dataclass(frozen=True)
class _Word:
    """What one person says about one item after all their readings, and by how many readings it leads."""

    vote: Vote
    lead: int


def _words(ballot: Ballot) -> dict[str, dict[str, _Word]]:
    """Item -> annotator -> their word: what most of their readings say, the latest where they are evenly divided."""
    votes: dict[str, dict[str, list[Vote]]] = defaultdict(lambda: defaultdict(list))
    for vote in ballot.votes:
        votes[vote.item][vote.annotator].append(vote)
    out: dict[str, dict[str, _Word]] = {}
    for item, by_annotator in votes.items():
        out[item] = {}
        for name, said in by_annotator.items():
            counts = Counter(v.variant for v in said)
            most = max(counts.values())
            word = [v for v in said if counts[v.variant] == most][-1]
            second = max((n for v, n in counts.items() if v != word.variant), default=0)
            out[item][name] = _Word(word, most - second)
    return out


def _majority(words: Mapping[str, _Word]) -> tuple[bool, str]:
    """Whether two variants have most people, and a variant that has most."""
    counts = Counter(w.vote.variant for w in words.values()).most_common(2)
    return len(counts) > 1 and counts[0][1] == counts[1][1], counts[0][0]


def _open(words: Mapping[str, _Word]) -> bool:
    """Whether one further answer, of one of these people, could change what stands."""
    counts = Counter(w.vote.variant for w in words.values()).most_common(2)
    ahead = counts[0][1] - (counts[1][1] if len(counts) > 1 else 0)
    # one changed word moves the lead by two; a word changes where its own readings lead by at most one
    return ahead <= 2 and any(w.lead <= 1 for w in words.values())


def _changes(seed: Seed, stands: Mapping[str, str], decided: Mapping[str, Vote | Merge]) -> tuple[Change, ...]:
    out = []
    for item in seed.items:
        before, after = seed.standing.get(item.id, AS_WRITTEN), stands.get(item.id, AS_WRITTEN)
        if before != after:
            by = decided.get(item.id)
            who = () if by is None else (by.answer, by.annotator, by.at)
            out.append(Change(item.id, before, after, *who))
    return tuple(out)
