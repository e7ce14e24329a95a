"""Near-copies: texts so alike that an answer about one is, as far as they are alike, an answer about the other.

Given a row of the belief's mixture items are independent, whatever their kinship; for near-copies that is wrong, since
two identical texts are one question. So each cluster of near-copies shares one uniform draw u a row: with probability
λ_f item f stays exactly if u < its credibility (so its marginal is kept), else it goes its own way. Two items of equal
credibility are then correlated by λ_f·λ_g, which is their similarity; u is drawn given the answers to all of them.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from activeseed.plan import Floats, Ints, generator

#: identical texts are not quite one item: annotators may contradict themselves, and their answers are to be survived
MOST = 0.98
#: rows of the table of distances that are held at once
BLOCK = 1024


@dataclass(frozen=True)
class Copies:
    """Clusters of near-copies.

    Attributes:
        clusters: numbers of the members of each cluster, two or more.
        loading: (F,) λ in [0, √0.98]: how much of an item is its cluster's; 0 for items that have no near-copy.
    """

    clusters: tuple[Ints, ...]
    loading: Floats

    def shared(self, score: Floats) -> Floats:
        """(F,) a score of each item, a cluster's members drawn together as far as they are one item."""
        out = np.asarray(score, np.float64).copy()
        for members in self.clusters:
            known = members[np.isfinite(out[members])]
            if len(known):
                out[known] += self.loading[known] * (out[known].mean() - out[known])
        return out


def near_copies(features: Floats | None, items: int, near: float, alike: Sequence[Hashable] | None = None) -> Copies:
    """Which items are near-copies of which.

    Args:
        features: (F, d), or None.
        items: F.
        near: similarity is 1 − d²/(near · mean squared distance between items), floored at 0.
        alike: (F,) what two items must have in common besides: one text under two concepts is two questions.

    λ² is the mean similarity to the other members of the cluster. An embedding of nothing but zeros says nothing, and
    where all are the same they say nothing about who is a copy of whom. Costs O(F²d) time, memory for a block of rows.
    """
    none = Copies((), np.zeros(items))
    if features is None or near <= 0 or items < 2:
        return none
    x = np.asarray(features, np.float64)
    said = (x != 0).any(1)
    x = x - x.mean(0)
    square = (x**2).sum(1)
    if float(square.mean()) <= 1e-18 * float((np.asarray(features, np.float64) ** 2).sum(1).mean()):
        return none
    radius = near * 2.0 * float(square.mean()) * items / (items - 1)
    numbers: dict[Hashable, int] = {}
    kinds = np.array([numbers.setdefault(k, len(numbers)) for k in alike or [0] * items])
    found: list[tuple[Ints, Ints, Floats]] = []
    for start in range(0, items, BLOCK):
        d2 = square[start : start + BLOCK, None] + square - 2.0 * x[start : start + BLOCK] @ x.T
        a, b = np.nonzero(d2 <= radius)
        keep = (a + start != b) & said[a + start] & said[b] & (kinds[a + start] == kinds[b])
        a, b = a[keep], b[keep]
        found.append((a + start, b, 1.0 - np.maximum(d2[a, b], 0.0) / radius))
    a, b, likeness = (np.concatenate(parts) for parts in zip(*found, strict=True))
    if not len(a):
        return none
    total = np.bincount(a, likeness, items)
    _, label = connected_components(coo_array((np.ones(len(a)), (a, b)), shape=(items, items)), directed=False)
    size = np.bincount(label)[label]
    loading = np.sqrt(np.minimum(total / np.maximum(size - 1, 1), MOST))
    return Copies(tuple(np.flatnonzero(label == c) for c in np.unique(label[size > 1])), loading)


def closest(features: Floats, most: int, near: float) -> list[tuple[int, int, float, bool]]:
    """The pairs of items that look most alike: (first, second, cosine, whether they are near-copies), closest first.

    Args:
        features: (F, d).
        most: pairs.
        near: items closer than this share of the mean squared distance between items are near-copies.

    An embedding of nothing but zeros is like nothing. Costs O(F²d) time, memory for a block of rows.
    """
    x = np.asarray(features, np.float64)
    norm = np.sqrt((x**2).sum(1))
    items, said = len(x), norm > 0
    if items < 2 or not said.any():
        return []
    square = ((x - x.mean(0)) ** 2).sum(1)
    radius = near * 2.0 * float(square.mean()) * items / (items - 1)
    unit = x / np.where(said, norm, 1.0)[:, None]
    found: list[tuple[int, int, float]] = []
    for start in range(0, items, BLOCK):
        alike = unit[start : start + BLOCK] @ unit.T
        later = np.arange(items) > np.arange(start, start + len(alike))[:, None]
        alike = np.where(later & said & said[start : start + BLOCK, None], alike, -np.inf)
        k = min(most, alike.size)
        best = np.argpartition(-alike, k - 1, axis=None)[:k]
        rows, columns = np.unravel_index(best, alike.shape)
        found += [(int(a) + start, int(b), float(alike[a, b])) for a, b in zip(rows, columns, strict=True)]
    found = sorted((f for f in found if np.isfinite(f[2])), key=lambda f: (-f[2], f[0], f[1]))[:most]
    return [(a, b, min(c, 1.0), bool(((x[a] - x[b]) ** 2).sum() <= radius)) for a, b, c in found]


def tied(before: Floats, copies: Copies, stay: Floats, leave: Floats, key: int) -> Floats:
    """(N, F) credibilities before an item's own answers, its near-copies' answers taken in and their fates drawn.

    Args:
        before: (N, F) credibilities as if items were independent given the row.
        stay, leave: (F,) likelihoods of each item's own answers.
        key: root key of the draws.
    """
    out = before.copy()
    n = len(before)
    rng = generator(key, "near-copies")
    for members in copies.clusters:
        p, own = before[:, members], copies.loading[members]
        s, q = stay[members], leave[members]
        # u falls between two of the members' credibilities: the m-th interval has those with rank ≥ m staying
        order = np.argsort(p, axis=1)
        edges = np.hstack([np.zeros((n, 1)), np.take_along_axis(p, order, 1), np.ones((n, 1))])
        alone = (1.0 - own) * (p * s + (1.0 - p) * q)
        rank = np.argsort(order, axis=1)
        mass = np.diff(edges, axis=1)
        for m in range(len(members) + 1):
            mass[:, m] *= (own * np.where(rank >= m, s, q) + alone).prod(1)
        total = mass.cumsum(1)
        u = (rng.permutation(n) + rng.random(n)) / n
        where = (u[:, None] * total[:, -1:] > total).sum(1)
        out[:, members] = own * (rank >= where[:, None]) + (1.0 - own) * p
    return out
