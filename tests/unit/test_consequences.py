"""What hangs on an answer: shown where it is there, not shown where there is noise only."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from activeseed.looking.consequences import (
    ALPHA,
    LEAST_KEYS,
    Looked,
    company,
    distinguishable,
    keys_for,
    margins,
    shrunk,
    told,
)
from activeseed.plan import Floats
from activeseed.seed import Probe, Text

PLACES = tuple(Probe(id=f"z{p}", payload=Text(text=f"probe {p}")) for p in range(60))
NAMES = ["as_written", "absent"]


def keyed(mean: Floats, keys: int, own: float, common: float, key: int) -> Floats:
    """(K, P) differences: a mean, noise of each probe's own, and heavy-tailed noise that all probes share."""
    rng = np.random.default_rng(key)
    shared = rng.standard_t(3, (keys, 1)) * rng.choice([-1.0, 1.0], (1, len(mean)))
    return np.asarray(mean + own * rng.standard_normal((keys, len(mean))) + common * shared)


def outcomes(level: Floats, delta: Floats) -> Floats:
    """(K, 2, P) outcomes of what stands and of its absence."""
    return np.stack([np.broadcast_to(level, delta.shape), level + delta], 1)


def all_ok(values: Floats) -> np.ndarray:
    return np.ones(values.shape[:2], bool)


@pytest.mark.parametrize("common", [0.0, 0.02])
@pytest.mark.parametrize("keys", [8, 20])
def test_noise_is_shown_at_most_as_often_as_is_stated(common: float, keys: int) -> None:
    shown = [bool(distinguishable(keyed(np.zeros(60), keys, 0.02, common, n)[:, None]).any()) for n in range(400)]
    # 400 tests at ALPHA = .1 have a binomial standard error of .015: three of them above
    assert np.mean(shown) <= ALPHA + 3 * np.sqrt(ALPHA * (1 - ALPHA) / 400)


def asked(deltas: Floats) -> list[tuple[Floats, np.ndarray, list[str]]]:
    """Questions of (N, K, P) differences."""
    return [(values, all_ok(values), NAMES) for values in (outcomes(np.full(60, 0.3), d) for d in deltas)]


def test_a_question_is_held_against_the_noise_of_the_others() -> None:
    deltas = np.stack([keyed(np.zeros(60), 8, 0.02, 0.0, n) for n in range(3)])
    own = deltas.var(1, ddof=1)
    noise = company([*asked(deltas), (*asked(deltas)[0][:2], ["absent", "w1"])])
    np.testing.assert_allclose([noise[n][0] for n in range(3)], (own.sum(0) - own) / 2)
    assert np.isnan(noise[3]).all(), "no other question compares these two"
    alone = company(asked(deltas[:1]))[0]
    np.testing.assert_array_equal(margins(deltas[0][:, None], alone), margins(deltas[0][:, None]))


def test_a_probe_whose_keys_happen_to_agree_is_no_discovery() -> None:
    """One probe moves by a standard error, the same under every key; in other questions it scatters as all do."""
    deltas = np.stack([keyed(np.zeros(60), 8, 0.02, 0.0, n) for n in range(8)])
    deltas[0, :, 7] = 0.02 / np.sqrt(8) + 1e-4 * np.arange(8)
    noise = company(asked(deltas))[0]
    assert margins(deltas[0][:, None], noise)[0, 7] > 2 * 0.02 / np.sqrt(8)
    assert margins(deltas[0][:, None])[0, 7] < margins(deltas[0][:, None], noise)[0, 7] / 2


@pytest.mark.parametrize("skewed", [False, True])
def test_company_keeps_the_stated_level_and_brings_that_of_skewed_noise_down(skewed: bool) -> None:
    alone, together = [], []
    for n in range(50):
        rng = np.random.default_rng(n)
        if skewed:  # half of every probe's noise is shared by all of them
            deltas = rng.exponential(0.02, (8, 8, 1)) + rng.exponential(0.02, (8, 8, 60)) - 0.04
        else:
            deltas = np.stack([keyed(np.zeros(60), 8, 0.02, 0.02, 8 * n + m) for m in range(8)])
        for d, noise in zip(deltas, company(asked(deltas)), strict=True):
            alone.append(distinguishable(d[:, None]).any())
            together.append(distinguishable(d[:, None], noise).any())
    # 400 tests at ALPHA = .1 have a binomial standard error of .015: three of them above
    assert skewed or np.mean(together) <= ALPHA + 3 * np.sqrt(ALPHA * (1 - ALPHA) / 400)
    # paired: .05 against .15 here
    assert not skewed or np.mean(together) < np.mean(alone), (np.mean(together), np.mean(alone))


