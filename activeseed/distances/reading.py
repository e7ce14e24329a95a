"""What distances read, looked at first: the same places, numbers that are some, probabilities that are some."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from activeseed.errors import PlanError
from activeseed.outcome import Bools
from activeseed.plan import Floats

#: how far outside [0, 1] a probability may lie, and a distribution's sum from one: outcomes are single precision
SLACK = 1e-5


def even(places: int) -> Floats:
    """(P,) weights of places that all count alike."""
    return np.full(places, 1.0 / places)


def pair(first: ArrayLike, second: ArrayLike, weights: ArrayLike, entries: int = 1) -> tuple[Floats, Floats, Floats]:
    """Both outcomes and the weights as double precision, if they can be compared. Raises PlanError.

    Args:
        first, second: (…, P), or (…, P, h) where ``entries`` is 2; leading dimensions broadcast.
        weights: (P,) weights of the places, not negative, summing to one.
    """
    a, b, w = (np.asarray(x, np.float64) for x in (first, second, weights))
    for side in (a, b):
        if side.ndim < entries:
            what = "one number a place" if entries == 1 else "one row of numbers a place"
            raise PlanError(f"An outcome of shape {side.shape} can't be compared. Give {what}.")
    here, there = a.shape[-entries], b.shape[-entries]
    if here != there:
        raise PlanError(
            f"Outcomes at {here} places can't be compared with outcomes at {there}. Look at both at the same places."
        )
    if not here:
        raise PlanError("Outcomes at no place can't be compared. Name at least one probe.")
    if w.shape != (here,):
        raise PlanError(f"Weights of shape {w.shape} don't fit {here} places. Give one weight a place.")
    if not (w >= 0).all() or abs(w.sum() - 1.0) > SLACK:
        raise PlanError("Weights of places have to be at least 0 and sum to 1. Divide them by their sum.")
    try:
        np.broadcast_shapes(a.shape[:-entries], b.shape[:-entries])
    except ValueError:
        raise PlanError(
            f"Outcomes of shapes {a.shape} and {b.shape} don't pair up. Give as many of one as of the other, or one."
        ) from None
    for side in (a, b):
        if np.isinf(side).any():
            _refuse(np.isinf(side), side, entries, "is no number. Look at what the trainer returned there")
    return a, b, w


def probabilities(first: ArrayLike, second: ArrayLike, weights: ArrayLike) -> tuple[Floats, Floats, Floats]:
    """The same of probabilities, a rounding outside [0, 1] put to its end. Raises PlanError, naming the place."""
    a, b, w = pair(first, second, weights)
    for side in (a, b):
        outside = (side < -SLACK) | (side > 1.0 + SLACK)
        if outside.any():
            _refuse(outside, side, 1, "is no probability. Compare such outcomes by a distance of numbers (kendall)")
    return np.clip(a, 0.0, 1.0), np.clip(b, 0.0, 1.0), w


def distributions(first: ArrayLike, second: ArrayLike, weights: ArrayLike) -> tuple[Floats, Floats, Floats]:
    """The same of distributions over the places: not negative, summing to one. Raises PlanError."""
    a, b, w = probabilities(first, second, weights)
    for side in (a, b):
        total = side.sum(-1)
        if (np.abs(total - 1.0) > SLACK * side.shape[-1] ** 0.5).any():
            worst = np.ravel(total)[np.nanargmax(np.abs(np.ravel(total) - 1.0))]
            raise PlanError(
                f"An outcome sums to {worst:.4g} over its places: it is no distribution. Read it as probabilities, a "
                'place at a time (reads = "probabilities").'
            )
    return a / a.sum(-1, keepdims=True), b / b.sum(-1, keepdims=True), w


def weighed(each: Floats, weights: Floats) -> Floats:
    """(…, P) -> (…) weighted mean; what weighs nothing counts for nothing, were it infinite."""
    some = weights > 0
    return np.asarray(each[..., some] @ weights[some], np.float64)


def unknown(first: Floats, second: Floats, entries: int = 1) -> Bools:
    """(…) where either outcome holds a NaN."""
    axes = tuple(range(-entries, 0))
    return np.asarray(np.isnan(first).any(axes) | np.isnan(second).any(axes))


def known_or_nan(value: Floats, first: Floats, second: Floats, entries: int = 1) -> Floats:
    """Distances, NaN where either outcome holds a NaN; never a rounding below zero."""
    return np.asarray(np.where(unknown(first, second, entries), np.nan, np.maximum(value, 0.0)), np.float64)


def midranks(values: Floats, weights: Floats) -> Floats:
    """(…, P) numbers -> (…, P) ranks in [0, 1]: the weight below, and half of the weight of those alike.

    Places that all count alike have ranks (r − ½)/P, r being ``scipy.stats.rankdata``'s average ranks, which knows no
    weights. Ranks average to ½ and don't change under any strictly increasing map of the numbers.
    """
    order = np.argsort(values, axis=-1, kind="stable")
    at = np.take_along_axis(values, order, -1)
    mine = weights[order]
    above = np.cumsum(mine, -1)
    new = np.ones(at.shape, bool)
    new[..., 1:] = at[..., 1:] != at[..., :-1]
    last = np.ones(at.shape, bool)
    last[..., :-1] = new[..., 1:]
    low = np.maximum.accumulate(np.where(new, above - mine, 0.0), -1)
    high = np.minimum.accumulate(np.where(last, above, np.inf)[..., ::-1], -1)[..., ::-1]
    out = np.empty_like(at)
    np.put_along_axis(out, order, (low + high) / 2.0, -1)
    return out


def _refuse(bad: Bools, values: Floats, entries: int, why: str) -> None:
    """PlanError about the first that is bad. Raises always."""
    where = tuple(int(i[0]) for i in np.nonzero(bad))
    place = where[values.ndim - entries]
    raise PlanError(
        f"The outcome at place {place + 1} of {values.shape[-entries]} is {values[where]:.4g}, which {why}."
    )


def looked_at(values: ArrayLike, names: tuple[str, ...] = (), entries: int = 1) -> NDArray[np.float64]:
    """(K, P) or (K, P, h) outcomes of an ensemble, all of them known. Raises PlanError, naming run and probe."""
    found = np.asarray(values, np.float64)
    if found.ndim != 1 + entries or not len(found):
        raise PlanError(
            f"Outcomes of shape {found.shape} are no ensemble. Give a row a run: (runs, places"
            f"{', size of the representation' if entries > 1 else ''})."
        )
    if np.isnan(found).any():
        run, place = (int(i[0]) for i in np.nonzero(np.isnan(found))[:2])
        probe = repr(names[place]) if place < len(names) else f"number {place + 1} of {found.shape[1]}"
        raise PlanError(
            f"The outcome of run {run + 1} at probe {probe} is unknown (NaN). Leave out the run or the probe."
        )
    return found
