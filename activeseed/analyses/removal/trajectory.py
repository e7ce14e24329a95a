"""How far any removal of up to k items can move a linear evaluator that stopped early: along its gradient descent.

Weights of items are shares w_i of their sum, so without S the others weigh φ w_j, φ = 1/(1 − Σ_S w). Both descents
start at one place and take the same steps. Their difference Δ then obeys, exactly, with z, p, m = σ′(z) and the mean
slope ḡ = Σ w g of what was trained, g_i = (p_i − t_i) x_i,

    Δ⁺ = A Δ + ηφ Σ_S w_i (g_i − ḡ) + η f Σ_S w_i m_i δ_i x_i − η Σ_{not S} ω_j q_j x_j − η (φ − f) Σ_{not S} w_j (Δσ)_j x_j,

A = 1 − η (R + Σ ω m xxᵀ), ω = f w for items (ρ for what can't be removed), f a fixed φ, q = σ(z + δ) − p − m δ. The
second term sums to φ Σ_S J_i: J is the exact sensitivity, carried forward. The rest e starts at zero and is bounded:

*Forward*, as the radius ‖e‖ and as a box in the eigenbasis of the last Hessian, where A is nearly diagonal, which give
ranges of the items' own moves at every step. The q's share the energy Σ ω δ² (as in `curvature`), which is that of
Σ_S J_i and e together, not of the worst set for each item. So that errors don't feed on themselves, a second recursion
takes Δ⁺ = B Δ + ηφ Σ_S w_i (g_i − ḡ) with B = 1 − η (R + Σ_{not S} φ w a xxᵀ), a the mean curvature on the way: B
never lengthens where η is small enough, so ‖Δ‖, and ‖e‖ with e⁺ = B e + η (H − M) φ Σ_S J_i, grow no faster than what
drives them.
*Backward*, for each probe v the coefficient v·(A…A) x_j that a term has in the end, by the adjoint recursion: the
remainder at a probe is a sum with known coefficients over ranges that the forward pass found. What a removed item
adds has its sign and is chosen with its first-order term.

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
    def basis(self) -> Floats:
        """(r, r) eigenvectors of the last Hessian."""
        m = curvature(self.z[-1])
        return np.asarray(np.linalg.eigh(self.x.T @ (self.x * (self.w * m)[:, None]))[1])

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
        go: range of δ of those that go.
        energy: most of Σ ω δ².
        moved: most of √(Σ w (Δσ)²) over the items.
    """

    weight: Floats
    share: Floats
    m: Floats
    left: Range
    bent: Range
    go: Range
    energy: float
    moved: float


