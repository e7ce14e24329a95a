"""Reweigh: the same entry with another weight, half and double as a rule. It is meant to change what is said."""

from __future__ import annotations

import math
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from activeseed.checked import SettingsRecord
from activeseed.errors import ConfigError
from activeseed.seed import Entry, Item, Seed, Variant

#: what usual factors are called; any other is ``times-…``
_NAMES = {0.5: "half", 2.0: "double"}


class Reweigh(SettingsRecord):
    """A number of an entry, such as the mass of a piece of a prior, times each of some factors.

    Items that are no entries, that have no such number, or that have zero there, are left as they are; so is a product
    that another variant has already. The variants are a machine's, of the origin ``drift``: nobody believes in one
    until somebody chooses it, and ``--law drift`` ranks by them.

    >>> act.Reweigh(times=(0.1, 10)).names
    ('times-0.1', 'times-10')

    Attributes:
        field: name of the number among the entry's fields.
        times: what it is multiplied with: positive factors, each once, none of them one.
    """

    kind: Literal["reweigh"] = "reweigh"
    field: str = Field(default="mass", min_length=1, max_length=200)
    times: tuple[float, ...] = Field(default=(0.5, 2.0), min_length=1, max_length=20)

    @model_validator(mode="after")
    def _factors(self) -> Self:
        for factor in self.times:
            if factor <= 0:
                raise ConfigError(f"Reweigh: times holds {factor:g}. A weight is multiplied with a positive factor.")
            if factor == 1:
                raise ConfigError("Reweigh: times holds 1, which changes nothing. Leave it out.")
        if len(set(self.names)) != len(self.times):
            raise ConfigError(f"Reweigh: times = {list(self.times)} names a factor twice. Name each once.")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """Ids of the variants, in the order of ``times``."""
        return tuple(_NAMES.get(factor, f"times-{factor:g}") for factor in self.times)

    def variants(self, seed: Seed) -> Seed:
        return seed.revise(items=[self._reweighed(item) for item in seed.items])

    def _reweighed(self, item: Item) -> Item:
        payload = item.payload
        now = payload.fields.get(self.field) if isinstance(payload, Entry) else None
        if not isinstance(payload, Entry) or isinstance(now, bool) or not isinstance(now, int | float) or now == 0:
            return item
        added: list[Variant] = []
        for name, factor in zip(self.names, self.times, strict=True):
            product = now * factor
            changed = Entry(text=payload.text, fields={**payload.fields, self.field: product})
            there = any(v.payload == changed or v.id == name for v in (*item.variants, *added))
            if math.isfinite(product) and product != 0 and not there:
                added.append(Variant(id=name, payload=changed, comes_from="drift"))
        if not added:
            return item
        # Made anew: a copy would share what the old item has cached of itself.
        fields: dict[str, Any] = {name: getattr(item, name) for name in Item.model_fields}
        return Item.model_validate(fields | {"alternatives": (*item.alternatives, *added)})
