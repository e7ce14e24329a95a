"""Every distance: what it says of itself holds on random outcomes, and a distance that lies is found out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from activeseed.distances import (
    KINDS,
    DecisionFlips,
    Hellinger,
    Jeffreys,
    JensenShannon,
    Kendall,
    KullbackLeibler,
    LinearCKA,
    Policy,
    Procrustes,
    RankNormalised,
    Spearman,
    TopK,
    TotalVariation,
    matrix,
)
from activeseed.distances.divergences import DivergenceKind
from activeseed.errors import PlanError
from activeseed.plan import Floats, generator
from activeseed.protocols import Distance
from activeseed.testing import check_distance

PLACES = 9
DIVERGENCES: tuple[DivergenceKind, ...] = ("kl", "jeffreys", "jensen_shannon", "hellinger", "total_variation")
MEMBERS: list[Any] = [
    KullbackLeibler(), KullbackLeibler(direction="reverse"), KullbackLeibler(smoothing=0.05), Jeffreys(),
    Jeffreys(smoothing=0.2), JensenShannon(), Hellinger(), TotalVariation(),
    KullbackLeibler(reads="distribution"), KullbackLeibler(reads="distribution", smoothing=0.1),
    Jeffreys(reads="distribution"), JensenShannon(reads="distribution"), Hellinger(reads="distribution"),
    TotalVariation(reads="distribution"), Kendall(), Spearman(), TopK(k=3), TopK(k=1),
    TopK(k=4, measure="jaccard"), DecisionFlips(), DecisionFlips(threshold=0.7), LinearCKA(), Procrustes(),
    *(RankNormalised(divergence=d) for d in DIVERGENCES), *(Policy(divergence=d) for d in DIVERGENCES),
    *(Policy(divergence=d, scores="log_odds", leash=2.0) for d in DIVERGENCES),
]  # fmt: skip


def outcomes(distance: Distance, rows: int = 30, key: int = 0, ties: bool = False) -> Floats:
    """Random outcomes of the kind that a distance reads, some of them alike at several places where ``ties``."""
    dice = generator(key, "outcomes")
    if distance.reads == "representations":
        # of few directions, so that rows are near and far
        found = dice.standard_normal((rows, PLACES, 2)) @ dice.standard_normal((rows, 2, 4))
    elif distance.reads == "distribution":
        found = dice.dirichlet(np.full(PLACES, 0.7), rows)
    elif distance.reads == "probabilities":
        found = np.clip(dice.beta(0.6, 0.6, (rows, PLACES)), 1e-6, 1 - 1e-6)
    else:
        found = dice.standard_normal((rows, PLACES))
    return np.round(found * 4) / 4 if ties and distance.reads == "numbers" else found


@pytest.mark.parametrize("distance", MEMBERS, ids=lambda d: f"{d.kind}-{d.words}")
@pytest.mark.parametrize("ties", [False, True])
def test_a_member_keeps_its_promises(distance, ties):
    for key in range(3):
        check_distance(distance, outcomes(distance, key=key, ties=ties))


def test_every_kind_is_looked_at():
    assert {d.kind for d in MEMBERS} == set(KINDS)


@pytest.mark.parametrize("distance", [d for d in MEMBERS if not d.embeds], ids=lambda d: d.words)
def test_what_does_not_claim_to_embed_does_not(distance):
    """A set of outcomes whose centred −D, made symmetric, has an eigenvalue well below zero."""

    def least(key: int) -> float:
        d = matrix(distance, *([outcomes(distance, key=key)] * 2))
        d = (d + d.T) / 2.0
        centre = np.eye(len(d)) - 1.0 / len(d)
        return float(np.linalg.eigvalsh(-centre @ d @ centre)[0] / d.max())

    assert min(least(key) for key in range(3)) < -1e-3


@pytest.mark.parametrize("distance", [d for d in MEMBERS if d.metric == "root"], ids=lambda d: d.words)
def test_what_claims_its_root_to_be_a_metric_is_none_itself(distance):
    """Or else it would claim less than holds: halfway between two outcomes a square is no sum."""
    found = []
    for key in range(20):
        d = matrix(distance, *([outcomes(distance, rows=40, key=key)] * 2))
        found += [float((d - d[:, [k]] - d[[k], :]).max()) for k in range(len(d))]
    assert max(found) > 0


@dataclass
class Honest:
    """Somebody's own: mean absolute difference, as a liar is made of it."""

    kind: str = "mine"
    words: str = "mean absolute difference"
    unit: str = "points"
    reads: Any = "numbers"
    symmetric: bool = True
    embeds: bool = True
    metric: Any = "d"
    largest: float = float("inf")
    does: str = ""
    calls: list[int] = field(default_factory=list)

    def between(self, first: Any, second: Any, weights: Any) -> Any:
        a, b, w = np.asarray(first), np.asarray(second), np.asarray(weights)
        if a.shape[-1] != b.shape[-1] or w.shape != a.shape[-1:]:
            if self.does == "takes any places":
                return np.zeros(())
            raise (ValueError if self.does == "another error" else PlanError)("other places")
        if (np.isinf(a).any() or np.isinf(b).any()) and self.does != "takes infinity":
            raise PlanError("infinite")
        self.calls.append(1)
        d = np.abs(a - b) @ w
        if self.does == "square":
            d = ((a - b) ** 2) @ w
        elif self.does == "asymmetric":
            d = np.maximum(a - b, 0.0) @ w
        elif self.does == "offset":
            d = d + 0.1
        elif self.does == "negative":
            d = -d
        elif self.does == "no weights":
            d = np.abs(a - b).mean(-1)
        elif self.does == "first place":
            d = d + np.abs(a[..., 0] - b[..., 0]) * w.max()
        elif self.does == "hides nan":
            d = np.nan_to_num(d)
        elif self.does == "spreads nan":
            d = d * (1.0 if np.isfinite(d).all() else np.nan)
        elif self.does == "drifts":
            d = d * len(self.calls)
        elif self.does == "beside":
            d = d * np.size(d)
        elif self.does == "largest coordinate":  # a metric that doesn't embed
            d = np.where(w > 0, np.abs(a - b), 0.0).max(-1)
        elif self.does == "changes":
            a *= 1.0 + 1e-3
        elif self.does == "drops a dimension":
            d = d.ravel()
        return d


