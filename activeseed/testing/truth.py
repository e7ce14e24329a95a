"""Exact indices of toys, by summing over all assignments."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from activeseed.plan import Floats
from activeseed.testing.toy import SCALE, Toy


@dataclass(frozen=True)
class Truth:
    """Exact indices of a toy, by summing over all assignments; arrays (F,), squared distance averaged over probes.

    ``instability`` is that of the drop effect, ``noise_floor`` E_a Var_k under the law.
    """

    effect: Floats
    instability: Floats
    first_order: Floats
    presence: Floats
    wording: Floats
    total: Floats
    spread: float
    bootstrap_spread: float
    noise_floor: float


def truth_in_rows(toy: Toy, rows: Floats) -> tuple[Floats, Floats]:
    """First-order and total indices (F,) by the toy's law for the item itself, the others by another, (F, V)."""
    first, total = np.zeros(len(rows)), np.zeros(len(rows))
    for i in range(len(rows)):
        mixed = rows.copy()
        mixed[i] = toy.beliefs[i]
        exact = truth(replace(toy, beliefs=mixed))
        first[i], total[i] = exact.first_order[i], exact.total[i]
    return first, total


def truth(toy: Toy) -> Truth:
    """Indices of a toy. Cost: all assignments of all items, so keep toys small."""
    f, v = toy.scores.shape
    base = np.asarray(toy.seed.base)
    written, dropped = np.tile(base, (f, 1)), np.tile(base, (f, 1))
    written[np.arange(f), np.arange(f)], dropped[np.arange(f), np.arange(f)] = 0, 1
    effect = ((toy.mean(written) - toy.mean(dropped)) ** 2).mean(-1)
    grid = np.array(list(itertools.product(range(v), repeat=f)))
    b = toy.beliefs
    weight = b[np.arange(f), grid].prod(1)
    grid, weight = grid[weight > 0], weight[weight > 0]
    m = toy.mean(grid)
    centre = weight @ m
    spread = float(weight @ ((m - centre) ** 2).mean(1))
    first, presence, total = np.zeros(f), np.zeros(f), np.zeros(f)
    for i in range(f):
        given = np.stack([_given(m, weight, grid[:, i] == u) for u in range(v)])
        first[i] = (b[i] * ((given - centre) ** 2).mean(1)).sum()
        if 0.0 < b[i, 1] < 1.0:
            present = _given(m, weight, grid[:, i] != 1)
            presence[i] = b[i, 1] * (1.0 - b[i, 1]) * ((present - given[1]) ** 2).mean()
        # T is what is left when everything else is known: E Var(m | the rest).
        rest = np.delete(grid, i, axis=1)
        _, where = np.unique(rest, axis=0, return_inverse=True)
        mass = np.bincount(where.ravel(), weight)
        inner = np.stack([np.bincount(where.ravel(), weight * m[:, p]) / mass for p in range(m.shape[1])], 1)
        total[i] = float(weight @ ((m - inner[where.ravel()]) ** 2).mean(1))
    # Sums over assignments leave rounding where an index is zero.
    for index in (first, presence, total):
        index[index < 1e-14 * spread] = 0.0
    return Truth(
        effect,
        _instability(toy),
        first,
        presence,
        first - presence,
        total,
        spread,
        _bootstrap(toy),
        _floor(toy, grid, weight),
    )


def _given(m: Floats, weight: Floats, where: NDArray[np.bool_]) -> Floats:
    mass = weight[where].sum()
    return weight[where] @ m[where] / mass if mass > 0 else np.zeros(m.shape[1])


def _instability(toy: Toy) -> Floats:
    scale = SCALE[toy.noise]
    f = len(toy.scores)
    if toy.noise == "chaotic":
        return np.full(f, 2.0 * scale**2)
    # As written has presence 1 and absent 0, so a drop takes away one slope.
    return np.full(f, scale**2)


def _floor(toy: Toy, grid: NDArray[np.int64], weight: Floats) -> float:
    scale = SCALE[toy.noise]
    if toy.noise == "chaotic":
        return scale**2
    return float(scale**2 * (1.0 + weight @ (toy.presence(grid) ** 2).sum(1)))


def _bootstrap(toy: Toy) -> float:
    """Variance of the mean response under Poisson(1) copies of every item that stands.

    Multilinear responses have degree two in each copy number once squared, for which two-point Gauss quadrature of the
    Poisson law is exact: nodes are the roots of Charlier's C₂, x² − 3x + 1. Others are summed over 0 to 12 copies.
    """
    base = np.asarray(toy.seed.base)
    moves = np.flatnonzero(toy.scores[np.arange(len(base)), base] != 0)
    if toy.multilinear:
        nodes = np.array([(3.0 - np.sqrt(5.0)) / 2.0, (3.0 + np.sqrt(5.0)) / 2.0])
        heavy = (1.0 - nodes[0]) / (nodes[1] - nodes[0])
        mass = np.array([1.0 - heavy, heavy])
    else:
        nodes = np.arange(13.0)
        mass = np.exp(-1.0) / np.cumprod(np.concatenate([[1.0], nodes[1:]]))
        mass /= mass.sum()
    index = np.array(list(itertools.product(range(len(nodes)), repeat=len(moves))))
    copies = np.ones((len(index), len(base)))
    copies[:, moves] = nodes[index]
    weight = mass[index].prod(1)
    m = toy.mean(np.tile(base, (len(index), 1)), copies)
    return float(weight @ ((m - weight @ m) ** 2).mean(1))
