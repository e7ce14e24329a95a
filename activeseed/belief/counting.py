"""The plain count: how many of those answered stayed, whatever they are, whatever the author said of each.

Of n answered items k stayed; the plain count is Laplace's rule, (k + 1)/(n + 2), the mean of Beta(1 + k, 1 + n − k).
Item f is *as written* with probability (a_f + n·count)/(1 + n): the author's belief a_f is where it starts, and is
forgotten as answers come. In a group it is the group's own count, to which that of all items is worth a few answers.
An answer that may be wrong counts as the probability that the item stays, given it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import ndtri

from activeseed.belief.posterior import World
from activeseed.plan import Floats, Ints

#: answers that the count of all items is worth to a group's own
WHOLE = 2.0


def counted(author: Floats, groups: Sequence[str], stay: Floats, leave: Floats, order: Ints) -> tuple[World, Floats]:
    """The count after all answers as a world of weight 1, and (n,) log probability of each answer before it came.

    Args:
        author: (F,) his belief that each item stays.
        groups: (F,) names.
        stay, leave: (F,) likelihoods of an item's answers.
        order: (n,) numbers of the answered items, first answered first.
    """
    names = {g: k for k, g in enumerate(dict.fromkeys(groups))}
    member = np.array([names[g] for g in groups])
    kept, seen = np.zeros(len(names)), np.zeros(len(names))

    def probability(f: Ints) -> Floats:
        mine_kept, mine_seen = kept[member[f]], seen[member[f]]
        n = seen.sum()
        whole = (author[f] + n * (kept.sum() + 1.0) / (n + 2.0)) / (1.0 + n)
        return np.asarray((WHOLE * whole + mine_kept) / (WHOLE + mine_seen) if len(names) > 1 else whole)

    log = np.zeros(len(order))
    for n, f in enumerate(order):
        p = float(probability(f))
        z = p * stay[f] + (1.0 - p) * leave[f]
        log[n] = np.log(max(z, 1e-300))
        kept[member[f]] += p * stay[f] / max(z, 1e-300)
        seen[member[f]] += 1.0
    whole = np.clip(probability(np.arange(len(author))), 1e-9, 1.0 - 1e-9)
    # the Beta's variance on the scale of the probit: how far the shares may be off
    within = np.eye(len(names))[member]
    total = WHOLE + (seen if len(names) > 1 else seen.sum())
    share = np.clip(within.T @ whole / within.sum(0), 0.02, 0.98)
    variance = np.minimum(share * (1.0 - share) / (1.0 + total) * 2.0 * np.pi * np.exp(ndtri(share) ** 2), 1.0)
    offset = ndtri(whole) * np.sqrt(1.0 + within @ variance)
    blank = np.zeros(len(names))
    return World("count", 1.0, within, offset, blank, np.diag(variance), ("count",) * len(names)), log
