"""Where two networks are compared: balls around probes, and what holds all of the data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from activeseed.analyses.certificates.saying import rounded_down
from activeseed.bounding.regions import Ball, Box, Region
from activeseed.errors import PlanError
from activeseed.networks import Network
from activeseed.outcome import Bools
from activeseed.plan import Floats

#: probes: balls around them · box, ball: what holds all data · unit: the ball of all embeddings of length one · plane:
#: the data's principal directions, everything else held at the mean
Kind = Literal["probes", "box", "ball", "unit", "plane"]
KINDS: tuple[Kind, ...] = ("probes", "box", "ball", "unit", "plane")
#: data whose neighbours are looked for
LOOKED = 2000
#: how far from one the lengths of embeddings may be that were rounded on the way
ROUNDED = 1e-3


@dataclass(frozen=True, eq=False)
class Place:
    """One region.

    Attributes:
        kind: see ``Kind``.
        region: of the networks' inputs, or of the plane's coordinates.
        words: what it is, to be read after "every input in".
        probe: id of the probe that it is around; empty for the data's domain.
        radius: Euclidean radius; NaN for a box.
        times: the same in distances between neighbours; NaN where it was not given so.
        inside: (n,) which of the data lie in it.
        plane: (mean (d,), directions (d, k)) where the region is one of coordinates in a plane.
        note: what a reader must know of it.
    """

    kind: Kind
    region: Region
    words: str
    inside: Bools
    probe: str = ""
    radius: float = float("nan")
    times: float = float("nan")
    plane: tuple[Floats, Floats] | None = None
    note: str = ""

    def read(self, network: Network) -> Network:
        """The network as a function of the region's own coordinates: the plane is folded into the first layer."""
        if self.plane is None:
            return network
        mean, directions = self.plane
        first, bias = network.weights[0], network.biases[0]
        widths = (directions.shape[1], *network.layout.widths[1:])
        return Network(
            replace(network.layout, widths=widths),
            (first @ directions, *network.weights[1:]),
            (first @ mean + bias, *network.biases[1:]),
        )

    def inputs(self, points: Floats) -> Floats:
        """(n, …) points of the region -> (n, d) inputs of the networks."""
        if self.plane is None:
            return points
        mean, directions = self.plane
        return np.asarray(mean + points @ directions.T)

    def coordinates(self, data: Floats) -> Floats:
        """(n, d) inputs -> (n, …) what lies nearest to them among the region's own coordinates' space."""
        if self.plane is None:
            return data
        mean, directions = self.plane
        return np.asarray((data - mean) @ directions)


def between_neighbours(data: Floats) -> float:
    """The median distance of a datum to its nearest other one; copies count once. NaN for fewer than two."""
    points = np.unique(data, axis=0)
    if len(points) < 2:
        return float("nan")
    some = points[:: max(1, len(points) // LOOKED)]
    square = (points**2).sum(1)
    nearest = np.empty(len(some))
    for start in range(0, len(some), 256):
        block = some[start : start + 256]
        far = (block**2).sum(1)[:, None] + square[None, :] - 2.0 * block @ points.T
        # itself: the square of a difference of equal numbers, up to rounding
        far[far < 1e-12 * (1.0 + square)[None, :]] = np.inf
        nearest[start : start + 256] = far.min(1)
    nearest = nearest[np.isfinite(nearest)]
    return float(np.sqrt(np.median(nearest))) if len(nearest) else float("nan")


def around(probe: str, centre: Floats, radius: float, times: float, data: Floats) -> Place:
    """The ball around a probe."""
    near = rounded_down(radius)  # of a smaller ball it holds as well
    said = near if np.isnan(times) else f"{near} ({times:g} of the distance between neighbours)"
    ball = Ball(centre, radius, f"the ball of radius {radius:.3g} around {probe}")
    return Place("probes", ball, f"within {said} of probe {probe!r}", ball.holds(data), probe, radius, times)


def box_of(data: Floats) -> Place:
    """The smallest box that holds all data."""
    box = Box(data.min(0), data.max(0), "the box of the data")
    return Place("box", box, "in the smallest box that holds all data", box.holds(data))


def ball_of(data: Floats) -> Place:
    """The ball around the data's mean that holds all data."""
    mean = data.mean(0)
    radius = float(np.linalg.norm(data - mean, axis=1).max())
    ball = Ball(mean, radius, "the ball of the data")
    words = f"in the smallest ball around the data's mean that holds all data (its radius is about {radius:.3g})"
    return Place("ball", ball, words, ball.holds(data), radius=radius)


def unit_ball(data: Floats) -> Place:
    """The ball of length one around the origin, a rounding larger where lengths of the data were rounded."""
    lengths = np.linalg.norm(data, axis=1)
    near = lengths <= 1.0 + ROUNDED
    radius = float(max(1.0, lengths[near].max(initial=1.0)))
    ball = Ball(np.zeros(data.shape[1]), radius, "the unit ball")
    return Place("unit", ball, "of length one or less", ball.holds(data), radius=radius)


def plane_of(data: Floats, directions: int) -> Place:
    """The box of the data's coordinates in its first principal directions; everything else is held at the mean."""
    mean = data.mean(0)
    _, size, axes = np.linalg.svd(data - mean, full_matrices=False)
    k = min(directions, int((size > 1e-9 * size[0]).sum()) if len(size) and size[0] > 0 else 0)
    if not k:
        raise PlanError("All data are one point: there is no plane through them. Choose another region.")
    v = axes[:k].T
    at = (data - mean) @ v
    box = Box(at.min(0), at.max(0), "the plane of the data")
    share = float((size[:k] ** 2).sum() / (size**2).sum())
    off = np.linalg.norm(data - (mean + at @ v.T), axis=1)
    words = f"in the data's first {k} principal directions, within the data's range in each, otherwise at the mean"
    note = f"The plane of {k} directions holds {100 * share:.0f} % of the data's variance: nothing is said of the rest."
    # data off the plane are not in it, however near
    return Place("plane", box, words, np.asarray(off <= 1e-9 * max(1.0, float(size[0]))), plane=(mean, v), note=note)


def domain(kind: Kind, data: Floats, directions: int) -> Place:
    """The region of the data of this kind."""
    if kind == "box":
        return box_of(data)
    if kind == "ball":
        return ball_of(data)
    return unit_ball(data) if kind == "unit" else plane_of(data, directions)


def natural(data: Floats) -> tuple[Kind, ...]:
    """Regions that say most about such data: embeddings of length one have the unit ball, others their own ball."""
    unit = bool((np.abs(np.linalg.norm(data, axis=1) - 1.0) < ROUNDED).all())
    return ("probes", "unit" if unit else "ball")


def radii_of(radii: Sequence[float], absolute: bool, neighbours: float) -> list[tuple[float, float]]:
    """(radius, times the distance between neighbours) of each; NaN for the second where radii are absolute.

    Raises PlanError where radii are in that distance, and all data are one point.
    """
    if absolute:
        return [(r, float("nan")) for r in sorted(radii)]
    if np.isnan(neighbours):
        raise PlanError("All data are one point, so there is no distance between neighbours. Give absolute radii.")
    return [(r * neighbours, r) for r in sorted(radii)]
