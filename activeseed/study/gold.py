"""Gold questions made to look like the questions around them: a reason, a value, and what hangs on the answer.

Whoever could tell a check from a question would answer checks with more care than the rest, and the checks would
measure nothing. What hangs on a gold item is not made up: it is put into the seed as it stands, and trained.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from activeseed.errors import ActiveseedError, BudgetError
from activeseed.plan import generator
from activeseed.question import Question
from activeseed.resolution import Gold
from activeseed.seed import Item, Pair, Variant, made_id
from activeseed.study import asking
from activeseed.study.assess import Assessment
from activeseed.study.consequences import Looked, look
from activeseed.study.materials import build_materials
from activeseed.study.training import Trainer

if TYPE_CHECKING:
    from activeseed.study.study import Study


def dressed(
    study: Study, questions: Sequence[Question], gold: Sequence[Gold], assessment: Assessment
) -> list[Question]:
    """The same questions, those of known answer with what an ordinary one would show.

    Costs as many trainings for each gold question as for an ordinary one.
    """
    by_id = {g.id: g for g in gold}
    singles = [q for q in questions if q.purpose != "gold" and len(q.items) == 1]
    out = []
    for n, question in enumerate(questions):
        if question.purpose != "gold" or question.items[0] not in by_id:
            out.append(question)
            continue
        draw = generator(study.settings.key, "gold looks", question.round, n)
        like = [singles[int(i)] for i in draw.integers(0, len(singles), 2)] if singles else []
        value = float(np.mean([q.value for q in like])) if like else 0.0
        # as sure as the author is of the seed at large: a number among those that other questions show
        credibility = float(draw.choice(assessment.belief.credibility))
        spread = assessment.ranking.summary.get("belief_spread")
        found = _consequences(study, by_id[question.items[0]], assessment)
        out.append(
            question.model_copy(
                update={
                    "value": value,
                    "minutes": study.settings.ask.minutes,
                    "consequences": found.shown,
                    "trainings": found.trainings,
                    **asking.why(credibility, value, spread, study.settings.ask.show_belief),
                    "seed_version": assessment.seed.version,
                }
            )
        )
    return out


def _consequences(study: Study, gold: Gold, assessment: Assessment) -> Looked:
    """What would be judged otherwise with the item in the seed and without it; nothing where it can't be trained."""
    seed = assessment.seed
    shown = study.settings.ask.consequences
    if not shown or gold.payload.kind != seed.items[0].payload.kind:
        return Looked()
    flipped = (Variant(id="flipped", payload=gold.payload.flipped()),) if isinstance(gold.payload, Pair) else ()
    group = seed.items[0].group
    name = made_id(gold.payload, {i.id for i in seed.items})
    trial = seed.revise(items=[*seed.items, Item(id=name, payload=gold.payload, group=group, alternatives=flipped)])
    try:
        first = study.state.versions[0].seed
        materials = build_materials(
            study.folder, study.settings, first, trial, study.probes, study.pool,
            embedder=lambda: study.part("embedder"),
        )  # fmt: skip
        study.system.check(materials)
        trainer = Trainer(
            study.store, study.system, materials, study.executor, study.settings.limits, study.progress,
            study.budget,
        )  # fmt: skip
        keys = study.batches.keys(assessment)
        found = look(trial, [len(seed)], keys, trainer, study.system.places(materials), shown)
    except BudgetError:
        raise
    except ActiveseedError:  # a trainer, or vectors, of somebody's own may know the seed's items only
        return Looked()
    return found.get(len(seed), Looked())
