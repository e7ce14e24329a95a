"""What is believed before anyone has answered: the settings of the credibility model and the author's own law."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

from activeseed.seed import Rest, Seed, check_belief, spread_belief

if TYPE_CHECKING:
    from activeseed.plan import Law


class BeliefSettings(BaseModel):
    """Prior scales of the credibility model.

    The model averages over a small grid of *worlds*, one for every evidence weight (none included) and every strength
    of kinship; answers decide between them by their marginal likelihood. So content that says nothing is believed to
    say nothing after a few answers, and content that tells right from wrong is believed as soon.

    Attributes:
        kind: ``joint`` learns from answers about kin; ``independent`` keeps the author's belief of unasked items.
        base_rate_sd: how far the author's base rate may be off, in logits.
        held_sd: how far the share of all items that stay, asked ones included, may be off the author's; what is asked
            first is mostly wrong, and without this the rest would be blamed for it. 0 switches it off.
        group_sd: how far a group's base rate may be off the rest's (only where there are two groups or more).
        silent: prior probability that evidence has no weight at all. High enough that no item is believed to be wrong
            before anybody has answered.
        evidence_weights: weights, in logits for a unit of evidence (one standard deviation, or one logit where that is
            more), that are thought possible beside none; equally probable beforehand.
        evidence_sd: how far each of them may be off.
        kin_sds: how much similar items may share beyond that: the standard deviation of one item's logit, correlated
            between items as their centred cosine; equally probable beforehand.
        components: principal components of the embeddings that carry kinship, at most.
        temper: share of the coefficients' posterior standard deviation that is averaged over within a world: 1 is
            fully Bayesian, 0 takes their mode. Measured on the persona task, the mode is as well calibrated and learns
            from kin sooner.
        samples: draws of the posterior from which marginals and covariance are computed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["joint", "independent"] = "joint"
    base_rate_sd: float = Field(default=0.25, ge=0)
    held_sd: float = Field(default=0.05, ge=0)
    group_sd: float = Field(default=0.5, ge=0)
    silent: float = Field(default=0.65, ge=0, lt=1)
    evidence_weights: tuple[float, ...] = (0.5, 2.0, 5.0)
    evidence_sd: float = Field(default=0.5, gt=0)
    kin_sds: tuple[float, ...] = (1.5, 5.0)
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
    import numpy as np

    from activeseed.plan import Law

    width = max(len(item.variants) for item in seed.items)
    p = np.zeros((len(seed), width))
    for f, item in enumerate(seed.items):
        belief = spread_belief(item, base_rate, rest) if item.belief is None else check_belief(item, item.belief)
        for variant, share in belief.items():
            p[f, item.index_of(variant)] = share
    return Law("author's belief", p / p.sum(1, keepdims=True))
