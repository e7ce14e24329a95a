"""Variants that perturbations add, and the reference laws, against the laws that estimators compare."""

import numpy as np
import pytest

from activeseed.errors import PlanError, SeedError
from activeseed.estimators.contrasts import comparison
from activeseed.outcome import Geometry
from activeseed.perturbations import HEADINGS, Drop, Flip, Wordings, bootstrap, changes, perturbed, reference_law
from activeseed.plan import Law, OneAtATime, stream_key
from activeseed.protocols import Problem
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


def problem(seed):
    width = max(len(i.variants) for i in seed.items)
    law = Law("any", np.full((len(seed), width), 1 / width))
    return Problem(seed, law, Geometry("identity", np.ones(1)), False, True, 1)


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


@pytest.mark.parametrize("standing", [{}, {"a": ABSENT, "b": ABSENT}, {"a": "wording-2"}])
def test_laws_are_distributions_over_what_an_item_has(standing):
    seed = seed_of_texts().stand(**standing)
    for name in ("drop", "wordings"):
        law = reference_law(seed, name)
        assert law.name == HEADINGS[name]
        np.testing.assert_allclose(law.probabilities.sum(1), 1.0)
        for f, item in enumerate(seed.items):
            assert not law.probabilities[f, len(item.variants) :].any()
    drop = reference_law(seed, "drop").probabilities
    assert [int(row.argmax()) for row in drop] == [0 if standing.get(i.id) == ABSENT else 1 for i in seed.items]
    reword = reference_law(seed, "wordings").probabilities
    here = 3 if standing.get("a") == "wording-2" else 0
    assert set(np.flatnonzero(reword[0])) == {0, 2, 3} - {here}
    np.testing.assert_allclose(reword[0][reword[0] > 0], 0.5)


@pytest.mark.parametrize("name", ["drop", "flip", "wordings", "group"])
@pytest.mark.parametrize("standing", [{}, {"b": ABSENT}])
def test_rows_are_those_that_estimators_compare(name, standing):
    seed = Flip().variants(seed_of_pairs()) if name == "flip" else seed_of_texts().stand(**standing)
    compared = comparison(problem(seed), name)
    theirs = {(c.factors, c.variants) for c in compared.changes}
    ours = {(c.factors, c.variants) for c in changes(seed, name)}
    assert ours == theirs


def test_a_group_is_one_row():
    seed = seed_of_texts().stand(b=ABSENT)
    (g, h) = changes(seed, "group")
    assert (g.label, g.factors, g.variants) == ("leave out group: g", (0,), (1,))
    assert (h.factors, h.variants) == ((2,), (1,))
    design = OneAtATime(seed.base, (g, h), keys=(0,))
    np.testing.assert_array_equal(design.block(0, design.size).variants, [[0, 1, 0, 0], [1, 1, 0, 0], [0, 1, 1, 0]])


def test_laws_that_have_nothing_to_change_say_so():
    with pytest.raises(PlanError, match="'flip'"):
        reference_law(seed_of_texts(), "flip")
    with pytest.raises(PlanError, match="'reword'"):
        changes(seed_of_pairs(), "wordings")
    with pytest.raises(PlanError, match="names a group"):
        changes(seed_of_pairs(), "group")


def test_the_bootstrap_draws_poisson_multiplicities_of_what_stands():
    seed = seed_of_texts().stand(b=ABSENT)
    design = bootstrap(seed, 2000, stream_key(7, "bootstrap"))
    rows = design.block(0, design.size)
    assert rows.multiplicity is not None
    assert (rows.variants == np.asarray(seed.base)).all()
    # 8,000 draws of Poisson(1): mean and variance are 1 within 5 standard errors, √(1/8000) and √(3/8000).
    assert abs(rows.multiplicity.mean() - 1.0) < 5 * (1 / 8000) ** 0.5
    assert abs(rows.multiplicity.var() - 1.0) < 5 * (3 / 8000) ** 0.5
    with pytest.raises(PlanError, match="even number"):
        bootstrap(seed, 3, 1)
