"""CIRL games: values against enumeration and by hand, what a prior can do and can't, and the human that it reads."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.optimize import linprog

import activeseed as act
from activeseed.errors import ConfigError, PlanError
from activeseed.plan import Floats, Materials, Rows, generator
from activeseed.seed import ABSENT
from activeseed.systems.cirl.chef import HUMAN_EFFORT, ROBOT_EFFORT, chef_world
from activeseed.systems.cirl.game import Game
from activeseed.systems.cirl.grid import grid_world
from activeseed.systems.cirl.humans import Human, Teaching
from activeseed.systems.cirl.playing import played
from activeseed.systems.cirl.pruning import best_somewhere, distinct
from activeseed.systems.cirl.solving import Continuations, solve
from tests.benchmarks._stack_cirl import CASES, ROUNDED, SINGLE, beliefs_over, compare, random_game, rows_of
from tests.toy_materials import corners, prior

HOW: tuple[Teaching, ...] = ("pedagogic", "literal")
WHICH: tuple[Continuations, ...] = ("all", "optimal")
OBJECTIVES = ("soup", "salad", "pizza", "stew")


def pieces(*said: dict[str, Any]) -> Materials:
    items = tuple(act.Item(id=f"i{n}", payload=act.Entry(fields=f)) for n, f in enumerate(said))
    return Materials(act.Seed(items=items), ())


def read(system: act.CIRL, of: Materials, *weights: list[float]) -> list[dict[str, float]]:
    """Place -> outcome, for rows of these weights of the items, or of the seed as it is written."""
    given = np.array(weights or [[1.0] * len(of.seed)], np.float32)
    rows = Rows(np.zeros(given.shape, np.int16), np.zeros(len(given), np.int64), given)
    out = system.train(rows, of)
    assert out.ok.all(), dict(out.failures)
    ids = [p.id for p in system.places(of)]
    return [dict(zip(ids, map(float, row), strict=True)) for row in out.values]


# --- against enumeration ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("human", "teaching", "continuations"), CASES)
@pytest.mark.parametrize("stochastic", [False, True], ids=["sure", "stochastic"])
def test_values_policies_and_beliefs_are_those_of_all_pairs_of_plans(
    human: str, teaching: str, continuations: str, stochastic: bool
) -> None:
    compared = 0
    for number in range(3):
        rng = generator(7, "cirl", number)
        game = random_game(rng, stochastic=stochastic, objectives=2 + number % 2, human=2, horizon=2)
        gaps = compare(game, human, teaching, 2.0, continuations, rng)
        assert gaps.value <= ROUNDED
        assert max(gaps.held, gaps.acts) <= SINGLE, "outcomes are single precision"
        compared += gaps.compared
    assert compared > 20


def test_a_rational_human_who_teaches_is_worth_no_less() -> None:
    for number in range(10):
        rng = generator(8, "cirl", number)
        game = random_game(rng, stochastic=bool(number % 2), objectives=3, human=2, horizon=2)
        beliefs = beliefs_over(3, rng)
        teaches, earnest = (
            (beliefs @ solve(game, Human("rational", how, 1.0), 2, 0.9).levels[-1][0].alpha.T).max(1) for how in HOW
        )
        assert (teaches >= earnest - ROUNDED).all()


def test_all_continuations_are_worth_no_less_and_sometimes_more() -> None:
    more = 0
    for number in range(30):
        rng = generator(9, "cirl", number)
        game = random_game(rng, stochastic=False, objectives=3, human=3, horizon=2)
        beliefs, human = beliefs_over(3, rng), Human("boltzmann", "pedagogic", 1.0)
        every, few = ((beliefs @ solve(game, human, 2, 0.9, which).levels[-1][0].alpha.T).max(1) for which in WHICH)
        assert (every >= few - ROUNDED).all()
        more += bool((every > few + 1e-6).any())
    assert more >= 3, "pruning loses nothing here, so nothing is shown"


# --- pruning ----------------------------------------------------------------------------------------------------------


def needed(vectors: Floats) -> list[int]:
    """One program a vector, against all others."""
    out = []
    for n in range(len(vectors)):
        others, theta = np.delete(vectors, n, 0), vectors.shape[1]
        found = linprog(
            np.r_[np.zeros(theta), -1.0],
            A_ub=np.c_[others - vectors[n], np.ones(len(others))], b_ub=np.zeros(len(others)),
            A_eq=[[*[1.0] * theta, 0.0]], b_eq=[1.0], bounds=[*[(0.0, None)] * theta, (None, None)],
        )  # fmt: skip
        if -found.fun > 1e-9:
            out.append(n)
    return out


@pytest.mark.parametrize("objectives", [2, 3, 5])
def test_what_is_kept_is_what_is_best_somewhere(objectives: int) -> None:
    for key in range(4):
        vectors = generator(key, "vectors", objectives).normal(size=(40, objectives))
        # many that are best in a sliver only: close to a sphere
        vectors[:20] /= np.linalg.norm(vectors[:20], axis=1, keepdims=True)
        assert best_somewhere(vectors).tolist() == needed(vectors)


def test_edges_of_pruning() -> None:
    assert best_somewhere(np.array([[1.0], [3.0], [2.0]])).tolist() == [1]
    assert best_somewhere(np.full((4, 3), 2.5)).tolist() == [0], "of equal ones the first"
    assert distinct(np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])).tolist() == [0, 1]
    # the middle one is best where the others are equally good, and nowhere by itself
    assert best_somewhere(np.array([[1.0, 0.0], [0.5, 0.5], [0.0, 1.0]])).tolist() == [0, 2]
    # two that share the top of the first objective: only the one that is better elsewhere is needed
    assert best_somewhere(np.array([[1.0, 0.0], [1.0, 0.2], [0.0, 1.0]])).tolist() == [1, 2]


# --- by hand ----------------------------------------------------------------------------------------------------------


def signalling(cost: float, initial: int = 0) -> Game:
    """Two objectives, two steps. Signalling costs; the robot's last action is worth one if it is the one wanted."""
    transitions, rewards = np.zeros((2, 2, 2, 2)), np.zeros((2, 2, 2, 2))
    transitions[..., 1] = 1.0
    rewards[:, 0, 1, :] -= cost
    for wanted in range(2):
        rewards[wanted, 1, :, wanted] += 1.0
    return Game(
        ("first", "last"), ("quiet", "signal"), ("a", "b"), ("a", "b"), transitions, rewards, np.eye(2)[initial], 2
    )


