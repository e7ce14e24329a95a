"""Every seam of activeseed on one page.

Each family (embedders, perturbations, systems, estimators, distances, questions, annotators, executors, stores) is a
set of siblings behind one small protocol. What only some members can do is a capability protocol (``Supports…``). A
third party passes any object that satisfies the protocol, or names it ``package.module:Name`` in the configuration.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NewType, Protocol, Self, TypeAlias, TypeVar, runtime_checkable

from activeseed.seed import Json

if TYPE_CHECKING:  # seams are only described here: whoever asks for an event needs no arrays
    import numpy as np
    from numpy.typing import NDArray

    from activeseed.column import Column
    from activeseed.contrast import Comparison
    from activeseed.factor import Factor
    from activeseed.outcome import (
        Outcomes,
        Ranking,  # noqa: F401 (named in a string: what analyses end in)
    )
    from activeseed.plan import Design, Floats, Law, Materials, Rows
    from activeseed.question import Answer, Question, Reply, Settled
    from activeseed.seed import Item, Probe, Seed

#: a name that this package doesn't have: a column of an estimator of one's own, a law (``package.module:Name``), a kind
#: of question; or one that was read from somewhere. Names of the package are literals, which mypy looks at.
Name = NewType("Name", str)

# --- what members of several families can do --------------------------------------------------------------------


@runtime_checkable
class SupportsLocating(Protocol):
    """Settings that name files by relative paths."""

    def located(self, folder: Path) -> Self:
        """The same settings, with relative paths read from a folder instead of the current one."""
        ...


# --- embedders --------------------------------------------------------------------------------------------------


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


# --- perturbations ----------------------------------------------------------------------------------------------


class Perturbation(Protocol):
    """Adds variants to a seed, never beliefs."""

    def variants(self, seed: Seed) -> Seed: ...


# --- geometries -------------------------------------------------------------------------------------------------


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


# --- systems ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cost:
    """What one row of a system costs, or all rows of an analysis at most.

    Attributes:
        bytes: memory in a batch; 0 for a system that trains one row after the other.
        multiply_adds: arithmetic; 0 where it is unknown.
        calls: calls of something that is paid by the call.
        money: what they cost, in the currency of ``[limits]``.
        trainings: what is trained, paid for and kept at once: a row, or, where the system trains cell by cell, a row
            at a place.
    """

    bytes: int = 0
    multiply_adds: int = 0
    calls: int = 0
    money: float = 0.0
    trainings: int = 1

    def __mul__(self, rows: int) -> Cost:
        """Of so many rows; memory is that of one, since a batch holds as many as fit."""
        return Cost(self.bytes, self.multiply_adds * rows, self.calls * rows, self.money * rows, self.trainings * rows)

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            max(self.bytes, other.bytes),
            self.multiply_adds + other.multiply_adds,
            self.calls + other.calls,
            self.money + other.money,
            self.trainings + other.trainings,
        )


@dataclass(frozen=True)
class Traits:
    """What a system declares of itself under its settings. Nothing of it is guessed.

    Attributes:
        streams: names of the key streams that vary the result; empty for a deterministic trainer.
        weighted: it understands fractional weights (the null ladder wiggles them).
        rows_at_a_time: rows don't influence each other, and an executor may cut a batch into pieces of so many; None
            for a trainer whose rows train together, in batches that stay whole. A trainer that says a number is tried
            out before anything else: it is taken to be of the user's own.
        memory_mb: it splits batches that take more than this by itself; None where it does not.
        per_cell: outcomes, failures and costs are those of a row at a place, not of a row.
        gradients: it can pull cotangents back (`SupportsGradients`) under these settings.
    """

    streams: tuple[str, ...] = ()
    weighted: bool = False
    rows_at_a_time: int | None = None
    memory_mb: int | None = None
    per_cell: bool = False
    gradients: bool = False


@runtime_checkable
class System(Protocol):
    """A trainer²: rows in, outcomes out.

    Attributes:
        kind: tag in the configuration.
        revision: changes whenever the same record would train differently.
        traits: what it declares of itself.
    """

    @property
    def kind(self) -> str: ...
    @property
    def revision(self) -> str: ...
    @property
    def traits(self) -> Traits: ...
    def record(self) -> dict[str, Json]:
        """Everything that determines its outcomes, as JSON: part of every row's name."""
        ...

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
class SupportsReading(Protocol):
    """Reads more of the materials than payloads, weights and probes (ids, groups, metadata)."""

    def also_reads(self, materials: Materials) -> Json:
        """What else may determine an outcome, as JSON: part of every row's name."""
        ...


