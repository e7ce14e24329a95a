"""An apprenticeship: the human shows what is wanted, alone; then the robot acts, alone (Hadfield-Menell et al. 2016).

The robot takes a demonstration for that of an expert who looks ``horizon`` steps ahead in a world in which the robot
does nothing: each (state, action) has the probability that such a human does it with under each θ, and an item's weight
is an exponent of its likelihood. An expert in isolation is no teacher: the best reply of the human's would be another
demonstration. In deployment the human does nothing. Since rewards are linear in what is believed, the robot's best
reply maximises the mean reward under its posterior; where rewards weigh features, that is the reward at the mean θ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from activeseed.errors import PlanError, nearest
from activeseed.plan import Floats, Ints, Materials, Rows, generator
from activeseed.systems.cirl.game import Game
from activeseed.systems.cirl.humans import SAME, Human
from activeseed.systems.cirl.pieces import entry_of, where_of
from activeseed.systems.cirl.places import Part
from activeseed.systems.cirl.settings import CirlSettings
from activeseed.systems.fields.batches import Latest

if TYPE_CHECKING:
    from activeseed.outcome import Outcomes


@dataclass(frozen=True, eq=False)
class Apprentice:
    """What all rows of an apprenticeship share.

    Attributes:
        said: (S, Θ) log-likelihood of each slot's demonstration under each θ.
        best, worst: (Θ,) what the robot, alone, can reach and can lose from the start.
        deployed: states that it may come to, in which its policy is read.
    """

    game: Game
    human: Human
    horizon: int
    discount: float
    said: Floats
    best: Floats
    worst: Floats
    deployed: Ints
    parts: tuple[Part, ...]

    def beliefs(self, weights: Floats) -> Floats:
        """(R, S) weights -> (R, Θ) posteriors; NaN where no objective that has mass explains all that was shown."""
        with np.errstate(divide="ignore"):
            log = np.log(self.game.masses)[None] + _weighed(weights, self.said)
        top = log.max(1, keepdims=True)
        explained = np.isfinite(top)
        share = np.exp(log - np.where(explained, top, 0.0))
        return np.where(explained, share / np.where(explained, share.sum(1, keepdims=True), 1.0), np.nan)

    @cached_property
    def moves(self) -> Floats:
        """(S, A^R, S) what the robot's actions lead to while the human does nothing."""
        assert self.game.idle is not None
        return self.game.transitions[:, self.game.idle[0]]

    @cached_property
    def pay(self) -> Floats:
        """(Θ, S, A^R) rewards likewise."""
        assert self.game.idle is not None
        return self.game.rewards[:, :, self.game.idle[0]]

    def policies(self, beliefs: Floats) -> Floats:
        """(R, Θ) -> (R, H, S, A^R) the best reply by steps to go, evenly among equally good actions."""
        mean = np.einsum("ro,osa->rsa", beliefs, self.pay)
        value = np.zeros(mean.shape[:2])
        out = np.zeros((len(beliefs), self.horizon, *mean.shape[1:]))
        for k in range(self.horizon):
            q = mean + self.discount * np.einsum("sat,rt->rsa", self.moves, value)
            value = q.max(2)
            ties = q >= value[..., None] - SAME * (1.0 + np.abs(value[..., None]))
            out[:, k] = ties / ties.sum(2, keepdims=True)
        return out

    def worth(self, policies: Floats) -> Floats:
        """(R, H, S, A^R) -> (R, Θ) what the policies are worth from the start under each θ."""
        value = np.zeros((len(policies), len(self.pay), self.moves.shape[0]))
        for k in range(self.horizon):
            after = np.einsum("sat,rot->rosa", self.moves, value)
            value = np.einsum("rsa,rosa->ros", policies[:, k], self.pay[None] + self.discount * after)
        return np.asarray(value @ self.game.initial)

    def drawn(self, policies: Floats, rngs: Sequence[np.random.Generator], plays: int) -> Floats:
        """The same by the mean of so many drawn plays of each row."""
        out = np.zeros((len(policies), len(self.pay)))
        for r, rng in enumerate(rngs):
            state = _pick(np.tile(self.game.initial, (plays, 1)), rng)
            for step in range(self.horizon):
                act = _pick(policies[r, self.horizon - 1 - step][state], rng)
                out[r] += self.discount**step * self.pay[:, state, act].mean(1)
                state = _pick(self.moves[state, act], rng)
        return out

    def values(self, beliefs: Floats, rngs: Sequence[np.random.Generator] | None, plays: int) -> Floats:
        """(R, Θ) posteriors -> (R, P) outcomes."""
        policies = self.policies(beliefs)
        worth = self.worth(policies) if rngs is None else self.drawn(policies, rngs, plays)
        span = self.best - self.worst
        lost = np.where(span > 0, (self.best - worth) / np.where(span > 0, span, 1.0), 0.0)
        parts = {
            "belief": beliefs,
            "policy": policies[:, -1, self.deployed].reshape(len(beliefs), -1),
            # drawn plays may turn out better than the best is on average
            "regret": np.clip(lost, 0.0, 1.0) if rngs is None else lost,
        }
        return np.concatenate([parts[p.kind] for p in self.parts], axis=1)


