"""What linear fields that descend have in common when their training is handed out (``protocols.SupportsConvex``)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from activeseed.plan import Floats, Materials, Rows
from activeseed.systems.fields.draws import Draws, Minibatches


def _draws(root: int, key: int, held: Sequence[str]) -> Draws:
    return Draws.of(root, Rows(np.zeros((1, 0), np.int16), np.array([key], np.int64)), held)


def drawn_start(root: int, key: int, held: Sequence[str], d: int, init_scale: float) -> Floats | None:
    """(d + 1,) weights and bias that a linear field starts from; None for zero."""
    if not init_scale:
        return None
    theta = _draws(root, key, held).normal("init", (d,))[0] * (init_scale / d**0.5)
    return np.append(theta.numpy().astype(np.float64), 0.0)


def paced(materials: Materials, key: int, held: Sequence[str], minibatch: int, steps: int) -> Floats:
    """(steps, S) what the weight of a slot is multiplied with in each step: how often an epoch has it now, or 0."""
    slots = materials.slots
    batches = Minibatches(
        _draws(materials.root, key, held), torch.from_numpy(slots.items), len(materials.seed), minibatch
    )
    ones = torch.ones(1, len(slots.payloads))
    return np.array([batches.weights(ones, step)[0].numpy() for step in range(steps)], np.float64)


def descent_words(what: str, steps: int, rate: float, l2: float, start: Floats | None, minibatch: int, key: int) -> str:
    """How it is trained, to be read after "for"."""
    each = f"in minibatches of {minibatch} in the order of key {key}" if minibatch else "of the full batch"
    first = "zero" if start is None else f"the random start of key {key}"
    return f"{what} after {steps} steps of gradient descent {each} from {first} (rate {rate:g}, decay {l2:g})"
