"""What all rows share: inputs, centred and scaled alike, the task's classes, and what the seed says slot by slot."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from activeseed.errors import PlanError
from activeseed.plan import Floats, Materials
from activeseed.seed import Entry, Payload, Text, Vector
from activeseed.systems.fields.batches import Latest
from activeseed.systems.fields.points import in_precision
from activeseed.systems.tethers.anchors import Anchors, anchors_of, is_direction
from activeseed.systems.tethers.settings import DRAWN, TetherSettings
from activeseed.systems.tethers.tasks import Task, task_of

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Bench:
    """Shared by all rows.

    Attributes:
        anchors: what the seed says.
        task, before: the task, and what was learnt before it, where a column says that; None where there is none.
        middle, length: inputs are (x − middle)/length, so that those of the pool have a mean square of 1.
        pool: (n, d) inputs of the task.
        inputs: (A, d) of the anchors, each once: what an input may be said to belong to is one to compute with.
        input_of: (S,) number of each slot's input; 0 for directions, which have none.
        probes: (P, d).
        directions: (S, d) unit vectors times what gives them a mean square of 1 over the pool; 0 for anchors.
        item_of: (S,) number of each slot's item.
        as_written: (F,) slot of each item as written.
        targets, stated: (S, k) tensors of ``Anchors``.
    """

    anchors: Anchors
    task: Task | None
    before: Task | None
    middle: Floats
    length: float
    pool: Tensor
    inputs: Tensor
    input_of: Tensor
    probes: Tensor
    directions: Tensor
    item_of: Tensor
    as_written: Tensor
    targets: Tensor
    stated: Tensor

    def gathered(self, weights: Tensor) -> Tensor:
        """(R, S, …) of the slots -> (R, A, …) summed over those of each input."""
        out = weights.new_zeros(len(weights), len(self.inputs), *weights.shape[2:])
        return out.index_add_(1, self.input_of, weights)

    @property
    def features(self) -> int:
        """Entries of an input: d."""
        return int(self.probes.shape[1])

    @property
    def concepts(self) -> int:
        """Concepts: k."""
        return len(self.anchors.names)

    @property
    def classes(self) -> int:
        """Classes: C; 0 without a task."""
        return 0 if self.task is None else len(self.task.classes)


def bench_of(settings: TetherSettings, materials: Materials) -> Bench:
    """The bench of these materials; the latest is remembered, since a plan trains in many batches."""
    return _latest().of(settings, materials)


@cache
def _latest() -> Latest[TetherSettings, Bench]:
    return Latest(_lay_out)


def _lay_out(settings: TetherSettings, materials: Materials) -> Bench:
    from activeseed.systems.tethers.checking import check

    check(settings, materials)
    anchors, slots = anchors_of(settings, materials), materials.slots
    probes = inputs(materials, [p.payload for p in materials.probes])
    pool = inputs(materials, [p.payload for p in materials.pool]) if materials.pool else probes[:0]
    base = pool if len(pool) else probes
    middle = base.mean(0)
    length = float(np.sqrt(((base - middle) ** 2).sum(1).mean())) or 1.0

    def at(x: Floats) -> Floats:
        scaled: Floats = (x - middle) / length
        return scaled

    given = [p for p, yes in zip(slots.payloads, anchors.is_anchor, strict=True) if yes]
    mine, number = np.unique(inputs(materials, given), axis=0, return_inverse=True)
    input_of = np.zeros(len(slots.payloads), np.int64)
    input_of[anchors.is_anchor] = number.reshape(-1)
    towards = np.zeros((len(slots.payloads), probes.shape[1]))
    for s in np.flatnonzero(~anchors.is_anchor):
        v = direction_of(materials, slots.payloads[s], middle)
        reach = float(np.sqrt(((at(base) @ v) ** 2).mean()))
        towards[s] = v / max(reach, 1e-6)
    before = None
    if settings.pretrained not in ("", DRAWN):
        before = task_of(settings.pretrained, materials.pool)
    return Bench(
        anchors, task_of(settings.task, materials.pool), before, middle, length,
        _tensor(at(pool)), _tensor(at(mine)), torch.from_numpy(input_of), _tensor(at(probes)), _tensor(towards),
        torch.from_numpy(slots.items), torch.from_numpy(np.ascontiguousarray(slots.index[:, 0])),
        _tensor(anchors.targets), _tensor(anchors.stated),
    )  # fmt: skip


def _tensor(x: Floats) -> Tensor:
    return in_precision(np.asarray(x, np.float32))


def inputs(materials: Materials, payloads: Sequence[Payload]) -> Floats:
    """(n, d) features, in double precision."""
    return np.asarray(materials.features(list(payloads)), np.float64)


def direction_of(materials: Materials, payload: Payload, middle: Floats) -> Floats:
    """(d,) unit vector of a direction: a vector as it is, a text from the middle of the inputs to its embedding.

    Raises PlanError for one that is no direction, or of another dimension.
    """
    assert isinstance(payload, Entry)
    assert is_direction(payload)
    said = payload.fields["direction"]
    if isinstance(said, str):
        v = inputs(materials, [Text(text=said)])[0] - middle
    elif isinstance(said, list | tuple) and said and all(isinstance(x, int | float) for x in said):
        v = np.asarray(Vector(values=tuple(float(x) for x in said)).values)
    else:
        raise PlanError(f"The direction {str(said)[:40]!r} is neither a text nor a list of numbers. Give one of them.")
    if v.shape != middle.shape:
        raise PlanError(
            f"The direction of {payload.fields.get('concept')!r} has {v.size} entries, and inputs have {middle.size}. "
            "Give it in the space of the inputs, or as a text."
        )
    size = float(np.linalg.norm(v))
    if size == 0:
        raise PlanError(f"The direction of {payload.fields.get('concept')!r} is zero, so it points nowhere.")
    return np.asarray(v / size)
