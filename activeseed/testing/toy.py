"""Systems whose mean response is a formula and whose noise has mean zero: what their keys draw, levels, outcomes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from activeseed.geometries import Identity
from activeseed.outcome import Outcomes
from activeseed.plan import Floats, Law, Materials, Rows, generator
from activeseed.protocols import Cost, Json, Problem, Traits
from activeseed.seed import Item, Probe, Seed, Text, Variant

Noise = Literal["none", "calm", "noisy", "chaotic", "skewed", "jumps"]
Response = Callable[[Floats], Floats]

#: standard deviation, at each probe, of what a key adds to an outcome
SCALE: dict[Noise, float] = {"none": 0.0, "calm": 0.01, "noisy": 0.1, "chaotic": 0.1, "skewed": 0.1, "jumps": 0.1}
#: how often a key lets an item's effect jump
JUMP = 0.1
#: chaos: how fast the response turns with the weights; a wiggle of 1e-4 turns it by a hundred radians
TURNS = 1e6


@dataclass(frozen=True)
class Draws:
    """What keys draw, any leading shape: ``shift`` (…, P), ``slope`` and ``turn`` (…, F, P), ``phase`` (…, P).

    All have mean zero (but the phase) and slopes variance one: normal, skewed (exponential), or jumps (the same at all
    probes, once in ten keys), as the noise says.
    """

    shift: Floats
    slope: Floats
    turn: Floats
    phase: Floats

    @classmethod
    def of(
        cls, rng: np.random.Generator, shape: tuple[int, ...], items: int, probes: int, noise: Noise = "noisy"
    ) -> Draws:
        """Independent draws of the given shape."""
        return cls(
            rng.standard_normal((*shape, probes)),
            _slopes(rng, (*shape, items, probes), noise),
            rng.standard_normal((*shape, items, probes)),
            rng.uniform(0.0, 2.0 * np.pi, (*shape, probes)),
        )

    def take(self, index: Any) -> Draws:
        """Draws at an index of the leading axes."""
        return Draws(self.shift[index], self.slope[index], self.turn[index], self.phase[index])


def _slopes(rng: np.random.Generator, shape: tuple[int, ...], noise: Noise) -> Floats:
    if noise == "skewed":
        return rng.exponential(1.0, shape) - 1.0
    if noise == "jumps":
        jumped = rng.random((*shape[:-1], 1)) < JUMP
        return np.broadcast_to((jumped - JUMP) / np.sqrt(JUMP * (1.0 - JUMP)), shape)
    return rng.standard_normal(shape)


@dataclass(frozen=True)
class Toy:
    """A system whose mean response is ``response`` of the items' levels, at P probes.

    An item's level is the score of its variant times its multiplicity; absent is level 0. Noise of mean zero is added:
    ``calm`` and ``noisy`` keys shift the outcome and give every item that is there a slope of its own, so that also
    items without effect respond under each single key; ``chaotic`` keys add a function of the weights that turns so
    fast that common random numbers buy nothing.

    Attributes:
        name: of the toy.
        scores: (F, V) level of each variant, NaN where there is none; column 1 (absent) is zero.
        response: (…, F) levels -> (…, P) mean outcomes, a polynomial of degree one in each level where
            ``multilinear``.
        probes: P.
        noise: what keys add.
        beliefs: (F, V) the law's marginals.
        standing: variant ids that stand instead of *as written*, by item id.
        group: group of each item.
        fails_every: one in so many rows fails, decided by what the row is; 0 is never.
    """

    name: str
    scores: Floats
    response: Response
    probes: int
    beliefs: Floats
    noise: Noise = "calm"
    multilinear: bool = True
    standing: dict[str, str] = field(default_factory=dict)
    group: tuple[str, ...] = ()
    fails_every: int = 0
    kind: str = "toy"
    revision: str = "1"
    weighted: bool = True

    @property
    def traits(self) -> Traits:
        """Where the response has degree one in each level, and noise does not turn, gradients are differences."""
        smooth = self.multilinear and self.weighted and self.noise != "chaotic"
        return Traits(() if self.noise == "none" else ("noise",), weighted=self.weighted, gradients=smooth)

    def record(self) -> dict[str, Json]:
        return {"name": self.name, "noise": self.noise}

    @cached_property
    def seed(self) -> Seed:
        """Items ``a``, ``b``, … with as many variants as there are scores."""
        items = []
        for f, row in enumerate(self.scores):
            name = chr(ord("a") + f)
            others = tuple(
                Variant(id=f"w{v}", payload=Text(text=f"{name}, wording {v}"))
                for v in range(2, len(row))
                if not np.isnan(row[v])
            )
            group = self.group[f] if self.group else ""
            items.append(Item(id=name, payload=Text(text=f"{name}, as written"), group=group, alternatives=others))
        return Seed(items=tuple(items), standing=self.standing)

    @cached_property
    def materials(self) -> Materials:
        """The toy's seed with P probes that it never reads."""
        probes = tuple(Probe(id=str(p), payload=Text(text=f"probe {p}")) for p in range(self.probes))
        return Materials(self.seed, probes)

    def problem(self, stream: int = 0, first_key: int = 0) -> Problem:
        """The toy's law and geometry, ready for an estimator."""
        return Problem(
            self.seed,
            Law("belief", self.beliefs),
            self.geometry(self.materials),
            not self.traits.streams,
            self.weighted,
            stream,
            first_key,
        )

    # --- the system protocol ---

    def check(self, materials: Materials) -> None: ...

    def places(self, materials: Materials) -> tuple[Probe, ...]:
        return materials.probes

    def geometry(self, materials: Materials) -> Identity:
        return Identity(np.full(self.probes, 1.0 / self.probes))

    def cost(self, materials: Materials) -> Cost:
        return Cost()

    def train(self, rows: Rows, materials: Materials) -> Outcomes:
        drawn = self._drawn(rows, materials)
        values = self.outcomes(rows.variants, rows.multiplicity, drawn).astype(np.float32)
        ok = self._trains(rows)
        values[~ok] = np.nan
        return Outcomes(values, ok, {int(r): "this row fails" for r in np.flatnonzero(~ok)})

    def pull_back(self, rows: Rows, materials: Materials, cotangents: Floats) -> Floats:
        """(R, P) cotangents -> (R, S) exact gradients: a response of degree one in a level moves by f(1) − f(0)."""
        assert self.traits.gradients, f"the toy {self.name!r} has no gradients under {self.noise} keys"
        z, slots = self.levels(rows.variants, rows.multiplicity), materials.slots
        of_level, of_presence = np.empty(z.shape), np.empty(z.shape)
        slope = SCALE[self.noise] * self._drawn(rows, materials).slope
        for f in range(z.shape[1]):
            there, gone = z.copy(), z.copy()
            there[:, f], gone[:, f] = 1.0, 0.0
            of_level[:, f] = ((self.response(there) - self.response(gone)) * cotangents).sum(1)
            of_presence[:, f] = (slope[:, f] * cotangents).sum(1)
        score = np.nan_to_num(self.scores)[slots.items, slots.variants]
        presence = self.presence(slots.variants)
        found: Floats = of_level[:, slots.items] * score + of_presence[:, slots.items] * presence
        found[~self._trains(rows)] = np.nan
        return found

    def _drawn(self, rows: Rows, materials: Materials) -> Draws:
        """What each row's key draws."""
        keys, index = np.unique(rows.stream("noise"), return_inverse=True)
        shape = ((), len(self.scores), self.probes, self.noise)
        if not len(keys):
            return Draws.of(generator(0), (0,), *shape[1:])
        each = [Draws.of(generator(materials.root, "noise", int(k)), *shape) for k in keys]
        drawn = Draws(*(np.stack([getattr(d, n) for d in each]) for n in ("shift", "slope", "turn", "phase")))
        return drawn.take(index)

    def _trains(self, rows: Rows) -> NDArray[np.bool_]:
        """(R,) whether each row trains: one in ``fails_every`` does not, and none whose weights are no numbers."""
        weights = np.ones((len(rows), 1)) if rows.multiplicity is None else rows.multiplicity
        fine = np.asarray(np.isfinite(weights).all(1))
        if not self.fails_every:
            return fine
        place = 1 + np.arange(len(self.scores))
        name = rows.variants @ place + 7 * rows.keys
        if rows.multiplicity is not None:
            name = name + np.rint(1e4 * np.nan_to_num(rows.multiplicity)).astype(np.int64) @ place**2
        return np.asarray(fine & (name % self.fails_every != 0))

    # --- the same, on arrays ---

    def levels(self, variants: NDArray[Any], multiplicity: NDArray[Any] | None = None) -> Floats:
        """(…, F) variants -> (…, F) levels."""
        z: Floats = np.nan_to_num(self.scores)[np.arange(len(self.scores)), variants]
        return z if multiplicity is None else z * multiplicity

    def mean(self, variants: NDArray[Any], multiplicity: NDArray[Any] | None = None) -> Floats:
        """(…, F) variants -> (…, P) mean outcomes, exactly."""
        return self.response(self.levels(variants, multiplicity))

    def presence(self, variants: NDArray[Any], multiplicity: NDArray[Any] | None = None) -> Floats:
        """(…, F): 0 for absent, else a number that tells the variant, times the multiplicity."""
        x: Floats = np.where(variants == 1, 0.0, np.where(variants == 0, 1.0, variants / 2.0))
        return x if multiplicity is None else x * multiplicity

    def outcomes(self, variants: NDArray[Any], multiplicity: NDArray[Any] | None, drawn: Draws) -> Floats:
        """(…, F) variants under draws of a broadcastable leading shape -> (…, P) outcomes."""
        mean = self.mean(variants, multiplicity)
        scale = SCALE[self.noise]
        if scale == 0.0:
            return mean
        x = self.presence(variants, multiplicity)
        if self.noise == "chaotic":
            angle = TURNS * np.einsum("...f,...fp->...p", x, drawn.turn) + drawn.phase
            noise: Floats = np.sqrt(2.0) * np.cos(angle)
        else:
            noise = drawn.shift + np.einsum("...f,...fp->...p", x, drawn.slope)
        return mean + scale * noise
