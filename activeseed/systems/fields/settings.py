"""What systems of stacked score fields say and check of their records before anything trains. Loads nothing heavy."""

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


#: looks at a training that are kept at most, besides the start
MOST_LOOKS = 64


def looked_at(rounds: int, steps: int, each: int) -> tuple[int, ...]:
    """Gradient steps after which a trajectory is read: 0, then evenly spaced within each round, its end among them.

    Args:
        steps: in each round.
        each: looks a round. With more than 64 in all it is as many as keep to that; where rounds alone are more, looks
            are at 64 ends of rounds, evenly spaced, the last among them.
    """
    each = max(1, min(each, steps, MOST_LOOKS // rounds))
    some = min(rounds, MOST_LOOKS)
    ends = [round(rounds * n / some) for n in range(1, some + 1)]
    return (0, *((k - 1) * steps + round(steps * n / each) for k in ends for n in range(1, each + 1)))
