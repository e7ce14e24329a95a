"""Distances between what two models make of the same places inside, whatever way their units are turned.

Representations are (P, h) at P weighted places, centred over the places; h may differ. One that is the same at every
place says nothing of them and is put to zero: at distance zero from another such one, at ½ from any that does say
something.
"""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from activeseed.checked import SettingsRecord
from activeseed.distances.divergences import Values
from activeseed.distances.reading import known_or_nan, pair, unknown
from activeseed.plan import Floats
from activeseed.protocols.distances import Metric, Reads


class LinearCKA(SettingsRecord):
    """1 − linear centred kernel alignment, in [0, 1] (Kornblith et al. 2019, eq. 3; Cortes et al. 2012).

    It doesn't change when units are turned, mirrored or all scaled. With K, L the centred Grams over places, scaled to
    length one, it is ½‖K − L‖², a squared Euclidean distance: it embeds, and its root is a metric (Williams et al.
    2021) between representations that are alike up to such a change.
    """

    kind: Literal["cka"] = "cka"
    words: ClassVar[str] = "1 − linear CKA of representations"
    unit: ClassVar[str] = "1 − CKA"
    reads: ClassVar[Reads] = "representations"
    symmetric: ClassVar[bool] = True
    embeds: ClassVar[bool] = True
    metric: ClassVar[Metric] = "root"
    largest: ClassVar[float] = 1.0

    def between(self, first: Values, second: Values, weights: Floats) -> Floats:
        """See ``protocols.Distance``: ‖K − L‖² from (h, h) products. Cost: O(P h min(P, h)) a pair."""
        a, b, w = pair(first, second, weights, entries=2)
        x, y = _centred(a, w), _centred(b, w)
        # Each is scaled first, so that the entries' size is of no account.
        own, other, cross = (_product(*s) for s in ((x, x), (y, y), (x, y)))
        length = np.sqrt(own * other)
        some = length > 0
        alike = np.divide(cross, length, out=np.zeros(np.broadcast(cross, length).shape), where=some)
        value = ((own > 0) * 0.5 + (other > 0) * 0.5) - alike
        return known_or_nan(np.minimum(value, 1.0), a, b, entries=2)


class Procrustes(SettingsRecord):
    """What is left between two representations after the best turn, in [0, 1] (Schönemann 1966; Williams et al. 2021).

    Both are centred and scaled to length one: ½ min over orthogonal R of ‖X − YR‖², which is 1 − (sum of the singular
    values of X'Y); ``scipy.spatial.procrustes`` says 1 − (that sum)². Its root is a metric (the distance between orbits
    of a group of isometries). It does not embed: the orbits are no flat space, and sets of representations with a
    centred −D of negative eigenvalues are found by drawing a few.
    """

    kind: Literal["procrustes"] = "procrustes"
    words: ClassVar[str] = "Procrustes distance of representations"
    unit: ClassVar[str] = "half squared length after turning"
    reads: ClassVar[Reads] = "representations"
    symmetric: ClassVar[bool] = True
    embeds: ClassVar[bool] = False
    metric: ClassVar[Metric] = "root"
    largest: ClassVar[float] = 1.0

    def between(self, first: Values, second: Values, weights: Floats) -> Floats:
        """See ``protocols.Distance``. Cost: O(P m²) a pair, m = min(P, h), after O(P h m) a side."""
        a, b, w = pair(first, second, weights, entries=2)
        x, y = _centred(a, w), _centred(b, w)
        turned = np.swapaxes(x, -1, -2) @ y
        known = ~unknown(a, b, entries=2)[..., None, None]
        nuclear = np.linalg.svd(np.where(known, turned, 0.0), compute_uv=False).sum(-1)
        lengths = ((x**2).sum((-1, -2)) + (y**2).sum((-1, -2))) / 2.0
        return known_or_nan(np.minimum(lengths - nuclear, 1.0), a, b, entries=2)


def _centred(values: Floats, weights: Floats) -> Floats:
    """(…, P, h) with weighted mean zero over the places, scaled by √weights and to length one; zero where constant."""
    middle = np.einsum("...ph,p->...h", values, weights)[..., None, :]
    gap = (values - middle) * np.sqrt(weights)[:, None]
    size = np.abs(values).max((-1, -2), keepdims=True)
    length = np.sqrt((gap**2).sum((-1, -2), keepdims=True))
    # what a mean leaves of numbers that are all the same is rounding
    some = length > 1e-12 * size
    unit = np.divide(gap, length, out=np.zeros_like(gap), where=some)
    return _thin(np.where(np.isnan(length), np.nan, unit))


def _thin(x: Floats) -> Floats:
    """(…, P, h) -> (…, P, min(P, h)), turned: what more units than places say lies in as many as there are places."""
    if x.shape[-1] <= x.shape[-2]:
        return np.asarray(x, np.float64)
    return np.asarray(np.swapaxes(np.linalg.qr(np.swapaxes(x, -1, -2), mode="r"), -1, -2), np.float64)


def _product(x: Floats, y: Floats) -> Floats:
    """‖X'Y‖² = ⟨XX', YY'⟩."""
    return np.asarray(((np.swapaxes(x, -1, -2) @ y) ** 2).sum((-1, -2)), np.float64)