def test_who_teaches_signals_and_who_acts_in_earnest_keeps_quiet() -> None:
    b = np.array([0.7, 0.3])
    teaches = solve(signalling(0.2), Human("rational", "pedagogic", 1.0), 2, 1.0)
    # the rarer objective signals: 0.7 · 1 + 0.3 · (1 − 0.2)
    assert (teaches.levels[-1][0].alpha @ b).max() == pytest.approx(0.94, abs=1e-12)
    earnest = solve(signalling(0.2), Human("rational", "literal", 1.0), 2, 1.0)
    assert (earnest.levels[-1][0].alpha @ b).max() == pytest.approx(0.7, abs=1e-12)
    dear = solve(signalling(1.5), Human("rational", "pedagogic", 1.0), 2, 1.0)
    assert (dear.levels[-1][0].alpha @ b).max() == pytest.approx(0.7, abs=1e-12), (
        "a signal that costs more than it buys"
    )


def test_a_boltzmann_human_by_hand() -> None:
    beta, cost, b = 2.0, 0.2, np.array([0.7, 0.3])
    solved = solve(signalling(cost), Human("boltzmann", "pedagogic", beta), 2, 1.0, "all")
    best = -math.inf
    for quiet, loud in itertools.product(range(2), repeat=2):  # what the robot does after either
        total = 0.0
        for o in range(2):
            q = np.array([float(quiet == o), float(loud == o) - cost])
            p = np.exp(beta * q) / np.exp(beta * q).sum()
            total += b[o] * float(p @ q)
        best = max(best, total)
    assert (solved.levels[-1][0].alpha @ b).max() == pytest.approx(best, abs=1e-12)


