"""Errors on a clear item are no division, and a real split is named: over many draws of people."""

from __future__ import annotations

import numpy as np
import pytest

from activeseed.plan import generator
from activeseed.resolution.divided import division
from activeseed.seed import ABSENT, AS_WRITTEN

DRAWS = 4000
#: three standard errors of a share of 5 % over the draws: 3 √(0.05 · 0.95 / 4000)
ROOM = 3 * np.sqrt(0.05 * 0.95 / DRAWS)


def named(minority: float, error: float, people: int, believed: float) -> float:
    """Share of draws in which an item is called divided.

    Args:
        minority: share of all people who hold something else than most; those asked are drawn.
        error: how often an answer is not what its giver holds; believed: what the product takes that rate to be.
    """
    rng = generator(7, "divided", int(1000 * minority), people)
    found = 0
    for _ in range(DRAWS):
        holds = rng.random(people) < minority
        says = holds ^ (rng.random(people) < error)
        words = [ABSENT if s else AS_WRITTEN for s in says]
        found += division(words, np.full(people, believed), np.ones(people)).is_divided
    return found / DRAWS


@pytest.mark.parametrize("people", [2, 3, 5, 6, 8, 12, *(pytest.param(n, marks=pytest.mark.slow) for n in (20, 25))])
def test_people_who_err_at_a_tenth_on_a_clear_item_are_divided_in_one_case_of_twenty_at_most(people: int) -> None:
    assert named(0.0, 0.1, people, 0.05) <= 0.05 + ROOM
    assert named(0.0, 0.1, people, 0.1) <= 0.05 + ROOM


@pytest.mark.parametrize(("error", "believed"), [(0.0, 0.05), (0.05, 0.05), (0.1, 0.05), (0.1, 0.1)])
def test_sixty_to_forty_among_twenty_is_named_in_nine_cases_of_ten(error: float, believed: float) -> None:
    """Five of twenty are enough where people slip at 5 %: P(5 ≤ X ≤ 15), X ~ B(20, 0.4), is 0.949."""
    assert named(0.4, error, 20, believed) >= 0.9 - ROOM


def test_a_minority_of_a_tenth_is_hardly_ever_named() -> None:
    """P(X ≥ 5), X ~ B(20, 0.1), is 0.043: opinions that are rare look like errors, and are no division by the limit."""
    assert named(0.1, 0.0, 20, 0.05) <= 0.05 + ROOM
