"""Bounds of |f − g| over a region: never below what is seen, equal to references, honest where nothing is proved."""

from __future__ import annotations

import time
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise, product

import numpy as np
import pytest
import torch

from activeseed.bounding import ladder
from activeseed.bounding.branching import Search, Task, by_units
from activeseed.bounding.curves import Slopes, above, below, tangents, value
from activeseed.bounding.differences import Edges, corners, exchanged
from activeseed.bounding.from_torch import of_torch
from activeseed.bounding.ladder import Rung, bound, bound_many
from activeseed.bounding.layers import layer_bounds, ranges_of
from activeseed.bounding.regions import Ball, Box
from activeseed.bounding.relaxations import Free
from activeseed.bounding.rounding import evaluation, single_precision
from activeseed.bounding.rungs import differences
from activeseed.bounding.stacks import Places, Ranges, Stack
from activeseed.bounding.tightening import Problem, tightest
from activeseed.dreaming import Near, Sphere, dense
from activeseed.errors import PlanError
from activeseed.networks import Layout, Network

RUNGS: tuple[Rung, ...] = ("ibp", "joint", "paired", "branching")
CURVES = ("tanh", "sigmoid")
F64 = torch.float64


def network(rng, widths, activation="relu", near=None, by=0.1):
    """Of random parameters, or near another one."""
    layout = Layout(widths, activation)
    flat = rng.normal(size=layout.size) if near is None else near.flat + by * rng.normal(size=layout.size)
    return Network.of(layout, flat)


