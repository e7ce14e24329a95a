"""The seed as a prior: which objective each piece speaks for, and with how much mass."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from activeseed.errors import PlanError, nearest
from activeseed.plan import Floats, Ints, Materials
from activeseed.seed import Entry, Payload
from activeseed.systems.cirl.game import Game

#: fields of an entry -> what each holds
FIELDS: Mapping[str, str] = {
    "objective": "what may be wanted: the name of an objective of the game",
    "theta": "or its weights of the game's features",
    "mass": "how probable it is that this is wanted, relative to the other pieces",
    "trajectory": "what the human did, a list of [state, action] (apprenticeship)",
}


@dataclass(frozen=True)
class Prior:
    """What the slots of a seed say of the objectives.

    Attributes:
        game: with the objectives that pieces give by their weights, after its own.
        objective: (S,) which objective each slot speaks for.
        mass: (S,) how much, at weight one.
    """

    game: Game
    objective: Ints
    mass: Floats

    def beliefs(self, weights: Floats) -> Floats:
        """(R, S) weights of the slots -> (R, Θ) beliefs.

        Where no mass is left the robot was told nothing, and believes what the game says: all alike, or its prior.
        """
        each = np.zeros((len(self.mass), len(self.game.objectives)))
        each[np.arange(len(each)), self.objective] = self.mass
        masses = np.asarray(weights, np.float64) @ each
        total = masses.sum(1, keepdims=True)
        told = total > 0
        return np.where(told, masses / np.where(told, total, 1.0), self.game.masses)


def prior_of(game: Game, materials: Materials) -> Prior:
    """The pieces of the prior. Raises PlanError, with the item, for one that can't be read."""
    names = [_where(materials, n) for n in range(materials.width)]
    objectives: list[str] = list(game.objectives)
    vectors: list[list[float]] = []
    said, masses = [], []
    for where, payload in zip(names, materials.slots.payloads, strict=True):
        fields = entry_of(where, payload).fields
        if "objective" in fields:
            name = str(fields["objective"])
            if name not in game.objectives:
                raise PlanError(f"{where}: the game has no objective {name[:80]!r}.{nearest(name, game.objectives)}")
        elif "theta" in fields:
            vector = _weights(where, fields["theta"], game)
            name = "θ " + ", ".join(f"{w:.12g}" for w in vector)
            if name not in objectives:
                objectives.append(name)
                vectors.append(vector)
        else:
            known = ", ".join(game.objectives)
            raise PlanError(f"{where} speaks for no objective. Give it a field 'objective', one of: {known}.")
        said.append(objectives.index(name))
        default = game.masses[said[-1]] if said[-1] < len(game.objectives) else 1.0
        masses.append(_mass(where, fields.get("mass", float(default))))
    if vectors:
        game = game.with_weights(np.array(vectors), objectives[len(game.objectives) :])
    return Prior(game, np.array(said, np.int64), np.array(masses))


def entry_of(where: str, payload: Payload) -> Entry:
    """The payload as an entry. Raises PlanError for anything else."""
    if not isinstance(payload, Entry):
        raise PlanError(
            f"{where} is a {payload.kind}, and a CIRL game reads pieces of a prior: lines with a column 'objective' "
            "and one 'mass', or, for an apprenticeship, 'trajectory'."
        )
    return payload


def _where(materials: Materials, slot: int) -> str:
    item = materials.seed.items[int(materials.slots.items[slot])]
    variant = item.variants[int(materials.slots.variants[slot])]
    return f"Item {item.id!r}" + ("" if variant.id == "as_written" else f", variant {variant.id!r},")


def where_of(materials: Materials) -> list[str]:
    """What each slot is called in a message."""
    return [_where(materials, n) for n in range(materials.width)]


def _mass(where: str, value: Any) -> float:
    try:
        mass = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        mass = math.nan
    if not math.isfinite(mass) or mass < 0:
        raise PlanError(f"{where}: mass is {str(value)[:40]!r}. Give a finite number, 0 or more.")
    return mass


def _weights(where: str, value: Any, game: Game) -> list[float]:
    """Weights of the game's features, in their order or by their names."""
    if not game.features:
        raise PlanError(
            f"{where}: 'theta' weighs features, and this game has none. Name an objective: "
            f"{', '.join(game.objectives)}."
        )
    if isinstance(value, Mapping):
        for name in value:
            if name not in game.features:
                raise PlanError(f"{where}: the game has no feature {str(name)[:80]!r}.{nearest(name, game.features)}")
        value = [value.get(name, 0.0) for name in game.features]
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) != len(game.features):
        raise PlanError(
            f"{where}: 'theta' has to hold {len(game.features)} weights, of {', '.join(game.features)}, as a list or "
            "by their names."
        )
    out = []
    for name, weight in zip(game.features, value, strict=True):
        if isinstance(weight, bool) or not isinstance(weight, int | float) or not math.isfinite(weight):
            raise PlanError(
                f"{where}: the weight of {name!r} in 'theta' is {str(weight)[:40]!r}. Give a finite number."
            )
        out.append(float(weight))
    return out
