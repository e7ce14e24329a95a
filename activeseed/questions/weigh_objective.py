"""Weigh an objective: how likely is it that this is what is wanted?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from activeseed.checked import SettingsRecord
from activeseed.protocols import About, Pace, Respondent
from activeseed.question import Answer, Question, Reply, Settled
from activeseed.questions import items as one
from activeseed.questions.replies import DEPENDS, SKIP
from activeseed.seed import Entry, Item

_KEEP = Reply("keep", "k", "as likely as it says: the mass stays")
_OTHER = Reply("choose", "c", "another mass: c 2", "variant", named="another mass")
_NEVER = Reply("reject", "r", "nobody wants this: it goes", named="impossible")


class WeighObjective(SettingsRecord):
    """A piece of a prior over what is wanted: an entry that names an objective, and its mass. Others are variants."""

    kind: Literal["weigh_objective"] = "weigh_objective"
    replies: ClassVar[tuple[Reply, ...]] = (_KEEP, _OTHER, _NEVER, DEPENDS, SKIP)
    about: ClassVar[About] = "item"
    sighted: ClassVar[bool] = False
    asks: ClassVar[str] = "how likely?"
    titled: ClassVar[str] = "weigh objectives"
    fields: ClassVar[tuple[str, ...]] = ("consequences", "wordings", "variants")

    def suits(self, item: Item) -> bool:
        if not isinstance(item.payload, Entry):
            return False
        fields = item.payload.fields
        return "mass" in fields and not fields.keys().isdisjoint(("objective", "theta"))

    def title(self, question: Question) -> str:
        return "How likely is it that this is what is wanted?"

    def people(self, annotators: int) -> int:
        return annotators

    def minutes(self, pace: Pace, parts: int = 1) -> float:
        return pace.minutes * parts

    def settles(self, question: Question, answer: Answer, items: Mapping[str, Item]) -> Settled:
        return one.said(question, answer, items)

    def simulated(self, question: Question, person: Respondent) -> dict[str, Any]:
        return one.simulated(question, person, [r.verdict for r in self.replies])
