"""Errors over probes: unbiased, within groups, and in intervals that hold for other probes of the same kind."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from activeseed.estimators import Bootstrap, Jansen, Regression
from activeseed.estimators.over_probes import (
    degrees_over_probes,
    error_over_probes,
    of_any,
    of_sum,
    resampled,
    strata,
    widened,
)
from activeseed.estimators.statistics import cross_key, paired_products, paired_spread
from activeseed.geometries import Hellinger, Identity
from activeseed.plan import Floats, generator
from activeseed.seed import Probe, Text
from activeseed.testing import run
from activeseed.testing.toys import linear


def probes(n: int, groups: int = 1) -> tuple[Probe, ...]:
    return tuple(Probe(id=str(p), payload=Text(text=f"probe {p}"), group=f"g{p % groups}") for p in range(n))


def test_the_error_of_a_mean_is_that_of_the_textbook() -> None:
    rng = np.random.default_rng(0)
    shares = rng.standard_normal(40)
    even = np.full(40, 1 / 40)
    # a standard deviation of 20,000 draws is known to 1/√40,000 = 0.5 %; four of those
    found = error_over_probes(shares, even, resampled([""] * 40, 1, 20_000))
    assert found == pytest.approx(shares.std(ddof=1) / np.sqrt(40), rel=0.02)


def test_what_tells_groups_apart_is_no_error() -> None:
    groups = ["a", "b"] * 10
    shares = np.array([0.0, 5.0] * 10)
    assert error_over_probes(shares, np.full(20, 0.05), resampled(groups, 1)) == pytest.approx(0.0, abs=1e-12)
    assert error_over_probes(shares, np.full(20, 0.05), resampled([""] * 20, 1)) > 0.4
    assert strata(["a", "b", "a", "c"]).tolist() == [0, 1, 0, 1], "those that are alone are drawn from one another"


def test_resampled_weights_keep_every_groups_size() -> None:
    groups = ["a"] * 7 + ["b"] * 3 + ["alone"]
    times = resampled(groups, 3, 50)
    assert np.allclose(times[:, :7].sum(1), 7)
    assert np.allclose(times[:, 7:10].sum(1), 3)
    assert (times[:, 10] == 1).all(), "there is nothing to draw it from"
    assert np.array_equal(times, resampled(groups, 3, 50))


def test_few_probes_that_say_most_leave_few_degrees() -> None:
    even, rare = np.asarray(np.arange(100.0)), np.asarray(np.zeros(100))
    rare[:2] = 1.0
    w = np.full(100, 0.01)
    assert degrees_over_probes(even, w, [""] * 100) == 99.0
    # the kurtosis of a share of 2 % is 1/0.02 + 1/0.98 − 3 = 48, so 200/47
    assert degrees_over_probes(rare, w, [""] * 100) == pytest.approx(4.25, abs=0.1)


def test_both_errors_are_said_and_which_is_the_larger() -> None:
    found = widened(1.0, 0.1, 7.0, 0.3, 30.0)
    assert found.rests_on == "probes"
    assert found.wide_low < found.low < 1.0 < found.high < found.wide_high
    assert widened(1.0, 0.3, 7.0, 0.1, 30.0).rests_on == "trainings"
    exact = widened(1.0, 0.0, 1.0, 0.3, 30.0)
    assert (exact.low, exact.high, exact.rests_on) == (1.0, 1.0, "probes")
    assert widened(0.0, 0.0, 1.0, 0.0, 1.0).rests_on == ""
    assert np.isnan(widened(1.0, float("nan"), 7.0, 0.1, 30.0).wide_low)


def test_a_number_that_is_no_mean_has_its_error_by_leaving_parts_out() -> None:
    rng = np.random.default_rng(2)
    groups = [f"g{p % 3}" for p in range(60)]
    even: Floats = np.full(60, 1 / 60)
    found = []
    for n in range(300):
        shares = rng.standard_normal(60)
        found.append(of_any(1.0, 0.0, 1.0, lambda w, s=shares: float(s @ w), even, groups, n).probes_se)  # type: ignore[misc]
    # variances of 19 degrees, 300 of them: their mean is known to √(2/19/300) = 1.9 %; four of those
    assert np.mean(np.square(found)) == pytest.approx(1 / 60, rel=0.08)
    few: Floats = np.full(4, 0.25)
    assert np.isnan(of_any(1.0, 0.0, 1.0, lambda w: 0.0, few, [""] * 4, 5).wide_low), "four tell nothing"


@pytest.mark.parametrize("geometry", [Identity, Hellinger])
def test_a_spread_is_the_sum_over_its_places(geometry) -> None:
    weights = np.arange(1.0, 9.0) / 36.0
    phi = geometry(weights)
    rng = generator(1, "points")
    first, second = phi.embed(rng.random((12, 8))), phi.embed(rng.random((12, 8)))
    products = paired_products(first, second)
    assert products.sum() == pytest.approx(float(paired_spread(first, second)[0]))
    problem = replace(linear().problem(), geometry=phi, places=probes(8))
    found = of_sum(1.0, 0.1, 5.0, products, problem, 1)
    assert found is not None
    assert found.probes_se > 0
    assert of_sum(1.0, 0.1, 5.0, products, replace(problem, places=()), 1) is None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("law", "probes_"), [("normal", 50), ("skewed", 50), ("rare", 50), ("normal", 200), ("skewed", 200), ("rare", 200)]
)
def test_intervals_hold_for_other_probes(law: str, probes_: int) -> None:
    """Squared differences of random probes, each measured under 8 keys, in two groups of unequal level.

    2,000 repetitions in one array: a coverage of 0.95 is known to 0.005, and 0.93 is four of those below.
    """
    rng = np.random.default_rng([probes_, len(law)])
    level = np.arange(probes_) % 2 * 0.2
    groups = [f"g{p % 2}" for p in range(probes_)]
    w = np.full(probes_, 1 / probes_)
    inside = conditional = 0
    repetitions = 2000
    times = resampled(groups, 1)
    delta: Floats
    for _ in range(repetitions):
        if law == "normal":
            delta, truth = np.asarray(level + 0.3 * rng.standard_normal(probes_)), 0.02 + 0.09
        elif law == "skewed":
            delta, truth = rng.exponential(0.3, probes_), 2 * 0.09
        else:
            delta, truth = np.asarray((rng.random(probes_) < 0.1) * 1.0), 0.1
        x = delta + 0.2 * rng.standard_normal((8, probes_))
        m = cross_key(x @ x.T / probes_)
        shares = (x.sum(0) ** 2 - (x**2).sum(0)) / 56
        found = widened(
            float(m.value), float(m.se), 7.0, float(error_over_probes(shares, w, times)),
            degrees_over_probes(shares, w, groups),
        )  # fmt: skip
        inside += found.wide_low <= truth <= found.wide_high
        conditional += found.low <= truth <= found.high
    assert inside / repetitions >= 0.93
    assert conditional < inside, "with the probes as they are they are narrower"


@pytest.mark.parametrize("estimator", [Regression(rows=64, pairs=32), Jansen(bases=16), Bootstrap(rows=24)])
def test_rankings_say_it_of_their_spread(estimator) -> None:
    toy = linear()
    many = probes(40)
    directions = generator(4, "directions").standard_normal((6, 40))
    wide = replace(toy, response=lambda z: z @ directions, probes=40)
    problem = replace(wide.problem(stream=3), places=many)
    summary = run(estimator, problem, wide, wide.materials).summary
    name = "bootstrap_spread" if isinstance(estimator, Bootstrap) else "spread"
    low, high = summary[f"{name}_interval_over_probes"]
    assert low < summary[name] < high
    assert summary[f"{name}_rests_on"] in ("probes", "trainings")