def _weighed(weights: Floats, said: Floats) -> Floats:
    """(R, S) @ (S, Θ), where nothing at weight 0 counts, an impossibility neither."""
    never = np.isneginf(said)
    out = weights @ np.where(never, 0.0, said)
    return np.where((weights > 0).astype(np.float64) @ never > 0, -np.inf, out)


def _pick(chances: Floats, rng: np.random.Generator) -> Ints:
    """(N, K) probabilities -> (N,) drawn numbers."""
    edges = np.cumsum(chances, axis=1)
    u = rng.random(len(chances)) * edges[:, -1]
    return np.asarray((u[:, None] >= edges).sum(1).clip(max=chances.shape[1] - 1))


def _lay_out(settings: CirlSettings, materials: Materials) -> Apprentice:
    game = settings.told[0]
    if game.idle is None:
        raise PlanError(
            "In an apprenticeship one acts while the other does nothing, and this game has no such actions. Name them "
            "in its file: idle: {human: ACTION, robot: ACTION}."
        )
    horizon, discount, human = settings.steps, settings.gamma, settings.modelled
    alone_moves, alone_pay = game.transitions[:, :, game.idle[1]], game.rewards[:, :, :, game.idle[1]]
    likely = np.log(np.maximum(_expert(alone_moves, alone_pay, horizon, discount, human), np.finfo(float).tiny))
    likely[likely <= np.log(np.finfo(float).tiny)] = -np.inf
    said = np.zeros((materials.width, len(game.objectives)))
    for n, (where, payload) in enumerate(zip(where_of(materials), materials.slots.payloads, strict=True)):
        for s, h in _trajectory(where, entry_of(where, payload).fields, game, alone_moves):
            said[n] += likely[:, s, h]
    moves, pay = game.transitions[:, game.idle[0]], game.rewards[:, :, game.idle[0]]
    best, worst = (_alone(moves, pay, horizon, discount, pick) @ game.initial for pick in (np.max, np.min))
    deployed = _reached(moves, game.initial, horizon)
    parts = _parts(settings, game, deployed)
    return Apprentice(game, human, horizon, discount, said, best, worst, deployed, parts)


_LATEST: Latest[CirlSettings, Apprentice] = Latest(_lay_out)


def apprentice(settings: CirlSettings, materials: Materials) -> Apprentice:
    """What all rows share. Raises PlanError, with the item, for a demonstration that can't be."""
    return _LATEST.of(settings, materials)


def _expert(moves: Floats, pay: Floats, horizon: int, discount: float, human: Human) -> Floats:
    """(Θ, S, A^H) how an expert acts in isolation, so many steps ahead of the end."""
    value = _alone(moves, pay, horizon - 1, discount, np.max)
    return human.policy(pay + discount * np.einsum("sat,ot->osa", moves, value), axis=2)


def _alone(moves: Floats, pay: Floats, horizon: int, discount: float, pick: Any) -> Floats:
    """(Θ, S) best (or worst) values of whoever acts alone."""
    value = np.zeros(pay.shape[:2])
    for _ in range(horizon):
        value = pick(pay + discount * np.einsum("sat,ot->osa", moves, value), axis=2)
    return value


