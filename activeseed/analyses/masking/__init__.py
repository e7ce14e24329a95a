"""Masking: how far a trained model's outcome moves when parts of it are set to zero at run time.

`record` is the analysis, `masks` reads networks under masks, `curves` makes curves and holds two of them against each
other, `given` does so for a network from elsewhere, `found` is what the analysis ends in.
"""

from activeseed.analyses.masking.curves import CurvesApart, MaskedCurve, curves_apart
from activeseed.analyses.masking.found import Masked
from activeseed.analyses.masking.given import masked_curve
from activeseed.analyses.masking.record import Masking

__all__ = ["CurvesApart", "Masked", "MaskedCurve", "Masking", "curves_apart", "masked_curve"]
