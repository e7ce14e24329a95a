"""Texts become variants of an item, each said once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Literal

from activeseed.protocols import Perturbation
from activeseed.seed import Item, Origin, Seed, Text, Variant


def with_texts(item: Item, stem: str, comes_from: Origin | Literal[""], texts: Iterable[str]) -> Item:
    """The item with these texts as variants ``stem-1``, ``stem-2``, ...: its prompt and authority are theirs too.

    A text that the item already has, as written or as a variant, is not added twice; an item that is no text, and one
    that gains nothing, is returned as it is.
    """
    if not isinstance(item.payload, Text):
        return item
    added: list[Variant] = []
    for text in texts:
        payload = Text.model_validate(item.payload.model_dump() | {"text": text})
        if any(v.payload == payload for v in (*item.variants, *added)):
            continue
        taken = {v.id for v in (*item.variants, *added)}
        n = 1
        while f"{stem}-{n}" in taken:
            n += 1
        added.append(Variant(id=f"{stem}-{n}", payload=payload, comes_from=comes_from))
    if not added:
        return item
    # Made anew: a copy would share what the old item has cached of itself.
    fields: dict[str, Any] = {name: getattr(item, name) for name in Item.model_fields}
    return Item.model_validate(fields | {"alternatives": (*item.alternatives, *added)})


def each_text(seed: Seed, stem: str, comes_from: Origin, said: Callable[[str], Iterable[str]]) -> Seed:
    """The seed with what a rule makes of every item's text as written; pairs and vectors are left as they are."""
    items = [
        with_texts(i, stem, comes_from, said(i.payload.text)) if isinstance(i.payload, Text) else i for i in seed.items
    ]
    return seed.revise(items=items)


def perturbed(seed: Seed, perturbations: Iterable[Perturbation]) -> Seed:
    """The seed with the variants of all perturbations, in order."""
    for perturbation in perturbations:
        seed = perturbation.variants(seed)
    return seed
