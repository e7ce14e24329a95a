"""How a human acts who knows what is wanted: rationally or by Boltzmann's law, in earnest or for the robot to learn.

A *pedagogic* human values an action by all that follows from it under the robot's plan, what the robot learns of it
included: Q(s, a^H; θ, σ). A *literal* one values it as though the robot knew θ, plays its best now and both play their
best from then on, so that there is nothing to teach (Milli & Dragan 2019 call such a human literal).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from activeseed.plan import Floats

#: values this close, as a share of their size, are one value: a rational human has no preference between them
SAME = 1e-9

Rationality = Literal["boltzmann", "rational"]
Teaching = Literal["pedagogic", "literal"]


@dataclass(frozen=True)
class Human:
    """A human.

    Attributes:
        rationality: ``boltzmann``: π ∝ exp(β·Q); ``rational``: the best actions, evenly where several are.
        teaching: what Q is the value of, see the module.
        beta: β, inverse in the unit of reward.
    """

    rationality: Rationality
    teaching: Teaching
    beta: float

    @property
    def literal(self) -> bool:
        return self.teaching == "literal"

    @property
    def responds(self) -> bool:
        """Whether how they act in the end depends on all continuations at once, so that no pruning is sound."""
        return not self.literal and self.rationality == "boltzmann"

    def policy(self, values: Floats, axis: int = 0) -> Floats:
        """Values of actions along an axis -> the probabilities that they are taken with."""
        top = values.max(axis, keepdims=True)
        if self.rationality == "rational":
            best = (values >= top - SAME * (1.0 + np.abs(top))).astype(np.float64)
            return np.asarray(best / best.sum(axis, keepdims=True))
        weights = np.exp(self.beta * (values - top))
        return np.asarray(weights / weights.sum(axis, keepdims=True))
