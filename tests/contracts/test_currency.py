"""Toys of what is to come, behind the seams alone: a judge that is paid by the call, settings and streams as factors, a
chain that can be looked into, gradients, and analyses that end in something else than a ranking."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np
import pytest

from activeseed.config import LimitsTable
from activeseed.errors import BudgetError, PlanError
from activeseed.estimators import LeaveOneOut
from activeseed.executors import InProcess, Processes
from activeseed.factor import Factor, setting_factor
from activeseed.geometries import Identity
from activeseed.looking.problem import each_of, settings_of
from activeseed.outcome import Outcomes
from activeseed.plan import Explicit, Floats, Law, Materials, Rows, generator
from activeseed.protocols import NETWORK, REPRESENTATION, TRAJECTORY, Cost, Json, Problem, Request, Run, Traits
from activeseed.seed import Item, Probe, Seed, Text
from activeseed.store import FolderStore
from activeseed.study import Study
from activeseed.study.training import Trainer
from activeseed.systems.league import OversightLeague
from activeseed.testing import check_analysis, check_system, run
from tests.toy_materials import vectors


def seed_of(items: int) -> Seed:
    return Seed(items=tuple(Item(id=f"line {n:02}", payload=Text(text=f"Line {n}.")) for n in range(items)))


def probes_of(probes: int) -> tuple[Probe, ...]:
    return tuple(Probe(id=f"probe {n:02}", payload=Text(text=f"Case {n}.")) for n in range(probes))


class Base:
    """What the toys have in common: nothing that the core asks for, but what the protocol has."""

    kind: ClassVar[str] = "toy"
    revision: ClassVar[str] = "1"

    def record(self) -> dict[str, Json]:
        return {}

    def check(self, materials: Materials) -> None: ...

    def places(self, materials: Materials) -> tuple[Probe, ...]:
        return materials.probes

    def geometry(self, materials: Materials) -> Identity:
        return Identity(np.full(len(materials.probes), 1.0 / len(materials.probes)))

    def cost(self, materials: Materials) -> Cost:
        return Cost()


def problem_of(system, materials: Materials, *, stream: int = 1) -> Problem:
    belief = np.tile([0.8, 0.2], (len(materials.seed), 1))
    return Problem(
        materials.seed, Law("belief", belief), system.geometry(materials), not system.traits.streams,
        system.traits.weighted, stream, settings=settings_of(system), places=system.places(materials),
        each=each_of(system, materials),
    )  # fmt: skip


def trainer_of(folder, system, materials: Materials, executor=None, **limits) -> Trainer:
    return Trainer(FolderStore(folder), system, materials, executor or InProcess(), LimitsTable(**limits))


# --- a judge that is paid by the call -----------------------------------------------------------------------------


class Judge(Base):
    """Reads the lines that a row keeps and judges one probe a call; deterministic, and never twice asked the same."""

    kind = "toy_judge"
    traits: ClassVar[Traits] = Traits(rows_at_a_time=1, per_cell=True)

    def __init__(self, refuses: tuple[str, ...] = (), price: float = 0.0) -> None:
        self.calls: list[tuple[bytes, str]] = []
        self.refuses = refuses
        self.price = price

    def cost(self, materials: Materials) -> Cost:
        return Cost(calls=len(materials.probes), money=self.price * len(materials.probes))

    def train(self, rows: Rows, materials: Materials) -> Outcomes:
        values = np.full((len(rows), len(materials.probes)), np.nan, np.float32)
        kept = rows.variants != 1
        for r in range(len(rows)):
            for p, probe in enumerate(materials.probes):
                self.calls.append((rows.variants[r].tobytes(), probe.id))
                if probe.id not in self.refuses:
                    weights = generator(0, "judge", probe.id).standard_normal(kept.shape[1])
                    values[r, p] = 1.0 / (1.0 + np.exp(-weights @ kept[r] / 4.0))
        cells = np.isfinite(values)
        return Outcomes(
            values, np.asarray(cells.all(1)), {int(r): "refused" for r in np.flatnonzero(~cells.all(1))}, cells=cells
        )


class TestAJudgeIsPaidByTheCall:
    def test_one_probe_more_pays_for_its_own_cells_alone(self, tmp_path):
        judge, few = Judge(), Materials(seed_of(60), probes_of(40))
        first = trainer_of(tmp_path, judge, few).rank(LeaveOneOut(), problem_of(judge, few))
        assert len(judge.calls) == len(set(judge.calls)) == 61 * 40
        assert first.summary["trainings"] == 61 * 40
        many = replace(few, probes=probes_of(41))
        judge.calls.clear()
        trainer = trainer_of(tmp_path, judge, many)
        second = trainer.rank(LeaveOneOut(), problem_of(judge, many))
        assert {probe for _, probe in judge.calls} == {"probe 40"}
        assert len(judge.calls) == 61
        assert second.summary["trainings_new"] == 61
        fresh = Judge()
        alone = run(LeaveOneOut(), problem_of(fresh, many), fresh, many)
        np.testing.assert_allclose(second.columns["effect"], alone.columns["effect"], rtol=0, atol=1e-7)

    def test_another_process_asks_for_nothing_again_and_a_killed_one_goes_on(self, tmp_path):
        judge, materials = Judge(), Materials(seed_of(12), probes_of(10))
        request = Request(Explicit(Rows(np.eye(12, dtype=np.int16), np.zeros(12, np.int64))), "each left out")
        trainer = trainer_of(tmp_path, judge, materials)

        class Stopped(Exception): ...  # noqa: N818

        def stop(purpose: str, done: int, total: int) -> None:
            if done >= 60:
                raise Stopped

        trainer.progress = stop
        with pytest.raises(Stopped):
            trainer.fulfil(request)
        paid = len(judge.calls)
        assert 60 <= paid < 120
        outcomes = trainer_of(tmp_path, judge, materials).fulfil(request)
        assert len(judge.calls) == len(set(judge.calls)) == 120
        assert outcomes.ok.all()

    def test_a_request_at_some_places_asks_for_no_others(self, tmp_path):
        judge, materials = Judge(), Materials(seed_of(4), probes_of(6))
        rows = Explicit(Rows(np.eye(4, dtype=np.int16), np.zeros(4, np.int64)))
        trainer = trainer_of(tmp_path, judge, materials)
        some = trainer.fulfil(Request(rows, "some", places=(4, 1)))
        assert {probe for _, probe in judge.calls} == {"probe 04", "probe 01"}
        every = trainer.fulfil(Request(rows, "all"))
        np.testing.assert_array_equal(every.values[:, [4, 1]], some.values)
        assert len(judge.calls) == len(set(judge.calls)) == 24

    def test_a_cell_that_fails_is_one_failure_its_neighbours_are_kept_and_it_alone_is_tried_again(self, tmp_path):
        judge, materials = Judge(refuses=("probe 02",)), Materials(seed_of(4), probes_of(20))
        rows = Explicit(Rows(np.eye(4, dtype=np.int16), np.zeros(4, np.int64)))
        trainer = trainer_of(tmp_path, judge, materials, failed_share=0.5)
        found = trainer.fulfil(Request(rows, "all"))
        assert found.known.sum() == 4 * 19
        assert not found.known[:, 2].any()
        assert not found.ok.any()
        assert trainer.budget.failed == 4
        assert set(found.failures) == {0, 1, 2, 3}
        judge.refuses = ()
        judge.calls.clear()
        trainer.retry()
        again = trainer.fulfil(Request(rows, "all"))
        assert {probe for _, probe in judge.calls} == {"probe 02"}
        assert again.ok.all()

    def test_what_a_ranking_costs_is_said_in_calls_and_held(self, tmp_path):
        judge, materials = Judge(price=0.01), Materials(seed_of(10), probes_of(5))
        cost = LeaveOneOut().cost(problem_of(judge, materials))
        assert (cost.trainings, cost.calls) == (55, 55)
        assert cost.money == pytest.approx(0.55)
        trainer = trainer_of(tmp_path, judge, materials, money=0.5)
        with pytest.raises(BudgetError, match=r"0\.01 EUR each, more than \[limits\] money = 0\.5"):
            trainer.rank(LeaveOneOut(), problem_of(judge, materials))
        assert not judge.calls
        trainer_of(tmp_path, judge, materials, money=0.55).rank(LeaveOneOut(), problem_of(judge, materials))
        assert len(judge.calls) == 55

    def test_a_study_runs_on_it(self, tmp_path):
        judge = Judge()
        study = Study.create(tmp_path / "study", seed_of(6), judge, probes=probes_of(5), key=1)
        ranking = study.rank(by="effect")
        assert np.isfinite(ranking.columns["effect"]).all()
        assert len(judge.calls) == len(set(judge.calls))
        questions = study.ask(2)
        study.tell([{"question": q.id, "annotator": "ann", "verdict": "keep"} for q in questions if q.kind == "review"])
        assert study.rank().columns["credibility"].max() <= 1.0


# --- settings and streams as factors ------------------------------------------------------------------------------

#: what each setting adds to the outcome, by its value, and the deviation of what each stream adds
ADDS: dict[str, dict[Json, float]] = {
    "rounds": {4: -0.3, 6: 0.3},
    "leash": {"short": 0.0, "long": 0.6},
    "model.width": {8: 0.1, 16: 0.1},
}
NOISE = {"init": 0.4, "order": 0.2}


@dataclass(frozen=True)
class Tunable(Base):
    """Additive over three settings, its items, and two streams of randomness."""

    values: Mapping[str, Json] = field(default_factory=lambda: {"rounds": 4, "leash": "short", "model.width": 8})
    kind = "toy_tunable"
    traits: ClassVar[Traits] = Traits(streams=tuple(NOISE))

    def record(self) -> dict[str, Json]:
        return dict(self.values)

    def factors(self) -> tuple[Factor, ...]:
        return tuple(
            setting_factor(path, [self.values[path], *(v for v in adds if v != self.values[path])], "trainer")
            for path, adds in ADDS.items()
        )

    def with_settings(self, settings: Mapping[str, Json]) -> Tunable:
        return replace(self, values={**self.values, **settings})

    def train(self, rows: Rows, materials: Materials) -> Outcomes:
        level = sum(ADDS[path][value] for path, value in self.values.items())
        y = level + 0.1 * (rows.variants[:, :] == 0).sum(1)
        for name, scale in NOISE.items():
            y = y + [scale * generator(0, name, int(k)).standard_normal() for k in rows.stream(name)]
        values = np.repeat(np.asarray(y, np.float32)[:, None], len(materials.probes), 1)
        return Outcomes(values, np.ones(len(rows), bool))


@dataclass(frozen=True)
class Shares:
    """Share of the spread by factor and stream, with standard errors: no ranking."""

    value: dict[str, float]
    error: dict[str, float]


@dataclass(frozen=True)
class Budget:
    """First-order parts of settings and streams by Jansen's differences, one coordinate redrawn at a time."""

    bases: int = 400
    kind: ClassVar[str] = "toy_budget"

    def cost(self, problem: Problem) -> Cost:
        return problem.each * (self.bases * (1 + len(problem.settings) + len(NOISE)))

    def run(self, problem: Problem) -> Run[Shares]:
        rng = generator(problem.stream, "budget")
        n, items = self.bases, len(problem.seed)
        names = [f.id for f in problem.settings] + list(NOISE)
        choices = np.stack([rng.integers(0, len(f.choices), n) for f in problem.settings], 1)
        streams = {name: rng.integers(0, 2**40, n) for name in NOISE}
        blocks = [(choices, streams)]
        for c, f in enumerate(problem.settings):
            redrawn = choices.copy()
            redrawn[:, c] = rng.integers(0, len(f.choices), n)
            blocks.append((redrawn, streams))
        blocks += [(choices, {**streams, name: rng.integers(0, 2**40, n)}) for name in NOISE]
        variants = np.concatenate([np.concatenate([np.zeros((n, items), int), c], 1) for c, _ in blocks])
        apart = {name: np.concatenate([s[name] for _, s in blocks]) for name in NOISE}
        rows = Rows(variants.astype(np.int16), np.zeros(len(variants), np.int64), apart=apart)
        outcomes = yield Request(Explicit(rows), "variance budget")
        y = outcomes.values[:, 0].astype(np.float64).reshape(len(blocks), n)
        parts = {name: 0.5 * (y[0] - y[1 + k]) ** 2 for k, name in enumerate(names)}
        return Shares(
            {name: float(part.mean()) for name, part in parts.items()},
            {name: float(part.std(ddof=1) / np.sqrt(n)) for name, part in parts.items()},
        )