def test_values_of_the_chefs_game_by_hand() -> None:
    """Who knows the recipe: the robot adds one, then both add one. The human, who adds at more cost, waits at first."""
    gamma = 0.9
    game = chef_world(3)
    solution = solve(game, Human("rational", "literal", 1.0), 3, gamma)
    best = -ROBOT_EFFORT + gamma * (1.0 - ROBOT_EFFORT - HUMAN_EFFORT)
    assert solution.best == pytest.approx([best] * 4, abs=1e-12)
    first = Human("rational", "literal", 1.0).policy(solution.literal[3][:, game.state("empty")], axis=1)
    assert first.tolist() == [[1.0, 0.0, 0.0, 0.0]] * 4


def test_states_of_the_chefs_game() -> None:
    game = chef_world(3)
    assert len(game.states) == 15, "empty, 3 of one, 6 of two, 4 recipes, spoilt"
    start, spoilt = game.state("empty"), game.state("spoilt")

    def after(state: str, human: str, robot: str) -> str:
        row = game.transitions[game.state(state), game.human.index(human), game.robot.index(robot)]
        return game.states[int(row.argmax())]

    assert after("tomato+tomato", "tomato", "cheese") == "soup served", (
        "what is served is not spoilt by what comes after"
    )
    assert after("tomato+tomato", "cheese", "tomato") == "spoilt"
    assert after("empty", "tomato", "cheese") == "tomato+cheese"
    assert game.rewards[0, game.state("tomato+tomato"), 1, 0] == pytest.approx(1.0 - HUMAN_EFFORT)
    assert game.rewards[1, game.state("tomato+tomato"), 1, 0] == pytest.approx(-HUMAN_EFFORT)
    assert (game.transitions[spoilt, :, :, spoilt] == 1).all()
    assert game.initial[start] == 1


def test_a_rational_human_who_teaches_says_all_there_is_to_say() -> None:
    (found,) = read(act.CIRL(human="rational"), prior())
    for true in OBJECTIVES:
        assert found[f"belief/{true}/{true}"] == pytest.approx(1.0, abs=1e-6)


# --- what a prior can do ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("human", ["boltzmann", "rational"])
def test_what_has_no_mass_is_never_believed(human: str) -> None:
    system = act.CIRL.model_validate({"human": human, "truth": "stew"})
    of = pieces(*({"objective": o, "mass": 1} for o in ("soup", "salad", "pizza")))
    for found in read(system, of, [1, 1, 1], [0.1, 5, 2]):
        assert all(found[f"belief/{true}/stew"] == 0.0 for true in OBJECTIVES)
    assert any("'stew'" in r and "never recover it" in r for r in system.remarks(of))
    assert any("never recover it" in r for r in act.CIRL(truth="stew").remarks(of))
    told = act.CIRL(truth="soup").remarks(of)
    assert any("'stew' has no piece" in r for r in told)
    assert not any("never recover" in r for r in told)


def test_where_the_model_is_right_nothing_is_learnt_of_nothing() -> None:
    """Σ b(θ) E[b′ | θ] = b, exactly up to single precision; not where the robot is wrong about the human."""
    b = np.array([0.4, 0.3, 0.2, 0.1], np.float32).astype(np.float64)
    for changes, right in (({}, True), ({"teaching": "literal"}, True), ({"actual_beta": 0.5}, False),
                           ({"actual_teaching": "literal"}, False)):  # fmt: skip
        system = act.CIRL.model_validate({"horizon": 2, **changes})
        held = system.train(rows_of(b[None]), _even()).values[0, :16].reshape(4, 4)
        gap = float(np.abs(b / b.sum() @ held - b / b.sum()).max())
        assert gap <= SINGLE if right else gap > 0.01, changes
        assert any("wrong about the human" in r for r in system.remarks(_even())) is not right


