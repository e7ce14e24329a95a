"""Absence: a variant that every item has already."""

from __future__ import annotations

from typing import Literal

from activeseed.checked import SettingsRecord
from activeseed.seed import Seed


class Drop(SettingsRecord):
    """Absence: every item has that variant already."""

    kind: Literal["drop"] = "drop"

    def variants(self, seed: Seed) -> Seed:
        return seed
