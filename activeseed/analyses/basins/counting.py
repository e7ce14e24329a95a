"""How many basins an ensemble has: clouds are cut where a valley lies between them that no one cloud would have.

A mixture of normals, told to choose its number, splits one cloud with heavy tails. Here a cut needs a *valley*: along
some direction a gap with fewer members than there are, on average, on a stretch on either side of it. A density with
one mode has none, whatever its tails and its skewness: of three stretches side by side the middle one is never the
emptiest. What chance makes of that is known from one-mode clouds of the same size, shape and tails, searched for
valleys in the same way (a Monte Carlo test; Barnard 1963): the ensemble is cut only where its deepest valley is deeper
than those of all ``1/alpha − 1`` of them. What was cut is looked at again, piece by piece.

The depth of a valley is a likelihood ratio of counts (Kulldorff 1997, *A spatial scan statistic*): with N members in
gap and side together, of which m are in the gap, whose share of the length is u, N·KL(m/N ‖ u) nats where m/N < u. It
is the smaller of the two sides'.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from activeseed.plan import Floats, Ints

#: directions of most variance that are kept: more basins than one more than these are still cut apart piece by piece
KEPT = 5
#: of them, those along which valleys are looked for besides the direction that tells two halves apart
ALONG = 2
#: members farther from the middle than so many times the median are drawn in to there: an outlier makes no direction
REACH = 3.0
#: fewest members of a basin: so many, or this share of the ensemble
FEWEST, LEAST = 4, 0.04
#: sorted members between which gaps are looked for
_GRID = 96
#: lengths of sides that are tried
_SIDES = 6


@dataclass(frozen=True)
class Valley:
    """The deepest valley that was found.

    Attributes:
        depth: nats; 0 where there is none.
        beyond: (n,) which members lie on its far side.
    """

    depth: float
    beyond: NDArray[np.bool_]


def fewest_of(members: int) -> int:
    """Members that a basin has at least, in an ensemble of so many.

    >>> from activeseed.analyses.basins.counting import fewest_of
    >>> fewest_of(40), fewest_of(400)
    (4, 16)
    """
    return max(FEWEST, math.floor(LEAST * members))


def basins_of(points: Floats, dice: np.random.Generator, *, alpha: float = 0.01, most: int = 8) -> Ints:
    """(n, D) embedded outcomes -> (n,) the basin of each member, 0 the one with most members.

    Args:
        dice: draws one-mode clouds.
        alpha: probability that one cloud is cut in two, whole; of what was cut before, half of it.
        most: pieces, at most.

    Cost: up to 1/alpha searches for valleys for each cut that is made, some 5 ms each with 200 members; a few where
    none is made.
    """
    fewest = fewest_of(len(points))
    waiting: list[Ints] = [np.arange(len(points))]
    done: list[Ints] = []
    while waiting:
        piece = max(waiting, key=len)
        waiting = [p for p in waiting if p is not piece]
        flat = flattened(points[piece])
        found = valley(flat, fewest)
        # pieces are several chances to cut once too often, so that they are held to half of the level
        draws = draws_for(alpha if len(piece) == len(points) else alpha / 2.0)
        if len(waiting) + len(done) + 2 > most or not _is_deep(found, flat, fewest, draws, dice):
            done.append(piece)
        else:
            waiting += [piece[~found.beyond], piece[found.beyond]]
    return numbered(done, len(points))


def cut_at(points: Floats, critical: float, fewest: int, most: int = 8) -> int:
    """How many pieces there are, where every valley deeper than ``critical`` cuts: no clouds are drawn for it."""
    waiting: list[Ints] = [np.arange(len(points))]
    done = 0
    while waiting:
        piece = waiting.pop()
        found = valley(flattened(points[piece]), fewest)
        if done + len(waiting) + 2 > most or found.depth <= critical:
            done += 1
        else:
            waiting += [piece[~found.beyond], piece[found.beyond]]
    return done


def critical_depth(points: Floats, dice: np.random.Generator, alpha: float = 0.01) -> float:
    """Depth that no valley of ``1/alpha − 1`` one-mode clouds like this ensemble exceeds."""
    flat, fewest = flattened(points), fewest_of(len(points))
    if len(flat) < 2 * fewest + 2 or not flat.shape[1]:
        return math.inf
    return max(valley(one_mode(flat, dice), fewest).depth for _ in range(draws_for(alpha)))


def support_of(
    points: Floats, dice: np.random.Generator, *, alpha: float, most: int, resamples: int
) -> dict[int, float]:
    """How often each number of basins is found in subsets of the ensemble: number -> share of the subsets.

    A subset has as many different members as a bootstrap sample, 63 % of them, each once: members that come twice
    would be clumps of their own. A basin needs the same share of members in it, and no fewer than ``FEWEST``.
    """
    if not resamples or len(points) < 4:
        return {}
    critical = critical_depth(points, dice, alpha)
    size = max(2, round((1.0 - math.exp(-1.0)) * len(points)))
    counts: dict[int, int] = {}
    for _ in range(resamples):
        part = points[dice.permutation(len(points))[:size]]
        number = cut_at(part, critical, fewest_of(size), most)
        counts[number] = counts.get(number, 0) + 1
    return {k: n / resamples for k, n in sorted(counts.items())}


def draws_for(alpha: float) -> int:
    """One-mode clouds that a test of this level takes, all of which have to be exceeded."""
    return max(1, math.ceil(1.0 / alpha - 1e-9) - 1)


def numbered(pieces: Sequence[Ints], members: int) -> Ints:
    """(n,) number of each member's piece, the largest 0; equals by their first member."""
    out = np.zeros(members, np.int64)
    for k, piece in enumerate(sorted(pieces, key=lambda p: (-len(p), int(p.min())))):
        out[piece] = k
    return out


