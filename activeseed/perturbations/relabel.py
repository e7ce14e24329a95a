"""Another value of one field: an anchor may belong to another concept than the one it was given."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from pydantic import Field

from activeseed.checked import SettingsRecord
from activeseed.seed import Entry, Item, Seed, Variant


class Relabel(SettingsRecord):
    """Another value of one field, for entries: each value that the seed has there, beside the item's own.

    An author may have meant any of them, so they are other wordings: where an item's belief is left to the base rate,
    or is one number in its file, what is not believed to stay goes to them and to *absent* alike. Items without the
    field, or with a list or an object in it, are left as they are, and so are directions from which something starts.

    Attributes:
        field: the name of the field.
        values: what it may be; empty takes the values that the seed's items have as written.
        most: how many values an item gains at most, the most frequent of the seed first; 0 for all of them.
    """

    kind: Literal["relabel"] = "relabel"
    field: str = Field(default="concept", min_length=1)
    values: tuple[str | int | float | bool, ...] = ()
    most: int = Field(default=0, ge=0)

    def variants(self, seed: Seed) -> Seed:
        values = self.values or tuple(_by_frequency(self._written(seed)))
        return seed.revise(items=[self._relabelled(item, values) for item in seed.items])

    def _written(self, seed: Seed) -> Iterator[Any]:
        for item in seed.items:
            if isinstance(item.payload, Entry) and _is_one(item.payload.fields.get(self.field)):
                yield item.payload.fields[self.field]

    def _relabelled(self, item: Item, values: tuple[Any, ...]) -> Item:
        entry = item.payload
        if not isinstance(entry, Entry) or not _is_one(entry.fields.get(self.field)) or "direction" in entry.fields:
            return item
        others = [v for v in values if v != entry.fields[self.field]]
        added: list[Variant] = []
        for value in others[: self.most or None]:
            payload = Entry(text=entry.text, fields={**entry.fields, self.field: value})
            if all(v.payload != payload for v in item.variants):
                name = _free(str(value), {v.id for v in (*item.variants, *added)})
                added.append(Variant(id=name, payload=payload, comes_from="wording"))
        if not added:
            return item
        # Made anew: a copy would share what the old item has cached of itself.
        fields: dict[str, Any] = {name: getattr(item, name) for name in Item.model_fields}
        return Item.model_validate(fields | {"alternatives": (*item.alternatives, *added)})


def _is_one(value: Any) -> bool:
    return isinstance(value, str | int | float | bool)


def _by_frequency(values: Iterator[Any]) -> list[Any]:
    """Each value once, the most frequent first; of equally frequent ones, the first to appear."""
    count: dict[Any, int] = {}
    for value in values:
        count[value] = count.get(value, 0) + 1
    return sorted(count, key=lambda v: -count[v])


def _free(stem: str, taken: set[str]) -> str:
    """A variant's id that nothing else of the item has."""
    name, n = stem, 2
    while name in taken or name in _RESERVED:
        name, n = f"{stem}-{n}", n + 1
    return name


#: ids that mean something else wherever they stand
_RESERVED = frozenset({"as_written", "absent", "flipped"})
