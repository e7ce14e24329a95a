"""Facts of what was analysed besides the ranking, and of why probes are judged as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from activeseed.looking.derivation import lines_of, text_of
from activeseed.seed import Seed
from activeseed.study import Study
from activeseed.study.explaining import can_explain

#: probes that are explained
EXPLAINED = 8
#: violations that are shown
VIOLATIONS = 40


def redundancy(study: Study) -> dict[str, Any] | None:
    """What the newest redundancy analysis found, with texts; None where none was made.

    ``old`` where the seed has changed since.
    """
    made = study.state.analyses.get("redundancy")
    if made is None or not made.get("result"):
        return None
    seed = next((v.seed for v in study.state.versions if v.id == made["seed_version"]), study.seed)
    result = made["result"]
    places = {p.id: p.payload.display for p in study.system.places(study.materials)}
    items = [{**i, "text": _text(seed, i["id"])} for i in result["items"]]
    caught = [{**p, "text": places.get(p["id"], p["id"])} for p in result["probes"]]
    return {
        **result,
        "items": items,
        "probes": caught[:VIOLATIONS],
        "more_probes": max(0, len(caught) - VIOLATIONS),
        "sole": sum(bool(p["sole"]) for p in caught),
        "old": made["seed_version"] != study.state.current.id,
        "seed_version": made["seed_version"],
        "at": made["at"],
        "counts": [
            (words, n)
            for verdict, words in _COUNTED
            if (n := sum(i["verdict"] == verdict for i in result["items"]))
        ],
    }  # fmt: skip


_COUNTED = (
    ("alone", "decide alone"), ("shares", "share with others"), ("redundant", "redundant"), ("overruled", "overruled"),
    ("nothing", "do nothing here"), ("open", "do nothing alone, not searched to the end"), ("unknown", "not measured"),
)  # fmt: skip


def explanations(study: Study, contested: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Why the most contested probes are judged as they are: those that plausible seeds disagree on, then those nearest
    to ½. Empty where the system can't say.
    """
    if not can_explain(study.system):
        return []
    texts = {p.id: p.payload.display for p in study.system.places(study.materials)}
    first = [str(p["id"]) for p in contested[: EXPLAINED // 2]]
    near = study.undecided(EXPLAINED)
    out = []
    for e in study.explain(list(dict.fromkeys((*first, *near)))[:EXPLAINED]):
        lines = [
            {
                "depth": min(line.depth, 12), "says": line.step.says, "rule": line.step.rule,
                "weight": line.step.weight, "again": line.again,
                "items": [
                    {"id": name, "text": text if (text := _text(study.seed, name)) != line.step.says else ""}
                    for name in line.step.items
                ],
            }
            for line in lines_of(e)
        ]  # fmt: skip
        out.append(
            {"id": e.place, "text": texts[e.place], "value": e.value, "items": list(e.items), "lines": lines}
        )  # fmt: skip
    return out


def _text(seed: Seed, item: str) -> str:
    return text_of(seed, item) if item in {i.id for i in seed.items} else item
