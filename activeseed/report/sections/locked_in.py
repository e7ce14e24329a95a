"""Lock-in in the report: ratios with intervals that may have no end, and the items behind them."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from math import log10
from typing import Any

from activeseed.looking.derivation import text_of
from activeseed.report.figures import chart
from activeseed.study import Study

SHOWN = 20


def facts(study: Study, result: Mapping[str, Any]) -> dict[str, Any]:
    """The newest lock-in analysis, with the items' texts."""
    known = {i.id for i in study.seed.items}
    items = [{**i, "text": text_of(study.seed, i["id"]) if i["id"] in known else i["id"]} for i in result["items"]]
    return {
        **result,
        "items": items[:SHOWN],
        "more": max(0, len(items) - SHOWN),
        "against": [{**a, "interval": interval_words(a)} for a in result["against"]],
        "kinds": [a["perturbation"] for a in result["against"]],
        "top": max((r["value"] for r in result["responses"] if r["value"] is not None), default=0.0),
    }  # fmt: skip


def interval_words(against: Mapping[str, Any]) -> str:
    """The 95 % interval of a ratio; one without an end is said as such."""
    low, high = against["low"], against["high"]
    if against["shape"] == "bounded":
        return f"{low:.3g} to {high:.3g}"
    if against["shape"] == "no upper end":
        return f"{low:.3g} or more, without an upper end"
    return (
        "anything: the response to a paraphrase can't be told from nothing" if against["shape"] == "anything" else "–"
    )


def figures(found: Mapping[str, Any]) -> dict[str, str]:
    """The ratios on a logarithmic axis, 1 in the middle."""
    rows = [a for a in found["against"] if a["ratio"] and a["ratio"] > 0]
    if not rows:
        return {"ratios": ""}
    left, right, top, step, reach = 150, 20, 16, 26, 3.0
    width, height = 480, top + step * len(rows) + 24

    def x(v: float | None) -> float:
        at = reach if v is None else max(-reach, min(reach, log10(max(v, 1e-9))))
        return left + (at + reach) / (2 * reach) * (width - left - right)

    out = []
    for power in (-3, -2, -1, 0, 1, 2, 3):
        place = x(10.0**power)
        style = "axis" if power == 0 else "grid"
        out.append(f'<path class="{style}" d="M{place:.1f} {top - 6}V{height - 20}"/>')
        out.append(f'<text class="tick" x="{place:.1f}" y="{height - 6}" text-anchor="middle">{10.0**power:g}</text>')
    for n, a in enumerate(rows):
        y = top + (n + 0.5) * step
        name = escape(a["perturbation"])
        out.append(f'<text class="tick" x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{name}</text>')
        if a["low"] is not None:
            arrow = (
                "" if a["high"] is not None else f'<path class="whisker" d="M{x(None) - 5:.1f} {y - 4:.1f}l5 4l-5 4"/>'
            )
            out.append(f'<path class="whisker" d="M{x(a["low"]):.1f} {y:.1f}H{x(a["high"]):.1f}"/>{arrow}')
        out.append(f'<circle class="dot s0" cx="{x(a["ratio"]):.1f}" cy="{y:.1f}" r="4.5"/>')
    return {"ratios": chart("chart bar rows", "revision over paraphrase", width, height, out)}
