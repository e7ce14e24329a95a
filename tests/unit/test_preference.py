"""Answers about outcomes, against enumeration: their likelihood, what they make of a belief, what one is worth."""

from __future__ import annotations

import numpy as np
import pytest

from activeseed.belief import Belief
from activeseed.belief.preference import agreement_likelihood, outcome_values, prefer
from activeseed.plan import generator

DRAWS = generator(1, "draws").integers(0, 3, (40, 4))
OUTCOMES = generator(2, "outcomes").random((40, 2))


def belief() -> Belief:
    rows = generator(3, "rows").random((40, 4))
    away = np.tile([0.0, 0.5, 0.5], (4, 1))
    return Belief(np.full(4, 0.7), rows, away, np.zeros(4, bool), (), rows)


def test_the_likelihood_is_that_of_an_annotator_who_errs() -> None:
    found = agreement_likelihood(OUTCOMES, np.array([1.0, 0.0]), 0.2)
    yes, no = OUTCOMES.T
    right = (0.8 * yes + 0.2 * (1 - yes)) * (0.8 * (1 - no) + 0.2 * no)
    np.testing.assert_allclose(found, right)
    both = sum(agreement_likelihood(OUTCOMES, np.array(a), 0.2) for a in ([0, 0], [0, 1], [1, 0], [1, 1]))
    np.testing.assert_allclose(both, 1.0)


@pytest.mark.parametrize("error", [0.0, 0.2])
def test_an_answer_is_worth_the_drop_of_the_risk_that_it_is_expected_to_bring(error: float) -> None:
    points = generator(4, "points").standard_normal((40, 3))

    def risk(weight: np.ndarray) -> float:
        w = weight / weight.sum()
        return float(w @ ((points - w @ points) ** 2).sum(1))

    for place, value in enumerate(outcome_values(points, OUTCOMES, error)):
        left = 0.0
        for answer in (0.0, 1.0):
            said = agreement_likelihood(OUTCOMES[:, [place]], np.array([answer]), error)
            left += said.mean() * risk(said)
        assert value == pytest.approx(risk(np.ones(40)) - left)
        assert value > 0


def test_a_belief_leans_towards_the_draws_that_agree_by_how_much_they_do() -> None:
    weight = agreement_likelihood(OUTCOMES, np.array([1.0, 1.0]), 0.1)
    found = prefer(belief(), DRAWS, weight, key=5)
    # systematic resampling: each draw comes within one of its share, so a mean of 40 of them is within a few in 40
    share = weight / weight.sum()
    np.testing.assert_allclose(found.credibility, share @ (DRAWS == 0), atol=3 / 40)
    counts = [(found.mixture == (row == 0)).all(1).sum() for row in DRAWS]
    assert found.mixture.shape == (40, 4)
    assert all(c >= np.floor(40 * s) for c, s in zip(counts, share, strict=True))
    np.testing.assert_allclose(found.elsewhere.sum(1), 1.0)
    assert (found.elsewhere[:, 0] == 0).all()
    np.testing.assert_array_equal(found.before, found.mixture)


def test_one_draw_that_alone_agrees_is_the_belief_and_no_variant_is_lost() -> None:
    alone = np.zeros(40)
    alone[7] = 0.5
    found = prefer(belief(), DRAWS, alone, key=5)
    np.testing.assert_array_equal(found.mixture, np.tile(DRAWS[7] == 0, (40, 1)))
    for item, variant in enumerate(DRAWS[7]):
        if variant:  # all 40 draws say so, and the share so far counts as one
            assert found.elsewhere[item, variant] == pytest.approx(40.5 / 41)


def test_answers_that_no_draw_agrees_with_move_nothing() -> None:
    before = belief()
    assert prefer(before, DRAWS, np.zeros(40), key=5) is before
