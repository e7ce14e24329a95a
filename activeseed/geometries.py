"""Geometries: what a squared distance between outcomes means, and what is to be told from outcomes besides.

*Hellinger* on probabilities: φ(p) = (√p, √(1−p))/√2 at each place, so that a squared distance is the squared Hellinger
distance averaged over places, in [0, 1]. *Hellinger* on a distribution: φ(π) = √π/√2, in [0, 1]. *Identity*: a squared
difference averaged over places, in the outcome's own unit squared. *Blocks*: outcomes with parts of several kinds.

Whoever compares outcomes embeds them; what only some geometries can do (decode points, name the places where something
is decided, say an entropy) are capability protocols, and nobody asks which geometry it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from activeseed.plan import Floats, Ints
from activeseed.protocols import Geometry, SupportsDecisions, SupportsDecoding
from activeseed.seed import Probe

#: how a record of settings names a geometry
Compare = Literal["hellinger", "identity"]

_HELLINGER = "squared Hellinger distance"
_DIFFERENCE = "squared difference"
_AT_PROBES = "outcomes at the probes"


@dataclass(frozen=True)
class Hellinger:
    """A probability at each place.

    Attributes:
        weights: (P,) weights of the places, summing to one.
        over: what the outcomes are, for headings.
    """

    weights: Floats
    over: str = _AT_PROBES
    unit: str = field(default=_HELLINGER, init=False)

    def embed(self, values: NDArray[np.floating]) -> Floats:
        """(…, P) probabilities -> (…, 2P) points."""
        p = np.clip(np.asarray(values, np.float64), 0.0, 1.0)
        w = self.weights / 2.0
        return np.concatenate([np.sqrt(p * w), np.sqrt((1.0 - p) * w)], axis=-1)

    def decode(self, points: Floats) -> Floats:
        """(…, 2P) points -> (…, P) probabilities, from the half that holds √p."""
        root = points[..., : len(self.weights)] / np.sqrt(self.weights / 2.0)
        return np.asarray(np.clip(root, 0.0, 1.0) ** 2)

    @property
    def along(self) -> Ints:
        """See ``protocols.SupportsPlaces``: √p of every place, then √(1 − p)."""
        return np.tile(np.arange(len(self.weights)), 2)

    @property
    def decisions(self) -> Floats:
        """Every place, by its weight."""
        return self.weights

    def entropy(self, values: NDArray[np.floating]) -> Floats:
        """(…, P) -> (…) nats."""
        from scipy.special import entr

        p = np.clip(values, 0.0, 1.0)
        return np.asarray((entr(p) + entr(1.0 - p)) @ self.weights, np.float64)


@dataclass(frozen=True)
class DistributionHellinger:
    """A distribution over the places: outcomes are not negative and sum to one. No place is decided by itself."""

    over: str = "the distribution over the pool"
    unit: str = field(default=_HELLINGER, init=False)

    def embed(self, values: NDArray[np.floating]) -> Floats:
        """(…, P) distributions -> (…, P) points."""
        return np.sqrt(np.clip(np.asarray(values, np.float64), 0.0, None) / 2.0)

    def decode(self, points: Floats) -> Floats:
        """(…, P) points -> (…, P) distributions."""
        mass = np.clip(points, 0.0, None) ** 2
        total = mass.sum(-1, keepdims=True)
        even = np.full_like(mass, 1.0 / mass.shape[-1])
        return np.asarray(np.divide(mass, total, out=even, where=total > 0), np.float64)

    def entropy(self, values: NDArray[np.floating]) -> Floats:
        """(…, P) -> (…) nats."""
        from scipy.special import entr

        return np.asarray(entr(np.clip(values, 0.0, 1.0)).sum(-1), np.float64)


@dataclass(frozen=True)
class Identity:
    """Any number at each place.

    Attributes:
        weights: (P,) weights of the places, summing to one.
        over: what the outcomes are, for headings.
        decided: whether a number above ½ means that its place is approved.
    """

    weights: Floats
    over: str = _AT_PROBES
    decided: bool = True
    unit: str = field(default=_DIFFERENCE, init=False)

    def embed(self, values: NDArray[np.floating]) -> Floats:
        """(…, P) numbers -> (…, P) points."""
        scale: Floats = np.sqrt(self.weights)
        return np.asarray(values, np.float64) * scale

    def decode(self, points: Floats) -> Floats:
        """(…, P) points -> (…, P) numbers."""
        return np.asarray(points / np.sqrt(self.weights))

    @property
    def along(self) -> Ints:
        """See ``protocols.SupportsPlaces``."""
        return np.arange(len(self.weights))

    @property
    def decisions(self) -> Floats:
        """Every place by its weight, or none."""
        return self.weights if self.decided else np.zeros(len(self.weights))


@dataclass(frozen=True)
class Block:
    """A part of an outcome.

    Attributes:
        geometry: that this part is compared in.
        places: how many places it takes, after those of the blocks before it.
        weight: of its squared distances, above 0; blocks' weights count relative to their sum.
        where: what it is about, where several parts are compared alike: the state that a policy acts in.
        decided: whether what is likelier than not is done, or held true, of a part whose geometry decides nothing by
            itself: the action of a policy, the one who is taken for the user.
    """

    geometry: Geometry
    places: int
    weight: float = 1.0
    where: str = ""
    decided: bool = False

    @property
    def name(self) -> str:
        """What it is, and where."""
        return f"{self.geometry.over} {self.where}".rstrip()

    @property
    def decisions(self) -> Floats:
        """(places,) weights of the places as decisions, summing to one; all 0 where nothing is decided."""
        found = decisions_of(self.geometry)
        if found is None:
            return np.full(self.places, 1.0 / self.places if self.decided else 0.0)
        return found


@dataclass(frozen=True)
class Blocks:
    """Outcomes with parts of several kinds, side by side: squared distances are the parts', averaged by their weights.

    What a part can't do is left out: places of a part that doesn't decode are NaN, and nothing is decided there.
    """

    blocks: tuple[Block, ...]

    @property
    def over(self) -> str:
        *others, last = dict.fromkeys(b.geometry.over for b in self.blocks)
        return f"{', '.join(others)} and {last}" if others else last

    @property
    def unit(self) -> str:
        units = list(dict.fromkeys(b.geometry.unit for b in self.blocks))
        return units[0] if len(units) == 1 else f"mean of {' and '.join(units)}"

    @cached_property
    def weights(self) -> Floats:
        """(B,) weights of the blocks, summing to one."""
        given: Floats = np.array([b.weight for b in self.blocks], np.float64)
        return np.asarray(given / given.sum())

    def embed(self, values: NDArray[np.floating]) -> Floats:
        """(…, P) outcomes -> (…, D) points, the parts' side by side."""
        parts = np.split(np.asarray(values), self._edges, axis=-1)
        scaled = zip(self.blocks, parts, np.sqrt(self.weights), strict=True)
        return np.concatenate([root * b.geometry.embed(part) for b, part, root in scaled], axis=-1)

    def decode(self, points: Floats) -> Floats:
        """(…, D) points -> (…, P) outcomes; NaN in parts that can't be decoded."""
        parts = np.split(points, np.cumsum(self.widths)[:-1], axis=-1)
        out = []
        for block, part, root in zip(self.blocks, parts, np.sqrt(self.weights), strict=True):
            if isinstance(block.geometry, SupportsDecoding):
                out.append(block.geometry.decode(part / root))
            else:
                out.append(np.full((*part.shape[:-1], block.places), np.nan))
        return np.concatenate(out, axis=-1)

    @property
    def decisions(self) -> Floats:
        """(P,) the parts' decisions by the weights of the parts that decide anything."""
        out = np.concatenate([w * b.decisions for b, w in zip(self.blocks, self.weights, strict=True)])
        total = out.sum()
        return np.asarray(out / total) if total > 0 else out

    @property
    def _edges(self) -> list[int]:
        return [int(n) for n in np.cumsum([b.places for b in self.blocks])[:-1]]

    @cached_property
    def widths(self) -> tuple[int, ...]:
        """Dimensions of each part's points: those of any outcome will do."""
        even = [np.full(b.places, 1.0 / b.places) for b in self.blocks]
        return tuple(b.geometry.embed(e).shape[-1] for b, e in zip(self.blocks, even, strict=True))


def decisions_of(geometry: Geometry) -> Floats | None:
    """(P,) weights of the places as decisions, summing to one; None where nothing is decided anywhere."""
    if not isinstance(geometry, SupportsDecisions):
        return None
    found = np.asarray(geometry.decisions, np.float64)
    return found if found.any() else None


def decoded(geometry: Geometry, points: Floats) -> Floats | None:
    """(…, P) outcomes that points (…, D) stand for; None where the geometry can't say."""
    return geometry.decode(points) if isinstance(geometry, SupportsDecoding) else None


def at_places(places: Sequence[Probe], compare: Compare, over: str = _AT_PROBES) -> Hellinger | Identity:
    """The geometry of a number at each of these places, weighted as they say."""
    weights = np.array([p.weight for p in places], np.float64)
    weights = weights / weights.sum()
    return Hellinger(weights, over) if compare == "hellinger" else Identity(weights, over)


def of_distribution(places: int, compare: Compare, over: str) -> DistributionHellinger | Identity:
    """The geometry of a distribution over so many places, all alike."""
    if compare == "hellinger":
        return DistributionHellinger(over)
    return Identity(np.full(places, 1.0 / places), over, decided=False)
