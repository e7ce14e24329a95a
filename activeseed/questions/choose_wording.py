"""Choose a wording: which of several is meant?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from activeseed.checked import SettingsRecord
from activeseed.protocols import About, Pace, Respondent
from activeseed.question import Answer, Question, Reply, Settled
from activeseed.questions import items as one
from activeseed.questions.replies import CHOOSE, DEPENDS, KEEP, REJECT, SKIP
from activeseed.seed import Item, Pair

_WRITE = Reply("edit", "e", "the right idea in other words: type them", "item", named="neither: write it")
_NONE = Reply(REJECT.verdict, REJECT.key, "no wording is right: the item goes")


class ChooseWording(SettingsRecord):
    """An item that is not a pair and has several wordings."""

    kind: Literal["choose_wording"] = "choose_wording"
    replies: ClassVar[tuple[Reply, ...]] = (KEEP, CHOOSE, _NONE, _WRITE, DEPENDS, SKIP)
    about: ClassVar[About] = "item"
    sighted: ClassVar[bool] = False
    asks: ClassVar[str] = "which wording?"
    titled: ClassVar[str] = "choose wordings"
    fields: ClassVar[tuple[str, ...]] = ("left", "right", "consequences", "variants")

    def suits(self, item: Item) -> bool:
        return not isinstance(item.payload, Pair) and one.has_wordings(item)

    def title(self, question: Question) -> str:
        return "Which wording is meant?"

    def people(self, annotators: int) -> int:
        return annotators

    def minutes(self, pace: Pace, parts: int = 1) -> float:
        return pace.minutes * parts

    def settles(self, question: Question, answer: Answer, items: Mapping[str, Item]) -> Settled:
        return one.said(question, answer, items)

    def simulated(self, question: Question, person: Respondent) -> dict[str, Any]:
        return one.simulated(question, person, [r.verdict for r in self.replies])
