"""One basin or several: valleys, shares, what tells basins apart, training, sweeps, seeds; what it is not run on."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2_contingency

from activeseed.analyses import Basins, Landscape, Swept
from activeseed.analyses.basins.candidates import candidate_of
from activeseed.analyses.basins.counting import (
    basins_of,
    critical_depth,
    deepest,
    draws_for,
    fewest_of,
    flattened,
    one_mode,
    support_of,
)
from activeseed.analyses.basins.flow import pairs_design, rate_of, seen_from_the_end, spreads
from activeseed.analyses.basins.hanging import hanging_of
from activeseed.analyses.basins.record import _variance
from activeseed.analyses.basins.sweeping import Seen, changes_between, choices_of
from activeseed.analyses.basins.telling import (
    holm_of,
    medoid,
    memberships,
    share_errors,
    share_interval,
    telling_items,
)
from activeseed.analyses.sides import Side
from activeseed.errors import ConfigError, PlanError, TrainingError
from activeseed.outcome import Outcomes
from activeseed.plan import generator
from activeseed.protocols import Finding
from activeseed.systems.league import OversightLeague
from activeseed.systems.reward_model import RewardModel
from activeseed.testing import Pitchfork, Strongest, check_analysis, check_settings, check_system, problem_of, run
from activeseed.testing.running import answer, run_with


def found_of(toy: Pitchfork | Strongest, stays: float = 0.8, **told) -> Landscape:
    problem = problem_of(toy, toy.materials, stays=stays)
    return run(Basins(**told), problem, toy, toy.materials)


def two_clouds(rng: np.random.Generator, apart: float, sizes: tuple[int, int] = (70, 30)) -> np.ndarray:
    clouds = [rng.standard_normal((n, 6)) for n in sizes]
    clouds[1][:, 0] += apart
    return np.concatenate(clouds)


def test_members_that_ended_alike_have_no_spread_whatever_rounding_left_of_their_mean() -> None:
    points = np.full((10, 3), 0.1)
    assert ((points - points.mean(0)) ** 2).sum() > 0.0, "the mean of ten tenths is not a tenth"
    assert _variance(points) == 0.0
    assert _variance(points + np.arange(10.0)[:, None]) == pytest.approx(3 * 82.5 / 9)  # Σ(n − 4.5)² = 82.5


# --- counting ---------------------------------------------------------------------------------------------------------


def test_two_clouds_far_apart_are_two_and_every_member_lies_in_its_own() -> None:
    rng = generator(1)
    basins = basins_of(two_clouds(rng, 10.0), rng)
    assert basins.tolist() == [0] * 70 + [1] * 30


def test_one_cloud_is_one_whatever_its_tails() -> None:
    """Ten clouds, each told as two with probability 0.02 (measured): three or more of them, one time in a thousand."""
    split = 0
    for n in range(10):
        rng = generator(2, n)
        split += int(basins_of(rng.standard_normal((100, 8)) * np.sqrt(3 / rng.chisquare(3, (100, 1))), rng).max() > 0)
    assert split <= 2


def test_a_valley_is_deep_where_a_gap_is_emptier_than_what_lies_on_either_side() -> None:
    # ten members each within 0.9, and a gap of 9.1 between them: of the 9 that gap and side hold besides its edges
    # none lies in a share of 9.1/(9.1 + 0.9) of the length, so that the depth is −9·log(0.9/10)
    line = np.concatenate([np.arange(10) / 10, 10 + np.arange(10) / 10])
    depth, cut = deepest(line, 4)
    assert depth == pytest.approx(-9 * math.log(0.09), rel=1e-9)
    assert 0.9 < cut < 10


def test_no_valley_lies_in_what_only_falls() -> None:
    """The exact quantiles of an exponential: gaps widen all the way, so that none is emptier than what lies beyond it.

    Members at the edges are not counted, which is worth less than a nat; chance alone makes valleys of several.
    """
    assert deepest(-np.log(1 - (np.arange(100) + 0.5) / 100), 4)[0] < 1.0
    assert critical_depth(generator(1).standard_normal((100, 5)), generator(2)) > 3.0


@given(st.integers(0, 10_000), st.floats(0.01, 100.0))
@settings(max_examples=25, deadline=None)
@pytest.mark.slow
def test_basins_do_not_hang_on_place_scale_and_order(key: int, scale: float) -> None:
    rng = generator(key)
    points = two_clouds(rng, 10.0)
    order = rng.permutation(len(points))
    turn = np.linalg.qr(rng.standard_normal((6, 6)))[0]
    first = basins_of(points, generator(3))
    again = basins_of((5.0 + scale * points @ turn)[order], generator(3))
    if first.max() == again.max() == 1:  # either is cut in three once in fifty times
        assert np.array_equal(first[order], again)


def test_a_one_mode_cloud_has_the_size_and_the_shape_of_what_it_is_made_of() -> None:
    rng = generator(4)
    flat = flattened(rng.standard_normal((4000, 5)) * np.array([4.0, 2.0, 1.0, 1.0, 0.5]))
    cloud = one_mode(flat, rng)
    # the standard error of a standard deviation of 4,000 is 1.1 % of it (normal), and both have it
    assert np.allclose(cloud.std(0) / flat.std(0), 1.0, atol=0.06)
    low = one_mode(flat[:, :1], rng)
    assert abs(low.std() / flat[:, 0].std() - 1) < 0.06


def test_members_that_are_all_alike_but_few_are_two_basins() -> None:
    """Half of them one and the same point: nothing divides by zero."""
    points = np.zeros((40, 3))
    points[30:] = 1.0
    assert np.bincount(basins_of(points, generator(5))).tolist() == [30, 10]


def test_far_members_make_no_basin_of_their_own() -> None:
    rng = generator(6)
    points = rng.standard_normal((100, 4))
    points[:2] *= 1e6
    assert basins_of(points, rng).max() == 0


def test_how_sure_the_number_is_is_a_share_of_subsets() -> None:
    rng = generator(7)
    found = support_of(two_clouds(rng, 10.0), rng, alpha=0.01, most=8, resamples=8)
    assert sum(found.values()) == pytest.approx(1.0)
    assert max(found, key=lambda k: found[k]) == 2
    assert support_of(np.zeros((3, 2)), rng, alpha=0.01, most=8, resamples=8) == {}


def test_a_test_at_one_in_a_hundred_takes_ninety_nine_clouds() -> None:
    assert [draws_for(a) for a in (0.01, 0.005, 0.05, 0.2)] == [99, 199, 19, 4]
    assert [fewest_of(n) for n in (2, 100, 101, 1000)] == [4, 4, 4, 40]


# --- shares -----------------------------------------------------------------------------------------------------------


def test_the_error_of_a_share_is_binomial_where_basins_are_far_apart_and_larger_where_they_touch() -> None:
    rng = generator(8)
    basins = np.repeat([0, 1], (70, 30))
    far, near = two_clouds(rng, 50.0), two_clouds(rng, 3.0)
    assert share_errors(far, basins) == pytest.approx(math.sqrt(0.7 * 0.3 / 100), rel=1e-6)
    assert (share_errors(near, basins) > math.sqrt(0.7 * 0.3 / 100) * 1.02).all()
    assert memberships(near, basins).sum(1) == pytest.approx(1.0)


def test_members_that_share_keys_count_as_keys_where_the_key_decides() -> None:
    rng = generator(9)
    keys = np.tile(np.arange(10), 10)
    basins = (keys >= 7).astype(np.int64)
    points = 50.0 * basins[:, None] + rng.standard_normal((100, 3))
    # ten keys, of which each decides alone: √(0.7·0.3/9), the variance over keys with n − 1
    assert share_errors(points, basins, keys) == pytest.approx(math.sqrt(0.7 * 0.3 / 9), rel=1e-6)


def test_an_interval_of_a_share_is_wilsons() -> None:
    from scipy.stats import binomtest

    low, high = share_interval(0.2, math.sqrt(0.2 * 0.8 / 50), 50)
    wilson = binomtest(10, 50).proportion_ci(method="wilson")
    assert (low, high) == pytest.approx((wilson.low, wilson.high), rel=1e-9)
    assert share_interval(1.0, 0.0, 50)[1] == 1.0


def test_who_stands_for_a_basin_is_nearest_to_all_of_it() -> None:
    rng = generator(10)
    points = rng.standard_normal((30, 4))
    basins = (np.arange(30) >= 20).astype(np.int64)
    for k in (0, 1):
        mine = np.flatnonzero(basins == k)
        mean = ((points[mine][:, None] - points[mine][None]) ** 2).sum(-1).mean(1)
        assert medoid(points, basins, k) == mine[mean.argmin()]


# --- what tells them apart --------------------------------------------------------------------------------------------


def test_the_item_that_decides_explains_all_and_another_nothing() -> None:
    found = found_of(Pitchfork(tilt=0.5, noise=0.01), stays=0.7, draws=120, follow=0, resamples=0)
    assert found.number == 2
    first, *others = found.items
    assert (first.id, first.distinguishable) == ("a", True)
    assert first.share == pytest.approx(1.0, abs=1e-9)
    assert first.stands in ((1.0, 0.0), (0.0, 1.0))
    assert not any(i.distinguishable for i in others)
    assert all(p.flips for p in found.probes)
    assert found["A"].share > 0.5
    assert "approves of" in found["A"].view


def test_where_keys_decide_no_item_is_named_and_a_note_says_so() -> None:
    found = found_of(Pitchfork(), draws=100, follow=0, resamples=0)
    assert found.number == 2
    assert not any(i.distinguishable for i in found.items)
    assert any("left to its key" in note for note in found.notes)


def test_shares_explained_are_zero_on_average_where_nothing_is_explained() -> None:
    """The mean of 200 has a standard error of √(2/200)/99 = 0.001: the statistic is χ² of one degree over n − 2."""
    toy = Pitchfork()
    problem = problem_of(toy, toy.materials)
    dice = generator(11)
    shares, p = [], []
    for _ in range(67):
        variants = dice.integers(0, 2, (100, 3)).astype(np.int16)
        basins = dice.permutation(np.repeat([0, 1], (60, 40)))
        for item in telling_items(problem, variants, basins, dice, 0.01):
            shares.append(item.share)
            p.append(item.p)
    assert abs(np.mean(shares)) < 4 * 0.001
    assert np.mean(np.array(p) < 0.1) < 0.1 + 4 * math.sqrt(0.1 * 0.9 / 200)


def test_a_test_of_an_item_is_a_permutation_of_chi_square() -> None:
    toy, dice = Pitchfork(), generator(12)
    variants = np.zeros((60, 3), np.int16)
    variants[:25, 0] = 1
    basins = np.repeat([0, 1], (20, 40))
    (item,) = telling_items(problem_of(toy, toy.materials), variants, basins, dice, 0.01)
    table = np.array([[20, 5], [0, 35]])
    chi = chi2_contingency(table, correction=False).statistic
    # share = (χ²(n − 1)/n − 1)/(n − 2)
    assert item.share == pytest.approx((chi * 59 / 60 - 1) / 58, rel=1e-9)
    assert item.p == pytest.approx(1e-4)  # none of 9,999 is as far


def test_holm_is_monotone_and_no_smaller_than_what_it_adjusts() -> None:
    p = np.array([0.5, 0.001, 0.02, 0.02])
    assert holm_of(p).tolist() == pytest.approx([0.5, 0.004, 0.06, 0.06])


# --- training ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("growth", [-0.9, -0.2, 0.3])
def test_the_rate_of_descent_on_a_parabola_is_that_of_its_closed_form(growth: float) -> None:
    toy = Pitchfork(growth=growth, cube=False, noise=0.0, steps=24)
    found = found_of(toy, draws=20, resamples=0, pairs=6)
    assert found.training is not None
    assert found.training.keys is not None
    # states are single precision: distances of 1e-3 at the end are known to 1e-7, or 1e-4 of a nat over 24 steps
    assert found.training.keys.value == pytest.approx(math.log(1 + 0.1 * growth), abs=1e-5)


def test_spread_over_that_at_the_start_is_what_the_points_say_and_its_interval_holds_it() -> None:
    toy = Pitchfork(growth=-0.5, cube=False, noise=0.0, mix=0.0, steps=24)
    found = found_of(toy, stays=1.0, draws=40, of="keys", resamples=0)
    training = found.training
    assert training is not None
    assert training.steps[0] == training.reference == 0
    for step, ratio, low, high in zip(
        training.steps, training.ratio, training.ratio_low, training.ratio_high, strict=True
    ):
        # without the cube all distances shrink alike, so that the interval is a point up to single precision
        assert ratio == pytest.approx(0.95 ** (2 * step), rel=1e-4)
        assert low == pytest.approx(ratio, rel=1e-3)
        assert high == pytest.approx(ratio, rel=1e-3)


def test_spreads_are_variances_and_samples_of_them_scatter_around() -> None:
    rng = generator(13)
    points = rng.standard_normal((50, 2, 3))
    found, drawn = spreads(points, 400, rng)
    assert found == pytest.approx(points.var(0, ddof=1).sum(-1))
    # a bootstrap variance is (n − 1)/n of the sample's on average; its own error, √(2/(50·3))/√400 of it, is 0.6 %
    assert drawn.mean(0) == pytest.approx(found * 49 / 50, rel=0.03)


def test_pairs_that_begin_alike_and_never_part_have_no_rate() -> None:
    same = np.ones((3, 4, 2))
    assert rate_of(same, same, [0, 1, 2, 3]) is None
    late = same.copy()
    late[:, -1] += 1.0
    assert rate_of(same, late, [0, 1, 2, 3]) is None  # apart only at the end: nothing grows
    merged = same.copy()
    merged[:, :2] += np.array([1.0, 0.5])[None, :, None]
    found = rate_of(same, merged, [0, 5, 10, 15])
    assert found is not None
    assert found.value == pytest.approx(math.log(0.5) / 5)


def test_a_small_change_is_a_weight_where_there_are_weights_and_a_drop_where_not() -> None:
    toy = Pitchfork()
    problem = problem_of(toy, toy.materials)
    design, said = pairs_design(problem, 2, 50, generator(14))
    rows = design.block(0, 6)
    assert rows.keys.tolist() == [50, 51, 50, 52, 53, 52]
    assert rows.multiplicity is not None
    assert np.unique(rows.multiplicity[[2, 5]]).tolist() == pytest.approx([1.0, 1.1])
    assert "1.1 times" in said
    design, said = pairs_design(replace(problem, weighted=False), 2, 0, generator(14))
    assert (design.block(0, 6).variants.sum(1) == [0, 0, 1, 0, 0, 1]).all()
    assert "left out" in said


def test_the_plane_of_the_end_keeps_distances_of_what_lies_in_it() -> None:
    rng = generator(15)
    turn = np.linalg.qr(rng.standard_normal((5, 5)))[0][:2]
    flat = rng.standard_normal((20, 3, 2))
    seen = seen_from_the_end(np.asarray(flat @ turn, dtype=np.float64))
    assert np.linalg.norm(seen[3, 2] - seen[7, 2]) == pytest.approx(np.linalg.norm(flat[3, 2] - flat[7, 2]))
    assert seen_from_the_end(np.array([[[0.0]], [[1.0]], [[2.0]], [[3.0]]])).shape == (4, 1, 2)


def test_the_worst_on_the_way_may_be_worse_than_the_end() -> None:
    found = found_of(Pitchfork(), draws=30, resamples=0)
    assert found.training is not None
    assert found.training.worst is not None
    _, wrong = found.training.worst
    assert wrong == max(found.training.wrong_worst) >= found.training.wrong_worst[-1]


# --- sweeps -----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_sweep_names_the_fork_and_nothing_on_one_side_of_it() -> None:
    found = found_of(Pitchfork(), draws=100, follow=0, resamples=12, sweep={"growth": ()})
    (sweep,) = found.sweeps
    assert [s.value for s in sweep.at] == [-0.5, -0.25, 0.25, 0.5, 1.0]
    assert [s.here for s in sweep.at] == [False] * 4 + [True]
    assert sweep.changes == ("Between growth = -0.25 and 0.25 the number of basins changes from 1 to 2.",)
    assert not sweep.stable


def test_a_sweep_names_where_what_matters_most_changes() -> None:
    found = found_of(Pitchfork(growth=-0.5), draws=200, follow=0, resamples=4, sweep={"mix": (0.8, 0.2)})
    (sweep,) = found.sweeps
    assert [s.top for s in sweep.at] == ["a", "b"]
    assert sweep.changes == ("Between mix = 0.2 and 0.8 what the outcome hangs on most changes from a to b.",)


def seen(number: int, support: dict[int, float], again: dict[int, float] | None = None) -> Seen:
    swept = Swept(number, False, 100, number, support, (), 1.0, "", {})
    return Seen(swept, None, None if again is None else lambda subsets: again)


def said(at: list[Seen]) -> list[tuple[str, ...]]:
    return changes_between("x", at)


def test_another_number_of_basins_is_said_where_subsets_hardly_ever_agree() -> None:
    assert said([seen(1, {1: 0.7, 2: 0.3}), seen(2, {1: 0.3, 2: 0.7})]) == [()]
    assert said([seen(1, {}), seen(2, {})]) == [()]  # nothing was counted again, so nothing is claimed
    found = said([seen(1, {1: 1.0}), seen(2, {2: 1.0}), seen(2, {2: 1.0})])
    assert found == [("Between x = 1 and 2 the number of basins changes from 1 to 2.",), ()]


def test_one_subset_of_a_few_that_chance_cuts_hides_no_change_and_many_are_asked_where_few_are_open() -> None:
    one_of_16 = {1: 15 / 16, 2: 1 / 16}
    assert said([seen(1, one_of_16, {1: 0.98, 2: 0.02}), seen(2, {2: 1.0}, {2: 1.0})]) != [()]
    assert said([seen(1, {1: 1.0}, {1: 0.9, 2: 0.1}), seen(2, {2: 1.0}, {2: 1.0})]) == [()]


def test_the_numbers_that_are_said_are_those_that_most_subsets_find() -> None:
    (lines,) = said([seen(1, {1: 1.0}), seen(3, {2: 0.9, 3: 0.1})])
    assert lines == ("Between x = 1 and 3 the number of basins changes from 1 to 2.",)  # x is what the table counted


# --- what the outcome hangs on ----------------------------------------------------------------------------------------


def ensemble_of(rng: np.random.Generator, sizes: list[float], noise: float, n: int = 100) -> tuple[np.ndarray, ...]:
    """Members' variants, and outcomes under two keys: each item moves them so far, in a direction of its own."""
    variants = (rng.random((n, len(sizes))) > 0.8).astype(np.int16)
    ways = np.linalg.qr(rng.standard_normal((max(6, len(sizes)), max(6, len(sizes)))))[0][: len(sizes)]
    clean = (variants * np.array(sizes)) @ ways
    return variants, *(clean + noise * rng.standard_normal(clean.shape) for _ in range(2))


