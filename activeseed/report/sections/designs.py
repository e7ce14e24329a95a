"""Designs in the report: spread across, quality up, the front drawn, lock-in by marker; and a table of all of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from math import exp
from typing import Any

from activeseed.report.figures import chart
from activeseed.study import Study

#: what criteria are called in a heading
HEADS = {"spread": "spread", "accuracy": "accuracy", "brier": "Brier score", "auc": "AUC", "lock_in": "lock-in"}
#: what a design's marker says of its lock-in
MARKERS = {
    "open": "open: meaning moves it more than wording", "unclear": "not told",
    "locked in": "locked in: wording moves it more than meaning", "unknown": "lock-in not known",
}  # fmt: skip


def facts(study: Study, result: Mapping[str, Any]) -> dict[str, Any]:
    """The newest comparison, its designs numbered, with what the picture draws."""
    measured = [d for d in result["designs"] if not d["why"]]
    designs = [
        {**d, "n": n, "lock": lock_in_kind(d["lock_in"]), "ratio": ratio_words(d), "ends": ends_words(d)}
        for n, d in enumerate(measured, 1)
    ]
    points = [
        {
            "n": d["n"], "name": d["name"], "lock": d["lock"], "x": d["spread"], "y": d["quality"][result["quality"]],
            "front": d["standing"],
        }
        for d in designs
        if result["quality"] in d["quality"] and d["spread"]["value"] is not None
    ]  # fmt: skip
    return {
        **result,
        "designs": designs,
        "left_out": [d for d in result["designs"] if d["why"]],
        "points": points,
        "heads": {name: HEADS[name] for name in result["criteria"]},
        "qualities": [q for q in ("accuracy", "brier", "auc") if any(q in d["quality"] for d in designs)],
        "quality_heads": HEADS,
        "quality_head": HEADS[result["quality"]],
        "higher": result["quality"] != "brier",
        "times": {d["name"]: _times(d["differences"].get("lock_in")) for d in designs},
    }


def lock_in_kind(lock: Mapping[str, Any] | None) -> str:
    """``open``, ``locked in``, ``unclear``, or ``unknown`` where there are no numbers."""
    if lock is None or lock["low"] is None:
        return "unknown"
    if lock["low"] > 1.0:
        return "open"
    return "locked in" if lock["high"] is not None and lock["high"] < 1.0 else "unclear"


def ratio_words(design: Mapping[str, Any]) -> str:
    """Revision over paraphrase."""
    lock = design["lock_in"]
    return "–" if lock is None or lock["ratio"] is None or lock["ratio"] <= 0 else _short(lock["ratio"])


def ends_words(design: Mapping[str, Any]) -> str:
    """What is not ruled out of it; empty where that is not known."""
    lock = design["lock_in"]
    if lock is None or lock["low"] is None:
        return ""
    return f"{_short(lock['low'])} to {'∞' if lock['high'] is None else _short(lock['high'])}"


def _short(ratio: float) -> str:
    """Below a thousandth a ratio is none."""
    return f"{ratio:.3g}" if ratio >= 1e-3 else "0"


def _times(gap: Mapping[str, Any] | None) -> str:
    if gap is None or gap["value"] is None:
        return "–"
    return f"×{exp(gap['value']):.2f} ({exp(gap['low']):.2f} to {exp(gap['high']):.2f})"


def figures(facts: Mapping[str, Any]) -> dict[str, str]:
    """The scatter; empty without labelled probes."""
    return {"scatter": _scatter(facts["points"], facts["quality_head"], facts["higher"])}


def _scatter(points: Sequence[Mapping[str, Any]], quality: str, higher: bool) -> str:
    if len(points) < 2:
        return ""
    width, height, left, right, top, bottom = 560, 380, 58, 18, 18, 74
    xs = [v for p in points for v in (p["x"]["low"], p["x"]["high"], p["x"]["value"]) if v is not None]
    ys = [v for p in points for v in (p["y"]["low"], p["y"]["high"], p["y"]["value"]) if v is not None]
    x0, x1 = min(0.0, *xs), max(xs)
    y0, y1 = min(ys), max(ys)
    wide, tall = (x1 - x0) or 1.0, (y1 - y0) or 1.0

    def at(x: float, y: float) -> tuple[float, float]:
        return left + (width - left - right) * (x - x0) / wide, top + (height - top - bottom) * (1 - (y - y0) / tall)

    out = []
    for tick in (y0, y0 + tall / 2, y1):
        y = at(x0, tick)[1]
        out.append(f'<path class="grid" d="M{left} {y:.1f}H{width - right}"/>')
        out.append(f'<text class="tick" x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{tick:.3g}</text>')
    for tick in (x0, x0 + wide / 2, x1):
        x = at(tick, y0)[0]
        anchor = "end" if tick == x1 else "middle"
        out.append(f'<path class="grid" d="M{x:.1f} {top}V{height - bottom}"/>')
        out.append(
            f'<text class="tick" x="{x:.1f}" y="{height - bottom + 15}" text-anchor="{anchor}">{tick:.3g}</text>'
        )
    better = "higher is better" if higher else "lower is better"
    out.append(f'<text class="tick" x="{left + 4}" y="{top + 10}">{escape(quality)} ({better})</text>')
    place = f'x="{width - right}" y="{height - bottom + 30}" text-anchor="end"'
    out.append(f'<text class="tick" {place}>spread (left is stable)</text>')
    if steps := _front(points, higher):
        path = "L".join("{:.1f} {:.1f}".format(*at(p["x"]["value"], p["y"]["value"])) for p in steps)
        out.append(f'<path class="line s0 front" d="M{path}"/>')
    for p in points:
        x, y = at(p["x"]["value"], p["y"]["value"])
        for of, across in ((p["x"], True), (p["y"], False)):
            if of["low"] is None or of["high"] is None:
                continue
            a, b = (at(v, y0)[0] if across else at(x0, v)[1] for v in (of["low"], of["high"]))
            bar = f"M{a:.1f} {y:.1f}H{b:.1f}" if across else f"M{x:.1f} {a:.1f}V{b:.1f}"
            out.append(f'<path class="error" d="{bar}"/>')
    for p in points:
        x, y = at(p["x"]["value"], p["y"]["value"])
        said = escape(f"{p['n']} {p['name']}: {p['front']}, {MARKERS[p['lock']]}")
        out.append(f"<g><title>{said}</title>{_marker(p['lock'], x, y)}</g>")
        out.append(f'<text class="tick name" x="{x + 8:.1f}" y="{y - 7:.1f}">{p["n"]}</text>')
    used = [kind for kind in MARKERS if any(p["lock"] == kind for p in points)]
    for k, kind in enumerate(used):
        x, y = left + (k % 2) * 250, height - 24 + (k // 2) * 16
        out.append(_marker(kind, x, y - 4))
        out.append(f'<text class="tick" x="{x + 10}" y="{y}">{escape(MARKERS[kind])}</text>')
    return chart("chart designs", f"spread and {quality} of {len(points)} designs", width, height, out)


def _front(points: Sequence[Mapping[str, Any]], higher: bool) -> list[Mapping[str, Any]]:
    """Designs that no other beats in these two, by spread."""
    sign = 1.0 if higher else -1.0

    def beats(a: Mapping[str, Any], b: Mapping[str, Any]) -> bool:
        x, y = a["x"]["value"] - b["x"]["value"], sign * (a["y"]["value"] - b["y"]["value"])
        return bool(x <= 0 and y >= 0 and (x < 0 or y > 0))

    left = [p for p in points if not any(beats(q, p) for q in points)]
    return sorted(left, key=lambda p: p["x"]["value"])


def _marker(kind: str, x: float, y: float) -> str:
    """A shape for each kind, so that colour is not the only signal."""
    if kind == "open":
        return f'<circle class="dot s0" cx="{x:.1f}" cy="{y:.1f}" r="4.5"/>'
    if kind == "locked in":
        return f'<rect class="dot s1" x="{x - 4:.1f}" y="{y - 4:.1f}" width="8" height="8"/>'
    if kind == "unclear":
        return f'<circle class="ring" cx="{x:.1f}" cy="{y:.1f}" r="4.5"/>'
    return f'<path class="dot s2" d="M{x:.1f} {y - 5:.1f}l5 5l-5 5l-5 -5z"/>'
