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


def apart_above(activation: Activation, slopes: Tensor, ranges: Ranges) -> Tensor:
    """(B, R, n) slopes s -> the least t with a(z₂) − a(z₁) ≤ s (z₂ − z₁) + t over the hexagon, for a curve: exact.

    With h(z) = a(z) − s z it is the largest h(z₂) − h(z₁). h rises between its turning points −z* and z*, where a′ = s,
    and falls outside. In the inside of the hexagon the largest value can only lie at (−z*, z*); on a side z₁ = const at
    its ends or at z₂ = z*, on a side z₂ = const at its ends or at z₁ = −z*; on a side d = const where
    a′(z₁ + d) = a′(z₁), which for an even a′ that falls on both sides is z₁ = −d/2. Points that would lie outside are
    moved into the hexagon, at the price of nothing: they are then no more than it allows.
    """
    (l1, l2), (u1, u2) = ranges.low[..., None, :], ranges.high[..., None, :]
    dl, du = (x[..., None, :] for x in _known(ranges))
    with torch.no_grad():
        z = turning(activation, slopes)
        points: list[Pair] = []
        for z1 in (l1, u1, _within(-z, l1, u1)):
            low, high = torch.maximum(l2, z1 + dl), torch.minimum(u2, z1 + du)
            points += [(z1, z2) for z2 in (low, high, _within(z, low, high))]
        for z2 in (l2, u2):
            low, high = torch.maximum(l1, z2 - du), torch.minimum(u1, z2 - dl)
            points += [(z1, z2) for z1 in (low, high, _within(-z, low, high))]
        for d in (dl, du):
            z1 = _within(-0.5 * d, torch.maximum(l1, l2 - d), torch.minimum(u1, u2 - d))
            points.append((z1, z1 + d))
    found = None
    for z1, z2 in points:
        at = value(activation, z2) - value(activation, z1) - slopes * (z2 - z1)
        found = at if found is None else torch.maximum(found, at)
    assert found is not None
    return found


def apart_below(activation: Activation, slopes: Tensor, ranges: Ranges) -> Tensor:
    """The largest t with a(z₂) − a(z₁) ≥ s (z₂ − z₁) + t: the line above with the two units exchanged."""
    dl, du = _known(ranges)
    return -apart_above(activation, slopes, Ranges(ranges.low.flip(0), ranges.high.flip(0), (-du, -dl)))


def _known(ranges: Ranges) -> Pair:
    assert ranges.apart is not None  # asked of pairs alone
    return ranges.apart
