"""Interval training: a box of parameters that holds every descent with up to k items removed. A baseline, no feature.

Each step bounds every item's gradient by interval arithmetic (Sosnin et al. 2024, Certified Robustness to Data
Poisoning in Gradient-Based Training), so that the box grows geometrically: it is here to be compared with `trajectory`.
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from activeseed.analyses.removal.ranges import Range
from activeseed.analyses.removal.trajectory import Descent
from activeseed.plan import Floats


def boxed(descent: Descent, start: Floats, k: int, points: Floats) -> Range:
    """(V,) how far scores at (V, r) points can move, by a box around the parameters that start at (r,)."""
    d = descent
    share = np.where(d.may, d.w, 0.0)
    most = d.factors(0, k)[1]
    low = high = middle = start
    for step in range(d.steps):
        pace = share * d.pace[step]
        slope = _weighted(d, (low, high), pace, most, k)
        keep = 1.0 - d.rate * d.decay
        low, high = keep * low - d.rate * slope.high, keep * high - d.rate * slope.low
        nominal = d.x.T @ (np.where(d.may, pace, d.w) * (expit(d.x @ middle) - d.t))
        middle = keep * middle - d.rate * nominal
    centre, half = (high + low) / 2 - middle, (high - low) / 2
    shift, wide = points @ centre, np.abs(points) @ half
    return Range(shift - wide, shift + wide)


def _weighted(d: Descent, box: tuple[Floats, Floats], pace: Floats, most: float, k: int) -> Range:
    """(r,) range of the slope over a box, with the worst k items gone and the others weighing up to ``most`` more."""
    centre, half = (box[0] + box[1]) / 2, (box[1] - box[0]) / 2
    score, wide = d.x @ centre, np.abs(d.x) @ half
    low, high = expit(score - wide) - d.t, expit(score + wide) - d.t
    ends = np.stack([low[:, None] * d.x, high[:, None] * d.x])
    each = Range(ends.min(0), ends.max(0))
    kept = ~d.may
    out = []
    for bound, sign in ((each.low, 1.0), (each.high, -1.0)):
        items = pace[:, None] * bound
        # what leaves is what would have held the end back most
        gone = np.sort(np.maximum(sign * items[d.may], 0.0), axis=0)[-k:].sum(0)
        total = items[d.may].sum(0) - sign * gone
        scaled = np.minimum(total, total * most) if sign > 0 else np.maximum(total, total * most)
        out.append(scaled + d.w[kept] @ bound[kept])
    return Range(out[0], out[1])
