"""Shares of a spread, from rows that share some of their coordinates and no others.

What varies an outcome is cut into groups (the levels of the stack, say). A **block** draws every group twice, x and x′,
and has a row for each way to mix them: a mask says which groups are taken from x′. Two rows of a block share exactly
the groups on which their masks agree, and nothing else, noise included. So ⟨y(v), y(w)⟩ of two *different* rows holds
no square of any noise, and each component of the variance (Sobol' 1993) is a mean of products of differences:

    V_S = 2^−|S| E⟨Δ_S y(b), Δ_S y(c)⟩,   b, c independent in all groups but those of S,

Δ_S being the difference, over x and x′, in every member of S (Owen 2013, *Better estimation of small Sobol' indices*).
Both factors vanish where the group does nothing, so that a share of zero is estimated as zero plus noise of mean zero,
and a small share with a small error. Blocks are independent: errors come from how blocks differ.

The same functions serve any rows: trainings of one study, or whole studies of an outer plan.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from activeseed.analyses.budget.intervals import ROUNDING, holm, one_sided, ratio_interval
from activeseed.plan import Floats

#: groups up to here are crossed in full; beyond, a block has only the rows that what is asked for needs
CROSSED = 6


@dataclass(frozen=True)
class Part:
    """A component of the variance.

    Attributes:
        name: what it is called.
        sets: disjoint sets of groups, each as bits of a mask; one is the closed index of that set, two are their
            interaction (all components that hold groups of both, and of nothing else).
    """

    name: str
    sets: tuple[int, ...]


@dataclass(frozen=True)
class Shares:
    """Shares of a spread; arrays have the leading shape of the points, then (K,), a part each.

    Attributes:
        value: estimates, unbiased in numerator and denominator, so that those of small parts may be below zero.
        se: standard errors; NaN where there are too few blocks.
        low, high: ends of 95 % intervals, within [0, 1].
        p: of there being nothing, one-sided.
        p_holm: the same over all parts together (Holm 1979).
        spread: (…) variance without noise.
        spread_se: (…) its standard error.
        noise: (…) variance of rows that share all groups; 0 where it was not measured.
    """

    value: Floats
    se: Floats
    low: Floats
    high: Floats
    p: Floats
    p_holm: Floats
    spread: Floats
    spread_se: Floats
    noise: Floats


def singles(groups: int) -> list[tuple[int, ...]]:
    """The sets of parts that are one group each."""
    return [(1 << g,) for g in range(groups)]


def pairs(groups: int) -> list[tuple[int, ...]]:
    """The sets of parts that are interactions of two groups."""
    return [(1 << a, 1 << b) for a, b in combinations(range(groups), 2)]


def masks_for(groups: int, parts: Sequence[Part]) -> tuple[int, ...]:
    """The rows of a block, as masks: bit g says that group g is taken from the block's second draw.

    All of them up to ``CROSSED`` groups, of which every component can be told; beyond, those that these parts need.
    """
    whole = (1 << groups) - 1
    if groups <= CROSSED:
        return tuple(range(whole + 1))
    need = {0, whole}
    for part in parts:
        cube = _cube(0, part.sets)
        need |= {m for m, _ in cube} | {m ^ whole for m, _ in cube}
        need |= {m ^ (whole ^ _union(part.sets)) for m, _ in cube}
    return tuple(sorted(need))


def _union(sets: Sequence[int]) -> int:
    out = 0
    for s in sets:
        out |= s
    return out


def _cube(start: int, sets: Sequence[int]) -> list[tuple[int, float]]:
    """Masks of a difference over every set, from ``start``, each with its sign."""
    cube = [(start, 1.0)]
    for s in sets:
        cube = [(m ^ (s if flip else 0), -sign if flip else sign) for m, sign in cube for flip in (False, True)]
    return cube


def weights_of(groups: int, masks: Sequence[int], parts: Sequence[Part]) -> Floats:
    """(K, M, M) weight of the product of every two rows of a block in each part.

    Zero on the diagonal, but for a part of all groups: rows that share every group are one row, whose product holds its
    noise. Raises ValueError for a part that these rows don't tell.
    """
    whole, at = (1 << groups) - 1, {m: r for r, m in enumerate(masks)}
    out = np.zeros((len(parts), len(masks), len(masks)))
    for k, part in enumerate(parts):
        others, found = whole ^ _union(part.sets), 0
        for start in masks:
            here, there = _cube(start, part.sets), _cube(start ^ others, part.sets)
            if not all(m in at for m, _ in (*here, *there)):
                continue
            found += 1
            for m, sign in here:
                for n, other in there:
                    out[k, at[m], at[n]] += sign * other / 2 ** len(part.sets)
        if not found:
            raise ValueError(f"no two of these rows tell {part.name!r}")
        out[k] = (out[k] + out[k].T) / (2.0 * found)
    return out


def total_weights(groups: int, masks: Sequence[int]) -> Floats:
    """(M, M) weights of the total variance, noise included: half the squared distance of rows that share nothing."""
    whole, at = (1 << groups) - 1, {m: r for r, m in enumerate(masks)}
    out, found = np.zeros((len(masks), len(masks))), 0
    for m, r in at.items():
        other = at.get(m ^ whole)
        if other is not None:
            found += 1
            out[r, r] += 0.5
            out[other, other] += 0.5
            out[r, other] -= 0.5
            out[other, r] -= 0.5
    return out / found


def products_of(points: Floats, weights: Floats) -> Floats:
    """(…, B, n, M, D) rows of B blocks, n of them under the same costly draw -> (…, B, K) means over the n.

    Sub-blocks with a row that is not finite are left out whole, so that the others' masks stay balanced; a block of
    which nothing is left is NaN.
    """
    with np.errstate(invalid="ignore"):
        gram = points @ np.swapaxes(points, -1, -2)
        each = np.einsum("...vw,kvw->...k", gram, weights, optimize=True)
    known = np.isfinite(each).all(-1)
    count = known.sum(-1)[..., None]
    total = np.where(known[..., None], each, 0.0).sum(-2)
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan), np.float64)


def shares_of(
    points: Floats,
    groups: int,
    masks: Sequence[int],
    parts: Sequence[Part],
    noise: Floats | None = None,
    less: Sequence[Sequence[int]] = (),
) -> Shares:
    """Shares of the spread, noise removed.

    Args:
        points: (…, B, n, M, D) embedded outcomes: B independent blocks, n sub-blocks that share the costly groups'
            draws of their block, a row for each of the M masks.
        groups: how many there are.
        masks: (M,) which groups each row takes from the second draw.
        parts: K components that are asked for.
        noise: (…, B) unbiased estimates of the variance of rows that share all groups; None where there is none.
        less: for each share that is appended to those of the parts, the parts (their numbers) of which it is the rest.

    Cost: O(B n M² (D + K)).
    """
    tops = products_of(points, weights_of(groups, masks, parts))
    whole = products_of(points, total_weights(groups, masks)[None])[..., 0]
    if noise is not None:
        every = np.array([_union(p.sets) == (1 << groups) - 1 for p in parts])
        tops = tops - every * noise[..., None]
    under = whole if noise is None else whole - noise
    rests = [(under - tops[..., list(of)].sum(-1))[..., None] for of in less]
    tops = np.concatenate([tops, *rests], -1)
    return of_blocks(tops, whole, noise)


def of_blocks(tops: Floats, whole: Floats, noise: Floats | None = None) -> Shares:
    """The same from what each block says.

    Args:
        tops: (…, B, K) estimates of the parts.
        whole: (…, B) estimates of the total variance, noise included.
        noise: (…, B) of the noise.
    """
    floor = np.zeros(whole.shape) if noise is None else noise
    if tops.ndim == 2:  # one budget: blocks of which nothing is left are left out
        good = np.isfinite(tops).all(-1) & np.isfinite(whole) & np.isfinite(floor)
        tops, whole, floor = tops[good], whole[good], floor[good]
    bottom = whole - floor
    blocks = whole.shape[-1]
    size = np.abs(whole).mean(-1)[..., None, None]
    tops = np.where(np.abs(tops) <= ROUNDING * size, 0.0, tops)
    value, se, low, high = ratio_interval(tops, bottom)
    p = one_sided(tops)
    spread = bottom.mean(-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        spread_se = bottom.std(-1, ddof=1) / np.sqrt(blocks) if blocks > 1 else np.full(spread.shape, np.nan)
    return Shares(value, se, low, high, p, holm(p), spread, spread_se, floor.mean(-1))
