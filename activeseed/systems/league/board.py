"""What all rows of a league share: features as tensors, in the order in which the evaluator meets them."""

from __future__ import annotations

import weakref
from dataclasses import dataclass

import torch
from torch import Tensor

from activeseed.errors import PlanError
from activeseed.plan import Materials
from activeseed.systems.league.cost import Sizes, sizes_of, uses_dual
from activeseed.systems.league.record import OversightLeague


@dataclass(frozen=True)
class Board:
    """Shared features, float32.

    Attributes:
        sizes: how many of each.
        train: (S + N, d) features of the S slots, then of the pool's N outputs.
        probes: (P, d) features of the probes; (0, d) when only the policy is read.
        slots: S.
        item_of: (S,) item number of each slot.
        as_written: (F,) slot of each item as written.
        kernel: (S + N, S + N) inner products of ``train``, where the evaluator is kept in the dual; else None.
        probe_kernel: (S + N, P) inner products of ``train`` with the probes, likewise.
    """

    sizes: Sizes
    train: Tensor
    probes: Tensor
    slots: int
    item_of: Tensor
    as_written: Tensor
    kernel: Tensor | None
    probe_kernel: Tensor | None

    @property
    def pool(self) -> Tensor:
        """(N, d) features of the pool."""
        return self.train[self.slots :]

    @property
    def positives(self) -> Tensor:
        """(S, d) features of the slots."""
        return self.train[: self.slots]


_latest: list[tuple[weakref.ref[Materials], OversightLeague, Board]] = []


def board_of(league: OversightLeague, materials: Materials) -> Board:
    """The board of these materials, checked; the latest is remembered, since a plan trains in many batches."""
    if _latest and _latest[0][0]() is materials and _latest[0][1] == league:
        return _latest[0][2]
    league.check(materials)
    board = _lay_out(league, materials)
    _latest[:] = [(weakref.ref(materials), league, board)]
    return board


def _lay_out(league: OversightLeague, materials: Materials) -> Board:
    slots = materials.slots
    parts = [
        torch.tensor(materials.features(list(payloads)), dtype=torch.float32)
        for payloads in (slots.payloads, [p.payload for p in materials.pool], [p.payload for p in materials.probes])
    ]
    x, u, z = parts
    if league.outcome == "policy" or not len(z):
        z = torch.zeros(0, x.shape[1])
    for what, part in (("pool", u), ("probes", z)):
        if part.shape[1] != x.shape[1]:
            raise PlanError(f"The seed's features have {x.shape[1]} entries, the {what}' {part.shape[1]}.")
    train = torch.cat([x, u])
    sizes = sizes_of(league, materials, x.shape[1])
    dual = uses_dual(league, sizes)
    return Board(
        sizes=sizes,
        train=train,
        probes=z,
        slots=len(x),
        item_of=torch.tensor(slots.items),
        as_written=torch.tensor(slots.index[:, 0]),
        kernel=train @ train.T if dual else None,
        probe_kernel=train @ z.T if dual else None,
    )
