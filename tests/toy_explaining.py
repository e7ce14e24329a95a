"""A trainer that can say why: clauses that forbid or allow a word, the highest rank first, with its derivations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from activeseed.geometries import at_places
from activeseed.outcome import Outcomes
from activeseed.plan import Materials, Rows
from activeseed.protocols import Cost, Explanation, Geometry, Json, Step, Traits
from activeseed.seed import Probe, Seed, Text

RANKS = ("root", "system", "user", "")


class Clauses:
    """``Never WORD`` forbids what has the word in it, ``Always WORD`` approves of it; of two the higher rank decides.

    Equal ranks that disagree leave a probe at one half, as does no clause at all. No randomness.
    """

    kind = "clauses"
    revision = "1"
    traits = Traits()

    def record(self) -> dict[str, Json]:
        return {}

    def check(self, materials: Materials) -> None: ...

    def places(self, materials: Materials) -> tuple[Probe, ...]:
        return materials.probes

    def geometry(self, materials: Materials) -> Geometry:
        return at_places(materials.probes, "hellinger", "approval at the probes")

    def cost(self, materials: Materials) -> Cost:
        return Cost(bytes=1000)

    def train(self, rows: Rows, materials: Materials) -> Outcomes:
        found = self.explain(rows, materials, range(len(materials.probes)))
        values = np.array([[e.value for e in row] for row in found], np.float32)
        return Outcomes(values, np.ones(len(rows), bool), {})

    def explain(self, rows: Rows, materials: Materials, places: Sequence[int]) -> Sequence[Sequence[Explanation]]:
        here = [clauses(materials.seed, row, rows, n) for n, row in enumerate(rows.variants)]
        return [[derived(said, materials.probes[p]) for p in places] for said in here]


def clauses(seed: Seed, row: Any, rows: Rows, n: int) -> list[tuple[str, Text]]:
    """(id, text) of the items that a row holds."""
    copies = np.ones(len(seed)) if rows.multiplicity is None else rows.multiplicity[n]
    there = [(i.id, i.variants[v].payload) for i, v, c in zip(seed.items, row, copies, strict=True) if c > 0]
    return [(name, payload) for name, payload in there if isinstance(payload, Text)]


def derived(said: Sequence[tuple[str, Text]], probe: Probe) -> Explanation:
    """The clauses that speak of a probe, and what the highest of them come to."""
    words = probe.payload.wording.lower().split()
    on = [(name, text) for name, text in said if text.text.lower().rstrip(".").split()[-1] in words]
    if not on:
        return Explanation(probe.id, 0.5)
    top = min(RANKS.index(text.authority) for _, text in on)
    sides = {"never" in text.text.lower().split() for _, text in on if RANKS.index(text.authority) == top}
    value = 0.5 if len(sides) > 1 else 0.1 if sides == {True} else 0.9
    steps = [Step(text.text, "written", items=(name,)) for name, text in on]
    verdict = Step("approved" if value > 0.5 else "not approved", f"rank {RANKS[top] or 'none'}",
                   of=tuple(range(len(steps))))  # fmt: skip
    return Explanation(probe.id, value, (*steps, verdict), tuple(name for name, _ in on))
