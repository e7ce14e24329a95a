"""What every benchmark prints and writes: rows of a claim, its value with an interval, the target, met or not."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

Row = Mapping[str, Any]
MARKS = {True: "met", False: "NOT MET", None: "-"}


def row(
    claim: str,
    value: float | None,
    interval: Sequence[float] | None = None,
    target: str = "-",
    met: bool | None = None,
) -> dict[str, Any]:
    """A row; without a target it is only reported."""
    ends = None if interval is None else list(interval)
    met = None if met is None else bool(met)  # numpy's own truth is no `False`, and no JSON
    return {"claim": claim, "value": value, "interval": ends, "target": target, "met": met}


def share(
    claim: str,
    hits: int,
    n: int,
    *,
    most: float | None = None,
    least: float | None = None,
    reaches: float | None = None,
    interval: Callable[[int, int], list[float]] | None = None,
) -> dict[str, Any]:
    """The row of a share of n, with Clopper & Pearson's interval unless another is named.

    Args:
        most, least: a bound that the share itself has to keep.
        reaches: a share that the interval has to reach, for what holds on average. One of the three, or none.

    A share of none has no value, and misses what it is to reach at least.
    """
    ends = (interval or clopper_pearson)(hits, n) if n else None
    target, met = "-", None
    if most is not None:
        target, met = f"<= {most:g}", hits <= most * n if n else None
    elif least is not None:
        target, met = f">= {least:g}", n > 0 and hits >= least * n
    elif reaches is not None:
        target, met = f">= {reaches:g} (met when the interval reaches it)", ends is not None and ends[1] >= reaches
    return row(f"{claim} (of {n or 'none'})", hits / n if n else None, ends, target, met)


def report(
    benchmark: str, rows: Sequence[Row], seconds: float, libraries: Sequence[str] = ("numpy",), **more: Any
) -> dict[str, Any]:
    """The figures with what they were measured on."""
    return {
        "benchmark": benchmark,
        "versions": {"python": platform.python_version(), **{name: version(name) for name in libraries}},
        "cores": os.cpu_count(),
        "seconds": round(seconds, 1),
        **more,
        "rows": list(rows),
    }


def table(rows: Sequence[Row]) -> str:
    """A line a claim. A row without a target is only reported, one without a value was not measured here."""
    lines = []
    for row in rows:
        value = "-" if row["value"] is None else _said(row["value"])
        interval = "" if row["interval"] is None else "[{}, {}]".format(*map(_said, row["interval"]))
        target = f"  (target {row['target']})" if row["target"] not in (None, "", "-") else ""
        lines.append(f"{MARKS[row['met']]:8}{value:>9} {interval:18} {row['claim']}{target}")
    return "\n".join(lines)


def _said(value: float) -> str:
    return f"{value:.4f}".replace("-0.0000", "0.0000") if abs(value) < 1000 else f"{value:,.0f}"


def write(result: Mapping[str, Any], file: Path | None) -> None:
    """The report as JSON, where a file was named."""
    if file is not None:
        file.write_text(json.dumps(result, indent=1), encoding="utf-8")


def missed(rows: Sequence[Row]) -> bool:
    """Whether a target was missed."""
    return any(row["met"] is False for row in rows)


def clopper_pearson(hits: int, n: int) -> list[float]:
    """Clopper & Pearson's 95 % interval of a proportion: exact, and wider than need be."""
    from scipy.stats import binomtest

    found = binomtest(hits, n).proportion_ci(0.95)
    return [float(found.low), float(found.high)]


def wilson(hits: float, n: int) -> list[float]:
    """Wilson's 95 % interval of a proportion."""
    z, p = 1.96, hits / n
    centre, half = p + z * z / (2 * n), z * (p * (1 - p) / n + z * z / (4 * n * n)) ** 0.5
    return [(centre - half) / (1 + z * z / n), (centre + half) / (1 + z * z / n)]