def case(n):
    """Two networks and a region of the plane: every activation, depth, size and kind in turn."""
    rng = np.random.default_rng(n)
    activation = ("relu", "tanh", "sigmoid")[n % 3]
    widths = ((2, 6, 1), (2, 5, 5, 1), (2, 4, 4, 4, 1))[n // 3 % 3]
    f = network(rng, widths, activation)
    g = network(rng, widths, activation, f, (0.02, 0.2, 1.0)[n % 7 % 3])
    centre, size = rng.normal(size=2), (0.05, 0.5, 2.0)[n % 5 % 3]
    return f, g, Box(centre - size, centre + size) if n % 2 else Ball(centre, size)


def grid(region, n=61):
    """Inputs of a region of the plane: all of a fine grid, its corners and edge with it."""
    if isinstance(region, Box):
        return np.stack(np.meshgrid(*np.linspace(region.low, region.high, n).T), -1).reshape(-1, 2)
    angles, far = np.linspace(0, 2 * np.pi, 2 * n), np.linspace(0, 1, n)[:, None]
    circle = np.stack([np.cos(angles), np.sin(angles)], -1)
    return (region.centre + region.radius * (far[..., None] * circle)).reshape(-1, 2)


# --- lines ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("activation", CURVES)
def test_a_line_holds_over_its_range_and_touches_the_curve(activation):
    """The grid misses an extreme by at most ½ max|a″| (step / 2)² < 0.2 · (8e-3)² = 2e-5 (|a″| ≤ 0.77)."""
    rng = np.random.default_rng(0)
    low = torch.tensor(rng.uniform(-8, 6, 300))
    high = low + torch.tensor(rng.exponential(2.0, 300))
    slopes = torch.tensor(rng.choice([-0.2, 0.0, 1e-9, 1e-3, 0.1, 0.25, 0.6, 0.999, 1.0, 1.3], 300))
    z = low + torch.linspace(0, 1, 1001, dtype=F64)[:, None] * (high - low)
    off = value(activation, z) - slopes * z
    over, under = above(activation, slopes, low, high), below(activation, slopes, low, high)
    assert (over >= off.amax(0) - 1e-15).all()
    assert (under <= off.amin(0) + 1e-15).all()
    step = (high - low) / 1000
    assert (over <= off.amax(0) + 0.4 * step**2 + 1e-15).all()
    assert (under >= off.amin(0) - 0.4 * step**2 - 1e-15).all()


@pytest.mark.parametrize("activation", CURVES)
def test_tangents_touch_within_the_range(activation):
    """Of a range on the concave side, at its ends; on the convex side, the chord; of a wide one, through its end."""
    low, high = torch.tensor([0.5, -2.0, -1.0], dtype=F64), torch.tensor([2.0, -0.5, 4.0], dtype=F64)
    found = tangents(activation, low, high)
    a = lambda z: value(activation, z)  # noqa: E731
    chord = (a(high) - a(low)) / (high - low)
    exact = torch.autograd.functional.jacobian(lambda z: a(z).sum(), torch.stack([low[0], high[0]]))
    assert found.most[0].item() == pytest.approx(exact[0].item(), abs=1e-6)
    assert found.least[0].item() == pytest.approx(exact[1].item(), abs=1e-6)
    assert found.most[1].item() == found.least[1].item() == pytest.approx(chord[1].item(), abs=1e-12)
    steepest = max(((a(p) - a(low[2])) / (p - low[2])).item() for p in torch.linspace(0.01, 4, 4000, dtype=F64))
    assert found.most[2].item() == pytest.approx(steepest, abs=1e-5)


def test_a_share_of_slopes():
    slopes = Slopes(torch.tensor(0.1), torch.tensor(0.5), torch.tensor(0.25))
    assert slopes.at(None).item() == pytest.approx(0.2)
    assert slopes.at(torch.tensor(1.0)).item() == pytest.approx(0.5)


def hexagons(rng, n):
    """Ranges (1 place, n units) of two units and their difference, closed, with points of each hexagon."""
    low = rng.uniform(-4, 3, (2, 1, n))
    high = low + rng.exponential(1.5, (2, 1, n))
    inside = rng.uniform(size=(2, 1, n)) * (high - low) + low
    middle, width = inside[1] - inside[0], rng.exponential(0.4, (1, n))
    known = Ranges(torch.tensor(low), torch.tensor(high), (torch.tensor(middle - width), torch.tensor(middle + width)))
    return known.closed()


def points_of(known, unit, n=161):
    """Points of one hexagon, its corners among them."""
    l1, l2 = known.low[:, 0, unit].tolist()
    u1, u2 = known.high[:, 0, unit].tolist()
    dl, du = (x[0, unit].item() for x in known.apart)
    bends = np.clip([l2 - dl, l2 - du, u2 - dl, u2 - du], l1, u1)
    z1 = np.concatenate([np.linspace(l1, u1, n), bends])
    low, high = np.maximum(l2, z1 + dl), np.minimum(u2, z1 + du)
    z2 = low + np.linspace(0, 1, n)[:, None] * np.maximum(high - low, 0)
    return np.broadcast_to(z1, z2.shape).ravel(), z2.ravel()


def test_closed_ranges_lose_no_point_and_leave_no_slack():
    rng = np.random.default_rng(1)
    low, high = torch.tensor(rng.uniform(-3, 0, (2, 1, 50))), torch.tensor(rng.uniform(0, 3, (2, 1, 50)))
    wide = Ranges(low, high, (torch.full((1, 50), -0.3, dtype=F64), torch.full((1, 50), 0.4, dtype=F64)))
    known = wide.closed()
    z = torch.tensor(rng.uniform(-3, 3, (2, 20000)))
    for unit in range(50):
        inside = ((z >= low[:, 0, unit, None]) & (z <= high[:, 0, unit, None])).all(0)
        inside &= (z[1] - z[0] >= -0.3) & (z[1] - z[0] <= 0.4)
        if not inside.any():
            continue
        seen = z[:, inside]
        assert (seen >= known.low[:, 0, unit, None]).all()
        assert (seen <= known.high[:, 0, unit, None]).all()
        first = points_of(known, unit)[0]
        assert known.low[0, 0, unit].item() == pytest.approx(first.min())
    assert (known.low[0] >= known.low[1] - 0.4 - 1e-12).all()
    assert not known.empty.any()


@pytest.mark.parametrize("activation", CURVES)
def test_a_line_for_the_difference_holds_over_the_hexagon_and_touches(activation):
    """A grid with all corners misses an extreme by ½ · 0.77 (step / 2)² in each variable: less than step²."""
    rng = np.random.default_rng(2)
    known = hexagons(rng, 60)
    slopes = torch.tensor(rng.choice([-0.1, 0.0, 1e-6, 0.05, 0.3, 0.7, 1.0, 1.2], (1, 1, 60)))
    over = Edges(activation, known).above(slopes)[0, 0]
    under = -Edges(activation, exchanged(known)).above(slopes)[0, 0]
    for unit in range(60):
        z1, z2 = (torch.tensor(z) for z in points_of(known, unit))
        off = value(activation, z2) - value(activation, z1) - slopes[0, 0, unit] * (z2 - z1)
        step = max((known.high - known.low)[:, 0, unit].tolist()) / 160
        assert off.max() - 1e-13 <= over[unit] <= off.max() + step**2 + 1e-13
        assert off.min() + 1e-13 >= under[unit] >= off.min() - step**2 - 1e-13


#: of (a(z₁), a(z₂), z₁, z₂): least where an axis meets the edge, and at the origin
BENT = [(0, 1, 1, -0.5), (0, 1, -1, -0.5), (1, 0, -0.5, 1), (1, 0, -0.5, -1), (1, 1, -0.5, -0.5), (2, 1, -1.5, -0.2)]


def test_a_piecewise_linear_function_is_least_at_a_corner():
    rng = np.random.default_rng(3)
    known = hexagons(rng, 60)
    first, second = corners(known)
    for unit in range(60):
        z1, z2 = points_of(known, unit)
        c1, c2 = first[0, unit].numpy(), second[0, unit].numpy()
        # points of the axes: the grid holds no others at which a function can be least
        dl, du = (x[0, unit].item() for x in known.apart)
        (l1, l2), (u1, u2) = known.low[:, 0, unit].tolist(), known.high[:, 0, unit].tolist()
        along = np.linspace(max(l1, -du), min(u1, -dl), 9) if l2 <= 0 <= u2 and max(l1, -du) <= min(u1, -dl) else []
        across = np.linspace(max(l2, dl), min(u2, du), 9) if l1 <= 0 <= u1 and max(l2, dl) <= min(u2, du) else []
        z1 = np.concatenate([z1, along, np.zeros(len(across))])
        z2 = np.concatenate([z2, np.zeros(len(along)), across])
        for weights in (*rng.normal(size=(3, 4)), *np.array(BENT, float)):
            at = lambda x, y, w=weights: w @ [np.maximum(x, 0), np.maximum(y, 0), x, y]  # noqa: E731
            assert at(c1, c2).min() <= at(z1, z2).min() + 1e-12
        assert (c2 - c1 >= dl - 1e-12).all()
        assert (c2 - c1 <= du + 1e-12).all()
        assert (c1 >= l1 - 1e-12).all()
        assert (c2 <= u2 + 1e-12).all()


@pytest.mark.parametrize("activation", CURVES)
def test_a_difference_can_be_largest_inside_its_hexagon(activation):
    """Where a′ is the slope on both sides of 0: a(z*) − a(−z*) − 2 s z*."""
    wide = torch.full((2, 1, 1), 4.0, dtype=F64)
    known = Ranges(-wide, wide, (torch.tensor([[-8.0]], dtype=F64), torch.tensor([[8.0]], dtype=F64)))
    slope = 0.1
    z = np.arccosh(1 / np.sqrt(slope)) if activation == "tanh" else 2 * np.arccosh(1 / np.sqrt(4 * slope))
    a = lambda x: value(activation, torch.tensor(x, dtype=F64)).item()  # noqa: E731
    found = Edges(activation, known).above(torch.full((1, 1, 1), slope, dtype=F64)).item()
    assert found == pytest.approx(a(z) - a(-z) - 2 * slope * z, rel=1e-12)


# --- bounds -----------------------------------------------------------------------------------------------------------


# the first eighteen have every activation and depth with both regions
@pytest.mark.parametrize("n", [*range(18), *(pytest.param(n, marks=pytest.mark.slow) for n in range(18, 36))])
def test_no_bound_is_below_what_is_seen(n):
    """Of each side, on every rung; with rounding in the slack, nothing is allowed for it here."""
    f, g, region = case(n)
    apart = f.scores(grid(region)) - g.scores(grid(region))
    for rung in RUNGS:
        found = bound(f, g, region, method=rung, seconds=0.2)
        assert found.status in ("exact", "bounded", "time")
        assert found.most >= apart.max()
        assert found.least >= -apart.min()
        assert found.upper == max(found.most, found.least)
        assert found.lower <= found.upper
        if found.witness is not None:
            assert region.holds(found.witness[None])[0]
            assert found.lower == pytest.approx(abs(float(f.scores(found.witness) - g.scores(found.witness))))


@pytest.mark.parametrize("n", range(0, 36, 4))
def test_branching_ends_where_the_truth_is(n):
    """The grid's step h misses the maximum of a Lipschitz function by no more than ~ L h: 5 % is ample for these."""
    f, g, region = case(n)
    apart = np.abs(f.scores(grid(region, 201)) - g.scores(grid(region, 201)))
    found = bound(f, g, region, seconds=20.0, gap=0.02)
    assert found.status == "exact"
    assert found.upper <= 1.05 * apart.max()
    assert found.upper - found.lower <= 0.02 * found.upper + 1e-9


@pytest.mark.parametrize("n", range(1, 36, 7))
def test_both_sides_can_be_closed(n):
    """The range of f − g: each side within the gap (of the larger) of a fine grid's, and 2 % for what that misses."""
    f, g, region = case(n)
    apart = f.scores(grid(region, 201)) - g.scores(grid(region, 201))
    found = bound(f, g, region, seconds=20.0, gap=0.02, sides=True)
    assert apart.max() <= found.most <= apart.max() + 0.04 * found.upper
    assert -apart.min() <= found.least <= -apart.min() + 0.04 * found.upper


def crown(layers, region, row):
    """The textbook: a lower bound of row · score by one backward pass, with ranges of the units found the same way."""

    def back(depth, row):
        weights, bias = layers[depth]
        slopes, constant = row @ weights, row @ bias
        for k in range(depth - 1, -1, -1):
            low, high = ranges[k]
            for i, weight in enumerate(slopes):
                if low[i] >= 0:
                    continue
                if high[i] <= 0:
                    slopes[i] = 0.0
                elif weight < 0:
                    chord = high[i] / (high[i] - low[i])
                    constant += -weight * chord * low[i]
                    slopes[i] = weight * chord
                elif high[i] <= -low[i]:
                    slopes[i] = 0.0
            weights, bias = layers[k]
            slopes, constant = slopes @ weights, constant + slopes @ bias
        return slopes, constant

    def least(slopes, constant):
        if isinstance(region, Box):
            return np.minimum(slopes * region.low, slopes * region.high).sum() + constant
        return slopes @ region.centre - region.radius * np.linalg.norm(slopes) + constant

    ranges = []
    for depth in range(len(layers) - 1):
        eye = np.eye(len(layers[depth][1]))
        low = np.array([least(*back(depth, e.copy())) for e in eye])
        high = np.array([-least(*back(depth, -e)) for e in eye])
        ranges.append((low, high))
    return back(len(layers) - 1, row)


@pytest.mark.parametrize("n", range(0, 36, 3))
def test_the_joint_bound_is_the_textbooks(n):
    """Both networks in one linear function, made least once: not the difference of two bounds."""
    f, g, region = case(n)
    for side, signs in (("most", (-1.0, 1.0)), ("least", (1.0, -1.0))):
        parts = [
            crown(list(zip(net.weights, net.biases, strict=True)), region, np.array([sign]))
            for net, sign in zip((f, g), signs, strict=True)
        ]
        slopes, constant = parts[0][0] + parts[1][0], parts[0][1] + parts[1][1]
        if isinstance(region, Box):
            least = np.minimum(slopes * region.low, slopes * region.high).sum() + constant
        else:
            least = slopes @ region.centre - region.radius * np.linalg.norm(slopes) + constant
        found = bound(f, g, region, method="joint")
        assert getattr(found, side) == pytest.approx(-float(least), rel=1e-9, abs=1e-9)


def test_a_network_is_nowhere_apart_from_itself():
    rng = np.random.default_rng(4)
    for activation in ("relu", *CURVES):
        f = network(rng, (5, 7, 7, 1), activation)
        found = bound(f, f, Ball(np.zeros(5), 2.0))
        assert 0.0 < found.upper <= 10.0 * found.slack < 1e-9
        assert found.method == "paired"
        assert (found.lower, found.status) == (0.0, "exact")
    found = bound(f, f, Box(-np.ones(5), np.ones(5)), method="joint")
    assert found.upper > 1e-3, "without pairs nothing is known of what two networks have in common"


@pytest.mark.parametrize("n", range(0, 36, 5))
def test_two_networks_change_places(n):
    """Of whatever is computed by rule; ascent then takes other steps where two choices are equally good."""
    f, g, region = case(n)
    for rung in ("ibp", "joint"):
        one, other = (bound(*pair, region, method=rung) for pair in ((f, g), (g, f)))
        assert (one.most, one.least) == pytest.approx((other.least, other.most), rel=1e-9)
    found = []
    for pair in ((f, g), (g, f)):
        stack, places = Stack.of(*pair), Places.of([region])
        ranges, relaxations = ranges_of(stack, places, True)
        lower, _ = Problem(stack, differences(1), ranges, relaxations, places, True).by_rule()
        found.append(lower.bounds[0].tolist())
    assert found[0] == pytest.approx(found[1][::-1], rel=1e-9)


def test_a_smaller_region_has_no_larger_bound():
    """Intervals and closed forms are monotone by construction, branching up to its gap."""
    for n in range(3):
        f, g, _ = case(n)
        linear = (Network.of(Layout((2, 1)), f.flat[:3]), Network.of(Layout((2, 1)), g.flat[:3]))
        regions = [Box(-np.full(2, r), np.full(2, r)) for r in (0.1, 0.4, 1.0)]
        for (a, b), gap in (((f, g), 0.0), (linear, 0.0), ((f, g), 0.02)):
            rung: Rung = "branching" if gap else "auto" if a is linear[0] else "ibp"
            uppers = [bound(a, b, r, method=rung, gap=0.02, seconds=20).upper for r in regions]
            assert all(inner <= outer * (1 + 1.1 * gap) for inner, outer in pairwise(uppers)), (n, rung)


def exactly(network, point):
    """The score in rational numbers (ReLU)."""
    hidden = [Fraction(x) for x in point]
    for k, (w, b) in enumerate(zip(network.weights, network.biases, strict=True)):
        hidden = [
            sum((Fraction(x) * h for x, h in zip(row, hidden, strict=True)), Fraction(c))
            for row, c in zip(w, b, strict=True)
        ]
        if k < len(network.weights) - 1:
            hidden = [max(h, Fraction(0)) for h in hidden]
    return hidden[0]


def test_linear_scores_are_exact_to_the_last_bit_and_never_below():
    """At a corner, in rational arithmetic: the bound is above the truth, and within twice its slack of it."""
    rng = np.random.default_rng(5)
    for _ in range(40):
        f, g = (network(rng, (6, 1)) for _ in range(2))
        low = rng.normal(size=6)
        high = low + rng.exponential(size=6)
        found = bound(f, g, Box(low, high))
        assert found.method == "closed form"
        truth = max(abs(exactly(f, x) - exactly(g, x)) for x in product(*zip(low.tolist(), high.tolist(), strict=True)))
        assert truth <= Fraction(found.upper) <= truth + 2 * Fraction(found.slack)
        assert 0 < found.slack < 1e-10


def test_exact_arithmetic_is_never_above_a_relaxation():
    """Regions of no size: the bound is the score's own difference there, and what rounding did is in the slack."""
    rng = np.random.default_rng(6)
    for _ in range(4):
        f = network(rng, (4, 8, 8, 1))
        g = network(rng, (4, 8, 8, 1), near=f, by=1e-9)
        x = rng.normal(size=4)
        truth = abs(exactly(f, x) - exactly(g, x))
        for rung in RUNGS:
            found = bound(f, g, Box(x, x), method=rung)
            assert truth <= Fraction(found.upper)
            assert found.upper <= float(truth) + 4 * found.slack + 1e-12


@pytest.mark.parametrize("activation", ["relu", *CURVES])
@pytest.mark.parametrize("kind", [Box, Ball])
def test_whatever_is_chosen_is_sound(activation, kind):
    """α in [0, 1], any μ, multipliers ≥ 0: 40 random choices, against a grid."""
    rng = np.random.default_rng(7)
    f = network(rng, (2, 5, 5, 1), activation)
    g = network(rng, (2, 5, 5, 1), activation, f, 0.3)
    region = Box(-np.ones(2), np.ones(2)) if kind is Box else Ball(np.zeros(2), 1.2)
    stack, places = Stack.of(f, g), Places.of([region])
    ranges, relaxations = ranges_of(stack, places, True)
    problem = Problem(stack, differences(1), ranges, relaxations, places, True)
    apart = g.scores(grid(region)) - f.scores(grid(region))
    seen = torch.tensor([apart.min(), -apart.max()])
    draw = lambda *shape: torch.tensor(rng.uniform(size=shape))  # noqa: E731
    for scale in np.geomspace(0.01, 3, 40):
        free = [
            Free(
                draw(2, 1, 2, 5),
                torch.tensor(rng.normal(0.5, 1.0, (1, 2, 5))),
                draw(1, 2, 5),
                scale * draw(2, 2, 1, 2, 5),
                scale * draw(2, 1, 2, 5),
            )
            for _ in ranges
        ]
        assert (problem.planes(free).least(places)[0] <= seen).all()


def test_ascent_is_no_worse_than_the_rules():
    f, g, region = case(6)
    stack, places = Stack.of(f, g), Places.of([region])
    ranges, relaxations = ranges_of(stack, places, True)
    problem = Problem(stack, differences(1), ranges, relaxations, places, True)
    before, _ = tightest(problem, 0)
    after, _ = tightest(problem, 20)
    assert (after.bounds >= before.bounds).all()
    assert (after.slack > 0).all()
    tighter, _ = ranges_of(stack, places, True, 10)
    assert all((b.low >= a.low - 1e-12).all() for a, b in zip(ranges[:1], tighter[:1], strict=True))
    assert (tighter[1].high - tighter[1].low).sum() < (ranges[1].high - ranges[1].low).sum()


@dataclass(frozen=True, eq=False)
class Watched(Task):
    """A task that notes the bound whenever it is asked whether to go on."""

    seen: list = None  # type: ignore[assignment]

    def going(self, search):
        self.seen.append(search.upper)
        return super().going(search)


@pytest.mark.parametrize(("activation", "widths"), [("relu", (2, 5, 4, 1)), ("tanh", (2, 3, 1))])
def test_splits_of_units_end_at_the_truth_and_never_loosen(activation, widths):
    """Unit splits alone, where the ladder would split the two entries of the input: 5 % of a fine grid's maximum."""
    rng = np.random.default_rng(8)
    f = network(rng, widths, activation)
    g = network(rng, widths, activation, f, 0.3)
    region = Box(-np.ones(2), np.ones(2))
    stack, places = Stack.of(f, g), Places.of([region])
    ranges, _ = ranges_of(stack, places, True)
    task = Watched(stack, places, differences(1)[:, 0, :, 0], 0.045, time.monotonic() + 200, [])
    search = by_units(task, ranges, (np.inf, np.inf), Search(0.0, None))
    assert all(b <= a for a, b in pairwise(task.seen))
    apart = np.abs(f.scores(grid(region, 301)) - g.scores(grid(region, 301))).max()
    assert apart <= search.upper <= 1.05 * apart
    assert search.parts > 2


def test_leaves_are_finished():
    """More inputs than are split, a gap that ascent does not reach: every unit decided, the linear program ends it.

    The witness and the bound then meet: both are exact up to rounding and the program's tolerance (1e-7).
    """
    rng = np.random.default_rng(9)
    f = network(rng, (12, 5, 1))
    g = network(rng, (12, 5, 1), near=f, by=0.5)
    found = bound(f, g, Box(-np.ones(12), np.ones(12)), gap=1e-6, seconds=60)
    assert found.method == "branching"
    assert found.status == "exact"
    assert found.upper - found.lower <= 1e-6 * found.upper


def test_a_ball_of_many_entries():
    """Sampled and climbed from below; the gap asked for is reached for one hidden layer of curves."""
    rng = np.random.default_rng(10)
    f = network(rng, (40, 6, 1), "tanh")
    g = network(rng, (40, 6, 1), "tanh", f, 0.05)
    region = Ball(rng.normal(size=40) / 6, 0.3)
    found = bound(f, g, region, seconds=30, gap=0.03)
    assert found.upper >= np.abs(f.scores(region.sample(4000, rng)) - g.scores(region.sample(4000, rng))).min()
    assert found.upper <= found.lower / 0.97
    assert found.witness is not None
    assert np.linalg.norm(found.witness - region.centre) <= region.radius * (1 + 1e-12)


@dataclass(frozen=True, eq=False)
class Segment:
    """The inputs between two ends: a region that is neither a box nor a ball."""

    one: np.ndarray
    other: np.ndarray
    words: str = "a segment"

    @property
    def dimension(self):
        return len(self.one)

    def least(self, slopes):
        return torch.minimum(slopes @ torch.tensor(self.one), slopes @ torch.tensor(self.other))

    def project(self, points):
        one, along = torch.tensor(self.one), torch.tensor(self.other - self.one)
        return one + (((points - one) @ along) / (along @ along)).clamp(0, 1)[..., None] * along

    def sample(self, n, generator):
        return self.one + generator.random((n, 1)) * (self.other - self.one)

    def holds(self, points, slack=1e-9):
        return np.abs(self.project(torch.tensor(points)).numpy() - points).max(-1) <= slack


def test_a_region_of_ones_own():
    for n in (0, 1, 5):
        f, g, _ = case(n)
        region = Segment(np.array([-1.0, 0.5]), np.array([1.0, 2.0]))
        inputs = region.one + np.linspace(0, 1, 2001)[:, None] * (region.other - region.one)
        apart = np.abs(f.scores(inputs) - g.scores(inputs)).max()
        for rung in RUNGS:
            found = bound(f, g, region, method=rung, seconds=60 if f.layout.activation == "relu" else 0.3)
            assert found.upper >= apart
        if f.layout.activation == "relu":
            assert found.upper <= 1.05 * apart + 1e-9


def test_a_box_and_a_ball_have_less_in_common_than_either():
    rng = np.random.default_rng(11)
    slopes = torch.tensor(rng.normal(size=(1, 50, 3)))
    low, high = torch.tensor([[0.2, -0.1, 0.3]], dtype=F64), torch.tensor([[1.0, 0.9, 0.8]], dtype=F64)
    places = Places.within(low, high, (torch.zeros(1, 3, dtype=F64), torch.ones(1, dtype=F64)))
    points = torch.tensor(rng.uniform(low[0], high[0], (200000, 3)))
    points = points[torch.linalg.vector_norm(points, dim=1) <= 1]
    seen = (slopes[0] @ points.T).amin(-1)
    found = places.least(slopes)[0]
    assert (found <= seen).all()
    # the sample's nearest miss in three dimensions: 2e5 points of a body of volume < 1, so a spacing of ~ 0.02
    assert (found >= seen - 0.1 * torch.linalg.vector_norm(slopes[0], dim=-1)).all()
    assert not places.apart.any()
    far = Places.within(low + 1, high + 1, (torch.zeros(1, 3, dtype=F64), torch.ones(1, dtype=F64)))
    assert far.apart.all()


def test_many_regions_are_bounded_as_one_by_one(monkeypatch):
    """A batch changes the order of sums in the last bits alone, and gradients by as much."""
    f, g, _ = case(7)
    regions = [Ball(np.array([x, 0.3]), 0.2) for x in (-1.0, 0.0, 1.0)]
    monkeypatch.setattr(ladder, "CHUNK", 2)
    for rung in ("ibp", "joint", "paired"):
        together = bound_many(f, g, regions, method=rung, seconds=60)
        for one, region in zip(together, regions, strict=True):
            assert one.upper == pytest.approx(bound(f, g, region, method=rung, seconds=60).upper, rel=1e-6)
    assert bound_many(f, g, []) == []


def test_layers():
    """Every unit's range and every difference hold on a grid; ascent makes them no wider."""
    for n in (3, 4, 5, 9):
        f, g, region = case(n)
        loose, tight = (layer_bounds(f, g, region, optimise=steps) for steps in (0, 10))
        hidden = [grid(region)] * 2
        for layer, (rough, fine) in enumerate(zip(loose, tight, strict=True)):
            units = [h @ net.weights[layer].T + net.biases[layer] for h, net in zip(hidden, (f, g), strict=True)]
            for known in (rough, fine):
                assert known.low.shape == known.high.shape == (2, units[0].shape[1])
                assert (np.array([u.min(0) for u in units]) >= known.low).all()
                assert (np.array([u.max(0) for u in units]) <= known.high).all()
                assert ((units[1] - units[0]).min(0) >= known.difference_low).all()
                assert ((units[1] - units[0]).max(0) <= known.difference_high).all()
            width = lambda b: (b.difference_high - b.difference_low).sum()  # noqa: E731
            assert width(fine) <= width(rough) + 1e-9
            hidden = [value(f.layout.activation, torch.tensor(u)).numpy() for u in units]


# --- what can't be proved, and what is refused ------------------------------------------------------------------------


@pytest.mark.parametrize("rung", ["auto", *RUNGS])
@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e200])
def test_numbers_that_are_none_prove_nothing(rung, bad):
    rng = np.random.default_rng(12)
    f, flat = network(rng, (3, 4, 4, 1)), network(rng, (3, 4, 4, 1)).flat
    flat[5:12] = bad
    flat[20:30] = bad
    found = bound(f, Network.of(f.layout, flat), Box(-np.ones(3), np.ones(3)), method=rung, seconds=2)
    if bad != 1e200:
        assert found.status == "unknown"
    assert found.status == "unknown" or found.upper > 1e190
    assert found.upper == np.inf or found.upper > 1e190
    assert not np.isnan([found.lower, found.upper, found.most, found.least]).any()


