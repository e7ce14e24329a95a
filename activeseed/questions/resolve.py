"""Resolve a disagreement: answers differ, or the author and the annotators do; what is right?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

from activeseed.checked import SettingsRecord
from activeseed.protocols import About, Pace, Respondent
from activeseed.question import Answer, Question, Reply, Settled
from activeseed.questions import items as one
from activeseed.questions.replies import BOTH, CHOOSE, DEPENDS, EDIT, FLIP, KEEP, NEITHER, REJECT, SKIP
from activeseed.seed import Item, Seed

#: what reading the others takes, beside the item
_MINUTES = 1.5


class Resolve(SettingsRecord):
    """An item, with what was answered about it so far; one person is enough to settle it."""

    kind: Literal["resolve"] = "resolve"
    replies: ClassVar[tuple[Reply, ...]] = (KEEP, REJECT, EDIT, CHOOSE, FLIP, BOTH, NEITHER, DEPENDS, SKIP)
    about: ClassVar[About] = "item"
    sighted: ClassVar[bool] = True
    asks: ClassVar[str] = "settle it"
    titled: ClassVar[str] = "resolve"
    fields: ClassVar[tuple[str, ...]] = ("consequences", "wordings", "variants", "answers")

    def over(self, seed: Seed, name: str, said: Sequence[tuple[str, str, str]], id_: str, round_: int) -> Question:
        """A disagreement put before a human: the item, and what was answered so far, as (alias, verdict, comment)."""
        reason = "The answers so far do not agree with each other or with everything else that is known."
        return one.about(self, seed, name, id_, round_, reason=reason, minutes=_MINUTES, answers=tuple(said))

    def title(self, question: Question) -> str:
        return "Answers differ. What is right?"

    def people(self, annotators: int) -> int:
        return 1

    def minutes(self, pace: Pace, parts: int = 1) -> float:
        return _MINUTES * parts

    def settles(self, question: Question, answer: Answer, items: Mapping[str, Item]) -> Settled:
        return one.said(question, answer, items)

    def simulated(self, question: Question, person: Respondent) -> dict[str, Any]:
        return one.simulated(question, person, [r.verdict for r in self.replies])
