"""Distances of somebody else's, as a test's configuration names them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from activeseed.distances.reading import known_or_nan, pair


@dataclass(frozen=True)
class SquaredDifference:
    """The geometry ``identity`` as a distance: whatever is estimated under it is known from there.

    Attributes:
        factor: what it is multiplied by.
    """

    factor: float = 1.0
    kind: str = "squared_difference"
    words: str = "squared difference"
    unit: str = "points squared"
    reads: Literal["numbers"] = "numbers"
    symmetric: bool = True
    embeds: bool = True
    metric: Literal["root"] = "root"
    largest: float = np.inf

    def between(self, first: Any, second: Any, weights: Any) -> Any:
        a, b, w = pair(first, second, weights)
        return known_or_nan(self.factor * ((a - b) ** 2 @ w), a, b)
