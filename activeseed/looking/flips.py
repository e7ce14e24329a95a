"""What stopping now would mean: decisions that would be otherwise, and risk, over draws of what humans may mean."""

from __future__ import annotations

from typing import Any

import numpy as np

from activeseed.config import Settings
from activeseed.geometries import decisions_of
from activeseed.looking.assessment import Assessment
from activeseed.looking.problem import is_open
from activeseed.looking.surrogate import foreseeable, surrogate_outcomes
from activeseed.looking.trains import Trains
from activeseed.outcome import Bools, Outcomes
from activeseed.plan import Explicit, Floats, Ints, Rows, generator, stream_key
from activeseed.protocols import Request
from activeseed.resolution import draw
from activeseed.stopping import FlipRisk, flip_risk

#: the limit is near when it is within so many times what the user set
NEAR = 2.0


def limits(found: Assessment, settings: Settings, trainer: Trains, number: int, *, answered: bool) -> dict[str, Any]:
    """What stopping now would mean: by the surrogate, and by real trainings where that says that it is near.

    Args:
        number: of the seed's version.
        answered: whether anybody has answered anything: before that nothing is trained for this.
    """
    rule = settings.stopping
    if not is_open(found.belief.law):
        return {"flips": 0.0, "flips_mean": 0.0, "risk_limit": 0.0}
    guess = surrogate_flips(found, settings, number)
    out: dict[str, Any] = {}
    if guess is not None:
        out |= {"flips_guess": guess.mean, "flips_guess_upper": guess.upper}
    # late in a study hardly a row leaves out what nobody doubts any more, and the surrogate's tail is its noise: a
    # mean below the limit is reason enough to look
    near = rule.flips > 0 and guess is not None and (guess.upper <= NEAR * rule.flips or guess.mean <= rule.flips)
    near = near or (rule.risk > 0 and float(found.ranking.summary.get("risk", np.inf)) <= NEAR * rule.risk)
    if not near or not answered:
        return out
    weights = decisions_of(found.problem.geometry)
    if weights is not None and not _is_divided(found.mean_outcome[weights > 0]):
        # no decision could flip, whatever is believed: that says something about the probes, not about the seed
        return {**out, "one_sided": True}
    return out | flips(found, settings, trainer, number)


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


def flips(assessment: Assessment, settings: Settings, trainer: Trains, number: int) -> dict[str, float]:
    """Decision flips and risk by real trainings of joint draws, under keys that the deployed seed was run with.

    Returns, where outcomes are probabilities, ``flips``, the share of probes that is exceeded with a probability of 5 %
    at most, and ``flips_mean`` with its error; where a limit on the risk was set, ``risk_draws`` with its upper 95 %
    limit ``risk_limit``: squared distances as products across two keys, so that what the keys disagree about counts for
    nothing (one key says all for a trainer without randomness).
    """
    draws = plausible(assessment, settings, number, settings.stopping.draws)
    keys = np.arange(len(draws), dtype=np.int64) % len(assessment.deployed)
    out: dict[str, float] = {}
    geometry = assessment.problem.geometry

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


def surrogate_flips(assessment: Assessment, settings: Settings, number: int) -> FlipRisk | None:
    """Share of probes that would be judged otherwise, by the surrogate: a free look before trainings are spent."""
    weights = foreseeable(assessment)
    if assessment.ranking.surrogate is None or weights is None:
        return None
    draws = plausible(assessment, settings, number, settings.stopping.draws)
    decided = weights > 0
    outcomes = surrogate_outcomes(assessment, draws)[1][:, decided]
    return flip_risk(outcomes, assessment.mean_outcome[decided], weights=weights[decided])


def _is_divided(outcome: Floats) -> bool:
    """Whether some places are approved and some are not."""
    return bool((outcome > 0.5).any() and (outcome <= 0.5).any())