def test_an_item_that_moves_nothing_is_never_what_matters_most_of_two() -> None:
    rng = generator(16)
    variants = rng.integers(0, 2, (200, 2)).astype(np.int16)
    points = np.outer(variants[:, 1], np.ones(3)) + 0.1 * rng.standard_normal((200, 3))
    found = hanging_of(points, None, variants, ["a", "b"], 16)
    assert (found.top, found.tops) == ("b", {"b": 1.0})
    assert found.above("b", "a") < 0.01
    assert found.above("a", "b") == 1.0
    nothing = hanging_of(np.zeros((20, 2)), None, variants[:20], ["a", "b"], 16)
    assert (nothing.top, nothing.tops) == ("", {})
    alike = hanging_of(points, None, np.zeros((200, 2), np.int16), ["a", "b"], 16)
    assert (alike.top, alike.above("a", "b")) == ("", 1.0)


def test_an_index_is_the_variance_of_the_mean_given_the_variant() -> None:
    rng = generator(21)
    variants, first, second = ensemble_of(rng, [2.0, 1.0, 0.0], 1.0, 4000)
    one, two = (hanging_of(first, s, variants, "abc", 0).index for s in (None, second))
    # p(1 − p) size²; its error is some 2 · size² · √(p(1 − p)/n) · (1 − 2p) < 0.04, of which five
    for found in (one, two):
        assert found == pytest.approx([0.16 * 4.0, 0.16, 0.0], abs=0.1)


