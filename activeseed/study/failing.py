"""Which kind of row it is that fails: every training without one item, every one with some wording of it.

A trainer that needs an item, or can't read a flipped pair, fails in all rows of that kind and in no others. Such
failures say something about the kind, which then is not measured, and nothing about the rest of the ranking.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from activeseed.outcome import Bools
from activeseed.plan import Law, Rows

ABSENT_INDEX = 1


@dataclass(frozen=True)
class Kind:
    """Rows in which these items take these variants.

    Attributes:
        sure: whether enough different rows, or one row under two keys, failed to call all of its kind impossible.
    """

    factors: tuple[int, ...]
    variants: tuple[int, ...]
    sure: bool = field(default=True, compare=False)


@dataclass(frozen=True)
class Explained:
    """Kinds with the number of a row of each, and the rows (R,) that are of none of them."""

    kinds: dict[Kind, int]
    others: Bools


def effective(rows: Rows) -> NDArray[np.int16]:
    """(R, F) variants, an item of multiplicity 0 counted as absent."""
    if rows.multiplicity is None:
        return rows.variants
    return np.where(rows.multiplicity == 0.0, np.int16(ABSENT_INDEX), rows.variants)


def explained(
    variants: NDArray[np.int16], ok: Bools, base: NDArray[np.int16], *, least: int = 2, single_changes: bool = False
) -> Explained:
    """The fewest kinds that hold as many of the failures as kinds can; no row of a kind succeeded.

    Args:
        variants: (R, F) what each item was in each row.
        ok: (R,) rows that succeeded.
        base: (F,) what stands: a kind is always a change of it.
        least: different rows that have to have failed, all of them, for a kind that no row has to itself.
        single_changes: rows are the base with one change each, so that a change of several items is a kind as well.
    """
    kinds: dict[Kind, int] = {}
    open_ = ~ok
    changed = (variants != base).sum(1)
    hits: list[tuple[int, int, Bools]] = []
    for v in range(int(variants.max()) + 1):
        here = variants == v
        for f in np.flatnonzero((here & open_[:, None]).any(0) & ~(here & ok[:, None]).any(0) & (base != v)):
            hits.append((int(f), v, here[:, f]))
    while open_.any() and hits:
        f, v, here = max(hits, key=lambda hit: int((hit[2] & open_).sum()))
        if not (here & open_).any():
            break
        hits = [hit for hit in hits if hit[:2] != (f, v)]
        alone = int((here & (changed == 1)).sum())
        different = 0 if single_changes else len(np.unique(variants[here], axis=0))
        if alone or different >= least:
            kinds[Kind((f,), (v,), alone > 1 or different >= least)] = int(np.flatnonzero(here)[0])
            open_ = open_ & ~here
    if single_changes:
        for r in np.flatnonzero(open_ & (changed > 1)):
            same = (variants == variants[r]).all(1)
            if not ok[same].any():
                factors = np.flatnonzero(variants[r] != base)
                kinds.setdefault(Kind(tuple(map(int, factors)), tuple(map(int, variants[r, factors]))), int(r))
    others = np.ones(len(ok), bool)
    for kind in kinds:
        others &= ~(variants[:, list(kind.factors)] == kind.variants).all(1)
    return Explained(kinds, others)


def left_out(variants: NDArray[np.int16], base: NDArray[np.int16], single_changes: bool) -> int:
    """How many items rows leave out that stand; how many sets of items, where each row leaves out one such set."""
    gone = (variants == ABSENT_INDEX) & (base != ABSENT_INDEX)
    if not single_changes:
        return int(gone.any(0).sum())
    return len(np.unique(gone[gone.any(1) & (gone == (variants != base)).all(1)], axis=0))


def without(law: Law, impossible: set[tuple[int, int]], base: tuple[int, ...]) -> Law:
    """The law without variants that can't be trained; an item that is left with none stays as it stands."""
    if not impossible:
        return law
    p = law.probabilities.copy()
    for f, v in impossible:
        if f < len(p) and v < p.shape[1]:
            p[f, v] = 0.0
            if p[f].sum() <= 0:
                p[f, base[f]] = 1.0
    return Law(law.name, p / p.sum(1, keepdims=True))
