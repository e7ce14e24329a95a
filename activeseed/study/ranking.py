"""Rankings and other analyses of where a study stands, counted, held to its budget and journalled."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from activeseed.asking.special import writing_table
from activeseed.column import by_name
from activeseed.errors import PlanError
from activeseed.estimators import Jansen
from activeseed.estimators.auto import REGRESSION_KEYS
from activeseed.estimators.columns import BELIEVED
from activeseed.looking.assessment import Assessment
from activeseed.looking.problem import is_open
from activeseed.looking.quality import quality
from activeseed.looking.ranked import beside, column_named, ordered, usual, with_law
from activeseed.looking.words import no_better_than_chance
from activeseed.outcome import Ranking, Summary, plain
from activeseed.protocols import Analysis, Event, Finding
from activeseed.seed import digest_of
from activeseed.study import noisy
from activeseed.study.cost import analysis_parts, ranking_parts, ranks_by_response, reads_belief
from activeseed.study.looks import Looks
from activeseed.study.workshop import Workshop

T = TypeVar("T")


def rank(looks: Looks, by: str | None, law: str | None) -> Ranking:
    """The full ranking, journalled: see ``Study.rank``."""
    with looks.expecting("A ranking", ranking_parts, by, law):
        return _rank(looks, by, law)


def _rank(looks: Looks, by: str | None, law: str | None) -> Ranking:
    work = looks.work
    estimator, response = work.part("estimator"), work.part("response")
    if law is not None:
        estimator = with_law(estimator, law)
    declared = (*estimator.columns, *response.columns, *Jansen().columns, *BELIEVED)
    column = column_named(by, declared)
    before = work.budget.here
    found = looks.assessment()
    trainer, problem = work.trainer, found.problem
    if estimator == response:  # the very rows of the assessment, under its keys
        problem = replace(problem, first_key=problem.first_key + REGRESSION_KEYS)
    made = trainer.rank(estimator, problem)
    if column == "total" and "total" not in made.columns:
        made = made.join(trainer.rank(Jansen(), found.problem))
    ranking = trainer.marked(beside(made, found.ranking), problem)
    ranking = replace(ranking, declared=tuple(c for c in by_name(declared).values() if c.name in ranking.columns))
    ranking = ordered(ranking, column or usual(ranking, is_open(found.belief.law)))
    own = ranks_by_response(work, estimator, problem)
    fits = quality(found.mean_outcome, problem.places)
    chance = no_better_than_chance(fits)
    summary: Summary = {
        "system": work.system.kind,
        "outcome": problem.geometry.over,
        "unit": problem.geometry.unit,
        "estimator": estimator.kind,
        "trainings": made.summary.get("trainings", 0) + (0 if own else found.ranking.summary.get("trainings", 0)),
        "trainings_new": work.budget.here - before,
        "answers": len(work.state.counted_answers),
        "write_more": writing_table(made.summary.get("group_spread"), found.seed, work.settings.ask.minutes_write_more),
        "law": made.summary.get("law", problem.law.name),
    }
    if fits:
        summary["quality"] = fits
        summary["no_better_than_chance"] = bool(chance)
    notes = (*([chance] if chance else ()), *noisy.warnings(work.declared_system, work.state.tried), *trainer.warnings)
    ranking = ranking.join(Ranking(ranking.ids, columns=_divided(found), summary=summary, notes=notes))
    body = ranking.to_dict()
    work.store.append([Event("ranked", body, key=f"ranked:{digest_of(body).hex()}")])
    work.refresh()
    return ranking


def _divided(found: Assessment) -> dict[str, NDArray[Any]]:
    """The minority share of each item on which people really disagree, NaN for the others; no column where none is."""
    divided = found.resolution.divided
    shares = [divided[i.id].share if i.id in divided else np.nan for i in found.seed.items]
    return {"divided": np.array(shares)} if divided else {}


def analyse(looks: Looks, analysis: Analysis[T]) -> T:
    """Any other analysis of where the study stands, driven and journalled like a ranking."""
    if lacking := [name for name in ("kind", "cost", "run") if not hasattr(analysis, name)]:
        raise PlanError(
            f"{type(analysis).__qualname__} is no analysis: it has no {' and no '.join(lacking)}. Give an object with "
            "what `activeseed.protocols.Analysis` says; activeseed.testing.check_analysis looks at it."
        )
    work = looks.work
    with looks.expecting("An analysis", analysis_parts, analysis):
        before = work.budget.here
        problem = looks.assessment().problem if reads_belief(analysis) else looks.before_any()
        result = work.trainer.run(analysis, problem)
        keep(work, analysis.kind, analysis, result, problem.seed.version, work.budget.here - before)
    return result


def keep(work: Workshop, kind: str, asked: object, result: object, seed_version: str, trainings: int) -> None:
    """Journal what was found, for reports to come.

    Args:
        asked: what was told to whatever found it; kept where it is a record.
        result: kept where it says itself as JSON (``protocols.Finding``).
        trainings: that it took.
    """
    body: dict[str, Any] = {
        "kind": kind, "record": asked.model_dump(mode="json") if isinstance(asked, BaseModel) else None,
        "seed_version": seed_version, "trainings_new": trainings,
        "result": plain(result.to_dict()) if isinstance(result, Finding) else None,
    }  # fmt: skip
    work.store.append([Event("analysed", body)])
    work.refresh()
