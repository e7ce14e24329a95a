"""How far any removal of up to k items can move a linear evaluator that stopped early: along its gradient descent.

Weights of items are shares w_i of their sum, so without S the others weigh φ w_j, φ = 1/(1 − Σ_S w). Both descents
start at one place and take the same steps. Their difference Δ then obeys, exactly, with z, p, m = σ′(z) and the mean
slope ḡ = Σ w g of what was trained, g_i = (p_i − t_i) x_i,

    Δ⁺ = A Δ + ηφ Σ_S w_i (g_i − ḡ) + η f Σ_S w_i m_i δ_i x_i
         − η Σ_{not S} ω_j q_j x_j − η (φ − f) Σ_{not S} w_j (Δσ)_j x_j,

A = 1 − η (R + Σ ω m xxᵀ), ω = f w for items (ρ for what can't be removed), f a fixed φ, q = σ(z + δ) − p − m δ. With
J_i⁺ = (A + η f w_i m_i x_i x_iᵀ) J_i + η w_i (g_i − ḡ), the exact sensitivity of a removal of i alone, carried
forward, Δ = φ Σ_S J_i + e. What drives e is second order: the q's, and what items of S do to each other. It is bounded

*forward*, by bands of eigenvectors of Σ ω xxᵀ, a length ‖e_b‖ for each: curved bands forget, flat ones move no score.
That gives ranges of the items' own moves at every step. The q's share the energy Σ ω δ² (as in `curvature`), which is
that of Σ_S J_i and e together, not of the worst set for each item. So that errors don't feed on themselves, a second
recursion takes Δ⁺ = B Δ + ηφ Σ_S w_i (g_i − ḡ) with B = 1 − η (R + Σ_{not S} φ w a xxᵀ), a the mean curvature on the
way: B never lengthens where η is small enough, so ‖Δ‖, and ‖e‖ likewise, grow no faster than what drives them;
*backward*, for each probe v with the coefficients v·(A…A) x_j that terms have in the end, by the adjoint recursion: the
remainder at a probe is a sum with known coefficients over ranges that the forward pass found.

Sets of exactly k and smaller ones are bounded apart, since φ is then known, or nearly: f = its middle. A step that
takes a minibatch multiplies weights by its pace; nothing else changes. Cost: steps × (n² r + n r²) twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import expit

from activeseed.analyses.removal.curvature import OUTWARD
from activeseed.analyses.removal.ranges import Range, bending, curvature, largest, left_over, packed, together
from activeseed.convex import Convex
from activeseed.outcome import Bools
from activeseed.plan import Floats

#: eigenvalues of a band are within this factor, and there are at most so many bands
APART, BANDS = 2.0, 12


@dataclass(frozen=True)
class Descent:
    """A descent at some weights, in r coordinates that span all that can differ.

    Attributes:
        x: (n, r) items of positive weight, then what can't be removed.
        t: (n,) targets.
        w: (n,) shares of the items, then ρ.
        may: (n,) which can be removed.
        decay: (r,) diagonal of R.
        rate: η.
        z: (steps + 1, n) scores before each step, and after the last.
        pace: (steps, n) what weights are multiplied with.
    """

    x: Floats
    t: Floats
    w: Floats
    may: Bools
    decay: Floats
    rate: float
    z: Floats
    pace: Floats

    @classmethod
    def of(cls, convex: Convex, weights: Floats) -> Descent:
        """The descent at these (S,) weights of the slots."""
        losses = convex.losses(weights)
        x, t = convex.points
        w = np.r_[losses, convex.kept_weights]
        there, may = w > 0, np.arange(len(w)) < len(losses)
        basis = convex.span(x[there])
        z = np.array([x[there] @ theta for theta in convex.path(losses)])
        pace = np.ones((convex.steps, len(w)))
        if convex.pace is not None:
            pace[:, : len(losses)] = convex.pace
        return cls(
            x[there] @ basis, t[there], w[there], may[there], convex.decays @ basis**2, convex.rate, z, pace[:, there]
        )

    @property
    def steps(self) -> int:
        return len(self.pace)

    @cached_property
    def bands(self) -> list[Floats]:
        """(r, ·) eigenvectors of Σ w xxᵀ, in bands of eigenvalues no more than a factor apart, flat ones together."""
        values, vectors = np.linalg.eigh(self.x.T @ (self.x * self.w[:, None]))
        band = np.minimum(
            np.log(np.maximum(values[-1], 1e-300) / np.maximum(values, 1e-300)) / np.log(APART), BANDS - 1
        )
        number = np.floor(np.maximum(band, 0.0)).astype(int)
        return [vectors[:, number == b] for b in np.unique(number)]

    def factors(self, fewest: int, most: int) -> tuple[float, float]:
        """The least and the largest φ of sets of so many items. Infinite where nothing is left."""
        shares = np.sort(self.w[self.may])
        low, high = shares[:fewest].sum(), shares[len(shares) - most :].sum()
        left = 1.0 - high
        return 1.0 / (1.0 - low), 1.0 / left if most < len(shares) and left > 1e-12 else float("inf")


@dataclass(frozen=True)
class _Step:
    """What the forward pass found at one step: ranges of moves, and what their terms share.

    Attributes:
        weight: (n,) ω.
        share: (n,) w of the items alone, at this step's pace.
        m: (n,) σ′.
        left: range of q of those that stay.
        bent: range of q/δ².
        others: range of what the others of S do to one of them.
        energy: most of Σ ω δ².
        moved: most of √(Σ w (Δσ)²) over the items.
    """

    weight: Floats
    share: Floats
    m: Floats
    left: Range
    bent: Range
    others: Range
    energy: float
    moved: float


class Drift:
    """Where a descent can end when ``fewest`` to ``most`` items are taken away; see the module."""

    def __init__(self, descent: Descent, fewest: int, most: int) -> None:
        self.at, self.most = descent, most
        self.low, self.high = descent.factors(fewest, most)
        self.middle = (self.low + self.high) / 2
        n, r = descent.x.shape
        self.sensitivity: Floats = np.zeros((n, r))
        self.radius, self.whole = 0.0, 0.0
        self.lengths: Floats = np.zeros(len(descent.bands))
        self.proved = bool(np.isfinite(self.high))
        self.steps: list[_Step] = []
        for step in range(descent.steps if self.proved else 0):
            self._forward(step)

    def score_range(self, points: Floats) -> Range:
        """(V,) how far the scores at (V, r) points can move, in the coordinates of the descent."""
        if not self.proved:
            return Range(np.full(len(points), -np.inf), np.full(len(points), np.inf))
        first = points @ self.sensitivity.T
        far = np.linalg.norm(points, axis=1) * self.distance
        high, low = (np.minimum(self._end(v, f), far) for v, f in ((points, first), (-points, -first)))
        slack = OUTWARD[1] + OUTWARD[0] * np.maximum(high, low)
        return Range(-low - slack, high + slack)

    def first_order(self, points: Floats) -> Floats:
        """(V, items) what the absence of each item does to the scores at (V, r) points, to first order."""
        return np.asarray((points @ self.sensitivity.T)[:, self.at.may])

    @property
    def distance(self) -> float:
        """Largest ‖Δ‖."""
        if not self.proved:
            return float("inf")
        return min(self.whole, self._first + self.radius) * (1.0 + OUTWARD[0]) + OUTWARD[1]

    @property
    def _first(self) -> float:
        """Most of ‖φ Σ_S J_i‖."""
        return self.high * together(self.sensitivity @ self.sensitivity.T, self.most, self.at.may)

    # --- forward ------------------------------------------------------------------------------------------------

    def _scaled(self, sums: Floats) -> Floats:
        """The largest φ times a sum."""
        return np.where(sums > 0, self.high * sums, self.low * sums)

    def _moves(self, first: Floats, error: Floats) -> tuple[Range, Range]:
        """Ranges of the scores, and of what others do to one that goes: from first-order terms (n, n) and errors."""
        d, k = self.at, self.most
        high, low = (np.where(d.may[None, :], part, -np.inf) for part in (first, -first))
        stay = Range(-self.high * largest(low, k) - error, self.high * largest(high, k) + error)
        for part in (high, low):
            np.fill_diagonal(part, -np.inf)
        others = Range(-self.high * largest(low, k - 1) - error, self.high * largest(high, k - 1) + error)
        return stay, others

    def _forward(self, step: int) -> None:
        d, k, eta = self.at, self.most, self.at.rate
        x, z, size = d.x, d.z[step], self._sizes
        m = curvature(z)
        share = np.where(d.may, d.w * d.pace[step], 0.0)
        weight = np.where(d.may, self.middle * share, d.w)
        first = x @ self.sensitivity.T
        error = np.minimum(size * self.radius, self._along @ self.lengths)
        stay, others = self._moves(first, error)
        stay_first, others_first = self._moves(first, np.zeros(len(x)))
        stay = stay.within(Range(-size * self.whole, size * self.whole))

        # lengths in the norm that weighs items: of the first order, and of all
        scaled = x * np.sqrt(weight)[:, None]
        stretches = np.array([np.linalg.norm(scaled @ u, 2) for u in d.bands])
        stretch = float(np.linalg.norm(scaled, 2))
        drawn = scaled @ self.sensitivity.T
        linear = self.high * together(drawn.T @ drawn, k, d.may) * (1.0 + OUTWARD[0])
        rest = [stretch * self.radius, float(np.sqrt(weight @ error**2)), float(stretches @ self.lengths)]
        length = min(linear + min(rest), stretch * self.whole) * (1.0 + OUTWARD[0])
        left, bent = left_over(z, m, stay), bending(z, stay)
        moved = 0.25 * length / np.sqrt(self.middle)
        self.steps.append(_Step(weight, share, m, left, bent, others, length**2, moved))

        # what drives e: what is left over of those that stay, what others do to those that go, and what φ is off by
        apart = (self.high - self.low) / 2
        gone = self.middle * share * m
        curved = min(float((bent.reach * stay.reach).max()) * length, float(np.sqrt(weight @ left.reach**2)))
        along = self._along.T
        sides = packed(along * (weight * left.reach), along * bent.reach, length**2)
        sides = np.minimum(sides, stretches * curved) + largest(along * gone * others.reach, k)
        off = np.array([np.linalg.norm((x * np.sqrt(share)[:, None]) @ u, 2) for u in d.bands]) if apart else 0.0
        sides = sides + apart * off * moved
        gap = np.minimum(bent.reach * stay.reach, np.maximum(m, 0.25 - m))
        steady = min(
            float((weight * gap * stay_first.reach) @ size),
            float((bent.reach * size).max()) * length * linear,
            stretch * float(gap.max()) * linear,
        )
        steady += largest((gone * others_first.reach * size)[None], k)[0]
        steady += apart * float(np.linalg.norm(off)) * 0.25 * linear / np.sqrt(self.middle)

        a = np.eye(x.shape[1]) - eta * (np.diag(d.decay) + scaled.T @ (scaled * m[:, None]))
        most = self.high / self.middle * 0.25 * stretch**2
        never = max(abs(1.0 - eta * d.decay.min()), abs(1.0 - eta * (d.decay.max() + most)))
        turned = [a @ u for u in d.bands]
        keeps = np.array([[np.linalg.norm(v.T @ u, 2) for u in turned] for v in d.bands])
        self.lengths = keeps @ self.lengths + eta * sides
        radius = never * self.radius + eta * steady
        slope = np.where(d.t > 0, -expit(-z), expit(z))[:, None] * x
        own = np.where(d.may, d.w, 0.0)
        pull = (own * d.pace[step])[:, None] * slope - own[:, None] * (share @ slope)[None, :]
        self.whole = never * self.whole + eta * self.high * together(pull @ pull.T, k, d.may)
        itself = (gone * np.diagonal(first))[:, None] * x
        self.sensitivity = np.asarray(self.sensitivity @ a.T) + eta * (pull + itself)
        self.radius = min(radius, float(np.linalg.norm(self.lengths)), self.whole + self._first)
        self.lengths = np.minimum(self.lengths, self.radius)

    @cached_property
    def _sizes(self) -> Floats:
        return np.asarray(np.linalg.norm(self.at.x, axis=1))

    @cached_property
    def _along(self) -> Floats:
        """(n, bands) lengths along each band."""
        return np.column_stack([np.linalg.norm(self.at.x @ u, axis=1) for u in self.at.bands])

    # --- backward -----------------------------------------------------------------------------------------------

    def _adjoint(self, points: Floats) -> Iterator[tuple[_Step, Floats]]:
        """Each step, the last first, with the (V, n) coefficients that its terms have in the end."""
        d, v = self.at, points
        for step in reversed(self.steps):
            a = v @ d.x.T
            yield step, a
            v = v - d.rate * (v * d.decay + (a * (step.weight * step.m)) @ d.x)

    def _end(self, points: Floats, first: Floats) -> Floats:
        """(V,) most of v·Δ over all sets, for (V, r) points and their (V, n) first-order terms."""
        d, apart = self.at, (self.high - self.low) / 2
        stays, goes = np.zeros(len(points)), np.zeros(first.shape)
        for step, a in self._adjoint(points):
            caps = step.weight * np.maximum(-a * step.left.low, -a * step.left.high)
            rates = np.maximum(np.where(a > 0, -a * step.bent.low, -a * step.bent.high), 0.0)
            stays += packed(caps, rates, step.energy)
            goes += (self.middle * step.share * step.m) * np.maximum(a * step.others.low, a * step.others.high)
            if apart:
                stays += apart * np.sqrt(a**2 @ step.share) * step.moved
        each = np.where(d.may, self._scaled(first) + d.rate * goes, -np.inf)
        return d.rate * stays + largest(each, self.most)


def drifts(descent: Descent, k: int) -> tuple[Drift, ...]:
    """Sets of exactly k, and smaller ones: where a removal of up to k items ends is in the union of their ranges."""
    return (Drift(descent, k, k),) if k == 1 else (Drift(descent, k, k), Drift(descent, 1, k - 1))
