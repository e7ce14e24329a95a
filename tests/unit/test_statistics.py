from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from activeseed.errors import PlanError, TrainingError
from activeseed.estimators.bootstrap import bootstrap_spread
from activeseed.estimators.coding import Coding
from activeseed.estimators.designs import Joined, TwoKeys
from activeseed.estimators.jansen import redraw, total_indices
from activeseed.estimators.least_squares import fit
from activeseed.estimators.regression import rows_per_key
from activeseed.estimators.statistics import (
    cross_key,
    divergence,
    family_p,
    gram,
    interval,
    jackknife,
    jackknife_covariance,
    mean_and_se,
    paired_spread,
    paired_spread_left_out,
    paired_spread_nats,
    shared_errors,
    ties,
)
from activeseed.geometries import DistributionHellinger, Hellinger
from activeseed.plan import Independent, Law, Resampled, generator


def normal(key: int, *shape: int) -> np.ndarray:
    return generator(key, "test").standard_normal(shape)


def by_pairs(delta: np.ndarray) -> float:
    """The definition: the mean of ⟨Δ(k), Δ(l)⟩ over ordered pairs of different keys."""
    return float(np.mean([delta[k] @ delta[m] for k, m in itertools.permutations(range(len(delta)), 2)]))


class TestCrossKey:
    def test_is_the_mean_over_pairs_of_different_keys(self):
        delta = normal(1, 3, 6, 4)
        found = cross_key(gram(delta))
        np.testing.assert_allclose(found.value, [by_pairs(d) for d in delta])
        np.testing.assert_allclose(found.instability, (delta**2).sum(-1).mean(-1) - found.value)

    def test_error_is_the_jackknife_over_keys(self):
        delta = normal(2, 7, 5)
        left = np.array([by_pairs(np.delete(delta, k, axis=0)) for k in range(7)])
        found = cross_key(gram(delta))
        np.testing.assert_allclose(found.replicates, left)
        assert found.se == pytest.approx(np.sqrt(6 / 7 * ((left - left.mean()) ** 2).sum()))
        assert found.low == pytest.approx(found.value - stats.t.ppf(0.975, 6) * found.se)

    def test_failed_keys_are_as_if_they_had_not_been(self):
        delta = normal(3, 9, 5)
        ok = np.array([True] * 4 + [False] + [True] * 3 + [False])
        poisoned = gram(np.where(ok[:, None], delta, np.nan))
        found, wanted = cross_key(poisoned, ok), cross_key(gram(delta[ok]))
        for name in ("value", "se", "low", "high", "instability", "keys"):
            assert getattr(found, name) == pytest.approx(getattr(wanted, name)), name

    def test_two_keys_give_a_number_without_an_error_and_one_gives_none(self):
        two, one = cross_key(gram(normal(4, 2, 3))), cross_key(gram(normal(4, 1, 3)))
        assert np.isfinite(two.value)
        assert np.isnan(two.se)
        assert np.isnan(one.value)

    @settings(max_examples=30, deadline=None)
    @given(st.integers(3, 9), st.integers(1, 6), st.integers(0, 10**6))
    def test_depends_on_neither_axes_nor_order_of_keys(self, keys, probes, key):
        rng = generator(key, "rotation")
        delta = rng.standard_normal((keys, probes))
        turn = np.linalg.qr(rng.standard_normal((probes, probes)))[0]
        a, b = cross_key(gram(delta)), cross_key(gram((delta @ turn)[rng.permutation(keys)]))
        assert a.value == pytest.approx(float(b.value), abs=1e-9)
        assert a.se == pytest.approx(float(b.se), abs=1e-9)


