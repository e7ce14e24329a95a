"""The league's loop: all rows of a batch play their leagues at once, in stacked tensors.

There is no loop over rows anywhere. Rows whose evaluator diverges are recorded failures; they don't touch others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from activeseed.outcome import Outcomes
from activeseed.plan import Materials, Rows
from activeseed.systems.fields.batches import in_batches, read_off, sound_weights
from activeseed.systems.fields.choosing import chosen_field
from activeseed.systems.fields.descending import Descent, Masks, masked
from activeseed.systems.fields.draws import Draws, Minibatches
from activeseed.systems.fields.field import Field, Params, Rates
from activeseed.systems.fields.points import in_precision
from activeseed.systems.fields.pretraining import chosen_labels, pretrain
from activeseed.systems.league import agents, opponents, signals, unroll
from activeseed.systems.league.board import Board, board_of
from activeseed.systems.league.checking import places_of
from activeseed.systems.league.cost import rows_per_batch
from activeseed.systems.league.settings import LeagueSettings


def train(league: LeagueSettings, rows: Rows, materials: Materials) -> Outcomes:
    """Outcomes of every row, in batches that keep to the memory bound."""
    per = rows_per_batch(league, board_of(league, materials).sizes)
    places = len(places_of(league, materials))
    return in_batches(lambda part: _train_batch(league, part, materials), rows, per, places)


def _train_batch(league: LeagueSettings, rows: Rows, materials: Materials) -> Outcomes:
    return played(league, rows, materials)[1]


def played(
    league: LeagueSettings, rows: Rows, materials: Materials, watch: Watch | None = None
) -> tuple[Game, Outcomes]:
    """The leagues of one batch after their last round, and what is read of them."""
    weights, sound = sound_weights(rows, materials)
    with torch.no_grad():
        game = play(league, rows, materials, weights=weights, watch=watch)
        train_scores = game.evaluator.train_scores(game.running)
        at_items = train_scores[:, game.board.as_written].sigmoid().numpy()
        values = outcome_of(league, game).numpy()
    diverged = f"the evaluator diverged (NaN) at learning_rate {league.rate:g}; lower it"
    return game, read_off(values, at_items, sound, diverged)


def outcome_of(league: LeagueSettings, game: Game) -> Tensor:
    """(R, P) what is read of the evaluators as they are now."""
    if league.outcome == "policy":
        return agents.leashed(game.evaluator.train_scores(game.running)[:, game.board.slots :], league.beta)
    return game.evaluator.probe_scores(game.running).sigmoid()


@dataclass
class Game:
    """A batch of leagues after their last round.

    Attributes:
        params: the final evaluators.
        archive: every agent that ever played, π₀ first.
        met: ρ (R, J_k) that the evaluator of each round met its opponents with.
        past: evaluators of each round, kept where exploiters or the payoff matrix need them.
        mask: factors on the parameters, on wherever outcomes are read; empty for none.
    """

    board: Board
    evaluator: Field
    params: Params
    archive: opponents.Archive
    met: list[Tensor] = field(default_factory=list)
    past: list[Params] = field(default_factory=list)
    mask: list[Tensor | None] = field(default_factory=list)

    @property
    def running(self) -> Params:
        """The evaluators as they are read."""
        return masked(self.params, self.mask) if self.mask else self.params

    def payoff(self) -> Tensor:
        """(R, E, A) acceptance rates of every agent under the evaluator of every round (needs ``keep``)."""
        rows = []
        for params in self.past:
            scores = self.evaluator.train_scores(params)[:, self.board.slots :]
            rows.append(won_against(self.evaluator, params, self.archive, scores))
        return torch.stack(rows, 1)


Watch: TypeAlias = "Callable[[int, Game], None]"


def play(
    league: LeagueSettings,
    rows: Rows,
    materials: Materials,
    *,
    weights: NDArray[np.float32] | None = None,
    keep: bool = False,
    watch: Watch | None = None,
) -> Game:
    """Play the leagues of one batch.

    Args:
        keep: every round's evaluator is kept, for `Game.payoff`.
        watch: called with the number of gradient steps so far, before the first (0) and after each. Parameters move in
            place: what is wanted of them is copied.
    """
    board = board_of(league, materials)
    draws = Draws.of(materials.root, rows, league.held)
    evaluator = _evaluator(league, board)
    given = in_precision(rows.weights(materials.slots) if weights is None else weights)
    wanted = given / given.sum(1, keepdim=True).clamp(min=1e-12)  # a row without items meets negatives alone
    game = Game(board, evaluator, evaluator.start(len(rows), draws), opponents.Archive())
    descent = _descent(league, game, draws)
    uniform = torch.full((len(rows), len(board.pool)), 1.0 / len(board.pool))
    game.archive.add("main", policy=uniform)
    if watch is not None:
        watch(0, game)
    batches = None
    if league.minibatch:
        batches = Minibatches(draws, board.item_of, len(board.as_written), league.minibatch)
    scores = odds = torch.zeros_like(uniform)
    roam = home = agents.births(board, draws, league.generators) if league.generators else None
    dreamt: list[Tensor] = []
    scores_of_past: list[Tensor] = []
    exploit = torch.zeros_like(uniform) if league.exploiters else None
    for k in range(league.rounds):
        rho = _matches(league, game, draws, scores, k)
        game.met.append(rho)
        against = game.archive.over_pool(rho)
        own = _own(league, game.archive.own_points(rho), dreamt)
        _descend(league, game, descent, batches, wanted, against, own, odds, k, watch)
        if keep:
            game.past.append([p.clone() for p in game.params])
        if k == league.rounds - 1:
            break  # whoever joins now meets no evaluator
        scores = evaluator.train_scores(game.params)[:, board.slots :]
        odds = scores / league.beta
        if league.unroll and league.unrolled == "evaluator":
            odds = unroll.look_ahead(
                evaluator, game.params, wanted, against,
                beta=league.beta, steps=league.unroll, share=league.future_share,
            )  # fmt: skip
        game.archive.add("main", policy=torch.softmax(odds, 1))
        if exploit is not None:
            scores_of_past.append(scores)
            sharp = league.beta * league.exploiter_leash
            game.archive.add("main_exploiter", policy=agents.leashed(scores, sharp))
            exploit = opponents.league_exploiter(exploit, scores_of_past, sharp, draws, k)
            game.archive.add("league_exploiter", policy=torch.softmax(exploit, 1))
        if roam is not None and home is not None:
            roam = agents.climb(
                evaluator, game.params, roam, home,
                beta=league.beta, spread=league.generator_spread, steps=league.generator_steps,
            )  # fmt: skip
            game.archive.add("generator", points=roam)
        if league.dreams:
            start = signals.neutral(board, draws, league.dreams, k)
            dreamt.append(signals.dream(evaluator, game.params, start, league.dream_steps))
    return game


def _evaluator(league: LeagueSettings, board: Board) -> Field:
    return chosen_field(
        league.evaluator, board.points, rates_of(league), league.hidden, league.init_scale, league.adversarial_radius
    )


def _descent(league: LeagueSettings, game: Game, draws: Draws) -> Descent:
    """How the evaluators move, once they stand where they start from."""
    field, board = game.evaluator, game.board
    if league.pretrained:
        n = len(board.points.train)
        if league.pretrained_on == "pool":
            labels = chosen_labels(draws, n, (n - board.slots) // 2, board.slots)
        else:
            labels = chosen_labels(draws, n, board.slots)
        there = chosen_field(league.evaluator, board.points, rates_of(league), league.hidden, league.init_scale)
        pretrain(there, game.params, labels, league.pretrained)
    masks = Masks(field, draws, league.dropout, league.dropconnect) if league.has_masks else None
    if masks is not None and league.masked != "training":
        game.mask = masks.at_run()
    return Descent(field, league.momentum, None if league.masked == "run" else masks)


def rates_of(league: LeagueSettings) -> Rates:
    """The evaluator's rates."""
    return Rates(league.rate, league.rate * league.bias_rate, league.rate * league.l2)


