"""Bounds on removals: never exceeded by any set, tight where they can be, and empty words where they are vacuous."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from activeseed.analyses import RemovalBounds
from activeseed.analyses.removal.bounding import Bounding
from activeseed.analyses.removal.curvature import Moves, Optimum
from activeseed.analyses.removal.everything import every, how_many
from activeseed.analyses.removal.interval import boxed
from activeseed.analyses.removal.ranges import (
    Range,
    bending,
    curvature,
    largest,
    least_slope,
    left_over,
    packed,
    rise,
    together,
)
from activeseed.analyses.removal.trajectory import Descent, drifts
from activeseed.convex import Convex
from activeseed.errors import ConfigError, PlanError, TrainingError
from activeseed.plan import Floats, Materials
from activeseed.protocols import Finding
from activeseed.seed import Seed
from activeseed.systems.league import OversightLeague
from activeseed.systems.own import FromEstimator
from activeseed.systems.reward_model import RewardModel
from activeseed.testing import problem_of, run
from tests import toy_materials

#: a retrained minimum is off by some 1e-12 in double precision, and bounds have their own outward slack
AGREES = 1e-9


def logistic(
    root: int, n: int = 14, d: int = 3, *, scale: float = 1.0, l2: float = 1.0, constant: float = 0.0
) -> Convex:
    """Logistic regression on points of this size with random answers, read at five probes."""
    rng = np.random.default_rng(root)
    x, t = scale * rng.normal(size=(n, d)), np.zeros(n)
    t[rng.permutation(n)[: n // 2]] = 1.0
    weight = rng.uniform(0.5, 1.5, n) if root % 2 else np.ones(n)
    return Convex(x, t, weight, rng.normal(size=(5, d)), l2, "logistic regression", constant=constant)


def descent(
    root: int, n: int = 14, d: int = 3, *, steps: int = 25, kept: int = 0, paced: bool = False, rate: float = 0.5
) -> Convex:
    """A descent on random points with random answers, among some that can't be removed."""
    rng = np.random.default_rng(root)
    pace = None
    if paced:
        pace = np.zeros((steps, n))
        for step in range(steps):
            pace[step, rng.permutation(n)[: n // 2]] = 2.0
    return Convex(
        rng.normal(size=(n, d)), (rng.random(n) < 0.5).astype(float), np.ones(n), rng.normal(size=(5, d)), 0.02,
        "a descent", normalised=True, constant=0.7 * (root % 2), kept=rng.normal(size=(kept, d)),
        kept_targets=np.zeros(kept), kept_weights=np.full(kept, 1.0 / max(kept, 1)), steps=steps, rate=rate,
        start=0.3 * rng.normal(size=d + 1), pace=pace,
    )  # fmt: skip


def retrained(convex: Convex, k: int, weights: Floats) -> Iterator[tuple[tuple[int, ...], Floats]]:
    """Every set of at most k items, with how far its absence moves the scores at the probes."""
    base = convex.scores(weights)
    for size in range(1, k + 1):
        for gone in combinations(range(len(weights)), size):
            left = weights.copy()
            left[list(gone)] = 0.0
            yield gone, convex.scores(left) - base


def extremes(convex: Convex, k: int, weights: Floats) -> Range:
    moved = np.array([m for _, m in retrained(convex, k, weights)])
    return Range(np.minimum(moved.min(0), 0.0), np.maximum(moved.max(0), 0.0))


# --- units --------------------------------------------------------------------------------------------------------


@given(st.floats(-12, 12), st.floats(-8, 8), st.floats(-8, 8), st.floats(0.0, 1.0))
def test_ranges_of_a_unit_hold_whatever_it_does_within_them(z: float, a: float, b: float, share: float) -> None:
    ends = Range(np.array([min(a, b)]), np.array([max(a, b)]))
    at, score = np.array([a + share * (b - a)]), np.array([z])
    m = curvature(score)
    q = rise(score, at) - m * at
    found = left_over(score, m, ends)
    # sums of three terms below 10 in size: some 1e-15 of rounding
    assert found.low[0] - 1e-14 <= q[0] <= found.high[0] + 1e-14
    bent = bending(score, ends)
    assert bent.low[0] * at[0] ** 2 - 1e-14 <= q[0] <= bent.high[0] * at[0] ** 2 + 1e-14
    if abs(at[0]) > 1e-3:
        assert least_slope(score, ends)[0] <= rise(score, at)[0] / at[0] + 1e-12


def test_what_a_line_leaves_is_found_at_its_stationary_points() -> None:
    z = np.array([2.0])
    m = curvature(z)
    wide = Range(np.array([-8.0]), np.array([1.0]))
    deltas: Floats = np.linspace(-8.0, 1.0, 200_001).astype(np.float64)
    every_q = rise(np.full_like(deltas, 2.0), deltas) - m * deltas
    found = left_over(z, m, wide)
    # the grid's step is 4.5e-5, and σ is flat to second order at an extreme: 1e-9
    assert found.low[0] == pytest.approx(every_q.min(), abs=1e-8)
    assert found.high[0] == pytest.approx(every_q.max(), abs=1e-8)


def test_a_rise_keeps_its_digits_where_sigma_is_one() -> None:
    far = rise(np.array([40.0]), np.array([1.0]))[0]
    assert far == pytest.approx(np.exp(-40.0) - np.exp(-41.0), rel=1e-12)


def test_sums_of_the_largest_take_no_negative_ones() -> None:
    assert largest(np.array([[3.0, -1.0, 2.0, 1.0]]), 2)[0] == 5.0
    assert largest(np.array([[-3.0, -1.0]]), 2)[0] == 0.0
    assert largest(np.array([[1.0]]), 0)[0] == 0.0


@given(st.integers(0, 10_000))
def test_what_shares_a_budget_is_the_linear_program_s_optimum(root: int) -> None:
    from scipy.optimize import linprog

    rng = np.random.default_rng(root)
    caps, rates, budget = rng.random((1, 6)), rng.random((1, 6)) + 0.05, float(rng.random() * 3)
    # maximise Σ rates x, with rates x ≤ caps and Σ x ≤ budget
    best = linprog(
        -rates[0], np.ones((1, 6)), [budget], bounds=[(0, c / r) for c, r in zip(caps[0], rates[0], strict=True)]
    )
    assert packed(caps, rates, budget)[0] == pytest.approx(-best.fun, abs=1e-9)


@given(st.integers(0, 10_000), st.integers(1, 4))
def test_a_sum_of_vectors_is_no_longer_than_said(root: int, k: int) -> None:
    rng = np.random.default_rng(root)
    v, may = rng.normal(size=(7, 3)), rng.random(7) < 0.8
    most = together(v @ v.T, k, may)
    chosen = np.flatnonzero(may)
    worst = max(
        (np.linalg.norm(v[list(s)].sum(0)) for q in range(1, k + 1) for s in combinations(chosen, q)), default=0.0
    )
    assert worst <= most + 1e-12


# --- convex trainings ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("constant", [0.0, 1.0])
def test_the_solver_leaves_nothing(constant: float) -> None:
    convex = logistic(1, n=60, d=90, constant=constant)  # more features than items: solved in their span
    theta = convex.optimum(convex.losses(np.ones(60)))
    x, t = convex.points
    left = x.T @ (convex.scale * (expit(x @ theta) - t)) + convex.decays * theta
    # sums of 60 terms below 3 in size
    assert np.abs(left).max() < 1e-12


def test_it_is_scikit_learns_optimum() -> None:
    from sklearn.linear_model import LogisticRegression

    convex = logistic(3, n=50, constant=1.0)
    theirs = LogisticRegression(C=1.0, tol=1e-12, max_iter=10_000)
    theirs.fit(convex.features, convex.targets, sample_weight=convex.scale)
    # lbfgs stops at a gradient of 1e-12, and the Hessian's least eigenvalue is above 1
    assert convex.scores(np.ones(50)) == pytest.approx(theirs.decision_function(convex.probes), abs=1e-6)


def test_what_leaves_nothing_or_one_class_has_no_training() -> None:
    convex = logistic(0, constant=1.0)
    with pytest.raises(TrainingError, match="No item is left"):
        convex.scores(np.zeros(14))
    with pytest.raises(TrainingError, match="single class"):
        convex.scores(convex.targets)


# --- no set exceeds them -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("root", range(24))
def test_no_removal_of_any_set_exceeds_the_curvature_bound(root: int) -> None:
    k = 1 + root % 3
    scale, l2 = (0.3, 1.0, 2.0)[root // 3 % 3], (0.1, 1.0, 10.0)[root // 9 % 3]
    convex = logistic(root, n=10, scale=scale, l2=l2, constant=float(root % 2))
    weights = np.ones(10)
    bounding = Bounding(convex, weights)
    assert isinstance(bounding.at, Optimum)
    moves = Moves(bounding.at, k)
    found, true = moves.score_range(bounding.points), extremes(convex, k, weights)
    assert (found.low <= true.low + AGREES).all()
    assert (found.high >= true.high - AGREES).all()
    if moves.started == "self-consistent" and k == 1:
        # one item's absence is first order up to its own curvature, which is in
        assert np.median(np.maximum(-found.low, found.high) / np.maximum(-true.low, true.high)) < 1.3
    base = convex.optimum(convex.losses(weights))
    for gone in combinations(range(10), k):
        left = weights.copy()
        left[list(gone)] = 0.0
        apart = convex.optimum(convex.losses(left)) - base
        assert np.linalg.norm(apart) <= moves.distance + AGREES


@pytest.mark.parametrize("root", range(24))
def test_no_removal_of_any_set_exceeds_the_trajectory_bound(root: int) -> None:
    k, steps = 1 + root % 3, (3, 12, 40)[root // 3 % 3]
    convex = descent(root, n=10, steps=steps, kept=6 * (root // 2 % 2), paced=root % 5 == 0)
    weights = np.where(np.arange(10) % 4 == 0, 3.0, 1.0) if root % 4 == 0 else np.ones(10)
    bounding = Bounding(convex, weights)
    found, true = bounding.of(k), extremes(convex, k, weights)
    assert (found.moved.low <= true.low + AGREES).all()
    assert (found.moved.high >= true.high - AGREES).all()
    theta = list(convex.path(convex.losses(weights)))[-1]
    for gone in combinations(range(10), k):
        left = weights.copy()
        left[list(gone)] = 0.0
        apart = list(convex.path(convex.losses(left)))[-1] - theta
        assert np.linalg.norm(apart) <= found.distance + AGREES


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.integers(1, 6))
def test_random_removals_stay_within_both(root: int, k: int) -> None:
    rng = np.random.default_rng(root)
    for convex in (logistic(root, n=40, d=6, scale=0.5), descent(root, n=40, d=6, steps=10, kept=10)):
        found = Bounding(convex, np.ones(40)).of(k)
        base = convex.scores(np.ones(40))
        for _ in range(5):
            left = np.ones(40)
            left[rng.permutation(40)[: rng.integers(1, k + 1)]] = 0.0
            moved = convex.scores(left) - base
            assert (moved >= found.moved.low - AGREES).all()
            assert (moved <= found.moved.high + AGREES).all()


def test_the_strongest_sets_come_close() -> None:
    """Where leverage is small the bound is nearly what the worst set does."""
    convex = logistic(4, n=200, d=6, scale=0.5)
    bounding = Bounding(convex, np.ones(200))
    for k, most in ((1, 1.05), (5, 1.25)):  # 1.02 and 1.11 as it is
        found = bounding.of(k)
        base = convex.scores(np.ones(200))
        ratios = []
        for p, row in enumerate(found.influence):
            seen = 0.0
            for sign in (1.0, -1.0):
                left = np.ones(200)
                left[np.argsort(-sign * row)[:k]] = 0.0
                seen = max(seen, abs(convex.scores(left)[p] - base[p]))
            ratios.append(max(-found.moved.low[p], found.moved.high[p]) / seen)
        assert min(ratios) >= 1.0 - 1e-9
        assert np.median(ratios) < most


def test_the_first_order_is_the_derivative() -> None:
    """Weights 1 ± h of one item: a central difference, off by h² of what is below 10 in size."""
    h = 1e-4
    for convex in (logistic(2, n=12), descent(3, n=12, kept=5), descent(5, n=12, paced=True)):
        found = Bounding(convex, np.ones(12)).of(1).influence
        for item in (0, 7):
            up, down = np.ones(12), np.ones(12)
            up[item], down[item] = 1.0 + h, 1.0 - h
            slope = (convex.scores(down) - convex.scores(up)) / (2 * h)
            if convex.steps:  # an item's own absence is in, to all orders
                assert np.corrcoef(found[:, item], slope)[0, 1] > 0.95
            else:
                assert found[:, item] == pytest.approx(slope, abs=1e-6)


def test_a_bound_grows_with_the_removal_and_a_sharper_start_serves() -> None:
    bounding = Bounding(logistic(6, n=60, d=5, scale=0.5), np.ones(60))
    sizes = [np.maximum(-b.low, b.high) for b in (bounding.of(k).moved for k in (1, 2, 4, 8))]
    for small, large in pairwise(sizes):
        assert (large >= small).all()


def test_what_the_solver_left_is_in_the_bound() -> None:
    convex = logistic(8, n=30, d=4)
    exact = Optimum.of(convex, np.ones(30))
    early = replace(exact, theta=exact.theta + 0.01)
    assert np.linalg.norm(early.residual) > 1e-3
    pts = convex.with_constant(convex.probes) @ convex.span(convex.points[0])
    found, start = Moves(early, 1).score_range(pts), pts @ early.theta
    for item in range(30):
        left = np.ones(30)
        left[item] = 0.0
        moved = convex.scores(left) - start
        assert (moved >= found.low - AGREES).all()
        assert (moved <= found.high + AGREES).all()


def test_what_carries_too_much_is_not_called_bounded() -> None:
    """An intercept without decay and many items gone: nothing is proved, and it is said."""
    convex = logistic(1, n=12, scale=2.0, l2=0.01, constant=1.0)
    found = Bounding(convex, np.ones(12)).of(3)
    assert np.isinf(found.moved.high).all()
    assert "curvature" in found.why_not
    gone = Bounding(convex, np.ones(12)).of(6)
    assert "single class" in gone.why_not


def test_intervals_hold_too_and_are_wider_the_longer_it_trains() -> None:
    """The baseline: sound, and behind the trajectory's bound from the first steps on."""
    for root in (0, 2):
        ratios = []
        for steps in (2, 10, 30):
            convex = replace(descent(root, n=12, steps=steps, kept=4), start=None)
            at = Descent.of(convex, np.ones(12))
            basis = convex.span(convex.points[0])
            points = convex.with_constant(convex.probes) @ basis
            found, true = boxed(at, np.zeros(basis.shape[1]), 1, points), extremes(convex, 1, np.ones(12))
            assert (found.low <= true.low + AGREES).all()
            assert (found.high >= true.high - AGREES).all()
            (ours,) = drifts(at, 1)
            better = ours.score_range(points)
            ratios.append(float(np.median((found.high - found.low) / (better.high - better.low))))
        assert ratios[0] >= 0.99
        assert ratios == sorted(ratios)


def test_sets_are_counted_as_they_come() -> None:
    assert [len(list(every(range(6), k))) for k in (1, 2, 3)] == [how_many(6, k) for k in (1, 2, 3)] == [6, 21, 41]


# --- the analysis -------------------------------------------------------------------------------------------------


def labelled(items: int = 30) -> tuple[FromEstimator, Materials]:
    from sklearn.linear_model import LogisticRegression

    m = toy_materials.vectors(items=items, probes=8)
    labels = [i.model_copy(update={"metadata": {"label": "yn"[n % 2]}}) for n, i in enumerate(m.seed.items)]
    return FromEstimator(LogisticRegression(tol=1e-10)), replace(m, seed=Seed(items=tuple(labels)))


def test_bounds_stand_beside_what_was_trained() -> None:
    system, materials = labelled()
    found = run(RemovalBounds(removals=(1, 2), exhaustive=30), problem_of(system, materials), system, materials)
    assert isinstance(found, Finding)
    one, two = found.bounds
    assert one.exact
    assert one.sets == 30
    assert not two.exact
    assert found.apart < 1e-4, "what was bounded is not what the system trains"
    for bound in found.bounds:
        for p in bound.probes:
            assert p.low - AGREES <= p.seen_low <= 0 <= p.seen_high <= p.high + AGREES
            assert not (p.holds and p.flips)
            assert len(p.strongest) <= bound.removed
    assert two.looseness < 1.5
    assert f"{two.proved:.2g}"[:3] in two.statement
    assert "logistic regression at its optimum with C = 1" in two.statement
    assert json.loads(json.dumps(found.to_dict()))["bounds"][1]["removed"] == 2
    frame = found.to_frame()
    assert len(frame) == 2 * 8
    assert set(frame.certified) <= {0, 1, 2}


def test_a_seed_whose_items_count_double_is_the_seed_with_each_twice() -> None:
    system, materials = labelled(10)
    twice = Seed(items=tuple(i.model_copy(update={"copies": 2}) for i in materials.seed.items))
    found = run(RemovalBounds(removals=(1,)), problem_of(system, replace(materials, seed=twice)), system,
                replace(materials, seed=twice))  # fmt: skip
    assert found.bounds[0].exact
    assert found.apart < 1e-4


@pytest.mark.parametrize(
    ("system", "materials"),
    [(OversightLeague(rounds=1, steps=10), toy_materials.vectors()), (RewardModel(steps=10), toy_materials.pairs()),
     (RewardModel(steps=10, minibatch=5, init_scale=0.2), toy_materials.pairs(root=1))],
)  # fmt: skip
def test_early_stopped_systems_are_bounded_as_they_train(system, materials) -> None:
    found = run(RemovalBounds(removals=(1, 2), exhaustive=200), problem_of(system, materials), system, materials)
    # float32 of some hundred steps
    assert found.apart < 1e-5
    for bound in found.bounds:
        assert bound.exact
        for p in bound.probes:
            assert p.low - AGREES <= p.seen_low
            assert p.seen_high <= p.high + AGREES
    assert "steps of gradient descent" in found.words
    assert ("in the order of key 0" in found.words) == bool(getattr(system, "minibatch", 0))


def test_a_trainer_that_is_not_convex_is_answered_by_training_everything_or_told_which_are() -> None:
    system, materials = OversightLeague(rounds=2, steps=5), toy_materials.vectors()
    found = run(RemovalBounds(), problem_of(system, materials), system, materials)
    assert [b.removed for b in found.bounds] == [1, 3]  # all 298 sets of up to three are trained, of ten they are not
    assert all(b.exact for b in found.bounds)
    assert "rounds = 1" in found.notes[0]
    with pytest.raises(PlanError, match=r"LogisticRegression.*RewardModel.*OversightLeague.*removals of 3 at most"):
        run(RemovalBounds(removals=(5,)), problem_of(system, materials), system, materials)


def test_removals_of_nothing_or_of_everything_are_refused() -> None:
    system, materials = labelled(10)
    with pytest.raises(ConfigError, match="one item or more"):
        RemovalBounds(removals=(0,))
    with pytest.raises(PlanError, match="Ask about 9 at most"):
        run(RemovalBounds(removals=(10,)), problem_of(system, materials), system, materials)
    nowhere = replace(materials, probes=())
    with pytest.raises(PlanError, match="there are none here"):
        run(RemovalBounds(), replace(problem_of(system, materials), places=()), system, nowhere)


def test_what_refuses_says_why() -> None:
    from sklearn.linear_model import LogisticRegression, LogisticRegressionCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import Normalizer, StandardScaler

    _, materials = labelled(12)
    for estimator, why in (
        (make_pipeline(StandardScaler(), LogisticRegression()), "StandardScaler is fitted on the items"),
        (LogisticRegression(class_weight="balanced"), "weighs the others anew"),
        (LogisticRegressionCV(), "strength is chosen from the items"),
        (LogisticRegression(l1_ratio=0.5, solver="saga"), "l1_ratio = 0"),
    ):
        with pytest.raises(PlanError, match=why):
            FromEstimator(estimator).convex(materials)
    assert FromEstimator(make_pipeline(Normalizer(), LogisticRegression())).convex(materials).constant == 1.0
    with pytest.raises(PlanError, match="MLP"):
        RewardModel(reward="mlp").convex(toy_materials.pairs())


def test_a_tight_bound_on_an_evaluator_that_says_nothing_is_called_that() -> None:
    from sklearn.linear_model import LogisticRegression

    _, materials = labelled(30)
    system = FromEstimator(LogisticRegression(C=0.01, tol=1e-10))
    found = run(RemovalBounds(removals=(2,), exhaustive=0), problem_of(system, materials), system, materials)
    assert found.bounds[0].looseness < 1.2
    assert any("says next to nothing" in note for note in found.notes)


@pytest.mark.parametrize("convex", [replace(logistic(0), normalised=True), replace(descent(0), normalised=False)])
def test_trainings_of_another_form_are_refused(convex: Convex) -> None:
    """What leaves an optimum of shares makes the others weigh more, which its bound would not know."""
    with pytest.raises(PlanError, match="shares of their sum"):
        Bounding(convex, np.ones(14))
