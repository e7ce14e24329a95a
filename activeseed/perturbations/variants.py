"""Perturbations: records that add variants to a seed, and never beliefs.

A variant that nobody believes in has probability zero under the belief, so adding one changes no spread, no risk and
no value; it makes an effect measurable.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from pydantic import Field

from activeseed.checked import SettingsRecord
from activeseed.errors import SeedError
from activeseed.protocols import Perturbation
from activeseed.seed import Item, Seed, Text, Variant, with_flips


class Drop(SettingsRecord):
    """Absence: every item has that variant already."""

    kind: Literal["drop"] = "drop"

    def variants(self, seed: Seed) -> Seed:
        return seed


class Flip(SettingsRecord):
    """The other reply of a pair is preferred. Nothing happens to texts and vectors."""

    kind: Literal["flip"] = "flip"

    def variants(self, seed: Seed) -> Seed:
        return with_flips(seed)


class Wordings(SettingsRecord):
    """Other wordings that the user supplies beside the seed's file, by item id.

    A wording that the item already has, as written or as a variant, is not added twice.
    """

    kind: Literal["wordings"] = "wordings"
    wordings: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)

    def variants(self, seed: Seed) -> Seed:
        """Raises SeedError for an unknown id, a blank wording, and an item that is no text."""
        for name in self.wordings:
            if not isinstance(seed[name].payload, Text):
                raise SeedError(
                    f"Wordings: item {name!r} is a {seed[name].payload.kind}, and wordings are texts. "
                    "Give its variants in the seed's file."
                )
        return seed.revise(items=[self._reworded(item) for item in seed.items])

    def _reworded(self, item: Item) -> Item:
        added: list[Variant] = []
        for wording in self.wordings.get(item.id, ()):
            if not wording.strip():
                raise SeedError(f"Wordings: one of item {item.id!r} is blank. Write it, or remove it.")
            payload = Text(prompt=getattr(item.payload, "prompt", ""), text=wording)
            if any(v.payload == payload for v in (*item.variants, *added)):
                continue
            taken = {v.id for v in (*item.variants, *added)}
            n = 1
            while f"wording-{n}" in taken:
                n += 1
            added.append(Variant(id=f"wording-{n}", payload=payload))
        if not added:
            return item
        # Made anew: a copy would share what the old item has cached of itself.
        fields: dict[str, Any] = {name: getattr(item, name) for name in Item.model_fields}
        return Item.model_validate(fields | {"alternatives": (*item.alternatives, *added)})


def perturbed(seed: Seed, perturbations: Iterable[Perturbation]) -> Seed:
    """The seed with the variants of all perturbations, in order."""
    for perturbation in perturbations:
        seed = perturbation.variants(seed)
    return seed