def test_a_witness_above_the_bound_makes_it_unknown(monkeypatch):
    """A mistake in a relaxation that a witness shows is not handed on as a certificate."""
    f, g, region = case(1)
    honest = bound(f, g, region, method="joint")
    monkeypatch.setattr(Places, "least", lambda self, slopes: torch.zeros(slopes.shape[:-1], dtype=F64) + 1e3)
    found = bound(f, g, region, method="joint", witness=honest.witness)
    assert (found.status, found.upper) == ("unknown", np.inf)


@pytest.mark.parametrize("n", [3, 4, 8])
def test_no_time_still_gives_a_bound(n):
    f, g, region = case(n)
    found = bound(f, g, region, seconds=0.0, gap=0.0)
    apart = np.abs(f.scores(grid(region)) - g.scores(grid(region))).max()
    assert apart <= found.upper < np.inf
    assert found.status in ("time", "exact")


def test_networks_of_other_shapes():
    rng = np.random.default_rng(13)
    region = Box(-np.ones(2), np.ones(2))
    f, wide = network(rng, (2, 4, 1), "tanh"), network(rng, (2, 7, 1), "tanh")
    deep, other = network(rng, (2, 4, 4, 1), "tanh"), network(rng, (2, 4, 1), "relu")
    linear = network(rng, (2, 1))
    for g in (wide, deep, other, linear):
        apart = np.abs(f.scores(grid(region)) - g.scores(grid(region))).max()
        for rung in ("auto", "ibp", "joint"):
            assert bound(f, g, region, method=rung, seconds=2).upper >= apart
    assert bound(f, wide, region, seconds=20).status == "exact"
    assert bound(f, deep, region).method == "joint"
    with pytest.raises(PlanError, match="2-4-1 tanh and 2-4-4-1 tanh"):
        bound(f, deep, region, method="paired")
    with pytest.raises(PlanError, match="same widths"):
        layer_bounds(f, wide, region)


