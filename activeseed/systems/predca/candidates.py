"""Candidates: what the seed's entries say of who may have built the AI."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from activeseed.errors import ConfigError, PlanError, nearest
from activeseed.plan import Floats, Materials
from activeseed.seed import Entry, Payload
from activeseed.systems.predca.enumerating import program_length
from activeseed.systems.predca.world import Body, World, program_of, utility_of

#: name of each field of an entry -> what it holds
ENTRY_FIELDS: Mapping[str, str] = {
    "program": "a program of the world, one action, or a table: state -> action, or -> action -> probability",
    "body": "the body that it drives; that of the program where nothing is said",
    "mass": "prior weight, 0 or more; 1 where nothing is said",
    "utility": "what its author says it wants: a utility of the world, state -> number, or the states that are wanted",
    "complexity": "bits of its description; those of an enumerative code where nothing is said",
}


@dataclass(frozen=True, eq=False)
class Candidate:
    """A program that may be the user.

    Attributes:
        body: that it drives.
        table: (S, A) probabilities of its actions.
        mass: prior weight.
        utility: (S,) what its author says it wants; None where its behaviour is to tell.
        bits: K(G).
    """

    body: Body
    table: Floats
    mass: float
    utility: Floats | None
    bits: float


def candidate_of(name: str, payload: Payload, world: World) -> Candidate:
    """What an entry says. Raises PlanError with the item and the field that is wrong."""
    if not isinstance(payload, Entry):
        raise PlanError(
            f"PreDCA reads candidates, things with a program, and {name!r} is a {payload.kind!r}. Give every line a "
            "program and a mass."
        )
    said = payload.fields
    where = f"Candidate {name!r}"
    try:
        body, table = _program(where, said, world)
        utility = _utility(f"{where}, utility", said.get("utility"), world)
    except ConfigError as error:
        raise PlanError(str(error)) from error
    mass, bits = _number(where, "mass", said, 1.0), _number(where, "complexity", said, program_length(table))
    return Candidate(body, table, mass, utility, bits)


def _program(where: str, said: Mapping[str, Any], world: World) -> tuple[Body, Floats]:
    does, named = said.get("program"), said.get("body")
    if does is None:
        raise PlanError(f"{where} has no program, so nothing can be told of it.{nearest('program', said)}")
    body = ""
    if isinstance(does, str) and does in world.programs:
        body, table = world.programs[does]
    elif isinstance(does, str) and does not in world.actions:
        raise PlanError(
            f"{where}: no program of {world.name} is called {does!r}.{nearest(does, [*world.programs, *world.actions])}"
        )
    else:
        table = program_of(f"{where}, program", does, world.states, world.actions)
    body = str(named) if named is not None else body
    if not body and len(world.bodies) == 1:
        body = next(iter(world.bodies))
    if not body:
        raise PlanError(
            f"{where} has a program of its own, and nothing says which body it drives. Give it a body: "
            f"{', '.join(world.bodies)}."
        )
    if body not in world.bodies:
        raise PlanError(f"{where} never runs: {world.name} has no body {body!r}.{nearest(body, world.bodies)}")
    return world.bodies[body], table


def _utility(where: str, said: Any, world: World) -> Floats | None:
    if said is None:
        return None
    if isinstance(said, str):
        if said in world.utilities:
            return world.utilities[said]
        if said in world.states:
            return utility_of(where, [said], world.states)
        raise PlanError(f"{where} = {said!r} is unknown.{nearest(said, [*world.utilities, *world.states])}")
    return utility_of(where, said, world.states)


def _number(where: str, field: str, said: Mapping[str, Any], otherwise: float) -> float:
    value = said.get(field)
    if value is None:
        return otherwise
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number) or number < 0:
        raise PlanError(f"{where}: {field} = {str(value)[:40]!r}. Give a number, 0 or more.")
    return number


@dataclass(frozen=True, eq=False)
class Cast:
    """The candidates of a seed, slot by slot.

    Attributes:
        of: the candidate of each slot; None where its entry can't be read.
        unread: slot -> why.
        mass: (K,) prior weights, 0 where nothing was read.
    """

    of: tuple[Candidate | None, ...]
    unread: Mapping[int, str]
    mass: Floats


def cast_of(world: World, materials: Materials) -> Cast:
    """Every variant of every item that can be read; what an annotator typed may not be."""
    found: list[Candidate | None] = []
    unread: dict[int, str] = {}
    for slot, payload in enumerate(materials.slots.payloads):
        item = materials.seed.items[int(materials.slots.items[slot])]
        try:
            found.append(candidate_of(item.id, payload, world))
        except PlanError as error:
            unread[slot] = str(error)
            found.append(None)
    return Cast(tuple(found), unread, np.array([0.0 if c is None else c.mass for c in found]))
