"""What a seed's entries say: anchor pairs (an input and its concepts) and directions that the framework starts from.

An **anchor** is a text or a vector with ``concept`` (the name of the one it belongs to, and to no other) or
``concepts``: an object of names and values, of which those that it leaves out are unknown, or a list of values in the
order of the setting ``concepts``. A **direction** has ``concept`` and ``direction``: a vector in the space of the
inputs, or a text, whose embedding it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from activeseed.errors import PlanError, nearest
from activeseed.plan import Floats
from activeseed.seed import Entry, Payload
from activeseed.systems.tethers.settings import TetherSettings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from activeseed.outcome import Bools
    from activeseed.plan import Materials


@dataclass(frozen=True)
class Anchors:
    """The seed, slot by slot.

    Attributes:
        names: k concepts.
        is_anchor: (S,) whether a slot is an anchor; the others are directions.
        targets: (S, k) how much of each concept is there, on the setting's scale; 0 where that is unknown.
        stated: (S, k) 1 where a target is stated, over how many are: each anchor counts as one. 0 for directions.
        concept_of: (S,) number of a direction's concept; −1 for anchors, and for a concept that nobody knows.
    """

    names: tuple[str, ...]
    is_anchor: Bools
    targets: Floats
    stated: Floats
    concept_of: NDArray[np.int64]

    @property
    def started(self) -> tuple[int, ...]:
        """Concepts that have a direction: each has a unit of its own to start from."""
        return tuple(sorted({int(c) for c in self.concept_of if c >= 0}))


def is_direction(payload: Payload) -> bool:
    """Whether an entry says where a concept starts from."""
    return isinstance(payload, Entry) and "direction" in payload.fields


def names_of(settings: TetherSettings, payloads: tuple[Payload, ...]) -> tuple[str, ...]:
    """The concepts: those of the settings, else those that the seed names, in order of appearance."""
    if settings.concepts:
        return settings.concepts
    return tuple(dict.fromkeys(name for p in payloads if isinstance(p, Entry) for name in _named(p)))


def _named(entry: Entry) -> list[str]:
    said, many = entry.fields.get("concept"), entry.fields.get("concepts")
    one = [] if said is None or isinstance(said, list | dict) else [concept_name(said)]
    return [*one, *([concept_name(n) for n in many] if isinstance(many, Mapping) else [])]


def concept_name(value: Any) -> str:
    """A concept's name: a number or a truth value in a table is a name, too."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) else str(value).strip()


def anchors_of(settings: TetherSettings, materials: Materials) -> Anchors:
    """Every slot read. Raises PlanError, naming the item, for what can't be read.

    What an item may turn out to be besides what was written may name a concept that nobody knows, since people edit
    freely: it belongs to none of those that are known.
    """
    slots = materials.slots
    names = names_of(settings, slots.payloads)
    number = {name: c for c, name in enumerate(names)}
    s, k = len(slots.payloads), len(names)
    targets, stated = np.zeros((s, k)), np.zeros((s, k))
    concept_of = np.full(s, -1, np.int64)
    is_anchor = np.zeros(s, np.bool_)
    for at, payload in enumerate(slots.payloads):
        item = materials.seed.items[slots.items[at]]
        where = f"Item {item.id!r}"
        if not isinstance(payload, Entry):
            raise PlanError(no_entries(payload.kind))
        written = int(slots.variants[at]) == 0
        if is_direction(payload):
            concept_of[at] = _of_direction(where, payload, number, written)
        else:
            is_anchor[at] = True
            targets[at], stated[at] = _of_anchor(where, payload, number, settings, written)
    return Anchors(names, is_anchor, targets, stated, concept_of)


def no_entries(kind: str) -> str:
    """What to do about a seed of another kind."""
    return (
        f"Representational tethers read anchors, and this seed holds items of kind {kind!r}. Give its file a column "
        "'concept' (the name of the concept that each input belongs to) or 'concepts' (an object of names and values), "
        "and read it with --system representational_tethers."
    )


def _of_direction(where: str, entry: Entry, number: Mapping[str, int], written: bool) -> int:
    said = entry.fields.get("concept")
    if said is None:
        raise PlanError(f"{where} has a direction, and does not say of which concept. Give it a 'concept'.")
    return _number(where, concept_name(said), number, written)


def _number(where: str, name: str, number: Mapping[str, int], written: bool) -> int:
    if name not in number and written:
        raise PlanError(
            f"{where} names the concept {name!r}, which is none of the {len(number)} of [system] concepts."
            f"{nearest(name, number)} Add it there, or correct the item."
        )
    return number.get(name, -1)


def _of_anchor(
    where: str, entry: Entry, number: Mapping[str, int], settings: TetherSettings, written: bool
) -> tuple[Floats, Floats]:
    """(k,) values, and (k,) weights of those that are stated, summing to one."""
    said, many = entry.fields.get("concept"), entry.fields.get("concepts")
    low, high = settings.ends
    k = len(number)
    if said is not None and many is not None:
        raise PlanError(f"{where} has both 'concept' and 'concepts'. Keep one of them.")
    if said is not None:
        at = _number(where, concept_name(said), number, written)
        values = np.full(k, low)
        if at >= 0:
            values[at] = high
        return values, np.full(k, 1.0 / max(k, 1))
    if isinstance(many, Mapping):
        values, weights = np.zeros(k), np.zeros(k)
        for name, value in many.items():
            at = _number(where, concept_name(name), number, written)
            value = _value(where, str(name), value, settings)
            if at >= 0:
                values[at], weights[at] = value, 1.0
        return values, weights / max(weights.sum(), 1.0)
    if isinstance(many, list | tuple):
        return _of_list(where, many, number, settings), np.full(k, 1.0 / max(k, 1))
    raise PlanError(
        f"{where} names no concept. Give it 'concept' (a name) or 'concepts' (an object of names and values), or leave "
        "it out."
    )


def _of_list(where: str, many: list[Any] | tuple[Any, ...], number: Mapping[str, int], settings: TetherSettings) -> Any:
    if not settings.concepts:
        raise PlanError(
            f"{where}: 'concepts' is a list of {len(many)} values, and nobody says of which concepts. Name them in "
            'their order, [system] concepts = ["…", "…"], or write an object of names and values.'
        )
    if len(many) != len(number):
        raise PlanError(
            f"{where}: 'concepts' has {len(many)} values, and [system] concepts names {len(number)}. Give a value for "
            "each."
        )
    return np.array([_value(where, n, v, settings) for n, v in zip(number, many, strict=True)])


def _value(where: str, name: str, value: Any, settings: TetherSettings) -> float:
    low, high = settings.ends
    if isinstance(value, bool):
        return high if value else low
    if not isinstance(value, int | float) or not low <= value <= high:
        more = " With scale = 'signed' they go from −1 to 1." if settings.scale == "unit" and _signed(value) else ""
        raise PlanError(f"{where}: concept {name!r} is {value!r}. Give a number from {low:g} to {high:g}.{more}")
    return float(value)


def _signed(value: Any) -> bool:
    return isinstance(value, int | float) and -1 <= value < 0
