"""Numbers of what washes out: spreads over starts with the noise removed, their ratios, and how sure those are.

A spread over n starts is a covariance across two trainings of each start that have nothing in common but the start,
Σ ⟨x_r − x̄, y_r − ȳ⟩ / (n − 1): unbiased for the variance over starts of the systematic outcome, and zero on average
where starts make no difference. Errors come from leaving out one start at a time, for both ends of a ratio together, so
that what they share cancels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from activeseed.analyses.basins.telling import share_errors, share_interval
from activeseed.analyses.lock_in.ratio import fieller
from activeseed.estimators.leave_one_out import ROUNDING
from activeseed.estimators.statistics import interval, jackknife, paired_spread, paired_spread_left_out, t_quantile
from activeseed.plan import Floats, Ints

#: fewer starts than this have no error
ENOUGH = 3


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval.

    Attributes:
        value: NaN where it is not known.
        low: lower end; NaN where no error is known, the value itself where it is exact.
        high: upper end; infinity where there is none.
    """

    value: float = math.nan
    low: float = math.nan
    high: float = math.nan

    @property
    def is_known(self) -> bool:
        return math.isfinite(self.value)

    @property
    def is_positive(self) -> bool:
        """Whether it can be told from zero."""
        return self.is_known and self.value > 0.0 and self.low > 0.0


UNKNOWN = Estimate()


@dataclass(frozen=True)
class Jackknifed:
    """An estimate with itself when each start is left out.

    Attributes:
        value: of all starts.
        left: (n,) without each of them; empty where it is exact.
    """

    value: float
    left: Floats

    @property
    def estimate(self) -> Estimate:
        """With the interval of a squared quantity (`statistics.interval`)."""
        if not len(self.left):
            return Estimate(self.value, self.value, self.value)
        if len(self.left) < ENOUGH:
            return Estimate(self.value)
        reach = jackknife(self.left)[1]
        low, high = interval(np.array(self.value), np.array(reach))
        return Estimate(self.value, float(low), float(high))

    def times(self, factor: float) -> Jackknifed:
        return Jackknifed(self.value * factor, self.left * factor)


def spread_over(first: Floats, second: Floats | None = None) -> Jackknifed:
    """Spread over starts of the systematic outcome.

    Args:
        first: (n, D) embedded outcomes, a start each.
        second: (n, D) of the same starts, trained under keys that share nothing with the first's; None where the start
            settles the outcome.
    """
    other = first if second is None else second
    if len(first) < 2:
        return Jackknifed(math.nan, np.full(len(first), math.nan))
    value = _rounded(float(paired_spread(first, other)[0]))
    left = paired_spread_left_out(first, other)[0] if len(first) >= ENOUGH else np.full(len(first), math.nan)
    return Jackknifed(value, np.where(np.abs(left) > ROUNDING, left, 0.0))


@dataclass(frozen=True)
class Trained:
    """Starts that trained, each under one key or two.

    Attributes:
        variants: (n, F) what each was trained on.
        values: (n, P) outcomes under the first.
        first: (n, D) the same, embedded.
        second: (n, D) under keys that share nothing with the first's; None where one says all.
        which: (n,) numbers of the starts.
        asked: how many there were.
        why: why the first of those that failed did.
    """

    variants: NDArray[np.int16]
    values: Floats
    first: Floats
    second: Floats | None
    which: Ints
    asked: int
    why: str = ""

    @property
    def noise(self) -> float:
        """Variance of the outcome of one start under other keys."""
        return 0.0 if self.second is None else float(((self.first - self.second) ** 2).sum() / (2 * len(self.first)))

    def of(self, which: Ints) -> Jackknifed:
        """Spread over these of the starts, by their numbers."""
        at = np.flatnonzero(np.isin(self.which, which))
        return spread_over(self.first[at], None if self.second is None else self.second[at])


def spread_between(points: Floats) -> Jackknifed:
    """The same over a few starts that were named, not drawn: (C, K, D) of C starts under the same K keys.

    The mean over pairs of keys k ≠ l of Σ_c ⟨x_ck − x̄_k, x_cl − x̄_l⟩ / (C − 1); errors are over keys, since the starts
    are all there are. Exact with one key.
    """
    starts, keys = points.shape[:2]
    at = points - points.mean(0)
    products = np.einsum("ckd,cld->kl", at, at) / max(1, starts - 1)
    if keys == 1:
        return Jackknifed(_rounded(float(products[0, 0])), np.zeros(0))
    others = products.sum(1) - np.diag(products)
    total = float(others.sum())
    left = (total - 2.0 * others) / ((keys - 1) * (keys - 2)) if keys >= ENOUGH else np.full(keys, math.nan)
    return Jackknifed(_rounded(total / (keys * (keys - 1))), np.asarray(left, np.float64))


