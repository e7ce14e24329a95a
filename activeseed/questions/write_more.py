"""Write more of a kind: the original remedy where the outcome hangs on which examples happen to be in the seed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from activeseed.checked import SettingsRecord
from activeseed.entries import entries_of, like
from activeseed.errors import PlanError, nearest
from activeseed.protocols import About, Occasion, Pace, Respondent
from activeseed.question import Answer, Question, Reply, Settled
from activeseed.questions.replies import DEPENDS, SKIP
from activeseed.seed import Item

_WRITE = Reply("write_more", "w", "type new examples, an empty line ends", "texts")


class WriteMore(SettingsRecord):
    """A group, and examples of it that are there."""

    kind: Literal["write_more"] = "write_more"
    replies: ClassVar[tuple[Reply, ...]] = (_WRITE, DEPENDS, SKIP)
    about: ClassVar[About] = "else"
    sighted: ClassVar[bool] = False
    asks: ClassVar[str] = "write more"
    titled: ClassVar[str] = "write more"
    fields: ClassVar[tuple[str, ...]] = ()
    #: examples that a question is expected to bring
    examples: ClassVar[int] = 3

    def draw(self, occasion: Occasion) -> list[Question]:
        """One question for more examples of a kind. Raises PlanError for an unknown group."""
        seed, group = occasion.seed, occasion.group
        if group not in seed.groups:
            raise PlanError(f"The seed has no group {group!r}.{nearest(group, seed.groups)}")
        why = f"Which examples of {group!r} happen to be in the seed moves the outcome; more of them steady it."
        shown = [i.display for i in seed.items if i.group == group][:3]
        examples = "\n".join(f"– {t}" for t in shown)
        kin = entries_of(i.payload for i in seed.items if i.group == group)
        how = f"\nOne on a line: {like(kin)}. What is left out is as in the others." if kin else ""
        return [
            Question(
                id=occasion.id(),
                kind=self.kind,
                items=(),
                group=group,
                text=f"Write up to five more examples of the kind {group!r}, such as:\n{examples}{how}",
                minutes=self.minutes(occasion.pace, self.examples),
                reason=why,
                round=occasion.round,
                seed_version=seed.version,
            )
        ]

    def title(self, question: Question) -> str:
        return f"Write more like this ({question.group})" if question.group else "Write more like this"

    def people(self, annotators: int) -> int:
        return annotators

    def minutes(self, pace: Pace, parts: int = 1) -> float:
        return pace.minutes_write_more * parts

    def settles(self, question: Question, answer: Answer, items: Mapping[str, Item]) -> Settled:
        return Settled(adds=answer.texts if answer.verdict == _WRITE.verdict else ())

    def simulated(self, question: Question, person: Respondent) -> dict[str, Any]:
        texts = list(person.examples(question.group))
        start = question.round % max(len(texts), 1)
        chosen = (texts[start:] + texts[:start])[:3]
        return {"verdict": _WRITE.verdict, "texts": tuple(chosen)} if chosen else {"verdict": SKIP.verdict}
