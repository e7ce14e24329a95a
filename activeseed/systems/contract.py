"""What every system promises, as one check that a third party can run on its own.

``check_system(system, materials)`` trains a few rows and raises AssertionError, saying which promise was broken.
"""

from __future__ import annotations

import json

import numpy as np

from activeseed.geometries import decisions_of, decoded
from activeseed.outcome import Outcomes
from activeseed.plan import Materials, Rows, generator, join_rows, with_keys
from activeseed.protocols import (
    REPRESENTATION,
    SupportsExplaining,
    SupportsFactors,
    SupportsGradients,
    SupportsNetworks,
    SupportsStates,
    SupportsTrajectories,
    System,
)
from activeseed.seed import ABSENT
from activeseed.systems.capabilities import (
    check_cells,
    check_explaining,
    check_networks,
    check_representations,
    check_settings,
    check_states,
    check_streams,
    check_trajectories,
    close,
    some_rows,
)


def check_system(system: System, materials: Materials, *, tolerance: float = 1e-4) -> None:
    """Raise AssertionError unless the system keeps the promises of `protocols.System` on these materials.

    Costs some 30 trainings.

    Args:
        tolerance: how far one row's outcome may depend on the batch that it trains in. In single precision that is
            what rounding grows to on the way, and other processors begin with other rounding: a league of 600 steps
            with exploiters came to 2.6e-5 on one of AVX-512. A trainer that can compute in double precision is best
            checked there, with 2⁻²⁴, one rounding of outcomes.
    """
    system.check(materials)
    assert system.kind, "kind is empty"
    assert system.revision, "revision is empty"
    json.dumps(system.record())
    cost = system.cost(materials)
    assert cost.bytes >= 0, "cost(): bytes are negative"
    assert cost.multiply_adds >= 0, "cost(): multiply-adds are negative"
    assert cost.calls >= 0, "cost(): calls are negative"
    assert cost.money >= 0, "cost(): money is negative"
    rows = some_rows(materials)
    first = system.train(rows, materials)
    _check_shapes(system, materials, rows, first)
    again = system.train(rows, materials)
    assert np.array_equal(first.values, again.values, equal_nan=True), "the same batch trained twice gave other bits"
    _check_geometry(system, materials, first)
    _check_keys(system, materials, rows, first, tolerance)
    backwards = system.train(rows.take(slice(None, None, -1)), materials)
    close(backwards.values[::-1], first.values, tolerance, "the order of the rows in their batch changes outcomes")
    alone = system.train(rows.take([1]), materials)
    close(alone.values, first.values[1:2], tolerance, "a row alone differs from the same row in a batch")
    both = system.train(join_rows([rows, rows.take([0])]), materials)
    close(both.values[-1], both.values[0], tolerance, "equal rows with equal keys differ within a batch")
    assert len(system.train(rows.take(slice(0, 0)), materials)) == 0, "no rows must give no outcomes"
    if system.traits.weighted:
        _check_weights(system, materials, rows, first, tolerance)
    _check_traits(system)
    check_streams(system, materials, tolerance=tolerance)
    if system.traits.gradients:
        check_gradients(system, materials, tolerance=tolerance)
    if system.traits.per_cell:
        check_cells(system, materials, tolerance=tolerance)
    if isinstance(system, SupportsFactors):
        check_settings(system, materials)
    if isinstance(system, SupportsStates) and system.state_names:
        check_states(system, materials, tolerance=tolerance)
        if REPRESENTATION in system.state_names:
            check_representations(system, materials)
    if isinstance(system, SupportsNetworks):
        check_networks(system, materials)
    if isinstance(system, SupportsTrajectories):
        check_trajectories(system, materials, tolerance=tolerance)
    if isinstance(system, SupportsExplaining):
        check_explaining(system, materials, tolerance=tolerance)


def check_gradients(system: System, materials: Materials, *, tolerance: float = 1e-4) -> None:
    """Raise AssertionError unless the system's gradients are those of its outcomes, by differences of real trainings.

    Cotangents are random. The directional derivative ⟨c, (y(w + h) − y(w − h))⟩ / 2h in one item's weight is compared
    with the gradient in its slot, for every item, about a row of uneven weights. Its error is known from the same
    difference over 2h: that of the central difference is a third of what the two disagree by, and a little more from
    the next order, so as much as they disagree by is allowed; rounding adds ``tolerance`` · Σ|c| / h. Slots that a row
    leaves out are compared with the row that has them at weight 0, whose gradient is the same.

    Costs four trainings an item.

    Args:
        tolerance: how far rounding may move an outcome, as in ``check_system``.
    """
    assert isinstance(system, SupportsGradients), "traits say that there are gradients, and there is no pull_back"
    slots, items = materials.slots, len(materials.seed)
    rng = generator(materials.root, "cotangents")
    variants = np.zeros((1, items), np.int16)
    weights = rng.uniform(0.7, 1.3, (1, items)).astype(np.float32)
    weights[0, 0] = 0.0
    row = Rows(variants, np.zeros(1, np.int64), weights)
    c = rng.standard_normal((1, len(system.places(materials))))
    found = system.pull_back(row, materials, c)
    assert found.shape == (1, len(slots.payloads)), f"gradients of a row have shape {found.shape}"
    assert np.isfinite(found).all(), "gradients of a row that trains are not finite"

    left = Rows(variants.copy(), row.keys, weights)
    left.variants[0, 0] = materials.seed.items[0].index_of(ABSENT)
    same = system.pull_back(left, materials, c)
    scale = float(np.abs(found).max())
    close(same, found, tolerance * max(scale, 1.0), "the gradient of an absent item is not that of one of weight 0")

    h = 0.05
    moves = np.array([-2, -1, 1, 2]) * h
    up = np.repeat(weights, 4 * (items - 1), 0)
    at = np.repeat(np.arange(1, items), 4)
    up[np.arange(len(up)), at] += np.tile(moves, items - 1).astype(np.float32)
    moved = system.train(Rows(np.repeat(variants, len(up), 0), np.zeros(len(up), np.int64), up), materials)
    far, near, near_up, far_up = np.moveaxis((moved.values.astype(np.float64) @ c[0]).reshape(-1, 4), 1, 0)
    narrow, wide = (near_up - near) / (2 * h), (far_up - far) / (4 * h)
    allowed = np.abs(narrow - wide) + tolerance * np.abs(c).sum() / h
    said = found[0, slots.index[np.arange(1, items), 0]] * slots.copies[slots.index[np.arange(1, items), 0]]
    assert (allowed < 0.5 * np.abs(said).max()).all(), (
        "outcomes are too rough to compare gradients with: check in double precision, with a smaller tolerance"
    )
    off = np.abs(said - narrow) - allowed
    worst = int(off.argmax())
    assert off[worst] <= 0, (
        f"the gradient in the weight of {materials.seed.items[worst + 1].id!r} is {said[worst]:.4g}, and trainings "
        f"differ by {narrow[worst]:.4g} ± {allowed[worst]:.1g}"
    )


