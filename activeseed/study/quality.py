"""How an outcome agrees with labelled probes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from activeseed.outcome import Bools
from activeseed.plan import Floats

#: labels of one kind up to which the test of a ranking is exact
SHORT = 8


def quality(values: Floats, places: Sequence[Any]) -> dict[str, float]:
    """How the mean outcome agrees with labelled places: accuracy at ½ and, with both labels there, AUC.

    ``chance`` is the probability of so high an AUC for outcomes that have nothing to do with the labels (Mann &
    Whitney's test, one-sided).
    """
    known, y = _labels(places)
    if known.sum() < 2:
        return {}
    s = values[known]
    out = {"accuracy": float(((s > 0.5) == y).mean())}
    if 0 < y.sum() < len(y):
        out["auc"], out["chance"] = ranked_above(s[y], s[~y])
    return out


def ranked_above(a: Floats, b: Floats) -> tuple[float, float]:
    """Share of the pairs in which ``a`` is above ``b``, ties counted half, and the probability of so high a share by
    chance, one-sided.

    By the normal approximation with the correction for ties and for continuity, exactly where one of the two is short
    and nothing is tied: as ``scipy.stats.mannwhitneyu`` has it, whose package takes a second to import.
    """
    from scipy.special import ndtr

    _, inverse, times = np.unique(np.concatenate([a, b]), return_inverse=True, return_counts=True)
    n, pairs = len(a) + len(b), len(a) * len(b)
    ranks = (np.cumsum(times) - (times - 1) / 2.0)[inverse]
    above = float(ranks[: len(a)].sum() - len(a) * (len(a) + 1) / 2.0)
    if min(len(a), len(b)) <= SHORT and len(times) == n:
        from scipy.stats import mannwhitneyu

        return above / pairs, float(mannwhitneyu(a, b, alternative="greater").pvalue)
    variance = pairs / 12.0 * (n + 1 - float((times**3 - times).sum()) / (n * (n - 1)))
    if variance == 0.0:
        return above / pairs, 1.0
    return above / pairs, float(ndtr(-(above - pairs / 2.0 - 0.5) / np.sqrt(variance)))


def judged_right(values: Floats, places: Sequence[Any]) -> list[bool]:
    """For each labelled place, whether the outcome is on the side of its label."""
    known, y = _labels(places)
    return [bool(x) for x in (values[known] > 0.5) == y]


def _labels(places: Sequence[Any]) -> tuple[Bools, Bools]:
    """Which places have a label, and the labels of those."""
    labels = np.array([np.nan if p.label is None else p.label for p in places], np.float64)
    known = np.isfinite(labels)
    return known, labels[known] > 0.5
