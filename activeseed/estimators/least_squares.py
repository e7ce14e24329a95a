"""Least squares with leave-out debiased products, and the same after deleting blocks of rows, in closed form.

Rows of a block share a key, and with it noise. A block's own level, the main effect of its key, is taken out by
centring outcomes and columns within the block; what a key does to an item's effect stays in, so products are taken
between blocks only. A block of one row is centred by an intercept instead.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from activeseed.errors import TrainingError
from activeseed.estimators.coding import Coding
from activeseed.plan import Floats, Ints

PAIRS_AT_ONCE = 1024
#: added to 1 − leverage: rows that alone tell a coefficient leave no residual, and their noise comes out as none
LEAST_REST = 1e-9


@dataclass(frozen=True)
class Fit:
    """Ordinary least squares of n blocks of m embedded outcomes on K columns.

    Attributes:
        design: X, (n, m, K); rows that a block lacks are zero, in all arrays, and count for nothing.
        outcomes: Y, centred as the columns are, (n, m, D).
        hat: A = (X'X)⁻¹X', (K, n, m): coefficients are the sum over blocks of A_c Y_c.
        coefficients: (K, D).
        residuals: (n, m, D).
        rest: I − X_c A_c, (n, m, m).
        freedom: (n,) independent comparisons that each block makes: its rows, less one where it is centred.
        intercept: how many of the columns, the first, are an intercept: one where blocks are single rows, else none.
    """

    design: Floats
    outcomes: Floats
    hat: Floats
    coefficients: Floats
    residuals: Floats
    rest: Floats
    freedom: Ints
    intercept: int

    @property
    def slopes(self) -> Floats:
        """(C, D) coefficients, intercept left out."""
        return self.coefficients[self.intercept :]

    @property
    def noise(self) -> Floats:
        """(n, m, m) leave-out estimates Σ̂_c = Y_c (Y_c − X_c B₋c)', summed over D, of each block's noise.

        Kline, Saggio & Sølvsten (2020), eq. 4, with a block in a row's place: B₋c is the fit without block c.
        """
        return _noise(self.outcomes, self.residuals, self.rest)

    def gram(self) -> Floats:
        """(C, C) debiased ⟨B_u, B_v⟩, intercept left out: B B' − Σ_c A_c Σ̂_c A_c'."""
        hat = self.hat[self.intercept :]
        own = _carried(hat, self.noise) @ hat.reshape(len(hat), -1).T
        return np.asarray(self.slopes @ self.slopes.T - own, np.float64)

    def products(self, coding: Coding) -> Floats:
        """(L,) debiased products of the coefficients that share an item, in the order of ``coding.pairs``."""
        return _products(self.hat[self.intercept :], self.slopes, self.noise, coding)

    def without(self, deleted: Ints, coding: Coding) -> Floats:
        """``products`` of the fit without these blocks.

        Costs O(K·R·d + R·d·(m + D)) for R rows of which d are deleted, no new factorisation.
        """
        stays = np.ones(len(self.design), bool)
        stays[deleted] = False
        k, d = self.coefficients.shape
        m = self.design.shape[1]
        # Flat (rows in place of blocks) wherever blocks don't matter: one large product instead of many small ones.
        ours = self.hat[:, deleted].reshape(k, -1)
        across = self.design[stays].reshape(-1, k) @ ours
        inner = np.eye(ours.shape[1]) - self.design[deleted].reshape(-1, k) @ ours
        right = np.concatenate([self.residuals[deleted].reshape(-1, d), across.T], axis=1)
        step, beyond = np.split(np.linalg.solve(inner, right), [d], axis=1)
        coefficients = self.coefficients - ours @ step
        residuals = self.residuals[stays] + (across @ step).reshape(-1, m, d)
        hat = self.hat[:, stays] + (ours @ beyond).reshape(k, -1, m)
        more = across.reshape(-1, m, ours.shape[1]) @ beyond.T.reshape(-1, m, ours.shape[1]).swapaxes(1, 2)
        noise = _noise(self.outcomes[stays], residuals, self.rest[stays] - more)
        return _products(hat[self.intercept :], coefficients[self.intercept :], noise, coding)


def _inverse(moments: Floats) -> Floats | None:
    """The inverse, or None where the matrix has none to working precision."""
    try:
        inverse: Floats = np.asarray(np.linalg.inv(moments), np.float64)
    except np.linalg.LinAlgError:
        return None
    condition = np.linalg.norm(moments, 1) * np.linalg.norm(inverse, 1)
    return inverse if condition < 1e12 else None


def _noise(outcomes: Floats, residuals: Floats, rest: Floats) -> Floats:
    left_out = np.linalg.solve(rest + LEAST_REST * np.eye(rest.shape[-1]), residuals)
    products = outcomes @ left_out.swapaxes(1, 2)
    return np.asarray((products + products.swapaxes(1, 2)) / 2.0, np.float64)


def _carried(hat: Floats, noise: Floats) -> Floats:
    """(K, n·m): A_c Σ̂_c, block by block."""
    return np.asarray((hat.swapaxes(0, 1) @ noise).swapaxes(0, 1).reshape(len(hat), -1), np.float64)


def _products(hat: Floats, coefficients: Floats, noise: Floats, coding: Coding) -> Floats:
    left, right = coding.pairs
    out = np.empty(len(left))
    flat, carried = hat.reshape(len(hat), -1), _carried(hat, noise)
    # In pieces: items of many variants have more pairs than coefficients, and a piece is as wide as there are rows.
    for start in range(0, len(left), PAIRS_AT_ONCE):
        u, v = left[start : start + PAIRS_AT_ONCE], right[start : start + PAIRS_AT_ONCE]
        square = np.einsum("ld,ld->l", coefficients[u], coefficients[v])
        out[start : start + PAIRS_AT_ONCE] = square - np.einsum("lr,lr->l", carried[u], flat[v])
    return out


def fit(design: Floats, outcomes: Floats, centre: Floats, keys: Ints | None = None) -> Fit:
    """Least squares of (R, D) outcomes on (R, 1 + C) columns, the first of which is an intercept.

    ``keys`` (R,) tells rows that share noise; by default none do. ``centre`` (D,) only takes variance out of the noise
    estimates of rows that share none; it must not depend on these rows, or they would be biased. Raises TrainingError
    when the rows can't tell the coefficients apart.
    """
    names, block = np.unique(np.arange(len(design)) if keys is None else keys, return_inverse=True)
    intercept = int(len(names) == len(design))
    freedom = np.asarray(np.bincount(block) - 1 + intercept, np.int64)
    if intercept:
        x, y = design[:, None, :], (outcomes - centre)[:, None, :]
    else:
        x, y = _within(design[:, 1:], block), _within(outcomes, block)
    n, m, k = x.shape
    rows = x.reshape(-1, k)
    inverse = _inverse(rows.T @ rows) if freedom.sum() > k else None
    if inverse is None:
        raise TrainingError(
            f"{len(design)} successful trainings can't tell {design.shape[1] - 1} coefficients apart. "
            "Give the regression more rows, or look into why trainings failed."
        )
    hat = inverse @ rows.T
    coefficients = hat @ y.reshape(n * m, -1)
    residuals = y - (rows @ coefficients).reshape(y.shape)
    hat = hat.reshape(k, n, m)
    return Fit(x, y, hat, coefficients, residuals, np.eye(m) - x @ hat.swapaxes(0, 1), freedom, intercept)


def _within(values: Floats, block: Ints) -> Floats:
    """(R, D) rows of n blocks -> (n, m, D), each block's mean taken out, zero where a block has fewer than m rows."""
    sizes = np.bincount(block)
    order = np.argsort(block, kind="stable")
    place = np.arange(len(block)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    out = np.zeros((len(sizes), int(sizes.max()), values.shape[1]))
    out[block[order], place] = values[order]
    mean = out.sum(1) / sizes[:, None]
    out[block[order], place] -= mean[block[order]]
    return out
