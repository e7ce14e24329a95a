"""Crews and methods told apart: what each leaves of the error, and whether it ends otherwise than the first of them.

In a block every study of one draw of a factor has its like with the other draw: the same draft, the same design, the
same of all else. So crews, and methods, are compared within blocks, and what blocks differ in is no error of that.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from activeseed.analyses.budget.intervals import holm
from activeseed.outcome import Bools
from activeseed.plan import Floats, Ints
from activeseed.stack.human.apart import left_of
from activeseed.stack.human.found import Left, Way
from activeseed.stack.human.moving import Steps, by_order, moved
from activeseed.stack.human.planned import Plan
from activeseed.stack.human.ways import Crew, Method

#: family-wise error of saying that a crew or a method ends otherwise
ALPHA = 0.05


def ways_of(
    plan: Plan, steps: Sequence[Steps | None], errors: Mapping[str, tuple[Floats, Floats]], unit: str
) -> tuple[Way, ...]:
    """Each crew and method; none of a factor that has one alone.

    Args:
        steps: of each study; None of one that failed.
        errors: distance from what is meant, then items that are wrong: (R,) at the first draft, (R,) at the end.
        unit: of outcomes.
    """
    runs, blocks = [m.run for m in plan.made], np.array([m.run.block for m in plan.made])
    distance, wrong = errors.values()
    out: list[Way] = []
    p: list[tuple[float, float]] = []
    for factor in ("annotators", "method"):
        if factor not in plan.factors:
            continue
        ways: tuple[Crew | Method, ...] = plan.asked.annotators if factor == "annotators" else plan.asked.methods
        names = [w.name for w in ways]
        level = np.array([names.index((m.crew if factor == "annotators" else m.method).name) for m in plan.made])
        found = [compared(ends, blocks, level, len(ways)) for ends in (left_in_block(distance, blocks), wrong[1])]
        for k, way in enumerate(ways):
            chosen = (level == k).tolist()
            mine = wrong[1][level == k]
            out.append(
                Way(
                    factor, way.name, way.words, sum(chosen),
                    float(np.nanmean(mine)) if np.isfinite(mine).any() else math.nan,
                    _left(distance, blocks, level == k), moved(steps, runs, unit, chosen), by_order(steps, chosen),
                )
            )  # fmt: skip
            p.append((float(found[0][k]), float(found[1][k])))
    if not out:
        return ()
    adjusted = holm(np.array(p).reshape(-1)).reshape(-1, 2)
    words = ("outcome", "seed")
    return tuple(
        replace(w, differs=tuple(said for said, q in zip(words, adjusted[k], strict=True) if q < ALPHA))
        for k, w in enumerate(out)
    )


def left_in_block(distance: tuple[Floats, Floats], blocks: Ints) -> Floats:
    """(R,) each study's distance at the end over the mean distance of first drafts in its block."""
    ok = np.isfinite(distance[0])
    total = np.bincount(blocks[ok], weights=distance[0][ok], minlength=int(blocks.max()) + 1)
    count = np.bincount(blocks[ok], minlength=int(blocks.max()) + 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        first = np.where(total > 0, total / count, np.nan)
    return np.asarray(distance[1] / first[blocks], np.float64)


def compared(values: Floats, blocks: Ints, level: Ints, levels: int) -> Floats:
    """(levels,) p-values of a level having the mean of level 0, by least squares on differences within blocks.

    A block with two levels says one difference, of the means of its studies; their errors are taken to be alike. NaN
    for level 0, for one that no chain of blocks joins to it, and where no degree of freedom is left.

    Args:
        values: (R,); NaN where a study failed.
        blocks, level: (R,) of each study.
    """
    from scipy.special import stdtr

    rows, said = [], []
    for b in np.unique(blocks):
        there = np.unique(level[blocks == b]).tolist()
        means = [values[(blocks == b) & (level == k)] for k in there]
        if len(there) != 2 or not all(np.isfinite(m).any() for m in means):
            continue
        row = np.zeros(levels)
        row[there[0]], row[there[1]] = -1.0, 1.0
        rows.append(row)
        said.append(float(np.nanmean(means[1]) - np.nanmean(means[0])))
    out = np.full(levels, np.nan)
    if not rows:
        return out
    design, y = np.array(rows), np.array(said)
    # a level's effect can be told where the difference from level 0 lies in what the rows span
    pseudo = np.linalg.pinv(design)
    rank = int(np.linalg.matrix_rank(design))
    degrees = len(y) - rank
    if degrees < 1:
        return out
    residual = y - design @ (pseudo @ y)
    scale = float(residual @ residual) / degrees
    for k in range(1, levels):
        contrast = np.zeros(levels)
        contrast[0], contrast[k] = -1.0, 1.0
        if not np.allclose(contrast @ pseudo @ design, contrast):
            continue
        along = contrast @ pseudo
        se, value = math.sqrt(scale * float(along @ along)), float(along @ y)
        if se > 0:
            out[k] = 2.0 * float(stdtr(degrees, -abs(value) / se))
        elif value != 0:
            out[k] = 0.0
    return out


def _left(distance: tuple[Floats, Floats], blocks: Ints, chosen: Bools) -> Left:
    """What some studies leave of the distance: ratio of sums over blocks; blocks in which there are none left out."""
    ok = chosen & np.isfinite(distance[0]) & np.isfinite(distance[1])
    size = int(blocks.max()) + 1
    there = np.bincount(blocks[ok], minlength=size) > 0
    each = float(ok.sum()) / max(1, int(there.sum()))
    first, last = (np.bincount(blocks[ok], weights=d[ok], minlength=size)[there] / max(each, 1.0) for d in distance)
    return left_of("distance from what is meant", first, last)
