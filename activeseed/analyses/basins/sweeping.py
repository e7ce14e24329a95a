"""A setting at several values: where the number of basins changes, or what the outcome hangs on most.

Those are qualitative changes (bifurcations), and they, not a share of variance, are structural instability: a setting
that moves all outcomes a long way, all alike, changes nothing of what is said about the seed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from activeseed.analyses.basins.hanging import Hanging
from activeseed.analyses.basins.landscape import Swept
from activeseed.errors import PlanError, nearest

if TYPE_CHECKING:
    from activeseed.plan import Rows
    from activeseed.protocols import Problem
    from activeseed.seed import Json

#: two findings differ when independent subsets of their ensembles agree no more often than this
AGREE = 0.05
#: subsets that agree more often than this say the same, however few they are
OPEN = 0.4
#: subsets that are asked else: an agreement of ``AGREE`` is then known within 0.015
MANY = 200


def choices_of(problem: Problem, path: str, values: Sequence[Json]) -> tuple[int, tuple[int, ...]]:
    """Which of the settings it is, and the choices that are swept; all of them where no value is named.

    Raises PlanError for a setting that the trainer does not let be varied, or a value that it does not name.
    """
    names = [f.id for f in problem.settings]
    if not names:
        raise PlanError(f"This trainer names no settings that can be varied, so {path!r} can't be swept.")
    if path not in names:
        raise PlanError(f"There is no setting {path!r} to sweep.{nearest(path, names)}")
    factor = problem.settings[names.index(path)]
    known = [c.setting for c in factor.choices]
    chosen = tuple(range(len(known))) if not values else tuple(_place(path, v, known) for v in values)
    if len(set(chosen)) < 2:
        raise PlanError(f"A sweep of {path!r} takes two values at least, of {_said(known)}.")
    numbers = [float(v) for v in known if isinstance(v, int | float) and not isinstance(v, bool)]
    middle = float(np.median(numbers)) if numbers else 0.0  # what is left open is around what is named
    order = sorted(set(chosen), key=lambda c: _sorts(known[c], c, middle))
    return names.index(path), tuple(order)


def _place(path: str, value: Any, known: Sequence[Any]) -> int:
    if value is None and None not in known and "none" in known:
        value = "none"  # how people write both
    for c, one in enumerate(known):
        if one == value and isinstance(one, bool) == isinstance(value, bool):
            return c
    raise PlanError(f"{path!r} can't be swept to {value!r}: this trainer names {_said(known)}. Choose of them.")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _sorts(value: Any, place: int, middle: float) -> tuple[int, float, int]:
    if value is None or _is_number(value):
        return 0, middle if value is None else float(value), place
    return 1, 0.0, place


def _said(values: Sequence[Any]) -> str:
    return ", ".join(str(v) for v in values)


def rows_at(problem: Problem, rows: Rows, setting: int, choice: int) -> Rows:
    """The same rows with one of the settings at one of its choices, the others as they stand."""
    settings = np.tile(np.array([f.stands for f in problem.settings], np.int16), (len(rows), 1))
    settings[:, setting] = choice
    times = rows.multiplicity
    if times is not None:
        times = np.concatenate([times, np.ones(settings.shape, np.float32)], 1)
    return replace(rows, variants=np.concatenate([rows.variants, settings], 1), multiplicity=times)


@dataclass(frozen=True)
class Seen:
    """An ensemble at one value of a setting, with what it takes to hold it against its neighbours.

    Attributes:
        swept: what is told of it.
        hangs: on which items its outcome hangs; None where that was not looked at.
        again: (how many) -> number of basins -> share of so many subsets of it in which so many are found.
    """

    swept: Swept
    hangs: Hanging | None = None
    again: Callable[[int], Mapping[int, float]] | None = None


def changes_between(setting: str, at: Sequence[Seen]) -> list[tuple[str, ...]]:
    """Sentences about each two neighbouring values: what qualitative change chance does not explain.

    Another number of basins is told where subsets of the two ensembles hardly ever agree on it. Another item that the
    outcome hangs on most is told where each of the two is told to lie above the other at its own value; both have to
    be, so that neither test alone can name a change, and all neighbours together have the level (Bonferroni). And where
    all members end alike there is nothing that the outcome hangs on at all.
    """
    level = AGREE / max(1, len(at) - 1)
    said = []
    for a, b in pairwise(at):
        between = f"Between {setting} = {a.swept.value} and {b.swept.value}"
        mine = []
        if numbers := _other_numbers(a, b):
            mine.append(f"{between} the number of basins changes from {numbers[0]} to {numbers[1]}.")
        if (a.swept.spread == 0.0) != (b.swept.spread == 0.0):
            alike = a.swept.value if a.swept.spread == 0.0 else b.swept.value
            mine.append(f"{between} it changes whether there is a spread: at {alike} all end alike.")
        if _hang_otherwise(a, b, level):
            mine.append(f"{between} what the outcome hangs on most changes from {a.swept.top} to {b.swept.top}.")
        said.append(tuple(mine))
    return said


def _other_numbers(a: Seen, b: Seen) -> tuple[int, int] | None:
    """How many basins either ensemble has, where subsets of the two agree no more often than ``AGREE``; else None.

    One subset in a hundred of a single cloud is cut by chance, and one of a few would be too many. So what the few say
    that stand in the table is taken only where it is plain that they agree; else many are asked. The numbers are those
    that most subsets find: of a whole ensemble, too, a piece is cut off by chance at times.
    """
    if a.swept.number == b.swept.number:
        return None
    first, second = a.swept.support, b.swept.support
    if a.again is not None and b.again is not None and _agree(first, second) <= OPEN:
        first, second = a.again(MANY), b.again(MANY)
    if _agree(first, second) >= AGREE:
        return None
    return max(first, key=lambda k: first[k]), max(second, key=lambda k: second[k])


def _hang_otherwise(a: Seen, b: Seen, level: float) -> bool:
    """Whether either outcome is told to hang more on its own item than on the other's."""
    one, two = a.swept.top, b.swept.top
    if not one or not two or one == two or a.hangs is None or b.hangs is None:
        return False
    return a.hangs.above(one, two) < level and b.hangs.above(two, one) < level


def _agree(first: Mapping[Any, float], second: Mapping[Any, float]) -> float:
    """Probability that a subset of each says the same; 1 where nothing is known, so that nothing is claimed."""
    return sum(p * second.get(k, 0.0) for k, p in first.items()) if first and second else 1.0
