"""Distances between outcomes, one file an idea: each is a frozen record that satisfies ``protocols.Distance``.

| kind | between | unit | largest | √d embeds | metric |
|---|---|---|---|---|---|
| ``kl``, ``jeffreys`` | probabilities, a distribution | nats | ∞ | no | neither |
| ``jensen_shannon`` | probabilities, a distribution | nats | log 2 | yes | √d |
| ``hellinger`` | probabilities, a distribution | squared Hellinger distance | 1 | yes | √d |
| ``total_variation`` | probabilities, a distribution | probability | 1 | yes | d |
| ``kendall`` | numbers, of which the order counts | share of pairs of places | 1 | yes | d |
| ``spearman`` | numbers, of which the order counts | share of its largest | 1 | yes | √d |
| ``rank_normalised`` | numbers, of which the order counts | the divergence's | its | as it | as it |
| ``top_k`` | numbers | share of the top | 1 | yes | d |
| ``decision_flips`` | numbers | share of places | 1 | yes | d |
| ``policy`` | scores, or probabilities | the divergence's | its | as it | as it |
| ``cka`` | representations | 1 − CKA | 1 | yes | √d |
| ``procrustes`` | representations | half squared length | 1 | no | √d |

``estimate`` is the distance between two ensembles, noise removed; ``distance_named`` finds a distance by its table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from activeseed.lazy import lazily

if TYPE_CHECKING:
    from activeseed.distances.divergences import (
        Hellinger,
        Jeffreys,
        JensenShannon,
        KullbackLeibler,
        TotalVariation,
    )
    from activeseed.distances.ensembles import estimate, matrix, of_means, products
    from activeseed.distances.named import KINDS, DistanceSetting, Elsewhere, distance_named, distance_of
    from activeseed.distances.policies import Policy
    from activeseed.distances.ranks import Kendall, RankNormalised, Spearman
    from activeseed.distances.representations import LinearCKA, Procrustes
    from activeseed.distances.sets import DecisionFlips, TopK

__getattr__ = lazily(
    __name__,
    {
        "divergences": ("Hellinger", "Jeffreys", "JensenShannon", "KullbackLeibler", "TotalVariation"),
        "ensembles": ("estimate", "matrix", "of_means", "products"),
        "named": ("KINDS", "DistanceSetting", "Elsewhere", "distance_named", "distance_of"),
        "policies": ("Policy",),
        "ranks": ("Kendall", "RankNormalised", "Spearman"),
        "representations": ("LinearCKA", "Procrustes"),
        "sets": ("DecisionFlips", "TopK"),
    },
)
__all__ = [
    "KINDS",
    "DecisionFlips",
    "DistanceSetting",
    "Elsewhere",
    "Hellinger",
    "Jeffreys",
    "JensenShannon",
    "Kendall",
    "KullbackLeibler",
    "LinearCKA",
    "Policy",
    "Procrustes",
    "RankNormalised",
    "Spearman",
    "TopK",
    "TotalVariation",
    "distance_named",
    "distance_of",
    "estimate",
    "matrix",
    "of_means",
    "products",
]  # fmt: skip
