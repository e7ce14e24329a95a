"""Review an item: does it belong in the seed as it is?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from activeseed.checked import SettingsRecord
from activeseed.protocols import About, Pace, Respondent
from activeseed.question import Answer, Question, Reply, Settled
from activeseed.questions import items as one
from activeseed.questions.replies import CHOOSE, DEPENDS, EDIT, KEEP, REJECT, SKIP
from activeseed.seed import Item, Pair


class Review(SettingsRecord):
    """An item that is not a pair and has one wording."""

    kind: Literal["review"] = "review"
    replies: ClassVar[tuple[Reply, ...]] = (KEEP, REJECT, EDIT, CHOOSE, DEPENDS, SKIP)
    about: ClassVar[About] = "item"
    sighted: ClassVar[bool] = False
    asks: ClassVar[str] = "keep it?"
    titled: ClassVar[str] = "review items"
    fields: ClassVar[tuple[str, ...]] = ("consequences", "wordings", "variants")

    def suits(self, item: Item) -> bool:
        return not isinstance(item.payload, Pair) and not one.has_wordings(item)

    def title(self, question: Question) -> str:
        return "Should this be in the seed?"

    def people(self, annotators: int) -> int:
        return annotators

    def minutes(self, pace: Pace, parts: int = 1) -> float:
        return pace.minutes * parts

    def settles(self, question: Question, answer: Answer, items: Mapping[str, Item]) -> Settled:
        return one.said(question, answer, items)

    def simulated(self, question: Question, person: Respondent) -> dict[str, Any]:
        return one.simulated(question, person, [r.verdict for r in self.replies])