def _reached(moves: Floats, initial: Floats, horizon: int) -> Ints:
    """States that the robot may come to before its last action, ascending."""
    follows = np.asarray((moves > 0).any(1))
    seen = np.asarray(initial > 0)
    for _ in range(horizon - 1):
        seen = np.asarray(seen | follows[seen].any(0))
    return np.flatnonzero(seen)


def _trajectory(where: str, fields: Any, game: Game, moves: Floats) -> list[tuple[int, int]]:
    """A demonstration as numbers of states and actions. Raises PlanError for one that can't be."""
    said = fields.get("trajectory")
    if said is None and ("objective" in fields or "mass" in fields):
        raise PlanError(
            f"{where} is a piece of a prior, and an apprenticeship reads demonstrations: a field 'trajectory'. With "
            "form = 'game' the seed is a prior."
        )
    if not isinstance(said, Sequence) or isinstance(said, str) or not said:
        raise PlanError(f'{where} has no \'trajectory\': a list of [state, action], such as [["0,0", "north"]].')
    out: list[tuple[int, int]] = []
    for n, step in enumerate(said, 1):
        if not isinstance(step, Sequence) or isinstance(step, str) or len(step) != 2:
            raise PlanError(f"{where}: step {n} of its trajectory is {str(step)[:60]!r}, and no [state, action].")
        state, action = (str(x) for x in step)
        if state not in game.states:
            raise PlanError(f"{where}: step {n} is in no state of the game, {state!r}.{nearest(state, game.states)}")
        if action not in game.human:
            raise PlanError(f"{where}: step {n} is no action of the human's, {action!r}.{nearest(action, game.human)}")
        s, h = game.states.index(state), game.human.index(action)
        if out and not moves[out[-1][0], out[-1][1], s] > 0:
            before, did = game.states[out[-1][0]], game.human[out[-1][1]]
            may = ", ".join(repr(game.states[t]) for t in np.flatnonzero(moves[out[-1]])[:5])
            raise PlanError(
                f"{where}: step {n} is impossible: {did!r} in {before!r} never leads to {state!r} (it does to {may})."
            )
        out.append((s, h))
    return out


def _parts(settings: CirlSettings, game: Game, deployed: Ints) -> tuple[Part, ...]:
    names, truth = game.objectives, settings.truth
    states = [game.states[s] for s in deployed.tolist()]
    labels = tuple(float(n == truth) if truth else None for n in names)
    every = (
        Part(
            "belief", tuple(f"belief/{n}" for n in names), tuple(f"The robot believes in {n}." for n in names), labels
        ),
        Part(
            "policy",
            tuple(f"policy/{s}/{a}" for s in states for a in game.robot),
            tuple(f"In state {s}, the robot does: {a}." for s in states for a in game.robot),
            blocks=(len(game.robot),) * len(states),
            cases=tuple(f"in state {s}" for s in states),
        ),
        Part("regret", tuple(f"regret/{n}" for n in names), tuple(f"What is lost where {n} is meant." for n in names)),
    )
    return tuple(p for p in every if settings.outcome in ("all", p.kind))


def train(settings: CirlSettings, rows: Rows, materials: Materials) -> Outcomes:
    """Outcomes (R, P); a row whose demonstrations nothing explains is a recorded failure."""
    from activeseed.outcome import Outcomes
    from activeseed.systems.fields.batches import sound_weights

    shared = apprentice(settings, materials)
    weights, sound = sound_weights(rows, materials)
    beliefs = shared.beliefs(weights.astype(np.float64))
    ok = sound & np.isfinite(beliefs).all(1)
    values = np.full((len(rows), sum(len(p.ids) for p in shared.parts)), np.nan, np.float32)
    rngs = None
    if settings.rollouts:
        rngs = [generator(materials.root, "world", int(k)) for k in rows.stream("world")[ok].tolist()]
    if ok.any():
        values[ok] = shared.values(beliefs[ok], rngs, settings.rollouts)
    reasons = {True: "no objective explains all that was shown", False: "a weight is negative or not finite"}
    return Outcomes(values, ok, {int(r): reasons[bool(sound[r])] for r in np.flatnonzero(~ok)})
