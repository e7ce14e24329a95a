"""Every seam of activeseed on one page.

Each family (embedders, perturbations, systems, estimators, distances, annotators, executors, stores) is a set of
siblings behind one small protocol. What only some members can do is a capability protocol (``Supports…``). A third
party passes any object that satisfies the protocol, or names it ``package.module:Name`` in the configuration.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, runtime_checkable

if TYPE_CHECKING:  # seams are only described here: whoever asks for an event needs no arrays
    import numpy as np
    from numpy.typing import NDArray

    from activeseed.outcome import Estimate, Geometry, Outcomes, Ranking
    from activeseed.plan import Design, Floats, Law, Materials, Rows
    from activeseed.question import Answer, Question
    from activeseed.seed import Probe, Seed

# --- embedders --------------------------------------------------------------------------------------------------


class Embedder(Protocol):
    """Texts to vectors, deterministic. ``revision`` changes whenever the vectors would."""

    @property
    def revision(self) -> str: ...
    def fit(self, texts: Sequence[str]) -> Embedder:
        """An embedder fitted on all texts of a study (itself, where nothing is fitted)."""
        ...

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(n, d) features, rows of unit length."""
        ...


# --- perturbations ----------------------------------------------------------------------------------------------


class Perturbation(Protocol):
    """Adds variants to a seed, never beliefs."""

    def variants(self, seed: Seed) -> Seed: ...


# --- systems ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cost:
    """What one row costs: ``bytes`` of memory in a batch, ``multiply_adds`` of arithmetic (0 = unknown)."""

    bytes: int = 0
    multiply_adds: int = 0


@runtime_checkable
class System(Protocol):
    """A trainer²: rows in, outcomes out.

    Attributes:
        kind: tag in the configuration.
        revision: changes whenever the same record would train differently.
        streams: names of the key streams that vary the result; empty for a deterministic trainer.
        weighted: whether it understands fractional weights (the null ladder wiggles them).
    """

    @property
    def kind(self) -> str: ...
    @property
    def revision(self) -> str: ...
    @property
    def streams(self) -> tuple[str, ...]: ...
    @property
    def weighted(self) -> bool: ...
    def check(self, materials: Materials) -> None:
        """Raise PlanError when these materials can't be trained on; called before any training."""
        ...

    def places(self, materials: Materials) -> tuple[Probe, ...]:
        """The P places at which outcomes are read: the probes, or the pool when the policy is ranked."""
        ...

    def geometry(self, materials: Materials) -> Geometry:
        """The geometry in which its outcomes are compared."""
        ...

    def cost(self, materials: Materials) -> Cost: ...
    def train(self, rows: Rows, materials: Materials) -> Outcomes:
        """Train every row, batched where the system can. A row that fails is a recorded failure, never a default."""
        ...


@runtime_checkable
class SupportsRecord(Protocol):
    """Says everything that determines its outcomes, as JSON: part of every row's name."""

    def record(self) -> dict[str, Any]: ...


@runtime_checkable
class SupportsGradients(Protocol):
    """Vector-Jacobian products in variant weights: (R, P) cotangents -> (R, S) gradients."""

    def pull_back(self, rows: Rows, materials: Materials, cotangents: Floats) -> Floats: ...


# --- estimators -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Request:
    """Train these rows at these probes (all, when ``probes`` is None); ``purpose`` stands in progress and journal.

    With ``cotangents`` (R, P) the request is for vector-Jacobian products instead, and needs SupportsGradients. With
    ``fresh`` equal rows are trained as often as they come: that is what a re-run is.
    """

    design: Design
    purpose: str
    probes: tuple[int, ...] | None = None
    cotangents: Floats | None = None
    fresh: bool = False


@dataclass(frozen=True)
class Problem:
    """What an estimator is asked about.

    Attributes:
        seed: items, variants, and what stands.
        law: product of the belief's marginals, over the same factors: indices are about it.
        rows_law: law from which regression rows are drawn, where it is not ``law``: rows of one law serve any other,
            so beliefs that the rows themselves inform need no second training. Where the response has interactions,
            an item's index averages over the others as the rows have them, and the ranking says so.
        geometry: embeds outcomes.
        deterministic: the trainer has no key streams, so one key says all.
        weighted: the trainer understands fractional weights.
        stream: 128-bit key from which designs draw their rows.
        first_key: replicate numbers from here on are the estimator's own.
        held: items without which nothing trains: they are left out by no resampling.
    """

    seed: Seed
    law: Law
    geometry: Geometry
    deterministic: bool
    weighted: bool
    stream: int
    first_key: int = 0
    rows_law: Law | None = None
    held: tuple[int, ...] = ()

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(i.id for i in self.seed.items)

    @property
    def base(self) -> tuple[int, ...]:
        return self.seed.base


Run: TypeAlias = "Generator[Request, Outcomes, Ranking]"


class Estimator(Protocol):
    """Yields requests, is sent outcomes, returns a ranking. One-shot designs yield once, races many times."""

    @property
    def kind(self) -> str: ...
    def rows(self, problem: Problem) -> int:
        """How many trainings a run will ask for at most: what ``check`` prints."""
        ...

    def run(self, problem: Problem) -> Run: ...


@runtime_checkable
class SupportsUnaffordable(Protocol):
    """Says, before anything is trained, what a ranking of so many items will have to go without."""

    def unaffordable(self, problem: Problem) -> tuple[str, ...]:
        """A sentence for each thing that is missing, with what would afford it; empty when nothing is."""
        ...


