"""Parts of a region: what is known of the units in each, and what was chosen for it, as rows of one matrix.

A part lies in the heap of a search for as long as its bound is not the largest, and comes back beside others that were
made at other times. One row a part makes that a matter of stacking rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from activeseed.bounding.relaxations import Free
from activeseed.bounding.stacks import Ranges


@dataclass(frozen=True, eq=False)
class Nodes:
    """B parts of a region, of two networks of one layout.

    Attributes:
        ranges: of each hidden layer.
        free: what is chosen at each hidden layer, for one row.
    """

    ranges: list[Ranges]
    free: list[Free]

    def tensors(self) -> list[tuple[Tensor, int]]:
        """All that they are made of, and which dimension counts the parts."""
        out: list[tuple[Tensor, int]] = []
        for r, f in zip(self.ranges, self.free, strict=True):
            assert r.apart is not None
            out += [(r.low, 1), (r.high, 1), (r.apart[0], 0), (r.apart[1], 0)]
            given = ((f.lines, 1), (f.mix, 0), (f.lean, 0), (f.held, 2), (f.held_apart, 1))
            out += [(t, at) for t, at in given if isinstance(t, Tensor)]
        return out

    def rows(self) -> Tensor:
        """(B, S) one row a part."""
        return torch.cat([t.movedim(at, 0).flatten(1) for t, at in self.tensors()], 1)

    def at(self, index: Tensor) -> Nodes:
        """Some of the parts, or the same ones more than once."""
        return self.of(self.rows()[index])

    def of(self, rows: Tensor) -> Nodes:
        """Parts from rows, of the same make as these."""
        parts, at = [], 0
        for tensor, where in self.tensors():
            shape = list(tensor.movedim(where, 0).shape[1:])
            count = int(torch.tensor(shape).prod())
            parts.append(rows[:, at : at + count].reshape(len(rows), *shape).movedim(0, where))
            at += count
        values = iter(parts)

        def taken(like: Tensor | float | None) -> Tensor | None:
            return next(values).contiguous() if isinstance(like, Tensor) else None

        ranges, free = [], []
        for f in self.free:
            low, high, below, above = (next(values) for _ in range(4))
            ranges.append(Ranges(low, high, (below, above)))
            lines, mix = taken(f.lines), taken(f.mix)
            free.append(
                Free(
                    lines,
                    0.0 if mix is None else mix,
                    taken(f.lean),
                    taken(f.held),
                    taken(f.held_apart),
                )
            )
        return Nodes(ranges, free)
