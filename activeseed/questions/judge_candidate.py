"""Judge a candidate: is this somebody whose wishes count?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from activeseed.checked import SettingsRecord
from activeseed.protocols import About, Pace, Respondent
from activeseed.question import Answer, Question, Reply, Settled
from activeseed.questions import items as one
from activeseed.questions.replies import DEPENDS, SKIP
from activeseed.seed import Entry, Item

#: the field that makes an entry a candidate
_PROGRAM = "program"
_KEEP = Reply("keep", "k", "their wishes count, as shown")
_REJECT = Reply("reject", "r", "this is nobody whose wishes count")
_EDIT = Reply("edit", "e", "somebody, and otherwise than shown: type the lines that change", "item")
_CHOOSE = Reply("choose", "c", "another weight, program or objective: c 2", "variant")


class JudgeCandidate(SettingsRecord):
    """A candidate: a program that may be whoever an AI is to serve, its weight, and perhaps what it wants."""

    kind: Literal["judge_candidate"] = "judge_candidate"
    replies: ClassVar[tuple[Reply, ...]] = (_KEEP, _REJECT, _EDIT, _CHOOSE, DEPENDS, SKIP)
    about: ClassVar[About] = "item"
    sighted: ClassVar[bool] = False
    asks: ClassVar[str] = "somebody?"
    titled: ClassVar[str] = "judge candidates"
    fields: ClassVar[tuple[str, ...]] = ("consequences", "wordings", "variants")

    def suits(self, item: Item) -> bool:
        return isinstance(item.payload, Entry) and _PROGRAM in item.payload.fields

    def title(self, question: Question) -> str:
        return "Is this somebody whose wishes count?"

    def people(self, annotators: int) -> int:
        return annotators

    def minutes(self, pace: Pace, parts: int = 1) -> float:
        return pace.minutes * parts

    def settles(self, question: Question, answer: Answer, items: Mapping[str, Item]) -> Settled:
        return one.said(question, answer, items)

    def simulated(self, question: Question, person: Respondent) -> dict[str, Any]:
        return one.simulated(question, person, [r.verdict for r in self.replies])
