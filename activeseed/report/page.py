"""The page: facts and figures in one HTML file, with every text from seeds and annotators escaped."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from activeseed.cleaning import clean
from activeseed.column import Order
from activeseed.errors import FolderError
from activeseed.formats import write_whole
from activeseed.protocols import Name
from activeseed.report import figures
from activeseed.report.facts import Facts, gather
from activeseed.study import Study


def number(value: Any, digits: int = 3) -> str:
    """A number for human eyes: three digits, powers of ten in full, a dash where it is unknown."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    v = float(value)
    if v != 0 and not 1e-3 <= abs(v) < 1e5:
        mantissa, exponent = f"{v:.{digits - 1}e}".split("e")
        return f"{mantissa}×10{_raised(int(exponent))}"
    return f"{v:.{digits}g}" if abs(v) < 10**digits - 0.5 else f"{v:.0f}"


def _raised(exponent: int) -> str:
    return str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def percent(value: Any) -> str:
    """A share in whole per cent, or a dash."""
    return "–" if value is None else f"{100 * float(value):.0f} %"


def render(facts: Facts) -> str:
    """The page as a text."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("activeseed.report", "templates"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, finalize=_shown,
    )  # fmt: skip
    top = max((abs(i["effect"]) for i in facts.items if i.get("effect") is not None), default=0.0)
    exponent = math.floor(math.log10(top)) - 2 if top > 0 else 0
    scale = 10.0**-exponent
    environment.filters |= {
        "num": number, "pct": percent, "scaled": lambda v: "–" if v is None else number(v * scale)
    }  # fmt: skip
    return environment.get_template("report.html.j2").render(
        f=facts, bar=_safe(figures.bar), covered=_safe(figures.covered), top=top,
        covers=_mark(figures.cover_matrix((facts.redundancy or {}).get("items", []))), power=_raised(exponent),
        charts=[_mark(c) for c in _charts(facts) if c],
        sections=[{**s, "figures": {n: _mark(m) for n, m in s["figures"].items()}} for s in facts.analysed],
        calibration=_mark(figures.calibration((facts.calibration or {}).get("bins", []))),
    )  # fmt: skip


def _shown(value: Any) -> Any:
    """What the page prints: marks for control characters, and for those that turn what is around them about."""
    return clean(value) if type(value) is str else value


def _mark(markup: str) -> Any:
    from markupsafe import Markup

    return Markup(markup)  # figures escape what they are given; see figures.py


def _safe(draw: Callable[..., str]) -> Callable[..., Any]:
    return lambda *arguments, **options: _mark(draw(*arguments, **options))


def _charts(facts: Facts) -> list[str]:
    rounds = facts.rounds
    if len(rounds) < 2:
        return []
    labels = [str(r["answers"]) for r in rounds]
    quality = [r.get("quality") or {} for r in rounds]

    def over(key: str) -> list[Any]:
        return [r.get(key) for r in rounds]

    risk = [("risk of what is deployed", over("risk")), ("spread", over("belief_spread"))]
    moved = [("predicted", over("predicted_movement")), ("realised", over("realised_movement"))]
    good = [(name, [q.get(key) for q in quality]) for name, key in (("AUC", "auc"), ("accuracy", "accuracy"))]
    brier = [("belief", over("brier")), ("author", over("brier_author"))]
    return [
        figures.lines(risk, labels, title="Risk and spread after so many answers"),
        figures.lines(moved, labels, title="Movement of the outcome, round by round"),
        figures.lines(good, labels, title="Quality on labelled probes"),
        figures.lines(brier, labels, title="Brier score before each answer"),
    ]


def write_report(study: Study, path: Path, by: Order | Name | None = None) -> Path:
    """Gather, draw and write the report. Raises FolderError when the file can't be written."""
    text = render(gather(study, by))
    try:
        write_whole(path, text.encode("utf-8", "replace"))
    except FolderError as error:
        raise FolderError(f"{error} Or choose another place with --out.") from error
    return path
