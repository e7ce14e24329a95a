"""Gradient descent that is not plain: with momentum, under masks, from a start that was trained on something else.

*Heavy ball* (Polyak 1964): v ← βv − α∇, θ ← θ + v; weight decay is part of the gradient. β = 0 is plain descent, by
the same operations as ever.

*Masks* (Dropout on units, DropConnect on weights): each step trains one thinned network, the same for all its points,
drawn anew by stream ``mask``; what is kept is scaled by 1/(1 − p). A mask is a factor on parameters, so the slope of a
parameter is its factor times the slope of the masked one. At run time one mask is drawn and kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as made

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from activeseed.systems.fields.draws import Draws
from activeseed.systems.fields.field import Field, Params, Reading, settle

#: steps whose masks are drawn together
SPAN = 8
#: uses of the stream `mask`
_TRAINING, _RUN = 0, 1


@dataclass
class Masks:
    """Masks of R rows on the parameters of a field.

    Attributes:
        units, weights: shares that are dropped, in [0, 1).
    """

    field: Field
    draws: Draws
    units: float
    weights: float
    _span: int = -1
    _kept: Tensor | None = None

    def at(self, step: int) -> list[Tensor | None]:
        """Factors on each parameter in a step; None for those that no mask touches."""
        span = step // SPAN
        if span != self._span or self._kept is None:
            self._span = span
            self._kept = self._drawn(SPAN, _TRAINING, span)
        return self._factors(self._kept[:, step % SPAN])

    def at_run(self) -> list[Tensor | None]:
        """The one mask of each row that is on while it runs."""
        return self._factors(self._drawn(1, _RUN)[:, 0])

    def _shares(self) -> list[tuple[int, tuple[int, ...], float]]:
        """(parameter, shape, share) of each mask."""
        out = []
        for share, shapes in ((self.units, self.field.unit_shapes), (self.weights, self.field.weight_shapes)):
            if share:
                out += [(n, shape, share) for n, shape in enumerate(shapes) if shape is not None]
        return out

    def _drawn(self, steps: int, *path: int) -> Tensor:
        """(R, steps, numbers) what is kept."""
        least = np.concatenate([np.full(int(np.prod(s)), p, np.float32) for _, s, p in self._shares()])

        def draw(generator: np.random.Generator) -> NDArray[np.bool_]:
            return np.asarray(generator.random((steps, len(least)), np.float32) >= least)

        return self.draws.take("mask", draw, *path)

    def _factors(self, kept: Tensor) -> list[Tensor | None]:
        out: list[Tensor | None] = [None] * len(self.field.weight_shapes)
        at = 0
        for n, shape, share in self._shares():
            size = int(np.prod(shape))
            factor = kept[:, at : at + size].view(-1, *shape) / (1.0 - share)
            before = out[n]
            out[n] = factor if before is None else before * factor
            at += size
        return out


def masked(params: Params, factors: list[Tensor | None]) -> Params:
    """The parameters under a mask: new tensors where it touches them."""
    return [p if f is None else p * f for p, f in zip(params, factors, strict=True)]


@dataclass
class Descent:
    """Steps of all rows.

    Attributes:
        momentum: β, in [0, 1).
        masks: that training goes on under.
    """

    field: Field
    momentum: float = 0.0
    masks: Masks | None = None
    _velocity: Params = made(default_factory=list)
    _at: Params = made(default_factory=list)
    _factors: list[Tensor | None] = made(default_factory=list)

    def read(self, params: Params, step: int, own: Tensor | None = None) -> Reading:
        """Scores of a step, under its mask."""
        if self.masks is None:
            return self.field.read(params, own)
        self._factors = self.masks.at(step)
        self._at = masked(params, self._factors)
        return self.field.read(self._at, own)

    def move(
        self, params: Params, reading: Reading, shared: Tensor, own: Tensor | None = None, at: Tensor | None = None
    ) -> None:
        """One step in place, given dLoss/dscore of what was read."""
        if self.masks is None and not self.momentum:
            self.field.move(params, reading, shared, own, at)
            return
        slopes = self.field.slopes(params if self.masks is None else self._at, reading, shared, own, at)
        if self.masks is not None:
            slopes = masked(slopes, self._factors)
        if not self.momentum:
            settle(params, slopes, self.field.paces)
            return
        if not self._velocity:
            self._velocity = [torch.zeros_like(p) for p in params]
        for param, velocity, slope, (rate, decay) in zip(params, self._velocity, slopes, self.field.paces, strict=True):
            velocity.mul_(self.momentum).sub_(slope, alpha=rate)
            if decay:
                velocity.sub_(param, alpha=decay)
            param.add_(velocity)
