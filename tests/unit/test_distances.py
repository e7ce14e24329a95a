"""Distances against SciPy, scikit-learn and torchmetrics, against closed forms, and on what they can't read."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import spatial, special, stats
from sklearn.metrics import hamming_loss, jaccard_score
from sklearn.preprocessing import KernelCenterer
from torchmetrics.functional import kendall_rank_corrcoef, kl_divergence, spearman_corrcoef
from torchmetrics.functional.shape import procrustes_disparity

import activeseed.distances
from activeseed.distances import (
    KINDS,
    DecisionFlips,
    Elsewhere,
    Hellinger,
    Jeffreys,
    JensenShannon,
    Kendall,
    KullbackLeibler,
    LinearCKA,
    Policy,
    Procrustes,
    RankNormalised,
    Spearman,
    TopK,
    TotalVariation,
    distance_named,
    distance_of,
    matrix,
)
from activeseed.distances.divergences import DivergenceKind
from activeseed.distances.reading import even, midranks
from activeseed.errors import ConfigError, PlanError
from activeseed.geometries import DistributionHellinger
from activeseed.geometries import Hellinger as HellingerGeometry
from activeseed.plan import generator

PLACES = 13
EVEN = even(PLACES)


def drawn(key: int = 0, rows: int = 20):
    dice = generator(key, "test of distances")
    return dice.uniform(0.01, 0.99, (2, rows, PLACES))


def policies(key: int = 0, rows: int = 20):
    return generator(key, "policies").dirichlet(np.full(PLACES, 0.5), (2, rows))


def inside(key: int = 0, rows: int = 20, width: int = 4):
    return generator(key, "representations").standard_normal((2, rows, PLACES, width))


class TestReferences:
    def test_divergences_of_distributions(self):
        a, b = policies()
        of: dict[str, Any] = {"reads": "distribution"}
        ab, ba = stats.entropy(a, b, axis=1), stats.entropy(b, a, axis=1)
        np.testing.assert_allclose(KullbackLeibler(**of).between(a, b, EVEN), ab)
        np.testing.assert_allclose(KullbackLeibler(direction="reverse", **of).between(a, b, EVEN), ba)
        np.testing.assert_allclose(Jeffreys(**of).between(a, b, EVEN), ab + ba)
        js = spatial.distance.jensenshannon(a, b, axis=1) ** 2
        np.testing.assert_allclose(JensenShannon(**of).between(a, b, EVEN), js)
        tv = 0.5 * np.array([spatial.distance.cityblock(p, q) for p, q in zip(a, b, strict=True)])
        np.testing.assert_allclose(TotalVariation(**of).between(a, b, EVEN), tv)
        points = DistributionHellinger().embed(a) - DistributionHellinger().embed(b)
        np.testing.assert_allclose(Hellinger(**of).between(a, b, EVEN), (points**2).sum(1))
        # torchmetrics' is in single precision at best: its own tolerance
        found = kl_divergence(torch.tensor(a), torch.tensor(b), reduction="none")
        np.testing.assert_allclose(KullbackLeibler(**of).between(a, b, EVEN), found.numpy(), rtol=1e-6)

    def test_a_field_of_probabilities_is_a_mean_of_distributions_of_two(self):
        a, b = drawn()
        weights = generator(1, "weights").dirichlet(np.ones(PLACES))
        one, other = (np.stack([x, 1 - x], -1) for x in (a, b))
        for field in (KullbackLeibler, Jeffreys, JensenShannon, Hellinger, TotalVariation):
            place = field(reads="distribution").between(one, other, even(2))
            np.testing.assert_allclose(field().between(a, b, weights), place @ weights)

    def test_hellinger_is_the_studys_own_geometry(self):
        a, b = drawn()
        geometry = HellingerGeometry(EVEN)
        gap = geometry.embed(a) - geometry.embed(b)
        np.testing.assert_allclose(Hellinger().between(a, b, EVEN), (gap**2).sum(1))

    def test_rankings(self):
        a, b = drawn()
        tau = [stats.kendalltau(x, y).statistic for x, y in zip(a, b, strict=True)]
        rho = [stats.spearmanr(x, y).statistic for x, y in zip(a, b, strict=True)]
        np.testing.assert_allclose(Kendall().between(a, b, EVEN), (1 - np.array(tau)) / 2)
        np.testing.assert_allclose(Spearman().between(a, b, EVEN), (1 - np.array(rho)) / 2)
        s, t = (torch.tensor(x.T) for x in (a, b))
        np.testing.assert_allclose(
            Kendall().between(a, b, EVEN), (1 - np.asarray(kendall_rank_corrcoef(s, t))) / 2, rtol=1e-6
        )
        np.testing.assert_allclose(Spearman().between(a, b, EVEN), (1 - spearman_corrcoef(s, t).numpy()) / 2, rtol=1e-5)

    def test_rankings_with_ties(self):
        a, b = np.round(drawn() * 4) / 4
        ranks = [stats.rankdata(x, axis=1) for x in (a, b)]
        np.testing.assert_allclose(midranks(a, EVEN), (ranks[0] - 0.5) / PLACES)
        scale = (PLACES**3 - PLACES) / 3
        np.testing.assert_allclose(Spearman().between(a, b, EVEN), ((ranks[0] - ranks[1]) ** 2).sum(1) / scale)
        # Kemeny's: a pair that one ties and the other orders counts half
        for x, y, found in zip(a, b, Kendall().between(a, b, EVEN), strict=True):
            pairs = [(i, j) for i in range(PLACES) for j in range(i)]
            count = sum(abs(np.sign(x[i] - x[j]) - np.sign(y[i] - y[j])) / 2 for i, j in pairs)
            assert found == pytest.approx(count / len(pairs))

    def test_a_pair_of_places_weighs_as_much_as_the_product_of_both(self):
        a, b = drawn()[:, 0, :5]
        w = np.array([0.1, 0.3, 0.2, 0.15, 0.25])
        pairs = [(i, j) for i in range(5) for j in range(i)]
        otherwise = sum(w[i] * w[j] for i, j in pairs if (a[i] - a[j]) * (b[i] - b[j]) < 0)
        found = Kendall().between(a, b, w)
        assert found == pytest.approx(otherwise / sum(w[i] * w[j] for i, j in pairs))

    def test_a_place_of_double_weight_counts_as_two_in_ranks(self):
        x = np.array([0.1, 0.4, 0.9])
        np.testing.assert_allclose(midranks(x, np.array([0.25, 0.5, 0.25])), [0.125, 0.5, 0.875])
        np.testing.assert_allclose(
            midranks(np.array([2.0, 2.0, 1.0]), np.array([0.25, 0.5, 0.25])), [0.625, 0.625, 0.125]
        )

    def test_sets_and_decisions(self):
        a, b = drawn()
        flips = [hamming_loss(x > 0.5, y > 0.5) for x, y in zip(a, b, strict=True)]
        np.testing.assert_allclose(DecisionFlips().between(a, b, EVEN), flips)
        strict = [hamming_loss(x > 0.8, y > 0.8) for x, y in zip(a, b, strict=True)]
        np.testing.assert_allclose(DecisionFlips(threshold=0.8).between(a, b, EVEN), strict)
        top = [np.argsort(np.argsort(-x, 1), 1) < 4 for x in (a, b)]
        jaccard = [1 - jaccard_score(x, y) for x, y in zip(*top, strict=True)]
        np.testing.assert_allclose(TopK(k=4, measure="jaccard").between(a, b, EVEN), jaccard)
        np.testing.assert_allclose(TopK(k=4).between(a, b, EVEN), 1 - (top[0] & top[1]).sum(1) / 4)

    def test_places_that_tie_at_the_border_of_the_top_share_it(self):
        a, b = np.array([3.0, 2.0, 2.0, 1.0]), np.array([3.0, 2.0, 1.0, 1.0])
        assert TopK(k=2).between(a, b, even(4)) == pytest.approx(0.25)  # memberships 1, ½, ½, 0 and 1, 1, 0, 0
        assert TopK(k=2, measure="jaccard").between(a, b, even(4)) == pytest.approx(1 - 1.5 / 2.5)
        turned = [2, 1, 0, 3]
        assert TopK(k=2).between(a[turned], b[turned], even(4)) == pytest.approx(0.25)

    def test_representations(self):
        a, b = inside()
        for x, y, cka, left in zip(
            a, b, LinearCKA().between(a, b, EVEN), Procrustes().between(a, b, EVEN), strict=True
        ):
            k, m = (KernelCenterer().fit_transform(z @ z.T) for z in (x, y))
            assert cka == pytest.approx(1 - (k * m).sum() / np.sqrt((k**2).sum() * (m**2).sum()))
            # scipy's disparity is 1 − (sum of singular values)², ours 1 − that sum
            assert 1 - (1 - left) ** 2 == pytest.approx(spatial.procrustes(x, y)[2])
        found = procrustes_disparity(torch.tensor(a), torch.tensor(b)).numpy()
        np.testing.assert_allclose(1 - (1 - Procrustes().between(a, b, EVEN)) ** 2, found, rtol=1e-6)

    def test_policies(self):
        a, b = generator(3, "scores").standard_normal((2, 20, PLACES)) * 3
        start = generator(4, "start").dirichlet(np.ones(PLACES))
        one, other = (special.softmax(np.log(start) + s / 0.5, axis=1) for s in (a, b))
        kinds: tuple[DivergenceKind, ...] = ("kl", "jeffreys", "jensen_shannon", "hellinger", "total_variation")
        for kind in kinds:
            plain = distance_named({"kind": kind, "reads": "distribution"}).between(one, other, EVEN)
            np.testing.assert_allclose(Policy(leash=0.5, divergence=kind).between(a, b, start), plain, rtol=1e-9)
        np.testing.assert_allclose(
            Policy(leash=0.5, scores="log_odds").between(special.expit(a), special.expit(b), start),
            Policy(leash=0.5).between(a, b, start),
            rtol=1e-6,
        )
        np.testing.assert_allclose(Policy().between(a, a + 7.0, start), 0.0, atol=1e-12)

    def test_no_small_probability_is_lost_on_a_short_leash(self):
        """An agent of β = 0.001 holds e^−1000 possible: KL from another is finite, and the difference of the scores."""
        a, b = np.array([0.0, 1.0]), np.array([1.0, 0.0])
        assert Policy(leash=0.001, divergence="kl").between(a, b, even(2)) == pytest.approx(1000.0)


class TestClosedForms:
    def test_gaussians_on_a_fine_grid(self):
        """N(0, 1) against N(m, s²), as distributions over 4,000 places: the step's error falls as its square."""
        m, s = 0.7, 1.3
        x = np.linspace(-12, 12, 4000)
        p, q = (special.softmax(-((x - c) ** 2) / (2 * w**2)) for c, w in ((0.0, 1.0), (m, s)))
        w = even(len(x))
        kl = np.log(s) + (1 + m**2) / (2 * s**2) - 0.5
        reverse = -np.log(s) + (s**2 + m**2) / 2 - 0.5
        of: dict[str, Any] = {"reads": "distribution"}
        assert KullbackLeibler(**of).between(p, q, w) == pytest.approx(kl, rel=1e-6)
        assert KullbackLeibler(direction="reverse", **of).between(p, q, w) == pytest.approx(reverse, rel=1e-6)
        assert Jeffreys(**of).between(p, q, w) == pytest.approx(kl + reverse, rel=1e-6)
        root = np.sqrt(2 * s / (1 + s**2)) * np.exp(-(m**2) / (4 * (1 + s**2)))
        assert Hellinger(**of).between(p, q, w) == pytest.approx(1 - root, rel=1e-6)
        # one width, so that they cross at the middle: TV = 2Φ(m/2) − 1; a grid splits one cell there
        same = special.softmax(-((x - m) ** 2) / 2)
        assert TotalVariation(**of).between(p, same, w) == pytest.approx(2 * stats.norm.cdf(m / 2) - 1, abs=1e-5)

    def test_bernoulli_fields(self):
        p, q = np.full(PLACES, 0.8), np.full(PLACES, 0.3)
        kl = 0.8 * np.log(0.8 / 0.3) + 0.2 * np.log(0.2 / 0.7)
        assert KullbackLeibler().between(p, q, EVEN) == pytest.approx(kl)
        assert TotalVariation().between(p, q, EVEN) == pytest.approx(0.5)
        assert Hellinger().between(p, q, EVEN) == pytest.approx(1 - np.sqrt(0.24) - np.sqrt(0.14))
        assert JensenShannon().between(np.zeros(PLACES), np.ones(PLACES), EVEN) == pytest.approx(np.log(2))

    def test_smoothing_makes_kl_finite_and_reaches_its_largest(self):
        zero, one = np.zeros(PLACES), np.ones(PLACES)
        assert KullbackLeibler().between(zero, one, EVEN) == np.inf
        for field in (KullbackLeibler(smoothing=0.1), Jeffreys(smoothing=0.1)):
            assert field.between(zero, one, EVEN) == pytest.approx(field.largest)
        assert KullbackLeibler().between(zero, zero, EVEN) == 0

    def test_impossible_what_the_other_holds_possible_is_infinite_one_way(self):
        p, q = np.array([0.5, 0.5, 0.0]), np.array([0.9, 0.1, 0.0])
        r = np.array([1.0, 0.0, 0.0])
        kl = KullbackLeibler(reads="distribution")
        assert np.isfinite(kl.between(p, q, even(3)))
        assert kl.between(p, r, even(3)) == np.inf
        assert kl.between(r, p, even(3)) == pytest.approx(np.log(2))

    def test_clouds_of_gaussians(self):
        """Clouds that share a part of variance r of each of h coordinates, at P → ∞.

        CKA: ⟨XX', YY'⟩ is ‖X'Y‖² = h r², over ‖X'X‖‖Y'Y‖ = h. Procrustes: X'Y/(P h) has h singular values r/h. Their
        errors at P places are of order 1/√P, and CKA has a bias of h²/P/h of its own: five of those are allowed.
        """
        places, h, r = 20_000, 3, 0.6
        dice = generator(5, "clouds")
        common, own = dice.standard_normal((2, places, h))
        turn = np.linalg.qr(dice.standard_normal((h, h)))[0]
        x, y = common, (r * common + np.sqrt(1 - r**2) * own) @ turn
        slack = 5 / np.sqrt(places)
        assert LinearCKA().between(x, y, even(places)) == pytest.approx(1 - r**2, abs=slack)
        assert Procrustes().between(x, y, even(places)) == pytest.approx(1 - r, abs=slack)


