"""One backward pass: linear functions of a layer's units -> linear functions of the input that lie below them.

It goes from the layer to the input (CROWN: Zhang et al. 2018): through weights exactly, through activations by their
relaxations. What is known of a unit, low ≤ z ≤ high, may be put in with a multiplier: b (low − z) ≤ 0 for b ≥ 0 (the
Lagrange terms of β-CROWN: Wang et al. 2021), whoever proved it: an earlier pass, or a split.

Rounding. The pass computes in float64 (unit roundoff u = 2⁻⁵³) a bound that would hold exactly for the numbers C, c
and t that it came to, had no product been rounded. What rounding can add is at most γ times the sum over layers of

    |C| (|W| A + |b| + Z) + |L| (A + Z) + b Z,    γ = 4 (m + 8 layers + 16) u,

with A and Z the largest sizes of the activations and of the units, and m the largest width. A product C W of m terms is
within m u |C| |W| of the exact one (Higham 2002, section 3.1) and multiplies activations of size A; so it is with C b.
The constants of a relaxation come from at most 17 candidate points, of a handful of terms each that are no larger than
|L| A and |c| Z, with tanh and exp within 2 units of the last place. The sums of all these have fewer than m + 8 layers
terms. The least value of the last function over the region is one more product of m terms, of size |C| |W| A. The
factor 4 covers their sum, and that this bound is itself computed with rounding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from activeseed.bounding.relaxations import Bends, Curves, Free, size
from activeseed.bounding.stacks import Places, Ranges, Stack

UNIT = 2.0**-53


class Layer(NamedTuple):
    """What stands below Σ L a(z) of one layer: Σ (c z + t).

    Attributes:
        weights, slopes: (N, B, R, n) L and c.
        constants: (N, B, R, n), or (B, R, n) of a pair: t.
    """

    weights: Tensor
    slopes: Tensor
    constants: Tensor


@dataclass(frozen=True, eq=False)
class Planes:
    """Linear functions of the input, with leading dimensions (N, B, R) for networks alone, (B, R) for a pair.

    Attributes:
        slopes: (…, d).
        constants: (…).
        slack: (…) what rounding can have added to them and to their least value.
        layers: what was made of each hidden layer.
    """

    slopes: Tensor
    constants: Tensor
    slack: Tensor
    layers: tuple[Layer, ...] = ()

    def least(self, places: Places) -> Tensor:
        """(…) lower bounds over the places, rounding included; −infinity where something is not a number."""
        found = places.least(self.slopes) + self.constants - self.slack
        return torch.nan_to_num(found, nan=-torch.inf, posinf=-torch.inf, neginf=-torch.inf)


def backward(
    stack: Stack,
    rows: Tensor,
    ranges: Sequence[Ranges],
    relaxations: Sequence[Bends | Curves],
    places: Places,
    free: Sequence[Free] | None = None,
    paired: bool = False,
) -> Planes:
    """Planes below ``rows`` of layer ``len(ranges)``'s units.

    Args:
        stack: one network, or two.
        rows: (N, B, R, n) weights of the layer's units.
        ranges: of the layers before it, ``closed``.
        relaxations: of the same.
        places: B regions.
        free: what may be chosen, for each layer before it; by default by rule.
        paired: both networks in one function, the second's rows with the first's; else each for itself.
    """
    free = free or [Free()] * len(ranges)
    at = len(ranges)
    sizes = [places.reach[None], *(size(stack.activation, r) for r in ranges)]
    width = max(max(w.shape[1:]) for w in stack.weights)
    constants = _dot(rows, stack.biases[at])
    rounding = _dot(rows.abs(), _reach(stack, at, sizes[at]))
    weights = _through(rows, stack.weights[at])
    seen: list[Layer] = []
    if paired:
        constants = constants.sum(0)
    for k in reversed(range(at)):
        relaxation, known, chosen = relaxations[k], ranges[k], free[k]
        slopes, constant = (relaxation.paired if paired else relaxation.alone)(weights, chosen)
        seen.append(Layer(weights, slopes, constant))
        constant = constant.sum(-1)
        rounding = rounding + _dot(weights.abs(), sizes[k + 1] + known.reach)
        if chosen.held is not None:
            low, high = chosen.held
            slopes = slopes - low + high
            term = _dot(low, known.low) - _dot(high, known.high)
            constant = constant + (term.sum(0) if paired else term)
            rounding = rounding + _dot(low + high, known.reach)
        if chosen.held_apart is not None and known.apart is not None:
            low, high = chosen.held_apart
            slopes = slopes + torch.stack([low - high, high - low])
            constant = constant + _dot(low, known.apart[0]) - _dot(high, known.apart[1])
            rounding = rounding + _dot((low + high)[None], known.reach)
        term = _dot(slopes, stack.biases[k])
        constants = constants + constant + (term.sum(0) if paired else term)
        rounding = rounding + _dot(slopes.abs(), _reach(stack, k, sizes[k]) + known.reach)
        weights = _through(slopes, stack.weights[k])
    slack = 4.0 * (width + 8 * len(stack.weights) + 16) * UNIT * rounding.detach()
    return Planes(
        weights.sum(0) if paired else weights,
        constants,
        slack.sum(0) if paired else slack,
        tuple(reversed(seen)),
    )


def _dot(rows: Tensor, values: Tensor) -> Tensor:
    """(N, B, R, n) · (N, B, n) or (N, n) -> (N, B, R); (B, R, n) · (B, n) -> (B, R)."""
    if rows.dim() == values.dim() + 2:
        values = values[:, None]
    return (rows @ values[..., None]).squeeze(-1)


def _through(rows: Tensor, weights: Tensor) -> Tensor:
    """(N, B, R, out) through (N, out, in) -> (N, B, R, in)."""
    n, b, r, out = rows.shape
    return (rows.reshape(n, b * r, out) @ weights).reshape(n, b, r, -1)


def _reach(stack: Stack, layer: int, sizes: Tensor) -> Tensor:
    """(N, B, n): |W| A + |b|, more than any unit of a layer can be."""
    return sizes @ stack.weights[layer].abs().transpose(-1, -2) + stack.biases[layer].abs()[:, None]
