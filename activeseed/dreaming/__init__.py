"""Contrastive dreams: inputs on which two networks differ the most, found by climbing their difference.

`difference` composes two networks into one graph, `starting` says where to begin, `climbing` climbs within a region,
`trust` makes regions of real data. What is dreamed is a lower bound of what is there: it was seen, and more may be.
"""

from typing import TYPE_CHECKING

from activeseed.lazy import lazily

if TYPE_CHECKING:
    from activeseed.dreaming.climbing import Dream, dream, dreams
    from activeseed.dreaming.difference import Difference
    from activeseed.dreaming.trust import Dense, Near, Sphere, dense, near, unit_length

_HOMES = {
    "climbing": ("Dream", "dream", "dreams"),
    "difference": ("Difference",),
    "trust": ("Dense", "Near", "Sphere", "dense", "near", "unit_length"),
}
__getattr__ = lazily(__name__, _HOMES)

__all__ = ["Dense", "Difference", "Dream", "Near", "Sphere", "dense", "dream", "dreams", "near", "unit_length"]
