"""Linear score fields, in the primal and in the dual: the same steps up to rounding.

*Primal*: θ (R, d); a step costs 2nd multiply-adds a row at n shared points. *Dual*: θ = αT with T the n points, so
scores are αK with K = TTᵀ; a step costs n², less whenever n < 2d. The dual starts at zero and meets no points of a
row's own.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from activeseed.systems.fields.draws import Draws
from activeseed.systems.fields.field import Params, Rates, Reading, settle
from activeseed.systems.fields.points import Points


@dataclass(frozen=True)
class Linear:
    """score = θ·x + c, in the primal.

    ``radius`` > 0: positives are scored at their worst point within that distance, which for a linear score is
    score − radius·‖θ‖.
    """

    points: Points
    rates: Rates
    init_scale: float = 0.0
    radius: float = 0.0

    def start(self, rows: int, draws: Draws) -> Params:
        d = self.points.train.shape[1]
        theta = torch.zeros(rows, d)
        if self.init_scale:
            theta = draws.normal("init", (d,)) * (self.init_scale / d**0.5)
        return [theta.contiguous(), torch.zeros(rows, 1)]

    def read(self, params: Params, own: Tensor | None = None) -> Reading:
        theta, bias = params
        shared = torch.addmm(bias, theta, self.points.train.T)
        if self.radius:
            shared[:, : self.points.attacked] -= self.radius * theta.norm(dim=1, keepdim=True)
        return Reading(shared, None if own is None else self.own_scores(params, own))

    def move(self, params: Params, reading: Reading, shared: Tensor, own: Tensor | None, at: Tensor | None) -> None:
        settle(params, self.slopes(params, reading, shared, own, at), self.paces)

    def slopes(self, params: Params, reading: Reading, shared: Tensor, own: Tensor | None, at: Tensor | None) -> Params:
        theta = params[0]
        total = shared.sum(1, keepdim=True)
        slope = shared @ self.points.train
        if self.radius:
            pull = shared[:, : self.points.attacked].sum(1, keepdim=True) * self.radius
            slope -= pull * theta / theta.norm(dim=1, keepdim=True).clamp(min=1e-12)
        if own is not None and at is not None:
            slope += torch.bmm(own[:, None, :], at)[:, 0]
            total = total + own.sum(1, keepdim=True)
        return [slope, total]

    @property
    def paces(self) -> tuple[tuple[float, float], ...]:
        return (self.rates.weights, self.rates.decay), (self.rates.bias, 0.0)

    @property
    def unit_shapes(self) -> tuple[tuple[int, ...] | None, ...]:
        """A linear score has no hidden units: what it reads are its inputs."""
        return self.weight_shapes

    @property
    def weight_shapes(self) -> tuple[tuple[int, ...] | None, ...]:
        return (self.points.train.shape[1],), None

    def train_scores(self, params: Params) -> Tensor:
        return torch.addmm(params[1], params[0], self.points.train.T)

    def probe_scores(self, params: Params) -> Tensor:
        return torch.addmm(params[1], params[0], self.points.probes.T)

    def own_scores(self, params: Params, at: Tensor) -> Tensor:
        theta, bias = params
        return torch.bmm(at, theta[:, :, None])[:, :, 0] + bias

    def slope(self, params: Params, at: Tensor) -> Tensor:
        return params[0][:, None, :].expand(at.shape)

    def units(self, params: Params, at: Tensor) -> Tensor | None:
        return None

    def flat(self, params: Params) -> Tensor:
        return torch.cat(params, 1)

    def stepped(self, params: Params, slopes: tuple[Tensor, ...]) -> Params:
        theta, bias = params
        theta = (1.0 - self.rates.decay) * theta - self.rates.weights * slopes[0]
        return [theta, bias - self.rates.bias * slopes[1]]


@dataclass(frozen=True)
class Kernel:
    """The same field in the dual: starts at zero, and meets no points but the shared ones."""

    points: Points
    rates: Rates

    def start(self, rows: int, draws: Draws) -> Params:
        return [torch.zeros(rows, len(self.points.train)), torch.zeros(rows, 1)]

    def read(self, params: Params, own: Tensor | None = None) -> Reading:
        return Reading(self.train_scores(params))

    def move(self, params: Params, reading: Reading, shared: Tensor, own: Tensor | None, at: Tensor | None) -> None:
        settle(params, self.slopes(params, reading, shared, own, at), self.paces)

    def slopes(self, params: Params, reading: Reading, shared: Tensor, own: Tensor | None, at: Tensor | None) -> Params:
        return [shared, shared.sum(1, keepdim=True)]

    @property
    def paces(self) -> tuple[tuple[float, float], ...]:
        return (self.rates.weights, self.rates.decay), (self.rates.bias, 0.0)

    @property
    def unit_shapes(self) -> tuple[tuple[int, ...] | None, ...]:
        raise NotImplementedError("masks are on weights, which a field in the dual does not keep")

    @property
    def weight_shapes(self) -> tuple[tuple[int, ...] | None, ...]:
        raise NotImplementedError("masks are on weights, which a field in the dual does not keep")

    def train_scores(self, params: Params) -> Tensor:
        assert self.points.kernel is not None
        return torch.addmm(params[1], params[0], self.points.kernel)

    def probe_scores(self, params: Params) -> Tensor:
        assert self.points.probe_kernel is not None
        return torch.addmm(params[1], params[0], self.points.probe_kernel)

    def own_scores(self, params: Params, at: Tensor) -> Tensor:
        return torch.bmm(at, (params[0] @ self.points.train)[:, :, None])[:, :, 0] + params[1]

    def slope(self, params: Params, at: Tensor) -> Tensor:
        return (params[0] @ self.points.train)[:, None, :].expand(at.shape)

    def units(self, params: Params, at: Tensor) -> Tensor | None:
        return None

    def flat(self, params: Params) -> Tensor:
        """θ = αT, summed in double precision: scores are read as αK, and the two differ by one rounding of θ."""
        theta = params[0].double() @ self.points.train.double()
        return torch.cat([theta.to(params[1].dtype), params[1]], 1)

    def stepped(self, params: Params, slopes: tuple[Tensor, ...]) -> Params:
        raise NotImplementedError(
            "a boxed evaluator is unrolled in the primal, where gradients are those of its weights"
        )