def _even() -> Materials:
    return pieces(*({"objective": o, "mass": 1} for o in OBJECTIVES))


def test_masses_are_relative_and_add_up() -> None:
    apart = pieces({"objective": "soup", "mass": 2}, {"objective": "stew", "mass": 1}, {"objective": "soup", "mass": 4})
    joined = pieces({"objective": "soup", "mass": 0.6}, {"objective": "stew", "mass": 0.1})
    assert read(act.CIRL(), apart)[0] == pytest.approx(read(act.CIRL(), joined)[0], abs=1e-6)
    half, whole = read(act.CIRL(), apart, [0.5, 1, 0], [1, 2, 0])
    assert half == pytest.approx(whole, abs=1e-6)


def test_a_robot_that_was_told_nothing_believes_what_the_game_says() -> None:
    none, even = read(act.CIRL(), _even(), [0, 0, 0, 0], [1, 1, 1, 1])
    assert none == pytest.approx(even, abs=1e-6)


def test_what_is_impossible_teaches_nothing() -> None:
    """The robot takes a human who mostly errs for a rational one: what it can't explain leaves its belief as it is."""
    system = act.CIRL(human="rational", actual_human="boltzmann", actual_beta=1e-3, horizon=2)
    (found,) = read(system, _even())
    assert all(0.0 <= v <= 1.0 + 1e-6 for name, v in found.items() if name.startswith("belief/"))
    for true in OBJECTIVES:
        assert sum(found[f"belief/{true}/{o}"] for o in OBJECTIVES) == pytest.approx(1.0, abs=1e-5)


def test_outcomes_are_distributions_and_shares() -> None:
    system, of = act.CIRL(), prior()
    rng = np.random.default_rng(0)
    out = system.train(Rows(np.zeros((20, 4), np.int16), np.zeros(20, np.int64),
                            rng.gamma(1.0, size=(20, 4)).astype(np.float32)), of).values  # fmt: skip
    belief, policy, regret = np.split(out, [16, 16 + 9 * 4], axis=1)
    assert belief.reshape(20, 4, 4).sum(2) == pytest.approx(np.ones((20, 4)), abs=1e-5)
    assert policy.reshape(20, 9, 4).sum(2) == pytest.approx(np.ones((20, 9)), abs=1e-5)
    assert ((regret >= 0) & (regret <= 1)).all()
    parts = [act.CIRL.model_validate({"outcome": part}) for part in ("belief", "policy", "regret")]
    sizes = [len(part.places(of)) for part in parts]
    assert sizes == [16, 36, 4]


def test_the_truth_labels_what_ought_to_be_believed() -> None:
    places = {p.id: p.label for p in act.CIRL(truth="soup").places(prior())}
    assert {n: y for n, y in places.items() if y is not None} == {
        "belief/soup/soup": 1.0, "belief/soup/salad": 0.0, "belief/soup/pizza": 0.0, "belief/soup/stew": 0.0,
    }  # fmt: skip
    assert all(p.label is None for p in act.CIRL().places(prior()))


def test_an_objective_may_be_given_by_its_weights() -> None:
    system, of = act.CIRL(game="gridworld"), corners()
    names = played(system, of)[0].game.objectives
    assert names == ("north-west", "north-east", "south-east", "θ 0.5, 0.5, 0")
    said = pieces({"objective": "north-west"}, {"theta": {"north-west": 0.5, "north-east": 0.5}})
    game = played(system, said)[0].game
    assert game.objectives[3] == names[3]
    mixed = (game.rewards[0] + game.rewards[1]) / 2
    assert game.rewards[3] == pytest.approx(mixed), "what moves cost is every objective's"


