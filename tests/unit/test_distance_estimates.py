"""The distance between two ensembles: no noise is squared, errors cover, and what is infinite or unknown is said."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from activeseed.distances import (
    Hellinger,
    Jeffreys,
    JensenShannon,
    KullbackLeibler,
    Procrustes,
    Spearman,
    TotalVariation,
    estimate,
    of_means,
    products,
)
from activeseed.errors import PlanError
from activeseed.estimators.statistics import cross_key, gram
from activeseed.geometries import Hellinger as HellingerGeometry
from activeseed.plan import Floats, generator
from tests.unit.test_distances import PLACES, inside

WEIGHTS = generator(9, "weights").dirichlet(np.full(PLACES, 5.0))


def runs(key: int, keys: int, shift: float = 0.0, shared: float = 0.0, scale: float = 0.7) -> tuple[Floats, Floats]:
    """Two ensembles of probabilities whose log-odds differ by ``shift``, with noise of which a part is shared."""
    dice = generator(key, "runs")
    common, one, two = dice.standard_normal((3, keys, PLACES)) * scale
    level = generator(0, "level").standard_normal(PLACES)
    mix = [np.sqrt(shared) * common + np.sqrt(1 - shared) * own for own in (one, two)]
    return 1 / (1 + np.exp(-(level + mix[0]))), 1 / (1 + np.exp(-(level + shift + mix[1])))


def test_it_is_the_cross_key_estimate_of_the_embedding():
    """Squared Hellinger distance has an embedding at hand: the same products, value and jackknife error."""
    x, y = runs(1, 7, shift=0.3)
    geometry = HellingerGeometry(WEIGHTS)
    found = cross_key(gram(geometry.embed(x) - geometry.embed(y)))
    mine = estimate(Hellinger(), x, y, WEIGHTS)
    assert mine.value == pytest.approx(float(found.value))
    assert mine.stderr == pytest.approx(float(found.se))
    assert mine.bound == "point"
    np.testing.assert_allclose(
        products(Hellinger(), x, y, WEIGHTS), gram(geometry.embed(x) - geometry.embed(y)), atol=1e-14
    )


@pytest.mark.parametrize("distance", [JensenShannon(), KullbackLeibler(), Spearman(), TotalVariation()])
def test_two_equal_ensembles_are_at_exactly_zero(distance):
    x, _ = runs(2, 6)
    found = estimate(distance, x, x.copy(), WEIGHTS)
    assert (found.value, found.stderr) == (0.0, 0.0)


@pytest.mark.parametrize(("paired", "shared"), [(True, 0.0), (True, 0.8), (False, 0.0)])
@pytest.mark.parametrize("distance", [JensenShannon(), Jeffreys(), Spearman(), TotalVariation()], ids=lambda d: d.kind)
def test_noise_alone_comes_out_at_zero_on_average(distance, shared, paired):
    """Over 400 pairs of ensembles of 5 runs; four of the mean's standard errors are exceeded once in 16,000."""
    found = np.array([estimate(distance, *runs(k, 5, 0.0, shared), WEIGHTS, paired=paired).value for k in range(400)])
    assert abs(found.mean()) <= 4 * found.std(ddof=1) / 20
    plain = np.mean([distance.between(*runs(k, 1, 0.0, shared), WEIGHTS) for k in range(50)])
    assert plain > 10 * abs(found.mean())


def test_shared_noise_is_worth_having():
    """The same effect, and what keys share in common leaves the error: to first order 1 − 0.8 of its variance stays."""
    apart, common = (
        np.array([estimate(JensenShannon(), *runs(k, 8, 0.5, shared), WEIGHTS).value for k in range(200)])
        for shared in (0.0, 0.8)
    )
    assert common.std() < 0.75 * apart.std()
    assert common.mean() == pytest.approx(apart.mean(), abs=4 * apart.std() / np.sqrt(200))