def test_what_is_refused():
    rng = np.random.default_rng(14)
    f, g = network(rng, (2, 4, 1)), network(rng, (2, 4, 1))
    with pytest.raises(PlanError, match="3 dimensions"):
        bound(f, g, Ball(np.zeros(3), 1.0))
    with pytest.raises(PlanError, match="2 numbers and the other 3"):
        bound(f, network(rng, (3, 4, 1)), Ball(np.zeros(2), 1.0))
    with pytest.raises(PlanError, match="outside its region"):
        bound(f, g, Ball(np.zeros(2), 1.0), witness=np.ones(2))
    with pytest.raises(PlanError, match="no method 'crown'"):
        bound(f, g, Ball(np.zeros(2), 1.0), method="crown")  # type: ignore[arg-type]
    with pytest.raises(PlanError, match="gap from 0 to below 1"):
        bound(f, g, Ball(np.zeros(2), 1.0), gap=-0.1)
    with pytest.raises(PlanError, match="several kinds"):
        bound_many(f, g, [Ball(np.zeros(2), 1.0), Box(np.zeros(2), np.ones(2))])
    with pytest.raises(PlanError, match="1 witnesses for 2"):
        bound_many(f, g, [Ball(np.zeros(2), 1.0)] * 2, witnesses=[np.zeros(2)])


