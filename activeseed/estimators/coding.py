"""From variants to regression columns, and from coefficients' products to first-order indices."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from activeseed.contrast import ABSENT_INDEX
from activeseed.plan import Floats, Ints, Law


@dataclass(frozen=True)
class Coding:
    """Dummy coding of a law's free variants.

    The reference of an item is *as written* where rows may have it, else the first variant that they may have; every
    other such variant has a coefficient, and an item that is settled in all rows has none.

    Attributes:
        law: the law whose indices are wanted, (F, V) probabilities b.
        items: (C,) item of each coefficient.
        variants: (C,) its variant.
    """

    law: Law
    items: Ints
    variants: Ints

    @classmethod
    def of(cls, law: Law, rows: Law | None = None) -> Coding:
        """The coding of a law's variants in rows drawn from another (by default from the same)."""
        possible = (rows or law).probabilities > 0
        free = possible.copy()
        free[np.arange(len(free)), possible.argmax(1)] = False
        items, variants = np.nonzero(free)
        return cls(law, items, variants)

    def __len__(self) -> int:
        return len(self.items)

    def matrix(self, variants: NDArray[np.int16]) -> Floats:
        """(R, F) variants -> (R, 1 + C): an intercept, then the indicator of each coefficient's variant."""
        out = np.ones((len(variants), 1 + len(self)))
        out[:, 1:] = variants[:, self.items] == self.variants[None, :]
        return out

    @cached_property
    def pairs(self) -> tuple[Ints, Ints]:
        """Coefficients u, v of the same item, in both orders and with themselves."""
        left, right = np.nonzero(self.items[:, None] == self.items[None, :])
        return left, right

    @cached_property
    def forms(self) -> tuple[Floats, Floats]:
        """Weights of ⟨B_u, B_v⟩, in the order of ``pairs``, that sum to each item's V and to its presence part.

        V = Σ_v b_v‖B_v − B̄‖², presence = b_∅ (1 − b_∅) ‖μ_∅ − μ_present‖²; the rest of V is the wording part.
        """
        b = self.law.probabilities
        left, right = self.pairs
        own = b[self.items, self.variants]
        whole = np.where(left == right, own[left], 0.0) - own[left] * own[right]
        absent = b[:, ABSENT_INDEX]
        stays = 1.0 - absent
        with np.errstate(divide="ignore", invalid="ignore"):
            present = np.where(stays[self.items] > 0, -own / stays[self.items], 0.0)
        contrast = np.where(self.variants == ABSENT_INDEX, 1.0, present)
        weight = (absent * stays)[self.items]
        return whole, weight[left] * contrast[left] * contrast[right]

    def by_item(self, products: Floats, form: Floats) -> Floats:
        """(F,) sums of weighted products over each item's pairs of coefficients."""
        weighted = np.bincount(self.items[self.pairs[0]], products * form, minlength=len(self.law.probabilities))
        return weighted.astype(np.float64)

    @cached_property
    def covariance(self) -> Floats:
        """(C, C) covariance of the indicators under the law."""
        left, right = self.pairs
        out = np.zeros((len(self), len(self)))
        out[left, right] = self.forms[0]
        return out

    def unfold(self, coefficients: Floats, gram: Floats) -> tuple[Floats, Floats]:
        """(C, D) and (C, C) -> (F, V, D) and (F·V, F·V), zero where a variant has no coefficient."""
        f, v = self.law.probabilities.shape
        wide = np.zeros((f, v, coefficients.shape[1]))
        wide[self.items, self.variants] = coefficients
        at = self.items * v + self.variants
        square = np.zeros((f * v, f * v))
        square[np.ix_(at, at)] = gram
        return wide, square
