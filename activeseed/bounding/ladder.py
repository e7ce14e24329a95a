"""Upper bounds of |f − g| over a region, proved, from the cheapest to the tightest.

``closed form``  two linear scores: exact.
``ibp``          intervals, each network for itself.
``joint``        one linear relaxation of the difference of the two (CROWN).
``paired``       the same with relaxations of its own for the difference of two units, all that is free optimised.
``branching``    the region, or what a unit can be, split in two until the gap or the time is reached.
``milp``         small ReLU networks over boxes, exactly, by a mixed-integer program (`exact`); never taken unasked.

All hold for real arithmetic and for float64, whose rounding is in the ``slack``. A network that is deployed in float32
differs from what is bounded here by what ``rounding.single_precision`` says.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import torch
from torch import Tensor

from activeseed.bounding.backward import UNIT, Planes, backward
from activeseed.bounding.bounded import Bounded, Method
from activeseed.bounding.branching import FEW, ROUNDING, Search, Task, by_inputs, by_units
from activeseed.bounding.climbing import climbed
from activeseed.bounding.intervals import intervals
from activeseed.bounding.layers import ranges_of, words
from activeseed.bounding.regions import Ball, Box, Region
from activeseed.bounding.rounding import evaluation
from activeseed.bounding.stacks import Places, Ranges, Stack
from activeseed.bounding.tightening import Lower, Problem, tightest
from activeseed.errors import PlanError
from activeseed.networks import Layout, Network
from activeseed.plan import Floats

Rung = Literal["auto", "ibp", "joint", "paired", "branching", "milp"]

#: steps of ascent on each bound of a hidden unit, and on the last bound
LAYER_STEPS, LAST_STEPS = 10, 60


def bound(
    f: Network,
    g: Network,
    region: Region,
    *,
    method: Rung = "auto",
    seconds: float = 10.0,
    gap: float = 0.01,
    witness: Floats | None = None,
) -> Bounded:
    """How far the scores of two networks can be apart over a region, proved.

    Args:
        f, g: two networks of the same inputs.
        region: where.
        method: a rung; ``auto`` is exact for linear scores, else paired and then branching. Networks of different depth
            or activation have joint bounds at most.
        seconds: by the clock; what was proved when they end is returned. A first bound is made however few they are.
        gap: branching ends once upper − lower is no more than this share of upper.
        witness: (d,) an input of the region at which the two are known to be far apart (a dream).

    Raises PlanError for another number of inputs, a witness outside the region, or a method that they don't have.
    """
    return bound_many(
        f, g, [region], method=method, seconds=seconds, gap=gap, witnesses=None if witness is None else [witness]
    )[0]


def bound_many(
    f: Network,
    g: Network,
    regions: Sequence[Region],
    *,
    method: Rung = "auto",
    seconds: float = 10.0,
    gap: float = 0.01,
    witnesses: Sequence[Floats] | None = None,
) -> list[Bounded]:
    """`bound` for many regions, of one kind (all boxes, or all balls), all but branching done for all of them at once.

    Args:
        f, g, method, gap: as in ``bound``.
        regions: B of them.
        seconds: for each region.
        witnesses: one for each region.
    """
    began = time.monotonic()
    if not regions:
        return []
    _check(f, g, regions, witnesses, method)
    if method == "milp":
        from activeseed.bounding.exact import solved

        return [solved(f, g, region, seconds=seconds) for region in regions]
    rung = _rung(f, g, method)
    if not all(np.isfinite(part).all() for n in (f, g) for part in (*n.weights, *n.biases)):
        return [_unknown(rung, time.monotonic() - began)] * len(regions)
    places = Places.of(regions)
    until = began + seconds * len(regions)
    found = _proved(f, g, places, rung, until)
    took = (time.monotonic() - began) / len(regions)
    out = []
    for i in range(len(regions)):
        given = [] if witnesses is None else [np.asarray(witnesses[i], np.float64)]
        late = time.monotonic() > until
        one = bounded(
            f, g, found.at(i), [*given, *found.points[i]], "paired" if rung == "branching" else rung, gap, took, late
        )
        if rung == "branching" and one.status in ("bounded", "time"):
            ends = time.monotonic() + (until - time.monotonic()) / (len(regions) - i)
            one = _branched(f, g, regions[i], found, i, one, gap, ends)
        out.append(one)
    return out


@dataclass(frozen=True, eq=False)
class Sides:
    """What a rung proves at B places.

    Attributes:
        most, least: (B,) upper bounds of f − g and of g − f, rounding included.
        slack: (B,) what rounding added to the larger.
        points: (B, K, d) inputs at which the two may be far apart.
        ranges: of the units of every hidden layer, where they were bounded in pairs.
    """

    most: Floats
    least: Floats
    slack: Floats
    points: Floats
    ranges: tuple[Ranges, ...] = ()

    def at(self, place: int) -> tuple[float, float, float]:
        """Those of one place."""
        return float(self.most[place]), float(self.least[place]), float(self.slack[place])


def differences(places: int) -> Tensor:
    """(2, B, 2, 1) rows of g − f and of f − g: their least values are −sup (f − g) and −sup (g − f)."""
    return torch.tensor([[-1.0, 1.0], [1.0, -1.0]], dtype=torch.float64)[:, None, :, None].expand(2, places, 2, 1)


def _proved(f: Network, g: Network, places: Places, rung: Method, until: float) -> Sides:
    """The bounds of a rung below branching."""
    if rung == "ibp":
        bounds, bare = (apart_by_intervals(f, g, places, outward) for outward in (1.0, 0.0))
        return _sides(bounds, bounds - bare, torch.zeros(places.size, 0, places.reach.shape[-1]))
    if rung == "joint":
        planes = joint(f, g, places)
        least = Lower(planes.least(places), planes.slack)
    else:
        stack = Stack.of(*padded(f, g))
        ranges, relaxations = ranges_of(stack, places, True, LAYER_STEPS, until=until)
        problem = Problem(stack, differences(places.size), ranges, relaxations, places, True)
        least, free = tightest(problem, LAST_STEPS, until=until)
        planes = problem.planes(free)
    points = torch.stack([places.lowest(planes.slopes[:, r]) for r in (0, 1)], 1)
    return _sides(-least.bounds, least.slack, points, () if rung == "joint" else tuple(ranges))


def apart_by_intervals(f: Network, g: Network, places: Places, outward: float) -> Tensor:
    """(B, 2) upper bounds of f − g and of g − f, from intervals of each."""
    (f_low, f_high), (g_low, g_high) = (
        (low[0], high[0]) for low, high in (intervals(Stack.of(n), places, outward) for n in (f, g))
    )
    bounds = torch.stack([f_high - g_low, g_high - f_low], -1)
    return bounds + outward * 2.0 * UNIT * bounds.abs()


def joint(f: Network, g: Network, places: Places) -> Planes:
    """(B, 2) planes below g − f and f − g, without pairing: the networks may have any two layouts."""
    parts = []
    for network, rows in zip((f, g), differences(places.size), strict=True):
        stack = Stack.of(network)
        ranges, relaxations = ranges_of(stack, places, False)
        parts.append(backward(stack, rows[None], ranges, relaxations, places))
    slopes, constants, slack = (
        torch.cat([getattr(p, name) for p in parts]).sum(0) for name in ("slopes", "constants", "slack")
    )
    return Planes(slopes, constants, slack)


def padded(f: Network, g: Network) -> tuple[Network, Network]:
    """The two with layers of the same widths: where one has fewer units, some that hear nothing and are not heard."""
    widths = tuple(max(pair) for pair in zip(f.layout.widths, g.layout.widths, strict=True))
    out = []
    for network in (f, g):
        sizes = [(o - len(b), i - w.shape[1]) for o, i, w, b in zip(
            widths[1:], widths, network.weights, network.biases, strict=False
        )]  # fmt: skip
        out.append(
            Network(
                Layout(widths, network.layout.activation, network.layout.link),
                tuple(np.pad(w, ((0, o), (0, i))) for w, (o, i) in zip(network.weights, sizes, strict=True)),
                tuple(np.pad(b, (0, o)) for b, (o, _) in zip(network.biases, sizes, strict=True)),
            )
        )
    return out[0], out[1]


def bounded(
    f: Network,
    g: Network,
    proved: tuple[float, float, float],
    points: Sequence[Floats],
    method: Method,
    gap: float,
    seconds: float,
    late: bool,
    branches: int = 1,
) -> Bounded:
    """What was proved of one region, beside the best of some of its inputs. Crossed bounds claim nothing."""
    most, least, slack = proved
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows shows nothing
        apart = np.abs(f.scores(np.array(points)) - g.scores(np.array(points))) if len(points) else np.zeros(0)
        apart = np.where(np.isfinite(apart), apart, 0.0)
        best = int(apart.argmax()) if len(apart) else None
        lower = 0.0 if best is None else float(apart[best])
        upper = max(most, least)
        crossed = best is not None and lower - sum(evaluation(n, points[best]) for n in (f, g)) > upper
    if not np.isfinite(upper) or not most + least >= 0 or crossed:
        return Bounded(
            lower, np.inf, None if best is None else points[best], np.inf, np.inf, method, "unknown", 0.0, seconds
        )
    closed = method == "closed form" or upper - lower <= max(gap * upper, ROUNDING * slack)
    return Bounded(
        lower,
        upper,
        None if best is None else np.asarray(points[best]),
        most,
        least,
        method,
        "exact" if closed else "time" if late else "bounded",
        slack,
        seconds,
        branches,
    )


def _branched(
    f: Network, g: Network, region: Region, proved: Sides, at: int, before: Bounded, gap: float, until: float
) -> Bounded:
    """What branching makes of a region's bound."""
    began = time.monotonic()
    place = Places.of([region])
    stack = Stack.of(*padded(f, g))
    task = Task(stack, place, differences(1)[:, 0, :, 0], gap, until)
    search = Search(before.lower, None if before.witness is None else torch.as_tensor(before.witness))
    task.looked(search, climbed(stack, region, torch.as_tensor(proved.points[at])))
    known = (before.most, before.least)
    if place.other is None and place.reach.shape[-1] <= FEW:
        low, high = place.corners()
        by_inputs(task, low[0], high[0], known, search)
    else:
        by_units(task, [r.at(torch.tensor([at])) for r in proved.ranges], known, search)
    most, least = search.bounds()
    points = [] if search.witness is None else [search.witness.numpy()]
    sides = (min(most, before.most), min(least, before.least), max(search.slack, before.slack))
    late = time.monotonic() > until
    took = before.seconds + time.monotonic() - began
    return bounded(f, g, sides, points, "branching", gap, took, late, search.parts)