# --- rounding ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("activation", ["relu", *CURVES])
def test_float32_stays_within_what_is_said_of_it(activation):
    rng = np.random.default_rng(15)
    f = network(rng, (20, 16, 16, 1), activation)
    region = Ball(rng.normal(size=20), 0.5)
    said = single_precision(f, region)
    inputs = region.sample(2000, rng)
    hidden = torch.tensor(inputs, dtype=torch.float32)
    for k, (w, b) in enumerate(zip(f.weights, f.biases, strict=True)):
        hidden = hidden @ torch.tensor(w, dtype=torch.float32).T + torch.tensor(b, dtype=torch.float32)
        hidden = hidden if k == 2 else value(activation, hidden)
    seen = np.abs(hidden[:, 0].double().numpy() - f.scores(inputs)).max()
    assert seen <= said <= 1e-2


def test_what_one_layer_loses_the_next_ones_keep():
    """x₁ − x₂ of two numbers near 1000, whose float32 is 6e-5 wide: nearly all of the error comes from the input."""
    layout = Layout((2, 1, 1), "relu")
    f = Network(layout, (np.array([[1.0, -1.0]]), np.array([[1.0]])), (np.zeros(1), np.zeros(1)))
    point = np.array([1000.1, 1000.0])
    off = abs(float(np.float32(point[0]) - np.float32(point[1])) - float(point[0] - point[1]))
    assert 1e-6 < off <= single_precision(f, Box(point, point)) < 1e-3


