"""Distances between two ensembles of runs: noise taken out, errors over keys and probes, and the noise beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from activeseed.analyses.comparison.distances import parts
from activeseed.analyses.comparison.found import Apart
from activeseed.distances import estimate, matrix, of_means
from activeseed.errors import PlanError
from activeseed.estimators.over_probes import (
    LEAST,
    OverProbes,
    degrees_over_probes,
    error_over_probes,
    of_any,
    resampled,
    widened,
)
from activeseed.plan import Floats
from activeseed.protocols import Distance

UNKNOWN = float("nan")


@dataclass(frozen=True)
class Sides:
    """Outcomes of two sides at the same places.

    Attributes:
        first: (K, P) outcomes, a row a run.
        second: (L, P) of the other side.
        paired: run k of both was trained under the same key.
        exact: which of the two have no noise, so that one run says all.
        weights: (P,) of the places, summing to one.
        names: ids of the places.
        groups: of the places.
        stream: key of what is drawn.
        apart: places are looked at one by one, so that other places could have been; no distribution over them.
    """

    first: Floats
    second: Floats
    paired: bool
    exact: tuple[bool, bool]
    weights: Floats
    names: tuple[str, ...]
    groups: tuple[str, ...]
    stream: int
    apart: bool = True

    @property
    def both_exact(self) -> bool:
        return all(self.exact)

    @property
    def single(self) -> bool:
        """Whether a side has one run and may be noisy: nothing can be said of what noise does to it."""
        runs = (len(self.first), len(self.second))
        return any(n == 1 and not exact for n, exact in zip(runs, self.exact, strict=True))

    @property
    def degrees(self) -> float:
        """Degrees of freedom of an error over runs."""
        counted = [len(s) for s, e in zip((self.first, self.second), self.exact, strict=True) if not e]
        return float(max(1, min(counted, default=2) - 1))

    def at(self, places: Sequence[int]) -> Sides:
        """The same with no weight on any other place."""
        here = np.zeros(len(self.weights))
        here[list(places)] = self.weights[list(places)]
        return replace(self, weights=here / here.sum())


def apart(distance: Distance, sides: Sides) -> Apart:
    """How far apart two sides are by a distance. Raises PlanError for outcomes that it can't read."""
    value, se = between(distance, sides, sides.weights)
    within = noise(distance, sides)
    mixed = float(_cross(distance, sides, sides.weights))
    plain = UNKNOWN
    if sides.paired and len(sides.first) == len(sides.second):
        plain = of_means(distance, sides.first, sides.second, sides.weights).value
    both = _over_probes(distance, sides, value, se)
    return Apart(
        kind=distance.kind, words=distance.words, unit=distance.unit, embeds=distance.embeds,
        largest=distance.largest, value=value, se=se, low=both.low, high=both.high, noise=within, runs=mixed,
        means=plain, probes_se=both.probes_se, wide_low=both.wide_low, wide_high=both.wide_high,
        rests_on=both.rests_on,
    )  # fmt: skip


def between(distance: Distance, sides: Sides, weights: Floats) -> tuple[float, float]:
    """The distance and its error over runs: exact where neither side has noise, without an error for a single run."""
    x, y = _repeated(sides)
    if sides.both_exact:
        found = estimate(distance, x, y, weights, deterministic=True, names=sides.names)
    elif sides.single:
        return float(_cross(distance, sides, weights)), UNKNOWN
    else:
        paired = sides.paired and not any(sides.exact)
        found = estimate(distance, x, y, weights, paired=paired, names=sides.names)
    return found.value, found.stderr


def noise(distance: Distance, sides: Sides) -> float:
    """Mean distance of two runs of the same side: what randomness alone makes of it."""
    out = []
    for side, exact in ((sides.first, sides.exact[0]), (sides.second, sides.exact[1])):
        if exact:
            out.append(0.0)
        elif len(side) > 1:
            out.append(float(matrix(distance, side, side, sides.weights)[~np.eye(len(side), dtype=bool)].mean()))
    return float(np.mean(out)) if out else UNKNOWN


def shares(distance: Distance, sides: Sides) -> Floats | None:
    """(P,) what each place says of the distance, noise removed likewise; None where it is no mean over places."""
    x, y = _repeated(sides)
    paired = sides.paired and not any(sides.exact)
    cross = parts(distance, x, y, sides.weights)
    if cross is None:
        return None
    k, n = cross.shape[:2]
    if sides.both_exact or sides.single:
        return np.asarray(cross.mean((0, 1)), np.float64)
    mine, theirs = parts(distance, x, x, sides.weights), parts(distance, y, y, sides.weights)
    if mine is None or theirs is None:
        return None
    other, another = ~np.eye(k, dtype=bool), ~np.eye(n, dtype=bool)
    over = cross[other].mean(0) if paired else cross.mean((0, 1))
    return np.asarray(over - (mine[other].mean(0) + theirs[another].mean(0)) / 2.0, np.float64)


def _over_probes(distance: Distance, sides: Sides, value: float, se: float) -> OverProbes:
    some = np.flatnonzero(sides.weights)
    if not np.isfinite(value) or len(some) < LEAST or not sides.apart:
        return widened(value, se, sides.degrees, UNKNOWN, 1.0)
    each = shares(distance, sides)
    if each is not None:
        groups, weights, each = [sides.groups[n] for n in some], sides.weights[some], each[some]
        error = float(error_over_probes(each, weights, resampled(groups, sides.stream)))
        degrees = degrees_over_probes(each, weights, groups)
        return widened(value, se, sides.degrees, error, degrees)
    try:
        return of_any(
            value, se, sides.degrees, lambda w: _value(distance, sides, w), sides.weights, sides.groups, sides.stream
        )
    except PlanError:  # too few places are left for such a distance
        return widened(value, se, sides.degrees, UNKNOWN, 1.0)


def _value(distance: Distance, sides: Sides, weights: Floats) -> float:
    if sides.paired and not any(sides.exact) and not sides.single:
        # each key against the next is enough to see what other places do, and distances of rankings take their time
        x, y = sides.first, sides.second
        a, b = np.roll(x, 1, axis=0), np.roll(y, 1, axis=0)
        apart_ = distance.between(x, b, weights) + distance.between(a, y, weights)
        return float((apart_ - distance.between(x, a, weights) - distance.between(y, b, weights)).mean() / 2.0)
    return between(distance, sides, weights)[0]


def _cross(distance: Distance, sides: Sides, weights: Floats) -> float:
    """Mean distance of a run of the one and a run of the other, under different keys where there are any."""
    found = matrix(distance, sides.first, sides.second, weights)
    if sides.paired and len(found) > 1:
        return float(found[~np.eye(len(found), dtype=bool)].mean())
    return float(found.mean())


def _repeated(sides: Sides) -> tuple[Floats, Floats]:
    """Both sides; one run without noise, beside several of the other, stands for as many as an error takes."""
    if sides.both_exact or sides.single:
        return sides.first, sides.second
    first, second = (
        np.repeat(s[:1], 3, axis=0) if exact else s
        for s, exact in zip((sides.first, sides.second), sides.exact, strict=True)
    )
    return first, second
