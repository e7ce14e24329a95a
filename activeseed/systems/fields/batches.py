"""From rows to outcomes in batches that keep to a memory bound, and what all batches of a plan share."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from activeseed.outcome import Bools, Outcomes, join_outcomes
from activeseed.plan import Materials, Rows

Record = TypeVar("Record")
Shared = TypeVar("Shared")


class Latest(Generic[Record, Shared]):
    """What all rows of a plan share is laid out once: the latest is kept while its materials live."""

    def __init__(self, lay_out: Callable[[Record, Materials], Shared]) -> None:
        self._lay_out = lay_out
        self._kept: tuple[weakref.ref[Materials], Record, Shared] | None = None

    def of(self, record: Record, materials: Materials) -> Shared:
        """What this record lays out of these materials."""
        kept = self._kept
        if kept is not None and kept[0]() is materials and kept[1] == record:
            return kept[2]
        shared = self._lay_out(record, materials)
        self._kept = (weakref.ref(materials), record, shared)
        return shared


def in_batches(train: Callable[[Rows], Outcomes], rows: Rows, per_batch: int, places: int) -> Outcomes:
    """Outcomes of all rows, ``per_batch`` at a time."""
    parts = [train(rows.take(slice(a, a + per_batch))) for a in range(0, len(rows), per_batch)]
    if not parts:
        return Outcomes(np.zeros((0, places), np.float32), np.zeros(0, np.bool_))
    return join_outcomes(parts)


def sound_weights(rows: Rows, materials: Materials) -> tuple[NDArray[np.float32], Bools]:
    """(R, S) weights, all zero in rows that hold a negative or infinite one, and (R,) which rows hold none."""
    weights = rows.weights(materials.slots)
    sound: Bools = np.all(np.isfinite(weights) & (weights >= 0), axis=1)
    return np.where(sound[:, None], weights, 0.0).astype(np.float32), sound


def read_off(values: NDArray[Any], at_items: NDArray[Any], sound: Bools, diverged: str) -> Outcomes:
    """Outcomes (R, P) and vouching (R, F) as they were read; rows that are no numbers are recorded failures.

    Args:
        diverged: why a row of sound weights may have failed.
    """
    ok: Bools = sound & np.isfinite(values).all(axis=1) & np.isfinite(at_items).all(axis=1)
    failures = {int(r): diverged if sound[r] else "a weight is negative or not finite" for r in np.flatnonzero(~ok)}
    values, at_items = values.astype(np.float32, copy=False), at_items.astype(np.float32, copy=False)
    values[~ok] = np.nan
    at_items[~ok] = np.nan
    return Outcomes(values, ok, failures, at_items)
