"""A system without randomness that decides by its strongest item, and can say so: what covers for what is plain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from activeseed.geometries import Identity
from activeseed.outcome import Outcomes
from activeseed.plan import Floats, Materials, Rows
from activeseed.protocols import Cost, Explanation, Json, Step, Traits
from activeseed.seed import ABSENT, Item, Probe, Seed, Text


@dataclass(frozen=True)
class Strongest:
    """Each item votes at each probe; the strongest vote that is present decides there.

    The outcome is ½ + v/2 for the vote v of largest size, of equals the first item's; ½ where nobody votes. Two items
    with the same votes are one: either is covered by the other. A vote's sign is a side, so an item against another
    at the same probe is a contradiction.

    Attributes:
        votes: (F, P) votes in [-1, 1]; 0 is none.
    """

    votes: Sequence[Sequence[float]]
    kind: ClassVar[str] = "strongest"
    revision: ClassVar[str] = "1"

    @property
    def traits(self) -> Traits:
        return Traits()

    def record(self) -> dict[str, Json]:
        return {"votes": [list(row) for row in self.votes]}

    @cached_property
    def seed(self) -> Seed:
        """Items ``a``, ``b``, …, each saying what it votes on."""
        return Seed(
            items=tuple(Item(id=chr(97 + f), payload=Text(text=_said(row))) for f, row in enumerate(self.votes))
        )

    @cached_property
    def materials(self) -> Materials:
        """That seed, with a probe for each vote."""
        probes = tuple(Probe(id=f"p{n}", payload=Text(text=f"case {n}")) for n in range(len(self.votes[0])))
        return Materials(self.seed, probes)

    def check(self, materials: Materials) -> None: ...

    def places(self, materials: Materials) -> tuple[Probe, ...]:
        return materials.probes

    def geometry(self, materials: Materials) -> Identity:
        return Identity(np.full(len(materials.probes), 1.0 / len(materials.probes)))

    def cost(self, materials: Materials) -> Cost:
        return Cost(bytes=8 * len(materials.seed) * len(materials.probes))

    def train(self, rows: Rows, materials: Materials) -> Outcomes:
        values = np.array([self._decided(present)[1] for present in self._present(rows, materials)])
        shaped = values.reshape(len(rows), len(materials.probes))
        return Outcomes((0.5 + shaped / 2.0).astype(np.float32), np.ones(len(rows), bool), {})

    def explain(self, rows: Rows, materials: Materials, places: Sequence[int]) -> list[list[Explanation]]:
        """See ``protocols.SupportsExplaining``: the votes on the deciding side, each inherited by the case."""
        return [[self._why(present, materials, p) for p in places] for present in self._present(rows, materials)]

    def _why(self, present: NDArray[np.bool_], materials: Materials, place: int) -> Explanation:
        probe = materials.probes[place]
        deciding, votes = self._decided(present)
        vote = float(votes[place])
        if vote == 0.0:
            return Explanation(probe.id, 0.5)
        item = materials.seed.items[int(deciding[place])]
        side = "for" if vote > 0 else "against"
        steps = (
            Step(item.display, "written", 1.0, (), (item.id,)),
            Step(f"{item.id} is {side} {probe.payload.display}", "inherited", abs(vote), (0,)),
            Step(f"{probe.payload.display}: {side}", "strongest", abs(vote), (1,)),
        )
        return Explanation(probe.id, 0.5 + vote / 2.0, steps, (item.id,))

    def _present(self, rows: Rows, materials: Materials) -> NDArray[np.bool_]:
        absent = np.array([item.index_of(ABSENT) for item in materials.seed.items])
        return np.asarray(rows.variants != absent)

    def _decided(self, present: NDArray[np.bool_]) -> tuple[NDArray[np.int64], Floats]:
        """(P,) the item that decides each probe, and its vote."""
        votes = np.where(present[:, None], np.array(self.votes), 0.0)
        deciding = np.abs(votes).argmax(0)
        return deciding, votes[deciding, np.arange(votes.shape[1])]


def _said(row: Sequence[float]) -> str:
    said = [f"case {p} {'for' if v > 0 else 'against'} {abs(v):g}" for p, v in enumerate(row) if v]
    return "; ".join(said) or "nothing"
