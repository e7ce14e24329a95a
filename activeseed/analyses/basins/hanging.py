"""Which item an ensemble's outcome hangs on most, and whether that is told: from none, and from any other item.

An item's index is first-order, V = Var E[φ | variant]: the variance of all less the variance within variants, both
unbiased, so that it is zero on average for an item that does nothing. Where each member was trained under two keys that
share nothing, products of the two take the place of squares, and what keys do is no part of it.

The item of the largest index is the largest of many estimates, and where nothing moves the outcome some item has it
all the same. So two things are asked before one is said to weigh more than another. Dealing the outcomes to the members
at random must not give any item so high an index: a test that is exact whatever else decides the outcome. And the
difference of the two indices must lie above its error (delete-one jackknife), over all items that might have been
named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from activeseed.estimators.leave_one_out import ROUNDING
from activeseed.plan import Floats, Ints, generator

#: random halves of the ensemble in which the item that matters most is looked for
HALVES = 200
#: an item is named where outcomes dealt at random give some item as high an index less often than this
TOLD = 0.05
#: times that outcomes are dealt to members at random
DEALS = 499


@dataclass(frozen=True)
class Hanging:
    """What the outcome of an ensemble hangs on.

    Attributes:
        ids: (F,) of the items.
        variants: (n, F) of each member.
        products: (n, n) inner products of the members' outcomes less their mean.
        stream: key of halves and deals.
    """

    ids: tuple[str, ...]
    variants: NDArray[np.int16]
    products: Floats
    stream: int

    @cached_property
    def index(self) -> Floats:
        """(F,) first-order index of each item, as squared embedded distance; −∞ where an item does not vary."""
        return _indices(self.products, *self._columns, len(self.ids))

    @cached_property
    def top(self) -> str:
        """Id of the item with the largest index; empty where none is told from one that moves nothing."""
        if not self._moves:
            return ""
        largest = self.ids[int(self.index.argmax())]
        return largest if self.by_chance(largest) < TOLD else ""

    @cached_property
    def tops(self) -> Mapping[str, float]:
        """Id -> share of random halves of the ensemble in which it has the largest; empty where there is no top.

        Halves vary as whole ensembles do.
        """
        if not self.top:
            return {}
        one, owner = self._columns
        dice = generator(self.stream, "halves")
        n, best = len(self.products), []
        for _ in range(HALVES):
            half = dice.permutation(n)[: max(2, n // 2)]
            best.append(int(_indices(self.products[np.ix_(half, half)], one[half], owner, len(self.ids)).argmax()))
        counted = np.bincount(best, minlength=len(self.ids)) / HALVES
        return {self.ids[f]: float(counted[f]) for f in np.flatnonzero(counted)}

    def by_chance(self, item: str) -> float:
        """P-value of this item's moving nothing: how often outcomes dealt at random give some item as high an index."""
        return float((1 + (self._dealt >= self.index[self.ids.index(item)] - ROUNDING).sum()) / (1 + DEALS))

    def above(self, high: str, low: str) -> float:
        """One-sided p-value of the one item's index not lying above the other's, over all items that vary."""
        h, other = self.ids.index(high), self.ids.index(low)
        if not np.isfinite(self.index[[h, other]]).all():  # one variant in all members: nothing says what it does
            return 1.0
        gap = float(self.index[h] - self.index[other])
        if gap <= 0.0:
            return 1.0
        by_difference = _one_sided(gap, self._left_out(h) - self._left_out(other))
        others = int(np.isfinite(self.index).sum()) - 1
        return max(min(1.0, others * by_difference), self.by_chance(high))

    # --- how it is computed -------------------------------------------------------------------------------------------

    @cached_property
    def _moves(self) -> bool:
        return bool(np.isfinite(self.index).any()) and float(np.trace(self.products)) > ROUNDING * len(self.products)

    @cached_property
    def _columns(self) -> tuple[Floats, Ints]:
        """(n, C) whether each member has each variant, and (C,) whose that is; of items that vary."""
        columns, owner = [], []
        for f in range(len(self.ids)):
            present = np.unique(self.variants[:, f])
            if len(present) > 1:
                columns += [self.variants[:, f] == v for v in present]
                owner += [f] * len(present)
        one = np.array(columns, np.float64).reshape(len(columns), len(self.variants)).T
        return one, np.array(owner, np.int64)

    @cached_property
    def _dealt(self) -> Floats:
        """(DEALS,) largest index where outcomes are dealt to members at random."""
        one, owner = self._columns
        dice = generator(self.stream, "deals")
        n = len(self.products)
        return np.array(
            [_indices(self.products, one[dice.permutation(n)], owner, len(self.ids)).max() for _ in range(DEALS)]
        )

    def _left_out(self, item: int) -> Floats:
        """(n,) the index of an item without each of the members, in closed form; NaN where it does not vary then."""
        n = len(self.products)
        own = np.diag(self.products)
        one = self._columns[0][:, self._columns[1] == item]
        size, mine = one.sum(0), one.argmax(1)
        beside = self.products @ one
        between = (one * beside).sum(0)
        means = float((between / size).sum())
        # without member r its variant's sum of products loses 2 Σ_s ⟨r, s⟩ − ⟨r, r⟩, and the variant a member
        rest = between[mine] - 2.0 * beside[np.arange(n), mine] + own
        alone = size[mine] == 1
        means = means - between[mine] / size[mine] + np.where(alone, 0.0, rest / np.maximum(size[mine] - 1, 1))
        trace = float(own.sum()) - own
        # products are of outcomes less their mean, so that of all but r there is ⟨r, r⟩ left of their sum
        total = (trace - own / (n - 1)) / (n - 2)
        free = n - 1.0 - one.shape[1] + alone
        left = total - (trace - means) / np.where(free > 0, free, np.nan)
        return np.asarray(np.where(one.shape[1] - alone > 1, left, np.nan), np.float64)


