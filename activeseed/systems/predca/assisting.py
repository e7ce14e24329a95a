"""Whose wishes count, what they come to, and what the AI does about it, for many rows at once.

Rows differ in the weights of candidates alone, so all is sums over candidates: p(user = G) is in proportion to the
candidate's share of the weights, times Pr[the AI runs | G] (it does run), times its precursor score, where it passes
the cut-offs; that nobody is, to a weight of its own. U* = Σ_G p(user = G) E[U|G] on condition that somebody is, scaled
to run from 0 to 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from activeseed.plan import Floats
from activeseed.systems.predca.enumerating import EQUAL, ranged


def users(weights: Floats, present: Floats, precursor: Floats, passes: Floats, nobody: float) -> Floats:
    """(R, K) weights of candidates -> (R, K) p(user = G); rows sum to at most one, the rest is nobody.

    Args:
        present: (K,) Pr[the AI runs | G].
        precursor: (K,) precursor scores.
        passes: (K,) 1 where a candidate passes the cut-offs, else 0.
        nobody: weight that none of them is the user, where all of them together weigh 1; times Pr[the AI runs] in fact.
    """
    total = weights.sum(1, keepdims=True)
    share = np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)
    likely = share * present * precursor * passes
    all_ = nobody + likely.sum(1, keepdims=True)
    return np.asarray(np.divide(likely, all_, out=np.zeros_like(likely), where=all_ > 0))


def wanted(found: Floats, wants: Floats) -> Floats:
    """(R, K) p(user = G) and (K, S) E[U|G] -> (R, S) U*, from 0 to 1; ½ throughout where nobody is the user."""
    total = found.sum(1, keepdims=True)
    share = np.divide(found, total, out=np.zeros_like(found), where=total > 0)
    return ranged(share @ wants)


@dataclass(frozen=True, eq=False)
class Choosing:
    """What the AI chooses from.

    Attributes:
        stays: (N, S) share of steps in each state, of every policy from where the AI starts.
        prior: (N,) ξ.
        chosen: (N, S·A) 1 where a policy takes the action in the state.
        q: share of ξ, from the best down, that is drawn from; 0 takes the best alone.
    """

    stays: Floats
    prior: Floats
    chosen: Floats
    q: float

    def acts(self, utility: Floats, nobody: Floats) -> Floats:
        """(R, S) U* -> (R, S, A + 1) probability of each action in each state, and of staying off.

        Of the best policies each counts alike, of the best q of ξ each by its ξ; policies of equal value that do not
        all fit into q share what is left of it. An AI whose user is ``nobody`` (R,) for sure stays off.
        """
        value = utility @ self.stays.T
        weight = self._best(value) if self.q == 0 else self._quantile(value)
        does = weight @ self.chosen
        states = utility.shape[1]
        does = does.reshape(len(does), states, -1)
        out = np.zeros((*does.shape[:2], does.shape[2] + 1))
        out[..., :-1] = does / does.sum(2, keepdims=True)
        off = nobody >= 1.0
        out[off] = 0.0
        out[off, :, -1] = 1.0
        return out

    def _best(self, value: Floats) -> Floats:
        best: Floats = (value >= value.max(1, keepdims=True) - EQUAL).astype(np.float64)
        return np.asarray(best / best.sum(1, keepdims=True))

    def _quantile(self, value: Floats) -> Floats:
        order = np.argsort(-value, axis=1, kind="stable")
        mass = np.cumsum(self.prior[order], axis=1)
        # the value at which the best q are full; rounding must not make more than all of ξ of it
        at = np.minimum((mass < self.q - 1e-12).sum(1), value.shape[1] - 1)
        edge = np.take_along_axis(value, np.take_along_axis(order, at[:, None], 1), 1)
        above = (value > edge + EQUAL) * self.prior
        level = (np.abs(value - edge) <= EQUAL) * self.prior
        left = self.q - above.sum(1, keepdims=True)
        weight = above + level * left / level.sum(1, keepdims=True)
        return np.asarray(weight / weight.sum(1, keepdims=True))
