"""Perturbations: what adds variants to a seed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # seams are only described here: whoever asks for an event needs no arrays
    from activeseed.seed import Seed


class Perturbation(Protocol):
    """Adds variants to a seed, never beliefs."""

    def variants(self, seed: Seed) -> Seed: ...
