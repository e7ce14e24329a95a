"""A trainer of one number, whose training is known in closed form: one basin or two, by a setting (a pitchfork)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from activeseed.factor import Factor, setting_with
from activeseed.geometries import Identity
from activeseed.outcome import Outcomes
from activeseed.plan import Floats, Materials, Rows, generator
from activeseed.protocols import TRAJECTORY, Cost, Json, Traits
from activeseed.seed import Item, Probe, Seed, Text

#: probes of the toy
PROBES = 6


@dataclass(frozen=True)
class Pitchfork:
    """Gradient descent on x²(x²/4 − growth/2) − push·x from a start that the key draws, N(0, 0.1²).

    x ← x + rate · (growth·x − x³ + push): item ``a`` pushes by ``tilt`` when it is there and by −``tilt`` when not.

    With growth g ≤ 0 every start ends at 0, with g > 0 at √g or −√g, by its sign. Without the cube, training is
    gradient descent on the parabola −g·x²/2, and two trainings draw near by log|1 + rate·g| a step. The outcome is
    ½ + x·(1, −1, 1, …)/4, noise of the key, and what the items come to add at the first probe: item ``a`` by
    1 − ``mix``, item ``b`` by ``mix``; ``c`` does nothing.

    Attributes:
        growth: g.
        mix: share of item b in what items add.
        rate: step size.
        steps: of training.
        cube: whether there is one.
        noise: standard deviation of what a key adds at each probe.
        tilt: size of the push. Item ``a`` decides the basin where this is far above growth · 0.1.
    """

    growth: float = 1.0
    mix: float = 0.2
    rate: float = 0.1
    steps: int = 200
    cube: bool = True
    noise: float = 0.03
    tilt: float = 0.0
    kind: ClassVar[str] = "pitchfork"
    revision: ClassVar[str] = "1"

    @property
    def traits(self) -> Traits:
        return Traits(("start",), weighted=True, levels={"start": ("trainer", "start")})

    def record(self) -> dict[str, Json]:
        return {
            "growth": self.growth, "mix": self.mix, "rate": self.rate, "steps": self.steps, "cube": self.cube,
            "noise": self.noise, "tilt": self.tilt,
        }  # fmt: skip

    @cached_property
    def materials(self) -> Materials:
        """Items ``a``, ``b`` and ``c``; probes of which half are labelled to be approved."""
        items = tuple(Item(id=name, payload=Text(text=f"item {name}")) for name in "abc")
        probes = tuple(
            Probe(id=f"p{n}", payload=Text(text=f"case {n}"), label=float(n % 2 == 0)) for n in range(PROBES)
        )
        return Materials(Seed(items=items), probes)

    def check(self, materials: Materials) -> None: ...

    def places(self, materials: Materials) -> tuple[Probe, ...]:
        return materials.probes

    def geometry(self, materials: Materials) -> Identity:
        return Identity(np.full(len(materials.probes), 1.0 / len(materials.probes)))

    def cost(self, materials: Materials) -> Cost:
        return Cost()

    def factors(self) -> tuple[Factor, ...]:
        """The growth on either side of the pitchfork, and which item is heard."""
        either: dict[str, tuple[float, ...]] = {"growth": (-0.5, -0.25, 0.25, 0.5, 1.0), "mix": (0.2, 0.8)}
        return tuple(setting_with(path, getattr(self, path), values) for path, values in either.items())

    def with_settings(self, settings: Mapping[str, Json]) -> Pitchfork:
        changed: Any = dict(settings)
        return replace(self, **changed)

    @property
    def state_names(self) -> tuple[str, ...]:
        return (TRAJECTORY,)

    def trajectory_steps(self, materials: Materials) -> tuple[int, ...]:
        return tuple(range(0, self.steps + 1, max(1, self.steps // 12)))

    def states(self, rows: Rows, materials: Materials, name: str) -> NDArray[np.floating]:
        """(R, T, P) outcomes through training."""
        assert name == TRAJECTORY, f"the pitchfork has no state {name!r}"
        return self._outcomes(rows, materials, self.trajectory_steps(materials))

    def train(self, rows: Rows, materials: Materials) -> Outcomes:
        values = self._outcomes(rows, materials, (self.steps,))[:, 0].astype(np.float32)
        ok = np.asarray(np.isfinite(values).all(1))
        values[~ok] = np.nan
        return Outcomes(values, ok, {int(r): "weights that are no numbers" for r in np.flatnonzero(~ok)})

    def _outcomes(self, rows: Rows, materials: Materials, looks: tuple[int, ...]) -> Floats:
        keys, index = np.unique(rows.stream("start"), return_inverse=True)
        dice = [generator(materials.root, "start", int(k)) for k in keys]
        places = len(materials.probes)
        drawn = np.array([d.standard_normal(1 + places) for d in dice]).reshape(len(keys), 1 + places)[index]
        there = (rows.variants == 0) * (1.0 if rows.multiplicity is None else rows.multiplicity)
        x, push = 0.1 * drawn[:, 0], self.tilt * (2.0 * there[:, 0] - 1.0)
        still = 0.5 + self.noise * drawn[:, 1:]
        adds = 0.1 * ((1.0 - self.mix) * there[:, 0] + self.mix * there[:, min(1, there.shape[1] - 1)])
        first = np.arange(places) == 0
        way = np.where(np.arange(places) % 2 == 0, 0.25, -0.25)
        out = []
        for step in range(max(looks) + 1):
            if step in looks:
                come = 1.0 - (1.0 - self.rate) ** step
                out.append(still + x[:, None] * way + come * adds[:, None] * first)
            x = x + self.rate * (self.growth * x - (x**3 if self.cube else 0.0) + push)
        return np.stack(out, 1)