@pytest.mark.parametrize("keys", [1, 2])
def test_an_index_without_a_member_is_that_of_the_others(keys: int) -> None:
    rng = generator(22)
    variants = rng.integers(0, 3, (20, 3)).astype(np.int16)
    variants[:, 2] = 0
    variants[4, 2] = 1  # a variant that one member has alone
    first, second = (rng.standard_normal((20, 5)) for _ in range(2))
    other = second if keys == 2 else None
    whole = hanging_of(first, other, variants, "abc", 0)
    for r in range(20):
        rest = np.arange(20) != r
        without = hanging_of(first[rest], None if other is None else other[rest], variants[rest], "abc", 0).index
        for f in range(3):
            left = whole._left_out(f)[r]
            assert left == pytest.approx(without[f]) or (np.isnan(left) and without[f] == -np.inf)


def test_of_items_that_move_nothing_none_is_named_whatever_number_of_them_there_is() -> None:
    named = above = 0
    for n in range(60):
        variants, first, second = ensemble_of(generator(23, n), [0.0] * 30, 1.0)
        for other in (None, second):
            found = hanging_of(first, other, variants, [f"i{f}" for f in range(30)], n)
            named += found.top != ""
            largest = f"i{int(found.index.argmax())}"
            above += found.above(largest, "i0" if largest != "i0" else "i1") < 0.05
    # the test's level is 0.05: binomial of 120 (pairs share draws of seeds, so that fewer are independent: 60 of 2) has
    # a standard deviation of at most √(60 · 0.05 · 0.95) · 2 = 3.4; four of them above 6
    assert named <= 20
    assert above <= 20


