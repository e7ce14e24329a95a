"""Comparisons in the report: two outcomes, or an ensemble; facts with texts, and figures drawn of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from activeseed.analyses.comparison.found import rests_words
from activeseed.report.figures import chart, short
from activeseed.study import Study

#: probes that are shown, and those that are drawn
SHOWN, DRAWN = 30, 40


def comparison(study: Study, result: Mapping[str, Any]) -> dict[str, Any]:
    """The newest comparison of two, with the probes' texts."""
    texts = _texts(study)
    moved = [p for p in result["probes"] if p["difference"]]
    return {
        **result,
        "probes": [_probe(p, texts) for p in moved[:SHOWN]],
        "drawn": [_probe(p, texts) for p in moved[:DRAWN]],
        "more": max(0, len(moved) - SHOWN),
        "count": len(result["probes"]),
        "parted": sum(p["p_value"] is not None and p["p_value"] <= result["alpha"] for p in result["probes"]),
        "differing": [
            {"id": name, "from": a.replace("_", " "), "to": b.replace("_", " ")}
            for name, (a, b) in result["differing"].items()
        ],
        "rests": rests_words(result["distances"][0]["rests_on"]),
    }  # fmt: skip


def comparison_figures(facts: Mapping[str, Any]) -> dict[str, str]:
    """Where two sides part: a line a probe, from the one's outcome to the other's."""
    return {"parting": parting(facts["drawn"], facts["alpha"])}


def ensemble(study: Study, result: Mapping[str, Any]) -> dict[str, Any]:
    """The newest comparison of an ensemble, with the probes' texts."""
    texts = _texts(study)
    moved = [p for p in result["probes"] if p["sd"]]
    furthest = result["extremes"]
    return {
        **result,
        "probes": [_probe(p, texts) for p in moved[:SHOWN]],
        "more": max(0, len(moved) - SHOWN),
        "rests": rests_words(result["distances"][0]["rests_on"]),
        "extremes": None if furthest is None else comparison(study, furthest),
    }


def ensemble_figures(facts: Mapping[str, Any]) -> dict[str, str]:
    """The range of every contested probe, and where the two furthest draws part."""
    furthest = facts["extremes"]
    return {
        "ranges": ranges(facts["probes"]),
        "parting": "" if furthest is None else parting(furthest["drawn"], furthest["alpha"]),
    }


def _texts(study: Study) -> dict[str, str]:
    return {p.id: p.payload.display for p in study.system.places(study.materials)}


def _probe(probe: Mapping[str, Any], texts: Mapping[str, str]) -> dict[str, Any]:
    return {**probe, "text": texts.get(probe["id"], probe["id"])}


# --- figures ----------------------------------------------------------------------------------------------------------


def parting(probes: Sequence[Mapping[str, Any]], alpha: float) -> str:
    """A line a probe from the first outcome (ring) to the second (dot); faint where it may be noise."""
    values = [v for p in probes for v in (p["first"], p["second"])]
    if not values:
        return ""
    rows = []
    for p in probes:
        sure = p["p_value"] is not None and p["p_value"] <= alpha
        rows.append((p, p["first"], p["second"], sure))
    return _rows(
        [(p["id"], f"{p['first']:.3g} → {p['second']:.3g}", a, b, sure) for p, a, b, sure in rows],
        "where the two outcomes part",
    )  # fmt: skip


def ranges(probes: Sequence[Mapping[str, Any]]) -> str:
    """A line a probe from the smallest to the largest outcome of a plausible seed."""
    rows = [
        (p["id"], f"{p['low']:.3g} to {p['high']:.3g}, mean {p['mean']:.3g}", p["low"], p["high"], True) for p in probes
    ]
    return _rows(rows, "outcomes of plausible seeds") if rows else ""


def _rows(rows: Sequence[tuple[str, str, float, float, bool]], title: str) -> str:
    """Rows of (name, what is said, from, to, whether it is sure) on one axis; ½ is marked where it lies inside."""
    low, high = min(min(r[2], r[3]) for r in rows), max(max(r[2], r[3]) for r in rows)
    if low >= 0.0 and high <= 1.0:
        low, high = 0.0, 1.0
    span = (high - low) or 1.0
    left, right, top, step = 150, 14, 18, 15
    width, height = 560, top + step * len(rows) + 22

    def x(v: float) -> float:
        return left + (v - low) / span * (width - left - right)

    out = []
    for tick in (low, low + span / 2, high):
        out.append(f'<path class="grid" d="M{x(tick):.1f} {top - 6}V{height - 20}"/>')
        out.append(f'<text class="tick" x="{x(tick):.1f}" y="{height - 6}" text-anchor="middle">{tick:.3g}</text>')
    for n, (name, said, a, b, sure) in enumerate(rows):
        y = top + (n + 0.5) * step
        faint = "" if sure else ' opacity="0.35"'
        out.append(f'<text class="tick" x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{escape(short(name))}</text>')
        out.append(
            f"<g{faint}><title>{escape(f'{name}: {said}')}</title>"
            f'<path class="line s0" d="M{x(a):.1f} {y:.1f}H{x(b):.1f}"/>'
            f'<circle class="ring" cx="{x(a):.1f}" cy="{y:.1f}" r="3.5"/>'
            f'<circle class="dot s0" cx="{x(b):.1f}" cy="{y:.1f}" r="3.5"/></g>'
        )
    return chart("chart rows", title, width, height, out)