def ratio_of(top: Jackknifed, bottom: Jackknifed) -> Estimate:
    """Top over bottom, both measured over the same starts.

    Where both are above their errors the interval is Student's of the logarithm, since spreads are skewed; else it is
    Fieller's set, which may have no upper end. Unknown where the bottom is zero.
    """
    if not (math.isfinite(top.value) and bottom.value > 0.0):
        return UNKNOWN
    value = top.value / bottom.value
    if not len(top.left) and not len(bottom.left):
        return Estimate(value, value, value)
    n = max(len(top.left), len(bottom.left))
    if n < ENOUGH:
        return Estimate(value)
    above, below = _lefts(top, n), _lefts(bottom, n)
    if _is_clear(top, above) and _is_clear(bottom, below):
        reach = _reach(np.log(above / below))
        return Estimate(value, value * math.exp(-reach), value * math.exp(reach))
    both = np.stack([above, below])
    off = both - both.mean(1, keepdims=True)
    found = fieller(top.value, bottom.value, (n - 1) / n * off @ off.T, n - 1.0)
    return Estimate(value, float(found.low), float(found.high))


def _reach(left: Floats) -> float:
    """Student's 97.5 % reach of delete-one estimates, on as many degrees of freedom as starts carry the error.

    (Σu²)² / Σu⁴ of what each start adds, u: n/3 where these are normal, few where a handful of rare starts make all of
    the spread, whose own error is then known from that handful alone.
    """
    n = len(left)
    off = left - left.mean()
    square = float((off**2).sum())
    if square <= 0.0:
        return 0.0
    degrees = max(1.0, min(n - 1.0, square**2 / float((off**4).sum()) - 1.0))
    return float(t_quantile(0.975, degrees)) * math.sqrt((n - 1) / n * square)


def log_ratio_left(top: Jackknifed, bottom: Jackknifed) -> Jackknifed | None:
    """The logarithm of a ratio with itself when each start is left out; None where it has none."""
    if not (top.value > 0.0 and bottom.value > 0.0):
        return None
    n = max(len(top.left), len(bottom.left))
    above, below = _lefts(top, n), _lefts(bottom, n)
    if n and not (_is_clear(top, above) and _is_clear(bottom, below)):
        return None
    return Jackknifed(math.log(top.value / bottom.value), np.log(above / below))


def difference_of(first: Jackknifed, second: Jackknifed) -> Estimate:
    """Second less first, symmetric interval; what two of as many starts share (draws, keys) cancels in the error."""
    value = second.value - first.value
    if len(first.left) == len(second.left):
        left = second.left - first.left
        if not len(left):
            return Estimate(value, value, value)
        reach = float(jackknife(left)[1]) if len(left) >= ENOUGH else math.nan
        return Estimate(value, value - reach, value + reach)
    square, degrees = 0.0, math.inf
    for one in (first, second):
        if len(one.left):
            square += float(jackknife(one.left)[0]) ** 2 if len(one.left) >= ENOUGH else math.nan
            degrees = min(degrees, len(one.left) - 1.0)
    reach = float(t_quantile(0.975, degrees)) * math.sqrt(square)
    return Estimate(value, value - reach, value + reach)


def _lefts(of: Jackknifed, n: int) -> Floats:
    return of.left if len(of.left) else np.full(n, of.value)


def _is_clear(of: Jackknifed, left: Floats) -> bool:
    """Whether it lies above its own reach, so that its logarithm has an error."""
    return of.value > 0.0 and bool((left > 0.0).all()) and float(jackknife(left)[1]) < of.value


def _rounded(value: float) -> float:
    """Zero where what is left is rounding."""
    return value if abs(value) > ROUNDING else 0.0


# --- basins and verdicts ----------------------------------------------------------------------------------------------


def largest_share(points: Floats, basins: Ints) -> Estimate:
    """Share of the starts that end in the basin with most of them, with Wilson's interval (Menck et al. 2013)."""
    if len(points) < 2:
        return UNKNOWN
    share = float((basins == 0).mean())
    error = float(share_errors(points, basins)[0])
    return Estimate(share, *share_interval(share, error, len(points)))


def one_basin(support: dict[int, float], resamples: int) -> Estimate:
    """How often subsets of the ensemble show one basin, with Wilson's interval for so many of them.

    The interval is that of the subsets of this ensemble; `largest_share` has the error of the ensemble.
    """
    if not support:
        return UNKNOWN
    share = support.get(1, 0.0)
    return Estimate(share, *share_interval(share, 0.0, resamples))


def disagreement(values: Floats, decided: Floats | None) -> Estimate:
    """Share of the probes at which two trainings of different starts judge otherwise, mean over pairs of starts.

    Args:
        values: (n, P) outcomes.
        decided: (P,) weights of the probes that are judged, summing to one; None where probes decide nothing.
    """
    n = len(values)
    if decided is None or n < 2:
        return UNKNOWN
    yes = (values > 0.5).astype(np.float64)
    count = yes.sum(0)
    value = float(2.0 * count * (n - count) / (n * (n - 1)) @ decided)
    if n < ENOUGH + 1:
        return Estimate(value)
    rest = count - yes
    left = 2.0 * rest * (n - 1 - rest) / ((n - 1) * (n - 2)) @ decided
    low, high = interval(np.array(value), np.array(jackknife(left)[1]))
    return Estimate(value, max(0.0, float(low)), min(1.0, float(high)))
