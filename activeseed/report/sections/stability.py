"""The stack as a picture: each level with its two verdicts, its share of the spread, and where humans act."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from activeseed.analyses.stability.human import human_cells
from activeseed.analyses.stability.matrix import StabilityMatrix
from activeseed.analyses.stability.saying import ASPECT_WORDS, LEVEL_WORDS, source_words
from activeseed.factor import shown
from activeseed.report import figures
from activeseed.study import Study

#: levels of the picture, from where humans act down to what is acted on
STACK = ("human", "trainer2", "trainer", "model", "world")
#: what a level does to the one below it
ARROWS = {"trainer2": "trains", "trainer": "trains", "model": "acts on"}
#: a mark for each verdict, so that colour is not the only signal
MARKS = {
    "washes out": ("●", "s0"), "holds": ("●", "s0"), "keeps": ("■", "s1"), "grows": ("▲", "s1"), "changes": ("▲", "s1"),
    "unclear": ("?", "soft"), "not run": ("○", "soft"), "none": ("–", "soft"),
}  # fmt: skip


def facts(study: Study, result: Mapping[str, Any]) -> dict[str, Any]:
    """The matrix, with what whole studies said of the human and what the newest variance budget says of each level."""
    cells = [dict(c) for c in result["cells"]]
    made = study.state.analyses.get("human_level")
    if made is not None and made.get("result"):
        whole = StabilityMatrix(human_cells(made["result"]), "", 0).to_dict()["cells"]
        cells = [c for c in cells if c["level"] != "human"] + whole
    now = study.state.current.id
    return {
        **result,
        "cells": [_said(c) for c in sorted(cells, key=lambda c: STACK.index(c["level"]))],
        "stack": [_level(level, cells, _shares(study)) for level in STACK],
        "items": len(study.seed),
        "asked": len({i for a in study.state.counted_answers for i in study.state.questions[a.question].items}),
        "shares_old": (b := study.state.analyses.get("variance_budget")) is not None and b["seed_version"] != now,
        "has_shares": bool(_shares(study)),
    }  # fmt: skip


def _shares(study: Study) -> dict[str, Mapping[str, Any]]:
    made = study.state.analyses.get("variance_budget")
    if made is None or not made.get("result"):
        return {}
    return {level["level"]: level["share"] for level in made["result"]["levels"]}


def _said(cell: Mapping[str, Any]) -> dict[str, Any]:
    starts = [{**s, "name": source_words(s["of"])} for s in cell["starts"]]
    varied = [{**v, "at": [{**a, "said": shown(a["value"])} for a in v["at"]]} for v in cell["varied"]]
    return {
        **cell, "starts": starts, "varied": varied,
        "level_words": LEVEL_WORDS[cell["level"]], "question": ASPECT_WORDS[cell["aspect"]],
        "mark": MARKS[cell["verdict"]][0], "sentence": cell["sentence"].replace("`", ""),
    }  # fmt: skip


def _level(level: str, cells: Sequence[Mapping[str, Any]], shares: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    mine = {c["aspect"]: c for c in cells if c["level"] == level}
    return {
        "level": level, "words": LEVEL_WORDS[level], "share": shares.get(level),
        "start": _verdict(mine.get("start")), "dynamics": _verdict(mine.get("dynamics")),
    }  # fmt: skip


def _verdict(cell: Mapping[str, Any] | None) -> dict[str, str] | None:
    if cell is None:
        return None
    verdict = str(cell["verdict"])
    mark, css = MARKS[verdict]
    asked = cell["starts"] or cell["varied"]
    text = {"none": "nothing differs" if asked else "can't be asked"}.get(verdict, verdict)
    ratio = next(
        (s["ratio"] for s in cell["starts"] if s["verdict"] == verdict and s["ratio"]["value"] is not None), None
    )
    if ratio is not None:
        text += f", {figures_of(ratio)}"
    if verdict == "changes":
        where = [v["where"] for v in cell["varied"] if v["changes"]]
        where += [f"with {100 * m['at']:.0f} % of {_short(m['of'])} off" for m in cell["masked"] if m["at"] is not None]
        text += f" {where[0]}" + (f" and {len(where) - 1} more" if len(where) > 1 else "")
    return {"mark": mark, "css": css, "text": text}


def figures_of(of: Mapping[str, Any]) -> str:
    """``0.46 [0.40, 0.54]``."""
    if of["value"] is None:
        return "unknown"
    if of["low"] is None:
        return f"{of['value']:.2g}"
    high = "∞" if of["high"] is None else f"{of['high']:.2g}"
    return f"{of['value']:.2g} [{of['low']:.2g}, {high}]"


def drawn(facts: Mapping[str, Any]) -> dict[str, str]:
    """The stack; and what damage does to the trained model, where that was looked at."""
    masked = [m for c in facts["cells"] for m in c["masked"]]
    curves = ""
    if masked:
        series = [(_short(m["of"]), [e["value"] for e in m["moved"]]) for m in masked]
        known = masked[0]["seeds"]["value"]
        if known is not None:
            series.append(("another plausible seed", [known] * len(masked[0]["rates"])))
        labels = [f"{100 * r:.0f} %" for r in masked[0]["rates"]]
        curves = figures.lines(series, labels, title="how far the outcome moves, by the share off", width=460)
    return {"stack": _stack(facts), "curves": curves}


def _short(of: str) -> str:
    """What is switched off, without what is said of it in brackets."""
    return of.partition(" (")[0]


def _stack(facts: Mapping[str, Any]) -> str:
    """Boxes from the human down to the world, an arrow between each two."""
    wide, gap, left = 420, 30, 6
    inside = wide - 2 * left
    y, out = 4.0, []
    for n, level in enumerate(facts["stack"]):
        lines = [("starts", level["start"]), ("moves", level["dynamics"])]
        lines = [(name, verdict) for name, verdict in lines if verdict is not None]
        height = 28 + 19 * len(lines) if lines else 30
        out.append(f'<rect class="box" x="{left}" y="{y:.0f}" width="{inside}" height="{height}" rx="7"/>')
        out.append(f'<text class="title" x="{left + 12}" y="{y + 20:.0f}">{escape(level["words"])}</text>')
        share = level["share"]
        if share is not None and share["value"] is not None:
            out += _bar(share, left + 150, y + 10)
        for k, (name, verdict) in enumerate(lines):
            at = y + 41 + 19 * k
            out.append(f'<text class="tick" x="{left + 12}" y="{at:.0f}">{name}</text>')
            out.append(f'<text class="mark {verdict["css"]}" x="{left + 62}" y="{at:.0f}">{verdict["mark"]}</text>')
            text = escape(figures.short(verdict["text"], 50))
            out.append(f'<text class="says" x="{left + 80}" y="{at:.0f}">{text}</text>')
        y += height
        if n + 1 < len(facts["stack"]):
            x = wide / 2
            out.append(f'<path class="axis" d="M{x} {y + 4:.0f}V{y + gap - 4:.0f}m-4 -6l4 6l4 -6"/>')
            out.append(
                f'<text class="tick" x="{x + 10}" y="{y + gap / 2 + 4:.0f}">{escape(_arrow(level, facts))}</text>'
            )
            y += gap
    return figures.chart("chart stack", "the stack, level by level", wide, round(y + 6), out)


def _arrow(level: Mapping[str, Any], facts: Mapping[str, Any]) -> str:
    if level["level"] != "human":
        return ARROWS[level["level"]]
    items = facts["items"]
    asked = f", {facts['asked']} asked about" if facts["asked"] else ""
    return f"the seed: {items} item{'s' if items != 1 else ''}{asked}"


def _bar(share: Mapping[str, Any], x: float, y: float) -> list[str]:
    """A level's share of the final spread, with its interval."""
    width = 110.0
    value = min(1.0, max(0.0, float(share["value"])))
    out = [
        f'<rect class="grid" x="{x:.0f}" y="{y:.0f}" width="{width:.0f}" height="9" rx="2"/>',
        f'<rect class="fill" x="{x:.0f}" y="{y:.0f}" width="{max(1.0, value * width):.1f}" height="9" rx="2"/>',
    ]
    if share["low"] is not None and share["high"] is not None:
        low, high = (x + width * min(1.0, max(0.0, float(share[end]))) for end in ("low", "high"))
        out.append(f'<path class="whisker" d="M{low:.1f} {y + 4.5:.1f}H{high:.1f}"/>')
    out.append(f'<text class="tick" x="{x + width + 8:.0f}" y="{y + 9:.0f}">{100 * value:.0f} % of the spread</text>')
    return out


def against(study: Study, result: Mapping[str, Any]) -> dict[str, Any]:
    """Two trainers beside each other, as they were compared."""
    return {
        **result,
        "contrasts": [
            {**c, "level_words": LEVEL_WORDS[c["level"]], "name": source_words(c["of"])} for c in result["contrasts"]
        ],
        "pictures": [{**p, "level_words": LEVEL_WORDS[p["level"]]} for p in result["pictures"]],
    }


def no_figures(facts: Mapping[str, Any]) -> dict[str, str]:
    """Two trainers are a table."""
    return {}
