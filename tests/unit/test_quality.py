"""How an outcome agrees with labelled probes."""

import numpy as np
import pytest

from activeseed.looking.quality import auc_interval, judged_right, quality
from activeseed.looking.words import no_better_than_chance
from activeseed.seed import Probe, Text


def labelled(*labels):
    return [Probe(id=f"p{n}", payload=Text(text="x"), label=label) for n, label in enumerate(labels)]


def test_a_perfect_order_is_no_chance():
    found = quality(np.array([0.9, 0.8, 0.7, 0.2, 0.1, 0.3]), labelled(1, 1, 1, 0, 0, 0))
    assert found["accuracy"] == found["auc"] == 1.0
    assert found["auc_high"] == 1.0
    assert found["auc_low"] == pytest.approx(0.501, abs=1e-3)  # only just: chance finds it in 1 of the 20 orders


def test_ties_count_half_and_say_nothing():
    found = quality(np.full(4, 0.6), labelled(1, 1, 0, 0))
    assert found["auc"] == 0.5
    assert found["auc_low"] == pytest.approx(1 - found["auc_high"])
    assert no_better_than_chance(found).startswith("No better than chance on your labelled probes (AUC 0.50, 95 %: ")


def test_probes_without_a_label_are_left_out():
    assert quality(np.array([0.9, 0.1]), labelled(None, 1)) == {}
    assert judged_right(np.array([0.9, 0.1, 0.2]), labelled(1, None, 1), np.full(3, 1 / 3)) == [True, False]


def test_places_where_nothing_is_decided_are_not_judged_right():
    values, places = np.array([0.9, 0.1, 0.2]), labelled(1, None, 1)
    assert judged_right(values, places, np.array([1.0, 0.0, 0.0])) == [True]
    assert judged_right(values, places, None) == []


@pytest.mark.parametrize(("m", "n"), [(3, 3), (5, 20), (40, 60)])
def test_the_interval_contains_one_half_exactly_where_mann_and_whitneys_test_finds_nothing(m, n):
    """At θ = ½ the variance is (m + n + 1)/12mn, theirs; asymptotically, as the interval is."""
    error = np.sqrt((m + n + 1) / (12 * m * n))
    for z in (0.5, 1.9, 1.95):
        assert auc_interval(0.5 + z * error, m, n)[0] < 0.5, z
    for z in (1.97, 2.1):
        if 0.5 + z * error <= 1.0:
            assert auc_interval(0.5 + z * error, m, n)[0] > 0.5, z


def test_the_interval_is_mirrored_with_the_labels_and_stays_within_bounds():
    for auc in (0.0, 0.02, 0.3, 0.5, 0.97, 1.0):
        low, high = auc_interval(auc, 12, 30)
        assert 0.0 <= low <= auc <= high <= 1.0
        assert low < high
        assert auc_interval(1.0 - auc, 30, 12) == pytest.approx((1.0 - high, 1.0 - low))


def test_the_interval_covers_what_probes_drawn_anew_would_say():
    """Normal scores a distance apart, AUC = Φ(d/√2): 95 % within three errors of 400 draws, 3 √(0.05·0.95/400) = 0.033.

    Newcombe finds method 5 between 0.92 and 0.99 at such sizes; it errs to the wide side where the AUC is high.
    """
    from scipy.stats import norm

    rng = np.random.default_rng(5)
    for auc in (0.5, 0.6, 0.8):
        apart = np.sqrt(2.0) * norm.ppf(auc)
        labels = labelled(*[1] * 30, *[0] * 30)
        found = [quality(np.r_[rng.normal(apart, 1, 30), rng.normal(0, 1, 30)], labels) for _ in range(400)]
        inside = np.mean([f["auc_low"] <= auc <= f["auc_high"] for f in found])
        assert inside >= 0.95 - 0.033, auc


def test_what_is_worse_than_chance_is_said_to_be():
    places = labelled(*[1] * 10, *[0] * 10)
    said = no_better_than_chance(quality(np.r_[np.linspace(0, 0.4, 10), np.linspace(0.6, 1, 10)], places))
    assert "It is worse" in said
    assert no_better_than_chance(quality(np.r_[np.linspace(0.6, 1, 10), np.linspace(0, 0.4, 10)], places)) == ""
    assert no_better_than_chance({"accuracy": 0.5}) == ""
    assert no_better_than_chance(None) == ""
