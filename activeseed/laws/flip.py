"""An item as it is written, against the same item turned round."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from activeseed.checked import SettingsRecord
from activeseed.contrast import AS_WRITTEN_INDEX, Comparison
from activeseed.laws.comparing import between_variants

if TYPE_CHECKING:
    from activeseed.protocols import Problem


class Flip(SettingsRecord):
    """‖m(as written) − m(flipped)‖², of items that have such a variant."""

    kind: Literal["flip"] = "flip"
    needs_weights: bool = False
    words: str = "flipping the pair"

    def comparison(self, problem: Problem) -> Comparison:
        """See ``protocols.ReferenceLaw``."""
        pairs = (
            (f, AS_WRITTEN_INDEX, v, 1.0)
            for f, item in enumerate(problem.seed.items)
            for v, variant in enumerate(item.variants)
            if variant.origin == "flipped"
        )
        return between_variants(problem, pairs, "as written against flipped", "a flipped variant")