def _check_traits(system: System) -> None:
    traits = system.traits
    assert traits.rows_at_a_time is None or traits.rows_at_a_time >= 1, "rows_at_a_time is below one"
    assert traits.memory_mb is None or traits.memory_mb >= 1, "memory_mb is below one"


def _check_shapes(system: System, materials: Materials, rows: Rows, out: Outcomes) -> None:
    places = system.places(materials)
    assert out.values.shape == (len(rows), len(places)), (
        f"values have shape {out.values.shape}; {len(rows)} rows at {len(places)} places were promised"
    )
    assert out.values.dtype == np.float32, f"values are {out.values.dtype}, not float32"
    assert out.ok.shape == (len(rows),), "ok has not one entry a row"
    assert out.ok.all(), f"rows failed: {dict(out.failures)}"
    assert np.isfinite(out.values).all(), "a row that is ok holds NaN or infinity"
    assert out.seconds >= 0, "seconds are negative"
    if out.vouching is not None:
        assert out.vouching.shape == rows.variants.shape, "vouching has not one entry a row and item"
        assert ((out.vouching >= 0) & (out.vouching <= 1)).all(), "vouching holds something that is no probability"


def _check_geometry(system: System, materials: Materials, out: Outcomes) -> None:
    geometry = system.geometry(materials)
    assert geometry.unit, "the geometry does not say what a squared distance is measured in"
    assert geometry.over, "the geometry does not say what outcomes are"
    points = geometry.embed(out.values)
    assert points.shape[:-1] == out.values.shape[:-1], f"{len(out)} outcomes are embedded as shape {points.shape}"
    assert np.isfinite(points).all(), "embedded outcomes are not finite"
    weights = decisions_of(geometry)
    if weights is not None:
        assert weights.shape == out.values.shape[1:], "the geometry weighs another number of places"
        assert abs(weights.sum() - 1) < 1e-6, "the geometry's weights of decisions don't sum to one"
        assert (weights >= 0).all(), "the geometry's weights of decisions hold a negative one"
    back = decoded(geometry, points)
    if back is not None:
        # outcomes are single precision: a distribution over thousands of places sums to one up to some 1e-5
        gap = np.nan_to_num(np.abs(back - out.values)).max(initial=0.0)
        assert gap < 1e-4, f"what is decoded is not what was embedded (by {gap:.2g}): outcomes of another geometry"


def _check_keys(system: System, materials: Materials, rows: Rows, first: Outcomes, tolerance: float) -> None:
    """Eight other keys: a stream may be a rare event (an exploiter's reset), which one other key need not show."""
    others = with_keys(rows.take(np.zeros(8, np.int64)), np.arange(1, 9) + rows.keys[0])
    moved = float(np.abs(system.train(others, materials).values - first.values[0]).max())
    streams = system.traits.streams
    if streams:
        assert moved > tolerance, f"streams {streams} are declared, but eight other keys changed nothing"
    else:
        assert moved <= tolerance, f"no streams are declared, but other keys change outcomes (by {moved:.2g})"


def _check_weights(system: System, materials: Materials, rows: Rows, first: Outcomes, tolerance: float) -> None:
    ones = Rows(rows.variants, rows.keys, np.ones(rows.variants.shape, np.float32))
    close(system.train(ones, materials).values, first.values, tolerance, "a multiplicity of one changes outcomes")
    spoilt = np.ones(rows.variants.shape, np.float32)
    spoilt[2] = np.nan
    out = system.train(Rows(rows.variants, rows.keys, spoilt), materials)
    assert not out.ok[2], "a row of NaN weights is said to be ok"
    assert out.failures.get(2), "a failed row has no reason"
    assert np.isnan(out.values[2]).all(), "a failed row holds numbers"
    assert out.ok[:2].all(), "a failed row took others with it"
    close(out.values[:2], first.values[:2], tolerance, "a failed row changed the outcomes of others")
