"""Which pairs are worth training where not all can be: look-alikes, and those that random halves point at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from activeseed.outcome import Bools
from activeseed.plan import Floats, Ints
from activeseed.seed import Payload, Vector

#: rows of similarities that are held at once
_BLOCK = 512
#: items of which all interactions are looked at in random halves
_SCREENED = 800


@dataclass(frozen=True)
class Likeness:
    """How alike payloads are: cosine of the words' n-grams of characters, or of vectors.

    Whoever asks about texts that only mean the same trains all pairs; this is a first guess that needs no model.
    """

    payloads: tuple[Payload, ...]

    @cached_property
    def _rows(self) -> Any:
        if isinstance(self.payloads[0], Vector):
            width = max(len(p.values) for p in self.payloads if isinstance(p, Vector))
            found = np.array([np.resize(p.values, width) for p in self.payloads if isinstance(p, Vector)])
            unit: Floats = found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-300)
            return unit
        from sklearn.feature_extraction.text import TfidfVectorizer

        texts = ["\n".join(p.texts).casefold() or " " for p in self.payloads]
        try:
            return TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True).fit_transform(texts)
        except ValueError:  # nothing but white space anywhere
            return np.zeros((len(texts), 1))

    def to(self, one: int) -> Floats:
        """(n,) likeness of every payload to one of them, in [0, 1] for texts."""
        row: Floats = self._between(slice(one, one + 1))[0]
        return row

    def _between(self, rows: slice) -> Floats:
        product = self._rows[rows] @ self._rows.T
        return np.asarray(product.toarray() if hasattr(product, "toarray") else product, np.float64)

    def nearest(self, most: int) -> Ints:
        """(n, most) positions of the nearest others, nearest first; equals in the seed's order."""
        n = len(self.payloads)
        out = np.empty((n, min(most, n - 1)), np.int64)
        for start in range(0, n, _BLOCK):
            alike = self._between(slice(start, start + _BLOCK))
            alike[np.arange(len(alike)), start + np.arange(len(alike))] = -np.inf
            out[start : start + len(alike)] = np.argsort(-alike, axis=1, kind="stable")[:, : out.shape[1]]
        return out


def pointed_at(points: Floats, gone: Bools, most: int) -> list[tuple[int, int]]:
    """Pairs whose interaction shows most in random halves of the seed, strongest first; at most ``most`` an item.

    With x = ±1 for there and gone, the mean of x_i x_j φ over rows is the pair's interaction, averaged over what else
    is gone; main effects are taken off first. Interactions are compared by the inner product of their estimates from
    two halves of the rows, which share no row, so that nothing is found where there is nothing.

    Args:
        points: (R, D) embedded outcomes.
        gone: (R, n) what was left out.

    Cost: n² R² multiply-adds, since R rows span at most R directions.
    """
    rows, n = gone.shape
    if rows < 8 or n < 3 or n > _SCREENED:
        return []
    x = np.where(gone, -1.0, 1.0)
    left, size, _ = np.linalg.svd(points - points.mean(0), full_matrices=False)
    flat = left * size
    if rows > 2 * (n + 1):
        design = np.column_stack([np.ones(rows), x])
        flat = flat - design @ np.linalg.lstsq(design, flat, rcond=None)[0]
    score = np.zeros((n, n))
    first, second = np.arange(rows) % 4 < 2, np.arange(rows) % 4 >= 2
    for column in flat.T:
        a = (x[first] * column[first, None]).T @ x[first]
        b = (x[second] * column[second, None]).T @ x[second]
        score += a * b
    np.fill_diagonal(score, -np.inf)
    best = np.argsort(-score, axis=1, kind="stable")[:, :most]
    found = {(min(i, j), max(i, j)) for i, near in enumerate(best.tolist()) for j in near if score[i, j] > 0}
    return sorted(found, key=lambda pair: (-score[pair], pair))


def near_pairs(nearest: Ints, others: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Pairs to be tried: look-alikes by rank, the nearest of every item first, then the others."""
    found = [(min(i, int(j)), max(i, int(j))) for rank in nearest.T for i, j in enumerate(rank)]
    return list(dict.fromkeys((*found, *others)))
