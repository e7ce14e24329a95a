"""What a logistic unit can do over a range of its score, and sums of the k largest.

All of it is exact up to rounding: extremes of smooth functions of one variable, taken at the ends of the range and at
the stationary points within it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import expit

from activeseed.outcome import Bools
from activeseed.plan import Floats

#: |s| at which σ″ is extreme: ln(2 + √3)
_BENT = float(np.log(2.0 + np.sqrt(3.0)))


class Range(NamedTuple):
    """(n,) lower and upper ends: of how far scores move."""

    low: Floats
    high: Floats

    @property
    def reach(self) -> Floats:
        """(n,) the largest size in it."""
        return np.asarray(np.maximum(np.abs(self.low), np.abs(self.high)))

    def with_zero(self) -> Range:
        """The smallest that holds zero too."""
        return Range(np.minimum(self.low, 0.0), np.maximum(self.high, 0.0))

    def within(self, other: Range) -> Range:
        """What both hold."""
        return Range(np.maximum(self.low, other.low), np.minimum(self.high, other.high))


def curvature(score: Floats) -> Floats:
    """σ′."""
    return np.asarray(expit(score) * expit(-score))


def rise(z: Floats, moved: Floats) -> Floats:
    """σ(z + δ) − σ(z), with all its digits on either side."""
    return np.asarray(np.where(z > 0, expit(-z) - expit(-z - moved), expit(z + moved) - expit(z)))


def left_over(z: Floats, m: Floats, moved: Range) -> Range:
    """Range of σ(z + δ) − σ(z) − mδ over δ in a range: what a line of slope m leaves of a unit."""

    def at(delta: Floats) -> Floats:
        return rise(z, delta) - m * delta

    # stationary where σ′(z + δ) = m, at z + δ = ± s
    s = 2.0 * np.arccosh(np.maximum(0.5 / np.sqrt(m), 1.0))
    found = [at(moved.low), at(moved.high)]
    found += [at(np.clip(end - z, moved.low, moved.high)) for end in (s, -s)]
    return Range(np.minimum.reduce(found), np.maximum.reduce(found))


def bending(z: Floats, moved: Range) -> Range:
    """Range of σ″/2 between z and z + δ, δ in a range: what is left over of σ′(z)·δ is within it times δ²."""
    moved = moved.with_zero()

    def at(s: Floats) -> Floats:
        return np.asarray(0.5 * curvature(s) * (1.0 - 2.0 * expit(s)))

    low, high = z + moved.low, z + moved.high
    found = [at(low), at(high)] + [at(np.clip(end, low, high)) for end in (_BENT, -_BENT)]
    return Range(np.minimum.reduce(found), np.maximum.reduce(found))


def least_slope(z: Floats, moved: Range) -> Floats:
    """(n,) least mean curvature (σ(z + δ) − σ(z))/δ over δ in a range.

    The mean of a function with one peak rises until it meets it and falls from there, so the least is at an end.
    """

    def at(delta: Floats) -> Floats:
        near = np.abs(delta) < 1e-5  # the quotient has no digits left there, and |σ‴| ≤ σ′: it is σ′ within δ²/24
        apart = np.where(near, 1.0, delta)
        return np.asarray((1.0 - 1e-10) * np.where(near, curvature(z + delta / 2), rise(z, apart) / apart))

    return np.asarray(np.minimum(at(moved.low), at(moved.high)))


def largest(values: Floats, k: int) -> Floats:
    """(V,) sum of the k largest positive entries of each row of (V, n): the most that a set of k, or fewer, adds."""
    positive = np.maximum(values, 0.0)
    if k <= 0:
        return np.zeros(len(values))
    if k < values.shape[1]:
        positive = np.partition(positive, values.shape[1] - k, axis=1)[:, -k:]
    return np.asarray(positive.sum(1))


def packed(caps: Floats, rates: Floats, budget: float) -> Floats:
    """(V,) most of Σ y_j with y_j ≤ caps_j and Σ y_j / rates_j ≤ budget, for each row of (V, n): the best rates first.

    An entry with a cap has a rate.
    """
    weight = np.divide(caps, rates, out=np.zeros_like(caps), where=rates > 0)
    if not (weight.sum(1) > budget).any():
        return np.asarray(caps.sum(1))
    order = np.argsort(-rates, axis=1)
    caps, weight = np.take_along_axis(caps, order, 1), np.take_along_axis(weight, order, 1)
    before = np.cumsum(weight, 1) - weight
    part = np.clip(np.divide(budget - before, weight, out=np.ones_like(weight), where=weight > 0), 0.0, 1.0)
    return np.asarray((caps * part).sum(1))


def together(gram: Floats, k: int, may: Bools) -> float:
    """Most of ‖Σ_S v_i‖ over sets S of at most k vectors that may be in it, from their (n, n) inner products.

    The square is a sum over pairs; a vector's part is its own square and its k − 1 largest products.
    """
    there = np.abs(gram[np.ix_(may, may)])
    if not len(there) or k <= 0:
        return 0.0
    own = np.diag(there).copy()
    others = there.copy()
    np.fill_diagonal(others, 0.0)
    parts = own + largest(others, k - 1)
    return float(min(np.sqrt(largest(parts[None, :], k)[0]), largest(np.sqrt(own)[None, :], k)[0]))
