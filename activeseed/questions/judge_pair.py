"""Judge a pair: is the reply that the seed prefers the better one?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from activeseed.checked import SettingsRecord
from activeseed.protocols import About, Pace, Respondent
from activeseed.question import Answer, Question, Reply, Settled
from activeseed.questions import items as one
from activeseed.questions.replies import BOTH, DEPENDS, EDIT_PAIR, FLIP, KEEP, NEITHER, REJECT, SKIP
from activeseed.seed import ABSENT, FLIPPED, Item, Pair


class JudgePair(SettingsRecord):
    """A preference pair, its two replies side by side."""

    kind: Literal["judge_pair"] = "judge_pair"
    replies: ClassVar[tuple[Reply, ...]] = (KEEP, FLIP, BOTH, NEITHER, REJECT, EDIT_PAIR, DEPENDS, SKIP)
    about: ClassVar[About] = "item"
    sighted: ClassVar[bool] = False
    asks: ClassVar[str] = "which one?"
    titled: ClassVar[str] = "judge pairs"
    fields: ClassVar[tuple[str, ...]] = ("prompt", "reply_a", "reply_b", "consequences")

    def suits(self, item: Item) -> bool:
        return isinstance(item.payload, Pair)

    def title(self, question: Question) -> str:
        return "Is the reply marked + the better one?"

    def people(self, annotators: int) -> int:
        return annotators

    def minutes(self, pace: Pace, parts: int = 1) -> float:
        return pace.minutes * parts

    def settles(self, question: Question, answer: Answer, items: Mapping[str, Item]) -> Settled:
        return one.said(question, answer, items)

    def simulated(self, question: Question, person: Respondent) -> dict[str, Any]:
        wrong = ABSENT if one.displayed(question) == FLIPPED else FLIPPED
        return one.simulated(question, person, [r.verdict for r in self.replies], wrong)
