"""The author's share, held: he may know how many of his items are wrong and not which.

Where wrong items look wrong they are asked first, and the more of them are found the fewer are left. This predictor
takes what was learnt and moves it, all unasked items by the same probit, until the expected number of items that stay
is the author's, the answered ones included. Where his number is wrong that makes unasked items pay for the answered
ones: then it foretells answers badly, and is not used.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

from activeseed.outcome import Bools
from activeseed.plan import Floats, Ints

#: Newton steps; each is at most one probit
STEPS = 8


def shift(t: Floats, weight: Floats, target: float) -> float:
    """The c for which Σ_f Σ_w weight_w Φ(t_wf + c) is ``target``, no nearer to none or all of them than
    half an item (or than it is).

    Args:
        t: (W, U) probits of U unasked items in each world; weight: (W,), summing to one.
    """
    total = float((weight @ ndtr(t)).sum())
    target = float(np.clip(target, min(0.5, total), max(t.shape[1] - 0.5, total)))
    c = 0.0
    for _ in range(STEPS):
        at = t + c
        slope = float((weight @ np.exp(-0.5 * at**2)).sum()) / np.sqrt(2.0 * np.pi)
        step = float(np.clip((target - float((weight @ ndtr(at)).sum())) / max(slope, 1e-6), -1.0, 1.0))
        c += step
        if abs(step) < 1e-6:
            break
    return c


def held(
    author: Floats, t: Floats, weight: Floats, stay: Floats, leave: Floats, order: Ints, looks: Bools
) -> tuple[Floats, float]:
    """(n,) log probability of the answers that are looked at, zeros else; and the shift after all of them.

    Args:
        author: (F,) his belief that each item stays.
        t: (L + 1, W, F) probits in each world before each answer that is looked at, and after all of them.
        weight: (L + 1, W) the worlds' probabilities then.
        stay, leave: (F,) likelihoods of an item's answers.
        order: (n,) numbers of the answered items; looks: (n,) the L of them that are looked at.
    """
    log, open_ = np.zeros(len(order)), np.ones(len(author), bool)
    kept = author * stay / (author * stay + (1.0 - author) * leave)
    at = 0
    left = float(author.sum())
    for n, f in enumerate(order):
        if looks[n]:
            c = shift(t[at][:, open_], weight[at], left)
            p = float(weight[at] @ ndtr(t[at][:, f] + c))
            log[n] = np.log(max(p * stay[f] + (1.0 - p) * leave[f], 1e-300))
            at += 1
        open_[f] = False
        left -= float(kept[f])
    return log, shift(t[at][:, open_], weight[at], left) if open_.any() else 0.0
