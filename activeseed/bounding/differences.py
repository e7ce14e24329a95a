"""What the activations of two units differ by, over all that is known: the ranges of both, and that of d = z₂ − z₁.

The three ranges cut a hexagon out of the plane of (z₁, z₂). What matched networks have in common is that it is thin:
|d| is small where the ranges are wide. A line over the hexagon is as free as one over a range (``curves``): of given
slopes, the best constant is the extreme of a function of two variables over a polygon, and can be had exactly.
"""

from __future__ import annotations

import torch
from torch import Tensor

from activeseed.bounding.curves import turning, value
from activeseed.bounding.stacks import Ranges
from activeseed.networks import Activation

Pair = tuple[Tensor, Tensor]


def _within(z: Tensor, low: Tensor, high: Tensor) -> Tensor:
    return torch.minimum(torch.maximum(z, low), high)


def corners(ranges: Ranges) -> Pair:
    """(B, n, 13) points (z₁, z₂) of the hexagon, among them all at which a piecewise linear function can be extreme.

    A function that is linear but for bends at z₁ = 0 and at z₂ = 0 is linear on each of the parts into which the two
    axes cut the hexagon, and so extreme at a corner of a part: a corner of the hexagon (its two sides d = const never
    meet, so that one of the two sides is z₁ = const or z₂ = const: 8), a point where an axis meets its edge (4), or the
    origin. Points that would lie outside are moved into the hexagon. Needs ``closed`` ranges.
    """
    (l1, l2), (u1, u2), (dl, du) = ranges.low, ranges.high, _known(ranges)
    zero = torch.zeros_like(l1)
    first, second = [], []
    for z1 in (l1, u1, _within(zero, l1, u1)):
        for z2 in (torch.maximum(l2, z1 + dl), torch.minimum(u2, z1 + du)):
            first.append(z1)
            second.append(z2)
    for z2 in (l2, u2, _within(zero, l2, u2)):
        for z1 in (torch.maximum(l1, z2 - du), torch.minimum(u1, z2 - dl)):
            first.append(z1)
            second.append(z2)
    z1 = _within(zero, l1, u1)
    first.append(z1)
    second.append(_within(zero, torch.maximum(l2, z1 + dl), torch.minimum(u2, z1 + du)))
    return torch.stack(first, -1), torch.stack(second, -1)


class Edges:
    """The points of the hexagon at which a curve's a(z₂) − a(z₁) − s (z₂ − z₁) can be largest, whatever s."""

    def __init__(self, activation: Activation, ranges: Ranges) -> None:
        self.activation, self.ranges = activation, ranges
        (l1, l2), (u1, u2), (dl, du) = ranges.low, ranges.high, _known(ranges)
        first, second = [], []
        for z1 in (l1, u1):
            for z2 in (torch.maximum(l2, z1 + dl), torch.minimum(u2, z1 + du)):
                first.append(z1)
                second.append(z2)
        for z2 in (l2, u2):
            for z1 in (torch.maximum(l1, z2 - du), torch.minimum(u1, z2 - dl)):
                first.append(z1)
                second.append(z2)
        for d in (dl, du):
            first.append(_within(-0.5 * d, torch.maximum(l1, l2 - d), torch.minimum(u1, u2 - d)))
            second.append(first[-1] + d)
        self.rise, self.run = _between(activation, first, second)

    def above(self, slopes: Tensor) -> Tensor:
        """(B, R, n) slopes s -> the least t with a(z₂) − a(z₁) ≤ s (z₂ − z₁) + t over the hexagon: exact.

        With h(z) = a(z) − s z it is the largest h(z₂) − h(z₁). h rises between its turning points −z* and z*, where
        a′ = s, and falls outside. Inside the hexagon the largest value can only lie at (−z*, z*); on a side z₁ = const
        at its ends or at z₂ = z*, on a side z₂ = const at its ends or at z₁ = −z*; on a side d = const at its ends
        (ends of others) or where a′(z₁ + d) = a′(z₁): for an even a′ that falls on both sides of 0 that is
        z₁ = −d/2. Points that would lie outside are moved into the hexagon, where they do no harm.
        """
        with torch.no_grad():
            (l1, l2), (u1, u2) = self.ranges.low[..., None, :], self.ranges.high[..., None, :]
            dl, du = (x[..., None, :] for x in _known(self.ranges))
            z = turning(self.activation, slopes)
            first, second = [], []
            for z1 in (l1.expand_as(z), u1.expand_as(z), _within(-z, l1, u1)):
                first.append(z1)
                second.append(_within(z, torch.maximum(l2, z1 + dl), torch.minimum(u2, z1 + du)))
            for z2 in (l2.expand_as(z), u2.expand_as(z)):
                first.append(_within(-z, torch.maximum(l1, z2 - du), torch.minimum(u1, z2 - dl)))
                second.append(z2)
            rise, run = _between(self.activation, first, second)
        fixed = (self.rise[..., None, :, :] - slopes[..., None] * self.run[..., None, :, :]).amax(-1)
        return torch.maximum(fixed, (rise - slopes[..., None] * run).amax(-1))


def exchanged(ranges: Ranges) -> Ranges:
    """The two units the other way round: a line above their difference is one below, with the sign turned."""
    dl, du = _known(ranges)
    return Ranges(ranges.low.flip(0), ranges.high.flip(0), (-du, -dl))


def _between(activation: Activation, first: list[Tensor], second: list[Tensor]) -> Pair:
    """What a rises by, and what z does, from the first point of each pair to the second, (…, points)."""
    one, other = torch.stack(first, -1), torch.stack(second, -1)
    return value(activation, other) - value(activation, one), other - one


def _known(ranges: Ranges) -> Pair:
    assert ranges.apart is not None  # asked of pairs alone
    return ranges.apart