@runtime_checkable
class SupportsPermission(Protocol):
    """Runs code that its settings name, which in a folder from a stranger may be anything."""

    def asking(self, permit: Callable[[], None]) -> Self:
        """The same trainer, which calls ``permit`` before it loads or starts anything: that raises where it may not."""
        ...


@runtime_checkable
class SupportsAgreement(Protocol):
    """May do something that needs somebody's agreement, where a folder from a stranger says it."""

    def would(self, folder: Path) -> tuple[str, Json] | None:
        """What these settings would do, in words that begin with a verb, and the part of them that says so.

        Nothing is run or looked up; None where nothing needs agreement.
        """
        ...


@runtime_checkable
class SupportsSpreading(Protocol):
    """Settings that tell ``Traits.rows_at_a_time`` before any code that they name may be loaded."""

    @property
    def rows_at_a_time(self) -> int: ...


@runtime_checkable
class SupportsGradients(Protocol):
    """Vector-Jacobian products in the weights of the slots, where ``Traits.gradients`` says so."""

    def pull_back(self, rows: Rows, materials: Materials, cotangents: Floats) -> Floats:
        """(R, P) cotangents of the outcomes -> (R, S) gradients in ``rows.weights(materials.slots)``, NaN where failed.

        S counts the slots of ``materials.slots``, those that a row leaves out included: their weight is 0 there, and
        the gradient says what a little of them would do.
        """
        ...


@runtime_checkable
class SupportsFactors(Protocol):
    """Has settings that can be perturbed like items."""

    def factors(self) -> tuple[Factor, ...]:
        """The settings, each with what it may be; the first choice of each is what the record says."""
        ...

    def with_settings(self, settings: Mapping[str, Json]) -> System:
        """The same system with other values at these paths (factors' ids)."""
        ...


@runtime_checkable
class SupportsStates(Protocol):
    """Can be looked into: hands out what is inside of a training, besides its outcome."""

    @property
    def state_names(self) -> tuple[str, ...]: ...
    def states(self, rows: Rows, materials: Materials, name: str) -> Floats:
        """(R, …) a state of each row by its name: weights, a trajectory over training; NaN where a row failed."""
        ...


# --- reference laws of effects -----------------------------------------------------------------------------------


class ReferenceLaw(Protocol):
    """Which changes of the seed, as it stands, an effect is about.

    Attributes:
        kind: its name; stands in columns and headings.
        needs_weights: whether it weighs items by fractions, which not every trainer understands.
        words: what is done to an item, for headings: *dropping the item*.
    """

    @property
    def kind(self) -> str: ...
    @property
    def needs_weights(self) -> bool: ...
    @property
    def words(self) -> str: ...
    def comparison(self, problem: Problem) -> Comparison:
        """The changed rows and their differences. Raises PlanError where no item has what the law perturbs."""
        ...


# --- analyses ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Request:
    """What an analysis wants of these rows: their outcomes, or, where it says so, their gradients or a state of them.

    Attributes:
        design: makes the rows.
        purpose: stands in progress and journal.
        places: numbers of the places that are wanted; None is all of them. A system that trains cell by cell is asked
            for no others; any other trains whole rows, and the rest is left out of the answer.
        cotangents: (R, P) where vector-Jacobian products are wanted (``SupportsGradients``); the answer's values are
            (R, S) gradients.
        state: name of the state that is wanted (``SupportsStates``); the answer's values are (R, …).
        fresh: equal rows are trained as often as they come: that is what a re-run is.
    """

    design: Design
    purpose: str
    places: tuple[int, ...] | None = None
    cotangents: Floats | None = None
    state: str = ""
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
        first_key: replicate numbers from here on are the analysis' own.
        held: items without which nothing trains: they are left out by no resampling.
        settings: the system's settings that can be perturbed; their columns come after those of the items.
        places: where outcomes are read.
        each: what one row costs.
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
    settings: tuple[Factor, ...] = ()
    places: tuple[Probe, ...] = ()
    each: Cost = Cost()

    @property
    def factors(self) -> tuple[Factor, ...]:
        """Everything that can be perturbed: items, then settings."""
        from activeseed.factor import seed_factors

        return (*seed_factors(self.seed), *self.settings)

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(i.id for i in self.seed.items)

    @property
    def base(self) -> tuple[int, ...]:
        return self.seed.base


T_co = TypeVar("T_co", covariant=True)

#: yields requests, is sent their outcomes, ends in a result
Run: TypeAlias = "Generator[Request, Outcomes, T_co]"


