"""Other wordings that the user supplies beside the seed's file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from activeseed.checked import SettingsRecord
from activeseed.errors import SeedError
from activeseed.perturbations.adding import with_texts
from activeseed.seed import Item, Seed, Text


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
        given = self.wordings.get(item.id, ())
        if any(not wording.strip() for wording in given):
            raise SeedError(f"Wordings: one of item {item.id!r} is blank. Write it, or remove it.")
        return with_texts(item, "wording", "", given)
