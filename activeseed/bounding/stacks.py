"""What a relaxation runs over: networks with their layers stacked, regions side by side, and what is proved of units.

Letters of shapes: N networks (one, or two of one layout), B regions, R rows (linear functions bounded at once), n units
of a layer, d entries of an input.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from activeseed.bounding.curves import value
from activeseed.bounding.regions import Ball, Box, Region, length
from activeseed.networks import Activation, Network

#: halvings in the search for a multiplier: what they leave of it costs tightness alone
HALVINGS = 30


@dataclass(frozen=True, eq=False)
class Stack:
    """One network, or two of one layout.

    Attributes:
        weights: a tensor (N, out, in) for each layer.
        biases: a tensor (N, out) for each layer.
        activation: between the layers.
    """

    weights: tuple[Tensor, ...]
    biases: tuple[Tensor, ...]
    activation: Activation

    @classmethod
    def of(cls, *networks: Network) -> Stack:
        """Networks whose widths and activation are the same, layer beside layer, in float64."""
        layers = range(len(networks[0].weights))
        return cls(
            tuple(torch.as_tensor(np.stack([n.weights[k] for n in networks]), dtype=torch.float64) for k in layers),
            tuple(torch.as_tensor(np.stack([n.biases[k] for n in networks]), dtype=torch.float64) for k in layers),
            networks[0].layout.activation,
        )

    @property
    def hidden(self) -> int:
        """Layers with an activation after them."""
        return len(self.weights) - 1


def apart(stack: Stack, points: Tensor) -> Tensor:
    """(K, d) inputs -> (K,) the first network's score there less the second's."""
    hidden = points.expand(2, -1, -1)
    last = len(stack.weights) - 1
    for k, (weight, bias) in enumerate(zip(stack.weights, stack.biases, strict=True)):
        hidden = hidden @ weight.transpose(-1, -2) + bias[:, None]
        hidden = hidden if k == last else value(stack.activation, hidden)
    return hidden[0, :, 0] - hidden[1, :, 0]


@dataclass(frozen=True, eq=False)
class Places:
    """B regions side by side: boxes, balls, the parts that boxes and balls have in common, or one of another kind.

    Attributes:
        size: B.
        reach: (B, d) the largest size of each entry of an input.
        boxes: (B, d) lower and upper corners.
        balls: (B, d) centres and (B,) radii.
        other: a region of another kind, the same in all B places.
    """

    size: int
    reach: Tensor
    boxes: tuple[Tensor, Tensor] | None = None
    balls: tuple[Tensor, Tensor] | None = None
    other: Region | None = None

    @classmethod
    def of(cls, regions: Sequence[Region]) -> Places:
        """Regions of one kind; of a kind that is neither a box nor a ball, one."""
        if all(isinstance(r, Box) for r in regions):
            low = _rows([r.low for r in regions])  # type: ignore[attr-defined]
            return cls.within(low, _rows([r.high for r in regions]))  # type: ignore[attr-defined]
        if all(isinstance(r, Ball) for r in regions):
            centre = _rows([r.centre for r in regions])  # type: ignore[attr-defined]
            radius = _rows([r.radius for r in regions])  # type: ignore[attr-defined]
            return cls(len(regions), centre.abs() + radius[:, None], balls=(centre, radius))
        (region,) = regions
        axes = torch.eye(region.dimension, dtype=torch.float64)
        return cls(1, torch.maximum(-region.least(axes), -region.least(-axes))[None], other=region)

    @classmethod
    def within(cls, low: Tensor, high: Tensor, balls: tuple[Tensor, Tensor] | None = None) -> Places:
        """Boxes, or what each of them has in common with a ball.

        With a ball, the reach is the largest entry of all: how ``least`` is then computed rounds numbers of that size.
        """
        reach = torch.maximum(low.abs(), high.abs())
        if balls is not None:
            reach = torch.maximum(reach, balls[0].abs() + balls[1][:, None]).amax(-1, keepdim=True).expand_as(reach)
        return cls(len(low), reach, (low, high), balls)

    def at(self, index: Tensor) -> Places:
        """Some of the places, in the order of ``index`` (or as often as it says)."""
        if self.other is not None:
            return Places(len(index), self.reach[:1].expand(len(index), -1), other=self.other)
        boxes, balls = (None if p is None else (p[0][index], p[1][index]) for p in (self.boxes, self.balls))
        return Places(len(index), self.reach[index], boxes, balls)

    def corners(self) -> tuple[Tensor, Tensor]:
        """(B, d) lower and upper corners of boxes that hold the places."""
        if self.boxes is not None:
            return self.boxes
        if self.balls is not None:
            centre, radius = self.balls
            return centre - radius[:, None], centre + radius[:, None]
        return -self.reach, self.reach

    def least(self, slopes: Tensor) -> Tensor:
        """(…, B, R, d) linear functions -> (…, B, R) no more than the least value of each over its place.

        Where a place is what a box and a ball have in common, the better of the two.
        """
        if self.other is not None:
            return self.other.least(slopes)
        found = None
        if self.boxes is not None:
            low, high = self.boxes
            found = ((slopes.clamp(min=0) @ low[..., None]) + (slopes.clamp(max=0) @ high[..., None])).squeeze(-1)
        if self.balls is not None:
            centre, radius = self.balls
            at = (slopes @ centre[..., None]).squeeze(-1) - radius[:, None] * length(slopes)
            found = at if found is None else torch.maximum(torch.maximum(found, at), self._in_both(slopes))
        assert found is not None
        return found

    def _in_both(self, slopes: Tensor) -> Tensor:
        """Over what a box and a ball have in common: no less than the least a·x + λ (|x − c|² − r²) in the box, λ ≥ 0.

        That is had entry by entry; the best λ by halving, up to 8 |a| / 2r: beyond, rounding would be felt.
        """
        assert self.boxes is not None
        assert self.balls is not None
        low, high = (x[:, None] for x in self.boxes)
        centre, radius = self.balls[0][:, None], self.balls[1][:, None, None]
        with torch.no_grad():
            unit = length(slopes, keepdim=True) / (2.0 * radius).clamp(min=1e-300)
            few, many = torch.zeros_like(unit), (8.0 * unit).clamp(max=1e300)
            for _ in range(HALVINGS):
                half = 0.5 * (few + many)
                x = torch.minimum(torch.maximum(centre - slopes / (2.0 * half).clamp(min=1e-300), low), high)
                outside = ((x - centre) ** 2).sum(-1, keepdim=True) > radius**2
                few, many = torch.where(outside, half, few), torch.where(outside, many, half)
            x = torch.minimum(torch.maximum(centre - slopes / (2.0 * many).clamp(min=1e-300), low), high)
            over = many * (((x - centre) ** 2).sum(-1, keepdim=True) - radius**2)
        least: Tensor = (slopes * x).sum(-1) + over[..., 0]
        return least

    @property
    def apart(self) -> Tensor:
        """(B,) whether a place's box and its ball have nothing in common, for sure."""
        if self.boxes is None or self.balls is None:
            return torch.zeros(self.size, dtype=torch.bool)
        centre, radius = self.balls
        near = torch.minimum(torch.maximum(centre, self.boxes[0]), self.boxes[1])
        away: Tensor = length(near - centre)
        # corners and centres are rounded in the last place of the numbers that they are, however small the radius
        return away > radius * (1.0 + 1e-9) + 1e-14 * self.reach.sum(-1)

    def lowest(self, slopes: Tensor) -> Tensor:
        """(B, d) linear functions -> (B, d) an input at which each is least: of the box, moved into the ball."""
        if self.other is not None:
            size = torch.linalg.vector_norm(self.reach, dim=-1, keepdim=True)
            far = length(slopes, keepdim=True).clamp(min=1e-300)
            return self.other.project(-2.0 * size * slopes / far)
        points = None
        if self.boxes is not None:
            points = torch.where(slopes > 0, *self.boxes)
        if self.balls is not None:
            centre, radius = self.balls
            far = length(slopes, keepdim=True).clamp(min=1e-300)
            if points is None:
                down: Tensor = centre - radius[:, None] * slopes / far
                return down
            away = points - centre
            share = radius[:, None] / torch.linalg.vector_norm(away, dim=-1, keepdim=True).clamp(min=1e-300)
            points = centre + away * share.clamp(max=1.0)
        assert points is not None
        return points


