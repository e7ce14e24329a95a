"""What a masking analysis ends in: curves, plain numbers and texts."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from activeseed.analyses.masking.curves import CurvesApart, MaskedCurve
from activeseed.outcome import plain


@dataclass(frozen=True)
class Masked:
    """How far the trained model's outcome moves when parts of it are set to zero.

    Attributes:
        side: what was trained.
        curves: one for units, one for weights.
        against: what it is held against, or empty.
        against_curves: its curves.
        apart: how far the two lie apart.
        unit: of distances.
        over: what outcomes are.
        keys: trainings of each side.
        masks: of each training.
        widths: of the network's layers.
        notes: what a reader must see.
    """

    side: str
    curves: tuple[MaskedCurve, ...]
    against: str
    against_curves: tuple[MaskedCurve, ...]
    apart: tuple[CurvesApart, ...]
    unit: str
    over: str
    keys: int
    masks: int
    widths: tuple[int, ...]
    notes: tuple[str, ...]

    def curve(self, of: str) -> MaskedCurve:
        """The curve of ``units`` or ``weights``."""
        return next(c for c in self.curves if c.of == of)

    def to_dict(self) -> dict[str, Any]:
        """All of it, as JSON."""
        out: dict[str, Any] = plain(asdict(self))
        return {"kind": "masking", **out}

    def to_frame(self) -> Any:
        """A pandas DataFrame, one row a side, kind of mask and rate."""
        import pandas as pd

        return pd.DataFrame(
            [
                {
                    "side": name, "of": c.of, "rate": p, "distance": c.value[n], "se": c.se[n], "low": c.low[n],
                    "high": c.high[n], "shift": c.shift[n], "shift_se": c.shift_se[n], "spread": c.spread[n],
                }
                for name, curves in ((self.side, self.curves), (self.against, self.against_curves))
                for c in curves
                for n, p in enumerate(c.rates)
            ]
        )  # fmt: skip
