"""How far whole studies end apart, and what that comes of: from points alone.

Studies of a block are told apart by their masks (see ``runs``); shares are those of `analyses.budget.estimating`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from activeseed.analyses.budget.estimating import Part, pairs, shares_of, singles
from activeseed.analyses.lock_in.ratio import fieller
from activeseed.plan import Floats, Ints
from activeseed.stack.human.found import Left, Share, Spread
from activeseed.stack.human.runs import Run, block_size, masks_of

#: fewest blocks from which a ratio has an interval
RATIO_BLOCKS = 3


def in_blocks(points: Floats, factors: int) -> tuple[Floats, Floats]:
    """(R, D) in the order of the plan -> (B, M, D) of the masks, (B, 2, D) of the studies that were run again."""
    blocks = points.reshape(-1, block_size(factors), points.shape[-1])
    masks = 1 << factors
    return blocks[:, :masks], blocks[:, masks:]


def noise_of(first: Floats, again: Floats) -> Floats:
    """(B,) variance of the same study run again: half the squared distance, mean over the two that were."""
    twice = first[:, [0, -1]] - again
    return np.asarray(0.5 * (twice**2).sum(-1).mean(-1), np.float64)


def spread_of(points: Floats, factors: Sequence[str], of: str, unit: str) -> Spread:
    """The spread of studies, and its shares by factor and by two of them together.

    Args:
        points: (R, D) in the order of the plan; NaN for a study that failed, whose block is left out.
    """
    n = len(factors)
    first, again = in_blocks(points, n)
    names = [*factors, *(f"{a} × {b}" for k, a in enumerate(factors) for b in factors[k + 1 :])]
    parts = [Part(name, sets) for name, sets in zip(names, [*singles(n), *pairs(n)], strict=True)]
    found = shares_of(first[:, None], n, masks_of(n), parts, noise_of(first, again))
    shares = tuple(
        Share(name, *(float(x) for x in numbers))
        for name, *numbers in zip(names, found.value, found.se, found.low, found.high, found.p_holm, strict=True)
    )
    return Spread(of, unit, float(found.spread), float(found.spread_se), float(found.noise), shares)


def apart(points: Floats, factors: int, which: int) -> Floats:
    """(B,) half the squared distance of studies that differ in one factor and in their keys, noise removed.

    Total index of the factor (Jansen 1999) times the spread, mean over the pairs of a block.
    """
    first, again = in_blocks(points, factors)
    masks = np.array(masks_of(factors))
    one = masks[(masks >> which & 1) == 0]
    pairs_ = first[:, one] - first[:, one | (1 << which)]
    return np.asarray(0.5 * (pairs_**2).sum(-1).mean(-1) - noise_of(first, again), np.float64)


def left_of(of: str, first: Floats, last: Floats) -> Left:
    """What is left at the end of what there was: ratio of two means over independent blocks, by Fieller's set.

    Args:
        first, last: (B,) of each block, NaN where a study of it failed.
    """
    known = np.isfinite(first) & np.isfinite(last)
    a, b = first[known], last[known]
    if not len(a):
        return Left(of, math.nan, math.nan, math.nan, math.nan, math.nan)
    wide = np.full((2, 2), np.nan)
    covariance = np.cov(np.stack([b, a])) / len(a) if len(a) >= RATIO_BLOCKS else wide
    ratio = fieller(float(b.mean()), float(a.mean()), covariance, len(a) - 1.0)
    return Left(of, float(a.mean()), float(b.mean()), ratio.value, ratio.low, ratio.high)


def of_seeds(variants: Ints, width: int) -> Floats:
    """(…, F) numbers of variants -> (…, F·V) points whose squared distance is the share of items that differ."""
    hot = variants[..., None] == np.arange(width)
    return np.asarray(hot.reshape(*variants.shape[:-1], -1) / math.sqrt(2.0 * variants.shape[-1]), np.float64)


def by_block(values: Floats, runs: Sequence[Run], chosen: Sequence[bool] | None = None) -> Floats:
    """(R,) -> (B,) mean over the studies of each block, those that are chosen; NaN where there is none."""
    blocks = np.array([r.block for r in runs])
    ok = np.isfinite(values) & (np.ones(len(values), bool) if chosen is None else np.asarray(chosen, bool))
    count = np.bincount(blocks[ok], minlength=blocks.max() + 1)
    total = np.bincount(blocks[ok], weights=values[ok], minlength=blocks.max() + 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan), np.float64)
