"""Agents: policies over the pool, and generators in the embedding space, each on a leash.

A policy maximises E_π[score] − β KL(π ‖ π₀); the maximum is π ∝ π₀ exp(score/β) (the KL-regularised objective of RLHF).
π₀ is uniform over the pool. A generator is a Gaussian of fixed width σ around a point x that started at x₀; the same
leash reads KL = ‖x − x₀‖²/2σ², and x climbs score − β‖x − x₀‖²/2σ², staying at the length that x₀ had, since
embeddings have one.
"""

from __future__ import annotations

import torch
from torch import Tensor

from activeseed.systems.fields.draws import Draws
from activeseed.systems.fields.field import Field, Params
from activeseed.systems.league.board import Board


def leashed(scores: Tensor, beta: float) -> Tensor:
    """(R, N) policies π ∝ π₀ exp(score/β), π₀ uniform."""
    return torch.softmax(scores / beta, dim=1)


def births(board: Board, draws: Draws, count: int) -> Tensor:
    """(R, m, d) starts of generators: outputs of the pool, drawn from stream ``agents``."""
    return board.pool[draws.integers("agents", len(board.pool), (count,), 0)]


def climb(
    evaluator: Field, params: Params, at: Tensor, home: Tensor, *, beta: float, spread: float, steps: int
) -> Tensor:
    """(R, m, d) generators after some steps of ascent on score − β‖x − x₀‖²/2σ².

    The step size σ²/2β halves the distance to the optimum of a linear score in each step.
    """
    length = home.norm(dim=2, keepdim=True)
    size = spread**2 / (2 * beta)
    for _ in range(steps):
        moved = at + size * evaluator.slope(params, at) - (at - home) / 2
        at = moved * (length / moved.norm(dim=2, keepdim=True).clamp(min=1e-12))
    return at
