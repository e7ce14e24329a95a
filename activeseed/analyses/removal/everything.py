"""All sets of up to k items where there are few enough to train them all: exact, for any trainer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from math import comb

Set = frozenset[int]


def how_many(items: int, k: int) -> int:
    """Sets of 1 to k of so many items."""
    return sum(comb(items, size) for size in range(1, k + 1))


def every(items: Sequence[int], k: int) -> Iterator[Set]:
    """Each of them, the small ones first."""
    for size in range(1, k + 1):
        yield from map(frozenset, combinations(items, size))
