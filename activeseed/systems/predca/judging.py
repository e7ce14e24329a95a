"""What is to be said of a candidate by itself: how goal-directed it is, what it wants, whether the AI hinges on it.

g(G|U) = −log₂ Pr_{π∼ξ}[E U(π) ≥ E U(G)], so that Pr[U|G] ∝ 2^(g(G|U) − K(U)), and g(G) is the mean of g(G|U) over
Pr[U|G]. Where its author says what a candidate wants, that is its only utility. The precursor score is
Pr_{π∼ξ}[the AI doesn't run | G := π], given that it does run with G as it is, all other bodies doing what they do:
where G as it is surely builds it, and nobody else does, simply the share of ξ that does not. All sums are exact, over
every policy.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from activeseed.plan import Floats
from activeseed.systems.predca.candidates import Candidate
from activeseed.systems.predca.enumerating import (
    EQUAL,
    Utilities,
    course_of,
    courses_of,
    policies_of,
    ranged,
    utilities_of,
)
from activeseed.systems.predca.world import Body, World

#: what makes one utility comparable with another
Normaliser = Literal["range", "spread", "reach", "none"]
#: numbers of a block of (policies, utilities) that are laid out together
TOGETHER = 4_000_000


@dataclass(frozen=True, eq=False)
class Judged:
    """What is known of K candidates.

    Attributes:
        g: (K,) bits, the mean of g(G|U) over Pr[U|G].
        likely: (K, M) Pr[U|G] over the world's utilities; NaN where the author says what is wanted.
        wants: (K, S) E[U|G], each utility normalised before.
        precursor: (K,) probability that the AI, which runs, would not, were another policy in the candidate's place.
        present: (K,) probability that it runs with the candidate as it is.
        stays: (K, S) share of the steps that end in each state.
    """

    g: Floats
    likely: Floats
    wants: Floats
    precursor: Floats
    present: Floats
    stays: Floats


def judge(world: World, cast: Sequence[Candidate | None], normaliser: Normaliser, simplicity: float) -> Judged:
    """Of every candidate; zeros where there is none."""
    utilities = utilities_of(world)
    k, states = len(cast), len(world.states)
    out = Judged(
        np.zeros(k), np.zeros((k, len(utilities.names))), np.zeros((k, states)), np.zeros(k), np.zeros(k),
        np.zeros((k, states)),
    )  # fmt: skip
    prior = policies_of(world).prior(simplicity)
    for body in world.bodies.values():
        mine = [(n, c) for n, c in enumerate(cast) if c is not None and c.body is body]
        if not mine:
            continue
        free = [n for n, c in mine if c.utility is None]
        courses, others = courses_of(world, body), unbuilt_by_others(world, body)
        for n, candidate in mine:
            course = course_of(world, body, candidate.table)
            out.stays[n] = course.stays[0]
            out.present[n] = 1.0 - (1.0 - course.built[0]) * others
            if out.present[n] > 0:
                needed = others * course.built[0] / out.present[n]
                out.precursor[n] = needed * (prior @ (1.0 - courses.built))
        if free:
            scale = _scaled(utilities, courses.stays, prior, normaliser)
            g = goal_directedness(courses.stays, prior, out.stays[free], utilities.values)
            out.likely[free] = posterior(g, utilities.bits)
            out.g[free] = (out.likely[free] * g).sum(1)
            out.wants[free] = out.likely[free] @ scale
        for n, candidate in mine:
            if candidate.utility is not None:
                one = Utilities(("",), ranged(candidate.utility)[None], np.zeros(1), candidate.utility[None])
                out.g[n] = goal_directedness(courses.stays, prior, out.stays[[n]], one.values)[0, 0]
                out.wants[n] = _scaled(one, courses.stays, prior, normaliser)[0]
                out.likely[n] = np.nan
    return out


def posterior(g: Floats, bits: Floats) -> Floats:
    """(K, M) g(G|U) and (M,) K(U) -> (K, M) Pr[U|G]."""
    log = g - bits
    weight = np.exp2(log - log.max(1, keepdims=True))
    return np.asarray(weight / weight.sum(1, keepdims=True))


def goal_directedness(stays: Floats, prior: Floats, own: Floats, utilities: Floats) -> Floats:
    """(K, M) bits of g(G|U).

    Args:
        stays: (N, S) of all policies, with their ``prior`` (N,).
        own: (K, S) of the candidates.
        utilities: (M, S), each of range one.
    """
    out = np.empty((len(own), len(utilities)))
    least = prior[prior > 0].min()
    step = max(1, TOGETHER // len(stays))
    for a in range(0, len(utilities), step):
        block = utilities[a : a + step]
        expected, mine = stays @ block.T, own @ block.T
        order = np.argsort(expected, axis=0)
        for m in range(len(block)):
            ascending = expected[order[:, m], m]
            # Pr[E U(π) ≥ x] for every rank, and 0 above all: a mixture may beat every policy that always does the same
            tail = np.append(np.cumsum(prior[order[::-1, m]])[::-1], 0.0)
            at = np.searchsorted(ascending, mine[:, m] - EQUAL, side="left")
            out[:, a + m] = -np.log2(np.clip(tail[at], least, 1.0))
    return out


def _scaled(utilities: Utilities, stays: Floats, prior: Floats, normaliser: Normaliser) -> Floats:
    """(M, S) the utilities, made comparable.

    ``range``: from 0 to 1 over the states; ``spread``: the expected utilities of policies drawn from ξ have mean 0 and
    variance 1; ``reach``: mean 0, and the best policy gets 1; ``none``: as they are.
    """
    if normaliser == "range":
        return utilities.values
    if normaliser == "none":
        return utilities.raw
    out = np.empty_like(utilities.raw)
    step = max(1, TOGETHER // len(stays))
    for a in range(0, len(out), step):
        block = utilities.raw[a : a + step]
        expected = stays @ block.T
        mean = prior @ expected
        unit = expected.max(0) - mean if normaliser == "reach" else np.sqrt(prior @ (expected - mean) ** 2)
        # nothing that a body could do moves such a utility: it is wanted in vain, and asks for nothing
        vain = unit <= EQUAL * np.ptp(block, axis=1)
        out[a : a + step] = np.where(vain[:, None], 0.0, (block - mean[:, None]) / np.where(vain, 1.0, unit)[:, None])
    return out


def runs_in_fact(world: World) -> float:
    """Probability that the AI runs, every body driven by what drives it in fact; 1 where no builder's is known."""
    known = [b for b in world.bodies.values() if b.runs and b.builds.any()]
    if not known:
        return 1.0
    return 1.0 - math.prod(1.0 - float(course_of(world, b, world.programs[b.runs][1]).built[0]) for b in known)


def unbuilt_by_others(world: World, body: Body) -> float:
    """Probability that no other body builds the AI, each by the program that drives it in fact."""
    return math.prod(
        1.0 - float(course_of(world, other, world.programs[other.runs][1]).built[0])
        for other in world.bodies.values()
        if other is not body and other.runs and other.builds.any()
    )
