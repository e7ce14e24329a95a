"""Which designs no other beats in everything, with what chance; which spread alone would pick; does stable mean good?

Nothing here adds criteria up to one number: a design is on the Pareto front if no other is at least as good in all and
better in one. What finitely many draws, keys, probes and items leave open is told by drawing all of them anew, the same
for all designs, as often as is asked.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np

from activeseed.outcome import Bools
from activeseed.plan import Floats, generator
from activeseed.stack.designs.measured import Measured

#: a design is told to be on the front, or off it, from this chance on
SURE = 0.95
#: fewer designs than this say nothing of how stability and quality go together: no order of 4 is rare enough
ENOUGH_DESIGNS = 5
#: orders of designs up to which all are tried
ALL_ORDERS = 7
#: orders that are drawn where there are more
ORDERS = 5000


def on_front(values: Floats) -> Bools:
    """(…, D, C) criteria, more is better -> (…, D) whether no design is as good in all of them and better in one."""
    mine, theirs = values[..., :, None, :], values[..., None, :, :]
    beaten = (theirs >= mine).all(-1) & (theirs > mine).any(-1)
    return np.asarray(~beaten.any(-1))


@dataclass(frozen=True)
class Front:
    """Designs on the Pareto front.

    Attributes:
        on: (D,) as measured.
        chance: (D,) share of resamples in which each is on it.
    """

    on: Bools
    chance: Floats


def front_of(criteria: Sequence[Sequence[Measured]], stream: int, draws: int) -> Front:
    """The front of D designs by C criteria each, more is better: design -> criterion -> measured."""
    values = np.array([[c.value for c in of] for of in criteria])
    return Front(on_front(values), on_front(resampled_values(criteria, stream, draws)).mean(0))


def resampled_values(criteria: Sequence[Sequence[Measured]], stream: int, draws: int) -> Floats:
    """(draws, D, C) the criteria, had other draws, keys, probes and items come."""
    columns = [[c.drawn(stream, draws) for c in of] for of in criteria]
    return np.asarray(np.transpose(np.array(columns), (2, 0, 1)))


def least(values: Sequence[Measured], stream: int, draws: int) -> Floats:
    """(D,) share of resamples in which each has the least; those that are equal share it."""
    drawn = np.stack([v.drawn(stream, draws) for v in values], 1)
    smallest = drawn == drawn.min(1, keepdims=True)
    return np.asarray((smallest / smallest.sum(1, keepdims=True)).mean(0))


# --- does stability raise the odds of good? -----------------------------------------------------------------------


@dataclass(frozen=True)
class Together:
    """How spread and quality go together over designs.

    Attributes:
        designs: how many.
        pearson, spearman: correlations of spread with quality; NaN where either is the same for all.
        pearson_low, pearson_high, spearman_low, spearman_high: 95 % intervals over designs, and over all that was
            drawn; NaN for fewer than 5 designs.
        p: of Spearman's, over all orders of the designs.
    """

    designs: int
    pearson: float
    pearson_low: float
    pearson_high: float
    spearman: float
    spearman_low: float
    spearman_high: float
    p: float

    @property
    def words(self) -> str:
        """What it says, a sentence."""
        if self.designs < ENOUGH_DESIGNS:
            return (
                f"Of {self.designs} designs nothing can be told of how stability and quality go together: "
                f"{ENOUGH_DESIGNS} or more might tell."
            )
        if not math.isfinite(self.spearman):
            return "Spread or quality is the same for all designs, so nothing can be told of how they go together."
        ends = f"Spearman {self.spearman:.2f}, 95 %: {self.spearman_low:.2f} to {self.spearman_high:.2f}"
        told = self.p < 0.05 and (self.spearman_low > 0.0 or self.spearman_high < 0.0)
        if not told:
            return (
                f"Whether stabler designs are better can't be told from {self.designs} designs: spread and quality "
                f"correlate by {ends}."
            )
        if self.spearman < 0:
            return (
                f"Of these {self.designs} designs the stabler ones are the better ones: {ends}, of spread with quality."
            )
        return f"Of these {self.designs} designs the stabler ones are the worse ones: {ends}, of spread with quality."


def together(spread: Sequence[Measured], quality: Sequence[Measured], stream: int, draws: int) -> Together:
    """Correlations over designs; intervals draw designs, and all else, anew.

    Args:
        quality: more is better.
    """
    n = len(spread)
    x, y = (np.array([m.value for m in of]) for of in (spread, quality))
    nothing = float("nan")
    pearson, spearman = _pearson(x, y), _pearson(_ranks(x), _ranks(y))
    if n < ENOUGH_DESIGNS or not math.isfinite(spearman):
        return Together(n, pearson, nothing, nothing, spearman, nothing, nothing, nothing)
    drawn = resampled_values([(a, b) for a, b in zip(spread, quality, strict=True)], stream, draws)
    dice = generator(stream, "designs drawn")
    found = []
    for each in drawn:
        which = dice.integers(0, n, n)
        a, b = each[which, 0], each[which, 1]
        if len(set(which.tolist())) > 2:
            found.append((_pearson(a, b), _pearson(_ranks(a), _ranks(b))))
    low, high = np.nanpercentile(np.array(found), [2.5, 97.5], axis=0)
    return Together(
        n, pearson, float(low[0]), float(high[0]), spearman, float(low[1]), float(high[1]), _by_order(x, y, stream)
    )


def _by_order(x: Floats, y: Floats, stream: int) -> float:
    """Two-sided p-value of Spearman's correlation: the share of orders whose own is as far from zero."""
    a, b = _ranks(x), _ranks(y)
    seen = abs(_pearson(a, b))
    if len(a) <= ALL_ORDERS:
        orders = np.array(list(permutations(range(len(a)))))
        return float(np.mean(np.abs(_pearsons(a, b[orders])) >= seen - 1e-12))
    dice = generator(stream, "orders")
    orders = np.stack([dice.permutation(len(a)) for _ in range(ORDERS)])
    return float((1 + (np.abs(_pearsons(a, b[orders])) >= seen - 1e-12).sum()) / (ORDERS + 1))


def _pearsons(a: Floats, b: Floats) -> Floats:
    a, b = a - a.mean(), b - b.mean(-1, keepdims=True)
    return np.asarray(b @ a / np.sqrt((a**2).sum() * (b**2).sum(-1)))


def _pearson(a: Floats, b: Floats) -> float:
    a, b = a - a.mean(), b - b.mean()
    size = float(np.sqrt((a**2).sum() * (b**2).sum()))
    return float((a * b).sum() / size) if size > 0 else float("nan")


def _ranks(values: Floats) -> Floats:
    """Ranks from 0; what is equal shares the mean of its ranks."""
    from scipy.stats import rankdata

    return np.asarray(rankdata(values), np.float64)


# --- told apart ---------------------------------------------------------------------------------------------------


def not_told_apart(by: Mapping[str, Sequence[Measured]], alpha: float) -> list[list[int]]:
    """For each design the others that differ from it in no criterion by more than is left open, over all pairs."""
    from activeseed.analyses.comparison.places import holm

    n = len(next(iter(by.values())))
    pairs = [(i, j) for i in range(n) for j in range(i + 1, n)]
    p = np.array([[(of[i] - of[j]).p for of in by.values()] for i, j in pairs])
    adjusted = holm(np.nan_to_num(p, nan=1.0).ravel()).reshape(p.shape) if pairs else p
    out: list[list[int]] = [[] for _ in range(n)]
    for (i, j), of in zip(pairs, adjusted, strict=True):
        if (of >= alpha).all():
            out[i].append(j)
            out[j].append(i)
    return out