# --- distances --------------------------------------------------------------------------------------------------


class Distance(Protocol):
    """How far two sets of outcomes (R, P), (R′, P) are apart; says whether it is a bound."""

    def __call__(self, a: NDArray[Any], b: NDArray[Any]) -> Estimate: ...


# --- annotators -------------------------------------------------------------------------------------------------


class Annotator(Protocol):
    """A channel to humans. Never blocks: hours may pass between ``submit`` and an answer.

    ``submit`` is idempotent by question id: what is already there is not put there twice.
    """

    @property
    def kind(self) -> str: ...
    def submit(self, questions: Sequence[Question], seed: Seed) -> None: ...
    def poll(self, pending: Sequence[Question]) -> list[Answer]:
        """Answers to pending questions that have arrived; an answer may be delivered again."""
        ...

    def withdraw(self, questions: Sequence[Question]) -> list[str]:
        """Take back questions nobody has touched; returns the ids that are gone."""
        ...


@dataclass(frozen=True)
class Assignment:
    """What a channel is told of the study that it works for.

    Attributes:
        folder: the project folder; a channel may keep what it can rebuild in its ``.activeseed``.
        study: names the study among all studies, also from another machine.
        title: what people may call it.
        annotators: how many people are to answer each question.
        guidelines: Markdown for annotators; empty for none.
    """

    folder: Path
    study: str
    title: str
    annotators: int = 1
    guidelines: str = ""


@runtime_checkable
class SupportsAssignment(Protocol):
    """A record that becomes a channel once it knows the study."""

    def assigned(self, assignment: Assignment) -> Annotator: ...


@dataclass(frozen=True)
class Collected:
    """What a channel brought back since it was last read.

    Attributes:
        answers: given or edited since; an edited answer comes under an id of its own and replaces its author's former.
        deleted: id of an answer that was collected earlier and that its author has deleted since -> why.
        dropped: id of a question that people took out of the channel without answering it -> why.
        absent: ids of questions that the channel holds nothing of, though it may have held them: what was sent there
            and is still pending is sent again. Only channels that can lose what they know of a server say so.
        problems: sentences about what could not be read, each with where it is and what to do.
        mark: how far the channel was read, for ``acknowledge``.
    """

    answers: tuple[Answer, ...] = ()
    deleted: Mapping[str, str] = field(default_factory=dict)
    dropped: Mapping[str, str] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()
    problems: tuple[str, ...] = ()
    mark: Any = None


@runtime_checkable
class SupportsCollecting(Protocol):
    """Reads only what is new, and notices what people changed or deleted after it was collected.

    Nothing counts as delivered before it is acknowledged, which the study does once it is in the journal: a process
    that dies in between is given the same again.
    """

    def collect(self, asked: Sequence[Question], known: Sequence[Answer]) -> Collected:
        """What happened to questions that were asked, given the answers that the study holds and nobody took back.

        ``known`` has them in the order of arrival, also those that their authors have changed since.
        """
        ...

    def acknowledge(self, collected: Collected) -> None: ...


@runtime_checkable
class SupportsOrder(Protocol):
    """Serves questions in an order that may change while they wait."""

    def reorder(self, questions: Sequence[Question]) -> None:
        """From now on serve these first to last; questions that are answered or gone are passed over."""
        ...


# --- executors --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Batch:
    """Rows that train together. ``id`` is a number within its request."""

    id: int
    rows: Rows = field(repr=False)


class Executor(Protocol):
    """Runs batches and yields each once, as it completes, a bounded number in flight."""

    def run(self, system: System, materials: Materials, batches: Iterable[Batch]) -> Iterator[tuple[int, Outcomes]]:
        """(batch id, outcomes). Closing the iterator, where it can be closed, cancels what is in flight."""
        ...

    def close(self) -> None:
        """End workers and give back what is held. Closing twice is harmless; a later run starts anew."""
        ...


@runtime_checkable
class SupportsCores(Protocol):
    """Trains several rows at the same time."""

    @property
    def cores(self) -> int: ...


# --- store ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Event:
    """A fact. ``sequence`` orders a study's facts; ``at`` is ISO 8601; ``schema`` is the version of ``body``'s shape.

    ``key``, where given, is unique in a journal: a second fact with the same key is dropped, so that whatever is
    delivered twice (an answer, a finished batch, a decision) is recorded once.
    """

    kind: str
    body: dict[str, Any]
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

    def put(self, arrays: Mapping[str, NDArray[Any]]) -> str:
        """Write arrays durably; returns their content hash. First writer wins."""
        ...

    def get(self, artifact: str) -> dict[str, NDArray[Any]]:
        """All arrays of an artifact. Raises StoreError where it is missing or damaged."""
        ...

    def names_in(self, artifact: str) -> list[str] | None:
        """What its array ``names`` says, without reading the others; None where it is missing or damaged."""
        ...

    def close(self) -> None:
        """Give back connections and files. Closing twice is harmless."""
        ...


__all__ = [
    "Annotator", "Assignment", "Batch", "Collected", "Cost", "Distance", "Embedder", "Estimator", "Event",
    "Executor", "Perturbation", "Problem", "Request", "Run", "Store", "SupportsAssignment", "SupportsCollecting",
    "SupportsCores", "SupportsGradients", "SupportsOrder", "SupportsRecord", "SupportsUnaffordable", "System",
]  # fmt: skip