def unit(shape):
    """Multiples of 1/64, so that no map below makes two of them one, and none is near an end."""
    return arrays(np.float64, shape, elements=st.integers(1, 63).map(lambda n: n / 64))


class TestInvariances:
    @given(unit((2, 6)), st.floats(0.1, 5.0), st.floats(-3.0, 3.0))
    @settings(max_examples=100, deadline=None)
    def test_no_increasing_map_changes_what_sees_the_order_alone(self, x, steep, shift):
        a, b = x
        c, d = np.exp(steep * a + shift), b**3
        for distance in (Kendall(), Spearman(), TopK(k=2), RankNormalised(), RankNormalised(divergence="kl")):
            found = [float(distance.between(*s, even(6))) for s in ((a, b), (c, d))]
            assert found[0] == pytest.approx(found[1], abs=1e-12)

    @given(unit((3, 5)))
    @settings(max_examples=100, deadline=None)
    def test_pinsker_and_the_rest(self, x):
        """TV² ≤ KL/2, H² ≤ TV, 2H² ≤ KL and JS ≤ log 2 · TV hold at each place, and so for means over places."""
        a, b, _ = x
        w = even(5)
        kl, tv, h2, js = (
            float(d.between(a, b, w)) for d in (KullbackLeibler(), TotalVariation(), Hellinger(), JensenShannon())
        )
        assert tv**2 <= kl / 2 + 1e-12
        assert h2 <= tv + 1e-12
        assert 2 * h2 <= kl + 1e-12
        assert js <= np.log(2) * tv + 1e-12

    @given(st.integers(0, 10_000))
    @settings(max_examples=50, deadline=None)
    def test_turning_mirroring_and_scaling_units_changes_no_representation(self, key):
        dice = generator(key, "turns")
        x, y = dice.standard_normal((2, PLACES, 4))
        turn = np.linalg.qr(dice.standard_normal((4, 4)))[0]
        other = 3.0 * x @ turn + dice.standard_normal(4)
        for distance in (LinearCKA(), Procrustes()):
            assert float(distance.between(x, other, EVEN)) == pytest.approx(0.0, abs=1e-9)
            assert distance.between(other, y, EVEN) == pytest.approx(float(distance.between(x, y, EVEN)), abs=1e-9)

    def test_representations_of_another_width_compare(self):
        x, y = inside(width=4)[0, 0], inside(width=6)[1, 0]
        wide = np.concatenate([x, np.zeros((PLACES, 2))], 1)
        for distance in (LinearCKA(), Procrustes()):
            assert distance.between(x, y, EVEN) == pytest.approx(float(distance.between(wide, y, EVEN)))

    def test_more_units_than_places_are_turned_into_as_many(self):
        a, b = inside(rows=5, width=40)
        for x, y, cka, left in zip(
            a, b, LinearCKA().between(a, b, EVEN), Procrustes().between(a, b, EVEN), strict=True
        ):
            k, m = (KernelCenterer().fit_transform(z @ z.T) for z in (x, y))
            assert cka == pytest.approx(1 - (k * m).sum() / np.sqrt((k**2).sum() * (m**2).sum()))
            assert 1 - (1 - left) ** 2 == pytest.approx(spatial.procrustes(x, y)[2])

    def test_a_constant_representation_says_nothing(self):
        flat, other = np.full((PLACES, 3), 0.1), inside()[0, 0]
        for distance in (LinearCKA(), Procrustes()):
            assert distance.between(flat, flat + 1, EVEN) == 0
            assert distance.between(flat, other, EVEN) == pytest.approx(0.5)


