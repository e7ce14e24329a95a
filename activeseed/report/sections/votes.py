"""What a partition's votes certify: facts of the newest certificate, and how many decisions bear how many changes."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from activeseed.report.figures import chart
from activeseed.study import Study

#: rows of the table before it is folded up
ROWS = 20


def facts(study: Study, result: Mapping[str, Any]) -> dict[str, Any]:
    """The certificate with the probes' texts, those that bear least first."""
    texts = {p.id: p.payload.display for p in study.system.places(study.materials)}
    rows = [{**p, "text": texts.get(p["id"], p["id"])} for p in result["places"]]
    rows.sort(key=lambda p: (-1 if p["changes"] is None else p["changes"], p["id"]))
    return {**result, "rows": rows, "first": ROWS}


def figures(found: Mapping[str, Any]) -> dict[str, str]:
    """The share of the decisions that bear any k removals or additions, against k."""
    return {"borne": _steps(found["certified"])}


def _steps(certified: list[Mapping[str, Any]], width: int = 420, height: int = 170) -> str:
    left, right, top, bottom = 40, 10, 26, 34
    last = max((c["changes"] for c in certified if c["share"] > 0), default=0) + 1

    def x(k: float) -> float:
        return left + (width - left - right) * k / max(1, last)

    def y(share: float) -> float:
        return top + (height - top - bottom) * (1.0 - share)

    title = "Decisions that bear any k removals or additions"
    out = [f'<text class="title" x="0" y="14">{escape(title)}</text>']
    for share in (0.0, 0.5, 1.0):
        out.append(f'<path class="grid" d="M{left} {y(share):.1f}H{width - right}"/>')
        out.append(f'<text class="tick" x="{left - 6}" y="{y(share) + 4:.1f}" text-anchor="end">{share:.0%}</text>')
    path = f"M{x(0):.1f} {y(certified[0]['share']):.1f}"
    for c in certified[1 : last + 1]:
        path += f"H{x(c['changes']):.1f}V{y(c['share']):.1f}"
    out.append(f'<path class="line s0" d="{path}"/>')
    for k in sorted({0, last // 2, last}):
        out.append(f'<text class="tick" x="{x(k):.1f}" y="{height - 16}" text-anchor="middle">{k}</text>')
    middle = (left + width - right) / 2
    out.append(f'<text class="tick" x="{middle:.0f}" y="{height - 2}" text-anchor="middle">k</text>')
    return chart("chart", title, width, height, out)
