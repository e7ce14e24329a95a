"""Score fields with one hidden layer: score = v·tanh(Wx + b)/√h + c, gradients written by hand.

The 1/√h of the neural tangent parametrisation makes one learning rate serve every width (Jacot et al. 2018). W starts
as standard normal (stream ``init``), v at ``init_scale`` times standard normal, b and c at zero. The weights of all
rows are one (R·h, d) matrix, so the shared points cost two matrix products a step, 2nhd multiply-adds a row. A
point of a row's own costs hd for its score, hd for its gradient in W and, where it moves, hd for its gradient in x.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from activeseed.systems.fields.draws import Draws
from activeseed.systems.fields.field import Params, Rates, Reading, settle
from activeseed.systems.fields.points import Points, worst_case


@dataclass(frozen=True)
class Mlp:
    """Stacked one-hidden-layer fields. ``radius``: of `points.worst_case`, taken anew in each reading."""

    points: Points
    rates: Rates
    hidden: int
    init_scale: float
    radius: float = 0.0

    def start(self, rows: int, draws: Draws) -> Params:
        d, h = self.points.train.shape[1], self.hidden
        both = draws.normal("init", (h, d + 1))
        return [
            both[:, :, :d].contiguous(),
            torch.zeros(rows, h),
            both[:, :, d] * self.init_scale,
            torch.zeros(rows, 1),
        ]

    def read(self, params: Params, own: Tensor | None = None) -> Reading:
        active = self._shared_units(params)
        shared = self._scores(params, active)
        if self.radius:
            points = self.points.train[: self.points.attacked].expand(len(shared), -1, -1)
            # units of the positives are known already: the first S columns of the shared ones
            attacked = worst_case(points, self._slope(params, active[:, :, : self.points.attacked]), self.radius)
            own = attacked if own is None else torch.cat([attacked, own], 1)
        if own is None:
            return Reading(shared, None, (active,))
        own_active = self._own_units(params, own)
        scores = self._scores(params, own_active)
        if self.radius:
            s = self.points.attacked
            shared = torch.cat([scores[:, :s], shared[:, s:]], 1)
            return Reading(shared, scores[:, s:] if own.shape[1] > s else None, (active, own_active, own))
        return Reading(shared, scores, (active, own_active))

    def move(self, params: Params, reading: Reading, shared: Tensor, own: Tensor | None, at: Tensor | None) -> None:
        settle(params, self.slopes(params, reading, shared, own, at), self.paces)

    def slopes(self, params: Params, reading: Reading, shared: Tensor, own: Tensor | None, at: Tensor | None) -> Params:
        w, v = params[0], params[2]
        active = reading.kept[0]
        total = shared.sum(1, keepdim=True)
        if own is not None:
            total = total + own.sum(1, keepdim=True)
        if self.radius:  # what belongs to a positive belongs to its attacked copy
            s = self.points.attacked
            own = shared[:, :s] if own is None else torch.cat([shared[:, :s], own], 1)
            shared = torch.cat([torch.zeros_like(shared[:, :s]), shared[:, s:]], 1)
            at = reading.kept[2]
        scale = v / self.hidden**0.5
        back = torch.bmm(scale[:, :, None], shared[:, None, :]) * _bend(active)
        slope_w = (back.flatten(0, 1) @ self.points.train).view_as(w)
        slope_b = back.sum(2)
        slope_v = torch.bmm(active, shared[:, :, None])[:, :, 0]
        if own is not None and at is not None:
            own_active = reading.kept[1]
            back = torch.bmm(scale[:, :, None], own[:, None, :]) * _bend(own_active)
            slope_w += torch.bmm(back, at)
            slope_b += back.sum(2)
            slope_v += torch.bmm(own_active, own[:, :, None])[:, :, 0]
        return [slope_w, slope_b, slope_v, total]

    @property
    def paces(self) -> tuple[tuple[float, float], ...]:
        """The slope of v leaves out its 1/√h."""
        rate, decay = self.rates.weights, self.rates.decay
        return (rate, decay), (rate, 0.0), (rate / self.hidden**0.5, decay), (self.rates.bias, 0.0)

    @property
    def unit_shapes(self) -> tuple[tuple[int, ...] | None, ...]:
        """A unit that is dropped is one that v does not read."""
        return None, None, (self.hidden,), None

    @property
    def weight_shapes(self) -> tuple[tuple[int, ...] | None, ...]:
        return (self.hidden, self.points.train.shape[1]), None, (self.hidden,), None

    def train_scores(self, params: Params) -> Tensor:
        return self._scores(params, self._shared_units(params))

    def probe_scores(self, params: Params) -> Tensor:
        return self._scores(params, self._units(params, self.points.probes))

    def own_scores(self, params: Params, at: Tensor) -> Tensor:
        return self._scores(params, self._own_units(params, at))

    def slope(self, params: Params, at: Tensor) -> Tensor:
        return self._slope(params, self._own_units(params, at))

    def units(self, params: Params, at: Tensor) -> Tensor | None:
        return self._units(params, at).transpose(1, 2)

    def flat(self, params: Params) -> Tensor:
        """W, b, v/√h, c."""
        w, b, v, c = params
        return torch.cat([w.flatten(1), b, v / self.hidden**0.5, c], 1)

    def stepped(self, params: Params, slopes: tuple[Tensor, ...]) -> Params:
        (w, b, v, c), (dw, db, dv, dc) = params, slopes
        keep, rate = 1.0 - self.rates.decay, self.rates.weights
        return [keep * w - rate * dw, b - rate * db, keep * v - rate * dv, c - self.rates.bias * dc]

    def _units(self, params: Params, points: Tensor) -> Tensor:
        """(R, h, n) hidden units at shared points (n, d)."""
        w, b = params[0], params[1]
        return torch.tanh((w.flatten(0, 1) @ points.T).view(*b.shape, len(points)) + b[:, :, None])

    def _shared_units(self, params: Params) -> Tensor:
        return self._units(params, self.points.train)

    def _own_units(self, params: Params, at: Tensor) -> Tensor:
        return torch.tanh(torch.baddbmm(params[1][:, :, None], params[0], at.transpose(1, 2)))

    def _scores(self, params: Params, active: Tensor) -> Tensor:
        return torch.bmm(params[2][:, None, :] / self.hidden**0.5, active)[:, 0] + params[3]

    def _slope(self, params: Params, active: Tensor) -> Tensor:
        scale = params[2][:, :, None] / self.hidden**0.5
        return torch.bmm((scale * _bend(active)).transpose(1, 2), params[0])


def _bend(active: Tensor) -> Tensor:
    """The derivative of tanh, from its value."""
    return 1.0 - active * active
