"""How wrong a deployed seed is expected to be, and what an answer that may be wrong changes of that.

With δ = x(a*) − x_D, the difference between what humans mean and what is deployed (indicators of all variants), the
deployed seed's risk is Σ G∘M, M = E δδᵀ. Once item i stands as an answer says that is wrong with probability e, its δ
is 0 with probability 1 − e, else the difference between the truth and another of its k possible variants: in
expectation e·(κ x(a*_i) − c_i), κ = k/(k−1), c_i = 1/(k−1) on what is possible. So all moments after an answer follow
from those before, exactly. For two variants and no other doubt the risk falls by G_ii (q − e), q the probability that i
is wrong now.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from activeseed.belief.posterior import Belief
from activeseed.errors import PlanError
from activeseed.plan import Floats, Ints


@dataclass
class Wrongness:
    """Moments of δ; ``answer`` changes them in place.

    Attributes:
        second: (F·V, F·V) M = E δδᵀ.
        mean: (F·V,) E δ.
        deployed: (F·V,) x_D.
        law: (F, V) marginals of the belief.
    """

    second: Floats
    mean: Floats
    deployed: Floats
    law: Floats

    def risk(self, gram: Floats) -> float:
        """E_b‖m(a*) − m(D)‖² by the linear response with this (F·V, F·V) gram."""
        return float((gram * self.second).sum())

    def answer(self, items: Iterable[int], error: float) -> None:
        """Let these items stand as answers say that are wrong with probability ``error``, independently."""
        v = self.law.shape[1]
        scale, towards, own = self.slips
        for i in items:
            here = slice(i * v, (i + 1) * v)
            stands = scale[i] * self.deployed[here] - towards[i]
            cross = error * (scale[i] * self.second[here] + np.outer(stands, self.mean))
            self.second[here] = cross
            self.second[:, here] = cross.T
            self.second[here, here] = error * own[i]
            self.mean[here] = error * (scale[i] * self.law[i] - towards[i])

    def gains(self, gram: Floats, error: float) -> Floats:
        """(F,) by how much the risk falls when one item stands as such an answer says; negative where it rises."""
        f, v = self.law.shape
        at = np.arange(f)
        scale, towards, own = self.slips
        product = (gram * self.second).reshape(f, v, f, v).sum((1, 3))
        own_now = product.diagonal()
        others_now = product.sum(1) - own_now
        blocks = gram.reshape(f, v, f, v)[at, :, at, :]
        mean = self.mean.reshape(f, v)
        from_others = (gram @ self.mean).reshape(f, v) - np.einsum("ivw,iw->iv", blocks, mean)
        stands = scale[:, None] * self.deployed.reshape(f, v) - towards
        others = error * (scale * others_now + (stands * from_others).sum(1))
        return np.asarray(2.0 * (others_now - others) + own_now - error * (blocks * own).sum((1, 2)))

    @cached_property
    def slips(self) -> tuple[Floats, Floats, Floats]:
        """(F,) κ and (F, V) c of every item; (F, V, V) E (x(t) − x(o))(x(t) − x(o))ᵀ, o another possible variant."""
        f, v = self.law.shape
        possible = (self.law > 0) | (self.deployed.reshape(f, v) > 0)
        k = possible.sum(1)
        others = np.maximum(k - 1, 1)
        open_ = k > 1
        pair = self.law[:, :, None] * possible[:, None, :] * open_[:, None, None]
        pair[:, np.arange(v), np.arange(v)] = 0.0
        pair = (pair + pair.transpose(0, 2, 1)) / others[:, None, None]
        own = pair.sum(2)[:, :, None] * np.eye(v) - pair
        scale = np.where(open_, k / others, 1.0)
        return scale, np.where(open_[:, None], possible / others[:, None], self.law), own


def wrongness(belief: Belief, deployed: Sequence[int] | Ints) -> Wrongness:
    """Moments of what is wrong with a seed that gives every item the variant ``deployed`` (F,) under a belief."""
    law = belief.law.probabilities
    stands = np.zeros(law.shape)
    stands[np.arange(len(law)), np.asarray(deployed, np.int64)] = 1.0
    mean = (law - stands).ravel()
    return Wrongness(belief.covariance + np.outer(mean, mean), mean, stands.ravel(), law)


def deployed_risk(
    gram: Floats, belief: Belief, deployed: Sequence[int] | Ints, *, settled: Sequence[int] = (), error: float = 0.0
) -> float:
    """E_b‖m(a*) − m(D)‖² for a seed D that is trained on, by the linear response.

    Args:
        gram: (F·V, F·V).
        belief: posterior over assignments.
        deployed: (F,) index of the variant that D gives every item.
        settled: numbers of items that D will have answered by then: the expected risk after answers about them.
        error: probability that such an answer is wrong.
    """
    f, v = belief.shape
    if gram.shape != (f * v, f * v):
        raise PlanError(f"A gram of {gram.shape} does not fit a belief over {f} items with up to {v} variants.")
    now = wrongness(belief, deployed)
    now.answer(settled, error)
    return now.risk(gram)
