"""Redundancy: drop a part of the seed, and see whether the rest still covers it.

`record` is the analysis; `dropping` remembers what was measured, `candidates` says which pairs are worth a try,
`peeling` searches for what else has to be gone, `covering` decides what covers for what, `coverage` is what it ends in.
"""

from activeseed.analyses.redundancy.record import Redundancy

__all__ = ["Redundancy"]
