"""The ensemble through training: whether it contracts, how fast small differences grow, how wrong it was on the way.

The spread at a step is the variance over members of the embedded outcome. Members differ in seed and key, so it holds
no square of an estimate, and the ratio of two of them is what it says. The rate is a finite-time Lyapunov exponent: the
growth of the log of the distance of two trainings that differ in little (Wolf, Swift, Swinney & Vastano 1985), a step.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from activeseed.analyses.basins.landscape import Rate, Training
from activeseed.analyses.basins.telling import wrong_share
from activeseed.contrast import ABSENT_INDEX
from activeseed.estimators.leave_one_out import ROUNDING
from activeseed.plan import Explicit, Floats, Rows

if TYPE_CHECKING:
    from activeseed.protocols import Geometry, Problem

#: an item's weight is raised by this share, where the trainer knows weights
NUDGE = 0.1
#: looks that are drawn
PICTURES = 6
#: bootstrap samples behind an interval
_SAMPLES = 2_000


def pairs_design(problem: Problem, pairs: int, first: int, dice: np.random.Generator) -> tuple[Explicit, str]:
    """Three rows a pair: the seed as it stands under two keys, and with a small change under the first of them.

    Args:
        first: the first of the keys.

    Returns:
        The design, and the change in words.
    """
    standing = problem.droppable
    variants = np.tile(np.array(problem.base, np.int16), (3 * pairs, 1))
    times = np.ones(variants.shape, np.float32)
    order = dice.permutation(standing) if standing else np.zeros(0, np.int64)
    for n in range(pairs if len(order) else 0):
        item = order[n % len(order)]
        if problem.weighted:
            times[3 * n + 2, item] = 1.0 + NUDGE
        elif len(standing) > 1:
            variants[3 * n + 2, item] = ABSENT_INDEX
    keys = np.zeros(3 * pairs, np.int64)
    if not problem.deterministic:
        start = first + 2 * np.arange(pairs)
        keys = np.stack([start, start + 1, start], 1).ravel()
    change = f"one item weighs {1 + NUDGE:g} times as much" if problem.weighted else "one item is left out"
    return Explicit(Rows(variants, keys, times if problem.weighted else None), unit=3), change


def rate_of(first: Floats, second: Floats, steps: Sequence[int]) -> Rate | None:
    """(N, T, D) embedded trajectories of N pairs -> growth of the log of their distance a step.

    From the first step at which every pair is apart, to the last at which a pair is. None where no pair ever is.

    >>> import numpy as np
    >>> from activeseed.analyses.basins.flow import rate_of
    >>> near = np.exp(-0.5 * np.arange(4.0))[None, :, None] * np.ones((2, 1, 1))
    >>> rate_of(near, 0 * near, [0, 1, 2, 3]).value
    -0.5
    """
    square = ((first - second) ** 2).sum(-1)
    apart = square > ROUNDING
    apart, square = apart[apart.any(1)], square[apart.any(1)]
    starts = np.flatnonzero(apart.all(0)) if len(apart) else np.zeros(0, np.int64)
    if not len(starts) or starts[0] == len(steps) - 1:
        return None
    at = int(starts[0])
    rates = []
    for row, there in zip(square, apart, strict=True):
        end = int(np.flatnonzero(there)[-1])
        if end > at:
            rates.append(0.5 * float(np.log(row[end] / row[at])) / (steps[end] - steps[at]))
    if not rates:
        return None
    error = float(np.std(rates, ddof=1) / len(rates) ** 0.5) if len(rates) > 1 else float("nan")
    return Rate(len(rates), float(np.mean(rates)), error, int(steps[at]))


def spreads(points: Floats, samples: int, dice: np.random.Generator) -> tuple[Floats, Floats]:
    """(n, T, D) embedded trajectories -> (T,) variances over members, and (samples, T) those of bootstrap samples."""
    n = len(points)
    times = dice.multinomial(n, np.full(n, 1.0 / n), size=samples).astype(np.float64)
    found, drawn = np.empty(points.shape[1]), np.empty((samples, points.shape[1]))
    for t in range(points.shape[1]):
        at = points[:, t] - points[:, t].mean(0)
        gram = at @ at.T
        square = np.diag(gram)
        found[t] = square.sum() / (n - 1)
        drawn[:, t] = (times @ square - np.einsum("bi,ij,bj->b", times, gram, times, optimize=True) / n) / (n - 1)
    return found, drawn


def training_of(
    problem: Problem,
    geometry: Geometry,
    trajectories: Floats,
    basins: Sequence[str],
    pairs: Floats | None,
    change: str,
    dice: np.random.Generator,
) -> Training:
    """What the ensemble did through training.

    Args:
        trajectories: (n, T, P) of members that trained.
        basins: name of each member's.
        pairs: (N, 3, T, P) as ``pairs_design`` orders them, those that trained; None where there are none.
    """
    steps = problem.steps
    points = geometry.embed(trajectories)
    found, drawn = spreads(points, _SAMPLES, dice)
    there = np.flatnonzero(found > ROUNDING)
    at = int(there[0]) if len(there) else 0
    ratio = np.full(len(steps), np.nan)
    ends = np.full((2, len(steps)), np.nan)
    if len(there):
        ratio[at:] = found[at:] / found[at]
        with np.errstate(divide="ignore", invalid="ignore"):
            several = drawn[:, at:] / drawn[:, at : at + 1]
        ends[:, at:] = np.nanquantile(several, [0.025, 0.975], axis=0)
    wrong = wrong_share(problem, trajectories)
    between = small = None
    if pairs is not None and len(pairs):
        flat = geometry.embed(pairs)
        between = rate_of(flat[:, 0], flat[:, 1], steps)
        small = rate_of(flat[:, 0], flat[:, 2], steps)
    looks = sorted({round(x) for x in np.linspace(0, len(steps) - 1, min(PICTURES, len(steps)))})
    flat = seen_from_the_end(points)
    return Training(
        steps=tuple(int(s) for s in steps), spread=tuple(found.tolist()), ratio=tuple(ratio.tolist()),
        ratio_low=tuple(ends[0].tolist()), ratio_high=tuple(ends[1].tolist()), reference=int(steps[at]),
        keys=between, small=small, change=change,
        wrong=() if wrong is None else tuple(wrong.mean(0).tolist()),
        wrong_worst=() if wrong is None else tuple(wrong.max(0).tolist()),
        at=tuple(looks), points=tuple(as_points(flat[:, t]) for t in looks), basins=tuple(basins),
    )  # fmt: skip


def seen_from_the_end(points: Floats) -> Floats:
    """(n, T, D) -> (n, T, 2) along the two directions of most variance at the end: classical scaling of that."""
    last = points[:, -1]
    middle = last.mean(0)
    _, _, ways = np.linalg.svd(last - middle, full_matrices=False)
    plane = ways[:2]
    # one sign whatever the library: the largest entry of a direction is positive
    plane = plane * np.sign(plane[np.arange(len(plane)), np.abs(plane).argmax(1)])[:, None]
    flat = (points - middle) @ plane.T
    return np.pad(flat, [(0, 0)] * (flat.ndim - 1) + [(0, 2 - flat.shape[-1])])


def as_points(flat: Floats) -> tuple[tuple[float, float], ...]:
    """(n, 2) -> pairs, with as many digits as a picture needs."""
    scale = float(np.abs(flat).max(initial=0.0)) or 1.0
    digits = max(0, 5 - int(np.floor(np.log10(scale))))
    return tuple((round(float(x), digits), round(float(y), digits)) for x, y in flat)
