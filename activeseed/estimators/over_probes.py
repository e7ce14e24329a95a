"""What finitely many probes leave open: intervals that would hold for other probes of the same kind.

An interval over keys, rows or items is conditional on the probes: had others been drawn, the number would be another.
Probes are resampled within their groups (Rao & Wu 1988: n − 1 of n, scaled by n/(n − 1), so that the variance of a mean
is unbiased and no weight is negative), and what that gives is added to the conditional variance. The sum counts noise
that is a probe's and a key's own in both parts, so it errs on the wide side. Both parts are printed, and which of them
is the larger: more probes help against one, more trainings against the other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from activeseed.estimators.statistics import interval, t_quantile
from activeseed.outcome import Summary
from activeseed.plan import Floats, Ints, generator
from activeseed.protocols import Problem, SupportsPlaces
from activeseed.seed import Json

#: resamples of the probes
DRAWS = 1000
#: parts that are left out in turn
PARTS = 20
#: fewer probes than this tell nothing of their own error
LEAST = 5


@dataclass(frozen=True)
class OverProbes:
    """A number with its errors.

    Attributes:
        value: estimate.
        se: standard error with the probes as they are: over keys, rows or items; 0 where the number is exact there.
        low: lower end of the 95 % interval that is conditional on the probes.
        high: its upper end.
        probes_se: standard error over probes alone, NaN where there are too few.
        wide_low: lower end of the interval that is not conditional on the probes.
        wide_high: its upper end.
    """

    value: float
    se: float
    low: float
    high: float
    probes_se: float
    wide_low: float
    wide_high: float

    @property
    def rests_on(self) -> Literal["probes", "trainings", ""]:
        """Which error is the larger, of those that are known and not zero."""
        if not np.isfinite(self.probes_se) or not np.isfinite(self.se) or max(self.probes_se, self.se) == 0:
            return ""
        return "probes" if self.probes_se > self.se else "trainings"

    def to_dict(self) -> dict[str, Json]:
        """Plain numbers."""
        return {
            "value": self.value, "se": self.se, "low": self.low, "high": self.high, "probes_se": self.probes_se,
            "wide_low": self.wide_low, "wide_high": self.wide_high, "rests_on": self.rests_on,
        }  # fmt: skip


def resampled(groups: Sequence[str], stream: int, draws: int = DRAWS) -> Floats:
    """(draws, P) weights of the probes, one on average: how often each was drawn, from its own group.

    Probes that are alone in their group are drawn from one another. Cost: O(draws · P).
    """
    part = strata(groups)
    dice = generator(stream, "probes")
    out = np.ones((draws, len(part)))
    for s in range(int(part.max(initial=-1)) + 1):
        mine = np.flatnonzero(part == s)
        n = len(mine)
        if n > 1:
            out[:, mine] = dice.multinomial(n - 1, np.full(n, 1.0 / n), draws) * (n / (n - 1))
    return out


def strata(groups: Sequence[str]) -> Ints:
    """(P,) number of the stratum of each probe: its group, or, where it is alone there, those that are alone."""
    sizes = Counter(groups)
    names = [g if sizes[g] > 1 else None for g in groups]
    order = {name: n for n, name in enumerate(dict.fromkeys(names))}
    return np.array([order[name] for name in names], np.int64)


def error_over_probes(shares: Floats, weights: Floats, times: Floats) -> Floats:
    """(…) standard error over probes of means Σ w s / Σ w.

    Args:
        shares: (…, P) what each probe says: the number is their mean by weight.
        weights: (P,) of the probes.
        times: (draws, P) of ``resampled``.
    """
    drawn = times * weights
    means = shares @ drawn.T / drawn.sum(1)
    return np.asarray(means.std(-1), np.float64)


def degrees_over_probes(shares: Floats, weights: Floats, groups: Sequence[str]) -> float:
    """Degrees of freedom of that error: P less the strata, and fewer where few probes say most of it.

    A variance of n values of kurtosis κ is known to 2 / (κ − 1) · n degrees of freedom.
    """
    influence = weights * (shares - np.average(shares, weights=weights))
    square = (influence**2).mean()
    most = max(1.0, len(shares) - float(strata(groups).max(initial=0) + 1))
    if not square > 0:
        return most
    kurtosis = float((influence**4).mean() / square**2)
    return float(np.clip(2.0 * len(shares) / max(kurtosis - 1.0, 1e-9), 1.0, most))


def widened(value: float, se: float, degrees: float, probes_se: float, probes_degrees: float) -> OverProbes:
    """Both intervals of a number: Student's, on the degrees of freedom of the two variances' sum (Satterthwaite 1946).

    Ends are those of ``statistics.interval``: for a squared quantity.
    """
    low, high = _ends(value, se, degrees)
    if not np.isfinite(probes_se) or not np.isfinite(se):
        return OverProbes(value, se, low, high, probes_se, float("nan"), float("nan"))
    both = se**2 + probes_se**2
    rough = se**4 / max(degrees, 1.0) + probes_se**4 / max(probes_degrees, 1.0)
    wide = _ends(value, float(np.sqrt(both)), both**2 / rough if rough > 0 else max(degrees, 1.0))
    # two variances have more degrees of freedom than one: an interval that allows for more is no narrower for that
    return OverProbes(value, se, low, high, probes_se, min(wide[0], low), max(wide[1], high))


def _ends(value: float, se: float, degrees: float) -> tuple[float, float]:
    if not np.isfinite(se) or not np.isfinite(value):
        return float("nan"), float("nan")
    reach = np.asarray(t_quantile(0.975, max(degrees, 1.0)) * se)
    low, high = interval(np.asarray(value), reach)
    return float(low), float(high)


def of_sum(
    value: float, se: float, degrees: float, products: Floats, problem: Problem, stream: int
) -> OverProbes | None:
    """Both intervals of a squared distance in the problem's geometry.

    Args:
        products: (D,) what each dimension of the embedding adds to the number.

    Returns:
        None where the geometry can't say which place a dimension is about, or there are fewer than 5 places.
    """
    geometry, places = problem.geometry, problem.places
    if not isinstance(geometry, SupportsPlaces) or len(places) < LEAST or len(geometry.weights) != len(places):
        return None
    shares = at_places(geometry, products) / geometry.weights
    groups = [p.group for p in places]
    probes_se = float(error_over_probes(shares, geometry.weights, resampled(groups, stream)))
    return widened(value, se, degrees, probes_se, degrees_over_probes(shares, geometry.weights, groups))


def at_places(geometry: SupportsPlaces, products: Floats) -> Floats:
    """(…, D) parts of a squared distance by dimension -> (…, P) by place; they add up to the same."""
    places, along = len(geometry.weights), geometry.along
    flat = products.reshape(-1, products.shape[-1])
    out = np.array([np.bincount(along, row, places) for row in flat], np.float64)
    return out.reshape(*products.shape[:-1], places)


def of_any(
    value: float, se: float, degrees: float, at: Callable[[Floats], float], weights: Floats, groups: Sequence[str],
    stream: int,
) -> OverProbes:  # fmt: skip
    """Both intervals of a number that is no mean over probes, such as a distance of rankings.

    By leaving out one of 20 parts of the probes in turn (the delete-a-group jackknife: Kott 2001), each with its share
    of every group of probes, since doing it all again a thousand times would take long.

    Args:
        at: (P,) weights that sum to one -> the number.
    """
    n = len(weights)
    parts = min(PARTS, n // 2)
    if n < LEAST:
        return widened(value, se, degrees, float("nan"), 1.0)
    order = generator(stream, "parts").permutation(n)
    order = order[np.argsort(strata(groups)[order], kind="stable")]
    part = np.empty(n, np.int64)
    part[order] = np.arange(n) % parts
    left = np.array([at(w / w.sum()) for w in (np.where(part == k, 0.0, weights) for k in range(parts))])
    probes_se = float(np.sqrt((parts - 1) / parts * ((left - left.mean()) ** 2).sum()))
    return widened(value, se, degrees, probes_se, parts - 1.0)


def summary_of(found: OverProbes | None, name: Literal["spread", "bootstrap_spread"] = "spread") -> Summary:
    """What a ranking's summary says of a spread beyond its probes; nothing where nothing is known."""
    if found is None or not np.isfinite(found.wide_low):
        return {}
    wide = [found.wide_low, found.wide_high]
    if name == "spread":
        return {
            "spread_se_over_probes": found.probes_se, "spread_interval_over_probes": wide,
            "spread_rests_on": found.rests_on,
        }  # fmt: skip
    return {
        "bootstrap_spread_se_over_probes": found.probes_se, "bootstrap_spread_interval_over_probes": wide,
        "bootstrap_spread_rests_on": found.rests_on,
    }  # fmt: skip
