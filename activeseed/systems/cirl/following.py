"""What comes of a plan: who does what, with which probability, and what the robot may learn of it.

The robot reads what the human does as its model of the human says (`model`); how the human really acts may be another
thing (`actual`): with another β, or in earnest where the robot takes them to be teaching. Both know the plan.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from activeseed.plan import Floats, Ints
from activeseed.systems.cirl.humans import Human
from activeseed.systems.cirl.solving import Plans, Solution


@dataclass(frozen=True)
class Step:
    """What may happen up to some step, by histories that have a chance under some θ.

    Attributes:
        parent: (N,) number of the history one step earlier.
        heard: (N, Θ) probability, in the robot's model, of what the human did last.
        chance: (N, Θ) probability of the whole history under each θ, as the human really acts.
        robot: (N,) what the robot does next; empty at the end.
    """

    parent: Ints
    heard: Floats
    chance: Floats
    robot: Ints


@dataclass(frozen=True)
class Course:
    """A plan, followed.

    Attributes:
        steps: at the start, after one step, …, at the end.
        value: (Θ,) what it is worth as the human really acts.
    """

    steps: tuple[Step, ...]
    value: Floats


@dataclass(eq=False)
class Follower:
    """Follows plans of a solved game; what was followed once is kept."""

    solution: Solution
    actual: Human
    _kept: dict[tuple[int, int, int], tuple[Floats, Floats, Floats]] = field(default_factory=dict)
    _courses: dict[tuple[int, int], Course] = field(default_factory=dict)

    def course(self, state: int, plan: int) -> Course:
        """What comes of a plan from a state that play begins in."""
        key = (state, plan)
        if key not in self._courses:
            self._courses[key] = self._follow(state, plan)
        return self._courses[key]

    def _plans(self, k: int, state: int) -> Plans:
        return self.solution.levels[k][state]

    def _node(self, k: int, state: int, plan: int) -> tuple[Floats, Floats, Floats]:
        """(A^H, Θ) what the model expects, (A^H, Θ) what the human really does, (Θ,) what that is worth."""
        key = (k, state, plan)
        if key not in self._kept:
            solution, game = self.solution, self.solution.game
            plans = self._plans(k, state)
            r = int(plans.robot[plan])
            modelled = game.rewards[:, state, :, r].T.copy()
            real = modelled.copy()
            for h, (states, chances) in enumerate(game.successors[state][r]):
                for j, (to, chance) in enumerate(zip(states.tolist(), chances.tolist(), strict=True)):
                    following = int(plans.next[plan, h, j])
                    modelled[h] += solution.discount * chance * self._plans(k - 1, to).alpha[following]
                    if k > 1:
                        real[h] += solution.discount * chance * self._node(k - 1, to, following)[2]
            literal = solution.literal[k][:, state].T
            expected = solution.human.policy(literal if solution.human.literal else modelled)
            done = self.actual.policy(literal if self.actual.literal else real)
            self._kept[key] = expected, done, (done * real).sum(0)
        return self._kept[key]

    def _follow(self, state: int, plan: int) -> Course:
        game, theta = self.solution.game, len(self.solution.game.objectives)
        nodes = [(state, plan)]
        chance: Floats = np.ones((1, theta))
        steps: list[Step] = []
        parent: Ints = np.zeros(1, np.int64)
        heard: Floats = np.ones((1, theta))
        for k in range(self.solution.horizon, 0, -1):
            robot = np.array([self._plans(k, s).robot[p] for s, p in nodes], np.int64)
            steps.append(Step(parent, heard, chance, robot))
            after: list[tuple[int, int]] = []
            parents: list[int] = []
            said: list[Floats] = []
            chances: list[Floats] = []
            for n, (s, p) in enumerate(nodes):
                expected, done, _ = self._node(k, s, p)
                for h, (states, of) in enumerate(game.successors[s][int(robot[n])]):
                    whole = chance[n] * done[h]
                    if not whole.any():
                        continue
                    for j, (to, share) in enumerate(zip(states.tolist(), of.tolist(), strict=True)):
                        after.append((to, int(self._plans(k, s).next[p, h, j])))
                        parents.append(n)
                        said.append(expected[h])
                        chances.append(whole * share)
            nodes, chance = after, np.array(chances)
            parent, heard = np.array(parents, np.int64), np.array(said)
        steps.append(Step(parent, heard, chance, np.zeros(0, np.int64)))
        return Course(tuple(steps), self._node(self.solution.horizon, state, plan)[2])


def beliefs_of(course: Course, beliefs: Floats) -> list[Floats]:
    """(R, Θ) beliefs -> by step, (R, N, Θ) what the robot believes after each history.

    What is impossible under all that is believed teaches nothing: the belief stays what it was.
    """
    out = [beliefs[:, None, :]]
    for step in course.steps[1:]:
        before = out[-1][:, step.parent]
        joint = before * step.heard[None]
        total = joint.sum(2, keepdims=True)
        out.append(np.where(total > 0, joint / np.where(total > 0, total, 1.0), before))
    return out


def final_belief(course: Course, beliefs: Floats, histories: Floats | None = None) -> Floats:
    """(R, Θ) beliefs -> (R, Θ true, Θ) belief at the end, over what the human may do.

    Args:
        histories: (N, Θ) shares of the histories under each θ, where not their probabilities.
    """
    chance = course.steps[-1].chance if histories is None else histories
    return np.asarray(np.einsum("no,rnt->rot", chance, beliefs_of(course, beliefs)[-1], optimize=True))


def policy(course: Course, actions: int, histories: Floats | None = None) -> list[Floats]:
    """By step, (Θ, A^R) what the robot does where each θ is true."""
    out: list[Floats] = []
    shares = _carried(course, histories)
    for step, share in zip(course.steps[:-1], shares, strict=False):
        done = np.zeros((share.shape[1], actions))
        np.add.at(done.T, step.robot, share)
        out.append(done)
    return out


def _carried(course: Course, histories: Floats | None) -> list[Floats]:
    """By step, (N, Θ) shares of histories: their probabilities, or those that whole histories' shares add up to."""
    if histories is None:
        return [step.chance for step in course.steps]
    out = [histories]
    for step, before in zip(course.steps[:0:-1], course.steps[-2::-1], strict=True):
        share = np.zeros_like(before.chance)
        np.add.at(share, step.parent, out[-1])
        out.append(share)
    return out[::-1]
