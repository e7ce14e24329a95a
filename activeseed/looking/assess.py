"""Where a study stands: answers resolved, belief fitted, response measured, risk and values computed.

Everything here is a pure function of the seed, the answers and the outcomes of trainings, so a resumed study comes to
the same assessment from its cached rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from activeseed.acquisition import deployed_risk, ensemble_risk, item_values
from activeseed.belief import Belief, author_law, fit_belief
from activeseed.belief.preference import agreement_likelihood, prefer
from activeseed.config import Settings
from activeseed.entries import besides
from activeseed.errors import PlanError
from activeseed.estimators.auto import REGRESSION_KEYS
from activeseed.looking.assessment import Assessment, expected_error
from activeseed.looking.elsewhere import JUDGED_DRAWS, drawn_outcomes
from activeseed.looking.problem import is_open, problem_of
from activeseed.looking.response import deployed_outcomes, evidence_of, first_request, responded
from activeseed.looking.surrogate import PREFERENCE_DRAWS, foreseeable, surrogate_outcomes
from activeseed.looking.trains import Trains
from activeseed.outcome import Ranking, Summary
from activeseed.plan import Floats, Law, Materials, stream_key
from activeseed.protocols import Problem, Response, System
from activeseed.question import Answer, Question
from activeseed.resolution import Resolution
from activeseed.seed import Payload, Seed

#: replicate numbers that one version of the seed may use: rows of different versions share no noise
VERSION_KEYS = 100_000_000


@dataclass(frozen=True)
class Given:
    """What a look starts from.

    Attributes:
        seed: the version that is looked at.
        number: its number; rows of different versions share no noise.
        settings: of the study.
        system, materials: what is trained, and on what.
        resolution: what the answers settle.
        evidence_before: evidence of the round before, for items that no row leaves out any more.
        preferences: answers about outcomes: (number of the place, 1 approve or 0 not).
        judgements: answers about what is no place: (what it is, 1 approve or 0 not).
        asked: answered items, first answered first -> whether the question was drawn at random (``asked_in_order``).
    """

    seed: Seed
    number: int
    settings: Settings
    system: System
    materials: Materials
    resolution: Resolution
    evidence_before: Floats | None
    preferences: Sequence[tuple[int, float]]
    asked: Mapping[str, bool]
    judgements: Sequence[tuple[Payload, float]] = ()


def assess(given: Given, trainer: Trains, response: Response) -> Assessment:
    """Train what is needed to know where the study stands: the response and the deployed seed under each key.

    Args:
        response: what risk and values are computed from.
    """
    seed, number, settings, resolution = given.seed, given.number, given.settings, given.resolution
    prior = author_law(seed, settings.belief.base_rate, settings.belief.rest)
    rows_law = _rows_law(given, prior)
    problem = _posed(seed, number, settings, given.system, given.materials, rows_law)
    shifted = replace(problem, first_key=problem.first_key + REGRESSION_KEYS)
    evidence = given.evidence_before
    if is_open(rows_law):
        fitted_on = first_request(response, shifted)
        evidence = evidence_of(seed, fitted_on.design, trainer.fulfil(fitted_on), evidence)
    belief = _believed(given, prior, evidence)
    problem = replace(problem, law=belief.law)
    ranking = responded(trainer, response, replace(shifted, law=belief.law))
    deployed = deployed_outcomes(seed, trainer, 1 if problem.deterministic else settings.replicates)
    error = expected_error(settings.ask, resolution)
    ranking = with_belief(ranking, seed, prior, belief, settings, error)
    made = Assessment(seed, resolution, prior, belief, problem, ranking, deployed, evidence)
    leant = leaning(made, given, trainer, error) if ranking.surrogate is not None else None
    if leant is not None:
        belief = leant
        ranking = responded(trainer, response, replace(shifted, law=belief.law))
        ranking = with_belief(ranking, seed, prior, belief, settings, error)
        made = replace(made, belief=belief, ranking=ranking, problem=replace(problem, law=belief.law), leaning=True)
    return made


def asked_in_order(questions: Mapping[str, Question], answers: Sequence[Answer]) -> dict[str, bool]:
    """Items that were answered, first answered first, and whether the question that came first was drawn at random."""
    out: dict[str, bool] = {}
    for answer in answers:
        question = questions[answer.question]
        if question.purpose != "gold":
            for item in question.items:
                out.setdefault(item, question.drawn == "random")
    return out


def _believed(given: Given, prior: Law, evidence: Floats | None) -> Belief:
    """The belief after the answers; where nothing is ever drawn at random, all answers weigh its predictors."""
    seed, settings = given.seed, given.settings
    drawn = np.array([given.asked.get(i.id, False) for i in seed.items])
    return fit_belief(
        settings.belief,
        prior,
        groups=[i.group for i in seed.items],
        features=_features(seed, given.materials),
        evidence=evidence,
        likelihood=given.resolution.likelihood,
        key=stream_key(settings.key, "belief", given.number),
        order=[seed.position(i) for i in given.asked if i in seed._positions],
        drawn=drawn if settings.ask.random_share > 0 else None,
        alike=[besides(i.payload) for i in seed.items],
    )


def _rows_law(given: Given, prior: Law) -> Law:
    """Where a round's rows are drawn: from what is believed before they are trained, at first the author's belief.

    Rows near the belief fit its response better than rows near the author's (measured on the persona task: a tenth
    fewer answers). An item that the belief takes for certain and no human has settled keeps the author's doubt.
    """
    told = _told(prior, given.resolution)
    if given.evidence_before is None or len(given.evidence_before) != len(given.seed):
        return told
    p = _believed(given, prior, given.evidence_before).law.probabilities
    same = ((p > 0) == (told.probabilities > 0)).all(1, keepdims=True)
    return Law("belief before this round's rows", np.where(same, p, told.probabilities))


def _told(prior: Law, resolution: Resolution) -> Law:
    """The author's belief, with what was answered."""
    return Law("author's belief and answers", _posterior(prior.probabilities, resolution.likelihood))


