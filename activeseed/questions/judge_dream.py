"""Judge a dream: two readings of the seed part ways at a text that is no probe; which of them is right there?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from activeseed.checked import SettingsRecord
from activeseed.errors import PlanError
from activeseed.protocols import About, Occasion, Pace, Parted, Respondent
from activeseed.question import Answer, Question, Reply, Settled
from activeseed.questions.preferring import APPROVE, PREFER, REJECT, SIDES, preferred
from activeseed.questions.replies import DEPENDS, SKIP
from activeseed.seed import ABSENT, AS_WRITTEN, Item, Pair

_PREFER = Reply(PREFER, "p", "this reading is right: p 2", "option")
#: what a truth file says of a text -> the answer
_TRUTH = {AS_WRITTEN: APPROVE, ABSENT: REJECT}


class JudgeDream(SettingsRecord):
    """A text that is no probe, held by the question itself. It names no item, so it settles none: the belief reads it,
    by what networks trained on draws of it say there.

    Which reading says what stands nowhere: both are the seed's, and an answer should not follow a machine.
    """

    kind: Literal["judge_dream"] = "judge_dream"
    replies: ClassVar[tuple[Reply, ...]] = (_PREFER, DEPENDS, SKIP)
    about: ClassVar[About] = "else"
    sighted: ClassVar[bool] = False
    asks: ClassVar[str] = "which reading?"
    titled: ClassVar[str] = "judge dreams"
    fields: ClassVar[tuple[str, ...]] = ("left", "right", "variants")

    def draw(self, occasion: Occasion) -> list[Question]:
        """Texts on which readings part, in the order of the newest dreams, those asked about before left out."""
        before = {q.group for q in occasion.asked if q.kind == self.kind}
        parted = occasion.parted()
        if not parted:
            raise PlanError(
                "No text is at hand on which the readings of the newest dreams part, besides the probes. Dream of "
                "other readings (activeseed dream --ask), or among more texts (activeseed dream --corpus FILE --ask)."
            )
        return [
            Question(
                id=occasion.id(k),
                kind=self.kind,
                items=(),
                group=p.place.id,
                text=p.place.payload.display,
                options=_options(p),
                value=p.value,
                minutes=self.minutes(occasion.pace),
                reason=_reason(p),
                round=occasion.round,
                seed_version=occasion.seed.version,
                place=p.place.payload,
            )
            for k, p in enumerate([p for p in parted if p.place.id not in before][: occasion.n], start=1)
        ]

    def title(self, question: Question) -> str:
        return "Two readings of your seed part ways here: which is right?"

    def people(self, annotators: int) -> int:
        return annotators

    def minutes(self, pace: Pace, parts: int = 1) -> float:
        return pace.minutes * parts

    def settles(self, question: Question, answer: Answer, items: Mapping[str, Item]) -> Settled:
        return preferred(question, answer)

    def simulated(self, question: Question, person: Respondent) -> dict[str, Any]:
        """Whoever knows the truth knows it by the text's id, or by the text itself."""
        options = list(question.options)
        said = person.right(question.group, "") or person.right(question.text, "")
        right = _TRUTH.get(said, said)
        if right not in options and not person.guesses:
            return {"verdict": SKIP.verdict, "comment": "not in the simulated annotator's truth"}
        return {"verdict": PREFER, "variant": person.says(right, options[0], options)}


def _options(parted: Parted) -> dict[str, str]:
    if isinstance(parted.place.payload, Pair):
        return {APPROVE: "the reply marked + is better", REJECT: "the reply marked - is better"}
    return dict(SIDES)


def _reason(parted: Parted) -> str:
    sides = {p > 0.5 for p in parted.outcomes}
    what = (
        "one would let this pass, the other would not" if len(sides) == 2 else "they are not equally sure of this one"
    )
    by = f" It was written by {parted.by}, and nobody has said it." if parted.by else ""
    return f"Two plausible readings of the seed agree on much: {what}.{by}"