def test_a_real_difference_is_found_under_eight_keys_and_has_its_sign() -> None:
    mean = np.zeros(60)
    mean[:3] = (0.1, -0.1, 0.06)
    found = np.zeros(60)
    for n in range(100):
        delta = keyed(mean, 8, 0.02, 0.0, n)
        looked = told(outcomes(np.full(60, 0.3), delta), np.ones((8, 2), bool), NAMES, PLACES, 4)
        assert looked.trainings == 8
        for c in looked.shown:
            p = int(c.probe[1:])
            found[p] += 1
            seen = c.outcomes["absent"] - c.outcomes["as_written"]
            assert p > 2 or np.sign(seen) == np.sign(mean[p])
            assert c.stands == "as_written"
            assert not c.flips, "0.4 and 0.3 are on the same side of one half"
    assert found[:2].min() >= 95, "14 and more standard errors of 0.02/√8"
    # any noise beside them comes in at most ALPHA of the questions, by the test that also shows the real ones
    assert found[3:].sum() <= 4 * 100 * (ALPHA + 3 * np.sqrt(ALPHA * (1 - ALPHA) / 100))


def test_the_largest_shrunk_differences_are_shown_and_not_those_that_cross_one_half() -> None:
    level, mean = np.full(60, 0.2), np.zeros(60)
    mean[0], mean[1] = 0.5, 0.04
    level[0], level[1] = 0.95 - 0.5, 0.48  # 0.45 -> 0.95 and 0.48 -> 0.52, both across one half
    mean[2:6] = 0.2  # 0.2 -> 0.4
    delta = keyed(mean, 8, 0.005, 0.0, 1)
    looked = told(outcomes(level, delta), np.ones((8, 2), bool), NAMES, PLACES, 4)
    assert looked.shown[0].probe == "z0"
    assert "z1" not in [c.probe for c in looked.shown]
    assert looked.shown[0].flips == {"absent": 8}
    for c in looked.shown:
        # outcomes and margins are rounded to 1e-4 each
        assert 0 < c.margins["absent"] <= abs(c.outcomes["absent"] - c.outcomes["as_written"]) + 2e-4


def test_a_flip_takes_levels_that_keep_clear_of_one_half() -> None:
    """Both ends cross under every key's own level, but the levels themselves are noise."""
    rng = np.random.default_rng(3)
    base = 0.49 + 0.1 * rng.standard_normal((8, 1))
    values = np.stack([np.broadcast_to(base, (8, 60)), np.broadcast_to(base + 0.03, (8, 60))], 1)
    values = values + 0.002 * rng.standard_normal(values.shape)
    looked = told(values, all_ok(values), NAMES, PLACES, 4)
    assert looked.shown, "the paired difference is 15 times its noise"
    assert not any(c.flips for c in looked.shown)


def test_flips_are_counted_key_by_key() -> None:
    base = np.full((8, 60), 0.3)
    other = np.full((8, 60), 0.7)
    other[0] = 0.45  # one training that does not flip
    values = np.stack([base, other], 1) + 0.01 * np.random.default_rng(0).standard_normal((8, 2, 60))
    looked = told(values, all_ok(values), NAMES, PLACES, 2)
    assert {c.flips["absent"] for c in looked.shown} == {7}


def test_a_trainer_without_randomness_takes_one_key_and_has_no_margins() -> None:
    values = np.full((1, 3, 60), 0.4)
    values[0, 1, 5], values[0, 2, 5], values[0, 2, 6] = 0.6, 0.400001, 0.41
    looked = told(values, all_ok(values), ["as_written", "absent", "w1"], PLACES, 4, deterministic=True)
    assert [c.probe for c in looked.shown] == ["z5", "z6"]
    first, second = looked.shown
    assert (first.outcomes, first.flips, first.margins) == (
        {"as_written": 0.4, "absent": 0.6},
        {"absent": 1},
        {"absent": 0},
    )
    assert second.outcomes == {"as_written": 0.4, "w1": 0.41}


