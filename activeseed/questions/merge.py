"""Merge look-alikes: do these say the same? If so, one of them is enough, at the weight of all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

from activeseed.checked import SettingsRecord
from activeseed.errors import PlanError
from activeseed.protocols import About, Alike, Occasion, Pace, Respondent
from activeseed.question import Answer, Question, Reply, Settled
from activeseed.questions.replies import DEPENDS, KEEP, SKIP
from activeseed.seed import Item

_MERGE = Reply("merge", "m", "they say the same")

_WHY = "If these say the same, one of them is enough, at the weight of all."


def _alike(pair: Alike) -> str:
    """Why two items are put side by side. What an embedding does not see is what tells two rules apart."""
    how = "" if pair.near else "No two items are near-copies; these are the closest. "
    return f"{how}Their embeddings are {pair.likeness:.2f} alike (1 is the same), and hardly see a 'not'. {_WHY}"


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
        """Whether these items say the same; where none is named, the pairs that look most alike.

        Raises PlanError for one item alone, and where nothing is left that looks alike; SeedError for an unknown one.
        """
        items = tuple(dict.fromkeys(occasion.items))
        if len(items) == 1:
            raise PlanError(
                "A merge is about two items or more. Name them with --item, or name none and the closest are found."
            )
        if items:
            return [self._about(occasion, items, 1, _WHY)]
        before = {frozenset(q.items) for q in occasion.asked if q.kind == self.kind}
        left = [a for a in occasion.look_alikes() if not any(set(a.items) <= asked for asked in before)]
        near = [a for a in left if a.near] or left[:1]
        if not near:
            raise PlanError("Every pair was asked about, or has no embeddings to compare. Name items with --item.")
        return [self._about(occasion, a.items, k, _alike(a)) for k, a in enumerate(near[: max(occasion.n, 1)], 1)]

    def _about(self, occasion: Occasion, items: Sequence[str], k: int, reason: str) -> Question:
        texts = {name: occasion.seed[name].display for name in items}
        return Question(
            id=occasion.id(k),
            kind=self.kind,
            items=tuple(items),
            text="\n".join(f"{name}: {text}" for name, text in texts.items()),
            options=texts,
            minutes=self.minutes(occasion.pace),
            reason=reason,
            round=occasion.round,
            seed_version=occasion.seed.version,
        )

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
