"""Least squares with leave-out debiased products, and the same after deleting groups of rows, in closed form."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from activeseed.errors import TrainingError
from activeseed.estimators.coding import Coding
from activeseed.plan import Floats, Ints

PAIRS_AT_ONCE = 1024


@dataclass(frozen=True)
class Fit:
    """Ordinary least squares of R embedded outcomes on 1 + C columns.

    Attributes:
        design: X, (R, 1 + C).
        centred: outcomes minus a centre that no row had a part in, (R, D).
        hat: A = (X'X)⁻¹X', (1 + C, R), so that coefficients are A·Y.
        coefficients: (1 + C, D).
        residuals: (R, D).
        leverage: (R,).
    """

    design: Floats
    centred: Floats
    hat: Floats
    coefficients: Floats
    residuals: Floats
    leverage: Floats

    @property
    def noise(self) -> Floats:
        """(R,) leave-out estimates σ̂²_r = ⟨Y_r, Y_r − x_r B₋ᵣ⟩ of each row's noise (Kline et al. 2020, eq. 4)."""
        return _noise(self.centred, self.residuals, self.leverage)

    def gram(self) -> Floats:
        """(C, C) debiased ⟨B_u, B_v⟩, intercept left out."""
        a, b = self.hat[1:], self.coefficients[1:]
        return np.asarray(b @ b.T - (a * self.noise) @ a.T, np.float64)

    def products(self, coding: Coding) -> Floats:
        """(L,) debiased products of the coefficients that share an item, in the order of ``coding.pairs``."""
        return _products(self.hat[1:], self.coefficients[1:], self.noise, coding)

    def without(self, deleted: Ints, coding: Coding) -> Floats:
        """``products`` of the fit without these rows; costs O(C·R·m + R·m·D) for m rows, no new factorisation."""
        stays = np.ones(len(self.design), bool)
        stays[deleted] = False
        ours = self.hat[:, deleted]
        across = self.design[stays] @ ours
        inner = np.eye(len(deleted)) - self.design[deleted] @ ours
        step = np.linalg.solve(inner, np.concatenate([self.residuals[deleted], across.T], axis=1))
        d = self.residuals.shape[1]
        coefficients = self.coefficients[1:] - ours[1:] @ step[:, :d]
        residuals = self.residuals[stays] + across @ step[:, :d]
        hat = self.hat[1:, stays] + ours[1:] @ step[:, d:]
        leverage = self.leverage[stays] + np.einsum("rm,mr->r", across, step[:, d:])
        return _products(hat, coefficients, _noise(self.centred[stays], residuals, leverage), coding)


def _inverse(moments: Floats) -> Floats | None:
    """The inverse, or None where the matrix has none to working precision."""
    try:
        inverse: Floats = np.asarray(np.linalg.inv(moments), np.float64)
    except np.linalg.LinAlgError:
        return None
    condition = np.linalg.norm(moments, 1) * np.linalg.norm(inverse, 1)
    return inverse if condition < 1e12 else None


def _noise(centred: Floats, residuals: Floats, leverage: Floats) -> Floats:
    return np.asarray(np.einsum("rd,rd->r", centred, residuals) / (1.0 - leverage), np.float64)


def _products(hat: Floats, coefficients: Floats, noise: Floats, coding: Coding) -> Floats:
    left, right = coding.pairs
    out = np.empty(len(left))
    # In pieces: items of many variants have more pairs than coefficients, and a piece is as wide as there are rows.
    for start in range(0, len(left), PAIRS_AT_ONCE):
        u, v = left[start : start + PAIRS_AT_ONCE], right[start : start + PAIRS_AT_ONCE]
        square = np.einsum("ld,ld->l", coefficients[u], coefficients[v])
        out[start : start + PAIRS_AT_ONCE] = square - (hat[u] * hat[v]) @ noise
    return out


def fit(design: Floats, outcomes: Floats, centre: Floats) -> Fit:
    """Least squares of (R, D) outcomes on (R, 1 + C) columns.

    ``centre`` (D,) only takes variance out of the noise estimates; it must not depend on these rows, or they would
    be biased. Raises TrainingError when the rows can't tell the coefficients apart.
    """
    y = outcomes - centre
    inverse = _inverse(design.T @ design) if len(design) > design.shape[1] else None
    if inverse is None:
        raise TrainingError(
            f"{len(design)} successful trainings can't tell {design.shape[1] - 1} coefficients apart. "
            "Give the regression more rows, or look into why trainings failed."
        )
    hat = inverse @ design.T
    coefficients = hat @ y
    leverage = np.einsum("rc,cr->r", design, hat)
    return Fit(design, y, hat, coefficients, y - design @ coefficients, np.minimum(leverage, 1.0 - 1e-9))