def _is_deep(found: Valley, flat: Floats, fewest: int, draws: int, dice: np.random.Generator) -> bool:
    return found.depth > 0 and all(valley(one_mode(flat, dice), fewest).depth < found.depth for _ in range(draws))


# --- directions -------------------------------------------------------------------------------------------------------


def flattened(points: Floats) -> Floats:
    """(n, D) -> (n, q ≤ 5) along the directions of most variance, far members drawn in; (n, 0) where all are equal."""
    at = points - points.mean(0)
    if at.shape[1] > len(at):
        left, size, _ = np.linalg.svd(at, full_matrices=False)
        at = left * size
    scale = float(np.abs(at).max(initial=0.0))
    if scale <= 1e-12 * max(1.0, float(np.abs(points).max(initial=0.0))):
        return np.zeros((len(points), 0))
    away = at - _middle(at)
    far = np.linalg.norm(away, axis=1)
    median = float(np.median(far))
    if median > 0:  # half of the members may be one and the same
        away = away * np.minimum(1.0, REACH * median / np.maximum(far, 1e-300))[:, None]
    left, size, _ = np.linalg.svd(away - away.mean(0), full_matrices=False)
    kept = size[:KEPT] > 1e-6 * size[0]
    flat: Floats = (left[:, :KEPT] * size[:KEPT])[:, kept]
    return flat


def _middle(points: Floats) -> Floats:
    """The spatial median, by Weiszfeld's iteration: no outlier moves it far."""
    middle = np.median(points, axis=0)
    for _ in range(20):
        weight = 1.0 / np.maximum(np.linalg.norm(points - middle, axis=1), 1e-12)
        middle = weight @ points / weight.sum()
    return np.asarray(middle, np.float64)


def one_mode(flat: Floats, dice: np.random.Generator) -> Floats:
    """A cloud with one mode that has the size, the shape and the tails of this one.

    Every member keeps its distance from the middle, in standard deviations along each direction, and takes a direction
    at random in five dimensions, so that along any line the density falls from the middle.
    """
    n, q = flat.shape
    scale = flat.std(0)
    far = np.linalg.norm((flat - np.median(flat, axis=0)) / scale, axis=1)
    way = dice.standard_normal((n, max(q, KEPT)))
    way /= np.linalg.norm(way, axis=1, keepdims=True)
    cloud: Floats = far[:, None] * way[:, :q] * np.sqrt(way.shape[1] / q) * scale
    return cloud


