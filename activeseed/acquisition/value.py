"""Risk, and what an answer takes from it: belief's covariance against the response's gram, in closed form.

With a linear response m(a) ≈ m₀ + B·x(a), x the indicators of all variants, C their covariance under the belief and
G = ⟨B, B⟩: the ensemble's risk is Σ G∘C; that of a deployed seed D is Σ G∘M with M = C + (E x − x_D)(E x − x_D)ᵀ; and
a question about item i takes Σ G∘K from the ensemble's, K the part of C that its answer explains. (A-optimal design:
Cohn, Ghahramani & Jordan 1996; at prediction targets: Bickford Smith et al. 2023.)
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from activeseed.belief.posterior import Belief
from activeseed.errors import PlanError
from activeseed.plan import Floats, Ints


def ensemble_risk(gram: Floats, belief: Belief) -> float:
    """E_b‖m(a*) − E_b m‖²: expected squared distance of the belief's mean outcome from what humans mean."""
    _fits(gram, belief)
    return float((gram * belief.covariance).sum())


def deployed_risk(
    gram: Floats, belief: Belief, deployed: Sequence[int] | Ints, *, settled: Sequence[int] = ()
) -> float:
    """E_b‖m(a*) − m(D)‖² for a seed D that is trained on, by the linear response.

    Args:
        gram: (F·V, F·V).
        belief: posterior over assignments.
        deployed: (F,) index of the variant that D gives every item.
        settled: numbers of items that D will have right by then: the expected risk after perfect answers about them.
    """
    _fits(gram, belief)
    wrong = second_moment(belief, deployed)
    v = belief.shape[1]
    for item in settled:
        wrong[item * v : (item + 1) * v] = 0.0
        wrong[:, item * v : (item + 1) * v] = 0.0
    return float((gram * wrong).sum())


def answer_channel(marginal: Floats, error: float) -> tuple[float, Floats]:
    """What an annotator who errs makes of an item's indicators.

    He names the true variant with probability 1 − error, else one of the item's other possible variants evenly.

    Returns:
        λ, the factor by which Cov(x, answer) is that of a perfect answer (1 − 2e for two variants), and the (V, V)
        pseudo-inverse of the answer's own covariance.
    """
    possible = marginal > 0
    k = int(possible.sum())
    if k < 2:
        return 0.0, np.zeros((len(marginal), len(marginal)))
    slip = error / (k - 1)
    keep = 1.0 - error - slip
    q = np.where(possible, keep * marginal + slip, 0.0)
    return keep, np.linalg.pinv(np.diag(q) - np.outer(q, q), rcond=1e-9, hermitian=True)


def explained(covariance: Floats, law: Floats, items: Sequence[int], error: float) -> Floats:
    """K: what answers about these items together explain of C (best linear; exact for one item), (F·V, F·V)."""
    v = law.shape[1]
    at = np.concatenate([np.arange(i * v, (i + 1) * v) for i in items])
    block = covariance[np.ix_(at, at)].copy()
    cross = covariance[:, at].copy()
    for n, i in enumerate(items):
        here = slice(n * v, (n + 1) * v)
        # the marginal belief conditioned so far may have shrunk; the answer's noise is that of the unconditioned law
        keep, _ = answer_channel(law[i], error)
        cross[:, here] *= keep
        block[here, :] *= keep
        block[:, here] *= keep
        block[here, here] += _answer_noise(law[i], error)
    inverse = np.linalg.pinv(0.5 * (block + block.T), rcond=1e-9, hermitian=True)
    return np.asarray(cross @ inverse @ cross.T)


def _answer_noise(marginal: Floats, error: float) -> Floats:
    """(V, V) mean covariance of the answer given the truth: Cov(answer) − λ²·Cov(x)."""
    return np.asarray(_channels(marginal[None], error)[1][0])


def _channels(law: Floats, error: float) -> tuple[Floats, Floats]:
    """(F,) λ and (F, V, V) mean covariance of the answer given the truth, for every item."""
    possible = law > 0
    others = np.maximum(possible.sum(1) - 1, 1)
    open_ = possible.sum(1) > 1
    slip = error / others
    keep = np.where(open_, 1.0 - error - slip, 0.0)
    q = np.where(possible, keep[:, None] * law + slip[:, None], 0.0)
    eye = np.eye(law.shape[1])
    said, true = (x[:, :, None] * eye - x[:, :, None] * x[:, None, :] for x in (q, law))
    noise = np.where(open_[:, None, None] & (error > 0), said - keep[:, None, None] ** 2 * true, 0.0)
    return keep, noise


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
    drop = c @ gram @ c
    at = np.arange(f * v).reshape(f, v)
    own = c[at[:, :, None], at[:, None, :]]
    share, noise = _channels(law, error)
    block = share[:, None, None] ** 2 * own + noise
    inverse = np.linalg.pinv(0.5 * (block + block.transpose(0, 2, 1)), rcond=1e-9, hermitian=True)
    value = share**2 * (inverse * drop[at[:, :, None], at[:, None, :]]).sum((1, 2))
    return np.asarray(np.where(np.trace(own, axis1=1, axis2=2) > 1e-12, value, 0.0))


def deployed_gains(gram: Floats, wrong: Floats, items: int, keep: float = 1.0) -> Floats:
    """(F,) expected drop of the deployed seed's risk once an item stands as its answer says.

    Args:
        gram: (F·V, F·V).
        wrong: (F·V, F·V) M = E δδᵀ, δ = x(a*) − x_D.
        items: F.
        keep: share of an answer that survives the annotator's errors (exact for perfect answers, to first order else).

    With binary items: 2Σ_j G_ij M_ij − G_ii M_ii. Wrong items that push the outcome the same way add up.
    """
    v = len(gram) // items
    product = (gram * wrong).reshape(items, v, items, v)
    whole = product.sum((1, 2, 3))
    own = product.sum((1, 3)).diagonal()
    return np.asarray(keep * (2.0 * whole - own))


def second_moment(belief: Belief, deployed: Sequence[int] | Ints) -> Floats:
    """(F·V, F·V) M = E δδᵀ, δ = x(a*) − x_D: covariance plus the outer product of the mean difference."""
    bias = belief.law.probabilities.copy()
    bias[np.arange(len(bias)), np.asarray(deployed, np.int64)] -= 1.0
    flat = bias.ravel()
    return np.asarray(belief.covariance + np.outer(flat, flat))


def _fits(gram: Floats, belief: Belief) -> None:
    f, v = belief.shape
    if gram.shape != (f * v, f * v):
        raise PlanError(f"A gram of {gram.shape} does not fit a belief over {f} items with up to {v} variants.")
