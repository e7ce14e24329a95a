"""Lock-in: how much more an item's presence moves the outcome than how it is worded."""

from __future__ import annotations

import numpy as np

from activeseed.looking.assessment import Assessment


def lock_in(found: Assessment) -> float | None:
    """Mean response to dropping over mean response to rewording, by the surrogate, items that can be reworded."""
    surrogate = found.ranking.surrogate
    if surrogate is None:
        return None
    f, v, _ = surrogate.coefficients.shape
    square = np.diag(surrogate.gram).reshape(f, v)
    drops, rewordings = [], []
    for i, item in enumerate(found.seed.items):
        other = [n for n, variant in enumerate(item.variants) if n > 1 and variant.origin in ("wording", "paraphrase")]
        if other and square[i, other].any():
            drops.append(square[i, 1])
            rewordings.append(square[i, other].mean())
    if not rewordings or np.mean(rewordings) <= 0:
        return None
    return float(np.mean(drops) / np.mean(rewordings))
