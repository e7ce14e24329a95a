"""A trainer whose outcome is a sum over the items that stand: what whole studies make of drafts is then a formula."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations, product
from typing import Any, ClassVar

import numpy as np

from activeseed.factor import Factor, setting_factor
from activeseed.geometries import Identity
from activeseed.outcome import Outcomes
from activeseed.plan import Floats, Materials, Rows, generator
from activeseed.protocols import Cost, Json, Traits
from activeseed.seed import ABSENT, AS_WRITTEN, Item, Probe, Seed, Text

#: probes of the toy
PROBES = 4


@dataclass(frozen=True)
class Summing:
    """The outcome is ``gain`` times the sum of the directions of the items that stand; each key may add noise.

    Attributes:
        weights: of each item; its direction at the probes has mean square one.
        gain: a setting of the trainer², which may also be twice as large.
        stays: probability in which the author believes of every item.
        noise: standard deviation of what a key adds at each probe.
    """

    weights: tuple[float, ...] = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
    gain: float = 1.0
    stays: float = 0.75
    noise: float = 0.0
    kind: ClassVar[str] = "summing"
    revision: ClassVar[str] = "1"

    @property
    def traits(self) -> Traits:
        return Traits(("noise",) if self.noise else ())

    def record(self) -> dict[str, Json]:
        return {"weights": list(self.weights), "gain": self.gain, "stays": self.stays, "noise": self.noise}

    @cached_property
    def directions(self) -> Floats:
        """(F, P) what each item adds to the outcome where it stands."""
        d: Floats = generator(11, "directions").standard_normal((len(self.weights), PROBES))
        d /= np.sqrt((d**2).mean(1, keepdims=True))
        return np.asarray(d * np.array(self.weights)[:, None], np.float64)

    @cached_property
    def seed(self) -> Seed:
        """Items ``a``, ``b``, …, each believed to stay."""
        belief = {AS_WRITTEN: self.stays, ABSENT: 1.0 - self.stays}
        return Seed(
            items=tuple(
                Item(id=chr(ord("a") + f), payload=Text(text=f"item {f}"), belief=belief)
                for f in range(len(self.weights))
            )
        )

    @cached_property
    def probes(self) -> tuple[Probe, ...]:
        return tuple(Probe(id=f"p{p}", payload=Text(text=f"case {p}")) for p in range(PROBES))

    # --- the system protocol ---

    def check(self, materials: Materials) -> None: ...

    def places(self, materials: Materials) -> tuple[Probe, ...]:
        return materials.probes

    def geometry(self, materials: Materials) -> Identity:
        return Identity(np.full(PROBES, 1.0 / PROBES))

    def cost(self, materials: Materials) -> Cost:
        return Cost(bytes=64, multiply_adds=PROBES * len(self.weights))

    def factors(self) -> tuple[Factor, ...]:
        return (setting_factor("gain", [self.gain, 2.0 * self.gain]),)

    def with_settings(self, settings: Mapping[str, Json]) -> Summing:
        changes: dict[str, Any] = dict(settings)
        return replace(self, **changes)

    def train(self, rows: Rows, materials: Materials) -> Outcomes:
        there = (materials.slots.index[np.arange(len(self.weights)), rows.variants] >= 0).astype(np.float64)
        values = self.gain * (there @ self.directions)
        if self.noise:
            drawn = [generator(materials.root, "noise", int(k)).standard_normal(PROBES) for k in rows.keys]
            values = values + self.noise * np.stack(drawn)
        return Outcomes(values.astype(np.float32), np.ones(len(rows), np.bool_))


@dataclass(frozen=True)
class Known:
    """What whole studies of this trainer come to, worked out.

    Everybody means every item to stand. A draft leaves each item out with the probability of the author's doubt; of
    those that are asked about, each is answered wrongly, that is left out, with the crew's error; the others stay as
    the draft has them.

    Attributes:
        system: the trainer.
        gains: that designs take.
        errors: error rate of each crew, of one person each.
        asked: for each method, the items that it asks about, by number.
    """

    system: Summing
    gains: tuple[float, ...]
    errors: tuple[float, ...]
    asked: tuple[tuple[int, ...], ...]

    @cached_property
    def _cells(self) -> tuple[Floats, Floats, Floats]:
        """Over (gain, error, method): (…, P) mean outcome, (…, F, P) what a draft's item adds, (…) noise."""
        d, stays = self.system.directions / np.sqrt(PROBES), self.system.stays  # embedded: divided by √P
        shape = (len(self.gains), len(self.errors), len(self.asked))
        mean, slope, noise = np.zeros((*shape, PROBES)), np.zeros((*shape, *d.shape)), np.zeros(shape)
        for g, e, m in product(*map(range, shape)):
            told = np.isin(np.arange(len(d)), self.asked[m])
            right = np.where(told, 1.0 - self.errors[e], stays)
            mean[g, e, m] = self.gains[g] * (right @ d)
            slope[g, e, m] = self.gains[g] * d * (~told)[:, None]
            slips = told * self.errors[e] * (1.0 - self.errors[e])
            noise[g, e, m] = self.gains[g] ** 2 * float(slips @ (d**2).sum(1))
        return mean, slope, noise

    @property
    def noise(self) -> float:
        """Variance of a study that is run again: what people's slips make of it."""
        return float(self._cells[2].mean())

    def variances(self) -> dict[str, float]:
        """Variance of each factor alone and of each two together, and ``spread``, all of it without noise."""
        mean, slope, _ = self._cells
        doubt = self.system.stays * (1.0 - self.system.stays)
        names = ("design", "annotators", "method")
        out: dict[str, float] = {}
        fixed, drafts = _components(mean), _components(slope)
        for axes, of in fixed.items():
            if axes:
                out[" × ".join(names[a] for a in axes)] = float((of**2).sum(-1).mean())
        for axes, of in drafts.items():
            out[" × ".join(["draft", *(names[a] for a in axes)])] = doubt * float((of**2).sum((-1, -2)).mean())
        return {**out, "spread": sum(out.values())}

    def outcome(self, draft: Floats, gain: int, error: int, method: int, slips: Floats) -> Floats:
        """(…, P) embedded final outcome of (…, F) drafts and slips of those who answer; indices broadcast.

        Args:
            draft: 1 where an item is there.
            gain, error, method: which of them.
            slips: (…, F) numbers in [0, 1): an answer is wrong where it is below the crew's error.
        """
        told = np.isin(np.arange(len(self.system.weights)), self.asked[method])
        stands = np.where(told, slips >= self.errors[error], draft > 0.5)
        return np.asarray(self.gains[gain] * (stands @ self.system.directions) / np.sqrt(PROBES), np.float64)


def _components(values: Floats) -> dict[tuple[int, ...], Floats]:
    """(a, b, c, …) values on a grid of three even factors -> their Sobol' components, by the axes that they hang on."""
    out: dict[tuple[int, ...], Floats] = {}
    for size in range(4):
        for axes in combinations(range(3), size):
            found = values.mean(tuple(a for a in range(3) if a not in axes), keepdims=True)
            for smaller in out:
                if set(smaller) < set(axes):
                    found = found - out[smaller]
            out[axes] = found
    return out


def crews_of(errors: Sequence[float]) -> tuple[dict[str, Any], ...]:
    """Crews of one person each, as records of the human level take them."""
    return tuple(
        {"name": f"errs {e:g}", "people": [{"name": "one", "behaviour": "erring", "error": e}]} for e in errors
    )
