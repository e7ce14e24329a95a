"""How far a human's word carries: what an answer moves at each level of the stack, early and late in a study."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from activeseed.plan import Floats, Ints
from activeseed.stack.human.apart import by_block
from activeseed.stack.human.found import Moved
from activeseed.stack.human.one import CameTo, across
from activeseed.stack.human.runs import Run

#: level -> what moves there
UNITS = {
    "trainer2": "items of the seed that changed",
    "trainer": "squared distance of the network's parameters, over their squared size",
    "model": "squared distance of outcomes",
    "world": "share of the decisions that flipped",
}


@dataclass(frozen=True)
class Steps:
    """What moved in one study, from look to look.

    Attributes:
        answers: (L − 1,) answers of each step.
        late: (L − 1,) whether the step ended in the second half of the study's answers.
        moved: level -> (L − 1,) how far it moved; NaN where that is not known.
    """

    answers: Ints
    late: Ints
    moved: dict[str, Floats]


def steps_of(found: CameTo) -> Steps:
    """The steps of a study: outcomes by products of different keys, so that noise moves nothing on average."""
    given = np.array(found.answers)
    looks = found.points
    away = [_known(b - a) for a, b in pairwise(looks)]
    return Steps(
        np.diff(given),
        (given[1:] > given[-1] / 2.0).astype(np.int64),
        {
            "trainer2": (found.variants[1:] != found.variants[:-1]).sum(1).astype(np.float64),
            "trainer": np.array(found.networks[1:], np.float64),
            "model": np.array([across(d, d) for d in away], np.float64),
            "world": np.array(found.flipped[1:], np.float64),
        },
    )


def _known(points: Floats) -> Floats:
    return points[np.isfinite(points).all(1)]


def moved(steps: Sequence[Steps | None], runs: Sequence[Run], unit: str, chosen: Sequence[bool]) -> tuple[Moved, ...]:
    """How far an answer moves each level, mean over the chosen studies; levels of which nothing is known are left out.

    Args:
        steps: of each study; None of one that failed.
        unit: of outcomes.
    """
    out = []
    for level, what in UNITS.items():
        each = np.array([_per_answer(s, level, None) for s in steps])
        blocks = by_block(each, runs, chosen)
        known = blocks[np.isfinite(blocks)]
        if not len(known):
            continue
        se = float(known.std(ddof=1) / math.sqrt(len(known))) if len(known) > 1 else math.nan
        early, late = (
            _mean(np.array([_per_answer(s, level, half) for s in steps])[np.asarray(chosen, bool)]) for half in (0, 1)
        )
        said = f"{what} ({unit})" if level == "model" else what
        out.append(Moved(level, said, float(known.mean()), se, early, late))
    return tuple(out)


def by_order(steps: Sequence[Steps | None], chosen: Sequence[bool]) -> tuple[tuple[float, float], ...]:
    """(place of an answer, how far it moved the outcome), mean over the chosen studies, a point a step."""
    mine = [s for s, take in zip(steps, chosen, strict=True) if take and s is not None]
    out = []
    for k in range(max((len(s.answers) for s in mine), default=0)):
        there = [s for s in mine if len(s.answers) > k and s.answers[k] > 0]
        if there:
            middle = _mean(np.array([s.answers[:k].sum() + (s.answers[k] + 1) / 2.0 for s in there]))
            out.append((middle, _mean(np.array([s.moved["model"][k] / s.answers[k] for s in there]))))
    return tuple(out)


def _per_answer(steps: Steps | None, level: str, late: int | None) -> float:
    if steps is None:
        return math.nan
    mine = np.ones(len(steps.answers), bool) if late is None else steps.late == late
    answers = int(steps.answers[mine].sum())
    return float(steps.moved[level][mine].sum()) / answers if answers else math.nan


def _mean(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else math.nan
