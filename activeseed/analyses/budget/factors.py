"""Shares of single factors of a group: a regression of paired differences, its own noise taken out.

Two rows that differ in all factors of a group, and share the rest, differ by Σ_f B_f (x_f − x′_f) and by what is no
main effect. The share of a factor is the variance of its B_f x_f under its law. ‖B̂_f‖² is too large by the noise of
B̂_f; that is taken out with residuals of each block from a fit without it (Kline, Saggio & Sølvsten 2020, by clusters),
which needs no assumption about how rows of one block hang together, or how much each is worth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from activeseed.analyses.budget.estimating import ENOUGH_BLOCKS, ROUNDING, holm
from activeseed.estimators.statistics import t_quantile
from activeseed.plan import Floats, Ints

#: rows that a regression has to have beyond its coefficients, and over them
SPARE, OVER = 16, 1.5
#: groups of blocks that are left out in turn
LEFT_OUT = 32


@dataclass(frozen=True)
class Coding:
    """How choices of factors become columns.

    Attributes:
        factors: number of factors.
        owner: (K,) factor of each column.
        choice: (K,) the choice that a column tells of; each factor's last possible one has none.
        moments: of each factor the covariance of its columns under its law.
    """

    factors: int
    owner: Ints
    choice: Ints
    moments: tuple[Floats, ...]

    @classmethod
    def of(cls, laws: Sequence[Floats]) -> Coding:
        """From the probability of each choice of every factor."""
        owner, choice, moments = [], [], []
        for f, law in enumerate(laws):
            possible = np.flatnonzero(law > 0)[:-1]
            owner += [f] * len(possible)
            choice += possible.tolist()
            p = law[possible]
            moments.append(np.diag(p) - np.outer(p, p))
        return cls(len(laws), np.array(owner, np.int64), np.array(choice, np.int64), tuple(moments))

    def differences(self, sides: Ints) -> Floats:
        """(R, 2, factors) choices -> (R, K) columns of the first side less those of the second."""
        here: Floats = (sides[:, :, self.owner] == self.choice).astype(np.float64)
        return np.asarray(here[:, 0] - here[:, 1])

    def enough(self) -> int:
        """Rows without which nothing is told."""
        return int(np.ceil(OVER * len(self.owner))) + SPARE


@dataclass(frozen=True)
class FactorShares:
    """Shares of the spread of single factors, each (F,): see ``estimating.Shares``."""

    value: Floats
    se: Floats
    low: Floats
    high: Floats
    p: Floats
    p_holm: Floats


def factor_shares(differences: Floats, columns: Floats, blocks: Ints, coding: Coding, spread: Floats) -> FactorShares:
    """Shares of each factor's main effect.

    Args:
        differences: (R, D) first side less second.
        columns: (R, K) ``Coding.differences`` of the same rows.
        blocks: (R,) block of each row, 0 … B − 1.
        spread: (B,) what each block says of the spread without noise.

    Errors are those of a jackknife over up to ``LEFT_OUT`` groups of blocks, numerator and denominator together.
    Cost: O(LEFT_OUT · (R K² + K³)).
    """
    known = np.unique(blocks)
    groups = min(LEFT_OUT, len(known))
    of = np.searchsorted(known, blocks) % groups
    part = np.arange(len(known)) % groups
    floor = ROUNDING * abs(float(spread[known].mean()))
    top = _clean(_debiased(differences, columns, blocks, coding), floor)
    value = top / spread[known].mean()
    unknown = np.full(coding.factors, np.nan)
    if groups < ENOUGH_BLOCKS:
        return FactorShares(value, unknown, unknown, unknown, unknown, unknown)
    left_top, left = np.empty((groups, coding.factors)), np.empty((groups, coding.factors))
    for g in range(groups):
        left_top[g] = _clean(_debiased(differences[of != g], columns[of != g], blocks[of != g], coding), floor)
        left[g] = left_top[g] / spread[known[part != g]].mean()
    scale = np.sqrt((groups - 1) / groups)
    se = scale * np.sqrt(((left - left.mean(0)) ** 2).sum(0))
    t = float(t_quantile(0.975, groups - 1))
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        high = np.where(value > t * se, value * np.exp(t * se / value), np.maximum(value, 0.0) * (np.e - 1.0) + t * se)
        own = scale * np.sqrt(((left_top - left_top.mean(0)) ** 2).sum(0))
        from scipy.special import stdtr

        p = np.where(own > 0, stdtr(groups - 1, -top / own), np.where(top > 0, 0.0, 1.0))
    return FactorShares(value, se, np.clip(value - t * se, 0.0, 1.0), np.clip(high, 0.0, 1.0), p, holm(p))


def _clean(top: Floats, floor: float) -> Floats:
    """Without what is rounding."""
    return np.where(np.abs(top) <= floor, 0.0, top)


def _debiased(d: Floats, x: Floats, blocks: Ints, coding: Coding) -> Floats:
    """(F,) variance of each factor's main effect; the noise of coefficients is taken out, block by block."""
    inverse = np.linalg.pinv(x.T @ x)
    way = inverse @ x.T
    beta = way @ d
    out = np.array([np.einsum("kd,kl,ld->", beta[coding.owner == f], m, beta[coding.owner == f])
                    for f, m in enumerate(coding.moments)])  # fmt: skip
    off = d - x @ beta
    for b in np.unique(blocks):
        mine = blocks == b
        hat = x[mine] @ way[:, mine]
        without = np.linalg.lstsq(np.eye(len(hat)) - hat, off[mine], rcond=1e-8)[0]
        here, there = way[:, mine] @ d[mine], way[:, mine] @ without
        for f, m in enumerate(coding.moments):
            at = coding.owner == f
            out[f] -= float(np.einsum("kd,kl,ld->", here[at], m, there[at]))
    return np.asarray(out)
