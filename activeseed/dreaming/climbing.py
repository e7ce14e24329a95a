"""Climbing the difference of two networks within a region, from many starts at once.

Each start steps along its gradient, by a length that grows while it helps and halves where it does not, and what leaves
the region is projected back: values never fall. Evaluations are counted as forward passes of the pair at one input; a
gradient, which comes with the value there, counts as two.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from activeseed.dreaming.difference import Along, Difference
from activeseed.dreaming.starting import candidates
from activeseed.errors import PlanError
from activeseed.networks import Network
from activeseed.plan import Floats, Ints, generator

if TYPE_CHECKING:
    from torch import Tensor

    from activeseed.bounding.regions import Region
    from activeseed.outcome import Bools

#: which side is to be the larger one
Sign = Literal["both", "first", "second"]
#: candidates that are looked at for each start that is climbed from
LOOKED = 4
#: a step's length is multiplied by the one where it helped, by the other where it did not
_LONGER, _SHORTER = 1.6, 0.4
#: a climb ends once its steps are so short, as a share of the first
_SHORTEST = 1e-6
#: how far, in the region's own units, the projection of a projected point may lie outside
_SLACK = 1e-6


@dataclass(frozen=True, eq=False)
class Dream:
    """An input on which two networks differ much: a lower bound of the most that they differ by.

    Attributes:
        point: (d,) the input, in the region.
        value: |f − g| there, as the two networks say it.
        signed: f − g there.
        evaluations: forward passes of the pair at one input that the whole search took; a gradient counts as two.
        begun: where the climb began: ``data``, ``random``, ``slope`` (along a gradient of the difference), ``unit``
            (along the weights of a unit).
    """

    point: Floats
    value: float
    signed: float
    evaluations: int
    begun: str


def dream(
    f: Network, g: Network, region: Region, *, key: int, restarts: int = 32, steps: int = 60,
    starts: Floats | None = None, sign: Sign = "both", along: Along = "scores",
) -> Dream:  # fmt: skip
    """The input of the region on which the two differ the most, as far as it was found.

    Args:
        key: of what is drawn at random.
        restarts: climbs, made at once; four times as many candidates are looked at for them.
        steps: of each climb at most.
        starts: (n, d) data to begin at, beside random inputs and where the networks' own weights point.
        sign: ``first`` looks for f above g only, ``second`` for g above f.
        along: climbs ``scores``, or the ``outcomes`` that the link makes of them.

    Raises PlanError for networks or starts of other dimensions than the region, and where the networks say NaN.

    Cost: 4 · restarts + 2 · restarts · (steps + 1) evaluations and a few more, at most.
    """
    return dreams(
        f, g, region, key=key, n=1, restarts=restarts, steps=steps, starts=starts, sign=sign, along=along
    )[0]  # fmt: skip


def dreams(
    f: Network, g: Network, region: Region, *, key: int, n: int = 4, apart: float = 0.0, restarts: int = 32,
    steps: int = 60, starts: Floats | None = None, sign: Sign = "both", along: Along = "scores",
) -> list[Dream]:  # fmt: skip
    """Up to ``n`` places where climbs ended, largest difference first, each at least ``apart`` from those before it.

    See `dream`, which returns the first.
    """
    import torch

    if restarts < 1 or steps < 0 or n < 1:
        raise PlanError("A dream needs one start or more, and no fewer than 0 steps.")
    difference = Difference(f, g, along)
    dice = generator(key, "dream")
    points, names, spent = candidates(difference, region, LOOKED * restarts, starts, dice)
    there = region.project(torch.as_tensor(points))
    values = difference.at(there).detach()
    spent += len(there)
    if not torch.isfinite(values).all():
        raise PlanError("A network says NaN or infinity within the region: nothing can be dreamed of it.")
    chosen, signs = _chosen(values.numpy(), restarts, sign, dice)
    climb = _climb(difference, region, there[chosen], torch.as_tensor(signs), steps)
    ends, spent = climb.ends, spent + climb.evaluations
    said = difference.values(ends)
    wanted = np.isfinite(said) & region.holds(ends, _SLACK) & _of_sign(said, sign)
    order = [int(e) for e in np.argsort(-np.abs(said), kind="stable") if wanted[e]]
    kept: list[int] = []
    for e in order:
        if len(kept) < n and all(np.linalg.norm(ends[e] - ends[k]) > apart or apart <= 0 for k in kept):
            kept.append(e)
    if not kept:
        side = {
            "both": "a difference", "first": "the first above the second", "second": "the second above the first",
        }[sign]  # fmt: skip
        raise PlanError(f"No climb ended within {region.words} with {side}. Widen the region, or climb both ways.")
    return [
        Dream(ends[e].copy(), float(abs(said[e])), float(said[e]), spent, names[int(chosen[e])]) for e in kept
    ]  # fmt: skip


def _of_sign(said: Floats, sign: Sign) -> Bools:
    return np.asarray(said >= 0 if sign == "first" else said <= 0 if sign == "second" else np.ones(len(said), bool))


def _chosen(values: Floats, restarts: int, sign: Sign, dice: np.random.Generator) -> tuple[Ints, Floats]:
    """(restarts,) numbers of candidates and which way each climbs: three in four the best so far, the rest any."""
    ways = [1.0] if sign == "first" else [-1.0] if sign == "second" else [1.0, -1.0]
    best = [list(np.argsort(-way * values, kind="stable")) for way in ways]
    any_ = dice.permutation(len(values))
    chosen, signs = [], []
    for r in range(restarts):
        w = r % len(ways)
        k = r // len(ways)
        chosen.append(int(any_[r % len(any_)]) if k % 4 == 3 else int(best[w][(k - k // 4) % len(values)]))
        signs.append(ways[w])
    return np.array(chosen), np.array(signs)


@dataclass(frozen=True, eq=False)
class _Climb:
    ends: Floats
    evaluations: int


def _climb(difference: Difference, region: Region, points: Tensor, signs: Tensor, steps: int) -> _Climb:
    """Projected ascent of sign · (f − g) from (n, d) points of the region, all at once."""
    import torch

    best = points.clone()
    values, slopes = difference.rising(best)
    values, slopes = values * signs, slopes * signs[:, None]
    spent = 2 * len(best)
    scale = torch.linalg.vector_norm(best - best.mean(0), dim=1).median() if len(best) > 1 else torch.tensor(0.0)
    first = float(scale) or 1.0
    length = torch.full((len(best),), first, dtype=best.dtype)
    going = torch.linalg.vector_norm(slopes, dim=1) > 0
    for _ in range(steps):
        at = torch.nonzero(going)[:, 0]
        if not len(at):
            break
        ahead = slopes[at] / torch.linalg.vector_norm(slopes[at], dim=1, keepdim=True)
        next_ = region.project(best[at] + length[at, None] * ahead)
        reached, steep = difference.rising(next_)
        reached, steep = reached * signs[at], steep * signs[at][:, None]
        spent += 2 * len(at)
        better = reached > values[at]  # NaN is not
        length[at] *= torch.where(better, _LONGER, _SHORTER)
        won = at[better]
        best[won], values[won], slopes[won] = next_[better], reached[better], steep[better]
        going = (length > _SHORTEST * first) & (torch.linalg.vector_norm(slopes, dim=1) > 0)
    return _Climb(best.numpy(), spent)
