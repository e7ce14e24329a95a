"""Evidence that costs nothing: how strongly trainings that left an item out approve of it."""

from __future__ import annotations

import numpy as np

from activeseed.belief.laplace import logit
from activeseed.outcome import Outcomes
from activeseed.plan import Floats, Rows


def vouching_evidence(
    rows: Rows, outcomes: Outcomes, *, absent: int = 1, least: int = 8, before: Floats | None = None
) -> Floats | None:
    """(F,) mean logit of the approval of each item as written, over the rows that left it out.

    Args:
        rows: the trainings, entries independent.
        outcomes: what they did; without ``vouching`` there is no evidence and None is returned.
        absent: index of the variant *absent*.
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
    return mean if before is None else np.where(np.isnan(mean), before, mean)