def _sides(bounds: Tensor, slack: Tensor, points: Tensor, ranges: tuple[Ranges, ...] = ()) -> Sides:
    most, least = bounds.unbind(-1)
    added = slack.gather(-1, bounds.argmax(-1, keepdim=True))[:, 0]
    return Sides(most.numpy(), least.numpy(), added.numpy(), points.numpy(), ranges)


def _unknown(method: Method, seconds: float) -> Bounded:
    return Bounded(0.0, np.inf, None, np.inf, np.inf, method, "unknown", 0.0, seconds)


def _rung(f: Network, g: Network, method: Rung) -> Method:
    """The rung that a method comes to for two networks."""
    alike = len(f.weights) == len(g.weights) and (f.layout.activation == g.layout.activation or len(f.weights) == 1)
    if method in ("auto", "paired", "branching") and alike and len(f.weights) == 1:
        return "closed form"
    if method == "auto":
        return "branching" if alike else "joint"
    if method in ("paired", "branching") and not alike:
        raise PlanError(
            f"The networks have the layouts {words(f)} and {words(g)}, and no units in pairs: their difference can be "
            "bounded by method 'joint' or 'ibp'."
        )
    assert method != "milp"  # solved apart
    return method


def _check(f: Network, g: Network, regions: Sequence[Region], witnesses: Sequence[Floats] | None, method: str) -> None:
    if method not in get_args(Rung):
        raise PlanError(f"There is no method {method!r} for a bound; there are {', '.join(get_args(Rung))}.")
    if f.layout.inputs != g.layout.inputs:
        raise PlanError(
            f"One network reads {f.layout.inputs} numbers and the other {g.layout.inputs}: they share no inputs."
        )
    for region in regions:
        if region.dimension != f.layout.inputs:
            raise PlanError(
                f"The region ({region.words}) has {region.dimension} dimensions, and the networks read "
                f"{f.layout.inputs} numbers."
            )
    if len({Box if isinstance(r, Box) else Ball if isinstance(r, Ball) else r for r in regions}) > 1:
        raise PlanError("The regions are of several kinds. Bound boxes and balls apart, and others one by one.")
    if witnesses is None:
        return
    if len(witnesses) != len(regions):
        raise PlanError(f"There are {len(witnesses)} witnesses for {len(regions)} regions. Give one for each.")
    for region, witness in zip(regions, witnesses, strict=True):
        if np.shape(witness) != (region.dimension,) or not region.holds(np.asarray(witness)[None])[0]:
            raise PlanError(f"A witness lies outside its region ({region.words}): it shows nothing about it.")
