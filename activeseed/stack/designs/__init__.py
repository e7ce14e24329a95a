"""Designs of a trainer² compared on the same probes with paired keys: spread, quality, lock-in, never one number.

`design` says what a design is, from a file or a command line, `making` what system that is, `runs` what it trains,
`places` where it is read, `measuring` what its trainings say, `measured` is a number that knows what it shares with
others, `front` the Pareto front and how stability and quality go together, `telling` puts designs beside each other,
`found` is what it ends in, and `record` runs it all.
"""

from activeseed.stack.designs.design import OWN, Design, design_of, grid, read_designs
from activeseed.stack.designs.found import ComparedDesigns, DesignFound
from activeseed.stack.designs.record import CompareDesigns

__all__ = ["OWN", "CompareDesigns", "ComparedDesigns", "Design", "DesignFound", "design_of", "grid", "read_designs"]
