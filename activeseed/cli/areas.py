"""Counts that grow, as small areas over one axis: readable without colour, at any width."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

#: an eighth of a line, two of them, … a full one
_EIGHTHS = " ▁▂▃▄▅▆▇█"
#: lines that one area takes
HEIGHT = 3
WIDEST = 76


@dataclass(frozen=True)
class Area:
    """One count that grows.

    Attributes:
        title: what it is; may be longer than the chart is wide.
        steps: (place on the axis, count from there on), places ascending. It ends at the last place.
    """

    title: str
    steps: tuple[tuple[float, int], ...]


def areas(shown: Sequence[Area], top: int, width: int, unit: str) -> list[list[str]]:
    """The lines of each area, then those of the axis, which goes from 0 to the largest place of all.

    Args:
        top: the count that fills the height.
        width: characters of the terminal.
        unit: what the axis counts.
    """
    left = len(str(top)) + 2
    columns = max(10, min(WIDEST, width - 1) - left)
    end = max((a.steps[-1][0] for a in shown if a.steps), default=1.0) or 1.0
    out = []
    for area in shown:
        heights = [_at(area, (c + 1) * end / columns, c * end / columns) for c in range(columns)]
        eighths = [round(8 * HEIGHT * h / max(top, 1)) for h in heights]
        rows = []
        for row in reversed(range(HEIGHT)):
            drawn = "".join(_EIGHTHS[max(0, min(8, e - 8 * row))] for e in eighths).rstrip()
            rows.append((f"{top} ┤" if row == HEIGHT - 1 else "│".rjust(left)) + drawn)
        out.append(rows)
    return [*out, _axis(end, columns, left, unit)]


def _at(area: Area, place: float, before: float) -> int:
    """The count at a place; nothing is drawn beyond the area's end."""
    if not area.steps or before >= area.steps[-1][0]:
        return 0
    return max((count for at, count in area.steps if at <= place + 1e-9), default=0)


def _axis(end: float, columns: int, left: int, unit: str) -> list[str]:
    """The line under the areas with its ticks, and their numbers."""
    step = next(s * 10**p for p in range(9) for s in (1, 2, 5) if end / (s * 10**p) <= max(2, columns // 10))
    ticks = {round(n * step * columns / end): n * step for n in range(int(end / step) + 1)}
    line = "".join("┬" if c in ticks else "─" for c in range(columns + 1))
    numbers = [" "] * (left + columns + 8)
    for c, value in ticks.items():
        start = left + c - 1 - (len(str(value)) - 1) // 2
        numbers[start : start + len(str(value))] = str(value)
    return [("0 ".rjust(left - 1) + line), "".join(numbers).rstrip(), unit.rjust(left + columns)]
