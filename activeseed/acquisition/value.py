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
    possible = marginal > 0
    k = int(possible.sum())
    if k < 2 or error <= 0:
        return np.zeros((len(marginal), len(marginal)))
    slip = error / (k - 1)
    keep = 1.0 - error - slip
    q = np.where(possible, keep * marginal + slip, 0.0)
    m = np.where(possible, marginal, 0.0)
    return np.asarray((np.diag(q) - np.outer(q, q)) - keep**2 * (np.diag(m) - np.outer(m, m)))


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
    out = np.zeros(f)
    for i in range(f):
        here = slice(i * v, (i + 1) * v)
        if np.trace(c[here, here]) <= 1e-12:
            continue
        keep, _ = answer_channel(law[i], error)
        block = keep**2 * c[here, here] + _answer_noise(law[i], error)
        inverse = np.linalg.pinv(0.5 * (block + block.T), rcond=1e-9, hermitian=True)
        out[i] = keep**2 * float((inverse * drop[here, here]).sum())
    return out


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
