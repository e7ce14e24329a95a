"""The cheapest bound: every unit in an interval, layer by layer (IBP), each network for itself."""

from __future__ import annotations

from torch import Tensor

from activeseed.bounding.backward import UNIT
from activeseed.bounding.curves import value
from activeseed.bounding.stacks import Places, Stack


def intervals(stack: Stack, places: Places, outward: float = 1.0) -> tuple[Tensor, Tensor]:
    """(N, B) lower and upper bounds of the score of each network over each place, rounding included.

    Of the unit W a + b with |a| ≤ A, what is computed is within 2 (m + 4) u (|W| A + |b|) of the exact bound, m being
    the width (Higham 2002, section 3.1; tanh and exp are within 2 units of the last place): it is added on both
    sides, ``outward`` times: 0 shows what the bounds are without.
    """
    weights, biases = stack.weights[0][:, None], stack.biases[0][:, None]
    low, high = places.least(weights) + biases, -places.least(-weights) + biases
    size = places.reach.expand(len(low), -1, -1)
    for k, (weight, bias) in enumerate(zip(stack.weights, stack.biases, strict=True)):
        up = weight.transpose(-1, -2)
        if k:
            low, high = value(stack.activation, low), value(stack.activation, high)
            size = low.abs().maximum(high.abs())
            more, less = up.clamp(min=0), up.clamp(max=0)
            low, high = (
                low @ more + high @ less + bias[:, None],
                high @ more + low @ less + bias[:, None],
            )
        slack = outward * 2.0 * (weight.shape[-1] + 4) * UNIT * (size @ up.abs() + bias.abs()[:, None])
        low, high = low - slack, high + slack
    return low[..., 0], high[..., 0]
