"""Reference laws of effects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # seams are only described here: whoever asks for an event needs no arrays
    from activeseed.contrast import Comparison
    from activeseed.protocols.analyses import Problem


class ReferenceLaw(Protocol):
    """Which changes of the seed, as it stands, an effect is about.

    Attributes:
        kind: its name; stands in columns and headings.
        needs_weights: whether it weighs items by fractions, which not every trainer understands.
        words: what is done to an item, for headings: *dropping the item*.
    """

    @property
    def kind(self) -> str: ...
    @property
    def needs_weights(self) -> bool: ...
    @property
    def words(self) -> str: ...
    def comparison(self, problem: Problem) -> Comparison:
        """The changed rows and their differences. Raises PlanError where no item has what the law perturbs."""
        ...
