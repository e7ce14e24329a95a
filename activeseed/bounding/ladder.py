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
from typing import Literal, get_args

import numpy as np
import torch

from activeseed.bounding.bounded import Bounded, Method
from activeseed.bounding.branching import FEW, ROUNDING, Search, Task, by_inputs, by_units
from activeseed.bounding.climbing import climbed
from activeseed.bounding.layers import words
from activeseed.bounding.regions import Ball, Box, Region
from activeseed.bounding.rounding import evaluation
from activeseed.bounding.rungs import Sides, differences, padded, proved
from activeseed.bounding.stacks import Places, Stack
from activeseed.errors import PlanError
from activeseed.networks import Network
from activeseed.plan import Floats

Rung = Literal["auto", "ibp", "joint", "paired", "branching", "milp"]
#: regions that are bounded at once: each needs a matrix of twice its widest layer by its entries
CHUNK = 64


def bound(
    f: Network,
    g: Network,
    region: Region,
    *,
    method: Rung = "auto",
    seconds: float = 10.0,
    gap: float = 0.01,
    witness: Floats | None = None,
    sides: bool = False,
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
        sides: whether ``most`` and ``least`` are both worked on, for the range of f − g; else branching stops once the
            larger is close, and the other is no looser than that.

    Raises PlanError for another number of inputs, a witness outside the region, or a method that they don't have.
    """
    witnesses = None if witness is None else [witness]
    return bound_many(f, g, [region], method=method, seconds=seconds, gap=gap, witnesses=witnesses, sides=sides)[0]


def bound_many(
    f: Network,
    g: Network,
    regions: Sequence[Region],
    *,
    method: Rung = "auto",
    seconds: float = 10.0,
    gap: float = 0.01,
    witnesses: Sequence[Floats] | None = None,
    sides: bool = False,
) -> list[Bounded]:
    """`bound` for many regions, of one kind (all boxes, or all balls), all but branching done for all of them at once.

    Args:
        f, g, method, gap, sides: as in ``bound``.
        regions: B of them.
        seconds: for each region.
        witnesses: one for each region.
    """
    began = time.monotonic()
    if not regions:
        return []
    _check(f, g, regions, witnesses, method)
    if not (seconds >= 0 and 0 <= gap < 1):
        raise PlanError(
            f"A bound needs seconds of 0 or more and a gap from 0 to below 1; there are {seconds} and {gap}."
        )
    if method == "milp":
        from activeseed.bounding.exact import solved

        return [solved(f, g, region, seconds=seconds) for region in regions]
    if len(regions) > CHUNK:
        out = []
        for at in range(0, len(regions), CHUNK):
            some = None if witnesses is None else witnesses[at : at + CHUNK]
            part = regions[at : at + CHUNK]
            out += bound_many(f, g, part, method=method, seconds=seconds, gap=gap, witnesses=some, sides=sides)
        return out
    rung = _rung(f, g, method)
    if not all(np.isfinite(part).all() for n in (f, g) for part in (*n.weights, *n.biases)):
        return [_unknown(rung, time.monotonic() - began)] * len(regions)
    places = Places.of(regions)
    until = began + seconds * len(regions)
    found = proved(f, g, places, rung, until)
    took = (time.monotonic() - began) / len(regions)
    out = []
    for i in range(len(regions)):
        given = [] if witnesses is None else [_inside(regions[i], witnesses[i])]
        late = time.monotonic() > until
        # of linear functions the least value over a box or a ball is exact; of another region it may be a bound of it
        closed = rung == "closed form" and places.other is None
        one = bounded(
            f,
            g,
            found.at(i),
            [*given, *found.points[i]],
            "paired" if rung == "branching" else rung,
            gap,
            took,
            late,
            closed=closed,
        )
        if rung == "branching" and (one.status in ("bounded", "time") or (sides and one.status == "exact")):
            ends = time.monotonic() + (until - time.monotonic()) / (len(regions) - i)
            one = _branched(f, g, regions[i], found, i, one, gap, ends, sides)
        out.append(one)
    return out


def bounded(
    f: Network,
    g: Network,
    sides: tuple[float, float, float],
    points: Sequence[Floats],
    method: Method,
    gap: float,
    seconds: float,
    late: bool,
    branches: int = 1,
    *,
    closed: bool = False,
) -> Bounded:
    """What was proved of one region, beside the best of some of its inputs. Crossed bounds claim nothing.

    ``closed`` where the bounds are known to be exact.
    """
    most, least, slack = sides
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
    closed = closed or upper - lower <= max(gap * upper, ROUNDING * slack)
    return Bounded(
        min(lower, upper),  # what an evaluation rounds is no part of a gap
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


def _inside(region: Region, witness: Floats) -> Floats:
    """A witness that rounding may have left outside its region, moved into it."""
    point = torch.as_tensor(np.asarray(witness, np.float64))[None]
    return np.asarray(region.project(point)[0].numpy())


def _branched(
    f: Network,
    g: Network,
    region: Region,
    found: Sides,
    at: int,
    before: Bounded,
    gap: float,
    until: float,
    sides: bool,
) -> Bounded:
    """What branching makes of a region's bound."""
    began = time.monotonic()
    place = Places.of([region])
    stack = Stack.of(*padded(f, g))
    task = Task(stack, place, differences(1)[:, 0, :, 0], gap, until)
    search = Search(0.0, None, sides)
    points = torch.as_tensor(found.points[at])
    if before.witness is not None:
        points = torch.cat([torch.as_tensor(before.witness)[None], points])
    task.looked(search, torch.cat([points, climbed(stack, region, points)]))
    known = (before.most, before.least)
    if place.other is None and place.reach.shape[-1] <= FEW:
        low, high = place.corners()
        by_inputs(task, low[0], high[0], known, search)
    else:
        by_units(task, [r.at(torch.tensor([at])) for r in found.ranges], known, search)
    most, least = search.bounds()
    seen = [] if search.witness is None else [search.witness.numpy()]
    both = (min(most, before.most), min(least, before.least), max(search.slack, before.slack))
    late = time.monotonic() > until
    took = before.seconds + time.monotonic() - began
    return bounded(f, g, both, seen, "branching", gap, took, late, search.parts)


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
