"""What covers for what: verdicts, twins, hidden covers, violations; what is tried where not all pairs can be."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activeseed.analyses import Coverage, Redundancy
from activeseed.analyses.redundancy.candidates import Likeness, near_pairs, pointed_at
from activeseed.analyses.redundancy.coverage import verdict_words
from activeseed.analyses.redundancy.dropping import changes_within, rows_for
from activeseed.analyses.redundancy.peeling import longest, peel
from activeseed.errors import ConfigError, PlanError
from activeseed.protocols import Finding
from activeseed.seed import ABSENT, Item, Text, Vector
from activeseed.testing import Strongest, problem_of, run


def found_of(*votes: tuple[float, ...], seed=None, **settings) -> Coverage:
    system = Strongest(votes=votes)
    materials = system.materials if seed is None else seed(system)
    return run(Redundancy(**settings), problem_of(system, materials), system, materials)


def test_two_that_say_the_same_name_each_other_and_what_does_nothing_names_nobody() -> None:
    found = found_of((-0.8, 0.0), (-0.8, 0.0), (0.0, -0.6), (0.0, 0.0))
    assert [(i.id, i.verdict, i.twin) for i in sorted(found.items, key=lambda i: i.id)] == [
        ("a", "redundant", "b"), ("b", "redundant", "a"), ("c", "alone", ""), ("d", "nothing", ""),
    ]  # fmt: skip
    # a vote of 0.8 is 0.4 from ½, at one of two probes
    assert found["a"].gone == pytest.approx(0.4**2 / 2, abs=1e-7)
    assert found["a"].effect == 0.0
    assert found["d"].gone == found["d"].effect == 0.0
    assert found.twins == (("a", "b"),)


@pytest.mark.parametrize("copies", [3, 5, 8])
def test_what_is_said_more_than_twice_is_found_though_no_pair_matters(copies: int) -> None:
    found = found_of(*([(-0.8, 0.0)] * copies), (0.0, -0.6), (0.0, 0.0))
    names = [chr(97 + n) for n in range(copies)]
    for name in names:
        item = found[name]
        assert item.verdict == "redundant"
        assert {c.id for c in item.covers} == set(names) - {name}
        assert all(set(c.beside) == set(names) - {name, c.id} for c in item.covers)
        assert item.gone == pytest.approx(0.4**2 / 2, abs=1e-7)
    assert found[chr(97 + copies + 1)].verdict == "nothing"


def test_a_weaker_rule_is_covered_and_a_stronger_one_shares() -> None:
    found = found_of((-0.9, 0.0), (-0.5, 0.0), (0.0, 0.7))
    assert (found["a"].verdict, found["b"].verdict) == ("shares", "redundant")
    assert found["b"].words == "covered by a: redundant"
    assert found["a"].words == "shares with b"
    assert found["c"].words == "decides alone"


def test_what_is_overruled_is_not_covered() -> None:
    """The stronger of two opposites decides; without it the weaker does the contrary."""
    found = found_of((-0.9, 0.0), (0.4, 0.0), (0.0, 0.7))
    assert found["b"].verdict == "overruled"
    assert found["b"].words == "overruled by a"
    assert found["b"].covers == ()
    assert found["b"].gone == pytest.approx(0.2**2 / 2, abs=1e-7)
    assert found["a"].verdict == "alone"
    assert found.twins == ()


def test_violations_that_one_item_catches_alone_and_those_that_two_share() -> None:
    found = found_of((-0.9, 0.0, -0.5, 0.3), (0.0, -0.8, -0.6, 0.0), (0.2, 0.0, 0.0, 0.0))
    assert found["a"].sole == ("p0",)
    assert found["b"].sole == ("p1",)
    assert found["a"].opens == ()
    (cover,) = found["a"].covers
    assert (cover.id, cover.probes) == ("b", ("p2",))
    by = {p.id: p for p in found.probes}
    assert set(by) == {"p0", "p1", "p2"}, "p3 is approved: no violation"
    assert by["p0"].sole == ("a",)
    assert by["p2"].sole == ()
    # of complementary halves exactly one holds a; two of three items stand without one, or one of three
    assert by["p0"].halves == pytest.approx(0.5)
    assert by["p2"].halves > 0.5


def test_what_is_approved_for_one_item_alone_is_said() -> None:
    found = found_of((0.6, 0.0), (-0.3, 0.0), (0.0, 0.5))
    assert found["a"].opens == ("p0",)


def test_a_group_that_a_violation_hangs_on_is_named() -> None:
    def grouped(system: Strongest):
        materials = system.materials
        items = [i.model_copy(update={"group": g}) for i, g in zip(materials.seed.items, "xxyy", strict=True)]
        return type(materials)(materials.seed.revise(items=[Item.model_validate(i.model_dump()) for i in items]),
                               materials.probes)  # fmt: skip

    found = found_of((-0.9, 0.0), (-0.9, 0.0), (0.0, -0.3), (0.0, 0.2), seed=grouped)
    assert {p.id: p.groups for p in found.probes} == {"p0": ("x",), "p1": ("y",)}


def test_items_that_do_not_stand_are_left_alone() -> None:
    def without_first(system: Strongest):
        return type(system.materials)(system.seed.stand(a=ABSENT), system.materials.probes)

    found = found_of((-0.8, 0.0), (-0.8, 0.0), (0.0, -0.6), seed=without_first)
    assert {i.id: i.verdict for i in found.items} == {"b": "alone", "c": "alone"}
    with pytest.raises(KeyError):
        found["a"]

    def only_one(system: Strongest):
        return type(system.materials)(system.seed.stand(a=ABSENT, b=ABSENT), system.materials.probes)

    with pytest.raises(PlanError, match="two items that stand"):
        found_of((-0.8, 0.0), (-0.8, 0.0), (0.0, -0.6), seed=only_one)


def test_look_alikes_are_enough_for_a_twin_in_a_large_seed() -> None:
    """200 items at as many probes, 10 of them with an exact copy: all pairs would be 22,000."""
    rng = np.random.default_rng(1)
    votes = np.zeros((210, 200))
    votes[np.arange(200), np.arange(200)] = rng.uniform(0.3, 0.9, 200) * rng.choice([-1, 1], 200)
    votes[200:] = votes[:10]
    system = Strongest(votes=tuple(map(tuple, votes.tolist())))
    problem = problem_of(system, system.materials)
    asked = Redundancy()
    assert asked.tried(problem) == "near"
    assert asked.cost(problem).trainings <= 24_000 + 2 * (210 + 64)
    found = run(asked, problem, system, system.materials)
    names = [i.id for i in system.seed.items]
    for n in range(10):
        assert found[names[n]].twin == names[200 + n]
        assert found[names[200 + n]].twin == names[n]
    assert sum(i.verdict == "alone" for i in found.items) == 190


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(st.sampled_from([-0.9, -0.5, 0.0, 0.4, 0.8]), min_size=3, max_size=3), min_size=3, max_size=6))
def test_what_is_redundant_can_be_dropped_and_matters_once_its_covers_are_gone(votes: list[list[float]]) -> None:
    """By brute force, on any votes: the words are what they say."""
    system = Strongest(votes=tuple(map(tuple, votes)))
    found = run(Redundancy(folds=4), problem_of(system, system.materials), system, system.materials)
    names = [i.id for i in system.seed.items]

    def outcome(gone: set[str]):
        present = np.array([name not in gone for name in names])
        return 0.5 + system._decided(present)[1] / 2.0

    for item in found.items:
        step = outcome({item.id}) - outcome(set())
        assert item.effect == pytest.approx((step**2).mean(), abs=1e-7)
        if item.verdict == "nothing":
            assert not item.covers
        for c in item.covers:
            gone = {*c.beside, c.id}
            before = outcome({*c.beside, item.id}) - outcome({*c.beside})
            after = outcome({*gone, item.id}) - outcome(gone)
            assert c.more == pytest.approx((after**2).mean() - (before**2).mean(), abs=1e-6)
            assert c.more > 0
        if item.verdict == "redundant":
            assert item.effect <= 0.1 * item.gone + 1e-7
        alone = outcome(set(names) - {item.id})
        if not np.any(alone != 0.5):
            assert item.verdict == "nothing", "it votes nowhere"


def test_a_result_is_json_and_a_table() -> None:
    found = found_of((-0.8, 0.0), (-0.8, 0.0), (0.0, -0.6))
    assert isinstance(found, Finding)
    said = found.to_dict()
    assert json.loads(json.dumps(said, allow_nan=False))["twins"] == [["a", "b"]]
    assert said["items"][0]["words"] == found.items[0].words
    frame = found.to_frame()
    assert list(frame["id"]) == [i.id for i in found.items]


@pytest.mark.parametrize("verdict", ["alone", "shares", "redundant", "overruled", "nothing", "open", "unknown"])
def test_a_verdict_has_words(verdict: str) -> None:
    assert verdict_words(verdict, ["a", "b", "c", "d"])


# --- what is tried --------------------------------------------------------------------------------------------------


def test_more_pairs_than_may_be_trained_are_refused_before_anything_is() -> None:
    with pytest.raises(PlanError, match="more than half of rows = 10"):
        found_of((0.1,), (0.2,), (0.3,), (0.4,), (0.5,), (0.6,), pairs="all", rows=10)


@pytest.mark.parametrize("settings", [{"keys": 7}, {"pairs": "some"}, {"least": 0.0}, {"rows": -1}, {"near": 0}])
def test_settings_that_mean_nothing_are_refused(settings) -> None:
    with pytest.raises(ConfigError):
        Redundancy(**settings)


def test_few_rows_leave_out_what_is_least_needed_and_nothing_breaks() -> None:
    for rows in (0, 3, 8, 400):
        found = found_of((-0.8, 0.0), (-0.8, 0.0), (-0.8, 0.0), (0.0, -0.6), rows=rows)
        assert found["d"].verdict == "alone"
        others = {i.verdict for i in found.items if i.id != "d"}
        assert others == ({"redundant"} if rows == 400 else {"open"}), rows
        assert bool(found.notes) == (rows < 400)


@given(st.integers(1, 5000), st.integers(1, 20))
def test_what_fits_into_rows_takes_no_more_of_them(rows: int, keys: int) -> None:
    assert rows_for(changes_within(rows, keys), keys) <= rows


@settings(deadline=None)
@given(st.sets(st.integers(0, 40), min_size=1, max_size=6), st.permutations(range(41)))
def test_peeling_finds_exactly_what_has_to_be_gone(needed: set[int], order: list[int]) -> None:
    search = peel([order], 0.0)
    asked, found, times = next(search), None, 0
    while found is None:
        times += 1
        try:
            asked = search.send(1.0 if needed <= asked else 0.0)
        except StopIteration as end:
            found = end.value
    assert found == needed
    assert times <= longest(40, 1)


def test_peeling_gives_up_on_what_does_nothing_and_on_long_lists() -> None:
    search = peel([[1, 2], [3]], 0.0)
    assert [next(search), search.send(0.0)] == [{1, 2}, {3}]
    with pytest.raises(StopIteration) as end:
        search.send(0.0)
    assert end.value.value == frozenset()


def test_likeness_puts_the_same_words_first() -> None:
    texts = ("never lie to a user", "Never lie to a user!", "bake bread at noon", "always bake bread at noon", "")
    nearest = Likeness(tuple(Text(text=t) for t in texts)).nearest(2)
    assert nearest[:4, 0].tolist() == [1, 0, 3, 2]
    assert nearest.shape == (5, 2)
    vectors = Likeness((Vector(values=(1.0, 0.0)), Vector(values=(0.0, 1.0)), Vector(values=(0.9, 0.1))))
    assert vectors.nearest(1)[:, 0].tolist() == [2, 2, 0]
    assert np.isfinite(Likeness((Text(text=" "), Text(text=""))).nearest(3)).all()


def test_random_halves_point_at_the_pair_that_interacts() -> None:
    """64 rows of 12 items with main effects of size 1 and one interaction of size 1: it is first in ≥ 18 of 20 draws.

    After main effects are taken off, the pair's own estimate from 32 rows is 1 with an error of 1/√32 = 0.2, and others
    are 0 with the same error: its product across the halves is 1 ± 0.3, and the largest of 65 products of two errors
    about 0.2.
    """
    hits = 0
    for draw in range(20):
        rng = np.random.default_rng(draw)
        gone = rng.random((64, 12)) < 0.5
        x = np.where(gone, -1.0, 1.0)
        points = x @ rng.normal(size=(12, 3)) + (x[:, 2] * x[:, 7])[:, None] * np.array([1.0, 0.0, 0.0])
        hits += pointed_at(points, gone, 2)[0] == (2, 7)
    assert hits >= 18
    assert pointed_at(np.zeros((4, 2)), np.zeros((4, 3), bool), 2) == [], "too few rows say nothing"


def test_pairs_are_listed_once_the_nearest_first() -> None:
    nearest = np.array([[1, 2], [0, 2], [1, 0]])
    assert near_pairs(nearest, [(0, 1), (0, 3)]) == [(0, 1), (1, 2), (0, 2), (0, 3)]


def test_a_trainer_that_fails_without_an_item_leaves_that_item_unknown() -> None:
    class Failing(Strongest):
        def train(self, rows, materials):
            out = super().train(rows, materials)
            out.ok[(rows.variants[:, 0] == 1)] = False
            out.values[~out.ok] = np.nan
            return out

    system = Failing(votes=((-0.8, 0.0), (-0.8, 0.0), (0.0, -0.6)))
    found = run(Redundancy(), problem_of(system, system.materials), system, system.materials)
    assert found["a"].verdict == "unknown"
    assert math.isnan(found["a"].effect)
    assert found["c"].verdict == "alone"
    assert found.notes[0].startswith("1 of 3 items can't be judged")
    json.dumps(found.to_dict(), allow_nan=False)
