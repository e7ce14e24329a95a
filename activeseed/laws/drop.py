"""An item as it is written, against its absence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from activeseed.checked import SettingsRecord
from activeseed.contrast import ABSENT_INDEX, AS_WRITTEN_INDEX, Comparison
from activeseed.laws.comparing import between_variants

if TYPE_CHECKING:
    from activeseed.protocols import Problem


class Drop(SettingsRecord):
    """‖m(as written) − m(absent)‖², whichever of the two stands: defined for every item, however sure its author is."""

    kind: Literal["drop"] = "drop"
    needs_weights: bool = False
    words: str = "dropping the item"

    def comparison(self, problem: Problem) -> Comparison:
        """See ``protocols.ReferenceLaw``."""
        pairs = ((f, AS_WRITTEN_INDEX, ABSENT_INDEX, 1.0) for f in range(len(problem.seed)))
        return between_variants(problem, pairs, "as written against absent", "an absence")
