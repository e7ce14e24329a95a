"""The report's section on certificates: what was seen and what was proved, a bar a region."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from activeseed.analyses.certificates.saying import region_words, rounded_down, rounded_up
from activeseed.report.figures import chart, short
from activeseed.study import Study

#: bars that are drawn, and characters of a label
BARS, LABEL = 60, 34
#: names of caps in the table, with the heads of their columns
COLUMNS = (
    ("probability", "P differs by ≤"),
    ("kl", "KL ≤, nats"),
    ("jensen_shannon", "JS ≤, nats"),
    ("hellinger", "Hellinger² ≤"),
)


def facts(study: Study, result: Mapping[str, Any]) -> dict[str, Any]:
    """What the template prints."""
    texts = {p.id: p.payload.display for p in study.system.places(study.materials)}
    rows = []
    for c in result["certificates"]:
        rows.append(
            {
                **c,
                "label": region_words(c["region"], c["probe"], c["radius"], c["times"]),
                "text": texts.get(c["probe"], ""),
                "seen": "–" if c["lower"] is None else rounded_down(c["lower"]),
                "proved": "nothing" if c["upper"] is None else rounded_up(c["upper"]),
                "said": {n: _cap(c, n) for n, _ in COLUMNS} if c["caps"] else {},
            }
        )
    return {**result, "rows": rows, "columns": COLUMNS if any(c["caps"] for c in rows) else ()}


def figures(facts: Mapping[str, Any]) -> dict[str, str]:
    """``bars``: from what was seen to what was proved, region by region, in the order they were asked for."""
    return {"bars": bars(facts["rows"][:BARS], facts["unit"])}


def bars(rows: Sequence[Mapping[str, Any]], unit: str) -> str:
    """A row a region: a dot where a difference was seen, a line to where none is proved to be larger.

    The axis is logarithmic. What is unbounded runs off it; nothing is drawn where nothing is known.
    """
    known = [v for r in rows for v in (r["lower"], r["upper"]) if v is not None and v > 0]
    if not known:
        return ""
    low, high = math.floor(math.log10(min(known))), math.ceil(math.log10(max(known)))
    high = max(high, low + 1)
    left, top, line, width = 260, 26, 17, 900
    height = top + line * len(rows) + 28
    reach = width - left - 30

    def at(value: float) -> float:
        return left + reach * (math.log10(max(value, 10.0**low)) - low) / (high - low)

    said = f"difference of {escape(unit)}: seen (the dot) to proved (the end of the line), on a logarithmic axis"
    out = [f'<text class="title" x="8" y="14">{said}</text>']
    steps = (1.0, 2.0, 5.0) if high - low <= 3 else (1.0,)
    ticks = [step * 10.0**power for power in range(low, high, max(1, (high - low) // 6)) for step in steps]
    for tick in (*ticks, 10.0**high):
        x = at(tick)
        out.append(f'<path class="grid" d="M{x:.1f} {top}V{height - 24}"/>')
        out.append(f'<text class="tick" x="{x:.1f}" y="{height - 10}" text-anchor="middle">{tick:.3g}</text>')
    for n, row in enumerate(rows):
        y = top + (n + 0.5) * line
        out.append(f'<text class="tick" x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{escape(_short(row))}</text>')
        seen, proved = row["lower"], row["upper"]
        if seen is None:
            continue
        end = at(proved) if proved is not None else width - 2
        dash = "" if proved is not None else ' stroke-dasharray="3 3"'
        out.append(f'<path class="line s0" d="M{at(seen):.1f} {y:.1f}H{end:.1f}"{dash}/>')
        if proved is not None:
            out.append(f'<path class="line s0" d="M{end:.1f} {y - 5:.1f}v10"/>')
        out.append(f'<circle class="dot s0" cx="{at(seen):.1f}" cy="{y:.1f}" r="3.5"/>')
    said = f"what was seen and what was proved in {len(rows)} regions"
    return chart("chart", said, width, height, out)


def _short(row: Mapping[str, Any]) -> str:
    """The label, of which the end is kept: it tells one ball around a probe from another."""
    label: str = row["label"]
    tail = label[label.rindex(" ± ") :] if " ± " in label else ""
    return label if len(label) <= LABEL else short(label, max(2, LABEL - len(tail))) + tail


def _cap(c: Mapping[str, Any], name: str) -> str:
    return "vacuous" if name in c["vacuous"] else rounded_up(c["caps"][name])
