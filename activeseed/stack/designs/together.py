"""Does stability raise the odds of good? How spread and quality go together over designs, noise removed.

What is measured of a design has an error, and a correlation of noisy numbers is nearer to zero than that of what they
measure: by the root of the share of their variance over designs that is not noise (Spearman 1904). So intervals are of
the correlation of the designs as they *are*. A correlation is held to be possible if designs that go together so,
measured with errors like these, come out as far up, and as far down, as what was seen in 2.5 % of cases at least
(`_ends`). The interval is a test turned round, made by simulation: what few designs and much noise leave open is in it.
The value without noise is the correlation under which half of the cases come out higher.

Assumed is that designs like these are drawn from a population in which some monotone function of spread and of quality
are normal together; spreads are taken by their logarithm where all lie above their errors. How far designs differ is
itself known from as many designs as there are, and is drawn anew with each case: (D − 1) s² over χ², less the noise.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np

from activeseed.plan import Floats, generator
from activeseed.stack.designs.measured import Measured, drawn

#: fewer designs than this say nothing of how stability and quality go together: no order of 4 is rare enough
ENOUGH_DESIGNS = 5
#: orders of designs up to which all are tried
ALL_ORDERS = 7
#: orders that are drawn where there are more
ORDERS = 5000
#: a spread has a logarithm where its standard error is at most this share of it
CLEAR = 0.5
#: of either end of an interval
TAIL = 0.025
#: correlations that are tried, closer together where little changes much
RHOS: Floats = np.sin(np.linspace(-math.pi / 2.0, math.pi / 2.0, 25))
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Together:
    """How spread and quality go together over designs.

    Attributes:
        designs: how many.
        pearson, spearman: correlations of spread with quality as measured, noise and all; NaN where either is the same
            for all. Pearson's is of the spread's logarithm, where all spreads lie above their errors.
        pearson_true, spearman_true: the same without the noise of measurement; NaN for fewer than 5 designs, and
            where designs are not measured to differ by more than noise.
        pearson_low, pearson_high, spearman_low, spearman_high: 95 % intervals of these; NaN for fewer than 5 designs.
        p: of Spearman's, over all orders of the designs.
        spread_reliability, quality_reliability: share of the variance over designs that is no noise.
        perfect: what Spearman's of designs that go together perfectly comes out as, measured like these: the median.
    """

    designs: int
    pearson: float
    pearson_low: float
    pearson_high: float
    spearman: float
    spearman_low: float
    spearman_high: float
    p: float
    pearson_true: float = math.nan
    spearman_true: float = math.nan
    spread_reliability: float = math.nan
    quality_reliability: float = math.nan
    perfect: float = math.nan

    @property
    def words(self) -> str:
        """What it says, in a sentence or two."""
        if self.designs < ENOUGH_DESIGNS:
            return (
                f"Of {self.designs} designs nothing can be told of how stability and quality go together: "
                f"{ENOUGH_DESIGNS} or more might tell."
            )
        if not math.isfinite(self.spearman):
            return "Spread or quality is the same for all designs, so nothing can be told of how they go together."
        true = f"{self.spearman_true:.2f}" if math.isfinite(self.spearman_true) else "unknown"
        ends = (
            f"Spearman {self.spearman:.2f} as measured, {true} without the noise of measurement, 95 %: "
            f"{self.spearman_low:.2f} to {self.spearman_high:.2f}"
        )
        hidden = (
            f" Were they to go together perfectly, designs measured like these would show {self.perfect:.2f}."
            if self.perfect < PLAIN
            else ""
        )
        told = self.p < 0.05 and (self.spearman_low > 0.0 or self.spearman_high < 0.0)
        if not told:
            return (
                f"Whether stabler designs are better can't be told from {self.designs} designs: spread and quality "
                f"correlate by {ends}.{hidden}"
            )
        which = "better" if self.spearman < 0 else "worse"
        return (
            f"Of these {self.designs} designs the stabler ones are the {which} ones: {ends}, of spread with quality."
            f"{hidden}"
        )


#: a perfect correlation that shows as so much is not hidden by noise
PLAIN = 0.95


def together(spread: Sequence[Measured], quality: Sequence[Measured], stream: int, draws: int) -> Together:
    """Correlations over designs, with intervals of those of the designs as they are.

    Args:
        quality: more is better.
        draws: cases that are simulated for each correlation.

    Cost: two sorts of (draws, D) numbers for each of ``RHOS``, some 0.1 s for 2,000 draws of 12 designs.
    """
    n = len(spread)
    x, y = (np.array([m.value for m in of]) for of in (spread, quality))
    slopes = np.ones(n)
    if all(m.value > 0.0 and m.se <= CLEAR * m.value for m in spread):
        x, slopes = np.log(x), 1.0 / x
    nothing = math.nan
    pearson, spearman = _pearson(x, y), _pearson(_ranks(x), _ranks(y))
    if n < ENOUGH_DESIGNS or not math.isfinite(spearman):
        return Together(n, pearson, nothing, nothing, spearman, nothing, nothing, nothing)
    order = np.argsort(x, kind="stable")
    numbers = [of[d] for of in (spread, quality) for d in order]
    noise = drawn(numbers, stream, draws, tails=False) - np.array([m.value for m in numbers])
    noise = np.stack([noise[:, :n] * slopes[order], noise[:, n:]], -1)
    seen = np.array([x.var(ddof=1), y.var(ddof=1)])
    still = noise.var(1, ddof=1).mean(0)
    cases = _Cases.drawn_for(n, noise, generator(stream, "designs that might be"))
    dice = generator(stream, "how far they differ")
    might = (n - 1.0) * seen / dice.chisquare(n - 1.0, (draws, 2))
    curves = cases.beyond(np.sqrt(np.maximum(might - still, 0.0)), pearson, spearman)
    apart = seen - still
    plain = cases.beyond(np.tile(np.sqrt(np.maximum(apart, 0.0)), (draws, 1)), pearson, spearman)
    ends = [_ends(of, draws) for of in curves[:2]]
    true = [_crossing(of, 0.5) for of in plain[:2]] if (apart > 0.0).all() else [nothing, nothing]
    reliable = np.clip(apart / seen, 0.0, 1.0)
    return Together(
        designs=n, pearson=pearson, pearson_low=ends[0][0], pearson_high=ends[0][1], spearman=spearman,
        spearman_low=_rank_correlation(ends[1][0]), spearman_high=_rank_correlation(ends[1][1]),
        p=_by_order(x, y, stream), pearson_true=true[0], spearman_true=_rank_correlation(true[1]),
        spread_reliability=float(reliable[0]), quality_reliability=float(reliable[1]), perfect=plain[2],
    )  # fmt: skip


@dataclass(frozen=True)
class _Cases:
    """Sets of designs that might have been measured.

    Attributes:
        first: (S, D) of standard normals, rising along each set: errors are those of the design at that place.
        second: (S, D) of others.
        noise: (S, D, 2) of measurement, in spread and in quality.
    """

    first: Floats
    second: Floats
    noise: Floats

    @classmethod
    def drawn_for(cls, n: int, noise: Floats, dice: np.random.Generator) -> _Cases:
        """As many as there are draws of the noise."""
        draws = len(noise)
        first = np.sort(dice.standard_normal((draws, n)), 1)
        return cls(first, dice.standard_normal((draws, n)), noise[dice.permutation(draws)])

    def beyond(self, apart: Floats, pearson: float, spearman: float) -> tuple[Floats, Floats, float]:
        """For each of ``RHOS`` the share of cases whose correlation comes out higher than what was seen.

        Args:
            apart: (S, 2) standard deviation over designs of what they are, in spread and in quality.

        Returns:
            Pearson's and Spearman's, both rising; and Spearman's median where designs go together perfectly.
        """
        spread = self.first * apart[:, :1] + self.noise[..., 0]
        of_values, of_ranks, perfect = np.empty(len(RHOS)), np.empty(len(RHOS)), math.nan
        ranks = _ranked(spread)
        for k, rho in enumerate(RHOS):
            quality = rho * self.first + math.sqrt(1.0 - rho**2) * self.second
            quality = quality * apart[:, 1:] + self.noise[..., 1]
            of_values[k] = _higher(_pearsons(spread, quality), pearson)
            found = _pearsons(ranks, _ranked(quality))
            of_ranks[k] = _higher(found, spearman)
            perfect = float(np.median(found))
        return of_values, of_ranks, perfect


def _higher(found: Floats, seen: float) -> float:
    """Share that lies above what was seen; equals count half."""
    return float((found > seen + _ROUNDING).mean() + 0.5 * (np.abs(found - seen) <= _ROUNDING).mean())


def _ends(rising: Floats, draws: int) -> tuple[float, float]:
    """Ends of a 95 % interval, from the share of so many cases that come out higher at each of ``RHOS``.

    A correlation is ruled out where cases under it come out as far up, or down, hardly ever. Where noise is nearly all
    there is they may do so hardly ever even if designs go together perfectly, and that rules out nothing: what fewer
    than half of the cases of perfect designs reach is held against how many of these do (as by the ratio of tails that
    is called CLs; Read 2002). Without noise all of them do, and it is the tail itself.
    """
    higher, lower = (1.0 + draws * rising) / (1.0 + draws), (1.0 + draws * (1.0 - rising)) / (1.0 + draws)
    low = _crossing(higher / min(1.0, 2.0 * higher[-1]), TAIL)
    high = _crossing(1.0 - lower / min(1.0, 2.0 * lower[0]), 1.0 - TAIL)
    return low, high


def _crossing(rising: Floats, level: float) -> float:
    """The correlation at which a share crosses a level, of ``RHOS`` and between them; −1 or 1 where it does not."""
    return float(np.interp(level, np.maximum.accumulate(rising), RHOS))


def _rank_correlation(rho: float) -> float:
    """Spearman's correlation of two numbers that are normal together with Pearson's (Pearson 1907)."""
    return 6.0 / math.pi * math.asin(rho / 2.0)


# --- correlations -----------------------------------------------------------------------------------------------------


def _pearsons(a: Floats, b: Floats) -> Floats:
    """(S, D) twice -> (S,); 0 where either is the same for all."""
    a, b = a - a.mean(-1, keepdims=True), b - b.mean(-1, keepdims=True)
    size = np.sqrt((a**2).sum(-1) * (b**2).sum(-1))
    return np.asarray((a * b).sum(-1) / np.where(size > 0.0, size, np.inf))


def _ranked(values: Floats) -> Floats:
    """(S, D) -> (S, D) ranks of what has no ties."""
    return np.asarray(values.argsort(1).argsort(1), np.float64)


def _by_order(x: Floats, y: Floats, stream: int) -> float:
    """Two-sided p-value of Spearman's correlation: the share of orders whose own is as far from zero."""
    a, b = _ranks(x), _ranks(y)
    seen = abs(_pearson(a, b))
    if len(a) <= ALL_ORDERS:
        orders = np.array(list(permutations(range(len(a)))))
    else:
        dice = generator(stream, "orders")
        orders = dice.permuted(np.tile(np.arange(len(a)), (ORDERS, 1)), axis=1)
    found = np.abs(_pearsons(a, b[orders]))
    far = int((found >= seen - 1e-12).sum())
    return far / len(orders) if len(a) <= ALL_ORDERS else (1 + far) / (1 + ORDERS)


def _pearson(a: Floats, b: Floats) -> float:
    a, b = a - a.mean(), b - b.mean()
    size = float(np.sqrt((a**2).sum() * (b**2).sum()))
    return float((a * b).sum() / size) if size > 0 else math.nan


def _ranks(values: Floats) -> Floats:
    """Ranks from 0; what is equal shares the mean of its ranks."""
    from scipy.stats import rankdata

    return np.asarray(rankdata(values), np.float64)
