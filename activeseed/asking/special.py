"""What questions that are not about one item's wording are worth: examples of a kind, places that seeds disagree about.

They are asked when somebody asks for them (or, for examples, when an exchange rate puts sampling spread and risk on one
scale): what they are worth is shown beside the other questions, in columns of their own.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from activeseed.belief.preference import outcome_values
from activeseed.errors import PlanError
from activeseed.looking.assessment import Assessment
from activeseed.looking.surrogate import PREFERENCE_DRAWS, foreseeable, surrogate_outcomes
from activeseed.protocols import Dispute
from activeseed.questions import WRITING
from activeseed.seed import Seed


def writing_table(group_spread: dict[str, float] | None, seed: Seed, minutes: float) -> list[dict[str, Any]]:
    """What writing more of each kind is predicted to settle of its sampling spread, best per minute first."""
    members = {g: sum(i.group == g and v != 1 for i, v in zip(seed.items, seed.base, strict=True)) for g in seed.groups}
    examples = WRITING.examples
    table = [
        {
            "group": group, "members": members[group], "spread": spread, "examples": examples,
            "predicted_drop": spread * examples / (members[group] + examples),
            "per_minute": spread * examples / (members[group] + examples) / (minutes * examples),
        }
        for group, spread in (group_spread or {}).items()
        if members.get(group)
    ]  # fmt: skip
    return sorted(table, key=lambda row: -row["per_minute"])


def disputes(assessment: Assessment, key: int, error: float) -> list[Dispute]:
    """Places about which the ensemble disagrees, the one to most effect first.

    Args:
        key: of the draws of the belief.
        error: how often an answer is wrong, in [0, 0.5).
    """
    weights = foreseeable(assessment)
    if weights is None:
        raise PlanError(
            "Outcomes can be preferred only where each place is approved or not; this study ranks "
            f"{assessment.problem.geometry.over}."
        )
    draws = assessment.belief.draw(PREFERENCE_DRAWS, key)
    points, outcomes = surrogate_outcomes(assessment, draws)
    decided = np.flatnonzero(weights > 0)
    values = outcome_values(points, outcomes[:, decided], error)
    order = np.argsort(-values, kind="stable")
    places = assessment.problem.places
    return [Dispute(places[p], float(v), outcomes[:, p]) for p, v in zip(decided[order], values[order], strict=True)]
