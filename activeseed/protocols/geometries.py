"""Geometries: how outcomes are compared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:  # seams are only described here: whoever asks for an event needs no arrays
    import numpy as np
    from numpy.typing import NDArray

    from activeseed.plan import Floats, Ints


@runtime_checkable
class Geometry(Protocol):
    """Embeds outcomes so that a squared Euclidean distance means something.

    Attributes:
        unit: what a squared distance is measured in, for headings.
        over: what the outcomes are, for headings: ``outcomes at the probes``.
    """

    @property
    def unit(self) -> str: ...
    @property
    def over(self) -> str: ...
    def embed(self, values: NDArray[np.floating]) -> Floats:
        """(…, P) outcomes -> (…, D) points; squared distances are plain sums of squares."""
        ...


@runtime_checkable
class SupportsDecoding(Protocol):
    """Knows the outcomes that points stand for."""

    def decode(self, points: Floats) -> Floats:
        """(…, D) points -> (…, P) outcomes, the nearest possible ones; NaN at places where it can't say."""
        ...


@runtime_checkable
class SupportsDecisions(Protocol):
    """Knows at which places something is decided: approved where the outcome is above ½, and else not."""

    @property
    def decisions(self) -> Floats:
        """(P,) weight of each place as a decision, 0 where nothing is decided; they sum to one, or are all 0."""
        ...


@runtime_checkable
class SupportsEntropy(Protocol):
    """Outcomes are probabilities, so that they have an entropy."""

    def entropy(self, values: NDArray[np.floating]) -> Floats:
        """(…, P) outcomes -> (…) entropies in nats, averaged over places."""
        ...


@runtime_checkable
class SupportsPlaces(Protocol):
    """Squared distances are sums over places, so that each place's part can be told.

    Attributes:
        weights: (P,) weights of the places, summing to one.
        along: (D,) number of the place that each dimension of a point is about.
    """

    @property
    def weights(self) -> Floats: ...
    @property
    def along(self) -> Ints: ...
