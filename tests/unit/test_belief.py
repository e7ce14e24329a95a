"""The credibility model: what is held before any answer, what answers move, and how it is held to account."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, ndtr

from activeseed.belief import BeliefSettings, author_law, calibration, copies, fit_belief, vouching_evidence
from activeseed.belief.copies import closest, near_copies, tied
from activeseed.belief.counting import counted
from activeseed.belief.evidence import logit
from activeseed.belief.filtering import filtered
from activeseed.belief.model import components, earned, standardised
from activeseed.belief.posterior import Belief, World
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


def fit(
    likelihood, *, settings=None, evidence=None, features=None, prior=None, groups=None, key=1, order=None, drawn=None
):
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
        order=order,
        drawn=drawn,
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
    def test_content_moves_nothing(self) -> None:
        p = np.linspace(0.05, 0.95, F)
        prior = Law("author's", np.stack([p, 1 - p], 1))
        groups = ["a", "b"] * (F // 2)
        belief = fit(unasked(), evidence=np.linspace(-3, 3, F), features=rng_features(), prior=prior, groups=groups)
        # every predictor starts at the author's, and each column of the rows is moved to the mean in closed form
        np.testing.assert_allclose(belief.credibility, p, atol=1e-9)
        np.testing.assert_allclose(belief.before.mean(0), p, atol=1e-9)
        np.testing.assert_allclose(belief.mixture, np.tile(p, (len(belief.mixture), 1)), atol=1e-9)
        assert not belief.answered.any()
        assert belief.used == pytest.approx({"author": 1 / 4, "base rate": 1 / 3, "count": 1 / 4, "content": 1 / 6})

    def test_independent_is_the_author_exactly(self) -> None:
        prior = Law("author's", np.array([[0.9, 0.1], [0.4, 0.6], [1.0, 0.0]]))
        belief = fit(unasked(3), settings=BeliefSettings(kind="independent"), prior=prior)
        np.testing.assert_allclose(belief.law.probabilities, prior.probabilities, atol=1e-12)


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
        assert slope[0] == pytest.approx(0.0)
        assert slope[1] > 0.15
        assert slope[2] < -0.15

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
        # Bayes by hand for the author: 0.75·0.3 / (0.75·0.3 + 0.25·0.7) = 0.5625; one answer moves the base rate
        # down in some of the predictors
        assert 0.45 < unsure.credibility[0] < 0.6
        assert abs(unsure.credibility[1] - 0.75) < abs(sure.credibility[1] - 0.75)

    def test_unanimous_answers_move_the_base_rate(self) -> None:
        kept = fit(told(dict.fromkeys(range(12), 1))).credibility[20]
        dropped = fit(told(dict.fromkeys(range(12), 0))).credibility[20]
        assert dropped < 0.75 < kept

    def test_wrong_items_that_look_wrong_do_not_damn_those_that_do_not(self) -> None:
        evidence = np.linspace(-2, 2, F)
        belief = fit(told({0: 0, 1: 0, 2: 0, 22: 1, 23: 1}), evidence=evidence, drawn=np.arange(F) == 23)
        assert belief.credibility[20] > 0.72
        assert belief.credibility[3] < 0.5

    def test_an_edit_that_the_author_never_thought_of_wins(self) -> None:
        prior = Law("author's", np.tile([0.75, 0.25, 0.0], (4, 1)))
        like = np.ones((4, 3))
        like[0] = [0.05, 0.05, 0.9]
        belief = fit(like, prior=prior)
        assert belief.modal[0] == 2
        np.testing.assert_allclose(belief.law.probabilities[1, 2], 0.0)

    def test_where_answers_point_beyond_the_author_half_of_the_rest_stays_his(self) -> None:
        prior = Law("author's", np.array([[0.8, 0.2, 0.0], [0.5, 0.5, 0.0]]))
        like = np.array([[0.1, 0.1, 0.9], [1.0, 1.0, 1.0]])
        belief = fit(like, prior=prior, settings=BeliefSettings(kind="independent"))
        # if it goes: half as the author shares it, (1, 0), half as answers do, (.1, .9); then Bayes with each answer
        share = 0.5 * np.array([1.0, 0.0]) + 0.5 * np.array([0.1, 0.9])
        leave = share @ like[0, 1:]
        np.testing.assert_allclose(belief.elsewhere[0], [0.0, *(share * like[0, 1:] / leave)])
        assert belief.credibility[0] == pytest.approx(0.8 * 0.1 / (0.8 * 0.1 + 0.2 * leave))

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

    def test_a_reason_is_what_it_moves_once_all_that_is_not_known_of_it_is_averaged_over(self) -> None:
        design, offset = np.array([[1.0], [2.0]]), np.array([0.2, -0.1])
        world = World("base rate", 1.0, design, offset, np.array([0.5]), np.array([[0.75]]), ("base rate",))
        rows = np.tile(world.marginal, (4, 1))
        away = np.tile([0.0, 1.0], (2, 1))
        without = World("base rate", 1.0, design, offset, np.zeros(1), world.covariance, ("base rate",)).marginal
        belief = Belief(without, rows, away, np.zeros(2, bool), (world,), rows)
        for f, scale in enumerate((np.sqrt(1.75), np.sqrt(4.0))):
            said = belief.why(f)["base rate"]
            assert said == pytest.approx(1.7 * 0.5 * design[f, 0] / scale)
            # a logit is 1.7 probits up to 0.01 of a probability between .4 and .7: 0.01 / (p (1 − p)) twice
            assert said == pytest.approx(float(np.diff(logit(np.array([without[f], world.marginal[f]])))[0]), abs=0.1)

    def test_rows_before_own_answers_hold_what_is_not_known_and_agree_with_the_rest(self) -> None:
        like = told({0: 0, 1: 1, 5: 1}, error=0.2)
        belief = fit(like, evidence=np.linspace(-2, 2, F), features=rng_features())
        assert belief.before.shape == belief.mixture.shape
        after = belief.before * like[:, 0] / (belief.before * like[:, 0] + (1 - belief.before) * like[:, 1])
        # one predictor's rows are draws here and means there, of the same mean where nobody answered; where somebody
        # did, the mean of 400 draws with a standard deviation of .2 has an error of .01
        np.testing.assert_allclose(after.mean(0)[6:], belief.credibility[6:], atol=1e-9)
        np.testing.assert_allclose(after.mean(0)[[0, 1, 5]], belief.credibility[[0, 1, 5]], atol=0.03)
        assert belief.before[:, 2].std() > 2 * belief.mixture[:, 2].std()

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
    def test_filtering_finds_mean_and_evidence_of_one_coefficient(self) -> None:
        x = np.array([[1.0], [0.5], [-1.0], [2.0]])
        stay, leave = np.array([1.0, 0.1, 0.05, 1.0]), np.array([0.02, 0.9, 1.0, 1.0])
        grid = np.linspace(-8, 8, 20001)
        p = ndtr(0.3 + grid[:, None] * x[:, 0])
        for answers, tolerance in ((1, 1e-6), (4, 0.02)):
            # one answer's moments are exact; after three, what a Gaussian leaves out of a skewed posterior is left out
            found = filtered(x, np.full((1, 4), 0.3), np.array([[0.8]]), stay, leave, np.arange(answers))
            like = (p * stay + (1 - p) * leave)[:, :answers].prod(1)
            weight = like * np.exp(-0.5 * (grid / 0.8) ** 2) / (0.8 * np.sqrt(2 * np.pi)) * (grid[1] - grid[0])
            mean = (weight * grid).sum() / weight.sum()
            assert found.mean[0, 0] == pytest.approx(mean, abs=tolerance)
            variance = (weight * grid**2).sum() / weight.sum() - mean**2
            assert found.covariance[0, 0, 0] == pytest.approx(variance, abs=tolerance)
            assert found.log_predicted.sum() == pytest.approx(np.log(weight.sum()), abs=tolerance)

    def test_the_plain_count_is_the_betas(self) -> None:
        stay, leave = told({0: 1, 1: 1, 2: 0, 3: 1}).T
        world, log = counted(np.full(F, 0.5), [""] * F, stay, leave, np.arange(4))
        np.testing.assert_allclose(world.marginal, (0.5 + 4 * 4 / 6) / 5)
        # half the author, half Laplace's rule after one answer; a third and two thirds after two; …
        expected = [0.5, (0.5 + 2 / 3) / 2, 1 - (0.5 + 2 * 3 / 4) / 3, (0.5 + 3 * 3 / 5) / 4]
        np.testing.assert_allclose(np.exp(log), expected)

    def test_groups_are_counted_each_by_itself(self) -> None:
        groups = ["a"] * 12 + ["b"] * 12
        like = told({**dict.fromkeys(range(6), 1), **dict.fromkeys(range(12, 18), 0)})
        world, _ = counted(np.full(F, 0.75), groups, like[:, 0], like[:, 1], np.r_[0:6, 12:18])
        whole = (0.75 + 12 * 7 / 14) / 13
        np.testing.assert_allclose(world.marginal[[0, 20]], [(2 * whole + 6) / 8, 2 * whole / 8])

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
        assert scores.shape == (F, F - 1)
        np.testing.assert_allclose(scores @ scores.T, c @ c.T, atol=1e-9)

    def test_identical_texts_have_no_kinship_to_learn_from(self) -> None:
        belief = fit(told({0: 0}), features=np.ones((F, 3)))
        assert np.isfinite(belief.credibility).all()


class TestNeverWorse:
    """A belief that answers refute is not used: regret on unasked items, in the issue's cells."""

    @staticmethod
    def brier(author: float, truth: np.ndarray, asked: np.ndarray, error: float = 0.05) -> tuple[float, float, dict]:
        f = len(truth)
        like = told({int(i): int(truth[i]) for i in asked}, f, error)
        evidence = np.random.default_rng(1).standard_normal(f)
        belief = fit(like, prior=flat(author, f), evidence=evidence, features=rng_features(2, f, 20), order=asked)
        left = np.setdiff1d(np.arange(f), asked)
        score = float(((belief.credibility[left] - truth[left]) ** 2).mean())
        count = (1 + truth[asked].sum()) / (2 + len(asked))
        return score, float(((count - truth[left]) ** 2).mean()), belief.used

    def test_unasked_items_do_not_pay_for_right_answers(self) -> None:
        # .754 where a share over all items was held, .040 for the author, .0015 for the count
        score, _, used = self.brier(0.8, np.ones(48), np.arange(24))
        assert score < 0.01
        assert used["author"] < 0.05

    def test_a_base_rate_that_is_wrong_is_given_up(self) -> None:
        # .882 where a share over all items was held, .323 for the author (.34 here), .25 for the true rate
        truth = np.arange(48) % 2
        score, count, used = self.brier(0.8, truth, np.arange(24))
        assert count == pytest.approx(0.25)
        # content may have learnt something from chance: 0.03 is the regret that is allowed after 24 answers
        assert score < 0.28
        assert used["author"] < 0.1

    def test_an_excellent_author_is_kept(self) -> None:
        truth = np.arange(80) % 4 > 0
        p = np.where(truth, 0.95, 0.1)
        like = told({i: int(truth[i]) for i in range(24)}, 80, 0.05)
        belief = fit(like, prior=Law("author's", np.stack([p, 1 - p], 1)), features=rng_features(3, 80, 20))
        assert belief.used.get("count", 0.0) < 1e-3
        assert ((belief.credibility - truth)[24:] ** 2).mean() < 0.005

    def test_the_count_earns_by_questions_drawn_at_random_alone(self) -> None:
        like = told(dict.fromkeys(range(12), 1), error=0.05)
        draws = (np.zeros(F, bool), np.arange(F) < 6, None)
        none, some, every = (fit(like, prior=flat(0.2), drawn=drawn).used for drawn in draws)
        assert none["count"] == pytest.approx(0.25)
        assert min(abs(some["count"] - 0.25), abs(every["count"] - some["count"])) > 0.01
        # what the others are weighed by is the same, whatever was drawn
        assert every["author"] / every["base rate"] == pytest.approx(none["author"] / none["base rate"])

    def test_a_sleeping_predictor_keeps_its_share(self) -> None:
        said = np.log(np.array([[0.9, 0.2], [0.1, 0.9], [0.3, 0.4]]))
        share = earned(np.array([1.0, 2.0, 1.0]), said, np.array([False, True]))
        # asleep at the first: 1/2 stays, the others .9 : .3; then times .2, .9, .4
        by_hand = np.array([0.375 * 0.2, 0.5 * 0.9, 0.125 * 0.4])
        np.testing.assert_allclose(share, by_hand / by_hand.sum())

    def test_the_order_of_answers_is_that_in_which_they_were_predicted(self) -> None:
        like = told({0: 1, 1: 1, 2: 0, 3: 0}, error=0.05)
        first, last = (fit(like, order=order).used for order in ([0, 1, 2, 3], [2, 3, 0, 1]))
        assert first != last
        assert fit(like).used == first
        # an order that forgets an answered item, or names one that nobody answered, loses nothing
        assert fit(like, order=[0, 1, 9, 2]).used == first


