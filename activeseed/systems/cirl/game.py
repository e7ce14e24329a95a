"""A common-payoff game of a human and a robot, of which the human alone knows what is wanted (Hadfield-Menell 2016).

``M = ⟨S, {A^H, A^R}, T, {Θ, R(s, a^H, a^R; θ)}, P₀, γ⟩``: both act at once, both see the state and each other's action,
both are paid by R, and only the human sees θ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from activeseed.errors import ConfigError, nearest
from activeseed.plan import Floats, Ints

#: numbers in the table of transitions, at most: 128 MiB
MOST_ENTRIES = 2**24
#: objectives, at most: outcomes hold a belief in each under each
MOST_OBJECTIVES = 64
#: how far probabilities may be from summing to one
ROUNDING = 1e-6


@dataclass(frozen=True, eq=False)
class Game:
    """A game, its tables in double precision.

    Attributes:
        states: S names.
        human: names of the human's actions.
        robot: names of the robot's.
        objectives: names of what may be wanted: the θ.
        transitions: (S, A^H, A^R, S) T(s′ | s, a^H, a^R).
        rewards: (Θ, S, A^H, A^R) R(s, a^H, a^R; θ).
        initial: (S,) distribution of the state that play begins in.
        horizon: steps that are played, where nobody says otherwise.
        discount: γ in (0, 1], likewise.
        idle: the human's and the robot's action when the other one acts alone; None where the game has none.
        prior: (Θ,) masses that objectives have where nobody says otherwise, summing to one.
        features: K names of what rewards are made of; empty where a game tells rewards alone.
        values: (K, S, A^H, A^R) the features.
        shared: (S, A^H, A^R) reward that every objective has besides, such as what acting costs.
    """

    states: tuple[str, ...]
    human: tuple[str, ...]
    robot: tuple[str, ...]
    objectives: tuple[str, ...]
    transitions: Floats
    rewards: Floats
    initial: Floats
    horizon: int = 3
    discount: float = 1.0
    idle: tuple[int, int] | None = None
    prior: Floats | None = None
    features: tuple[str, ...] = ()
    values: Floats | None = None
    shared: Floats | None = None

    @cached_property
    def masses(self) -> Floats:
        """(Θ,) the prior, even where none is said."""
        n = len(self.objectives)
        return np.full(n, 1.0 / n) if self.prior is None else self.prior

    def objective(self, name: str) -> int:
        """Number of an objective. Raises ConfigError, with the nearest known name, for an unknown one."""
        if name not in self.objectives:
            raise ConfigError(f"The game has no objective {name[:80]!r}.{nearest(name, self.objectives)}")
        return self.objectives.index(name)

    def state(self, name: str) -> int:
        """Number of a state. Raises ConfigError, with the nearest known name, for an unknown one."""
        if name not in self.states:
            raise ConfigError(f"The game has no state {name[:80]!r}.{nearest(name, self.states)}")
        return self.states.index(name)

    def started(self, state: str) -> Game:
        """The same game, begun in one state."""
        initial = np.zeros(len(self.states))
        initial[self.state(state)] = 1.0
        return replace(self, initial=initial)

    def with_weights(self, weights: Floats, names: Sequence[str]) -> Game:
        """The same game with further objectives, each a vector of weights (K,) of the features."""
        assert self.values is not None
        more = np.tensordot(weights, self.values, axes=1)
        if self.shared is not None:
            more = more + self.shared
        prior = np.concatenate([self.masses, np.zeros(len(names))])
        return replace(
            self, objectives=(*self.objectives, *names), rewards=np.concatenate([self.rewards, more]), prior=prior
        )

    @cached_property
    def successors(self) -> list[list[list[tuple[Ints, Floats]]]]:
        """[s][a^R][a^H] -> states that may follow and their probabilities."""
        out = []
        for s in range(len(self.states)):
            of_state = []
            for r in range(len(self.robot)):
                rows = [self.transitions[s, h, r] for h in range(len(self.human))]
                found = [np.flatnonzero(row) for row in rows]
                of_state.append([(at, row[at]) for at, row in zip(found, rows, strict=True)])
            out.append(of_state)
        return out

    def reachable(self, horizon: int) -> list[Ints]:
        """By steps to go, 0 … horizon: the states that play may be in."""
        follows: NDArray[np.bool_] = np.asarray((self.transitions > 0).any((1, 2)))
        here: NDArray[np.bool_] = np.asarray(self.initial > 0)
        out = [here]
        for _ in range(horizon):
            here = np.asarray(follows[here].any(0))
            out.append(here)
        return [np.flatnonzero(states) for states in reversed(out)]


def full_information(game: Game, horizon: int, discount: float) -> tuple[Floats, Floats, Floats]:
    """What is possible where both know θ.

    Returns:
        (H + 1, Θ, S) best values by steps to go; (H + 1, Θ, S) worst ones; (H + 1, Θ, S, A^H) value of each action of
        the human's, the robot playing its best now and both from then on.
    """
    theta, s, a, _ = game.rewards.shape
    best, worst = np.zeros((2, horizon + 1, theta, s))
    acts = np.zeros((horizon + 1, theta, s, a))
    for k in range(1, horizon + 1):
        q = game.rewards + discount * np.einsum("ot,shrt->oshr", best[k - 1], game.transitions, optimize=True)
        low = game.rewards + discount * np.einsum("ot,shrt->oshr", worst[k - 1], game.transitions, optimize=True)
        acts[k] = q.max(3)
        best[k], worst[k] = acts[k].max(2), low.min((2, 3))
    return best, worst, acts


def check_size(states: int, human: int, robot: int, objectives: int, where: str) -> None:
    """Raise ConfigError for a game whose tables would be too large, naming the size that would do."""
    entries = states * states * human * robot
    if entries > MOST_ENTRIES:
        would = int(np.sqrt(MOST_ENTRIES / (human * robot)))
        raise ConfigError(
            f"{where}: {states} states × {human} × {robot} actions make a table of {entries:,} transitions, and at "
            f"most {MOST_ENTRIES:,} are held. With these actions {would} states would do."
        )
    if objectives > MOST_OBJECTIVES:
        raise ConfigError(
            f"{where}: {objectives} objectives; at most {MOST_OBJECTIVES} would do. Leave out those that nobody means."
        )


def check_sound(game: Game, where: str) -> None:
    """Raise ConfigError for probabilities that don't sum to one and numbers that are none, with the place of each."""
    totals = game.transitions.sum(3)
    bad = np.argwhere(~(np.abs(totals - 1.0) <= ROUNDING) | (game.transitions < 0).any(3))
    if len(bad):
        s, h, r = bad[0]
        more = f" So do {len(bad) - 1} more." if len(bad) > 1 else ""
        raise ConfigError(
            f"{where}: from state {game.states[s]!r}, human {game.human[h]!r} and robot {game.robot[r]!r}, the "
            f"probabilities of what follows sum to {totals[s, h, r]:g}, and not to 1.{more} Mend them."
        )
    for name, table in (("reward", game.rewards), ("feature", game.values)):
        odd = np.argwhere(~np.isfinite(table)) if table is not None else np.zeros((0, 4), int)
        if len(odd):
            o, s, h, r = odd[0]
            whose = game.objectives[o] if name == "reward" else game.features[o]
            raise ConfigError(
                f"{where}: the {name} of {whose!r} in state {game.states[s]!r}, human {game.human[h]!r} and robot "
                f"{game.robot[r]!r}, is no finite number. Give a number."
            )
    for name, masses in (("initial", game.initial), ("prior", game.prior)):
        if masses is not None and not (abs(masses.sum() - 1.0) <= ROUNDING and (masses >= 0).all()):
            raise ConfigError(
                f"{where}: {name} sums to {masses.sum():g}. Its probabilities have to be 0 or more and sum to 1."
            )
