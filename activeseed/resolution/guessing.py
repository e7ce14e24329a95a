"""How many gold questions answered right, or wrong, are too many for somebody who guesses: an exact binomial tail."""

from __future__ import annotations

import math

#: gold questions that a voucher takes at least, and how probable so many right answers may be for somebody who guesses
GOLD, BY_CHANCE = 4, 1.0 / 16.0


def gold_suffices(right: int, asked: int) -> bool:
    """Whether so many right answers are too many for somebody who guesses: 4 of 4, 6 of 7 or 8 of 10."""
    return asked >= GOLD and guessing(right, asked) <= BY_CHANCE


def contradicts(right: int, asked: int) -> bool:
    """Whether so few right answers are too few for somebody who guesses."""
    return gold_suffices(asked - right, asked)


def guessing(right: int, asked: int) -> float:
    """Probability that somebody who tosses a coin answers so many or more of the gold questions right."""
    return math.fsum(math.comb(asked, k) for k in range(right, asked + 1)) / 2.0**asked
