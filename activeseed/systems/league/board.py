"""What all rows of a league share: features as tensors, in the order in which the evaluator meets them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from activeseed.errors import PlanError
from activeseed.plan import Materials
from activeseed.systems.fields.batches import Latest
from activeseed.systems.fields.points import Points, in_precision
from activeseed.systems.league.checking import check
from activeseed.systems.league.cost import Sizes, sizes_of, uses_dual
from activeseed.systems.league.settings import LeagueSettings


@dataclass(frozen=True)
class Board:
    """Shared features, in the precision that leagues are trained in.

    Attributes:
        sizes: how many of each.
        points: features of the S slots, then of the pool's N outputs; and of the probes (none when only the policy
            is read).
        item_of: (S,) item number of each slot.
        as_written: (F,) slot of each item as written.
    """

    sizes: Sizes
    points: Points
    item_of: Tensor
    as_written: Tensor

    @property
    def slots(self) -> int:
        """S."""
        return self.points.attacked

    @property
    def pool(self) -> Tensor:
        """(N, d) features of the pool."""
        return self.points.train[self.slots :]


def board_of(league: LeagueSettings, materials: Materials) -> Board:
    """The board of these materials, checked; the latest is remembered, since a plan trains in many batches."""
    return _latest.of(league, materials)


def _lay_out(league: LeagueSettings, materials: Materials) -> Board:
    check(league, materials)
    slots = materials.slots
    parts = [
        in_precision(materials.features(list(payloads)))
        for payloads in (slots.payloads, [p.payload for p in materials.pool], [p.payload for p in materials.probes])
    ]
    x, u, z = parts
    if league.outcome == "policy" or not len(z):
        z = torch.zeros(0, x.shape[1])
    for what, part in (("pool", u), ("probes", z)):
        if part.shape[1] != x.shape[1]:
            raise PlanError(f"The seed's features have {x.shape[1]} entries, the {what}' {part.shape[1]}.")
    sizes = sizes_of(league, materials, x.shape[1])
    return Board(
        sizes=sizes,
        points=Points.lay_out(torch.cat([x, u]), z, len(x), dual=uses_dual(league, sizes)),
        item_of=torch.tensor(slots.items),
        as_written=torch.tensor(slots.index[:, 0]),
    )


_latest = Latest(_lay_out)
