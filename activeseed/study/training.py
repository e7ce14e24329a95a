"""Requests to outcomes: batches are decided, journalled, run and stored, and nothing journalled is trained twice.

The unit of caching is the row. A request's missing rows are packed into batches; the packing is journalled before the
first of them runs, and a resumed analysis reads it back, because the last bits of a row depend on the batch that it
trained in. Each batch is one artifact, journalled after it is durable.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import asdict
from typing import Any, TypeVar

from activeseed.config import LimitsTable
from activeseed.errors import TrainingError
from activeseed.executors.listening import show
from activeseed.looking.problem import each_of, is_per_cell
from activeseed.outcome import Outcomes, Ranking, Summary, Warned, summed
from activeseed.plan import Materials
from activeseed.protocols import (
    Analysis,
    Event,
    Executor,
    Problem,
    Request,
    Store,
    SupportsCores,
    SupportsStateSizes,
    System,
)
from activeseed.study.budget import Budget
from activeseed.study.failures import Failures
from activeseed.study.memory import Memory, Where
from activeseed.study.progress import Progress, silent
from activeseed.study.requests import (
    Part,
    Wanted,
    asked_at,
    batches,
    comparable,
    context_of,
    parts,
    wanted,
)

#: a batch is never larger, so that progress shows and a kill loses little
MOST_ROWS = 512
#: rows a batch for a trainer that takes one row at a time
FEW_ROWS = 8
#: cells a batch for a trainer that goes cell by cell: each is paid for, and a kill loses no more
FEW_CELLS = 64


T = TypeVar("T")


class Trainer:
    """Trains the rows of requests through an executor, with the store as its memory.

    Args:
        progress: called with (purpose, rows done, rows in all) as batches complete.
        budget: counts every training and refuses what may not be spent; by default one of its own.
    """

    def __init__(
        self,
        store: Store,
        system: System,
        materials: Materials,
        executor: Executor,
        limits: LimitsTable,
        progress: Progress = silent,
        budget: Budget | None = None,
    ) -> None:
        self._store = store
        self._system = system
        self._materials = materials
        self._executor = executor
        self.limits = limits
        self.budget = budget or Budget(store, limits)
        self.progress = progress
        self.context = context_of(system, materials)
        self._memory = Memory(store)
        self._warned: tuple[Warned, ...] = ()
        self._failures = Failures(materials.seed, limits)
        self._cold = True
        self._seen = 0

    @property
    def trainings(self) -> int:
        """Trainings of the study so far, by whichever trainer."""
        return self.budget.trainings

    @property
    def seconds(self) -> float:
        """How long they took by the clock."""
        return self.budget.seconds

    @property
    def cores(self) -> int:
        """Trainings that go on at the same time."""
        return self._executor.cores if isinstance(self._executor, SupportsCores) else 1

    @property
    def warnings(self) -> list[str]:
        """What the trainer's code warned of in all its trainings, a sentence each."""
        self._refresh()
        return [
            f"The trainer warned {w.times} time{'s' if w.times != 1 else ''}: {w.said}"
            for w in sorted(self._warned, key=lambda w: -w.times)
        ]

    def run(self, analysis: Analysis[T], problem: Problem) -> T:
        """Drive an analysis to its result."""
        return self._drive(analysis, problem)[0]

    def rank(self, estimator: Analysis[Ranking], problem: Problem) -> Ranking:
        """Drive an estimator to its ranking. Trainings are counted in its summary, what failed is said in it."""
        before = self.budget.here
        ranking, asked = self._drive(estimator, problem)
        self._failures.check_measured(ranking)
        counts: Summary = {"trainings": asked, "trainings_new": self.budget.here - before}
        return self.marked(ranking.join(Ranking(ranking.ids, summary=counts)), problem)

    def _drive(self, analysis: Analysis[T], problem: Problem) -> tuple[T, int]:
        """The result of an analysis, and how many trainings it asked for."""
        while True:
            known = set(self._failures.impossible)
            generator = analysis.run(self.possible(problem))
            asked = 0
            try:
                request = next(generator)
                while set(self._failures.impossible) == known:
                    asked += request.design.size * problem.each.trainings
                    request = generator.send(self.fulfil(request))
            except StopIteration as done:
                result: T = done.value
                return result, asked
            generator.close()  # once more, without what can't be trained; what was trained is kept

    def possible(self, problem: Problem) -> Problem:
        """The problem without the variants that no training bears, so far as is known: the rest can be measured."""
        return self._failures.possible(problem)

    def marked(self, ranking: Ranking, problem: Problem) -> Ranking:
        """The ranking with the reasons of what is not measured, and without numbers that leave that out."""
        return self._failures.marked(ranking, problem)

    def fulfil(self, request: Request) -> Outcomes:
        """What a request wants of its rows, in order. Raises TooManyFailuresError above the tolerated share."""
        self._refresh()
        memory = self._memory
        asked = wanted(request, self._system, self._materials, self.context, memory.attempt)
        planned = self._plan(asked)
        due = [(number, part) for number, part in enumerate(planned) if not memory.is_there(asked.id, number)]
        new = {at for _, part in due for at in asked.cells(part.rows, part.places)}
        known = [n for at, n in enumerate(asked.names) if at not in new]
        self.budget.price = self.price
        self.budget.before(known, [asked.names[at] for at in sorted(new)], self.cores)
        self._train(asked, planned, due)
        # what this request trained comes from the batch of its own unit, so that both ends of a difference do
        own: dict[int, Where] = {}
        for number, part in enumerate(planned):
            artifact = memory.batches[asked.id, number]
            own |= {cell: Where(artifact, at) for at, cell in enumerate(asked.cells(part.rows, part.places))}
        places = [own.get(at) or memory[name] for at, name in enumerate(asked.names)]
        if memory.lost({place.artifact for place in places}):
            return self.fulfil(request)  # what could not be read is trained again
        outcomes = memory.rows(places) if asked.width is None else memory.cells(places, asked.width)
        if not request.may_fail:
            self._failures.check(outcomes, request)
        return outcomes if request.places is None or asked.width is not None else outcomes.at(request.places)

    def _train(self, asked: Wanted, planned: list[Part], due: list[tuple[int, Part]]) -> None:
        """Run the batches that are due, and record each as it completes. Raises where going on makes no sense."""
        if not due:
            return
        request = asked.request
        cells = [len(asked.cells(part.rows, part.places)) for part in planned]
        total, left = sum(cells), sum(cells[number] for number, _ in due)
        self.progress(request.purpose, total - left, total)
        reasons: list[str] = []
        done: list[int] = []
        fine: list[bool] = []
        began = time.monotonic()
        tasks = batches(asked, due, self._system, len(self._materials.seed))
        materials = asked_at(request, self._materials)
        with closing(_closable(self._executor.run(self._system, materials, tasks))) as completed:
            for number, outcomes in completed:
                now = time.monotonic()
                part = planned[number]
                if asked.width is None and any(any(chosen) for chosen in asked.combinations):
                    outcomes = comparable(outcomes, request, len(part), len(self._system.places(materials)))
                self._check_shape(outcomes, asked, part)
                names = [asked.names[at] for at in asked.cells(part.rows, part.places)]
                self._record(asked, number, names, outcomes, now - began)
                began = now
                left -= cells[number]
                reasons += outcomes.failures.values()
                done += part.rows
                fine += outcomes.ok.tolist() if asked.width is None else outcomes.known.reshape(-1).tolist()
                self.progress(request.purpose, total - left, total)
                if left and not request.may_fail:
                    self._failures.check_hope(
                        request.design, None if asked.width else done, fine, reasons, request.purpose,
                        ever=self.budget.trainings > self.budget.failed,
                    )  # fmt: skip
                if left:
                    self.budget.going_on(cells[number], self.cores)

    @property
    def price(self) -> float:
        """What one training costs: what the settings say, and what the system says of its calls."""
        return self.limits.price + price_of(self._system, self._materials)

    # --- planning -----------------------------------------------------------------------------------------------

    def chunk(self, unit: int, state: str = "") -> int:
        """Rows a batch: as many whole units as fit the memory bound; a few for a trainer that isn't batched.

        Args:
            state: what is handed out of each row besides, where its size is known (``SupportsStateSizes``).
        """
        cost = self._system.cost(self._materials)
        if is_per_cell(self._system):
            return max(1, FEW_CELLS // max(1, len(self._materials.probes)))
        if cost.bytes <= 0:
            return FEW_ROWS
        # a system that bounds its own memory would split a batch that is larger, and with it pairs that belong together
        own = self._system.traits.memory_mb
        megabytes = self.limits.megabytes if own is None else min(self.limits.megabytes, own)
        each = cost.bytes
        if state and isinstance(self._system, SupportsStateSizes):
            each += 4 * self._system.state_size(self._materials, state)
        fits = max(1, megabytes * 2**20 // each)
        return max(unit, min(fits, MOST_ROWS) // unit * unit)

    def _plan(self, asked: Wanted) -> list[Part]:
        """The batches. Journalled before anything runs; read back when they were journalled before.

        What another request trained, and can't be read any more, is in no batch of a plan from then: it gets more.
        """
        memory, request = self._memory, asked.request
        before = _parts_of(memory.plans.get(asked.id))
        mine = {asked.names[at] for part in before for at in asked.cells(part.rows, part.places)}
        more = parts(asked, lambda name: name in mine or name in memory, self.chunk(request.design.unit, request.state))
        if not more:
            return before
        decided = [*before, *more]
        body: dict[str, Any] = {
            "request": asked.id, "purpose": request.purpose, "size": request.design.size,
            "batches": [part.runs for part in decided],
        }  # fmt: skip
        if asked.width is not None:
            body["places"] = [part.places for part in decided]
        again = f":{len(before)}" if before else ""
        self._store.append([Event("planned", body, key=f"planned:{asked.id}{again}")])
        self._refresh()
        return _parts_of(memory.plans[asked.id])  # another process may have been first

    # --- memory -------------------------------------------------------------------------------------------------

    def _record(self, asked: Wanted, number: int, names: list[str], outcomes: Outcomes, wall: float) -> None:
        artifact = self._memory.keep(names, outcomes)
        failed = int((~(outcomes.ok if asked.width is None else outcomes.known)).sum())
        body: dict[str, Any] = {
            "request": asked.id, "batch": number, "artifact": artifact, "context": self.context.hex(),
            "rows": len(names), "failed": failed, "seconds": round(outcomes.seconds, 4),
            "wall": round(wall, 4), "cores": self.cores, "cold": self._cold,
            "money": self.budget.price * len(names),
        }  # fmt: skip
        self._cold = False
        self.budget.here += len(names)
        if outcomes.warned:
            body["warned"] = [asdict(w) for w in outcomes.warned]
            show(outcomes.warned)
        if not self._store.append([Event("trained", body, key=f"trained:{asked.id}:{number}")]):
            # another process was first, or what was kept of it is gone: it was spent all the same
            self._store.append([Event("trained_again", body)])
        self._refresh()

    def _refresh(self) -> None:
        for event in self._store.read(self._seen):
            self._seen = event.sequence
            self.budget.apply(event)
            self._memory.apply(event)
            body: dict[str, Any] = event.body
            if event.kind == "trained" and body["context"] == self.context.hex():
                self._warned = summed([*self._warned, *(Warned(**w) for w in body.get("warned", ()))])
        self._memory.read_names()

    def retry(self) -> None:
        """Rows that failed so far are trained again when they are asked for; the failures stay in the journal."""
        self._store.append([Event("retry", {})])
        self._refresh()

    # --- checks -------------------------------------------------------------------------------------------------

    def _check_shape(self, outcomes: Outcomes, asked: Wanted, part: Part) -> None:
        """An executor of somebody else's may return anything."""
        request = asked.request
        if request.state:
            return
        here = asked_at(request, self._materials)
        places = len(self._system.places(here)) if part.places is None else len(part.places)
        due = (len(part), self._materials.width if request.cotangents is not None else places)
        if outcomes.values.shape != due or outcomes.ok.shape != (due[0],):
            raise TrainingError(
                f"System {self._system.kind!r} returned outcomes of shape {outcomes.values.shape} where "
                f"{due} was due (rows × probes)."
            )
        if asked.width is not None and outcomes.cells is None and not outcomes.ok.all():
            raise TrainingError(
                f"System {self._system.kind!r} trains cell by cell, but says of whole rows that they failed. Let its "
                "outcomes say which cells are known."
            )


def price_of(system: System, materials: Materials) -> float:
    """What the system says that one training costs."""
    each = each_of(system, materials)
    return each.money / max(1, each.trainings)


def _closable(results: Iterator[tuple[int, Outcomes]]) -> Generator[tuple[int, Outcomes]]:
    """Any iterator as one that can be closed: what an executor still has in flight ends with it."""
    try:
        yield from results
    finally:
        if isinstance(results, Generator):
            results.close()


def _parts_of(body: Mapping[str, Any] | None) -> list[Part]:
    """The batches of a plan that was journalled; none before."""
    if body is None:
        return []
    places = body.get("places") or [None] * len(body["batches"])
    return [
        Part(tuple((start, stop) for start, stop in runs), None if at is None else tuple(at))
        for runs, at in zip(body["batches"], places, strict=True)
    ]
