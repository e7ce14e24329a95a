"""Rankings by distance: against the geometry's own estimators, and on what a distance can't give."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from activeseed.config import parse, write_settings
from activeseed.distances import Elsewhere, JensenShannon, KullbackLeibler
from activeseed.errors import ConfigError, PlanError
from activeseed.estimators import ByDistance, Jansen, LeaveOneOut, Regression
from activeseed.estimators.auto import JANSEN_KEYS, REGRESSION_KEYS
from activeseed.estimators.distance_products import energy_spread, flipped_p, least_of, points_of
from activeseed.estimators.statistics import gram, jackknife, paired_spread, paired_spread_left_out
from activeseed.outcome import Outcomes, Ranking
from activeseed.plan import Floats, Law, Materials, Rows, generator
from activeseed.protocols import REPRESENTATION
from activeseed.testing import Toy, check_analysis, check_distance, check_estimator, linear, run, wordings, zeros
from tests.toy_distances import SquaredDifference

SMALL: dict[str, Any] = {"bases": 4, "rows": 64, "pairs": 16}


@pytest.mark.parametrize(
    "distance",
    ["spearman", "kendall", {"kind": "policy", "leash": 1.0}, {"kind": "policy", "divergence": "kl", "leash": 1.0}],
    ids=str,
)
def test_keeps_the_contract(distance):
    check_estimator(ByDistance(distance=distance, **SMALL))


def ranked(toy: Toy, estimator: ByDistance, key: int = 1) -> Ranking:
    return run(estimator, toy.problem(stream=key, first_key=1000 * key), toy, toy.materials)


@pytest.mark.parametrize("toy", [wordings("noisy"), linear("calm"), wordings("none")], ids=lambda t: t.name + t.noise)
def test_under_the_geometrys_own_distance_everything_is_what_the_geometry_has(toy):
    """Only distances are handed over: products, indices and errors come out as from the points, to rounding."""
    check_distance(SquaredDifference(), generator(1, "numbers").standard_normal((30, 6)))
    mine = ranked(toy, ByDistance(distance="tests.toy_distances:SquaredDifference", **SMALL))
    problem = toy.problem(stream=1, first_key=1000)
    shifted = [replace(problem, first_key=1000 + k) for k in (REGRESSION_KEYS, JANSEN_KEYS)]
    own = run(LeaveOneOut(), problem, toy, toy.materials)
    first = run(Regression(rows=64, pairs=16), shifted[0], toy, toy.materials)
    total = run(Jansen(bases=4), shifted[1], toy, toy.materials)
    for name in ("", "_se", "_low", "_high"):
        for column, found in (("effect", own), ("first_order", first), ("total", total)):
            np.testing.assert_allclose(
                mine.columns[f"distance_{column}{name}"], found.columns[column + name], rtol=1e-6, atol=1e-9
            )
    for name in ("instability", "p_value"):
        np.testing.assert_allclose(mine.columns[f"distance_{name}"], own.columns[name], rtol=1e-6, atol=1e-9)
    assert list(mine.columns["distance_distinguishable"]) == list(own.columns["distinguishable"])
    np.testing.assert_array_equal(mine.columns["effect"], own.columns["effect"])
    assert mine.summary["distance_spread"] == pytest.approx(first.summary["spread"], rel=1e-6)
    assert mine.summary["distance_noise_floor"] == pytest.approx(first.summary["noise_floor"], rel=1e-6, abs=1e-12)
    assert mine.by == "distance_effect"
    assert mine.summary["distance_unit"] == "points squared"


def test_a_law_of_several_contrasts_weighs_them_as_the_geometry_does():
    toy = wordings("noisy")
    estimator = ByDistance(distance=SquaredDifference(), law="wordings", **SMALL)
    mine = ranked(toy, estimator)
    own = run(LeaveOneOut(law="wordings"), toy.problem(stream=1, first_key=1000), toy, toy.materials)
    np.testing.assert_allclose(mine.columns["distance_effect"], own.columns["effect"], rtol=1e-6, atol=1e-9)


def test_the_spread_in_distances_is_the_covariance_between_two_keys():
    first, second = generator(4, "pairs").standard_normal((2, 12, 5))
    w = np.full(5, 0.2)
    x, y = (np.sqrt(w) * z for z in (first, second))
    spread, error, floor = energy_spread(SquaredDifference(), first, second, w)
    left, _ = paired_spread_left_out(x, y)
    assert (spread, floor) == pytest.approx([float(z) for z in paired_spread(x, y)])
    assert error == pytest.approx(float(jackknife(left)[0]))
    alone = ranked(linear("noisy"), ByDistance(distance=SquaredDifference(), rows=0, bases=0, pairs=60))
    both = ranked(linear("noisy"), ByDistance(distance=SquaredDifference(), bases=0, pairs=60))
    # the control variate of the regression moves it by sampling error alone
    gap = abs(alone.summary["distance_spread"] - both.summary["distance_spread"])
    assert gap <= 4 * alone.summary["distance_spread_se"]


def test_points_have_the_distances_that_they_were_made_of():
    values = generator(2, "fields").uniform(0.0, 1.0, (20, 7))
    w = np.full(7, 1 / 7)
    points = points_of(JensenShannon(), values, w)
    found = ((points[:, None] - points[None]) ** 2).sum(-1)
    np.testing.assert_allclose(found, JensenShannon().between(values[:, None], values[None], w), atol=1e-12)


def test_a_distance_that_does_not_embed_has_no_indices_and_says_so():
    toy = linear("noisy")
    kl = {"kind": "policy", "divergence": "kl", "leash": 1.0}
    found = ranked(toy, ByDistance(distance=kl, **SMALL))
    assert not {c for c in found.columns if "first_order" in c or "total" in c}
    assert np.isfinite(found.columns["distance_of_means"]).all()
    assert np.isfinite(found.summary["distance_spread"])
    (said,) = [n for n in found.notes if "Hilbert" in n]
    assert "energy distances" in said
    assert "may be below zero" in said
    assert "distance_of_means" in said
    assert found.summary["trainings"] == 8 * (1 + len(toy.seed)) + 2 * 16
    assert found.columns["distance_distinguishable"][0]


@pytest.mark.parametrize(("rows", "bases"), [(0, 0), (0, 3), (64, 0)])
def test_indices_that_nobody_wants_train_nothing(rows, bases):
    toy = linear("noisy")
    estimator = ByDistance(distance="spearman", rows=rows, bases=bases, pairs=8)
    found = ranked(toy, estimator)
    assert ("distance_first_order" in found.columns) is bool(rows)
    assert ("distance_total" in found.columns) is bool(bases)
    assert {c.name for c in estimator.columns if c.sortable} <= set(found.columns)
    check_analysis(estimator, toy, toy.materials, toy.problem(stream=1))


def test_a_settled_seed_has_effects_and_no_spread():
    toy = linear("noisy")
    settled = np.zeros(toy.beliefs.shape)
    settled[:, 0] = 1.0
    problem = replace(toy.problem(stream=1), law=Law("belief", settled))
    found = run(ByDistance(distance="kendall", **SMALL), problem, toy, toy.materials)
    assert "distance_spread" not in found.summary
    assert np.isfinite(found.columns["distance_effect"]).all()


def test_few_keys_have_no_errors_and_no_stars():
    found = ranked(linear("noisy"), ByDistance(distance="kendall", keys=3, **SMALL))
    assert np.isnan(found.columns["distance_effect_se"]).all()
    assert set(found.columns["distance_distinguishable"]) == {None}
    assert set(found.columns["distance_ties_with"]) == {None}


def test_exchanging_sides_is_an_exact_test():
    """Noise that is symmetric and heavy-tailed, 8 units at once, 600 times: a share of at most 5 % + 3 s.e. stars.

    An effect of two standard deviations of a key is found nearly always (power is no promise, but none would be a
    mistake).
    """
    dice = generator(7, "null")
    ok = np.ones((8, 8), bool)
    least = [flipped_p(gram(dice.standard_t(2, (8, 8, 3))), n, ok).min() for n in range(600)]
    assert np.mean(np.array(least) <= 0.05) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 600)
    moved = gram(dice.standard_normal((8, 8, 3)) + 2.0 * (np.arange(8) == 0)[:, None, None])
    p = flipped_p(moved, 0, ok)
    assert p[0] == pytest.approx(1 / 128)
    assert np.isnan(flipped_p(moved, 0, np.arange(8) < np.full((8, 1), 2))).all()
    np.testing.assert_array_equal(flipped_p(np.zeros((2, 8, 8)), 0, ok[:2]), 1.0)


@dataclass(frozen=True)
class Sure(Toy):
    """A toy whose outcomes are probabilities, that rules out the first probe's where item ``a`` is there."""

    def train(self, rows: Rows, materials: Materials) -> Outcomes:
        found = super().train(rows, materials)
        values = 1 / (1 + np.exp(-found.values))
        values[:, 0] = np.where(rows.variants[:, 0] == 0, 0.0, values[:, 0])
        return replace(found, values=values.astype(np.float32))


