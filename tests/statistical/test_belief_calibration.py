"""Draws agree with moments, and beliefs are calibrated where the world is as the model says."""

import numpy as np
from scipy.special import expit

from activeseed.belief import BeliefSettings, calibration, fit_belief
from activeseed.plan import Law

F = 60
WORLDS = 80


def fitted(likelihood: np.ndarray, evidence: np.ndarray, settings: BeliefSettings | None = None):
    prior = Law("author's", np.tile([0.75, 0.15, 0.10], (F, 1)))
    return fit_belief(
        settings or BeliefSettings(),
        prior,
        groups=["a"] * 30 + ["b"] * 30,
        features=np.random.default_rng(1).standard_normal((F, 64)),
        evidence=evidence,
        likelihood=likelihood,
        key=4,
    )


def test_joint_draws_have_the_laws_marginals_and_the_covariance() -> None:
    like = np.ones((F, 3))
    like[0], like[1], like[2] = [0, 1, 0], [1, 0, 0], [0.1, 0.8, 0.1]
    belief = fitted(like, np.linspace(-2, 2, F))
    n = 40_000
    draws = belief.draw(n, 9)
    x = np.stack([draws == v for v in range(3)], 2).reshape(n, -1).astype(float)
    p = belief.law.probabilities.ravel()
    # mean of n Bernoulli draws: standard error at most 0.5/√n = 0.0025; 5 of them cover 180 entries with room
    assert np.abs(x.mean(0) - p).max() < 5 * 0.5 / np.sqrt(n)
    # a sample covariance of indicators has standard error at most about 0.25/√n·√2; 6 of them for 16,000 entries
    assert np.abs(np.cov(x.T) - belief.covariance).max() < 6 * 0.25 * np.sqrt(2 / n)


def test_credibilities_of_unasked_items_are_calibrated_in_the_models_own_world() -> None:
    """Truths drawn with evidence of slope 2; 12 random items are answered, the other 48 are forecast."""
    rng = np.random.default_rng(7)
    believed, stayed = [], []
    for _ in range(WORLDS):
        evidence = rng.standard_normal(F)
        # E σ(c + 2z) = 0.75 for c ≈ 1.65 (numerically); the author's 0.75 is right on average
        truth = rng.random(F) < expit(1.65 + 2.0 * evidence)
        like = np.ones((F, 3))
        for i in rng.choice(F, 12, replace=False):
            like[i] = [1, 0, 0] if truth[i] else [0, 0.6, 0.4]
        belief = fitted(like, evidence)
        open_ = ~belief.answered
        believed.append(belief.credibility[open_])
        stayed.append(truth[open_].astype(float))
    b, x = np.concatenate(believed), np.concatenate(stayed)
    # 3,840 forecasts in 80 independent worlds. Bins hold > 200 of them; worlds are the sampling units, and a bin's
    # share has standard error below 0.5/√80 = 0.056 even if all forecasts of a world were one. The model hedges
    # between predictors that are not there, so its tails are a few points off: 0.15.
    for k in range(5):
        inside = (b >= k / 5) & (b < (k + 1) / 5 + 1e-9)
        if inside.sum() > 200:
            assert abs(b[inside].mean() - x[inside].mean()) < 0.15
    flat = float(np.mean((0.75 - x) ** 2))
    # The truth itself scores .63 of the flat belief here. Twelve answers are to tell two slopes and a silent world, 64
    # features and two groups apart; what they have earned by then is a tenth at the least (standard error .01).
    assert float(np.mean((b - x) ** 2)) < 0.9 * flat


def test_where_content_says_nothing_little_is_lost() -> None:
    rng = np.random.default_rng(8)
    learned, flat = [], []
    for _ in range(WORLDS):
        truth = rng.random(F) < 0.75
        like = np.ones((F, 3))
        for i in rng.choice(F, 12, replace=False):
            like[i] = [1, 0, 0] if truth[i] else [0, 0.6, 0.4]
        belief = fitted(like, rng.standard_normal(F))
        open_ = ~belief.answered
        learned.append(np.mean((belief.credibility[open_] - truth[open_]) ** 2))
        flat.append(np.mean((0.75 - truth[open_]) ** 2))
    # The flat belief is the truth here, so nothing can beat it; learning may cost a tenth of its Brier score. The mean
    # of 80 paired differences has standard error below 0.05/√80 = 0.006, a thirtieth of that score.
    assert np.mean(learned) < 1.13 * np.mean(flat)


def test_a_calibrated_belief_is_refuted_at_no_more_than_the_stated_level() -> None:
    rng = np.random.default_rng(9)
    n, runs = 40, 4000
    refuted = 0
    for _ in range(runs):
        b = rng.uniform(0.05, 0.95, n)
        refuted += calibration(b.tolist(), (rng.random(n) < b).tolist(), level=0.01)["refuted"]
    # One-sided at half of 1 %, normal approximation to 40 answers; binomial error of 4,000 runs is 0.0011 at 0.005.
    assert refuted / runs < 0.01 + 3 * 0.0016


def test_a_coin_refutes_a_sure_belief_nearly_always() -> None:
    rng = np.random.default_rng(10)
    hits = [
        calibration(rng.uniform(0.8, 0.98, 30).tolist(), (rng.random(30) < 0.5).tolist())["refuted"] for _ in range(300)
    ]
    # z has mean ≈ Σ(0.39·0.78)/√Σ(0.61·0.098) ≈ 9.1/1.33 with n = 30: power is 1 for all practical purposes
    assert np.mean(hits) > 0.98
