"""Distances between what outcomes choose: which places are approved, which are at the top."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from activeseed.checked import SettingsRecord
from activeseed.distances.divergences import Values
from activeseed.distances.reading import known_or_nan, pair
from activeseed.errors import PlanError
from activeseed.plan import Floats
from activeseed.protocols.distances import Metric, Reads


class DecisionFlips(SettingsRecord):
    """Share of the places that would be decided otherwise, in [0, 1], weighted as the places are.

    A place is approved where its outcome is above the threshold. It is the Hamming distance of decisions: a metric of
    those, and its root embeds (it is the squared Euclidean distance of indicators).

    Attributes:
        threshold: above which a place is approved.
    """

    kind: Literal["decision_flips"] = "decision_flips"
    threshold: float = 0.5
    unit: ClassVar[str] = "share of places"
    reads: ClassVar[Reads] = "numbers"
    symmetric: ClassVar[bool] = True
    embeds: ClassVar[bool] = True
    metric: ClassVar[Metric] = "d"
    largest: ClassVar[float] = 1.0

    @property
    def words(self) -> str:
        return f"decisions flipped at {self.threshold:g}"

    def between(self, first: Values, second: Values, weights: Floats) -> Floats:
        """See ``protocols.Distance``. Cost: O(P) a pair."""
        a, b, w = pair(first, second, weights)
        flipped = (a > self.threshold) != (b > self.threshold)
        return known_or_nan(np.minimum(flipped @ w, 1.0), a, b)


class TopK(SettingsRecord):
    """How far apart the k places of the largest outcomes are, in [0, 1].

    ``overlap`` is 1 − |A ∩ B|/k, ``jaccard`` is 1 − |A ∩ B|/|A ∪ B|. Places that tie at the border share what is left
    of k evenly, so that the order of the places decides nothing; intersection and union are then sums of smaller and
    larger memberships. Places are counted, not weighed, but one that weighs nothing is left out. The overlap is an L1
    distance, so a metric whose root embeds. So is Jaccard's: Σ min/Σ max is the probability that one random sample of
    both is the same (Ioffe 2010), so that it is P(h(a) ≠ h(b)) = ½ E‖e_h(a) − e_h(b)‖².

    Attributes:
        k: how many places are at the top; fewer than there are.
        measure: how two such sets are compared.
    """

    kind: Literal["top_k"] = "top_k"
    k: int = Field(default=10, ge=1)
    measure: Literal["overlap", "jaccard"] = "overlap"
    reads: ClassVar[Reads] = "numbers"
    symmetric: ClassVar[bool] = True
    embeds: ClassVar[bool] = True
    metric: ClassVar[Metric] = "d"
    largest: ClassVar[float] = 1.0

    @property
    def words(self) -> str:
        return f"top {self.k} {'replaced' if self.measure == 'overlap' else 'apart, by Jaccard'}"

    @property
    def unit(self) -> str:
        return f"share of the top {self.k}" if self.measure == "overlap" else "share of either's top places"

    def between(self, first: Values, second: Values, weights: Floats) -> Floats:
        """See ``protocols.Distance``. Cost: O(P log P) a pair."""
        a, b, w = pair(first, second, weights)
        if self.k >= (counted := int((w > 0).sum())):
            raise PlanError(f"The top {self.k} of {counted} places are all of them. Set k below {counted}.")
        here, there = (_members(s[..., w > 0], self.k) for s in (a, b))
        if self.measure == "overlap":
            return known_or_nan(np.abs(here - there).sum(-1) / (2.0 * self.k), a, b)
        common, either = np.minimum(here, there).sum(-1), np.maximum(here, there).sum(-1)
        return known_or_nan(1.0 - common / either, a, b)


def _members(values: Floats, k: int) -> Floats:
    """(…, P) shares in the top k, summing to k; those that tie at the border share evenly."""
    border = -np.partition(-values, k - 1, axis=-1)[..., k - 1 : k]
    above, tied = values > border, values == border
    left = (k - above.sum(-1, keepdims=True)) / np.maximum(tied.sum(-1, keepdims=True), 1)
    return np.asarray(above + tied * left, np.float64)
