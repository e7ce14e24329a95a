"""Every policy of a world, how long it takes to describe, and what comes of it.

Description lengths are those of an enumerative code, the shortest that knows nothing of a world: first how often each
value occurs in a table, each count by log₂(S + 1) bits, then which of the arrangements it is, log₂ of the multinomial
coefficient (Cover 1973). The simplicity prior is ξ(π) ∝ 2^(−simplicity · K(π)).
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from activeseed.errors import ConfigError, PlanError
from activeseed.plan import Floats
from activeseed.systems.predca.world import Body, World

#: policies that are enumerated at most
MOST_POLICIES = 200_000
#: utilities that are held against each of them at most
MOST_UTILITIES = 20_000
#: bits of a probability in a table that is not sure of its action
BITS = 8.0
#: policies whose transitions are laid out together
TOGETHER = 4096
#: expected utilities that differ by less than this are equal (of utilities whose range is one)
EQUAL = 1e-9


def description_length(values: Sequence[Hashable], alphabet: int) -> float:
    """Bits of a table in an enumerative code: (alphabet − 1) counts, then the arrangement."""
    n, counts = len(values), Counter(values)
    arrangements = math.lgamma(n + 1) - sum(math.lgamma(c + 1) for c in counts.values())
    return arrangements / math.log(2) + (max(alphabet, len(counts)) - 1) * math.log2(n + 1)


def program_length(table: Floats) -> float:
    """Bits of a program (S, A): a mixture of actions is a value of its own, and says A − 1 probabilities."""
    rows = [tuple(row) for row in table.round(9).tolist()]
    mixed = {row for row in rows if max(row) < 1.0}
    actions = table.shape[1]
    return description_length(rows, actions + len(mixed)) + BITS * (actions - 1) * len(mixed)


@dataclass(frozen=True, eq=False)
class Policies:
    """All N = A^S policies that always do the same in a state.

    Attributes:
        actions: (N, S) the action in each state.
        bits: (N,) description lengths.
        chosen: (N, S·A) 1 where a policy takes the action in the state.
    """

    actions: NDArray[np.int8]
    bits: Floats
    chosen: Floats

    def prior(self, simplicity: float) -> Floats:
        """(N,) ξ."""
        ξ = np.exp2(-simplicity * (self.bits - self.bits.min()))
        return np.asarray(ξ / ξ.sum())


@lru_cache(maxsize=4)
def policies_of(world: World) -> Policies:
    """Every policy of a world. Raises PlanError where there are too many, saying which size would do."""
    states, actions = len(world.states), len(world.actions)
    if states * math.log(actions) > math.log(MOST_POLICIES):
        fits = int(math.log(MOST_POLICIES) / math.log(actions))
        raise PlanError(
            f"{world.name}: {actions} actions in {states} states are {actions**states:.3g} policies, and every one is "
            f"looked at, so at most {MOST_POLICIES:,} can be. With {actions} actions {fits} states would do."
        )
    table = np.array(list(itertools.product(range(actions), repeat=states)), np.int8)
    counts = np.stack([(table == a).sum(1) for a in range(actions)], 1)
    lengths = {
        tuple(c): description_length(np.repeat(np.arange(actions), c).tolist(), actions)
        for c in np.unique(counts, axis=0).tolist()
    }
    bits = np.array([lengths[tuple(c)] for c in counts.tolist()])
    chosen = (table[:, :, None] == np.arange(actions)).reshape(len(table), -1).astype(np.float64)
    return Policies(table, bits, chosen)


@dataclass(frozen=True, eq=False)
class Course:
    """What comes of N policies of a body.

    Attributes:
        stays: (N, S) share of the steps that end in each state, so that ``stays @ u`` is the expected utility.
        built: (N,) probability that the AI has been built, by this body.
    """

    stays: Floats
    built: Floats


@lru_cache(maxsize=64)
def courses_of(world: World, body: Body) -> Course:
    """Of all policies, for one body."""
    actions = policies_of(world).actions
    parts = [
        follow(body.moves[actions[a : a + TOGETHER], np.arange(actions.shape[1])], body, world.horizon)
        for a in range(0, len(actions), TOGETHER)
    ]
    return Course(np.concatenate([p.stays for p in parts]), np.concatenate([p.built for p in parts]))


def course_of(world: World, body: Body, table: Floats) -> Course:
    """Of one program (S, A): N = 1."""
    return follow(np.einsum("sa,ast->st", table, body.moves)[None], body, world.horizon)


def follow(chains: Floats, body: Body, horizon: int) -> Course:
    """N Markov chains (N, S, S) from the body's start; what has built the AI is out of the second count."""
    here = np.broadcast_to(body.start, chains.shape[:2])
    unbuilt = here * (1.0 - body.builds)
    stays = np.zeros(chains.shape[:2])
    for _ in range(horizon):
        here = np.einsum("ns,nst->nt", here, chains)
        unbuilt = np.einsum("ns,nst->nt", unbuilt, chains) * (1.0 - body.builds)
        stays += here
    return Course(stays / horizon, 1.0 - unbuilt.sum(1))


@dataclass(frozen=True, eq=False)
class Utilities:
    """M utilities that somebody could have.

    Attributes:
        names: named ones by their name, others by the states that they want.
        values: (M, S), each from 0 to 1.
        bits: (M,) description lengths.
        raw: (M, S) as they were said.
    """

    names: tuple[str, ...]
    values: Floats
    bits: Floats
    raw: Floats


@lru_cache(maxsize=4)
def utilities_of(world: World) -> Utilities:
    """The named ones, and sets of states; one said twice is one. Raises ConfigError where there are too many."""
    states = len(world.states)
    sets = sum(math.comb(states, k) for k in range(1, world.subsets + 1))
    if sets + len(world.utilities) > MOST_UTILITIES:
        raise ConfigError(
            f"{world.name}: sets of up to {world.subsets} of {states} states are {sets:,} utilities; at most "
            f"{MOST_UTILITIES:,} are looked at. Lower subsets."
        )
    said = dict(world.utilities)
    for size in range(1, min(world.subsets, states - 1) + 1):
        for chosen in itertools.combinations(range(states), size):
            name = "{" + ", ".join(world.states[s] for s in chosen) + "}"
            said.setdefault(name, np.isin(np.arange(states), chosen).astype(np.float64))
    names: list[str] = []
    kept: dict[tuple[float, ...], Floats] = {}
    for name, values in said.items():
        unit = ranged(values)
        if tuple(unit.round(9)) not in kept:
            kept[tuple(unit.round(9))] = values
            names.append(name)
    raw = np.array(list(kept.values()))
    bits = np.array([description_length(u.round(9).tolist(), 2) for u in raw])
    return Utilities(tuple(names), np.array([ranged(u) for u in raw]), bits, raw)


def ranged(values: Floats) -> Floats:
    """(…, S) scaled to run from 0 to 1 along the last axis; ½ throughout where it is flat."""
    low, span = values.min(-1, keepdims=True), np.ptp(values, axis=-1, keepdims=True)
    flat = span <= EQUAL
    return np.asarray(np.where(flat, 0.5, (values - low) / np.where(flat, 1.0, span)))
