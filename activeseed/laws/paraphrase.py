"""An item as it is written, against what rules make of its wording."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from activeseed.checked import SettingsRecord
from activeseed.contrast import Comparison
from activeseed.laws.rewording import as_written_against

if TYPE_CHECKING:
    from activeseed.protocols import Problem


class Paraphrase(SettingsRecord):
    """The mean of ‖m(a paraphrase by rule) − m(as written)‖², uniform over the item's paraphrases by rule.

    The meaning stays, so an item of a large effect is brittle to how it is put.
    """

    kind: Literal["paraphrase"] = "paraphrase"
    needs_weights: bool = False
    words: str = "paraphrasing the item"

    def comparison(self, problem: Problem) -> Comparison:
        """See ``protocols.ReferenceLaw``."""
        return as_written_against(problem, "paraphrase", "a paraphrase by rule")
