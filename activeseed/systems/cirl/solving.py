"""The robot's plans and what each is worth under every θ: exact backups inside the plan-conditional recursion.

A plan is an action of the robot's and, for each action of the human's and each state that may follow (the robot sees
both), a plan for what is left: σ = (a^R, ν: (a^H, s′) → σ′). Since the human knows θ and the plan, their answer is
computed inside of the backup (Malik et al. 2018):

    Q_σ(s, a^H; θ) = R(s, a^H, a^R; θ) + γ Σ_{s′} T(s′ | s, a^H, a^R) α_{ν(a^H, s′)}(s′, θ),    α_σ = Σ π_H · Q_σ,

with π_H of Q_σ itself for a human who teaches. That is not the pointwise maximum over the next step's vectors: ν is the
robot's, and does not know θ.

Plans that are best at no belief are left out. For a rational human, and for a literal one of any kind, that loses
nothing: max over a^H, and sums with weights that ν doesn't move, are parts by themselves, and each part of the best
plan is best at the belief that is left there; so parts are pruned while they are put together. A Boltzmann human who
teaches answers to all of ν at once, and a continuation that is best at no belief may still be worth threatening with.
Then the set is what it is said to be: continuations that are best at some belief (``optimal``), or all.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from activeseed.errors import PlanError
from activeseed.plan import Floats, Ints
from activeseed.systems.cirl.game import Game, full_information
from activeseed.systems.cirl.humans import Human
from activeseed.systems.cirl.pruning import best_somewhere, distinct

#: plans of one state that are looked at together
CHUNK = 20_000

Continuations = Literal["optimal", "all"]


class TooManyPlansError(PlanError):
    """There are more plans than are looked at, in this state with so many steps to go."""

    def __init__(self, message: str, state: int, steps: int) -> None:
        super().__init__(message)
        self.state, self.steps = state, steps


@dataclass(frozen=True)
class Plans:
    """The plans that are kept for a state and a number of steps to go.

    Attributes:
        alpha: (N, Θ) value of each.
        robot: (N,) its action.
        next: (N, A^H, M) number of the plan that it goes on with after each action of the human's, in each of the
            states that may follow (in the order of ``Game.successors``); padded with -1.
    """

    alpha: Floats
    robot: Ints
    next: Ints

    def __len__(self) -> int:
        return len(self.robot)

    def take(self, at: Ints) -> Plans:
        return Plans(self.alpha[at], self.robot[at], self.next[at])


@dataclass(frozen=True, eq=False)
class Solution:
    """A game, solved.

    Attributes:
        levels: by steps to go, 0 … horizon: state -> its plans.
        literal: (H + 1, Θ, S, A^H) value of the human's actions where the robot knows θ.
        best, worst: (Θ,) what can be reached and what can be lost from the start, both knowing θ.
    """

    game: Game
    human: Human
    horizon: int
    discount: float
    levels: tuple[dict[int, Plans], ...]
    literal: Floats
    best: Floats
    worst: Floats

    @cached_property
    def bytes(self) -> int:
        """Of all its plans."""
        plans = [p for level in self.levels for p in level.values()]
        return sum(p.alpha.nbytes + p.robot.nbytes + p.next.nbytes for p in plans)

    @property
    def starts(self) -> list[tuple[int, float]]:
        """States that play begins in, with their probabilities."""
        return [(int(s), float(self.game.initial[s])) for s in np.flatnonzero(self.game.initial)]


def solve(
    game: Game, human: Human, horizon: int, discount: float, continuations: Continuations = "optimal",
    most: int = 200_000,
) -> Solution:  # fmt: skip
    """All plans from the start that may be best. Raises PlanError, naming the horizon that would do, for too many.

    Args:
        most: plans of one state that are looked at.
    """
    try:
        return _solved(game, human, horizon, discount, continuations, most)
    except TooManyPlansError as error:
        raise PlanError(f"{error}{_would_do(game, human, horizon, discount, continuations, most, error)}") from error


def _would_do(
    game: Game, human: Human, horizon: int, discount: float, continuations: Continuations, most: int,
    first: TooManyPlansError,
) -> str:  # fmt: skip
    """The largest horizon that can be solved; tried out, so that it is true. One step can always be.

    A state that has too many plans has them whatever came before it: horizons that come by it are not tried.
    """
    errors = [first]
    for shorter in range(horizon - 1, 1, -1):
        reach = game.reachable(shorter)
        if any(e.steps <= shorter and e.state in reach[e.steps] for e in errors):
            continue
        try:
            _solved(game, human, shorter, discount, continuations, most)
        except TooManyPlansError as error:
            errors.append(error)
            continue
        break
    else:
        shorter = 1
    return f" horizon = {shorter} would do; or fewer objectives, fewer actions, a 'rational' or a 'literal' human."


def _solved(
    game: Game, human: Human, horizon: int, discount: float, continuations: Continuations, most: int
) -> Solution:
    best, worst, literal = full_information(game, horizon, discount)
    theta, a = len(game.objectives), len(game.human)
    reach = game.reachable(horizon)
    nothing = Plans(np.zeros((1, theta)), np.zeros(1, np.int64), np.full((1, a, 1), -1))
    levels: list[dict[int, Plans]] = [dict.fromkeys(reach[0].tolist(), nothing)]
    for k in range(1, horizon + 1):
        acts = human.policy(literal[k], axis=2)
        backup = _Backup(game, human, discount, levels[-1], acts, most, k, k == horizon)
        here = {}
        for s in reach[k].tolist():
            plans = backup.plans(s)
            if k < horizon:  # of those at the start only the one that is played is needed
                prune = distinct if human.responds and continuations == "all" else best_somewhere
                plans = plans.take(prune(plans.alpha))
            here[s] = plans
        levels.append(here)
    first, start = best[horizon] @ game.initial, worst[horizon] @ game.initial
    return Solution(game, human, horizon, discount, tuple(levels), literal, first, start)


@dataclass(frozen=True)
class _Backup:
    """One step backwards."""

    game: Game
    human: Human
    discount: float
    after: dict[int, Plans]
    acts: Floats
    most: int
    steps: int
    first: bool

    def plans(self, s: int) -> Plans:
        """All plans of a state, but for those that the module says are left out."""
        parts = [self._of_action(s, r) for r in range(len(self.game.robot))]
        wide = max(p.next.shape[2] for p in parts)
        nexts = [np.pad(p.next, ((0, 0), (0, 0), (0, wide - p.next.shape[2])), constant_values=-1) for p in parts]
        return Plans(
            np.concatenate([p.alpha for p in parts]), np.concatenate([p.robot for p in parts]), np.concatenate(nexts)
        )

    def _of_action(self, s: int, r: int) -> Plans:
        options = [self._after(s, r, h) for h in range(len(self.game.human))]
        wide = max(chosen.shape[1] for _, chosen in options)
        if self.human.responds:
            alpha, at = self._responded([q for q, _ in options], s)
        else:
            alpha, at = self._folded([q for q, _ in options], s)
        following = np.full((len(at), len(options), wide), -1)
        for h, (_, chosen) in enumerate(options):
            following[:, h, : chosen.shape[1]] = chosen[at[:, h]]
        return Plans(alpha, np.full(len(at), r), following)

    def _after(self, s: int, r: int, h: int) -> tuple[Floats, Ints]:
        """(N, Θ) what the human's action is worth by what the robot goes on with; (N, M) that, for each next state."""
        states, chances = self.game.successors[s][r][h]
        values = self.game.rewards[:, s, h, r][None]
        chosen: Ints = np.zeros((1, 0), np.int64)
        for state, chance in zip(states.tolist(), chances.tolist(), strict=True):
            alpha = self.discount * chance * self.after[state].alpha
            self._refuse(len(values) * len(alpha), s)
            values = (values[:, None] + alpha[None]).reshape(-1, values.shape[1])
            more = np.tile(np.arange(len(alpha)), len(chosen))[:, None]
            chosen = np.concatenate([np.repeat(chosen, len(alpha), axis=0), more], axis=1)
            if not self.human.responds and len(states) > 1:
                kept = best_somewhere(values)
                values, chosen = values[kept], chosen[kept]
        return values, chosen

    def _folded(self, options: list[Floats], s: int) -> tuple[Floats, Ints]:
        """(N, Θ) values and (N, A^H) choices, action by action, of a human whose answer goes action by action."""
        literal = self.human.literal
        join: Callable[[Floats, Floats], Floats] = np.add if literal else np.maximum
        alpha: Floats = np.zeros((1, 0))
        at: Ints = np.zeros((1, 0), np.int64)
        for h, q in enumerate(options):
            part = self.acts[:, s, h] * q if literal else q
            if literal and not self.acts[:, s, h].any():
                part = part[:1]  # nobody ever acts so: one continuation is as good as any
            self._refuse(len(alpha) * len(part), s)
            joined = part if h == 0 else join(alpha[:, None], part[None]).reshape(-1, part.shape[1])
            more = np.tile(np.arange(len(part)), len(at))[:, None]
            at = np.concatenate([np.repeat(at, len(part), axis=0), more], axis=1)
            # of those at the start only the ones that are played are needed: the last join is left as it is
            kept = np.arange(len(joined)) if self.first and h == len(options) - 1 else best_somewhere(joined)
            alpha, at = joined[kept], at[kept]
        return alpha, at

    def _responded(self, options: list[Floats], s: int) -> tuple[Floats, Ints]:
        """The same of a human who answers to all continuations at once: every combination of them."""
        sizes = [len(q) for q in options]
        n = math.prod(sizes)
        self._refuse(n, s)
        later = [math.prod(sizes[h + 1 :]) for h in range(len(sizes))]
        at = np.arange(n)[:, None] // np.array(later) % np.array(sizes)  # numpy's own unravelling stops at 64 actions
        alpha = np.empty((n, options[0].shape[1]))
        for a in range(0, n, CHUNK):
            q = np.stack([of[at[a : a + CHUNK, h]] for h, of in enumerate(options)])  # (A^H, C, Θ)
            alpha[a : a + CHUNK] = (self.human.policy(q) * q).sum(0)
        return alpha, at

    def _refuse(self, plans: int, s: int) -> None:
        if plans > self.most:
            raise TooManyPlansError(
                f"This game is too large to be solved exactly: with {self.steps} steps to go, in state "
                f"{self.game.states[s]!r}, one action of the robot's has {counted(plans)} plans, and at most "
                f"{self.most:,} are looked at.",
                s,
                self.steps,
            )


def counted(n: int) -> str:
    """A number for people, however large."""
    return f"{n:,}" if n < 10**15 else f"some 10^{int(math.log10(n))}"
