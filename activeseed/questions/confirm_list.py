"""Confirm a list: items that look wrong, and what would be done; nothing leaves the seed before somebody says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

from activeseed.checked import SettingsRecord
from activeseed.protocols import About, Pace, Respondent
from activeseed.question import Answer, Question, Reply, Says, Settled
from activeseed.questions.items import PLACE, marks_of
from activeseed.questions.replies import DEPENDS, SKIP
from activeseed.seed import ABSENT, AS_WRITTEN, FLIPPED, Item, Seed, Variant

_CONFIRM = Reply("confirm", "y", "all lines; y 2 5 keeps lines 2 and 5", "lines")


class ConfirmList(SettingsRecord):
    """Every line gets the variant proposed in ``options``, by its item; an unticked line stays as written."""

    kind: Literal["confirm_list"] = "confirm_list"
    replies: ClassVar[tuple[Reply, ...]] = (_CONFIRM, DEPENDS, SKIP)
    about: ClassVar[About] = "lines"
    sighted: ClassVar[bool] = False
    asks: ClassVar[str] = "drop these?"
    titled: ClassVar[str] = "confirm lists"
    fields: ClassVar[tuple[str, ...]] = ("lines",)

    def over(self, seed: Seed, proposed: Sequence[tuple[Item, Variant]], id_: str, round_: int) -> Question:
        """The question that proposes a variant for each of these items."""
        return Question(
            id=id_,
            kind=self.kind,
            items=tuple(item.id for item, _ in proposed),
            text="\n".join(_line(item, variant) for item, variant in proposed),
            options={item.id: variant.id for item, variant in proposed},
            reason="Some of these may not belong. Nothing leaves the seed until you confirm it.",
            round=round_,
            seed_version=seed.version,
        )

    def title(self, question: Question) -> str:
        return "Would you change these? Name the lines that stay"

    def people(self, annotators: int) -> int:
        return annotators

    def minutes(self, pace: Pace, parts: int = 1) -> float:
        return pace.minutes_line * parts

    def settles(self, question: Question, answer: Answer, items: Mapping[str, Item]) -> Settled:
        if answer.verdict != _CONFIRM.verdict:
            return Settled()
        stays = set(answer.unticked)
        return Settled(
            says=tuple(Says(i, AS_WRITTEN if i in stays else question.options.get(i, ABSENT)) for i in question.items)
        )

    def simulated(self, question: Question, person: Respondent) -> dict[str, Any]:
        stay = tuple(i for i in question.items if _stays(question, i, person))
        return {"verdict": _CONFIRM.verdict, "unticked": stay}


def _line(item: Item, proposed: Variant) -> str:
    """A line of a list: the item as it stands, and the wording that would take its place where there is one."""
    said = f"{item.id}: {item.display}"
    if proposed.id in (AS_WRITTEN, ABSENT, FLIPPED):
        return said
    mark = marks_of(item).get(proposed.id)
    return f"{said}\nwould become: {proposed.display}" + (f" ({mark})" if mark else "")


def _stays(question: Question, item: str, person: Respondent) -> bool:
    proposed = question.options.get(item, ABSENT)
    right = person.right(item, "") or AS_WRITTEN
    return person.skims(right != proposed and not (right.startswith(PLACE) and proposed not in (AS_WRITTEN, ABSENT)))
