"""What vouches for an annotator: answers alone can't.

An adversary who inverts every answer, and an author with a wrong base rate, leave the same answers behind: what agrees
with itself is either right or wrong throughout. So a study is called stable only where something from outside the
answers says that they are right: gold questions, a second annotator who agrees beyond chance, or probes with labels
that the outcome fits better since the answers came in. Coins are a matter of `at_random`; this is about direction.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from activeseed.resolution.at_random import RANDOM, TRUSTED, Trust

#: gold questions that a voucher takes at least, and how probable so many right answers may be for somebody who guesses
GOLD, BY_CHANCE = 4, 1.0 / 16.0
#: significance at which labelled probes vouch
PROBES_LEVEL = 0.05


@dataclass(frozen=True)
class Voucher:
    """What vouches for the annotators of a study.

    Attributes:
        by: annotator -> ``gold``, ``others`` or ``probes``: what vouches.
        missing: annotator -> how many more gold questions, answered right, would do.
        contradicted: annotator -> (right, asked) of gold questions, where a coin would have done better.
        hopeless: whether nobody who answered can be relied on: random beyond doubt, or contradicted by gold.
    """

    by: Mapping[str, str]
    missing: Mapping[str, int]
    contradicted: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    hopeless: bool = False

    @property
    def complete(self) -> bool:
        """Whether somebody answered, and something vouches for everybody who did."""
        return bool(self.by) and not self.missing


def vouch(trust: Trust, gold: Mapping[str, tuple[int, int]], *, probes: bool = False) -> Voucher:
    """Who is vouched for, and by what.

    Args:
        trust: what the checks say; its annotators are those who answered.
        gold: annotator -> (right, asked) of gold questions.
        probes: whether labelled probes vouch for all of them (see ``fits_better``).
    """
    by: dict[str, str] = {}
    missing: dict[str, int] = {}
    agreeing = [n for n, c in trust.annotators.items() if c.others >= TRUSTED and c.state != "random"]
    for name, checked in trust.annotators.items():
        right, asked = gold.get(name, (0, 0))
        if checked.state == "random":
            missing[name] = gold_missing(right, asked)
        elif gold_suffices(right, asked) and checked.gold > 0:
            by[name] = "gold"
        elif name in agreeing and len(agreeing) > 1:
            by[name] = "others"
        elif probes:
            by[name] = "probes"
        else:
            missing[name] = gold_missing(right, asked)
    contradicted = {n: gold[n] for n in missing if n in gold and contradicts(*gold[n])}
    lost = [
        n
        for n, c in trust.annotators.items()
        if n in contradicted or (c.state == "random" and c.evidence <= 2 * RANDOM)
    ]
    return Voucher(by, missing, contradicted, bool(lost) and len(lost) == len(trust.annotators))


def gold_suffices(right: int, asked: int) -> bool:
    """Whether so many right answers are too many for somebody who guesses: 4 of 4, 6 of 7 or 8 of 10."""
    return asked >= GOLD and guessing(right, asked) <= BY_CHANCE


def contradicts(right: int, asked: int) -> bool:
    """Whether so few right answers are too few for somebody who guesses."""
    return gold_suffices(asked - right, asked)


def guessing(right: int, asked: int) -> float:
    """Probability that somebody who tosses a coin answers so many or more of the gold questions right."""
    return math.fsum(math.comb(asked, k) for k in range(right, asked + 1)) / 2.0**asked


def gold_missing(right: int, asked: int) -> int:
    """The fewest further gold questions that would vouch, if all of them are answered right."""
    more = 0
    while not gold_suffices(right + more, asked + more):
        more += 1
    return more


def fits_better(before: Sequence[bool], after: Sequence[bool], level: float = PROBES_LEVEL) -> bool:
    """Whether labelled probes are judged rightly more often than before anybody answered, beyond chance.

    McNemar's exact test, one-sided: of the probes that were judged rightly at only one of the two times, too many are
    right now. Answers of an adversary pass it in at most ``level`` of the studies.

    Args:
        before, after: for each labelled probe, whether the deployed outcome agrees with its label.
    """
    won = sum(b and not a for a, b in zip(before, after, strict=True))
    lost = sum(a and not b for a, b in zip(before, after, strict=True))
    return won + lost > 0 and guessing(won, won + lost) <= level


@dataclass(frozen=True)
class Refuted:
    """An author's stated rate that answers refute. ``group`` is empty for the seed as a whole."""

    group: str
    stated: float
    kept: int
    asked: int


def refuted(
    stated: Mapping[str, float], kept: Mapping[str, bool], groups: Mapping[str, str], level: float = 0.01
) -> tuple[Refuted, ...]:
    """Where answers refute what the author believed: an exact binomial test, for the whole seed and in each group.

    Args:
        stated: item id -> the author's probability that it stays, for the items drawn at random and asked.
        kept: item id -> whether it was kept.
        groups: item id -> group.
        level: two-sided, Bonferroni over the tests.

    Only items that were drawn at random count: what is asked for doubt is mostly wrong, whoever wrote the seed.
    """
    sets: dict[str, list[str]] = {"": list(stated)}
    for name in stated:
        if groups.get(name):
            sets.setdefault(groups[name], []).append(name)
    out = []
    for group, names in sets.items():
        if names:
            rate = sum(stated[n] for n in names) / len(names)
            yes = sum(kept[n] for n in names)
            if binomial_test(yes, len(names), rate) < level / len(sets):
                out.append(Refuted(group, rate, yes, len(names)))
    return tuple(out)


def binomial_test(yes: int, n: int, rate: float) -> float:
    """Exact two-sided p-value: the probability of every count that is no more probable than ``yes`` of ``n``.

    Equal to ``scipy.stats.binomtest``, whose package takes a second to import.
    """
    from scipy.special import gammaln, xlog1py, xlogy

    k = np.arange(n + 1)
    ways = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    p = np.exp(ways + xlogy(k, rate) + xlog1py(n - k, -rate))
    return float(min(1.0, p[p <= p[yes] * (1.0 + 1e-7)].sum()))
