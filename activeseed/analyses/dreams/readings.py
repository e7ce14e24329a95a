"""Readings of a seed: trained networks, by the sides of a comparison or drawn from what is believed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from activeseed.analyses.sides import Side, drawn, furthest, rows_of
from activeseed.errors import PlanError, TrainingError
from activeseed.networks import Layout, Network
from activeseed.outcome import Outcomes
from activeseed.plan import Explicit, Floats
from activeseed.protocols import NETWORK, Problem, Request
from activeseed.seed import ABSENT

#: items that are named beside a draw
_NAMED = 3


@dataclass(frozen=True, eq=False)
class Reading:
    """One training: what it is called, what is otherwise in it, and the network that it came to."""

    name: str
    changes: dict[str, str]
    network: Network


def layout_of(problem: Problem) -> Layout:
    """The shape of the networks. Raises PlanError where outcomes are no known function of an input."""
    if problem.layout is None or problem.materials is None:
        raise PlanError(
            "This system hands out no network of its outcome, so nothing can be dreamed of it. A league whose outcome "
            "is the evaluator does, a linear reward model, and an estimator on embeddings that is linear or an MLP of "
            "scikit-learn. For any other system sort texts by how far its outcomes differ: make them probes, and "
            "compare two outcomes there."
        )
    return problem.layout


def wanted(problem: Problem, sides: Sequence[Side], draws: int) -> Request:
    """The networks to be trained: of these sides (one is held against the seed as it stands), else of draws.

    Raises PlanError for more than two sides, and where nothing is unclear of which a draw could be made.
    """
    layout_of(problem)
    if len(sides) > 2:
        raise PlanError(f"Two readings are compared at a time; {len(sides)} were named.")
    if sides:
        both = (Side(), *sides) if len(sides) == 1 else sides
        return Request(Explicit(rows_of(problem, both)), "networks of two readings", state=NETWORK)
    if not ((problem.law.probabilities > 0).sum(1) > 1).any():
        raise PlanError(
            "Nothing is left unclear, so all plausible seeds are one. Name two outcomes to hold against each other: "
            "activeseed dream latest without:ITEM"
        )
    return Request(drawn(problem, draws), "networks of plausible seeds", state=NETWORK)


def readings_of(problem: Problem, request: Request, found: Outcomes, sides: Sequence[Side]) -> list[Reading]:
    """What was trained. Raises TrainingError where a named side failed, PlanError where fewer than two came out."""
    layout = layout_of(problem)
    rows = request.design.block(0, request.design.size)
    names = [s.name for s in ((Side(), *sides) if len(sides) == 1 else sides)]
    out = []
    for r in range(len(found)):
        if not found.ok[r] or not np.isfinite(found.values[r]).all():
            if names:
                raise TrainingError(f"{names[r]} did not train: {found.failures.get(r, 'its network holds NaN')}.")
            continue
        changes = _changes(problem, rows.variants[r])
        network = Network.of(layout, np.asarray(found.values[r]).ravel())
        out.append(Reading(names[r] if names else f"draw {r + 1}{_words(changes)}", changes, network))
    if len(out) < 2:
        raise PlanError(f"Of {len(found)} trainings {len(out)} succeeded: two are needed to be compared.")
    return out


def extremes(problem: Problem, readings: Sequence[Reading], outcomes: Floats, pairs: int) -> list[tuple[int, int]]:
    """Pairs of readings that are furthest apart at the places, each reading in one pair at most.

    Args:
        outcomes: (N, P) of each reading at the places. Without places any two are as far apart as any others.

    Raises PlanError where all readings are alike there and everywhere.
    """
    # seeds that were drawn twice are one reading
    left = list({r.network.flat.tobytes(): n for n, r in reversed(list(enumerate(readings)))}.values())[::-1]
    out: list[tuple[int, int]] = []
    while len(left) > 1 and len(out) < pairs:
        these = Outcomes(outcomes[left].astype(np.float32), np.ones(len(left), bool))
        a, b = (left[k] for k in furthest(these, problem.geometry))
        out.append((a, b))
        left = [k for k in left if k not in (a, b)]
    if not out:
        raise PlanError("All plausible seeds that were drawn came to one and the same network. Draw more of them.")
    return out


def _changes(problem: Problem, variants: Sequence[int]) -> dict[str, str]:
    return {
        item.id: item.variants[int(v)].id
        for item, v, base in zip(problem.seed.items, variants, problem.base, strict=False)
        if int(v) != base
    }


def _words(changes: dict[str, str]) -> str:
    """What is otherwise in a draw, in a few words."""
    if not changes:
        return ": the seed as it stands"
    gone = [i for i, v in changes.items() if v == ABSENT]
    other = [f"{i} as {v}" for i, v in changes.items() if v != ABSENT]
    parts = []
    if gone:
        parts.append(f"without {', '.join(gone[:_NAMED])}{f' and {len(gone) - _NAMED} more' * (len(gone) > _NAMED)}")
    if other:
        parts.append(f"{', '.join(other[:_NAMED])}{f' and {len(other) - _NAMED} more' * (len(other) > _NAMED)}")
    return f": {'; '.join(parts)}"
