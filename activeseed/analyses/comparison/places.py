"""Where two sides part: the difference at every probe, with its error and whether it is more than noise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from activeseed.analyses.comparison.found import AtProbe
from activeseed.analyses.comparison.measured import Sides, shares
from activeseed.estimators.statistics import family_p
from activeseed.geometries import decisions_of
from activeseed.plan import Floats
from activeseed.seed import Probe

if TYPE_CHECKING:
    from activeseed.outcome import Bools
    from activeseed.protocols import Distance, Geometry

#: a difference of single precision that is rounding
ROUNDING = 1e-6
#: fewer runs of a side than this show no noise
ENOUGH = 3


def at_probes(own: Distance, sides: Sides, geometry: Geometry, places: Sequence[Probe]) -> tuple[AtProbe, ...]:
    """Every probe, most different first: by its share of the study's own distance, else by the difference itself."""
    first, second = sides.first.mean(0), sides.second.mean(0)
    difference, se = differences(sides)
    p = p_values(sides, difference)
    each = shares(own, sides)
    total = float(np.dot(each, sides.weights)) if each is not None else float("nan")
    with np.errstate(divide="ignore", invalid="ignore"):
        part = np.full(len(first), np.nan) if each is None or not total > 0 else each * sides.weights / total
    turned = flipped(first, second, geometry)
    size = each * sides.weights if each is not None else np.abs(difference)
    return tuple(
        AtProbe(
            places[n].id, places[n].group, float(first[n]), float(second[n]), float(difference[n]), float(se[n]),
            float(p[n]), float(part[n]), bool(turned[n]),
        )
        for n in np.argsort(-size, kind="stable")
    )  # fmt: skip


def flipped(first: Floats, second: Floats, geometry: Geometry) -> Bools:
    """(P,) where two outcomes are decided otherwise; nowhere that nothing is decided."""
    weights = decisions_of(geometry)
    if weights is None:
        return np.zeros(len(first), bool)
    return np.asarray(((first > 0.5) != (second > 0.5)) & (weights > 0))


def differences(sides: Sides) -> tuple[Floats, Floats]:
    """(P,) second less first, and the standard error over keys: 0 where both are exact, NaN from a single run."""
    difference: Floats = sides.second.mean(0) - sides.first.mean(0)
    if sides.both_exact:
        return difference, np.zeros(len(difference))
    if sides.single:
        return difference, np.full(len(difference), np.nan)
    if sides.paired and not any(sides.exact):
        each = sides.second - sides.first
        return difference, np.asarray(each.std(0, ddof=1) / np.sqrt(len(each)), np.float64)
    square = np.zeros(len(difference))
    for side, exact in zip((sides.first, sides.second), sides.exact, strict=True):
        if not exact:
            square += side.var(0, ddof=1) / len(side)
    return difference, np.asarray(np.sqrt(square), np.float64)


def p_values(sides: Sides, difference: Floats) -> Floats:
    """(P,) family-wise p-values that the mean outcomes are equal; NaN where there are too few runs to say.

    Under common keys by resampling them (``statistics.family_p``), which keeps what probes share; of independent runs
    by Welch's test, with Holm's correction.
    """
    unknown = np.full(len(difference), np.nan)
    if sides.both_exact:
        return np.where(np.abs(difference) > ROUNDING, 0.0, 1.0)
    counted = [len(s) for s, e in zip((sides.first, sides.second), sides.exact, strict=True) if not e]
    if sides.single or min(counted) < ENOUGH:
        return unknown
    if sides.paired and not any(sides.exact):
        each = (sides.second - sides.first).T
        return family_p(each[:, :, None] * each[:, None, :], sides.stream)
    from scipy import stats

    with np.errstate(divide="ignore", invalid="ignore"):
        if any(sides.exact):
            noisy, fixed = (sides.second, sides.first[0]) if sides.exact[0] else (sides.first, sides.second[0])
            single = stats.ttest_1samp(noisy, fixed, axis=0).pvalue
        else:
            single = stats.ttest_ind(sides.first, sides.second, axis=0, equal_var=False).pvalue
    # runs that all agree have no noise to be held against
    single = np.where(np.isnan(single), np.where(np.abs(difference) > ROUNDING, 0.0, 1.0), single)
    return holm(np.asarray(single, np.float64))


def holm(p: Floats) -> Floats:
    """(P,) p-values -> family-wise ones (Holm 1979, step down)."""
    order = np.argsort(p, kind="stable")
    left = np.arange(len(p), 0, -1)
    out = np.empty(len(p))
    out[order] = np.minimum(np.maximum.accumulate(p[order] * left), 1.0)
    return out


def test_words(sides: Sides) -> str:
    """How p-values were made."""
    if sides.both_exact:
        return "exact: neither side has noise"
    if sides.single:
        return "not tested: a single run shows no noise"
    if sides.paired and not any(sides.exact):
        return f"by resampling {len(sides.first)} common keys, family-wise over probes"
    return "Welch's test of independent runs, Holm's correction over probes"
