"""Prompts in the report: how much of a rewording comes through, by kind, and the probes that it moves most."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from activeseed.report.figures import bar
from activeseed.study import Study

SHOWN = 20


def facts(study: Study, result: Mapping[str, Any]) -> dict[str, Any]:
    """The newest analysis of prompts, with the probes' texts."""
    texts = {p.id: p.payload.display for p in study.probes}
    probes = [{**p, "text": texts.get(p["id"], p["id"])} for p in result["probes"]]
    return {
        **result, "probes": probes[:SHOWN], "more": max(0, len(probes) - SHOWN),
        "judges": any(k["otherwise"] is not None for k in result["kinds"]),
    }  # fmt: skip


def figures(found: Mapping[str, Any]) -> dict[str, str]:
    """A bar of each shown probe's spread, by its id."""
    top = max((p["outcome"] or 0.0 for p in found["probes"]), default=0.0)
    out = {}
    for p in found["probes"]:
        value, reach = p["outcome"], 2.0 * (p["outcome_se"] or 0.0)
        known = value is not None and reach > 0
        out[p["id"]] = bar(value, value - reach if known else None, value + reach if known else None, top)
    return out
