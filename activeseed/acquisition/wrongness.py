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
        for i in items:
            here = slice(i * v, (i + 1) * v)
            scale, towards, own = self._slip(i)
            cross = error * (scale * self.second[here] + np.outer(scale * self.deployed[here] - towards, self.mean))
            self.second[here] = cross
            self.second[:, here] = cross.T
            self.second[here, here] = error * own
            self.mean[here] = error * (scale * self.law[i] - towards)

    def gains(self, gram: Floats, error: float) -> Floats:
        """(F,) by how much the risk falls when one item stands as such an answer says; negative where it rises."""
        f, v = self.law.shape
        product = (gram * self.second).reshape(f, v, f, v)
        own_now = product.sum((1, 3)).diagonal()
        others_now = product.sum((1, 2, 3)) - own_now
        pulled = gram @ self.mean
        out = np.zeros(f)
        for i in range(f):
            here = slice(i * v, (i + 1) * v)
            scale, towards, own = self._slip(i)
            from_others = pulled[here] - gram[here, here] @ self.mean[here]
            others = error * (scale * others_now[i] + (scale * self.deployed[here] - towards) @ from_others)
            out[i] = 2.0 * (others_now[i] - others) + own_now[i] - error * float((gram[here, here] * own).sum())
        return out

    def _slip(self, i: int) -> tuple[float, Floats, Floats]:
        """κ and c of item i, and (V, V) E (x(t) − x(o))(x(t) − x(o))ᵀ, o another possible variant, evenly."""
        p = self.law[i]
        possible = (p > 0) | (self.deployed.reshape(self.law.shape)[i] > 0)
        k = int(possible.sum())
        if k < 2:
            return 1.0, p.copy(), np.zeros((len(p), len(p)))
        pair = p[:, None] * possible[None, :]
        np.fill_diagonal(pair, 0.0)
        pair = (pair + pair.T) / (k - 1)
        return k / (k - 1), possible / (k - 1), np.diag(pair.sum(1)) - pair


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
