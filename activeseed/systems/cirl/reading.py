"""Games from files: YAML or JSON, a few lines that say what follows and what it is worth.

    states: [raw, done, burnt]
    human: [wait, stir]
    robot: [wait, heat]
    objectives: [soup, stew]          # or a table of weights of features: soup: {warm: 1}
    initial: raw                      # or a table of probabilities
    transitions:                      # the last line that holds decides; where none does, the state stays
      - {robot: heat, to: done}
      - {state: done, robot: heat, to: {burnt: 0.8, done: 0.2}}
    rewards:                          # all lines that hold add up
      - {objective: soup, to: done, value: 1}
      - {human: stir, value: -0.1}
    features:                         # likewise, where objectives weigh features
      - {feature: warm, to: done, value: 1}
    horizon: 3
    discount: 0.9
    idle: {human: wait, robot: wait}  # for an apprenticeship, in which one acts at a time
    prior: {soup: 0.5, stew: 0.5}     # of pieces that say no mass

A line holds where all that it names does: ``state``, ``human``, ``robot``, ``objective`` or ``feature``, each a name, a
list of names, or left out for all; ``to`` in rewards and features counts by the probability of getting there.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from activeseed.errors import ConfigError, nearest
from activeseed.plan import Floats
from activeseed.systems.cirl.game import Game, check_size, check_sound

KEYS = (
    "states", "human", "robot", "objectives", "initial", "transitions", "rewards", "features", "horizon", "discount",
    "idle", "prior",
)  # fmt: skip


def read_game(text: str, where: str) -> Game:
    """A game from YAML, of which JSON is a part. Raises ConfigError with the place of what is wrong."""
    import yaml

    try:
        found = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError) as error:
        raise ConfigError(f"{where} is no valid YAML: {' '.join(str(error).split())[:200]}.") from error
    if not isinstance(found, Mapping):
        raise ConfigError(
            f"{where} holds no table. Write 'states:', 'human:', 'robot:' and 'objectives:', a list each."
        )
    for key in found:
        if key not in KEYS:
            raise ConfigError(f"{where}: unknown key {str(key)[:80]!r}.{nearest(key, KEYS)}")
    return _Reader(found, where).game()


@dataclass(frozen=True)
class _Reader:
    """One file."""

    said: Mapping[str, Any]
    where: str

    def game(self) -> Game:
        states, human, robot = (self._names(key) for key in ("states", "human", "robot"))
        objectives, weights = self._objectives()
        check_size(len(states), len(human), len(robot), len(objectives), self.where)
        axes = {"state": states, "human": human, "robot": robot}
        transitions = self._transitions(axes)
        rewards = self._added("rewards", "objective", objectives, axes, transitions)
        features = self._features(weights)
        values = self._added("features", "feature", features, axes, transitions) if features else None
        # what no line says of one objective is everybody's, those of the seed's own weights included
        shared = self._added("rewards", "", ("",), axes, transitions)[0]
        if weights and values is not None:
            table = np.array([[self._number("objectives", of.get(f, 0.0)) for f in features] for of in weights])
            rewards = rewards + np.tensordot(table, values, axes=1)
        game = Game(
            states, human, robot, objectives, transitions, rewards, self._distribution("initial", states),
            self._whole("horizon", 3), self._share("discount", 1.0), self._idle(human, robot),
            self._distribution("prior", objectives) if "prior" in self.said else None, features, values, shared,
        )  # fmt: skip
        check_sound(game, self.where)
        return game

    def _fail(self, message: str) -> ConfigError:
        return ConfigError(f"{self.where}: {message}")

    def _names(self, key: str) -> tuple[str, ...]:
        said = self.said.get(key)
        if not isinstance(said, Sequence) or isinstance(said, str) or not said:
            raise self._fail(f"{key!r} has to be a list of names, one at least.")
        out = tuple(_name(n) for n in said)
        twice = next((n for n in out if out.count(n) > 1), None)
        if twice is not None or not all(out):
            raise self._fail(f"{key!r} names {twice!r} twice." if twice else f"{key!r} holds an empty name.")
        return out

    def _objectives(self) -> tuple[tuple[str, ...], list[Mapping[str, Any]]]:
        """Names, and the weights of features of each where there are any."""
        said = self.said.get("objectives")
        if not isinstance(said, Mapping):
            return self._names("objectives"), []
        odd = next((n for n, of in said.items() if not isinstance(of, Mapping)), None)
        if odd is not None or not said:
            raise self._fail(f"objective {odd!r} has to be a table of weights of features, such as {{warm: 1}}.")
        return tuple(_name(n) for n in said), list(said.values())

    def _features(self, weights: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
        """The features, in the order in which lines name them."""
        names: dict[str, None] = {}
        for n, line in enumerate(self._lines("features"), 1):
            if "feature" not in line:
                raise self._fail(f"line {n} of 'features' names no feature. Say which it is, with feature: NAME.")
            names |= dict.fromkeys(_several(line["feature"]))
        for of in weights:
            for name in of:
                if _name(name) not in names:
                    raise self._fail(f"objectives weigh the feature {_name(name)!r}.{nearest(name, names)}")
        return tuple(names)

    def _lines(self, key: str) -> list[Mapping[str, Any]]:
        said = self.said.get(key) or []
        if not isinstance(said, Sequence) or isinstance(said, str) or not all(isinstance(x, Mapping) for x in said):
            raise self._fail(f"{key!r} has to be a list of lines such as {{state: raw, to: done}}.")
        return list(said)

    def _at(self, key: str, n: int, line: Mapping[str, Any], axes: Mapping[str, Sequence[str]]) -> list[list[int]]:
        """Numbers of what a line names on each axis; all where it names nothing."""
        out = []
        for axis, names in axes.items():
            found = []
            for name in _several(line[axis]) if axis in line else names:
                if name not in names:
                    raise self._fail(f"line {n} of {key!r}: there is no {axis} {name[:80]!r}.{nearest(name, names)}")
                found.append(names.index(name))
            out.append(found)
        return out

    def _only(self, key: str, n: int, line: Mapping[str, Any], known: Sequence[str]) -> None:
        for name in line:
            if name not in known:
                raise self._fail(f"line {n} of {key!r}: unknown key {str(name)[:80]!r}.{nearest(name, known)}")

    def _transitions(self, axes: Mapping[str, Sequence[str]]) -> Floats:
        s, h, r = (len(names) for names in axes.values())
        out = np.zeros((s, h, r, s))
        out[np.arange(s), :, :, np.arange(s)] = 1.0
        for n, line in enumerate(self._lines("transitions"), 1):
            self._only("transitions", n, line, (*axes, "to"))
            if "to" not in line:
                raise self._fail(f"line {n} of 'transitions' says not where to. Add to: STATE, or a table of states.")
            at = np.ix_(*self._at("transitions", n, line, axes))
            out[at] = self._reached(n, line["to"], axes["state"])
        return out

    def _reached(self, n: int, to: Any, states: Sequence[str]) -> Floats:
        said = to if isinstance(to, Mapping) else {to: 1.0}
        out = np.zeros(len(states))
        for name, chance in said.items():
            if _name(name) not in states:
                raise self._fail(
                    f"line {n} of 'transitions': there is no state {_name(name)!r}.{nearest(name, states)}"
                )
            out[states.index(_name(name))] = self._number(f"line {n} of 'transitions'", chance)
        return out

    def _added(
        self, key: str, of: str, names: Sequence[str], axes: Mapping[str, Sequence[str]], transitions: Floats
    ) -> Floats:
        """(len(names), S, A^H, A^R) what lines add up to; where ``of`` is empty, lines that name no objective."""
        out = np.zeros((len(names), *transitions.shape[:3]))
        for n, line in enumerate(self._lines(key), 1):
            if not of and "objective" in line:
                continue
            self._only(key, n, line, (of, *axes, "to", "value"))
            which, *at = self._at(key, n, line, {of: names, **axes})
            value = self._number(f"line {n} of {key!r}", line.get("value"))
            ends = self._at(key, n, {"state": line["to"]}, {"state": axes["state"]})[0] if "to" in line else None
            here = np.ix_(*at)
            chance = np.ones_like(transitions[here][..., 0]) if ends is None else transitions[here][..., ends].sum(-1)
            out[np.ix_(which, *at)] += value * chance
        return out

    def _distribution(self, key: str, names: Sequence[str]) -> Floats:
        said = self.said.get(key, names[0])
        said = said if isinstance(said, Mapping) else {said: 1.0}
        out = np.zeros(len(names))
        for name, mass in said.items():
            if _name(name) not in names:
                raise self._fail(f"{key!r} names {_name(name)!r}.{nearest(name, names)}")
            out[list(names).index(_name(name))] = self._number(repr(key), mass)
        return out

    def _idle(self, human: Sequence[str], robot: Sequence[str]) -> tuple[int, int] | None:
        said = self.said.get("idle")
        if said is None:
            return None
        if not isinstance(said, Mapping) or {*said} != {"human", "robot"}:
            raise self._fail("'idle' has to name an action of each: {human: wait, robot: wait}.")
        at = self._at("idle", 1, said, {"human": human, "robot": robot})
        return at[0][0], at[1][0]

    def _number(self, what: str, value: Any) -> float:
        try:
            number = math.nan if isinstance(value, bool) else float(value)
        except (TypeError, ValueError, OverflowError):
            number = math.nan
        if not math.isfinite(number):
            raise self._fail(f"{what} holds {str(value)[:40]!r}. Give a finite number.")
        return number

    def _whole(self, key: str, otherwise: int) -> int:
        number = self._number(repr(key), self.said.get(key, otherwise))
        if not number.is_integer() or not 1 <= number <= 50:
            raise self._fail(f"{key} = {number:g}: it has to be a whole number from 1 to 50.")
        return int(number)

    def _share(self, key: str, otherwise: float) -> float:
        number = self._number(repr(key), self.said.get(key, otherwise))
        if not 0 < number <= 1:
            raise self._fail(f"{key} = {number:g}: it has to be above 0 and at most 1.")
        return number


def _name(value: Any) -> str:
    """A name as it is written; YAML reads yes, no and numbers as what they are."""
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _several(value: Any) -> list[str]:
    said = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
    return [_name(v) for v in said]
