"""What is believed before anyone has answered: the settings of the credibility model and the author's own law."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from activeseed.checked import SettingsRecord
from activeseed.seed import Rest, Seed, check_belief, spread_belief

if TYPE_CHECKING:
    from activeseed.plan import Law


class BeliefSettings(SettingsRecord):
    """The credibility model: which predictors compete, and how far each may move.

    Four predictors of P(an item stays) compete: the author's belief; the author's belief with a base rate that answers
    move; content, that is also a weight of the evidence and kinship of the embeddings; and a plain count. Each earns
    its share by how well it predicted answers before they were given; author, count, and base rate and content
    together start at a quarter, a quarter and a half.
    Scales are standard deviations on the probit scale (one unit is about 1.7 logits); all prior means are zero, so that
    content moves nothing before any answer. `tests/benchmarks/beliefs.py` shows what each constant earns.

    Attributes:
        kind: ``joint`` learns from answers about kin; ``independent`` keeps the author's belief of unasked items.
        base_rate_sd: how far the author's base rate may be off.
        group_sd: how far a group's base rate may be off the rest's (only where there are two groups or more).
        evidence_sds: how much a unit of evidence (one standard deviation, or one logit where that is more) may weigh.
            Scales are weighed by their marginal likelihood; empty switches evidence off.
        kin_sds: how much similar items may share beyond that: the standard deviation of one item's probit, correlated
            between items as their centred cosine; empty switches kinship off.
        components: principal components of the embeddings that carry kinship, at most.
        near: items closer than this share of the mean squared distance between items are near-copies.
        samples: draws of the posterior from which marginals and covariance are computed.
    """

    kind: Literal["joint", "independent"] = "joint"
    base_rate_sd: float = Field(default=1.0, gt=0)
    group_sd: float = Field(default=0.5, ge=0)
    evidence_sds: tuple[Annotated[float, Field(gt=0)], ...] = (1.0, 4.0)
    kin_sds: tuple[Annotated[float, Field(gt=0)], ...] = (0.8,)
    components: int = Field(default=32, ge=0)
    near: float = Field(default=0.2, ge=0, lt=1)
    samples: int = Field(default=400, ge=200)


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
