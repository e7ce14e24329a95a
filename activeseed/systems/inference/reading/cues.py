"""Where a sentence holds a norm: every rule in turn."""

from __future__ import annotations

from collections.abc import Iterator

from activeseed.systems.inference.reading.clauses import Clauses
from activeseed.systems.inference.reading.conduct import adverbs, attitudes
from activeseed.systems.inference.reading.cue import Cue, Passed
from activeseed.systems.inference.reading.duties import duties, others, rubric, rules
from activeseed.systems.inference.reading.modals import bound, have_to, is_to, may, modals
from activeseed.systems.inference.reading.subjects import Who
from activeseed.systems.inference.reading.valuations import is_valued, valued, wishes


def cues(text: str, clauses: Clauses, last: Who) -> Iterator[Cue | Passed]:
    """Every word of norm in a masked sentence, whether it holds one or not, in no order.

    Args:
        last: whom the sentence before spoke of, for *it* and *they*.
    """
    for find in (
        modals,
        have_to,
        may,
        bound,
        is_to,
        attitudes,
        adverbs,
        wishes,
        valued,
        is_valued,
        rules,
        duties,
        others,
        rubric,
    ):
        yield from find(text, clauses, last)
