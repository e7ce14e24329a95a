"""A column of a ranking, as whoever computes it declares it: what screens, reports and checks go by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

#: what items of any study may be ranked by
Order = Literal[
    "effect", "value", "value_per_minute", "value-per-minute", "first_order", "first-order", "total",
]  # fmt: skip


#: what a column is measured in whose numbers are in the geometry's unit
SQUARED = "squared distance"


@dataclass(frozen=True)
class Column:
    """What a ranking says of each item, declared by whoever computes it.

    Attributes:
        name: of the column.
        words: what it is, for people: in headings and sentences.
        unit: what its entries are measured in: ``squared distance`` (in the geometry's unit), ``probability``,
            ``squared distance a minute``, or nothing.
        unbiased: whether its mean over keys is the quantity that it is named after; that of an item without effect is
            zero. The contract check holds it to that.
        sortable: whether items can be ranked by it, the largest first.
        short: what stands above it where there is little room; by default its name.
        leads: items are ranked by it where nobody says otherwise, also while something is left to ask: who chose such
            an estimator asked for that.
    """

    name: str
    words: str
    unit: str = SQUARED
    unbiased: bool = False
    sortable: bool = False
    short: str = ""
    leads: bool = False

    @property
    def heading(self) -> str:
        """What stands above it in a table."""
        return self.short or self.name.replace("_", " ")

    @property
    def option(self) -> str:
        """Its name as it is typed."""
        return self.name.replace("_", "-")


def by_name(columns: Iterable[Column]) -> Mapping[str, Column]:
    """Name -> column; of two with a name the first counts."""
    out: dict[str, Column] = {}
    for column in columns:
        out.setdefault(column.name, column)
    return out
