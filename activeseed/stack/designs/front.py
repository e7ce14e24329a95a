"""Which designs no other beats in everything, with what chance; which spread alone would pick.

Nothing here adds criteria up to one number: a design is on the Pareto front if no other is at least as good in all and
better in one. What finitely many draws, keys, probes and items leave open is told by drawing all of them anew, the same
for all designs, as often as is asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from activeseed.outcome import Bools
from activeseed.plan import Floats
from activeseed.stack.designs.measured import Measured, drawn

#: a design is told to be on the front, or off it, from this chance on
SURE = 0.95


def on_front(values: Floats) -> Bools:
    """(…, D, C) criteria, more is better -> (…, D) whether no design is as good in all of them and better in one."""
    mine, theirs = values[..., :, None, :], values[..., None, :, :]
    beaten = (theirs >= mine).all(-1) & (theirs > mine).any(-1)
    return np.asarray(~beaten.any(-1))


@dataclass(frozen=True)
class Front:
    """Designs on the Pareto front.

    Attributes:
        on: (D,) as measured.
        chance: (D,) share of resamples in which each is on it.
    """

    on: Bools
    chance: Floats


def front_of(criteria: Sequence[Sequence[Measured]], stream: int, draws: int) -> Front:
    """The front of D designs by C criteria each, more is better: design -> criterion -> measured."""
    values = np.array([[c.value for c in of] for of in criteria])
    return Front(on_front(values), on_front(resampled_values(criteria, stream, draws)).mean(0))


def resampled_values(criteria: Sequence[Sequence[Measured]], stream: int, draws: int) -> Floats:
    """(draws, D, C) the criteria, had other draws, keys, probes and items come."""
    found = drawn([c for of in criteria for c in of], stream, draws)
    return found.reshape(draws, len(criteria), -1)


def least(values: Sequence[Measured], stream: int, draws: int) -> Floats:
    """(D,) share of resamples in which each has the least; those that are equal share it."""
    found = drawn(values, stream, draws)
    smallest = found == found.min(1, keepdims=True)
    return np.asarray((smallest / smallest.sum(1, keepdims=True)).mean(0))


# --- told apart ---------------------------------------------------------------------------------------------------


def not_told_apart(by: Mapping[str, Sequence[Measured]], alpha: float) -> list[list[int]]:
    """For each design the others that differ from it in no criterion by more than is left open, over all pairs."""
    from activeseed.analyses.comparison.places import holm

    n = len(next(iter(by.values())))
    pairs = [(i, j) for i in range(n) for j in range(i + 1, n)]
    p = np.array([[(of[i] - of[j]).p for of in by.values()] for i, j in pairs])
    adjusted = holm(np.nan_to_num(p, nan=1.0).ravel()).reshape(p.shape) if pairs else p
    out: list[list[int]] = [[] for _ in range(n)]
    for (i, j), of in zip(pairs, adjusted, strict=True):
        if (of >= alpha).all():
            out[i].append(j)
            out[j].append(i)
    return out
