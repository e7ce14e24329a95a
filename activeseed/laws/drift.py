"""An item as it is written, against what it would be a little stronger, weaker, wider or narrower."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from activeseed.checked import SettingsRecord
from activeseed.contrast import Comparison
from activeseed.laws.rewording import as_written_against

if TYPE_CHECKING:
    from activeseed.protocols import Problem


class Drift(SettingsRecord):
    """The mean of ‖m(a drift) − m(as written)‖², uniform over the item's drifts.

    The meaning moves a little, so an item of no effect decides nothing by its force or its reach.
    """

    kind: Literal["drift"] = "drift"
    needs_weights: bool = False
    words: str = "letting the item drift"

    def comparison(self, problem: Problem) -> Comparison:
        """See ``protocols.ReferenceLaw``."""
        return as_written_against(problem, "drift", "a drift")
