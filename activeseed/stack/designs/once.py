"""What keys and probes do together is in the error over keys and in that over probes: here it is counted once.

A mean over a table of blocks by probes varies by what blocks do, σ²_b/B, by what probes do, σ²_p/P, and by what is a
probe's and a block's own, σ²_bp/(BP). The scatter of the blocks' means holds the first and the last, that of the
probes' means the second and the last. Their sum errs on the wide side, by a factor of √2 where the last is all there
is, as in the difference of two designs that are alike at every probe but for noise. The last is known from what is left
of the table without the means of its rows and columns, and is taken off what probes are said to do: for all designs
together, so that it is right in any difference of them, and never below zero in any.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from activeseed.estimators.over_probes import strata
from activeseed.plan import Floats
from activeseed.stack.designs.measured import Measured, Part

#: shares of the largest eigenvalue of what probes do that are taken for rounding
_ROUNDING = 1e-10


def left_of(table: Floats, each: Floats, groups: Sequence[str]) -> Floats:
    """(B, P) what a number is a weighted sum of -> (B · P,) what blocks and probes only do together.

    Args:
        table: NaN rows are blocks that failed.
        each: (P,) weight of each probe in the number; blocks weigh alike.
        groups: of the probes, within which they are drawn.

    Returns:
        Entries whose squares add up to the variance σ²_bp Σ w²_p / B, unbiased; zeros where there are too few.
    """
    fine = np.isfinite(table).all(1)
    out = np.zeros(table.shape)
    blocks = int(fine.sum())
    if blocks < 2:
        return out.ravel()
    part = strata(groups)
    for s in np.unique(part):
        mine = np.flatnonzero(part == s)
        n = len(mine)
        if n < 2:
            continue
        rest = table[np.ix_(fine, mine)]
        rest = rest - rest.mean(1, keepdims=True) - rest.mean(0) + rest.mean()
        scale = np.sqrt(blocks * n / ((blocks - 1.0) * (n - 1.0))) / blocks
        out[np.ix_(fine, mine)] = rest * each[mine] * scale
    return out.ravel()


def taken_once(numbers: Sequence[Measured]) -> list[Measured]:
    """The same numbers of several designs, with what two kinds of units do together counted once in any difference.

    The part of the second kind (probes) is turned so that its covariance over designs is what it was less the shared
    one, negative eigenvalues zero.
    """
    out = list(numbers)
    for kind in {names[1] for m in numbers for names in m.twice}:
        having = [d for d, m in enumerate(numbers) if kind in m.parts]
        parts = [numbers[d].parts[kind] for d in having]
        influence = np.array([p.centred for p in parts])
        # parts of one kind have the same groups: places are read for all designs at once
        scaled = influence * _spread_of(parts[0].groups)
        whole = scaled @ scaled.T
        shared = np.zeros(whole.shape)
        for i, d in enumerate(having):
            for j, e in enumerate(having):
                mine, theirs = numbers[d].twice, numbers[e].twice
                shared[i, j] = sum(
                    float(x @ theirs[names]) for names, x in mine.items() if names[1] == kind and names in theirs
                )
        turned = _less(whole, shared) @ influence
        for d, part, rest in zip(having, parts, turned, strict=True):
            kept = {names: x for names, x in out[d].twice.items() if names[1] != kind}
            out[d] = replace(out[d], parts={**out[d].parts, kind: Part(rest, part.groups)}, twice=kept)
    return out


def _spread_of(groups: Sequence[str]) -> Floats:
    """(P,) √(n/(n − 1)) of each unit's group, by which influences make up a variance."""
    part = strata(groups)
    size = np.bincount(part)[part]
    return np.asarray(np.sqrt(size / np.maximum(size - 1.0, 1.0)), np.float64)


def _less(whole: Floats, shared: Floats) -> Floats:
    """M with M·whole·Mᵀ = whole − shared, where that is positive, and nothing of it where it is not."""
    values, ways = np.linalg.eigh(whole)
    kept = values > _ROUNDING * max(float(values.max(initial=0.0)), 1e-300)
    if not kept.any():
        return np.zeros(whole.shape)
    size = np.sqrt(values[kept])
    out, back = ways[:, kept] * size, (ways[:, kept] / size).T
    left, turn = np.linalg.eigh(np.eye(len(size)) - back @ shared @ back.T)
    root = (turn * np.sqrt(np.clip(left, 0.0, None))) @ turn.T
    return np.asarray(out @ root @ back, np.float64)