class TestSettingsAndStreamsAreFactors:
    @pytest.mark.parametrize("executor", [InProcess(), Processes(workers=2)], ids=["here", "processes"])
    def test_a_variance_budget_is_recovered_within_its_errors(self, tmp_path, executor):
        system, materials = Tunable(), Materials(seed_of(3), probes_of(2))
        bases = 400 if isinstance(executor, InProcess) else 60
        trainer = trainer_of(tmp_path, system, materials, executor)
        found = trainer.run(Budget(bases), problem_of(system, materials))
        executor.close()
        truth = {"rounds": 0.3**2, "leash": 0.3**2, "model.width": 0.0} | {n: s**2 for n, s in NOISE.items()}
        for name, value in truth.items():
            # additive: the total part is the first-order one. Five parts, each a mean of independent squares: 4.5
            # standard errors are exceeded once in 30,000 such tests of 400 bases, and the smallest error is guarded.
            assert found.value[name] == pytest.approx(value, abs=4.5 * found.error[name] + 1e-9), name

    def test_rows_of_two_settings_never_share_a_name_and_a_second_look_trains_nothing(self, tmp_path):
        system, materials = Tunable(), Materials(seed_of(3), probes_of(2))
        choices = np.array(np.meshgrid(*[range(2)] * 3)).reshape(3, -1).T
        variants = np.concatenate([np.zeros((8, 3)), choices], 1).astype(np.int16)
        request = Request(Explicit(Rows(variants, np.zeros(8, np.int64))), "settings")
        trainer = trainer_of(tmp_path, system, materials)
        first = trainer.fulfil(request)
        assert trainer.budget.here == 8
        expected = [
            system.with_settings({f.id: f.choices[c].setting for f, c in zip(system.factors(), row, strict=True)})
            .train(Rows(np.zeros((1, 3), np.int16), np.zeros(1, np.int64)), materials)
            .values[0, 0]
            for row in choices
        ]
        np.testing.assert_allclose(first.values[:, 0], expected, rtol=0, atol=1e-6)
        again = trainer_of(tmp_path, system, materials)
        np.testing.assert_array_equal(again.fulfil(request).values, first.values)
        assert again.budget.here == 0

    def test_one_stream_varies_while_the_other_is_held(self, tmp_path):
        system, materials = Tunable(), Materials(seed_of(3), probes_of(1))
        keys, varied = np.zeros(50, np.int64), np.arange(50, dtype=np.int64)
        trainer = trainer_of(tmp_path, system, materials)
        plain = np.zeros((50, 3), np.int16)
        for name, scale in NOISE.items():
            rows = Rows(plain, keys, apart={name: varied})
            y = trainer.fulfil(Request(Explicit(rows), name)).values[:, 0]
            assert y.std() == pytest.approx(scale, rel=0.45)  # 4.5 standard errors of a deviation of 50: 1/√98 each
        assert trainer.budget.here == 99  # the row of replicate 0 is the same one, whichever stream is said apart

    def test_columns_that_are_no_settings_are_refused_before_anything_is_trained(self, tmp_path):
        system, materials = Judge(), Materials(seed_of(3), probes_of(1))
        rows = Explicit(Rows(np.zeros((2, 5), np.int16), np.zeros(2, np.int64)))
        with pytest.raises(PlanError, match="rows have 5 columns, where the seed has 3 items"):
            trainer_of(tmp_path, system, materials).fulfil(Request(rows, "settings"))
        assert not system.calls

    def test_a_study_runs_an_analysis_that_ends_in_no_ranking(self, tmp_path):
        study = Study.create(tmp_path / "study", seed_of(4), Tunable(), probes=probes_of(2), key=1)
        with pytest.raises(PlanError, match="int is no analysis: it has no kind and no cost and no run"):
            study.analyse(5)  # type: ignore[arg-type]
        found = study.analyse(Budget(40))
        assert set(found.value) == {*ADDS, *NOISE}
        spent = study.budget.here
        assert study.analyse(Budget(40)) == found
        assert study.budget.here == spent
        assert [e.body["kind"] for e in study.store.read() if e.kind == "analysed"] == ["toy_budget", "toy_budget"]