def test_of_items_that_move_the_outcome_alike_none_is_told_above_another() -> None:
    wrong = 0
    for n in range(120):
        variants, first, _ = ensemble_of(generator(24, n), [1.0] * 12, 0.3)
        found = hanging_of(first, None, variants, [f"i{f}" for f in range(12)], n)
        largest = f"i{int(found.index.argmax())}"
        wrong += largest != "i0" and found.above(largest, "i0") < 0.05
    # 6 are allowed on average; √(120 · 0.05 · 0.95) = 2.4, four of them above. Were the largest of twelve tested as if
    # it had been the only one, it would be some 23
    assert wrong <= 15


def test_what_the_outcome_hangs_on_changes_where_each_is_told_above_the_other_at_its_own_value() -> None:
    def at(value: int, sizes: list[float]) -> Seen:
        variants, first, second = ensemble_of(generator(25, value), sizes, 0.2)
        hangs = hanging_of(first, second, variants, "abc", value)
        return Seen(Swept(value, False, 100, 1, {1: 1.0}, (1.0,), 1.0, hangs.top, hangs.tops), hangs)

    clear = said([at(1, [1.0, 0.2, 0.0]), at(2, [0.2, 1.0, 0.0])])
    assert clear == [("Between x = 1 and 2 what the outcome hangs on most changes from a to b.",)]
    alike = at(3, [1.0, 1.0, 0.0])  # whichever is the larger here, it is not told to be
    assert said([at(1, [1.0, 0.2, 0.0]), alike, at(2, [0.2, 1.0, 0.0])]) == [(), ()]


