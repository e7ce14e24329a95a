"""Which field a system's settings ask for."""

from __future__ import annotations

from typing import Literal

from activeseed.systems.fields.field import Field, Rates
from activeseed.systems.fields.linear import Kernel, Linear
from activeseed.systems.fields.mlp import Mlp
from activeseed.systems.fields.points import Points


def chosen_field(
    kind: Literal["linear", "mlp"], points: Points, rates: Rates, hidden: int, init_scale: float, radius: float = 0.0
) -> Field:
    """An MLP, or a linear field: in the dual where the points were laid out for it."""
    if kind == "mlp":
        return Mlp(points, rates, hidden, init_scale, radius)
    if points.kernel is not None:
        return Kernel(points, rates)
    return Linear(points, rates, init_scale, radius)
