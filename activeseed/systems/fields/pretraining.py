"""Starts that were trained on something else: what a field brings with it from another task.

The other task has the same points with labels of its own, drawn at random (stream ``init``: where training starts). If
training forgets, outcomes of different starts come together; what is left of the start is left of the other task.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from activeseed.systems.fields.draws import Draws
from activeseed.systems.fields.field import Field, Params

#: use of the stream `init`, beside the start itself
_LABELS = 1


def chosen_labels(draws: Draws, points: int, positives: int, first: int = 0) -> Tensor:
    """(R, points) labels: so many ones, at random places from ``first`` on; NaN before, where there is no label."""

    def draw(generator: np.random.Generator) -> NDArray[np.float32]:
        out = np.full(points, np.nan, np.float32)
        out[first:] = generator.permutation(points - first) < positives
        return out

    return draws.take("init", draw, _LABELS).to(torch.get_default_dtype())


def coins(draws: Draws, pairs: int) -> Tensor:
    """(R, pairs) directions: 1 where the chosen reply stays chosen, 0 where the other one is."""
    return draws.take("init", lambda g: g.integers(0, 2, pairs), _LABELS).to(torch.get_default_dtype())


def pretrain(field: Field, params: Params, labels: Tensor, steps: int) -> None:
    """Descend the mean logistic loss on labels (R, n) of the training points, in place; NaN is no label."""
    known = ~torch.isnan(labels)
    share = known.to(labels.dtype) / known.sum(1, keepdim=True).clamp(min=1)
    wanted = torch.nan_to_num(labels)
    for _ in range(steps):
        reading = field.read(params)
        field.move(params, reading, (reading.shared.sigmoid() - wanted) * share, None, None)