def test_the_more_neighbours_a_sweep_has_the_less_chance_is_left_to_each() -> None:
    def at(value: int, sizes: list[float]) -> Seen:
        variants, first, second = ensemble_of(generator(10_025, value), sizes, 0.2)
        hangs = hanging_of(first, second, variants, "abc", value)
        return Seen(Swept(value, False, 100, 1, {1: 1.0}, (1.0,), 1.0, hangs.top, hangs.tops), hangs)

    one, other = at(1, [1.0, 0.7, 0.0]), at(2, [0.7, 1.0, 0.0])
    assert one.hangs is not None
    assert other.hangs is not None
    p = max(one.hangs.above("a", "b"), other.hangs.above("b", "a"))
    assert 0.025 < p < 0.05  # 0.031: enough for one pair of values, and too little for one of two
    assert said([one, other]) != [()]
    assert said([one, other, other]) == [(), ()]


# --- seeds ------------------------------------------------------------------------------------------------------------


def test_a_seed_is_as_far_from_a_basin_as_its_members_are() -> None:
    points = np.concatenate([np.zeros((30, 2)), np.ones((10, 2))]) + 1e-3 * generator(17).standard_normal((40, 2))
    basins = np.repeat([0, 1], (30, 10))
    found = candidate_of("here", np.zeros((4, 2)), points, basins)
    away = (points**2).sum(1)
    assert found.expected == pytest.approx((away[:30].mean(), away[30:].mean()))
    assert found.worst == pytest.approx((away[:30].max(), away[30:].max()))
    assert found.overall == pytest.approx(away.mean())
    assert (found.falls, found.outside) == ((1.0, 0.0), 0.0)
    beyond = candidate_of("elsewhere", np.full((4, 2), 9.0), points, basins)
    assert (beyond.falls, beyond.outside) == ((0.0, 0.0), 1.0)


