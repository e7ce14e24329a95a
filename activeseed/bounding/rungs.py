"""The rungs of the ladder below branching, for many regions at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from activeseed.bounding.backward import UNIT, Planes, backward
from activeseed.bounding.bounded import Method
from activeseed.bounding.intervals import intervals
from activeseed.bounding.layers import ranges_of
from activeseed.bounding.stacks import Places, Ranges, Stack
from activeseed.bounding.tightening import Lower, Problem, tightest
from activeseed.networks import Layout, Network
from activeseed.plan import Floats

#: steps of ascent on each bound of a hidden unit, and on the last bound
LAYER_STEPS, LAST_STEPS = 10, 60


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


def proved(f: Network, g: Network, places: Places, rung: Method, until: float) -> Sides:
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


def _sides(bounds: Tensor, slack: Tensor, points: Tensor, ranges: tuple[Ranges, ...] = ()) -> Sides:
    most, least = bounds.unbind(-1)
    added = slack.gather(-1, bounds.argmax(-1, keepdim=True))[:, 0]
    return Sides(most.numpy(), least.numpy(), added.numpy(), points.numpy(), ranges)
