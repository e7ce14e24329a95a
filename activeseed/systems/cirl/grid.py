"""A gridworld: a human and a robot move one cart over cells, and only the human knows which of them are good.

Each step the human moves the cart or lets it stand, then the robot does; a move may slip, and one off the grid stays.
The reward is θ · φ(cell that is reached), less what a move costs: the human half as much as a goal is worth a step, the
robot a fifth of that. Features φ are ``goals`` (one cell each) or ``radial`` (Gaussians about cells, Hadfield-Menell
2016).
"""

from __future__ import annotations

import itertools
from typing import Literal

import numpy as np

from activeseed.plan import Floats
from activeseed.systems.cirl.game import Game

MOVES = {"stay": (0, 0), "north": (0, 1), "east": (1, 0), "south": (0, -1), "west": (-1, 0)}
HUMAN_EFFORT, ROBOT_EFFORT = 0.25, 0.05


def grid_world(width: int, height: int, slip: float, features: Literal["goals", "radial"]) -> Game:
    """The game on so many cells, named ``x,y``; the cart starts at ``0,0``.

    Args:
        slip: probability that a move does nothing, in [0, 1).
        features: what the cells are made of; the objectives are the features, each by itself.
    """
    cells = list(itertools.product(range(width), range(height)))
    number = {cell: n for n, cell in enumerate(cells)}
    s, moves = len(cells), list(MOVES.values())
    moved = np.zeros((len(moves), s, s))  # (A, S, S) one mover's
    for a, (dx, dy) in enumerate(moves):
        for (x, y), n in number.items():
            to = number[min(max(x + dx, 0), width - 1), min(max(y + dy, 0), height - 1)]
            moved[a, n, to] += 1.0 - slip
            moved[a, n, n] += slip
    transitions = np.einsum("hsm,rmt->shrt", moved, moved)
    names, of_cells = _features(cells, width, height, features)
    values = np.einsum("shrt,kt->kshr", transitions, of_cells)
    human, robot = (np.array([0.0] + [effort] * 4) for effort in (HUMAN_EFFORT, ROBOT_EFFORT))
    effort = np.broadcast_to(-(human[:, None] + robot[None, :]), (s, 5, 5))
    initial = np.zeros(s)
    initial[0] = 1.0
    return Game(
        tuple(f"{x},{y}" for x, y in cells), tuple(MOVES), tuple(MOVES), names, transitions, values + effort, initial,
        horizon=2, discount=0.9, idle=(0, 0), features=names, values=values, shared=effort,
    )  # fmt: skip


def _features(
    cells: list[tuple[int, int]], width: int, height: int, kind: Literal["goals", "radial"]
) -> tuple[tuple[str, ...], Floats]:
    """(K,) names and (K, S) features of the cells."""
    far, top = width - 1, height - 1
    centres = {"north-west": (0, top), "north-east": (far, top), "south-east": (far, 0)}
    at = np.array(cells, float)
    distances = np.stack([((at - np.array(c)) ** 2).sum(1) for c in centres.values()])
    if kind == "goals":
        return tuple(centres), (distances == 0).astype(float)
    # as wide as a third of the longer side: neighbours share some of it, corners nothing to speak of
    wide = max(width, height) / 3.0
    return tuple(centres), np.exp(-distances / (2.0 * wide**2))
