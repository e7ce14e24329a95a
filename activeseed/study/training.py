"""Requests to outcomes: batches are decided, journalled, run and stored, and nothing journalled is trained twice.

The unit of caching is the row. A request's missing rows are packed into batches; the packing is journalled before the
first of them runs, and a resumed analysis reads it back, because the last bits of a row depend on the batch that it
trained in. Each batch is one artifact, journalled after it is durable.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import asdict, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from activeseed.config import LimitsTable
from activeseed.errors import PlanError, StoreError, TooManyFailuresError, TrainingError
from activeseed.executors.listening import show
from activeseed.outcome import Bools, Outcomes, Ranking, Warned, summed
from activeseed.plan import Design, Independent, Materials, OneAtATime, Rows, join_rows, row_names
from activeseed.protocols import Batch, Estimator, Event, Executor, Problem, Request, Store, SupportsCores, System
from activeseed.seed import ABSENT, digest_of
from activeseed.study.budget import Budget
from activeseed.study.failing import ABSENT_INDEX, Explained, Kind, effective, explained, left_out, without
from activeseed.study.progress import Progress, silent

#: a batch is never larger, so that progress shows and a kill loses little
MOST_ROWS = 512
#: rows a batch for a trainer that takes one row at a time
FEW_ROWS = 8
#: how improbable failures have to be at the tolerated share before a request is given up half-way
HOPELESS = 1e-4
#: columns that say nothing of an item when one of its variants can't be trained
_OF_THE_LAW = (
    "first_order", "first_order_se", "first_order_low", "first_order_high", "presence", "wording", "share", "total",
    "total_se", "total_low", "total_high", "total_instability", "value", "value_per_minute",
)  # fmt: skip


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
        self._planned: dict[str, dict[str, Any]] = {}
        self._trained: dict[tuple[str, int], str] = {}
        self._index: dict[str, tuple[str, int]] = {}
        self._unread: list[str] = []
        self._failing: list[str] = []
        self._warned: tuple[Warned, ...] = ()
        self._reasons: dict[Kind, str] = {}
        self.impossible: dict[tuple[int, int], str] = {}
        self._again: dict[str, int] = {}
        self._retries = 0
        self._loaded: dict[str, Outcomes] = {}
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

    def run(self, estimator: Estimator, problem: Problem) -> Ranking:
        """Drive an estimator to its ranking. Trainings are counted in its summary."""
        before = self.budget.here
        while True:
            known = set(self.impossible)
            possible = self.possible(problem)
            generator = estimator.run(possible)
            asked = 0
            try:
                request = next(generator)
                while set(self.impossible) == known:
                    asked += request.design.size
                    request = generator.send(self.fulfil(request))
            except StopIteration as done:
                ranking: Ranking = done.value
                break
            generator.close()  # once more, without what can't be trained; what was trained is kept
        self._check_measured(ranking)
        counts = {"trainings": asked, "trainings_new": self.budget.here - before}
        return self.marked(ranking.join(Ranking(ranking.ids, summary=counts)), problem)

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
        """Outcomes of a request's rows, in order. Raises TooManyFailuresError above the tolerated share."""
        if request.cotangents is not None:
            raise PlanError("This study's executor has no gradients. Choose an estimator that only needs trainings.")
        design = request.design
        self._refresh()
        names = [n for start, stop in self._windows(design) for n in self._names(design.block(start, stop))]
        if request.fresh:
            names = _counted(names)
        batches = self._plan(request, names)
        request_id = self._request_id(names)
        todo = []
        for number, runs in enumerate(batches):
            artifact = self._trained.get((request_id, number))
            if artifact is None or self._store.names_in(artifact) is None:
                todo.append((number, runs))
        new = {r for _, runs in todo for start, stop in runs for r in range(start, stop)}
        self.budget.before(
            [n for r, n in enumerate(names) if r not in new], [names[r] for r in sorted(new)], self.cores
        )
        self._train(request, request_id, batches, todo, names)
        # a row that this request trained comes from the batch of its own unit, so that both ends of a difference do
        own: dict[int, tuple[str, int]] = {}
        for number, runs in enumerate(batches):
            artifact = self._trained[request_id, number]
            for at, r in enumerate(r for start, stop in runs for r in range(start, stop)):
                own[r] = (artifact, at)
        places = [own.get(r) or self._index[name] for r, name in enumerate(names)]
        if self._damaged({artifact for artifact, _ in places}):
            return self.fulfil(request)  # what could not be read is trained again
        outcomes = self._gather(places)
        self._check_failures(outcomes, request)
        if request.probes is not None:
            outcomes = Outcomes(
                outcomes.values[:, list(request.probes)], outcomes.ok, outcomes.failures, outcomes.vouching
            )
        return outcomes

    def _train(
        self,
        request: Request,
        request_id: str,
        batches: list[list[tuple[int, int]]],
        todo: list[tuple[int, list[tuple[int, int]]]],
        names: list[str],
    ) -> None:
        """Run the batches that are due, and record each as it completes. Raises where going on makes no sense."""
        rows_of = [sum(stop - start for start, stop in runs) for runs in batches]
        total, due = sum(rows_of), sum(rows_of[number] for number, _ in todo)
        if not due:
            return
        self.progress(request.purpose, total - due, total)
        trained = 0
        reasons: list[str] = []
        done: list[int] = []
        fine: list[bool] = []
        began = time.monotonic()
        run = self._executor.run(self._system, self._materials, self._batches(request.design, todo))
        with closing(_closable(run)) as completed:
            for number, outcomes in completed:
                now = time.monotonic()
                self._check_shape(outcomes, rows_of[number])
                batch_names = [names[r] for start, stop in batches[number] for r in range(start, stop)]
                self._record(request_id, number, batch_names, outcomes, now - began)
                began = now
                trained += rows_of[number]
                reasons += outcomes.failures.values()
                done += [r for start, stop in batches[number] for r in range(start, stop)]
                fine += outcomes.ok.tolist()
                self.progress(request.purpose, total - due + trained, total)
                if trained < due:
                    self._check_hope(request.design, done, fine, reasons, request.purpose)
                    self.budget.going_on(rows_of[number], self.cores)

    # --- planning -----------------------------------------------------------------------------------------------

    def chunk(self, unit: int) -> int:
        """Rows a batch: as many whole units as fit the memory bound; a few for a trainer that isn't batched."""
        cost = self._system.cost(self._materials)
        if cost.bytes <= 0:
            return FEW_ROWS
        # a system that bounds its own memory would split a batch that is larger, and with it pairs that belong together
        megabytes = min(self.limits.megabytes, getattr(self._system, "memory_mb", self.limits.megabytes))
        fits = max(1, megabytes * 2**20 // cost.bytes)
        return max(unit, min(fits, MOST_ROWS) // unit * unit)

    def _windows(self, design: Design) -> Iterator[tuple[int, int]]:
        step = max(design.unit, 1024 // design.unit * design.unit)
        edges = [*range(0, design.size, step), design.size]
        return pairwise(edges)

    def _names(self, rows: Rows) -> list[str]:
        return row_names(self.context, self._materials.slots, rows)

    def _request_id(self, names: list[str]) -> str:
        attempt = max((self._again.get(n, 0) for n in names), default=0) if self._again else 0
        suffix = f"/{attempt}" if attempt else ""
        return hashlib.sha256(("".join(names) + suffix).encode()).hexdigest()[:24]

    def _plan(self, request: Request, names: list[str]) -> list[list[tuple[int, int]]]:
        """Batches as runs of row numbers. Journalled before anything runs; read back when it was journalled before."""
        request_id = self._request_id(names)
        if request_id not in self._planned:
            runs = self._missing(request.design, names)
            if not runs:
                return []
            body = {"request": request_id, "purpose": request.purpose, "size": len(names), "batches": runs}
            self._store.append([Event("planned", body, key=f"planned:{request_id}")])
            self._refresh()
        batches = self._planned[request_id]["batches"]
        return [[(start, stop) for start, stop in runs] for runs in batches]

    def _missing(self, design: Design, names: list[str]) -> list[list[list[int]]]:
        """Units with a row that was never trained, packed into batches; rows that come twice are trained once."""
        chunk, unit = self.chunk(design.unit), min(design.unit, self.chunk(design.unit))
        batches: list[list[list[int]]] = [[]]
        filled = 0
        planned: set[str] = set()
        for start in range(0, len(names), unit):
            stop = min(start + unit, len(names))
            fresh = [n for n in names[start:stop] if n not in self._index and n not in planned]
            if not fresh:
                continue
            planned.update(names[start:stop])
            if filled + (stop - start) > chunk and filled:
                batches.append([])
                filled = 0
            runs = batches[-1]
            if runs and runs[-1][1] == start:
                runs[-1][1] = stop
            else:
                runs.append([start, stop])
            filled += stop - start
        return [b for b in batches if b]

    def _batches(self, design: Design, todo: list[tuple[int, list[tuple[int, int]]]]) -> Iterator[Batch]:
        for number, runs in todo:
            yield Batch(number, join_rows([design.block(start, stop) for start, stop in runs]))

    # --- memory -------------------------------------------------------------------------------------------------

    def _record(self, request_id: str, number: int, names: list[str], outcomes: Outcomes, wall: float) -> None:
        arrays: dict[str, Any] = {"names": np.array(names), "values": outcomes.values, "ok": outcomes.ok}
        if outcomes.vouching is not None:
            arrays["vouching"] = outcomes.vouching
        if outcomes.failures:
            arrays["failures"] = np.array(json.dumps({str(k): v for k, v in outcomes.failures.items()}))
        artifact = self._store.put(arrays)
        body = {
            "request": request_id, "batch": number, "artifact": artifact, "context": self.context.hex(),
            "rows": len(names), "failed": int((~outcomes.ok).sum()), "seconds": round(outcomes.seconds, 4),
            "wall": round(wall, 4), "cores": self.cores, "cold": self._cold, "money": self.limits.price * len(names),
        }  # fmt: skip
        self._cold = False
        self.budget.here += len(names)
        if outcomes.warned:
            body["warned"] = [asdict(w) for w in outcomes.warned]
            show(outcomes.warned)
        self._store.append([Event("trained", body, key=f"trained:{request_id}:{number}")])
        self._refresh()

    def _refresh(self) -> None:
        for event in self._store.read(self._seen):
            self._seen = event.sequence
            self.budget.apply(event)
            if event.kind == "planned":
                self._planned[event.body["request"]] = event.body
            elif event.kind == "trained":
                body = event.body
                self._trained[body["request"], body["batch"]] = body["artifact"]
                self._unread.append(body["artifact"])
                if body["failed"]:
                    self._failing.append(body["artifact"])
                if body["context"] == self.context.hex():
                    self._warned = summed([*self._warned, *(Warned(**w) for w in body.get("warned", ()))])
            elif event.kind == "retry":
                self._read_names()
                self._forget_failures()
        self._read_names()

    def _read_names(self) -> None:
        for artifact in self._unread:
            for at, name in enumerate(self._store.names_in(artifact) or []):
                self._index.setdefault(name, (artifact, at))
        self._unread.clear()

    def retry(self) -> None:
        """Rows that failed so far are trained again when they are asked for; the failures stay in the journal."""
        self._store.append([Event("retry", {})])
        self._refresh()

    def _forget_failures(self) -> None:
        self._retries += 1
        for artifact in self._failing:
            for at in np.flatnonzero(~self._load(artifact).ok):
                for name in [n for n, place in self._index.items() if place == (artifact, int(at))]:
                    del self._index[name]
                    self._again[name] = self._retries
        self._failing.clear()
        self._loaded.clear()

    def _load(self, artifact: str) -> Outcomes:
        if artifact not in self._loaded:
            arrays = self._store.get(artifact)
            failures = (
                {int(k): v for k, v in json.loads(str(arrays["failures"])).items()} if "failures" in arrays else {}
            )
            self._loaded[artifact] = Outcomes(arrays["values"], arrays["ok"], failures, arrays.get("vouching"))
        return self._loaded[artifact]

    def _damaged(self, artifacts: set[str]) -> bool:
        """Whether some of these can't be read; their rows are forgotten."""
        lost = set()
        for artifact in artifacts:
            try:
                self._load(artifact)
            except StoreError:
                lost.add(artifact)
        self._index = {n: place for n, place in self._index.items() if place[0] not in lost} if lost else self._index
        return bool(lost)

    def _gather(self, places: list[tuple[str, int]]) -> Outcomes:
        first = self._load(places[0][0])
        values = np.empty((len(places), first.values.shape[1]), np.float32)
        ok = np.empty(len(places), bool)
        vouching = None if first.vouching is None else np.empty((len(places), first.vouching.shape[1]), np.float32)
        failures: dict[int, str] = {}
        by_artifact: dict[str, list[int]] = {}
        for r, (artifact, _) in enumerate(places):
            by_artifact.setdefault(artifact, []).append(r)
        for artifact, rows in by_artifact.items():
            part = self._load(artifact)
            at = [places[r][1] for r in rows]
            values[rows] = part.values[at]
            ok[rows] = part.ok[at]
            if vouching is not None and part.vouching is not None:
                vouching[rows] = part.vouching[at]
            failures |= {r: part.failures[places[r][1]] for r in rows if places[r][1] in part.failures}
        self._loaded.clear()
        return Outcomes(values, ok, failures, vouching)

    # --- checks -------------------------------------------------------------------------------------------------

    def _check_shape(self, outcomes: Outcomes, rows: int) -> None:
        places = len(self._system.places(self._materials))
        if outcomes.values.shape != (rows, places) or outcomes.ok.shape != (rows,):
            raise TrainingError(
                f"System {self._system.kind!r} returned outcomes of shape {outcomes.values.shape} where "
                f"{(rows, places)} was due (rows × probes)."
            )

    def _check_failures(self, outcomes: Outcomes, request: Request) -> None:
        """Raise above the tolerated share; what fails as a kind, whichever key and company, is noted, and tolerated."""
        failed = int((~outcomes.ok).sum())
        if not failed:
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
        runs = np.split(rows, np.flatnonzero(np.diff(rows) != 1) + 1)
        variants = np.concatenate([effective(design.block(int(run[0]), int(run[-1]) + 1)) for run in runs])
        base = np.asarray(self._materials.seed.base, np.int16)
        single = isinstance(design, OneAtATime)
        # Where rows are regressed, a variant of which no row succeeded has no coefficient, however few there were.
        found = explained(variants, ok, base, least=1 if isinstance(design, Independent) else 2, single_changes=single)
        tried = left_out(variants, base, single)
        gone = sum(set(kind.variants) == {ABSENT_INDEX} for kind in found.kinds)
        return Explained({}, np.ones(len(ok), bool)) if 2 * gone > tried > 1 else found

    def _check_hope(self, design: Design, rows: list[int], ok: list[bool], reasons: list[str], purpose: str) -> None:
        """Give a request up as soon as more failed than the tolerated share, or any kind of row, could ever explain."""
        share, trained = self.limits.failed_share, len(rows)
        if len(reasons) <= share * trained:
            return
        from scipy.stats import binom

        if float(binom.sf(len(reasons) - 1, trained, share)) < HOPELESS:
            fine = np.asarray(ok, bool)
            found = self._explained(design, np.asarray(rows, np.int64), fine)
            rest, others = int((~fine & found.others).sum()), int(found.others.sum())
            ever = self.budget.trainings > self.budget.failed
            if not (others or ever) or (rest > share * others and float(binom.sf(rest - 1, others, share)) < HOPELESS):
                what = f"{len(reasons)} of the first {trained} trainings failed ({purpose}) and it ends here"
                raise self._too_many(what, reasons)

    def _too_many(self, what: str, reasons: list[str]) -> TooManyFailuresError:
        reason, times = Counter(why.partition(" (row ")[0] for why in reasons).most_common(1)[0]
        return TooManyFailuresError(
            f"{what}, more than the tolerated {self.limits.failed_share:.0%}. Most often ({times}×): {reason}. Mend "
            "the trainer, or raise [limits] failed_share in activeseed.toml. What succeeded is kept."
        )


def _unmeasured(how: str, names: list[str], reason: str) -> str:
    shown = " or ".join(names[:5]) + (f" or {len(names) - 5} others" if len(names) > 5 else "")
    return f"Not measured: every training {how.format(shown)} failed ({reason}). Risk and values leave that out."


def _closable(results: Iterator[tuple[int, Outcomes]]) -> Generator[tuple[int, Outcomes]]:
    """Any iterator as one that can be closed: what an executor still has in flight ends with it."""
    try:
        yield from results
    finally:
        close = getattr(results, "close", None)
        if callable(close):
            close()


def _counted(names: list[str]) -> list[str]:
    """Equal names told apart by how often they came before, so that a re-run is a row of its own."""
    seen: Counter[str] = Counter()
    out = []
    for name in names:
        out.append(f"{name}~{seen[name]}" if seen[name] else name)
        seen[name] += 1
    return out


def context_of(system: System, materials: Materials) -> bytes:
    """Digest of everything that all rows of a study share: part of every row's name."""
    record = getattr(system, "record", None)
    said = {"kind": system.kind, "revision": system.revision, "record": record() if callable(record) else {}}
    reads = getattr(system, "also_reads", None)  # what a trainer sees of the items besides their payloads
    if callable(reads):
        said["reads"] = reads(materials)
    return hashlib.sha256(digest_of(said) + materials.digest).digest()[:16]
