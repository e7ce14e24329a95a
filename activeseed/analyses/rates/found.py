"""What an analysis of learning rates ends in: plain numbers and texts."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from activeseed.outcome import plain


@dataclass(frozen=True)
class TriedRate:
    """One rate of the grid.

    Attributes:
        rate: the learning rate.
        arrived: share of keys whose training ended where it should.
        failed: share of keys whose training failed.
        distance: median distance from there, of those that did not fail; NaN where all did.
    """

    rate: float
    arrived: float
    failed: float
    distance: float


@dataclass(frozen=True)
class RateRange:
    """The acceptable learning rates under one momentum.

    Attributes:
        momentum: β; None where the trainer has no such setting.
        low, high: ends of the range, geometric means over keys; NaN where no rate arrives.
        width: mean over keys of log10(high / low): decades.
        width_se, width_low, width_high: its standard error over keys and 95 % interval, the resolution included.
        keys: keys of which some rate arrives.
        without: keys of which none does.
        least: the range goes on below what was tried, so that it is at least so wide.
        most: it goes on above.
        fails_above: share of keys whose training fails above the range; the others end elsewhere.
        holds_standing: whether the rate that stands lies in it.
        more: width less that of the first momentum, paired over keys; 0 for the first.
        more_low, more_high: its 95 % interval.
        tried: the grid.
    """

    momentum: float | None
    low: float
    high: float
    width: float
    width_se: float
    width_low: float
    width_high: float
    keys: int
    without: int
    least: bool
    most: bool
    fails_above: float
    holds_standing: bool
    more: float
    more_low: float
    more_high: float
    tried: tuple[TriedRate, ...]


@dataclass(frozen=True)
class RateRanges:
    """Which learning rates train to the same end.

    Attributes:
        setting: path of the learning rate.
        standing: the rate that stands, or the middle of those that the trainer names where it leaves it open.
        reference: what the end is that is to be reached, in words.
        tolerance: the largest distance from it that counts as having arrived.
        unit: of squared distances.
        resolution: decades between the rates at an end that were told apart.
        ranges: by momentum.
        notes: what a reader must see.
    """

    setting: str
    standing: float
    reference: str
    tolerance: float
    unit: str
    resolution: float
    ranges: tuple[RateRange, ...]
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """All of it, as JSON."""
        return {"kind": "learning_rates", **plain(asdict(self))}

    def to_frame(self) -> Any:
        """A pandas DataFrame, one row a momentum."""
        import pandas as pd

        return pd.DataFrame([{k: v for k, v in asdict(r).items() if k != "tried"} for r in self.ranges])
