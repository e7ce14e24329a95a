"""Requests to outcomes: batches are decided, journalled, run and stored, and nothing journalled is trained twice.

The unit of caching is the row. A request's missing rows are packed into batches; the packing is journalled before the
first of them runs, and a resumed analysis reads it back, because the last bits of a row depend on the batch that it
trained in. Each batch is one artifact, journalled after it is durable.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import asdict, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from activeseed.config import LimitsTable
from activeseed.errors import TooManyFailuresError, TrainingError
from activeseed.executors.listening import show
from activeseed.outcome import Bools, Outcomes, Ranking, Summary, Warned, summed
from activeseed.plan import Design, Independent, Materials, OneAtATime
from activeseed.protocols import Analysis, Event, Executor, Problem, Request, Store, SupportsCores, System
from activeseed.seed import ABSENT
from activeseed.study.budget import Budget
from activeseed.study.failing import ABSENT_INDEX, Explained, Kind, effective, explained, left_out, without
from activeseed.study.memory import Memory, Where
from activeseed.study.progress import Progress, silent
from activeseed.study.requests import (
    Part,
    Wanted,
    batches,
    context_of,
    each_of,
    is_per_cell,
    parts,
    rows_at,
    wanted,
)

#: a batch is never larger, so that progress shows and a kill loses little
MOST_ROWS = 512
#: rows a batch for a trainer that takes one row at a time
FEW_ROWS = 8
#: cells a batch for a trainer that goes cell by cell: each is paid for, and a kill loses no more
FEW_CELLS = 64
#: how improbable failures have to be at the tolerated share before a request is given up half-way
HOPELESS = 1e-4
#: columns that say nothing of an item when one of its variants can't be trained
_OF_THE_LAW = (
    "first_order", "first_order_se", "first_order_low", "first_order_high", "presence", "wording", "share", "total",
    "total_se", "total_low", "total_high", "total_instability", "value", "value_per_minute",
)  # fmt: skip


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
        self._reasons: dict[Kind, str] = {}
        self.impossible: dict[tuple[int, int], str] = {}
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
        self._check_measured(ranking)
        counts: Summary = {"trainings": asked, "trainings_new": self.budget.here - before}
        return self.marked(ranking.join(Ranking(ranking.ids, summary=counts)), problem)

    def _drive(self, analysis: Analysis[T], problem: Problem) -> tuple[T, int]:
        """The result of an analysis, and how many trainings it asked for."""
        while True:
            known = set(self.impossible)
            generator = analysis.run(self.possible(problem))
            asked = 0
            try:
                request = next(generator)
                while set(self.impossible) == known:
                    asked += request.design.size * problem.each.trainings
                    request = generator.send(self.fulfil(request))
            except StopIteration as done:
                result: T = done.value
                return result, asked
            generator.close()  # once more, without what can't be trained; what was trained is kept

    # --- what can't be trained ----------------------------------------------------------------------------------

    def possible(self, problem: Problem) -> Problem:
        """The problem without the variants that no training bears, so far as is known: the rest can be measured."""
        if not self.impossible:
            return problem
        gone = set(self.impossible)
        return replace(
            problem,
            law=without(problem.law, gone, problem.base),
            rows_law=None if problem.rows_law is None else without(problem.rows_law, gone, problem.base),
            held=tuple(sorted(f for f, v in gone if v == ABSENT_INDEX)),
        )

    def marked(self, ranking: Ranking, problem: Problem) -> Ranking:
        """The ranking with the reasons of what is not measured, and without numbers that leave that out."""
        if not self._reasons:
            return ranking
        said = np.full(len(problem.seed), "", object)
        alike: dict[tuple[str, str], list[str]] = {}
        columns = dict(ranking.columns)
        for kind, reason in sorted(self._reasons.items(), key=lambda known: known[0].factors):
            which = sorted(
                {problem.seed.items[f].variants[v].id for f, v in zip(kind.factors, kind.variants, strict=True)}
            )
            names = ", ".join(problem.ids[f] for f in kind.factors)
            how = "without {}" if which == [ABSENT] else f"with {{}} as {' and '.join(which)}"
            alike.setdefault((how, reason), []).append(names)
            if len(kind.factors) > 1:
                continue
            (f,), (v,) = kind.factors, kind.variants
            said[f] = f"every training {how.format(names)} failed: {reason}"
            if (f, v) in self.impossible and problem.law.probabilities[f, v] > 0:
                for name in (n for n in _OF_THE_LAW if n in columns):
                    columns[name] = np.where(np.arange(len(said)) == f, np.nan, np.asarray(columns[name], float))
        columns["not_measured"] = said
        notes = [_unmeasured(how, names, reason) for (how, reason), names in alike.items()]
        return replace(ranking, columns=columns, notes=tuple(dict.fromkeys((*ranking.notes, *notes))))

    def _check_measured(self, ranking: Ranking) -> None:
        """Raise where no item's effect could be measured at all."""
        effects = ranking.columns.get("effect")
        if self._reasons and effects is not None and np.isnan(np.asarray(effects, float)).all():
            raise self._too_many(
                "No item's effect can be measured, since trainings failed", list(self._reasons.values())
            )

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
        self._check_failures(outcomes, request)
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
        with closing(_closable(self._executor.run(self._system, self._materials, tasks))) as completed:
            for number, outcomes in completed:
                now = time.monotonic()
                part = planned[number]
                self._check_shape(outcomes, asked, part)
                names = [asked.names[at] for at in asked.cells(part.rows, part.places)]
                self._record(asked, number, names, outcomes, now - began)
                began = now
                left -= cells[number]
                reasons += outcomes.failures.values()
                done += part.rows
                fine += outcomes.ok.tolist() if asked.width is None else outcomes.known.reshape(-1).tolist()
                self.progress(request.purpose, total - left, total)
                if left:
                    self._check_hope(request.design, None if asked.width else done, fine, reasons, request.purpose)
                    self.budget.going_on(cells[number], self.cores)

    @property
    def price(self) -> float:
        """What one training costs: what the settings say, and what the system says of its calls."""
        each = each_of(self._system, self._materials)
        return self.limits.price + each.money / max(1, each.trainings)

    # --- planning -----------------------------------------------------------------------------------------------

    def chunk(self, unit: int) -> int:
        """Rows a batch: as many whole units as fit the memory bound; a few for a trainer that isn't batched."""
        cost = self._system.cost(self._materials)
        if is_per_cell(self._system):
            return max(1, FEW_CELLS // max(1, len(self._materials.probes)))
        if cost.bytes <= 0:
            return FEW_ROWS
        # a system that bounds its own memory would split a batch that is larger, and with it pairs that belong together
        own = self._system.traits.memory_mb
        megabytes = self.limits.megabytes if own is None else min(self.limits.megabytes, own)
        fits = max(1, megabytes * 2**20 // cost.bytes)
        return max(unit, min(fits, MOST_ROWS) // unit * unit)

    def _plan(self, asked: Wanted) -> list[Part]:
        """The batches. Journalled before anything runs; read back when they were journalled before."""
        memory, request = self._memory, asked.request
        if asked.id not in memory.plans:
            decided = parts(asked, memory.__contains__, self.chunk(request.design.unit))
            if not decided:
                return []
            body: dict[str, Any] = {
                "request": asked.id, "purpose": request.purpose, "size": request.design.size,
                "batches": [part.runs for part in decided],
            }  # fmt: skip
            if asked.width is not None:
                body["places"] = [part.places for part in decided]
            self._store.append([Event("planned", body, key=f"planned:{asked.id}")])
            self._refresh()
        body = memory.plans[asked.id]
        places = body.get("places") or [None] * len(body["batches"])
        return [
            Part(tuple((start, stop) for start, stop in runs), None if at is None else tuple(at))
            for runs, at in zip(body["batches"], places, strict=True)
        ]

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
        self._store.append([Event("trained", body, key=f"trained:{asked.id}:{number}")])
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
        places = len(self._system.places(self._materials)) if part.places is None else len(part.places)
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

    def _check_failures(self, outcomes: Outcomes, request: Request) -> None:
        """Raise above the tolerated share; what fails as a kind, whichever key and company, is noted, and tolerated."""
        failed = int((~outcomes.ok).sum())
        if not failed:
            return
        if outcomes.cells is not None:  # each cell fails for itself: no kind of row is behind it
            lost, cells = int((~outcomes.cells).sum()), outcomes.cells.size
            if lost > self.limits.failed_share * cells:
                what = f"{lost} of {cells} calls failed ({request.purpose})"
                raise self._too_many(what, list(outcomes.failures.values()))
            return
        design = request.design
        found = self._explained(design, np.arange(design.size), outcomes.ok)
        rest = int((~outcomes.ok & found.others).sum())
        if rest > self.limits.failed_share * found.others.sum() or not found.others.any():
            reasons = list(outcomes.failures.values())
            raise self._too_many(f"{failed} of {len(outcomes)} trainings failed ({request.purpose})", reasons)
        for kind, row in found.kinds.items():
            reason = outcomes.failures.get(row, "").partition(" (row ")[0]
            self._reasons.setdefault(kind, reason)
            if kind.sure and len(kind.factors) == 1:
                self.impossible.setdefault((kind.factors[0], kind.variants[0]), reason)

    def _explained(self, design: Design, rows: NDArray[np.int64], ok: Bools) -> Explained:
        """The kinds of row of a design that fail; none where most items can't be left out, so hardly any ranks."""
        items = len(self._materials.seed)  # a setting that fails is no kind of row: it counts as what it is
        variants = effective(rows_at(design, rows.tolist()).of_items(items))
        base = np.asarray(self._materials.seed.base, np.int16)
        single = isinstance(design, OneAtATime)
        # Where rows are regressed, a variant of which no row succeeded has no coefficient, however few there were.
        found = explained(variants, ok, base, least=1 if isinstance(design, Independent) else 2, single_changes=single)
        tried = left_out(variants, base, single)
        gone = sum(set(kind.variants) == {ABSENT_INDEX} for kind in found.kinds)
        return Explained({}, np.ones(len(ok), bool)) if 2 * gone > tried > 1 else found

    def _check_hope(
        self, design: Design, rows: list[int] | None, ok: list[bool], reasons: list[str], purpose: str
    ) -> None:
        """Give a request up as soon as more failed than the tolerated share, or any kind of row, could ever explain.

        Args:
            rows: numbers of the rows that were trained; None for cells, behind whose failures there is no kind of row.
        """
        share = self.limits.failed_share
        fine = np.asarray(ok, bool)
        failed, trained = int((~fine).sum()), len(fine)
        if not _hopeless(failed, trained, share):
            return
        if rows is not None:
            found = self._explained(design, np.asarray(rows, np.int64), fine)
            rest, others = int((~fine & found.others).sum()), int(found.others.sum())
            ever = self.budget.trainings > self.budget.failed
            if (others or ever) and not (rest > share * others and _hopeless(rest, others, share)):
                return
        raise self._too_many(f"{failed} of the first {trained} trainings failed ({purpose}) and it ends here", reasons)

    def _too_many(self, what: str, reasons: list[str]) -> TooManyFailuresError:
        reason, times = Counter(why.partition(" (row ")[0] for why in reasons).most_common(1)[0]
        return TooManyFailuresError(
            f"{what}, more than the tolerated {self.limits.failed_share:.0%}. Most often ({times}×): {reason}. Mend "
            "the trainer, or raise [limits] failed_share in activeseed.toml. What succeeded is kept."
        )


def _hopeless(failed: int, trained: int, share: float) -> bool:
    """Whether so many failures are all but impossible at a tolerated share."""
    if failed <= share * trained:
        return False
    from scipy.stats import binom

    return float(binom.sf(failed - 1, trained, share)) < HOPELESS


def _unmeasured(how: str, names: list[str], reason: str) -> str:
    shown = " or ".join(names[:5]) + (f" or {len(names) - 5} others" if len(names) > 5 else "")
    return f"Not measured: every training {how.format(shown)} failed ({reason}). Risk and values leave that out."


def _closable(results: Iterator[tuple[int, Outcomes]]) -> Generator[tuple[int, Outcomes]]:
    """Any iterator as one that can be closed: what an executor still has in flight ends with it."""
    try:
        yield from results
    finally:
        if isinstance(results, Generator):
            results.close()
