"""What one look at a study found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from activeseed.belief import Belief
from activeseed.config import AskTable
from activeseed.outcome import Outcomes, Ranking
from activeseed.plan import Floats, Law
from activeseed.protocols import Problem
from activeseed.resolution import Resolution
from activeseed.seed import Seed


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


def expected_error(ask: AskTable, resolution: Resolution, listed: bool = False) -> float:
    """Error rate of the next answer: what annotators were measured to err, before that what the settings expect.

    A list is read less carefully than a single question.
    """
    rates = [1.0 - r.estimate for r in resolution.reliability.values()]
    single = float(np.clip(np.mean(rates), 0.0, 0.45)) if rates else ask.error
    right = (1.0 - single) * (1.0 - ask.list_error) if listed else 1.0 - single
    return float(min(1.0 - right, 0.45))
