"""Trainers of the user's own: a Python function, a scikit-learn estimator, or an external command."""

from activeseed.systems.own.command import Command
from activeseed.systems.own.estimator import FromEstimator
from activeseed.systems.own.function import FromFunction
from activeseed.systems.own.given import GivenItem

__all__ = ["Command", "FromEstimator", "FromFunction", "GivenItem"]
