"""Every seam of activeseed on one page.

Each family (embedders, perturbations, systems, estimators, distances, questions, annotators, executors, stores) is a
set of siblings behind one small protocol. What only some members can do is a capability protocol (``Supports…``). A
third party passes any object that satisfies the protocol, or names it ``package.module:Name`` in the configuration.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, runtime_checkable

if TYPE_CHECKING:  # seams are only described here: whoever asks for an event needs no arrays
    import numpy as np
    from numpy.typing import NDArray

    from activeseed.outcome import Estimate, Geometry, Outcomes, Ranking
    from activeseed.plan import Design, Floats, Law, Materials, Rows
    from activeseed.question import Answer, Question, Reply, Settled
    from activeseed.seed import Item, Probe, Seed

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


# --- forms of questions -----------------------------------------------------------------------------------------

#: what an answer is about: one item, read by itself; each of the items, a line each; the items as one; something else
About: TypeAlias = Literal["item", "lines", "together", "else"]


class Pace(Protocol):
    """Expected minutes: of a question about one item, of a line of a list, of an example that is written."""

    @property
    def minutes(self) -> float: ...
    @property
    def minutes_line(self) -> float: ...
    @property
    def minutes_write_more(self) -> float: ...


class Respondent(Protocol):
    """Somebody simulated before one question: what they know of the truth, and how they err."""

    @property
    def guesses(self) -> bool:
        """Whether they answer what they don't know, too."""
        ...

    def right(self, item: str, shown: str) -> str:
        """The variant that is right, as the truth names it; empty where nobody told. ``shown`` stands before them."""
        ...

    def examples(self, group: str) -> Sequence[str]:
        """Texts of a group that the seed's author did not write."""
        ...

    def says(self, right: str, shown: str, possible: Sequence[str]) -> str:
        """One of the possible answers, as they behave."""
        ...

    def skims(self, stays: bool) -> bool:
        """Whether they let a line of a list stay, which is read less carefully."""
        ...


class Form(Protocol):
    """One kind of question: what people may answer, what that settles, how it is shown, what it costs.

    Attributes:
        kind: the name of its questions in journals, files and commands.
        replies: the answers that it takes; *skip* is one of them.
        about: what an answer is about. Of one item: it measures who gives it, may be asked again silently, and is stale
            once the item's text is another.
        sighted: whether people see what others answered: such an answer replaces what they said of the item before.
        asks: the question in two or three words.
        titled: what a collection of such questions is called.
        fields: what a Label Studio task of it holds beside ``question``, ``text`` and ``why`` (see
            ``annotator_templates/README.md``). With ``consequences``, what hangs on an item is trained and shown.
    """

    @property
    def kind(self) -> str: ...
    @property
    def replies(self) -> tuple[Reply, ...]: ...
    @property
    def about(self) -> About: ...
    @property
    def sighted(self) -> bool: ...
    @property
    def asks(self) -> str: ...
    @property
    def titled(self) -> str: ...
    @property
    def fields(self) -> tuple[str, ...]: ...
    def title(self, question: Question) -> str:
        """What is asked, as a heading."""
        ...

    def people(self, annotators: int) -> int:
        """How many people answer a question, in a study where so many answer each."""
        ...

    def minutes(self, pace: Pace, parts: int = 1) -> float:
        """Expected minutes of a question of so many items, lines or examples."""
        ...

    def settles(self, question: Question, answer: Answer, items: Mapping[str, Item]) -> Settled:
        """What an answer with one of its verdicts settles, given the items that the seed has now, by id."""
        ...

    def simulated(self, question: Question, person: Respondent) -> dict[str, Any]:
        """The fields of the answer that somebody simulated gives: ``verdict`` and what it needs."""
        ...


@dataclass(frozen=True)
class Dispute:
    """A place that plausible seeds judge differently.

    Attributes:
        place: where.
        value: expected drop of the risk once a human has said what is right there.
        outcomes: (N,) what N draws of the belief come to there.
    """

    place: Probe
    value: float
    outcomes: Floats = field(repr=False)


@dataclass(frozen=True)
class Occasion:
    """What a form draws questions up from.

    Attributes:
        seed: as it stands.
        pace: expected minutes.
        n: how many questions are wanted at most.
        items, group: what was named.
        round: number of the batch.
        asked: every question of the study so far.
        show_belief: whether annotators are told what the machine believes.
        disputes: places that plausible seeds judge differently, most valuable first. Trains, where nothing was yet.
    """

    seed: Seed
    pace: Pace
    n: int = 1
    items: tuple[str, ...] = ()
    group: str = ""
    round: int = 0
    asked: Sequence[Question] = ()
    show_belief: bool = False
    disputes: Callable[[], Sequence[Dispute]] = tuple

    def id(self, k: int = 1) -> str:
        """The id of the k-th question, from 1."""
        return f"r{self.round:03d}-{k:02d}"


@runtime_checkable
class SupportsDrawing(Protocol):
    """A form whose questions can be asked for by its name."""

    def draw(self, occasion: Occasion) -> Sequence[Question]:
        """Questions, most valuable first. Raises PlanError for what was named wrongly, with what to name."""
        ...


@runtime_checkable
class SupportsItems(Protocol):
    """A form in which items are asked about where nothing else is said."""

    def suits(self, item: Item) -> bool: ...


@runtime_checkable
class SupportsTemplate(Protocol):
    """A form with a labelling configuration of its own; without one, it is made of the form's replies."""

    def template(self) -> str: ...


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
        forms: kind -> form, of every kind of question that the study may ask; empty for those of the package.
    """

    folder: Path
    study: str
    title: str
    annotators: int = 1
    guidelines: str = ""
    forms: Mapping[str, Form] = field(default_factory=dict)


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
    """Runs batches and yields each as it completes, a bounded number in flight; closing it cancels what is pending."""

    def run(self, system: System, materials: Materials, batches: Iterable[Batch]) -> Iterator[tuple[int, Outcomes]]: ...
    def close(self) -> None: ...


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
    """An append-only journal and content-addressed artifacts."""

    def append(self, events: Sequence[Event]) -> list[Event]:
        """Write facts, all or none; returns those that were new, with sequence and time."""
        ...

    def read(self, since: int = 0) -> list[Event]: ...
    def put(self, arrays: dict[str, NDArray[Any]]) -> str:
        """Write arrays durably; returns their content hash. First writer wins."""
        ...

    def get(self, artifact: str) -> dict[str, NDArray[Any]]: ...


__all__ = [
    "About", "Annotator", "Assignment", "Batch", "Collected", "Cost", "Dispute", "Distance", "Embedder", "Estimator",
    "Event", "Executor", "Form", "Occasion", "Pace", "Perturbation", "Problem", "Request", "Respondent", "Run", "Store",
    "SupportsAssignment", "SupportsCollecting", "SupportsDrawing", "SupportsGradients", "SupportsItems",
    "SupportsOrder", "SupportsRecord", "SupportsTemplate", "SupportsUnaffordable", "System",
]  # fmt: skip
