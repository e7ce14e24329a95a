"""Facts to SVG. Each function takes plain numbers and returns markup; colours come from the page's style sheet."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any


def bar(value: float | None, low: float | None, high: float | None, top: float, width: int = 130) -> str:
    """A horizontal bar with its interval. ``top`` fills the width; a negative value is an empty bar."""
    if value is None or top <= 0:
        return '<svg class="bar" role="img" aria-label="unknown" width="130" height="14"></svg>'
    scale = width / top
    parts = [f'<rect class="fill" x="0" y="3" width="{max(value, 0.0) * scale:.1f}" height="8" rx="2"/>']
    if low is not None and high is not None and high > low:
        a, b = max(low, 0.0) * scale, min(max(high, 0.0) * scale, width)
        parts.append(f'<path class="whisker" d="M{a:.1f} 7H{b:.1f}M{a:.1f} 4v6M{b:.1f} 4v6"/>')
    said = f"{value:.3g}" + (f", between {low:.3g} and {high:.3g}" if low is not None and high is not None else "")
    # squeezed on a narrow screen, along with what it is read against
    box = f'width="{width}" height="14" viewBox="0 0 {width} 14" preserveAspectRatio="none"'
    return f'<svg class="bar" role="img" aria-label="{said}" {box}>{"".join(parts)}</svg>'


def lines(
    series: Sequence[tuple[str, Sequence[float | None]]],
    labels: Sequence[str],
    *,
    title: str,
    width: int = 420,
    height: int = 190,
) -> str:
    """Line chart over rounds, one line a series, each with its own marker so that colour is not the only signal."""
    known = [v for _, values in series for v in values if v is not None]
    if not known or len(labels) < 2:
        return ""
    left, right, top, bottom = 58, 14, 24, 40
    high, low = max(known), min(0.0, *known)
    span = (high - low) or 1.0
    step = (width - left - right) / (len(labels) - 1)

    def at(n: int, v: float) -> tuple[float, float]:
        return left + n * step, top + (height - top - bottom) * (1 - (v - low) / span)

    out = [f'<text class="title" x="{left}" y="14">{escape(title)}</text>']
    for tick in (low, low + span / 2, high):
        _, y = at(0, tick)
        out.append(f'<path class="grid" d="M{left} {y:.1f}H{width - right}"/>')
        out.append(f'<text class="tick" x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{tick:.3g}</text>')
    every = max(1, -(-len(labels) // 10))
    for n, label in enumerate(labels):
        if n % every == 0:
            x = at(n, low)[0]
            out.append(f'<text class="tick" x="{x:.1f}" y="{height - 24}" text-anchor="middle">{escape(label)}</text>')
    for k, (name, values) in enumerate(series):
        points = [at(n, v) for n, v in enumerate(values) if v is not None]
        path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        out.append(f'<path class="line s{k}" d="{path}"/>')
        out += [_marker(k, x, y) for x, y in points]
        x = left + k * (width - left) / max(len(series), 1)
        out.append(_marker(k, x + 5, height - 8))
        out.append(f'<text class="tick" x="{x + 14:.0f}" y="{height - 4}">{escape(name)}</text>')
    return chart("chart", title, width, height, out)


def chart(css: str, title: str, width: float, height: float, parts: Sequence[str], more: str = "") -> str:
    """A picture of these parts that scales with the page; ``more`` are attributes beside."""
    about = f'class="{css}" role="img" aria-label="{escape(title)}" viewBox="0 0 {width} {height}"{more}'
    return f"<svg {about}>{''.join(parts)}</svg>"


def matrix(title: str, width: float, height: float, parts: Sequence[str]) -> str:
    """A picture of these parts at its own size: what is wider than the page is scrolled."""
    inside = "".join(parts)
    return (
        f'<svg class="matrix" role="img" aria-label="{escape(title)}" width="{width}" height="{height}">{inside}</svg>'
    )


def _marker(k: int, x: float, y: float) -> str:
    if k % 3 == 0:
        return f'<circle class="dot s{k}" cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>'
    if k % 3 == 1:
        return f'<rect class="dot s{k}" x="{x - 3:.1f}" y="{y - 3:.1f}" width="6" height="6"/>'
    return f'<path class="dot s{k}" d="M{x:.1f} {y - 4:.1f}l4 7h-8z"/>'


def covered(alone: float | None, gone: float | None, top: float, width: int = 130) -> str:
    """A bar of what an item does alone, within the outline of what it does once its covers are gone."""
    if alone is None or gone is None or top <= 0:
        return '<svg class="bar" role="img" aria-label="unknown" width="130" height="14"></svg>'
    scale = width / top
    inner, outer = (min(max(v, 0.0) * scale, width) for v in (alone, gone))
    parts = [
        f'<rect class="outer" x="0.5" y="3" width="{max(outer - 1, 1 if gone > 0 else 0):.1f}" height="8" rx="2"/>'
    ]
    parts.append(f'<rect class="fill" x="0" y="3" width="{inner:.1f}" height="8" rx="2"/>')
    said = f"{alone:.3g} alone, {gone:.3g} without what covers for it"
    # squeezed on a narrow screen, along with what it is read against
    box = f'width="{width}" height="14" viewBox="0 0 {width} 14" preserveAspectRatio="none"'
    return f'<svg class="bar" role="img" aria-label="{said}" {box}>{"".join(parts)}</svg>'


def cover_matrix(items: Sequence[dict[str, Any]], most: int = 28) -> str:
    """Who covers for whom: a row an item that is covered for, a column an item that covers; area is by how much.

    Areas are shares of what the covered item does once all its covers are gone. Left out where nobody covers.
    """
    order = dict.fromkeys(n for i in items if i["covers"] for n in (i["id"], *(c["id"] for c in i["covers"])))
    known = {i["id"]: i for i in items if i["covers"]}
    rows = [known[name] for name in order if name in known][:most]  # what covers for each other lies side by side
    covering = {c["id"] for i in rows for c in i["covers"]}
    columns = [name for name in order if name in covering][:most]
    if not rows:
        return ""
    cell, left = 18, 170
    top = 20 + 5 * max(len(short(name)) for name in columns)
    width, height = left + cell * len(columns) + 60, top + cell * len(rows) + 8
    out = [f'<text class="tick" x="{left - 8}" y="{top - 8}" text-anchor="end">covered, by:</text>']
    for k, name in enumerate(columns):
        x = left + (k + 0.5) * cell
        out.append(f'<path class="grid" d="M{x:.1f} {top}V{height - 8}"/>')
        place = f'x="{x + 4:.1f}" y="{top - 6}" transform="rotate(-50 {x + 4:.1f} {top - 6})"'
        out.append(f'<text class="tick" {place}>{escape(short(name))}</text>')
    for n, item in enumerate(rows):
        y = top + (n + 0.5) * cell
        out.append(f'<path class="grid" d="M{left} {y:.1f}H{left + cell * len(columns)}"/>')
        name = escape(short(item["id"]))
        out.append(f'<text class="tick" x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{name}</text>')
        for cover in item["covers"]:
            if cover["id"] not in columns:
                continue
            share = min(1.0, (cover["more"] or 0.0) / item["gone"]) if item["gone"] else 0.0
            r = max(1.5, 8.0 * max(share, 0.0) ** 0.5)
            x = left + (columns.index(cover["id"]) + 0.5) * cell
            said = escape(f"{cover['id']} covers for {100 * share:.0f} % of {item['id']}")
            out.append(f'<circle class="dot s0" cx="{x:.1f}" cy="{y:.1f}" r="{r:.1f}"><title>{said}</title></circle>')
    return matrix("what covers for what", width, height, out)


def short(name: str, most: int = 22) -> str:
    """A name that fits beside a figure."""
    return name if len(name) <= most else f"{name[: most - 1]}…"


def calibration(bins: Sequence[dict[str, float]], size: int = 190) -> str:
    """What was believed (across) against what stayed (up); on the diagonal the belief was right. Area shows counts."""
    if not bins:
        return ""
    pad, side = 34, size - 46

    def x(p: float) -> float:
        return pad + p * side

    def y(p: float) -> float:
        return 10 + (1 - p) * side

    most = max(b["n"] for b in bins)
    out = [f'<path class="grid" d="M{x(0)} {y(0)}L{x(1)} {y(1)}M{x(0)} {y(0)}H{x(1)}M{x(0)} {y(0)}V{y(1)}"/>']
    for b in bins:
        r = 3 + 6 * (b["n"] / most) ** 0.5
        said = f"{b['n']:.0f} items: believed {b['believed']:.2f}, stayed {b['stayed']:.2f}"
        place = f'cx="{x(b["believed"]):.1f}" cy="{y(b["stayed"]):.1f}" r="{r:.1f}"'
        out.append(f'<circle class="dot s0" {place}><title>{said}</title></circle>')
    for p in (0, 0.5, 1):
        out.append(f'<text class="tick" x="{x(p):.0f}" y="{y(0) + 14:.0f}" text-anchor="middle">{p:g}</text>')
        out.append(f'<text class="tick" x="{pad - 5}" y="{y(p) + 4:.0f}" text-anchor="end">{p:g}</text>')
    out.append(f'<text class="tick" x="{x(0.5):.0f}" y="{y(0) + 28:.0f}" text-anchor="middle">believed to stay</text>')
    return chart("chart small", "calibration", size, size, out)
