"""Vector-Jacobian products of a plain league in the items' weights, exact: through its own unrolled training.

The league that has them is the one whose training is a smooth function of the weights: a linear evaluator against the
average of all archived policies. Its steps are taken once more, out of place and in the primal, so that autograd can go
back through every step of every round and through the policies that answered in between (Maclaurin, Duvenaud & Adams
2015, without their saving of memory). Outcomes are those of `league.training` up to rounding.

Cost of a row: about three times its training in the primal, and 8 · rounds · steps · (3n + 2d) bytes for n training
points of d features, which is what batches are cut by.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from activeseed.errors import PlanError
from activeseed.plan import Floats, Materials, Rows
from activeseed.systems.fields.batches import sound_weights
from activeseed.systems.fields.draws import Draws
from activeseed.systems.fields.linear import Linear
from activeseed.systems.fields.points import in_precision
from activeseed.systems.league import agents, opponents
from activeseed.systems.league.board import Board, board_of
from activeseed.systems.league.cost import MEBIBYTE
from activeseed.systems.league.settings import LeagueSettings
from activeseed.systems.league.training import rates_of


def pull_back(league: LeagueSettings, rows: Rows, materials: Materials, cotangents: Floats) -> Floats:
    """(R, P) cotangents -> (R, S) gradients in the slots' weights.

    NaN for a row that fails, and for one without any item, where training jumps: weights count relative to their sum.

    Raises:
        PlanError: a league that is not plain (see `LeagueSettings.is_smooth`).
    """
    if not league.is_smooth:
        raise PlanError(
            "This league has no gradients: they need evaluator = 'linear', opponents = 'average', and neither "
            "minibatches, drawn opponents, exploiters, generators, dreams, an adversary, unrolling, momentum, masks "
            "nor pretraining."
        )
    board = board_of(league, materials)
    n, d = board.points.train.shape
    per = max(1, league.memory_mb * MEBIBYTE // (8 * league.rounds * league.steps * (3 * n + 2 * d)))
    out = np.empty((len(rows), board.slots))
    for a in range(0, len(rows), per):
        part = slice(a, a + per)
        out[part] = _pulled(league, board, rows.take(part), materials, np.asarray(cotangents)[part])
    return out


def _pulled(league: LeagueSettings, board: Board, rows: Rows, materials: Materials, cotangents: Floats) -> Floats:
    weights, sound = sound_weights(rows, materials)
    given = in_precision(weights).requires_grad_()
    outcomes = replayed(league, board, given, Draws.of(materials.root, rows, league.held))
    (gradient,) = torch.autograd.grad(outcomes, given, torch.tensor(cotangents, dtype=outcomes.dtype))
    found: Floats = gradient.numpy().astype(np.float64)
    finite = torch.isfinite(outcomes.detach()).all(1).numpy()
    found[~(sound & finite & (weights.sum(1) > 0))] = np.nan
    return found


def replayed(league: LeagueSettings, board: Board, given: Tensor, draws: Draws) -> Tensor:
    """(R, P) outcomes of a plain league at weights (R, S), as autograd can follow."""
    points, s = board.points, board.slots
    evaluator = Linear(points, rates_of(league), league.init_scale)
    wanted = given / given.sum(1, keepdim=True).clamp(min=1e-12)
    params = evaluator.start(len(given), draws)
    archive = opponents.Archive()
    archive.add("main", policy=torch.full((len(given), len(board.pool)), 1.0 / len(board.pool)))
    for k in range(league.rounds):
        even = torch.ones(len(given), len(archive))
        against = archive.over_pool(opponents.match_weights("average", archive.roles, even))
        for _ in range(league.steps):
            approval = evaluator.train_scores(params).sigmoid()
            slope = torch.cat([(approval[:, :s] - 1.0) * wanted, approval[:, s:] * against], 1)
            params = evaluator.stepped(params, (slope @ points.train, slope.sum(1, keepdim=True)))
        if k < league.rounds - 1:
            archive.add("main", policy=agents.leashed(evaluator.train_scores(params)[:, s:], league.beta))
    if league.outcome == "policy":
        return agents.leashed(evaluator.train_scores(params)[:, s:], league.beta)
    return evaluator.probe_scores(params).sigmoid()
