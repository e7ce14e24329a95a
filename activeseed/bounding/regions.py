"""Regions of inputs over which something is proved or dreamed.

A region says the least value of linear functions over it, exactly up to rounding: all that a linear relaxation needs to
be made concrete. Everything is float64.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from activeseed.errors import PlanError
from activeseed.plan import Floats

if TYPE_CHECKING:
    from torch import Tensor

    from activeseed.outcome import Bools


class Region(Protocol):
    """A closed set of inputs.

    Attributes:
        dimension: d.
        words: what it is, for headings: ``the ball of radius 0.1 around …``.
    """

    @property
    def dimension(self) -> int: ...
    @property
    def words(self) -> str: ...
    def least(self, slopes: Tensor) -> Tensor:
        """(…, d) linear functions -> (…) a lower bound of the least value of each over the region, tight."""
        ...

    def project(self, points: Tensor) -> Tensor:
        """(…, d) points -> the nearest points of the region."""
        ...

    def sample(self, n: int, generator: np.random.Generator) -> Floats:
        """(n, d) points of the region, all over it."""
        ...

    def holds(self, points: Floats, slack: float = 1e-9) -> Bools:
        """(n, d) points -> (n,) whether they lie in the region, up to ``slack``."""
        ...


@dataclass(frozen=True, eq=False)
class Box:
    """All inputs between two corners. Raises PlanError where a lower corner lies above the upper one."""

    low: Floats
    high: Floats
    words: str = "a box"

    def __post_init__(self) -> None:
        _sound(self.low, self.high)
        if np.shape(self.low) != np.shape(self.high):
            raise PlanError(f"The corners of {self.words} have {len(self.low)} and {len(self.high)} entries.")
        if (np.asarray(self.low) > np.asarray(self.high)).any():
            raise PlanError(f"The region is empty: {self.words} has a lower corner above its upper one.")

    @property
    def dimension(self) -> int:
        return len(self.low)

    def least(self, slopes: Tensor) -> Tensor:
        import torch

        low, high = torch.as_tensor(self.low), torch.as_tensor(self.high)
        return slopes.clamp(min=0) @ low + slopes.clamp(max=0) @ high

    def project(self, points: Tensor) -> Tensor:
        import torch

        return torch.minimum(torch.maximum(points, torch.as_tensor(self.low)), torch.as_tensor(self.high))

    def sample(self, n: int, generator: np.random.Generator) -> Floats:
        return np.asarray(generator.uniform(self.low, self.high, (n, self.dimension)))

    def holds(self, points: Floats, slack: float = 1e-9) -> Bools:
        return np.asarray(((points >= self.low - slack) & (points <= self.high + slack)).all(-1))


@dataclass(frozen=True, eq=False)
class Ball:
    """All inputs within a Euclidean distance of a centre. Raises PlanError for a negative radius."""

    centre: Floats
    radius: float
    words: str = "a ball"

    def __post_init__(self) -> None:
        _sound(self.centre, np.array([self.radius]))
        if self.radius < 0:
            raise PlanError(f"The region is empty: {self.words} has the radius {self.radius:g}.")

    @property
    def dimension(self) -> int:
        return len(self.centre)

    def least(self, slopes: Tensor) -> Tensor:
        import torch

        least: Tensor = slopes @ torch.as_tensor(self.centre) - self.radius * length(slopes)
        return least

    def project(self, points: Tensor) -> Tensor:
        import torch

        centre = torch.as_tensor(self.centre)
        away = points - centre
        far = torch.linalg.vector_norm(away, dim=-1, keepdim=True)
        nearest: Tensor = centre + away * (self.radius / far.clamp(min=1e-300)).clamp(max=1.0)
        return nearest

    def sample(self, n: int, generator: np.random.Generator) -> Floats:
        z = generator.standard_normal((n, self.dimension))
        far = generator.random((n, 1)) ** (1.0 / self.dimension)
        return np.asarray(self.centre + self.radius * far * z / np.linalg.norm(z, axis=1, keepdims=True))

    def holds(self, points: Floats, slack: float = 1e-9) -> Bools:
        return np.asarray(np.linalg.norm(points - self.centre, axis=-1) <= self.radius + slack)


def length(vectors: Tensor, keepdim: bool = False) -> Tensor:
    """(…, d) vectors -> (…) Euclidean lengths. Squares of very small entries would vanish: they are scaled first."""
    import torch

    size = vectors.detach().abs().amax(-1, keepdim=True).clamp(min=1e-300)
    found: Tensor = size * torch.linalg.vector_norm(vectors / size, dim=-1, keepdim=True)
    return found if keepdim else found[..., 0]


def _sound(*corners: Floats) -> None:
    for corner in corners:
        if np.ndim(corner) != 1 or not np.isfinite(corner).all():
            raise PlanError("A region's corners, centre and radius have to be finite numbers, one for each entry.")
