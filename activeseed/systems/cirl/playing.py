"""A game of two, from rows to outcomes: vectors once for all rows of one game, then a matrix product and beliefs."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from activeseed.plan import Floats, Ints, Materials, Rows, generator
from activeseed.seed import digest_of
from activeseed.systems.cirl.following import Course, Follower, final_belief, policy
from activeseed.systems.cirl.pieces import Prior, prior_of
from activeseed.systems.cirl.places import Part, belief_part, policy_part, regret_part
from activeseed.systems.cirl.settings import CirlSettings
from activeseed.systems.cirl.solving import Solution, solve

if TYPE_CHECKING:
    from activeseed.outcome import Outcomes

#: values this close, as a share of the range of all, are one value
SAME = 1e-9
#: bytes of plans that are kept, of the games that combinations of settings ask for in turn; the latest is always kept
KEPT = 2**28
#: beliefs that are held at a time: rows × histories × objectives
CHUNK = 2**22


@dataclass(eq=False)
class Played:
    """A game, solved, with its plans followed as they come to be played."""

    solution: Solution
    follower: Follower
    parts: tuple[Part, ...]
    span: Floats = field(init=False)

    def __post_init__(self) -> None:
        self.span = self.solution.best - self.solution.worst

    @cached_property
    def histories(self) -> int:
        """What the human and the world may do in all, at most."""
        most = 1
        for k in range(self.solution.horizon, 0, -1):
            most *= max(
                sum(len(at) for at, _ in of_robot)
                for s in self.solution.levels[k]
                for of_robot in self.solution.game.successors[s]
            )
        return most * len(self.solution.starts)

    def chosen(self, state: int, beliefs: Floats) -> Ints:
        """(R, Θ) beliefs -> (R,) the plan that is best at each.

        Of equally good ones the one that is best for all objectives alike, then the first: a robot to which something
        is all the same does not do harm where its prior is wrong.
        """
        alpha = self.solution.levels[-1][state].alpha
        values = beliefs @ alpha.T
        slack = SAME * float(max(np.ptp(alpha), np.finfo(np.float64).tiny))
        best = values >= values.max(1, keepdims=True) - slack
        mean = alpha.mean(1)
        for_all = np.where(best, mean[None], -np.inf)
        return np.asarray((for_all >= for_all.max(1, keepdims=True) - slack).argmax(1))

    def values(self, beliefs: Floats, draws: Sequence[np.random.Generator] | None, rollouts: int) -> Floats:
        """(R, Θ) beliefs -> (R, P) outcomes.

        Args:
            draws: a generator for each row, where the outcome is that of so many drawn plays.
        """
        theta = len(self.solution.game.objectives)
        held = np.zeros((len(beliefs), theta, theta))
        acts = np.zeros((len(beliefs), self.solution.horizon, theta, len(self.solution.game.robot)))
        worth = np.zeros((len(beliefs), theta))
        for state, share in self.solution.starts:
            plans = self.chosen(state, beliefs)
            for plan in np.unique(plans).tolist():
                rows = np.flatnonzero(plans == plan)
                course = self.follower.course(state, plan)
                worth[rows] += share * course.value
                if draws is None:
                    acts[rows] += share * np.stack(policy(course, acts.shape[3]))
                    held[rows] += share * self._held(course, beliefs[rows])
                    continue
                for r in rows.tolist():
                    drawn = _drawn(course, draws[r], rollouts)
                    acts[r] += share * np.stack(policy(course, acts.shape[3], drawn))
                    held[r] += share * final_belief(course, beliefs[[r]], drawn)[0]
        lost = np.where(self.span > 0, (self.solution.best - worth) / np.where(self.span > 0, self.span, 1.0), 0.0)
        # the first action comes before the human did anything: it is the same under every θ
        policies = np.concatenate([acts[:, 0, :1].reshape(len(beliefs), -1), acts[:, 1:].reshape(len(beliefs), -1)], 1)
        all_parts = {"belief": held.reshape(len(beliefs), -1), "policy": policies, "regret": np.clip(lost, 0.0, 1.0)}
        return np.concatenate([all_parts[part.kind] for part in self.parts], axis=1)

    def _held(self, course: Course, beliefs: Floats) -> Floats:
        per = max(1, CHUNK // max(course.steps[-1].chance.size, 1))
        return np.concatenate([final_belief(course, beliefs[a : a + per]) for a in range(0, len(beliefs), per)])


def _drawn(course: Course, rng: np.random.Generator, rollouts: int) -> Floats:
    """(N, Θ) shares of the histories among so many drawn plays under each θ.

    One number a play decides it under every θ alike: plays differ by what is meant, and not by luck.
    """
    chance = course.steps[-1].chance
    edges = np.cumsum(chance / chance.sum(0), axis=0)
    u = rng.random(rollouts)
    out = np.empty_like(chance)
    for o in range(chance.shape[1]):
        at = np.minimum(np.searchsorted(edges[:, o], u, side="right"), len(chance) - 1)
        out[:, o] = np.bincount(at, minlength=len(chance)) / rollouts
    return out


# --- what all rows of a game share --------------------------------------------------------------------------------

_SOLVED: OrderedDict[bytes, tuple[Solution, Follower]] = OrderedDict()


def played(settings: CirlSettings, materials: Materials) -> tuple[Prior, Played]:
    """The prior's pieces and the game, solved. Raises PlanError or ConfigError for what can't be read or solved."""
    game, content = settings.told
    prior = prior_of(game, materials)
    solution, follower = _solved(settings, prior, content)
    names = prior.game.objectives
    every = (
        belief_part(names, settings.truth),
        policy_part(names, solution.horizon, prior.game.robot),
        regret_part(names),
    )
    parts = tuple(p for p in every if settings.outcome in ("all", p.kind))
    return prior, Played(solution, follower, parts)


def _solved(settings: CirlSettings, prior: Prior, content: str) -> tuple[Solution, Follower]:
    """Kept for the games that are asked for in turn: the vectors know no prior."""
    apart = {"truth", "outcome", "compare", "rollouts", "masses"}
    game = prior.game
    name = digest_of([settings.model_dump(mode="json", exclude=apart), content, list(game.objectives)])
    if name not in _SOLVED:
        solution = solve(
            game, settings.modelled, settings.steps, settings.gamma, settings.continuations, settings.most_plans
        )
        _SOLVED[name] = solution, Follower(solution, settings.actual)
        while len(_SOLVED) > 1 and sum(solution.bytes for solution, _ in _SOLVED.values()) > KEPT:
            _SOLVED.popitem(last=False)
    _SOLVED.move_to_end(name)
    return _SOLVED[name]


def train(settings: CirlSettings, rows: Rows, materials: Materials) -> Outcomes:
    """Outcomes (R, P); a row of weights that are no numbers is a recorded failure."""
    from activeseed.outcome import Outcomes
    from activeseed.systems.fields.batches import sound_weights

    prior, game = played(settings, materials)
    weights, sound = sound_weights(rows, materials)
    beliefs, ok = prior.beliefs(weights.astype(np.float64)), sound
    places = sum(len(p.ids) for p in game.parts)
    values = np.full((len(rows), places), np.nan, np.float32)
    draws = None
    if settings.rollouts:
        keys = rows.stream("world")[ok].tolist()
        draws = [generator(materials.root, "world", int(k)) for k in keys]
    if ok.any():
        values[ok] = game.values(beliefs[ok], draws, settings.rollouts)
    return Outcomes(values, ok, {int(r): "a weight is negative or not finite" for r in np.flatnonzero(~ok)})
