"""Questions about one item: how they are drawn up, what the shared verdicts say of it, how somebody simulated answers.

The variant *shown* is the one whose text the question displays, as a rule *as written*:

* keep: the variant shown. reject: absent. choose: the variant named. flip: the pair with the other reply preferred.
* both, neither: absent. A pair says which reply is better; when both or neither are right it says nothing.
* edit: a variant of its own, ``edit-1``, ``edit-2``, …, unless the same text exists already.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from activeseed.entries import changed, differing, names_of
from activeseed.protocols import Form, Occasion, Respondent
from activeseed.question import SETTLES_NOTHING, Answer, Question, Says, Settled
from activeseed.seed import ABSENT, AS_WRITTEN, FLIPPED, Entry, Item, Origin, Pair, Payload, Seed, Text, Variant

#: what is said of a question about an item. It is the same for every item: whatever tells how sure the machine is
#: leads whoever reads it, and an answer that was led confirms what led it
OPEN = "The outcome may hang on this, and only a human can settle it."
#: where a variant comes from -> what is said beside it
MACHINE: Mapping[Origin, str] = {
    "paraphrase": "written by a rule",
    "drift": "written by a rule, and may say something else",
    "framing": "written by a rule, and framed the other way",
}
#: names a variant by its place among an item's alternatives, from 0
PLACE = "alternative number "


def about(form: Form, seed: Seed, name: str, id_: str, round_: int = 0, **more: Any) -> Question:
    """The question of a form about one item as it stands, its wordings as options. Raises SeedError for an unknown one.

    Args:
        more: fields of the question that are to be otherwise (``reason``, ``value``, …).
    """
    item = seed[name]
    return Question(
        id=id_,
        kind=form.kind,
        items=(name,),
        round=round_,
        seed_version=seed.version,
        **{
            "text": item.payload.wording,
            "context": context_of(item.payload),
            "options": {v.id: _worded(v, item) for v in item.variants if v.id != ABSENT},
            "reason": OPEN,
            "marks": marks_of(item),
            **more,
        },
    )


def about_each(form: Form, occasion: Occasion) -> list[Question]:
    """A question about each item that was named on an occasion: what ``draw`` of such a form may return."""
    pace = occasion.pace
    return [
        about(form, occasion.seed, name, occasion.id(k), occasion.round, minutes=form.minutes(pace))
        for k, name in enumerate(dict.fromkeys(occasion.items), 1)
    ]


def _worded(variant: Variant, item: Item) -> str:
    """The wording of a variant; where it is the item's own at another rank, with the rank, so that they can be told.

    Of an entry, what it says otherwise than the item as written.
    """
    mine, written = variant.payload, item.payload
    if isinstance(mine, Entry) and isinstance(written, Entry) and mine != written:
        return differing(written, mine)
    ranked = isinstance(mine, Text) and isinstance(written, Text) and mine.authority != written.authority
    return f"{variant.wording} [{mine.authority}]" if ranked and isinstance(mine, Text) else variant.wording


def marks_of(item: Item) -> dict[str, str]:
    """Variant id -> who wrote it, where that was no human: nobody takes a machine's words for the author's."""
    return {v.id: MACHINE[v.origin] for v in item.variants if v.origin in MACHINE}


def context_of(payload: Payload) -> str:
    """What a text answers; the prompt of a pair is part of what is judged."""
    return payload.prompt if isinstance(payload, Text) else ""


def has_wordings(item: Item) -> bool:
    """Whether there are other wordings of it to choose from."""
    return any(v.payload is not None for v in item.alternatives)


def displayed(question: Question, item: Item | None = None) -> str:
    """Id of the variant whose text a question displays; *as written* where nothing says otherwise."""
    for variant, text in question.options.items():
        if variant != ABSENT and text == question.text:
            return variant
    for candidate in item.variants if item is not None else ():
        if candidate.payload is not None and candidate.wording == question.text:
            return candidate.id
    return AS_WRITTEN


def said(question: Question, answer: Answer, items: Mapping[str, Item]) -> Settled:
    """What an answer with one of the shared verdicts says of the question's item."""
    if answer.verdict in SETTLES_NOTHING:
        return Settled()
    name = question.items[0]
    return Settled(says=(_word(question, answer, name, items),))


