"""The ensemble's shape in the report: where it lies, its basins with their shares, and how it came there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

from activeseed.looking.derivation import text_of
from activeseed.report import figures
from activeseed.study import Study

#: items and probes that are shown
SHOWN = 12
#: what a basin is drawn as: a shape, so that colour is not the only signal
SHAPES = ("circle", "square", "triangle", "cross", "diamond", "bar")
#: seconds that the ensemble takes from start to end
LASTS = 6


def facts(study: Study, result: Mapping[str, Any]) -> dict[str, Any]:
    """The result with the texts of items and probes, and with what the figures draw."""
    known = {i.id for i in study.seed.items}
    places = {p.id: p.payload.display for p in study.system.places(study.materials)}
    told = [i for i in result["items"] if i["distinguishable"] or i["p"] < 0.05]
    training = result["training"]
    return {
        **result,
        "items": [{**i, "text": text_of(study.seed, i["id"]) if i["id"] in known else i["id"]} for i in told[:SHOWN]],
        "untold": len(result["items"]) - len(told),
        "probes": [{**p, "text": places.get(p["id"], p["id"])} for p in result["probes"][:SHOWN]],
        "moved": training is not None and len(training["points"]) > 1,
        "steps_shown": [] if training is None else [training["steps"][t] for t in training["at"]],
    }


def drawn(facts: Mapping[str, Any]) -> dict[str, str]:
    """The map of the ensemble, the shares, and where training was followed its spread, its stills and its motion."""
    names = [b["name"] for b in facts["basins"]]
    middles = {int(b["representative"]) for b in facts["basins"]}
    out = {
        "map": _map(facts["points"], [names.index(m) for m in facts["members"]], names, middles),
        "spread": "", "stills": "", "motion": "",
    }  # fmt: skip
    training = facts["training"]
    if training is None:
        return out
    steps = [str(s) for s in training["steps"]]
    series = [("spread over the start's", training["ratio"])]
    ends = [("95 %: from", training["ratio_low"]), ("95 %: to", training["ratio_high"])]
    out["spread"] = figures.lines([*series, *ends], steps, title="spread through training, by step", width=520)
    if facts["moved"]:
        of = [names.index(b) for b in training["basins"]]
        out["stills"] = _stills(training["points"], facts["steps_shown"], of)
        out["motion"] = _motion(training["points"], facts["steps_shown"], of)
    return out


def _shape(k: int, x: float, y: float, size: float, inside: str = "") -> str:
    """A member of basin k at (x, y)."""
    shape, r = SHAPES[k % len(SHAPES)], size
    css = f'class="dot m{k % 3}"'
    place = f'transform="translate({x:.1f} {y:.1f})"'
    drawn = {
        "circle": f'<circle r="{r}"', "square": f'<rect x="{-r}" y="{-r}" width="{2 * r}" height="{2 * r}"',
        "triangle": f'<path d="M0 {-1.2 * r}L{1.2 * r} {r}H{-1.2 * r}Z"',
        "cross": f'<path d="M{-r} {-r}L{r} {r}M{-r} {r}L{r} {-r}" stroke="currentColor"',
        "diamond": f'<path d="M0 {-1.4 * r}L{1.4 * r} 0L0 {1.4 * r}L{-1.4 * r} 0Z"',
        "bar": f'<rect x="{-0.5 * r}" y="{-1.4 * r}" width="{r}" height="{2.8 * r}"',
    }[shape]  # fmt: skip
    return f"<g {place}>{drawn} {css}/>{inside}</g>"


def _frame(
    points: Sequence[Sequence[float]], width: float, height: float, pad: float
) -> Callable[[Sequence[float]], tuple[float, float]]:
    """Data to places in a picture, one scale for both directions: distances on paper are distances."""
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    wide, high = max(xs) - min(xs), max(ys) - min(ys)
    scale = min((width - 2 * pad) / wide if wide else 1e9, (height - 2 * pad) / high if high else 1e9)
    scale = scale if scale < 1e9 else 1.0
    middle = (max(xs) + min(xs)) / 2, (max(ys) + min(ys)) / 2

    def at(p: Sequence[float]) -> tuple[float, float]:
        return width / 2 + (p[0] - middle[0]) * scale, height / 2 - (p[1] - middle[1]) * scale

    return at


def _height(points: Sequence[Sequence[float]], width: int) -> int:
    """Of a picture of this width: as high as the points are, within limits."""
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    wide, high = max(xs) - min(xs), max(ys) - min(ys)
    return round(min(340.0, max(110.0, width * high / wide if wide else 340.0)))


def _map(points: Sequence[Sequence[float]], of: Sequence[int], names: Sequence[str], middles: set[int]) -> str:
    """Every member along the two directions of most variance; a ring around the member in a basin's middle."""
    if not points:
        return ""
    width = 560
    height = _height(points, width) + 26
    at = _frame(points, width, height - 26, 14)
    out = []
    for n, (point, k) in enumerate(zip(points, of, strict=True)):
        x, y = at(point)
        out.append(_shape(k, x, y, 3))
        if n in middles:
            out.append(f'<circle class="ring" cx="{x:.1f}" cy="{y:.1f}" r="8"/>')
    for k, name in enumerate(names[:8]):
        out.append(_shape(k, 16 + 66 * k, height - 10, 4))
        out.append(f'<text class="tick" x="{24 + 66 * k}" y="{height - 6}">basin {escape(name)}</text>')
    return figures.chart(
        "chart landscape", f"the ensemble: {len(points)} trainings in {len(names)} basins", width, height, out
    )


def _stills(points: Sequence[Sequence[Sequence[float]]], steps: Sequence[int], of: Sequence[int]) -> str:
    """A panel a step, all on one scale."""
    width, height, across = 230, 180, 3
    down = -(-len(points) // across)
    at = _frame([p for look in points for p in look], width, height - 20, 12)
    out = []
    for n, (look, step) in enumerate(zip(points, steps, strict=True)):
        left, top = (n % across) * width, (n // across) * height
        inside = "".join(_shape(k, *at(p), 2.4) for p, k in zip(look, of, strict=True))
        out.append(
            f'<g transform="translate({left} {top + 18})"><rect class="grid" x="2" y="-16" width="{width - 4}" '
            f'height="{height - 4}" fill="none"/><text class="title" x="8" y="-3">step {step}</text>{inside}</g>'
        )
    return figures.chart(
        "chart landscape", f"the ensemble at {len(points)} steps of training", across * width, down * height, out
    )


def _motion(points: Sequence[Sequence[Sequence[float]]], steps: Sequence[int], of: Sequence[int]) -> str:
    """The same as one picture that moves when it is clicked, and stands at the end until then."""
    everywhere = [p for look in points for p in look]
    width = 560
    height = _height(everywhere, width)
    at = _frame(everywhere, width, height, 14)
    out = [f'<rect width="{width}" height="{height}" fill="transparent"/>']
    for n, k in enumerate(of):
        way = ";".join("{:.1f} {:.1f}".format(*at(look[n])) for look in points)
        moves = (
            f'<animateTransform attributeName="transform" type="translate" values="{way}" dur="{LASTS}s" '
            'begin="basins-moving.click" fill="freeze"/>'
        )
        out.append(_shape(k, *at(points[-1][n]), 3, moves))
    title = f"the ensemble from step {steps[0]} to step {steps[-1]}"
    return figures.chart("chart landscape", title, width, height, out, ' id="basins-moving" style="cursor:pointer"')
