"""Stability: at each level of the stack, whether small changes of where it starts wash out, and of how it moves.

`record` is the analysis; `washing` has its numbers (spreads, ratios, their intervals), `starting` what varies where a
level starts, `sweeping` what varies how it moves, `matrix` what it ends in, `saying` the words of it, `difference` two
trainers held against each other.
"""

from activeseed.analyses.stability.record import Stability

__all__ = ["Stability"]
