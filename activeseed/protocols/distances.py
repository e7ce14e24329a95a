"""Distances: how far apart two outcomes are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias, runtime_checkable

if TYPE_CHECKING:  # seams are only described here: whoever asks for an event needs no arrays
    import numpy as np
    from numpy.typing import NDArray

    from activeseed.plan import Floats

#: what a distance compares: see ``Distance.reads``
Reads: TypeAlias = Literal["probabilities", "distribution", "numbers", "representations"]
#: which of d and √d obeys the triangle inequality, if any is known to
Metric: TypeAlias = Literal["d", "root", ""]


@dataclass(frozen=True)
class Estimate:
    """A number, how sure it is, and on which side of the truth it lies.

    Attributes:
        value: NaN where it can't be said.
        stderr: standard error; NaN where it is unknown, 0 where the number is exact.
        bound: ``point`` estimates the truth, ``lower`` was witnessed, so that the truth is no smaller, ``upper`` was
            proved, so that it is no larger. Bounds of different kinds are never compared in one ranking.
    """

    value: float
    stderr: float = float("nan")
    bound: Literal["point", "lower", "upper"] = "point"


class Distance(Protocol):
    """A distance between outcomes at shared places: a record with what holds of it.

    Attributes:
        kind: tag in the configuration.
        words: what it is called, for people: ``Jensen–Shannon divergence``.
        unit: what it is measured in, for headings: ``nats``, ``share of probes``.
        reads: what it compares: a ``probabilities`` at each place (Bernoulli), a ``distribution`` over the places,
            any ``numbers`` at the places (distances of rankings take their order alone), or ``representations``
            (P, h) of the places.
        symmetric: d(a, b) = d(b, a).
        embeds: √d embeds in a Hilbert space (d is conditionally negative definite), so that a variance decomposes.
        metric: ``d`` obeys the triangle inequality, ``root`` where √d does, empty where neither is claimed.
        largest: the largest value, infinity where there is none.
    """

    @property
    def kind(self) -> str: ...
    @property
    def words(self) -> str: ...
    @property
    def unit(self) -> str: ...
    @property
    def reads(self) -> Reads: ...
    @property
    def symmetric(self) -> bool: ...
    @property
    def embeds(self) -> bool: ...
    @property
    def metric(self) -> Metric: ...
    @property
    def largest(self) -> float: ...
    def between(self, first: NDArray[np.floating], second: NDArray[np.floating], weights: Floats) -> Floats:
        """(…, P) outcomes, or (…, P, h) representations, and (P,) weights that sum to one -> (…) distances.

        Leading dimensions broadcast. NaN where either holds a NaN. Raises PlanError, naming the place, for outcomes
        that it can't read: other places, a probability outside [0, 1], an infinite number.
        """
        ...


@runtime_checkable
class SupportsAllPairs(Protocol):
    """Knows a faster way to all distances between two sets of outcomes than pair by pair."""

    def all_pairs(self, first: NDArray[np.floating], second: NDArray[np.floating], weights: Floats) -> Floats:
        """(N, …) and (M, …) outcomes -> (N, M) distances, those of ``between`` up to rounding."""
        ...