class TestRefusals:
    @pytest.mark.parametrize("kind", ["kl", "jensen_shannon", "hellinger", "total_variation"])
    def test_the_place_of_what_is_no_probability_is_said(self, kind):
        a, b = drawn()[:, 0]
        a[4] = 1.2
        with pytest.raises(PlanError, match=r"place 5 of 13 is 1\.2, which is no probability"):
            distance_named(kind).between(a, b, EVEN)
        b[6] = -0.1
        with pytest.raises(PlanError, match=r"place 7 of 13 is -0\.1"):
            distance_named(kind).between(drawn()[0, 0], b, EVEN)

    def test_a_rounding_outside_is_put_to_its_end(self):
        a = np.array([1.0 + 1e-7, -1e-7])
        assert KullbackLeibler().between(a, np.array([1.0, 0.0]), even(2)) == 0

    def test_what_is_no_distribution_is_said(self):
        a, b = drawn()[:, 0]
        with pytest.raises(PlanError, match="it is no distribution"):
            JensenShannon(reads="distribution").between(a, b, EVEN)

    def test_other_places_are_said(self):
        with pytest.raises(PlanError, match="13 places can't be compared with outcomes at 12"):
            Hellinger().between(drawn()[0, 0], drawn()[0, 0, :-1], EVEN)
        with pytest.raises(PlanError, match="don't pair up"):
            Hellinger().between(drawn()[0, :3], drawn()[0, :4], EVEN)
        with pytest.raises(PlanError, match="sum to 1"):
            Hellinger().between(drawn()[0], drawn()[1], EVEN * 2)

    def test_numbers_for_representations_are_said(self):
        with pytest.raises(PlanError, match="one row of numbers a place"):
            LinearCKA().between(np.ones(3), np.ones(3), even(3))

    def test_one_place_has_no_order(self):
        for distance in (Kendall(), Spearman()):
            with pytest.raises(PlanError, match="One place has no order"):
                distance.between(np.ones(1), np.ones(1), even(1))
            with pytest.raises(PlanError, match="One place has no order"):
                distance.between(np.ones(2), np.ones(2), np.array([1.0, 0.0]))

    def test_a_top_of_all_places_is_said(self):
        with pytest.raises(PlanError, match="Set k below 13"):
            TopK(k=13).between(drawn()[0], drawn()[1], EVEN)

    def test_the_log_odds_of_certainty_are_said(self):
        with pytest.raises(PlanError, match="place 2 of 3 is a probability of 0 or 1"):
            Policy(scores="log_odds").between(np.array([0.5, 1.0, 0.5]), np.full(3, 0.5), even(3))