@pytest.mark.slow
@pytest.mark.parametrize("paired", [True, False])
@pytest.mark.parametrize("distance", [JensenShannon(), Spearman(), Jeffreys()], ids=lambda d: d.kind)
def test_errors_cover(distance, paired):
    """500 repetitions at 8 runs a side; Student's interval. 0.915 is 0.95 less 3.6 standard errors.

    The truth comes of 500 runs a side, whose own error is an eighth of an estimate's: 0.8 % of its variance.
    """
    x, y = runs(10_000, 1000, 0.6)
    truth = estimate(distance, x[:500], y[500:], WEIGHTS, paired=False).value
    reach = stats.t.ppf(0.975, 7)
    found = [estimate(distance, *runs(k, 8, 0.6), WEIGHTS, paired=paired) for k in range(500)]
    assert np.mean([abs(f.value - truth) <= reach * f.stderr for f in found]) >= 0.915


def test_the_distance_of_means_is_unbiased_for_a_square_and_nearly_so_for_others():
    """A zero effect under Jeffreys: of 400 pairs, less than 5 % of what the plain distance of means says."""
    plain, corrected = [], []
    for k in range(400):
        x, y = runs(k, 6)
        plain.append(float(Jeffreys().between(x.mean(0), y.mean(0), WEIGHTS)))
        corrected.append(of_means(Jeffreys(), x, y, WEIGHTS).value)
    assert abs(np.mean(corrected)) < 0.05 * np.mean(plain)
    far = of_means(Jeffreys(), *runs(3, 6, 1.0), WEIGHTS)
    assert far.value > 2 * far.stderr > 0


def test_a_deterministic_run_is_exact_and_a_single_noisy_one_has_no_error():
    x, y = runs(4, 1, 0.5)
    exact = estimate(JensenShannon(), x, y, WEIGHTS, deterministic=True)
    assert exact.value == pytest.approx(float(JensenShannon().between(x[0], y[0], WEIGHTS)))
    assert exact.stderr == 0.0
    once = estimate(JensenShannon(), x, y, WEIGHTS)
    assert once.value == exact.value
    assert np.isnan(once.stderr)
    assert np.isnan(estimate(JensenShannon(), *runs(4, 2, 0.5), WEIGHTS).stderr)


def test_representations_are_compared_across_keys():
    a, b = inside(rows=6)
    found = estimate(Procrustes(), a, b)
    assert np.isfinite(found.value)
    assert found.stderr > 0
    with pytest.raises(PlanError, match="have no mean"):
        of_means(Procrustes(), a, b)


def test_infinite_distances_are_infinite_or_unknown_never_clipped():
    x, y = runs(5, 4)
    y[:, 3] = 0.0
    found = estimate(KullbackLeibler(), x, y, WEIGHTS)
    assert found.value == np.inf
    y[0, 3] = 0.5  # now y's own runs are infinitely far apart, too
    assert np.isnan(estimate(KullbackLeibler(), x, y, WEIGHTS).value)
    assert np.isfinite(estimate(KullbackLeibler(smoothing=0.01), x, y, WEIGHTS).value)
    assert of_means(KullbackLeibler(), x, np.where(np.arange(PLACES) == 3, 0.0, y), WEIGHTS).value == np.inf


def test_what_can_not_be_compared_is_said():
    x, y = runs(6, 4)
    with pytest.raises(PlanError, match="4 runs can't be paired with 3"):
        estimate(JensenShannon(), x, y[:3])
    holed = x.copy()
    holed[2, 5] = np.nan
    with pytest.raises(PlanError, match=r"run 3 at probe number 6 of 13 is unknown"):
        estimate(JensenShannon(), holed, y)
    with pytest.raises(PlanError, match=r"run 3 at probe 'five' is unknown"):
        estimate(JensenShannon(), holed, y, names=["", "", "", "", "", "five"])
    with pytest.raises(PlanError, match="are no ensemble"):
        estimate(JensenShannon(), x[0], y[0])
    with pytest.raises(PlanError, match="13 places can't be compared with outcomes at 12"):
        estimate(JensenShannon(), x, y[:, :-1])
    with pytest.raises(PlanError, match="single run of one side"):
        estimate(JensenShannon(), x, y[:1], paired=False)
