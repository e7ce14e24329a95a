"""The sides of a comparison: seeds that differ in something, each trained under a key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from pydantic import Field

from activeseed.checked import SettingsRecord
from activeseed.errors import PlanError, TrainingError, nearest
from activeseed.outcome import Outcomes
from activeseed.plan import Explicit, Floats, Rows, generator
from activeseed.protocols import Geometry, Problem


class Side(SettingsRecord):
    """One training: the seed as it stands, with some of its items otherwise.

    Attributes:
        name: what it is called where it is shown.
        changes: id of an item -> id of the variant that it takes; the others stand as they do.
        weights: id of an item -> what it weighs, relative to what it weighs now; one where nothing is said.
        key: replicate number, counted from the problem's first.
    """

    name: str = "the seed as it stands"
    changes: Mapping[str, str] = Field(default_factory=dict)
    weights: Mapping[str, float] = Field(default_factory=dict)
    key: int = Field(default=0, ge=0)


def without(items: Sequence[str], key: int = 0) -> Side:
    """The seed as it stands without these items."""
    return Side(name=f"without {', '.join(items)}", changes=dict.fromkeys(items, "absent"), key=key)


def rows_of(problem: Problem, sides: Sequence[Side]) -> Rows:
    """A row a side. Raises PlanError for an unknown item or variant, naming the nearest known one.

    And where items are to weigh otherwise, for a trainer that knows no weights.
    """
    ids = {name: f for f, name in enumerate(problem.ids)}
    variants = np.tile(np.array(problem.base, np.int16), (len(sides), 1))
    times = np.ones(variants.shape, np.float32)
    for r, side in enumerate(sides):
        for name in (*side.changes, *side.weights):
            if name not in ids:
                raise PlanError(f"There is no item {name!r}.{nearest(name, ids)}")
        for name, variant in side.changes.items():
            variants[r, ids[name]] = problem.seed.items[ids[name]].index_of(variant)
        for name, weight in side.weights.items():
            times[r, ids[name]] = weight
    weighing = bool((times != 1.0).any())
    if weighing and not problem.weighted:
        raise PlanError(
            f"{next(s.name for s in sides if s.weights)}: items that were merged weigh otherwise there, and this "
            "trainer knows no weights. Compare versions between which nothing was merged."
        )
    keys = np.array([problem.key + (0 if problem.deterministic else side.key) for side in sides], np.int64)
    return Rows(variants, keys, times if weighing else None)


def drawn(problem: Problem, n: int, keys: int = 1) -> Explicit:
    """N plausible seeds, drawn from what is believed, trained under as many keys in turn: an ensemble."""
    dice = generator(problem.stream, "ensemble")
    p = problem.law.probabilities
    u = dice.random((n, len(p)))
    variants = (u[:, :, None] > np.cumsum(p, 1)[None, :, :-1]).sum(2).astype(np.int16)
    which = np.arange(n) % keys if not problem.deterministic else np.zeros(n, np.int64)
    return Explicit(Rows(variants, problem.key + which.astype(np.int64)))


def furthest(outcomes: Outcomes, geometry: Geometry) -> tuple[int, int]:
    """The two of an ensemble that are furthest apart at the probes. Raises TrainingError where fewer did."""
    ok = np.flatnonzero(outcomes.ok)
    if len(ok) < 2:
        raise TrainingError(f"Of {len(outcomes)} trainings {len(ok)} succeeded: two are needed to be compared.")
    points: Floats = geometry.embed(outcomes.values[ok])
    square = (points**2).sum(1)
    apart = square[:, None] + square[None, :] - 2.0 * points @ points.T
    a, b = np.unravel_index(int(np.argmax(apart)), apart.shape)
    return int(ok[a]), int(ok[b])
