"""Masks in the report: curves of the distance over the share that is dropped, and two trainers apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from activeseed.report.figures import lines
from activeseed.study import Study


def facts(study: Study, result: Mapping[str, Any]) -> dict[str, Any]:
    """The newest masking analysis, a row a curve and rate."""
    sides = [(result["side"], c) for c in result["curves"]]
    sides += [(result["against"], c) for c in result["against_curves"]]
    rows = [
        {
            "side": side, "of": c["of"], "words": c["words"], "rate": p,
            **{name: c[name][n] for name in ("value", "low", "high", "shift", "shift_se", "spread")},
        }
        for side, c in sides
        for n, p in enumerate(c["rates"])
    ]  # fmt: skip
    return {**result, "rows": rows, "two": bool(result["against_curves"])}


def figures(found: Mapping[str, Any]) -> dict[str, str]:
    """A chart of each kind of mask, a line a side."""
    out = []
    for n, curve in enumerate(found["curves"]):
        series = [(found["side"], curve["value"])]
        if found["against_curves"]:
            series.append((found["against"], found["against_curves"][n]["value"]))
        labels = [f"{p:g}" for p in curve["rates"]]
        out.append(lines(series, labels, title=f"distance over the share of {curve['of']} that is gone"))
    return {"curves": "".join(out)}
