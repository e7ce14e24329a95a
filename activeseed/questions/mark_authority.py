"""Mark authority: which rank has this line among the others?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from activeseed.checked import SettingsRecord
from activeseed.errors import PlanError
from activeseed.protocols import About, Occasion, Pace, Respondent
from activeseed.question import Answer, Question, Reply, Says, Settled
from activeseed.questions import items as one
from activeseed.questions.replies import DEPENDS, SKIP
from activeseed.seed import Item, Seed, Text

_RANK = Reply("rank", "a", "it has this rank: a 2", "option")
#: ranks to choose from where no line of the seed has one, highest first (OpenAI's Model Spec, section "The chain of
#: command")
RANKS = ("root", "system", "developer", "user", "guideline")
#: what stands for a line without a rank
NO_RANK = "no rank"
#: between the id of a variant and the rank that it was given
_AS = ":"


class MarkAuthority(SettingsRecord):
    """A text and the ranks that occur in the seed. An answer is the same text at another rank, a variant that stands.

    An answer says more of the wording that stands, and nothing against it: who kept it before is counted for the rank.
    """

    kind: Literal["mark_authority"] = "mark_authority"
    replies: ClassVar[tuple[Reply, ...]] = (_RANK, DEPENDS, SKIP)
    about: ClassVar[About] = "item"
    sighted: ClassVar[bool] = False
    asks: ClassVar[str] = "which rank?"
    titled: ClassVar[str] = "mark authority"
    fields: ClassVar[tuple[str, ...]] = ("variants",)

    def draw(self, occasion: Occasion) -> list[Question]:
        """A question about each item named. Raises PlanError where none is or one is no text, SeedError for no item.

        An item that stands as absent is asked about as it was written.
        """
        if not occasion.items:
            raise PlanError("Whose rank is asked for? Name lines with --item.")
        out = []
        for k, name in enumerate(dict.fromkeys(occasion.items), 1):
            item, standing = occasion.seed[name], _standing(occasion.seed, name)
            payload = item.variants[item.index_of(standing)].payload
            if not isinstance(payload, Text):
                raise PlanError(f"Item {name!r} is a {item.payload.kind}. Only a text has a rank among others.")
            out.append(
                one.about(
                    self, occasion.seed, name, occasion.id(k), occasion.round,
                    text=payload.text,
                    context=one.context_of(payload),
                    options=_options(item, standing, payload, ranks(occasion.seed)),
                    minutes=self.minutes(occasion.pace),
                    reason=f"Its rank now: {payload.authority or NO_RANK}. Where lines contradict each other, the rank "
                    "decides which of them counts.",
                )
            )  # fmt: skip
        return out

    def title(self, question: Question) -> str:
        return "Which rank has this line?"

    def people(self, annotators: int) -> int:
        return annotators

    def minutes(self, pace: Pace, parts: int = 1) -> float:
        return pace.minutes * parts

    def settles(self, question: Question, answer: Answer, items: Mapping[str, Item]) -> Settled:
        if answer.verdict != _RANK.verdict:
            return Settled()
        name, of = question.items[0], next(iter(question.options), answer.variant)
        item, rank = items.get(name), question.options.get(answer.variant, "")
        there = item is not None and any(v.id == answer.variant for v in item.variants)
        ranked = None
        if item is not None and not there and isinstance(item.payload, Text):
            ranked = Text(prompt=item.payload.prompt, text=question.text, authority="" if rank == NO_RANK else rank)
        return Settled(says=(Says(name, answer.variant, ranked, origin="edit", of=of),))

    def simulated(self, question: Question, person: Respondent) -> dict[str, Any]:
        options = list(question.options)
        right = person.right(question.items[0] if question.items else "", options[0])
        if right not in options:
            return {"verdict": SKIP.verdict, "comment": "not in the simulated annotator's truth"}
        return {"verdict": _RANK.verdict, "variant": person.says(right, options[0], options)}


def ranks(seed: Seed) -> tuple[str, ...]:
    """The ranks that occur in a seed, in the usual order where they are among the usual ones; else those."""
    found = {
        v.payload.authority: None
        for item in seed.items
        for v in item.variants
        if isinstance(v.payload, Text) and v.payload.authority
    }
    return tuple(sorted(found, key=lambda r: RANKS.index(r) if r in RANKS else len(RANKS))) or RANKS


def _standing(seed: Seed, name: str) -> str:
    """The variant that is asked about: what stands, or what was written where that is absent."""
    item = seed[name]
    variant = item.variants[seed.base[seed.position(name)]]
    return variant.id if variant.payload is not None else item.variants[0].id


def _options(item: Item, standing: str, payload: Text, known: tuple[str, ...]) -> dict[str, str]:
    """Variant id -> rank: the variant that stands first, then one for each other rank."""
    options = {standing: payload.authority or NO_RANK}
    for rank in known:
        if rank != payload.authority:
            same = Text(prompt=payload.prompt, text=payload.text, authority=rank)
            there = next((v.id for v in item.variants if v.payload == same), "")
            options[there or f"{standing.split(_AS)[0]}{_AS}{rank}"] = rank
    return options
