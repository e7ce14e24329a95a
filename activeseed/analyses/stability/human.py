"""The human's row of the matrix, from what whole studies were found to do (journalled as ``human_level``)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from activeseed.analyses.stability.matrix import Cell, Started, Varied
from activeseed.analyses.stability.washing import UNKNOWN, Estimate


def human_cells(result: Mapping[str, Any]) -> tuple[Cell, Cell]:
    """Whether first drafts wash out, and whether the picture changes with who answers and how they are asked.

    Args:
        result: what ``HumanFound.to_dict`` gives, as the journal keeps it.
    """
    studies = int(result["studies"])
    started: list[Started] = []
    draft = next((w for w in result.get("washed", ()) if w["of"] == "outcomes"), None)
    if draft is not None:
        support = {int(k): float(v) for k, v in (result.get("basins") or {}).items()}
        started.append(
            Started(
                of="first drafts", starts=studies, failed=int(result.get("failed") or 0),
                spread=_told(draft["last"]), before=_told(draft["first"]),
                measured="squared distance of the outcomes of two first drafts",
                ratio=_estimate(draft), basins=max(support, key=lambda k: support[k], default=0), support=support,
                one=_told(support.get(1, 0.0)) if support else UNKNOWN,
            )
        )  # fmt: skip
    changes = [str(c) for c in result.get("changes", ())]
    varied = tuple(
        Varied(name, False, (), tuple(c for c in changes if c.startswith(f"{name}: ")), f"with {_first(name, changes)}")
        for name in dict.fromkeys(str(w["factor"]) for w in result.get("ways", ()))
    )
    return (
        Cell("human", "start", tuple(started), why="" if started else str(result["stability"])),
        Cell("human", "dynamics", varied=varied, why="" if varied else str(result["structure"])),
    )


def _first(name: str, changes: list[str]) -> str:
    return next((c.removeprefix(f"{name}: ") for c in changes if c.startswith(f"{name}: ")), "")


def _told(value: Any) -> Estimate:
    return Estimate(_number(value))


def _estimate(left: Mapping[str, Any]) -> Estimate:
    """A ratio as it was journalled: what was infinite is None there, and an end that is not known as well."""
    value, low, high = (_number(left[name]) for name in ("value", "low", "high"))
    return Estimate(value, low, math.inf if math.isnan(high) and not math.isnan(low) else high)


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)
