"""What the laws of a machine's wordings share: an item as it is written, against what rules made of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from activeseed.contrast import AS_WRITTEN_INDEX, Comparison
from activeseed.laws.comparing import between_variants
from activeseed.seed import Origin

if TYPE_CHECKING:
    from activeseed.protocols import Problem


def as_written_against(problem: Problem, origin: Origin, missing: str) -> Comparison:
    """The mean of ‖m(variant) − m(as written)‖² over an item's variants of this origin, whichever of them stands.

    A rule rewords the text as it is written: where an edit stands, the two would differ by what was edited. Raises
    PlanError where no item has such a variant.
    """
    return between_variants(problem, _pairs(problem, origin), f"{missing} against as written", missing)


def _pairs(problem: Problem, origin: Origin) -> Iterator[tuple[int, int, int, float]]:
    for f, item in enumerate(problem.seed.items):
        made = [v for v, variant in enumerate(item.variants) if variant.origin == origin]
        for v in made:
            yield f, v, AS_WRITTEN_INDEX, 1.0 / len(made)
