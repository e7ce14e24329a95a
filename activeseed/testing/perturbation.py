"""What every perturbation promises, as one check."""

from __future__ import annotations

from typing import get_args

from activeseed.protocols import Perturbation
from activeseed.seed import Item, Origin, Seed

#: where a variant that a perturbation adds may come from
ORIGINS = frozenset(get_args(Origin)) - {"written", "absent", "setting"}


def check_perturbation(perturbation: Perturbation, seed: Seed) -> None:
    """Raise AssertionError unless a perturbation adds variants to this seed and does nothing else.

    Items keep their ids, order, payloads, groups, beliefs and weights, and stand as they stood; variants keep their
    places, and new ones come after them, each with an id and something to say of its own, and its origin said; adding
    them once more adds nothing.
    """
    says = type(perturbation).__name__
    before = seed.model_dump_json()
    grown = perturbation.variants(seed)
    assert seed.model_dump_json() == before, f"{says} changes the seed that it is given"
    assert [i.id for i in grown.items] == [i.id for i in seed.items], f"{says} changes the items' ids or their order"
    assert dict(grown.standing) == dict(seed.standing), f"{says} changes what stands"
    for old, new in zip(seed.items, grown.items, strict=True):
        _check_item(old, new, f"{says}, item {old.id!r}")
    assert grown.base == seed.base, f"{says} changes which variant stands"
    assert perturbation.variants(seed).model_dump_json() == grown.model_dump_json(), (
        f"{says} does not do the same twice"
    )
    again = perturbation.variants(grown)
    assert again.model_dump_json() == grown.model_dump_json(), f"{says} adds something to what it has added already"


def _check_item(old: Item, new: Item, says: str) -> None:
    assert new.belief == old.belief, f"{says}: the author's belief is another one: perturbations add none"
    for part in Item.model_fields:
        if part not in ("alternatives", "belief"):
            assert getattr(new, part) == getattr(old, part), f"{says}: its {part} is another one"
    kept = new.variants[: len(old.variants)]
    assert kept == old.variants, f"{says}: variants that it had are changed, gone, or in other places"
    ids = [v.id for v in new.variants]
    assert len(set(ids)) == len(ids), f"{says}: two variants have one id"
    for n, variant in enumerate(new.variants[len(old.variants) :], start=len(old.variants)):
        assert variant.payload is not None, f"{says}: variant {variant.id!r} says nothing, as 'absent' does already"
        same = [v.id for v in new.variants[:n] if v.payload == variant.payload]
        assert not same, f"{says}: variant {variant.id!r} says what {same[0]!r} says"
        assert variant.payload.kind == old.payload.kind, f"{says}: variant {variant.id!r} is a {variant.payload.kind}"
        assert variant.origin in ORIGINS, f"{says}: variant {variant.id!r} is said to be {variant.origin!r}"
        plain = variant.comes_from or variant.origin in ("flipped", "wording")
        assert plain, f"{says}: where variant {variant.id!r} comes from is read from its id: say it ('comes_from')"
