"""The human level in the report: shares of the spread as bars, how far an answer carries, crews and methods."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from activeseed.report.figures import chart
from activeseed.study import Study

#: of lines that follow one another: nine that differ, with three colours
_DASHES = ("none", "none", "none", "6 3", "6 3", "6 3", "2 3", "2 3", "2 3")
#: what the levels are called here, from the human's word up the stack
LEVELS = {
    "trainer2": "the seed", "trainer": "the trainer", "model": "the model's outcome", "world": "decisions",
}  # fmt: skip


def facts(study: Study, result: Mapping[str, Any]) -> dict[str, Any]:
    """The newest plan of whole studies, as the template prints it."""
    return {
        **result,
        "moved": [{**m, "called": LEVELS.get(m["level"], m["level"])} for m in result["moved"]],
        "washed": [{**w, "interval": interval_words(w)} for w in result["washed"]],
        "errors": [{**e, "interval": interval_words(e)} for e in result["errors"]],
        "ways": [{**w, "interval": interval_words(w["left"]), "model": _model(w)} for w in result["ways"]],
        "known": any(s["low"] is not None for spread in result["spreads"] for s in spread["shares"]),
    }  # fmt: skip


def _model(way: Mapping[str, Any]) -> Any:
    return next((m["value"] for m in way["moved"] if m["level"] == "model"), None)


def interval_words(left: Mapping[str, Any]) -> str:
    """The 95 % interval of what is left, in per cent."""
    low, high = left["low"], left["high"]
    if low is None:
        return "–"
    if high is None:
        return f"{100 * low:.0f} % or more, without an upper end" if low > 0 else "anything"
    return f"{100 * low:.0f} to {100 * high:.0f} %"


def figures(found: Mapping[str, Any]) -> dict[str, str]:
    """Shares of the spread as bars with intervals; how far an answer moves the outcome, by its place in the study."""
    return {"shares": _shares(found["spreads"]), "order": _by_order(found["ways"])}


def _shares(spreads: list[Mapping[str, Any]]) -> str:
    """A row a share, two bars each: of final outcomes, and of final seeds."""
    both = list(zip(spreads[0]["shares"], spreads[1]["shares"], strict=True))
    left, right, top, step = 160, 20, 30, 30
    width, height = 520, top + step * len(both) + 24

    def x(share: float) -> float:
        return left + min(1.0, max(0.0, share)) * (width - left - right)

    out = [
        f'<circle class="dot s0" cx="{left + 4}" cy="10" r="3.5"/>'
        f'<text class="tick" x="{left + 12}" y="14">final outcomes</text>',
        f'<rect class="dot s1" x="{left + 113}" y="7" width="6" height="6"/>'
        f'<text class="tick" x="{left + 124}" y="14">final seeds</text>',
    ]
    for part in range(5):
        place = x(part / 4)
        out.append(f'<path class="{"axis" if not part else "grid"}" d="M{place:.1f} {top - 6}V{height - 20}"/>')
        out.append(f'<text class="tick" x="{place:.1f}" y="{height - 6}" text-anchor="middle">{25 * part} %</text>')
    for n, pair in enumerate(both):
        y = top + (n + 0.5) * step
        name = escape(pair[0]["name"])
        out.append(f'<text class="tick" x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{name}</text>')
        for k, share in enumerate(pair):
            at = y - 5 + 10 * k
            if share["low"] is not None:
                ends = f"M{x(share['low']):.1f} {at:.1f}H{x(share['high']):.1f}"
                out.append(f'<path class="whisker" d="{ends}"/>')
            if share["value"] is not None:
                here, said = x(share["value"]), f"<title>{100 * share['value']:.0f} %</title>"
                mark = (
                    f'<circle class="dot s0" cx="{here:.1f}" cy="{at:.1f}" r="3.5">{said}</circle>'
                    if not k
                    else f'<rect class="dot s1" x="{here - 3:.1f}" y="{at - 3:.1f}" width="6" height="6">{said}</rect>'
                )
                out.append(mark)
    return chart("chart bar rows", "shares of the spread of whole studies", width, height, out)


def _by_order(ways: list[Mapping[str, Any]]) -> str:
    """A line a method: squared distance that an answer moves the outcome, by its place."""
    methods = [w for w in ways if w["factor"] == "method" and len(w["by_order"]) > 1]
    points = [p for w in methods for p in w["by_order"] if None not in p]
    if not points:
        return ""
    most, high = max(p[0] for p in points), max(max(p[1] for p in points), 1e-300)
    low = min(0.0, *(p[1] for p in points))
    left, right, top, line = 62, 14, 26, 16
    width, bottom = 520, 40
    height = 190 + line * len(methods)
    floor = 190 - bottom

    def at(place: float, moved: float) -> tuple[float, float]:
        return left + place / most * (width - left - right), floor - (moved - low) / (high - low) * (floor - top)

    out = [f'<text class="title" x="{left}" y="14">what an answer moves the outcome by, by its place</text>']
    for tick in (low, high):
        _, y = at(0, tick)
        out.append(f'<path class="grid" d="M{left} {y:.1f}H{width - right}"/>')
        out.append(f'<text class="tick" x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{tick:.2g}</text>')
    for place in (0, most):
        out.append(
            f'<text class="tick" x="{at(place, low)[0]:.1f}" y="{floor + 16}" text-anchor="middle">{place:.0f}</text>'
        )
    for k, way in enumerate(methods):
        drawn = [at(*p) for p in way["by_order"] if None not in p]
        dash = f' style="stroke-dasharray:{_DASHES[k % len(_DASHES)]}"'
        out.append(f'<path class="line s{k % 3}"{dash} d="M{"L".join(f"{x:.1f} {y:.1f}" for x, y in drawn)}"/>')
        out += [f'<circle class="dot s{k % 3}" cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in drawn]
        y = 190 + line * k
        out.append(f'<path class="line s{k % 3}"{dash} d="M{left} {y - 4}H{left + 26}"/>')
        out.append(f'<text class="tick" x="{left + 34}" y="{y}">{escape(way["name"])}: {escape(way["words"])}</text>')
    return chart("chart human", "how far an answer moves the outcome, by its place in the study", width, height, out)
