"""Caps of what two distributions can differ in: attained, never exceeded, said to be vacuous; ranks and decisions."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.special import entr, expit, rel_entr
from scipy.stats import kendalltau

from activeseed.bounding.divergences import caps, held, least_kendall, pairs_held, policy_caps
from activeseed.errors import PlanError

NAMES = ("probability", "total_variation", "kl", "jeffreys", "jensen_shannon", "hellinger")


def measured(p, q):
    """(…, K) distributions -> the six measures."""
    m = (p + q) / 2.0
    forth, back = rel_entr(p, q).sum(-1), rel_entr(q, p).sum(-1)
    return {
        "probability": np.abs(p - q).max(-1),
        "total_variation": np.abs(p - q).sum(-1) / 2.0,
        "kl": np.maximum(forth, back),
        "jeffreys": forth + back,
        "jensen_shannon": entr(m).sum(-1) - (entr(p) + entr(q)).sum(-1) / 2.0,
        "hellinger": ((np.sqrt(p) - np.sqrt(q)) ** 2).sum(-1) / 2.0,
    }


def bernoulli(a):
    return np.stack([expit(a), expit(-a)], -1)


@pytest.mark.parametrize("r", [0.01, 0.3, 1.0, 2.5, 6.0, 10.0])
@pytest.mark.parametrize("name", NAMES)
def test_each_cap_is_attained_by_a_pair_of_coins(r, name):
    cap = getattr(caps(r), name)

    def loss(a):
        return -float(measured(bernoulli(np.float64(a)), bernoulli(np.float64(a + r)))[name])

    # one search a quarter of the interval: no assumption that there is one peak
    ends = np.linspace(-r - 1.0, 1.0, 9)
    found = max(
        -minimize_scalar(loss, bounds=(lo, hi), method="bounded", options={"xatol": 1e-10}).fun
        for lo, hi in pairwise(ends)
    )
    # the grid's inflation is bend·(R/8192)²/8 < 4e-7 for R <= 10 (see `_largest`)
    assert found <= cap <= found + 1e-6


def test_no_pair_of_distributions_exceeds_its_cap():
    rng = np.random.default_rng(0)
    pairs = 0
    for outcomes in (2, 3, 10, 100):
        for spread in (0.01, 0.3, 1.0, 3.0, 8.0, 30.0):
            n = 4200
            logits = 3.0 * rng.standard_normal((n, outcomes))
            moved = spread * rng.random((n, outcomes))
            moved[::2] = spread * (rng.random((n // 2, outcomes)) < 0.5)  # the worst lies on the ends
            logp, logq = (z - np.logaddexp.reduce(z, axis=1, keepdims=True) for z in (logits, logits + moved))
            cap = caps(spread)
            for name, values in measured(np.exp(logp), np.exp(logq)).items():
                # sums of 100 terms of about 1, in floating point
                assert values.max() <= getattr(cap, name) + 1e-13, (name, outcomes, spread)
            pairs += n
    assert pairs >= 100_000


@given(st.floats(0.0, 400.0), st.floats(0.0, 50.0))
def test_caps_grow_with_the_range_and_stay_within_what_is_possible(r, more):
    small, large = caps(r), caps(r + more)
    for name in NAMES:
        # the grid's inflation differs from range to range by less than this share
        assert getattr(small, name) <= getattr(large, name) * (1.0 + 1e-5) + 1e-12
    assert large.total_variation <= 1.0
    assert large.hellinger <= 1.0
    assert large.jensen_shannon <= math.log(2.0)
    assert large.kl <= (r + more) ** 2 / 8.0 * (1.0 + 1e-9)


def test_the_figures_of_a_range_of_one():
    c = caps(1.0)
    assert (round(c.total_variation, 3), round(c.kl, 3), round(c.jensen_shannon, 3)) == (0.245, 0.123, 0.030)
    assert c.vacuous == ()
    assert c.said("kl") == "0.123 nats"


def test_no_difference_caps_everything_at_zero_and_no_bound_at_nothing():
    assert all(getattr(caps(0.0), name) == 0.0 for name in NAMES)
    unknown = caps(math.inf)
    assert set(unknown.vacuous) == set(NAMES)
    assert unknown.said("total_variation") == "vacuous"
    # 4·artanh(0.95) = 7.3: from there on the total variation may be anything
    assert "total_variation" not in caps(7.3).vacuous
    assert {"total_variation", "kl"} <= set(caps(7.4).vacuous)
    assert "hellinger" not in caps(7.4).vacuous


@pytest.mark.parametrize("wrong", [-1.0, math.nan])
def test_a_range_below_zero_or_none_is_refused(wrong):
    with pytest.raises(PlanError, match="from 0 to infinity"):
        caps(wrong)


def test_a_policy_on_a_leash_is_capped_by_the_range_over_the_pool():
    rng = np.random.default_rng(1)
    f = rng.standard_normal(40)
    d = rng.uniform(-0.2, 0.3, 40)
    leash = 0.25
    p, q = (np.exp(z / leash - np.logaddexp.reduce(z / leash)) for z in (f, f - d))
    cap = policy_caps(float(d.max()), float(-d.min()), leash)
    assert cap.range == pytest.approx((d.max() - d.min()) / leash)
    for name, value in measured(p, q).items():
        assert value <= getattr(cap, name)
    with pytest.raises(PlanError, match="above zero"):
        policy_caps(1.0, 1.0, 0.0)


@given(st.integers(0, 2**32 - 1), st.integers(2, 30), st.floats(0.0, 3.0))
def test_what_is_held_never_flips_nor_swaps(key, n, swing):
    rng = np.random.default_rng(key)
    f = rng.standard_normal(n).round(2)
    d = rng.uniform(-swing, swing / 2.0, n)
    g = f - d
    most, least = float(d.max()), float(-d.min())
    sure = held(f, most, least)
    assert ((g > 0) == (f > 0))[sure].all()
    certified, pairs = pairs_held(f, most, least)
    i, j = np.triu_indices(n, 1)
    assert pairs == len(i)
    wide = np.abs(f[i] - f[j]) > most + least
    assert certified == wide.sum()
    assert (np.sign(f[i] - f[j]) == np.sign(g[i] - g[j]))[wide].all()
    if len(set(f)) == len(set(g)) == n:  # without ties SciPy's τ is the same
        assert kendalltau(f, g).statistic >= least_kendall(certified, pairs) - 1e-12


def test_a_rank_holds_only_with_a_margin_above_the_swing():
    f = np.array([0.0, 1.0, 3.0])
    assert pairs_held(f, 0.6, 0.4) == (2, 3)  # 1 is no more than 1
    assert pairs_held(f, math.inf, 0.0) == (0, 3)
    assert least_kendall(2, 3) == pytest.approx(1.0 / 3.0)
    assert math.isnan(least_kendall(0, 0))
    assert held(f - 0.5, 0.6, 0.4).tolist() == [True, False, True]
    assert held(f, 0.6, 0.4, threshold=2.0).tolist() == [True, True, True]
