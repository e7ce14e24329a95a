"""Annotators: channels to humans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self, runtime_checkable

if TYPE_CHECKING:  # seams are only described here: whoever asks for an event needs no arrays
    from activeseed.protocols.forms import Form
    from activeseed.question import Answer, Question
    from activeseed.seed import Seed


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