class TestInterval:
    @settings(max_examples=60, deadline=None)
    @given(st.floats(-3, 3), st.floats(1e-3, 3))
    def test_holds_its_value_and_never_has_the_shorter_arm_above(self, value, reach):
        low, high = interval(np.array(value), np.array(reach))
        assert low == pytest.approx(value - reach)
        assert high >= value + reach - 1e-12

    def test_is_continuous_where_its_branches_meet(self):
        for at in (0.0, 1.0):
            ends = [float(interval(np.array(at + d), np.array(1.0))[1]) for d in (-1e-9, 1e-9)]
            assert ends[0] == pytest.approx(ends[1], abs=1e-7)

    def test_unknown_stays_unknown(self):
        low, high = interval(np.array([1.0, np.nan]), np.array([np.nan, 1.0]))
        assert np.isnan(low).all()
        assert np.isnan(high).all()


def skewed(key: int, *shape: int) -> np.ndarray:
    """Exponential, mean zero: skewness 2."""
    return generator(key, "test").exponential(1.0, shape) - 1.0


def jumps(key: int, chance: float, *shape: int) -> np.ndarray:
    """One jump an item and key, in all probes at once, mean zero, with some calm noise besides."""
    rng = generator(key, "test")
    return (rng.random((*shape[:-1], 1)) < chance) - chance + 0.02 * rng.standard_normal(shape)


class TestFamilyP:
    def test_no_difference_at_all_is_no_evidence(self):
        assert family_p(np.zeros((2, 8, 8)), 0).tolist() == [1.0, 1.0]

    def test_differences_without_noise_are_as_plain_as_the_resamples_allow(self):
        products = gram(np.ones((2, 8, 3)))
        products[1] = 0.0
        assert family_p(products, 0, draws=500).tolist() == [1 / 501, 1.0]

    def test_fewer_than_three_keys_say_nothing(self):
        assert np.isnan(family_p(gram(normal(4, 3, 2, 3)), 0)).all()

    def test_failed_keys_are_left_out(self):
        delta = normal(9, 3, 8, 1) + np.array([0.0, 0.7, 3.0])[:, None, None]
        ok = np.ones((3, 8), bool)
        ok[:, 2] = False
        poisoned = gram(np.where(ok[..., None], delta, np.nan))
        kept = family_p(gram(np.delete(delta, 2, axis=1)), 1, draws=20_000)
        # Resamples of eight keys of which one failed hold seven on average: p-values agree but for that and for
        # sqrt(0.25 / 20000) = 0.0035 each.
        assert np.abs(family_p(poisoned, 1, ok, draws=20_000) - kept).max() < 0.03

    def test_is_the_definition_on_the_differences_themselves(self):
        delta, draws = normal(12, 3, 6, 2) + np.array([0.0, 0.5, 1.0])[:, None, None], 400
        n = delta.shape[1]

        def statistic(d, counts, company):
            mean = counts @ d / n
            own = counts @ ((d - mean) ** 2).sum(1) / (n - 1)
            return n * (mean**2).sum() / ((own + company) / 2)

        # an item's own variance is that of its keys; resamples of the centred differences, made n/(n − 1) as variable
        company = np.mean([((d - d.mean(0)) ** 2).sum() / (n - 1) for d in delta])
        centred = [(d - d.mean(0)) * np.sqrt(n / (n - 1)) for d in delta]
        counts = generator(7, "keys").multinomial(n, np.full(n, 1 / n), draws)
        largest = np.array([max(statistic(d, c, company) for d in centred) for c in counts])
        right = [(1 + (largest >= statistic(d, np.ones(n), company)).sum()) / (draws + 1) for d in delta]
        assert family_p(gram(delta), 7, draws=draws).tolist() == right
        assert max(right) > 0.2 > min(right)

    def test_does_not_depend_on_the_unit(self):
        delta = normal(11, 6, 8, 4) + 0.5
        np.testing.assert_allclose(family_p(gram(1e-4 * delta), 3), family_p(gram(delta), 3))

    @pytest.mark.parametrize(
        ("name", "noise"),
        [
            ("normal", normal),
            ("skewed", skewed),
            ("jumps, 1 in 10", lambda key, *shape: jumps(key, 0.1, *shape)),
            ("jumps, 1 in 20", lambda key, *shape: jumps(key, 0.05, *shape)),
        ],
    )
    @pytest.mark.parametrize(("items", "keys", "probes"), [(8, 8, 4), (8, 20, 1), (40, 8, 1)])
    def test_false_claims_are_rare_whatever_the_noise(self, name, noise, items, keys, probes):
        # 150 families of null items: at 0.05, 18 or more false ones have probability 0.0005 (binomial).
        called = [
            (family_p(gram(noise(1000 * items + r, items, keys, probes)), r, draws=300) <= 0.05).any()
            for r in range(150)
        ]
        assert sum(called) < 18, name

    def test_real_effects_are_found_beside_noise_of_any_shape(self):
        # Means of 10 standard errors of their own: what is lost to other items' noise is less than that.
        for noise in (normal, skewed):
            delta = noise(21, 20, 8, 4)
            delta[:3, :, 0] += 10 / np.sqrt(8)
            assert (family_p(gram(delta), 5)[:3] <= 0.05).all()


