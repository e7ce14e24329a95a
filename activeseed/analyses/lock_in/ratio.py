"""A ratio of two means that are both measured, with the set of ratios that the measurement can't rule out.

Where the denominator can't be told from zero, no finite interval has its stated coverage (Gleser & Hwang 1987);
Fieller's set (1954) then has no upper end, or holds everything, and that is what is said.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from activeseed.estimators.statistics import t_quantile
from activeseed.plan import Floats


@dataclass(frozen=True)
class Ratio:
    """A ratio of two quantities that are not below zero.

    Attributes:
        value: numerator over denominator; NaN where the denominator was not measured above zero.
        low: smallest ratio that is not ruled out at 95 %; NaN where no error is known.
        high: the largest; infinity where there is none.
    """

    value: float
    low: float
    high: float

    @property
    def shape(self) -> Literal["bounded", "no upper end", "anything", "unknown"]:
        """What kind of interval it is."""
        if math.isnan(self.low):
            return "unknown"
        if math.isfinite(self.high):
            return "bounded"
        return "no upper end" if self.low > 0 else "anything"


def fieller(top: float, bottom: float, covariance: Floats, degrees: float, level: float = 0.95) -> Ratio:
    """Ratios ρ ≥ 0 at which top − ρ · bottom is within its error.

    The set is {ρ : (top − ρ bottom)² ≤ t² (V₁₁ − 2ρ V₁₂ + ρ² V₂₂)}. Of a set that leaves out a middle piece, ends are
    those of all of it: what is left out is not said.

    Args:
        covariance: (2, 2) of (top, bottom); NaN where errors are unknown.
        degrees: of freedom of those variances.
    """
    value = top / bottom if bottom > 0 else math.nan
    if not np.isfinite(covariance).all():
        return Ratio(value, math.nan, math.nan)
    if not covariance.any() and bottom == 0.0:
        return Ratio(math.nan, *((math.inf, math.inf) if top > 0 else (0.0, math.inf)))
    t2 = float(t_quantile(0.5 + level / 2.0, max(1.0, degrees))) ** 2
    a = bottom**2 - t2 * covariance[1, 1]
    b = top * bottom - t2 * covariance[0, 1]
    c = top**2 - t2 * covariance[0, 0]
    root = b * b - a * c
    if a > 0:
        reach = math.sqrt(max(root, 0.0))
        return Ratio(value, max(0.0, (b - reach) / a), max(0.0, (b + reach) / a))
    if a < 0 and root > 0 and c > 0:  # the roots lie on both sides of zero
        return Ratio(value, (b - math.sqrt(root)) / a, math.inf)
    return Ratio(value, 0.0, math.inf)
