"""Answers about outcomes: a human says how a probe should be judged, and the belief leans towards seeds that do so.

No item is named, so nothing is settled: joint draws of the belief are reweighted by how close their outcome at the
probe is to what was preferred, allowing for the annotator's error, and resampled.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from activeseed.belief.posterior import Belief
from activeseed.plan import Floats, Ints, generator


def prefer(belief: Belief, draws: Ints, likelihood: Floats, key: int) -> Belief:
    """The belief after answers about outcomes.

    Args:
        draws: (N, F) joint assignments drawn from the belief.
        likelihood: (N,) probability of the answers if that draw is what humans mean.
        key: of the resampling (systematic, so that it adds as little noise as it can).

    Returns:
        a belief whose mixture rows are assignments (credibilities 0 or 1), N of them.
    """
    total = float(likelihood.sum())
    if total <= 0 or not np.isfinite(total):
        return belief
    n = len(draws)
    edges = np.cumsum(likelihood / total)
    edges[-1] = 1.0
    start = generator(key, "preference").random()
    kept = draws[np.searchsorted(edges, (start + np.arange(n)) / n, side="right").clip(0, n - 1)]
    elsewhere = belief.elsewhere.copy()
    for v in range(1, elsewhere.shape[1]):
        elsewhere[:, v] += (kept == v).sum(0)  # the share so far counts as one draw, so that no variant is lost
    elsewhere[:, 0] = 0.0
    stays = (kept == 0).astype(np.float64)
    # an assignment is certain of itself, before as after an item's own answers
    return replace(belief, mixture=stays, before=stays, elsewhere=elsewhere / elsewhere.sum(1, keepdims=True))


def agreement_likelihood(outcomes: Floats, preferred: Floats, error: float) -> Floats:
    """(N,) product over K answered probes of P(answer | draw).

    Args:
        outcomes: (N, K) probability with which each draw's trainer approves the probe, in [0, 1].
        preferred: (K,) 1 where the annotator would approve, 0 where not.
        error: the annotator's error rate, in [0, 0.5).
    """
    p = np.clip(outcomes, 0.0, 1.0)
    agree = np.where(preferred[None, :] > 0.5, p, 1.0 - p)
    return np.asarray(((1.0 - error) * agree + error * (1.0 - agree)).prod(1))


def outcome_values(points: Floats, outcomes: Floats, error: float) -> Floats:
    """(P,) expected drop of the ensemble's risk from one answer about each probe: Σ_a π_a‖m_a‖² − ‖m‖².

    Args:
        points: (N, D) embedded outcomes of joint draws.
        outcomes: (N, P) their approval of every probe.
        error: the annotator's error rate.
    """
    n = len(points)
    x = points - points.mean(0)
    yes = np.clip(outcomes, 0.0, 1.0) * (1.0 - 2.0 * error) + error
    out = np.zeros(outcomes.shape[1])
    for weight in (yes, 1.0 - yes):
        mass = weight.sum(0)
        means = (weight.T @ x) / np.maximum(mass, 1e-12)[:, None]
        out += mass / n * (means**2).sum(1)
    return out