# --- a chain that can be looked into ------------------------------------------------------------------------------


class Chain(Base):
    """A linear recursion x ← r x + mean of the items' pull, whose outcome is its end and whose state is its course."""

    kind = "toy_chain"
    traits: ClassVar[Traits] = Traits(streams=("init",), weighted=True, gradients=True)
    state_names: ClassVar[tuple[str, ...]] = ("trajectory",)
    rate, steps = 0.5, 8

    def pull(self, items: int) -> Floats:
        return np.linspace(-1.0, 1.0, items, dtype=np.float64)

    def states(self, rows: Rows, materials: Materials, name: str) -> Floats:
        push: Floats = rows.weights(materials.slots) @ self.pull(len(materials.seed))
        x = np.array([generator(0, "init", int(k)).standard_normal() for k in rows.stream("init")])
        course = [x]
        for _ in range(self.steps):
            course.append(self.rate * course[-1] + push)
        return np.stack(course, 1)

    def train(self, rows: Rows, materials: Materials) -> Outcomes:
        end = self.states(rows, materials, "trajectory")[:, -1:]
        values = np.repeat(end, len(materials.probes), 1).astype(np.float32)
        ok = np.asarray(np.isfinite(values).all(1))
        return Outcomes(values, ok, {int(r): "the chain runs away" for r in np.flatnonzero(~ok)})

    def pull_back(self, rows: Rows, materials: Materials, cotangents: Floats) -> Floats:
        through = (1.0 - self.rate**self.steps) / (1.0 - self.rate)
        return np.asarray(cotangents.sum(1, keepdims=True) * through * self.pull(len(materials.seed)), np.float64)


