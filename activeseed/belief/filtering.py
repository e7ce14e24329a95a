"""Bayesian probit regression, answer by answer: what each world foretold of an answer, and made of it.

Item f is *as written* with probability Φ(offset_f + design_f·w), w Gaussian. What annotators said about it has
likelihood ``stay`` if it is as written and ``leave`` if not, so that it contributes Z = leave + (stay − leave)·P. After
each item the posterior of w is replaced by the Gaussian of the same mean and covariance, which are known in closed form
(assumed-density filtering: Minka 2001, ch. 3; probit: Rasmussen & Williams 2006, eqs. 3.82, 3.85). The predictions made
on the way are what a world is weighed by.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from activeseed.plan import Floats, Ints


@dataclass(frozen=True)
class Filtered:
    """What W worlds made of n answered items.

    Attributes:
        mean: (W, d), covariance: (W, d, d) posterior of the coefficients.
        log_predicted: (W, n) log Z of each item's answers, given those before it.
    """

    mean: Floats
    covariance: Floats
    log_predicted: Floats


def filtered(
    design: Floats,
    offset: Floats,
    sd: Floats,
    stay: Floats,
    leave: Floats,
    order: Ints,
) -> Filtered:
    """Take in the answers to the items of ``order``, one after the other, in all worlds at once.

    Costs O(n·W·d²).

    Args:
        design: (F, d) features, shared by all worlds.
        offset: (W, F) probits at w = 0.
        sd: (W, d) prior standard deviations; prior means are zero.
        stay, leave: (F,) likelihoods of an item's answers, not both zero.
        order: (n,) numbers of the answered items, first answered first.
    """
    w, d = sd.shape
    mean, covariance = np.zeros((w, d)), np.einsum("wd,de->wde", sd**2, np.eye(d))
    log = np.zeros((w, len(order)))
    for n, f in enumerate(order):
        x = design[f]
        along = covariance @ x
        scale = np.sqrt(1.0 + along @ x)
        t = (offset[:, f] + mean @ x) / scale
        z = np.maximum(leave[f] + (stay[f] - leave[f]) * ndtr(t), 1e-300)
        log[:, n] = np.log(z)
        slope = (stay[f] - leave[f]) * np.exp(-0.5 * t**2) / (np.sqrt(2.0 * np.pi) * scale * z)
        bend = -slope * (t / scale + slope)
        mean += slope[:, None] * along
        covariance += bend[:, None, None] * along[:, :, None] * along[:, None, :]
    return Filtered(mean, covariance, log)
