"""Plausible seeds, measured: their spread by any distance, where they disagree, how far they are from something."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from activeseed.analyses.comparison.distances import parts, weights_of
from activeseed.analyses.comparison.found import Contested, Spread
from activeseed.distances import matrix
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
from activeseed.estimators.statistics import jackknife
from activeseed.geometries import decisions_of
from activeseed.outcome import Bools
from activeseed.plan import Floats, Ints, stream_key
from activeseed.protocols import Distance, Problem, SupportsPlaces


@dataclass(frozen=True)
class Draws:
    """Outcomes of n draws of the belief under two keys each; draws of a block share them.

    Attributes:
        first: (n, P) under the one key.
        second: (n, P) under the other; the same where the trainer has no randomness.
        block: (n,) number of the block of each draw.
        problem: what was asked about.
        asked: what each place weighs, where not as the study says.
    """

    first: Floats
    second: Floats
    block: Ints
    problem: Problem
    asked: tuple[float, ...] = ()

    @cached_property
    def weights(self) -> Floats:
        return weights_of(self.problem, self.asked)

    @cached_property
    def moved(self) -> bool:
        """Whether any two draws have other outcomes."""
        return bool((self.mean != self.mean[0]).any())

    @cached_property
    def mean(self) -> Floats:
        """(n, P) over the two keys."""
        return (self.first + self.second) / 2.0

    def spread(self, distance: Distance) -> Spread:
        """By a distance. Raises PlanError for outcomes that it can't read."""
        pairs, noise, freedom = self._blocks(distance, self.weights)
        value, left = _jackknifed(pairs - noise, freedom)
        if self.problem.deterministic:
            left = self._without_each(distance)
        se = float(jackknife(left / 2.0)[0]) if len(left) > 2 else float("nan")
        both = self._over_probes(distance, value / 2.0, se, float(max(1, len(left) - 1)))
        return Spread(
            kind=distance.kind, words=distance.words, unit=distance.unit, value=both.value, se=se, low=both.low,
            high=both.high, pairs=float(np.average(pairs, weights=freedom)),
            noise=float(np.average(noise, weights=freedom)), probes_se=both.probes_se, wide_low=both.wide_low,
            wide_high=both.wide_high, rests_on=both.rests_on,
        )  # fmt: skip

    def furthest(self, own: Distance) -> tuple[int, int]:
        """The two draws whose mean outcomes are furthest apart."""
        found = matrix(own, self.mean, self.mean, self.weights)
        a, b = np.unravel_index(int(np.argmax(found)), found.shape)
        return int(a), int(b)

    def from_side(self, own: Distance, first: Floats, second: Floats, ok: Bools) -> tuple[float, float]:
        """Mean distance of the draws from a seed that was trained under every block's two keys, and its error.

        ½(d(x, b₁) + d(y, b₀) − d(x, y) − d(b₀, b₁)) holds no square of noise: x and b₁ are of different keys.
        """
        apart, which = [], []
        for b, mine in self._members():
            if not ok[b]:
                continue
            x, y, side = self.first[mine], self.second[mine], (first[b : b + 1], second[b : b + 1])
            cross = matrix(own, x, side[1], self.weights)[:, 0] + matrix(own, y, side[0], self.weights)[:, 0]
            noise = np.diag(matrix(own, x, y, self.weights)) + matrix(own, *side, self.weights)[0, 0]
            apart.append((cross - noise) / 2.0)
            which.append(len(mine))
        if not apart:
            return float("nan"), float("nan")
        return _mean_of_blocks(apart)

    def from_runs(self, own: Distance, runs: Floats) -> tuple[float, float]:
        """The same from outcomes (K, P) of independent runs; of a single one, with whatever noise it holds."""
        k = len(runs)
        within = matrix(own, runs, runs, self.weights)[~np.eye(k, dtype=bool)].mean() if k > 1 else 0.0
        apart = []
        for _, mine in self._members():
            x, y = self.first[mine], self.second[mine]
            cross = (matrix(own, x, runs, self.weights) + matrix(own, y, runs, self.weights)).mean(1)
            apart.append((cross - np.diag(matrix(own, x, y, self.weights)) - within) / 2.0)
        return _mean_of_blocks(apart)

    def contested(self, own: Distance) -> tuple[Contested, ...]:
        """Every probe, by what it adds to the spread, most first."""
        geometry, places = self.problem.geometry, self.problem.places
        covariance = self._covariance()
        each = self._shares(own)
        size = covariance if each is None else each * self.weights
        total = float(size.sum())
        sides = self.mean > 0.5
        weights = decisions_of(geometry)
        share = np.minimum(sides.mean(0), 1.0 - sides.mean(0)) if weights is not None else np.zeros(len(places))
        if weights is not None:
            share = np.where(weights > 0, share, 0.0)
        low, high = self.mean.min(0), self.mean.max(0)
        return tuple(
            Contested(
                places[p].id, places[p].group, float(self.mean[:, p].mean()), float(np.sqrt(max(covariance[p], 0.0))),
                float(size[p] / total) if total > 0 else float("nan"), float(share[p]), float(low[p]), float(high[p]),
            )
            for p in np.argsort(-size, kind="stable")
        )  # fmt: skip

    # --- blocks ---------------------------------------------------------------------------------------------------

    def _members(self) -> Iterator[tuple[int, Ints]]:
        """Blocks with two draws or more: number, and which draws."""
        for b in np.unique(self.block):
            mine = np.flatnonzero(self.block == b)
            if len(mine) > 1:
                yield int(b), mine

    def _blocks(self, distance: Distance, weights: Floats) -> tuple[Floats, Floats, Floats]:
        """Of each block the mean distance of different draws, of two runs of one draw, and its degrees of freedom."""
        pairs, noise, freedom = [], [], []
        for _, mine in self._members():
            found = matrix(distance, self.first[mine], self.second[mine], weights)
            n = len(mine)
            pairs.append((found.sum() - np.trace(found)) / (n * (n - 1)))
            noise.append(np.trace(found) / n)
            freedom.append(n - 1.0)
        if not pairs:
            raise PlanError("No two draws trained under the same keys, so no spread is known. Ask for more draws.")
        return np.array(pairs), np.array(noise), np.array(freedom)

    def _without_each(self, distance: Distance) -> Floats:
        """(n,) mean distance of different draws without each in turn, where nothing is random."""
        found = matrix(distance, self.first, self.first, self.weights)
        n = len(found)
        return np.asarray((found.sum() - found.sum(0) - found.sum(1)) / ((n - 1) * (n - 2)), np.float64)

    def _shares(self, distance: Distance) -> Floats | None:
        """(P,) what each place says of the spread; None where it is no mean over places."""
        total, freedom = np.zeros(len(self.weights)), 0.0
        for _, mine in self._members():
            each = parts(distance, self.first[mine], self.second[mine], self.weights)
            if each is None:
                return None
            n = len(mine)
            same = np.eye(n, dtype=bool)
            total += (n - 1) * (each[~same].mean(0) - each[same].mean(0)) / 2.0
            freedom += n - 1
        return total / freedom

    def _covariance(self) -> Floats:
        """(P,) variance of the systematic outcome over draws: products of different keys within blocks."""
        total, freedom = np.zeros(self.first.shape[1]), 0
        for _, mine in self._members():
            x, y = self.first[mine], self.second[mine]
            total += ((x - x.mean(0)) * (y - y.mean(0))).sum(0)
            freedom += len(mine) - 1
        return np.asarray(total / max(1, freedom), np.float64)

    def _over_probes(self, distance: Distance, value: float, se: float, degrees: float) -> OverProbes:
        groups = [p.group for p in self.problem.places]
        stream = stream_key(self.problem.stream, "ensemble over probes")
        apart = isinstance(self.problem.geometry, SupportsPlaces)  # else other places would make another distribution
        if not np.isfinite(value) or len(groups) < LEAST or not apart:
            return widened(value, se, degrees, float("nan"), 1.0)
        each = self._shares(distance)
        if each is not None:
            error = float(error_over_probes(each, self.weights, resampled(groups, stream)))
            return widened(value, se, degrees, error, degrees_over_probes(each, self.weights, groups))

        def at(weights: Floats) -> float:
            pairs, noise, freedom = self._blocks(distance, weights)
            return float(np.average(pairs - noise, weights=freedom) / 2.0)

        try:
            return of_any(value, se, degrees, at, self.weights, groups, stream)
        except PlanError:  # too few places are left for such a distance
            return widened(value, se, degrees, float("nan"), 1.0)


def _jackknifed(each: Floats, weights: Floats) -> tuple[float, Floats]:
    """A weighted mean, and itself without each entry in turn."""
    total, weight = float((each * weights).sum()), float(weights.sum())
    left = (total - each * weights) / np.maximum(weight - weights, 1e-300) if len(each) > 1 else np.zeros(0)
    return total / weight, left


def _mean_of_blocks(apart: list[Floats]) -> tuple[float, float]:
    """Mean over all draws, with the error over blocks; over draws where there is one block."""
    if len(apart) == 1:
        return float(apart[0].mean()), float(apart[0].std(ddof=1) / np.sqrt(len(apart[0])))
    value, left = _jackknifed(np.array([a.mean() for a in apart]), np.array([float(len(a)) for a in apart]))
    return value, float(jackknife(left)[0])