def test_seeds_are_held_against_the_basins_and_named() -> None:
    toy = Pitchfork(tilt=0.5, noise=0.01)
    seeds = (Side(name="as it stands"), Side(name="without a", changes={"a": "absent"}))
    found = found_of(toy, stays=0.7, draws=100, follow=0, resamples=0, seeds=seeds)
    with_a, without = found.candidates
    assert (with_a.name, without.name, with_a.keys) == ("as it stands", "without a", 8)
    largest = found["A"].changes.get("a") != "absent"
    assert (with_a.falls[0] > 0.5) == largest
    assert (without.falls[1] > 0.5) == largest


def test_named_seeds_are_an_ensemble_of_their_own() -> None:
    toy = Pitchfork(tilt=0.5, noise=0.01)
    seeds = (Side(name="with"), Side(name="without", changes={"a": "absent"}))
    found = found_of(toy, of="seeds", seeds=seeds, draws=30, follow=0, resamples=0)
    of = {(name, basin) for name, basin in zip(found.names, found.members, strict=True)}
    assert len(of) == found.number == 2
    assert found.to_frame()["name"].value_counts().to_dict() == {"with": 30, "without": 30}


# --- the whole --------------------------------------------------------------------------------------------------------


def test_what_is_found_says_itself_as_json_and_as_a_table() -> None:
    found = found_of(Pitchfork(), draws=40, resamples=4, sweep={"mix": ()}, seeds=(Side(name="now"),))
    assert isinstance(found, Finding)
    said = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert said["number"] == found.number
    assert set(said["support"]) == {str(k) for k in found.support}
    assert said["sweeps"][0]["stable"] == found.sweeps[0].stable
    assert said["training"]["worst"]["wrong"] == 1.0
    assert list(found.to_frame().columns) == ["member", "name", "basin", "x", "y"]
    assert len(found.to_frame()) == 40


