"""Where a study stands: answers resolved, belief fitted, response measured, risk and values computed.

Everything here is a pure function of the seed, the answers and the outcomes of trainings, so a resumed study comes to
the same assessment from its cached rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from activeseed.acquisition import deployed_risk, ensemble_risk, item_values
from activeseed.belief import Belief, author_law, fit_belief, vouching_evidence
from activeseed.belief.preference import agreement_likelihood, prefer
from activeseed.config import AskTable, Settings
from activeseed.errors import PlanError
from activeseed.estimators.auto import REGRESSION_KEYS
from activeseed.estimators.statistics import cross_key, gram
from activeseed.geometries import decisions_of, decoded
from activeseed.outcome import Bools, Outcomes, Ranking, Summary
from activeseed.plan import Design, Explicit, Floats, Ints, Law, Materials, Rows, generator, stream_key
from activeseed.protocols import Geometry, Problem, Request, Response, System
from activeseed.question import Answer, Question
from activeseed.resolution import Resolution, draw
from activeseed.seed import FLIPPED, Seed
from activeseed.stopping import FlipRisk, flip_risk
from activeseed.study.requests import each_of, settings_of
from activeseed.study.training import Trainer

#: replicate numbers that one version of the seed may use: rows of different versions share no noise
VERSION_KEYS = 100_000_000
#: joint draws that answers about outcomes reweight
PREFERENCE_DRAWS = 4000


@dataclass(frozen=True)
class Assessment:
    """One look at a study.

    Attributes:
        seed: the version that was assessed.
        resolution: what the answers settle.
        prior: the author's law.
        belief: posterior over assignments.
        problem: what estimators are asked about.
        ranking: indices, credibility and values of every item, and the ensemble's summary.
        deployed: (K, P) outcomes of the deployed seed under the first K keys.
        evidence: (F,) how well the rest vouches for each item, or None.
        leaning: whether answers about outcomes are in the belief.
    """

    seed: Seed
    resolution: Resolution
    prior: Law
    belief: Belief
    problem: Problem
    ranking: Ranking
    deployed: Outcomes
    evidence: Floats | None
    leaning: bool = False

    @property
    def mean_outcome(self) -> Floats:
        """(P,) mean outcome of the deployed seed over keys."""
        values: Floats = np.asarray(self.deployed.values[self.deployed.ok], np.float64).mean(0)
        return values


def assess(
    seed: Seed,
    number: int,
    settings: Settings,
    trainer: Trainer,
    system: System,
    materials: Materials,
    response: Response,
    resolution: Resolution,
    evidence_before: Floats | None = None,
    preferences: Sequence[tuple[int, float]] = (),
    asked: Mapping[str, bool] = MappingProxyType({}),
) -> Assessment:
    """Train what is needed to know where the study stands: the response and the deployed seed under each key.

    Args:
        number: number of the seed's version; rows of different versions share no noise.
        response: what risk and values are computed from.
        resolution: what the answers settle.
        evidence_before: evidence of the round before, for items that no row leaves out any more.
        preferences: answers about outcomes: (number of the place, 1 approve or 0 not).
        asked: answered items, first answered first -> whether the question was drawn at random (``asked_in_order``).
    """
    prior = author_law(seed, settings.belief.base_rate, settings.belief.rest)
    rows_law = _rows_law(seed, number, settings, materials, prior, resolution, evidence_before, asked)
    geometry = system.geometry(materials)
    deterministic = not system.traits.streams
    problem = Problem(
        seed=seed,
        law=rows_law,
        geometry=geometry,
        deterministic=deterministic,
        weighted=system.traits.weighted,
        stream=stream_key(settings.key, "rows", number),
        first_key=VERSION_KEYS * number,
        rows_law=rows_law,
        settings=settings_of(system),
        places=system.places(materials),
        each=each_of(system, materials),
    )
    shifted = replace(problem, first_key=problem.first_key + REGRESSION_KEYS)
    evidence = evidence_before
    if _open(rows_law):
        fitted_on = first_request(response, shifted)
        evidence = evidence_of(seed, fitted_on.design, trainer.fulfil(fitted_on), evidence_before)
    belief = _believed(seed, number, settings, materials, prior, resolution, evidence, asked)
    problem = replace(problem, law=belief.law)
    shifted = replace(shifted, law=belief.law)
    ranking = _responded(trainer, response, shifted)
    deployed = deployed_outcomes(seed, settings, trainer, deterministic)
    error = expected_error(settings.ask, resolution)
    ranking = with_belief(ranking, seed, prior, belief, settings, error)
    made = Assessment(seed, resolution, prior, belief, problem, ranking, deployed, evidence)
    if preferences and ranking.surrogate is not None and foreseeable(made) is not None:
        belief = leaning(made, settings, number, preferences, error)
        ranking = _responded(trainer, response, replace(shifted, law=belief.law))
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


def _believed(
    seed: Seed,
    number: int,
    settings: Settings,
    materials: Materials,
    prior: Law,
    resolution: Resolution,
    evidence: Floats | None,
    asked: Mapping[str, bool],
) -> Belief:
    """The belief after the answers; where nothing is ever drawn at random, all answers weigh its predictors."""
    drawn = np.array([asked.get(i.id, False) for i in seed.items])
    return fit_belief(
        settings.belief,
        prior,
        groups=[i.group for i in seed.items],
        features=_features(seed, materials),
        evidence=evidence,
        likelihood=resolution.likelihood,
        key=stream_key(settings.key, "belief", number),
        order=[seed.position(i) for i in asked if i in seed._positions],
        drawn=drawn if settings.ask.random_share > 0 else None,
    )


def leaning(
    assessment: Assessment, settings: Settings, number: int, preferences: Sequence[tuple[int, float]], error: float
) -> Belief:
    """The belief, leaning towards seeds whose outcome is what humans said that they prefer."""
    key = stream_key(settings.key, "preferences", number)
    draws = assessment.belief.draw(PREFERENCE_DRAWS, key)
    _, outcomes = surrogate_outcomes(assessment, draws)
    places, preferred = (np.array(x) for x in zip(*preferences, strict=True))
    likelihood = agreement_likelihood(outcomes[:, places.astype(int)], preferred, error)
    return prefer(assessment.belief, draws, likelihood, key)


def first_request(response: Response, problem: Problem) -> Request:
    """The rows that a response is fitted on."""
    run = response.run(problem)
    request = next(run)
    run.close()
    return request


def evidence_of(seed: Seed, design: Design, outcomes: Outcomes, before: Floats | None) -> Floats | None:
    """How well the rows that left an item out, or flipped it, approve of it; None for a trainer that can't say."""
    if outcomes.vouching is None:
        return None
    if before is not None and len(before) != outcomes.vouching.shape[1]:
        before = None
    opposite = [next((v for v, x in enumerate(i.variants) if x.id == FLIPPED), -1) for i in seed.items]
    return vouching_evidence(design.block(0, design.size), outcomes, opposite=opposite, before=before)


