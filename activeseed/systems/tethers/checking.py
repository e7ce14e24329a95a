"""What is wrong with a seed of anchors, its pool or its probes, and what whoever ranks should know of them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from activeseed.cleaning import few
from activeseed.errors import PlanError, nearest
from activeseed.seed import Entry, Payload, Text, Vector
from activeseed.systems.tethers.anchors import Anchors, anchors_of, concept_name, is_direction, no_entries
from activeseed.systems.tethers.settings import DRAWN, ENTRIES_A_UNIT, TetherSettings, units_for
from activeseed.systems.tethers.tasks import said_of, task_of

if TYPE_CHECKING:
    from activeseed.plan import Materials


def check(settings: TetherSettings, materials: Materials) -> None:
    """Raise PlanError where these materials can't be trained on."""
    payloads = materials.slots.payloads
    if not isinstance(payloads[0], Entry):
        raise PlanError(no_entries(payloads[0].kind))
    if not materials.probes:
        raise PlanError("There are no probes to read concepts at. Give --probes FILE.")
    anchors = anchors_of(settings, materials)
    if not anchors.is_anchor.any():
        raise PlanError(
            "No item is an anchor: all are directions. A concept is held by inputs that belong to it: give some, each "
            "with its 'concept'."
        )
    if not anchors.names:
        raise PlanError("No item names a concept. Give each anchor a 'concept', or name some under [system] concepts.")
    _inputs(materials)
    _directions(settings, materials, anchors)
    task = task_of(settings.task, materials.pool)
    if task is None and settings.outcome in ("predictions", "all"):
        raise PlanError(
            f"outcome = {settings.outcome!r} reads a task, and without a pool there is none. Give --pool FILE with "
            f"classes in a column {settings.task!r}, or read the concepts: outcome = 'readouts'."
        )
    _before(settings, materials)
    if settings.minibatch and settings.minibatch >= len(materials.pool):
        raise PlanError(
            f"minibatch is {settings.minibatch} and the pool has {len(materials.pool)} entries, so the order would "
            "vary nothing. Make it smaller, or 0 for full batches."
        )


def _inputs(materials: Materials) -> None:
    """Everything that is read is text, or everything is vectors of one dimension."""
    first = ""
    size = 0
    for where, payload in _read(materials):
        kind, entries = _kind(payload)
        if kind == "nothing":
            raise PlanError(f"{where} has no input: give it a 'text', or a 'vector'.")
        if kind == "pair":
            raise PlanError(f"{where} is a pair, and concepts are read at one input. Give it a 'text', or a 'vector'.")
        if not first:
            first, size, begins = kind, entries, where
        if kind != first:
            raise PlanError(
                f"{begins} is a {first} and {where[0].lower()}{where[1:]} a {kind}. Give seed, pool and probes the "
                "same kind of input."
            )
        if entries != size:
            raise PlanError(
                f"{where} has {entries} entries, and {begins[0].lower()}{begins[1:]} has {size}. All inputs must have "
                "the same dimension."
            )


def _read(materials: Materials) -> list[tuple[str, Payload]]:
    items = [materials.seed.items[f].id for f in materials.slots.items]
    anchors = [
        (f"Item {name!r}", p)
        for name, p in zip(items, materials.slots.payloads, strict=True)
        if not is_direction(p)
    ]  # fmt: skip
    probes = [(f"Probe {p.id!r}", p.payload) for p in materials.probes]
    return [*probes, *anchors, *((f"Entry {p.id!r} of the pool", p.payload) for p in materials.pool)]


def _kind(payload: Payload) -> tuple[str, int]:
    """What kind of input it is, and how many entries a vector has."""
    if isinstance(payload, Vector):
        return "vector", len(payload.values)
    if isinstance(payload, Text):
        return ("text" if payload.text.strip() else "nothing"), 0
    if isinstance(payload, Entry):
        vector = payload.fields.get("vector")
        if vector is not None:
            return "vector", len(vector)
        return ("text" if payload.text.strip() else "nothing"), 0
    return "pair", 0


