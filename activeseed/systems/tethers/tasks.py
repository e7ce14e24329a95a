"""The task: classes of the pool's entries, as a column of its file says them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from activeseed.errors import PlanError, nearest
from activeseed.systems.tethers.anchors import concept_name

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from activeseed.seed import Probe


@dataclass(frozen=True)
class Task:
    """Classes to tell apart.

    Attributes:
        classes: C names, in order: numbers by size, else by their letters.
        of: (n,) number of each entry's class.
    """

    classes: tuple[str, ...]
    of: NDArray[np.int64]


def said_of(probe: Probe, column: str) -> str | None:
    """What a column says of an entry; None where it is empty."""
    value: Any
    if column == "label":
        value = probe.label
    elif column == "group":
        value = probe.group or None
    else:
        value = probe.metadata.get(column)
    said = None if value is None or isinstance(value, list | dict) else concept_name(value)
    return said or None


def task_of(column: str, pool: Sequence[Probe]) -> Task | None:
    """The task that a column states; None where there is no pool. Raises PlanError where it states none."""
    if not pool:
        return None
    said = [said_of(p, column) for p in pool]
    without = [p.id for p, name in zip(pool, said, strict=True) if name is None]
    if without:
        known = columns_of(pool)
        how = nearest(column, known) if len(without) == len(pool) else ""
        there = f" Its columns: {', '.join(known)}." if known else ""
        raise PlanError(
            f"{len(without)} of {len(pool)} entries of the pool have no {column!r} (the first: {without[0]!r}), so "
            f"there is no task to learn.{how}{there} Name the column of their classes, --set system.task=NAME, give "
            "every entry one, or leave the pool out: then nothing but the anchors shapes the model."
        )
    classes = tuple(sorted({s for s in said if s is not None}, key=_by_size))
    if len(classes) < 2:
        raise PlanError(
            f"All {len(pool)} entries of the pool have {column!r} = {classes[0]!r}: there is nothing to tell apart. "
            "Give a pool of at least two classes."
        )
    number = {name: c for c, name in enumerate(classes)}
    return Task(classes, np.array([number[s] for s in said if s is not None], np.int64))


def columns_of(pool: Sequence[Probe]) -> list[str]:
    """Columns in which something is said of the pool's entries."""
    out = [name for name in ("label", "group") if any(said_of(p, name) for p in pool)]
    return [*out, *dict.fromkeys(name for p in pool for name in p.metadata if said_of(p, name))]


def _by_size(name: str) -> tuple[int, float, str]:
    try:
        return (0, float(name), name)
    except ValueError:
        return (1, 0.0, name)
