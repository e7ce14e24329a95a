"""How far annotators agree: Krippendorff's alpha, Cohen's kappa, and plain percentages."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from activeseed.seed import ABSENT, AS_WRITTEN, FLIPPED

Metric = Literal["nominal", "ordinal", "interval"]


@dataclass(frozen=True)
class Agreement:
    """Agreement between annotators on the items that at least two of them answered.

    Attributes:
        alpha: Krippendorff's alpha for nominal data: 1 perfect, 0 what chance gives, below 0 systematic disagreement;
            None where it is not defined (no item with two answers, or all answers the same).
        percent: share in [0, 1] of pairs of answers to one item that are equal; None without any pair.
        units: number of items with at least two answers.
        annotators: number of annotators who gave those answers.
        ordinal, interval: alpha of how far answers lean (see `lean`), by order and by distance: people who differ and
            are unsure disagree less than people who differ and are sure. None where answers have no more than two
            leanings (they would say what alpha says) or some have none.
    """

    alpha: float | None
    percent: float | None
    units: int
    annotators: int
    ordinal: float | None = None
    interval: float | None = None


def krippendorff_alpha(units: Iterable[Sequence[Hashable]], metric: Metric = "nominal") -> float | None:
    """Krippendorff's alpha, any number of coders, missing values allowed.

    α = 1 − D_o/D_e, the mean δ² of pairs of values within a unit over that of all pairs, with pairs of a unit of m_u
    values weighted by 1/(m_u − 1). The difference δ² of two values is 0 or 1 (nominal), the square of how many values
    lie between them, half of either's own among these (ordinal), or of their distance (interval).

    Source: K. Krippendorff, *Computing Krippendorff's Alpha-Reliability* (2011), sections C to E. Since the ordinal
    difference is one of mid-ranks, both metrics of numbers are sums of squares. Cost: n log n.

    Args:
        units: for each unit the values that it got, at least two to count; numbers, unless nominal.

    Returns:
        alpha, at most 1, or None when no unit has two values or all values are equal (then D_e = 0).
    """
    paired = [values for values in units if len(values) > 1]
    if metric == "nominal":
        return _nominal_alpha(paired)
    if not paired:
        return None
    x = np.array([v for values in paired for v in values], np.float64)
    if metric == "ordinal":
        _, place, used = np.unique(x, return_inverse=True, return_counts=True)
        x = (np.cumsum(used) - used / 2.0)[place.reshape(-1)]
    expected = 2.0 * len(x) * float(((x - x.mean()) ** 2).sum())
    if np.ptp(x) == 0:
        return None
    sizes = np.array([len(values) for values in paired])
    unit = np.repeat(np.arange(len(sizes)), sizes)
    apart = x - (np.bincount(unit, x) / sizes)[unit]
    within = float((2.0 * sizes / (sizes - 1.0)) @ np.bincount(unit, apart**2))
    return 1.0 - (len(x) - 1.0) * within / expected


def _nominal_alpha(units: Sequence[Sequence[Hashable]]) -> float | None:
    totals: Counter[Hashable] = Counter()
    observed = 0.0  # diagonal of the coincidence matrix: pairable values in units that match
    for values in units:
        counts = Counter(values)
        totals.update(counts)
        observed += sum(c * (c - 1) for c in counts.values()) / (len(values) - 1)
    n = sum(totals.values())
    expected = sum(c * (c - 1) for c in totals.values())
    if n < 2 or expected == n * (n - 1):
        return None
    return ((n - 1) * observed - expected) / (n * (n - 1) - expected)


def percent_agreement(units: Iterable[Sequence[Hashable]]) -> float | None:
    """Share of equal pairs among all pairs of values within units, in [0, 1]; None without a pair."""
    same = pairs = 0
    for values in units:
        same += sum(c * (c - 1) for c in Counter(values).values())
        pairs += len(values) * (len(values) - 1)
    return same / pairs if pairs else None


def lean(variant: str, confidence: float, pair: bool = False) -> float | None:
    """Where an answer lies between *surely stays as written* (1) and its opposite (−1); None where it lies elsewhere.

    For a pair the opposite is that the other one is preferred, and *both* or *neither* lie in the middle; for anything
    else it is that the item goes. An edit or another wording is a third thing, and no place between.

    Args:
        confidence: how sure the annotator says to be, in [0, 1]; 1 where nothing was said.
        pair: whether the item is a pair.
    """
    if variant == AS_WRITTEN:
        return confidence
    if pair and variant == ABSENT:
        return 0.0
    return -confidence if variant == (FLIPPED if pair else ABSENT) else None


def agreement(votes: Iterable[tuple[str, str, str]], leanings: Sequence[float | None] = ()) -> Agreement:
    """Agreement over (item, annotator, variant); of several votes of one annotator on an item the last counts.

    Args:
        leanings: one a vote, from `lean`, where answers are ordered.
    """
    by_item: dict[str, dict[str, tuple[str, float | None]]] = defaultdict(dict)
    for n, (item, annotator, variant) in enumerate(votes):
        by_item[item][annotator] = variant, leanings[n] if leanings else None
    shared = [v for v in by_item.values() if len(v) > 1]
    units = [[variant for variant, _ in v.values()] for v in shared]
    leant = [[at for _, at in v.values() if at is not None] for v in shared]
    ordered = len({at for unit in leant for at in unit}) > 2 and sum(map(len, leant)) == sum(map(len, units))
    return Agreement(
        alpha=krippendorff_alpha(units),
        percent=percent_agreement(units),
        units=len(units),
        annotators=len({a for v in shared for a in v}),
        ordinal=krippendorff_alpha(leant, "ordinal") if ordered else None,
        interval=krippendorff_alpha(leant, "interval") if ordered else None,
    )
