from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from activeseed.errors import PlanError, TrainingError
from activeseed.estimators.coding import Coding
from activeseed.estimators.designs import Joined, TwoKeys
from activeseed.estimators.jansen import redraw
from activeseed.estimators.least_squares import fit
from activeseed.estimators.statistics import (
    cross_key,
    divergence,
    gram,
    holm,
    interval,
    jackknife,
    jackknife_covariance,
    mean_and_se,
    null_variance,
    paired_spread,
    paired_spread_left_out,
    paired_spread_nats,
    sign_flip,
    smallest_p,
    ties,
)
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


class TestSignFlip:
    def test_counts_the_patterns_that_reach_what_was_seen(self):
        delta = normal(5, 4, 6, 3) + 0.4
        wanted = []
        for d in delta:
            seen = [float(((np.array(s)[:, None] * d).sum(0) ** 2).sum()) for s in itertools.product((1, -1), repeat=6)]
            wanted.append(np.mean(np.array(seen) >= seen[0] - 1e-9))
        np.testing.assert_allclose(sign_flip(gram(delta), 0), wanted)

    def test_smallest_p_of_eight_keys_is_one_in_128(self):
        assert smallest_p(8) == 1 / 128
        assert sign_flip(np.ones((1, 8, 8)), 0) == pytest.approx(1 / 128)

    def test_no_difference_at_all_is_no_evidence(self):
        assert sign_flip(np.zeros((2, 8, 8)), 0).tolist() == [1.0, 1.0]
        assert null_variance(np.zeros((2, 8, 8))).tolist() == [1.0, 1.0]

    def test_drawn_patterns_agree_with_a_t_test_of_many_keys(self):
        # With one probe and many keys the sign-flip and t tests agree; 2,000 patterns leave a standard error of at
        # most sqrt(0.25 / 2000) = 0.011, and the two tests differ by O(1/keys).
        delta = normal(6, 12, 60, 1) + np.linspace(0, 0.3, 12)[:, None, None]
        drawn = sign_flip(gram(delta), 1)
        t = stats.ttest_1samp(delta[..., 0], 0.0, axis=1).pvalue
        assert np.abs(drawn - t).max() < 4 * 0.011 + 1 / 60

    def test_patterns_are_enough_for_holm_over_the_items(self):
        products = np.ones((80, 20, 20))
        assert sign_flip(products, 2).max() * 80 < 0.05


class TestNullVariance:
    def test_is_the_t_test_with_one_probe(self):
        delta = normal(7, 5, 9, 1) + 0.3
        t = stats.ttest_1samp(delta[..., 0], 0.0, axis=1).pvalue
        np.testing.assert_allclose(null_variance(gram(delta)), t, rtol=1e-9)

    def test_holds_its_level_item_by_item(self):
        # 4,000 null items in 6 probes: a share of 0.05 has a standard error of 0.0034; four of them allowed, and 0.01
        # for what Box's approximation leaves.
        p = null_variance(gram(normal(8, 4000, 8, 6)))
        assert abs((p < 0.05).mean() - 0.05) < 4 * 0.0034 + 0.01

    def test_failed_keys_are_left_out(self):
        delta = normal(9, 3, 8, 1)
        ok = np.ones((3, 8), bool)
        ok[:, 2] = False
        kept = null_variance(gram(np.delete(delta, 2, axis=1)))
        np.testing.assert_allclose(null_variance(gram(delta), ok), kept)


class TestHolm:
    def test_against_the_worked_example(self):
        # Steps down 4·0.005, 3·0.01, 2·0.03, 1·0.04, never less than the one before.
        np.testing.assert_allclose(holm(np.array([0.01, 0.04, 0.03, 0.005])), [0.03, 0.06, 0.06, 0.02])

    def test_unknown_p_values_are_no_part_of_the_family(self):
        out = holm(np.array([0.02, np.nan, 0.03]))
        np.testing.assert_allclose(out[[0, 2]], [0.04, 0.04])
        assert np.isnan(out[1])


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

    def test_unknown_items_are_tied_with_nobody(self):
        found = ties(np.array([1.0, np.nan]), np.eye(2), 2.0, ("a", "b"))
        assert found.tolist() == [[], []]


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
        assert divergence(p, None) == pytest.approx(np.log(2))
        assert paired_spread_nats(p, p, None) == pytest.approx(2 * np.log(2))

    def test_nats_remove_what_keys_add(self):
        # Logits vary by 0.1 between assignments and 0.2 between keys. What the combination neglects is of the relative
        # order of the logits' variance, 0.05; the sampling error over 10,000 assignments is √(2/n) · (0.05/0.01) ·
        # (about one key's worth of noise in each term), 7 %. A naive J holds 0.05/0.01 = five times the spread.
        n = 10_000
        a, k = 0.1 * normal(13, n, 1), 0.2 * normal(14, 2, n, 1)
        p = 1 / (1 + np.exp(-(a + k)))
        quiet = 1 / (1 + np.exp(-a))
        weights = np.ones(1)
        found = paired_spread_nats(p[0], p[1], weights)
        assert found == pytest.approx(divergence(quiet, weights), rel=0.25)
        assert divergence(p[0], weights) > 3 * found


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
            assert f.noise[r] == pytest.approx(outcomes[r] @ (outcomes[r] - design[r] @ beta))

    def test_gram_holds_products_of_different_rows_only(self):
        # Kline, Saggio & Sølvsten: Σ_r ⟨A_ur Y_r, …⟩ with the row's own square replaced by ⟨Y_r, x_r B₋ᵣ⟩.
        _, design, outcomes = self.data()
        f = fit(design, outcomes, np.zeros(5))
        a, y = f.hat[1:], outcomes
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

    def test_too_few_rows_are_an_error_that_says_so(self):
        _, design, outcomes = self.data()
        with pytest.raises(TrainingError, match="can't tell 4 coefficients apart"):
            fit(design[:4], outcomes[:4], np.zeros(5))


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