class TestNearCopies:
    def seed(self) -> np.ndarray:
        x = rng_features(4, F, 30)
        x[1] = x[0]
        return x

    def correlation(self, belief, a: int, b: int) -> float:
        c = belief.covariance.reshape(F, 2, F, 2)[:, 0, :, 0]
        return float(c[a, b] / np.sqrt(c[a, a] * c[b, b]))

    def test_identical_texts_are_one_question(self) -> None:
        evidence = np.random.default_rng(5).standard_normal(F)
        belief = fit(unasked(), features=self.seed(), evidence=evidence)
        assert self.correlation(belief, 0, 1) > 0.9
        assert abs(self.correlation(belief, 0, 2)) < 1e-6
        for kept in (0, 1):
            after = fit(told({0: kept}, error=0.05), features=self.seed(), evidence=evidence)
            # the twin's credibility follows, but for the 2 % that identical texts may be judged otherwise
            assert abs(after.credibility[1] - after.credibility[0]) < 0.05

    def test_a_near_copy_follows_as_far_as_it_is_alike(self) -> None:
        shift = np.random.default_rng(6).standard_normal(30)
        followed = []
        for share in (0.0, 0.15, 0.3, 0.5):
            x = self.seed()
            x[1] = x[0] + share * np.sqrt(60.0) * shift / np.linalg.norm(shift)
            followed.append(self.correlation(fit(unasked(), features=x), 0, 1))
        # 1 − d²/(0.2 · 60), d² = share² · 60: .98 (the most), .89, .55, 0
        np.testing.assert_allclose(followed, [0.98, 0.8875, 0.55, 0.0], atol=0.08)

    def test_authors_who_believe_differently_of_copies_keep_their_beliefs(self) -> None:
        p = np.full(F, 0.75)
        p[:2] = 0.9, 0.3
        belief = fit(unasked(), features=self.seed(), prior=Law("author's", np.stack([p, 1 - p], 1)))
        # the shared uniform is stratified over 400 rows: an error of 1/400
        np.testing.assert_allclose(belief.credibility, p, atol=0.005)

    def test_contradicting_answers_about_copies_stand(self) -> None:
        belief = fit(told({0: 0, 1: 1}), features=self.seed())
        assert list(belief.credibility[:2]) == [0.0, 1.0]
        assert np.isfinite(belief.credibility).all()

    def test_embeddings_that_say_nothing_make_no_copies(self) -> None:
        for x in (None, np.zeros((F, 3)), np.ones((F, 3))):
            assert near_copies(x, F, 0.2).clusters == ()
        blank = self.seed()
        blank[5:8] = 0.0
        assert [c.tolist() for c in near_copies(blank, F, 0.2).clusters] == [[0, 1]]

    def test_a_large_table_is_read_in_blocks(self) -> None:
        x = rng_features(7, 1100, 30)
        x[1090] = x[3]
        assert [c.tolist() for c in near_copies(x, 1100, 0.2).clusters] == [[3, 1090]]

    def test_a_cluster_of_three_is_that_of_bayes(self) -> None:
        # all three share u: P(x1 | x0 said to be wrong, error .2) with λ² = .98, .6 each, by enumeration of u and of
        # who goes his own way
        copies = near_copies(np.vstack([np.ones((3, 5)), rng_features(8, 20, 5)]), 23, 0.2)
        stay, leave = np.ones(23), np.ones(23)
        stay[0], leave[0] = 0.2, 0.8
        rows = tied(np.full((20_000, 23), 0.6), copies, stay, leave, 3)
        own = np.sqrt(0.98)
        apart = 0.6 * 0.2 + 0.4 * 0.8
        up, down = 0.6 * (own * 0.2 + (1 - own) * apart), 0.4 * (own * 0.8 + (1 - own) * apart)
        expected = own * up / (up + down) + (1 - own) * 0.6
        # stratified: the error of the share of rows is of the order 1/20,000
        assert rows[:, 1].mean() == pytest.approx(expected, abs=1e-3)