def sure(noise: str = "calm") -> Sure:
    toy = linear(noise)  # type: ignore[arg-type]
    return Sure(**{name: getattr(toy, name) for name in toy.__dataclass_fields__})


def test_what_is_infinite_is_said_and_the_rest_stays_known():
    found = ranked(sure(), ByDistance(distance="kl", pairs=16))
    effect = found.columns["distance_effect"]
    assert effect[0] == np.inf
    assert np.isfinite(effect[1:]).all()
    (said,) = [n for n in found.notes if "infinite" in n]
    assert said.startswith("The Kullback–Leibler divergence is infinite for 1 of")
    assert "(a)" in said
    assert found.order()[0] == 0
    assert found.summary["distance_spread"] == np.inf
    json.dumps(found.to_dict(), allow_nan=False)
    smooth = ranked(sure(), ByDistance(distance=KullbackLeibler(smoothing=0.01), pairs=16))
    assert np.isfinite(smooth.columns["distance_effect"]).all()


def test_what_no_distance_reads_is_said():
    with pytest.raises(PlanError, match="is no probability"):
        ranked(linear("noisy"), ByDistance(distance="jensen_shannon", **SMALL))
    with pytest.raises(PlanError, match="hands out no representation"):
        ranked(linear("noisy"), ByDistance(distance="cka", **SMALL))


