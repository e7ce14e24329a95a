"""What a reference law compares: differences of assignments that agree with the base elsewhere.

The effect of an item (or of a group) under a law is the mean of ‖m(plus) − m(minus)‖² over the law's contrasts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # laws are records that a configuration holds: whoever reads it needs no arrays
    from activeseed.plan import Change

AS_WRITTEN_INDEX = 0
ABSENT_INDEX = 1


@dataclass(frozen=True)
class Contrast:
    """``weight`` · ‖m(plus) − m(minus)‖² is a part of the effect of ``unit``; ``minus`` None is the base itself."""

    unit: int
    weight: float
    plus: int
    minus: int | None


@dataclass(frozen=True)
class Comparison:
    """What one law compares.

    Attributes:
        changes: changed rows, each once.
        contrasts: differences between them, and with the base.
        members: items of each unit: one item each, or a whole group.
        names: what each unit is called.
        words: the perturbation, as it stands in headings.
    """

    changes: tuple[Change, ...]
    contrasts: tuple[Contrast, ...]
    members: tuple[tuple[int, ...], ...]
    names: tuple[str, ...]
    words: str


@dataclass
class Changes:
    """Changed rows, each listed once, as a law collects them."""

    listed: list[Change] = field(default_factory=list)
    _at: dict[tuple[tuple[int, ...], tuple[int, ...], tuple[float, ...] | None], int] = field(default_factory=dict)

    def add(
        self, label: str, items: tuple[int, ...], variants: tuple[int, ...], copies: tuple[float, ...] | None = None
    ) -> int:
        """The number of a row in which these items take these variants, in so many copies."""
        from activeseed.plan import Change

        name = (items, variants, copies)
        if name not in self._at:
            self._at[name] = len(self.listed)
            self.listed.append(Change(label, items, variants, copies))
        return self._at[name]
