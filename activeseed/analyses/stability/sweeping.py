"""How a level moves: the ensemble of plausible seeds at each value of a setting, or under each number of a stream.

What is asked is whether the *picture* changes (`basins.sweeping`): the number of basins, or the item on which the
outcome hangs most; and how the spread over seeds does, which is a matter of degree.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from activeseed.analyses.basins.hanging import hanging_of
from activeseed.analyses.basins.landscape import Swept
from activeseed.analyses.basins.sweeping import Seen, changes_between, rows_at
from activeseed.analyses.masking.curves import MaskedCurve
from activeseed.analyses.stability.matrix import AtValue, Damaged, Varied
from activeseed.analyses.stability.starting import Count, ensemble
from activeseed.analyses.stability.washing import UNKNOWN, Estimate, Trained, ratio_of
from activeseed.estimators.leave_one_out import ROUNDING
from activeseed.outcome import Outcomes
from activeseed.plan import Rows, stream_key
from activeseed.protocols import Problem, Request
from activeseed.seed import Json

#: the picture is another one, too, where more than this share of the trainings fail that did not
FAIL = 0.5


def over_setting(
    problem: Problem, rows: Rows, here: Trained, setting: int, chosen: Sequence[int], count: Count
) -> Generator[Request, Outcomes, Varied]:
    """The ensemble at each of these choices of a setting, in their order.

    Args:
        rows: the ensemble's.
        here: what came of them as the setting stands, which is not trained again.
    """
    factor = problem.settings[setting]
    at: list[AtValue] = []
    seen: list[Seen] = []
    for choice in chosen:
        value = factor.choices[choice].setting
        stands = choice == factor.stands
        if stands:
            trained = here
        else:
            purpose = f"plausible seeds at {factor.id} = {value}"
            trained = yield from ensemble(problem, rows_at(problem, rows, setting, choice), purpose, may_fail=True)
        seen.append(seen_at(problem, trained, value, stands, f"{factor.id}={value}", count))
        at.append(at_value(seen[-1], trained, here))
    return varied_of(factor.id, at, seen)


def over_stream(
    problem: Problem, rows: Rows, stream: str, numbers: int, count: Count
) -> Generator[Request, Outcomes, Varied]:
    """The ensemble with one key stream at the same number for all, at so many numbers in turn."""
    at: list[AtValue] = []
    seen: list[Seen] = []
    first: Trained | None = None
    for k in range(numbers):
        held = replace(rows, apart={stream: np.full(len(rows), problem.first_key + k, np.int64)})
        trained = yield from ensemble(problem, held, f"plausible seeds, {stream} {k + 1}", stream)
        first = first or trained
        seen.append(seen_at(problem, trained, k + 1, False, f"{stream} {k + 1}", count))
        at.append(at_value(seen[-1], trained, first))
    found = varied_of(stream, at, seen)
    return replace(found, stream=True, where=f"with the draws of {stream}" if found.changes else "")


def damaged(curve: MaskedCurve, seeds: Trained | None) -> Damaged:
    """What switching off parts of the trained model does, beside what another plausible seed does."""
    moved = tuple(Estimate(*one) for one in zip(curve.value, curve.low, curve.high, strict=True))
    spread = UNKNOWN if seeds is None else seeds.of(seeds.which).times(2.0).estimate
    return Damaged(curve.words, curve.rates, moved, spread, curve)


def seen_at(problem: Problem, trained: Trained, value: Json, stands: bool, name: str, count: Count) -> Seen:
    """The ensemble at one value, with what its neighbours are held against."""
    n = len(trained.which)
    if n < 2:
        return Seen(Swept(value, stands, n, 0, {}, (), float("nan"), "", {}))
    found = count(trained.first, name)
    shares = tuple((np.bincount(found.basins) / n).tolist())
    off = trained.first - trained.first.mean(0)
    whole = float((off**2).sum() / (n - 1))
    whole = whole if whole > ROUNDING else 0.0  # what ended alike has a mean that rounding moved
    stream = stream_key(problem.stream, "stability", "tops", name)
    variants = trained.variants[:, : len(problem.ids)]
    hangs = hanging_of(trained.first, trained.second, variants, problem.ids, stream)
    swept = Swept(value, stands, n, len(shares), found.support, shares, whole, hangs.top, hangs.tops)
    return Seen(swept, hangs, found.again)


def at_value(seen: Seen, trained: Trained, here: Trained) -> AtValue:
    """What is told of the ensemble at one value, beside that where the setting stands."""
    if len(trained.which) < 2:
        return AtValue(seen.swept, UNKNOWN, UNKNOWN)
    against = Estimate(1.0, 1.0, 1.0)
    if trained is not here:
        common = np.intersect1d(trained.which, here.which)
        against = ratio_of(trained.of(common), here.of(common))
    return AtValue(seen.swept, trained.of(trained.which).estimate, against)


def varied_of(path: str, at: Sequence[AtValue], seen: Sequence[Seen]) -> Varied:
    """What changes along these values, and where first, seen from the value that stands."""
    asked = max((a.swept.trained for a in at), default=0)
    there = [(n, s) for n, s in enumerate(seen) if s.swept.number]
    between = changes_between(path, [s for _, s in there])
    changes = [line for lines in between for line in lines]
    failing = [a.swept for a in at if a.swept.trained < FAIL * asked]
    changes += [f"At {path} = {s.value} {asked - s.trained} of {asked} trainings fail." for s in failing]
    if not changes:
        return Varied(path, False, tuple(at), ())
    stands = next((n for n, a in enumerate(at) if a.swept.here), 0)
    places = [
        (max(abs(m - stands), abs(n - stands)), b if abs(n - stands) >= abs(m - stands) else a)
        for ((m, a), (n, b)), lines in zip(pairwise([(n, s.swept) for n, s in there]), between, strict=True)
        if lines
    ]
    places += [(abs(n - stands), a.swept) for n, a in enumerate(at) if a.swept in failing]
    nearest = min(places, key=lambda p: p[0])[1]
    return Varied(path, False, tuple(at), tuple(changes), f"at {path} = {nearest.value}")
