"""The response's surrogate: what seeds near the one that stands would come to, without a training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from activeseed.errors import PlanError
from activeseed.geometries import decisions_of, decoded
from activeseed.looking.assessment import Assessment
from activeseed.plan import Floats

#: joint draws that answers about outcomes reweight
PREFERENCE_DRAWS = 4000


def surrogate_outcomes(assessment: Assessment, draws: NDArray[Any]) -> tuple[Floats, Floats]:
    """Embedded points (N, D) and outcomes (N, P) of assignments by the surrogate, around the deployed seed.

    Outcomes are NaN where the geometry can't decode points.
    """
    surrogate, geometry = assessment.ranking.surrogate, assessment.problem.geometry
    if surrogate is None:
        raise PlanError("Nothing is left unclear, so there is no ensemble to look at.")
    base = np.asarray(assessment.seed.base)
    f = np.arange(len(base))
    moved = np.stack([(surrogate.coefficients[f, d] - surrogate.coefficients[f, base]).sum(0) for d in draws])
    points = geometry.embed(assessment.mean_outcome) + moved
    outcomes = decoded(geometry, points)
    return points, np.full((len(points), len(assessment.mean_outcome)), np.nan) if outcomes is None else outcomes


def foreseeable(assessment: Assessment) -> Floats | None:
    """(P,) weights of the decisions that the surrogate can foresee, summing to one; None where there are none."""
    geometry, outcome = assessment.problem.geometry, assessment.mean_outcome
    weights, back = decisions_of(geometry), decoded(geometry, geometry.embed(outcome))
    if weights is None or back is None:
        return None
    known = np.isfinite(back)
    if known[weights > 0].all():
        return weights
    left = np.where(known, weights, 0.0)
    return left / left.sum() if left.any() else None


def movement(gram: Floats, before: Sequence[int], after: NDArray[Any]) -> float:
    """Mean predicted ‖m(after) − m(before)‖² over (N, F) or (F,) assignments, by the surrogate."""
    to = np.atleast_2d(np.asarray(after, np.int64))
    f = to.shape[1]
    v = gram.shape[0] // f
    start = np.arange(f) * v
    total = 0.0
    for row in to:
        moved = np.flatnonzero(row != np.asarray(before))
        at = np.concatenate([start[moved] + row[moved], start[moved] + np.asarray(before)[moved]])
        sign = np.concatenate([np.ones(len(moved)), -np.ones(len(moved))])
        total += float(sign @ gram[np.ix_(at, at)] @ sign)
    return total / len(to)
