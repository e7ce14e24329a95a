"""From a chosen batch to questions that an annotator can answer: texts, options, and what each answer would decide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from activeseed.acquisition import Pick, proposed
from activeseed.question import Question
from activeseed.seed import ABSENT, AS_WRITTEN, FLIPPED, Item, Payload, Seed, Text, Variant
from activeseed.study import special
from activeseed.study.assess import Assessment
from activeseed.study.consequences import Looked

#: what is said of a question about an item. It is the same for every item: whatever tells how sure the machine is
#: leads whoever reads it, and an answer that was led confirms what led it
OPEN = "The outcome may hang on this, and only a human can settle it."


def make_questions(
    picks: Sequence[Pick], assessment: Assessment, round_: int, looked: Mapping[int, Looked], show_belief: bool = False
) -> list[Question]:
    """One question a pick, in order of value per minute.

    Args:
        looked: what hangs on each item, by its number.
        show_belief: whether annotators are told how credible the machine takes an item to be.
    """
    seed = assessment.seed
    out = []
    for n, pick in enumerate(picks, start=1):
        c = pick.candidate
        id_ = f"r{round_:03d}-{n:02d}"
        if c.kind == "write_more":
            each = float(c.minutes) / special.EXAMPLES
            out.append(special.write_more(seed, c.group, id_, round_, each, float(pick.value)))
            continue
        ids = tuple(seed.items[f].id for f in c.items)
        text, context, options = _form(seed, c.kind, c.items, assessment)
        found = looked.get(c.items[0], Looked()) if len(c.items) == 1 else Looked()
        out.append(
            Question(
                id=id_,
                kind=c.kind,
                items=ids,
                group=c.group,
                text=text,
                context=context,
                options=options,
                value=float(pick.value),
                minutes=float(c.minutes),
                consequences=found.shown,
                trainings=found.trainings,
                **_why(pick, assessment, show_belief),
                round=round_,
                seed_version=seed.version,
                drawn=pick.drawn,
            )
        )
    return out


def _form(seed: Seed, kind: str, items: tuple[int, ...], assessment: Assessment) -> tuple[str, str, dict[str, str]]:
    """Text, context and options of a question."""
    if kind == "confirm_list":
        otherwise = proposed(assessment.belief, seed.base)
        changed = {seed.items[f].id: seed.items[f].variants[int(otherwise[f])] for f in items}
        lines = [_line(seed.items[f], changed[seed.items[f].id]) for f in items]
        return "\n".join(lines), "", {name: variant.id for name, variant in changed.items()}
    item = seed.items[items[0]]
    options = {v.id: v.wording for v in item.variants if v.id != ABSENT}
    return item.payload.wording, context_of(item.payload), options


def context_of(payload: Payload) -> str:
    """What a text answers; the prompt of a pair is part of what is judged."""
    return payload.prompt if isinstance(payload, Text) else ""


def _line(item: Item, proposed: Variant) -> str:
    """A line of a list: the item as it stands, and the wording that would take its place where there is one."""
    said = f"{item.id}: {item.display}"
    return said if proposed.id in (AS_WRITTEN, ABSENT, FLIPPED) else f"{said}\nwould become: {proposed.display}"


def _why(pick: Pick, assessment: Assessment, show_belief: bool) -> dict[str, Any]:
    c = pick.candidate
    if c.kind == "confirm_list":
        return {"reason": "Some of these may not belong. Nothing leaves the seed until you confirm it."}
    credibility = float(assessment.belief.credibility[c.items[0]])
    spread = assessment.ranking.summary.get("belief_spread")
    return why(credibility, float(pick.value), spread, show_belief)


def why(credibility: float, value: float, spread: float | None, show_belief: bool) -> dict[str, Any]:
    """What a question about one item says of why it is asked, and what it gives away of the belief.

    The belief is said only where the team asks for it. So is the share of the spread that an answer is expected to
    settle: it follows from the belief, and is right only as far as the belief is.
    """
    if not show_belief:
        return {"reason": OPEN, "believed": None}
    share = (
        f" If that is right, an answer settles about {value / spread:.0%} of what is unclear."
        if spread and value > 0
        else ""
    )
    return {"reason": f"Believed to stay with probability {credibility:.0%}.{share}", "believed": credibility}


def resolve_question(
    seed: Seed, item_id: str, answers: Sequence[tuple[str, str, str]], id_: str, round_: int
) -> Question:
    """A disagreement put before a human: the item, and what was answered so far under aliases."""
    item = seed[item_id]
    return Question(
        id=id_,
        kind="resolve",
        items=(item_id,),
        text=item.payload.wording,
        context=context_of(item.payload),
        options={v.id: v.wording for v in item.variants if v.id != ABSENT},
        reason="The answers so far do not agree with each other or with everything else that is known.",
        round=round_,
        minutes=1.5,
        seed_version=seed.version,
        answers=tuple(answers),
    )
