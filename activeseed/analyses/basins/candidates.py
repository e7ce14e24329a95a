"""For whoever chooses a seed: how far its outcome is from what lies in each basin, on average and at worst."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from activeseed.analyses.basins.landscape import Candidate
from activeseed.plan import Floats, Ints

#: a training falls into a basin when more than this share of its members lie as far from its middle
_WITHIN = 0.05


def candidate_of(name: str, mine: Floats, points: Floats, basins: Ints) -> Candidate:
    """One candidate against the ensemble.

    Args:
        mine: (K, D) its embedded outcomes, a key each; none of the keys is one of the ensemble's.
        points: (n, D) the ensemble's.
        basins: (n,) theirs.

    Distances are those of a training of this seed from a member, as they come: plain means of squares of what is seen,
    the expected loss where that member turns out to be what was meant.
    """
    away = ((mine[:, None] - points[None]) ** 2).sum(-1).mean(0)
    numbers: Sequence[int] = range(int(basins.max()) + 1)
    middles = np.array([points[basins == k].mean(0) for k in numbers])
    off = np.linalg.norm(mine[:, None] - middles[None], axis=-1)
    fell = np.full(len(mine), -1)
    for t, near in enumerate(off.argmin(1)):
        theirs = np.linalg.norm(points[basins == near] - middles[near], axis=-1)
        farther = (1.0 + float((theirs >= off[t, near] - 1e-12).sum())) / (1.0 + len(theirs))
        # in a small basin 1/(1 + n) is all that there is to say that nobody lies as far
        if farther > max(_WITHIN, 1.0 / (1.0 + len(theirs))):
            fell[t] = near
    return Candidate(
        name=name, keys=len(mine),
        expected=tuple(float(away[basins == k].mean()) for k in numbers),
        worst=tuple(float(away[basins == k].max()) for k in numbers),
        overall=float(away.mean()), overall_se=float(away.std(ddof=1) / len(away) ** 0.5) if len(away) > 1 else 0.0,
        falls=tuple(float((fell == k).mean()) for k in numbers), outside=float((fell < 0).mean()),
    )  # fmt: skip
