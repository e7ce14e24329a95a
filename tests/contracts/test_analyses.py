"""What every analysis promises, whatever it ends in, and that the check finds who breaks it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pytest

from activeseed.analyses import (
    Basins,
    Comparison,
    Dreams,
    Ensemble,
    LearningRates,
    Masking,
    Redundancy,
    RemovalBounds,
    VarianceBudget,
)
from activeseed.analyses.sides import Side
from activeseed.estimators import Auto, Bootstrap, Jansen, LeaveOneOut, NullLadder, Regression
from activeseed.plan import Explicit, Materials, Rows
from activeseed.protocols import Problem, Request, Run
from activeseed.systems.league import OversightLeague
from activeseed.testing import check_analysis, linear, problem_of
from tests.contracts.test_currency import Chain, Judge, Tunable, probes_of, seed_of
from tests.toy_materials import vectors

MATERIALS = Materials(seed_of(4), probes_of(3))


@pytest.mark.parametrize(
    "analysis",
    [
        Redundancy(folds=8),
        RemovalBounds(removals=(1,)),
        Comparison(first=Side(), second=Side(name="again", key=1), keys=3),
        Ensemble(to=Side(), draws=8, keys=3),
        Basins(draws=24, resamples=2, follow=8, pairs=4),
        VarianceBudget(rows=64, combinations=16, item_pairs=8),
        LeaveOneOut(),
        Regression(rows=64, pairs=8),
        Jansen(bases=6),
        Bootstrap(),
        NullLadder(),
        Auto(rows=64, pairs=8),
    ],
    ids=lambda a: a.kind,
)
@pytest.mark.parametrize("system", [Tunable(), Chain(), Judge(price=0.01)], ids=lambda s: s.kind)
def test_every_member_keeps_them_on_any_system(analysis, system) -> None:
    check_analysis(analysis, system, MATERIALS)


@pytest.mark.parametrize(
    "analysis",
    [
        Dreams(draws=6, pairs=2),
        Dreams(sides=(Side(), Side(name="without i0", changes={"i0": "absent"})), region="dense"),
        Dreams(sides=(Side(name="without i1", changes={"i1": "absent"}),), region="anywhere", along="scores"),
        Masking(masks=4, keys=3, against=Side(name="without i0", changes={"i0": "absent"})),
        LearningRates(octaves=2, halvings=1, keys=2, momentum=(0.0, 0.5)),
    ],
    ids=["draws", "two sides", "one side", "masks", "learning rates"],
)
@pytest.mark.parametrize("evaluator", ["linear", "mlp"])
def test_what_looks_into_networks_keeps_them_where_there_are_any(analysis, evaluator) -> None:
    system = OversightLeague(rounds=2, steps=5, evaluator=evaluator)
    check_analysis(analysis, system, vectors(d=4))


@dataclass(frozen=True)
class Explicitly:
    """Asks for some rows, and says what they cost; a liar where what it asks for, or comes to, is not so."""

    ask: Callable[[Problem, np.ndarray], dict[str, Any]] = lambda problem, rows: {}
    says: int = 3
    result: Callable[[], Any] = lambda: {"a": (1.0, float("nan")), "b": [np.array([1, 2])]}
    rows: Callable[[np.ndarray], Rows] = lambda v: Rows(v, np.zeros(len(v), np.int64))
    kind: ClassVar[str] = "explicitly"

    def cost(self, problem: Problem):
        return problem.each * self.says

    def run(self, problem: Problem) -> Run[Any]:
        variants = np.zeros((3, len(problem.seed)), np.int16)
        design = Explicit(self.rows(variants))
        yield Request(design, **{"purpose": "rows", **self.ask(problem, variants)})
        return self.result()


@dataclass
class Counter:
    """A result that is another one each time."""

    n: int = field(default=0)

    def __call__(self) -> int:
        self.n += 1
        return self.n


def test_what_keeps_them_passes() -> None:
    for system in (Tunable(), Chain(), Judge()):
        check_analysis(Explicitly(), system, MATERIALS)
    check_analysis(Explicitly(lambda p, v: {"cotangents": np.ones((3, 3))}), Chain(), MATERIALS)
    check_analysis(Explicitly(lambda p, v: {"state": "trajectory"}), Chain(), MATERIALS)


def column(f: int, value: int) -> Callable[[np.ndarray], Rows]:
    def rows(variants: np.ndarray) -> Rows:
        variants[:, f] = value
        return Rows(variants, np.zeros(len(variants), np.int64))

    return rows


@pytest.mark.parametrize(
    ("liar", "system", "said"),
    [
        (Explicitly(says=2), Tunable(), "asked for 3 rows, having said at most 2"),
        (Explicitly(says=2), Judge(), "asked for 9 rows, having said at most 6"),
        (Explicitly(result=Counter()), Tunable(), "two runs with one key"),
        (Explicitly(lambda p, v: {"purpose": ""}), Tunable(), "without saying what for"),
        (Explicitly(lambda p, v: {"places": (0, 3)}), Judge(), "there is no place 3 of 3"),
        (Explicitly(lambda p, v: {"cotangents": np.ones((3, 3))}), Tunable(), "has no gradients"),
        (Explicitly(lambda p, v: {"cotangents": np.ones((3, 2))}), Chain(), "cotangents have shape"),
        (Explicitly(lambda p, v: {"state": "weights"}), Chain(), "has no state 'weights'"),
        (Explicitly(lambda p, v: {"state": "weights"}), Tunable(), "has no state 'weights'"),
        (Explicitly(rows=column(1, 2)), Tunable(), "'line 01' has no choice 2"),
        (
            Explicitly(rows=lambda v: Rows(np.concatenate([v, v[:, :1]], 1), np.zeros(3, np.int64))),
            Tunable(),
            "rows have 5 columns, and there are 7 factors",
        ),
        (
            Explicitly(rows=lambda v: Rows(v, np.zeros(3, np.int64), np.full(v.shape, 0.5, np.float32))),
            Tunable(),
            "does not understand",
        ),
        (Explicitly(lambda p, v: {"settings": {"weather": 1}}), Tunable(), "has no setting 'weather'"),
        (
            Explicitly(rows=lambda v: Rows(v, np.zeros(3, np.int64), apart={"weather": np.arange(3)})),
            Tunable(),
            "has no stream 'weather'",
        ),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_who_breaks_them_is_found(liar: Explicitly, system: Any, said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        check_analysis(liar, system, MATERIALS)


def test_a_design_that_changes_when_it_is_cut_is_found() -> None:
    class Unsteady:
        size, unit = 6, 1

        def block(self, start: int, stop: int) -> Rows:
            return Rows(np.zeros((stop - start, 4), np.int16), np.arange(stop - start, dtype=np.int64))

    class Analysis(Explicitly):
        def run(self, problem: Problem) -> Run[None]:
            yield Request(Unsteady(), "unsteady")

    with pytest.raises(AssertionError, match="other rows when it is cut"):
        check_analysis(Analysis(says=6), Tunable(), MATERIALS)


def test_results_that_hold_everything_are_compared_to_the_last_entry() -> None:
    problem = linear("none").problem(1)

    def hidden() -> dict[str, Any]:
        return {"deep": [problem, np.array([np.nan, count()]), {"x": float("nan")}]}

    count = Counter()
    with pytest.raises(AssertionError, match="two runs with one key"):
        check_analysis(Explicitly(result=hidden), Tunable(), MATERIALS)


def test_the_problem_that_is_asked_is_what_a_study_would_ask() -> None:
    problem = problem_of(Tunable(), MATERIALS, stays=0.7, stream=5)
    assert [f.id for f in problem.factors][-3:] == ["rounds", "leash", "model.width"]
    np.testing.assert_allclose(problem.law.probabilities, np.tile([0.7, 0.3], (4, 1)))
    assert not problem.deterministic
    assert problem_of(Judge(price=0.5), MATERIALS).each.money == pytest.approx(1.5)
