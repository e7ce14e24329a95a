"""Gold questions made to look like the questions around them: a reason, a value, and what hangs on the answer.

Whoever could tell a check from a question would answer checks with more care than the rest, and the checks would
measure nothing. What hangs on a gold item is not made up: it is put into the seed as it stands, and trained.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from activeseed.asking.making import why
from activeseed.config import Settings
from activeseed.looking.assessment import Assessment
from activeseed.looking.consequences import Looked
from activeseed.plan import generator
from activeseed.question import Question
from activeseed.resolution import Gold
from activeseed.seed import Item, Pair, Seed, Variant, made_id


def dressed(
    questions: Sequence[Question],
    gold: Sequence[Gold],
    found: Assessment,
    settings: Settings,
    hanging: Callable[[Gold], Looked],
) -> list[Question]:
    """The same questions, those of known answer with what an ordinary one would show.

    Args:
        hanging: what hangs on a gold question's item. Costs as many trainings as an ordinary question.
    """
    by_id = {g.id: g for g in gold}
    singles = [q for q in questions if q.purpose != "gold" and len(q.items) == 1]
    out = []
    for n, question in enumerate(questions):
        if question.purpose != "gold" or question.items[0] not in by_id:
            out.append(question)
            continue
        draw = generator(settings.key, "gold looks", question.round, n)
        like = [singles[int(i)] for i in draw.integers(0, len(singles), 2)] if singles else []
        value = float(np.mean([q.value for q in like])) if like else 0.0
        # as sure as the author is of the seed at large: a number among those that other questions show
        credibility = float(draw.choice(found.belief.credibility))
        spread = found.ranking.summary.get("belief_spread")
        looked = hanging(by_id[question.items[0]])
        out.append(
            question.model_copy(
                update={
                    "value": value,
                    "minutes": settings.ask.minutes,
                    "consequences": looked.shown,
                    "trainings": looked.trainings,
                    **why(credibility, value, spread, settings.ask.show_belief),
                    "seed_version": found.seed.version,
                }
            )
        )
    return out


def with_gold(seed: Seed, gold: Gold) -> Seed:
    """The seed as it stands, with a gold question's item as its last."""
    flipped = (Variant(id="flipped", payload=gold.payload.flipped()),) if isinstance(gold.payload, Pair) else ()
    name = made_id(gold.payload, {i.id for i in seed.items})
    item = Item(id=name, payload=gold.payload, group=seed.items[0].group, alternatives=flipped)
    return seed.revise(items=[*seed.items, item])