def hanging_of(
    first: Floats, second: Floats | None, variants: NDArray[np.int16], ids: Sequence[str], stream: int
) -> Hanging:
    """What an ensemble hangs on.

    Args:
        first: (n, D) embedded outcomes.
        second: (n, D) of the same members under keys that share nothing with the first's; None for one key each.
        variants: (n, F) of the members.
    """
    x = first - first.mean(0)
    products = x @ x.T if second is None else x @ (second - second.mean(0)).T
    return Hanging(tuple(ids), variants, (products + products.T) / 2.0, stream)


def _indices(products: Floats, one: Floats, owner: Ints, items: int) -> Floats:
    """(n, n) products and (n, C) variants -> (items,) first-order indices, −∞ where an item has one variant."""
    out = np.full(items, -np.inf)
    n = len(products)
    size = one.sum(0)
    present = np.bincount(owner, size > 0, items)
    of = np.bincount(owner, (one * (products @ one)).sum(0) / np.maximum(size, 1.0), items)
    trace, whole = float(np.trace(products)), float(products.sum())
    fine = (present > 1) & (present < n)
    within = (trace - of[fine]) / (n - present[fine])
    out[fine] = (trace - whole / n) / (n - 1) - within
    return out


def _one_sided(value: float, left: Floats) -> float:
    """P-value of an estimate's being zero or less, by its delete-one replicates.

    Student's, on as many degrees of freedom as members carry the error: (Σu²)² / Σu⁴ of what each adds.
    """
    from scipy.special import stdtr

    if not np.isfinite(left).all():
        return 1.0
    n, off = len(left), left - left.mean()
    square = float((off**2).sum())
    if square <= 0.0:
        return 0.0
    degrees = max(1.0, min(n - 1.0, square**2 / float((off**4).sum()) - 1.0))
    return float(stdtr(degrees, -value / np.sqrt((n - 1) / n * square)))
