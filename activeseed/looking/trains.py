"""What a look needs of whatever trains: requests to outcomes, and what of them can't be had."""

from __future__ import annotations

from typing import Protocol

from activeseed.outcome import Outcomes, Ranking
from activeseed.protocols import Analysis, Problem, Request


class Trains(Protocol):
    """Fulfils requests, and remembers what was trained."""

    def fulfil(self, request: Request) -> Outcomes:
        """What a request wants of its rows, in order. Raises TooManyFailuresError above the tolerated share."""
        ...

    def rank(self, estimator: Analysis[Ranking], problem: Problem) -> Ranking:
        """Drive an estimator to its ranking."""
        ...

    def possible(self, problem: Problem) -> Problem:
        """The problem without the variants that no training bears, so far as is known."""
        ...

    def marked(self, ranking: Ranking, problem: Problem) -> Ranking:
        """The ranking with the reasons of what is not measured."""
        ...
