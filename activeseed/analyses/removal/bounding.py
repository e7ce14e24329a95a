"""One bound for all removals of up to k items from a convex training, whichever way it is trained."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from activeseed.analyses.removal.curvature import Moves, Optimum
from activeseed.analyses.removal.ranges import Range
from activeseed.analyses.removal.trajectory import Descent, drifts
from activeseed.convex import Convex
from activeseed.errors import PlanError, TrainingError
from activeseed.outcome import Bools
from activeseed.plan import Floats


@dataclass(frozen=True)
class Bound:
    """What is proved of all removals of up to k items.

    Attributes:
        moved: (P,) how far the scores at the probes can move; infinite where nothing is proved.
        distance: how far the parameters can.
        influence: (P, items) what the absence of each item does, to first order; items in the order of their slots.
        why_not: why nothing is proved; empty where something is.
    """

    moved: Range
    distance: float
    influence: Floats
    why_not: str = ""


class Bounding:
    """Bounds for one training; what serves every k is worked out once. Raises PlanError for one of another form."""

    def __init__(self, convex: Convex, weights: Floats) -> None:
        if convex.normalised != (convex.steps > 0):
            raise PlanError(
                "Removals are bounded for descents whose weights are shares of their sum, and for optima whose weights "
                f"are not; this is {'a descent' if convex.steps else 'an optimum'} whose weights are "
                f"{'shares' if convex.normalised else 'none'} (Convex.normalised)."
            )
        self.convex, self.weights = convex, np.asarray(weights, np.float64)
        x = convex.points[0]
        there = np.r_[convex.losses(self.weights), convex.kept_weights] > 0
        self.points = convex.with_constant(convex.probes) @ convex.span(x[there])
        self.at = Descent.of(convex, self.weights) if convex.steps else Optimum.of(convex, self.weights)

    def of(self, k: int) -> Bound:
        """The bound for k. Cost: see `curvature` and `trajectory`."""
        if isinstance(self.at, Descent):
            found = drifts(self.at, k)
            ranges = [d.score_range(self.points) for d in found]
            moved = Range(np.minimum.reduce([r.low for r in ranges]), np.maximum.reduce([r.high for r in ranges]))
            why = "" if np.isfinite(moved.high).all() else f"a removal of {k} leaves nothing to be trained on"
            return Bound(moved, max(d.distance for d in found), found[0].first_order(self.points), why)
        moves = Moves(self.at, k)
        if self._may_lose_a_class(k):
            nothing = np.full(len(self.points), np.inf)
            why = f"a removal of {k} can leave a single class, and then nothing is trained"
            return Bound(Range(-nothing, nothing), float("inf"), moves.first_order(self.points), why)
        moved = moves.score_range(self.points)
        why = "" if np.isfinite(moved.high).all() else "the items that a removal takes carry too much of the curvature"
        return Bound(moved, moves.distance, moves.first_order(self.points), why)

    @cached_property
    def _here(self) -> Floats | None:
        """The optimum, near which those of smaller seeds lie."""
        return None if self.convex.steps else self.convex.optimum(self.convex.losses(self.weights))

    def scores(self, without: Bools | None = None) -> Floats:
        """(P,) scores of the training without the slots where (S,) is true; NaN where it has none."""
        weights = self.weights if without is None else np.where(without, 0.0, self.weights)
        try:
            return self.convex.scores(weights, self._here)
        except TrainingError:
            return np.full(len(self.points), np.nan)

    def _may_lose_a_class(self, k: int) -> bool:
        targets = self.convex.targets[self.weights > 0]
        return bool(min((targets > 0.5).sum(), (targets < 0.5).sum()) <= k)