@pytest.mark.parametrize("keys", range(2, LEAST_KEYS))
def test_few_keys_tell_nothing(keys: int) -> None:
    values = outcomes(np.full(60, 0.2), np.full((keys, 60), 0.5) + 1e-3 * np.random.default_rng(0).random((keys, 60)))
    assert told(values, all_ok(values), NAMES, PLACES, 4) == Looked((), keys)


def test_a_variant_that_failed_is_left_out_and_keys_that_failed_are_not_counted() -> None:
    rng = np.random.default_rng(0)
    values = 0.3 + 0.01 * rng.standard_normal((8, 3, 60))
    values[:, 1] += 0.2
    ok = np.ones((8, 3), bool)
    ok[:, 2], ok[0, 1] = False, False
    values[:, 2], values[0, 1] = np.nan, np.nan
    looked = told(values, ok, ["as_written", "absent", "w1"], PLACES, 2)
    assert looked.trainings == 7
    assert all(set(c.outcomes) == {"as_written", "absent"} and c.trainings == 7 for c in looked.shown)
    assert len(looked.shown) == 2


def test_no_difference_at_all_is_none() -> None:
    assert not distinguishable(np.zeros((8, 2, 60))).any()
    tiny = 1e-7 * np.random.default_rng(0).choice([-1.0, 1.0], (8, 2, 60))
    values = np.concatenate([np.full((8, 1, 60), 0.4), 0.4 + tiny], 1)
    assert not told(values, all_ok(values), ["as_written", "absent", "w1"], PLACES, 4).shown


def test_rounding_is_not_told_from_a_constant_shift_of_rounding() -> None:
    """Every key the same 2e-5: below what is shown, however sure the sign is."""
    values = np.stack([np.full((8, 60), 0.4), np.full((8, 60), 0.40002)], 1)
    assert not told(values, all_ok(values), NAMES, PLACES, 4).shown


def test_shrinking_takes_noise_for_noise() -> None:
    rng = np.random.default_rng(0)
    noise = shrunk(0.1 * rng.standard_normal((8, 1, 4000)))
    # τ² of pure noise is zero but for its error, √((2 + 2/7)/4000) = .024 of the squared error; three of them, times
    # √(E s⁻⁴ σ⁴) = √(49/15) for probes whose own deviation s comes out low under 7 degrees of freedom
    assert np.sqrt((noise**2).mean()) < 3 * 0.024 * np.sqrt(49 / 15) * 0.1 / np.sqrt(8)
    sure = np.full((8, 1, 50), 0.3) + 0.001 * rng.standard_normal((8, 1, 50))
    assert shrunk(sure) == pytest.approx(sure.mean(0), rel=1e-3)


@pytest.mark.parametrize("size", [0.02, 1.0])
def test_margins_hold_for_all_probes_at_once_also_beside_large_effects(size: float) -> None:
    mean = np.random.default_rng(1).standard_normal(60) * size
    inside = []
    for n in range(200):
        delta = keyed(mean, 8, 0.02, 0.02, n)[:, None]
        inside.append(bool((np.abs(delta.mean(0) - mean) <= margins(delta)).all()))
    # stated 1 − ALPHA; the binomial standard error of 200 is .021: three of them below
    assert np.mean(inside) >= 1 - ALPHA - 3 * np.sqrt(ALPHA * (1 - ALPHA) / 200)


def test_many_keys_are_tested_by_drawn_patterns() -> None:
    delta = keyed(np.r_[0.05, np.zeros(59)], 40, 0.03, 0.0, 0)[:, None]
    assert distinguishable(delta)[0, 0]
    assert (distinguishable(delta) == distinguishable(delta)).all()


def test_keys_are_those_of_the_ranking_of_this_version() -> None:
    rankings: list[dict[str, Any]] = [
        {"seed_version": "a", "keys": 12},
        {"seed_version": "b", "keys": 30},
        {"seed_version": "a"},
    ]
    assert keys_for(rankings, "a", 700, 8, False) == range(700, 712)
    assert keys_for(rankings, "a", 700, 20, False) == range(700, 720), "at least the study's replicates"
    assert keys_for(rankings, "c", 700, 8, False) == range(8), "those under which every round trains what stands"
    assert keys_for(rankings, "a", 700, 8, True) == range(700, 701)