class TestSharedErrors:
    def test_one_item_alone_keeps_nearly_its_own_error(self):
        # A large effect: the company is the item itself, and its variance that of the U-statistic, 4 Δ̄'SΔ̄ / n.
        products = gram(normal(2, 1, 12, 3) + 30.0)
        own = cross_key(products)
        shared = shared_errors(products, own)
        np.testing.assert_allclose(shared.se, own.se, rtol=0.01)
        np.testing.assert_allclose(shared.value, own.value)

    def test_an_item_that_showed_no_jump_has_the_errors_of_those_that_did(self):
        delta = jumps(3, 0.1, 30, 8, 2) + 1.0
        quiet = (delta.std(1) < 0.1).all(-1)
        assert 3 < quiet.sum() < 27  # (1 − 0.1)⁸ = 0.43 of 30
        products = gram(delta)
        own = cross_key(products)
        shared = shared_errors(products, own)
        assert own.se[quiet].max() < 0.2 * np.median(own.se[~quiet])
        # The error is √(4 μ'Σμ / n) with Σ = 0.09 · 11ᵀ; half of its square comes from the company, whose estimate of
        # it rests on some 24 jumps (relative error 0.2 of the variance, 0.1 of its root; four of them allowed).
        exact = np.sqrt(4 * 0.09 * 4 / 8)
        assert shared.se[quiet].min() > (1 - 4 * 0.1) * exact / np.sqrt(2)

    def test_intervals_cover_where_own_errors_do_not(self):
        # 400 families of 8 items: a share of 0.95 has a standard error of 0.011 at most (families independent).
        covered: dict[str, list[np.ndarray]] = {"own": [], "shared": []}
        for r in range(400):
            products = gram(jumps(r, 0.1, 8, 8, 1) + 1.0)
            own = cross_key(products)
            for which, m in (("own", own), ("shared", shared_errors(products, own))):
                covered[which].append((m.low <= 1.0) & (m.high >= 1.0))
        assert np.mean(covered["own"]) < 0.7
        assert np.mean(covered["shared"]) > 0.93 - 2 * 0.011

    def test_failed_keys_are_as_if_they_had_not_been(self):
        delta = normal(3, 4, 9, 5)
        ok = np.tile(np.array([True] * 4 + [False] + [True] * 3 + [False]), (4, 1))
        poisoned = gram(np.where(ok[..., None], delta, np.nan))
        kept = gram(delta[:, ok[0]])
        found, wanted = shared_errors(poisoned, cross_key(poisoned, ok), ok), shared_errors(kept, cross_key(kept))
        for name in ("se", "low", "high"):
            np.testing.assert_allclose(getattr(found, name), getattr(wanted, name))


