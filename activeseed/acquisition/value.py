"""Risk, and what an answer takes from it: belief's covariance against the response's gram, in closed form.

With a linear response m(a) ≈ m₀ + B·x(a), x the indicators of all variants, C their covariance under the belief and
G = ⟨B, B⟩: the ensemble's risk is Σ G∘C; that of a deployed seed D is Σ G∘M with M = E δδᵀ, δ = x(a*) − x_D (see
``wrongness``); and a question about item i takes Σ G∘K from the ensemble's, K the part of C that its answer explains.
(A-optimal design: Cohn, Ghahramani & Jordan 1996; at prediction targets: Bickford Smith et al. 2023.)
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from activeseed.belief.posterior import Belief
from activeseed.errors import PlanError
from activeseed.plan import Floats


def ensemble_risk(gram: Floats, belief: Belief) -> float:
    """E_b‖m(a*) − E_b m‖²: expected squared distance of the belief's mean outcome from what humans mean."""
    _fits(gram, belief)
    return float((gram * belief.covariance).sum())


def answer_channels(law: Floats, error: float) -> tuple[Floats, Floats]:
    """What an annotator who errs makes of the indicators of items with marginals ``law``, (F, V).

    He names the true variant with probability 1 − error, else one of the item's other possible variants evenly.

    Returns:
        (F,) λ, the factor by which Cov(x, answer) is that of a perfect answer (1 − 2e for two variants), and (F, V, V)
        the mean covariance of the answer given the truth: Cov(answer) − λ²·Cov(x). Zeros for a settled item.
    """
    possible = law > 0
    k = possible.sum(1)
    open_ = k > 1
    slip = error / np.maximum(k - 1, 1)
    keep = np.where(open_, 1.0 - error - slip, 0.0)
    q = np.where(possible & open_[:, None], keep[:, None] * law + slip[:, None], 0.0)
    m = np.where(possible & open_[:, None], law, 0.0)
    eye = np.eye(law.shape[1])
    given = q[:, :, None] * eye - q[:, :, None] * q[:, None, :]
    return keep, given - keep[:, None, None] ** 2 * (m[:, :, None] * eye - m[:, :, None] * m[:, None, :])


def explained(covariance: Floats, law: Floats, items: Sequence[int], error: float) -> Floats:
    """K: what answers about these items together explain of C (best linear; exact for one item), (F·V, F·V)."""
    v = law.shape[1]
    at = np.concatenate([np.arange(i * v, (i + 1) * v) for i in items])
    block = covariance[np.ix_(at, at)].copy()
    cross = covariance[:, at].copy()
    # the marginal belief conditioned so far may have shrunk; the answers' noise is that of the unconditioned law
    kept, noise = answer_channels(law[list(items)], error)
    for n, keep in enumerate(kept):
        here = slice(n * v, (n + 1) * v)
        cross[:, here] *= keep
        block[here, :] *= keep
        block[:, here] *= keep
        block[here, here] += noise[n]
    inverse = np.linalg.pinv(0.5 * (block + block.T), rcond=1e-9, hermitian=True)
    return np.asarray(cross @ inverse @ cross.T)


def item_values(gram: Floats, belief: Belief, error: float = 0.0, *, covariance: Floats | None = None) -> Floats:
    """(F,) expected drop of the ensemble's risk from one answer about each item, squared embedded distance.

    Args:
        gram: (F·V, F·V), debiased, so a value may be slightly negative.
        belief: posterior over assignments.
        error: probability in [0, 0.5) that the annotator names another variant.
        covariance: a conditioned C to use instead of the belief's own.

    Zero for a settled item. Costs O((F·V)³) once.
    """
    _fits(gram, belief)
    f, v = belief.shape
    c = belief.covariance if covariance is None else covariance
    law = belief.law.probabilities
    drop = (c @ gram @ c).reshape(f, v, f, v)
    own = c.reshape(f, v, f, v)
    at = np.arange(f)
    keep, noise = answer_channels(law, error)
    block = keep[:, None, None] ** 2 * own[at, :, at, :] + noise
    inverse = np.linalg.pinv(0.5 * (block + block.transpose(0, 2, 1)), rcond=1e-9, hermitian=True)
    open_ = np.trace(own[at, :, at, :], axis1=1, axis2=2) > 1e-12
    return np.asarray(np.where(open_, keep**2 * (inverse * drop[at, :, at, :]).sum((1, 2)), 0.0))


def _fits(gram: Floats, belief: Belief) -> None:
    f, v = belief.shape
    if gram.shape != (f * v, f * v):
        raise PlanError(f"A gram of {gram.shape} does not fit a belief over {f} items with up to {v} variants.")