class Drift:
    """Where a descent can end when ``fewest`` to ``most`` items are taken away; see the module."""

    def __init__(self, descent: Descent, fewest: int, most: int) -> None:
        self.at, self.most = descent, most
        self.low, self.high = descent.factors(fewest, most)
        self.middle = (self.low + self.high) / 2
        n, r = descent.x.shape
        self.sensitivity, self.radius, self.box, self.whole = np.zeros((n, r)), 0.0, np.zeros(r), 0.0
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
        """Ranges of the scores of those that stay, and of those that go, from first-order terms (n, n) and errors."""
        d, k = self.at, self.most
        ends = []
        for part in (first, -first):
            part = np.where(d.may[None, :], part, -np.inf)
            own = np.where(d.may, np.diagonal(part), 0.0)
            np.fill_diagonal(part, -np.inf)
            ends.append((self.high * largest(part, k) + error, self._scaled(own + largest(part, k - 1)) + error))
        (stay_high, go_high), (stay_low, go_low) = ends
        return Range(-stay_low, stay_high), Range(-go_low, go_high)

    def _forward(self, step: int) -> None:
        d, k, eta = self.at, self.most, self.at.rate
        x, z, size = d.x, d.z[step], self._sizes
        m = curvature(z)
        share = np.where(d.may, d.w * d.pace[step], 0.0)
        weight = np.where(d.may, self.middle * share, d.w)
        first = x @ self.sensitivity.T
        error = np.minimum(size * self.radius, self._along @ self.box)
        farthest = Range(-size * self.whole, size * self.whole)
        stay, go = (found.within(farthest) for found in self._moves(first, error))
        stay_first, go_first = self._moves(first, np.zeros(len(x)))

        # lengths in the norm that weighs items: of the first order, and of all
        scaled = x * np.sqrt(weight)[:, None]
        stretch = float(np.linalg.norm(scaled, 2))
        linear = self.high * together((scaled @ self.sensitivity.T).T @ (scaled @ self.sensitivity.T), k, d.may)
        length = min(linear + min(stretch * self.radius, float(np.sqrt(weight @ error**2))), stretch * self.whole)
        length, linear = length * (1.0 + OUTWARD[0]), linear * (1.0 + OUTWARD[0])
        energy = length**2
        left, bent = left_over(z, m, stay), bending(z, stay)
        moved = 0.25 * length / np.sqrt(self.middle)
        self.steps.append(_Step(weight, share, m, left, bent, go, energy, moved))

        # what is left over of those that stay, of those that go, and of φ, as a length and along each eigenvector
        apart = (self.high - self.low) / 2
        shared = float(np.linalg.norm(x * np.sqrt(share)[:, None], 2)) if apart else 0.0
        gone = self.middle * share * m
        rest = packed((weight * left.reach * size)[None], (bent.reach * size)[None], energy)[0]
        rest += largest((gone * go.reach * size)[None], k)[0] + apart * shared * moved
        along = self._along.T
        sides = packed(along * (weight * left.reach), along * bent.reach, energy) + largest(along * gone * go.reach, k)
        sides = sides + apart * np.sqrt(along**2 @ share) * moved
        gap = np.minimum(bent.reach * stay.reach, np.maximum(m, 0.25 - m))
        steady = min(
            float((weight * gap * stay_first.reach) @ size),
            float((bent.reach * size).max()) * length * linear,
            stretch * float(gap.max()) * linear,
        )
        steady += largest((gone * go_first.reach * size)[None], k)[0]
        steady += apart * shared * 0.25 * linear / np.sqrt(self.middle)

        a = np.eye(x.shape[1]) - eta * (np.diag(d.decay) + scaled.T @ (scaled * m[:, None]))
        most = self.high / self.middle * 0.25 * stretch**2
        never = max(abs(1.0 - eta * d.decay.min()), abs(1.0 - eta * (d.decay.max() + most)))
        self.box = np.abs(d.basis.T @ a @ d.basis) @ self.box + eta * sides
        radius = min(float(np.linalg.norm(a, 2) * self.radius + eta * rest), never * self.radius + eta * steady)
        slope = np.where(d.t > 0, -expit(-z), expit(z))[:, None] * x
        own = np.where(d.may, d.w, 0.0)
        pull = (own * d.pace[step])[:, None] * slope - own[:, None] * (share @ slope)[None, :]
        self.whole = never * self.whole + eta * self.high * together(pull @ pull.T, k, d.may)
        self.sensitivity = self.sensitivity @ a.T + eta * pull
        self.radius = min(radius, float(np.linalg.norm(self.box)), self.whole + self._first)
        self.box = np.minimum(self.box, self.radius)

    @cached_property
    def _sizes(self) -> Floats:
        return np.asarray(np.linalg.norm(self.at.x, axis=1))

    @cached_property
    def _along(self) -> Floats:
        """(n, r) sizes along the eigenvectors."""
        return np.abs(self.at.x @ self.at.basis)

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
            goes += (self.middle * step.share * step.m) * np.maximum(a * step.go.low, a * step.go.high)
            if apart:
                stays += apart * np.sqrt(a**2 @ step.share) * step.moved
        each = np.where(d.may, self._scaled(first) + d.rate * goes, -np.inf)
        return d.rate * stays + largest(each, self.most)


def drifts(descent: Descent, k: int) -> tuple[Drift, ...]:
    """Sets of exactly k, and smaller ones: where a removal of up to k items ends is in the union of their ranges."""
    return (Drift(descent, k, k),) if k == 1 else (Drift(descent, k, k), Drift(descent, 1, k - 1))