@dataclass(frozen=True)
class Inside(Toy):
    """A toy with a hidden layer of three units, turned by every key in its own way."""

    @property
    def state_names(self) -> tuple[str, ...]:
        return (REPRESENTATION,)

    def states(self, rows: Rows, materials: Materials, name: str) -> Floats:
        z = self.levels(rows.variants, rows.multiplicity)
        mix = generator(materials.root, "mix").standard_normal((z.shape[1], self.probes, 3))
        out = np.einsum("rf,fph->rph", z, mix)
        turns = [np.linalg.qr(generator(materials.root, "turn", int(k)).standard_normal((3, 3)))[0] for k in rows.keys]
        return np.einsum("rph,rhg->rpg", out, np.stack(turns))


@pytest.mark.parametrize("distance", ["cka", "procrustes"])
def test_representations_rank_whatever_way_keys_turn_their_units(distance):
    toy = linear("noisy")
    inside = Inside(**{name: getattr(toy, name) for name in toy.__dataclass_fields__})
    problem = replace(inside.problem(stream=1), states=(REPRESENTATION,))
    estimator = ByDistance(distance=distance, **SMALL)
    check_analysis(estimator, inside, inside.materials, problem)
    found = run(estimator, problem, inside, inside.materials)
    # levels fall by the square root of two from item to item, and noise is in the outcome alone
    effect = found.columns["distance_effect"]
    assert list(np.argsort(-effect)[:3]) == [0, 1, 2]
    assert found.columns["distance_distinguishable"][:3].all()
    np.testing.assert_allclose(found.columns["distance_instability"], 0.0, atol=1e-9)
    assert ("distance_total" in found.columns) is (distance == "cka")


def test_rounding_is_no_effect_of_a_deterministic_trainer():
    nothing = zeros("none")
    found = ranked(nothing, ByDistance(distance="spearman", **SMALL))
    assert not found.columns["distance_distinguishable"][2:].any()
    w, y = np.full(9, 1 / 9), generator(3, "y").uniform(0.1, 0.9, (1, 9))
    tv = least_of(ByDistance(distance="total_variation").measure(), w, y, np.ones(1, bool))
    assert 1e-8 < tv < 1e-5
    assert least_of(JensenShannon(), w, y, np.ones(1, bool)) < 1e-11


def test_it_is_written_down_and_comes_back(tmp_path):
    table = {"kind": "by_distance", "distance": {"kind": "top_k", "k": 5}, "keys": 9}
    made = parse({"estimator": table})
    write_settings(tmp_path, made)
    text = (tmp_path / "activeseed.toml").read_text("utf-8")
    assert "[estimator.distance]" in text
    assert parse(tomllib.loads(text)).estimator == made.estimator
    assert made.estimator.distance.k == 5


def test_somebody_elses_distance_needs_agreement_and_comes_back(tmp_path):
    table = {"kind": "by_distance", "distance": {"kind": "tests.toy_distances:SquaredDifference", "factor": 2.0}}
    named = parse({"estimator": table}).estimator
    words, names = named.would(tmp_path)
    assert words == "import 'tests.toy_distances:SquaredDifference'"
    assert names == [["tests.toy_distances:SquaredDifference"]]
    assert ByDistance().would(tmp_path) is None
    handed = ByDistance(distance=SquaredDifference(factor=2.0))
    assert isinstance(handed.distance, Elsewhere)
    assert [handed.measure(), named.measure()] == [SquaredDifference(factor=2.0)] * 2
    again = ByDistance.model_validate(json.loads(json.dumps(handed.model_dump(mode="json", by_alias=True))))
    assert again == handed


def test_a_mistake_in_its_table_is_said():
    with pytest.raises(ConfigError, match="Did you mean 'kendall'"):
        parse({"estimator": {"kind": "by_distance", "distance": "kendal"}})
    with pytest.raises(ConfigError, match="top_k: k = 0"):
        parse({"estimator": {"kind": "by_distance", "distance": {"kind": "top_k", "k": 0}}})
    with pytest.raises(ConfigError, match="has to be a table with a kind"):
        ByDistance(distance=3)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="has no kind and no words"):
        ByDistance(distance=object())  # type: ignore[arg-type]