def test_ties_are_broken_for_all_objectives_alike() -> None:
    """A robot that is sure plays, of what is equally good then, what is best for all objectives alike."""
    game = played(act.CIRL(horizon=1), prior())[1]
    (state, _), plans = game.solution.starts[0], game.solution.levels[-1][game.solution.starts[0][0]]
    alpha = np.array([[1.0, 0.0, 0.0, 0.0], [1.0, 0.5, 0.0, 0.1], [1.0, 0.1, 0.5, 0.0], [0.9, 1.0, 1.0, 1.0]])
    told = replace(plans, alpha=alpha, robot=np.arange(4), next=plans.next[:4])
    solution = replace(game.solution, levels=(*game.solution.levels[:-1], {state: told}))
    beliefs = np.array([[1.0, 0, 0, 0], [0, 1.0, 0, 0], [0.5, 0.5, 0, 0]])
    assert replace(game, solution=solution).chosen(state, beliefs).tolist() == [1, 3, 3]


# --- settings ---------------------------------------------------------------------------------------------------------


def test_vectors_are_solved_once_for_all_priors(monkeypatch: pytest.MonkeyPatch) -> None:
    from activeseed.systems.cirl import playing

    solved: list[Game] = []

    def counting(game: Game, *more: Any) -> Any:
        solved.append(game)
        return solve(game, *more)

    monkeypatch.setattr(playing, "solve", counting)
    system = act.CIRL(beta=4.321, horizon=2)
    for n in range(3):
        read(system, pieces({"objective": "soup", "mass": n + 1}, {"objective": "stew"}))
    read(act.CIRL(beta=4.321, horizon=2, truth="soup", outcome="belief"), prior())
    assert len(solved) == 1
    read(act.CIRL(beta=4.322, horizon=2), prior())
    assert len(solved) == 2


def test_no_more_solved_games_are_kept_than_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    from activeseed.systems.cirl import playing

    kept = playing._SOLVED
    size = played(act.CIRL(beta=6.0, horizon=2), prior())[1].solution.bytes
    assert size > 0
    monkeypatch.setattr(playing, "KEPT", 2 * size)
    for beta in (6.1, 6.2, 6.3, 6.4):
        read(act.CIRL(beta=beta, horizon=2), prior())
        assert sum(solution.bytes for solution, _ in kept.values()) <= 2 * size
    assert kept
    monkeypatch.setattr(playing, "KEPT", 0)
    read(act.CIRL(beta=6.5, horizon=2), prior())
    assert len(kept) == 1


def test_settings_are_factors_with_their_places_in_the_stack() -> None:
    of = {f.id: (f.level, f.aspect, [c.setting for c in f.choices]) for f in act.CIRL().factors()}
    assert of["start"][:2] == ("model", "start")
    assert of["start"][2][0] == ""
    assert of["actual_beta"] == ("human", "dynamics", [None, 1.25, 20.0])
    assert of["beta"] == ("trainer2", "dynamics", [5.0, 1.25, 20.0])
    assert of["horizon"][2] == [3, 2, 1]
    assert of["teaching"][2] == ["pedagogic", "literal"]
    earnest = {f.id: len(f.choices) for f in act.CIRL(teaching="literal").factors()}
    assert earnest["teaching"] == 1, "a Boltzmann human who teaches may be too much"


def test_where_the_cart_starts_is_a_start_of_the_world() -> None:
    system = act.CIRL(game="gridworld")
    (factor,) = [f for f in system.factors() if f.id == "start"]
    assert factor.choices[1].setting in grid_world(3, 3, 0.0, "goals").states
    moved = system.with_settings({"start": "2,2"})
    assert moved.told[0].initial[moved.told[0].state("2,2")] == 1
    assert read(moved, corners()) != read(system, corners())


