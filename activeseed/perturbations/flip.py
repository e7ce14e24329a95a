"""The other reply of a pair is preferred."""

from __future__ import annotations

from typing import Literal

from activeseed.checked import SettingsRecord
from activeseed.seed import Seed, with_flips


class Flip(SettingsRecord):
    """The other reply of a pair is preferred. Nothing happens to texts and vectors."""

    kind: Literal["flip"] = "flip"

    def variants(self, seed: Seed) -> Seed:
        return with_flips(seed)
