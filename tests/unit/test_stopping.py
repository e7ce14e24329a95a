"""Rules compose, budgets stop whatever is believed, and nothing distrusted is called stable."""

import math

import numpy as np
import pytest

from activeseed.errors import PlanError
from activeseed.stopping import Progress, budget, flip_risk, flips_below, nothing_left, risk_below, stable

CALM = Progress(risk=0.001, risk_upper=0.002, flips=0.005, answers=12, minutes=20.0)


def test_a_stable_study_stops_and_says_why() -> None:
    verdict = flips_below(0.01)(CALM)
    assert verdict.stop
    assert "0.50%" in verdict.reasons[0]
    assert risk_below(0.01)(CALM).stop
    assert not flips_below(0.004)(CALM).stop


@pytest.mark.parametrize("rule", [flips_below(0.01), risk_below(0.01)])
def test_stability_is_never_declared_on_answers_that_are_distrusted(rule) -> None:
    doubtful = Progress(risk=0.0, risk_upper=0.0, flips=0.0, distrusted=("half of the repeats differ",))
    assert not rule(doubtful).stop
    assert not stable(doubtful, rule | budget(answers=0))


def test_a_budget_stops_whatever_is_believed() -> None:
    doubtful = Progress(answers=40, distrusted=("half of the repeats differ",))
    verdict = (flips_below(0.01) | budget(answers=40, minutes=60))(doubtful)
    assert verdict.stop
    assert verdict.reasons == ("the budget of 40 answers is used up",)


def test_unknown_numbers_satisfy_no_rule() -> None:
    assert math.isnan(Progress().flips)
    assert not flips_below(0.5)(Progress()).stop
    assert not risk_below(1e9)(Progress()).stop


def test_rules_compose() -> None:
    both = flips_below(0.01) & budget(answers=20)
    assert not both(CALM).stop
    assert both(Progress(flips=0.001, answers=20)).stop
    assert len(both(Progress(flips=0.001, answers=20)).reasons) == 2
    either = flips_below(0.01) | budget(answers=20)
    assert either(CALM).stop
    assert "or" in either.name
    assert "and" in both.name
    assert nothing_left()(Progress(open_questions=0)).stop
    assert not nothing_left()(CALM).stop


def test_a_share_that_is_no_share_is_refused() -> None:
    with pytest.raises(PlanError, match="between 0 and 1"):
        flips_below(1.5)


class TestFlipRisk:
    def test_it_is_the_share_of_probes_judged_otherwise_with_an_upper_limit(self) -> None:
        rng = np.random.default_rng(0)
        deployed = np.full(50, 0.9)
        draws = np.where(rng.random((400, 50)) < 0.1, 0.1, 0.8)
        out = flip_risk(draws, deployed)
        assert out.bound == "upper"
        seen = float(((draws > 0.5) != (deployed > 0.5)).mean())
        assert seen < out.value < seen + 6 * out.stderr + 0.02

    def test_no_flip_in_a_few_draws_is_no_proof(self) -> None:
        few, many = (flip_risk(np.full((n, 10), 0.9), np.full(10, 0.8)).value for n in (5, 500))
        assert few > many > 0

    def test_weights_say_which_probes_count(self) -> None:
        draws = np.tile([0.9, 0.1], (100, 1))
        deployed = np.array([0.9, 0.9])
        light = flip_risk(draws, deployed, weights=np.array([0.9, 0.1])).value
        heavy = flip_risk(draws, deployed, weights=np.array([0.1, 0.9])).value
        assert light < 0.2 < 0.8 < heavy

    def test_failed_draws_are_left_out(self) -> None:
        draws = np.full((20, 4), 0.9)
        draws[0] = np.nan
        assert math.isfinite(flip_risk(draws, np.full(4, 0.9)).value)
        with pytest.raises(PlanError, match="at least two"):
            flip_risk(np.full((3, 4), np.nan), np.full(4, 0.9))
