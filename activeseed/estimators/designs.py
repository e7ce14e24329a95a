"""Designs that estimators put together from the plan's own."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from activeseed.errors import PlanError
from activeseed.plan import Design, Ints, Resampled, Rows, join_rows, with_keys


@dataclass(frozen=True)
class Joined:
    """Designs of one unit, one after the other."""

    parts: tuple[Design, ...]

    def __post_init__(self) -> None:
        if len({p.unit for p in self.parts}) != 1:
            raise PlanError("Designs that are joined must have one unit, so that no block is torn apart.")

    @property
    def unit(self) -> int:
        return self.parts[0].unit

    @cached_property
    def starts(self) -> Ints:
        """(parts + 1,) first row of each part, then the size."""
        return np.concatenate([[0], np.cumsum([p.size for p in self.parts])]).astype(np.int64)

    @property
    def size(self) -> int:
        return int(self.starts[-1])

    def block(self, start: int, stop: int) -> Rows:
        first = int(np.searchsorted(self.starts, start, side="right")) - 1
        pieces = []
        for part, offset in zip(self.parts[first:], self.starts[first:], strict=False):
            low, high = max(start - int(offset), 0), min(stop - int(offset), part.size)
            if high <= 0:
                break
            if high > low:
                pieces.append(part.block(low, high))
        return join_rows(pieces)


@dataclass(frozen=True)
class TwoKeys:
    """Sets of assignments, each set trained under ``keys`` keys of its own: common randomness within a set and key.

    Row of (set s, key k, draw d) is ``(s·keys + k)·draws + d``; it takes row ``s·draws + d`` of ``source`` and trains
    with replicate ``first_key + s·keys + k``.
    """

    source: Resampled
    draws: int
    keys: int
    first_key: int

    @property
    def unit(self) -> int:
        return self.draws

    @property
    def size(self) -> int:
        return self.source.size * self.keys

    def block(self, start: int, stop: int) -> Rows:
        r = np.arange(start, stop)
        block, d = np.divmod(r, self.draws)
        drawn = block // self.keys * self.draws + d
        low = int(drawn.min())
        source = self.source.block(low, int(drawn.max()) + 1)
        return with_keys(source.take(drawn - low), block.astype(np.int64) + self.first_key)