def test_a_game_of_the_package_says_its_horizon_and_discount() -> None:
    assert (act.CIRL().horizon, act.CIRL().discount) == (3, 0.9)
    assert act.CIRL(game="gridworld", form="apprenticeship").horizon == 4
    assert act.CIRL(game="gridworld", horizon=None).horizon == 2
    assert act.CIRL(game="mine.yaml").horizon is None


def test_the_grid_has_its_moves_and_its_features() -> None:
    game = grid_world(3, 2, 0.25, "goals")
    at = game.state("0,0")
    east, stay = game.human.index("east"), 0
    row = game.transitions[at, east, east]
    assert row[game.state("2,0")] == pytest.approx(0.75**2)
    assert row[game.state("1,0")] == pytest.approx(2 * 0.75 * 0.25)
    assert game.transitions[at, game.human.index("west"), stay][at] == 1.0, "off the grid it stays"
    radial = grid_world(3, 3, 0.0, "radial")
    assert radial.values is not None
    corner = radial.state("0,2")
    assert radial.values[0, corner, 0, 0] == pytest.approx(1.0)
    near = radial.values[0, radial.state("0,1"), 0, 0]
    assert near == pytest.approx(math.exp(-0.5)), "a third of three cells is one: e^(−1/2) a cell away"


@pytest.mark.parametrize("game", ["chef", "gridworld"])
def test_drawn_plays_are_right_on_average(game: str) -> None:
    exact = act.CIRL.model_validate({"game": game, "horizon": 2, "slip": 0.2 if game == "gridworld" else 0.0,
                                     "human": "rational" if game == "gridworld" else "boltzmann"})  # fmt: skip
    of = corners() if game == "gridworld" else prior()
    drawn = exact.with_settings({"rollouts": 50})
    assert drawn.traits.streams == ("world",)
    n = len(of.seed)
    rows = Rows(np.zeros((60, n), np.int16), np.arange(60))
    found = drawn.train(rows, of).values.astype(np.float64)
    (truth,) = exact.train(rows.take([0]), of).values
    se = found.std(0, ddof=1) / np.sqrt(len(found))
    # six standard errors of 60 means of 50 plays, at some 50 places: one test in ten million fails by chance; what
    # never varies, such as the regret, which is exact in both, is the same up to single precision
    assert (np.abs(found.mean(0) - truth) <= 6 * se + 1e-6).all()
    assert (se > 0).sum() > 5
    again = drawn.train(rows.take([3]), of).values
    assert again == pytest.approx(found[3:4], abs=1e-7), "a play is its key's alone"


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"objective": "soop", "mass": 1}, "Item 'i0': the game has no objective 'soop'. Did you mean 'soup'"),
        ({"mass": 1}, "Item 'i0' speaks for no objective"),
        ({"theta": [1, 2, 3], "mass": 1}, "'theta' weighs features, and this game has none"),
        ({"objective": "soup", "mass": -1}, "Item 'i0': mass is '-1'"),
        ({"objective": "soup", "mass": "much"}, "mass is 'much'. Give a finite number"),
        ({"objective": "soup", "mass": True}, "mass is 'True'"),
    ],
)
def test_a_piece_that_can_not_be_is_refused_with_its_item(said: dict[str, Any], sentence: str) -> None:
    with pytest.raises(PlanError) as caught:
        act.CIRL().check(pieces(said, {"objective": "stew", "mass": 1}))
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("theta", "sentence"),
    [
        ([1, 2], "'theta' has to hold 3 weights, of north-west, north-east, south-east"),
        ({"nort-west": 1}, "no feature 'nort-west'. Did you mean 'north-west'"),
        ([1, 2, "x"], "the weight of 'south-east' in 'theta' is 'x'. Give a finite"),
    ],
)
def test_weights_that_can_not_be_are_refused(theta: Any, sentence: str) -> None:
    with pytest.raises(PlanError) as caught:
        act.CIRL(game="gridworld").check(pieces({"theta": theta}, {"objective": "north-west"}))
    assert sentence in str(caught.value)