def test_trainings_that_end_the_same_are_one_basin_without_spread() -> None:
    toy = Strongest(votes=((0.5, 0.0), (0.0, -0.5)))
    found = run(Basins(draws=20), problem_of(toy, toy.materials, stays=1.0), toy, toy.materials)
    assert (found.number, found.between) == (1, 0.0)
    assert found.basins[0].share == 1.0
    assert "All trainings ended the same" in found.notes[0]
    assert found.spread == 0.0
    assert [b.spread for b in found.basins] == [0.0]
    assert "Nothing is left unclear" in found.notes[0]


def test_few_different_outcomes_are_said() -> None:
    toy = Strongest(votes=((0.9, 0.0), (0.0, -0.5)))
    found = run(Basins(draws=60, resamples=0), problem_of(toy, toy.materials), toy, toy.materials)
    assert found.number > 1
    assert any("different outcomes" in note for note in found.notes)


def test_few_trainings_make_no_claim_and_say_how_many_would() -> None:
    found = found_of(Pitchfork(), draws=8, follow=0)
    assert found.number == 1
    assert "8 trainings are too few to tell two basins: 10 are needed" in found.notes[0]


def test_trainings_that_failed_are_left_out_and_one_that_remains_is_no_ensemble() -> None:
    toy = Pitchfork()
    problem = problem_of(toy, toy.materials)

    def failing(spared: int):
        def answered(request):
            got = answer(request, toy, toy.materials)
            if request.state:
                return got
            ok = np.arange(len(got)) < spared
            values = np.where(ok[:, None], got.values, np.nan)
            return Outcomes(values, ok, {int(r): "it diverged" for r in np.flatnonzero(~ok)})

        return answered

    found = run_with(Basins(draws=60, resamples=0), problem, failing(50))
    assert (found.trained, found.failed) == (50, 10)
    assert len(found.rows) == len(found.members) == 50
    with pytest.raises(TrainingError, match=r"Of 60 trainings 1 succeeded.*it diverged"):
        run_with(Basins(draws=60), problem, failing(1))


