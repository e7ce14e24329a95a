"""How far annotators agree: Krippendorff's alpha, Cohen's kappa, and plain percentages."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Agreement:
    """Agreement between annotators on the items that at least two of them answered.

    Attributes:
        alpha: Krippendorff's alpha for nominal data: 1 perfect, 0 what chance gives, below 0 systematic disagreement;
            None where it is not defined (no item with two answers, or all answers the same).
        percent: share in [0, 1] of pairs of answers to one item that are equal; None without any pair.
        units: number of items with at least two answers.
        annotators: number of annotators who gave those answers.
    """

    alpha: float | None
    percent: float | None
    units: int
    annotators: int


def krippendorff_alpha(units: Iterable[Sequence[Hashable]]) -> float | None:
    """Krippendorff's alpha for nominal data, any number of coders, missing values allowed.

    Source: K. Krippendorff, *Computing Krippendorff's Alpha-Reliability* (2011), section D: α = 1 − D_o/D_e with
    coincidences weighted by 1/(m_u − 1) in a unit of m_u values. Cost: linear in the number of values.

    Args:
        units: for each unit the values that it got, at least two to count.

    Returns:
        alpha in (−1, 1], or None when no unit has two values or all values are equal (then D_e = 0).
    """
    totals: Counter[Hashable] = Counter()
    observed = 0.0  # diagonal of the coincidence matrix: pairable values in units that match
    for values in units:
        if len(values) < 2:
            continue
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


def agreement(votes: Iterable[tuple[str, str, str]]) -> Agreement:
    """Agreement over (item, annotator, variant); of several votes of one annotator on an item the last counts."""
    by_item: dict[str, dict[str, str]] = defaultdict(dict)
    for item, annotator, variant in votes:
        by_item[item][annotator] = variant
    shared = [v for v in by_item.values() if len(v) > 1]
    units = [list(v.values()) for v in shared]
    return Agreement(
        alpha=krippendorff_alpha(units),
        percent=percent_agreement(units),
        units=len(units),
        annotators=len({a for v in shared for a in v}),
    )