@dataclass(frozen=True)
class Contraction:
    """How fast starts that differ come together, from the trajectories: a rate, no ranking."""

    keys: int = 16
    kind: ClassVar[str] = "toy_contraction"

    def cost(self, problem: Problem) -> Cost:
        return problem.each * self.keys

    def run(self, problem: Problem) -> Run[float]:
        rows = Rows(np.zeros((self.keys, len(problem.seed)), np.int16), np.arange(self.keys))
        course = (yield Request(Explicit(rows), "trajectories", state="trajectory")).values
        spread = course.std(0)
        return float((spread[-1] / spread[0]) ** (1.0 / (course.shape[1] - 1)))


@dataclass(frozen=True)
class Slopes:
    """Gradients of the mean outcome in the items' weights."""

    kind: ClassVar[str] = "toy_slopes"

    def cost(self, problem: Problem) -> Cost:
        return problem.each

    def run(self, problem: Problem) -> Run[Floats]:
        rows = Rows(np.zeros((1, len(problem.seed)), np.int16), np.zeros(1, np.int64))
        places = len(problem.places)
        answer = yield Request(Explicit(rows), "gradients", cotangents=np.full((1, places), 1.0 / places))
        return np.asarray(answer.values[0], np.float64)


class Breaking(Chain):
    """A chain that breaks under its first key."""

    def states(self, rows: Rows, materials: Materials, name: str) -> Floats:
        if (rows.keys == 0).any():
            raise ValueError("broken")
        return super().states(rows, materials, name)