class Analysis(Protocol[T_co]):
    """Yields requests, is sent what they want, returns a result. One-shot designs yield once, races many times.

    One driver runs all analyses: it counts what they train, holds it to the budget, journals it and shows progress.
    """

    @property
    def kind(self) -> str: ...
    def cost(self, problem: Problem) -> Cost:
        """What a run costs at most, ``problem.each`` being what one row costs: what ``check`` prints."""
        ...

    def run(self, problem: Problem) -> Run[T_co]: ...


class Estimator(Analysis["Ranking"], Protocol):
    """An analysis that ends in a ranking of the items."""

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns that its rankings may have, each with its words: what `rank --by` and the report go by."""
        ...


class Response(Analysis["Ranking"], Protocol):
    """An analysis that ends in a ranking with a surrogate, from which risk, values and questions are computed.

    Its first request is for the rows that it is fitted on. They are drawn before anything is known of them, and what
    they say of the items that they leave out is evidence for the belief; the response is then run with that belief as
    ``problem.law``, on the same rows.
    """

    @property
    def columns(self) -> tuple[Column, ...]: ...


@runtime_checkable
class SupportsLaw(Protocol):
    """Ranks by a reference law that can be chosen."""

    def with_law(self, law: str) -> Estimator:
        """The same estimator, ranking by another law. Raises PlanError for a law it doesn't know."""
        ...


@runtime_checkable
class SupportsResponse(Protocol):
    """An estimator whose own rows serve as the response, so that neither trains the other's again."""

    def response(self) -> Response: ...


@runtime_checkable
class SupportsUnaffordable(Protocol):
    """Says, before anything is trained, what a ranking of so many items will have to go without."""

    def unaffordable(self, problem: Problem) -> tuple[str, ...]:
        """A sentence for each thing that is missing, with what would afford it; empty when nothing is."""
        ...


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

    def simulated(self, question: Question, person: Respondent) -> dict[str, Json]:
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
        mark: how far the channel was read: whatever the channel made, which alone looks at it, in ``acknowledge``.
    """

    answers: tuple[Answer, ...] = ()
    deleted: Mapping[str, str] = field(default_factory=dict)
    dropped: Mapping[str, str] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()
    problems: tuple[str, ...] = ()
    mark: object = None


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
class SupportsPlace(Protocol):
    """A channel that may be at one place or another: what was sent to one server is not at the next."""

    @property
    def place(self) -> str:
        """Names the place; by default a channel is one by its kind."""
        ...


@runtime_checkable
class SupportsLinks(Protocol):
    """A channel with addresses."""

    def links(self) -> Mapping[str, str]:
        """Kind of question -> the address where people answer it."""
        ...


@runtime_checkable
class SupportsTruth(Protocol):
    """Answers out of what it was told (a simulated annotator): it has to be told of questions that a study adds."""

    def knowing(self, truth: Mapping[str, str]) -> Self:
        """The same annotator, who also knows these: id of an item or a question -> the variant that is right."""
        ...


@runtime_checkable
class SupportsOrder(Protocol):
    """Serves questions in an order that may change while they wait."""

    def reorder(self, questions: Sequence[Question]) -> None:
        """From now on serve these first to last; questions that are answered or gone are passed over."""
        ...


# --- executors --------------------------------------------------------------------------------------------------


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


# --- store ------------------------------------------------------------------------------------------------------


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


__all__ = [
    "About", "Analysis", "Annotator", "Assignment", "Batch", "Collected", "Cost", "Dispute", "Embedder", "Estimator",
    "Event", "Executor", "Form", "Geometry", "Json", "Name", "Occasion", "Pace", "Perturbation", "Problem",
    "ReferenceLaw", "Request", "Respondent", "Response", "Run", "Store", "SupportsAgreement", "SupportsAssignment",
    "SupportsCentring", "SupportsCollecting", "SupportsCores", "SupportsCutting", "SupportsDecisions",
    "SupportsDecoding", "SupportsDrawing", "SupportsEntropy", "SupportsFactors", "SupportsGradients", "SupportsIds",
    "SupportsItems", "SupportsLaw", "SupportsLimits", "SupportsLinks", "SupportsLocating", "SupportsOrder",
    "SupportsPermission", "SupportsPlace", "SupportsReading", "SupportsResponse", "SupportsSpreading",
    "SupportsStates", "SupportsTemplate", "SupportsTruth", "SupportsUnaffordable", "System",
    "Traits",
]  # fmt: skip
