"""How an outcome agrees with labelled probes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from activeseed.outcome import Bools
from activeseed.plan import Floats

#: standard errors to either end of a 95 % interval
_Z = 1.959963984540054


def quality(values: Floats, places: Sequence[Any]) -> dict[str, float]:
    """How the mean outcome agrees with labelled places: accuracy at ½ and, with both labels there, AUC.

    ``auc_low`` and ``auc_high`` are its 95 % interval over probes (``auc_interval``). Where that contains ½ or lies
    below it, the outcome is no better than chance: `words.no_better_than_chance` is the one place that says so.
    """
    known, y = _labels(places)
    if known.sum() < 2:
        return {}
    s = values[known]
    out = {"accuracy": float(((s > 0.5) == y).mean())}
    if 0 < y.sum() < len(y):
        # the share of pairs (approve, reject) in the right order, ties counted half
        higher = (s[y][:, None] > s[~y]).mean() + 0.5 * (s[y][:, None] == s[~y]).mean()
        out["auc"] = float(higher)
        out["auc_low"], out["auc_high"] = auc_interval(float(higher), int(y.sum()), int((~y).sum()))
    return out


def auc_interval(auc: float, approve: int, reject: int) -> tuple[float, float]:
    """The 95 % interval of an AUC over m probes to approve and n to reject, drawn anew.

    All θ from which the AUC is at most 1.96 standard errors away, the error being that which θ itself would have:

        V(θ) = θ(1 − θ)/(mn) · (1 + N((1 − θ)/(2 − θ) + θ/(1 + θ))),   N = (m + n)/2 − 1.

    At θ = ½ this is the variance of Mann and Whitney's statistic, so the interval contains ½ exactly where their test
    at 5 % finds nothing; and it has a width where all pairs are in order, where the usual errors are zero. Ties make it
    a little wider than it needs to be.

    Source: R. G. Newcombe, "Confidence intervals for an effect size measure based on the Mann–Whitney statistic. Part
    2", Statistics in Medicine 25 (2006), method 5; the variance is that of Hanley & McNeil (1982), m and n evened out.

    Args:
        auc: in [0, 1].
        approve, reject: m and n, at least 1.
    """
    from scipy.optimize import brentq

    ends = 1e-9  # at 0 and 1 the distance is zero, too: the end of an interval that begins there is found from inside
    evened = (approve + reject) / 2.0 - 1.0

    def apart(theta: float) -> float:
        """How far the AUC is from what may be, above 0 where it is too far."""
        more = evened * ((1.0 - theta) / (2.0 - theta) + theta / (1.0 + theta))
        return (auc - theta) ** 2 - _Z**2 * theta * (1.0 - theta) / (approve * reject) * (1.0 + more)

    low = 0.0 if auc <= 0.0 else float(brentq(apart, 0.0, min(auc, 1.0 - ends)))
    high = 1.0 if auc >= 1.0 else float(brentq(apart, max(auc, ends), 1.0))
    return low, high


def judged_right(values: Floats, places: Sequence[Any], decisions: Floats | None) -> list[bool]:
    """For each labelled place, whether the outcome is on the side of its label.

    Args:
        decisions: (P,) above 0 where something is decided (`geometries.decisions_of`); None is nowhere.
    """
    known, y = _labels(places)
    if decisions is None:
        return []
    decided = decisions[known] > 0
    return [bool(x) for x in ((values[known] > 0.5) == y)[decided]]


def _labels(places: Sequence[Any]) -> tuple[Bools, Bools]:
    """Which places have a label, and the labels of those."""
    labels = np.array([np.nan if p.label is None else p.label for p in places], np.float64)
    known = np.isfinite(labels)
    return known, labels[known] > 0.5
