"""The variance budget in the report: one bar cut into levels and factors, an interaction matrix, and the table."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from activeseed.analyses.budget.coordinates import words_of
from activeseed.analyses.budget.found import interval_words, percent
from activeseed.looking.derivation import text_of
from activeseed.report.figures import matrix
from activeseed.study import Study

#: single factors that are shown
SHOWN = 20
#: shares below this are drawn without their name
NAMED = 0.06


def facts(study: Study, result: Mapping[str, Any]) -> dict[str, Any]:
    """The newest budget, with the items' texts and the pieces of the bar."""
    known = {i.id for i in study.seed.items}
    factors = [
        {**_said(f), "words": words_of(f["level"]), "text": text_of(study.seed, f["id"]) if f["id"] in known else ""}
        for f in result["factors"]
    ]
    pairs = [{**_said(i), "name": f"{words_of(i['first'])} × {words_of(i['second'])}"} for i in result["interactions"]]
    return {
        **result,
        "levels": [_said_level(level) for level in result["levels"]],
        "rest": _said({"share": result["rest"]}) if result["rest"] else None,
        "groups": [{**g, "words": words_of(g["level"])} for g in result["groups"]],
        "interactions": pairs, "factors": factors[:SHOWN], "more": max(0, len(factors) - SHOWN),
        "pieces": _pieces(result), "parts": _parts(result),
    }  # fmt: skip


def _said(told: Mapping[str, Any]) -> dict[str, Any]:
    """A row with its share in words."""
    share = told["share"]
    return {**told, "says": percent(share["value"]), "ends": interval_words(share["low"], share["high"])}


def _parts(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Parts of the outcome, each with what every level contributes to its spread."""
    levels, nothing = [level["level"] for level in result["levels"]], {"says": "–", "ends": ""}
    return [
        {
            "name": b["name"], "says": percent(b["of_spread"]),
            "cells": [_said({"share": b["levels"][n]}) if b["levels"].get(n) else nothing for n in levels],
        }
        for b in result["outcome_blocks"]
    ]  # fmt: skip


def _said_level(level: Mapping[str, Any]) -> dict[str, Any]:
    parts = {n: percent(level[n]["value"]) if level[n] else "" for n in ("start", "dynamics", "both", "total")}
    return {**_said(level), "parts": parts}


def _pieces(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What the bar is cut into: a level with its groups below it, then interactions. Shares below zero are zero."""
    out = []
    for level in result["levels"]:
        below = [
            {"name": g["what"], "aspect": g["aspect"], "share": _drawn(g["share"])}
            for g in result["groups"] if g["level"] == level["level"]
        ]  # fmt: skip
        if level["both"]:
            below.append({"name": "start × dynamics", "aspect": "", "share": _drawn(level["both"])})
        out.append({"name": level["words"], "share": _drawn(level["share"]), "below": below})
    both = sum(_drawn(i["share"]) for i in result["interactions"])
    both += _drawn(result["rest"]) if result["rest"] else 0.0
    return [*out, {"name": "between levels", "share": both, "below": []}]


def _drawn(share: Mapping[str, Any]) -> float:
    return max(0.0, share["value"] or 0.0)


def figures(facts: Mapping[str, Any]) -> dict[str, str]:
    """The bar, and the matrix of levels."""
    return {"bar": _bar(facts["pieces"]), "matrix": _matrix(facts)}


def _bar(pieces: list[dict[str, Any]]) -> str:
    """Two rows: levels, and below each its groups; widths are shares of the sum."""
    whole = sum(p["share"] for p in pieces)
    if whole <= 0:
        return ""
    width, high, x = 720.0, 34, 0.0
    out = []
    for n, piece in enumerate(pieces):
        wide = piece["share"] / whole * width
        out.append(_block(x, 0, wide, high, piece["name"], piece["share"], n))
        own, at = sum(b["share"] for b in piece["below"]), x
        # groups of one level leave out what they only do together
        scale = wide / max(own, piece["share"]) if piece["share"] > 0 else 0.0
        for below in piece["below"]:
            part = below["share"] * scale
            out.append(
                _block(
                    at,
                    high + 3,
                    part,
                    high,
                    ": ".join(filter(None, (below["aspect"], below["name"]))),
                    below["share"],
                    n,
                )
            )
            at += part
        x += wide
    return matrix("shares of the spread, by level and below by group", width, 2 * high + 4, out)


def _block(x: float, y: float, width: float, height: float, name: str, share: float, n: int) -> str:
    """A piece of the bar, with its name where there is room and always as a tooltip."""
    said = f"{name}: {100 * share:.1f} %"
    css = "even" if n % 2 == 0 else "odd"
    shape = (
        f'<g class="share"><title>{escape(said)}</title><rect class="{css}" x="{x:.1f}" y="{y}" '
        f'width="{max(width - 1.5, 0.5):.1f}" height="{height}" rx="2"/>'
    )
    room = int((width - 8) / 6.2)
    if room < 5:
        return f"{shape}</g>"
    text = said if len(said) <= room else f"{name[: max(1, room - 1)]}…"
    return f'{shape}<text class="tick" x="{x + 5:.1f}" y="{y + height / 2 + 4:.1f}">{escape(text)}</text></g>'


def _matrix(facts: Mapping[str, Any]) -> str:
    """Levels by levels: on the diagonal what each does alone, elsewhere what two do only together."""
    names = [level["level"] for level in facts["levels"]]
    if len(names) < 2:
        return ""
    left, top, cell = 90, 24, 78
    found = {(i["first"], i["second"]): i for i in facts["interactions"]}
    found |= {(level["level"], level["level"]): level for level in facts["levels"]}
    out = []
    for a, first in enumerate(names):
        name = escape(words_of(first))
        out.append(
            f'<text class="tick" x="{left - 8}" y="{top + (a + 0.55) * cell:.0f}" text-anchor="end">{name}</text>'
        )
        out.append(
            f'<text class="tick" x="{left + (a + 0.5) * cell:.0f}" y="{top - 8}" text-anchor="middle">{name}</text>'
        )
        for b, second in enumerate(names):
            told = found.get((first, second)) or found.get((second, first))
            if told is None or b > a:
                continue
            share, mark = told["share"], " *" if told["distinguishable"] else ""
            x, y, deep = left + b * cell, top + a * cell, min(1.0, _drawn(share))
            middle = x + cell / 2
            value, ends = f"{told['says']}{mark}", told["ends"]
            out.append(
                f'<g><rect class="cell" x="{x + 1}" y="{y + 1}" width="{cell - 2}" height="{cell - 2}" rx="3" '
                f'style="opacity:{0.06 + 0.6 * deep:.2f}"/>'
                f'<text class="tick told" x="{middle}" y="{y + cell / 2}" text-anchor="middle">{value}</text>'
                f'<text class="tick told" x="{middle}" y="{y + cell / 2 + 16}" text-anchor="middle">{ends}</text></g>'
            )
    size = cell * len(names)
    return matrix("interactions between levels, shares of the spread", left + size + 8, top + size + 8, out)
