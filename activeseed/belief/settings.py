"""What is believed before anyone has answered: the settings of the credibility model and the author's own law."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from activeseed.plan import Law
from activeseed.seed import Rest, Seed, check_belief, spread_belief


class BeliefSettings(BaseModel):
    """Prior scales of the credibility model, in logits.

    Attributes:
        kind: ``joint`` learns from answers about kin; ``independent`` keeps the author's belief of unasked items.
        base_rate_sd: how far the author's base rate may be off.
        group_sd: how far a group's base rate may be off the rest's (only where there are two groups or more).
        silent: prior probability that content says nothing about credibility: neither evidence nor kin has any weight.
        evidence_weights: the weights, in logits for a unit of evidence, that are thought possible where content does
            speak; equally probable beforehand. Answers decide between them and the silent world.
        evidence_sd: how far each of them may be off.
        kin_sds: how much similar items may share beyond that, spread evenly over the components; equally probable.
        components: principal components of the embeddings that carry kinship.
        samples: draws of the posterior from which marginals and covariance are computed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["joint", "independent"] = "joint"
    base_rate_sd: float = Field(default=0.25, ge=0)
    group_sd: float = Field(default=0.5, ge=0)
    silent: float = Field(default=0.65, ge=0, lt=1)
    evidence_weights: tuple[float, ...] = (0.5, 1.5, 3.0)
    evidence_sd: float = Field(default=0.5, gt=0)
    kin_sds: tuple[float, ...] = (3.0,)
    components: int = Field(default=96, ge=0)
    temper: float = Field(default=0.0, ge=0, le=1)
    samples: int = Field(default=2000, ge=200)


def author_law(seed: Seed, base_rate: float = 0.8, rest: Rest = "auto") -> Law:
    """The author's beliefs as a law with independent entries, (F, V).

    Args:
        base_rate: probability in [0, 1] that an item stays as written, where the author said nothing about it.
        rest: where the remainder of ``base_rate`` goes (see ``seed.spread_belief``).

    Raises:
        SeedError: a belief names an unknown variant, is no probability, or does not sum to one.
    """
    width = max(len(item.variants) for item in seed.items)
    p = np.zeros((len(seed), width))
    for f, item in enumerate(seed.items):
        belief = spread_belief(item, base_rate, rest) if item.belief is None else check_belief(item, item.belief)
        for variant, share in belief.items():
            p[f, item.index_of(variant)] = share
    return Law("author's belief", p / p.sum(1, keepdims=True))
