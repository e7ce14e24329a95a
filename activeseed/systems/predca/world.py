"""Worlds: states, what actions do there, the bodies that programs drive, and which of them build the AI.

Bodies move on their own, each from its start and by its own program. The AI comes to run once any body is in a state in
which it builds it. A file says a world in YAML; everything in it is checked, with the nearest known name.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from activeseed.checked import SettingsRecord
from activeseed.errors import ConfigError, nearest
from activeseed.plan import Floats
from activeseed.systems.predca.ring import RING

#: how far what has to sum to one may be from it
ROUNDING = 1e-6
#: start of a body that may be anywhere
ANYWHERE = "anywhere"


class BodyTable(SettingsRecord):
    """A body as a file says it.

    Attributes:
        start: a state, ``anywhere``, or state -> probability.
        builds: states in which it builds the AI.
        runs: the program that drives it in fact; none where that is unknown, and then it builds nothing unless a
            candidate does.
        transitions: its own, where they differ from the world's.
    """

    start: Any = ANYWHERE
    builds: tuple[str, ...] = ()
    runs: str = ""
    transitions: Mapping[str, Any] = Field(default_factory=dict)


class ProgramTable(SettingsRecord):
    """A program as a file says it.

    Attributes:
        body: that it drives.
        does: state -> action, or state -> (action -> probability); one action's name where it always does that.
    """

    body: str
    does: Any


class WorldTable(SettingsRecord):
    """A world as a file says it.

    Attributes:
        states, actions: their names.
        transitions: action -> state -> the state that it leads to, or that state -> probability.
        horizon: steps that are looked ahead; a utility is averaged over the states after each of them.
        ai: where the AI starts, as ``BodyTable.start``.
        bodies, programs: by name.
        utilities: name -> state -> number, or the states at which it is 1.
        subsets: utilities besides: 1 at up to so many states, 0 at the others.
    """

    states: tuple[str, ...] = Field(min_length=2)
    actions: tuple[str, ...] = Field(min_length=2)
    transitions: Mapping[str, Any]
    horizon: int = Field(default=12, ge=1, le=10_000)
    ai: Any = ANYWHERE
    bodies: Mapping[str, Any]
    programs: Mapping[str, Any] = Field(default_factory=dict)
    utilities: Mapping[str, Any] = Field(default_factory=dict)
    subsets: int = Field(default=0, ge=0, le=16)


@dataclass(frozen=True, eq=False)
class Body:
    """A body of a world of S states and A actions.

    Attributes:
        start: (S,) probabilities.
        moves: (A, S, S) probability of the state after, by action and state before.
        builds: (S,) 1 where it builds the AI.
        runs: name of the program that drives it in fact, or nothing.
    """

    name: str
    start: Floats
    moves: Floats
    builds: Floats
    runs: str = ""


@dataclass(frozen=True, eq=False)
class World:
    """A world that was read and checked.

    Attributes:
        name: what it is called in messages: ``ring``, or its file.
        digest: names its content; part of the system's revision.
        ai: the AI, which builds nothing.
        bodies: by name.
        programs: name -> the body that it drives, and (S, A) probabilities of its actions.
        utilities: name -> (S,).
        subsets: utilities besides, see ``WorldTable``.
    """

    name: str
    digest: str
    states: tuple[str, ...]
    actions: tuple[str, ...]
    horizon: int
    ai: Body
    bodies: Mapping[str, Body]
    programs: Mapping[str, tuple[str, Floats]]
    utilities: Mapping[str, Floats]
    subsets: int


@lru_cache(maxsize=64)
def ai_of(world: World, state: str) -> Body:
    """The AI in this state for sure, or, where none is named, where the world starts it. Raises ConfigError."""
    return replace(world.ai, start=start_of(f"{world.name}: start", state, world.states)) if state else world.ai


def read_world(name: str, folder: Path) -> World:
    """The built-in ``ring``, or the world of a YAML file. Raises ConfigError with the place that is wrong."""
    if name == "ring":
        return _ring()
    # a project's folder need not be there yet when a study is made, and then nothing can be looked for through it
    path = Path(os.path.normpath(folder / name))
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"world = {name!r} can't be read: {getattr(error, 'strerror', None) or error}. It is the ring, or a YAML "
            "file. A relative path starts at the project's folder; with `activeseed init` it may start where the "
            "command is given."
        ) from error
    return _parsed(name, text)


@lru_cache(maxsize=8)
def _parsed(name: str, text: str) -> World:
    """The world of a file's text: equal texts are one world, whose policies are enumerated once."""
    import yaml

    try:
        said = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise ConfigError(f"{name} is no valid YAML: {' '.join(str(error).split())[:200]}.") from error
    if not isinstance(said, Mapping):
        raise ConfigError(f"{name} holds no table. Write states, actions, transitions and bodies, each with its name.")
    try:
        return _world(name, {str(k): v for k, v in said.items()})
    except ConfigError as error:
        raise error if str(error).startswith(name) else ConfigError(f"{name}: {error}") from error


