"""What every distance promises, as one check."""

from __future__ import annotations

import numpy as np

from activeseed.errors import UsageError
from activeseed.plan import Floats, generator
from activeseed.protocols import Distance, SupportsAllPairs


def check_distance(
    distance: Distance, values: Floats, weights: Floats | None = None, *, tolerance: float = 1e-9
) -> None:
    """Raise AssertionError unless a distance keeps its promises on these outcomes.

    It says what it is; outcomes are left as they are, and the same ones have the same distance whatever stands beside
    them; distances lie between 0 and ``largest``, zero from an outcome to itself; it is symmetric, obeys the triangle
    inequality (or its root does) and embeds (a centred −D has no eigenvalue below zero) where it says so; a place that
    weighs nothing counts for nothing (of a distribution, no weight counts), and the order of the places neither; NaN
    stays NaN and touches nothing else; other places, and what it can't read, are refused.

    Args:
        values: (R, P) outcomes that it reads, or (R, P, h) representations; all different, at least 4. The more of
            them, the harder it is to claim what does not hold.
        weights: (P,) of the places, above zero, summing to one; by default uneven ones.
        tolerance: of distances, relative to the largest seen; the triangle of √d gets its root.
    """
    says = f"distance {distance.kind}"
    rows, places = values.shape[:2]
    assert rows >= 4, "at least four outcomes are needed"
    w = _uneven(places) if weights is None else weights
    _check_said(distance, says)
    kept = values.copy()
    found = distance.between(values[:, None], values[None], w)
    assert np.array_equal(values, kept), f"{says} changes the outcomes"
    assert found.shape == (rows, rows), f"{says}: {rows} × {rows} outcomes have distances of shape {found.shape}"
    assert not np.isnan(found).any(), f"{says} is unknown between outcomes that are known"
    scale = float(found[np.isfinite(found)].max(initial=0.0)) or 1.0
    slack = tolerance * scale
    _check_broadcasting(distance, values, w, found, slack, says)
    assert (found >= 0).all(), f"{says} is negative"
    assert (found <= distance.largest + slack).all(), f"{says} says it is at most {distance.largest}: {found.max()}"
    assert (np.abs(np.diag(found)) <= slack).all(), f"{says} is not zero from an outcome to itself"
    symmetric = np.array_equal(found, found.T) or bool((np.abs(found - found.T) <= slack).all())
    assert symmetric or not distance.symmetric, f"{says} says it is symmetric"
    if distance.metric:
        _check_triangle(found if distance.metric == "d" else np.sqrt(found), distance, slack, says)
    if distance.embeds:
        centre = np.eye(rows) - 1.0 / rows
        least = float(np.linalg.eigvalsh(-centre @ found @ centre)[0])
        assert least >= -rows * slack, f"{says} says that it embeds: −D, centred, has an eigenvalue of {least:.3g}"
    _check_places(distance, values, w, found, slack, says)
    _check_refusals(distance, values, w, found, says)


def _uneven(places: int) -> Floats:
    drawn = generator(17, "weights of places").uniform(0.5, 1.5, places)
    return np.asarray(drawn / drawn.sum(), np.float64)


def _check_said(distance: Distance, says: str) -> None:
    assert distance.kind, f"{type(distance).__name__} has no kind"
    assert distance.words, f"{says} does not say what it is called ('words')"
    assert distance.unit, f"{says} does not say what it is measured in ('unit')"
    reads = ("probabilities", "distribution", "numbers", "representations")
    assert distance.reads in reads, f"{says} reads {distance.reads!r}, which is none of {', '.join(reads)}"
    assert distance.metric in ("d", "root", ""), f"{says}: metric = {distance.metric!r} is not 'd', 'root' or ''"
    assert distance.largest > 0, f"{says}: its largest value is {distance.largest}"
    assert distance.symmetric or not distance.metric, f"{says} says it is a metric, and not symmetric"
    assert distance.symmetric or not distance.embeds, f"{says} says it embeds, and is not symmetric"


