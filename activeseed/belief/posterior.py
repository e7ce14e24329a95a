"""A belief: the posterior over assignments, with its marginals, its joint covariance, and why it is what it is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import ndtr

from activeseed.belief.evidence import logit
from activeseed.outcome import Bools
from activeseed.plan import Floats, Ints, Law, generator

#: logits of a probit, near enough
PROBIT = 1.7
#: nodes of the quadrature over one item's probit
NODES = 15


@dataclass(frozen=True)
class World:
    """One fitted version of a predictor: probits are ``offset + design @ w``, w Gaussian.

    Attributes:
        predictor: whose version it is (``author``, ``base rate``, ``content``, ``count``).
        weight: its probability; those of a belief's worlds sum to one.
        design: (F, d); offset: (F,); mean: (d,); covariance: (d, d).
        names: (d,) which part of the model each coefficient belongs to.
    """

    predictor: str
    weight: float
    design: Floats
    offset: Floats
    mean: Floats
    covariance: Floats
    names: tuple[str, ...]

    @cached_property
    def scale(self) -> Floats:
        """(F,) √(1 + variance of the probit): what not knowing w takes from it."""
        return np.asarray(np.sqrt(1.0 + ((self.design @ self.covariance) * self.design).sum(1)))

    @cached_property
    def marginal(self) -> Floats:
        """(F,) mean over w of P(as written | w)."""
        return np.asarray(ndtr((self.offset + self.design @ self.mean) / self.scale))

    def alone(self, stay: Floats, leave: Floats) -> Floats:
        """(F,) P(as written) that, times an item's own answers, is what it is believed to be given all answers.

        w has learnt from the item's own answers as well; where there are any, the posterior given w is averaged over w
        (Gauss and Hermite), and its own answers are then taken out again.

        Args:
            stay, leave: (F,) likelihoods of an item's own answers, positive where there are any.
        """
        out = self.marginal.copy()
        own = np.flatnonzero(stay != leave)
        if not len(self.mean) or not len(own):
            return out
        at, mass = np.polynomial.hermite_e.hermegauss(NODES)
        middle = self.offset[own] + self.design[own] @ self.mean
        p = ndtr(middle + np.sqrt(self.scale[own] ** 2 - 1.0) * at[:, None])
        s, q = stay[own], leave[own]
        after = mass / mass.sum() @ (p * s / (p * s + (1.0 - p) * q))
        out[own] = after * q / (after * q + (1.0 - after) * s)
        return out

    def credibilities(self, noise: Floats) -> Floats:
        """(n, F) credibilities for (n, d) standard normal draws of w."""
        if not len(self.mean):
            return np.tile(ndtr(self.offset), (len(noise), 1))
        root = np.linalg.cholesky(self.covariance + 1e-12 * np.eye(len(self.mean)))
        return np.asarray(ndtr(self.offset + (self.mean + noise @ root.T) @ self.design.T))


@dataclass(frozen=True)
class Belief:
    """What humans, asked carefully, would settle on, as a joint law over assignments.

    Given one row of ``mixture`` the items are independent; rows are equally probable. So dependence between items is
    carried by the rows, and everything joint (covariance, draws) follows from them.

    Attributes:
        prior: (F,) the author's probability that each item stays as written.
        mixture: (N, F) P(as written | answers), one column an item. A row is one predictor; what is not known of its
            coefficients is integrated out item by item, so that before any answer the belief is the author's.
        elsewhere: (F, V) where an item goes if it does not stay; rows sum to one, column 0 is zero.
        answered: (F,) whether anybody has said anything about the item.
        worlds: the fitted versions of the predictors that are used, with their weights.
        before: (N, F) draws of P(as written | a predictor, its coefficients) before an item's own answers are counted.
            These rows hold all that is not known, base rates and weights as well, and are what a limit is drawn from:
            times the likelihood of an item's own answers, under accuracies that are drawn too.
        name: stands in headings.
    """

    prior: Floats
    mixture: Floats
    elsewhere: Floats
    answered: Bools
    worlds: tuple[World, ...]
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

    @property
    def used(self) -> dict[str, float]:
        """Which predictors the belief is made of, with their shares, largest first; those not used are left out."""
        out: dict[str, float] = {}
        for world in self.worlds:
            out[world.predictor] = out.get(world.predictor, 0.0) + world.weight
        return dict(sorted(out.items(), key=lambda item: -item[1]))

    def why(self, f: int) -> dict[str, float]:
        """Contributions to item f's credibility in logits: the author, each part of the model, its own answers.

        They sum to the logit of its credibility. ``count`` is what the plain count takes or adds; ``rest``
        what near-copies' answers and averaging over uncertainty and worlds do.
        """
        now, before = (float(logit(np.array([m[:, f].mean()]))[0]) for m in (self.mixture, self.before))
        out = {"author": float(logit(self.prior[f : f + 1])[0])}
        for world in self.worlds:
            if world.predictor == "count":
                out["count"] = world.weight * (float(logit(world.marginal[f : f + 1])[0]) - out["author"])
                continue
            for name, x, m in zip(world.names, world.design[f], world.mean, strict=True):
                out[name] = out.get(name, 0.0) + world.weight * PROBIT * float(x * m / world.scale[f])
        if self.answered[f]:
            out["answers"] = now - before
        out["rest"] = now - sum(out.values())
        return out