def _word(question: Question, answer: Answer, name: str, items: Mapping[str, Item]) -> Says:
    item = items.get(name)
    kept = displayed(question, item)
    if answer.verdict == "keep":
        return Says(name, kept)
    if answer.verdict == "choose":
        return Says(name, answer.variant)
    if answer.verdict == "flip":
        payload = item.variants[item.index_of(kept)].payload if item is not None else None
        return Says(name, FLIPPED, payload.flipped() if isinstance(payload, Pair) else None)
    if answer.verdict == "edit":
        known = item is not None and answer.payload is not None
        return Says(name, "edit", edited_as(question, answer.payload, items) if known else None, edited=known)
    return Says(name, ABSENT)  # reject, both, neither


def edited_as(
    question: Question, edited: Payload | None, items: Mapping[str, Item], *, strict: bool = False
) -> Payload | None:
    """What an edit makes of a question's item: what its editor leaves as it is comes from what the question shows.

    Of a text that is the prompt that it answers, and its rank; of an entry, all that was not typed anew.

    Args:
        strict: raise AnswerError where what was typed makes no entry.
    """
    item = items.get(question.items[0]) if question.items else None
    if item is None:
        return edited
    before = item.payload
    if isinstance(edited, Text) and isinstance(before, Entry):
        return changed(_shown(question, item, before), edited.text, names_of(items.values()), strict=strict)
    if isinstance(edited, Text) and isinstance(before, Text) and not edited.prompt and before.prompt:
        edited = Text(prompt=before.prompt, text=edited.text, authority=edited.authority)
    if isinstance(edited, Text) and isinstance(before, Text) and not edited.authority and before.authority:
        edited = Text(prompt=edited.prompt, text=edited.text, authority=before.authority)
    return edited


def _shown(question: Question, item: Item, before: Entry) -> Entry:
    """The entry that a question shows, which its author may have changed since."""
    earlier = [Entry.model_validate(p) for p in item.metadata.get("earlier_payloads", ()) if p.get("kind") == "entry"]
    there = [v.payload for v in item.variants if isinstance(v.payload, Entry)]
    return next((p for p in (*there, *reversed(earlier)) if p.display == question.text), before)


# --- somebody simulated ---------------------------------------------------------------------------------------------


def simulated(question: Question, person: Respondent, verdicts: Sequence[str], wrong: str = ABSENT) -> dict[str, Any]:
    """What somebody simulated answers about an item, in the shared verdicts that a form takes.

    Args:
        wrong: what else an answer could say where the right one is among the options.
    """
    kept = displayed(question)
    right = named(person.right(question.items[0] if question.items else "", kept), question)
    if not right and not person.guesses:
        return {"verdict": "skip", "comment": "not in the simulated annotator's truth"}
    possible = list(dict.fromkeys(v for v in (kept, *question.options, right) if v))
    possible = list(dict.fromkeys([*possible, *([] if right == wrong else [wrong])]))
    return _verdict(verdicts, kept, person.says(right, kept, possible))


def named(right: str, question: Question) -> str:
    """A variant given by its place is the one at that place among the question's options; else it is unknown."""
    if not right.startswith(PLACE):
        return right
    place = int(right.removeprefix(PLACE))
    offered = [v for v in question.options if v not in (AS_WRITTEN, ABSENT) and not v.startswith("edit-")]
    return offered[place] if 0 <= place < len(offered) else ABSENT


def _verdict(verdicts: Sequence[str], kept: str, variant: str) -> dict[str, Any]:
    """The verdict that names a variant."""
    if variant == kept and "keep" in verdicts:
        return {"verdict": "keep"}
    if variant == ABSENT:
        return {"verdict": "reject"}
    if "flip" in verdicts and (variant == FLIPPED or (kept == FLIPPED and variant == AS_WRITTEN)):
        return {"verdict": "flip"}
    return {"verdict": "choose", "variant": variant} if "choose" in verdicts else {"verdict": "keep"}
