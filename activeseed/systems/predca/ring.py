"""The built-in world: a ring of six cells, four bodies on it, and an AI that only one of them can build.

A body goes left, stays or goes right, from any cell. The user makes for the workshop at ``c3`` by the shortest way, and
whoever is there builds the AI; the cat makes for the sunny ``c1``, and nothing hinges on it; the thermostat swings
between two neighbours, wherever it hangs; noise goes anywhere. 3⁶ = 729 policies, and 56 utilities: 1 for one to four
of the cells, 0 for the others.
"""

from __future__ import annotations

from typing import Any

CELLS = tuple(f"c{n}" for n in range(6))
MOVES = {"left": -1, "stay": 0, "right": 1}


def _towards(goal: int) -> dict[str, str]:
    """The shortest way to a cell; from the far side to the right."""
    ways = {0: "stay", 1: "right", 2: "right", 3: "right", 4: "left", 5: "left"}
    return {cell: ways[(goal - n) % 6] for n, cell in enumerate(CELLS)}


#: as a world's file would say it (`world.WorldTable`)
RING: dict[str, Any] = {
    "states": CELLS,
    "actions": tuple(MOVES),
    "horizon": 12,
    "transitions": {
        move: {cell: CELLS[(n + step) % 6] for n, cell in enumerate(CELLS)} for move, step in MOVES.items()
    },
    "ai": "c0",
    "bodies": {
        "user": {"builds": ("c3",), "runs": "user"},
        "cat": {"runs": "cat"},
        "heater": {"runs": "thermostat"},
        "leaf": {"runs": "noise"},
    },
    "programs": {
        "user": {"body": "user", "does": _towards(3)},
        "cat": {"body": "cat", "does": _towards(1)},
        "thermostat": {
            "body": "heater", "does": {cell: "left" if n % 2 else "right" for n, cell in enumerate(CELLS)},
        },
        "noise": {"body": "leaf", "does": dict.fromkeys(CELLS, dict.fromkeys(MOVES, 1 / 3))},
    },
    "utilities": {"workshop": ("c3",), "sunny": ("c1",)},
    "subsets": 4,
}  # fmt: skip
