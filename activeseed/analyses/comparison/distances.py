"""Which distances an outcome allows: the geometry's own first, then those of the family that read such outcomes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from activeseed.distances import DistanceSetting, Elsewhere, distance_named, distance_of, matrix
from activeseed.errors import PlanError
from activeseed.estimators.over_probes import at_places
from activeseed.geometries import decisions_of
from activeseed.plan import Floats
from activeseed.protocols import Distance, Geometry, Problem, SupportsEntropy, SupportsPlaces

#: one in so many places is the top, where the user names no number
TOP = 10
#: places up to which Kendall's distance is measured unasked
FEW = 300
#: numbers that are held at once
MOST = 20_000_000


@dataclass(frozen=True)
class Own:
    """A geometry's squared distance as a distance among others: what rankings, spread and risk are measured in.

    It embeds by what a geometry is. Weights other than the geometry's own are read where it says which place each
    dimension is about; elsewhere they say nothing.
    """

    geometry: Geometry
    kind: str = "own"
    reads: Literal["numbers"] = "numbers"
    symmetric: bool = True
    embeds: bool = True
    metric: Literal["root"] = "root"
    largest: float = float("inf")

    @property
    def words(self) -> str:
        return f"{self.geometry.unit}, the study's own"

    @property
    def unit(self) -> str:
        return self.geometry.unit

    def between(self, first: NDArray[np.floating], second: NDArray[np.floating], weights: Floats) -> Floats:
        """See ``protocols.Distance``."""
        geometry = self.geometry
        if not isinstance(geometry, SupportsPlaces):
            return np.asarray(((geometry.embed(first) - geometry.embed(second)) ** 2).sum(-1), np.float64)
        return np.asarray(self.shares(first, second) @ weights, np.float64)

    def shares(self, first: NDArray[np.floating], second: NDArray[np.floating]) -> Floats:
        """(…, P) squared distance at each place; the whole is their mean by weight."""
        geometry = self.geometry
        assert isinstance(geometry, SupportsPlaces)
        square = (geometry.embed(first) - geometry.embed(second)) ** 2
        return np.asarray(at_places(geometry, square) / geometry.weights, np.float64)


def allowed(geometry: Geometry, places: int, asked: Sequence[DistanceSetting] = ()) -> list[Distance]:
    """The geometry's own distance, and those asked for; where none is, all of the package that read such outcomes.

    Outcomes that have an entropy are probabilities, a distribution where no place is decided by itself; any are
    numbers. Raises PlanError where what is asked for reads something else.
    """
    whole = isinstance(geometry, SupportsEntropy)
    decided = decisions_of(geometry) is not None
    own: list[Distance] = [Own(geometry)]
    if asked:
        chosen = [distance_named(d) for d in asked]
        for distance in chosen:
            if distance.reads == "representations":
                raise PlanError(
                    f"{distance.kind!r} compares representations, and `compare` outcomes. Rank by it instead: "
                    '[estimator] kind = "by_distance".'
                )
            if distance.reads == "distribution" and (not whole or decided):
                raise PlanError(
                    f"{distance.kind!r} reads a distribution over the places, and these are "
                    f"{geometry.over}, one by one. Leave reads = 'distribution' out."
                )
        return own + chosen
    if whole:
        reads = "probabilities" if decided else "distribution"
        kinds = [("kl", {}), ("kl", {"direction": "reverse"}), ("jeffreys", {}), ("jensen_shannon", {}),
                 ("hellinger", {}), ("total_variation", {})]  # fmt: skip
        own += [_made(kind, {**options, "reads": reads}) for kind, options in kinds]
        own = [d for n, d in enumerate(own) if not n or d.unit != geometry.unit]
    if places > 1:
        # its cost grows with the square of the places, and Spearman's distance says much the same
        own += [_made("kendall", {})] if places <= FEW else []
        own += [_made("spearman", {}), _made("rank_normalised", {})]
        own.append(_made("top_k", {"k": max(1, round(places / TOP))}))
    if decided:
        own.append(_made("decision_flips", {}))
    return own


def _made(kind: str, options: dict[str, object]) -> Distance:
    found = distance_of({"kind": kind, **options})
    assert not isinstance(found, Elsewhere)
    return found


def weights_of(problem: Problem, asked: Sequence[float] = ()) -> Floats:
    """(P,) weights that sum to one: those asked for, or the geometry's, or those of the places. Raises PlanError."""
    geometry, places = problem.geometry, problem.places
    if asked:
        if len(asked) != len(places):
            raise PlanError(f"{len(asked)} weights for {len(places)} places. Give one a place.")
        if not isinstance(geometry, SupportsPlaces):
            raise PlanError(
                f"Outcomes that are {geometry.over} are compared as a whole, and places weigh nothing there."
            )
    elif isinstance(geometry, SupportsPlaces):
        return geometry.weights
    given = np.array(asked or [p.weight for p in places], np.float64)
    if not (given >= 0).all() or not given.sum() > 0:
        raise PlanError("Weights of places have to be at least 0, and one of them above it.")
    return np.asarray(given / given.sum(), np.float64)


def parts(distance: Distance, first: Floats, second: Floats, weights: Floats) -> Floats | None:
    """(K, P), (L, P) outcomes -> (K, L, P) what each place says, where the distance is their mean by weight.

    Whether it is, is not guessed: the parts are added up and held against the whole. None where they come to something
    else, as with rankings.
    """
    if len(first) * len(second) * first.shape[1] > MOST:
        return None
    each = _each(distance, first[:, None], second[None])
    if each is None:
        return None
    whole = matrix(distance, first, second, weights)
    with np.errstate(invalid="ignore"):
        same = np.isclose(each @ weights, whole, rtol=1e-9, atol=1e-12)
    return each if bool(same.all()) and np.isfinite(each).all() else None


def _each(distance: Distance, first: Floats, second: Floats) -> Floats | None:
    if isinstance(distance, Own):
        return distance.shares(first, second) if isinstance(distance.geometry, SupportsPlaces) else None
    try:
        return distance.between(first[..., None], second[..., None], np.ones(1))
    except PlanError:  # a single place has no order
        return None