class TestSoundness:
    @pytest.mark.parametrize("p", [1e-12, 0.5, 1 - 1e-12])
    @pytest.mark.parametrize("f", [1, 2, 5])
    def test_beliefs_near_zero_and_one(self, p: float, f: int) -> None:
        for answers in ({}, {0: 1}, {0: 0}):
            belief = fit(told(answers, f), prior=flat(p, f), features=rng_features(1, f, 3), evidence=np.zeros(f))
            assert np.isfinite(belief.mixture).all()
            assert np.isfinite(belief.before).all()
            if answers:
                assert belief.credibility[0] == answers[0]
            else:
                np.testing.assert_allclose(belief.credibility, p, atol=2e-6)

    def test_one_slip_about_a_sure_item_does_not_turn_all_others_round(self) -> None:
        assert fit(told({0: 0}), prior=flat(0.999)).credibility[1] > 0.5

    def test_an_author_certain_of_everything(self) -> None:
        belief = fit(unasked(), prior=flat(1.0), features=rng_features(), evidence=np.arange(F) * 1.0)
        assert (belief.mixture == 1.0).all()
        assert (belief.covariance == 0).all()

    def test_groups_of_one_and_unknown_evidence(self) -> None:
        groups = [f"g{i}" for i in range(F)]
        for evidence in (np.full(F, np.nan), np.where(np.arange(F) % 2, np.nan, 1.0), None):
            belief = fit(told({0: 0, 3: 1}, error=0.1), groups=groups, evidence=evidence)
            assert np.isfinite(belief.mixture).all()
            assert ((belief.credibility > 0) & (belief.credibility < 1)).all()


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

    def test_eight_rows_without_an_item_are_enough_and_seven_are_not(self) -> None:
        variants = np.zeros((20, 2), np.int16)
        variants[:8, 0] = variants[:7, 1] = 1
        outcomes = Outcomes(
            np.zeros((20, 1), np.float32), np.ones(20, bool), vouching=np.full((20, 2), 0.8, np.float32)
        )
        score = vouching_evidence(Rows(variants, np.arange(20)), outcomes)
        assert score is not None
        assert score[0] == pytest.approx(np.log(4), abs=1e-5)
        assert np.isnan(score[1])

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
        vouching = np.where(variants == 2, expit(np.array(-1.0)), expit(np.array(2.0))).astype(np.float32)
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

    def test_a_belief_that_is_less_sure_than_it_could_be_is_not_refuted(self) -> None:
        out = calibration([0.6] * 30, [1] * 30)
        # Spiegelhalter's z, Σ (x − b)(1 − 2b) over the root of Σ (1 − 2b)² b (1 − b)
        assert out["z"] == pytest.approx(30 * 0.4 * -0.2 / np.sqrt(30 * 0.04 * 0.24))
        assert out["p"] < 0.01
        assert not out["refuted"]
        assert calibration([0.6] * 30, [0] * 30)["refuted"]

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


