"""The acceptable range of learning rates, in decades, and how momentum widens it.

`record` is the analysis, `ranges` finds the ends, `found` is what it ends in.
"""

from activeseed.analyses.rates.found import RateRange, RateRanges, TriedRate
from activeseed.analyses.rates.record import LearningRates

__all__ = ["LearningRates", "RateRange", "RateRanges", "TriedRate"]
