"""Reading curves of what is left after each batch of answers: straight between looks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

Curve = Sequence[Mapping[str, float]]


def crossing(curve: Curve, measure: str, level: float, unreached: float, along: str = "q") -> float:
    """The number of answers (or what else ``along`` names) at which a measure first falls to a level."""
    for n, now in enumerate(curve):
        if now[measure] <= level:
            if n == 0:
                return float(now[along])
            before = curve[n - 1]
            share = (before[measure] - level) / max(before[measure] - now[measure], 1e-12)
            return float(before[along] + share * (now[along] - before[along]))
    return float(unreached)


def height(curve: Curve, column: str, at: float) -> float:
    """A column after so many answers; after the last look it stays."""
    return float(np.interp(at, [r["q"] for r in curve], [r[column] for r in curve]))
