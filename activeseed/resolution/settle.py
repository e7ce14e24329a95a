"""From raw answers to what is settled: the seed as answered, the likelihood of each variant, and who can be trusted.

Two results stand side by side and are never mixed. *Standing* is what is deployed: only humans change the seed, the
latest answer of each annotator counts, the majority among several, and a tie keeps the text as written. *Likelihood*
is what the belief learns from: all effective answers on an item, each as good as its annotator has proved to be (a
repeat is a second reading, so contradictory answers cancel). Where the two disagree the question is asked again.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from activeseed.errors import PlanError
from activeseed.plan import Floats, Law
from activeseed.question import Answer, Question
from activeseed.resolution.alpha import Agreement, agreement
from activeseed.resolution.reliability import Labels, Reliability, dawid_skene, emission, sample_accuracies
from activeseed.resolution.votes import Ballot, Merge, Vote, read_answers
from activeseed.seed import ABSENT, AS_WRITTEN, Item, Payload, Seed

#: Beta(a, b) of a stranger's accuracy: right nine times in ten, worth five answers
ACCURACY = (4.5, 0.5)
#: how many units the belief's mean is worth when the share of items that are *as written* is estimated
MARGINALS_WORTH = 4.0
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
        ask_again: ids of the items whose most probable variant is not the one that stands.
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
    ask_again: tuple[str, ...]
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
    again_limit: int = 3,
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
        again_limit: an item is asked again at most until it has this many answers.

    Raises:
        AnswerError: an answer fits no question. PlanError: the prior's shape is not the seed's.

    Cost: EM and 600 Gibbs draws over the answers to items that were answered twice or more.
    """
    known, start = known or {}, start or {}
    ballot = read_answers(seed, questions, answers)
    grown = ballot.seed
    table = _prior(prior, seed, ballot, accuracy)
    reliability, means = _reliability(ballot, table, known, questions, accuracy)
    likelihood = _likelihood(ballot, table, means, distrusted)
    posterior = table * likelihood
    posterior /= posterior.sum(1, keepdims=True)
    standing, decided = _standing(ballot, start)
    for merge in ballot.merges:
        for item in merge.dropped:
            posterior[grown.position(item)] = np.eye(posterior.shape[1])[1]
    asked = Counter(item for item, _ in {(v.item, v.order) for v in (*ballot.readings, *ballot.votes)})
    merged = {i for m in ballot.merges for i in m.dropped}
    again = tuple(
        i.id
        for f, i in enumerate(grown.items)
        if 0 < asked[i.id] < again_limit
        and i.id not in merged
        and i.index_of(standing[i.id]) != int(posterior[f].argmax())
    )
    stands = {**{k: v for k, v in start.items() if k in grown._positions}, **standing}
    return Resolution(
        seed=grown.revise(standing=stands),
        likelihood=likelihood,
        prior=table,
        posterior=posterior,
        standing=standing,
        answered=tuple(i.id for i in grown.items if asked[i.id]),
        ask_again=again,
        edits=ballot.edits,
        new_items=ballot.new_items,
        merges=ballot.merges,
        agreement=agreement((v.item, v.annotator, v.variant) for v in ballot.readings),
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
        if table[f, v] == 0 and vote.variant.startswith("edit-") and table[f, 0] > 0:
            table[f, v] = table[f, 0] = table[f, 0] / 2
        table[f, v] = max(table[f, v], UNFORESEEN)
    return np.asarray(table / table.sum(1, keepdims=True))


def _likelihood(ballot: Ballot, table: Floats, means: Mapping[str, Floats], distrusted: Collection[str]) -> Floats:
    """(F′, V′) product over votes of P(vote | variant)^weight."""
    out = np.ones(table.shape)
    votes = [v for v in ballot.votes if v.annotator not in distrusted]
    if votes:
        at = np.array([ballot.seed.position(v.item) for v in votes], np.int64)
        label = np.array([ballot.seed[v.item].index_of(v.variant) for v in votes], np.int64)
        weight = np.array([v.weight for v in votes])
        theta = np.stack([means[v.annotator] for v in votes])
        offered = _offered(table)
        given = emission(theta, label, offered[at]) ** weight[:, None]
        np.multiply.at(out, at, given)
        # what nobody could have answered is not made likelier by an answer (columns that only pad the table, too)
        answered = np.unique(at)
        out[answered] = np.where(offered[answered], out[answered], 0.0)
    return out


def _offered(table: Floats) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """(F, V) what an annotator could have answered: what has mass, and *as written* and *absent* always."""
    out = table > 0
    out[:, :2] = True
    return out


def _reliability(
    ballot: Ballot,
    table: Floats,
    known: Mapping[str, str],
    questions: Mapping[str, Question],
    accuracy: tuple[float, float],
) -> tuple[dict[str, Reliability], dict[str, Floats]]:
    """Every annotator's reliability, and the means (2,) of their α and β."""
    votes = (*ballot.readings, *ballot.votes, *ballot.gold)
    people = tuple(dict.fromkeys(v.annotator for v in sorted(votes, key=lambda v: v.order)))
    if not people:
        return {}, {}
    labels = _labels(ballot, table, known, people)
    mean = float(table[:, 0].mean())
    k = labels.offered.shape[1]
    towards = np.concatenate([[mean], np.full(k - 1, (1 - mean) / (k - 1))])
    found = None
    if len(labels.unit):
        fit = dawid_skene(labels, tied=True, prior=accuracy, marginals=towards, strength=MARGINALS_WORTH)
        found = sample_accuracies(labels, fit, prior=accuracy, marginals=towards, strength=MARGINALS_WORTH)
    gold, repeats = _gold_tally(ballot.gold, known), _repeat_tally(ballot.readings, questions)
    answers = Counter(v.annotator for v in ballot.votes)
    out: dict[str, Reliability] = {}
    means: dict[str, Floats] = {}
    for j, name in enumerate(people):
        if found is not None and (labels.annotator == j).any():
            estimate, low, high = float(found.estimate[j]), float(found.low[j]), float(found.high[j])
            theta = found.means[j]
        else:
            estimate, low, high, theta = _stranger(accuracy)
        means[name] = theta
        out[name] = Reliability(
            estimate, low, high, float(theta.sum() - 1.0), *gold.get(name, (0, 0)), *repeats.get(name, (0, 0)),
            answers[name],
        )  # fmt: skip
    return out, means


def _stranger(accuracy: tuple[float, float]) -> tuple[float, float, float, Floats]:
    from scipy.special import betaincinv

    mean = accuracy[0] / sum(accuracy)
    low, high = betaincinv(*accuracy, [0.025, 0.975])
    return mean, float(low), float(high), np.full(2, mean)


def _labels(ballot: Ballot, table: Floats, known: Mapping[str, str], people: Sequence[str]) -> Labels:
    """The corroborated votes: items with two or more, and gold questions whose answer is known."""
    count = Counter(v.item for v in ballot.readings)
    units: dict[tuple[str, str], int] = {}
    rows: list[tuple[int, int, int, float]] = []
    offered: list[Floats] = []
    truth: list[int] = []
    width = max(table.shape[1], 3)
    base = _offered(table)
    for vote in (*ballot.readings, *ballot.gold):
        gold = vote.purpose == "gold"
        if (gold and vote.item not in known) or (not gold and count[vote.item] < 2):
            continue
        key = ("gold" if gold else "item", vote.item)
        label = _gold_class(vote.variant) if gold else ballot.seed[vote.item].index_of(vote.variant)
        if key not in units:
            units[key] = len(units)
            row = np.zeros(width, bool)
            if gold:
                row[:2] = True
                row[_gold_class(known[vote.item])] = True
            else:
                row[: table.shape[1]] = base[ballot.seed.position(vote.item)]
            offered.append(row)
            truth.append(_gold_class(known[vote.item]) if gold else -1)
        if gold and vote.variant != known[vote.item] and label == truth[units[key]]:
            label = (label + 1) % 2  # another wording than the right one: wrong, whichever class it is counted in
        offered[units[key]][label] = True
        rows.append((units[key], people.index(vote.annotator), label, vote.weight))
    table_ = np.array([r[:3] for r in rows], np.int64).reshape(-1, 3)
    return Labels(
        table_[:, 0], table_[:, 1], table_[:, 2], np.array([r[3] for r in rows]),
        np.array(offered, bool).reshape(-1, width), np.array(truth, np.int64), len(people),
    )  # fmt: skip


def _gold_class(variant: str) -> int:
    return {AS_WRITTEN: 0, ABSENT: 1}.get(variant, 2)


def _gold_tally(gold: Sequence[Vote], known: Mapping[str, str]) -> dict[str, tuple[int, int]]:
    """Annotator -> (right, asked)."""
    out: dict[str, tuple[int, int]] = {}
    for vote in gold:
        if vote.item in known:
            right, asked = out.get(vote.annotator, (0, 0))
            out[vote.annotator] = (right + (vote.variant == known[vote.item]), asked + 1)
    return out


def _repeat_tally(votes: Sequence[Vote], questions: Mapping[str, Question]) -> dict[str, tuple[int, int]]:
    """Annotator -> (same, asked) over silent repeats, each compared with the answer it repeats."""
    return {
        name: (sum(a.variant == b.variant for a, b in pairs), len(pairs))
        for name, pairs in repeat_pairs(votes, questions).items()
    }


def repeat_pairs(votes: Sequence[Vote], questions: Mapping[str, Question]) -> dict[str, list[tuple[Vote, Vote]]]:
    """Annotator -> (first answer, answer to its silent repeat), in order of arrival."""
    first: dict[tuple[str, str, str], Vote] = {}
    out: dict[str, list[tuple[Vote, Vote]]] = defaultdict(list)
    for vote in votes:
        first[vote.annotator, vote.question, vote.item] = vote
        if vote.purpose == "repeat":
            before = first.get((vote.annotator, questions[vote.question].repeats, vote.item))
            if before is not None:
                out[vote.annotator].append((before, vote))
    return dict(out)


def _standing(ballot: Ballot, start: Mapping[str, str]) -> tuple[dict[str, str], dict[str, Vote | Merge]]:
    """Item id -> variant that stands, and what decided it."""
    latest: dict[str, dict[str, Vote]] = defaultdict(dict)
    for vote in ballot.votes:
        latest[vote.item][vote.annotator] = vote
    standing: dict[str, str] = {}
    decided: dict[str, Vote | Merge] = {}
    for item, by_annotator in latest.items():
        counts = Counter(v.variant for v in by_annotator.values()).most_common()
        tied = len(counts) > 1 and counts[0][1] == counts[1][1]
        standing[item] = start.get(item, AS_WRITTEN) if tied else counts[0][0]
        last = [v for v in by_annotator.values() if tied or v.variant == standing[item]]
        decided[item] = max(last, key=lambda v: v.order)
    for merge in ballot.merges:
        for item in merge.dropped:
            standing[item], decided[item] = ABSENT, merge
    return standing, decided


def _changes(seed: Seed, stands: Mapping[str, str], decided: Mapping[str, Vote | Merge]) -> tuple[Change, ...]:
    out = []
    for item in seed.items:
        before, after = seed.standing.get(item.id, AS_WRITTEN), stands.get(item.id, AS_WRITTEN)
        if before != after:
            by = decided.get(item.id)
            who = () if by is None else (by.answer, by.annotator, by.at)
            out.append(Change(item.id, before, after, *who))
    return tuple(out)
