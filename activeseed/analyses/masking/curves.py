"""Curves of the distance that masks make, over the share that they drop, and how far two of them lie apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from activeseed.analyses.masking.masks import Of, draws, masked_outcomes
from activeseed.errors import PlanError
from activeseed.estimators.statistics import cross_key, gram, interval, mean_and_se, t_quantile
from activeseed.networks import Network
from activeseed.plan import Floats
from activeseed.protocols import Geometry


@dataclass(frozen=True)
class MaskedCurve:
    """S(p) = E D(f, f_mask) over p, and the two parts of it; every tuple has an entry a rate.

    Attributes:
        of: ``units`` or ``weights``.
        words: what those are.
        rates: p, ascending.
        value: S, the expected squared distance between the network and itself under one mask. It is a mean of squared
            distances that were seen, both ends known exactly: no noise is squared in it, and it is zero at p = 0.
        se, low, high: standard error and 95 % interval.
        shift: the part by which masks move the outcome alike, ‖E φ(f_mask) − φ(f)‖², of products of different masks, so
            that what single masks do adds nothing to it; negative where that makes it so.
        shift_se: its standard error.
        spread: the rest, Var φ(f_mask): what masks disagree about.
        over: what errors are over: ``keys`` (each with masks of its own), or ``masks`` of a single training.
        replicates: (N, rates) S of each key, or of each mask.
        pairing: two curves with one pairing were made under the same keys and masks, number by number.
    """

    of: Of
    words: str
    rates: tuple[float, ...]
    value: tuple[float, ...]
    se: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    shift: tuple[float, ...]
    shift_se: tuple[float, ...]
    spread: tuple[float, ...]
    over: str
    replicates: tuple[tuple[float, ...], ...]
    pairing: str


@dataclass(frozen=True)
class CurvesApart:
    """How far two trainers' curves lie apart: two models by what they do when they are damaged.

    Attributes:
        of: ``units`` or ``weights``.
        rates: p.
        difference: S of the first less S of the second, at each rate.
        se, low, high: its standard error and 95 % interval.
        mean: of the difference over rates: above zero, the first is the less robust.
        mean_se, mean_low, mean_high: its standard error and 95 % interval.
        squared: mean over rates of the squared difference, noise removed: zero on average for one trainer twice.
        squared_se, squared_low, squared_high: its standard error and 95 % interval.
        distance: its root, in the unit of S; 0 where the squared distance is not above zero.
        paired: both were made under the same keys and masks, so that what those do to both cancels.
    """

    of: Of
    rates: tuple[float, ...]
    difference: tuple[float, ...]
    se: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    mean: float
    mean_se: float
    mean_low: float
    mean_high: float
    squared: float
    squared_se: float
    squared_low: float
    squared_high: float
    distance: float
    paired: bool


def curve_of(
    networks: Sequence[Network],
    inputs: NDArray[np.floating],
    geometry: Geometry,
    of: Of,
    rates: Sequence[float],
    masks: int,
    root: int,
    words: str,
    numbered: Sequence[int] = (),
) -> MaskedCurve:
    """The curve of trained networks of one layout, a key each; every key has masks of its own.

    Errors are over keys, which covers keys and masks both, since no two keys share a mask; with a single network over
    masks. Costs K · masks · rates readings of (n, d) inputs.

    Args:
        inputs: (n, d) features of the places of ``geometry``.
        root: of the stream ``mask``, whose replicate is the number of the network.
        numbered: those numbers; 0, 1, … by default.
    """
    seen, shifts = [], []
    named = tuple(numbered) or tuple(range(len(networks)))
    for k, network in zip(named, networks, strict=True):
        numbers = draws(network.layout, of, masks, root, k)
        whole = geometry.embed(network.outcomes(inputs))
        gaps = np.stack([geometry.embed(masked_outcomes(network, inputs, numbers, p)) for p in rates]) - whole
        square = np.where(np.asarray(rates)[:, None] == 0.0, 0.0, (gaps**2).sum(2))
        seen.append(square.T)
        total = (gaps.sum(1) ** 2).sum(1)
        pairs = np.where(np.asarray(rates) == 0.0, 0.0, (total - square.sum(1)) / (masks * (masks - 1)))
        left = [((gaps.sum(1)[:, None] - gaps) ** 2).sum(2), square.sum(1)[:, None] - square]
        shifts.append((pairs, (left[0] - left[1]) / max(1, (masks - 1) * (masks - 2))))
    each = np.stack(seen)  # (K, masks, rates)
    several = len(networks) > 1
    replicates = each.mean(1) if several else each[0]
    mean, se, reach = mean_and_se(replicates)
    low, high = interval(mean, reach)
    shift = np.stack([s for s, _ in shifts])
    if several:
        moved, moved_se, _ = mean_and_se(shift)
    else:
        moved, without = shift[0], shifts[0][1]
        moved_se = np.sqrt((masks - 1) / masks * ((without - without.mean(1, keepdims=True)) ** 2).sum(1))
        moved_se = np.where(np.asarray(rates) == 0.0, 0.0, moved_se if masks > 2 else np.nan)
    widths = networks[0].layout.widths
    return MaskedCurve(
        of=of, words=words, rates=tuple(map(float, rates)), value=_said(mean), se=_said(se),
        low=_said(np.maximum(low, 0.0)), high=_said(high), shift=_said(moved), shift_se=_said(moved_se),
        spread=_said(mean - moved), over="keys" if several else "masks",
        replicates=tuple(_said(r) for r in replicates),
        pairing=f"{'keys' if several else 'masks'} of {named} of {widths}, {masks} masks of {root % 2**64:x}",
    )  # fmt: skip


def curves_apart(first: MaskedCurve, second: MaskedCurve) -> CurvesApart:
    """How far two curves lie apart, with intervals: by pairs of keys where both were made under the same.

    The squared distance holds no square of noise: it is of products of different keys where they are paired, else the
    squared difference of the means less the variance of each.

    Raises:
        PlanError: curves of other rates, or one of units and one of weights.
    """
    if first.of != second.of or first.rates != second.rates:
        raise PlanError(
            f"A curve of {first.of} at {', '.join(f'{p:g}' for p in first.rates)} can't be held against one of "
            f"{second.of} at {', '.join(f'{p:g}' for p in second.rates)}. Make both with the same `of` and `rates`."
        )
    a, b = np.array(first.replicates), np.array(second.replicates)
    paired = first.pairing == second.pairing
    if paired:
        gaps = a - b
        difference, se, reach = mean_and_se(gaps)
        mean, mean_se, mean_reach = mean_and_se(gaps.mean(1))
        found = cross_key(gram(gaps / np.sqrt(gaps.shape[1])))
        squared, squared_se = float(found.value), float(found.se)
        low, high = float(found.low), float(found.high)
    else:
        difference, se, reach = _unpaired(a, b)
        mean, mean_se, mean_reach = _unpaired(a.mean(1), b.mean(1))
        squared, squared_se, squared_reach = _squared(a, b)
        low, high = (float(x) for x in interval(np.asarray(squared), np.asarray(squared_reach)))
    return CurvesApart(
        of=first.of, rates=first.rates, difference=_said(difference), se=_said(se), low=_said(difference - reach),
        high=_said(difference + reach), mean=float(mean), mean_se=float(mean_se), mean_low=float(mean - mean_reach),
        mean_high=float(mean + mean_reach), squared=squared, squared_se=squared_se, squared_low=low, squared_high=high,
        distance=float(np.sqrt(max(squared, 0.0))), paired=paired,
    )  # fmt: skip


def _unpaired(a: Floats, b: Floats) -> tuple[Floats, Floats, Floats]:
    """Difference of means, its error and reach (Welch 1947)."""
    (x, sx, _), (y, sy, _) = mean_and_se(a), mean_and_se(b)
    n, m = len(a), len(b)
    with np.errstate(divide="ignore", invalid="ignore"):
        degrees = (sx**2 + sy**2) ** 2 / (sx**4 / max(1, n - 1) + sy**4 / max(1, m - 1))
    degrees = np.where(np.isfinite(degrees), degrees, min(n, m) - 1)
    se = np.asarray(np.sqrt(sx**2 + sy**2))
    return np.asarray(x - y), se, np.asarray(t_quantile(0.975, np.maximum(degrees, 1.0)) * se)


def _squared(a: Floats, b: Floats) -> tuple[float, float, float]:
    """Mean over rates of the squared difference of means less the variance of each, with a jackknife over both."""

    def value(x: Floats, y: Floats) -> float:
        noise = x.var(0, ddof=1) / len(x) + y.var(0, ddof=1) / len(y)
        return float(((x.mean(0) - y.mean(0)) ** 2 - noise).mean())

    if min(len(a), len(b)) < 3:
        return (value(a, b) if min(len(a), len(b)) > 1 else float("nan")), float("nan"), float("nan")
    one = np.array([value(np.delete(a, r, 0), b) for r in range(len(a))])
    two = np.array([value(a, np.delete(b, r, 0)) for r in range(len(b))])
    variance = sum((len(x) - 1) / len(x) * float(((x - x.mean()) ** 2).sum()) for x in (one, two))
    se = float(np.sqrt(variance))
    return value(a, b), se, se * float(t_quantile(0.975, min(len(a), len(b)) - 1))


def _said(values: Floats) -> tuple[float, ...]:
    return tuple(float(v) for v in values)
