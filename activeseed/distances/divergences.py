"""Distances between probabilities, a place at a time, or between distributions over the places.

An outcome that is a probability at each place is a field of Bernoulli distributions: its distance is the weighted mean
over places of theirs, so that everything is per probe. An outcome that is a distribution over the places (a policy) is
compared as one, and weights of places say nothing there. What embeds, and why: for a place, f-divergences whose square
root is a Hilbert metric; sums with weights above zero keep that.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import ClassVar, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from activeseed.checked import SettingsRecord
from activeseed.distances.reading import distributions, known_or_nan, probabilities, weighed
from activeseed.plan import Floats
from activeseed.protocols.distances import Metric

#: what an outcome is: a probability at each place, or a distribution over the places
Read: TypeAlias = Literal["probabilities", "distribution"]
Values: TypeAlias = NDArray[np.floating]
#: (p, q) -> what each atom adds
Atoms: TypeAlias = Callable[[Floats, Floats], Floats]


class KullbackLeibler(SettingsRecord):
    """Relative entropy, in nats: what is lost where the one is taken for the other (Kullback & Leibler 1951).

    KL(p‖q) = Σ p log(p/q), in [0, ∞]: infinite where q holds impossible what p holds possible, and never clipped.
    Not symmetric; neither it nor its root is a metric, and it doesn't embed (no asymmetric function does).

    Attributes:
        direction: ``forward`` is KL(first‖second), ``reverse`` KL(second‖first).
        smoothing: share of an even distribution mixed into both, so that it is finite; 0 mixes in none.
        reads: what an outcome is.
    """

    kind: Literal["kl"] = "kl"
    direction: Literal["forward", "reverse"] = "forward"
    smoothing: float = Field(default=0.0, ge=0.0, lt=1.0)
    reads: Read = "probabilities"
    unit: ClassVar[str] = "nats"
    symmetric: ClassVar[bool] = False
    embeds: ClassVar[bool] = False
    metric: ClassVar[Metric] = ""

    @property
    def words(self) -> str:
        which = "" if self.direction == "forward" else ", reverse"
        return f"Kullback–Leibler divergence{which}{_smoothed(self.smoothing)}"

    @property
    def largest(self) -> float:
        """KL is convex, so it is largest at the ends: (1 − ε) log((2 − ε)/ε) at a place."""
        return _most(self.smoothing) if self.reads == "probabilities" else math.inf

    def between(self, first: Values, second: Values, weights: Floats) -> Floats:
        """See ``protocols.Distance``; infinite where it is. Cost: O(P) a pair."""
        a, b = (first, second) if self.direction == "forward" else (second, first)
        return _summed(self.reads, _relative, a, b, weights, self.smoothing)


class Jeffreys(SettingsRecord):
    """KL both ways, in nats (Jeffreys 1946): Σ (p − q) log(p/q), in [0, ∞].

    Symmetric; neither it nor its root is a metric. It doesn't embed: (p − q)(log p − log q) is the difference of two
    squares, ¼(Δ(p + log p))² − ¼(Δ(p − log p))², and the second is not outweighed for every set of outcomes.

    Attributes:
        smoothing: as of ``KullbackLeibler``.
        reads: what an outcome is.
    """

    kind: Literal["jeffreys"] = "jeffreys"
    smoothing: float = Field(default=0.0, ge=0.0, lt=1.0)
    reads: Read = "probabilities"
    unit: ClassVar[str] = "nats"
    symmetric: ClassVar[bool] = True
    embeds: ClassVar[bool] = False
    metric: ClassVar[Metric] = ""

    @property
    def words(self) -> str:
        return f"Jeffreys divergence{_smoothed(self.smoothing)}"

    @property
    def largest(self) -> float:
        return 2.0 * _most(self.smoothing) if self.reads == "probabilities" else math.inf

    def between(self, first: Values, second: Values, weights: Floats) -> Floats:
        """See ``protocols.Distance``; infinite where it is. Cost: O(P) a pair."""
        both = lambda p, q: _relative(p, q) + _relative(q, p)  # noqa: E731 (a sum of two known functions)
        return _summed(self.reads, both, first, second, weights, self.smoothing)


class JensenShannon(SettingsRecord):
    """Mean KL from either to their middle, in nats (Lin 1991): in [0, log 2].

    Its root is a metric (Endres & Schindelin 2003) and embeds in a Hilbert space (Fuglede & Topsøe 2004, theorem 1),
    for distributions of any size, so for the mean over places too.

    Attributes:
        reads: what an outcome is.
    """

    kind: Literal["jensen_shannon"] = "jensen_shannon"
    reads: Read = "probabilities"
    words: ClassVar[str] = "Jensen–Shannon divergence"
    unit: ClassVar[str] = "nats"
    symmetric: ClassVar[bool] = True
    embeds: ClassVar[bool] = True
    metric: ClassVar[Metric] = "root"
    largest: ClassVar[float] = math.log(2.0)

    def between(self, first: Values, second: Values, weights: Floats) -> Floats:
        """See ``protocols.Distance``. Cost: O(P) a pair."""
        return _summed(self.reads, middle, first, second, weights)


class Hellinger(SettingsRecord):
    """Squared Hellinger distance, ½ Σ (√p − √q)², in [0, 1] (Hellinger 1909).

    It is the squared Euclidean distance of √p/√2, so it embeds, and its root is a metric: the study's own geometry
    where outcomes are compared by ``hellinger``.

    Attributes:
        reads: what an outcome is.
    """

    kind: Literal["hellinger"] = "hellinger"
    reads: Read = "probabilities"
    words: ClassVar[str] = "squared Hellinger distance"
    unit: ClassVar[str] = "squared Hellinger distance"
    symmetric: ClassVar[bool] = True
    embeds: ClassVar[bool] = True
    metric: ClassVar[Metric] = "root"
    largest: ClassVar[float] = 1.0

    def between(self, first: Values, second: Values, weights: Floats) -> Floats:
        """See ``protocols.Distance``. Cost: O(P) a pair."""
        return _summed(self.reads, roots, first, second, weights)


class TotalVariation(SettingsRecord):
    """Total variation, ½ Σ |p − q|, in [0, 1]: the largest difference that any event's probability can make.

    At a place it is |p − q|. It is an L1 distance: a metric, and its root embeds (|p − q| is the squared L2 distance of
    the indicators of [0, p] and [0, q]; Deza & Laurent 1997, chapter 6).

    Attributes:
        reads: what an outcome is.
    """

    kind: Literal["total_variation"] = "total_variation"
    reads: Read = "probabilities"
    words: ClassVar[str] = "total variation"
    unit: ClassVar[str] = "probability"
    symmetric: ClassVar[bool] = True
    embeds: ClassVar[bool] = True
    metric: ClassVar[Metric] = "d"
    largest: ClassVar[float] = 1.0

    def between(self, first: Values, second: Values, weights: Floats) -> Floats:
        """See ``protocols.Distance``. Cost: O(P) a pair."""
        return _summed(self.reads, apart, first, second, weights)


#: any of them
Divergence: TypeAlias = KullbackLeibler | Jeffreys | JensenShannon | Hellinger | TotalVariation
#: kind -> the record
DIVERGENCES: dict[str, type[Divergence]] = {
    "kl": KullbackLeibler, "jeffreys": Jeffreys, "jensen_shannon": JensenShannon, "hellinger": Hellinger,
    "total_variation": TotalVariation,
}  # fmt: skip
#: how they are named where one of them is chosen
DivergenceKind: TypeAlias = Literal["kl", "jeffreys", "jensen_shannon", "hellinger", "total_variation"]


def middle(p: Floats, q: Floats) -> Floats:
    """What an atom adds to the Jensen–Shannon divergence."""
    m = (p + q) / 2.0
    return np.asarray((_relative(p, m) + _relative(q, m)) / 2.0, np.float64)


def roots(p: Floats, q: Floats) -> Floats:
    """What an atom adds to the squared Hellinger distance."""
    return np.asarray((np.sqrt(p) - np.sqrt(q)) ** 2 / 2.0, np.float64)


def apart(p: Floats, q: Floats) -> Floats:
    """What an atom adds to the total variation."""
    return np.asarray(np.abs(p - q) / 2.0, np.float64)


def _relative(p: Floats, q: Floats) -> Floats:
    from scipy.special import rel_entr

    return np.asarray(rel_entr(p, q), np.float64)


def _summed(read: Read, atoms: Atoms, first: Values, second: Values, weights: Floats, smoothing: float = 0.0) -> Floats:
    """(…) sums over atoms: over both values of each place, weighted, or over the places themselves."""
    if read == "distribution":
        p, q, _ = distributions(first, second, weights)
        p, q = (_mixed(x, smoothing, p.shape[-1]) for x in (p, q))
        return known_or_nan(atoms(p, q).sum(-1), p, q)
    p, q, w = probabilities(first, second, weights)
    p, q = (_mixed(x, smoothing, 2) for x in (p, q))
    return known_or_nan(weighed(atoms(p, q) + atoms(1.0 - p, 1.0 - q), w), p, q)


def _mixed(p: Floats, smoothing: float, atoms: int) -> Floats:
    return p if smoothing == 0 else (1.0 - smoothing) * p + smoothing / atoms


def _most(smoothing: float) -> float:
    """KL from one end to the other of a smoothed probability."""
    return math.inf if smoothing == 0 else (1.0 - smoothing) * math.log((2.0 - smoothing) / smoothing)


def _smoothed(smoothing: float) -> str:
    return f", smoothed by {smoothing:g}" if smoothing else ""
