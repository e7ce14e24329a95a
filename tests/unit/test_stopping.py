"""Rules compose, budgets stop whatever is believed, and nothing distrusted is called stable."""

import math
from dataclasses import replace

import numpy as np
import pytest

from activeseed.config import AskTable
from activeseed.errors import PlanError
from activeseed.looking.verdict import conditions
from activeseed.looking.words import ending_words
from activeseed.stopping import (
    Progress,
    budget,
    flip_risk,
    flips_below,
    nobody_to_rely_on,
    nothing_left,
    risk_below,
    stable,
)

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


def test_what_could_still_be_vouched_for_is_waited_for():
    unvouched = Progress(flips=0.005, unvouched=("nothing vouches for ann",), can_vouch=True)
    assert not flips_below(0.01)(unvouched).stop
    settled = Progress(flips=0.005, unvouched=("nothing vouches for ann",))
    assert flips_below(0.01)(settled).stop
    assert not stable(settled, flips_below(0.01))
    assert stable(CALM, flips_below(0.01))


def test_a_study_ends_where_nobody_can_be_relied_on():
    assert nobody_to_rely_on()(Progress(hopeless=True)).stop
    assert not nobody_to_rely_on()(CALM).stop


class TestFlipRisk:
    def test_it_limits_the_share_and_not_its_mean(self) -> None:
        """One draw in ten would change every probe: a mean of 10 % says nothing of what may come."""
        deployed = np.full(50, 0.9)
        draws = np.tile(deployed, (400, 1))
        draws[:40] = 0.1
        out = flip_risk(draws, deployed)
        assert out.mean == pytest.approx(0.1)
        assert out.upper == pytest.approx(1.0)
        draws[12:40] = 0.9  # 12 of 400: fewer than 3.5 in 100, what one look of several is held to
        assert flip_risk(draws, deployed).upper == 0.0

    def test_the_truth_exceeds_it_one_time_in_twenty(self) -> None:
        """The truth is a draw like the others: of 4,000, more than 5 % + 4 standard errors with probability 3e-5."""
        rng = np.random.default_rng(0)
        over = 0
        for _ in range(4000):
            share = rng.beta(0.5, 8.0, 41)  # 40 draws and the truth
            y = (np.arange(200)[None, :] < np.round(200 * share)[:, None]).astype(float)
            over += float((y[40] > 0.5).mean()) > flip_risk(y[:40], np.zeros(200)).upper
        assert over / 4000 <= 0.05 + 4 * np.sqrt(0.05 * 0.95 / 4000)

    def test_too_few_draws_limit_nothing(self) -> None:
        assert flip_risk(np.full((10, 5), 0.9), np.full(5, 0.8)).upper == 1.0
        assert flip_risk(np.full((200, 5), 0.9), np.full(5, 0.8)).upper == 0.0

    def test_draws_are_held_against_what_is_deployed_under_their_own_keys(self) -> None:
        deployed = np.array([[0.9], [0.1]] * 20)
        assert flip_risk(deployed, deployed).upper == 0.0

    def test_weights_say_which_probes_count(self) -> None:
        draws = np.tile([0.9, 0.1], (100, 1))
        deployed = np.array([0.9, 0.9])
        assert flip_risk(draws, deployed, weights=np.array([0.9, 0.1])).upper == pytest.approx(0.1)
        assert flip_risk(draws, deployed, weights=np.array([0.1, 0.9])).upper == pytest.approx(0.9)

    def test_failed_draws_are_left_out(self) -> None:
        draws = np.full((20, 4), 0.9)
        draws[0] = np.nan
        assert flip_risk(draws, np.full(4, 0.9)).draws == 19
        with pytest.raises(PlanError, match="at least two"):
            flip_risk(np.full((3, 4), np.nan), np.full(4, 0.9))


def test_a_study_is_not_stable_where_people_are_divided() -> None:
    rule = flips_below(0.01)
    assert stable(CALM, rule)
    assert not stable(replace(CALM, divided=("a", "b")), rule)


def test_what_people_are_divided_on_is_a_condition_of_what_has_settled() -> None:
    record = {"unvouched": ["nothing vouches for ann"], "divided": {i: {} for i in "abc"}}
    said = "divided: 3 items, on which people really disagree (a, b, c)"
    assert conditions(record, AskTable()) == [said, "nothing vouches for ann"]
    assert conditions(record, AskTable(error=0.1, error_is_stated=True))[0] == said
    assert conditions({"unvouched": []}, AskTable()) == [], "a round that was closed before divisions were looked for"
    ended = ending_words({"settled": True, "stable": False, "conditions": [said], "reasons": ["enough"]})
    assert ended == "Settled by majorities, on what people are divided about: enough."
