"""What stability is of trainers whose outcomes are known for every seed: by summing over all of them."""

from __future__ import annotations

from itertools import product

import numpy as np

from activeseed.analyses.stability.starting import apart, far_law
from activeseed.plan import Floats, Law
from activeseed.protocols import Problem
from activeseed.testing import Toy


def spread_under(toy: Toy, law: Law) -> float:
    """Variance of the mean response over seeds of a law, in the toy's geometry: every assignment is summed over."""
    p = law.probabilities
    mean, square, whole = np.zeros(toy.probes), 0.0, 0.0
    for assignment in product(*(np.flatnonzero(row > 0) for row in p)):
        chance = float(np.prod([p[f, v] for f, v in enumerate(assignment)]))
        point = toy.geometry(toy.materials).embed(_response(toy, assignment)[None])[0]
        mean = mean + chance * point
        square += chance * float(point @ point)
        whole += chance
    assert abs(whole - 1.0) < 1e-9
    return square - float(mean @ mean)


def ratio_under(toy: Toy, problem: Problem) -> float:
    """What is left of a difference between plausible seeds, exactly."""
    near = problem.law
    far = far_law(problem, near)
    return (spread_under(toy, near) / spread_under(toy, far)) / (apart(near) / apart(far))


def _response(toy: Toy, assignment: tuple[int, ...]) -> Floats:
    scores = np.array([toy.scores[f, v] for f, v in enumerate(assignment)])
    return np.asarray(toy.response(scores[None])[0], np.float64)


def mean_of_items(items: int, stays: float, probes: int = 4) -> Toy:
    """A trainer whose outcome is the mean over the items that stand of a direction of each."""
    directions = np.random.default_rng(5).standard_normal((items, probes))
    scores = np.stack([np.ones(items), np.zeros(items)], 1)

    def response(z: Floats) -> Floats:
        return np.asarray(z @ directions / np.maximum(z.sum(-1, keepdims=True), 1.0))

    beliefs = np.tile([stays, 1.0 - stays], (items, 1))
    return Toy("mean", scores, response, probes, beliefs, "none", multilinear=False)
