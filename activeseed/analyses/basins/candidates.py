"""For whoever chooses a seed: how far its outcome is from what lies in each basin, on average and at worst."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from activeseed.analyses.basins.landscape import Candidate
from activeseed.analyses.basins.telling import name_of
from activeseed.plan import Floats, Ints

#: a seed lies in a basin when more than this share of the basin's members lie as far from its middle
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
    off = np.median(np.linalg.norm(mine[:, None] - middles[None], axis=-1), axis=0)
    held = []
    for k in numbers:
        theirs = np.linalg.norm(points[basins == k] - middles[k], axis=-1)
        held.append((1.0 + float((theirs >= off[k] - 1e-12).sum())) / (1.0 + len(theirs)))
    near = int(np.argmin(off))
    best = int(np.argmax(held)) if max(held) > _least(basins, int(np.argmax(held))) else -1
    return Candidate(
        name=name, keys=len(mine),
        expected=tuple(float(away[basins == k].mean()) for k in numbers),
        worst=tuple(float(away[basins == k].max()) for k in numbers),
        overall=float(away.mean()), overall_se=float(away.std(ddof=1) / len(away) ** 0.5) if len(away) > 1 else 0.0,
        basin=name_of(best) if best >= 0 else "", p=held[best if best >= 0 else near],
    )  # fmt: skip


def _least(basins: Ints, basin: int) -> float:
    """In a small basin nobody as far is already 1/(1 + n)."""
    return max(_WITHIN, 1.0 / (1.0 + float((basins == basin).sum())))
