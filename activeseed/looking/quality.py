"""How an outcome agrees with labelled probes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from activeseed.outcome import Bools
from activeseed.plan import Floats


def quality(values: Floats, places: Sequence[Any]) -> dict[str, float]:
    """How the mean outcome agrees with labelled places: accuracy at ½ and, with both labels there, AUC.

    ``chance`` is the probability of so high an AUC for outcomes that have nothing to do with the labels (Mann &
    Whitney's test, one-sided).
    """
    from scipy.stats import mannwhitneyu

    known, y = _labels(places)
    if known.sum() < 2:
        return {}
    s = values[known]
    out = {"accuracy": float(((s > 0.5) == y).mean())}
    if 0 < y.sum() < len(y):
        test = mannwhitneyu(s[y], s[~y], alternative="greater")
        # the share of pairs (approve, reject) in the right order, ties counted half
        out["auc"] = float(test.statistic / (y.sum() * (~y).sum()))
        out["chance"] = 1.0 if np.isnan(test.pvalue) else float(test.pvalue)  # all tied: nothing can be said
    return out


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
