"""Comparison: how far apart two outcomes are, or all of an ensemble, by every distance that the outcome allows.

`record` compares two, `ensemble` all that is believed; `distances` says which distances an outcome allows, `measured`
takes noise out of them and says their errors, `places` where the two part, `given` holds outcomes that come from a file
or another project, `found` is what it ends in.
"""

from activeseed.analyses.comparison.ensemble import Ensemble
from activeseed.analyses.comparison.given import Given, Runs
from activeseed.analyses.comparison.record import Comparison

__all__ = ["Comparison", "Ensemble", "Given", "Runs"]
