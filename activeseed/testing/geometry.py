"""What every geometry promises, as one check."""

from __future__ import annotations

import numpy as np

from activeseed.geometries import decisions_of, decoded
from activeseed.plan import Floats
from activeseed.protocols import Geometry, SupportsDecisions, SupportsEntropy, SupportsPlaces


def check_geometry(geometry: Geometry, values: Floats, *, tolerance: float = 1e-9) -> None:
    """Raise AssertionError unless a geometry keeps its promises on these (R, P) outcomes, R even and above one.

    Points are finite, the same each time, those of each outcome alone whatever the leading shape; points that decode
    give the outcomes back (NaN where it says that it can't); decisions are weights; entropies are those of each outcome
    alone, and a mean outcome has no less than its parts have on average.

    Args:
        tolerance: of what is decoded, relative to the largest outcome.
    """
    rows = len(values)
    assert rows > 1, "an even number of outcomes is needed"
    assert rows % 2 == 0, "an even number of outcomes is needed"
    assert geometry.unit, "it does not say what a squared distance is measured in ('unit')"
    assert geometry.over, "it does not say what outcomes are ('over')"
    kept = values.copy()
    points = geometry.embed(values)
    assert np.array_equal(values, kept), "embedding changes the outcomes"
    assert points.ndim == 2, f"{values.shape} outcomes have points of shape {points.shape}"
    assert len(points) == rows, f"{rows} outcomes have {len(points)} points"
    assert np.isfinite(points).all(), "points are not finite"
    assert np.array_equal(points, geometry.embed(values)), "the same outcomes have other points each time"
    for r in range(rows):
        alone = geometry.embed(values[r])
        assert alone.shape == points.shape[1:], f"one outcome has a point of shape {alone.shape}"
        assert np.allclose(alone, points[r], rtol=0, atol=1e-12), "a point depends on the outcomes beside it"
    stacked = geometry.embed(values.reshape(2, rows // 2, -1))
    assert np.allclose(stacked.reshape(points.shape), points, rtol=0, atol=1e-12), "the leading shape changes points"
    back = decoded(geometry, points)
    if back is not None:
        assert back.shape == values.shape, f"points decode to shape {back.shape}, not {values.shape}"
        gap = np.nan_to_num(np.abs(back - values)).max() / max(float(np.abs(values).max()), 1e-300)
        assert gap <= tolerance, f"what is decoded is not what was embedded (by {gap:.2g} of the largest outcome)"
    if isinstance(geometry, SupportsPlaces):
        _check_places(geometry, geometry, values, points)
    weights = decisions_of(geometry)
    if weights is not None:
        assert weights.shape == values.shape[1:], f"decisions have shape {weights.shape}, and places {values.shape[1:]}"
        assert (weights >= 0).all(), "a decision weighs less than nothing"
        assert abs(weights.sum() - 1.0) < 1e-9, f"decisions weigh {weights.sum():g} together, not 1"
    elif isinstance(geometry, SupportsDecisions):
        shape = np.shape(geometry.decisions)
        assert shape == values.shape[1:], f"decisions have shape {shape}, and places {values.shape[1:]}"
    if isinstance(geometry, SupportsEntropy):
        _check_entropy(geometry, values)


def _check_places(geometry: Geometry, says: SupportsPlaces, values: Floats, points: Floats) -> None:
    """An outcome that differs at one place has a point that differs in the dimensions of that place alone."""
    places = values.shape[1]
    assert says.weights.shape == (places,), f"{places} places have weights of shape {says.weights.shape}"
    assert says.along.shape == points.shape[1:], "not every dimension of a point is said to be about a place"
    for p in range(places):
        moved = values[0].copy()
        moved[p] = values[1, p]
        elsewhere = says.along != p
        same = np.array_equal(geometry.embed(moved)[elsewhere], points[0][elsewhere])
        assert same, f"a point's dimensions said to be about other places hold what is at place {p}"


def _check_entropy(geometry: SupportsEntropy, values: Floats) -> None:
    each = np.asarray(geometry.entropy(values))
    assert each.shape == (len(values),), f"{len(values)} outcomes have entropies of shape {each.shape}"
    assert (each >= -1e-12).all(), "an entropy is negative"
    for r in range(len(values)):
        assert abs(float(geometry.entropy(values[r])) - each[r]) < 1e-12, "an entropy depends on the outcomes beside it"
    mean = float(geometry.entropy(values.mean(0)))
    assert mean >= each.mean() - 1e-12, "a mean outcome has less entropy than its parts on average: it is no entropy"
