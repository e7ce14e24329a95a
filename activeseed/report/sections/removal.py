"""What any few items removed can do: facts of the newest bounds, and their picture, probe by probe."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from activeseed.report.figures import chart, short
from activeseed.study import Study

#: probes that are drawn, and rows of the table before it is folded up
DRAWN, ROWS = 16, 20


def facts(study: Study, result: Mapping[str, Any]) -> dict[str, Any]:
    """The bounds with the probes' texts, those whose decision holds least first."""
    texts = {p.id: p.payload.display for p in study.system.places(study.materials)}
    bounds = result["bounds"]
    names = [p["id"] for p in bounds[0]["probes"]]
    certified = result["certified"]
    order = sorted(range(len(names)), key=lambda p: (certified[names[p]], abs(result["scores"][p])))
    rows = [
        {
            "id": names[p], "text": texts.get(names[p], names[p]), "score": result["scores"][p],
            "holds": certified[names[p]], "reach": [b["probes"][p] for b in bounds],
        }
        for p in order
    ]  # fmt: skip
    return {**result, "rows": rows, "first": ROWS}


def figures(found: Mapping[str, Any]) -> dict[str, str]:
    """For each number of items the scores with what was seen and what is proved, about the line where they decide."""
    drawn = [_intervals(found, n) for n in range(len(found["bounds"]))]
    return {"reach": "".join(drawn)}


def _intervals(found: Mapping[str, Any], n: int, width: int = 640) -> str:
    bound, rows = found["bounds"][n], found["rows"][:DRAWN]
    ends = [
        row["score"] + float(row["reach"][n][name] or 0.0)
        for row in rows
        for name in ("low", "high", "seen_low", "seen_high")
    ]
    span = max([abs(e) for e in ends] + [1e-9])
    span = min(span, 2.0 * max([abs(row["score"]) for row in rows] + [0.5]))  # what is wider runs off the picture
    left, right, top, step = 150, 14, 28, 18
    height = top + step * len(rows) + 22

    def x(score: float) -> float:
        share: float = (max(-span, min(span, score)) + span) / (2 * span)
        return left + (width - left - right) * share

    title = f"Any {bound['removed']} of {found['items']} items removed"
    out = [f'<text class="title" x="0" y="14">{escape(title)}</text>']
    out.append(f'<path class="grid" d="M{x(0):.1f} {top - 4}V{height - 18}"/>')
    for at in (-span, 0.0, span):
        out.append(f'<text class="tick" x="{x(at):.1f}" y="{height - 4}" text-anchor="middle">{at:.2g}</text>')
    for k, row in enumerate(rows):
        y, reach = top + step * k + 6, row["reach"][n]
        out.append(
            f'<text class="tick" x="{left - 6}" y="{y + 4}" text-anchor="end">{escape(short(row["id"], 22))}</text>'
        )
        low, high = (-span * 2 if reach["low"] is None else row["score"] + reach["low"],
                     span * 2 if reach["high"] is None else row["score"] + reach["high"])  # fmt: skip
        caps = "".join(f"M{x(end):.1f} {y - 4}v8" for end in (low, high) if abs(end) <= span)  # what runs off has none
        out.append(f'<path class="whisker" d="M{x(low):.1f} {y}H{x(high):.1f}{caps}"/>')
        a, b = x(row["score"] + reach["seen_low"]), x(row["score"] + reach["seen_high"])
        out.append(f'<rect class="fill" x="{a:.1f}" y="{y - 3}" width="{max(b - a, 0.5):.1f}" height="6" rx="2"/>')
        out.append(f'<circle class="dot s0" cx="{x(row["score"]):.1f}" cy="{y}" r="3"/>')
    return chart("chart rows", title, width, height, ['<g class="bar">', *out, "</g>"])