def test_an_evaluation_is_as_close_as_is_said():
    rng = np.random.default_rng(16)
    for _ in range(20):
        f, x = network(rng, (5, 6, 6, 1)), rng.normal(size=5)
        off = abs(Fraction(float(f.scores(x))) - exactly(f, x))
        assert off <= Fraction(evaluation(f, x))
        assert evaluation(f, x) < 1e-10


# --- numbers at the ends of what is possible --------------------------------------------------------------------------


@pytest.mark.parametrize("rung", ["ibp", "joint", "branching"])
@pytest.mark.parametrize("region", [Ball(np.ones(3), 1.0), Sphere(3), Near(np.eye(3), 0.5), Near(np.eye(3), 0.5, True)])
def test_the_smallest_weights_part_as_far_as_they_do(rung, region):
    """Squares of 1e-180 are zero, and so would be a length that is made of them."""
    rng = np.random.default_rng(0)
    f, g = (Network.of(Layout((3, 1)), 1e-180 * rng.standard_normal(4)) for _ in range(2))
    found = bound(f, g, region, method=rung, seconds=0.2)
    x = region.project(torch.tensor(10.0 * rng.standard_normal((200, 3)))).numpy()
    assert found.status != "unknown"
    assert 0 < np.abs(f.scores(x) - g.scores(x)).max() <= found.upper


