"""Embedders: texts to vectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:  # seams are only described here: whoever asks for an event needs no arrays
    import numpy as np
    from numpy.typing import NDArray


class Embedder(Protocol):
    """Texts to vectors, deterministic. ``revision`` changes whenever the vectors would."""

    @property
    def kind(self) -> str: ...
    @property
    def revision(self) -> str: ...
    def fit(self, texts: Sequence[str]) -> Embedder:
        """An embedder fitted on all texts of a study (itself, where nothing is fitted)."""
        ...

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(n, d) features, rows of unit length."""
        ...


@runtime_checkable
class SupportsIds(Protocol):
    """Finds vectors that were computed elsewhere by the id of whatever a text belongs to."""

    def identified(self, ids: Mapping[str, str]) -> Embedder:
        """An embedder that looks a text up under its id; ``ids`` maps texts to ids."""
        ...


@runtime_checkable
class SupportsCentring(Protocol):
    """Says whether a study takes the mean vector of its texts off all of them, and scales them to unit length again."""

    @property
    def centred(self) -> bool: ...


@runtime_checkable
class SupportsLimits(Protocol):
    """Says in a sentence or two what its vectors don't tell apart: the report prints it."""

    @property
    def limits(self) -> str: ...


@runtime_checkable
class SupportsCutting(Protocol):
    """Reads the beginning of a text only. ``longest`` is how many tokens that is."""

    @property
    def longest(self) -> int: ...
    def cut(self, texts: Sequence[str]) -> list[int]:
        """Numbers of the texts whose end is not read."""
        ...
