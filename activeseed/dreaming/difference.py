"""Two networks composed into one graph by the difference operator: x -> f(x) − g(x)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np

from activeseed.errors import PlanError
from activeseed.networks import Activation, Network
from activeseed.plan import Floats

if TYPE_CHECKING:
    from torch import Tensor

#: what is compared: the scores, or the outcomes that the link makes of them
Along = Literal["scores", "outcomes"]


@dataclass(frozen=True, eq=False)
class Difference:
    """f − g as one graph, float64. Raises PlanError where the two read inputs of different dimensions.

    Attributes:
        first, second: f and g.
        along: ``scores``, or ``outcomes``: probabilities where the link is a sigmoid.
    """

    first: Network
    second: Network
    along: Along = "scores"

    def __post_init__(self) -> None:
        a, b = self.first.layout.inputs, self.second.layout.inputs
        if a != b:
            raise PlanError(f"One network reads {a} numbers, the other {b}: they can't be compared at one input.")

    @property
    def dimension(self) -> int:
        return self.first.layout.inputs

    @cached_property
    def _parameters(self) -> list[tuple[Tensor, Tensor]]:
        """By layer: (2, out, in) and (2, 1, out) of both networks where they are of one shape; else by network."""
        import torch

        pairs = [list(zip(n.weights, n.biases, strict=True)) for n in (self.first, self.second)]
        if self.first.layout.widths == self.second.layout.widths:
            pairs = [[(np.stack([a, c]), np.stack([b, d])) for (a, b), (c, d) in zip(*pairs, strict=True)]]
        return [
            (torch.as_tensor(w), torch.as_tensor(b).unsqueeze(-2)) for network in pairs for w, b in network
        ]  # fmt: skip

    def at(self, points: Tensor) -> Tensor:
        """(n, d) inputs -> (n,) f − g, differentiable in the inputs."""
        first, second = self._both(points)
        return first - second

    def _both(self, points: Tensor) -> tuple[Tensor, Tensor]:
        f, g = self.first.layout, self.second.layout
        if f == g:
            both = _linked(_scores(points, self._parameters, f.activation), f.link, self.along)
            return both[0], both[1]
        parts = self._parameters
        depth = len(f.widths) - 1
        if f.widths == g.widths:  # of one shape, with other activations
            halves = [[(w[n], b[n]) for w, b in parts] for n in (0, 1)]
        else:
            halves = [parts[:depth], parts[depth:]]
        return tuple(
            _linked(_scores(points, half, layout.activation), layout.link, self.along)
            for half, layout in zip(halves, (f, g), strict=True)
        )  # type: ignore[return-value]

    def rising(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """(n, d) inputs -> (n,) f − g and its (n, d) gradients: two evaluations an input.

        The backward pass in the inputs alone multiplies as often as the forward pass.
        """
        import torch

        there = points.detach().requires_grad_(True)
        values = self.at(there)
        (slopes,) = torch.autograd.grad(values.sum(), there)
        return values.detach(), slopes

    def values(self, points: Floats) -> Floats:
        """(…, d) inputs -> (…) f − g as the networks themselves say."""
        f, g = self.first, self.second
        if self.along == "scores":
            return np.asarray(f.scores(points) - g.scores(points))
        return np.asarray(f.outcomes(points) - g.outcomes(points))


def _scores(points: Tensor, layers: list[tuple[Tensor, Tensor]], activation: Activation) -> Tensor:
    from activeseed.bounding.curves import value

    h = points
    for n, (w, b) in enumerate(layers):
        h = h @ w.mT + b
        if n < len(layers) - 1:
            h = value(activation, h)
    return h[..., 0]


def _linked(scores: Tensor, link: str, along: Along) -> Tensor:
    return scores.sigmoid() if along == "outcomes" and link == "sigmoid" else scores
