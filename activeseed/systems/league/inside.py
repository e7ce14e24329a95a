"""What can be looked into after, and during, a league: its evaluator as a network, its course, its hidden units.

Rows are trained in the batches of `league.training`, by the same steps, and read while they are there: a state costs a
training, and the memory of what is handed out besides.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from activeseed.errors import PlanError, nearest
from activeseed.networks import Layout
from activeseed.plan import Materials, Rows
from activeseed.protocols import NETWORK, REPRESENTATION, TRAJECTORY
from activeseed.systems.fields.settings import looked_at
from activeseed.systems.league.board import board_of
from activeseed.systems.league.checking import places_of
from activeseed.systems.league.cost import rows_per_batch, sizes_of
from activeseed.systems.league.settings import LeagueSettings
from activeseed.systems.league.training import Game, outcome_of, played


def steps_of(league: LeagueSettings) -> tuple[int, ...]:
    """T numbers of gradient steps, over all rounds, after which a trajectory is read: four looks a round."""
    return looked_at(league.rounds, league.steps, each=4)


def layout_of(league: LeagueSettings, materials: Materials) -> Layout | None:
    """The evaluator's shape; None where the agents' policy is read."""
    if league.outcome == "policy":
        return None
    d = sizes_of(league, materials).features
    return Layout((d, league.hidden, 1) if league.evaluator == "mlp" else (d, 1))


def shape_of(league: LeagueSettings, materials: Materials, name: str) -> tuple[int, ...]:
    """The shape of a state of one row. Raises PlanError for one that these settings don't hand out."""
    places = len(places_of(league, materials))
    layout = layout_of(league, materials)
    if name == NETWORK and layout is not None:
        return (layout.size,)
    if name == TRAJECTORY:
        return len(steps_of(league)), places
    if name == REPRESENTATION and league.evaluator == "mlp":
        return places, league.hidden
    known = [NETWORK] * (layout is not None) + [TRAJECTORY] + [REPRESENTATION] * (league.evaluator == "mlp")
    why = ""
    if name == NETWORK:
        why = " The policy that responds to the evaluator is no function of one place: say outcome = 'evaluator'."
    elif name == REPRESENTATION:
        why = " A linear evaluator makes nothing of a place before its last layer: say evaluator = 'mlp'."
    raise PlanError(f"This league has no state {name!r}; it hands out {', '.join(known)}.{why or nearest(name, known)}")


def states(league: LeagueSettings, rows: Rows, materials: Materials, name: str) -> NDArray[np.float32]:
    """(R, …) the state of every row, single precision as it was trained; NaN where a row failed."""
    out = np.full((len(rows), *shape_of(league, materials, name)), np.nan, np.float32)
    per = rows_per_batch(league, board_of(league, materials).sizes)
    for a in range(0, len(rows), per):
        part = slice(a, a + per)
        _read(league, rows.take(part), materials, name, out[part])
    return out


def _read(league: LeagueSettings, rows: Rows, materials: Materials, name: str, out: NDArray[np.float32]) -> None:
    """One batch's state, into ``out``."""
    wanted = {step: t for t, step in enumerate(steps_of(league))} if name == TRAJECTORY else {}

    def watch(step: int, game: Game) -> None:
        if step in wanted:
            out[:, wanted[step]] = outcome_of(league, game).numpy()

    game, outcomes = played(league, rows, materials, watch if wanted else None)
    if name == NETWORK:
        out[:] = game.evaluator.flat(game.running).numpy()
    elif name == REPRESENTATION:
        at = game.board.pool if league.outcome == "policy" else game.board.points.probes
        units = game.evaluator.units(game.running, at)
        assert units is not None, "an MLP has hidden units"
        out[:] = units.numpy()
    out[~outcomes.ok] = np.nan
