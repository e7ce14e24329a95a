"""Questions for humans and their answers: what passes through every annotation channel.

A question carries why it is asked (its value and its consequences), so that an annotator judges what it decides and
not only how it is worded. An answer is a fact: it is never changed or deleted, only withdrawn by a later fact.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, TypedDict

from pydantic import Field, PrivateAttr

from activeseed.checked import Checked
from activeseed.errors import AnswerError, UsageError
from activeseed.seed import Origin, Payload

#: verdicts that settle nothing, in every form that takes them; *skip* is taken by all
DEPENDS = "depends"
SETTLES_NOTHING = frozenset({DEPENDS, "skip"})

#: what a verdict needs beside itself: the id of another variant than the one shown, or of any of the options; the item
#: or the pair edited; new examples; the lines that stay; on what it depends
Needs = Literal["", "variant", "option", "item", "pair", "texts", "lines", "why"]


@dataclass(frozen=True)
class Reply:
    """One of the answers that a form takes.

    Attributes:
        verdict: its name in files and journals.
        key: the letter that gives it on a terminal, and in Label Studio.
        meaning: what it says, in few words.
        needs: what it needs beside the verdict.
        pairs: whether it says something about pairs only.
        named: what people are shown in place of the verdict's name, where that says too little.
    """

    verdict: str
    key: str
    meaning: str
    needs: Needs = ""
    pairs: bool = False
    named: str = ""

    @property
    def name(self) -> str:
        """What people call it."""
        return self.named or self.verdict.replace("_", " ")


class _Record(Checked):
    refused_as: ClassVar[type[UsageError]] = AnswerError


class Consequence(_Record):
    """A probe at which the outcome depends on the answer by more than the noise of training.

    Attributes:
        probe: the probe's id.
        text: what stands there.
        outcomes: variant id -> mean outcome at this probe (for an evaluator, P(approve)) when the item takes that
            variant and everything else stays as it stands: of the variant that stands, and of those that differ from it
            distinguishably. A variant that is not here can't be told from the one that stands.
        stands: the variant that stands now; the others are compared with it.
        margins: variant id -> how far noise may reach, in units of the outcome: without any effect no difference of the
            question exceeds its margin in 9 of 10 cases. What is shown does.
        flips: variant id -> in how many trainings the probe was judged otherwise than under what stands; only where the
            means lie on different sides of one half by more than their noise.
        trainings: how many trainings, each under its own key, every mean is over; 0 where that was not recorded.
        why: variant id -> the derivation that decides there, in a few short lines, where the system can explain itself.
    """

    probe: str
    text: str
    outcomes: dict[str, float]
    stands: str = ""
    margins: dict[str, float] = Field(default_factory=dict)
    flips: dict[str, int] = Field(default_factory=dict)
    trainings: int = 0
    #: left out of the record where there is none, so that consequences are written down as they always were
    why: dict[str, tuple[str, ...]] = Field(default_factory=dict, exclude_if=operator.not_)


class Question(_Record):
    """One thing to ask a human.

    Attributes:
        id: unique in a study; the ticket under which the answer comes back.
        kind: which form the annotator sees; see ``activeseed.questions``.
        items: ids of the items in question (one, or the lines of a list).
        group: the group, for *write more*.
        text: what is judged, as it stands.
        context: the prompt that it answers, where it has one: shown with it, and no part of what an edit changes.
        options: variant id -> text of the variants to choose between.
        value: expected drop of the risk (squared embedded distance).
        minutes: what an answer is expected to cost.
        reason: one sentence for the annotator: why this one.
        consequences: the probes at which the outcome differs most between the variants, by more than noise.
        trainings: under how many keys each answer was trained to see what hangs on it; 0 where nobody looked.
        believed: the credibility that the annotator was told; None where the belief was not shown.
        purpose: ``ask``, ``gold`` (the answer is known) or ``repeat`` (asked before); never shown to annotators.
        drawn: whether it was chosen for its value or at random; never shown to annotators.
        avoid: who has answered about the item before: it goes to somebody else where there is somebody else.
        repeats: for a repeat, the id of the question that it repeats.
        round: round of the study.
        seed_version: version of the seed that the question was made for.
        answers: for *resolve*, what was answered so far, as (annotator alias, verdict, comment).
        marks: variant id -> who wrote it, where that is not a human: shown beside its text.
        conditions: what people said that the item depends on when they were asked about it before.
        place: what is judged, where it is neither an item nor a probe.
    """

    id: str
    kind: str
    items: tuple[str, ...]
    group: str = ""
    text: str = ""
    context: str = ""
    options: dict[str, str] = Field(default_factory=dict)
    value: float = 0.0
    minutes: float = 1.0
    reason: str = ""
    consequences: tuple[Consequence, ...] = ()
    trainings: int = 0
    believed: float | None = None
    purpose: Literal["ask", "gold", "repeat"] = "ask"
    drawn: Literal["value", "random"] = "value"
    avoid: tuple[str, ...] = ()
    repeats: str = ""
    round: int = 0
    seed_version: str = ""
    answers: tuple[tuple[str, str, str], ...] = ()
    #: both are left out of the record where there are none, so that questions are written down as they always were
    marks: dict[str, str] = Field(default_factory=dict, exclude_if=operator.not_)
    conditions: tuple[str, ...] = Field(default=(), exclude_if=operator.not_)
    place: Payload | None = Field(default=None, exclude_if=operator.not_)

    #: gives the form, where that is somebody's own: it travels with the question and is written down nowhere
    _form: Callable[[], Any] | None = PrivateAttr(default=None)


class Answer(_Record):
    """One human's answer to one question.

    Attributes:
        id: unique; a second delivery of the same id changes nothing.
        question: id of the question.
        annotator: who answered.
        verdict: one of those that the question's form takes.
        variant: variant id, for *choose* and *prefer*.
        payload: the edited item, for *edit*.
        texts: new examples, for *write more*.
        unticked: ids of lines that stay after all, for *confirm*.
        confidence: how sure the annotator says to be, 0 to 1, or None.
        comment: free text, kept word for word.
        condition: for *depends*, on what, where it was said apart from the comment; see ``missing``.
        at: ISO 8601 time with zone.
        seconds: how long the annotator took, or None.
        final: the team has marked this answer as the right one: it settles its items, whatever others say.
    """

    id: str
    question: str
    annotator: str
    verdict: str
    variant: str = ""
    payload: Payload | None = None
    texts: tuple[str, ...] = ()
    unticked: tuple[str, ...] = ()
    confidence: float | None = Field(default=None, ge=0.0, le=1.0)
    comment: str = ""
    #: left out of the record where there is none, so that answers are written down as they always were
    condition: str = Field(default="", exclude_if=operator.not_)
    at: str = ""
    seconds: float | None = None
    final: bool = False

    @property
    def missing(self) -> str:
        """The condition that the item needs, as whoever answered *depends* said it; empty for other answers."""
        return (self.condition or self.comment).strip() if self.verdict == DEPENDS else ""


class AnswerContent(TypedDict, total=False):
    """What an answer may hold beside its question, who gave it and its verdict: fields of `Answer`."""

    id: str
    variant: str
    payload: Payload | None
    texts: tuple[str, ...]
    unticked: tuple[str, ...]
    confidence: float | None
    comment: str
    condition: str
    at: str
    seconds: float | None
    final: bool


@dataclass(frozen=True)
class Says:
    """An answer's word on one item.

    Attributes:
        item: its id.
        variant: the id of the variant that is said to be right; for an edit, *edit*: it is numbered where it is new.
        payload: what that variant is, where the item may not have it yet.
        edited: whether the payload is an edit of the item.
        origin: where the variant comes from, where the payload is new and no edit.
        of: the variant of which this one says more, where it is no other wording (its rank, say): who said that one
            before has said nothing against this.
    """

    item: str
    variant: str
    payload: Payload | None = None
    edited: bool = False
    origin: Origin = "wording"
    of: str = ""


@dataclass(frozen=True)
class Settled:
    """What one answer settles; by default nothing.

    Attributes:
        says: its word on items.
        adds: examples that the seed lacks, of the question's group.
        same: whether the question's items say the same: True merges them, False keeps them apart.
        prefers: id of a place -> the outcome that is right there, in [0, 1].
    """

    says: tuple[Says, ...] = ()
    adds: tuple[str, ...] = ()
    same: bool | None = None
    prefers: Mapping[str, float] = field(default_factory=dict)
