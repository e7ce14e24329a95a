"""An item as it is written, against the same rule framed the other way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from activeseed.checked import SettingsRecord
from activeseed.contrast import Comparison
from activeseed.laws.rewording import as_written_against

if TYPE_CHECKING:
    from activeseed.protocols import Problem


class Framing(SettingsRecord):
    """The mean of ‖m(another framing) − m(as written)‖², uniform over the item's framings.

    The rule stays and its frame does not: what is to be done is said as what is not to be done.
    """

    kind: Literal["framing"] = "framing"
    needs_weights: bool = False
    words: str = "framing the item the other way"

    def comparison(self, problem: Problem) -> Comparison:
        """See ``protocols.ReferenceLaw``."""
        return as_written_against(problem, "framing", "another framing")
