"""Ranges of learning rates against those that theory gives for a quadratic, and on the package's own trainers."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

import activeseed as act
from activeseed.analyses.rates.ranges import run_of
from activeseed.errors import PlanError, TrainingError
from activeseed.testing import check_analysis, problem_of
from activeseed.testing.running import run
from tests.toy_materials import pairs, vectors

STEPS = 400
#: distance of the start from the minimum; what counts as having arrived
START, ARRIVED = 1.0, 0.02


def end_of(rate: float, momentum: float, curvature: float, steps: int = STEPS) -> float:
    """Where a heavy ball on ½ λ x² ends, from rest at x = 1."""
    x, v = START, 0.0
    for _ in range(steps):
        v = momentum * v - rate * curvature * x
        x += v
        if abs(x) > 1e12:
            return float("nan")
    return x


def quadratic(curvature: float, **more):
    """A trainer on that quadratic; its outcome is where it ends."""

    def train(items, key, *, learning_rate, momentum, steps):
        noise = 1.0 + more.get("noise", 0.0) * (np.random.default_rng(key).random() - 0.5)
        return [end_of(learning_rate, momentum, curvature * noise, steps)]

    varies = {"learning_rate": [1.0 / curvature, 2.0], "momentum": [0.0, 0.5, 0.9], "steps": [STEPS]}
    return act.FromFunction(train, outcomes=1, varies=varies, deterministic="noise" not in more)


def expected(momentum: float, curvature: float, lower: bool) -> float:
    """The rate at which |end| crosses what counts as arrived, by bisection of the iteration itself."""
    edge = (2 + 2 * momentum) / curvature
    inside, outside = (0.5 / curvature, 1e-9) if lower else (edge * 0.9, edge * 1.01)
    for _ in range(80):
        middle = (inside + outside) / 2
        arrives = abs(end_of(middle, momentum, curvature)) <= ARRIVED
        inside, outside = (middle, outside) if arrives else (inside, middle)
    return inside


@pytest.mark.parametrize("curvature", [0.2, 1.0, 30.0])
def test_the_range_on_a_quadratic_is_that_of_theory_to_the_resolution(curvature) -> None:
    given, system = vectors(d=4), quadratic(curvature)
    asked = act.LearningRates(tolerance=ARRIVED, halvings=7, octaves=12)
    found = run(asked, problem_of(system, given), system, given)
    assert [r.momentum for r in found.ranges] == [0.0, 0.5, 0.9]
    # half an octave halved seven times, in ratio
    within = 2.0 ** (1 / 2**7)
    for r in found.ranges:
        assert r.momentum is not None
        edge = (2 + 2 * r.momentum) / curvature
        assert r.high < edge * within
        # |end|^(1/400) of what counts as arrived is 0.99, so that the edge is missed by at most one per cent
        assert r.high > edge * 0.985 / within
        for value, lower in ((r.low, True), (r.high, False)):
            due = expected(r.momentum, curvature, lower)
            assert due / within <= value <= due * within, (r.momentum, lower)
        width = np.log10(expected(r.momentum, curvature, False) / expected(r.momentum, curvature, True))
        assert r.width_low <= width <= r.width_high
        assert r.holds_standing
        assert not r.least
        assert not r.most
    widths = [r.width for r in found.ranges]
    assert widths == sorted(widths)
    assert all(r.more_low > 0 for r in found.ranges[1:])


def test_keys_give_an_interval_that_covers_what_each_would_give() -> None:
    given, system = vectors(d=4), quadratic(1.0, noise=0.8)
    asked = act.LearningRates(tolerance=ARRIVED, halvings=5, momentum=(0.0,), keys=8)
    (found,) = run(asked, problem_of(system, given), system, given).ranges
    assert found.keys == 8
    # curvature moves both ends alike: the width is that of the curvature 1, up to the resolution of each end
    due = np.log10(expected(0.0, 1.0, False) / expected(0.0, 1.0, True))
    assert found.width == pytest.approx(due, abs=2 * np.log10(2.0) / 2**5)
    assert found.width_low <= due <= found.width_high
    assert found.width_se > 0


@pytest.mark.parametrize(("keys", "known"), [(1, True), (6, False)])
def test_the_one_key_of_several_that_arrives_says_nothing_of_the_others(keys, known) -> None:
    met: list[int] = []

    def train(items, key, *, learning_rate, steps):
        if key not in met:
            met.append(key)
        # under the first key alone training gets where it leads, at rates about the standing one
        arrives = steps > STEPS or (key == met[0] and 0.3 < learning_rate < 3.0)
        return [0.0 if arrives else 1.0]

    varies = {"learning_rate": [1.0, 2.0], "steps": [STEPS]}
    system, given = act.FromFunction(train, outcomes=1, varies=varies, compare="identity"), vectors(d=4)
    asked = act.LearningRates(tolerance=ARRIVED, keys=keys, octaves=3)
    (found,) = run(asked, problem_of(system, given), system, given).ranges
    assert (found.keys, found.without) == (1, keys - 1)
    assert np.isfinite(found.width)
    assert np.isfinite(found.width_se) == np.isfinite(found.width_low) == np.isfinite(found.width_high) == known


def test_a_rate_at_which_training_fails_is_an_answer_and_no_fault() -> None:
    given, system = vectors(d=4), quadratic(1.0)
    found = run(act.LearningRates(tolerance=ARRIVED, octaves=12), problem_of(system, given), system, given)
    top = found.ranges[0].tried[-1]
    assert top.failed == 1.0
    assert np.isnan(top.distance)
    assert json.loads(json.dumps(found.to_dict()))["ranges"][0]["tried"][-1]["distance"] is None
    assert list(found.to_frame().momentum) == [0.0, 0.5, 0.9]


def test_where_the_grid_ends_first_the_range_is_at_least_so_wide() -> None:
    given, system = vectors(d=4), quadratic(1.0)
    asked = act.LearningRates(tolerance=ARRIVED, octaves=1, momentum=(0.9,))
    found = run(asked, problem_of(system, given), system, given)
    (only,) = found.ranges
    assert only.most
    assert any("at least so wide" in n for n in found.notes)


@pytest.mark.parametrize(
    ("system", "materials"),
    [
        (act.OversightLeague(rounds=2, steps=40), vectors),
        (act.OversightLeague(rounds=1, steps=40, evaluator="mlp", hidden=4), vectors),
        (act.RewardModel(steps=100), pairs),
    ],
    ids=["league", "mlp", "reward model"],
)
def test_leagues_and_reward_models_have_a_range(system, materials) -> None:
    given = materials()
    asked = act.LearningRates(octaves=4, halvings=2, keys=3, momentum=(0.0, 0.5), tolerance=0.2, longer=2)
    check_analysis(asked, system, given)
    found = run(asked, problem_of(system, given), system, given)
    assert all(r.keys for r in found.ranges)
    assert all(0 < r.low < r.high for r in found.ranges)
    assert max(t.rate for t in found.ranges[0].tried) * system.l2 < 1


def test_a_trainer_without_rates_is_refused_by_what_it_has() -> None:
    given = vectors(d=4)

    def refused(system: act.FromFunction, asked: act.LearningRates) -> None:
        run(asked, problem_of(system, given), system, given)

    def train(items, key, **settings):
        return [1.0]

    some = act.FromFunction(train, outcomes=1, varies={"learning_rat": [1.0]}, deterministic=True)
    with pytest.raises(PlanError, match=r"no setting 'learning_rate'.*learning_rat"):
        refused(some, act.LearningRates())
    with pytest.raises(PlanError, match="a number above 0"):
        refused(some.model_copy(update={"varies": some.with_settings({"learning_rat": -1.0}).varies}),
                act.LearningRates(setting="learning_rat"))  # fmt: skip
    with pytest.raises(PlanError, match="no setting 'momentum'"):
        refused(some, act.LearningRates(setting="learning_rat", momentum=(0.5,)))
    with pytest.raises(TrainingError, match="Where training leads"):
        refused(quadratic(1.0).with_settings({"learning_rate": 9.0}), act.LearningRates())


def test_the_run_that_is_nearest_is_taken() -> None:
    near = np.array([True, True, False, True, True, True, False])
    assert run_of(near, np.abs(np.arange(7) - 4.0)) == (3, 5)
    assert run_of(near, np.abs(np.arange(7) - 1.9)) == (0, 1)
    assert run_of(near & False, np.arange(7.0)) is None


def test_any_value_of_a_setting_is_a_row_of_its_own_and_the_standing_one_is_not() -> None:
    from activeseed.plan import Explicit, Rows
    from activeseed.protocols import Request
    from activeseed.study.requests import context_of, wanted

    given, system = vectors(d=4), act.OversightLeague()
    rows = Explicit(Rows(np.zeros((2, 12), np.int16), np.arange(2)))
    context = context_of(system, given)

    def names(**more) -> list[str]:
        return wanted(Request(rows, "some", **more), system, given, context, lambda n: 0).names

    plain = names()
    assert names(settings={"momentum": 0.0}) == plain
    assert not set(plain) & set(names(settings={"momentum": 0.25}))
    # the same row as by its column, where a factor names the value
    factor = [f.id for f in system.factors()].index("momentum")
    variants = np.zeros((2, 12 + len(system.factors())), np.int16)
    variants[:, 12 + factor] = 1
    by_column = Request(Explicit(Rows(variants, np.arange(2))), "some")
    assert wanted(by_column, system, given, context, lambda n: 0).names == names(settings={"momentum": 0.5})
    elsewhere = names(probes=given.probes[:2])
    assert not set(plain) & set(elsewhere)
    assert elsewhere == wanted(
        Request(rows, "some"), system, replace(given, probes=given.probes[:2]),
        context_of(system, replace(given, probes=given.probes[:2])), lambda n: 0,
    ).names  # fmt: skip
