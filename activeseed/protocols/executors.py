"""Executors: what runs batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:  # seams are only described here: whoever asks for an event needs no arrays
    from activeseed.outcome import Outcomes
    from activeseed.plan import Floats, Materials, Rows
    from activeseed.protocols.systems import System
    from activeseed.seed import Json


@dataclass(frozen=True)
class Batch:
    """Rows that train together, and what is wanted of them.

    Attributes:
        id: a number within its request.
        rows: of items alone.
        places: numbers of the probes at which they are trained; None is all of them.
        settings: values of the system's settings under which they are trained, where not its record's.
        cotangents: (R, P) for vector-Jacobian products instead of outcomes.
        state: name of a state, for that instead of outcomes.
    """

    id: int
    rows: Rows = field(repr=False)
    places: tuple[int, ...] | None = None
    settings: Mapping[str, Json] = field(default_factory=dict)
    cotangents: Floats | None = field(default=None, repr=False)
    state: str = ""

    def take(self, index: slice) -> Batch:
        """Some of its rows."""
        cotangents = None if self.cotangents is None else self.cotangents[index]
        return replace(self, rows=self.rows.take(index), cotangents=cotangents)


class Executor(Protocol):
    """Runs batches and yields each once, as it completes, a bounded number in flight."""

    @property
    def kind(self) -> str: ...
    def run(self, system: System, materials: Materials, batches: Iterable[Batch]) -> Iterator[tuple[int, Outcomes]]:
        """(batch id, outcomes). Closing the iterator, where it can be closed, cancels what is in flight."""
        ...

    def close(self) -> None:
        """End workers and give back what is held. Closing twice is harmless; a later run starts anew."""
        ...


@runtime_checkable
class SupportsCores(Protocol):
    """An executor on which several trainings go on at the same time."""

    @property
    def cores(self) -> int: ...
