"""Dreams: where two readings of a seed part ways, between and beyond the texts that are at hand.

`record` is the analysis; `readings` says which trainings are compared, `hand` which texts are at hand, `parting` where
the readings part, `writing` goes on from real texts, `finding` is what it ends in.
"""

from activeseed.analyses.dreams.record import Dreams

__all__ = ["Dreams"]
