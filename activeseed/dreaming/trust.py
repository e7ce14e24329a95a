"""Trust regions of real data: where an input is still like what there is.

Either near the data (within a distance of some point of it), or where a density fitted to it is as high as on most data
that it was not fitted to. Embeddings of texts have unit length, and what is dreamed among them keeps it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from activeseed.errors import PlanError
from activeseed.outcome import Bools
from activeseed.plan import Floats, generator

if TYPE_CHECKING:
    from torch import Tensor

#: how far the lengths of what was stored in single precision (or in whole numbers of eight bits) may be from one
_ROUNDED = 1e-3
#: halvings when a point is drawn back to the data
_HALVINGS = 30
#: points whose distance to their nearest neighbour is measured, about
_MEASURED = 5000
#: principal directions of a fitted density, and normal distributions in them
_DIRECTIONS, _PARTS = 16, 4
#: unit roundoff, and how far a log density may be off, as a share of the largest number in it
UNIT, _LOG_ROUNDING = 2.0**-53, 1e-8


def unit_length(points: Floats) -> bool:
    """Whether (n, d) points lie on the unit sphere, as embeddings of texts do."""
    return len(points) > 0 and bool((np.abs(np.linalg.norm(points, axis=1) - 1.0) < _ROUNDED).all())


@dataclass(frozen=True, eq=False)
class Sphere:
    """All inputs of length one: all that an embedder can say."""

    dimension: int
    words: str = "the unit sphere"

    def least(self, slopes: Tensor) -> Tensor:
        from activeseed.bounding.regions import length

        return -length(slopes)

    def project(self, points: Tensor) -> Tensor:
        return _normed(points)

    def sample(self, n: int, generator: np.random.Generator) -> Floats:
        z = generator.standard_normal((n, self.dimension))
        return np.asarray(z / np.linalg.norm(z, axis=1, keepdims=True))

    def holds(self, points: Floats, slack: float = 1e-9) -> Bools:
        return np.asarray(np.abs(np.linalg.norm(points, axis=-1) - 1.0) <= slack)


@dataclass(frozen=True, eq=False)
class Near:
    """All inputs within a distance of some data point: a union of balls, or of caps of the unit sphere.

    Attributes:
        centres: (n, d) data points; of unit length where ``sphere`` says so.
        radius: Euclidean distance, at most 2 on the sphere.
        sphere: inputs have unit length.
    """

    centres: Floats
    radius: float
    sphere: bool = False
    words: str = "near the data"

    def __post_init__(self) -> None:
        if not len(self.centres):
            raise PlanError("The region contains no data: there is nothing to stay near to.")
        if not np.isfinite(self.centres).all() or not np.isfinite(self.radius) or self.radius < 0:
            raise PlanError("The data and the radius of a region have to be finite numbers, the radius 0 or more.")

    @property
    def dimension(self) -> int:
        return self.centres.shape[1]

    @cached_property
    def _points(self) -> Tensor:
        import torch

        points = torch.as_tensor(np.asarray(self.centres, np.float64))
        return _normed(points) if self.sphere else points

    @property
    def _angle(self) -> float:
        """Angle from a centre to the edge of its cap."""
        return float(2.0 * np.arcsin(min(1.0, self.radius / 2.0)))

    def least(self, slopes: Tensor) -> Tensor:
        import torch

        from activeseed.bounding.regions import length

        size = length(slopes, keepdim=True)
        at = slopes @ self._points.T
        if not self.sphere:
            flat: Tensor = (at - self.radius * size).amin(-1)
            return flat
        # at an angle t from the steepest way down, the cap's least value is −size · cos(t − angle), or −size where the
        # cap holds that way; sin t by its square, which is taken no smaller than rounding may have made it
        cosine = (-at / size.clamp(min=1e-300)).clamp(-1.0, 1.0)
        sine = (1.0 - cosine**2 + 8.0 * (self.dimension + 4) * UNIT).sqrt()
        turned = cosine * math.cos(self._angle) + sine * math.sin(self._angle)
        capped: Tensor = -size * torch.where(cosine < math.cos(self._angle), turned.clamp(max=1.0), 1.0)
        return capped.amin(-1)

    def project(self, points: Tensor) -> Tensor:
        import torch

        flat = points.reshape(-1, self.dimension)
        if self.sphere:
            flat = _normed(flat)
        centre = self._points[_nearest(flat, self._points)]
        if not self.sphere:
            away = flat - centre
            far = torch.linalg.vector_norm(away, dim=-1, keepdim=True)
            balled: Tensor = centre + away * (self.radius / far.clamp(min=1e-300)).clamp(max=1.0)
            return balled.reshape(points.shape)
        along = (flat * centre).sum(-1, keepdim=True)
        across = flat - along * centre  # at a right angle to the centre
        angle = torch.atan2(torch.linalg.vector_norm(across, dim=-1, keepdim=True), along).clamp(max=self._angle)
        return _normed(angle.cos() * centre + angle.sin() * _normed(across)).reshape(points.shape)

    def sample(self, n: int, generator: np.random.Generator) -> Floats:
        centre = self._points.numpy()[generator.integers(len(self.centres), size=n)]
        z = generator.standard_normal((n, self.dimension))
        if not self.sphere:
            far = self.radius * generator.random((n, 1)) ** (1.0 / self.dimension)
            return np.asarray(centre + far * z / np.linalg.norm(z, axis=1, keepdims=True))
        z -= (z * centre).sum(1, keepdims=True) * centre
        z /= np.maximum(np.linalg.norm(z, axis=1, keepdims=True), 1e-300)
        angle = self._angle * generator.random((n, 1)) ** (1.0 / max(1, self.dimension - 1))
        return np.asarray(np.cos(angle) * centre + np.sin(angle) * z)

    def holds(self, points: Floats, slack: float = 1e-9) -> Bools:
        import torch

        there = torch.as_tensor(np.asarray(points, np.float64))
        nearest = self._points[_nearest(there, self._points)]
        near = torch.linalg.vector_norm(there - nearest, dim=-1).numpy() <= self.radius + slack
        return np.asarray(near & Sphere(self.dimension).holds(points, slack) if self.sphere else near)


def near(points: Floats, quantile: float = 0.9, sphere: bool | None = None) -> Near:
    """Within the distance at which this share of the data has its nearest neighbour among the rest.

    Args:
        points: (n, d) data.
        quantile: in (0, 1]: at 0.9 a tenth of the data would itself be too far from the rest.
        sphere: inputs have unit length; None: where the data have.

    Raises PlanError where fewer than two different points are there.
    """
    from sklearn.neighbors import NearestNeighbors

    different = np.unique(np.asarray(points, np.float64), axis=0) if len(points) else np.zeros((0, 1))
    if len(different) < 2:
        raise PlanError(
            f"The region contains no data to measure distances in: {len(different)} different points were given, two "
            "are needed. Add texts to the pool or probes, or name a corpus."
        )
    if not 0.0 < quantile <= 1.0:
        raise PlanError(f"A quantile lies above 0 and is at most 1: {quantile:g} was given.")
    on = unit_length(different) if sphere is None else sphere
    asked = different[:: max(1, len(different) // _MEASURED)]  # of more, some say how far apart they are
    apart, _ = NearestNeighbors(n_neighbors=2).fit(different).kneighbors(asked)
    radius = float(np.quantile(apart[:, 1], quantile))
    words = f"within {radius:.3g} of one of {len(different):,} data points"
    return Near(different, radius, on, words + (", at unit length" if on else ""))


@dataclass(frozen=True, eq=False)
class Dense:
    """All inputs at which a density fitted to the data is high enough.

    The density is a mixture of normal distributions in the data's principal directions, times one normal distribution
    of equal variance in all others (Tipping & Bishop 1999, *Probabilistic Principal Component Analysis*).

    Attributes:
        data: (n, d) points that are dense enough themselves: what lies outside is drawn back to the nearest of them.
        centre, directions: (d,) and (k, d), orthonormal rows: the principal directions.
        mixture: a fitted ``sklearn.mixture.GaussianMixture`` of the k coordinates.
        variance: in every other direction.
        threshold: log density from which on an input belongs to the region.
        sphere: inputs have unit length.
    """

    data: Floats
    centre: Floats
    directions: Floats
    mixture: Any
    variance: float
    threshold: float
    sphere: bool = False
    words: str = "where the data are dense"

    @property
    def dimension(self) -> int:
        return len(self.centre)

    def density(self, points: Floats) -> Floats:
        """(n, d) points -> (n,) log densities."""
        away = np.asarray(points, np.float64) - self.centre
        inside = away @ self.directions.T
        rest = np.maximum((away**2).sum(1) - (inside**2).sum(1), 0.0)
        others = self.dimension - len(self.directions)
        outside = -0.5 * (rest / self.variance + others * np.log(2 * np.pi * self.variance)) if others else 0.0
        return np.asarray(self.mixture.score_samples(inside) + outside)

    def least(self, slopes: Tensor) -> Tensor:
        """Sound, and not tight: where the mixture is this dense one of its parts is, which is so in an ellipsoid.

        What densities and differences of squares may be rounded by is added to the ellipsoid.
        """
        import torch

        from activeseed.bounding.regions import length

        scale = length(slopes, keepdim=True).clamp(min=1e-300)
        slopes = slopes / scale
        others = self.dimension - len(self.directions)
        found = []
        for weight, mean, spread in zip(
            self.mixture.weights_, self.mixture.means_, self.mixture.covariances_, strict=True
        ):
            _, size = np.linalg.slogdet(2 * np.pi * spread)
            peak = np.log(weight) - 0.5 * (size + others * np.log(2 * np.pi * self.variance))
            rounding = _LOG_ROUNDING * (1.0 + abs(peak) + abs(self.threshold))
            reach = max(0.0, 2.0 * (peak + np.log(len(self.mixture.weights_)) - self.threshold)) + rounding
            inside = slopes @ torch.as_tensor(self.directions.T)
            rest = ((slopes**2).sum(-1) - (inside**2).sum(-1)).clamp(min=0.0) + 8.0 * (self.dimension + 4) * UNIT
            wide = ((inside @ torch.as_tensor(spread)) * inside).sum(-1) + self.variance * rest
            at = slopes @ torch.as_tensor(self.centre) + inside @ torch.as_tensor(mean)
            found.append(at - (reach * wide).sqrt())
        least: Tensor = torch.stack(found).amin(0)
        if self.sphere:
            least = torch.maximum(least, Sphere(self.dimension).least(slopes))
        return scale[..., 0] * least

    def project(self, points: Tensor) -> Tensor:
        """Draws what lies outside back towards the nearest data point, until it is inside."""
        import torch

        flat = points.reshape(-1, self.dimension)
        there = (_normed(flat) if self.sphere else flat).numpy()
        outside = self.density(there) < self.threshold
        if outside.any():
            away = there[outside]
            base = self.data[_nearest(torch.as_tensor(away), torch.as_tensor(self.data)).numpy()]
            inner: Floats = np.zeros((len(away), 1))
            outer: Floats = np.ones((len(away), 1))
            for _ in range(_HALVINGS):
                middle = (inner + outer) / 2
                good = (self.density(self._between(base, away, middle)) >= self.threshold)[:, None]
                inner, outer = np.where(good, middle, inner), np.where(good, outer, middle)
            there = there.copy()
            there[outside] = self._between(base, away, inner)
        return torch.as_tensor(there).reshape(points.shape)

    def _between(self, base: Floats, away: Floats, share: Floats) -> Floats:
        found: Floats = base + share * (away - base)
        return found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-300) if self.sphere else found

    def sample(self, n: int, generator: np.random.Generator) -> Floats:
        import torch

        part = generator.choice(len(self.mixture.weights_), size=n, p=self.mixture.weights_)
        z = generator.standard_normal((n, len(self.directions)))
        half = np.linalg.cholesky(self.mixture.covariances_)
        inside = self.mixture.means_[part] + np.einsum("nij,nj->ni", half[part], z)
        rest = generator.standard_normal((n, self.dimension)) * np.sqrt(self.variance)
        rest -= rest @ self.directions.T @ self.directions
        drawn = self.centre + inside @ self.directions + rest
        return np.asarray(self.project(torch.as_tensor(drawn)).numpy())

    def holds(self, points: Floats, slack: float = 1e-9) -> Bools:
        dense = self.density(points) >= self.threshold - slack
        return np.asarray(dense & Sphere(self.dimension).holds(points, slack) if self.sphere else dense)


def dense(points: Floats, quantile: float = 0.1, *, key: int, sphere: bool | None = None) -> Dense:
    """Where a density, fitted to half of the data, is as high as on all but this share of the other half.

    Args:
        points: (n, d) data, 20 different ones or more.
        quantile: in [0, 1): at 0.1 a tenth of the data that it was not fitted to lies outside.
        key: of the halves and of the fit.
        sphere: inputs have unit length; None: where the data have.
    """
    from sklearn.decomposition import PCA
    from sklearn.mixture import GaussianMixture

    different = np.unique(np.asarray(points, np.float64), axis=0) if len(points) else np.zeros((0, 1))
    n, d = different.shape
    if n < 20:
        raise PlanError(
            f"A density can't be fitted to {n} different points: 20 are needed. Add texts to the pool or probes, "
            "name a corpus, or stay near the data (region = 'near')."
        )
    if not 0.0 <= quantile < 1.0:
        raise PlanError(f"A quantile of left-out data lies from 0 up to 1: {quantile:g} was given.")
    on = unit_length(different) if sphere is None else sphere
    if on:
        different = different / np.linalg.norm(different, axis=1, keepdims=True)
    order = generator(key, "halves").permutation(n)
    fitted, held = different[order[: n // 2]], different[order[n // 2 :]]
    k = max(1, min(_DIRECTIONS, d, len(fitted) // 4))
    found = PCA(k, svd_solver="full").fit(fitted)
    parts = max(1, min(_PARTS, len(fitted) // (4 * k)))
    mixture = GaussianMixture(parts, reg_covar=1e-6, random_state=int(key % 2**32)).fit(found.transform(fitted))
    variance = max(float(found.noise_variance_), 1e-9)
    words = (
        f"where a density fitted to half of {n:,} data points is above its {quantile:.0%} quantile on the other half"
    )
    whole = Dense(different, found.mean_, found.components_, mixture, variance, -np.inf, on, words)
    threshold = float(np.quantile(whole.density(held), quantile))
    inside = different[whole.density(different) >= threshold]
    return Dense(inside, found.mean_, found.components_, mixture, variance, threshold, on, words)


def _normed(points: Tensor) -> Tensor:
    import torch

    found: Tensor = points / torch.linalg.vector_norm(points, dim=-1, keepdim=True).clamp(min=1e-300)
    return found


def _nearest(points: Tensor, centres: Tensor) -> Tensor:
    """(n,) numbers of the nearest centres, by blocks so that no large table of distances is held."""
    import torch

    square = (centres**2).sum(1)
    return torch.cat([(square - 2.0 * part @ centres.T).argmin(1) for part in torch.split(points, 1024)])