def posed(
    seed: Seed, number: int, settings: Settings, system: System, materials: Materials, resolution: Resolution
) -> Problem:
    """The problem that version ``number`` poses before anything is trained: what an analysis reads without a look."""
    prior = author_law(seed, settings.belief.base_rate, settings.belief.rest)
    return _posed(seed, number, settings, system, materials, _told(prior, resolution))


def _posed(seed: Seed, number: int, settings: Settings, system: System, materials: Materials, law: Law) -> Problem:
    return replace(
        problem_of(seed, law, system, materials),
        stream=stream_key(settings.key, "rows", number),
        first_key=VERSION_KEYS * number,
        rows_law=law,
    )


def leaning(assessment: Assessment, given: Given, trainer: Trains, error: float) -> Belief | None:
    """The belief, leaning towards seeds whose outcome is what humans said that they prefer; None where nobody did.

    Draws' outcomes at places are the surrogate's. Elsewhere they are those of networks, which have to be trained: so
    there are fewer draws where somebody has judged a dream.
    """
    preferences = given.preferences if foreseeable(assessment) is not None else ()
    judgements = given.judgements if assessment.problem.layout is not None else ()
    if not preferences and not judgements:
        return None
    key = stream_key(given.settings.key, "preferences", given.number)
    draws = assessment.belief.draw(JUDGED_DRAWS if judgements else PREFERENCE_DRAWS, key)
    likelihood: Floats = np.ones(len(draws))
    if preferences:
        _, outcomes = surrogate_outcomes(assessment, draws)
        places, preferred = (np.array(x) for x in zip(*preferences, strict=True))
        likelihood = agreement_likelihood(outcomes[:, places.astype(int)], preferred, error)
    if judgements:
        what, preferred = [payload for payload, _ in judgements], np.array([right for _, right in judgements])
        outcomes, ok = drawn_outcomes(assessment.problem, trainer, draws, what)
        if not ok.any():
            return None
        draws, likelihood = draws[ok], likelihood[ok] * agreement_likelihood(outcomes, preferred, error)
    return prefer(assessment.belief, draws, likelihood, key)


def with_belief(ranking: Ranking, seed: Seed, prior: Law, belief: Belief, settings: Settings, error: float) -> Ranking:
    """Credibility, value and risk added to a ranking that has a surrogate."""
    base = np.asarray(seed.base)
    columns: dict[str, NDArray[Any]] = {
        "credibility": belief.credibility,
        "credibility_before": prior.probabilities[:, 0],
        "answered": belief.answered,
    }
    summary: Summary = {"seed_version": seed.version, "expected_error": error}
    if ranking.surrogate is not None:
        gram = ranking.surrogate.gram
        columns["value"] = item_values(gram, belief, error)
        columns["value_per_minute"] = columns["value"] / settings.ask.minutes
        summary["belief_spread"] = ensemble_risk(gram, belief)
        summary["risk"] = deployed_risk(gram, belief, base)
    return ranking.join(Ranking(ranking.ids, columns=columns, summary=summary))


def _posterior(prior: Floats, likelihood: Floats) -> Floats:
    joint = prior * likelihood
    total = joint.sum(1, keepdims=True)
    return np.asarray(np.where(total > 0, joint / np.where(total > 0, total, 1.0), prior))


def _features(seed: Seed, materials: Materials) -> Floats | None:
    try:
        return np.asarray(materials.features([i.payload for i in seed.items]), np.float64)
    except PlanError:
        return None
