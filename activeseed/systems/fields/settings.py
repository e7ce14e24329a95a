"""What systems of stacked score fields check of their records before anything trains. Loads nothing heavy."""

from __future__ import annotations

from activeseed.errors import PlanError


def check_decay(rate: float, l2: float) -> None:
    """Raise ValueError where one step of weight decay would throw the weights past zero."""
    if rate * l2 >= 1:
        raise ValueError(
            f"learning_rate × l2 is {rate * l2:g}: weights would overshoot zero in every step. "
            "Lower one of them until the product is below 1"
        )


def check_minibatch(minibatch: int, items: int) -> None:
    """Raise PlanError where every minibatch would be the whole seed."""
    if minibatch >= items:
        raise PlanError(
            f"minibatch is {minibatch} and the seed has {items} items, so the order would vary nothing. "
            "Make it smaller, or 0 for full batches."
        )
