"""Stores: the journal and the artifacts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # seams are only described here: whoever asks for an event needs no arrays
    import numpy as np
    from numpy.typing import NDArray

    from activeseed.seed import Json


@dataclass(frozen=True)
class Event:
    """A fact. ``sequence`` orders a study's facts; ``at`` is ISO 8601; ``schema`` is the version of ``body``'s shape.

    ``key``, where given, is unique in a journal: a second fact with the same key is dropped, so that whatever is
    delivered twice (an answer, a finished batch, a decision) is recorded once.
    """

    kind: str
    body: dict[str, Json]
    key: str = ""
    sequence: int = 0
    at: str = ""
    schema: int = 1


class Store(Protocol):
    """The append-only journal of one study, and content-addressed artifacts.

    Several processes may use it at once. Within a study numbers come into sight in their order: whoever has read up to
    an event misses none before it. Studies in one place never see each other's events or keys.
    """

    def append(self, events: Sequence[Event], expect: int | None = None) -> list[Event]:
        """Write facts, all or none; returns those that were new, with sequence and time.

        Args:
            expect: the last sequence number that the writer has seen (0: none), where a decision must not be made
                twice.

        Raises:
            JournalMovedError: ``expect`` is not the last number any more. Nothing was written.
            StoreError: nothing could be written.
        """
        ...

    def read(self, since: int = 0) -> list[Event]:
        """Events after a sequence number, in order."""
        ...

    def put(self, arrays: Mapping[str, NDArray[np.generic]]) -> str:
        """Write arrays durably; returns their content hash. First writer wins."""
        ...

    def get(self, artifact: str) -> dict[str, NDArray[np.generic]]:
        """All arrays of an artifact. Raises StoreError where it is missing or damaged."""
        ...

    def names_in(self, artifact: str) -> list[str] | None:
        """What its array ``names`` says, without reading the others; None where it is missing or damaged."""
        ...

    def close(self) -> None:
        """Give back connections and files. Closing twice is harmless."""
        ...
