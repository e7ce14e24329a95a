"""Assign a concept: which one does this input belong to?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from activeseed.checked import SettingsRecord
from activeseed.protocols import About, Pace, Respondent
from activeseed.question import Answer, Question, Reply, Settled
from activeseed.questions import items as one
from activeseed.questions.replies import DEPENDS, SKIP
from activeseed.seed import Entry, Item

_KEEP = Reply("keep", "k", "it belongs to the concept shown", named="the concept shown")
_CHOOSE = Reply("choose", "c", "it belongs to another concept: c 2", "variant", named="another concept")
_REJECT = Reply("reject", "r", "to none of them, or it is no good example: it goes", named="none: it goes")


class AssignConcept(SettingsRecord):
    """An entry with a ``concept``: an input that anchors it. Its other variants say which else it may belong to.

    The concepts to choose between are the item's variants: what ``relabel`` adds, or what its author lists. Without any
    the question is whether the input belongs to its concept.
    """

    kind: Literal["assign_concept"] = "assign_concept"
    replies: ClassVar[tuple[Reply, ...]] = (_KEEP, _CHOOSE, _REJECT, DEPENDS, SKIP)
    about: ClassVar[About] = "item"
    sighted: ClassVar[bool] = False
    asks: ClassVar[str] = "which concept?"
    titled: ClassVar[str] = "assign concepts"
    fields: ClassVar[tuple[str, ...]] = ("consequences", "wordings", "variants")

    def suits(self, item: Item) -> bool:
        """Anchors; a direction says where a concept starts from, and is reviewed like any item."""
        entry = item.payload
        return isinstance(entry, Entry) and "concept" in entry.fields and "direction" not in entry.fields

    def title(self, question: Question) -> str:
        return "Which concept does this input belong to?"

    def people(self, annotators: int) -> int:
        return annotators

    def minutes(self, pace: Pace, parts: int = 1) -> float:
        return pace.minutes * parts

    def settles(self, question: Question, answer: Answer, items: Mapping[str, Item]) -> Settled:
        return one.said(question, answer, items)

    def simulated(self, question: Question, person: Respondent) -> dict[str, Any]:
        return one.simulated(question, person, [r.verdict for r in self.replies])
