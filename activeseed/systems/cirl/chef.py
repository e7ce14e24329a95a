"""ChefWorld: a human and a robot cook in one pot, and only the human knows the recipe (after Malik et al. 2018).

Each step the human adds one ingredient to the pot or waits, then the robot does, without having seen it. A pot that
holds a recipe is served, and worth one if it was wanted; one that fits no recipe any more is spoilt. Adding costs
effort, the human more than the robot: a human who teaches adds what tells the recipes apart, one who takes the robot to
know the recipe lets it do the work.
"""

from __future__ import annotations

import itertools

import numpy as np

from activeseed.systems.cirl.game import Game

INGREDIENTS = ("tomato", "spinach", "cheese", "mushroom", "egg")
#: the recipe of one ingredient alone, by that ingredient
RECIPES = ("soup", "salad", "pizza", "risotto", "omelette")
#: ingredients of a recipe
SERVING = 3
HUMAN_EFFORT, ROBOT_EFFORT = 0.1, 0.02

Pot = tuple[int, ...]


def chef_world(ingredients: int) -> Game:
    """The game with so many ingredients, 2 to 5.

    There is a recipe of three portions of each ingredient and, from three ingredients on, a ``stew`` of one portion of
    each of the first three. States are what is in the pot (``tomato+cheese``, ``empty``), what was served, and
    ``spoilt``.
    """
    names = INGREDIENTS[:ingredients]
    recipes = _recipes(ingredients)
    pots = [p for p in itertools.product(range(SERVING + 1), repeat=ingredients) if _fits(p, recipes.values())]
    served = [p for p in pots if p in recipes.values()]
    cooking = [p for p in pots if p not in served]
    number: dict[Pot | None, int] = {pot: n for n, pot in enumerate([*cooking, *served])}
    number[None] = len(number)  # spoilt
    actions = ("wait", *names)
    a = len(actions)
    transitions = np.zeros((len(number), a, a, len(number)))
    rewards = np.zeros((len(recipes), len(number), a, a))
    for pot, s in number.items():
        for h, r in itertools.product(range(a), repeat=2):
            rewards[:, s, h, r] -= HUMAN_EFFORT * (h > 0) + ROBOT_EFFORT * (r > 0)
            after = pot
            for added in (h, r):
                if pot in cooking and after is not None and after not in served and added:
                    after = tuple(n + (i == added - 1) for i, n in enumerate(after))
                    after = after if after in number else None
            transitions[s, h, r, number[after]] = 1.0
            if after != pot and after in served:
                rewards[list(recipes.values()).index(after), s, h, r] += 1.0
    initial = np.zeros(len(number))
    initial[number[(0,) * ingredients]] = 1.0
    dish = {pot: f"{name} served" for name, pot in recipes.items()}
    states = tuple(
        "spoilt"
        if pot is None
        else dish.get(pot) or "+".join(n for n, k in zip(names, pot, strict=True) for _ in range(k)) or "empty"
        for pot in number
    )
    return Game(
        states, actions, actions, tuple(recipes), transitions, rewards, initial, horizon=3, discount=0.9, idle=(0, 0)
    )


def _recipes(ingredients: int) -> dict[str, Pot]:
    out = {RECIPES[i]: tuple(SERVING * (i == j) for j in range(ingredients)) for i in range(ingredients)}
    if ingredients >= SERVING:
        out["stew"] = tuple(int(j < SERVING) for j in range(ingredients))
    return out


def _fits(pot: Pot, recipes: object) -> bool:
    """Whether a pot can still become one of the recipes, or is one."""
    return any(all(n <= m for n, m in zip(pot, of, strict=True)) for of in recipes)  # type: ignore[attr-defined]
