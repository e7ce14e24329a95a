"""Held to account: what was believed of items just before they were answered, against what was answered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def calibration(
    believed: Sequence[float],
    stayed: Sequence[float],
    *,
    author: Sequence[float] | None = None,
    bins: int = 5,
    level: float = 0.01,
) -> dict[str, Any]:
    """How good beliefs were as forecasts.

    Args:
        believed: P(as written) of each answered item just before its answer.
        stayed: 1 where it was kept as written, 0 where not (or the resolved probability of it).
        author: the author's own belief of the same items, for comparison.
        bins: number of equally wide bins of the reliability table; empty ones are left out.
        level: significance below which the belief counts as refuted.

    Returns:
        ``n``; ``brier`` of the belief, ``brier_author`` (or None), ``brier_base`` of the best constant; ``bins`` with
        mean believed, share that stayed and count; ``z``, Spiegelhalter's (1986) statistic: Σ(x−b)(1−2b) over its
        standard deviation under calibration, standard normal then; ``p`` two-sided; ``refuted``: ``p`` below ``level``
        with at least 10 answers, in the direction of being overconfident. Cost O(n).
    """
    b = np.clip(np.asarray(believed, np.float64), 0.0, 1.0)
    x = np.asarray(stayed, np.float64)
    if b.shape != x.shape:
        raise ValueError(f"calibration needs one belief an answer, got {b.shape} and {x.shape}")
    n = len(b)
    if n == 0:
        return {"n": 0, "brier": None, "brier_author": None, "brier_base": None, "bins": [], "z": None, "p": None,
                "refuted": False}  # fmt: skip
    where = np.minimum((b * bins).astype(int), bins - 1)
    table = [
        {"believed": float(b[where == k].mean()), "stayed": float(x[where == k].mean()), "n": int((where == k).sum())}
        for k in range(bins)
        if (where == k).any()
    ]
    sd = float(np.sqrt(((1 - 2 * b) ** 2 * b * (1 - b)).sum()))
    z = float(((x - b) * (1 - 2 * b)).sum() / sd) if sd > 1e-12 else 0.0
    p = _two_sided(z)
    brier_author = None if author is None else float(np.mean((np.asarray(author, np.float64) - x) ** 2))
    return {
        "n": n,
        "brier": float(np.mean((b - x) ** 2)),
        "brier_author": brier_author,
        "brier_base": float(x.mean() * (1 - x.mean())),
        "bins": table,
        "z": z,
        "p": p,
        "refuted": bool(n >= 10 and p < level and z > 0),
    }


def _two_sided(z: float) -> float:
    from math import erfc, sqrt

    return erfc(abs(z) / sqrt(2.0))
