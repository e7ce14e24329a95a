"""An item in Poisson(1) copies against one copy: what the bootstrap of the seed does to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from activeseed.checked import SettingsRecord
from activeseed.contrast import ABSENT_INDEX, Changes, Comparison, Contrast
from activeseed.laws.comparing import single_items

if TYPE_CHECKING:
    from activeseed.protocols import Problem

#: multiplicities that stand for Poisson(1) against one copy: Pr(0), Pr(2), Pr(3), and all of ≥ 4 at 4, weighted so
#: that E (w − 1)² = 1, which makes the effect exact where the response is linear in the multiplicity
NODES = ((0.0, 0.367879), (2.0, 0.183940), (3.0, 0.061313), (4.0, 0.022547))


class Poisson(SettingsRecord):
    """E‖m(w copies) − m(one copy)‖², w ~ Poisson(1), of items that stand."""

    kind: Literal["poisson"] = "poisson"
    needs_weights: bool = False
    words: str = "resampling the item (Poisson(1) copies)"

    def comparison(self, problem: Problem) -> Comparison:
        """See ``protocols.ReferenceLaw``."""
        rows = Changes()
        contrasts = [
            Contrast(f, weight, rows.add(f"{item.id} ×{copies:g}", (f,), (stands,), (copies,)), None)
            for f, (item, stands) in enumerate(zip(problem.seed.items, problem.base, strict=True))
            if stands != ABSENT_INDEX
            for copies, weight in NODES
        ]
        return single_items(problem, rows, contrasts, "Poisson(1) copies against one", "a variant that stands")
