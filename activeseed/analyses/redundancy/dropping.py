"""Seeds with something left out, and how far that moves the outcome, remembered by what is gone."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from activeseed.contrast import ABSENT_INDEX
from activeseed.outcome import Bools, Outcomes
from activeseed.plan import Change, Floats, OneAtATime
from activeseed.protocols import Problem

#: positions of items that are left out together
Gone: TypeAlias = frozenset[int]
NONE: Gone = frozenset()
#: bytes of movements that are kept at hand
KEPT = 2**28
#: changes that share a batch with their base
WIDTH = 127


def rows_for(changes: int, keys: int) -> int:
    """Rows that so many changes take: each block has a copy of the base, and blocks are equally long."""
    if not changes:
        return 0
    blocks = -(-changes // WIDTH)
    return keys * blocks * (1 + -(-changes // blocks))


def changes_within(rows: int, keys: int) -> int:
    """How many changes surely fit into so many rows: n changes take at most n + 2⌈n/127⌉ rows a key."""
    return max(0, (rows // keys - 2) * WIDTH // (WIDTH + 2))


@dataclass
class Drops:
    """What was measured so far.

    Attributes:
        problem: as the analysis was asked it.
        keys: replicates, the same for all rows.
    """

    problem: Problem
    keys: tuple[int, ...]
    _at: dict[Gone, tuple[int, int]] = field(default_factory=dict)
    _answers: list[tuple[OneAtATime, Outcomes]] = field(default_factory=list)
    _moved: dict[Gone, tuple[Floats, Bools]] = field(default_factory=dict)

    def design(self, wanted: Collection[Gone], left: int | None = None) -> OneAtATime | None:
        """Rows for what is not measured yet; None where nothing is missing.

        Args:
            left: rows that may be trained; what does not fit is left out, the last first.
        """
        new = [gone for gone in dict.fromkeys(wanted) if gone and gone not in self._at]
        if left is not None:
            new = new[: changes_within(left, len(self.keys))]
        if not new:
            return None
        changes = tuple(self._change(gone) for gone in new)
        blocks = -(-len(new) // WIDTH)
        return OneAtATime(self.problem.base, changes, self.keys, -(-len(new) // blocks))

    def _change(self, gone: Gone) -> Change:
        items = tuple(sorted(gone))
        names = ", ".join(self.problem.seed.items[f].id for f in items[:3]) + (
            f", … ({len(items)})" if len(items) > 3 else ""
        )
        return Change(f"without {names}", items, (ABSENT_INDEX,) * len(items))

    def take(self, design: OneAtATime, outcomes: Outcomes) -> None:
        """Remember what the rows of a design came to."""
        for number, change in enumerate(design.changes):
            self._at[frozenset(change.factors)] = len(self._answers), number
        self._answers.append((design, outcomes))

    def has(self, *gone: Gone) -> bool:
        """Whether all of these were measured."""
        return all(not g or g in self._at for g in gone)

    def _rows(self, gone: Gone) -> tuple[Outcomes, list[int], list[int]]:
        """Where the rows lie: outcomes, (K,) rows of the base in the same batch, (K,) rows of the change."""
        answer, number = self._at[gone] if gone else (0, 0)
        design, outcomes = self._answers[answer]
        places = [design.place(k, number) for k in range(len(self.keys))]
        base = [b for b, _ in places]
        return outcomes, base, [c for _, c in places] if gone else base

    def moved(self, gone: Gone) -> tuple[Floats, Bools]:
        """(K, D) embedded outcome without these less that of the base, both of one batch, and (K,) keys that trained.

        Rows of keys that failed are zero.
        """
        if gone not in self._moved:
            outcomes, base, changed = self._rows(gone)
            ok = outcomes.ok[base] & outcomes.ok[changed]
            embed = self.problem.geometry.embed
            delta = embed(outcomes.values[changed]) - embed(outcomes.values[base])
            if not ok.all():
                delta = np.where(ok[:, None], np.nan_to_num(delta), 0.0)
            if len(self._moved) * delta.nbytes > KEPT:
                self._moved.clear()  # worked out anew when it is looked at again
            self._moved[gone] = delta, ok
        return self._moved[gone]

    def points(self, which: Sequence[Gone]) -> Floats:
        """(n, D) mean movement over the keys that trained; 0 where none did."""
        out = []
        for gone in which:
            delta, ok = self.moved(gone)
            out.append(delta.sum(0) / max(1, int(ok.sum())))
        return np.array(out)

    def outcome(self, gone: Gone) -> tuple[Floats, Floats]:
        """(P,) mean outcome without these, and its standard error over keys; NaN where nothing trained."""
        outcomes, _, changed = self._rows(gone)
        values = np.asarray(outcomes.values[changed], np.float64)[outcomes.ok[changed]]
        n = len(values)
        if not n:
            nothing = np.full(outcomes.values.shape[1], np.nan)
            return nothing, nothing
        spread = values.std(0, ddof=1) / np.sqrt(n) if n > 1 else np.zeros(values.shape[1])
        return values.mean(0), spread
