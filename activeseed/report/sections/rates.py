"""Ranges of learning rates in the report: bars on a logarithmic axis, a momentum a bar."""

from __future__ import annotations

from collections.abc import Mapping
from math import floor, log10
from typing import Any

from activeseed.report.figures import chart
from activeseed.study import Study


def facts(study: Study, result: Mapping[str, Any]) -> dict[str, Any]:
    """The newest analysis of learning rates, with each range in words."""
    return {**result, "ranges": [{**r, "words": _words(r), "called": _called(r)} for r in result["ranges"]]}


def _called(found: Mapping[str, Any]) -> str:
    return "as it is" if found["momentum"] is None else f"momentum {found['momentum']:g}"


def _words(found: Mapping[str, Any]) -> str:
    if found["low"] is None:
        return "no rate that was tried arrives"
    said = "from " + ("at most " if found["least"] else "") + f"{found['low']:.3g}"
    return f"{said} to " + ("at least " if found["most"] else "") + f"{found['high']:.3g}"


def figures(found: Mapping[str, Any]) -> dict[str, str]:
    """A bar a momentum, over all rates that were tried; the rate that stands is a line."""
    ranges = found["ranges"]
    tried = [t["rate"] for r in ranges for t in r["tried"]]
    if not tried:
        return {"ranges": ""}
    left, right, top, step, width = 110, 16, 14, 26, 480
    least, most = log10(min(tried)), log10(max(tried))
    height = top + step * len(ranges) + 26

    def x(rate: float) -> float:
        return left + (log10(rate) - least) / ((most - least) or 1.0) * (width - left - right)

    out = []
    for power in range(floor(least) + 1, floor(most) + 1):
        place = x(10.0**power)
        out.append(f'<path class="grid" d="M{place:.1f} {top - 6}V{height - 22}"/>')
        out.append(f'<text class="tick" x="{place:.1f}" y="{height - 8}" text-anchor="middle">{10.0**power:g}</text>')
    now = x(found["standing"])
    out.append(f'<path class="axis" d="M{now:.1f} {top - 6}V{height - 22}"/>')
    for n, r in enumerate(ranges):
        y = top + (n + 0.5) * step
        out.append(f'<text class="tick" x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{r["called"]}</text>')
        if r["low"] is not None:
            a, b = x(r["low"]), x(r["high"])
            said = f"<title>{r['words']}</title>"
            out.append(
                f'<rect class="fill" x="{a:.1f}" y="{y - 5:.1f}" width="{max(b - a, 1):.1f}" height="10">{said}</rect>'
            )
    return {"ranges": chart("chart bar rows", "acceptable learning rates", width, height, out)}
