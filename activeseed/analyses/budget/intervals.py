"""Intervals and tests of a ratio of means over blocks: what the shares of a budget are.

Blocks are independent, and few; what one of them says of a share is a product of two differences, skewed to the right.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from activeseed.plan import Floats, generator

#: fewer blocks than this have no interval
ENOUGH_BLOCKS = 8
#: fewer blocks than this have intervals that are wide, and are said to be few
SEVERAL_BLOCKS = 24
#: what of the total is rounding: outcomes are kept in single precision, and rows' last bits depend on their batch
ROUNDING = 1e-11
#: draws of blocks with replacement; one more is a multiple of 40, so that 2.5 and 97.5 % are draws of their own
RESAMPLES = 1999


def ratio_interval(tops: Floats, bottom: Floats, level: float = 0.95) -> tuple[Floats, Floats, Floats, Floats]:
    """Mean top over mean bottom, its standard error, and an interval within [0, 1].

    Fieller's set (1954), which holds its level also where the denominator is uncertain, with the quantiles of a
    bootstrap-t in place of Student's (Efron 1981; Hall 1988, *Theoretical comparison of bootstrap confidence
    intervals*): what blocks say is skewed to the right, so that a share that comes out low has an error that comes out
    low as well, and misses are of that side. Drawing blocks with replacement shows how far. Draws are the same in
    every call of as many blocks, so that one and the same budget has one interval. Where not one block showed
    anything, the interval is zero alone: what happens in fewer draws than there are blocks can't be told.

    Args:
        tops: (…, B, K).
        bottom: (…, B).

    Returns:
        four (…, K) arrays.

    Cost: O(RESAMPLES · B K), and as many numbers as RESAMPLES · K for each budget are held.
    """
    blocks = bottom.shape[-1]
    top, under = tops.mean(-2), bottom.mean(-1)[..., None]
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        value = np.where(under > 0, top / under, np.nan)
        if blocks < ENOUGH_BLOCKS:
            unknown = np.full(value.shape, np.nan)
            return value, unknown, unknown.copy(), unknown.copy()
        a_top, a_under = tops - top[..., None, :], (bottom - under)[..., None]
        scale = 1.0 / (blocks * (blocks - 1))
        v_top, v_under = (a_top**2).sum(-2) * scale, (a_under**2).sum(-2) * scale
        both = (a_top * a_under).sum(-2) * scale
        se = np.sqrt(np.maximum(v_top - 2.0 * value * both + value**2 * v_under, 0.0)) / under
        least, most = _t_quantiles(tops - (top / under)[..., None, :] * bottom[..., None], bottom, level)
        low = _fieller(top, under, v_top, v_under, both, most, 0.0)
        high = _fieller(top, under, v_top, v_under, both, least, 1.0)
    fixed = (tops == 0.0).all(-2)  # not one block said anything else
    low, high = np.where(fixed, 0.0, low), np.where(fixed, 0.0, high)
    return value, se, np.clip(low, 0.0, 1.0), np.clip(high, 0.0, 1.0)


def _fieller(
    top: Floats, under: Floats, v_top: Floats, v_under: Floats, both: Floats, t: Floats, open_: float
) -> Floats:
    """The ratio r at which (top − r under) is t standard errors of it; ``open_`` where there is none."""
    a, b, c = under**2 - t**2 * v_under, top * under - t**2 * both, top**2 - t**2 * v_top
    return np.where(a > 0, (b - np.sign(t) * np.sqrt(np.maximum(b * b - a * c, 0.0))) / a, open_)


def _t_quantiles(apart: Floats, bottom: Floats, level: float) -> tuple[Floats, Floats]:
    """Both ends of t = mean over its standard error, of blocks drawn with replacement.

    Args:
        apart: (…, B, K) what each block says of (top − ratio · bottom), whose mean is zero.
        bottom: (…, B), of which size ``apart`` is.

    Returns:
        two (…, K) arrays, the first at most 0, the second at least 0; infinite where a resample says nothing of errors.
    """
    blocks = apart.shape[-2]
    rounding = ROUNDING * np.abs(bottom).mean(-1)[..., None, None]
    apart = np.where(np.abs(apart) <= rounding, 0.0, apart)
    times = _resampled(blocks)
    mean = times @ apart
    variance = np.maximum(times @ apart**2 - mean**2, 0.0) / (blocks - 1)
    t = np.sort(np.nan_to_num(mean / np.sqrt(variance), nan=0.0, posinf=np.inf, neginf=-np.inf), axis=-2)
    out = round((1.0 - level) / 2.0 * (RESAMPLES + 1)) - 1
    return np.minimum(t[..., out, :], 0.0), np.maximum(t[..., RESAMPLES - 1 - out, :], 0.0)


@lru_cache(maxsize=4)
def _resampled(blocks: int) -> Floats:
    """(RESAMPLES, B) shares of each block in draws with replacement."""
    return generator(0, "blocks again", blocks).multinomial(blocks, np.full(blocks, 1.0 / blocks), RESAMPLES) / blocks


def one_sided(tops: Floats) -> Floats:
    """(…, B, K) -> (…, K) p-values of mean zero against a mean above it: Student's test over blocks.

    Under no effect a block's estimate is a product of two independent differences: heavy in both tails alike, under
    which the test is conservative. 1 where every block says exactly nothing.
    """
    from scipy.special import stdtr

    blocks = tops.shape[-2]
    if blocks < ENOUGH_BLOCKS:
        return np.full((*tops.shape[:-2], tops.shape[-1]), np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        t = tops.mean(-2) / (tops.std(-2, ddof=1) / np.sqrt(blocks))
    return np.asarray(np.where((tops == 0.0).all(-2), 1.0, stdtr(blocks - 1, -t)), np.float64)


def holm(p: Floats) -> Floats:
    """(…, K) p-values adjusted for their family (Holm 1979); of one that is unknown, unknown."""
    order = np.argsort(p, axis=-1, kind="stable")
    known = np.isfinite(p).sum(-1, keepdims=True)
    rank = np.arange(p.shape[-1])
    sorted_p = np.take_along_axis(p, order, -1)
    stepped = np.maximum.accumulate(np.where(rank < known, sorted_p * (known - rank), sorted_p), axis=-1)
    out = np.empty_like(p)
    np.put_along_axis(out, order, np.minimum(1.0, stepped), -1)
    return out
