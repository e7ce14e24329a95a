"""Probes: groups that none is near are found, and weights make probes stand for something else."""

from __future__ import annotations

import numpy as np
import pytest

from activeseed.errors import PlanError
from activeseed.looking.probes import coverage, weights_towards
from activeseed.plan import Floats, Materials
from activeseed.seed import Item, Probe, Seed, Text, Vector


def vectors(rng: np.random.Generator, n: int, centre: float) -> Floats:
    found: Floats = centre + rng.standard_normal((n, 4))
    return found


def seed_of(*groups: tuple[str, Floats]) -> Seed:
    return Seed(
        items=tuple(
            Item(id=f"{name}{n}", payload=Vector(values=tuple(row)), group=name)
            for name, rows in groups
            for n, row in enumerate(rows.tolist())
        )
    )


def probes_of(rows: Floats, group: str = "", weight: float = 1.0) -> list[Probe]:
    return [
        Probe(id=f"{group}p{n}", payload=Vector(values=tuple(row)), group=group, weight=weight)
        for n, row in enumerate(rows.tolist())
    ]


def test_a_group_that_no_probe_is_near_is_found_and_said_with_what_to_add() -> None:
    rng = np.random.default_rng(0)
    seed = seed_of(("near", vectors(rng, 12, 0.0)), ("far", vectors(rng, 12, 8.0)))
    probes = probes_of(vectors(rng, 40, 0.0))
    far, near = coverage(seed, probes, Materials(seed, tuple(probes)))
    assert (far.group, far.covered, far.near) == ("far", False, 0.0)
    assert near.covered
    assert far.distance > 3 * far.spacing
    assert "No probe is near group 'far'" in far.words
    assert all(f"'{i}'" in far.words for i in far.furthest)
    more = [*probes, *probes_of(vectors(rng, 40, 8.0), "more")]
    assert all(g.covered for g in coverage(seed, more, Materials(seed, tuple(more))))


def test_probes_of_the_same_kind_cover_what_they_are_of() -> None:
    """Forty probes of the law of twelve items: found uncovered in none of 100 seeds."""
    for n in range(100):
        rng = np.random.default_rng(n)
        seed = seed_of(("one", vectors(rng, 12, 0.0)), ("two", vectors(rng, 12, 6.0)))
        probes = [*probes_of(vectors(rng, 20, 0.0)), *probes_of(vectors(rng, 20, 6.0), "x")]
        assert all(g.covered for g in coverage(seed, probes, Materials(seed, tuple(probes))))


def test_where_probes_have_groups_one_is_missed_by_its_name() -> None:
    rng = np.random.default_rng(1)
    seed = seed_of(("tax", vectors(rng, 8, 0.0)), ("law", vectors(rng, 8, 0.0)))
    probes = probes_of(vectors(rng, 30, 0.0), "tax")
    law, tax = coverage(seed, probes, Materials(seed, tuple(probes)))
    assert (law.group, law.covered, law.named) == ("law", False, 0)
    assert "No probe is of group 'law'" in law.words
    assert tax.named == 30
    assert coverage(seed, [], Materials(seed, ())) == ()


def test_without_features_nothing_is_said() -> None:
    seed = Seed(items=(Item(id="a", payload=Text(text="one")), Item(id="b", payload=Text(text="two"))))
    assert coverage(seed, [Probe(id="p", payload=Text(text="three"))], Materials(seed, ())) == ()


def test_weights_move_means_towards_the_target() -> None:
    """Probes around 0, a target around ½: weighted means of features come to within a third of what lay between."""
    rng = np.random.default_rng(2)
    here, there = vectors(rng, 400, 0.0), vectors(rng, 400, 0.5)
    probes, target = probes_of(here), probes_of(there)
    seed = seed_of(("a", here[:3]))
    found = weights_towards(probes, target, Materials(seed, tuple(probes)), 1)
    assert found.weights.mean() == pytest.approx(1.0)
    assert found.weights.max() <= 10.5
    assert found.effective < 400
    moved = np.average(here, axis=0, weights=found.weights)
    assert np.abs(moved - there.mean(0)).max() < 0.5 / 3
    assert "are worth" in found.words
    again = weights_towards(probes, target, Materials(seed, tuple(probes)), 1)
    assert np.array_equal(found.weights, again.weights), "the same key, the same folds"


def test_weights_towards_the_same_are_nearly_even_and_own_weights_stay() -> None:
    rng = np.random.default_rng(3)
    here = vectors(rng, 200, 0.0)
    seed = seed_of(("a", here[:3]))
    probes = [*probes_of(here[:100], "x"), *probes_of(here[100:], "y", 3.0)]
    found = weights_towards(probes, probes_of(vectors(rng, 200, 0.0)), Materials(seed, tuple(probes)), 1)
    assert found.told_apart == pytest.approx(0.5, abs=0.15)
    assert found.weights[100:].mean() / found.weights[:100].mean() == pytest.approx(3.0, rel=0.3)


def test_what_has_nothing_in_common_is_said_to_be_beyond_mending() -> None:
    rng = np.random.default_rng(4)
    here = vectors(rng, 60, 0.0)
    seed = seed_of(("a", here[:3]))
    probes = probes_of(here)
    found = weights_towards(probes, probes_of(vectors(rng, 60, 9.0)), Materials(seed, tuple(probes)), 1)
    assert found.told_apart > 0.95
    assert "hardly overlap" in found.words
    with pytest.raises(PlanError, match="takes 10 of each"):
        weights_towards(probes[:4], probes, Materials(seed, tuple(probes)), 1)
    texts = [Probe(id=str(n), payload=Text(text=str(n))) for n in range(12)]
    with pytest.raises(PlanError, match="no features in common"):
        weights_towards(probes, texts, Materials(seed, tuple(probes)), 1)
