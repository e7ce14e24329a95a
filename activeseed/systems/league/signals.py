"""Unilateral signals that keep the evaluator ahead: they need no opponent (Bricman 2022).

*Adversarial training*: a minimal tweak of a positive, label kept. Positives count at the point within a radius where
the score is lowest, to first order (the fast gradient method, Goodfellow et al. 2015, in the Euclidean norm):
`fields.points.worst_case`, and in closed form, score − radius·‖θ‖, for a linear score.
*Contrastive dreams*: a radical tweak of a neutral input that maximises the score, labelled low.
"""

from __future__ import annotations

from torch import Tensor

from activeseed.systems.fields.draws import Draws
from activeseed.systems.fields.field import Field, Params
from activeseed.systems.league.board import Board


def neutral(board: Board, draws: Draws, count: int, round_: int) -> Tensor:
    """(R, m, d) neutral inputs: means of four outputs drawn from the pool, at the pool's mean length."""
    mean = board.pool[draws.integers("agents", len(board.pool), (count, 4), 1, round_)].mean(2)
    scale: Tensor = board.pool.norm(dim=1).mean() / mean.norm(dim=2, keepdim=True).clamp(min=1e-12)
    return mean * scale


def dream(evaluator: Field, params: Params, start: Tensor, steps: int) -> Tensor:
    """(R, m, d) inputs after normalised gradient ascent on the score, at the start's length.

    Each step is a fifth of that length, so ten steps can turn an input to any direction.
    """
    length = start.norm(dim=2, keepdim=True)
    at = start
    for _ in range(steps):
        slope = evaluator.slope(params, at)
        moved = at + slope * (0.2 * length / slope.norm(dim=2, keepdim=True).clamp(min=1e-12))
        at = moved * (length / moved.norm(dim=2, keepdim=True).clamp(min=1e-12))
    return at