def test_the_closest_pairs_are_those_of_all_pairs_in_order() -> None:
    features = np.random.default_rng(4).normal(size=(40, 6))
    features[7] = 0.0  # says nothing, and is like nothing
    features[9] = 2.0 * features[3]  # the same direction
    features[20] = features[21]
    found = closest(features, 30, 0.2)
    norm = np.linalg.norm(features, axis=1)
    pairs = [(a, b) for a, b in itertools.combinations(range(40), 2) if 7 not in (a, b)]
    alike = {p: features[p[0]] @ features[p[1]] / (norm[p[0]] * norm[p[1]]) for p in pairs}
    best = sorted(pairs, key=lambda p: -alike[p])[:30]
    assert {(a, b) for a, b, *_ in found[:2]} == {(3, 9), (20, 21)}
    np.testing.assert_allclose([c for *_, c, _ in found], [alike[p] for p in best], atol=1e-12)
    assert {(a, b): near for a, b, _, near in found}[20, 21]
    assert closest(np.zeros((5, 3)), 4, 0.2) == []
    assert closest(np.ones((1, 3)), 4, 0.2) == []


def test_the_closest_pairs_are_found_block_by_block(monkeypatch: pytest.MonkeyPatch) -> None:
    features = np.random.default_rng(5).normal(size=(23, 4))
    whole = closest(features, 12, 0.2)
    monkeypatch.setattr(copies, "BLOCK", 5)
    assert [f[:2] for f in closest(features, 12, 0.2)] == [f[:2] for f in whole]
