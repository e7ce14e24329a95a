"""Evaluators: R fields of approval, E_r(x) = σ(score_r(x)), kept as stacked parameters and moved together.

An evaluator knows the board and its own learning rates; its parameters are a list of tensors whose first dimension is
the row, so that one matrix product serves all rows. ``read`` scores the shared training points (and points that only a
row has: generators and dreams); ``move`` takes one step of gradient descent, in place, given dLoss/dscore.

Two forms of the same linear evaluator. *Primal*: θ (R, d); a step costs 2(S+N)d multiply-adds a row. *Dual*: θ = αT
with T the S+N training points, so scores are αK with K = TTᵀ; a step costs (S+N)², less whenever S+N < 2d. The dual
needs a start at zero and no points of a row's own. Both take the same steps up to rounding.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from activeseed.systems.league.board import Board
from activeseed.systems.league.draws import Draws

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
        shared: (R, S + N) at the training points.
        own: (R, m) at the row's own points, or None.
        kept: what ``move`` needs again.
    """

    shared: Tensor
    own: Tensor | None = None
    kept: tuple[Tensor, ...] = ()


class Evaluator(Protocol):
    """Stacked fields of approval."""

    def start(self, rows: int, draws: Draws) -> Params: ...
    def read(self, params: Params, own: Tensor | None = None) -> Reading: ...
    def move(self, params: Params, reading: Reading, shared: Tensor, own: Tensor | None, at: Tensor | None) -> None:
        """One descent step in place.

        Args:
            shared: (R, S + N) dLoss/dscore at the training points.
            own: (R, m) dLoss/dscore at the points ``at`` (R, m, d).
        """
        ...

    def train_scores(self, params: Params) -> Tensor:
        """(R, S + N) plain scores at the training points (no adversary)."""
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

    def stepped(self, params: Params, slopes: tuple[Tensor, ...]) -> Params:
        """The parameters after one descent step, out of place: unrolling differentiates through it."""
        ...


@dataclass(frozen=True)
class Linear:
    """score = θ·x + c, in the primal.

    ``radius`` > 0: positives are scored at their worst point within that distance, which for a linear score is
    score − radius·‖θ‖.
    """

    board: Board
    rates: Rates
    init_scale: float = 0.0
    radius: float = 0.0

    def start(self, rows: int, draws: Draws) -> Params:
        d = self.board.train.shape[1]
        theta = torch.zeros(rows, d)
        if self.init_scale:
            theta = draws.normal("init", (d,)) * (self.init_scale / d**0.5)
        return [theta.contiguous(), torch.zeros(rows, 1)]

    def read(self, params: Params, own: Tensor | None = None) -> Reading:
        theta, bias = params
        shared = torch.addmm(bias, theta, self.board.train.T)
        if self.radius:
            shared[:, : self.board.slots] -= self.radius * theta.norm(dim=1, keepdim=True)
        return Reading(shared, None if own is None else self.own_scores(params, own))

    def move(self, params: Params, reading: Reading, shared: Tensor, own: Tensor | None, at: Tensor | None) -> None:
        theta, bias = params
        total = shared.sum(1, keepdim=True)
        slope = shared @ self.board.train
        if self.radius:
            pull = shared[:, : self.board.slots].sum(1, keepdim=True) * self.radius
            slope -= pull * theta / theta.norm(dim=1, keepdim=True).clamp(min=1e-12)
        if own is not None and at is not None:
            slope += torch.bmm(own[:, None, :], at)[:, 0]
            total = total + own.sum(1, keepdim=True)
        theta.mul_(1.0 - self.rates.decay).sub_(slope, alpha=self.rates.weights)
        bias.sub_(total, alpha=self.rates.bias)

    def train_scores(self, params: Params) -> Tensor:
        return torch.addmm(params[1], params[0], self.board.train.T)

    def probe_scores(self, params: Params) -> Tensor:
        return torch.addmm(params[1], params[0], self.board.probes.T)

    def own_scores(self, params: Params, at: Tensor) -> Tensor:
        theta, bias = params
        return torch.bmm(at, theta[:, :, None])[:, :, 0] + bias

    def slope(self, params: Params, at: Tensor) -> Tensor:
        return params[0][:, None, :].expand(at.shape)

    def stepped(self, params: Params, slopes: tuple[Tensor, ...]) -> Params:
        theta, bias = params
        theta = (1.0 - self.rates.decay) * theta - self.rates.weights * slopes[0]
        return [theta, bias - self.rates.bias * slopes[1]]


@dataclass(frozen=True)
class Kernel:
    """The same evaluator in the dual: starts at zero, and meets no points but the shared ones."""

    board: Board
    rates: Rates

    def start(self, rows: int, draws: Draws) -> Params:
        return [torch.zeros(rows, len(self.board.train)), torch.zeros(rows, 1)]

    def read(self, params: Params, own: Tensor | None = None) -> Reading:
        return Reading(self.train_scores(params))

    def move(self, params: Params, reading: Reading, shared: Tensor, own: Tensor | None, at: Tensor | None) -> None:
        alpha, bias = params
        bias.sub_(shared.sum(1, keepdim=True), alpha=self.rates.bias)
        alpha.mul_(1.0 - self.rates.decay).sub_(shared, alpha=self.rates.weights)

    def train_scores(self, params: Params) -> Tensor:
        assert self.board.kernel is not None
        return torch.addmm(params[1], params[0], self.board.kernel)

    def probe_scores(self, params: Params) -> Tensor:
        assert self.board.probe_kernel is not None
        return torch.addmm(params[1], params[0], self.board.probe_kernel)

    def own_scores(self, params: Params, at: Tensor) -> Tensor:
        return torch.bmm(at, (params[0] @ self.board.train)[:, :, None])[:, :, 0] + params[1]

    def slope(self, params: Params, at: Tensor) -> Tensor:
        return (params[0] @ self.board.train)[:, None, :].expand(at.shape)

    def stepped(self, params: Params, slopes: tuple[Tensor, ...]) -> Params:
        raise NotImplementedError(
            "a boxed evaluator is unrolled in the primal, where gradients are those of its weights"
        )
