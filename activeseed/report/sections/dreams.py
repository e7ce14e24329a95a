"""Dreams in the report: where two readings part, drawn as a line from what the one says to what the other says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from activeseed.cleaning import clean, one_line
from activeseed.report.figures import matrix, short
from activeseed.study import Study

#: texts of each pair that are drawn, and that are listed
DRAWN, LISTED = 12, 40
#: characters of a text beside its line
_SHOWN = 44


def facts(study: Study, result: Mapping[str, Any]) -> dict[str, Any]:
    """The result, with one list of texts a pair: sorted by gap, each once, and what it is."""
    pairs = []
    for pair in result["pairs"]:
        texts: dict[str, dict[str, Any]] = {}
        for seen in pair["widest"]:
            texts.setdefault(seen["id"], {**seen, "what": seen["source"]})
        for dream in pair["dreams"]:
            for seen in dream["near"][:1]:
                texts.setdefault(seen["id"], {**seen, "what": f"{seen['source']}, near a dream"})
            for seen in dream["rewritten"]:
                texts.setdefault(seen["id"], {**seen, "what": f"written from {seen['of']}"})
        listed = sorted(texts.values(), key=lambda t: -t["gap"])
        pairs.append({**pair, "texts": listed[:LISTED], "more": max(0, len(listed) - LISTED)})
    return {**result, "pairs": pairs}


def figures(found: Mapping[str, Any]) -> dict[str, str]:
    """A drawing a pair of readings, ``pair0`` first."""
    return {f"pair{n}": partings(pair["dreams"], pair["texts"]) for n, pair in enumerate(found["pairs"])}


def partings(dreams: Sequence[Mapping[str, Any]], texts: Sequence[Mapping[str, Any]]) -> str:
    """Dreams first, then texts: a row each, a dot where the first reading is and a square where the second is."""
    rows = [(f"dream {n}", d["first"], d["second"]) for n, d in enumerate(dreams, 1)]
    rows += [(one_line(clean(t["text"])), t["first"], t["second"]) for t in texts[:DRAWN]]
    if not rows:
        return ""
    low = min(0.0, *(min(a, b) for _, a, b in rows))
    high = max(1.0, *(max(a, b) for _, a, b in rows))
    left, side, line, top = 300, 300, 18, 22
    width, height = left + side + 20, top + line * len(rows) + 34

    def x(value: float) -> float:
        return float(left + side * (value - low) / (high - low))

    out = []
    for tick in (low, (low + high) / 2, high):
        out.append(f'<path class="grid" d="M{x(tick):.1f} {top}V{top + line * len(rows)}"/>')
        out.append(f'<text class="tick" x="{x(tick):.1f}" y="{top - 8}" text-anchor="middle">{tick:.2g}</text>')
    for n, (name, first, second) in enumerate(rows):
        y = top + (n + 0.5) * line
        said = escape(f"{name}: first {first:.2f}, second {second:.2f}")
        out.append(
            f'<text class="tick" x="{left - 10}" y="{y + 4:.1f}" text-anchor="end">{escape(short(name, _SHOWN))}</text>'
        )
        out.append(f'<path class="line s1" d="M{x(first):.1f} {y:.1f}H{x(second):.1f}"><title>{said}</title></path>')
        out.append(f'<circle class="dot s0" cx="{x(first):.1f}" cy="{y:.1f}" r="4"/>')
        out.append(f'<rect class="dot s1" x="{x(second) - 3.5:.1f}" y="{y - 3.5:.1f}" width="7" height="7"/>')
    y = height - 10
    out.append(f'<circle class="dot s0" cx="{left + 6}" cy="{y - 4}" r="4"/>')
    out.append(f'<text class="tick" x="{left + 16}" y="{y}">first reading</text>')
    out.append(f'<rect class="dot s1" x="{left + 122}" y="{y - 8}" width="7" height="7"/>')
    out.append(f'<text class="tick" x="{left + 136}" y="{y}">second reading</text>')
    return matrix("where two readings part", width, height, out)
