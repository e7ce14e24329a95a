"""What systems of stacked score fields say and check of their records before anything trains. Loads nothing heavy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from activeseed.errors import PlanError
from activeseed.factor import setting_factor

if TYPE_CHECKING:
    from activeseed.factor import Aspect, Factor, Level
    from activeseed.protocols import Json


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


#: what of its level each setting is, where it is no setting of the trainer²
PLACES: Mapping[str, tuple[Level, Aspect]] = {
    "steps": ("trainer", "dynamics"), "learning_rate": ("trainer", "dynamics"), "momentum": ("trainer", "dynamics"),
    "l2": ("trainer", "dynamics"), "minibatch": ("trainer", "dynamics"), "hidden": ("model", "dynamics"),
    "init_scale": ("trainer", "start"), "pretrained": ("trainer", "start"),
    "dropout": ("model", "dynamics"), "dropconnect": ("model", "dynamics"),
}  # fmt: skip


def varied(record: Mapping[str, Json], rate: float, settings: Sequence[str]) -> tuple[Factor, ...]:
    """Settings as factors, with their places in the stack: each as the record has it, then values around it.

    Numbers are taken a step and two steps to either side. A step is a factor of two; of weight decay, temperature and
    size of the start a factor of three. Whole numbers stay whole and above zero, what is zero stays zero, and no rate
    goes with a decay that would throw weights past zero. A training of one round is not varied in its rounds, nor one
    without a random start in that: other key streams would vary it. A minibatch only becomes smaller, so that it stays
    one whatever the seed. Momentum, which needs nothing else, is varied from zero as well.

    Args:
        record: the system's settings by name.
        rate: the learning rate that is used, where the record leaves it open.
        settings: paths, of those that are known here.
    """
    out = []
    for path in settings:
        around = _around(path, record, rate)
        if around:
            level, aspect = PLACES.get(path, ("trainer2", "dynamics"))
            out.append(setting_factor(path, [record[path], *around], level, aspect=aspect))
    return tuple(out)


def _around(path: str, record: Mapping[str, Json], rate: float) -> list[Any]:
    """What else a setting may be, besides what it is."""
    now: Any = record[path]
    if path in _OTHERS:
        return [v for v in _OTHERS[path] if v != now]
    middle = rate if path == "learning_rate" else now
    if not middle or (path == "rounds" and middle == 1):
        return []
    if path in ("dropout", "dropconnect"):
        return [v for v in dict.fromkeys(round(middle * step, 6) for step in (0.25, 0.5, 1.5, 2.0)) if v <= 0.9]
    step = 2.0 if path in _HALVED else 3.0
    powers = (-2, -1) if path == "minibatch" else (-2, -1, 1, 2)
    around: list[Any] = [float(f"{middle * step**n:.6g}") for n in powers]
    if isinstance(middle, int):
        least, most = (2 if path == "rounds" else 1), _LARGEST[path]
        around = [v for v in dict.fromkeys(round(a) for a in around) if least <= v <= most and v != middle]
        around = around or [2]  # a minibatch of one, whose seed holds more than two
    if path == "exploiter_leash":
        around = [v for v in around if v <= 1.0]
    if path == "learning_rate":
        around = [v for v in around if v * float(record["l2"] or 0.0) * _ROOM < 1]  # type: ignore[arg-type]
    if path == "l2":
        around = [v for v in around if v * rate * 4.0 < 1]
    return around


def kept_besides(size: int, momentum: float, masks: bool) -> int:
    """Floats of a row that momentum and masks keep, for so many parameters that move.

    A velocity and the slopes; under masks the factors, the masked parameters, their slopes twice, and the bits of eight
    steps.
    """
    return (2 * size if momentum else 0) + (6 * size + 3 * size if masks else 0)


#: settings that are one of a few, each of which goes with everything else
_OTHERS: Mapping[str, tuple[Json, ...]] = {"momentum": (0.0, 0.5, 0.9), "opponents": ("average", "prioritised")}
_HALVED = ("rounds", "steps", "learning_rate", "hidden", "minibatch", "pretrained")
_LARGEST = {"rounds": 1000, "steps": 100_000, "hidden": 4096, "minibatch": 2**31, "pretrained": 100_000}
#: the decay may be varied besides, by up to so much
_ROOM = 9.0
