"""The plain count: how many of those answered stayed, whatever they are, whatever the author said of each.

Item f is *as written* with probability (m·a_f + k)/(m + n): the author's belief a_f, worth m answers, and k of n that
stayed; the author is forgotten as answers come. In a group it is the group's own count, to which all others' is worth
m answers. An answer that may be wrong counts as the probability that the item stays, given it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import ndtri

from activeseed.belief.posterior import World
from activeseed.plan import Floats, Ints


def counted(
    author: Floats, groups: Sequence[str], stay: Floats, leave: Floats, order: Ints, *, worth: float
) -> tuple[World, Floats]:
    """The count after all answers as a world of weight 1, and (n,) log probability of each answer before it came.

    Args:
        author: (F,) his belief that each item stays.
        groups: (F,) names.
        stay, leave: (F,) likelihoods of an item's answers.
        order: (n,) numbers of the answered items, first answered first.
        worth: m, positive; 2 is a uniform belief, Beta(1, 1), where the author believes one half.
    """
    names = {g: k for k, g in enumerate(dict.fromkeys(groups))}
    member = np.array([names[g] for g in groups])
    kept, seen = np.zeros(len(names)), np.zeros(len(names))

    def probability(f: Ints) -> Floats:
        mine_kept, mine_seen = kept[member[f]], seen[member[f]]
        whole = (worth * author[f] + kept.sum()) / (worth + seen.sum())
        return np.asarray((worth * whole + mine_kept) / (worth + mine_seen) if len(names) > 1 else whole)

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
    total = worth + (seen if len(names) > 1 else seen.sum())
    share = np.clip(within.T @ whole / within.sum(0), 0.02, 0.98)
    variance = np.minimum(share * (1.0 - share) / (1.0 + total) * 2.0 * np.pi * np.exp(ndtri(share) ** 2), 1.0)
    offset = ndtri(whole) * np.sqrt(1.0 + within @ variance)
    blank = np.zeros(len(names))
    return World("count", 1.0, within, offset, blank, np.diag(variance), ("count",) * len(names)), log
