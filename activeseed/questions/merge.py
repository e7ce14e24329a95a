"""Merge look-alikes: do these say the same? If so, one of them is enough, at the weight of all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from activeseed.checked import SettingsRecord
from activeseed.errors import PlanError
from activeseed.protocols import About, Occasion, Pace, Respondent
from activeseed.question import Answer, Question, Reply, Settled
from activeseed.questions.replies import DEPENDS, KEEP, SKIP
from activeseed.seed import Item

_MERGE = Reply("merge", "m", "they say the same")


class Merge(SettingsRecord):
    """Two items or more; whether they are right is another question."""

    kind: Literal["merge"] = "merge"
    replies: ClassVar[tuple[Reply, ...]] = (_MERGE, KEEP, DEPENDS, SKIP)
    about: ClassVar[About] = "together"
    sighted: ClassVar[bool] = False
    asks: ClassVar[str] = "the same?"
    titled: ClassVar[str] = "merge items"
    fields: ClassVar[tuple[str, ...]] = ()

    def draw(self, occasion: Occasion) -> list[Question]:
        """Whether these items say the same. Raises PlanError for fewer than two, SeedError for an unknown one."""
        items = occasion.items
        if len(set(items)) < 2:
            raise PlanError("A merge is about two items or more. Name them with --item.")
        texts = {name: occasion.seed[name].display for name in items}
        return [
            Question(
                id=occasion.id(),
                kind=self.kind,
                items=tuple(items),
                text="\n".join(f"{name}: {text}" for name, text in texts.items()),
                options=texts,
                minutes=self.minutes(occasion.pace),
                reason="If these say the same, one of them is enough, at the weight of all.",
                round=occasion.round,
                seed_version=occasion.seed.version,
            )
        ]

    def title(self, question: Question) -> str:
        return "Do these say the same?"

    def people(self, annotators: int) -> int:
        return annotators

    def minutes(self, pace: Pace, parts: int = 1) -> float:
        return pace.minutes * parts

    def settles(self, question: Question, answer: Answer, items: Mapping[str, Item]) -> Settled:
        return Settled(same={_MERGE.verdict: True, KEEP.verdict: False}.get(answer.verdict))

    def simulated(self, question: Question, person: Respondent) -> dict[str, Any]:
        same = len({question.options.get(i, i) for i in question.items}) == 1
        apart = KEEP.verdict
        return {"verdict": person.says(_MERGE.verdict if same else apart, apart, [apart, _MERGE.verdict])}
