"""What estimators need of a distance: products of differences, and points whose squared distances are given."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from activeseed.contrast import Comparison
from activeseed.distances import matrix, of_means, products
from activeseed.estimators.statistics import DRAWS
from activeseed.outcome import Bools
from activeseed.plan import Floats, OneAtATime, generator

if TYPE_CHECKING:
    from activeseed.protocols import Distance

#: keys up to which every pattern of signs is tried
ALL_SIGNS = 12
#: how far an entry is off by the precision that outcomes have, relative (differences up to 2.4e-7 were measured)
PRECISION = 2.4e-7


@dataclass(frozen=True)
class Apart:
    """How far the U units' changes move the outcome under a distance.

    Attributes:
        grams: (U, K, K) products of differences, as the distance has it; 0 where a key failed.
        both: the same of the distance in both directions, for tests; the very same where it is symmetric.
        ok: (U, K) keys that succeeded, and whose distances are finite.
        infinite: (U,) whether the effect is infinite.
        beyond: (U,) whether a distance that it takes is infinite: then it is infinite, or ∞ − ∞ and unknown.
        of_means: (U,) distance between the mean outcomes, less what noise adds; NaN where there is none.
    """

    grams: Floats
    both: Floats
    ok: Bools
    infinite: Bools
    beyond: Bools
    of_means: Floats


def measured(
    distance: Distance, weights: Floats, compared: Comparison, design: OneAtATime, values: Floats, fine: Bools
) -> Apart:
    """Products of every unit's differences under a distance, its contrasts weighted and summed.

    Args:
        values: (R, …) what the distance reads of the design's rows; ``fine`` (R,) those that are known.

    Cost: 3 K² distances a contrast.
    """
    units, k = len(compared.members), len(design.keys)
    place = np.array([[design.place(n, c) for n in range(k)] for c in range(len(compared.changes))])
    grams, both = np.zeros((2, units, k, k))
    ok, touched = np.ones((units, k), bool), np.zeros(units, bool)
    undefined, beyond = np.zeros((2, units), bool)
    means = np.zeros(units)
    plain = not distance.embeds and distance.reads != "representations"
    for c in compared.contrasts:
        here = place[c.plus, :, 1]
        there = place[c.plus, :, 0] if c.minus is None else place[c.minus, :, 1]
        good = np.flatnonzero(fine[here] & fine[there])
        touched[c.unit] = True
        ok[c.unit] &= fine[here] & fine[there]
        if not len(good):
            continue
        x, y = values[here[good]], values[there[good]]
        found = products(distance, x, y, weights)
        if not np.isfinite(found).all():
            undefined[c.unit] |= (np.isnan(found) | np.isneginf(found)).any()
            beyond[c.unit] = True
            ok[c.unit] = False
            continue
        at = np.ix_(good, good)
        grams[c.unit][at] += c.weight * found
        other = found if distance.symmetric else (found + products(distance, y, x, weights)) / 2.0
        both[c.unit][at] += c.weight * other
        if plain:
            means[c.unit] += c.weight * of_means(distance, x, y, weights).value
    ok &= touched[:, None]
    infinite = beyond & ~undefined
    known = ok[:, :, None] & ok[:, None, :]
    unknown = ~ok.any(1) | (not plain)
    return Apart(
        np.where(known, grams, 0.0), np.where(known, both, 0.0), ok, infinite, beyond,
        np.where(infinite, np.inf, np.where(unknown, np.nan, means)) if plain else np.full(units, np.nan),
    )  # fmt: skip


def least_of(distance: Distance, weights: Floats, every: Floats, fine: Bools) -> float:
    """How far single precision alone may move the first of the outcomes (R, …) that are known under a distance."""
    if not fine.any():
        return 0.0
    values = every[int(np.flatnonzero(fine)[0])]
    sign = np.where(np.arange(values.size) % 2 == 0, 1.0, -1.0).reshape(values.shape)
    off = values * (1.0 + PRECISION * sign)
    if distance.reads in ("probabilities", "distribution"):
        off = np.where(values > 0.5, 1.0 - (1.0 - values) * (1.0 + PRECISION * sign), off).clip(0.0, 1.0)
    found = float(distance.between(values, off, weights))
    return max(1e-12, 4.0 * found) if np.isfinite(found) else 1e-12


def flipped_p(grams: Floats, stream: int, ok: Bools) -> Floats:
    """Family-wise p-values of *the change does nothing*, by exchanging the two sides under each key: (U,).

    If a change did nothing, the outcomes with and without it were exchangeable under every key, and exchanging them
    turns the sign of Δ(k). The statistic is Σ_{k≠l} ⟨Δ(k), Δ(l)⟩ over the root of Σ_{k≠l} ⟨Δ(k), Δ(l)⟩², which no sign
    changes; its distribution is that of the largest of all units under the same signs (Westfall & Young 1993, single
    step), exact whatever the distance, which need not embed. K keys can't give less than 2^(1−K).

    Returns:
        NaN for fewer than three keys, 1 where all differences are zero.
    """
    keys = grams.shape[-1]
    both = ok[:, :, None] & ok[:, None, :] & ~np.eye(keys, dtype=bool)
    g = np.where(both, grams, 0.0)
    size = np.sqrt((g**2).sum((1, 2)))
    g = np.divide(g, size[:, None, None], out=np.zeros_like(g), where=size[:, None, None] > 0)
    if keys <= ALL_SIGNS:
        signs = np.array([(1, *s) for s in product((1, -1), repeat=keys - 1)], np.float64)
        drawn = signs[1:]
    else:
        drawn = generator(stream, "signs").choice([-1.0, 1.0], (DRAWS, keys))
    seen = g.sum((1, 2))
    largest = np.einsum("dk,ukl,dl->du", drawn, g, drawn, optimize=True).max(1, initial=-np.inf)
    reached = largest[None, :] >= seen[:, None] - 1e-12
    p = (1 + reached.sum(1)) / (len(drawn) + 1)
    return np.where(ok.sum(1) > 2, np.where(size > 0, p, 1.0), np.nan)


def points_of(distance: Distance, values: Floats, weights: Floats) -> Floats:
    """(N, …) outcomes -> (N, N) points whose squared distances are those of a distance that embeds.

    Classical scaling (Torgerson 1952): the roots of −½ of the centred D. Exact up to rounding, whose eigenvalues below
    zero are dropped. Everything that is said of embedded outcomes then holds of these. Cost: N² distances and O(N³).
    """
    d = matrix(distance, values, values, weights)
    d = (d + d.T) / 2.0
    row = d.mean(1)
    roots, vectors = np.linalg.eigh(-(d - row[:, None] - row[None, :] + row.mean()) / 2.0)
    return np.asarray(vectors * np.sqrt(np.maximum(roots, 0.0)), np.float64)


def energy_spread(distance: Distance, first: Floats, second: Floats, weights: Floats) -> tuple[float, float, float]:
    """Spread between assignments with the noise of keys removed, its standard error, and the noise floor.

    ½ E d(Y, Y′) of different assignments under different keys, less the same of one assignment under two keys: where
    the distance embeds, Var E[ψ | assignment]. The jackknife leaves out assignments.

    Args:
        first, second: (n, …) the n ≥ 3 assignments under either key; the same arrays for a deterministic trainer.

    An infinite distance makes the spread infinite, or unknown where two keys of one assignment are so far apart.
    """
    d = matrix(distance, first, second, weights)
    n, own = len(d), np.diag(d)
    if not np.isfinite(d).all():
        spread = np.inf if np.isfinite(own).all() else np.nan
        return spread, float("nan"), float(own.mean() / 2.0)
    across = d.sum() - own.sum()
    spread = (across / (n * (n - 1)) - own.mean()) / 2.0
    left = (across - (d.sum(0) + d.sum(1) - 2.0 * own)) / ((n - 1) * (n - 2)) - (own.sum() - own) / (n - 1)
    error = np.sqrt((n - 1) / n * ((left / 2.0 - (left / 2.0).mean()) ** 2).sum())
    return float(spread), float(error), float(own.mean() / 2.0)
