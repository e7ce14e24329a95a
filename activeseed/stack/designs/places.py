"""The probes that designs share, and outcomes there as points whose squared distances mean the same for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from activeseed.errors import PlanError
from activeseed.geometries import decisions_of
from activeseed.outcome import Bools
from activeseed.plan import Floats, Ints
from activeseed.protocols import Geometry, SupportsPlaces
from activeseed.seed import Probe


@dataclass(frozen=True)
class Read:
    """How one design's outcomes are read at the shared places.

    Attributes:
        geometry: of its outcomes.
        at: (S,) numbers of the shared places among its own.
        places: the shared places as the reference has them: what they are labelled and grouped is alike for all.
        own: how many places it has.
        marked: (L,) those of the S that have a label and where all designs that decide anything do so.
    """

    geometry: Geometry
    at: Ints
    places: tuple[Probe, ...]
    own: int
    marked: Ints

    @property
    def whole(self) -> bool:
        """Whether all of its places are shared, in its own order."""
        return len(self.at) == self.own and bool((self.at == np.arange(len(self.at))).all())

    def points(self, values: Floats) -> Floats:
        """(…, P) outcomes -> (…, D) points; of some of the places, what these alone would be embedded as."""
        points = self.geometry.embed(values)
        if self.whole:
            return points
        assert isinstance(self.geometry, SupportsPlaces)
        along, weights = self.geometry.along, self.geometry.weights
        scale = np.zeros(len(weights))
        scale[self.at] = np.sqrt(weights[self.at] / weights[self.at].sum() / weights[self.at])
        order = np.concatenate([np.flatnonzero(along == p) for p in self.at])
        return np.asarray(points[..., order] * scale[along[order]])

    @property
    def labelled(self) -> Ints:
        """Numbers of those among its own places; none where nothing is decided."""
        return self.at[self.marked] if decisions_of(self.geometry) is not None else np.zeros(0, np.int64)

    @property
    def labels(self) -> Bools:
        """What those are labelled, approve or not."""
        return np.array([float(self.places[s].label or 0.0) > 0.5 for s in self.marked], np.bool_)

    @property
    def groups(self) -> tuple[str, ...]:
        """Their groups."""
        return tuple(self.places[s].group for s in self.marked)


def reads(geometries: Sequence[Geometry], places: Sequence[Sequence[Probe]], both: Sequence[Probe]) -> list[Read]:
    """How designs with these geometries and places are read at the places that all have."""
    numbers = [{p.id: n for n, p in enumerate(of)} for of in places]
    at = [np.array([of[p.id] for p in both], np.int64) for of in numbers]
    marked = [s for s, p in enumerate(both) if p.label is not None]
    for geometry, mine in zip(geometries, at, strict=True):
        decided = decisions_of(geometry)
        if decided is not None:
            marked = [s for s in marked if decided[mine[s]] > 0]
    found = zip(geometries, at, places, strict=True)
    return [Read(g, mine, tuple(both), len(of), np.array(marked, np.int64)) for g, mine, of in found]


def shared(name: str, geometry: Geometry, places: Sequence[Probe], base: Sequence[Probe], unit: str) -> tuple[str, ...]:
    """Ids of the base's places that a design has too, in the base's order.

    Raises PlanError where there are none, where outcomes are measured in something else, or where they are compared as
    a whole and the places are not the same.
    """
    theirs = {p.id: p.payload.digest for p in places}
    both = tuple(p.id for p in base if theirs.get(p.id) == p.payload.digest)
    if not both:
        otherwise = [p.id for p in base if p.id in theirs]
        why = (
            f" Probe {otherwise[0]!r} says something else there: give different texts different ids." if otherwise
            else " Give both the same probes, with the same ids."
        )  # fmt: skip
        raise PlanError(f"{name} shares no probes with the study, so nothing of it can be compared.{why}")
    if geometry.unit != unit:
        raise PlanError(
            f"{name} measures outcomes in {geometry.unit}, and the study in {unit}: spreads can't be compared. Set "
            "`compare` alike."
        )
    whole = len(both) == len(places) == len(base)
    if not whole and not isinstance(geometry, SupportsPlaces):
        raise PlanError(
            f"{name} shares {len(both)} of {len(base)} places with the study, and {geometry.over} is compared as a "
            "whole. Give both the same probes and the same pool."
        )
    return both