class TestNames:
    @pytest.mark.parametrize("kind", sorted(KINDS))
    def test_every_kind_comes_back_from_its_record(self, kind):
        made = distance_of(kind)
        assert made.kind == kind
        assert distance_of(json.loads(json.dumps(made.model_dump(mode="json")))) == made

    def test_the_nearest_kind_is_named(self):
        with pytest.raises(ConfigError, match="Did you mean 'jensen_shannon'"):
            distance_of("jensen_shanon")
        with pytest.raises(ConfigError, match="smoothing"):
            distance_of({"kind": "kl", "smoothing": 2})
        with pytest.raises(ConfigError, match="unknown setting 'smothing'"):
            distance_of({"kind": "kl", "smothing": 0.1})

    def test_somebody_elses_is_made_only_where_it_measures(self):
        found = distance_of({"kind": "no.such.module:Distance", "power": 3})
        assert isinstance(found, Elsewhere)
        assert found.model_dump() == {"kind": "no.such.module:Distance", "power": 3}
        with pytest.raises(ConfigError, match="can't be made"):
            distance_named(found)
        with pytest.raises(ConfigError, match=r"has no kind and no words and no unit"):
            distance_named("fractions:Fraction")
        with pytest.raises(ConfigError, match="is no name"):
            distance_of("not a name:X")

    def test_all_pairs_at_once_are_those_of_each_pair_with_ties_and_gaps(self):
        a, b = np.round(drawn() * 4) / 4
        b[3, 2] = np.nan
        weights = generator(6, "weights").dirichlet(np.ones(PLACES))
        each = Kendall().between(a[:, None], b[None], weights)
        np.testing.assert_allclose(matrix(Kendall(), a, b, weights), each, rtol=1e-12)
        assert np.isnan(each[:, 3]).all()

    def test_outcomes_of_one_order_are_not_apart_at_all(self):
        a, _ = drawn()
        weights = generator(7, "weights").dirichlet(np.ones(PLACES))
        for w in (EVEN, weights):
            found = matrix(Kendall(), a, np.exp(3.0 * a), w)  # an increasing map: the diagonal is of one order
            assert (np.diag(found) == 0.0).all()
            one = a[:1].repeat(4, 0)
            assert (matrix(Kendall(), one, one, w) == 0.0).all()

    def test_a_large_matrix_is_cut_into_pieces_that_say_the_same(self, monkeypatch):
        a, b = drawn()
        both: tuple[Any, ...] = (Kendall(), JensenShannon(), Spearman())
        units = inside(rows=7)
        inner = matrix(Procrustes(), *units)
        whole = [matrix(d, a, b) for d in both]
        each = Kendall().between(a, b, EVEN)
        monkeypatch.setattr("activeseed.distances.ensembles.AT_ONCE", 100)
        monkeypatch.setattr("activeseed.distances.ranks.AT_ONCE", 200)
        np.testing.assert_allclose(matrix(Procrustes(), *units), inner, rtol=1e-12)
        for d, found in zip(both, whole, strict=True):
            np.testing.assert_allclose(matrix(d, a, b), found, rtol=1e-12)
        np.testing.assert_allclose(Kendall().between(a, b, EVEN), each, rtol=1e-12)


# --- the table --------------------------------------------------------------------------------------------------------


def test_the_table_of_distances_says_what_the_records_say() -> None:
    rows = [
        line.strip("| \n").split(" | ")
        for line in (activeseed.distances.__doc__ or "").splitlines()
        if line[:2] == "| "
    ]
    said = {kind.strip("`"): row for row in rows[1:] for kind in row[0].split(", ")}
    assert set(said) == set(KINDS)
    largest = {"∞": math.inf, "log 2": math.log(2.0), "1": 1.0}
    for kind, (_, _, unit, most, embeds, metric) in said.items():
        distance = distance_named(kind)
        if most == "its":  # of the divergence that it takes
            assert (unit, embeds, metric) == ("the divergence's", "as it", "as it")
            continue
        assert unit in distance.unit, kind
        assert distance.largest == largest[most], kind
        assert distance.embeds == (embeds == "yes"), kind
        assert distance.metric == {"d": "d", "√d": "root", "neither": ""}[metric], kind
