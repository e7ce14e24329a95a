"""Convex trainings as values: what a linear evaluator's training is, for whoever bounds it without its trainer.

A score is θ·x + c·κ with a constant feature κ. Its training descends, or minimises,

    Σ_i w_i ℓ(t_i, score(x_i)) + Σ_u ρ_u ℓ(t_u, score(x_u)) + l2/2 ‖θ‖² + constant_l2/2 c²,

ℓ the logistic loss, w the weights of what can be removed (as they are, or as shares of their sum), ρ those of what
can't. A bias that learns b times as fast as the weights is a constant feature κ = √b at the weights' rate: the steps
are the same. Systems hand such trainings out (``protocols.SupportsConvex``). float64 throughout.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from scipy.special import expit

from activeseed.errors import TrainingError
from activeseed.plan import Floats

#: Newton steps; each squares the error once it is near, and the start is never far
NEWTON = 200
#: where a loss has less than this share of itself left, one step goes all the way
ROUNDING = 1e-14


@dataclass(frozen=True, eq=False)
class Convex:
    """The training of a linear evaluator on S slots, read at P probes.

    Attributes:
        features: (S, d) of the slots.
        targets: (S,) 1 where a slot says yes, 0 where it says no.
        scale: (S,) weight in the loss of one unit of a slot's weight in a row.
        probes: (P, d).
        l2: weight decay of θ, positive where it is trained to its optimum.
        words: how it is trained, to be read after "for": optimiser, start and order.
        normalised: weights of slots count as shares of their sum, so that what leaves makes the others weigh more.
        constant: κ; 0 for none.
        constant_l2: weight decay of c.
        kept: (N, d) features of what can't be removed.
        kept_targets: (N,).
        kept_weights: (N,) ρ.
        steps: of gradient descent; 0: it is trained to its optimum.
        rate: of gradient descent.
        start: (d + 1,) θ and c at the start of the descent; zero where None.
        pace: (steps, S) what a slot's weight is multiplied with in each step (a minibatch in its order); None: 1.
    """

    features: Floats
    targets: Floats
    scale: Floats
    probes: Floats
    l2: float
    words: str
    normalised: bool = False
    constant: float = 0.0
    constant_l2: float = 0.0
    kept: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    kept_targets: Floats = field(default_factory=lambda: np.zeros(0))
    kept_weights: Floats = field(default_factory=lambda: np.zeros(0))
    steps: int = 0
    rate: float = 0.0
    start: Floats | None = None
    pace: Floats | None = None

    def losses(self, weights: Floats) -> Floats:
        """(S,) weights in the loss of the slots' weights in a row. Raises TrainingError where nothing weighs."""
        w = np.asarray(weights, np.float64) * self.scale
        if w.sum() <= 0:
            raise TrainingError("No item is left in this row, so nothing is trained.")
        return w / w.sum() if self.normalised else w

    def scores(self, weights: Floats, near: Floats | None = None) -> Floats:
        """(P,) scores at the probes of a training at these (S,) weights of the slots.

        Args:
            near: (d + 1,) parameters that an optimum is looked for from; it is the same from anywhere.

        Cost: Newton's steps in the span of the points, min(S + N, d)³ each, or (S + N)·d for each step of descent.
        Raises TrainingError where nothing weighs, or where there is no optimum.
        """
        w = self.losses(weights)
        theta = list(self.path(w))[-1] if self.steps else self.optimum(w, near)
        return self.with_constant(self.probes) @ theta

    @property
    def points(self) -> tuple[Floats, Floats]:
        """(S + N, d + 1) features of all that is trained on, the constant last, and (S + N,) targets."""
        kept = self.kept if len(self.kept) else np.zeros((0, self.features.shape[1]))
        return self.with_constant(np.concatenate([self.features, kept])), np.r_[self.targets, self.kept_targets]

    @property
    def decays(self) -> Floats:
        """(d + 1,) weight decay of each parameter."""
        return np.append(np.full(self.features.shape[1], self.l2), self.constant_l2)

    def with_constant(self, at: Floats) -> Floats:
        """(n, d + 1) points with their constant feature."""
        return np.column_stack([np.asarray(at, np.float64), np.full(len(at), self.constant)])

    def span(self, points: Floats) -> Floats:
        """(d + 1, r) orthonormal directions in which trainings on points differ: theirs, and the constant's."""
        x = points[:, :-1]
        features = np.linalg.svd(x, full_matrices=False)[2].T if len(x) < x.shape[1] else np.eye(x.shape[1])
        basis = np.zeros((x.shape[1] + 1, features.shape[1] + (self.constant != 0)))
        basis[:-1, : features.shape[1]] = features
        if self.constant:
            basis[-1, -1] = 1.0
        return basis

    def optimum(self, losses: Floats, near: Floats | None = None) -> Floats:
        """(d + 1,) parameters that minimise the loss at these (S,) weights in it, up to rounding: Newton's method.

        Steps begin at zero, or from (d + 1,) parameters nearby.

        Raises TrainingError where there is no minimum: a constant without decay and a single class.
        """
        x, t = self.points
        w = np.r_[losses, self.kept_weights]
        if self.constant and not self.constant_l2 and len(set(t[w > 0].tolist())) < 2:
            raise TrainingError("A single class is left in this row, so there is no optimum.")
        basis = self.span(x[w > 0])
        start = np.zeros(basis.shape[1]) if near is None else basis.T @ near
        return np.asarray(basis @ _minimised(x @ basis, t, w, self.decays @ basis**2, start))

    def path(self, losses: Floats) -> Iterator[Floats]:
        """(d + 1,) parameters before each step of the descent, then those after the last."""
        x, t = self.points
        theta = np.zeros(x.shape[1]) if self.start is None else np.asarray(self.start, np.float64)
        yield theta
        for step in range(self.steps):
            here = np.r_[losses if self.pace is None else losses * self.pace[step], self.kept_weights]
            theta = (1.0 - self.rate * self.decays) * theta - self.rate * (x.T @ (here * (expit(x @ theta) - t)))
            yield theta


def _minimised(x: Floats, t: Floats, w: Floats, decay: Floats, theta: Floats) -> Floats:
    """(r,) minimiser of Σ w ℓ(t, x·θ) + Σ decay θ²/2, from a start."""

    def loss(at: Floats) -> float:
        s = x @ at
        return float(w @ (np.logaddexp(0.0, s) - t * s) + 0.5 * decay @ at**2)

    for _ in range(NEWTON):
        p = expit(x @ theta)
        slope = x.T @ (w * (p - t)) + decay * theta
        bend = x.T @ (x * (w * p * (1.0 - p))[:, None]) + np.diag(decay)
        step, length, here = np.linalg.solve(bend, slope), 1.0, loss(theta)
        gain = float(slope @ step)  # twice what a quadratic loss has left
        if gain < ROUNDING * (1.0 + abs(here)):
            return np.asarray(theta - step)  # each step squares the error, so nothing but rounding is left
        while length > 1e-8 and loss(theta - length * step) > here - 0.1 * length * gain:
            length /= 2
        theta = theta - length * step
    return theta
