from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pytest
from pydantic import ValidationError

from activeseed.column import Column
from activeseed.errors import ConfigError, PlanError
from activeseed.estimators import Auto, Bootstrap, Jansen, LeaveOneOut, NullLadder, Regression
from activeseed.estimators.statistics import cross_key, gram
from activeseed.geometries import DistributionHellinger, Hellinger
from activeseed.outcome import Outcomes, Ranking
from activeseed.plan import Change, Law, OneAtATime, Rows
from activeseed.protocols import Cost, Problem, Request, Run
from activeseed.seed import ABSENT
from activeseed.testing import (
    Toy,
    check_estimator,
    drowned,
    interaction,
    ishigami,
    linear,
    product,
    run,
    toys,
    truth,
    wordings,
    zeros,
)

ESTIMATORS = [
    LeaveOneOut(),
    LeaveOneOut(law="poisson", keys=20),
    Regression(rows=64, pairs=8),
    Jansen(bases=6),
    Bootstrap(group_rows=24),
    NullLadder(),
    Auto(rows=64, pairs=8, bases=6),
]


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: f"{e.kind}-{getattr(e, 'law', '')}")
def test_keeps_the_contract(estimator):
    check_estimator(estimator)


class Halving:
    """Two keys for every item, then six more for the half that came out ahead: a race of two stages."""

    kind = "halving"
    columns = (Column("effect", "effect", unbiased=True, sortable=True),)

    def cost(self, problem: Problem) -> Cost:
        return problem.each * (2 * (1 + len(problem.ids)) + 6 * (1 + (len(problem.ids) + 1) // 2))

    def run(self, problem: Problem) -> Run[Ranking]:
        items = list(range(len(problem.ids)))
        value = np.full(len(items), np.nan)
        trained = failed = 0
        first = problem.first_key
        for keys in (2, 6):
            changes = tuple(Change(problem.ids[f], (f,), (1 if problem.base[f] == 0 else 0,)) for f in items)
            design = OneAtATime(problem.base, changes, tuple(range(first, first + keys)))
            outcomes: Outcomes = yield Request(design, f"stage of {keys} keys")
            trained, failed = trained + len(outcomes), failed + int((~outcomes.ok).sum())
            points = problem.geometry.embed(outcomes.values)
            for c, f in enumerate(items):
                place = np.array([design.place(k, c) for k in range(keys)])
                ok = outcomes.ok[place].all(1)
                delta = np.where(ok[:, None], points[place[:, 1]] - points[place[:, 0]], 0.0)
                value[f] = cross_key(gram(delta), ok).value
            first += keys
            items = sorted(np.argsort(-np.nan_to_num(value), kind="stable")[: (len(items) + 1) // 2].tolist())
        summary: Any = {"trainings": trained, "failed": failed, "finalists": [problem.ids[f] for f in items]}
        return Ranking(problem.ids, {"effect": value}, summary)


class TestTheGeneratorSeam:
    def test_carries_a_race_whose_second_request_depends_on_the_first_outcomes(self):
        toy = linear("calm")
        purposes = []
        steps = Halving().run(toy.problem(3))
        request = next(steps)
        while True:
            purposes.append((request.purpose, request.design.size))
            try:
                request = steps.send(toy.train(request.design.block(0, request.design.size), toy.materials))
            except StopIteration as end:
                ranking = end.value
                break
        assert purposes == [("stage of 2 keys", 14), ("stage of 6 keys", 24)]
        assert ranking.order().tolist() == [0, 1, 2, 3, 4, 5]
        assert ranking.summary["finalists"] == ["a", "b"]

    def test_the_driver_of_a_study_needs_nothing_but_the_protocol(self):
        toy = zeros("noisy")
        ranking = run(Halving(), toy.problem(4), toy, toy.materials)
        assert ranking.order()[:2].tolist() == [0, 1]
        assert ranking.summary["trainings"] == Halving().cost(toy.problem()).trainings


class TestExactWithoutNoise:
    """A deterministic trainer takes one key, and effects and total indices of additive systems are then exact."""

    @pytest.mark.parametrize("toy", toys("none"), ids=lambda t: t.name)
    def test_effects(self, toy):
        ranking = run(LeaveOneOut(), toy.problem(), toy, toy.materials)
        # Outcomes are single precision.
        np.testing.assert_allclose(ranking.columns["effect"], truth(toy).effect, rtol=2e-5, atol=1e-6)
        assert (ranking.columns["effect_se"] == 0).all()
        assert ranking.summary["keys"] == 1
        assert ranking.columns["distinguishable"].tolist() == (truth(toy).effect > 0).tolist()

    @pytest.mark.parametrize("toy", [linear("none"), zeros("none")], ids=lambda t: t.name)
    def test_first_order_total_and_spread_of_additive_systems(self, toy):
        exact = truth(toy)
        ranking = run(Auto(), toy.problem(), toy, toy.materials)
        np.testing.assert_allclose(ranking.columns["first_order"], exact.first_order, rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(ranking.columns["total"], exact.total, rtol=1e-4, atol=1e-6)
        assert ranking.summary["spread"] == pytest.approx(exact.spread, rel=1e-4)
        assert ranking.summary["noise_floor"] == 0.0

    def test_parts_sum_to_the_whole(self):
        toy = wordings("noisy")
        c = run(Regression(rows=128, pairs=8), toy.problem(), toy, toy.materials).columns
        np.testing.assert_allclose(c["presence"] + c["wording"], c["first_order"], rtol=1e-12)


class TestTruthOfTheToys:
    def test_linear_against_its_formulas(self):
        toy = linear()
        s, b = toy.scores[:, 0], toy.beliefs[:, 0]
        exact = truth(toy)
        np.testing.assert_allclose(exact.effect, s**2)
        np.testing.assert_allclose(exact.first_order, b * (1 - b) * s**2)
        np.testing.assert_allclose(exact.total, exact.first_order)
        np.testing.assert_allclose(exact.presence, exact.first_order)
        assert exact.spread == pytest.approx(exact.first_order.sum())

    def test_product_against_its_formulas(self):
        # m = c Π(1 + z): V_i = c² Var(1 + z_i) Π_{j≠i} E²(1 + z_j), T_i the same with E(1 + z_j)².
        toy = product()
        s = toy.scores[:, 0]
        mean, variance = 1 + s / 2, s**2 / 4
        c2 = 1 / 4
        exact = truth(toy)
        for i in range(4):
            rest = np.delete(np.arange(4), i)
            assert exact.first_order[i] == pytest.approx(c2 * variance[i] * (mean[rest] ** 2).prod())
            assert exact.total[i] == pytest.approx(c2 * variance[i] * (mean[rest] ** 2 + variance[rest]).prod())
        # Poisson(1) copies: E(1 + s w) = 1 + s, E(1 + s w)² = (1 + s)² + s².
        assert exact.bootstrap_spread == pytest.approx(c2 * (((1 + s) ** 2 + s**2).prod() - ((1 + s) ** 2).prod()))

    def test_ishigami_has_an_item_that_acts_by_interaction(self):
        exact = truth(ishigami())
        assert exact.total[2] > 10 * exact.first_order[2]

    def test_interactions_keep_total_at_or_above_first_order(self):
        for toy in toys():
            exact = truth(toy)
            assert (exact.total >= exact.first_order - 1e-12).all()
            assert exact.total.sum() >= exact.spread - 1e-12
            assert exact.first_order.sum() <= exact.spread + 1e-12


class TestEffects:
    def test_are_defined_whichever_variant_stands(self):
        toy = linear("none")
        absent = replace(toy, standing={"b": ABSENT})
        both = [run(LeaveOneOut(), t.problem(), t, t.materials).columns["effect"] for t in (toy, absent)]
        np.testing.assert_allclose(both[0], both[1], rtol=1e-5)

    def test_of_an_item_whose_other_wording_stands_contrast_the_text_as_written_with_its_absence(self):
        toy = wordings("none")
        assert toy.seed.base[0] == 2
        compared, design = LeaveOneOut().design(toy.problem())
        mine = [c for c in compared.contrasts if c.unit == 0]
        assert len(mine) == 1
        assert design.changes[mine[0].plus].variants == (0,)
        assert mine[0].minus is not None
        assert design.changes[mine[0].minus].variants == (1,)

    def test_of_wordings_are_a_mean_over_the_wordings_that_do_not_stand(self):
        toy = wordings("none")
        found = run(LeaveOneOut(law="wordings"), toy.problem(), toy, toy.materials).columns["effect"]
        base = np.asarray(toy.seed.base)
        here = toy.mean(base)
        # The first item stands as its wording 2: the text as written and wording 3 are the others.
        other = [toy.mean(np.where(np.arange(5) == 0, v, base)) for v in (0, 3)]
        assert found[0] == pytest.approx(np.mean([((m - here) ** 2).mean() for m in other]), rel=1e-5)
        assert np.isnan(found[2])

    def test_of_a_group_are_shared_by_its_members(self):
        toy = interaction("noisy")
        ranking = run(LeaveOneOut(law="group"), toy.problem(), toy, toy.materials)
        effect = ranking.columns["effect"]
        assert effect[0] == effect[1]
        assert effect[2] == effect[3] == effect[4]
        assert [g["group"] for g in ranking.summary["groups"]] == ["x", "y"]
        gone = toy.mean(np.array([1, 1, 0, 0, 0])) - toy.mean(np.zeros(5, int))
        exact = (gone**2).mean()
        # The interval's reach is 2.4 standard errors or more.
        assert abs(effect[0] - exact) < 2 * (ranking.columns["effect_high"][0] - ranking.columns["effect_low"][0])

    def test_laws_that_the_seed_has_no_variants_for_are_refused_before_training(self):
        toy = linear()
        for law in ("flip", "wordings", "group"):
            with pytest.raises(PlanError, match=r"Add such variants|Give items"):
                next(LeaveOneOut(law=law).run(toy.problem()))

    def test_of_two_keys_have_no_error_and_say_so(self):
        toy = linear("noisy")
        ranking = run(LeaveOneOut(keys=2), toy.problem(), toy, toy.materials)
        assert np.isfinite(ranking.columns["effect"]).all()
        assert np.isnan(ranking.columns["effect_se"]).all()
        assert any("no standard error" in n for n in ranking.notes)

    def test_what_two_keys_cannot_say_is_unknown_and_not_no(self):
        toy = zeros("noisy")
        found = run(LeaveOneOut(keys=2), toy.problem(), toy, toy.materials)
        for name in ("ties_with", "distinguishable"):
            assert found.columns[name].tolist() == [None] * 8, name
        assert {row["ties_with"] for row in found.to_dict()["items"]} == {None}
        assert any("what ties with what is unknown" in note for note in found.notes)

    def test_stars_come_from_eight_keys_on_by_one_test(self):
        toy = zeros("noisy")
        for keys in (8, 20):
            found = run(LeaveOneOut(keys=keys), toy.problem(), toy, toy.materials)
            assert (found.summary["test"], found.summary["keys"]) == ("resampled_keys", keys)
            assert found.columns["distinguishable"].tolist() == [True, True, *[False] * 6]
            assert not found.notes

    def test_items_of_equal_effect_are_tied_and_others_are_not(self):
        scores = linear("noisy").scores.copy()
        scores[1] = scores[0]
        toy = replace(linear("noisy"), scores=scores)
        found = run(LeaveOneOut(keys=20), toy.problem(9), toy, toy.materials).columns["ties_with"]
        assert "b" in found[0]
        assert "a" in found[1]
        assert "f" not in found[0]


class TestLawOfTheRows:
    def test_rows_of_another_law_serve_the_belief(self):
        toy = linear("calm")
        drawn = Law("author", np.full((6, 2), 0.5))
        problem = replace(toy.problem(2), rows_law=drawn)
        found = run(Regression(), problem, toy, toy.materials)
        exact = truth(toy)
        # Additive, and hardly any noise: what rows of one law say about another is exact but for the noise.
        np.testing.assert_allclose(found.columns["first_order"], exact.first_order, rtol=0.05)
        assert found.summary["spread"] == pytest.approx(exact.spread, rel=0.02)
        total = run(Jansen(), problem, toy, toy.materials).columns["total"]
        np.testing.assert_allclose(total, exact.total, rtol=0.05)

    def test_indices_say_of_what_law_they_are(self):
        toy = linear("calm")
        same = run(Auto(rows=64, pairs=8, bases=6), toy.problem(2), toy, toy.materials).summary
        assert (same["index_law"], same["total_law"]) == ("belief", "belief")
        far = replace(toy.problem(2), rows_law=Law("author", np.full((6, 2), 0.5)))
        other = run(Auto(rows=64, pairs=8, bases=6), far, toy, toy.materials).summary
        said = "belief for the item itself, the others as in the rows: author"
        assert (other["index_law"], other["total_law"]) == (f"{said}, at least 0.15", said)
        sure = replace(toy.problem(2), law=Law("belief", np.tile([0.95, 0.05], (6, 1))))
        floored = run(Regression(rows=64, pairs=8), sure, toy, toy.materials).summary["index_law"]
        assert floored == "belief for the item itself, the others as in the rows: belief, at least 0.15"

    def test_rows_do_not_depend_on_the_belief(self):
        toy = wordings("calm")
        drawn = Law("author", toy.beliefs)
        other = np.where(toy.beliefs > 0, 0.0, 0.0)
        other[:, 0], other[:, 1] = 0.9, 0.1
        asked = []
        for belief in (toy.beliefs, other):
            problem = replace(toy.problem(2), law=Law("belief", belief), rows_law=drawn)
            _, rows, pairs = Regression().designs(problem)
            asked.append((rows.block(0, rows.size), pairs.block(0, pairs.size)))
        for a, b in zip(*asked, strict=True):
            np.testing.assert_array_equal(a.variants, b.variants)
            np.testing.assert_array_equal(a.keys, b.keys)

    def test_a_variant_that_only_the_belief_holds_possible_gets_rows(self):
        toy = wordings("calm")
        drawn = toy.beliefs.copy()
        drawn[0] = [0.5, 0.5, 0.0, 0.0]
        problem = replace(toy.problem(2), rows_law=Law("author", drawn))
        found = run(Regression(), problem, toy, toy.materials)
        assert found.surrogate is not None
        assert (found.surrogate.coefficients[0, 2:] != 0).any(1).all()

    def test_settled_items_have_no_index_and_no_coefficient(self):
        toy = linear("calm")
        b = toy.beliefs.copy()
        b[2] = [1.0, 0.0]
        problem = replace(toy.problem(2), law=Law("belief", b))
        ranking = run(Auto(rows=64, pairs=8, bases=6), problem, toy, toy.materials)
        assert ranking.columns["first_order"][2] == 0.0
        assert ranking.columns["total"][2] == 0.0
        assert ranking.surrogate is not None
        assert (ranking.surrogate.coefficients[2] == 0).all()

    def test_rows_share_keys_by_blocks_where_keys_scatter_and_only_there(self):
        toy = wordings("noisy")
        _, rows, pairs = Regression().designs(toy.problem(2, 1000))
        made = rows.block(0, rows.size)
        assert (rows.size, rows.unit, len(np.unique(made.keys))) == (256, 8, 32)
        # Pairs have keys of their own: blocks of four assignments share two of them.
        both = pairs.block(0, pairs.size)
        assert (pairs.size, pairs.unit, len(np.unique(both.keys))) == (128, 8, 32)
        assert not set(made.keys) & set(both.keys)
        np.testing.assert_array_equal(both.variants[::2], both.variants[1::2])
        assert (both.keys[::2] != both.keys[1::2]).all()
        _, alone, _ = Regression().designs(wordings("none").problem(2, 1000))
        assert len(np.unique(alone.block(0, alone.size).keys)) == alone.size == 256

    def test_drowned_items_against_their_formulas(self):
        toy = drowned()
        s, b = toy.scores[:, 0], 0.75
        exact = truth(toy)
        np.testing.assert_allclose(exact.first_order, b * (1 - b) * s**2)
        assert exact.spread == pytest.approx(12 * b * (1 - b) * 0.005)
        assert exact.noise_floor == pytest.approx(0.01 * (1 + 12 * b))

    def test_everything_settled_is_refused_and_left_out_by_auto(self):
        toy = linear("calm")
        b = np.tile([1.0, 0.0], (6, 1))
        problem = replace(toy.problem(2), law=Law("belief", b))
        with pytest.raises(PlanError, match="every item is settled"):
            next(Regression().run(problem))
        with pytest.raises(PlanError, match="settled"):
            next(Jansen().run(problem))
        ranking = run(Auto(), problem, toy, toy.materials)
        assert "first_order" not in ranking.columns
        assert any("settled" in n for n in ranking.notes)

    def test_too_few_rows_are_refused_before_training(self):
        toy = linear()
        with pytest.raises(PlanError, match="needs at least"):
            next(Regression(rows=8).run(toy.problem()))


class TestFailedTrainings:
    @pytest.mark.parametrize("law", ["drop", "wordings", "poisson"])
    def test_a_key_that_failed_is_as_if_it_had_not_been(self, law):
        toy = wordings("noisy")

        class Fails(Toy):
            def train(self, rows, materials):
                out = super().train(rows, materials)
                changed = rows.variants[:, 0] != toy.seed.base[0]
                if rows.multiplicity is not None:
                    changed = changed | (rows.multiplicity[:, 0] != 1)
                ok = ~(changed & (rows.keys == 1003))
                return replace(out, ok=ok, values=np.where(ok[:, None], out.values, np.nan))

        broken = Fails(toy.name, toy.scores, toy.response, toy.probes, toy.beliefs, toy.noise, standing=toy.standing)
        estimator = LeaveOneOut(law=law)
        problem = toy.problem(1, 1000)
        found = run(estimator, problem, broken, toy.materials).columns["effect"]
        compared, design = estimator.design(problem)
        points = toy.geometry(toy.materials).embed(toy.train(design.block(0, design.size), toy.materials).values)
        keys = np.delete(np.arange(8), 3)
        mine = [c for c in compared.contrasts if c.unit == 0]
        right = 0.0
        for c in mine:
            at = [[design.place(k, change) for k in keys] for change in (c.plus, c.minus) if change is not None]
            delta = [np.stack([points[row] - points[base] for base, row in pairs]) for pairs in at]
            right += c.weight * float(cross_key(gram(delta[0] if len(delta) == 1 else delta[0] - delta[1])).value)
        assert found[0] == pytest.approx(right, rel=1e-5)

    @pytest.mark.parametrize(("failed", "known"), [(2, True), (3, False)])
    def test_six_keys_of_eight_have_an_error_and_five_have_none(self, failed, known):
        class Fails(Toy):
            def train(self, rows, materials):
                out = super().train(rows, materials)
                ok = ~((rows.keys < 1000 + failed) & (rows.variants[:, 0] == 1))
                return replace(out, ok=ok, values=np.where(ok[:, None], out.values, np.nan))

        toy = linear("noisy")
        broken = Fails(toy.name, toy.scores, toy.response, toy.probes, toy.beliefs, toy.noise)
        columns = run(LeaveOneOut(), broken.problem(1, 1000), broken, broken.materials).columns
        assert np.isfinite(columns["effect"]).all()
        assert np.isfinite(columns["effect_se"]).tolist() == [known] + [True] * 5

    def test_the_noise_floor_is_the_variance_over_keys_of_the_seed_as_it_stands(self):
        toy = linear("noisy")
        found = run(LeaveOneOut(keys=5), toy.problem(1, 1000), toy, toy.materials).summary["noise_floor"]
        rows = Rows(np.zeros((5, 6), np.int16), np.arange(1000, 1005))
        points = toy.geometry(toy.materials).embed(toy.train(rows, toy.materials).values)
        assert found == pytest.approx(points.var(0, ddof=1).sum())


class TestAdditiveShare:
    def test_is_what_indices_add_up_to_of_the_spread_and_a_share_whatever_noise_makes_of_it(self):
        raw, said = [], []
        for key in range(12):
            toy = linear("noisy")
            ranking = run(Regression(rows=64, pairs=8), toy.problem(key, 1000 * key), toy, toy.materials)
            raw.append(float(ranking.columns["first_order"].sum()) / ranking.summary["spread"])
            said.append(ranking.summary["additive_share"])
        assert said == pytest.approx(np.clip(raw, 0.0, 1.0))
        assert max(raw) > 1.0 > min(raw)


class TestHeldItems:
    def test_what_nothing_trains_without_is_resampled_with_no_group(self):
        toy = interaction("calm")
        problem = replace(toy.problem(1), held=(2,))
        estimator = Bootstrap(group_rows=24)
        assert estimator.groups(problem) == {"x": (0, 1), "y": (3, 4)}
        for members, design in zip(estimator.groups(problem).values(), estimator.designs(problem)[1:], strict=True):
            copies = design.block(0, design.size).multiplicity
            assert copies is not None
            np.testing.assert_array_equal(copies[:, list(members)].sum(1), len(members))
            np.testing.assert_array_equal(np.delete(copies, members, 1), 1.0)
            assert copies[:, list(members)].std() > 0


class TestVouching:
    def test_is_the_mean_over_rows_that_left_the_item_out(self):
        class Vouching(Toy):
            def train(self, rows, materials):
                out = super().train(rows, materials)
                # Rows that have the item would vouch for it; only those that don't may be counted.
                v = np.where(rows.variants == 1, 0.1 * (1 + np.arange(6)), 0.99).astype(np.float32)
                return replace(out, vouching=v)

        plain = linear("calm")
        toy = Vouching(plain.name, plain.scores, plain.response, plain.probes, plain.beliefs, plain.noise)
        for estimator in (LeaveOneOut(), Regression(rows=64, pairs=8), Auto(rows=64, pairs=8, bases=0)):
            found = run(estimator, toy.problem(), toy, toy.materials).columns["vouching"]
            np.testing.assert_allclose(found, 0.1 * (1 + np.arange(6)), rtol=1e-6)


class TestNullLadder:
    @pytest.mark.parametrize("noise", ["none", "calm", "noisy"])
    def test_smooth_trainers_are_not_called_chaotic(self, noise):
        for toy in toys(noise):
            ranking = run(NullLadder(), toy.problem(), toy, toy.materials)
            assert ranking.summary["chaotic"] is False
            assert [r["epsilon"] for r in ranking.summary["null_ladder"]] == [1e-4, 1e-2]

    def test_chaos_is_found_and_said_first(self):
        # Chaos of 2 · 0.1² against drops whose mean square is about 0.09 and as much chaos.
        toy = zeros("chaotic")
        ranking = run(Auto(rows=64, pairs=8, bases=6), toy.problem(), toy, toy.materials)
        assert ranking.summary["chaotic"] is True
        assert ranking.notes[0].startswith("Chaotic at this setting")

    def test_a_calm_trainer_without_weights_is_calm_though_it_does_not_read_the_order(self):
        for noise in ("none", "calm", "noisy"):
            for toy in toys(noise):
                unweighted = replace(toy, weighted=False)
                said = run(NullLadder(), unweighted.problem(), unweighted, toy.materials).summary
                assert said["null_ladder"] == [{"epsilon": 0.0, "response": 0.0}]
                assert said["chaotic"] is False, (toy.name, noise, said)

    def test_scatter_that_no_wiggle_shows_is_unknown_in_those_words(self):
        toy = replace(zeros("chaotic"), scores=zeros("chaotic").scores * 0.1, weighted=False)
        ranking = run(Auto(rows=64, pairs=8, bases=0, bootstrap_rows=0), toy.problem(), toy, toy.materials)
        assert ranking.summary["chaotic"] is None
        assert ranking.notes[0].startswith("Whether the trainer is chaotic at this setting is unknown: ")
        assert '"chaotic": null' in json.dumps(ranking.to_dict())
        # Independent outcomes leave over as much as the two drops did apart (36 numbers behind each of the two sums).
        assert ranking.summary["drops_left_over"] == pytest.approx(1.0, abs=0.5)

    def test_where_no_drop_does_anything_nothing_can_be_told(self):
        toy = replace(linear("none"), response=lambda z: 0.0 * z[..., :4])
        ranking = run(NullLadder(), toy.problem(), toy, toy.materials)
        assert ranking.summary["chaotic"] is None
        assert "nothing to hold a wiggle against" in ranking.notes[0]

    def test_weights_that_are_not_read_after_all_tell_nothing(self):
        class Deaf(Toy):
            def train(self, rows, materials):
                return super().train(replace(rows, multiplicity=None), materials)

        plain = linear("chaotic")
        toy = Deaf(plain.name, plain.scores, plain.response, plain.probes, plain.beliefs, plain.noise)
        assert run(NullLadder(), toy.problem(), toy, toy.materials).summary["chaotic"] is None


class TestAuto:
    def test_shares_out_its_budget_and_says_what_it_cut(self):
        toy = zeros("noisy")
        whole = run(Auto(), toy.problem(), toy, toy.materials)
        assert {"effect", "first_order", "total", "group_spread"} <= set(whole.columns)
        assert whole.by == "effect"
        for budget in (100, 250, 500, 700, 900):
            auto = Auto(budget=budget, group_rows=0, bootstrap_rows=24, ladder=False)
            ranking = run(auto, toy.problem(), toy, toy.materials)
            assert ranking.summary["trainings"] == auto.cost(toy.problem()).trainings <= budget
            assert any("budget" in n for n in ranking.notes)

    def test_total_indices_go_to_the_items_that_rank_highest(self):
        toy = zeros("noisy")
        auto = Auto(budget=700, group_rows=0, bootstrap_rows=24, ladder=False)
        ranking = run(auto, toy.problem(), toy, toy.materials)
        known = np.flatnonzero(np.isfinite(ranking.columns["total"]))
        assert 2 <= len(known) < 8
        assert {0, 1} <= set(known.tolist())

    def test_a_hopeless_budget_is_refused(self):
        problem = linear("noisy").problem()
        big = replace(problem, law=Law("belief", np.tile(problem.law.probabilities, (1, 1))))
        with pytest.raises(ConfigError, match="Raise"):
            Auto(budget=100, keys=8, bootstrap_rows=88, ladder=False).parts(big)

    def test_what_is_not_affordable_is_said_before_anything_is_trained(self):
        problem = zeros("noisy").problem()
        assert Auto().unaffordable(problem) == ()
        for budget in (100, 250, 500):
            auto = Auto(budget=budget, group_rows=0, bootstrap_rows=24, ladder=False)
            said = auto.unaffordable(problem)
            assert set(auto.parts(problem).notes) <= set(said)
            would_do = int(said[-1].split("budget = ")[1].split()[0])
            assert auto.model_copy(update={"budget": would_do}).unaffordable(problem) == ()
            assert auto.model_copy(update={"budget": would_do - 1}).unaffordable(problem) != ()
        (few,) = Auto(keys=4).unaffordable(problem)
        assert "8 items from 4 keys have no standard errors" in few
        (narrow,) = Auto(rows=8).unaffordable(problem)
        assert "8 coefficients" in narrow
        assert LeaveOneOut(keys=2).unaffordable(zeros("none").problem()) == (), "one key says all"
        hopeless = Auto(budget=100, bootstrap_rows=88, ladder=False).unaffordable(linear("noisy").problem())
        assert "affords neither" in hopeless[0]

    def test_second_laws_carry_their_name(self):
        toy = interaction("calm")
        auto = Auto(also=("group", "poisson"), rows=64, pairs=8, bases=0, bootstrap_rows=0, ladder=False)
        columns = run(auto, toy.problem(), toy, toy.materials).columns
        assert {"effect", "group_effect", "poisson_effect", "group_distinguishable"} <= set(columns)


class TestRecords:
    @pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: f"{e.kind}-{getattr(e, 'law', '')}")
    def test_survive_a_file_and_refuse_what_they_do_not_know(self, estimator):
        made = type(estimator).model_validate_json(estimator.model_dump_json())
        assert made == estimator
        with pytest.raises(ConfigError, match="unknown setting 'keyz'"):
            type(estimator)(keyz=3)
        with pytest.raises(ValidationError, match="frozen"):
            estimator.kind = "other"


class TestUnits:
    """Squared Hellinger and nats agree to leading order: var / 8p(1−p) against var / 2p(1−p), a factor of four."""

    def toy(self, over):
        plain = linear("none")

        def response(z):
            logits = 0.2 * plain.response(z)
            if over == "probes":
                return 1 / (1 + np.exp(-logits))
            policy = np.exp(logits)
            return policy / policy.sum(-1, keepdims=True)

        return replace(plain, response=response, multilinear=False)

    @pytest.mark.parametrize("over", ["probes", "distribution"])
    def test_spread_and_bootstrap_spread_in_both_units(self, over):
        toy = self.toy(over)
        geometry = Hellinger(np.full(4, 0.25)) if over == "probes" else DistributionHellinger()
        problem = replace(toy.problem(1), geometry=geometry)
        found = run(Auto(), problem, toy, toy.materials).summary
        # Logits move by 0.2, so what the leading order neglects is a few percent.
        assert found["spread_nats"] / found["spread"] == pytest.approx(4.0, rel=0.1)
        assert found["bootstrap_spread_nats"] / found["bootstrap_spread"] == pytest.approx(4.0, rel=0.1)

    def test_numbers_that_are_no_probabilities_have_no_nats(self):
        toy = linear("calm")
        found = run(Auto(), toy.problem(), toy, toy.materials).summary
        assert "spread_nats" not in found
        assert "bootstrap_spread_nats" not in found


@dataclass(frozen=True)
class Morris:
    """Mean absolute change of one probe, one item at a time (Morris 1991): as large for noise as for an effect."""

    columns: tuple[Column, ...] = (Column("mu_star", "μ*", sortable=True),)
    keys: int = 8
    miscount: int = 0
    kind: ClassVar[str] = "morris"

    def cost(self, problem: Problem) -> Cost:
        return problem.each * (self.keys * (1 + len(problem.ids)) - self.miscount)

    def run(self, problem: Problem) -> Run[Ranking]:
        changes = tuple(Change(i, (f,), (1 if problem.base[f] == 0 else 0,)) for f, i in enumerate(problem.ids))
        keys = tuple(range(problem.first_key, problem.first_key + self.keys))
        design = OneAtATime(problem.base, changes, keys)
        outcomes = yield Request(design, "elementary effects")
        place = np.array([[design.place(k, c) for k in range(self.keys)] for c in range(len(changes))])
        moved = np.abs(outcomes.values[place[..., 1], 0] - outcomes.values[place[..., 0], 0])
        column = {c.name: np.nanmean(moved, axis=1) for c in self.columns}
        failed = int((~outcomes.ok).sum())
        return Ranking(problem.ids, column, {"trainings": len(outcomes), "failed": failed, "law": "drop"})


class TestTheContractFailsOnALiar:
    def test_a_biased_measure_that_says_so_passes(self):
        check_estimator(Morris())

    @pytest.mark.parametrize(
        ("liar", "broken"),
        [
            (Morris((Column("mu_star", "μ*", unbiased=True, sortable=True),)), "mu_star of items without effect"),
            (Morris((Column("effect", "μ*", sortable=True),)), "has a known quantity's name, but is biased"),
            (Morris((Column("effect", "μ*", unbiased=True, sortable=True),)), "effect of items without effect"),
            (Morris(miscount=1), "asked for 72 rows, having said at most 71"),
        ],
        ids=["unbiased", "a name that is taken", "an effect", "miscounted"],
    )
    def test_a_biased_one_that_does_not_is_caught(self, liar, broken):
        with pytest.raises(AssertionError, match=broken):
            check_estimator(liar)

    def test_a_column_that_nobody_declared_and_one_that_never_comes(self):
        undeclared = replace(Regression(rows=64, pairs=8).columns[0], name="another")

        class Silent(Regression):
            @property
            def columns(self):
                return (undeclared,)

        with pytest.raises(AssertionError, match="is not among its declared columns"):
            check_estimator(Silent(rows=64, pairs=8))
        with pytest.raises(AssertionError, match="never gave a column that it declares: rare"):
            check_estimator(Rare())


@dataclass(frozen=True)
class Rare(Morris):
    """Declares a column that it never fills."""

    columns: tuple[Column, ...] = (Column("mu_star", "μ*", sortable=True), Column("rare", "rare", sortable=True))

    def run(self, problem: Problem) -> Run[Ranking]:
        ranking = yield from super().run(problem)
        return replace(ranking, columns={"mu_star": ranking.columns["mu_star"]})
