"""Linear functions below Σ L a(z), the activations of a layer with the weights that a backward pass has come to.

Of one network: for each unit the line below a where L ≥ 0, the line above it where L < 0. Of two, *paired*: for any μ

    L₁ a₁ + L₂ a₂ = μ (a₂ − a₁) + (L₁ + μ) a₁ + (L₂ − μ) a₂

where a₂ − a₁ has lines of its own in d = z₂ − z₁ (as in ReluDiff: Paulsen, Wang & Wang 2020), and μ, a free number,
leads from the joint bound (0) to a bound on differences alone. For ReLU only the slopes are taken from this: the
constant is then the exact one of those slopes over all that is known of the two units, which no mixture exceeds.
Everything here is sound for every value of what is free (`Free`).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from activeseed.bounding.curves import Slopes, above, below, steepness, tangents, value
from activeseed.bounding.differences import Edges, corners, exchanged
from activeseed.bounding.stacks import Ranges
from activeseed.networks import Activation


@dataclass(frozen=True, eq=False)
class Free:
    """What may be chosen at one layer, and by default is chosen by rule (None).

    Attributes:
        lines: (N, B, R, n) in [0, 1]: which of its lines a unit gets.
        mix: (B, R, n) or a number: μ as a share of what the two weights have in common; 0 joint, 1 paired.
        lean: (B, R, n) in [0, 1]: slopes of the lines for a₂ − a₁ (curves).
        held: (2, N, B, R, n) ≥ 0: multipliers of z ≥ low and of z ≤ high.
        held_apart: (2, B, R, n) ≥ 0: the same of d.
    """

    lines: Tensor | None = None
    mix: Tensor | float = 0.0
    lean: Tensor | None = None
    held: Tensor | None = None
    held_apart: Tensor | None = None


def mixed(weights: Tensor, free: Free) -> Tensor:
    """(2, B, R, n) weights -> (B, R, n) μ: none where they have the same sign."""
    first, second = weights
    common = torch.sign(second) * torch.minimum(first.abs(), second.abs())
    return torch.where(first * second < 0, common, torch.zeros_like(common)) * free.mix


class Bends:
    """ReLU at one layer, over ``closed`` ranges."""

    def __init__(self, ranges: Ranges) -> None:
        low, high = ranges.low[..., None, :], ranges.high[..., None, :]
        on, bent = low >= 0, (low < 0) & (high > 0)
        one, zero = torch.ones_like(low), torch.zeros_like(low)
        self.bent = bent
        self.chord = torch.where(on, one, torch.where(bent, high / (high - low).clamp(min=1e-300), zero))
        self.chord_at_0 = torch.where(bent, -low * self.chord, zero)
        self.start = torch.where(on | (bent & (high > -low)), one, zero)
        if ranges.apart is None:
            return
        dl, du = (x[..., None, :] for x in ranges.apart)
        width = (du - dl).clamp(min=1e-300)
        either = (dl < 0) & (du > 0)
        below = torch.where(either, -dl / width, torch.where(du <= 0, one[0], zero[0]))
        over = torch.where(either, du / width, torch.where(dl >= 0, one[0], zero[0]))
        off = high <= 0
        # where one of the two units is on or off for sure, a₂ − a₁ lies on one side of d or of 0
        self.lean_below = torch.where(off[0], zero[0], torch.where(on[0], one[0], below))
        self.lean_over = torch.where(off[1], zero[0], torch.where(on[1], one[0], over))
        first, second = corners(ranges)
        self.points = torch.stack([first.clamp(min=0), second.clamp(min=0), -first, -second], -2)  # (B, n, 4, 13)

    def lines(self, weights: Tensor, free: Free) -> Tensor:
        """Slopes of the line that each unit gets, for the sign of its weight."""
        least = self.start if free.lines is None else torch.where(self.bent, free.lines, self.start)
        return torch.where(weights >= 0, least, self.chord)

    def alone(self, weights: Tensor, free: Free) -> tuple[Tensor, Tensor]:
        """(N, B, R, n) weights -> slopes and constants of each unit, (N, B, R, n)."""
        constants = torch.where(weights < 0, weights * self.chord_at_0, torch.zeros_like(weights))
        return weights * self.lines(weights, free), constants

    def paired(self, weights: Tensor, free: Free) -> tuple[Tensor, Tensor]:
        """(2, B, R, n) weights -> slopes (2, B, R, n), and constants (B, R, n) of both units together."""
        mu = mixed(weights, free) * self.bent.any(0)  # two units that are decided are exact one by one
        rest = torch.stack([weights[0] + mu, weights[1] - mu])
        lean = mu * torch.where(mu >= 0, self.lean_below, self.lean_over)
        slopes = rest * self.lines(rest, free) + torch.stack([-lean, lean])
        terms = torch.stack([weights[0], weights[1], slopes[0], slopes[1]], -1).transpose(1, 2)  # (B, n, R, 4)
        return slopes, (terms @ self.points).amin(-1).transpose(1, 2)


class Curves:
    """tanh or σ at one layer, over ``closed`` ranges."""

    def __init__(self, activation: Activation, ranges: Ranges) -> None:
        self.activation = activation
        self.low, self.high = ranges.low[..., None, :], ranges.high[..., None, :]
        self.over = tangents(activation, self.low, self.high)
        self.under = tangents(activation, -self.high, -self.low)
        if ranges.apart is not None:
            self.apart = leaning(activation, ranges)
            self.edges = Edges(activation, ranges), Edges(activation, exchanged(ranges))

    def alone(self, weights: Tensor, free: Free) -> tuple[Tensor, Tensor]:
        """(N, B, R, n) weights -> slopes and constants of each unit, (N, B, R, n)."""
        up, down = self.over.at(free.lines), self.under.at(free.lines)
        least = below(self.activation, down, self.low, self.high)
        most = above(self.activation, up, self.low, self.high)
        rising = weights >= 0
        return weights * torch.where(rising, down, up), weights * torch.where(rising, least, most)

    def paired(self, weights: Tensor, free: Free) -> tuple[Tensor, Tensor]:
        """(2, B, R, n) weights -> slopes (2, B, R, n), and constants (B, R, n) of both units together."""
        mu = mixed(weights, free)
        slopes, constants = self.alone(torch.stack([weights[0] + mu, weights[1] - mu]), free)
        under, over = (s.at(free.lean) for s in self.apart)
        most, least = self.edges[0].above(over), -self.edges[1].above(under)
        rising = mu >= 0
        lean = mu * torch.where(rising, under, over)
        constant = mu * torch.where(rising, least, most)
        return slopes + torch.stack([-lean, lean]), constants.sum(0) + constant


def leaning(activation: Activation, ranges: Ranges) -> tuple[Slopes, Slopes]:
    """Slopes of the lines below and above a₂ − a₁ in d: between the least and the steepest a′ of the two ranges.

    By the mean value theorem a₂ − a₁ = a′(ζ) d for some ζ between the two; the start is the chord of what that gives at
    the two ends of d's range.
    """
    low, high = ranges.low.amin(0)[..., None, :], ranges.high.amax(0)[..., None, :]
    assert ranges.apart is not None
    dl, du = (x[..., None, :] for x in ranges.apart)
    flat = torch.minimum(steepness(activation, low), steepness(activation, high))
    steep = steepness(activation, torch.zeros_like(low).clamp(min=low, max=high))
    width, span = (du - dl).clamp(min=1e-300), (steep - flat).clamp(min=1e-300)

    def start(left: Tensor, right: Tensor) -> Slopes:
        chord = (right * du - left * dl) / width
        return Slopes(flat, steep, ((chord - flat) / span).clamp(0.0, 1.0))

    least = start(torch.where(dl < 0, steep, flat), torch.where(du > 0, flat, steep))
    most = start(torch.where(dl < 0, flat, steep), torch.where(du > 0, steep, flat))
    return least, most


def relaxed(activation: Activation, ranges: Ranges) -> Bends | Curves:
    """How a layer is relaxed over what is known of its units."""
    return Bends(ranges) if activation == "relu" else Curves(activation, ranges)


def size(activation: Activation, ranges: Ranges) -> Tensor:
    """(N, B, n) the largest size of each activation."""
    return torch.maximum(value(activation, ranges.low).abs(), value(activation, ranges.high).abs())