@dataclass(frozen=True, eq=False)
class Ranges:
    """What is proved of the units of one hidden layer, before the activation, at B places.

    Attributes:
        low, high: (N, B, n).
        apart: (B, n) lower and upper bounds of the second network's unit less the first's; None for one network.
    """

    low: Tensor
    high: Tensor
    apart: tuple[Tensor, Tensor] | None = None

    def at(self, index: Tensor) -> Ranges:
        """Those at some of the places."""
        apart = None if self.apart is None else (self.apart[0][index], self.apart[1][index])
        return Ranges(self.low[:, index], self.high[:, index], apart)

    @property
    def reach(self) -> Tensor:
        """(N, B, n) the largest size of each unit."""
        return torch.maximum(self.low.abs(), self.high.abs())

    def met(self, other: Ranges) -> Ranges:
        """What both say."""
        apart = None
        if self.apart is not None and other.apart is not None:
            apart = (torch.maximum(self.apart[0], other.apart[0]), torch.minimum(self.apart[1], other.apart[1]))
        return Ranges(torch.maximum(self.low, other.low), torch.minimum(self.high, other.high), apart)

    def closed(self) -> Ranges:
        """Each of the three ranges of a pair of units no wider than the other two allow, rounded outwards.

        z₂ = z₁ + d, so that z₁ ≥ min z₂ − max d, and so on: five more, and one round of them is enough (shortest paths
        between three points).
        """
        if self.apart is None:
            return self
        (l1, l2), (u1, u2), (dl, du) = self.low, self.high, self.apart
        return Ranges(
            torch.stack([torch.maximum(l1, _down(l2, du)), torch.maximum(l2, _down(l1, -dl))]),
            torch.stack([torch.minimum(u1, -_down(-u2, -dl)), torch.minimum(u2, -_down(-u1, du))]),
            (torch.maximum(dl, _down(l2, u1)), torch.minimum(du, -_down(l1, u2))),
        )

    @property
    def empty(self) -> Tensor:
        """(B,) whether no input can give these: a lower bound lies above its upper one."""
        crossed = (self.low > self.high).any(-1).any(0)
        return crossed if self.apart is None else crossed | (self.apart[0] > self.apart[1]).any(-1)


def _down(a: Tensor, b: Tensor) -> Tensor:
    """No more than a − b: a difference is rounded by less than half a unit in its last place."""
    return a - b - 2.3e-16 * (a.abs() + b.abs())


def _rows(values: Sequence[object]) -> Tensor:
    return torch.as_tensor(np.array(values, np.float64))
