"""Rows as a trainer of the user's own sees them: a list of items, each with its payload and weight."""

from __future__ import annotations

import contextlib
import copy
import math
import sys
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from activeseed.errors import TrainingError, describe
from activeseed.interrupts import watched
from activeseed.outcome import Outcomes
from activeseed.plan import LINES, Materials, Rows, generator
from activeseed.protocols import Json
from activeseed.seed import Entry, Payload, Probe, Text
from activeseed.systems.own.returned import as_outcome

#: types of plain JSON that nobody can change in place
_UNCHANGING = frozenset((str, int, float, bool, type(None)))


@dataclass(frozen=True, slots=True)
class GivenItem:
    """One item as it stands in one row; absent items are not in the row's list.

    Attributes:
        id: the item's id.
        payload: what this row's variant of it holds: ``Text``, ``Pair``, ``Vector`` or ``Entry``.
        weight: relative to one copy; 1 unless the trainer said that it understands weights.
        variant: id of the variant (``as_written``, ``flipped``, a wording's id).
        group: the item's group, or an empty text.
        metadata: whatever else the seed file had for this item.
    """

    id: str
    payload: Payload
    weight: float = 1.0
    variant: str = "as_written"
    group: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The payload as text: a text itself, a pair's prompt and replies, a vector's label or first entries.

        Of an entry its text alone, or, where it has none, its fields.
        """
        return text_of(self.payload)

    @property
    def fields(self) -> Mapping[str, Any]:
        """The fields of an entry; of anything else none."""
        return self.payload.fields if isinstance(self.payload, Entry) else {}


def text_of(payload: Payload) -> str:
    """A payload as the text that a trainer reads: of an entry its own, without its fields, where it has one."""
    return (payload.text or payload.wording) if isinstance(payload, Entry) else payload.wording


def given_items(
    materials: Materials, rows: Rows, row: int, *, weighted: bool, ignores_space: bool = False, own: bool = False
) -> list[GivenItem]:
    """The items of one row in the seed's order; two neighbours are swapped where the row says ``wiggle``.

    Args:
        own: every item, and every copy of one, gets metadata of its own, since whoever reads it may change it in place.
            Payloads are frozen: a trainer that tries to change one fails, with that row.
        weighted: the trainer reads ``weight``. Otherwise an item of multiplicity 2 comes twice.
        ignores_space: the trainer ignores white space at the end of a text, so that a wiggle adds some.

    Raises:
        TrainingError: a fractional multiplicity for a trainer that understands no weights.
    """
    items: list[GivenItem] = []
    for f, item in enumerate(materials.seed.items):
        variant = item.variants[int(rows.variants[row, f])]
        weight = item.copies * (1.0 if rows.multiplicity is None else float(rows.multiplicity[row, f]))
        if variant.payload is None or weight == 0.0:
            continue
        copies = 1
        if not weighted:
            if weight != round(weight):
                raise TrainingError(
                    f"item {item.id!r} has weight {weight:g}, but this trainer understands no weights. Let it read "
                    "`weight` and say weighted=True, or choose a design of whole multiplicities"
                )
            copies, weight = round(weight), 1.0
        for _ in range(copies):
            metadata = apart(item.metadata) if own else item.metadata
            items.append(GivenItem(item.id, variant.payload, weight, variant.id, item.group, metadata))
    wiggle = int(rows.stream(LINES)[row])
    return _wiggled(items, wiggle, ignores_space) if wiggle else items


def given_probes(materials: Materials) -> tuple[Probe, ...]:
    """The probes, for a row that may change their metadata in place."""
    return tuple(p.model_copy(update={"metadata": apart(p.metadata)}) if p.metadata else p for p in materials.probes)


def apart(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Metadata that shares nothing that can be changed in place."""
    out = dict(metadata)
    for name, value in metadata.items():
        if type(value) not in _UNCHANGING:
            out[name] = copy.deepcopy(value)
    return out


def _wiggled(items: list[GivenItem], wiggle: int, ignores_space: bool) -> list[GivenItem]:
    """The same items with two neighbours swapped, and a space at the end of one text where that is ignored."""
    rng = generator(wiggle, "wiggle")
    out = list(items)
    apart = [n for n in range(len(items) - 1) if items[n].id != items[n + 1].id]
    if apart:
        n = apart[rng.integers(len(apart))]
        out[n], out[n + 1] = out[n + 1], out[n]
    if ignores_space and out:
        n = int(rng.integers(len(out)))
        longer = {name: f"{text} " for name, text in out[n].payload.model_dump().items() if name in _TEXTS and text}
        out[n] = replace(out[n], payload=out[n].payload.model_copy(update=longer))
    return out


#: entries of a payload that are texts
_TEXTS = ("text", "prompt", "chosen", "rejected")


def also_reads(materials: Materials) -> list[Json]:
    """What such a trainer may read of the seed beyond payloads: ids, groups and metadata, as JSON.

    ``Materials.digest`` leaves these out, and a row's name must hold everything that determines its outcome.
    """
    return [[item.id, item.group, jsonable(item.metadata)] for item in materials.seed.items]


def jsonable(value: object) -> Json:
    """Metadata as any reader of JSON takes it: no NaN or infinity (None stands for them), other objects as text."""
    if isinstance(value, Mapping):
        return {str(k): jsonable(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(v) for v in value]
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    return value if isinstance(value, str | int) or value is None else str(value)


def places_of(outcomes: int, materials: Materials) -> tuple[Probe, ...]:
    """Where a trainer's outcomes are read: the study's probes, or so many places of its own."""
    if not outcomes:
        return materials.probes
    names = [f"outcome-{n}" for n in range(1, outcomes + 1)]
    return tuple(Probe(id=name, payload=Text(text=name)) for name in names)


def one_by_one(
    train: Callable[[int], Any], rows: Rows, places: int, compare: Literal["hellinger", "identity"]
) -> Outcomes:
    """Outcomes of all rows, one after the other; whatever a row raises is its recorded failure.

    Args:
        train: from the number of a row to its outcome. What it prints goes to standard error: standard output is for
            results.
    """
    values = np.full((len(rows), places), np.nan, np.float32)
    failures: dict[int, str] = {}
    with watched() as watch:
        for r in range(len(rows)):
            try:
                # Each row is asked for its warnings anew: Python shows one of each place, else, and nobody could count.
                with contextlib.redirect_stdout(sys.stderr), warnings.catch_warnings():
                    returned = train(r)
                values[r] = as_outcome(returned, places, compare)
            except BaseException as error:  # the user's code may raise anything, KeyboardInterrupt included
                failures[r] = describe(error)
            watch.stop_if_asked()
    return outcomes_of(values, failures)


def outcomes_of(values: NDArray[np.float32], failures: dict[int, str]) -> Outcomes:
    """Outcomes (R, P) of rows of which some failed."""
    ok = np.array([r not in failures for r in range(len(values))], np.bool_)
    return Outcomes(values, ok, failures)
