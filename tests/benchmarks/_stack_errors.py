"""How wrong what is deployed still is while planted mistakes are put right, one after the other.

A question that is worth much is one on which the outcome hinges, and not each wrong item is such a one. So beside the
lines until so many mistakes are put right stands the error that is left meanwhile: the squared distance of the outcome
of the seed as it stands from that of the seed as it is meant. With k mistakes there are 2^k seeds on the way, and all
are trained: the error along any order follows, and so does its mean over all orders, exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb
from pathlib import Path

import numpy as np

from activeseed.cli.planted import meant
from activeseed.plan import Floats, Rows
from activeseed.study import Study

#: trainings of each seed, where trainings have randomness
REPLICATES = 8


@dataclass(frozen=True)
class Errors:
    """The error of every seed between as written and as meant.

    Attributes:
        planted: the items with mistakes, in a fixed order.
        left: (2^k,) squared embedded distance, by which of them are put right: the n-th is where bit n is set.
    """

    planted: tuple[str, ...]
    left: Floats

    def along(self, steps: Sequence[tuple[int, frozenset[str]]], until: int) -> float:
        """The mean error over so many answered lines.

        Args:
            steps: lines answered, and what is put right from then on; lines rise.
        """
        at, now, total = 0, 0, 0.0
        for lines, right in steps:
            total += self.left[now] * (min(lines, until) - at)
            at = min(lines, until)
            now = sum(1 << n for n, item in enumerate(self.planted) if item in right)
        return float(total + self.left[now] * (until - at)) / until

    def at_random(self, fresh: Sequence[int], until: int) -> float:
        """The same, its mean over all orders of the items.

        Args:
            fresh: lines answered when the n-th item was asked about, whichever that was.
        """
        k, n = len(self.planted), len(fresh)
        sizes = np.array([mask.bit_count() for mask in range(1 << k)])
        mean = np.array([self.left[sizes == size].mean() for size in range(k + 1)])
        expected = [
            float(sum(comb(k, s) * comb(n - k, j - s) * mean[s] for s in range(min(j, k) + 1)) / comb(n, j))
            for j in range(n + 1)
        ]
        ends = [min(lines, until) for lines in (0, *fresh, until)]
        return float(np.diff(ends) @ expected) / until


def errors_of(study: Study, truth_file: Path) -> Errors:
    """All seeds on the way from a study's first version to what was meant, trained."""
    seed, materials, system = study.seed, study.materials, study.system
    first, right = study.state.versions[0].seed, meant(study, truth_file)
    planted = tuple(sorted(i for i, v in right.items() if v != first.standing.get(i, "as_written")))
    masks = 1 << len(planted)
    variants = np.tile(np.asarray(first.base, np.int16), (masks, 1))
    for n, item in enumerate(planted):
        put = (np.arange(masks) >> n & 1).astype(bool)
        variants[put, seed.position(item)] = seed[item].index_of(right[item])
    keys = REPLICATES if system.traits.streams else 1
    outcomes = system.train(Rows(np.tile(variants, (keys, 1)), np.repeat(np.arange(keys), masks)), materials)
    points = system.geometry(materials).embed(outcomes.values).reshape(keys, masks, -1)
    return Errors(planted, squared(points - points[:, -1:]))


def squared(differences: Floats) -> Floats:
    """(n,) squared lengths of the means of (K, n, D) over keys: products of different keys, whose noise is apart."""
    k = len(differences)
    if k == 1:
        return np.asarray((differences[0] ** 2).sum(1))
    together, own = (differences.sum(0) ** 2).sum(1), (differences**2).sum((0, 2))
    return np.asarray((together - own) / (k * (k - 1)))
