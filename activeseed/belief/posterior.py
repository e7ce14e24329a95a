"""A belief: the posterior over assignments, with its marginals, its joint covariance, and why it is what it is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from activeseed.belief.laplace import logit, sigmoid
from activeseed.outcome import Bools
from activeseed.plan import Floats, Ints, Law, generator


@dataclass(frozen=True)
class World:
    """One fitted version of the model: logits are ``offset + design @ w``, w Gaussian.

    Attributes:
        log_weight: log of prior weight times marginal likelihood.
        design: (F, d); offset: (F,); mean: (d,); covariance: (d, d).
        names: (d,) which part of the model each coefficient belongs to.
    """

    log_weight: float
    design: Floats
    offset: Floats
    mean: Floats
    covariance: Floats
    names: tuple[str, ...]

    def credibilities(self, noise: Floats) -> Floats:
        """(n, F) credibilities for (n, d) standard normal draws."""
        if not len(self.mean):
            return np.tile(sigmoid(self.offset), (len(noise), 1))
        root = np.linalg.cholesky(self.covariance + 1e-12 * np.eye(len(self.mean)))
        return sigmoid(self.offset + (self.mean + noise @ root.T) @ self.design.T)


@dataclass(frozen=True)
class Belief:
    """What humans, asked carefully, would settle on, as a joint law over assignments.

    Given one row of ``mixture`` the items are independent; rows are equally probable. So dependence between items is
    carried by the rows, and everything joint (covariance, draws) follows from them.

    Attributes:
        prior: (F,) the author's probability that each item stays as written.
        mixture: (N, F) draws of P(as written | answers), one column an item.
        elsewhere: (F, V) where an item goes if it does not stay; rows sum to one, column 0 is zero.
        answered: (F,) whether anybody has said anything about the item.
        worlds: the fitted models behind it.
        stay: (F,) likelihood of an item's own answers if it is as written; only for ``why``.
        before: (N, F) the same draws before an item's own answers are counted, row by row: P(as written | the answers
            on all other items, the coefficients of that row). Whoever draws annotators' accuracies as well multiplies
            them by the likelihood of the item's answers under those.
        name: stands in headings.
    """

    prior: Floats
    mixture: Floats
    elsewhere: Floats
    answered: Bools
    worlds: tuple[World, ...]
    stay: Floats
    before: Floats
    name: str = "belief"

    @property
    def shape(self) -> tuple[int, int]:
        """(F, V)."""
        return self.elsewhere.shape[0], self.elsewhere.shape[1]

    @cached_property
    def credibility(self) -> Floats:
        """(F,) P(item stays as written | all answers)."""
        return np.asarray(self.mixture.mean(0))

    @cached_property
    def law(self) -> Law:
        """Posterior marginals as a law with independent entries, (F, V)."""
        p = self.elsewhere * (1.0 - self.credibility)[:, None]
        p[:, 0] = self.credibility
        return Law(self.name, p / p.sum(1, keepdims=True))

    @cached_property
    def covariance(self) -> Floats:
        """(F·V, F·V) covariance of the indicators of all variants, item by item; costs O(N·F²) and (F·V)² memory."""
        f, v = self.shape
        centred = self.mixture - self.credibility
        between = centred.T @ centred / len(self.mixture)
        direction = -self.elsewhere.copy()
        direction[:, 0] = 1.0
        out = np.einsum("ij,iv,jw->ivjw", between, direction, direction)
        p = self.law.probabilities
        for i in range(f):
            out[i, :, i, :] = np.diag(p[i]) - np.outer(p[i], p[i])
        return np.asarray(out.reshape(f * v, f * v))

    @cached_property
    def modal(self) -> Ints:
        """(F,) most credible variant of every item; a tie keeps the lower number, so the text as written."""
        return np.asarray(self.law.probabilities.argmax(1), np.int64)

    def draw(self, n: int, key: int) -> Ints:
        """(n, F) assignments drawn jointly."""
        rng = generator(key, "assignments")
        f, _ = self.shape
        # rows of the mixture without repetition as far as they go: fewer ties, less variance
        rows = np.concatenate([rng.permutation(len(self.mixture)) for _ in range(-(-n // len(self.mixture)))])[:n]
        stays = rng.random((n, f)) < self.mixture[rows]
        edges = np.cumsum(self.elsewhere, axis=1)
        edges[:, -1] = 1.0
        other = (rng.random((n, f))[:, :, None] >= edges[None]).sum(2)
        return np.where(stays, 0, other).astype(np.int64)

    def why(self, f: int) -> dict[str, float]:
        """Contributions to item f's credibility in logits: the author, each part of the model, its own answers.

        They sum to the logit of its credibility; ``rest`` is what averaging over uncertainty and worlds takes or adds.
        """
        log = np.array([w.log_weight for w in self.worlds])
        weights = np.exp(log - log.max())
        weights /= weights.sum()
        out = {"author": float(logit(self.prior[f : f + 1])[0])}
        model = 0.0
        for world, weight in zip(self.worlds, weights, strict=True):
            model += weight * float(world.offset[f] + world.design[f] @ world.mean)
            for name, x, m in zip(world.names, world.design[f], world.mean, strict=True):
                out[name] = out.get(name, 0.0) + float(weight * x * m)
        now = float(logit(self.credibility[f : f + 1])[0])
        if self.answered[f]:
            out["answers"] = now - model
        out["rest"] = now - sum(out.values())
        return out
