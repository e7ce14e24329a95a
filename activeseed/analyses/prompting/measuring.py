"""Spreads of outcomes over the ways in which a probe is put, noise removed, with errors over probes and keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from activeseed.analyses.lock_in.ratio import Ratio, fieller
from activeseed.analyses.prompting.rewording import Start
from activeseed.estimators.statistics import cross_key, gram, interval, t_quantile
from activeseed.plan import Floats, Ints


@dataclass(frozen=True)
class Pooled:
    """Means over probes, and their ratio; each with its standard error over probes and keys, and an interval."""

    outcome: tuple[float, float, float, float]
    start: float
    ratio: tuple[float, float, float, float]


def spread(points: Floats) -> tuple[float, Floats]:
    """Variance over W of mean points (K, W, D) under K keys, and (K,) the same with one key left out.

    Of products of different keys, so that noise adds nothing; of one key the plain variance.
    """
    centred = points - points.mean(1, keepdims=True)
    flat = centred.reshape(len(points), -1) / np.sqrt(max(1, points.shape[1] - 1))
    if len(points) == 1:
        square = float((flat**2).sum())
        return square, np.array([square])
    found = cross_key(gram(flat))
    return float(found.value), np.asarray(found.replicates, np.float64)


def apart(points: Floats, a: int, b: int) -> tuple[float, Floats]:
    """Squared distance of mean points a and b of (K, Q, D), and (K,) the same with one key left out."""
    flat = points[:, a] - points[:, b]
    if len(points) == 1:
        square = float((flat**2).sum())
        return square, np.array([square])
    found = cross_key(gram(flat))
    return float(found.value), np.asarray(found.replicates, np.float64)


def pooled(outcomes: Floats, left: Floats, starts: Floats, weights: Floats) -> Pooled:
    """Means by weight over P probes of spreads of outcomes (with (P, K) of one key left out) and of starts."""
    w = weights / weights.sum()
    outcome, start = float(w @ outcomes), float(w @ starts)
    n, keys = len(w), left.shape[1]

    def without(p: int, values: Floats) -> float:
        rest = np.delete(w, p)
        return float(np.delete(values, p) @ rest / rest.sum())

    over_probes = np.array([[without(p, outcomes), without(p, starts)] for p in range(n)]) if n > 2 else None
    over_keys = w @ left
    out = []
    for ratio in (False, True):
        value = _over(outcome, start) if ratio else outcome
        variance = 0.0
        if over_probes is not None:
            each = _ratios(over_probes[:, 0], over_probes[:, 1]) if ratio else over_probes[:, 0]
            variance += (n - 1) / n * float(((each - each.mean()) ** 2).sum())
        if keys > 1:
            each = _ratios(over_keys, np.full(keys, start)) if ratio else over_keys
            variance += (keys - 1) / keys * float(((each - each.mean()) ** 2).sum())
        known = over_probes is not None and keys != 2
        se = float(np.sqrt(variance)) if known else float("nan")
        degrees = min(n - 1, keys - 1) if keys > 1 else n - 1
        low, high = interval(np.asarray(value), np.asarray(t_quantile(0.975, max(1, degrees)) * se))
        out.append((value, se, float(low), float(high)))
    return Pooled(out[0], start, out[1])


def washed_out(
    outcomes: Floats, left: Floats, starts: Floats, weights: Floats, points: Floats, features: Floats
) -> Ratio:
    """Pooled ratio of P probes over the same ratio between the probes themselves, both of which are measured.

    Errors leave out a probe, then a key, of both at a time; the interval is Fieller's set. Unknown of two probes or two
    keys. Cost: O(P² K² D).

    Args:
        outcomes, left, starts, weights: see ``pooled``.
        points: (K, P, D) outcomes at the probes as they are.
        features: (P, d) of the probes as they are.
    """
    n, keys = len(weights), left.shape[1]

    def both(at: Ints, tops: Floats, own: float) -> tuple[float, float]:
        w = weights[at] / weights[at].sum()
        return _over(float(w @ tops[at]), float(w @ starts[at])), _over(own, spread(features[None, at])[0])

    every = np.arange(n)
    own, own_left = spread(points)
    top, bottom = both(every, outcomes, own)
    covariance: Floats = np.full((2, 2), 0.0 if n > 2 and keys != 2 else np.nan)
    if n > 2:
        rest = [np.delete(every, p) for p in range(n)]
        covariance += _jackknifed(np.array([both(at, outcomes, spread(points[:, at])[0]) for at in rest]))
    if keys > 2:
        covariance += _jackknifed(np.array([both(every, left[:, k], float(own_left[k])) for k in range(keys)]))
    found = fieller(top, bottom, covariance, min(n - 1, keys - 1) if keys > 1 else n - 1)
    return Ratio(float(found.value), float(found.low), float(found.high))


def _jackknifed(each: Floats) -> Floats:
    """(2, 2) covariance of two estimates from their values (n, 2) without each unit."""
    off = each - each.mean(0)
    return np.asarray((len(each) - 1) / len(each) * off.T @ off)


def _ratios(top: Floats, bottom: Floats) -> Floats:
    return np.divide(top, bottom, out=np.full_like(top, np.nan), where=bottom > 0)


def _over(top: float, bottom: float) -> float:
    return top / bottom if bottom > 0 else float("nan")


def grouped(starts: Sequence[Start]) -> list[Ints]:
    """Positions of each probe's starts, its own first."""
    by: dict[int, list[int]] = {}
    for at, start in enumerate(starts):
        by.setdefault(start.probe, []).append(at)
    return [np.array(at, np.int64) for at in by.values()]
