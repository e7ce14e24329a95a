"""Questions for humans and their answers: what passes through every annotation channel.

A question carries why it is asked (its value and its consequences), so that an annotator judges what it decides and
not only how it is worded. An answer is a fact: it is never changed or deleted, only withdrawn by a later fact.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from activeseed.checked import Checked
from activeseed.errors import AnswerError, UsageError
from activeseed.seed import Payload

QuestionKind = Literal[
    "review", "judge_pair", "choose_wording", "confirm_list", "write_more", "merge", "prefer_outcome", "resolve"
]
Verdict = Literal[
    "keep", "reject", "edit", "choose", "flip", "both", "neither", "depends",
    "write_more", "confirm", "merge", "prefer", "skip",
]  # fmt: skip

#: verdicts that each kind of question takes; *skip* and *depends* settle nothing and are always allowed
VERDICTS: dict[QuestionKind, tuple[Verdict, ...]] = {
    "review": ("keep", "reject", "edit", "choose", "depends", "skip"),
    "judge_pair": ("keep", "flip", "both", "neither", "reject", "edit", "depends", "skip"),
    "choose_wording": ("keep", "choose", "reject", "edit", "depends", "skip"),
    "confirm_list": ("confirm", "depends", "skip"),
    "write_more": ("write_more", "depends", "skip"),
    "merge": ("merge", "keep", "depends", "skip"),
    "prefer_outcome": ("prefer", "depends", "skip"),
    "resolve": ("keep", "reject", "edit", "choose", "flip", "both", "neither", "depends", "skip"),
}


#: kinds of questions about one item
SINGLE: tuple[QuestionKind, ...] = ("review", "judge_pair", "choose_wording", "resolve")


def people_due(kind: QuestionKind, annotators: int) -> int:
    """How many people answer a question of a kind, in a study where so many answer each: one is enough to resolve."""
    return 1 if kind == "resolve" else annotators


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
    """

    probe: str
    text: str
    outcomes: dict[str, float]
    stands: str = ""
    margins: dict[str, float] = Field(default_factory=dict)
    flips: dict[str, int] = Field(default_factory=dict)
    trainings: int = 0


class Question(_Record):
    """One thing to ask a human.

    Attributes:
        id: unique in a study; the ticket under which the answer comes back.
        kind: which form the annotator sees.
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
    """

    id: str
    kind: QuestionKind
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


class Answer(_Record):
    """One human's answer to one question.

    Attributes:
        id: unique; a second delivery of the same id changes nothing.
        question: id of the question.
        annotator: who answered.
        verdict: see ``VERDICTS``.
        variant: variant id, for *choose* and *prefer*.
        payload: the edited item, for *edit*.
        texts: new examples, for *write more*.
        unticked: ids of lines that stay after all, for *confirm*.
        confidence: how sure the annotator says to be, 0 to 1, or None.
        comment: free text, kept word for word.
        at: ISO 8601 time with zone.
        seconds: how long the annotator took, or None.
        final: the team has marked this answer as the right one: it settles its items, whatever others say.
    """

    id: str
    question: str
    annotator: str
    verdict: Verdict
    variant: str = ""
    payload: Payload | None = None
    texts: tuple[str, ...] = ()
    unticked: tuple[str, ...] = ()
    confidence: float | None = Field(default=None, ge=0.0, le=1.0)
    comment: str = ""
    at: str = ""
    seconds: float | None = None
    final: bool = False
