"""Evidence that costs nothing: how strongly trainings that left an item out approve of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from activeseed.outcome import Outcomes
from activeseed.plan import Floats, Rows


def logit(p: Floats, floor: float = 0.005) -> Floats:
    """Log p/(1−p), with p held in [floor, 1−floor]."""
    q = np.clip(p, floor, 1.0 - floor)
    return np.asarray(np.log(q) - np.log1p(-q))


def vouching_evidence(
    rows: Rows,
    outcomes: Outcomes,
    *,
    absent: int = 1,
    opposite: Sequence[int] | None = None,
    least: int = 8,
    before: Floats | None = None,
) -> Floats | None:
    """(F,) mean logit of the approval of each item as written, over the rows that left it out.

    Args:
        rows: the trainings, entries independent.
        outcomes: what they did; without ``vouching`` there is no evidence and None is returned.
        absent: index of the variant *absent*.
        opposite: (F,) index of the variant *flipped* of each item, -1 where it has none. A pair that is flipped and
            not left out is vouched for half way between the rows that hold it as written and those that hold it
            flipped: its own push is equal and opposite in the two.
        least: items that fewer rows left out are unknown (NaN), or keep what ``before`` says.
        before: evidence of an earlier round; an item that humans kept is left out by no row any more.
    """
    if outcomes.vouching is None:
        return before
    out = (rows.variants == absent) & outcomes.ok[:, None]
    if rows.multiplicity is not None:
        out |= (rows.multiplicity == 0) & outcomes.ok[:, None]
    count = out.sum(0)
    score = np.where(out, logit(np.asarray(outcomes.vouching, np.float64)), 0.0).sum(0)
    mean = np.where(count >= least, score / np.maximum(count, 1), np.nan)
    if opposite is not None:
        mean = np.where(np.isnan(mean), _half_way(rows, outcomes, np.asarray(opposite), least), mean)
    return mean if before is None else np.where(np.isnan(mean), before, mean)


def _half_way(rows: Rows, outcomes: Outcomes, opposite: NDArray[np.int64], least: int) -> Floats:
    """(F,) mean of the mean logits with the item as written and with it flipped; NaN where either is too rare."""
    logits = logit(np.asarray(outcomes.vouching, np.float64))
    means = []
    for held in (rows.variants == 0, (rows.variants == opposite) & (opposite >= 0)):
        here = held & outcomes.ok[:, None]
        count = here.sum(0)
        total = np.where(here, logits, 0.0).sum(0)
        means.append(np.where(count >= least, total / np.maximum(count, 1), np.nan))
    return np.asarray(0.5 * (means[0] + means[1]))
