"""Forms of questions: all that a kind of question says of itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias, runtime_checkable

if TYPE_CHECKING:  # seams are only described here: whoever asks for an event needs no arrays
    from activeseed.plan import Floats
    from activeseed.question import Answer, Question, Reply, Settled
    from activeseed.seed import Item, Json, Probe, Seed


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
class Alike:
    """Two items that look alike.

    Attributes:
        items: their ids.
        likeness: cosine of their embeddings, in [−1, 1].
        near: whether the belief takes them for near-copies.
    """

    items: tuple[str, str]
    likeness: float
    near: bool


@dataclass(frozen=True)
class Parted:
    """A text on which two readings of the seed part, and which is no probe.

    Attributes:
        place: the text, with an id that stays its own.
        value: expected drop of the risk once a human has said what is right there.
        outcomes: under the one reading, and under the other.
        by: who wrote it, where that was a machine: ``a rule``.
    """

    place: Probe
    value: float
    outcomes: tuple[float, float]
    by: str = ""


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
        look_alikes: pairs of items that stand and that look alike, the most alike first.
        parted: texts beside the probes on which readings of the seed part. Trains, where nobody has dreamt yet.
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
    look_alikes: Callable[[], Sequence[Alike]] = tuple
    parted: Callable[[], Sequence[Parted]] = tuple

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
