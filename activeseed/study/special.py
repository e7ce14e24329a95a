"""Questions that are not about one item's wording: write more of a kind, merge look-alikes, prefer an outcome.

They are asked when somebody asks for them (or, for *write more*, when an exchange rate puts sampling spread and risk
on one scale): what they are worth is shown beside the other questions, in columns of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from activeseed.belief.preference import outcome_values
from activeseed.errors import PlanError, nearest
from activeseed.plan import Floats, stream_key
from activeseed.question import Question
from activeseed.seed import Probe, Seed
from activeseed.study.assess import PREFERENCE_DRAWS, Assessment, foreseeable, surrogate_outcomes

#: examples asked for by *write more*
EXAMPLES = 3


def writing_table(group_spread: dict[str, float] | None, seed: Seed, minutes: float) -> list[dict[str, Any]]:
    """What writing more of each kind is predicted to settle of its sampling spread, best per minute first."""
    members = {g: sum(i.group == g and v != 1 for i, v in zip(seed.items, seed.base, strict=True)) for g in seed.groups}
    table = [
        {
            "group": group, "members": members[group], "spread": spread, "examples": EXAMPLES,
            "predicted_drop": spread * EXAMPLES / (members[group] + EXAMPLES),
            "per_minute": spread * EXAMPLES / (members[group] + EXAMPLES) / (minutes * EXAMPLES),
        }
        for group, spread in (group_spread or {}).items()
        if members.get(group)
    ]  # fmt: skip
    return sorted(table, key=lambda row: -row["per_minute"])


def write_more(seed: Seed, group: str, id_: str, round_: int, minutes: float, value: float = 0.0) -> Question:
    """One question for more examples of a kind. Raises PlanError for an unknown group."""
    if group not in seed.groups:
        raise PlanError(f"The seed has no group {group!r}.{nearest(group, seed.groups)}")
    shown = [i.display for i in seed.items if i.group == group][:3]
    return Question(
        id=id_,
        kind="write_more",
        items=(),
        group=group,
        text=f"Write up to five more examples of the kind {group!r}, such as:\n" + "\n".join(f"– {t}" for t in shown),
        value=value,
        minutes=minutes * EXAMPLES,
        reason=f"Which examples of {group!r} happen to be in the seed moves the outcome; more of them steady it.",
        round=round_,
        seed_version=seed.version,
    )


def merge(seed: Seed, items: Sequence[str], id_: str, round_: int, minutes: float) -> Question:
    """Whether these items say the same. Raises PlanError for fewer than two, SeedError for an unknown one."""
    if len(set(items)) < 2:
        raise PlanError("A merge is about two items or more. Name them with --item.")
    texts = {name: seed[name].display for name in items}
    return Question(
        id=id_,
        kind="merge",
        items=tuple(items),
        text="\n".join(f"{name}: {text}" for name, text in texts.items()),
        options=texts,
        minutes=minutes,
        reason="If these say the same, one of them is enough, at the weight of all.",
        round=round_,
        seed_version=seed.version,
    )


def prefer_outcomes(
    assessment: Assessment, places: Sequence[Probe], n: int, key: int, error: float, minutes: float, round_: int,
    asked: set[str], show_belief: bool = False,
) -> list[Question]:  # fmt: skip
    """The probes about which the ensemble disagrees to most effect, as questions about the outcome itself.

    Args:
        asked: ids of probes that were asked about before.
        show_belief: whether annotators are told how the readings judge.
    """
    weights = foreseeable(assessment)
    if weights is None:
        raise PlanError(
            "Outcomes can be preferred only where each place is approved or not; this study ranks "
            f"{assessment.problem.geometry.over}."
        )
    draws = assessment.belief.draw(PREFERENCE_DRAWS, stream_key(key, "outcomes", round_))
    points, outcomes = surrogate_outcomes(assessment, draws)
    decided = np.flatnonzero(weights > 0)
    values = np.zeros(len(places))
    values[decided] = outcome_values(points, outcomes[:, decided], error)
    ranked = decided[np.argsort(-values[decided], kind="stable")]
    order = [int(p) for p in ranked if places[p].id not in asked][:n]
    return [
        Question(
            id=f"r{round_:03d}-{k:02d}",
            kind="prefer_outcome",
            items=(),
            group=places[p].id,
            text=places[p].payload.display,
            options={"approve": "this should be approved", "reject": "this should not be approved"},
            value=float(values[p]),
            minutes=minutes,
            reason="Plausible readings of the seed judge this differently"
            + (_readings(outcomes[:, p]) if show_belief else "."),
            believed=float(outcomes[:, p].mean()) if show_belief else None,
            round=round_,
            seed_version=assessment.seed.version,
        )
        for k, p in enumerate(order, start=1)
    ]


def _readings(outcomes: Floats) -> str:
    low, high = np.quantile(outcomes, (0.1, 0.9))
    return f": approved with probability {outcomes.mean():.0%} on average, between {low:.0%} and {high:.0%}."