def _check_broadcasting(distance: Distance, values: Floats, w: Floats, found: Floats, slack: float, says: str) -> None:
    alone = distance.between(values[0], values[1], w)
    assert np.shape(alone) == (), f"{says}: two outcomes have distances of shape {np.shape(alone)}"
    pairs = [(0, 1), (1, 0), (2, 3), (len(values) - 1, 0)]
    for i, j in pairs:
        one = float(distance.between(values[i], values[j], w))
        assert _near(one, found[i, j], slack), f"{says} depends on the outcomes beside the two"
    row = distance.between(values[0], values, w)
    assert row.shape == (len(values),), f"{says}: one against {len(values)} outcomes has shape {row.shape}"
    assert _near(row, found[0], slack), f"{says} depends on the leading shape"
    if isinstance(distance, SupportsAllPairs):
        pairs_at_once = distance.all_pairs(values, values[1:], w)
        assert _near(pairs_at_once, found[:, 1:], slack), f"{says}: all pairs at once have other distances"
    again = distance.between(values[:, None], values[None], w)
    assert np.array_equal(again, found), f"{says} is another one each time"


def _check_triangle(d: Floats, distance: Distance, slack: float, says: str) -> None:
    # √(d + δ) is up to √δ above √d
    extra = slack if distance.metric == "d" else float(np.sqrt(slack))
    for k in range(len(d)):
        beyond = float((d - d[:, [k]] - d[[k], :]).max())
        name = "it" if distance.metric == "d" else "its root"
        assert beyond <= extra, f"{says} says {name} obeys the triangle inequality: exceeded by {beyond:.3g}"


def _check_places(distance: Distance, values: Floats, w: Floats, found: Floats, slack: float, says: str) -> None:
    order = generator(17, "order of places").permutation(len(w))
    moved = values[:, order]
    other = distance.between(moved[:, None], moved[None], w[order])
    assert _near(other, found, slack), f"{says} depends on the order of the places"
    if distance.reads == "distribution":
        even = np.full(len(w), 1.0 / len(w))
        same = distance.between(values[:, None], values[None], even)
        assert _near(same, found, slack), f"{says} weighs the places of a distribution, which has its own weights"
        return
    without = w.copy()
    without[-1] = 0.0
    without /= without.sum()
    changed = values.copy()
    changed[:, -1] = values[::-1, -1]
    before, after = (distance.between(v[:, None], v[None], without) for v in (values, changed))
    assert _near(before, after, slack), f"{says} counts a place that weighs nothing"


def _check_refusals(distance: Distance, values: Floats, w: Floats, found: Floats, says: str) -> None:
    holed = values.copy()
    holed[0, 0] = np.nan
    gaps = distance.between(holed[:, None], values[None], w)
    assert np.isnan(gaps[0]).all(), f"{says} knows how far an unknown outcome (NaN) is"
    assert np.array_equal(gaps[1:], found[1:]), f"{says}: one unknown outcome changes other distances"
    shorter = values[:, :-1]
    rest = w[:-1] / w[:-1].sum()
    bad = [
        ("outcomes at other places", values[0], shorter[0], w),
        ("weights of other places", values[0], values[1], rest),
    ]
    infinite = values[0].copy()
    infinite[0] = np.inf
    bad.append(("an infinite outcome", infinite, values[1], w))
    if distance.reads in ("probabilities", "distribution"):
        above = values[0].copy()
        above[0] = 1.5
        bad.append(("a probability of 1.5", above, values[1], w))
    for what, a, b, weights in bad:
        try:
            distance.between(a, b, weights)
        except UsageError:
            continue
        except Exception as error:
            raise AssertionError(f"{says} refuses {what} by {type(error).__name__}, not by a PlanError") from error
        raise AssertionError(f"{says} does not refuse {what}")


def _near(a: Floats | float, b: Floats | float, slack: float) -> bool:
    """Alike up to rounding; infinite where the other is."""
    return bool(np.allclose(a, b, rtol=0, atol=slack))