@lru_cache(maxsize=1)
def _ring() -> World:
    return _world("ring", RING)


def _world(name: str, said: Mapping[str, Any]) -> World:
    table = WorldTable(**said)
    for what, names in (("states", table.states), ("actions", table.actions)):
        if len(set(names)) != len(names):
            twice = next(n for n in names if names.count(n) > 1)
            raise ConfigError(f"{name}: {what} names {twice!r} twice. Give each its own name.")
    states, actions = table.states, table.actions
    if not table.bodies:
        raise ConfigError(f"{name}: there are no bodies, so nobody could have built the AI. Name one at least.")
    moves = _moves(f"{name}, transitions", table.transitions, states, actions)
    bodies: dict[str, Body] = {}
    for called, value in table.bodies.items():
        where = f"{name}, bodies.{called}"
        body = _record(where, BodyTable, value)
        own = _moves(f"{where}.transitions", body.transitions, states, actions) if body.transitions else moves
        builds = indicator(f"{where}.builds", body.builds, states)
        bodies[called] = Body(called, start_of(f"{where}.start", body.start, states), own, builds, body.runs)
    programs: dict[str, tuple[str, Floats]] = {}
    for called, value in table.programs.items():
        where = f"{name}, programs.{called}"
        program = _record(where, ProgramTable, value)
        _known(f"{where}: body", program.body, bodies)
        programs[called] = program.body, program_of(where, program.does, states, actions)
    for body in bodies.values():
        if body.runs:
            _known(f"{name}, bodies.{body.name}: runs", body.runs, programs)
            if programs[body.runs][0] != body.name:
                raise ConfigError(
                    f"{name}, bodies.{body.name}: runs = {body.runs!r}, which drives {programs[body.runs][0]!r}. "
                    "Name a program of this body."
                )
    if not any(b.builds.any() for b in bodies.values()):
        raise ConfigError(f"{name}: no body builds the AI anywhere, so it never comes to run. Say builds of one.")
    utilities = {str(n): utility_of(f"{name}, utilities.{n}", values, states) for n, values in table.utilities.items()}
    if not utilities and not table.subsets:
        raise ConfigError(f"{name}: there are no utilities that anybody could have. Name some, or set subsets.")
    content = f"{table.model_dump_json()}".encode()
    return World(
        name, hashlib.sha256(content).hexdigest()[:12], states, actions, table.horizon,
        Body("", start_of(f"{name}, ai", table.ai, states), moves, np.zeros(len(states))), bodies, programs, utilities,
        min(table.subsets, len(states)),
    )  # fmt: skip


def _record(where: str, kind: Any, value: Any) -> Any:
    if not isinstance(value, Mapping):
        raise ConfigError(f"{where} is {str(value)[:40]!r}. Write a table of {', '.join(kind.model_fields)}.")
    try:
        return kind(**{str(k): v for k, v in value.items()})
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from error


def _known(where: str, name: str, known: Mapping[str, Any] | Sequence[str]) -> None:
    if name not in known:
        raise ConfigError(f"{where} = {name!r} is unknown.{nearest(name, known)}")


