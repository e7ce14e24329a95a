"""The protocol of a stacked field.

A field knows its points and its learning rates; its parameters are a list of tensors whose first dimension is the row,
so that one matrix product serves all rows. ``read`` scores the shared training points (and points that only a row has);
``move`` takes one step of gradient descent, in place, given dLoss/dscore; ``slopes`` are what it goes by, for whoever
steps otherwise (`descending`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from activeseed.systems.fields.draws import Draws

Params = list[Tensor]


@dataclass(frozen=True)
class Rates:
    """Of plain gradient descent: weights move by ``weights``, the bias by ``bias``; ``decay`` = learning rate × l2."""

    weights: float
    bias: float
    decay: float


@dataclass(frozen=True)
class Reading:
    """Scores of one step.

    Attributes:
        shared: (R, n) at the training points.
        own: (R, m) at the row's own points, or None.
        kept: what ``move`` needs again.
    """

    shared: Tensor
    own: Tensor | None = None
    kept: tuple[Tensor, ...] = ()


class Field(Protocol):
    """R stacked score fields."""

    def start(self, rows: int, draws: Draws) -> Params: ...
    def read(self, params: Params, own: Tensor | None = None) -> Reading:
        """Scores at the training points and at points ``own`` (R, m, d), with the adversary's share taken off."""
        ...

    def move(self, params: Params, reading: Reading, shared: Tensor, own: Tensor | None, at: Tensor | None) -> None:
        """One descent step in place.

        Args:
            shared: (R, n) dLoss/dscore at the training points.
            own: (R, m) dLoss/dscore at the points ``at`` (R, m, d).
        """
        ...

    def slopes(self, params: Params, reading: Reading, shared: Tensor, own: Tensor | None, at: Tensor | None) -> Params:
        """DLoss of each parameter, up to the constant that ``paces`` makes up for; arguments as of ``move``."""
        ...

    @property
    def paces(self) -> tuple[tuple[float, float], ...]:
        """(rate, decay) of each parameter: what one step multiplies its slope, and the parameter, with."""
        ...

    @property
    def unit_shapes(self) -> tuple[tuple[int, ...] | None, ...]:
        """Of each parameter, the shape of its numbers by the unit that they read; None where they read none."""
        ...

    @property
    def weight_shapes(self) -> tuple[tuple[int, ...] | None, ...]:
        """Of each parameter, its shape in a row, where it is weights; None for biases."""
        ...

    def train_scores(self, params: Params) -> Tensor:
        """(R, n) plain scores at the training points (no adversary)."""
        ...

    def probe_scores(self, params: Params) -> Tensor:
        """(R, P) scores at the probes."""
        ...

    def own_scores(self, params: Params, at: Tensor) -> Tensor:
        """(R, m) scores at points (R, m, d)."""
        ...

    def slope(self, params: Params, at: Tensor) -> Tensor:
        """(R, m, d) gradient of the score at points (R, m, d)."""
        ...

    def units(self, params: Params, at: Tensor) -> Tensor | None:
        """(R, n, h) hidden units at shared points (n, d); None for a field that has none."""
        ...

    def flat(self, params: Params) -> Tensor:
        """(R, size) parameters as ``networks.Layout`` orders them, as they are used where scores are read."""
        ...

    def stepped(self, params: Params, slopes: tuple[Tensor, ...]) -> Params:
        """The parameters after one descent step, out of place: unrolling differentiates through it."""
        ...


def settle(params: Params, slopes: Params, paces: tuple[tuple[float, float], ...]) -> None:
    """One step of plain gradient descent, in place."""
    for param, slope, (rate, decay) in zip(params, slopes, paces, strict=True):
        if decay:
            param.mul_(1.0 - decay)
        param.sub_(slope, alpha=rate)
