"""Two outcomes, or an ensemble: noise adds nothing to a distance, and where they part is where they do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import softmax

from activeseed.analyses import Comparison, Ensemble, Given, Runs
from activeseed.analyses.comparison.distances import Own, allowed, parts, weights_of
from activeseed.analyses.comparison.places import holm
from activeseed.analyses.sides import Side, without
from activeseed.distances import KullbackLeibler, LinearCKA
from activeseed.errors import ConfigError, PlanError
from activeseed.geometries import DistributionHellinger, Hellinger, Identity
from activeseed.plan import Materials, generator
from activeseed.protocols import Problem
from activeseed.seed import Probe, Text
from activeseed.testing import Noise, Toy, linear, problem_of, run

PLACES = 24


def wide(noise: Noise = "calm", reach: float = 1.0) -> Toy:
    """Six items that push 24 probes about, so that probes can be resampled."""
    directions = reach * generator(4, "directions").standard_normal((6, PLACES))
    return replace(linear(noise), response=lambda z: z @ directions, probes=PLACES)


def asked(toy: Toy, stream: int = 1) -> tuple[Problem, Materials]:
    materials = replace(
        toy.materials,
        probes=tuple(Probe(id=f"p{n}", payload=Text(text=f"probe {n}"), group="ab"[n % 2]) for n in range(toy.probes)),
    )
    return problem_of(toy, materials, stream=stream, first_key=1000), materials


def compare(toy: Toy, first: Side | Given, second: Side | Given, **told):
    problem, materials = asked(toy)
    return run(Comparison(first=first, second=second, **told), problem, toy, materials)


# --- two outcomes -----------------------------------------------------------------------------------------------------


def test_without_noise_a_distance_is_exact() -> None:
    toy = wide("none")
    found = compare(toy, Side(), without(["a", "c"]))
    truth = float(((toy.mean(np.zeros(6, int)) - toy.mean(np.array([1, 0, 1, 0, 0, 0]))) ** 2).mean())
    assert found.exact
    assert found.own.value == pytest.approx(truth, rel=1e-5)
    assert (found.own.se, found.own.noise) == (0.0, 0.0)
    assert found.own.low == found.own.high == found.own.value
    assert found.own.wide_low < found.own.low, "for other probes it would be another number"
    assert found.own.rests_on == "probes"
    assert found.differing == {"a": ("as_written", "absent"), "c": ("as_written", "absent")}
    assert sum(p.share for p in found.probes) == pytest.approx(1.0)
    assert found.probes[0].share == max(p.share for p in found.probes)


@pytest.mark.parametrize("noise", ["none", "calm", "noisy"])
def test_a_seed_and_itself_are_at_zero(noise: Noise) -> None:
    found = compare(wide(noise), Side(), Side())
    assert [d.value for d in found.distances] == [0.0] * len(found.distances)
    assert not found.parted
    assert not found.flipped
    assert "the same seed under the same keys" in found.notes[0]


@pytest.mark.slow
def test_noise_adds_nothing_on_average() -> None:
    """The same seed under other keys: 100 comparisons, whose mean distance is within four standard errors of zero."""
    toy = wide("noisy")
    values, parted = [], 0
    for stream in range(100):
        problem, materials = asked(toy, stream)
        problem = replace(problem, first_key=10_000 * (stream + 1))
        found = run(Comparison(first=Side(), second=Side(key=1)), problem, toy, materials)
        values.append([d.value for d in found.distances if d.embeds])
        parted += bool(found.parted)
    mean, se = np.mean(values, 0), np.std(values, 0) / np.sqrt(len(values))
    assert (np.abs(mean) <= 4 * se + 1e-12).all()
    # a family-wise error of 5 % in 100 comparisons: 5 on average, and four standard deviations (√4.75) above
    assert parted <= 13


@pytest.mark.slow
@pytest.mark.parametrize("noise", ["calm", "noisy"])
def test_intervals_cover_the_distance(noise: Noise) -> None:
    """Over 200 sets of keys; a coverage of 0.95 is known to 0.015, and 0.93 − 3 × 0.015 is not to be missed."""
    toy = wide(noise)
    truth = float(((toy.mean(np.zeros(6, int)) - toy.mean(np.array([0, 1, 0, 0, 0, 0]))) ** 2).mean())
    inside = 0
    for stream in range(200):
        problem, materials = asked(toy, stream)
        problem = replace(problem, first_key=10_000 * (stream + 1))
        own = run(
            Comparison(first=Side(), second=without(["b"]), distances=("decision_flips",)), problem, toy, materials
        ).own
        inside += own.low <= truth <= own.high
    assert inside / 200 >= 0.93 - 3 * 0.015


def test_where_two_part_is_found_and_no_more() -> None:
    toy = wide("noisy")
    only = np.zeros((6, PLACES))
    only[0, 5] = 3.0
    found = compare(replace(toy, response=lambda z: z @ only), Side(), without(["a"]))
    assert found.probes[0].id == "p5"
    assert "p5" in [p.id for p in found.parted]
    assert found.probes[0].difference == pytest.approx(-3.0, abs=0.3)
    (with_it, without_it) = sorted(found.groups, key=lambda g: -g.apart.value)
    assert with_it.group == "b", "p5 is of group b"
    assert abs(without_it.apart.value) < 0.2 * with_it.apart.value


def test_a_replicate_is_another_batch_of_keys() -> None:
    problem, materials = asked(wide())
    seen = []
    asked_for = Comparison(first=Side(), second=Side(name="again", key=1), keys=4)
    run(asked_for, problem, wide(), materials, lambda r: seen.append(r.design.block(0, r.design.size).keys.tolist()))
    assert sorted(seen[0]) == list(range(1000, 1008))


# --- outcomes from elsewhere ------------------------------------------------------------------------------------------


def given(values: np.ndarray, exact: bool = False) -> Given:
    return Given(
        name="theirs", probes=tuple(f"p{n}" for n in range(values.shape[1])),
        values=tuple(tuple(map(float, row)) for row in values), exact=exact,
    )  # fmt: skip


def test_outcomes_of_a_file_are_compared_with_errors_of_their_runs() -> None:
    toy = wide("calm")
    mean = toy.mean(np.zeros(6, int))
    rng = np.random.default_rng(0)
    theirs = given(mean + 0.5 + 0.1 * rng.standard_normal((12, PLACES)))
    found = compare(toy, Side(), theirs)
    assert not found.paired
    assert found.keys == (8, 12)
    assert found.own.value == pytest.approx(0.25, abs=0.05)
    assert found.own.se > 0
    assert len(found.parted) == PLACES
    assert "Welch" in found.test


def test_exact_outcomes_are_held_against_noisy_ones() -> None:
    toy = wide("none")
    mean = toy.mean(np.zeros(6, int))
    rng = np.random.default_rng(0)
    noisy = given(mean + 0.3 * rng.standard_normal((20, PLACES)))
    found = compare(toy, Side(), noisy)
    # 0.09 of noise is in every run, and in no distance: 20 runs leave 0.09/20 × √(2/24) = 0.0013; four of those
    assert found.own.value == pytest.approx(0.0, abs=0.0052)
    assert found.own.runs == pytest.approx(0.09, rel=0.25)


def test_a_single_run_has_no_error_and_says_so() -> None:
    toy = wide("calm")
    found = compare(toy, Side(), given(toy.mean(np.zeros((1, 6), int))))
    assert np.isnan(found.own.se)
    assert any("single run" in n for n in found.notes)
    assert not found.parted, "nothing is called more than noise"
    assert "not tested" in found.test


def test_outcomes_at_other_probes_are_refused_before_anything_is_trained() -> None:
    toy = wide()
    problem, materials = asked(toy)
    theirs = Given(name="march.csv", probes=("p0", "q1"), values=((0.1, 0.2),))
    trained: list[int] = []
    with pytest.raises(PlanError, match=r"march.csv has no outcome at 23 of the 24 probes \('p1'.*It has others: 'q1'"):
        run(Comparison(first=Side(), second=theirs), problem, toy, materials, lambda r: trained.append(1))
    assert not trained


def test_outcomes_that_are_no_numbers_or_do_not_fit_are_refused() -> None:
    with pytest.raises(ConfigError, match="run 2 has 1 outcomes for 2 probes"):
        Given(name="x", probes=("a", "b"), values=((0.1, 0.2), (0.1,)))
    with pytest.raises(ConfigError, match="two probes have one id"):
        Given(name="x", probes=("a", "a"), values=((0.1, 0.2),))
    with pytest.raises(ConfigError, match="finite"):
        Given(name="x", probes=("a",), values=((float("nan"),),))
    one, other = (Given(name="x", probes=("a",), values=((v,),)) for v in (0.1, 0.2))
    assert one.digest != other.digest
    assert "values" not in one.model_dump(), "the journal keeps what names them"


def test_runs_are_what_another_study_compares() -> None:
    toy = wide()
    problem, materials = asked(toy)
    found = run(Runs(Side(), 3), problem, toy, materials)
    assert found.values.shape == (3, PLACES)


# --- which distances --------------------------------------------------------------------------------------------------


def test_an_outcome_allows_the_distances_that_read_it() -> None:
    even = np.full(20, 0.05)
    kinds = [d.kind for d in allowed(Hellinger(even), 20)]
    assert kinds == [
        "own", "kl", "kl", "jeffreys", "jensen_shannon", "total_variation", "kendall", "spearman", "rank_normalised",
        "top_k", "decision_flips",
    ]  # fmt: skip
    policy = allowed(DistributionHellinger(), 20)
    assert all(d.reads == "distribution" for d in policy[1:5])
    assert "decision_flips" not in [d.kind for d in policy]
    assert "kl" not in [d.kind for d in allowed(Identity(even), 20)], "numbers are no probabilities"
    assert "decision_flips" not in [d.kind for d in allowed(Identity(even, decided=False), 20)]
    assert [d.kind for d in allowed(Identity(even), 20, [KullbackLeibler()])] == ["own", "kl"]
    with pytest.raises(PlanError, match="compares representations"):
        allowed(Identity(even), 20, [LinearCKA()])
    with pytest.raises(PlanError, match="reads a distribution"):
        allowed(Hellinger(even), 20, [KullbackLeibler(reads="distribution")])


def test_probabilities_outside_their_range_are_refused_by_distances_of_probabilities() -> None:
    toy = wide("none")
    with pytest.raises(PlanError, match="no probability"):
        compare(toy, Side(), without(["a"]), distances=("kl",))


def test_an_impossible_outcome_makes_an_infinite_distance_and_says_so() -> None:
    toy = wide("none")
    half = replace(toy, response=lambda z: 0.5 * (z[..., :1] > 0) + np.zeros(PLACES))
    found = compare(half, Side(), without(["a"]), distances=("kl",))
    assert np.isposinf(found.distances[1].value)
    assert any("infinite" in n and "smoothing" in n for n in found.notes)
    finite = compare(half, Side(), without(["a"]), distances=({"kind": "kl", "smoothing": 0.01},))
    assert np.isfinite(finite.distances[1].value)


def test_a_distribution_over_the_places_has_no_other_places() -> None:
    """A policy over another pool is another policy, so nothing is said of other probes."""
    toy = wide("none")
    problem, materials = asked(toy)
    policy = replace(toy, response=lambda z: softmax(z @ np.eye(6, PLACES), axis=-1))
    whole = replace(problem, geometry=DistributionHellinger())
    found = run(Comparison(first=Side(), second=without(["a"])), whole, policy, materials)
    assert {d.kind for d in found.distances} >= {"own", "kl", "jensen_shannon", "kendall"}
    assert all(np.isnan(d.wide_low) for d in found.distances)
    assert not found.groups
    assert not found.flipped
    spread = run(
        Ensemble(draws=8), replace(whole, law=replace(whole.law, probabilities=toy.beliefs)), policy, materials
    )
    assert np.isnan(spread.own.wide_low)


def test_parts_add_up_or_are_none() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.random((3, 20)), rng.random((4, 20))
    w = np.full(20, 0.05)
    for distance in allowed(Hellinger(w), 20):
        found = parts(distance, x, y, w)
        additive = distance.kind in ("own", "kl", "jeffreys", "jensen_shannon", "total_variation", "decision_flips")
        assert (found is not None) == additive, distance.kind
        if found is not None:
            assert np.allclose(found @ w, distance.between(x[:, None], y[None], w))


def test_weights_that_are_asked_for_count() -> None:
    toy = wide("none")
    one = tuple(float(n == 3) for n in range(PLACES))
    found = compare(toy, Side(), without(["a"]), weights=one)
    at = next(p for p in found.probes if p.id == "p3")
    assert found.own.value == pytest.approx(at.difference**2, rel=1e-5)
    problem, _ = asked(toy)
    with pytest.raises(PlanError, match="2 weights for 24 places"):
        weights_of(problem, (1.0, 1.0))
    with pytest.raises(PlanError, match="at least 0"):
        weights_of(problem, (-1.0,) * PLACES)
    assert Own(problem.geometry).unit == problem.geometry.unit


def test_holm_steps_down() -> None:
    assert holm(np.array([0.01, 0.04, 0.03])).tolist() == pytest.approx([0.03, 0.06, 0.06])


# --- an ensemble ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("noise", ["none", "calm", "noisy"])
def test_a_spread_is_the_variance_of_the_mean_response(noise: Noise) -> None:
    """Σ b(1 − b) s² ‖direction‖², by 30 ensembles of 32 draws: within four standard errors of their mean."""
    toy = wide(noise)
    directions = generator(4, "directions").standard_normal((6, PLACES))
    truth = float((0.6 * 0.4 * toy.scores[:, 0] ** 2 * (directions**2).mean(1)).sum())
    found, own = [], []
    for stream in range(30):
        problem, materials = asked(toy, stream)
        problem = replace(problem, law=replace(problem.law, probabilities=toy.beliefs), first_key=10_000 * (stream + 1))
        spread = run(Ensemble(draws=32, distances=("decision_flips",)), problem, toy, materials)
        found.append(spread.own.value)
        own.append(spread)
    assert np.mean(found) == pytest.approx(truth, abs=4 * np.std(found) / np.sqrt(len(found)))
    assert sum(s.own.low <= truth <= s.own.high for s in own) >= 26, "0.95 of 30 less two standard deviations"


def test_the_two_furthest_are_compared_under_keys_that_did_not_choose_them() -> None:
    toy = wide("noisy")
    problem, materials = asked(toy)
    problem = replace(problem, law=replace(problem.law, probabilities=toy.beliefs))
    keys = []
    found = run(
        Ensemble(draws=16, keys=4), problem, toy, materials,
        lambda r: keys.append(set(r.design.block(0, r.design.size).keys.tolist())),
    )  # fmt: skip
    assert not keys[0] & keys[-1]
    assert found.extremes is not None
    assert found.extremes.own.value > found.own.value
    assert found.extremes.differing
    assert sum(p.share for p in found.probes) == pytest.approx(1.0)


@pytest.mark.parametrize("noise", ["none", "noisy"])
def test_an_outcome_is_held_against_the_ensemble(noise: Noise) -> None:
    """E‖m(a) − m(base)‖² = Σ (1 − b) … by an average over 30 ensembles, within four standard errors."""
    toy = wide(noise)
    problem, materials = asked(toy)
    law = replace(problem.law, probabilities=toy.beliefs)
    every = np.array(np.meshgrid(*[[0, 1]] * 6)).reshape(6, -1).T
    weight = np.prod(toy.beliefs[np.arange(6), every], axis=1)
    truth = float(weight @ ((toy.mean(every) - toy.mean(np.zeros(6, int))) ** 2).mean(1))
    found = []
    for stream in range(30):
        each = replace(asked(toy, stream)[0], law=law, first_key=10_000 * (stream + 1))
        found.append(run(Ensemble(to=Side(), draws=16, distances=("decision_flips",)), each, toy, materials).to_mean)
    assert np.mean(found) == pytest.approx(truth, abs=4 * np.std(found) / np.sqrt(len(found)))


def test_an_ensemble_of_one_seed_is_refused() -> None:
    toy = wide()
    problem, materials = asked(toy)
    settled = replace(problem, law=replace(problem.law, probabilities=np.eye(2)[np.zeros(6, int)]))
    with pytest.raises(PlanError, match="Nothing is left unclear"):
        run(Ensemble(), settled, toy, materials)
