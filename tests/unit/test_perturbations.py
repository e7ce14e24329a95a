"""Variants that perturbations add: more to compare, and never another belief."""

import pytest

from activeseed.errors import SeedError
from activeseed.perturbations import Drop, Flip, Wordings, perturbed
from activeseed.seed import ABSENT, Item, Pair, Seed, Text, Variant, Vector


def seed_of_texts():
    wordings = tuple(Variant(id=f"wording-{n}", payload=Text(text=f"a in words {n}")) for n in (1, 2))
    return Seed(
        items=(
            Item(id="a", payload=Text(text="a"), group="g", alternatives=wordings, belief={"as_written": 1.0}),
            Item(id="b", payload=Text(text="b"), group="g"),
            Item(id="c", payload=Text(text="c"), group="h"),
            Item(id="d", payload=Text(text="d")),
        )
    )


def seed_of_pairs():
    return Seed(items=tuple(Item(id=k, payload=Pair(chosen=f"{k} yes", rejected=f"{k} no")) for k in "pq"))


def test_perturbations_add_variants_and_never_beliefs():
    seed = seed_of_texts()
    more = perturbed(
        seed, [Drop(), Flip(), Wordings(wordings={"a": ("a", "a in words 2", "a new one"), "b": ("bee",)})]
    )
    assert [v.id for v in more["a"].alternatives] == ["wording-1", "wording-2", "wording-3"]
    assert more["a"].alternatives[2].payload == Text(text="a new one")
    assert [v.id for v in more["b"].variants] == ["as_written", ABSENT, "wording-1"]
    assert [i.belief for i in more.items] == [i.belief for i in seed.items]
    assert [i.payload for i in more.items] == [i.payload for i in seed.items]
    assert perturbed(more, [Wordings(wordings={"b": ("bee",)})]) == more
    flipped = Flip().variants(seed_of_pairs())
    assert flipped["p"].alternatives == (Variant(id="flipped", payload=Pair(chosen="p no", rejected="p yes")),)
    assert Flip().variants(flipped) == flipped


def test_wordings_that_fit_no_item_are_refused():
    with pytest.raises(SeedError, match="no item 'e'"):
        Wordings(wordings={"e": ("x",)}).variants(seed_of_texts())
    with pytest.raises(SeedError, match="blank"):
        Wordings(wordings={"a": (" ",)}).variants(seed_of_texts())
    vectors = Seed(items=tuple(Item(id=k, payload=Vector(values=(1.0,))) for k in "vw"))
    with pytest.raises(SeedError, match="'v' is a vector"):
        Wordings(wordings={"v": ("x",)}).variants(vectors)
