"""The credibility model: what is held before any answer, what answers move, and how it is held to account."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activeseed.belief import BeliefSettings, author_law, calibration, fit_belief, vouching_evidence
from activeseed.belief.laplace import laplace, logit, sigmoid
from activeseed.belief.model import components, standardised
from activeseed.errors import PlanError, SeedError
from activeseed.outcome import Outcomes
from activeseed.plan import Law, Rows
from activeseed.seed import Item, Seed, Text, Variant

F = 24


def flat(p: float = 0.75, f: int = F) -> Law:
    return Law("author's", np.tile([p, 1.0 - p], (f, 1)))


def unasked(f: int = F) -> np.ndarray:
    return np.ones((f, 2))


def told(answers: dict[int, int], f: int = F, error: float = 0.0) -> np.ndarray:
    like = unasked(f)
    for i, kept in answers.items():
        like[i] = [1.0 - error, error] if kept else [error, 1.0 - error]
    return like


def rng_features(key: int = 0, f: int = F, d: int = 12) -> np.ndarray:
    return np.random.default_rng(key).standard_normal((f, d))


def fit(likelihood, *, settings=None, evidence=None, features=None, prior=None, groups=None, key=1):
    prior = prior or flat()
    n = len(prior.probabilities)
    return fit_belief(
        settings or BeliefSettings(),
        prior,
        groups=groups or [""] * n,
        features=features,
        evidence=evidence,
        likelihood=likelihood,
        key=key,
    )


class TestAuthorLaw:
    def seed(self, **belief: float) -> Seed:
        first = Item(id="a", payload=Text(text="a"), belief=belief or None)
        wording = Variant(id="w", payload=Text(text="other"))
        return Seed(items=(first, Item(id="b", payload=Text(text="b"), alternatives=(wording,))))

    def test_a_base_rate_is_spread_as_the_seed_spreads_it(self) -> None:
        law = author_law(self.seed(), 0.8)
        np.testing.assert_allclose(law.probabilities, [[0.8, 0.2, 0.0], [0.8, 0.1, 0.1]])
        to_absent = author_law(self.seed(), 0.8, "absent")
        np.testing.assert_allclose(to_absent.probabilities[1], [0.8, 0.2, 0.0])

    def test_what_the_author_said_wins_over_the_base_rate(self) -> None:
        law = author_law(self.seed(as_written=0.3, absent=0.7), 0.8)
        np.testing.assert_allclose(law.probabilities[0], [0.3, 0.7, 0.0])

    def test_a_belief_that_does_not_sum_to_one_is_refused(self) -> None:
        with pytest.raises(SeedError, match=r"sum to 0\.8"):
            author_law(self.seed(as_written=0.3, absent=0.5))


class TestBeforeAnyAnswer:
    def test_the_mean_is_the_authors(self) -> None:
        evidence = np.random.default_rng(3).gamma(1.0, 1.0, F)
        belief = fit(unasked(), evidence=evidence, features=rng_features())
        # Marginals are means of 2,000 draws of at most two discrete worlds times coefficients: 0.01 is far above
        # what rounding the worlds' shares to draws can do (1/2000 a world).
        assert belief.credibility.mean() == pytest.approx(0.75, abs=0.01)
        assert not belief.answered.any()

    def test_no_item_leaves_on_evidence_alone(self) -> None:
        evidence = np.linspace(-3, 3, F)
        assert (fit(unasked(), evidence=evidence, features=rng_features()).modal == 0).all()

    def test_independent_is_the_author_exactly(self) -> None:
        prior = Law("author's", np.array([[0.9, 0.1], [0.4, 0.6], [1.0, 0.0]]))
        belief = fit(unasked(3), settings=BeliefSettings(kind="independent"), prior=prior)
        np.testing.assert_allclose(belief.law.probabilities, prior.probabilities, atol=1e-12)

    def test_an_items_own_belief_enters_as_its_offset(self) -> None:
        p = np.full(F, 0.75)
        p[0], p[1] = 0.95, 0.4
        belief = fit(unasked(), prior=Law("author's", np.stack([p, 1 - p], 1)))
        np.testing.assert_allclose(belief.credibility, p, atol=0.02)


class TestAnswers:
    def test_a_perfect_answer_settles_its_item(self) -> None:
        belief = fit(told({0: 0, 1: 1}), evidence=np.linspace(-2, 2, F), features=rng_features())
        assert belief.credibility[0] == 0.0
        assert belief.credibility[1] == 1.0
        assert list(np.flatnonzero(belief.answered)) == [0, 1]

    def test_independent_beliefs_of_unasked_items_never_move(self) -> None:
        settings = BeliefSettings(kind="independent")
        belief = fit(told({0: 0, 1: 0, 2: 0}), settings=settings, evidence=np.linspace(-2, 2, F))
        np.testing.assert_allclose(belief.credibility[3:], 0.75)

    def test_evidence_earns_its_weight(self) -> None:
        evidence = np.linspace(-2, 2, F)
        before = fit(unasked(), evidence=evidence).credibility
        agrees = fit(told({0: 0, 1: 0, 2: 0, 22: 1, 23: 1}), evidence=evidence).credibility
        denies = fit(told({0: 1, 1: 1, 2: 1, 22: 0, 23: 0}), evidence=evidence).credibility
        slope = [c[19:22].mean() - c[3:6].mean() for c in (before, agrees, denies)]
        assert slope[1] > 2 * slope[0] > 0
        assert slope[2] < slope[0]

    def test_kin_of_a_wrong_item_lose_credibility_and_others_do_not(self) -> None:
        features = np.vstack([np.tile([1.0, 0.0], (12, 1)), np.tile([0.0, 1.0], (12, 1))])
        features = features + 0.05 * rng_features(5, F, 2)
        belief = fit(told({0: 0, 1: 0, 2: 0, 12: 1, 13: 1, 14: 1}), features=features)
        assert belief.credibility[3:12].max() < belief.credibility[15:].min() - 0.2

    def test_a_group_that_fails_pulls_its_members_down(self) -> None:
        groups = ["a"] * 12 + ["b"] * 12
        belief = fit(told({0: 0, 1: 0, 2: 0, 12: 1, 13: 1, 14: 1}), groups=groups)
        assert belief.credibility[5] < belief.credibility[20] - 0.03

    def test_an_answer_that_may_be_wrong_counts_less(self) -> None:
        sure, unsure = fit(told({0: 0})), fit(told({0: 0}, error=0.3))
        assert sure.credibility[0] == 0.0
        # Bayes by hand, base rate hardly moved by one answer: 0.75·0.3 / (0.75·0.3 + 0.25·0.7) = 0.5625
        assert unsure.credibility[0] == pytest.approx(0.5625, abs=0.03)
        assert abs(unsure.credibility[1] - 0.75) < abs(sure.credibility[1] - 0.75)

    def test_unanimous_answers_move_the_base_rate(self) -> None:
        kept = fit(told(dict.fromkeys(range(12), 1))).credibility[20]
        dropped = fit(told(dict.fromkeys(range(12), 0))).credibility[20]
        assert dropped < 0.75 < kept

    def test_a_few_wrong_items_were_expected_and_do_not_damn_the_rest(self) -> None:
        assert fit(told(dict.fromkeys(range(3), 0))).credibility[20] > 0.72

    def test_an_edit_that_the_author_never_thought_of_wins(self) -> None:
        prior = Law("author's", np.tile([0.75, 0.25, 0.0], (4, 1)))
        like = np.ones((4, 3))
        like[0] = [0.05, 0.05, 0.9]
        belief = fit(like, prior=prior)
        assert belief.modal[0] == 2
        np.testing.assert_allclose(belief.law.probabilities[1, 2], 0.0)

    def test_what_is_not_as_written_keeps_the_authors_proportions(self) -> None:
        prior = Law("author's", np.tile([0.6, 0.1, 0.3], (5, 1)))
        belief = fit(np.ones((5, 3)), prior=prior)
        rest = belief.law.probabilities[:, 1:]
        np.testing.assert_allclose(rest[:, 1] / rest[:, 0], 3.0)

    def test_an_item_its_author_is_certain_of_stays_until_asked(self) -> None:
        p = np.full(F, 0.75)
        p[5] = 1.0
        prior = Law("author's", np.stack([p, 1 - p], 1))
        assert fit(told({0: 0, 1: 0}), prior=prior).credibility[5] == 1.0
        assert fit(told({5: 0}), prior=prior).credibility[5] == 0.0

    def test_shapes_that_do_not_fit_are_refused(self) -> None:
        with pytest.raises(PlanError, match="do not fit"):
            fit(np.ones((3, 2)))


class TestBelief:
    def test_reasons_add_up_to_the_credibility(self) -> None:
        belief = fit(told({0: 0, 1: 0, 7: 1}), evidence=np.linspace(-2, 2, F), features=rng_features())
        for f in (0, 3, 7):
            why = belief.why(f)
            assert why["author"] == pytest.approx(np.log(3))
            assert sum(why.values()) == pytest.approx(float(logit(belief.credibility[f : f + 1])[0]))
        assert {"author", "base rate", "evidence", "kin"} <= set(belief.why(3))
        assert belief.why(0)["answers"] < 0 < belief.why(7)["answers"]

    def test_a_rows_credibility_is_what_it_was_before_times_the_items_own_answers(self) -> None:
        like = told({0: 0, 1: 1, 5: 1}, error=0.2)
        belief = fit(like, evidence=np.linspace(-2, 2, F), features=rng_features())
        assert belief.before.shape == belief.mixture.shape
        by_hand = belief.before * like[:, 0] / (belief.before * like[:, 0] + (1 - belief.before) * like[:, 1])
        np.testing.assert_allclose(belief.mixture, by_hand, atol=1e-12)
        np.testing.assert_array_equal(belief.before[:, 2], belief.mixture[:, 2])

    def test_the_same_key_gives_the_same_belief(self) -> None:
        a, b = (fit(told({0: 0}), evidence=np.linspace(-2, 2, F), features=rng_features()) for _ in range(2))
        np.testing.assert_array_equal(a.mixture, b.mixture)
        np.testing.assert_array_equal(a.draw(50, 3), b.draw(50, 3))

    @settings(max_examples=25)
    @given(
        kept=st.dictionaries(st.integers(0, F - 1), st.integers(0, 1), max_size=10),
        error=st.sampled_from([0.0, 0.1, 0.4]),
        base=st.floats(0.05, 0.95),
    )
    def test_laws_and_covariances_are_what_they_say(self, kept: dict[int, int], error: float, base: float) -> None:
        belief = fit(
            told(kept, error=error),
            settings=BeliefSettings(samples=200),
            prior=flat(base),
            evidence=np.arange(F) / 5.0,
            features=rng_features(),
        )
        p = belief.law.probabilities
        assert np.isfinite(p).all()
        assert (p >= 0).all()
        np.testing.assert_allclose(p.sum(1), 1.0)
        c = belief.covariance
        np.testing.assert_allclose(c, c.T, atol=1e-12)
        # indicators of one item sum to one, so its rows of any covariance sum to zero
        np.testing.assert_allclose(c.reshape(F, 2, F, 2).sum(1), 0.0, atol=1e-9)
        assert np.linalg.eigvalsh(c).min() > -1e-9


class TestParts:
    def test_laplace_finds_the_mode_and_the_evidence_of_one_coefficient(self) -> None:
        x = np.array([[1.0], [0.5], [-1.0], [2.0]])
        stay, leave = np.array([1.0, 0.1, 0.0, 1.0]), np.array([0.0, 0.9, 1.0, 1.0])
        mode = laplace(x, np.full(4, 0.3), np.array([0.2]), np.array([2.0]), stay, leave)
        grid = np.linspace(-6, 6, 20001)
        p = sigmoid(0.3 + grid[:, None] * x[:, 0])
        log = np.log(p * stay + (1 - p) * leave).sum(1) - (grid - 0.2) ** 2 + 0.5 * np.log(2 / (2 * np.pi))
        assert mode.mean[0] == pytest.approx(grid[log.argmax()], abs=1e-3)
        exact = np.log(np.exp(log).sum() * (grid[1] - grid[0]))
        # Laplace's error is O(1/n); three informative answers under a prior of precision 2 leave it below 0.05 nats
        assert mode.log_evidence == pytest.approx(exact, abs=0.05)

    def test_unknown_evidence_is_no_evidence(self) -> None:
        out = standardised(np.array([np.nan, -4.0, 4.0, np.nan]))
        np.testing.assert_allclose(out, [0.0, -1.0, 1.0, 0.0])

    def test_evidence_that_hardly_varies_is_not_blown_up(self) -> None:
        assert np.abs(standardised(np.array([0.1, -0.1, 0.1, -0.1]))).max() == pytest.approx(0.1)

    def test_kinship_is_the_centred_cosine(self) -> None:
        x = rng_features(2, F, 200)
        c = x - x.mean(0)
        c /= np.linalg.norm(c, axis=1, keepdims=True)
        scores = components(x, 96)
        np.testing.assert_allclose(scores @ scores.T, c @ c.T, atol=1e-9)

    def test_in_few_dimensions_kinship_is_scaled_down(self) -> None:
        flat_world, sentences = components(rng_features(2, 60, 3), 96), components(rng_features(2, 60, 200), 96)
        assert (flat_world**2).sum(1).max() < 0.3
        np.testing.assert_allclose((sentences**2).sum(1), 1.0)

    def test_identical_texts_have_no_kinship_to_learn_from(self) -> None:
        belief = fit(told({0: 0}), features=np.ones((F, 3)))
        assert np.isfinite(belief.credibility).all()


class TestEvidence:
    def test_only_rows_without_the_item_count(self) -> None:
        variants = np.zeros((20, 2), np.int16)
        variants[:10, 0] = 1
        vouching = np.full((20, 2), 0.9, np.float32)
        vouching[:10, 0] = 0.2
        rows = Rows(variants, np.arange(20))
        outcomes = Outcomes(np.zeros((20, 1), np.float32), np.ones(20, bool), vouching=vouching)
        score = vouching_evidence(rows, outcomes)
        assert score is not None
        assert score[0] == pytest.approx(np.log(0.2 / 0.8), abs=1e-5)
        assert np.isnan(score[1])
        kept = vouching_evidence(rows, outcomes, before=np.array([5.0, 1.5]))
        assert kept is not None
        np.testing.assert_allclose(kept, [np.log(0.25), 1.5], atol=1e-5)

    def test_failed_rows_say_nothing(self) -> None:
        variants = np.ones((20, 1), np.int16)
        vouching = np.r_[np.full((10, 1), 0.2), np.full((10, 1), np.nan)].astype(np.float32)
        ok = np.arange(20) < 10
        score = vouching_evidence(
            Rows(variants, np.arange(20)), Outcomes(np.zeros((20, 1), np.float32), ok, vouching=vouching)
        )
        assert score is not None
        assert score[0] == pytest.approx(np.log(0.25), abs=1e-5)

    def test_a_pair_that_is_flipped_is_vouched_for_half_way(self) -> None:
        variants = np.zeros((20, 1), np.int16)
        variants[:10] = 2
        vouching = np.where(variants == 2, sigmoid(np.array(-1.0)), sigmoid(np.array(2.0))).astype(np.float32)
        outcomes = Outcomes(np.zeros((20, 1), np.float32), np.ones(20, bool), vouching=vouching)
        score = vouching_evidence(Rows(variants, np.arange(20)), outcomes, opposite=[2])
        assert score is not None
        assert score[0] == pytest.approx(0.5, abs=1e-5)
        unknown = vouching_evidence(Rows(variants, np.arange(20)), outcomes, opposite=[-1])
        assert unknown is not None
        assert np.isnan(unknown[0])

    def test_a_trainer_that_can_not_vouch_gives_none(self) -> None:
        outcomes = Outcomes(np.zeros((4, 1), np.float32), np.ones(4, bool))
        assert vouching_evidence(Rows(np.ones((4, 2), np.int16), np.arange(4)), outcomes) is None


class TestCalibration:
    def test_scores_and_bins_by_hand(self) -> None:
        out = calibration([0.9, 0.9, 0.1, 0.1], [1, 0, 0, 0], author=[0.75] * 4)
        assert out["brier"] == pytest.approx((0.01 + 0.81 + 0.01 + 0.01) / 4)
        assert out["brier_author"] == pytest.approx((0.0625 + 3 * 0.5625) / 4)
        assert [b["n"] for b in out["bins"]] == [2, 2]
        assert out["bins"][1]["stayed"] == pytest.approx(0.5)

    def test_a_coin_refutes_a_belief_that_is_sure(self) -> None:
        assert calibration([0.95] * 20, [1, 0] * 10)["refuted"]

    def test_few_answers_refute_nothing(self) -> None:
        assert not calibration([0.95] * 4, [0, 0, 1, 1])["refuted"]

    def test_nothing_answered(self) -> None:
        out = calibration([], [])
        assert out["n"] == 0
        assert out["brier"] is None
        assert not out["refuted"]

    def test_lengths_must_agree(self) -> None:
        with pytest.raises(ValueError, match="one belief an answer"):
            calibration([0.5], [1, 0])
