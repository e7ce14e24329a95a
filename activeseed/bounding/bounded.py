"""What a proof ends in: a witness from below, a certificate from above, and what it holds for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from activeseed.plan import Floats

#: how a certificate was found, from the cheapest to the tightest
Method = Literal["closed form", "ibp", "joint", "paired", "branching", "milp"]


@dataclass(frozen=True)
class Bounded:
    """``lower ≤ sup |f − g| ≤ upper`` over a region, for the scores.

    Attributes:
        lower: |f − g| at the witness, as evaluated.
        upper: proved, the stated slack for rounding included; infinity where nothing could be.
        witness: (d,) the input at which ``lower`` was seen; None where none was looked for.
        least, most: sup of f − g and −(inf of f − g), each proved: their sum is the range of the difference.
        method: the rung of the ladder that ``upper`` is of.
        status: ``exact`` (gap closed), ``bounded``, ``time`` (the budget ended first: bounds hold), ``unknown`` (NaN or
            crossed bounds: nothing is claimed).
        slack: what was added to ``upper`` for rounding.
        seconds: by the clock.
        branches: parts that the region was split into.
    """

    lower: float
    upper: float
    witness: Floats | None
    most: float
    least: float
    method: Method
    status: Literal["exact", "bounded", "time", "unknown"]
    slack: float = 0.0
    seconds: float = 0.0
    branches: int = 1


@dataclass(frozen=True, eq=False)
class LayerBounds:
    """What is proved of the units of one hidden layer of two networks of one shape, before the activation.

    Attributes:
        low, high: (2, h) bounds of each unit of f (row 0) and of g (row 1).
        difference_low, difference_high: (h,) bounds of g's unit less f's.
    """

    low: Floats
    high: Floats
    difference_low: Floats
    difference_high: Floats