def _ways(flat: Floats) -> list[Floats]:
    """(n,) positions along each direction that is searched: of most variance, and what tells two halves apart."""
    from scipy.cluster.vq import kmeans2

    out = [flat[:, j] for j in range(min(ALONG, flat.shape[1]))]
    if flat.shape[1] > 1:
        centres, half = kmeans2(flat, 2, minit="++", seed=0)
        if 0 < half.sum() < len(half):
            within: Floats = np.zeros((flat.shape[1],) * 2)
            for k in (0, 1):
                of = flat[half == k] - flat[half == k].mean(0)
                within += of.T @ of / len(flat)
            within += np.eye(len(within)) * (0.05 * np.trace(within) / len(within) + 1e-300)
            out.append(flat @ np.linalg.solve(within, np.asarray(centres[0] - centres[1], np.float64)))
    return out


# --- valleys ----------------------------------------------------------------------------------------------------------


def valley(flat: Floats, fewest: int) -> Valley:
    """The deepest valley along any direction that leaves ``fewest`` members or more on either side."""
    best = Valley(0.0, np.zeros(len(flat), np.bool_))
    if len(flat) < 2 * fewest + 2:
        return best
    for along in _ways(flat):
        depth, cut = deepest(along, fewest)
        if depth > best.depth:
            best = Valley(depth, along > cut)
    return best


def deepest(along: Floats, fewest: int) -> tuple[float, float]:
    """The deepest valley of numbers on a line: its depth, and the middle of the gap."""
    x = np.sort(along)
    n = len(x)
    a, b, inside, ends = _gaps(n, fewest)
    if not len(a):
        return 0.0, float(x[n // 2])
    gap = x[b] - x[a]
    depth: Floats = np.full(len(a), np.inf)
    for side in ends:
        deep: Floats = np.zeros(len(a))
        for k, end, there in side:
            beside = np.abs(x[end] - x[b if k > 0 else a])
            held = inside + abs(k) - 1
            share = gap / np.maximum(gap + beside, 1e-300)
            deep = np.maximum(deep, np.where(there, _ratio(inside, held, share), 0.0))
        depth = np.minimum(depth, deep)
    at = int(depth.argmax())
    return float(depth[at]), float((x[a[at]] + x[b[at]]) / 2.0)


def _ratio(inside: Floats, held: Floats, share: Floats) -> Floats:
    """Nats by which N members speak against m or fewer of them falling into a share u of the length."""
    part = inside / np.maximum(held, 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        low = np.where(inside > 0, part * np.log(part / share), 0.0)
        high = np.where(inside < held, (1.0 - part) * np.log((1.0 - part) / np.maximum(1.0 - share, 1e-12)), 0.0)
    return np.asarray(np.where(part < share, held * (low + high), 0.0))


@lru_cache(maxsize=64)
def _gaps(n: int, fewest: int) -> tuple[Ints, Ints, Floats, list[list[tuple[int, Ints, NDArray[np.bool_]]]]]:
    """Gaps between the a-th and the b-th of n sorted members, the members inside, and the sides that are tried.

    A side of k members beyond the gap ends at a position, where there are as many; k is negative to the left.
    """
    grid = np.arange(n) if n <= _GRID else np.unique(np.linspace(0, n - 1, _GRID).astype(np.int64))
    starts, stops = (g.ravel() for g in np.meshgrid(grid, grid, indexing="ij"))
    fits = (stops > starts) & (starts >= fewest - 1) & (n - stops >= fewest)
    a: Ints = starts[fits]
    b: Ints = stops[fits]
    lengths = np.unique(np.geomspace(fewest, max(fewest, n // 2), _SIDES).astype(np.int64)).tolist()
    right = [(k, np.minimum(b + k - 1, n - 1), b + k - 1 < n) for k in lengths]
    left = [(-k, np.maximum(a - k + 1, 0), a - k + 1 >= 0) for k in lengths]
    return a, b, (b - a - 1).astype(np.float64), [left, right]
