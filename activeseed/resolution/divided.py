"""Whether people really disagree about an item: a minority too large for errors, and not one that a majority settles.

A majority says what stands. It does not say that the others have erred: on a line of a charter they may mean what they
say. So beside what stands there is a posterior over the *minority share* m, the share of people like those who answered
who hold something else than most. A person's answer is what they hold, but for slips, at a rate e of their own:

    P(answers with most | r) = (1 − r)(1 − e) + r e,      m = min(r, 1 − r) for two answers, r for more,

r uniform on [0, 1]. Slips are measured by what can't be mistaken for an opinion, gold questions and silent repeats.
Agreement with others is no measure of them here: where all disagree, all would look careless, and nobody in the right
to hold another opinion. What everybody says of all items alike (edits in other words) is one answer: *reworded*.

An item is called **divided** where both hold.

* Errors don't explain it: of people who err independently, at 10 % or at what they were measured to where that is more,
  so many would differ from most of them in at most 5 % of clear items (a Poisson binomial's tail).
* P(m > limit) is at least ¼: passing over what people disagree about is taken to cost three times what it costs to look
  at a settled item once more.

Six people are the fewest who can be divided by this: five who err at 10 % are three to two in 8 % of clear items. What
few people can't show of one item they may show of all together: `discord`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from activeseed.plan import Floats
from activeseed.question import Question
from activeseed.resolution.measuring import repeat_pairs
from activeseed.resolution.votes import Ballot, Vote

#: minority share above which people are said to be divided, where nothing else is set
LIMIT = 0.3
#: error rate that is put down to anybody, and how often errors on a clear item may look like a division
ERRS, BY_ERROR = 0.1, 0.05
#: posterior probability of so large a minority from which on it is named
NAMED = 0.25
#: points at which the posterior is evaluated
_GRID = 1001
#: what an answer says that is an edit, whatever its words
_REWORDED = "edit"


@dataclass(frozen=True)
class Division:
    """How people are divided on one item.

    Attributes:
        people: how many answered it without a look at others' answers.
        most: variant that most of them hold; *edit* where most would reword it.
        others: how many hold something else.
        share: posterior mean of the minority share, in [0, 1].
        low, high: its central 95 % interval.
        probability: of a minority share above the limit.
        by_error: how often errors alone would leave so many others on a clear item.
    """

    people: int
    most: str
    others: int
    share: float
    low: float
    high: float
    probability: float
    by_error: float

    @property
    def is_divided(self) -> bool:
        """Whether people really disagree, as far as can be told."""
        return self.by_error <= BY_ERROR and self.probability >= NAMED


@dataclass(frozen=True)
class Discord:
    """People differ on more than errors explain, all items taken together, whichever of them it is.

    Attributes:
        items: how many items several people answered.
        split: on how many of those they differ.
        by_error: how often errors alone would leave so many who differ from most, were all items clear.
    """

    items: int
    split: int
    by_error: float


def discord(
    ballot: Ballot,
    questions: Mapping[str, Question],
    known: Mapping[str, str],
    accuracy: tuple[float, float],
    settled: Collection[str] = (),
) -> Discord | None:
    """Whether people differ more than errors explain, over all items that two or more answered; None where not.

    The statistic is the number of answers that differ from what most say of their item, its null law that of people who
    err independently on clear items, at 10 % or at what they were measured to where that is more.

    Args:
        settled: ids of items that the team has decided.

    Cost: quadratic in the answers.
    """
    rates = slips(ballot, questions, known, accuracy)
    law: Floats = np.ones(1)
    others, items, split = 0, 0, 0
    for item, words in _words(ballot).items():
        if len(words) < 2 or item in settled:
            continue
        n, most = len(words), Counter(word for word, _ in words.values()).most_common(1)[0][1]
        errors: Floats = np.ones(1)
        for name in words:
            rate = max(rates[name], ERRS)
            errors = np.convolve(errors, [1.0 - rate, rate])
        # of so many errors at most the smaller side differs from most
        law = np.convolve(law, [errors[k] + (errors[n - k] if 2 * k != n else 0.0) for k in range(n // 2 + 1)])
        others, items, split = others + n - most, items + 1, split + (most < n)
    by_error = float(law[others:].sum())
    return Discord(items, split, by_error) if items and by_error <= BY_ERROR else None


def divisions(
    ballot: Ballot,
    questions: Mapping[str, Question],
    known: Mapping[str, str],
    accuracy: tuple[float, float],
    limit: float = LIMIT,
) -> dict[str, Division]:
    """Item id -> how people are divided, for the items on which they are. Pure.

    Args:
        known: item id -> right variant, for gold questions.
        accuracy: Beta(a, b) of an answer being what its giver holds, before any evidence.
        limit: minority share above which people are divided.

    Cost: linear in the readings, and people × 1001 for each item on which errors don't explain who differs.
    """
    rates = slips(ballot, questions, known, accuracy)
    out = {}
    for item, words in _words(ballot).items():
        if len({word for word, _ in words.values()}) < 2:
            continue
        found = division(
            [word for word, _ in words.values()],
            np.array([rates[name] for name in words]),
            np.array([weight for _, weight in words.values()]),
            limit,
        )
        if found.is_divided:
            out[item] = found
    return out


def slips(
    ballot: Ballot, questions: Mapping[str, Question], known: Mapping[str, str], accuracy: tuple[float, float]
) -> dict[str, float]:
    """Annotator -> how often an answer of theirs is not what they hold: posterior mean, in [0, ½].

    A wrong gold answer is one slip in one answer; a repeat that is answered otherwise is one in two.
    """
    right, wrong = accuracy
    tally: dict[str, list[float]] = {v.annotator: [wrong, right + wrong] for v in (*ballot.readings, *ballot.gold)}
    for vote in ballot.gold:
        if vote.item in known:
            tally[vote.annotator][0] += vote.variant != known[vote.item]
            tally[vote.annotator][1] += 1
    for name, pairs in repeat_pairs(ballot.readings, questions).items():
        tally[name][0] += sum(a.variant != b.variant for a, b in pairs)
        tally[name][1] += 2 * len(pairs)
    return {name: min(slipped / answers, 0.5) for name, (slipped, answers) in tally.items()}


def _words(ballot: Ballot) -> dict[str, dict[str, tuple[str, float]]]:
    """Item id -> who answered about it -> what they say, and how much it counts."""
    said: dict[str, dict[str, list[Vote]]] = {}
    for vote in ballot.readings:
        said.setdefault(vote.item, {}).setdefault(vote.annotator, []).append(vote)
    out = {}
    for item, people in said.items():
        reworded = {v.id for v in ballot.seed[item].variants if v.origin == "edit"}
        out[item] = {name: _word(votes, reworded) for name, votes in people.items()}
    return out


def _word(votes: Sequence[Vote], reworded: set[str]) -> tuple[str, float]:
    """What one person says of an item after all their readings, and how much it counts: the latest of the most."""
    names = [_REWORDED if v.variant in reworded else v.variant for v in votes]
    counts = Counter(names)
    most = max(counts.values())
    return next((n, v.weight) for n, v in zip(names[::-1], votes[::-1], strict=True) if counts[n] == most)


def division(words: Sequence[str], rates: Floats, weights: Floats, limit: float = LIMIT) -> Division:
    """How people are divided who hold these.

    Args:
        words: what each of N people says.
        rates: (N,) how often each slips, in [0, ½].
        weights: (N,) power to which each one's likelihood is raised, in (0, 1].
    """
    counts = Counter(words)
    most, top = counts.most_common(1)[0]
    others = len(words) - top
    r = np.linspace(0.0, 1.0, _GRID)
    with_most = (1.0 - r[:, None]) * (1.0 - rates) + r[:, None] * rates
    agrees = np.array([w == most for w in words])
    log = (weights * np.log(np.maximum(np.where(agrees, with_most, 1.0 - with_most), 1e-300))).sum(1)
    mass = np.exp(log - log.max())
    mass /= mass.sum()
    minority = np.minimum(r, 1.0 - r) if len(counts) < 3 else r
    order = np.argsort(minority, kind="stable")
    below = np.cumsum(mass[order])
    ends = np.minimum(np.searchsorted(below, [0.025, 0.975]), _GRID - 1)
    low, high = map(float, minority[order][ends])
    return Division(
        len(words), most, others, float(mass @ minority), low, high, float(mass[minority > limit].sum()),
        tail(np.maximum(rates, ERRS), others),
    )  # fmt: skip


def tail(rates: Floats, least: int) -> float:
    """P(at least so many of N independent errors), each at its own rate: a Poisson binomial, by convolution."""
    mass = np.ones(1)
    for rate in rates:
        mass = np.convolve(mass, [1.0 - rate, rate])
    return float(mass[least:].sum())
