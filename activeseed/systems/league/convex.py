"""Which leagues are a convex training: one round of a linear evaluator against the pool as it lies.

In the first round the only agent is the uniform policy, so the loss is −Σ wᵢ log E(xᵢ) − mean over the pool of
log(1 − E): convex, and the same for every seed. From the second round on agents answer what the evaluator has become,
so that the loss itself depends on the items.
"""

from __future__ import annotations

import numpy as np

from activeseed.convex import Convex
from activeseed.errors import PlanError
from activeseed.plan import Materials
from activeseed.systems.fields.convex import descent_words, drawn_start, paced
from activeseed.systems.league.checking import check
from activeseed.systems.league.settings import LeagueSettings


def convex(league: LeagueSettings, materials: Materials, key: int) -> Convex:
    """The evaluator's descent. Raises PlanError for another league, with what would have to be otherwise."""
    wanted = {
        "evaluator = 'linear'": league.evaluator == "linear",
        "rounds = 1": league.rounds == 1,
        "outcome = 'evaluator'": league.outcome == "evaluator",
        "adversarial_radius = 0": not league.adversarial_radius,
        "unroll = 0": not league.unroll,
        "momentum = 0": not league.momentum,
        "dropout = 0": not league.dropout,
        "dropconnect = 0": not league.dropconnect,
        "pretrained = 0": not league.pretrained,
    }
    missing = [name for name, holds in wanted.items() if not holds]
    if missing:
        raise PlanError(
            "This league's training is not convex, or no function of the probes alone (agents answer what the "
            f"evaluator has become), or no plain descent. It is with {', '.join(missing)}."
        )
    check(league, materials)
    slots = materials.slots
    x, pool, probes = (
        np.asarray(materials.features(list(payloads)), np.float64)
        for payloads in (slots.payloads, [p.payload for p in materials.pool], [p.payload for p in materials.probes])
    )
    start = drawn_start(materials.root, key, league.held, x.shape[1], league.init_scale)
    return Convex(
        features=x, targets=np.ones(len(x)), scale=np.ones(len(x)), probes=probes, l2=league.l2, normalised=True,
        constant=league.bias_rate**0.5, kept=pool, kept_targets=np.zeros(len(pool)),
        kept_weights=np.full(len(pool), 1.0 / len(pool)), steps=league.steps, rate=league.rate, start=start,
        pace=paced(materials, key, league.held, league.minibatch, league.steps) if league.minibatch else None,
        words=descent_words(
            "a linear evaluator of one round", league.steps, league.rate, league.l2, start, league.minibatch, key
        ),
    )  # fmt: skip
