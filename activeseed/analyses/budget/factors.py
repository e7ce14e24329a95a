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
from numpy.typing import NDArray

from activeseed.analyses.budget.intervals import ROUNDING, holm, one_sided, ratio_interval
from activeseed.plan import Floats, Ints

#: rows that a regression has to have beyond its coefficients, and over them
SPARE, OVER = 16, 1.5
#: what of the largest eigenvalue is rounding
SPANNED = 1e-8
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

    Errors are those of a jackknife over up to ``LEFT_OUT`` groups of blocks, numerator and denominator together: what a
    group adds (Tukey's pseudo-values) is to the interval what a block is elsewhere.
    Cost: O(LEFT_OUT · (R K² + K³)).
    """
    known, index = np.unique(blocks, return_inverse=True)
    groups = min(LEFT_OUT, len(known))
    part = np.arange(len(known)) % groups
    if differences.shape[1] > len(differences):  # products of rows are those of their coordinates in what they span
        left, size, _ = np.linalg.svd(differences, full_matrices=False)
        differences = left * size
    d, x = _by_block(differences, index, len(known)), _by_block(columns, index, len(known))
    moments = np.zeros((len(coding.owner),) * 2)
    for f, m in enumerate(coding.moments):
        at = np.flatnonzero(coding.owner == f)
        moments[np.ix_(at, at)] = m
    floor = ROUNDING * abs(float(spread[known].mean()))

    def told(of: NDArray[np.bool_]) -> Floats:
        return _clean(_debiased(d[of], x[of], coding.owner, moments, coding.factors), floor)

    every = np.ones(len(known), np.bool_)
    left = np.array([told(part != g) for g in range(groups)])
    under = np.array([spread[known[part != g]].mean() for g in range(groups)])
    tops = _pseudo(told(every), left)
    value, se, low, high = ratio_interval(tops, _pseudo(spread[known].mean(), under))
    p = one_sided(tops)
    return FactorShares(value, se, low, high, p, holm(p))


def _pseudo(whole: Floats, left: Floats) -> Floats:
    """(G, …) what each group adds to an estimate, their mean being that of all; ``left`` are those without it."""
    return np.asarray(whole - (len(left) - 1) * (left - left.mean(0)))


def _by_block(rows: Floats, index: Ints, blocks: int) -> Floats:
    """(R, …) rows -> (B, m, …), those of a block together; shorter blocks end in zeros."""
    order = np.argsort(index, kind="stable")
    counts = np.bincount(index, minlength=blocks)
    place = np.arange(len(index)) - np.repeat(np.cumsum(counts) - counts, counts)
    out = np.zeros((blocks, int(counts.max()), rows.shape[1]))
    out[index[order], place] = rows[order]
    return out


def _clean(top: Floats, floor: float) -> Floats:
    """Without what is rounding."""
    return np.where(np.abs(top) <= floor, 0.0, top)


def _debiased(d: Floats, x: Floats, owner: Ints, moments: Floats, factors: int) -> Floats:
    """(F,) variance of each factor's main effect; the noise of coefficients is taken out, block by block.

    Args:
        d: (B, m, D) differences by block; a block of fewer rows than m ends in rows of zeros, as ``x`` does.
        x: (B, m, K) their columns.
        moments: (K, K) covariance of columns, zero between factors.
    """
    flat = x.reshape(-1, x.shape[-1])
    inverse = _inverted(flat.T @ flat)
    way = x @ inverse  # (B, m, K): what each row adds to the coefficients
    beta = way.reshape(flat.shape).T @ d.reshape(len(flat), -1)
    hat = way @ np.swapaxes(x, 1, 2)
    left = _inverted(np.eye(x.shape[1]) - hat)
    without = left @ (d - x @ beta)
    here, there = np.swapaxes(way, 1, 2) @ d, np.swapaxes(way, 1, 2) @ without  # (B, K, D)
    each = (beta * (moments @ beta)).sum(1) - (here * (moments @ there)).sum((0, 2))
    return np.asarray(np.bincount(owner, each, factors), np.float64)


def _inverted(matrices: Floats) -> Floats:
    """(…, n, n) inverses of symmetric matrices, in what they span (Moore & Penrose)."""
    size, way = np.linalg.eigh(matrices)
    spans = size > SPANNED * size.max(-1, keepdims=True)
    return np.asarray(
        (way * np.where(spans, 1.0 / np.where(spans, size, 1.0), 0.0)[..., None, :]) @ way.swapaxes(-1, -2)
    )
