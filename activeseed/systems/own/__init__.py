"""Trainers of the user's own: a Python function, a scikit-learn estimator, or an external command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from activeseed.lazy import lazily

if TYPE_CHECKING:
    from activeseed.systems.own.command import Command
    from activeseed.systems.own.estimator import FromEstimator
    from activeseed.systems.own.function import FromFunction
    from activeseed.systems.own.given import GivenItem

__getattr__ = lazily(
    __name__,
    {"command": ("Command",), "estimator": ("FromEstimator",), "function": ("FromFunction",), "given": ("GivenItem",)},
)
__all__ = ["Command", "FromEstimator", "FromFunction", "GivenItem"]
