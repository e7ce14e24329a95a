"""Whether an annotator answers at random: a sequential test on gold questions, silent repeats and other annotators.

A random annotator's answers follow rates of their own (a fair coin, a coin that falls on *keep* at the base rate) and
have nothing to do with the item. Let m_c be the rate at which an annotator gives answer c. Somebody worth listening to
is modelled as reading the item in a share s of the answers and answering by their rates in the rest (the spammer model
of D. Hovy et al., "Learning Whom to Trust with MACE", NAACL 2013, with the annotator's own rates as the strategy):

    P(v₁ … v_n | reads items)  = Σ_t m_t Π_i (s·1[v_i = t] + (1 − s) m_{v_i}),
    P(v₁ … v_n | at random)    = Π_i m_{v_i}.

The log of their ratio is the evidence of one item read n times. One reading alone gives exactly 0, so nothing depends
on how many wrong items there are, nor on which questions we chose to repeat. Two readings correlate by s²: an annotator
who errs at e, with a share π of the items *as written*, has s² = π(1−π)(1−2e)²/(m(1−m)), 1 without errors. Randomness
is tested against somebody who errs at e = 0.1, π told by their own rates (m = π(1−e) + (1−π)e): s² is 0.64 where they
keep half, 0.52 at three quarters and 0.25 at 86 %, where most of an honest annotator's rare answers are errors. Rare
answers are the telling ones: a coin at the base rate repeats a *keep* three times in four, a *reject* once. On a gold
question t is known, and s² is 0.6; on an item that others answered too, their plurality stands for another reading.

The evidence is followed sequentially (A. Wald, "Sequential Tests of Statistical Hypotheses", Ann. Math. Statist. 16,
1945): at +3.5 the annotator is trusted, at −1.8 (−1 after 20 checks) called random, and in between more checks are
asked. Chance takes a coin beyond +3.5 in at most e^−3.5 = 3 % of studies, whenever one looks.

Whoever gets gold questions wrong more often than a coin would (see ``guessing``) does not answer at random: these
answers have to do with the items, and say the opposite. Both end distrusted; the sentences tell them apart.

Calibration is never evidence here: a coin at the base rate looks calibrated.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from activeseed.question import Answer, Question
from activeseed.resolution.guessing import contradicts
from activeseed.resolution.measuring import repeat_pairs
from activeseed.resolution.votes import Vote, read_answers
from activeseed.seed import ABSENT, AS_WRITTEN, FLIPPED, Seed

#: share of answers in which an annotator worth listening to reads the item: two readings correlate by 0.6
READS = math.sqrt(0.6)
#: error rate of the honest annotator whom a random one is told from, and the largest rate of one answer that is taken
#: for a fact about the items: beyond it too few answers say anything else
ERRS, MOST_USUAL = 0.1, 0.84
#: evidence (log-likelihood ratio) at which an annotator is trusted, and at which called random
TRUSTED, RANDOM = 3.5, -1.8
#: after so many checks an honest annotator has long been trusted, and less evidence is enough to call one random
MANY, RANDOM_BY_THEN = 20, -1.0

State = Literal["trusted", "undecided", "random"]


@dataclass(frozen=True)
class Checked:
    """What the checks say about one annotator.

    Attributes:
        state: ``random`` or ``trusted`` once the evidence is decisive, else ``undecided``.
        evidence: log-likelihood ratio of "worth listening to" against "at random": the sum of the next three.
        gold, repeats, others: evidence from gold questions, silent repeats, and agreement with other annotators.
        checks: how many comparisons that is.
        rates: how often each kind of answer is given, over answers that are no checks.
        gold_right, gold_asked: gold questions.
        opposite: log-likelihood ratio of "reads the items and answers gold questions wrong" against "at random".
    """

    state: State
    evidence: float
    gold: float
    repeats: float
    others: float
    checks: int
    rates: Mapping[str, float]
    gold_right: int = 0
    gold_asked: int = 0
    opposite: float = 0.0

    @property
    def contradicts(self) -> bool:
        """Whether gold questions are answered wrong more often than by chance: against what is known.

        By these answers alone, or where other answers are too steady for a coin's.
        """
        steady = self.state == "random" and self.opposite >= TRUSTED
        return contradicts(self.gold_right, self.gold_asked) or (steady and 2 * self.gold_right < self.gold_asked)


@dataclass(frozen=True)
class Trust:
    """Whether the answers of a study can be believed.

    Attributes:
        distrusted: some annotator answers at random or contradicts the gold questions, or two disagree as only random
            answers do and nothing tells which of them is to blame; so the study must not be called stable.
        undecided: names of the annotators about whom the checks cannot tell yet.
        reasons: one sentence an annotator about whom there is something to say.
        annotators: name -> what the checks say.
    """

    distrusted: bool
    undecided: tuple[str, ...]
    reasons: tuple[str, ...]
    annotators: Mapping[str, Checked]

    @property
    def random(self) -> tuple[str, ...]:
        """Names of the annotators whose answers are no better than random ones."""
        return tuple(n for n, s in self.annotators.items() if s.state == "random")


def trust(
    seed: Seed,
    questions: Mapping[str, Question],
    answers: Sequence[Answer],
    *,
    known: Mapping[str, str] | None = None,
) -> Trust:
    """Test every annotator. Pure.

    Args:
        seed: the seed, as for ``resolve``.
        questions, answers: all of the study's, in order of arrival, answers taken back removed.
        known: item id -> right variant, for gold questions.

    Cost: linear in the answers. Raises AnswerError as ``read_answers`` does.
    """
    ballot = read_answers(seed, questions, answers)
    votes = ballot.readings
    people = tuple(dict.fromkeys(v.annotator for v in sorted((*votes, *ballot.gold), key=lambda v: v.order)))
    rates = {name: answer_rates([v for v in votes if v.annotator == name]) for name in people}
    pairs = repeat_pairs(votes, questions)
    gold: dict[str, list[float]] = {n: [] for n in people}
    right: Counter[str] = Counter()
    opposite: dict[str, float] = dict.fromkeys(people, 0.0)
    for vote in ballot.gold:
        if known and vote.item in known:
            name, same = vote.annotator, vote.variant == known[vote.item]
            gold[name].append(_gold_evidence(vote.variant, known[vote.item], rates[name]))
            right[name] += same
            opposite[name] += math.log(1 - READS) if same else _gold_evidence(vote.variant, vote.variant, rates[name])
    repeats = {n: [reading_evidence(r, rates[n]) for r in readings(votes, n).values() if len(r) > 1] for n in people}
    own = {n: sum(gold[n]) + sum(repeats[n]) for n in people}
    others = _others(votes, rates, own)
    at_odds = _at_odds(own, others)
    out = {}
    for name in people:
        evidence = own[name] + sum(others[name])
        checks = len(gold[name]) + len(pairs.get(name, ())) + len(others[name])
        limit = RANDOM_BY_THEN if checks >= MANY else RANDOM
        state: State = "random" if evidence <= limit else "trusted" if evidence >= TRUSTED else "undecided"
        if state == "random" and name in at_odds:
            state = "undecided"
        out[name] = Checked(
            state, evidence, sum(gold[name]), sum(repeats[name]), sum(others[name]), checks, rates[name],
            right[name], len(gold[name]), opposite[name] + sum(repeats[name]) + sum(others[name]),
        )  # fmt: skip
    tally = {n: (sum(category(a.variant) == category(b.variant) for a, b in p), len(p)) for n, p in pairs.items()}
    return Trust(
        distrusted=bool(at_odds) or any(s.state == "random" or s.contradicts for s in out.values()),
        undecided=tuple(n for n, s in out.items() if s.state == "undecided"),
        reasons=(
            *(r for n, s in out.items() if n not in at_odds and (r := _reason(n, s, tally.get(n, (0, 0))))),
            *([_ODDS.format(" and ".join(at_odds))] if at_odds else ()),
        ),
        annotators=out,
    )


def answer_rates(votes: Sequence[Vote]) -> dict[str, float]:
    """How often each kind of answer (kept, absent, flipped, edited, another wording) is given, checks left out.

    One is added to every count of *keep*, *absent* and whatever else occurred, so that no rate is 0.
    """
    counts = Counter(category(v.variant) for v in votes if v.purpose == "ask")
    kinds = {AS_WRITTEN, ABSENT, *(category(v.variant) for v in votes)}
    if FLIPPED in kinds and not counts[ABSENT]:
        kinds.discard(ABSENT)
    total = sum(counts.values()) + len(kinds)
    return {k: (counts[k] + 1) / total for k in sorted(kinds)}


def readings(votes: Sequence[Vote], annotator: str) -> dict[str, list[str]]:
    """Item id -> what one annotator answered about it, every time, in order of arrival."""
    out: dict[str, list[str]] = defaultdict(list)
    for vote in votes:
        if vote.annotator == annotator:
            out[vote.item].append(vote.variant)
    return dict(out)


def category(variant: str) -> str:
    """Kind of an answer: kept, absent, flipped, edited, or another wording."""
    if variant in (AS_WRITTEN, ABSENT, FLIPPED):
        return variant
    return "edited" if variant.startswith("edit") else "wording"


def reading_evidence(variants: Sequence[str], rates: Mapping[str, float], truth: str = "") -> float:
    """Evidence of the readings of one item; with its truth, of gold. 0 for a single reading of unknown truth."""
    labels = [_label(v) for v in variants]
    rate = {v: _rate(v, rates) for v in labels}
    if truth:
        return sum(math.log((READS * (v == _label(truth)) + (1 - READS) * rate[v]) / rate[v]) for v in labels)
    reads = share_read(rates)
    total = max(1.0 - sum(rate.values()), 0.0) * math.prod((1 - reads) * rate[v] for v in labels)
    for t in rate:
        total += rate[t] * math.prod(reads * (v == t) + (1 - reads) * rate[v] for v in labels)
    return math.log(total) - sum(math.log(rate[v]) for v in labels)


def share_read(rates: Mapping[str, float]) -> float:
    """How often (s) an honest annotator reads an item, who errs at ``ERRS`` and gives answers at these rates."""
    usual = min(max(rates.values(), default=0.5), MOST_USUAL)
    stays = max((usual - ERRS) / (1.0 - 2.0 * ERRS), 0.5)
    said = stays * (1.0 - ERRS) + (1.0 - stays) * ERRS
    return math.sqrt(stays * (1.0 - stays) * (1.0 - 2.0 * ERRS) ** 2 / (said * (1.0 - said)))


def information(variants: Sequence[str], rates: Mapping[str, float]) -> float:
    """Expected evidence (nats) of one more reading: mean of what it brings for either hypothesis when that is true."""
    before = reading_evidence(variants, rates)
    out = 0.0
    for kind, rate in rates.items():
        gain = reading_evidence([*variants, kind], rates) - before
        out += 0.5 * rate * (math.exp(gain) - 1.0) * gain
    return out


def _label(variant: str) -> str:
    return "edited" if category(variant) == "edited" else variant


def _rate(variant: str, rates: Mapping[str, float]) -> float:
    return min(max(rates.get(category(variant), 1.0 / (1 + len(rates))), 0.01), 0.99)


def _gold_evidence(answer: str, right: str, rates: Mapping[str, float]) -> float:
    return reading_evidence([answer], rates, truth=right)


def _others(
    votes: Sequence[Vote], rates: Mapping[str, Mapping[str, float]], own: Mapping[str, float]
) -> dict[str, list[float]]:
    """Evidence from the plurality of the others on each shared item.

    Whoever proves random, least evidence first, is no longer compared with, so that one coin does not discredit the
    honest annotators beside it. Between two of whom nothing else is known, disagreement discredits neither alone.
    """
    latest: dict[str, dict[str, Vote]] = defaultdict(dict)
    for vote in votes:
        latest[vote.item][vote.annotator] = vote
    excluded: set[str] = {n for n in own if own[n] <= RANDOM}
    while True:
        out: dict[str, list[float]] = {n: [] for n in own}
        for by in latest.values():
            for name, vote in by.items():
                rest = Counter(v.variant for n, v in by.items() if n != name and n not in excluded).most_common()
                if rest and (len(rest) == 1 or rest[0][1] > rest[1][1]):
                    out[name].append(reading_evidence([rest[0][0], vote.variant], rates[name]))
        total = {n: own[n] + sum(out[n]) for n in own if n not in excluded}
        worst = min(total, key=lambda n: total[n], default="")
        # with two left, only what is known otherwise can tell which of them is to blame
        told_apart = len(total) > 2 or (len(total) == 2 and own[worst] < max(own[n] for n in total if n != worst) - 1)
        if not worst or total[worst] > RANDOM or not told_apart:
            return out
        excluded.add(worst)


_ODDS = (
    "{} disagree as often as random answers would, and nothing tells which of them is to blame. Ask both gold "
    "questions, or a third annotator."
)


def _at_odds(own: Mapping[str, float], others: Mapping[str, Sequence[float]]) -> tuple[str, ...]:
    """Two people whose answers contradict each other while what is known of each by itself tells them not apart."""
    left = [n for n in own if own[n] > RANDOM]
    if len(left) != 2 or abs(own[left[0]] - own[left[1]]) >= 1.0:
        return ()
    return tuple(left) if min(own[n] + sum(others[n]) for n in left) <= RANDOM else ()


def _reason(name: str, standing: Checked, repeats: tuple[int, int]) -> str:
    right, gold = standing.gold_right, standing.gold_asked
    if standing.contradicts:
        return (
            f"{name} contradicts the gold questions more often than chance: {right} of {gold} answered right. These "
            "answers say the opposite of what you know; don't rely on them."
        )
    same, asked = repeats
    if standing.state == "trusted" or (standing.state == "undecided" and standing.checks < 10):
        return ""
    told = f"{same} of {asked} silent repeats got the same answer" if asked else "no silent repeat was answered"
    if standing.state == "undecided":
        return (
            f"{name}: {standing.checks} checks cannot tell these answers from random ones ({told}). "
            "Add gold questions, or ask a second annotator."
        )
    parts = {"gold questions": standing.gold, "silent repeats": standing.repeats, "other annotators": standing.others}
    worst = min(parts, key=lambda k: parts[k])
    if worst == "gold questions" and 2 * right < gold and standing.evidence - standing.gold >= 0:
        return (
            f"{name} contradicts most gold questions: {right} of {gold} answered right. So few may still be chance "
            f"({told}), but nobody reliable gets so many wrong. Don't rely on these answers."
        )
    return (
        f"{name} answers as if at random: {told}, and {worst} speak most against it "
        f"(evidence {standing.evidence:.1f} after {standing.checks} checks; an honest annotator reaches {TRUSTED:g}). "
        "Don't rely on these answers."
    )
