"""Distances that see the order of the places alone: calibration-free, since any increasing map changes nothing."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from activeseed.checked import SettingsRecord
from activeseed.distances.divergences import DIVERGENCES, Divergence, DivergenceKind, Values
from activeseed.distances.reading import known_or_nan, midranks, pair
from activeseed.errors import PlanError
from activeseed.plan import Floats, Ints
from activeseed.protocols.distances import Metric, Reads

#: comparisons of two places that are held in memory at once
AT_ONCE = 2_000_000


class Kendall(SettingsRecord):
    """Share of the pairs of places that the two order otherwise, in [0, 1] (Kendall 1938; ties: Kemeny 1959).

    Two places that one outcome ties and the other orders count half, so that it is ½ Σ |sign − sign′| over pairs of
    places, weighted by the product of their weights. Without ties it is (1 − τ)/2. It is the L1 distance of vectors of
    signs: a metric of rankings, and its root embeds (Jiao & Vert 2015 use that kernel).
    """

    kind: Literal["kendall"] = "kendall"
    words: ClassVar[str] = "Kendall distance of rankings"
    unit: ClassVar[str] = "share of pairs of places"
    reads: ClassVar[Reads] = "numbers"
    symmetric: ClassVar[bool] = True
    embeds: ClassVar[bool] = True
    metric: ClassVar[Metric] = "d"
    largest: ClassVar[float] = 1.0

    def between(self, first: Values, second: Values, weights: Floats) -> Floats:
        """See ``protocols.Distance``. Cost: O(P²) a pair, in bounded memory (``scipy.stats.kendalltau`` takes one)."""
        a, b, w = pair(first, second, weights)
        one, other, share = _comparisons(w)
        shape = np.broadcast_shapes(a.shape, b.shape)[:-1]
        x, y = (np.broadcast_to(s, (*shape, s.shape[-1])).reshape(-1, s.shape[-1]) for s in (a, b))
        out = np.empty(len(x))
        step = max(1, AT_ONCE // len(share))
        for start in range(0, len(x), step):
            here, there = x[start : start + step], y[start : start + step]
            signs = np.sign(here[:, one] - here[:, other]) - np.sign(there[:, one] - there[:, other])
            out[start : start + step] = np.abs(signs) @ share / 2.0
        return known_or_nan(out.reshape(shape), a, b)

    def all_pairs(self, first: Values, second: Values, weights: Floats) -> Floats:
        """See ``protocols.SupportsAllPairs``: |s − t| = |s| + |t| − |s||t| − st for signs, so that matrices multiply.

        Cost: O(N M P²) multiply-adds of a matrix product, in bounded memory.
        """
        a, b, w = pair(np.asarray(first)[:, None], np.asarray(second)[None], weights)
        x, y = a[:, 0], b[0]
        one, other, share = _comparisons(w)
        out = np.zeros((len(x), len(y)))
        step = max(1, AT_ONCE // (len(x) + len(y)))
        for start in range(0, len(share), step):
            here = slice(start, start + step)
            s, t = (np.sign(z[:, one[here]] - z[:, other[here]]) for z in (x, y))
            p, q, each = np.abs(s), np.abs(t), share[here]
            out += (p @ each)[:, None] + (q @ each)[None] - (p * each) @ q.T - (s * each) @ t.T
        out[out <= 4.0 * np.finfo(np.float64).eps * len(share)] = 0.0  # one order: what rounding of the sums left
        return known_or_nan(out / 2.0, a, b)


class Spearman(SettingsRecord):
    """Squared differences of ranks, as a share of those of a reversed order, in [0, 1] (Spearman 1904).

    Ranks are average ranks (weighted, where places are). Without ties and with even weights it is (1 − ρ)/2. It is a
    squared Euclidean distance of ranks with a scale that no outcome changes, so it embeds and its root is a metric;
    with ties ρ itself divides by each outcome's own spread of ranks, and this does not.
    """

    kind: Literal["spearman"] = "spearman"
    words: ClassVar[str] = "Spearman distance of rankings"
    unit: ClassVar[str] = "squared difference of ranks, as a share of its largest"
    reads: ClassVar[Reads] = "numbers"
    symmetric: ClassVar[bool] = True
    embeds: ClassVar[bool] = True
    metric: ClassVar[Metric] = "root"
    largest: ClassVar[float] = 1.0

    def between(self, first: Values, second: Values, weights: Floats) -> Floats:
        """See ``protocols.Distance``. Cost: O(P log P) a pair."""
        a, b, w = pair(first, second, weights)
        _comparisons(w)
        # Σ w (2r − 1)² over untied places is (1 − Σ w³)/3 in any order, and a reversed order has r′ = 1 − r.
        most = (1.0 - (w**3).sum()) / 3.0
        return known_or_nan(((midranks(a, w) - midranks(b, w)) ** 2) @ w / most, a, b)


class RankNormalised(SettingsRecord):
    """A divergence of ranks in place of probabilities: nothing that maps outcomes and keeps their order changes it.

    Each outcome's places are put to their (weighted, average) ranks in (0, 1), and those are compared as probabilities.
    It asks whether two evaluators hold the same places to be the best, not how sure of it they are. Whether it embeds
    and is a metric is as with the divergence, since only the outcomes are mapped; outcomes of the same order are at
    distance zero. Probabilities never reach 0 or 1, so KL is finite.

    Attributes:
        divergence: by which ranks are compared.
    """

    kind: Literal["rank_normalised"] = "rank_normalised"
    divergence: DivergenceKind = "jensen_shannon"
    reads: ClassVar[Reads] = "numbers"

    @property
    def _inner(self) -> Divergence:
        return DIVERGENCES[self.divergence]()

    @property
    def words(self) -> str:
        return f"{self._inner.words} of ranks"

    @property
    def unit(self) -> str:
        return f"{self._inner.unit}, of ranks"

    @property
    def symmetric(self) -> bool:
        return self._inner.symmetric

    @property
    def embeds(self) -> bool:
        return self._inner.embeds

    @property
    def metric(self) -> Metric:
        return self._inner.metric

    @property
    def largest(self) -> float:
        return self._inner.largest

    def between(self, first: Values, second: Values, weights: Floats) -> Floats:
        """See ``protocols.Distance``. Cost: O(P log P) a pair."""
        a, b, w = pair(first, second, weights)
        some = w > 0
        here, there = (np.where(np.isnan(s), np.nan, midranks(s, w))[..., some] for s in (a, b))
        return known_or_nan(self._inner.between(here, there, w[some]), a, b)


def _comparisons(weights: Floats) -> tuple[Ints, Ints, Floats]:
    """Pairs of places and the weight of each, summing to one. Raises PlanError where there are none."""
    counted = np.flatnonzero(weights > 0)
    if len(counted) < 2:
        raise PlanError("One place has no order. Rankings are compared at two places at least: add a probe.")
    one, other = (counted[i] for i in np.triu_indices(len(counted), 1))
    share = weights[one] * weights[other]
    return one, other, share / share.sum()
