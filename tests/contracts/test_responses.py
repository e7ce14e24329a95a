"""What every response promises, and that the check finds who breaks it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from activeseed.estimators import LeaveOneOut, Regression
from activeseed.outcome import join_outcomes
from activeseed.plan import Explicit
from activeseed.protocols import Problem, Request
from activeseed.testing import check_response


def test_the_regression_keeps_them() -> None:
    check_response(Regression(rows=64, pairs=8))
    check_response(Regression())


class Liar(Regression):
    """A regression that breaks one promise."""

    lie: str = ""

    def run(self, problem: Problem):
        if self.lie == "belief":  # draws its rows from what is believed now, not from what they were drawn by
            problem = replace(problem, rows_law=None)
        if self.lie == "pairs first":
            _, regressed, paired = self.designs(problem)
            pairs = yield Request(paired, "spread and noise floor")
            steps = super().run(problem)
            next(steps)
            rows = yield Request(regressed, "rows")
            steps.send(rows)
            ranking = _last(steps, pairs)
        elif self.lie == "two parts":  # the second half of its rows comes as a request of its own
            _, regressed, paired = self.designs(problem)
            half = regressed.size // 2
            drawn = regressed.block(0, regressed.size)
            first = yield Request(Explicit(drawn.take(slice(0, half))), "a half")
            pairs = yield Request(paired, "spread and noise floor")
            second = yield Request(Explicit(drawn.take(slice(half, None))), "the other half")
            steps = super().run(problem)
            next(steps)
            steps.send(join_outcomes([first, second]))
            ranking = _last(steps, pairs)
        else:
            ranking = yield from super().run(problem)
        surrogate = ranking.surrogate
        assert surrogate is not None
        if self.lie == "none":
            return replace(ranking, surrogate=None)
        if self.lie == "half":
            surrogate = replace(surrogate, coefficients=0.5 * surrogate.coefficients)
        if self.lie == "squares":
            surrogate = replace(surrogate, gram=2.0 * surrogate.gram)
        if self.lie == "reference":
            surrogate = replace(surrogate, coefficients=surrogate.coefficients + 1.0)
        return replace(ranking, surrogate=surrogate)


def _last(steps, outcomes):
    try:
        steps.send(outcomes)
    except StopIteration as end:
        return end.value
    raise AssertionError("there are two requests")


@pytest.mark.parametrize(
    ("lie", "said"),
    [
        ("belief", "would be paid for again"),
        ("pairs first", "is not for the rows that it is fitted on"),
        ("two parts", "is fitted on 'the other half', too"),
        ("none", "without a surrogate"),
        ("half", "not those of an additive trainer"),
        ("squares", "not of the coefficients' products"),
        ("reference", "'as written' has a coefficient"),
    ],
)
def test_who_breaks_them_is_found(lie: str, said: str) -> None:
    check_response(Liar(rows=64, pairs=8))
    with pytest.raises(AssertionError, match=said):
        check_response(Liar(rows=64, pairs=8, lie=lie))


def test_an_estimator_without_a_surrogate_is_no_response() -> None:
    with pytest.raises(AssertionError, match="without a surrogate"):
        check_response(LeaveOneOut())
