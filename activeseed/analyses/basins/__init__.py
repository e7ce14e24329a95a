"""Basins: whether the outcomes of an ensemble are one cloud or several, and what tells those apart.

`record` is the analysis; `counting` cuts the ensemble where a valley lies in it, `telling` says what is in the pieces,
`flow` follows training, `sweeping` varies a setting, `candidates` holds seeds against the basins, `landscape` is what
it ends in.
"""

from activeseed.analyses.basins.record import Basins

__all__ = ["Basins"]
