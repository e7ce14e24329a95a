"""The author's share, held: he may know how many of his items are wrong and not which.

Where wrong items look wrong they are asked first, and the more of them are found the fewer are left. This predictor
takes what was learnt and moves it, all unasked items by the same probit, until the expected number of items that stay
is the author's, the answered ones included. Where his number is wrong that makes unasked items pay for the answered
ones: then it foretells answers badly, and is not used.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

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


class Held:
    """Watches a filter: what the author's share, held, says of each answer before it comes.

    Args:
        author: (F,) his belief that each item stays.
        prior: (W,) probabilities of the filter's worlds.
        stay, leave: (F,) likelihoods of an item's answers.
        order: (n,) numbers of the answered items, first answered first.

    Attributes:
        log_predicted: (n,) log probability of each answer, given those before it.
        shift: after all of them, by how many probits unasked items are moved.
    """

    def __init__(self, author: Floats, prior: Floats, stay: Floats, leave: Floats, order: Ints) -> None:
        self._prior, self._stay, self._leave, self._order = np.log(prior), stay, leave, order
        self._open = np.ones(len(author), bool)
        self._left = float(author.sum())
        self._kept = author * stay / (author * stay + (1.0 - author) * leave)
        self.log_predicted = np.zeros(len(order))
        self.shift = 0.0

    def watch(self, n: int, t: Floats, log: Floats) -> None:
        """See ``filtered``."""
        weight = np.exp(self._prior + log - np.logaddexp.reduce(self._prior + log))
        self.shift = shift(t[:, self._open], weight, self._left) if self._open.any() else 0.0
        if n < len(self._order):
            f = self._order[n]
            p = float(weight @ ndtr(t[:, f] + self.shift))
            self.log_predicted[n] = np.log(max(p * self._stay[f] + (1.0 - p) * self._leave[f], 1e-300))
            self._open[f] = False
            self._left -= float(self._kept[f])
