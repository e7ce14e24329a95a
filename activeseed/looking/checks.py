"""Gold questions, silent repeats, and what they say about annotators."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from activeseed.question import Question
from activeseed.resolution import Gold, Voucher
from activeseed.seed import ABSENT, AS_WRITTEN, FLIPPED, Entry, Pair, Text

_ANSWERS = {"keep": AS_WRITTEN, "reject": ABSENT, "flip": FLIPPED}


def gold_of(lines: Sequence[Mapping[str, Any]]) -> tuple[Gold, ...]:
    """Gold questions from the project's lines; *keep*, *reject* and *flip* name variants.

    A line is ``{"id", "text", "answer"}``, for a pair ``{"id", "prompt", "chosen", "rejected", "answer"}``, and for an
    entry ``{"id", "text", "fields", "answer"}``.
    """
    return tuple(Gold(str(g["id"]), _payload(g), _ANSWERS.get(str(g["answer"]), str(g["answer"]))) for g in lines)


def _payload(line: Mapping[str, Any]) -> Text | Pair | Entry:
    if "fields" in line:
        return Entry(text=str(line.get("text") or ""), fields=line["fields"])
    if "chosen" in line:
        return Pair(prompt=str(line.get("prompt") or ""), chosen=str(line["chosen"]), rejected=str(line["rejected"]))
    return Text(prompt=str(line.get("prompt") or ""), text=str(line["text"]))


def gold_left(gold: Iterable[Gold], questions: Iterable[Question]) -> int:
    """How many gold questions were not asked yet."""
    asked = {q.items[0] for q in questions if q.purpose == "gold"}
    return sum(g.id not in asked for g in gold)


def unvouched(voucher: Voucher, left: int) -> list[str]:
    """For whom nothing vouches, and what would: a sentence each.

    Args:
        left: gold questions that were not asked yet.
    """
    out = []
    for name, missing in voucher.missing.items():
        more = f"{missing} more gold questions, answered right" + (f" ({left} are left)" if left else "")
        out.append(
            f"nothing vouches for {name}: {more}, or a second annotator ([ask] annotators = 2) who agrees, or "
            "labelled probes that the outcome fits better than at the start would"
        )
    return out
