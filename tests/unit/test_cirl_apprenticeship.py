"""Apprenticeships: what is learnt of what was shown, what the robot does then, and what can't be shown."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import activeseed as act
from activeseed.errors import PlanError
from activeseed.plan import Rows
from activeseed.systems.cirl.apprenticing import apprentice
from activeseed.systems.cirl.grid import HUMAN_EFFORT, grid_world
from tests.toy_materials import shown
from tests.unit.test_cirl import pieces, read

GOALS = ("north-west", "north-east", "south-east")
NORTH, EAST = [["0,0", "north"]], [["0,0", "east"]]


def ways(*said: list[list[str]]) -> Any:
    return pieces(*({"trajectory": way} for way in said))


def test_the_posterior_by_hand() -> None:
    """Two cells a side and one step: an expert moves to the goal that is next to them, or waits where it is not."""
    system = act.CIRL(game="gridworld", form="apprenticeship", width=2, height=2, horizon=1, beta=2.0)
    (found,) = read(system, ways(NORTH, EAST), [1.0, 0.0])
    # at 0,0 the moves south and west end there, too; the goals are 0,1 and 1,1 and 1,0
    moves = -HUMAN_EFFORT
    q = {"north-west": [0, 1 + moves, moves, moves, moves], "north-east": [0, *[moves] * 4],
         "south-east": [0, moves, 1 + moves, moves, moves]}  # fmt: skip
    p = np.array([np.exp(2.0 * q[g][1]) / np.exp(2.0 * np.array(q[g])).sum() for g in GOALS])
    assert [found[f"belief/{g}"] for g in GOALS] == pytest.approx((p / p.sum()).tolist(), abs=1e-6)


def test_a_weight_is_an_exponent_and_nothing_shown_is_the_prior() -> None:
    system = act.CIRL(game="gridworld", form="apprenticeship", beta=1.0)
    once, twice, none = read(system, ways(NORTH, EAST), [2, 1], [1, 1], [0, 0])
    (thrice,) = read(system, ways(NORTH, NORTH, EAST))
    assert once == pytest.approx(thrice, abs=1e-6)
    assert once != twice
    assert [none[f"belief/{g}"] for g in GOALS] == pytest.approx([1 / 3] * 3, abs=1e-6)


def test_the_robot_goes_where_the_mean_reward_is() -> None:
    """North, and there it stays; what that is worth under each objective is what it is paid on its way."""
    system = act.CIRL(game="gridworld", form="apprenticeship", width=2, height=2, horizon=2, beta=50.0, discount=1.0)
    (found,) = read(system, ways([*NORTH, ["0,1", "stay"]], NORTH))
    assert found["belief/north-west"] > 0.99
    assert found["policy/0,0/north"] == 1.0
    assert found["policy/0,1/stay"] == 1.0
    assert found["regret/north-west"] == pytest.approx(0.0, abs=1e-6)
    game = grid_world(2, 2, 0.0, "goals")
    assert game.objectives == GOALS
    # under another goal it earns nothing and pays one move; the best is two steps on the goal less what getting there
    # costs, the worst to move for nothing twice
    best_near, worst, earned = 2.0 - 0.05, -0.1, -0.05
    assert found["regret/south-east"] == pytest.approx((best_near - earned) / (best_near - worst), abs=1e-6)
    best_far = 1.0 - 0.1  # it takes both steps to get there
    assert found["regret/north-east"] == pytest.approx((best_far - earned) / (best_far - worst), abs=1e-6)


def test_equally_good_actions_are_taken_evenly() -> None:
    system = act.CIRL(game="gridworld", form="apprenticeship", beta=1.0)
    (found,) = read(system, ways([["0,0", "north"]], [["1,1", "stay"]]), [0, 0])
    at = {a: found[f"policy/1,1/{a}"] for a in ("stay", "north", "east", "south", "west")}
    assert sum(at.values()) == pytest.approx(1.0)
    assert at["north"] == pytest.approx(at["east"]), "towards the corner that two ways lead to"


def test_drawn_plays_are_right_on_average() -> None:
    exact = act.CIRL(game="gridworld", form="apprenticeship", beta=1.0, slip=0.4, outcome="regret")
    drawn = exact.with_settings({"rollouts": 100})
    of = shown()
    keys = np.arange(60)
    rows = Rows(np.zeros((60, 4), np.int16), keys)
    found = drawn.train(rows, of).values.astype(np.float64)
    (truth,) = exact.train(rows.take([0]), of).values
    se = found.std(0, ddof=1) / np.sqrt(len(found))
    assert (se > 0).all()
    # five standard errors of 60 means of 100 plays, three numbers: one test in half a million fails by chance
    assert (np.abs(found.mean(0) - truth) < 5 * se).all()


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"objective": "north-west", "mass": 1}, "Item 'i0' is a piece of a prior, and an apprenticeship reads"),
        ({"note": 1}, "Item 'i0' has no 'trajectory'"),
        ({"trajectory": "north"}, "Item 'i0' has no 'trajectory'"),
        ({"trajectory": [["0,0"]]}, "step 1 of its trajectory is \"['0,0']\", and no [state, action]"),
        ({"trajectory": [["0;0", "north"]]}, "step 1 is in no state of the game, '0;0'. Did you mean '0,0'"),
        ({"trajectory": [["0,0", "nort"]]}, "step 1 is no action of the human's, 'nort'. Did you mean 'north'"),
        ({"trajectory": [["0,0", "north"], ["2,2", "stay"]]},
         "step 2 is impossible: 'north' in '0,0' never leads to '2,2' (it does to '0,1')"),
    ],
)  # fmt: skip
def test_a_demonstration_that_can_not_be_is_refused(said: dict[str, Any], sentence: str) -> None:
    with pytest.raises(PlanError) as caught:
        act.CIRL(game="gridworld", form="apprenticeship").check(pieces(said, {"trajectory": NORTH}))
    assert sentence in str(caught.value)


def test_what_no_rational_expert_does_is_refused_and_a_row_of_it_fails() -> None:
    system = act.CIRL(game="gridworld", form="apprenticeship", human="rational")
    of = ways(NORTH, [["0,0", "west"]])
    with pytest.raises(PlanError, match="No objective explains all that was shown"):
        system.check(of)
    weights = np.array([[1, 0], [1, 1]], np.float32)
    out = system.train(Rows(np.zeros((2, 2), np.int16), np.zeros(2, np.int64), weights), of)
    assert out.ok.tolist() == [True, False]
    assert "no objective explains" in out.failures[1]


def test_a_demonstrator_is_taken_to_be_in_earnest() -> None:
    system = act.CIRL(game="gridworld", form="apprenticeship")
    assert apprentice(system, shown()).human.literal
    assert [len(f.choices) for f in system.factors() if f.id == "teaching"] == [1]