def test_what_can_not_differ_is_refused_before_anything_is_trained() -> None:
    still = Strongest(votes=((0.5, 0.0), (0.0, -0.5)))
    problem = problem_of(still, still.materials)
    with pytest.raises(PlanError, match="no randomness"):
        Basins(of="keys").cost(problem)
    with pytest.raises(PlanError, match="Name two"):
        Basins(of="seeds", seeds=(Side(),)).cost(problem)
    with pytest.raises(PlanError, match="names no settings"):
        Basins(sweep={"beta": ()}).cost(problem)
    with pytest.raises(PlanError, match="no item 'z'"):
        run(Basins(of="seeds", seeds=(Side(), Side(changes={"z": "absent"}))), problem, still, still.materials)


def test_settings_that_a_trainer_does_not_name_are_refused_with_those_that_it_does() -> None:
    toy = Pitchfork()
    problem = problem_of(toy, toy.materials)
    with pytest.raises(PlanError, match=r"no setting 'groth' to sweep.*growth"):
        choices_of(problem, "groth", ())
    with pytest.raises(PlanError, match=r"swept to 7: this trainer names 1.0, -0.5"):
        choices_of(problem, "growth", (7, 1.0))
    with pytest.raises(PlanError, match="two values"):
        choices_of(problem, "growth", (1.0,))
    assert choices_of(problem, "growth", (1, -0.5))[1] == (1, 0)  # by value, not by place


@pytest.mark.parametrize(
    "told",
    [{"draws": 1}, {"alpha": 0.0}, {"of": "luck"}, {"most": 1}, {"resamples": -1}, {"seed_keys": 0}],
    ids=lambda t: next(iter(t)),
)
def test_settings_out_of_range_are_refused(told) -> None:
    with pytest.raises(ConfigError):
        Basins(**told)


def test_the_toy_keeps_what_systems_promise_and_the_analysis_what_analyses_do() -> None:
    toy = Pitchfork(steps=24)
    check_system(toy, toy.materials)
    check_settings(toy, toy.materials)
    check_analysis(
        Basins(draws=30, resamples=2, pairs=4, sweep={"growth": ()}, seeds=(Side(),), seed_keys=2), toy, toy.materials
    )


@pytest.mark.parametrize(
    "system",
    [
        OversightLeague(), OversightLeague(rounds=1, evaluator="mlp", hidden=1), OversightLeague(rounds=1000, l2=0.2),
        OversightLeague(l2=0.0, init_scale=0.5, steps=1), RewardModel(steps=100_000, learning_rate=9.0, l2=0.1),
        RewardModel(reward="mlp", l2=0.4),
    ],
    ids=lambda s: f"{s.kind}-{s.l2}",
)  # fmt: skip
def test_whatever_a_trainer_names_to_be_varied_can_be_trained(system) -> None:
    """No choice, nor two of the farthest together, is refused; none turns on a key stream that was off."""
    factors = system.factors()
    assert factors
    for factor in factors:
        for choice in factor.choices:
            assert system.with_settings({factor.id: choice.setting}).traits.streams == system.traits.streams
        for other in factors:
            both = {factor.id: factor.choices[-1].setting, other.id: other.choices[-1].setting}
            assert system.with_settings(both).kind == system.kind
    assert not {"rounds"} & {f.id for f in factors} or system.rounds > 1