@dataclass(frozen=True)
class Looks:
    """A state of three re-runs."""

    state: str
    kind: ClassVar[str] = "toy_looks"

    def cost(self, problem: Problem) -> Cost:
        return problem.each * 3

    def run(self, problem: Problem) -> Run[Any]:
        assert self.state in problem.states
        rows = Rows(np.zeros((3, len(problem.seed)), np.int16), np.arange(3))
        return (yield Request(Explicit(rows), "looks", state=self.state)).values


class TestStatesAndGradients:
    def test_a_state_is_handed_out_kept_and_counted(self, tmp_path):
        system, materials = Chain(), Materials(seed_of(5), probes_of(2))
        trainer = trainer_of(tmp_path, system, materials)
        rate = trainer.run(Contraction(), problem_of(system, materials))
        assert rate == pytest.approx(system.rate, rel=1e-4)  # single precision over eight halvings
        assert trainer.budget.trainings == 16
        again = trainer_of(tmp_path, system, materials)
        assert again.run(Contraction(), problem_of(system, materials)) == rate
        assert again.budget.here == 0

    def test_states_come_out_of_worker_processes_too(self, tmp_path):
        executor = Processes(workers=2)
        system, materials = Chain(), Materials(seed_of(5), probes_of(2))
        rate = trainer_of(tmp_path, system, materials, executor).run(Contraction(), problem_of(system, materials))
        executor.close()
        assert rate == pytest.approx(system.rate, rel=1e-4)

    def test_a_study_keeps_what_a_league_hands_out(self, tmp_path):
        """Journalled as any training, as it was trained to the bit, and nothing is trained the second time."""
        league, materials = OversightLeague(evaluator="mlp", hidden=4, rounds=2, steps=5), vectors(items=5)
        study = Study.create(
            tmp_path / "study", materials.seed, league, probes=materials.probes, pool=materials.pool, key=1
        )
        study.analyse(Looks(NETWORK))  # what is believed of the seed is learned first
        rows = Rows(np.zeros((3, 5), np.int16), np.arange(3))
        for name in (NETWORK, TRAJECTORY, REPRESENTATION):
            before = study.budget.here
            found = study.analyse(Looks(name))
            assert study.budget.here - before == (0 if name == NETWORK else 3)
            np.testing.assert_array_equal(found, league.states(rows, study.materials, name))
        again = Study.open(tmp_path / "study")
        np.testing.assert_array_equal(again.analyse(Looks(REPRESENTATION)), found)
        assert again.budget.here == 0
        trained = [e.body["rows"] for e in study.store.read() if e.kind == "trained"]
        assert trained[-3:] == [3, 3, 3]

    def test_a_batch_of_states_is_cut_by_their_size(self, tmp_path):
        league, materials = OversightLeague(rounds=16, memory_mb=16), vectors(items=5, probes=400)
        trainer = trainer_of(tmp_path, league, materials)
        size = league.state_size(materials, TRAJECTORY)
        assert size == 65 * 400
        fits = 16 * 2**20 // (league.cost(materials).bytes + 4 * size)
        assert trainer.chunk(1, TRAJECTORY) == fits < trainer.chunk(1)

    def test_a_batch_of_states_that_all_failed_takes_no_other_with_it(self, tmp_path):
        """Its shape is known to nobody: its rows are NaN in the shape of the others, wherever it comes."""
        system, materials = Breaking(), Materials(seed_of(5), probes_of(2))
        trainer = trainer_of(tmp_path, system, materials, failed_share=1.0)
        plain = np.zeros((1, 5), np.int16)
        for key in (0, 1):
            trainer.fulfil(Request(Explicit(Rows(plain, np.array([key]))), "one", state="trajectory"))
        both = Explicit(Rows(np.zeros((2, 5), np.int16), np.arange(2)))
        found = trainer.fulfil(Request(both, "both", state="trajectory"))
        assert found.values.shape == (2, 9)
        assert np.isnan(found.values[0]).all()
        assert np.isfinite(found.values[1]).all()
        assert found.ok.tolist() == [False, True]
        assert trainer.budget.here == 2

    def test_gradients_are_pulled_back_through_the_driver(self, tmp_path):
        system, materials = Chain(), Materials(seed_of(5), probes_of(3))
        trainer = trainer_of(tmp_path, system, materials)
        found = trainer.run(Slopes(), problem_of(system, materials))
        through = (1.0 - system.rate**system.steps) / (1.0 - system.rate)
        np.testing.assert_allclose(found, through * system.pull(5), rtol=1e-6)
        assert trainer.budget.trainings == 1
        # a gradient is no outcome, and the outcome of the same row no gradient
        plain = Request(Explicit(Rows(np.zeros((1, 5), np.int16), np.zeros(1, np.int64))), "outcomes")
        assert trainer.fulfil(plain).values.shape == (1, 3)

    def test_a_state_or_gradient_that_nobody_has_is_said_before_it_is_missed(self, tmp_path):
        system, materials = Chain(), Materials(seed_of(5), probes_of(2))
        rows = Explicit(Rows(np.zeros((1, 5), np.int16), np.zeros(1, np.int64)))
        trainer = trainer_of(tmp_path / "chain", system, materials)
        with pytest.raises(PlanError, match="has no state 'weights'; it hands out trajectory"):
            trainer.fulfil(Request(rows, "state", state="weights"))
        judge = trainer_of(tmp_path / "judge", Judge(), materials)
        with pytest.raises(PlanError, match="has no gradients"):
            judge.fulfil(Request(rows, "gradients", cotangents=np.ones((1, 2))))
        with pytest.raises(PlanError, match="hands out no states at all"):
            judge.fulfil(Request(rows, "state", state="weights"))


# --- the contracts that all of them keep --------------------------------------------------------------------------


@pytest.mark.parametrize("system", [Judge(), Tunable(), Chain()], ids=lambda s: s.kind)
def test_every_toy_keeps_the_promises_of_a_system(system):
    check_system(system, Materials(seed_of(5), probes_of(4)))


@pytest.mark.parametrize(
    ("analysis", "system"),
    [(Budget(20), Tunable()), (Contraction(), Chain()), (Slopes(), Chain()), (LeaveOneOut(), Judge(price=0.01))],
    ids=lambda x: x.kind,
)
def test_every_analysis_keeps_the_promises_of_one(analysis, system):
    check_analysis(analysis, system, Materials(seed_of(5), probes_of(4)))