LIARS = [
    ({"does": "square", "embeds": True}, "triangle"),
    ({"does": "asymmetric", "embeds": False, "metric": ""}, "symmetric"),
    ({"does": "offset"}, "not zero"),
    ({"does": "negative"}, "negative"),
    ({"largest": 0.1}, "at most 0.1"),
    ({"does": "largest coordinate"}, "eigenvalue"),
    ({"does": "no weights"}, "weighs nothing"),
    ({"does": "first place"}, "order of the places"),
    ({"does": "hides nan"}, "unknown outcome"),
    ({"does": "spreads nan"}, "changes other distances"),
    ({"does": "drifts"}, "beside|each time"),
    ({"does": "beside"}, "depends on"),
    ({"does": "changes"}, "changes the outcomes"),
    ({"does": "drops a dimension"}, "shape"),
    ({"does": "takes any places"}, "does not refuse"),
    ({"does": "takes infinity"}, "infinite"),
    ({"does": "another error"}, "not by a PlanError"),
    ({"unit": ""}, "measured in"),
    ({"words": ""}, "called"),
    ({"reads": "minds"}, "reads"),
    ({"metric": "triangle"}, "metric"),
    ({"symmetric": False}, "and not symmetric"),
    ({"reads": "distribution"}, "weighs the places"),
]


def test_somebodys_own_passes():
    check_distance(Honest(), outcomes(Honest()))


@pytest.mark.parametrize(("how", "said"), LIARS, ids=lambda x: str(x))
def test_a_liar_is_found_out(how, said):
    liar = Honest(**how)
    numbers = generator(3, "numbers").standard_normal((30, PLACES))
    if how.get("reads") == "distribution":
        numbers = outcomes(TotalVariation(reads="distribution"))
    with pytest.raises(AssertionError, match=said):
        check_distance(liar, numbers)