def _matches(league: LeagueSettings, game: Game, draws: Draws, scores: Tensor, round_: int) -> Tensor:
    """(R, J) weights of the opponents in this round."""
    roles = game.archive.roles
    rows = len(game.params[0])
    if len(roles) == 1:
        return torch.ones(rows, 1)
    won = torch.empty(rows, len(roles))
    if league.opponents == "prioritised":
        won = won_against(game.evaluator, game.params, game.archive, scores)
    rho = opponents.match_weights(league.opponents, roles, won)
    return opponents.drawn_weights(rho, draws, league.drawn, round_) if league.drawn else rho


def won_against(evaluator: Field, params: Params, archive: opponents.Archive, scores: Tensor) -> Tensor:
    """(R, J) acceptance rate of every archived agent under these evaluators, whose scores over the pool are known."""
    own = [None if p is None else evaluator.own_scores(params, p).sigmoid() for p in archive.points]
    return opponents.acceptance(archive, scores.sigmoid(), own)


def _own(
    league: LeagueSettings, generated: tuple[Tensor, Tensor] | None, dreamt: list[Tensor]
) -> tuple[Tensor, Tensor] | None:
    """Points (R, m, d) that only a row has, and their weights (R, m) as negatives."""
    if not dreamt:
        return generated
    points = torch.cat(dreamt, 1)
    weights = torch.full(points.shape[:2], league.dream_weight / points.shape[1])
    if generated is None:
        return points, weights
    return torch.cat([generated[0], points], 1), torch.cat([generated[1], weights], 1)


def _descend(
    league: LeagueSettings,
    game: Game,
    descent: Descent,
    batches: Minibatches | None,
    wanted: Tensor,
    against: Tensor,
    own: tuple[Tensor, Tensor] | None,
    odds: Tensor,
    round_: int,
    watch: Watch | None = None,
) -> None:
    """One round's gradient steps of the evaluators, in place.

    dLoss/dscore is w(σ − 1) at a positive and ρσ at a negative.
    """
    s = game.board.slots
    looks_ahead = league.unroll > 0 and league.unrolled == "agents"
    present = against * (1.0 - league.future_share) if looks_ahead else against
    mass = torch.cat([wanted, present], 1)
    here = wanted
    at, own_mass = own if own is not None else (None, None)
    for step in range(round_ * league.steps, (round_ + 1) * league.steps):
        if batches is not None:
            here = batches.weights(wanted, step)
            mass[:, :s] = here
        reading = descent.read(game.params, step, at)
        future = unroll.foreseen(reading.shared[:, s:], odds, league.beta, league.unroll) if looks_ahead else None
        slope = reading.shared.sigmoid_().mul_(mass)
        slope[:, :s].sub_(here)
        if future is not None:
            slope[:, s:].add_(future, alpha=league.future_share)
        own_slope = None
        if reading.own is not None and own_mass is not None:
            own_slope = reading.own.sigmoid().mul_(own_mass)
        descent.move(game.params, reading, slope, own_slope, at)
        if watch is not None:
            watch(step + 1, game)
