"""Rows as a trainer of the user's own sees them: a list of items, each with its payload and weight."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from activeseed.errors import TrainingError
from activeseed.outcome import Geometry
from activeseed.plan import Materials, Rows
from activeseed.seed import Payload, Probe


@dataclass(frozen=True, slots=True)
class GivenItem:
    """One item as it stands in one row; absent items are not in the row's list.

    Attributes:
        id: the item's id.
        payload: what this row's variant of it holds: ``Text``, ``Pair`` or ``Vector``.
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
        """The payload as text: a text itself, a pair's prompt and replies, a vector's label or first entries."""
        return self.payload.display


def given_items(materials: Materials, rows: Rows, row: int, *, weighted: bool) -> list[GivenItem]:
    """The items of one row in the seed's order.

    Args:
        weighted: the trainer reads ``weight``. Otherwise an item of multiplicity 2 comes twice.

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
        given = GivenItem(item.id, variant.payload, weight, variant.id, item.group, item.metadata)
        items += [given] * copies
    return items


def also_reads(materials: Materials) -> list[Any]:
    """What such a trainer may read of the seed beyond payloads: ids, groups and metadata, as JSON.

    ``Materials.digest`` leaves these out, and a row's name must hold everything that determines its outcome.
    """
    return [[item.id, item.group, jsonable(item.metadata)] for item in materials.seed.items]


def jsonable(value: Any) -> Any:
    """Metadata as any reader of JSON takes it: no NaN or infinity (None stands for them), other objects as text."""
    if isinstance(value, Mapping):
        return {str(k): jsonable(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(v) for v in value]
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    return value if isinstance(value, str | int) or value is None else str(value)


def even_geometry(kind: str, places: tuple[Probe, ...]) -> Geometry:
    """The geometry of a field over these places, weighted as they say."""
    weights = np.array([p.weight for p in places], np.float64)
    return Geometry("hellinger" if kind == "hellinger" else "identity", weights / weights.sum())


def as_outcome(returned: Any, places: int, compare: str) -> NDArray[np.float32]:
    """(P,) float32 from what a trainer returned. Raises TrainingError when it is no outcome."""
    wanted = f"an array of {places} outcomes, one a probe, is due"
    if returned is None:
        raise TrainingError(f"the trainer returned None; {wanted}")
    if hasattr(returned, "detach"):  # a torch tensor, on whatever device, with or without a gradient
        returned = returned.detach().cpu().numpy()
    try:
        values = np.asarray(returned, np.float64)
    except (TypeError, ValueError):
        raise TrainingError(f"the trainer returned {type(returned).__name__}, no array of numbers; {wanted}") from None
    if values.shape != (places,):
        raise TrainingError(f"the trainer returned an array of shape {values.shape}; {wanted}")
    with np.errstate(over="ignore"):
        narrow = values.astype(np.float32)
    for bad, what in (
        (~np.isfinite(narrow), "must be finite"),
        ((values < -1e-6) | (values > 1 + 1e-6) if compare == "hellinger" else np.zeros(places, bool), "must be "
         "a probability, since compare = 'hellinger'"),
    ):  # fmt: skip
        if bad.any():
            at = int(np.flatnonzero(bad)[0])
            raise TrainingError(f"outcome {at + 1} of {places} is {values[at]:g}; it {what}")
    return narrow
