"""A setting at several values: where the number of basins changes, or what the outcome hangs on most.

Those are qualitative changes (bifurcations), and they, not a share of variance, are structural instability: a setting
that moves all outcomes a long way, all alike, changes nothing of what is said about the seed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from activeseed.analyses.basins.landscape import Swept
from activeseed.errors import PlanError, nearest
from activeseed.estimators.leave_one_out import ROUNDING
from activeseed.plan import Floats

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from activeseed.plan import Rows
    from activeseed.protocols import Problem
    from activeseed.seed import Json

#: two findings differ when independent subsets of their ensembles agree no more often than this
AGREE = 0.05
#: subsets in which the item that matters most is looked for
_SUBSETS = 200


def choices_of(problem: Problem, path: str, values: Sequence[Json]) -> tuple[int, tuple[int, ...]]:
    """Which of the settings it is, and the choices that are swept; all of them where no value is named.

    Raises PlanError for a setting that the trainer does not let be varied, or a value that it does not name.
    """
    names = [f.id for f in problem.settings]
    if not names:
        raise PlanError(f"This trainer names no settings that can be varied, so {path!r} can't be swept.")
    if path not in names:
        raise PlanError(f"There is no setting {path!r} to sweep.{nearest(path, names)}")
    factor = problem.settings[names.index(path)]
    known = [c.setting for c in factor.choices]
    chosen = tuple(range(len(known))) if not values else tuple(_place(path, v, known) for v in values)
    if len(set(chosen)) < 2:
        raise PlanError(f"A sweep of {path!r} takes two values at least, of {_said(known)}.")
    numbers = [float(v) for v in known if isinstance(v, int | float) and not isinstance(v, bool)]
    middle = float(np.median(numbers)) if numbers else 0.0  # what is left open is around what is named
    order = sorted(set(chosen), key=lambda c: _sorts(known[c], c, middle))
    return names.index(path), tuple(order)


def _place(path: str, value: Any, known: Sequence[Any]) -> int:
    if value is None and None not in known and "none" in known:
        value = "none"  # how people write both
    for c, one in enumerate(known):
        if one == value and isinstance(one, bool) == isinstance(value, bool):
            return c
    raise PlanError(f"{path!r} can't be swept to {value!r}: this trainer names {_said(known)}. Choose of them.")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _sorts(value: Any, place: int, middle: float) -> tuple[int, float, int]:
    if value is None or _is_number(value):
        return 0, middle if value is None else float(value), place
    return 1, 0.0, place


def _said(values: Sequence[Any]) -> str:
    return ", ".join(str(v) for v in values)


def rows_at(problem: Problem, rows: Rows, setting: int, choice: int) -> Rows:
    """The same rows with one of the settings at one of its choices, the others as they stand."""
    from dataclasses import replace

    settings = np.tile(np.array([f.stands for f in problem.settings], np.int16), (len(rows), 1))
    settings[:, setting] = choice
    times = rows.multiplicity
    if times is not None:
        times = np.concatenate([times, np.ones(settings.shape, np.float32)], 1)
    return replace(rows, variants=np.concatenate([rows.variants, settings], 1), multiplicity=times)


def tops_of(
    points: Floats, variants: NDArray[np.int16], ids: Sequence[str], dice: np.random.Generator
) -> tuple[str, Mapping[str, float]]:
    """The item whose variants move the outcome most over the ensemble, and how often each is it in random halves.

    A first-order index V = Var E[φ | variant], as the variance of all less the variance within variants, both
    unbiased: zero on average for an item that does nothing. Halves vary as whole ensembles do. Empty where no item
    varies, or nothing moves.
    """
    varying = [f for f in range(len(ids)) if len(np.unique(variants[:, f])) > 1]
    at = points - points.mean(0)
    if not varying or (at**2).sum() <= ROUNDING * len(at):
        return "", {}
    left, size, _ = np.linalg.svd(at, full_matrices=False)
    flat = (left * size)[:, size > 1e-7 * size[0]]
    best = [varying[_top(flat, variants[:, varying])]]
    for _ in range(_SUBSETS):
        half = dice.permutation(len(flat))[: max(2, len(flat) // 2)]
        best.append(varying[_top(flat[half], variants[half][:, varying])])
    counted = np.bincount(best[1:], minlength=len(ids)) / _SUBSETS
    return ids[best[0]], {ids[f]: float(counted[f]) for f in np.flatnonzero(counted)}


def _top(points: Floats, variants: NDArray[np.int16]) -> int:
    n = len(points)
    square = float((points**2).sum())
    total = (square - float((points.sum(0) ** 2).sum()) / n) / (n - 1)
    found = []
    for column in variants.T:
        present, where = np.unique(column, return_inverse=True)
        if len(present) < 2 or n <= len(present):
            found.append(-np.inf)
            continue
        one = np.eye(len(present))[where]
        means = ((one.T @ points) ** 2).sum(1) / one.sum(0)
        found.append(total - (square - float(means.sum())) / (n - len(present)))
    return int(np.argmax(found))


def changes_in(setting: str, at: Sequence[Swept]) -> tuple[str, ...]:
    """Sentences about neighbouring values between which something qualitative changes that chance does not explain."""
    said = []
    for a, b in pairwise(at):
        between = f"Between {setting} = {a.value} and {b.value}"
        if a.number != b.number and _agree(a.support, b.support) < AGREE:
            said.append(f"{between} the number of basins changes from {a.number} to {b.number}.")
        if a.top and b.top and a.top != b.top and _agree(a.tops, b.tops) < AGREE:
            said.append(f"{between} what the outcome hangs on most changes from {a.top} to {b.top}.")
    return tuple(said)


def _agree(first: Mapping[Any, float], second: Mapping[Any, float]) -> float:
    """Probability that a subset of each says the same; 1 where nothing is known, so that nothing is claimed."""
    return sum(p * second.get(k, 0.0) for k, p in first.items()) if first and second else 1.0
