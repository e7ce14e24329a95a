"""How far the deployed outcome moved between two versions of the seed, and how sure that is."""

from __future__ import annotations

from activeseed.estimators.statistics import cross_key, gram
from activeseed.outcome import Outcomes
from activeseed.protocols import Geometry


def realised(before: Outcomes, after: Outcomes, geometry: Geometry) -> tuple[float, float]:
    """Squared distance that the deployed outcome moved, noise-free (keys shared inside, not across), and its error."""
    if before.values.shape != after.values.shape:
        return float("nan"), float("nan")
    ok = before.ok & after.ok
    delta = geometry.embed(after.values[ok]) - geometry.embed(before.values[ok])
    if len(delta) == 1:
        return float((delta**2).sum()), 0.0
    found = cross_key(gram(delta))
    return float(found.value), float(found.se)
