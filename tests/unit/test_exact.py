"""The exact largest difference of small ReLU networks: attained, above every sample, honest where it can't be had."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from activeseed.bounding.bounded import LayerBounds
from activeseed.bounding.exact import exact, unstable
from activeseed.bounding.ladder import bound
from activeseed.bounding.layers import layer_bounds
from activeseed.bounding.regions import Ball, Box
from activeseed.errors import PlanError
from activeseed.networks import Layout, Network


def network(rng, widths, near=None, step=0.2, activation="relu"):
    layout = Layout(widths, activation)
    start = np.zeros(layout.size) if near is None else near.flat
    return Network.of(layout, start + (0.7 if near is None else step) * rng.standard_normal(layout.size))


def intervals(f, g, box):
    """Bounds of the hidden layers by intervals, and of the differences by the same."""
    out, ends = [], [(box.low, box.high), (box.low, box.high)]
    for n in range(len(f.weights) - 1):
        lows, highs = [], []
        for k, net in enumerate((f, g)):
            w, b = net.weights[n], net.biases[n]
            lo, hi = ends[k]
            lows.append(np.maximum(w, 0) @ lo + np.minimum(w, 0) @ hi + b)
            highs.append(np.maximum(w, 0) @ hi + np.minimum(w, 0) @ lo + b)
            ends[k] = (np.maximum(lows[-1], 0), np.maximum(highs[-1], 0))
        low, high = np.array(lows), np.array(highs)
        out.append(LayerBounds(low, high, low[1] - high[0], high[1] - low[0]))
    return out


def sampled(f, g, box, rng, n=20_000):
    corners = np.where(rng.random((n // 4, box.dimension)) < 0.5, box.low, box.high)
    return float(np.abs(f.scores(x := np.concatenate([box.sample(n, rng), corners])) - g.scores(x)).max())


@pytest.mark.parametrize("widths", [(2, 5, 1), (2, 5, 5, 1), (3, 7, 1), (4, 6, 6, 1)])
@pytest.mark.parametrize("paired", [True, False])
def test_it_is_attained_and_above_every_sample(widths, paired):
    rng = np.random.default_rng(sum(widths))
    f = network(rng, widths)
    g = network(rng, widths, near=f if paired else None)
    centre = 0.3 * rng.standard_normal(widths[0])
    box = Box(centre - 0.4, centre + 0.4)
    plain = exact(f, g, box)
    assert plain.status == "exact"
    assert plain.witness is not None
    assert box.holds(plain.witness[None]).all()
    assert abs(f.scores(plain.witness) - g.scores(plain.witness)) == plain.lower
    # a gap of a ten-thousandth and the slack of the solver's tolerances is what "exact" means
    assert plain.lower <= plain.upper <= plain.lower * (1.0 + 1e-4) + 2.0 * plain.slack + 1e-9
    assert sampled(f, g, box, rng) <= plain.upper
    assert plain.upper == max(plain.most, plain.least)

    layers = intervals(f, g, box)
    cut = exact(f, g, box, layers)
    assert cut.upper == pytest.approx(plain.upper, rel=3e-4)
    assert 0 < unstable(layers) <= 2 * sum(widths[1:-1])
    swapped = exact(g, f, box)
    assert swapped.most == pytest.approx(plain.least, rel=3e-4, abs=1e-5)


def test_in_one_dimension_it_is_the_largest_at_a_kink():
    """Piecewise linear in one number: the largest difference lies at a kink or an end, all of which can be listed."""
    rng = np.random.default_rng(3)
    for _ in range(20):
        f, g = network(rng, (1, 4, 1)), network(rng, (1, 4, 1))
        box = Box(np.array([-2.0]), np.array([2.0]))
        kinks = [-net.biases[0][k] / net.weights[0][k, 0] for net in (f, g) for k in range(4)]
        x = np.array([-2.0, 2.0, *(t for t in kinks if -2.0 < t < 2.0)])[:, None]
        d = f.scores(x) - g.scores(x)
        found = exact(f, g, box)
        # HiGHS holds constraints to 1e-7 each and its gap to 1e-7, the slack says what that adds up to
        assert found.most == pytest.approx(d.max(), abs=2.0 * found.slack + 1e-6)
        assert found.least == pytest.approx(-d.min(), abs=2.0 * found.slack + 1e-6)


def test_a_network_and_itself_do_not_part():
    rng = np.random.default_rng(4)
    f = network(rng, (3, 5, 1))
    box = Box(-np.ones(3), np.ones(3))
    layers = [
        LayerBounds(b.low, b.high, np.zeros(5), np.zeros(5)) for b in intervals(f, f, box)
    ]  # the same units: nothing between them
    found = exact(f, f, box, layers)
    assert found.lower <= found.upper <= found.slack + 1e-6
    assert found.status == "exact"


def test_two_linear_scores_are_a_linear_program():
    rng = np.random.default_rng(5)
    f, g = network(rng, (6, 1)), network(rng, (6, 1))
    box = Box(-np.ones(6), np.ones(6))
    found = exact(f, g, box)
    w, b = f.weights[0][0] - g.weights[0][0], f.biases[0][0] - g.biases[0][0]
    assert found.upper == pytest.approx(np.abs(w).sum() + abs(b), abs=found.slack + 1e-9)
    assert found.status == "exact"


def test_of_a_ball_the_box_around_it_is_solved_and_the_witness_lies_inside():
    rng = np.random.default_rng(6)
    f, g = network(rng, (3, 5, 1)), network(rng, (3, 5, 1))
    ball = Ball(rng.standard_normal(3), 0.5)
    found = exact(f, g, ball)
    box = exact(f, g, Box(ball.centre - 0.5, ball.centre + 0.5))
    assert found.upper == pytest.approx(box.upper, rel=1e-6)
    assert found.witness is not None
    assert ball.holds(found.witness[None]).all()
    x = ball.sample(20_000, rng)
    assert np.abs(f.scores(x) - g.scores(x)).max() <= found.upper


def test_when_time_ends_the_bound_holds_or_nothing_is_claimed():
    rng = np.random.default_rng(7)
    f = network(rng, (8, 24, 24, 1))
    g = network(rng, (8, 24, 24, 1))
    box = Box(-np.ones(8), np.ones(8))
    found = exact(f, g, box, seconds=2.0)
    assert found.status in ("time", "unknown")
    assert found.upper >= sampled(f, g, box, rng)


def test_no_numbers_and_crossed_bounds_are_unknown():
    rng = np.random.default_rng(8)
    f, g = network(rng, (2, 4, 1)), network(rng, (2, 4, 1))
    box = Box(-np.ones(2), np.ones(2))
    broken = Network.of(g.layout, np.where(np.arange(g.layout.size) == 3, math.nan, g.flat))
    assert exact(f, broken, box).status == "unknown"
    assert exact(f, broken, box).upper == math.inf
    (b,) = intervals(f, g, box)
    crossed = [LayerBounds(b.high + 1.0, b.low, b.difference_low, b.difference_high)]
    assert exact(f, g, box, crossed).status == "unknown"
    # bounds that contradict each other leave no point: nothing is proved by that
    empty = [LayerBounds(b.low, b.high, b.difference_high + 1.0, b.difference_high + 2.0)]
    assert exact(f, g, box, empty).status == "unknown"


def test_what_cannot_be_solved_is_refused_by_name():
    rng = np.random.default_rng(10)
    f = network(rng, (2, 4, 1), activation="tanh")
    box = Box(-np.ones(2), np.ones(2))
    with pytest.raises(PlanError, match="not for tanh"):
        exact(f, f, box)
    with pytest.raises(PlanError, match="have to agree"):
        exact(network(rng, (3, 4, 1)), network(rng, (2, 4, 1)), box)

    class Disc:
        dimension = 2
        words = "a disc"

    disc: Any = Disc()
    with pytest.raises(PlanError, match="takes a box"):
        exact(network(rng, (2, 4, 1)), network(rng, (2, 4, 1)), disc)


@pytest.mark.parametrize("widths", [(3, 8, 1), (3, 8, 8, 1)])
def test_as_a_rung_it_has_fewer_units_to_decide_and_the_same_answer(widths):
    rng = np.random.default_rng(11)
    f = network(rng, widths)
    g = network(rng, widths, near=f)
    box = Box(-0.5 * np.ones(3), 0.5 * np.ones(3))
    plain, rung = exact(f, g, box), bound(f, g, box, method="milp", seconds=60.0)
    assert (rung.method, rung.status) == ("milp", "exact")
    assert rung.upper == pytest.approx(plain.upper, rel=3e-4)
    assert unstable(layer_bounds(f, g, box, optimise=20)) <= unstable(intervals(f, g, box))
    # what every other rung proves lies above what is solved
    for method in ("ibp", "joint", "paired", "branching"):
        assert bound(f, g, box, method=method, seconds=1.0).upper >= rung.lower


def test_the_smallest_boxes_are_exact_too():
    """A solver's tolerances are absolute: in boxes of 1e-7 they would be as large as what is looked for."""
    rng = np.random.default_rng(11)
    for size in (1e-8, 1e-7, 1e-5):
        for _ in range(8):
            f = network(rng, (2, 3, 1))
            f = Network.of(f.layout, 100.0 * f.flat)
            g = network(rng, (2, 3, 1), near=f, step=1.0)
            centre = rng.standard_normal(2)
            for net in (f, g):
                net.biases[0][:] = -net.weights[0] @ centre  # every unit bends in the middle of the box
            box = Box(centre - size, centre + size)
            found = exact(f, g, box)
            assert found.status == "exact"
            assert sampled(f, g, box, rng, 4000) <= found.upper
            # what is proved of the difference itself, which the constant in front of it would hide
            d = np.array([f.scores(x) - g.scores(x) for x in (box.low, box.high, centre)])
            assert d.max() <= found.most
            assert -d.min() <= found.least


def test_units_without_a_finite_bound_are_unknown():
    layout = Layout((2, 3, 1), "relu")
    f, g = (Network.of(layout, by * 1e200 * np.ones(layout.size)) for by in (1.0, -1.0))
    found = bound(f, g, Box(np.zeros(2), 1e200 * np.ones(2)), method="milp")
    assert found.status == "unknown"
    assert found.upper == math.inf


def test_what_is_called_exact_is_close_however_small_it_is():
    rng = np.random.default_rng(12)
    f = network(rng, (2, 4, 1))
    small = np.where(np.arange(f.layout.size) < f.layout.size - 5, f.flat, 1e-11 * f.flat)
    f, g = Network.of(f.layout, small), Network.of(f.layout, 0.0 * small)
    found = exact(f, g, Box(-np.ones(2), np.ones(2)))
    assert found.lower > 0
    # the slack of the tolerances is some 1e-5 of the largest term, which is no larger than some times the sum
    assert found.upper <= 1.001 * found.lower or found.status != "exact"
    assert found.upper <= 1.01 * found.lower
