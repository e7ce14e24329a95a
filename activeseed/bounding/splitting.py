"""Which unit's range to split, and where.

At the input where a part's lower bound would be reached, what the two networks really do there and the bound differ by
the sum over units of what their relaxations lose there: L a(z) − c z − t, none of it negative where the input lies in
the part. What loses most is split. Where nothing is lost (or the input lies outside the part), the largest loss that is
possible anywhere decides.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from activeseed.bounding.backward import Planes
from activeseed.bounding.curves import value
from activeseed.bounding.relaxations import Bends, Curves
from activeseed.bounding.stacks import Ranges, Stack

#: weight of the loss that is possible beside the one at the input that was found
POSSIBLE = 0.3
#: a curve's range is split no closer to its ends than this share of it
EDGE = 0.25


class Split(NamedTuple):
    """A unit to split and where.

    Attributes:
        layer, network, unit: which.
        at: the value that parts its range.
    """

    layer: int
    network: int
    unit: int
    at: float


def units_at(stack: Stack, points: Tensor) -> list[Tensor]:
    """(B, d) inputs -> for each hidden layer (N, B, n) the units there."""
    hidden = points.expand(len(stack.weights[0]), -1, -1)
    out = []
    for weight, bias in zip(stack.weights[:-1], stack.biases[:-1], strict=True):
        out.append(hidden @ weight.transpose(-1, -2) + bias[:, None])
        hidden = value(stack.activation, out[-1])
    return out


def chosen(
    stack: Stack, ranges: list[Ranges], relaxations: list[Bends | Curves], planes: Planes, points: Tensor
) -> list[Split | None]:
    """The split of each part, from planes of one row; None where nothing is left to split."""
    gains, networks, places = [], [], []
    for units, known, relaxation, layer in zip(
        units_at(stack, points), ranges, relaxations, planes.layers, strict=True
    ):
        weights, slopes, constants = (t.squeeze(-2) for t in layer)
        z = torch.minimum(torch.maximum(units, known.low), known.high)
        loss = (weights * value(stack.activation, z) - slopes * z).sum(0) - constants
        if isinstance(relaxation, Bends):
            bent = relaxation.bent.squeeze(-2)
            terms = torch.cat([weights, slopes]).movedim(0, -1)[..., None, :]
            possible = (terms @ relaxation.points).amax((-1, -2)) - constants
            # the unit that can lose more by itself: the chord's largest distance, times its weight
            each = weights.abs() * torch.minimum(-known.low, known.high).clamp(min=0) * bent
            free = bent.any(0)
            at = torch.zeros_like(z)
            network = each.argmax(0)
            network = torch.where(bent.gather(0, network[None])[0], network, 1 - network)
        else:
            width = known.high - known.low
            middle = 0.5 * (known.low + known.high)
            ends = [z, middle, known.low, known.high]
            possible = torch.stack(
                [(weights * value(stack.activation, p) - slopes * p).sum(0) - constants for p in ends]
            ).amax(0)
            at = torch.minimum(torch.maximum(z, known.low + EDGE * width), known.high - EDGE * width)
            network = (width * weights.abs()).argmax(0)
            free = (width > 1e-9).all(0)
        gains.append((loss.clamp(min=0) + POSSIBLE * possible.clamp(min=0)) * free)
        networks.append(network)
        places.append(at.gather(0, network[None])[0])
    counts = [g.shape[-1] for g in gains]
    gain, index = torch.cat(gains, -1).max(-1)
    layer_of = torch.cat([torch.full((c,), k) for k, c in enumerate(counts)])
    unit_of = torch.cat([torch.arange(c) for c in counts])
    network, at = (torch.cat(t, -1).gather(-1, index[:, None])[:, 0] for t in (networks, places))
    return [
        Split(int(layer_of[i]), int(network[b]), int(unit_of[i]), float(at[b])) if gain[b] > 0 else None
        for b, i in enumerate(index)
    ]


def parted(ranges: list[Ranges], splits: list[Split]) -> tuple[list[Ranges], list[Ranges]]:
    """The ranges of the parts where the unit is at most, and at least, the value that splits it."""
    lower = [Ranges(r.low.clone(), r.high.clone(), r.apart) for r in ranges]
    upper = [Ranges(r.low.clone(), r.high.clone(), r.apart) for r in ranges]
    for b, (k, n, i, at) in enumerate(splits):
        lower[k].high[n, b, i].clamp_(max=at)
        upper[k].low[n, b, i].clamp_(min=at)
    return [r.closed() for r in lower], [r.closed() for r in upper]
