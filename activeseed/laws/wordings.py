"""An item as it stands, against its other wordings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from activeseed.checked import SettingsRecord
from activeseed.contrast import ABSENT_INDEX, AS_WRITTEN_INDEX, Comparison
from activeseed.laws.comparing import between_variants

if TYPE_CHECKING:
    from activeseed.protocols import Problem


#: origins of texts that a human wrote
_BY_HAND = frozenset({"written", "wording", "edit"})


class Wordings(SettingsRecord):
    """The mean of ‖m(another wording) − m(the one that stands)‖², uniform over the others that a human wrote.

    Those are the author's own wordings and what annotators edited; what a rule wrote has laws of its own. An item that
    is absent is compared as written: rewording what is not there changes nothing.
    """

    kind: Literal["wordings"] = "wordings"
    needs_weights: bool = False
    words: str = "rewording the item"

    def comparison(self, problem: Problem) -> Comparison:
        """See ``protocols.ReferenceLaw``."""
        return between_variants(problem, _pairs(problem), "another wording", "another wording")


def _pairs(problem: Problem) -> Iterator[tuple[int, int, int, float]]:
    for f, (item, stands) in enumerate(zip(problem.seed.items, problem.base, strict=True)):
        here = AS_WRITTEN_INDEX if stands == ABSENT_INDEX else stands
        others = [v for v, x in enumerate(item.variants) if v not in (here, ABSENT_INDEX) and x.origin in _BY_HAND]
        for v in others:
            yield f, v, here, 1.0 / len(others)
