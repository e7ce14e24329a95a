"""A form of somebody else's, outside of the package: with verdicts of its own, and no labelling configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from activeseed.errors import PlanError
from activeseed.protocols import About, Occasion, Pace, Respondent
from activeseed.question import Answer, Question, Reply, Says, Settled
from activeseed.questions import about_each, displayed
from activeseed.seed import ABSENT, Item

GOOD = Reply("good", "g", "so should a model talk")
POOR = Reply("poor", "o", "so should no model talk")
MENDED = Reply("mended", "a", "good, in other words", "item")
UNSURE = Reply("depends", "d", "on what? type it", "why")
SKIP = Reply("skip", "s", "not now")


@dataclass(frozen=True)
class RateIt:
    """Whether one would talk like an item; ``pace`` is how many minutes it takes."""

    pace: float = 0.5
    kind: str = "rate_it"
    replies: tuple[Reply, ...] = (GOOD, POOR, MENDED, UNSURE, SKIP)
    about: About = "item"
    sighted: bool = False
    asks: str = "good or poor?"
    titled: str = "rate items"
    fields: tuple[str, ...] = ("consequences",)

    def title(self, question: Question) -> str:
        return "Would you talk like this?"

    def people(self, annotators: int) -> int:
        return annotators

    def minutes(self, pace: Pace, parts: int = 1) -> float:
        return self.pace * parts

    def draw(self, occasion: Occasion) -> Sequence[Question]:
        if not occasion.items:
            raise PlanError("Items are rated one by one. Name them.")
        return about_each(self, occasion)

    def settles(self, question: Question, answer: Answer, items: Mapping[str, Item]) -> Settled:
        item = question.items[0]
        shown = displayed(question, items.get(item))
        said = {
            "good": Says(item, shown),
            "poor": Says(item, ABSENT),
            "mended": Says(item, "edit", answer.payload if item in items else None, edited=item in items),
        }.get(answer.verdict)
        return Settled(says=(said,) if said else ())

    def simulated(self, question: Question, person: Respondent) -> dict[str, Any]:
        shown = displayed(question)
        right = person.right(question.items[0], shown)
        if not right and not person.guesses:
            return {"verdict": "skip"}
        said = person.says(ABSENT if right == ABSENT else shown, shown, [shown, ABSENT])
        return {"verdict": "good" if said == shown else "poor"}
