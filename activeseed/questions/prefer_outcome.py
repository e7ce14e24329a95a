"""Prefer an outcome: plausible readings of the seed judge a case differently; what is right there?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from activeseed.checked import SettingsRecord
from activeseed.protocols import About, Occasion, Pace, Respondent
from activeseed.question import Answer, Question, Reply, Settled
from activeseed.questions.items import displayed, named
from activeseed.questions.preferring import PREFER, SIDES, preferred
from activeseed.questions.replies import DEPENDS, SKIP
from activeseed.seed import Item

if TYPE_CHECKING:
    from activeseed.plan import Floats

_PREFER = Reply(PREFER, "p", "this outcome is right: p 2", "option")


class PreferOutcome(SettingsRecord):
    """A probe, whose id is the question's group. It names no item, so it settles none: the belief reads it."""

    kind: Literal["prefer_outcome"] = "prefer_outcome"
    replies: ClassVar[tuple[Reply, ...]] = (_PREFER, DEPENDS, SKIP)
    about: ClassVar[About] = "else"
    sighted: ClassVar[bool] = False
    asks: ClassVar[str] = "which outcome?"
    titled: ClassVar[str] = "prefer outcomes"
    fields: ClassVar[tuple[str, ...]] = ("left", "right", "variants")

    def draw(self, occasion: Occasion) -> list[Question]:
        """The probes about which plausible seeds disagree to most effect, those asked about before left out."""
        before = {q.group for q in occasion.asked if q.kind == self.kind}
        disputes = [d for d in occasion.disputes() if d.place.id not in before][: occasion.n]
        shown = occasion.show_belief
        return [
            Question(
                id=occasion.id(k),
                kind=self.kind,
                items=(),
                group=d.place.id,
                text=d.place.payload.display,
                options=dict(SIDES),
                value=d.value,
                minutes=self.minutes(occasion.pace),
                reason="Plausible readings of the seed judge this differently"
                + (_readings(d.outcomes) if shown else "."),
                believed=float(d.outcomes.mean()) if shown else None,
                round=occasion.round,
                seed_version=occasion.seed.version,
            )
            for k, d in enumerate(disputes, start=1)
        ]

    def title(self, question: Question) -> str:
        return "Which outcome is right?"

    def people(self, annotators: int) -> int:
        return annotators

    def minutes(self, pace: Pace, parts: int = 1) -> float:
        return pace.minutes * parts

    def settles(self, question: Question, answer: Answer, items: Mapping[str, Item]) -> Settled:
        return preferred(question, answer)

    def simulated(self, question: Question, person: Respondent) -> dict[str, Any]:
        options = list(question.options)
        item = question.items[0] if question.items else ""
        right = named(person.right(item, displayed(question)), question)
        if right not in options:
            return {"verdict": SKIP.verdict}
        return {"verdict": PREFER, "variant": person.says(right, options[0], options)}


def _readings(outcomes: Floats) -> str:
    import numpy as np

    low, high = np.quantile(outcomes, (0.1, 0.9))
    return f": approved with probability {outcomes.mean():.0%} on average, between {low:.0%} and {high:.0%}."
