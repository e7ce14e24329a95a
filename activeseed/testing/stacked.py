"""A system with coordinates at several levels of the stack, whose variance budget is known in closed form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, reduce
from itertools import count
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from activeseed.contrast import ABSENT_INDEX
from activeseed.factor import Aspect, Factor, Level, setting_with
from activeseed.geometries import Identity
from activeseed.outcome import Outcomes
from activeseed.plan import Floats, Law, Materials, Rows, generator
from activeseed.protocols import Cost, Json, Traits
from activeseed.seed import Item, Probe, Seed, Text

#: settings -> level, and what each may be; their effects are in proportion to place, standardised
SETTINGS: Mapping[str, tuple[Level, tuple[float, ...]]] = {
    "rate": ("trainer", (0.1, 0.3, 1.0)), "rounds": ("trainer2", (2, 4, 8)), "beta": ("trainer2", (0.5, 2.0)),
}  # fmt: skip
#: streams -> where they lie
STREAMS: Mapping[str, tuple[Level, Aspect]] = {"init": ("trainer", "start"), "mask": ("model", "dynamics")}


@dataclass(frozen=True)
class Stacked:
    """y = ½ + Σ_c main_c u_c d_c + Σ both_cd… u_c u_d … d_cd… + noise, in orthogonal directions d of probe space.

    Each coordinate c adds u_c, of mean zero and variance one under the budget's law: the items
    Σ w_i (z_i − b_i)/√(b_i(1 − b_i)) with z_i whether item i is there, each setting its place among its choices, each
    stream a draw of its key. So the share of coordinate c is main_c², of an interaction both_cd…², over the sum of all.

    Attributes:
        main: coordinate -> its amplitude; 0 of those that are not named.
        both: two coordinates or more -> the amplitude of their product.
        weights: of the items, relative to each other in the square.
        belief: b, probability that an item stays; of all alike, or of each.
        rare: probability that a key of ``init`` does anything, where draws are rare jumps instead of normal.
        noise: standard deviation of what each training adds that no key determines, over all probes.
        probes: P, at least as many as there are directions.
        fails: choice of ``rate`` under which a training fails, one in two keys; 0 never.
    """

    main: Mapping[str, float] = field(default_factory=lambda: {"items": 1.0})
    both: Mapping[tuple[str, ...], float] = field(default_factory=dict)
    weights: tuple[float, ...] = (0.5, 0.3, 0.15, 0.05, 0.0)
    belief: float | tuple[float, ...] = 0.8
    rare: float = 0.0
    noise: float = 0.0
    probes: int = 16
    fails: float = 0.0
    rate: float = 0.1
    rounds: float = 2
    beta: float = 0.5
    _reruns: Any = field(default_factory=count, compare=False, repr=False)
    kind: ClassVar[str] = "stacked"
    revision: ClassVar[str] = "1"

    @property
    def traits(self) -> Traits:
        return Traits(tuple(STREAMS), levels=STREAMS)

    def record(self) -> dict[str, Json]:
        return {
            "main": dict(self.main), "both": {" × ".join(k): v for k, v in self.both.items()},
            "weights": list(self.weights), "belief": self.beliefs.tolist(), "rare": self.rare, "noise": self.noise,
            "fails": self.fails, "rate": self.rate, "rounds": self.rounds, "beta": self.beta,
        }  # fmt: skip

    # --- what is known of it ------------------------------------------------------------------------------------------

    @property
    def spread(self) -> float:
        """Variance of the outcome without noise."""
        return sum(a * a for a in self.main.values()) + sum(a * a for a in self.both.values())

    def share(self, *coordinates: str) -> float:
        """Of a coordinate alone, or of the interaction of several."""
        if len(coordinates) == 1:
            return self.main.get(coordinates[0], 0.0) ** 2 / self.spread
        found = [a for k, a in self.both.items() if set(k) == set(coordinates)]
        return sum(a * a for a in found) / self.spread

    def closed(self, coordinates: set[str]) -> float:
        """Of all that a set of coordinates contributes by itself."""
        alone = sum(self.share(c) for c in coordinates)
        return alone + sum(a * a for k, a in self.both.items() if set(k) <= coordinates) / self.spread

    def item_share(self, item: int) -> float:
        """Of one item alone."""
        return self.share("items") * self.weights[item] / sum(self.weights)

    @staticmethod
    def level_of(level: str) -> set[str]:
        """The coordinates of a level."""
        of = {c for c, (where, _) in (*SETTINGS.items(), *STREAMS.items()) if where == level}
        return of | ({"items"} if level == "trainer2" else set())

    # --- the system protocol ------------------------------------------------------------------------------------------

    @cached_property
    def materials(self) -> Materials:
        """An item for each weight, and P probes that are never read."""
        items = tuple(Item(id=f"i{n}", payload=Text(text=f"item {n}")) for n in range(len(self.weights)))
        probes = tuple(Probe(id=f"p{n}", payload=Text(text=f"case {n}")) for n in range(self.probes))
        return Materials(Seed(items=items), probes)

    @property
    def law(self) -> Law:
        """What the items are drawn from."""
        return Law("belief", np.stack([self.beliefs, 1.0 - self.beliefs], 1))

    @property
    def beliefs(self) -> Floats:
        """(F,) probability that each item stays."""
        return np.broadcast_to(np.asarray(self.belief, np.float64), (len(self.weights),))

    def check(self, materials: Materials) -> None: ...

    def places(self, materials: Materials) -> tuple[Probe, ...]:
        return materials.probes

    def geometry(self, materials: Materials) -> Identity:
        return Identity(np.full(len(materials.probes), 1.0 / len(materials.probes)))

    def cost(self, materials: Materials) -> Cost:
        return Cost()

    def factors(self) -> tuple[Factor, ...]:
        """The settings, each with what it is first."""
        return tuple(setting_with(path, getattr(self, path), v, level) for path, (level, v) in SETTINGS.items())

    def with_settings(self, settings: Mapping[str, Json]) -> Stacked:
        changed: Any = dict(settings)
        return replace(self, **changed)

    def train(self, rows: Rows, materials: Materials) -> Outcomes:
        values = self.outcomes(self.units(rows, materials))
        if self.noise:
            dice = generator(materials.root, "rerun", next(self._reruns))
            values = values + self.noise * dice.standard_normal(values.shape)
        ok = np.ones(len(rows), np.bool_)
        if self.fails and self.rate == self.fails:
            ok = rows.stream("init") % 2 == 0
        single = values.astype(np.float32)
        single[~ok] = np.nan
        return Outcomes(single, ok, {int(r): "this rate fails" for r in np.flatnonzero(~ok)})

    # --- the same, on arrays ------------------------------------------------------------------------------------------

    def units(self, rows: Rows, materials: Materials) -> dict[str, Floats]:
        """(R,) u of each coordinate."""
        there = (rows.variants != ABSENT_INDEX).astype(np.float64)
        out = {"items": self.of_items(there)}
        for path, (_, values) in SETTINGS.items():
            out[path] = np.full(len(rows), standardised(len(values))[values.index(getattr(self, path))])
        for name in STREAMS:
            keys, index = np.unique(rows.stream(name), return_inverse=True)
            drawn = [self.of_stream(name, generator(materials.root, name, int(k)), ()) for k in keys]
            out[name] = np.array(drawn, np.float64)[index]
        return out

    def of_items(self, there: Floats) -> Floats:
        """(…, F) whether each item is there -> (…) u of the items."""
        w = np.sqrt(np.array(self.weights) / sum(self.weights))
        return np.asarray((there - self.beliefs) / np.sqrt(self.beliefs * (1.0 - self.beliefs)) @ w)

    def of_stream(self, name: str, dice: np.random.Generator, shape: tuple[int, ...]) -> Floats:
        """Draws of a stream: normal, or rare jumps."""
        if name == "init" and self.rare:
            jumped = dice.random(shape) < self.rare
            return np.asarray((jumped - self.rare) / np.sqrt(self.rare * (1.0 - self.rare)), np.float64)
        return np.asarray(dice.standard_normal(shape), np.float64)

    def outcomes(self, units: Mapping[str, NDArray[np.floating]]) -> Floats:
        """(…) u of each coordinate -> (…, P) outcomes; probes have weight 1/P, so that directions have length √P."""
        terms = [(a, units[c]) for c, a in self.main.items()]
        terms += [(a, reduce(np.multiply, [units[c] for c in together])) for together, a in self.both.items()]
        directions = np.linalg.qr(generator(11, "directions").standard_normal((self.probes, len(terms))))[0].T
        scale = np.sqrt(self.probes)
        return np.asarray(0.5 + sum(a * u[..., None] * d * scale for (a, u), d in zip(terms, directions, strict=True)))


def standardised(choices: int) -> Floats:
    """Places 0 … n − 1 at mean zero and variance one, all alike."""
    places = np.arange(choices, dtype=np.float64)
    return np.asarray((places - places.mean()) / places.std())