def test_a_cap_seen_from_its_far_side():
    """Where the steepest way up is within 1e-8 of the cap's centre, an angle has half of the digits."""
    rng = np.random.default_rng(1)
    for _ in range(200):
        centre = rng.standard_normal(12)
        centre /= np.linalg.norm(centre)
        region = Near(centre[None], 1.0, True)
        slope = centre + 1e-8 * rng.standard_normal(12)
        across = slope - (slope @ centre) * centre
        across -= (across @ centre) * centre
        angle = np.pi / 3  # of a chord of length 1
        # the least is reached on the edge of the cap, away from the slope
        least = slope @ centre * np.cos(angle) - np.linalg.norm(across) * np.sin(angle)
        assert float(region.least(torch.tensor(slope))) <= least + 1e-15


def test_where_data_are_dense_what_was_rounded_is_allowed_for():
    """In a principal direction what other directions add is a difference of equal numbers."""
    rng = np.random.default_rng(2)
    data = rng.standard_normal((400, 6)) * np.array([1e3, 1e2, 1.0, 1.0, 1.0, 1.0])
    region = dense(data, key=0)
    scaled = torch.tensor(region.directions)
    small = region.least(1e-170 * scaled)
    torch.testing.assert_close(small / 1e-170, region.least(scaled), rtol=1e-12, atol=0.0)


