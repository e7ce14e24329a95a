"""First drafts: seeds that the author might have written, around what people mean.

What is meant is fixed: the variant that was named, was answered, or is most credible. A draft is a draw of the belief
about it: each item is as it is meant with the probability that the author's belief gives to its most credible variant,
and otherwise one of the others, as probable among them as the belief says. Where something else than the most credible
variant is meant, the two change places: the author errs as often as they say, about whatever it is. Whoever wrote a
draft believes in it as firmly as the author believes in the seed, so that in the draft's own belief the variant that
stands and the most credible one change places too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from activeseed.annotators.simulated import Simulated, read_truth
from activeseed.belief import author_law
from activeseed.errors import PlanError, SeedError, nearest
from activeseed.plan import Floats, Ints, Law, generator
from activeseed.questions import PLACE
from activeseed.seed import Seed
from activeseed.stack.human.record import HumanLevel

if TYPE_CHECKING:
    from activeseed.study import Study


def author_of(study: Study) -> Law:
    """(F, V) what the author believed of the seed's items before anybody answered."""
    table = study.settings.belief
    return author_law(study.seed, table.base_rate, table.rest)


def meant(study: Study, asked: HumanLevel) -> tuple[Ints, tuple[str, ...]]:
    """(F,) the variant that people mean of each item, and what a reader has to know of where that comes from.

    Raises PlanError for a truth that names an item or a variant that is not there.
    """
    seed, said = study.seed, _said(study, asked)
    law = author_of(study).probabilities
    base = np.asarray(seed.base, np.int64)
    answered = set(study.resolution.answered)
    out = law.argmax(1).astype(np.int64)
    told: list[int] = []
    for f, item in enumerate(seed.items):
        if item.id in said:
            out[f] = _variant(seed, item.id, said[item.id])
            told.append(f)
        elif item.id in answered or law[f, base[f]] >= law[f].max():
            out[f] = base[f]
    notes = []
    if not told:
        notes.append(
            "Nobody said what is meant: it is taken to be what was answered and, of the other items, what the author's "
            "belief takes for most credible. Give a truth file to put other mistakes in (--truth FILE)."
        )
    elif len(told) < len(seed):
        notes.append(
            f"What is meant was said of {len(told)} of {len(seed)} items; the others are taken to be as answered, or "
            "as the author's belief has them."
        )
    return out, tuple(notes)


def _said(study: Study, asked: HumanLevel) -> dict[str, str]:
    """Item id -> variant that somebody said is meant. Raises PlanError for an item that the seed has not."""
    known: dict[str, str] = {}
    annotator = study.settings.annotator
    if isinstance(annotator, Simulated):
        known |= annotator.located(study.folder).knowledge[0]
    ids = {i.id for i in study.seed.items}
    known = {name: variant for name, variant in known.items() if name in ids}  # gold questions are no items
    given = dict(read_truth(asked.truth_file)[0]) if asked.truth_file else {}
    given |= asked.truth
    if unknown := [name for name in asked.truth if name not in ids]:
        raise PlanError(f"The truth names an item {unknown[0]!r} that the seed has not.{nearest(unknown[0], ids)}")
    strange = [name for name in given if name not in ids]
    if strange and len(strange) == len(given):
        raise PlanError(f"The truth names {strange[0]!r}, and the seed has no such item.{nearest(strange[0], ids)}")
    return known | {name: variant for name, variant in given.items() if name in ids}


def _variant(seed: Seed, item: str, variant: str) -> int:
    """Number of a variant; a truth file may name it by its place among the item's alternatives."""
    found = seed[item]
    if variant.startswith(PLACE):
        place = int(variant.removeprefix(PLACE))
        if place >= len(found.alternatives):
            raise PlanError(
                f"The truth names alternative {place} of item {item!r}, which has {len(found.alternatives)}."
            )
        return place + 2
    try:
        return found.index_of(variant)
    except SeedError as error:
        raise PlanError(f"The truth can't be meant: {error}") from error


def exchanged(draws: Ints, credible: Ints, right: Ints) -> Ints:
    """(…, F) draws in which the most credible variant of each item and the one that is meant change places."""
    return np.where(draws == credible, right, np.where(draws == right, credible, draws))


def draft(law: Floats, right: Ints, key: int, number: int) -> Ints:
    """(F,) the variants of draft ``number``, drawn item by item.

    Args:
        law: (F, V) what is believed.
        right: (F,) what is meant.
        key: of all draws.
    """
    u = generator(key, "human", "draft", number).random(len(law))
    edges = np.cumsum(law, axis=1)
    edges[:, -1] = 1.0
    return exchanged((u[:, None] >= edges).sum(1), law.argmax(1), right)


def written(seed: Seed, variants: Ints, law: Floats) -> Seed:
    """The seed as that draft has it: its variants stand, and its author believes in them as firmly as in the seed.

    Args:
        law: (F, V) the author's belief.
    """
    items, standing = [], {}
    credible = law.argmax(1)
    for f, item in enumerate(seed.items):
        ids = [v.id for v in item.variants]
        stands, first = int(variants[f]), int(credible[f])
        belief: Mapping[int, float] = {v: float(law[f, v]) for v in range(len(ids))}
        place = {stands: first, first: stands}
        mine = {ids[v]: belief[place.get(v, v)] for v in range(len(ids))}
        items.append(item.model_copy(update={"belief": {name: p for name, p in mine.items() if p > 0.0}}))
        standing[item.id] = ids[stands]
    return seed.revise(items=items, standing=standing)
