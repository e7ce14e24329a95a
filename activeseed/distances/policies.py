"""Distances between the policies that evaluators would teach: what an agent on a leash makes of their scores."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from activeseed.checked import SettingsRecord
from activeseed.distances.divergences import DIVERGENCES, Divergence, DivergenceKind, Values, apart, middle, roots
from activeseed.distances.reading import known_or_nan, pair, probabilities
from activeseed.errors import PlanError
from activeseed.plan import Floats
from activeseed.protocols.distances import Metric, Reads


class Policy(SettingsRecord):
    """How far apart agents would choose that are trained on the two outcomes as scores.

    An agent that maximises E score − β KL(π‖π₀) chooses π ∝ π₀ exp(score/β) among the places (Todorov 2009; Ortega &
    Braun 2013), π₀ being the weights of the places. The two agents' distributions are compared as such. Whether it
    embeds and is a metric is as with the divergence, since only the outcomes are mapped; scores that differ by a
    constant are at distance zero. KL is finite where scores are, up to (range of the scores' difference)/β, which
    has no limit, and it is computed from logarithms, so that no small probability is lost.

    Attributes:
        leash: β, in the scores' unit; the shorter the leash (the larger β), the nearer agents stay to π₀.
        scores: ``numbers``: outcomes are scores; ``log_odds``: they are probabilities, and their log-odds are scores.
        divergence: by which the agents' distributions are compared; ``kl`` is KL(first‖second).
    """

    kind: Literal["policy"] = "policy"
    leash: float = Field(default=0.3, gt=0)
    scores: Literal["numbers", "log_odds"] = "numbers"
    divergence: DivergenceKind = "jensen_shannon"

    @property
    def _inner(self) -> Divergence:
        return DIVERGENCES[self.divergence]()

    @property
    def words(self) -> str:
        return f"{self._inner.words} of policies on a leash of {self.leash:g}"

    @property
    def unit(self) -> str:
        return self._inner.unit

    @property
    def reads(self) -> Reads:
        return "numbers" if self.scores == "numbers" else "probabilities"

    @property
    def symmetric(self) -> bool:
        return self._inner.symmetric

    @property
    def embeds(self) -> bool:
        return self._inner.embeds

    @property
    def metric(self) -> Metric:
        return self._inner.metric

    @property
    def largest(self) -> float:
        return self._inner.largest

    def between(self, first: Values, second: Values, weights: Floats) -> Floats:
        """See ``protocols.Distance``. Cost: O(P) a pair."""
        from scipy.special import log_softmax

        a, b, w = (probabilities if self.scores == "log_odds" else pair)(first, second, weights)
        some = w > 0
        log_p, log_q = (log_softmax(np.log(w[some]) + self._scores(s)[..., some] / self.leash, -1) for s in (a, b))
        p, q = np.exp(log_p), np.exp(log_q)
        if self.divergence == "kl":
            value = (p * (log_p - log_q)).sum(-1)
        elif self.divergence == "jeffreys":
            value = ((p - q) * (log_p - log_q)).sum(-1)
        else:
            atoms = {"jensen_shannon": middle, "hellinger": roots, "total_variation": apart}[self.divergence]
            value = atoms(p, q).sum(-1)
        return known_or_nan(value, a, b)

    def _scores(self, values: Floats) -> Floats:
        if self.scores == "numbers":
            return values
        from scipy.special import logit

        sure = (values <= 0) | (values >= 1)
        if sure.any():
            place = int(np.nonzero(sure)[-1][0])
            raise PlanError(
                f"The outcome at place {place + 1} of {values.shape[-1]} is a probability of 0 or 1, whose log-odds "
                'are infinite. Take outcomes as scores (scores = "numbers"), or compare them by another distance.'
            )
        return np.asarray(logit(values), np.float64)