def test_linear_scores_are_exact_over_boxes_and_balls_alone():
    """Of where data are dense the least value is a bound, so that a gap is left and said."""
    rng = np.random.default_rng(3)
    f, g = (Network.of(Layout((4, 1)), rng.standard_normal(5)) for _ in range(2))
    found = bound(f, g, dense(rng.standard_normal((200, 4)), key=0))
    assert found.method == "closed form"
    assert found.lower < 0.99 * found.upper
    assert found.status == "bounded"
    assert bound(f, g, Ball(np.zeros(4), 1.0)).status == "exact"


def test_a_witness_that_rounding_left_outside_is_moved_in():
    f, g = (Network.of(Layout((2, 1)), w) for w in (np.array([1e3, 0.0, 0.0]), np.zeros(3)))
    box = Box(np.zeros(2), np.ones(2))
    found = bound(f, g, box, witness=np.array([1.0 + 5e-10, 0.5]))
    assert found.status == "exact"
    assert found.witness is not None
    assert box.holds(found.witness[None], 0.0)[0]


def test_layers_that_compute_in_their_own_way_are_named():
    class Halved(torch.nn.Linear):
        def forward(self, x):
            return 0.5 * super().forward(x)

    class Around(torch.nn.Sequential):
        def forward(self, x):
            return super().forward(x) + 1.0

    for model, name in (
        (torch.nn.Sequential(Halved(2, 1)), "Halved"),
        (torch.nn.Sequential(Around(torch.nn.Linear(2, 1))), "Around"),
    ):
        with pytest.raises(PlanError, match=name):
            of_torch(model)
    replaced = torch.nn.Linear(2, 1)
    vars(replaced)["forward"] = lambda x: x[:, :1]
    with pytest.raises(PlanError, match="Linear"):
        of_torch(replaced)