def test_a_prior_of_nothing_and_one_that_does_not_sum_are_refused() -> None:
    with pytest.raises(PlanError, match="has any mass"):
        act.CIRL().check(pieces({"objective": "soup", "mass": 0}, {"objective": "stew", "mass": 0}))
    strict = act.CIRL(masses="probabilities")
    with pytest.raises(PlanError, match=r"sum to 0\.9, and masses = 'probabilities'"):
        strict.check(pieces({"objective": "soup", "mass": 0.4}, {"objective": "stew", "mass": 0.5}))
    strict.check(pieces({"objective": "soup", "mass": 0.4}, {"objective": "stew", "mass": 0.6}))
    strict.check(pieces({"objective": "soup"}, {"objective": "stew"}, {"objective": "pizza"}, {"objective": "salad"}))


def test_items_of_another_kind_are_refused() -> None:
    texts = Materials(act.Seed(items=tuple(act.Item(id=t, payload=act.Text(text=t)) for t in "ab")), ())
    with pytest.raises(PlanError, match="is a text, and a CIRL game reads pieces of a prior"):
        act.CIRL().check(texts)


def test_a_game_that_is_too_large_says_which_horizon_would_do() -> None:
    large = act.CIRL(horizon=4)
    with pytest.raises(PlanError, match=r"horizon = 3 would do") as caught:
        large.check(prior())
    assert "with 4 steps to go" in str(caught.value)
    act.CIRL(horizon=3).check(prior())
    with pytest.raises(PlanError, match=r"horizon = 1 would do"):
        act.CIRL(horizon=2, most_plans=20).check(prior())
    act.CIRL(horizon=1, most_plans=20).check(prior())
    act.CIRL(horizon=1, most_plans=1).check(prior())


def test_plans_beyond_counting_are_refused_in_a_sentence() -> None:
    """A human of 2,000 actions after whom the robot has two: 2^2000 plans."""
    transitions = np.ones((1, 2000, 2, 1))
    rewards = generator(0, "rewards").normal(size=(2, 1, 2000, 2))
    names = tuple(f"h{n}" for n in range(2000))
    game = Game(("only",), names, ("a", "b"), ("x", "y"), transitions, rewards, np.ones(1), 2)
    with pytest.raises(PlanError, match=r"has some 10\^602 plans.*horizon = 1 would do"):
        solve(game, Human("boltzmann", "pedagogic", 1.0), 2, 1.0)


def test_too_many_histories_are_refused_before_anything_is_followed() -> None:
    with pytest.raises(PlanError, match=r"may do [\d,]+ different things.*horizon = \d would do"):
        act.CIRL(human="rational", teaching="literal", horizon=10).check(prior())


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"truth": "stow"}, "no objective 'stow'. Did you mean 'stew'"),
        ({"start": "tomat"}, "no state 'tomat'. Did you mean 'tomato'"),
        ({"game": "cheff"}, "game = 'cheff' is no game of the package"),
    ],
)
def test_settings_that_the_game_has_not_are_refused(settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        act.CIRL.model_validate(settings).check(prior())
    assert sentence in str(caught.value)


def test_a_row_without_a_number_for_a_weight_fails_and_takes_no_other_with_it() -> None:
    of = prior()
    variants = np.zeros((2, 4), np.int16)
    variants[1, 0] = of.seed.items[0].index_of(ABSENT)
    weights = np.array([[np.nan, 1, 1, 1], [1, 1, 1, 1]], np.float32)
    out = act.CIRL(horizon=1).train(Rows(variants, np.zeros(2, np.int64), weights), of)
    assert out.ok.tolist() == [False, True]
    assert "not finite" in out.failures[0]
