"""The rows of a budget: blocks of two draws of every group, mixed, with pairs beside them that differ in items alone.

Settings are drawn once a block, since each combination of them is a batch of its own; what costs nothing to draw
(items, key streams) is drawn anew ``within`` times a block. Rows of one combination stand together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from activeseed.analyses.budget.coordinates import Group
from activeseed.plan import Floats, Ints, Law, Rows, generator

#: blocks whose rows are kept, since batches take a few at a time
KEPT = 8


@dataclass(frozen=True)
class Mixed:
    """B blocks of ``within`` · M rows, and of ``beside`` pairs of rows that share all but their items.

    Attributes:
        groups: what varies.
        masks: (M,) which groups a row takes from its block's second draw; bit g for group g.
        blocks: B.
        within: n, sub-blocks that share their block's settings.
        beside: pairs a block.
        base: what stands of every item, then of every setting.
        law: items are drawn from it.
        streams: names of all key streams.
        stream: key of the draws.
        first_key: replicate numbers from here on.
    """

    groups: tuple[Group, ...]
    masks: tuple[int, ...]
    blocks: int
    within: int
    beside: int
    base: tuple[int, ...]
    law: Law
    streams: tuple[str, ...]
    stream: int
    first_key: int
    unit: int = 1

    @property
    def per_block(self) -> int:
        return len(self.masks) * self.within + 2 * self.beside

    @property
    def size(self) -> int:
        return self.blocks * self.per_block

    @cached_property
    def costly(self) -> int:
        """The groups with settings, as a mask."""
        return sum(1 << g for g, group in enumerate(self.groups) if group.settings)

    @property
    def combinations(self) -> int:
        """Combinations of settings that are trained at most."""
        return self.blocks * len({m & self.costly for m in self.masks})

    @cached_property
    def _order(self) -> tuple[int, ...]:
        """Positions of masks, those of one combination together."""
        return tuple(sorted(range(len(self.masks)), key=lambda k: (self.masks[k] & self.costly, self.masks[k])))

    @cached_property
    def _edges(self) -> Floats:
        edges = np.cumsum(self.law.probabilities, axis=1)
        edges[:, -1] = 1.0
        return edges

    def block(self, start: int, stop: int) -> Rows:
        """Rows start..stop: in each block first those of masks, combination by combination, then the pairs."""
        first, last = start // self.per_block, -(-stop // self.per_block)
        parts = [self._rows(b) for b in range(first, last)]
        variants = np.concatenate([v for v, _ in parts]) if parts else np.zeros((0, len(self.base)), np.int16)
        numbers = np.concatenate([k for _, k in parts]) if parts else np.zeros((0, max(1, len(self.streams))), np.int64)
        at = slice(start - first * self.per_block, stop - first * self.per_block)
        return _as_rows(variants[at], numbers[at], self.streams)

    def _rows(self, b: int) -> tuple[NDArray[np.int16], Ints]:
        """(per_block, F) choices and (per_block, streams) replicate numbers of one block; the last ones are kept."""
        if b not in self._made:
            while len(self._made) >= KEPT:
                self._made.pop(next(iter(self._made)))
            self._made[b] = self._make(b)
        return self._made[b]

    @cached_property
    def _made(self) -> dict[int, tuple[NDArray[np.int16], Ints]]:
        return {}

    def _make(self, b: int) -> tuple[NDArray[np.int16], Ints]:
        items, settings = len(self._edges), self._settings(b)
        draws = [self._draw(b, t) for t in range(self.within + self.beside)]
        chosen, keys = np.array([c for c, _ in draws]), np.array([k for _, k in draws])
        masks = np.array(self.masks)
        combinations = np.unique(masks & self.costly)
        pairs = np.repeat(np.arange(self.beside), 2)
        mask = np.concatenate(
            [np.repeat(masks[list(self._order)], self.within), combinations[pairs % len(combinations)]]
        )
        part = np.concatenate([np.tile(np.arange(self.within), len(masks)), self.within + pairs])
        alone = np.concatenate([np.full(len(masks) * self.within, -1), np.tile([0, 1], self.beside)])
        variants = np.tile(np.array(self.base, np.int16), (len(mask), 1))
        numbers = np.full((len(mask), max(1, len(self.streams))), self.first_key, np.int64)
        for g, group in enumerate(self.groups):
            side = mask >> g & 1
            of_items = np.where(alone < 0, side, alone)  # a pair differs in its items, and in nothing else
            at = list(group.items)
            variants[:, at] = chosen[part, of_items][:, at]
            for s in group.settings:
                variants[:, items + s] = settings[side, s]
            for name in group.streams:
                c = self.streams.index(name)
                numbers[:, c] = keys[part, np.where(alone < 0, side, 0), c]
        return variants, numbers

    def _settings(self, b: int) -> Ints:
        """(2, S) choices of the settings on either side of a block."""
        dice = generator(self.stream, "budget settings", b)
        out = np.tile(np.array(self.base[len(self._edges) :], np.int64), (2, 1))
        for group in self.groups:
            for s, choices in group.settings.items():
                out[:, s] = np.array(choices)[dice.integers(len(choices), size=2)]
        return out

    def _draw(self, b: int, t: int) -> tuple[Ints, Ints]:
        """(2, F) variants and (2, streams) replicate numbers on either side of a sub-block, or of a pair."""
        dice = generator(self.stream, "budget", b, t)
        u = dice.random((2, len(self._edges)))
        chosen = (u[:, :, None] >= self._edges[None]).sum(2)
        sub = b * (self.within + self.beside) + t
        keys = self.first_key + 1 + 2 * sub + np.arange(2)
        return chosen, np.repeat(keys[:, None], max(1, len(self.streams)), 1)

    # --- what comes back ----------------------------------------------------------------------------------------------

    def cubes(self, points: Floats) -> Floats:
        """(R, D) points -> (B, n, M, D): a row for each mask, in the order of ``masks``."""
        whole = points.reshape(self.blocks, self.per_block, -1)[:, : len(self.masks) * self.within]
        sorted_ = whole.reshape(self.blocks, len(self.masks), self.within, -1)
        out = np.empty_like(sorted_)
        out[:, list(self._order)] = sorted_
        return np.swapaxes(out, 1, 2)

    def pairs(self, points: Floats) -> Floats:
        """(R, D) points -> (B, beside, D): differences of the pairs that differ in items."""
        whole = points.reshape(self.blocks, self.per_block, -1)[:, len(self.masks) * self.within :]
        return np.asarray(whole[:, 0::2] - whole[:, 1::2])

    def sides(self) -> tuple[Ints, Ints, Ints]:
        """(B, n, 2, F) variants of sub-blocks, (B, beside, 2, F) of pairs, and (B, 2, S) choices of settings."""
        of = [[self._draw(b, t)[0] for t in range(self.within + self.beside)] for b in range(self.blocks)]
        drawn = np.array(of).reshape(self.blocks, self.within + self.beside, 2, len(self._edges))
        return (
            drawn[:, : self.within],
            drawn[:, self.within :],
            np.array([self._settings(b) for b in range(self.blocks)]),
        )


def _as_rows(variants: NDArray[np.int16], numbers: Ints, streams: Sequence[str]) -> Rows:
    """One stream goes by the rows' keys, so that trainers which know of no other obey; several go apart."""
    keys = numbers[:, 0].copy()
    return Rows(variants, keys, None, {n: numbers[:, c] for c, n in enumerate(streams)} if len(streams) > 1 else {})