class TestTies:
    def test_use_the_error_of_the_difference(self):
        # Both move together: each is uncertain by 1, their difference by 0.1 only.
        covariance = np.array([[1.0, 0.995, 0.0], [0.995, 1.0, 0.0], [0.0, 0.0, 1.0]])
        found = ties(np.array([3.0, 2.0, 2.5]), covariance, 2.0, ("a", "b", "c"))
        assert found.tolist() == [["c"], ["c"], ["a", "b"]]

    def test_list_the_nearest_first_and_end_somewhere(self):
        value = np.arange(30, dtype=np.float64)
        found = ties(value, np.eye(30) * 1e4, 2.0, tuple(str(i) for i in range(30)), most=5)
        assert found[0] == ["1", "2", "3", "4", "5"]

    def test_what_an_unknown_item_ties_with_is_unknown_and_it_ties_with_nobody(self):
        found = ties(np.array([1.0, np.nan]), np.eye(2), 2.0, ("a", "b"))
        assert found.tolist() == [[], None]

    def test_without_errors_nothing_is_known_of_ties(self):
        found = ties(np.array([1.0, 2.0]), np.diag([np.nan, np.nan]), 2.0, ("a", "b"))
        assert found.tolist() == [None, None]


class TestMeansAndJackknives:
    def test_jackknife_of_means_is_the_standard_error(self):
        x = normal(10, 12)
        left = (x.sum() - x) / 11
        se, reach = jackknife(left)
        assert se == pytest.approx(x.std(ddof=1) / np.sqrt(12))
        assert reach == pytest.approx(stats.t.ppf(0.975, 11) * se)
        assert jackknife_covariance(np.stack([left, -left]))[0, 1] == pytest.approx(-(se**2))

    def test_unknown_values_are_left_out(self):
        x = np.array([1.0, 2.0, np.nan, 4.0])
        mean, se, _ = mean_and_se(x)
        assert mean == pytest.approx(7 / 3)
        assert se == pytest.approx(stats.sem([1.0, 2.0, 4.0]))


class TestPairedSpread:
    def test_left_out_replicates_in_closed_form(self):
        x, y = normal(11, 7, 3), normal(12, 7, 3)
        spread, floor = paired_spread_left_out(x, y)
        for r in range(7):
            wanted = paired_spread(np.delete(x, r, 0), np.delete(y, r, 0))
            assert (spread[r], floor[r]) == pytest.approx((float(wanted[0]), float(wanted[1])))

    def test_nats_of_two_certain_and_opposite_outcomes(self):
        # Two assignments that are sure of opposite things are ln 2 apart; n/(n − 1) = 2 undoes the mean over both.
        p = np.array([[1.0, 0.0], [0.0, 1.0]])
        assert divergence(p, DistributionHellinger().entropy) == pytest.approx(np.log(2))
        assert paired_spread_nats(p, p, DistributionHellinger().entropy) == pytest.approx(2 * np.log(2))

    def test_nats_remove_what_keys_add(self):
        # Logits vary by 0.1 between assignments and 0.2 between keys. What the combination neglects is of the relative
        # order of the logits' variance, 0.05; the sampling error over 10,000 assignments is √(2/n) · (0.05/0.01) ·
        # (about one key's worth of noise in each term), 7 %. A naive J holds 0.05/0.01 = five times the spread.
        n = 10_000
        a, k = 0.1 * normal(13, n, 1), 0.2 * normal(14, 2, n, 1)
        p = 1 / (1 + np.exp(-(a + k)))
        quiet = 1 / (1 + np.exp(-a))
        entropy = Hellinger(np.ones(1)).entropy
        found = paired_spread_nats(p[0], p[1], entropy)
        assert found == pytest.approx(divergence(quiet, entropy), rel=0.25)
        assert divergence(p[0], entropy) > 3 * found