def _moves(where: str, said: Mapping[str, Any], states: Sequence[str], actions: Sequence[str]) -> Floats:
    """(A, S, S)."""
    out = np.zeros((len(actions), len(states), len(states)))
    for name in said:
        _known(where, str(name), actions)
    for a, action in enumerate(actions):
        rows = said.get(action)
        if not isinstance(rows, Mapping):
            raise ConfigError(f"{where}: {action!r} has no table. Write the state that it leads to, for each state.")
        by_state = _whole(f"{where}.{action}", rows, states)
        for s, row in enumerate(by_state):
            out[a, s] = start_of(f"{where}.{action}.{states[s]}", row, states)
    return out


def _whole(where: str, said: Any, names: Sequence[str]) -> list[Any]:
    """What is said for each name, in their order; a list has to be as long."""
    if isinstance(said, Mapping):
        table = {str(k): v for k, v in said.items()}
        for name in table:
            _known(where, name, names)
        missing = [n for n in names if n not in table]
        if missing:
            raise ConfigError(
                f"{where} says {len(table)} of {len(names)} states; {', '.join(missing[:5])} "
                f"{'is' if len(missing) == 1 else 'are'} missing. Say what holds in each."
            )
        return [table[n] for n in names]
    if isinstance(said, list | tuple):
        if len(said) != len(names):
            raise ConfigError(f"{where} has {len(said)} entries, and there are {len(names)} states. Give one a state.")
        return list(said)
    raise ConfigError(f"{where} is {str(said)[:40]!r}. Write a table, state by state.")


def start_of(where: str, said: Any, states: Sequence[str]) -> Floats:
    """(S,) probabilities: a state, ``anywhere``, or state -> probability."""
    if isinstance(said, Mapping):
        return _probabilities(where, said, states)
    if said == ANYWHERE:
        return np.full(len(states), 1.0 / len(states))
    _known(where, str(said), states)
    return np.asarray(np.arange(len(states)) == list(states).index(str(said)), np.float64)


def _probabilities(where: str, said: Mapping[Any, Any], names: Sequence[str]) -> Floats:
    out = np.zeros(len(names))
    for name, p in said.items():
        _known(where, str(name), names)
        if isinstance(p, bool) or not isinstance(p, int | float) or not 0.0 <= p <= 1.0:
            raise ConfigError(f"{where}: {name!r} has {str(p)[:40]!r}. Give a probability from 0 to 1.")
        out[list(names).index(str(name))] = p
    if abs(out.sum() - 1.0) > ROUNDING:
        raise ConfigError(f"{where}: the probabilities sum to {out.sum():g}. They have to sum to 1.")
    return np.asarray(out / out.sum())


def program_of(where: str, said: Any, states: Sequence[str], actions: Sequence[str]) -> Floats:
    """(S, A) probabilities of actions: a table state -> action (or its probabilities), a list, or one action."""
    rows = [said] * len(states) if isinstance(said, str) else _whole(where, said, states)
    out = np.zeros((len(states), len(actions)))
    for s, row in enumerate(rows):
        if isinstance(row, Mapping):
            out[s] = _probabilities(f"{where}.{states[s]}", row, actions)
        else:
            _known(f"{where}.{states[s]}", str(row), actions)
            out[s, list(actions).index(str(row))] = 1.0
    return out


def utility_of(where: str, said: Any, states: Sequence[str]) -> Floats:
    """(S,) numbers: a table state -> number (0 where nothing is said), or a list of the states at which it is 1.

    Raises ConfigError for one that is the same in all states: no behaviour could tell that anybody wants it.
    """
    if isinstance(said, Mapping):
        out: Floats = np.zeros(len(states))
        for name, value in said.items():
            _known(where, str(name), states)
            if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
                raise ConfigError(f"{where}: {name!r} has {str(value)[:40]!r}. Give a number.")
            out[list(states).index(str(name))] = value
    elif isinstance(said, list | tuple) and said and all(isinstance(n, str) for n in said):
        out = indicator(where, said, states)
    else:
        raise ConfigError(f"{where} is {str(said)[:40]!r}. Write state: number, or the states that are wanted.")
    if np.ptp(out) == 0:
        raise ConfigError(f"{where} is {out[0]:g} in every state. A constant utility tells nothing: let it differ.")
    return out


def indicator(where: str, names: Sequence[str], states: Sequence[str]) -> Floats:
    """(S,) 1 at the states that are named."""
    for name in names:
        _known(where, str(name), states)
    return np.array([float(s in names) for s in states])
