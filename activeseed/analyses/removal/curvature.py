"""How far any removal of up to k items can move logistic regression at its optimum: two-sided curvature.

At the optimum θ of Σ c ℓ + θᵀRθ/2, let z be scores, p = σ(z), m = σ′(z), H = R + Σ c m xxᵀ. Take S away and minimise
again: scores of the items move by δ, the parameters by Δ. The two stationarity conditions differ by

    H Δ = Σ_{S} c_i (p_i − t_i + m_i δ_i) x_i − Σ_{not S} c_j q_j x_j − r,    q_j = σ(z_j + δ_j) − p_j − m_j δ_j,

r the gradient that the solver left at θ. So a score v·Δ is a sum over items with known coefficients v·H⁻¹x, whose
terms lie in known ranges once the δ are in theirs, for which v is every item in turn: a map from ranges to ranges.
Curvature is bounded on both sides, since q is (`ranges.left_over`). Two more bounds hold of the terms together: the
equation times Δ says Σ c a δ² + ΔᵀRΔ ≤ Σ_S c (p − t) δ − rᵀΔ with a the mean curvature on the way, an energy that the
q's, each at most a curvature of σ times δ², share (`ranges.packed`).

*Where ranges come from.* Give S the weight 1 − τ, and the residual r likewise. The minimiser moves continuously from θ
at τ = 0. If, whatever τ, ranges are mapped into their own inside, it can never leave them: ranges are grown until that
is so. Where it never is, strong convexity gives a ball, ‖Δ‖ ≤ Σ_S ‖c (p − t) x‖ / R, and where R leaves a direction
free (an intercept) nothing is proved. All of it is uniform over the sets: no set is looked at by itself.

Cost: one factorisation of H, and some 20 passes over an (n, n) matrix for each k.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.special import expit

from activeseed.analyses.removal.ranges import (
    Range,
    bending,
    curvature,
    largest,
    least_slope,
    left_over,
    packed,
    rise,
    together,
)
from activeseed.convex import Convex
from activeseed.outcome import Bools
from activeseed.plan import Floats

#: how often ranges are grown, and tightened once they hold
GROWN, TIGHTENED = 80, 12
#: each time by so much more than they are mapped to
GROWS = 1.02
#: a score that moves further than this has no digit of its probability left
FAR = 200.0
#: outward slack of every bound, relative and absolute: thousands of times the rounding of the sums behind it
OUTWARD = (1e-9, 1e-11)


@dataclass(frozen=True)
class Optimum:
    """Logistic regression at its optimum, in r coordinates that span all that can move.

    Attributes:
        x: (n, r) items of positive weight, then what can't be removed.
        t: (n,) targets.
        c: (n,) weights in the loss.
        decay: (r,) diagonal of R.
        theta: (r,) the optimum.
        may: (n,) which can be removed.
    """

    x: Floats
    t: Floats
    c: Floats
    decay: Floats
    theta: Floats
    may: Bools

    @classmethod
    def of(cls, convex: Convex, weights: Floats) -> Optimum:
        """The optimum at these (S,) weights of the slots. Raises TrainingError where there is none."""
        losses = convex.losses(weights)
        x, t = convex.points
        c = np.r_[losses, convex.kept_weights]
        there, may = c > 0, np.arange(len(c)) < len(losses)
        basis = convex.span(x[there])
        theta = basis.T @ convex.optimum(losses)
        return cls(x[there] @ basis, t[there], c[there], convex.decays @ basis**2, theta, may[there])

    @cached_property
    def z(self) -> Floats:
        """(n,) scores."""
        return np.asarray(self.x @ self.theta)

    @cached_property
    def m(self) -> Floats:
        """(n,) σ′ of the scores."""
        return curvature(self.z)

    @cached_property
    def e(self) -> Floats:
        """(n,) p − t."""
        return np.where(self.t > 0, -expit(-self.z), expit(self.z))

    @cached_property
    def residual(self) -> Floats:
        """(r,) the gradient that the solver left."""
        return np.asarray(self.x.T @ (self.c * self.e) + self.decay * self.theta)

    def solved(self, vectors: Floats) -> Floats:
        """H⁻¹ of (r, ·) columns."""
        return np.asarray(cho_solve(self._factor, vectors))

    @cached_property
    def _factor(self) -> tuple[Floats, bool]:
        found: tuple[Floats, bool] = cho_factor(np.diag(self.decay) + self.x.T @ (self.x * (self.c * self.m)[:, None]))
        return found

    @cached_property
    def kernel(self) -> Floats:
        """(n, n) x H⁻¹ xᵀ: what a unit of one item's gradient does to another's score."""
        return np.asarray(self.x @ self.solved(self.x.T))


class Moves:
    """Where scores can go when up to k items are taken away; see the module.

    Attributes:
        proved: whether anything is.
        started: ``self-consistent`` or ``strong convexity``: where the ranges came from.
    """

    def __init__(self, optimum: Optimum, k: int) -> None:
        self.at, self.k = optimum, k
        n = len(optimum.z)
        self.stay = self.go = Range(np.zeros(n), np.zeros(n))
        left = float(optimum.residual @ optimum.solved(optimum.residual))
        self._left = float(np.sqrt(max(left, 0.0)))
        self.started = ""
        if self._grow():
            self.started = "self-consistent"
        elif self._ball():
            self.started = "strong convexity"
        self.proved = bool(self.started)
        if self.proved and max(self.stay.reach.max(), self.go.reach.max()) < FAR:
            self._tighten()

    @cached_property
    def radius(self) -> float:
        """Largest ‖Δ‖ by strong convexity; infinite where the loss leaves a direction free."""
        o = self.at
        if not o.decay.min() > 0:
            return float("inf")
        gone = together((o.x @ o.x.T) * np.outer(o.c * o.e, o.c * o.e), self.k, o.may)
        return float((gone + np.linalg.norm(o.residual)) / o.decay.min()) * (1.0 + OUTWARD[0]) + OUTWARD[1]

    # --- from ranges to ranges ----------------------------------------------------------------------------------

    def score_range(self, points: Floats) -> Range:
        """(V,) how far the scores at (V, r) points can move, in the coordinates of the optimum."""
        ball = np.linalg.norm(points, axis=1) * self.radius
        if not self.proved or not max(self.stay.reach.max(), self.go.reach.max()) < FAR:
            return Range(-ball, ball)
        solved = self.at.solved(points.T).T
        low, high = self._moved(solved @ self.at.x.T, np.abs(solved @ self.at.residual), path=False)
        slack = OUTWARD[1] + OUTWARD[0] * np.maximum(-low, high)
        return Range(low - slack, high + slack).within(Range(-ball, ball))

    def first_order(self, points: Floats) -> Floats:
        """(V, items) what the absence of each item does to the scores at (V, r) points, to first order."""
        o = self.at
        return np.asarray((o.solved(points.T).T @ o.x.T * (o.c * o.e))[:, o.may])

    @property
    def distance(self) -> float:
        """Largest ‖Δ‖: whatever the input x, its score moves by at most ‖x‖ times this."""
        if not self.proved or not max(self.stay.reach.max(), self.go.reach.max()) < FAR:
            return self.radius
        o, may = self.at, self.at.may
        solved = o.solved(o.x.T)
        pushes = o.c * self._push(self.go).reach
        gone = together((solved.T @ solved) * np.outer(pushes, pushes), self.k, may)
        size = np.linalg.norm(solved, axis=0)
        q, bent, slope = left_over(o.z, o.m, self.stay), bending(o.z, self.stay), least_slope(o.z, self.stay)
        stays = packed((o.c * size * q.reach)[None], (size * bent.reach / slope)[None], self._energy(path=False))[0]
        found = gone + float(stays) + float(np.linalg.norm(o.solved(o.residual)))
        if o.decay.min() > 0:
            found = min(found, float(np.sqrt(self._energy(path=True) / o.decay.min())))
        return min(self.radius, found * (1.0 + OUTWARD[0]) + OUTWARD[1])

    def _push(self, go: Range) -> Range:
        """(n,) range of p − t + mδ: what an item pulls on the others once it is gone."""
        return Range(self.at.e + self.at.m * go.low, self.at.e + self.at.m * go.high)

    def _energy(self, *, path: bool) -> float:
        """Most of Σ c a δ² over those that stay (over all, on the path, where S goes by and by), and ΔᵀRΔ with it."""
        o = self.at
        low, high = self.go
        along, end = (
            largest(np.where(o.may, o.c * np.maximum(*ends), 0.0)[None], self.k)[0]
            for ends in (
                (low * (o.e + rise(o.z, low)), high * (o.e + rise(o.z, high))),
                (low * o.e, high * o.e),
            )
        )
        # |rᵀΔ| ≤ ‖r‖ in H⁻¹ times ‖Δ‖ in H, and energy is at least a share of the latter's square
        left = self._left / np.sqrt(self._share)
        most = 0.5 * (left + np.sqrt(left**2 + 4.0 * along))
        return float(most**2 if path else end + left * most) * (1.0 + OUTWARD[0])

    @property
    def _share(self) -> float:
        """H on the way is at least this share of H."""
        slope = np.minimum(least_slope(self.at.z, self.stay), least_slope(self.at.z, self.go.with_zero()))
        return min(1.0, float((slope / self.at.m).min()))

    def _moved(self, coefficients: Floats, slack: Floats, *, path: bool, own: bool = False) -> tuple[Floats, ...]:
        """Ends of v·Δ over all sets, for (V, n) v·H⁻¹x; with ``own`` those of items that stay, and of items that go."""
        high = self._highest(coefficients, slack, path=path, own=own)
        low = self._highest(-coefficients, slack, path=path, own=own)
        return (-low[0], high[0], -low[1], high[1]) if own else (-low[0], high[0])

    def _highest(self, a: Floats, slack: Floats, *, path: bool, own: bool) -> tuple[Floats, ...]:
        o, k = self.at, self.k
        q, bent, slope = left_over(o.z, o.m, self.stay), bending(o.z, self.stay), least_slope(o.z, self.stay)
        stays = o.c * np.maximum(-a * q.low, -a * q.high)
        rates = np.maximum(np.where(a > 0, -a * bent.low, -a * bent.high), 0.0) / slope
        push = self._push(self.go)
        if path:  # linear in τ, so between what is left over alone and the whole push
            left = left_over(o.z, o.m, self.go)
            push = Range(np.minimum(push.low, -left.high), np.maximum(push.high, -left.low))
        goes = np.where(o.may, o.c * np.maximum(a * push.low, a * push.high), -np.inf)
        gain = goes - stays
        energy = self._energy(path=path)
        if not own:
            each = stays.sum(1) + largest(gain, k)
            return (np.minimum(each, packed(stays, rates, energy) + largest(goes, k)) + slack,)
        # of an item that goes, its own part is sure, and k − 1 others are gone with it
        mine, its = np.diagonal(stays).copy(), np.diagonal(goes).copy()
        for part in (gain, goes):
            np.fill_diagonal(part, -np.inf)
        all_stay, shared = stays.sum(1), packed(stays, rates, energy)
        stay = np.minimum(all_stay + largest(gain, k), shared + largest(goes, k))
        go = its + np.minimum(all_stay - mine + largest(gain, k - 1), shared + largest(goes, k - 1))
        return stay + slack, np.where(o.may, go, 0.0) + slack

    def _mapped(self, *, path: bool) -> tuple[Range, Range]:
        """Where ranges are mapped to: of those that stay, of those that go."""
        o = self.at
        slack = np.abs(o.x @ o.solved(o.residual))
        low, high, go_low, go_high = self._moved(o.kernel, slack, path=path, own=True)
        stay, go = Range(low, high), Range(go_low, go_high)
        most = np.sqrt(self._energy(path=True) * np.maximum(np.diagonal(o.kernel), 0.0) / self._share)
        return tuple(found.within(Range(-most, most)) for found in (stay, go))  # type: ignore[return-value]

    # --- where ranges come from ---------------------------------------------------------------------------------

    def _grow(self) -> bool:
        """Ranges that are mapped into their own inside for every τ; False where none are found."""
        for _ in range(GROWN):
            stay, go = (found.with_zero() for found in self._mapped(path=True))
            if all(
                (new.low > old.low).all() and (new.high < old.high).all()
                for new, old in ((stay, self.stay), (go, self.go))
            ):
                self.stay, self.go = stay, go
                return True
            if not max(stay.reach.max(), go.reach.max()) < FAR:
                break
            self.stay, self.go = _grown(self.stay, stay), _grown(self.go, go)
        return False

    def _ball(self) -> bool:
        """Ranges from strong convexity; False where the loss leaves a direction free."""
        most = np.linalg.norm(self.at.x, axis=1) * self.radius
        self.stay = self.go = Range(-most, most)
        return bool(np.isfinite(self.radius))

    def _tighten(self) -> None:
        """The minimiser is within the ranges, so it is where they are mapped to as well."""
        for _ in range(TIGHTENED):
            stay, go = self._mapped(path=False)
            before = self.stay.reach.sum() + self.go.reach.sum()
            self.stay, self.go = self.stay.within(stay), self.go.within(go)
            if not self.stay.reach.sum() + self.go.reach.sum() < 0.99 * before:
                return


def _grown(old: Range, new: Range) -> Range:
    return Range(np.minimum(old.low, GROWS * new.low - 1e-9), np.maximum(old.high, GROWS * new.high + 1e-9))
