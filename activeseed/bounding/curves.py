"""An activation between two straight lines, over a range of its input.

``upper line``: whatever its slope s, a(z) ≤ s z + max over the range of (a(z) − s z). For a curve like tanh, that rises
everywhere, turns from convex to concave at 0 and is odd about it, a(z) − s z has its maximum at an end of the range or
where a′(z) = s on the concave side: in closed form. So the slope is free, every slope is sound, and only how close
the line is depends on it. Lower lines are upper lines of −a(−z), which is a itself less a constant.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from activeseed.networks import Activation

#: halvings of a range in which the point of a tangent is looked for: what they leave of it costs tightness alone
HALVINGS = 30


def value(activation: Activation, z: Tensor) -> Tensor:
    """a(z)."""
    if activation == "relu":
        return z.clamp(min=0)
    return torch.tanh(z) if activation == "tanh" else torch.sigmoid(z)


def steepness(activation: Activation, z: Tensor) -> Tensor:
    """a′(z) of a curve: 1 − tanh² z, or σ(z) σ(−z)."""
    return 1.0 / torch.cosh(z.clamp(-300, 300)) ** 2 if activation == "tanh" else torch.sigmoid(z) * torch.sigmoid(-z)


def turning(activation: Activation, slopes: Tensor) -> Tensor:
    """The z ≥ 0 at which a′(z) is the slope: arcosh(1/√s) of tanh, 2 arcosh(1/√(4s)) of σ = ½ + ½ tanh(z/2).

    0 where the slope is more than the curve has, far out where it is none. Of half the precision close to 0, where the
    curve has no curvature either.
    """
    r = 1.0 / (slopes if activation == "tanh" else 4.0 * slopes).clamp(min=1e-300)
    far = torch.log(r.sqrt() + (r - 1.0).clamp(min=0).sqrt()).clamp(min=0)
    return far if activation == "tanh" else 2.0 * far


def above(activation: Activation, slopes: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """The least t with a(z) ≤ s z + t for all z between ``low`` and ``high``: exact up to rounding."""
    with torch.no_grad():
        z = torch.minimum(torch.maximum(turning(activation, slopes), low), high)
        points = torch.stack([low.expand_as(z), high.expand_as(z), z], -1)
        values = value(activation, points)
    return (values - slopes[..., None] * points).amax(-1)


def below(activation: Activation, slopes: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """The largest t with a(z) ≥ s z + t for all z between ``low`` and ``high``: exact up to rounding."""
    with torch.no_grad():
        z = torch.minimum(torch.maximum(-turning(activation, slopes), low), high)
        points = torch.stack([low.expand_as(z), high.expand_as(z), z], -1)
        values = value(activation, points)
    return (values - slopes[..., None] * points).amin(-1)


class Slopes(NamedTuple):
    """Slopes among which the best one is: ``least + share · (most − least)``, ``start`` being a good share."""

    least: Tensor
    most: Tensor
    start: Tensor

    def at(self, share: Tensor | None) -> Tensor:
        """The slopes of a share of the way, or those of the start."""
        return self.least + (self.start if share is None else share) * (self.most - self.least)


def tangents(activation: Activation, low: Tensor, high: Tensor) -> Slopes:
    """Slopes of the lines above a curve that touch it: between the tangent at the upper end and the steepest of use.

    The steepest is the tangent at the lower end where the curve is concave all along, else the tangent that passes
    through the curve's lower end; where that would touch beyond the upper end, the chord alone is of use. It starts
    from the tangent at the middle. For lines below, give (−high, −low).
    """

    def a(z: Tensor) -> Tensor:
        return value(activation, z)

    def beyond(p: Tensor) -> Tensor:  # how far the tangent at p passes above the lower end: it rises with p
        return a(p) - a(low) - steepness(activation, p) * (p - low)

    with torch.no_grad():
        left, right = torch.minimum(low.clamp(min=0), high), high
        for _ in range(HALVINGS):
            half = 0.5 * (left + right)
            over = beyond(half) >= 0
            left, right = torch.where(over, left, half), torch.where(over, half, right)
        right = torch.where(low >= 0, low, right)
        chord = ((a(high) - a(low)) / (high - low).clamp(min=1e-12)).clamp(0.0, 1.0)
        bent = (high > 0) & ((low >= 0) | (beyond(high) >= 0))
        most = torch.where(bent, steepness(activation, right), chord)
        least = torch.where(bent, steepness(activation, high), chord)
        middle = torch.where(bent, steepness(activation, torch.maximum(0.5 * (low + high), right)), chord)
        start = ((middle - least) / (most - least).clamp(min=1e-12)).clamp(0.0, 1.0)
    return Slopes(least, most, start)
