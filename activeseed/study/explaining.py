"""Why an outcome is what it is, as the system says: worked out when it is asked for, and not journalled."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from activeseed.errors import PlanError, nearest
from activeseed.geometries import decisions_of
from activeseed.plan import Explicit, Rows
from activeseed.protocols import Explanation, Request, SupportsExplaining, System
from activeseed.study.able import systems_with
from activeseed.study.workshop import Workshop

#: places that are explained where none is named
SHOWN = 3


def can_explain(system: System) -> bool:
    """Whether a system says why."""
    return isinstance(system, SupportsExplaining)


def explain(work: Workshop, places: Sequence[str] = ()) -> list[Explanation]:
    """Why the seed as it stands comes to its outcome at these places: see ``Study.explain``."""
    system = work.system
    if not isinstance(system, SupportsExplaining):
        raise PlanError(
            f"System {system.kind!r} can't explain itself: it has no derivation to show. {_those_that_can()}"
        )
    if "system" in work.trust.withheld:
        work.trust.require("system")
    ids = [p.id for p in system.places(work.materials)]
    for name in places:
        if name not in ids:
            raise PlanError(f"There is no probe {name!r}.{nearest(name, ids)}")
    at = [ids.index(name) for name in places] or undecided(work, SHOWN)
    (found,) = system.explain(_base(work), work.materials, at)
    return list(found)


def undecided(work: Workshop, most: int) -> list[int]:
    """Numbers of the places whose outcome under the seed as it stands is nearest to ½; trains it where it is not known.

    Where nothing is decided anywhere, the first ones.
    """
    weights = decisions_of(work.system.geometry(work.materials))
    outcomes = work.trainer.fulfil(Request(Explicit(_base(work)), "the seed as it stands"))
    if weights is None or not outcomes.ok[0]:
        return list(range(min(most, outcomes.values.shape[1])))
    far = np.where(weights > 0, np.abs(np.asarray(outcomes.values[0], np.float64) - 0.5), np.inf)
    return [int(p) for p in np.argsort(far, kind="stable")[:most] if np.isfinite(far[p])]


def _base(work: Workshop) -> Rows:
    return Rows(np.array([work.seed.base], np.int16), np.zeros(1, np.int64))


def _those_that_can() -> str:
    own = "a system of your own that has `explain` (activeseed.protocols.SupportsExplaining)"
    return f"Those that can: {systems_with('explain', own)}."