def _directions(settings: TetherSettings, materials: Materials, anchors: Anchors) -> None:
    from activeseed.systems.tethers.bench import direction_of

    started = anchors.started
    if len(started) > settings.hidden:
        raise PlanError(
            f"{len(started)} concepts have directions, and each needs a hidden unit of its own to start from; there "
            f"are {settings.hidden}. Set hidden to {len(started)} or more."
        )
    held = (anchors.stated[anchors.is_anchor] > 0) & (anchors.targets[anchors.is_anchor] > settings.ends[0])
    middle = None
    for s, payload in enumerate(materials.slots.payloads):
        if not is_direction(payload):
            continue
        name = materials.seed.items[materials.slots.items[s]].id
        concept = int(anchors.concept_of[s])
        if concept >= 0 and not held[:, concept].any():
            raise PlanError(
                f"Item {name!r} says where {anchors.names[concept]!r} starts from, and no anchor belongs to it: "
                "nothing would hold it there. Give an input of that concept, or leave the direction out."
            )
        if middle is None:
            middle = np.zeros(int(materials.features([materials.probes[0].payload]).shape[1]))
        try:
            direction_of(materials, payload, middle)
        except PlanError as error:
            raise PlanError(f"Item {name!r}: {str(error)[0].lower()}{str(error)[1:]}") from error


def _before(settings: TetherSettings, materials: Materials) -> None:
    if not settings.pretrained:
        return
    if not materials.pool:
        raise PlanError(
            f"pretrained is {settings.pretrained!r}, and without a pool there is nothing to have learnt from. Give "
            "--pool FILE, or set pretrained = ''."
        )
    if settings.pretrained != DRAWN:
        task_of(settings.pretrained, materials.pool)


def also_reads(settings: TetherSettings, materials: Materials) -> Any:
    """Classes of the pool, which materials don't name."""
    columns = [settings.task, *([settings.pretrained] if settings.pretrained not in ("", DRAWN) else [])]
    return {column: [said_of(p, column) for p in materials.pool] for column in columns}


def remarks(settings: TetherSettings, materials: Materials) -> tuple[str, ...]:
    """A sentence each: what shapes the model, and what may not be meant."""
    anchors = anchors_of(settings, materials)
    out = []
    if not materials.pool:
        out.append("There is no pool, so there is no task: nothing but the anchors and the tension shapes the model.")
    if settings.link == 0 and settings.readout == "translator":
        out.append("With link = 0 nothing trains the translator that concepts are read by. Set readout = 'fitted'.")
    entries = int(materials.features([materials.probes[0].payload]).shape[1])
    if entries > ENTRIES_A_UNIT * settings.hidden:
        out.append(
            f"{settings.hidden} hidden units read inputs of {entries} entries: much of what an initial framework was "
            f"stays in its readouts, less of it the more units there are. Consider hidden = {units_for(entries)}."
        )
    written = materials.slots.variants == 0
    counts = Counter(_belongs(settings, anchors, written))
    lonely = [n for n in anchors.names if counts[n] == 1]
    if lonely:
        near = nearest(lonely[0], [n for n in anchors.names if n != lonely[0]])
        near = near if near.startswith(" Did you mean") else ""
        out.append(f"One anchor alone belongs to {few(map(repr, lonely), 4)}: what it says rests on that one.{near}")
    nobody = [n for n in anchors.names if not counts[n]]
    if nobody:
        out.append(f"No anchor belongs to {few(map(repr, nobody), 4)}: nothing says what it is.")
    strange = _strange(anchors, materials)
    if strange:
        out.append(
            f"Concepts that nobody knows are named by what items may turn out to be ({few(map(repr, strange), 4)}): "
            "such an anchor belongs to none of those that are known."
        )
    return tuple(out)


def _belongs(settings: TetherSettings, anchors: Anchors, written: Any) -> list[str]:
    """The concepts of each anchor as it was written, one after the other."""
    middle = sum(settings.ends) / 2.0
    has = (anchors.targets > middle) & (anchors.stated > 0) & (anchors.is_anchor & written)[:, None]
    return [anchors.names[c] for c in np.nonzero(has)[1]]


def _strange(anchors: Anchors, materials: Materials) -> list[str]:
    out = []
    for payload in materials.slots.payloads:
        said = payload.fields.get("concept") if isinstance(payload, Entry) else None
        if said is not None and concept_name(said) not in anchors.names:
            out.append(concept_name(said))
    return list(dict.fromkeys(out))