def deployed_outcomes(seed: Seed, settings: Settings, trainer: Trainer, deterministic: bool) -> Outcomes:
    """(K, P) outcomes of the seed as it stands, under keys 0 … K−1 in every version: common random numbers."""
    keys = np.arange(1 if deterministic else settings.replicates, dtype=np.int64)
    rows = Rows(np.tile(np.asarray(seed.base, np.int16), (len(keys), 1)), keys)
    return trainer.fulfil(Request(Explicit(rows, unit=len(keys)), "the seed as it stands"))


def expected_error(ask: AskTable, resolution: Resolution, listed: bool = False) -> float:
    """Error rate of the next answer: what annotators were measured to err, before that what the settings expect.

    A list is read less carefully than a single question.
    """
    rates = [1.0 - r.estimate for r in resolution.reliability.values()]
    single = float(np.clip(np.mean(rates), 0.0, 0.45)) if rates else ask.error
    right = (1.0 - single) * (1.0 - ask.list_error) if listed else 1.0 - single
    return float(min(1.0 - right, 0.45))


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


def movement(gram: Floats, before: Sequence[int], after: NDArray[Any]) -> float:
    """Mean predicted ‖m(after) − m(before)‖² over (N, F) or (F,) assignments, by the surrogate."""
    to = np.atleast_2d(np.asarray(after, np.int64))
    f = to.shape[1]
    v = gram.shape[0] // f
    start = np.arange(f) * v
    total = 0.0
    for row in to:
        moved = np.flatnonzero(row != np.asarray(before))
        at = np.concatenate([start[moved] + row[moved], start[moved] + np.asarray(before)[moved]])
        sign = np.concatenate([np.ones(len(moved)), -np.ones(len(moved))])
        total += float(sign @ gram[np.ix_(at, at)] @ sign)
    return total / len(to)


