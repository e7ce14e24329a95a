"""What a scene's study comes to, as JSON, and where that differs from what was kept.

Scenes are trained in double precision (see tests/precision.py): outcomes are then the same to one rounding whatever the
processor, and all that is computed from them to 1e-5 of the largest number of its column.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from activeseed.outcome import Ranking, plain
from activeseed.question import Question
from activeseed.seed import ABSENT, AS_WRITTEN, FLIPPED
from tests.golden.scenes import SCENES, Scene

DATA = Path(__file__).parent
#: how far a number may be from what was kept, relative to the largest of its column (or to itself, in the summary)
TOLERANCE = 1e-5
#: numbers below this are zeros: what is left of them is the rounding of sums, of squared distances of at most 1
ZERO = 1e-15
#: p-values are counts of resamples: a draw that ties with what was seen falls on either side by the last bit. A star
#: may differ where the p-value is within this of the line between starred and not.
P_STEPS = 2.0 / 2000.0
#: columns of which only the stars are held, and those that say in words what others say in numbers
LEFT_OUT = frozenset({"p_value", "ties_with", "first_order_ties_with", "total_ties_with"})
#: of the summary: how much was trained anew is no result
NO_RESULT = frozenset({"trainings_new"})


@contextmanager
def double_precision() -> Iterator[None]:
    """Fields are trained in double precision within it."""
    import torch

    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


# --- recording ------------------------------------------------------------------------------------------------------


def record(name: str, folder: Path) -> dict[str, Any]:
    """Rank, ask eight, answer by the script, rank, ask eight more, in a folder that does not exist."""
    scene = SCENES[name]
    with double_precision():
        return _played(scene, folder)


def _played(scene: Scene, folder: Path) -> dict[str, Any]:
    study = scene.make(folder)
    try:
        out: dict[str, Any] = {"ranking": ranked(study.rank())}
        if not scene.asks:
            return out
        out["asked"] = _asked(first := study.ask(8))
        truth = scene.truth(study)
        study.tell([scripted(q, truth) for q in first])
        out["standing"] = dict(sorted(study.seed.standing.items()))
        out["ranking_after"] = ranked(study.rank())
        out["asked_after"] = _asked(study.ask(8))
        return out
    finally:
        study.close()


def scripted(question: Question, truth: Mapping[str, str]) -> dict[str, Any]:
    """What somebody answers who knows what is right, in an answer's plainest form."""
    said: dict[str, Any] = {"question": question.id, "annotator": "script"}
    if question.kind == "confirm_list":
        stays = [i for i in question.items if truth.get(i, AS_WRITTEN) != question.options.get(i, ABSENT)]
        return {**said, "verdict": "confirm", "unticked": stays}
    right = truth.get(question.items[0], AS_WRITTEN)
    verdicts = {AS_WRITTEN: "keep", ABSENT: "reject", FLIPPED: "flip"}
    return (
        {**said, "verdict": verdicts[right]} if right in verdicts else {**said, "verdict": "choose", "variant": right}
    )


def _asked(questions: Sequence[Question]) -> list[dict[str, Any]]:
    return [{"items": list(q.items), "kind": q.kind, "purpose": q.purpose, "drawn": q.drawn} for q in questions]


def ranked(ranking: Ranking) -> dict[str, Any]:
    """A ranking as it is kept."""
    columns = {name: [_short(v) for v in plain(column)] for name, column in ranking.columns.items()}
    summary = {k: _short(plain(v)) for k, v in ranking.summary.items() if k not in NO_RESULT}
    return {
        "by": ranking.by,
        "ids": list(ranking.ids),
        "order": [ranking.ids[f] for f in ranking.order()],
        "columns": {k: v for k, v in columns.items() if k not in LEFT_OUT or k == "p_value"},
        "summary": {k: v for k, v in summary.items() if _is_number(v)},
    }


def _short(value: Any) -> Any:
    return float(f"{value:.8g}") if isinstance(value, float) else value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


# --- comparing ------------------------------------------------------------------------------------------------------


def differences(kept: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """A sentence for everything that is not as it was kept. What is new is no difference."""
    out: list[str] = []
    for part, then in kept.items():
        now = found.get(part)
        if now is None:
            out.append(f"{part} is gone")
        elif part.startswith("ranking"):
            out += [f"{part}: {said}" for said in _of_rankings(then, now)]
        elif then != now:
            out.append(f"{part} was {then} and is {now}")
    return out


def _of_rankings(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    if then["ids"] != now["ids"] or then["by"] != now["by"]:
        yield f"it was of other items, or by {then['by']} where it is by {now['by']}"
        return
    for name, value in then["summary"].items():
        if not _near(value, now["summary"].get(name), abs(value)):
            yield f"{name} was {value} and is {now['summary'].get(name)}"
    for name, column in then["columns"].items():
        if name not in now["columns"]:
            yield f"column {name} is gone"
        elif name == "distinguishable":
            yield from _of_stars(then, now)
        elif name not in LEFT_OUT:
            yield from _of_columns(name, then["ids"], column, now["columns"][name])
    yield from _of_order(then, now["order"])


def _of_columns(name: str, ids: Sequence[str], then: Sequence[Any], now: Sequence[Any]) -> Iterator[str]:
    largest = max((abs(v) for v in then if _is_number(v)), default=0.0)
    wrong = [(i, a, b) for i, a, b in zip(ids, then, now, strict=True) if not _near(a, b, largest)]
    if wrong:
        yield f"{name} of {len(wrong)} items, {wrong[0][0]} the first: it was {wrong[0][1]} and is {wrong[0][2]}"


def _near(then: Any, now: Any, largest: float) -> bool:
    if _is_number(then) and _is_number(now):
        return bool(math.isclose(then, now, rel_tol=0.0, abs_tol=TOLERANCE * largest + ZERO))
    return bool(then == now)


def _of_stars(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    starred, p = then["columns"]["distinguishable"], then["columns"]["p_value"]
    line = max((v for v, star in zip(p, starred, strict=True) if star and v is not None), default=0.0)
    for name, before, after, value in zip(then["ids"], starred, now["columns"]["distinguishable"], p, strict=True):
        if before != after and not (value is not None and abs(value - line) <= P_STEPS):
            yield f"{name} was {'' if before else 'not '}distinguishable and is {'' if after else 'not '}so (p {value})"


def _of_order(then: Mapping[str, Any], order: Sequence[str]) -> Iterator[str]:
    """Ranks except among ties: whoever passed another had as much, to what numbers may differ by."""
    values = dict(zip(then["ids"], then["columns"][then["by"]], strict=True))
    largest = max((abs(v) for v in values.values() if _is_number(v)), default=0.0)
    for place, (before, after) in enumerate(zip(then["order"], order, strict=True), start=1):
        a, b = values[before], values[after]
        if not (a == b or (_is_number(a) and _is_number(b) and abs(a - b) <= 2.0 * TOLERANCE * largest + ZERO)):
            yield f"{after} is on place {place}, where {before} was"
            return
