"""Where outcomes are read, and how they are compared: concepts and classes at probes, and the geometry inside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from activeseed.geometries import Block, Blocks, Hellinger, Identity, at_places
from activeseed.plan import Floats
from activeseed.seed import Entry, Payload, Probe, Text, Vector
from activeseed.systems.tethers.anchors import concept_name, names_of
from activeseed.systems.tethers.cost import aligned
from activeseed.systems.tethers.settings import TetherSettings
from activeseed.systems.tethers.tasks import said_of, task_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from activeseed.plan import Materials
    from activeseed.protocols import Geometry


@dataclass(frozen=True)
class Alignment:
    """Centred Gram matrices of length one: a squared distance is 1 − linear CKA (Kornblith et al. 2019, eq. 3).

    That is ½‖K − L‖², in [0, 1]; of two insides that are alike up to a turn, a reflection and a scale it is 0.
    """

    over: str = "the geometry inside"
    unit: str = field(default="1 − CKA", init=False)

    def embed(self, values: NDArray[np.floating]) -> Floats:
        """(…, P) entries of the upper triangle, those beside the diagonal times √2 -> points."""
        return np.asarray(np.asarray(values, np.float64) * 0.5**0.5, np.float64)

    def decode(self, points: Floats) -> Floats:
        """(…, P) points -> entries."""
        return np.asarray(points * 2.0**0.5)


def places(settings: TetherSettings, materials: Materials) -> tuple[Probe, ...]:
    """Probe by probe, its concepts; probe by probe, its classes; pair by pair of the probes that are compared."""
    return tuple(p for block in _blocks(settings, materials) for p in block)


def geometry(settings: TetherSettings, materials: Materials) -> Geometry:
    """The geometry of the block that is read, or of all of them side by side, each counting a third."""
    over = ("concepts at the probes", "the task at the probes")
    found: list[tuple[Geometry, int]] = []
    for words, block in zip(over, _blocks(settings, materials), strict=False):
        if block:
            found.append((_of_places(settings, block, words), len(block)))
    inner = len(_blocks(settings, materials)[2])
    if inner:
        found.append((Alignment(), inner))
    if len(found) == 1:
        return found[0][0]
    return Blocks(tuple(Block(g, n) for g, n in found))


def _of_places(settings: TetherSettings, block: Sequence[Probe], words: str) -> Hellinger | Identity:
    return at_places(block, settings.compare, words)


def _blocks(settings: TetherSettings, materials: Materials) -> tuple[list[Probe], list[Probe], list[Probe]]:
    reads = settings.outcome
    first: list[Probe] = []
    second: list[Probe] = []
    third: list[Probe] = []
    if reads in ("readouts", "all"):
        names = names_of(settings, materials.slots.payloads)
        first = [_concept(settings, p, name) for p in materials.probes for name in names]
    task = task_of(settings.task, materials.pool) if reads in ("predictions", "all") else None
    if task is not None:
        told = task.classes[1:] if len(task.classes) == 2 else task.classes
        second = [_class(settings, p, name) for p in materials.probes for name in told]
    if reads in ("geometry", "all"):
        at = [materials.probes[i] for i in aligned(settings.aligned_at, len(materials.probes))]
        third = [_pair(at[i], at[j]) for i in range(len(at)) for j in range(i, len(at))]
    return first, second, third


def _concept(settings: TetherSettings, probe: Probe, name: str) -> Probe:
    """How much of a concept there is at a probe; its label, where the probe's file says the probe's concepts."""
    said, many = _said(probe, "concept"), _said(probe, "concepts")
    label = None
    if said is not None and not isinstance(said, list | dict):
        label = float(concept_name(said) == name)
    elif isinstance(many, dict) and isinstance(many.get(name), int | float):
        label = float(many[name] > sum(settings.ends) / 2.0)
    return probe.model_copy(
        update={"id": f"{probe.id}: {name}", "payload": _asked(probe.payload, f"concept: {name}"), "label": label}
    )


def _class(settings: TetherSettings, probe: Probe, name: str) -> Probe:
    said = said_of(probe, settings.task)
    label = None if said is None else float(said == name)
    return probe.model_copy(
        update={
            "id": f"{probe.id}: {settings.task} {name}",
            "payload": _asked(probe.payload, f"{settings.task}: {name}"),
            "label": label,
        }
    )


def _pair(one: Probe, other: Probe) -> Probe:
    return one.model_copy(update={"id": f"{one.id} / {other.id}", "label": None, "weight": 1.0})


def _said(probe: Probe, field_name: str) -> object:
    """What a probe says of itself: in its fields, or in a column of its file."""
    if isinstance(probe.payload, Entry) and field_name in probe.payload.fields:
        return probe.payload.fields[field_name]
    return probe.metadata.get(field_name)


def _asked(payload: Payload, what: str) -> Payload:
    """The same input, with what is read at it: people see which place it is, and its features stay what they are."""
    if isinstance(payload, Vector):
        return Vector(values=payload.values, label=f"{payload.display}; {what}")
    if isinstance(payload, Text):
        return Text(prompt=f"{payload.prompt}\n{what}".lstrip("\n"), text=payload.text)
    if isinstance(payload, Entry):
        return Entry(text=payload.text, fields={**payload.fields, "read": what})
    return payload