def realised(before: Outcomes, after: Outcomes, geometry: Geometry) -> tuple[float, float]:
    """Squared distance that the deployed outcome moved, noise-free (keys shared inside, not across), and its error."""
    if before.values.shape != after.values.shape:
        return float("nan"), float("nan")
    ok = before.ok & after.ok
    delta = geometry.embed(after.values[ok]) - geometry.embed(before.values[ok])
    if len(delta) == 1:
        return float((delta**2).sum()), 0.0
    found = cross_key(gram(delta))
    return float(found.value), float(found.se)


def plausible(assessment: Assessment, settings: Settings, number: int, n: int) -> Ints:
    """(n, F) joint draws of what humans may mean, the accuracies of whoever answered drawn along with it.

    Answers about outcomes weigh draws of the belief as a whole; where there are any, its own draws are taken.
    """
    key = stream_key(settings.key, "draws", number)
    belief, resolution = assessment.belief, assessment.resolution
    if assessment.leaning or len(resolution.seed) != belief.shape[0]:
        return belief.draw(n, key)
    share = resolution.prior.copy()
    share[:, 0] = 0.0
    share[share.sum(1) <= 0, 1] = 1.0
    rng = generator(key, "rows of the belief")
    rows = np.concatenate([rng.permutation(len(belief.before)) for _ in range(-(-n // len(belief.before)))])[:n]
    merged = {resolution.seed.position(i): 1 for m in resolution.merges for i in m.dropped}
    return draw(
        resolution.counts, belief.before[rows], share / share.sum(1, keepdims=True), key=key, settled=merged
    ).assignments


def flips(
    assessment: Assessment, settings: Settings, trainer: Trainer, system: System, materials: Materials, number: int
) -> dict[str, float]:
    """Decision flips and risk by real trainings of joint draws, under keys that the deployed seed was run with.

    Returns, where outcomes are probabilities, ``flips``, the share of probes that is exceeded with a probability of 5 %
    at most, and ``flips_mean`` with its error; where a limit on the risk was set, ``risk_draws`` with its upper 95 %
    limit ``risk_limit``: squared distances as products across two keys, so that what the keys disagree about counts for
    nothing (one key says all for a trainer without randomness).
    """
    draws = plausible(assessment, settings, number, settings.stopping.draws)
    keys = np.arange(len(draws), dtype=np.int64) % len(assessment.deployed)
    out: dict[str, float] = {}
    geometry = system.geometry(materials)

    def differences(of: Ints) -> tuple[Outcomes, Bools]:
        design = Explicit(Rows(draws.astype(np.int16), of))
        found = trainer.fulfil(Request(design, "draws of the belief"))
        return found, found.ok & assessment.deployed.ok[of]

    outcomes, ok = differences(keys)
    weights = decisions_of(geometry)
    if weights is not None:
        here = assessment.deployed.values[keys][ok]
        found = flip_risk(outcomes.values[ok], here, weights=weights)
        out |= {"flips": found.upper, "flips_mean": found.mean, "flips_se": found.stderr}
    if settings.stopping.risk > 0:
        other = (keys + 1) % len(assessment.deployed)
        again, good = differences(other) if len(assessment.deployed) > 1 else (outcomes, ok)
        good = good & ok
        first = geometry.embed(outcomes.values[good]) - geometry.embed(assessment.deployed.values[keys][good])
        second = geometry.embed(again.values[good]) - geometry.embed(assessment.deployed.values[other][good])
        squared = (first * second).sum(1)
        out["risk_draws"] = float(squared.mean())
        out["risk_limit"] = float(squared.mean() + 1.645 * squared.std(ddof=1) / np.sqrt(len(squared)))
    return out


def surrogate_outcomes(assessment: Assessment, draws: NDArray[Any]) -> tuple[Floats, Floats]:
    """Embedded points (N, D) and outcomes (N, P) of assignments by the surrogate, around the deployed seed.

    Outcomes are NaN where the geometry can't decode points.
    """
    surrogate, geometry = assessment.ranking.surrogate, assessment.problem.geometry
    if surrogate is None:
        raise PlanError("Nothing is left unclear, so there is no ensemble to look at.")
    base = np.asarray(assessment.seed.base)
    f = np.arange(len(base))
    moved = np.stack([(surrogate.coefficients[f, d] - surrogate.coefficients[f, base]).sum(0) for d in draws])
    points = geometry.embed(assessment.mean_outcome) + moved
    outcomes = decoded(geometry, points)
    return points, np.full((len(points), len(assessment.mean_outcome)), np.nan) if outcomes is None else outcomes


def foreseeable(assessment: Assessment) -> Floats | None:
    """(P,) weights of the decisions that the surrogate can foresee, summing to one; None where there are none."""
    geometry, outcome = assessment.problem.geometry, assessment.mean_outcome
    weights, back = decisions_of(geometry), decoded(geometry, geometry.embed(outcome))
    if weights is None or back is None:
        return None
    known = np.isfinite(back)
    if known[weights > 0].all():
        return weights
    left = np.where(known, weights, 0.0)
    return left / left.sum() if left.any() else None


def surrogate_flips(assessment: Assessment, settings: Settings, number: int) -> FlipRisk | None:
    """Share of probes that would be judged otherwise, by the surrogate: a free look before trainings are spent."""
    weights = foreseeable(assessment)
    if assessment.ranking.surrogate is None or weights is None:
        return None
    draws = plausible(assessment, settings, number, settings.stopping.draws)
    decided = weights > 0
    outcomes = surrogate_outcomes(assessment, draws)[1][:, decided]
    return flip_risk(outcomes, assessment.mean_outcome[decided], weights=weights[decided])


def _rows_law(
    seed: Seed,
    number: int,
    settings: Settings,
    materials: Materials,
    prior: Law,
    resolution: Resolution,
    evidence_before: Floats | None,
    asked: Mapping[str, bool],
) -> Law:
    """Where a round's rows are drawn: from what is believed before they are trained, at first the author's belief.

    Rows near the belief fit its response better than rows near the author's (measured on the persona task: a tenth
    fewer answers). An item that the belief takes for certain and no human has settled keeps the author's doubt.
    """
    told = _posterior(prior.probabilities, resolution.likelihood)
    if evidence_before is None or len(evidence_before) != len(seed):
        return Law("author's belief and answers", told)
    known = _believed(seed, number, settings, materials, prior, resolution, evidence_before, asked)
    p = known.law.probabilities
    same = ((p > 0) == (told > 0)).all(1, keepdims=True)
    return Law("belief before this round's rows", np.where(same, p, told))


def _open(law: Law) -> bool:
    return bool((law.probabilities.max(1) < 1.0).any())


def _responded(trainer: Trainer, response: Response, problem: Problem) -> Ranking:
    """The indices; zeros where nothing is left unclear, and no numbers where nothing of that can be trained."""
    try:
        if _open(trainer.possible(problem).law):
            return trainer.rank(response, problem)
    except PlanError:
        if _open(trainer.possible(problem).law):
            raise
    ranking = _settled(problem)
    return trainer.marked(replace(ranking, notes=()) if _open(problem.law) else ranking, problem)


def _settled(problem: Problem) -> Ranking:
    """The ranking of a seed about which nothing is left unclear."""
    zero = np.zeros(len(problem.seed))
    columns = {"first_order": zero, "first_order_se": zero, "presence": zero, "wording": zero, "share": zero}
    summary: Summary = {"spread": 0.0, "trainings": 0, "law": problem.law.name, "belief_spread": 0.0, "risk": 0.0}
    return Ranking(problem.ids, columns, summary, notes=("Every item is settled: nothing is left to ask.",))


def _posterior(prior: Floats, likelihood: Floats) -> Floats:
    joint = prior * likelihood
    total = joint.sum(1, keepdims=True)
    return np.asarray(np.where(total > 0, joint / np.where(total > 0, total, 1.0), prior))


def _features(seed: Seed, materials: Materials) -> Floats | None:
    try:
        return np.asarray(materials.features([i.payload for i in seed.items]), np.float64)
    except PlanError:
        return None