class TestLeastSquares:
    law = Law("b", np.array([[0.5, 0.3, 0.2], [0.6, 0.4, 0.0], [0.0, 0.5, 0.5], [1.0, 0.0, 0.0]]))

    def data(self):
        variants = Independent(self.law, 90, 3).block(0, 90).variants
        coding = Coding.of(self.law)
        design = coding.matrix(variants)
        outcomes = design @ normal(15, design.shape[1], 5) + normal(16, 90, 5)
        return coding, design, outcomes

    def test_settled_items_have_no_coefficient_and_the_reference_is_the_first_possible_variant(self):
        coding = Coding.of(self.law)
        assert list(zip(coding.items.tolist(), coding.variants.tolist(), strict=True)) == [
            (0, 1), (0, 2), (1, 1), (2, 2),
        ]  # fmt: skip

    def test_noise_is_the_product_with_the_residual_of_the_fit_without_the_row(self):
        _, design, outcomes = self.data()
        f = fit(design, outcomes, np.zeros(5))
        for r in (0, 17, 89):
            beta = np.linalg.lstsq(np.delete(design, r, 0), np.delete(outcomes, r, 0), rcond=None)[0]
            assert f.noise[r, 0, 0] == pytest.approx(outcomes[r] @ (outcomes[r] - design[r] @ beta))

    def test_gram_holds_products_of_different_rows_only(self):
        # Kline, Saggio & Sølvsten: Σ_r ⟨A_ur Y_r, …⟩ with the row's own square replaced by ⟨Y_r, x_r B₋ᵣ⟩.
        _, design, outcomes = self.data()
        f = fit(design, outcomes, np.zeros(5))
        a, y = f.hat[1:, :, 0], outcomes
        wanted = np.zeros((4, 4))
        for r in range(90):
            beta = np.linalg.lstsq(np.delete(design, r, 0), np.delete(outcomes, r, 0), rcond=None)[0]
            others = a @ y - np.outer(a[:, r], y[r])
            wanted += np.outer(a[:, r], others @ y[r]) + np.outer(a[:, r], a[:, r]) * (y[r] @ (design[r] @ beta))
        np.testing.assert_allclose(f.gram(), wanted, atol=1e-10)

    def test_deleted_groups_are_those_of_a_new_fit(self):
        coding, design, outcomes = self.data()
        centre = np.full(5, 0.3)
        f = fit(design, outcomes, centre)
        for g in range(3):
            deleted = np.arange(g, 90, 9)
            again = fit(np.delete(design, deleted, 0), np.delete(outcomes, deleted, 0), centre)
            np.testing.assert_allclose(f.without(deleted, coding), again.products(coding), atol=1e-10)

    def test_products_are_entries_of_the_gram(self):
        coding, design, outcomes = self.data()
        f = fit(design, outcomes, np.zeros(5))
        np.testing.assert_allclose(f.products(coding), f.gram()[coding.pairs])

    def test_forms_are_the_variances_they_stand_for(self):
        coding = Coding.of(self.law)
        b = normal(17, 4, 6)
        whole = coding.by_item((b @ b.T)[coding.pairs], coding.forms[0])
        presence = coding.by_item((b @ b.T)[coding.pairs], coding.forms[1])
        wide = np.zeros((4, 3, 6))
        wide[coding.items, coding.variants] = b
        p = self.law.probabilities
        for i in range(4):
            mean = p[i] @ wide[i]
            assert whole[i] == pytest.approx((p[i] * ((wide[i] - mean) ** 2).sum(1)).sum())
            absent = p[i, 1]
            present = np.delete(p[i], 1) @ np.delete(wide[i], 1, 0) / max(1 - absent, 1e-300)
            part = absent * (1 - absent) * ((present - wide[i, 1]) ** 2).sum()
            assert presence[i] == pytest.approx(part if 0 < absent < 1 else 0.0, abs=1e-12)

    def test_a_level_that_a_key_adds_to_all_its_rows_changes_nothing(self):
        _, design, outcomes = self.data()
        keys = np.arange(90) // 6
        there, here = (fit(design, y, np.zeros(5), keys) for y in (outcomes, outcomes + 10.0 * normal(18, 15, 5)[keys]))
        np.testing.assert_allclose(here.slopes, there.slopes, atol=1e-10)
        np.testing.assert_allclose(here.gram(), there.gram(), atol=1e-10)
        # It is the regression on columns for the keys beside the coefficients.
        beside = np.concatenate([design[:, 1:], keys[:, None] == np.arange(15)], 1)
        np.testing.assert_allclose(there.slopes, np.linalg.lstsq(beside, outcomes, rcond=None)[0][:4], atol=1e-10)

    def test_gram_of_blocks_holds_products_of_different_blocks_only(self):
        # Leave-cluster-out: Σ_c (B_u − A_uc Y_c)(A_vc Y_c)' + A_uc Y_c (X_c B₋c)' A_vc', in its symmetric part.
        _, design, outcomes = self.data()
        keys = np.delete(np.arange(90) // 6, [0, 1, 40])  # blocks of unequal size
        design, outcomes = np.delete(design, [0, 1, 40], 0), np.delete(outcomes, [0, 1, 40], 0)
        f = fit(design, outcomes, np.zeros(5), keys)
        within = np.eye(87) - (keys[:, None] == keys[None, :]) / np.bincount(keys)[keys]
        x, y = within @ design[:, 1:], within @ outcomes
        a = np.linalg.pinv(x)
        wanted = np.zeros((4, 4))
        for c in range(15):
            here = keys == c
            beta = np.linalg.lstsq(x[~here], y[~here], rcond=None)[0]
            ours = a[:, here] @ y[here]
            wanted += (f.slopes - ours) @ ours.T + a[:, here] @ x[here] @ beta @ ours.T
        np.testing.assert_allclose(f.gram(), (wanted + wanted.T) / 2.0, atol=1e-9)

    @pytest.mark.parametrize("failed", [(), (0, 1, 40), tuple(range(7, 12))], ids=["whole", "uneven", "one row left"])
    def test_deleted_blocks_are_those_of_a_new_fit(self, failed):
        coding, design, outcomes = self.data()
        design, outcomes, keys = (np.delete(x, failed, 0) for x in (design, outcomes, np.arange(90) // 6))
        f = fit(design, outcomes, np.zeros(5), keys)
        np.testing.assert_allclose(f.products(coding), f.gram()[coding.pairs], atol=1e-12)
        for deleted in ([0], [1, 6, 11]):
            stays = ~np.isin(keys, deleted)
            again = fit(design[stays], outcomes[stays], np.zeros(5), keys[stays])
            np.testing.assert_allclose(f.without(np.array(deleted), coding), again.products(coding), atol=1e-9)

    def test_keys_that_no_rows_share_are_none(self):
        coding, design, outcomes = self.data()
        f, g = (fit(design, outcomes, np.full(5, 0.3), keys) for keys in (None, np.arange(90) + 7))
        np.testing.assert_array_equal(f.gram(), g.gram())
        np.testing.assert_array_equal(f.without(np.arange(9), coding), g.without(np.arange(9), coding))

    def test_blocks_that_leave_fewer_comparisons_than_coefficients_are_an_error(self):
        # Five keys of two rows: five comparisons for four coefficients will do, four will not.
        _, design, outcomes = self.data()
        keys = np.arange(90) // 2
        with pytest.raises(TrainingError, match="8 successful trainings can't tell 4 coefficients apart"):
            fit(design[:8], outcomes[:8], np.zeros(5), keys[:8])

    def test_too_few_rows_are_an_error_that_says_so(self):
        _, design, outcomes = self.data()
        with pytest.raises(TrainingError, match="can't tell 4 coefficients apart"):
            fit(design[:4], outcomes[:4], np.zeros(5))


class TestRowsOfAKey:
    def test_keys_are_as_many_as_groups_and_leave_two_comparisons_for_each_coefficient(self):
        assert [rows_per_key(*n) for n in ((256, 40), (320, 80), (4000, 1000), (256, 40, 40))] == [8, 8, 8, 6]
        assert [rows_per_key(rows, 4) for rows in (159, 128, 64, 40, 39)] == [7, 6, 3, 2, 1]
        assert [rows_per_key(256, c) for c in (112, 113)] == [8, 1]

    def test_rows_of_a_unit_share_a_key(self):
        law = Law("b", np.full((3, 2), 0.5))
        alone, shared = (Independent(law, 20, 3, 100, unit).block(0, 20) for unit in (1, 8))
        assert shared.keys.tolist() == [100] * 8 + [101] * 8 + [102] * 4
        assert alone.keys.tolist() == list(range(100, 120))
        # What is drawn does not depend on the keys, nor on where the design is cut.
        np.testing.assert_array_equal(alone.variants, shared.variants)
        assert Independent(law, 20, 3, 100, 8).block(7, 17).keys.tolist() == shared.keys[7:17].tolist()


class TestDesigns:
    @settings(max_examples=25, deadline=None)
    @given(st.data())
    def test_rows_do_not_depend_on_where_a_design_is_cut(self, data):
        source = Resampled((0, 0, 0), "poisson", 12, 5)
        twins = tuple(TwoKeys(source, 4, 2, k) for k in (0, 6, 12))
        design = Joined(twins)
        assert design.size == 72
        whole = design.block(0, 72)
        start = data.draw(st.integers(0, 71))
        stop = data.draw(st.integers(start + 1, 72))
        part = design.block(start, stop)
        np.testing.assert_array_equal(part.keys, whole.keys[start:stop])
        assert part.multiplicity is not None
        assert whole.multiplicity is not None
        np.testing.assert_array_equal(part.multiplicity, whole.multiplicity[start:stop])

    def test_sets_share_two_keys_of_their_own_and_draws_share_assignments(self):
        rows = TwoKeys(Resampled((0, 0), "poisson", 8, 5), draws=4, keys=2, first_key=10).block(0, 16)
        assert rows.keys.tolist() == [10] * 4 + [11] * 4 + [12] * 4 + [13] * 4
        assert rows.multiplicity is not None
        np.testing.assert_array_equal(rows.multiplicity[:4], rows.multiplicity[4:8])
        np.testing.assert_array_equal(rows.multiplicity[8:12], rows.multiplicity[12:])

    def test_designs_of_different_units_are_not_joined(self):
        source = Resampled((0, 0), "poisson", 8, 5)
        with pytest.raises(PlanError, match="one unit"):
            Joined((TwoKeys(source, 4, 2, 0), TwoKeys(source, 2, 2, 0)))


class TestTotals:
    def test_an_error_is_no_smaller_than_what_noise_makes_of_other_bases(self):
        # Bases whose two differences hardly agree within a base, and gaps that do from base to base: the noise of the
        # products is that of E⟨s_a, d_b⟩² over pairs of different bases.
        first, second = np.full((4, 1, 1), 1.0), np.full((4, 1, 1), -1.0)
        first[:, 0, 0] += [0.1, 0.2, 0.3, 0.4]
        weights = np.array([[1.0], [2.0], [1.0], [0.5]])
        scale = np.sqrt(0.5 * weights[:, 0])
        s, d = scale * (first + second)[:, 0, 0] / 2, scale * (first - second)[:, 0, 0]
        noise = np.mean([(s[a] * d[b]) ** 2 for a, b in itertools.permutations(range(4), 2)]) / 4
        product = 0.5 * weights[:, 0] * (first * second)[:, 0, 0]
        found = total_indices(first, second, weights)
        assert found.value[0] == pytest.approx(product.mean())
        assert found.se[0] == pytest.approx(max(np.sqrt(noise), product.std(ddof=1) / 2))
        even = np.ones((4, 1))
        # products that are all alike: the error is the noise's alone
        same = np.array([2.0, 1.0, 0.5, 4.0])[:, None, None]
        s, d = np.sqrt(0.5) * (same + 1 / same).ravel() / 2, np.sqrt(0.5) * (same - 1 / same).ravel()
        noise = np.mean([(s[a] * d[b]) ** 2 for a, b in itertools.permutations(range(4), 2)]) / 4
        assert total_indices(same, 1 / same, even).se[0] == pytest.approx(np.sqrt(noise))

    def test_instability_is_what_the_two_keys_disagree_about(self):
        first, second, weights = normal(31, 5, 2, 3), normal(32, 5, 2, 3), np.abs(normal(33, 5, 2))
        found = total_indices(first, second, weights).instability
        # half of w times half the squared gap: ½ (‖a‖² + ‖b‖²)/2 − ½ ⟨a, b⟩ = ¼ ‖a − b‖²
        np.testing.assert_allclose(found, (0.25 * weights * ((first - second) ** 2).sum(-1)).mean(0))


class TestBootstrapSpread:
    def test_its_interval_has_the_degrees_of_a_mean_of_skewed_variances(self):
        points = normal(34, 6, 4, 3)
        value, se, low, high = bootstrap_spread(points, points)
        spreads = np.array([((x - x.mean(0)) ** 2).sum() / 3 for x in points])
        assert value == pytest.approx(spreads.mean())
        assert se == pytest.approx(spreads.std(ddof=1) / np.sqrt(6))
        scatter = spreads.var(ddof=1) / spreads.mean() ** 2
        degrees = 2 / (2 / 5 + 6 * scatter / 6)
        assert degrees < 4.5  # five for normal numbers
        assert value - low == pytest.approx(stats.t.ppf(0.975, degrees) * se)
        assert high > value


class TestRedraw:
    law = Law("b", np.array([[0.7, 0.3, 0.0], [0.5, 0.2, 0.3]]))

    def test_never_repeats_a_variant_and_never_takes_an_impossible_one(self):
        rng = generator(1, "redraw")
        for own in itertools.product((0, 1), (0, 1, 2)):
            for _ in range(50):
                new, _ = redraw(self.law, self.law, np.arange(2), np.array(own, np.int16), rng)
                assert (new != own).all()
                assert (self.law.probabilities[[0, 1], new] > 0).all()

    def test_two_variants_have_a_constant_weight(self):
        rng = generator(2, "redraw")
        weights = [redraw(self.law, self.law, np.array([0]), np.array([v, 0], np.int16), rng)[1][0] for v in (0, 1)]
        # 1 − Σ b² = 2 · 0.7 · 0.3, whichever the base had.
        np.testing.assert_allclose(weights, 0.42)

    def test_what_hardly_anybody_doubts_has_a_weight_of_its_own(self):
        """1 − q is nothing in floating point where q's rival has 1e-20, and 2 b (1 − b) is still 2e-20."""
        settled = Law("after twenty answers", np.array([[1.0, 1e-20]]))
        _, weights = redraw(settled, settled, np.array([0]), np.array([0], np.int16), generator(3, "redraw"))
        np.testing.assert_allclose(weights, 2e-20)

    @pytest.mark.parametrize("drawn", [law, Law("q", np.array([[0.5, 0.5, 0.0], [0.2, 0.4, 0.4]]))])
    def test_weights_make_any_symmetric_function_unbiased(self, drawn):
        # Exact: sum over the base's variant and the redrawn one, of probability times weight times the function.
        b, q = self.law.probabilities, drawn.probabilities
        distance = np.array([[0.0, 1.0, 4.0], [1.0, 0.0, 2.5], [4.0, 2.5, 0.0]])
        rng = generator(3, "redraw")
        for item in (0, 1):
            wanted = b[item] @ distance @ b[item]
            total = 0.0
            for own in np.flatnonzero(q[item]):
                seen: dict[int, float] = {}
                base = np.full(2, own, np.int16)
                while len(seen) < (q[item] > 0).sum() - 1:
                    new, weight = redraw(self.law, drawn, np.array([item]), base, rng)
                    seen[int(new[0])] = float(weight[0])
                for other, w in seen.items():
                    total += q[item, own] * q[item, other] / (1 - q[item, own]) * w * distance[own, other]
            assert total == pytest.approx(wanted)
