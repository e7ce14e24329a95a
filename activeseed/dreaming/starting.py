"""Where climbs begin: at data, at random, and where the networks' own weights point."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from activeseed.dreaming.difference import Difference
from activeseed.errors import PlanError
from activeseed.plan import Floats

if TYPE_CHECKING:
    from activeseed.bounding.regions import Region

#: where a start comes from
DATA, RANDOM, SLOPE, UNIT = "data", "random", "slope", "unit"


def candidates(
    difference: Difference, region: Region, most: int, starts: Floats | None, dice: np.random.Generator
) -> tuple[Floats, list[str], int]:
    """Inputs that are looked at before any climb: data, where the networks' own weights point, random ones.

    A third each where there are as many.

    Returns:
        (n, d) inputs, not yet in the region; where each comes from; evaluations that finding them took.

    Raises PlanError for starts that are not finite rows of the region's dimension.
    """
    if difference.dimension != region.dimension:
        raise PlanError(
            f"The networks read {difference.dimension} numbers, and the region is one of {region.dimension}. Give a "
            "region of the networks' inputs."
        )
    found: list[tuple[Floats, str]] = []
    third = max(1, most // 3)
    data = np.zeros((0, region.dimension)) if starts is None else np.asarray(starts, np.float64)
    if data.ndim != 2 or data.shape[1] != region.dimension or not np.isfinite(data).all():
        raise PlanError(f"Starts have to be rows of {region.dimension} finite numbers each.")
    if len(data):
        found.append((data[dice.permutation(len(data))[:third]], DATA))
    base = data if len(data) else region.sample(8, dice)
    slopes, spent = _slopes(difference, base[:8])
    middle, reach = base.mean(0), float(np.linalg.norm(region.sample(16, dice) - base.mean(0), axis=1).max())
    along = [(slopes, SLOPE), (_units(difference), UNIT)]
    for lines, name in along:
        length = np.linalg.norm(lines, axis=1, keepdims=True)
        lines = (lines / np.maximum(length, 1e-300))[np.argsort(-length[:, 0], kind="stable")]
        both = np.stack([lines, -lines], 1).reshape(-1, region.dimension)
        found.append(((middle + reach * both)[: max(2, third // 2)], name))
    left = most - sum(len(points) for points, _ in found)
    found.append((region.sample(max(1, left), dice), RANDOM))
    return np.concatenate([p for p, _ in found]), [name for points, name in found for _ in points], spent


def _slopes(difference: Difference, base: Floats) -> tuple[Floats, int]:
    """Gradients of the difference at some points and their mean: what the best linear guess would climb."""
    import torch

    _, slopes = difference.rising(torch.as_tensor(base))
    found = slopes.numpy()
    return np.concatenate([found.mean(0)[None], found]), 2 * len(base)


def _units(difference: Difference) -> Floats:
    """(n, d) directions of the first layer's units in which the networks differ, the heaviest first.

    A unit's direction is weighted by what leaves it; of networks that were started alike, units are differences.
    """
    f, g = difference.first, difference.second
    leaving = [np.abs(n.weights[1]).sum(0) if len(n.weights) > 1 else np.ones(1) for n in (f, g)]
    parts = [f.weights[0] * leaving[0][:, None], g.weights[0] * leaving[1][:, None]]
    if parts[0].shape == parts[1].shape:
        parts.insert(0, parts[0] - parts[1])
    return np.concatenate(parts)
