"""What the answers of a look hang on: the response, how well the seed's items vouch for each other, what is deployed.

These are the trainings of a look; `assess` says under which belief.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from activeseed.belief import vouching_evidence
from activeseed.errors import PlanError
from activeseed.looking.problem import is_open
from activeseed.looking.trains import Trains
from activeseed.outcome import Outcomes, Ranking, Summary
from activeseed.plan import Design, Explicit, Floats, Rows
from activeseed.protocols import Problem, Request, Response
from activeseed.seed import FLIPPED, Seed


def first_request(response: Response, problem: Problem) -> Request:
    """The rows that a response is fitted on."""
    run = response.run(problem)
    request = next(run)
    run.close()
    return request


def responded(trainer: Trains, response: Response, problem: Problem) -> Ranking:
    """The indices; zeros where nothing is left unclear, and no numbers where nothing of that can be trained."""
    try:
        if is_open(trainer.possible(problem).law):
            return trainer.rank(response, problem)
    except PlanError:
        if is_open(trainer.possible(problem).law):
            raise
    ranking = _settled(problem)
    return trainer.marked(replace(ranking, notes=()) if is_open(problem.law) else ranking, problem)


def evidence_of(seed: Seed, design: Design, outcomes: Outcomes, before: Floats | None) -> Floats | None:
    """How well the rows that left an item out, or flipped it, approve of it; None for a trainer that can't say."""
    if outcomes.vouching is None:
        return None
    if before is not None and len(before) != outcomes.vouching.shape[1]:
        before = None
    opposite = [next((v for v, x in enumerate(i.variants) if x.id == FLIPPED), -1) for i in seed.items]
    return vouching_evidence(design.block(0, design.size), outcomes, opposite=opposite, before=before)


def deployed_outcomes(seed: Seed, trainer: Trains, keys: int, purpose: str = "the seed as it stands") -> Outcomes:
    """(K, P) outcomes of a seed under keys 0 … K−1, the same in every version: common random numbers."""
    numbers = np.arange(keys, dtype=np.int64)
    rows = Rows(np.tile(np.asarray(seed.base, np.int16), (keys, 1)), numbers)
    return trainer.fulfil(Request(Explicit(rows, unit=keys), purpose))


def _settled(problem: Problem) -> Ranking:
    """The ranking of a seed about which nothing is left unclear."""
    zero = np.zeros(len(problem.seed))
    columns = {"first_order": zero, "first_order_se": zero, "presence": zero, "wording": zero, "share": zero}
    summary: Summary = {"spread": 0.0, "trainings": 0, "law": problem.law.name, "belief_spread": 0.0, "risk": 0.0}
    return Ranking(problem.ids, columns, summary, notes=("Every item is settled: nothing is left to ask.",))
