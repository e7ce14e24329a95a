"""Rows spread over a pool of worker processes: for trainers that take one row at a time."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, PrivateAttr

from activeseed.checked import SettingsRecord
from activeseed.errors import PlanError
from activeseed.executors.pool import Pool
from activeseed.executors.train_batch import failed, joined, width_of
from activeseed.executors.worker import Refusal
from activeseed.outcome import Outcomes
from activeseed.plan import Materials, Rows
from activeseed.protocols import Batch, System


def usable_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True)
class Piece:
    """Consecutive rows of a batch, from row number ``first`` on."""

    task: Batch
    first: int

    @property
    def batch(self) -> int:
        return self.task.id

    @property
    def rows(self) -> Rows:
        return self.task.rows

    def halves(self) -> tuple[Piece, Piece]:
        half = len(self.rows) // 2
        left, right = self.task.take(slice(0, half)), self.task.take(slice(half, None))
        return Piece(left, self.first), Piece(right, self.first + half)


class Processes(SettingsRecord):
    """Trains in worker processes (joblib's loky), a bounded number of pieces in flight.

    A batch of a system whose traits say ``rows_at_a_time`` is cut into pieces of so many rows; any other batch stays
    whole, since its bits depend on the rows that train together. A worker that dies takes the pool with it: what was
    in flight runs again, one piece at a time, and a row during which a worker dies again is a recorded failure.

    Attributes:
        workers: processes; None is one for each usable core.
        threads: threads that each worker's arithmetic may use.
        timeout: seconds that a row may take, or None. The worker that exceeds it is ended, on Linux
            with all it started.
    """

    kind: Literal["processes"] = "processes"
    workers: int | None = Field(default=None, ge=1)
    threads: int = Field(default=1, ge=1)
    timeout: float | None = Field(default=None, gt=0)
    _pool: Pool | None = PrivateAttr(default=None)

    @property
    def cores(self) -> int:
        """Trainings that go on at the same time."""
        return self.workers or usable_cores()

    def run(self, system: System, materials: Materials, batches: Iterable[Batch]) -> Iterator[tuple[int, Outcomes]]:
        """Yields (batch id, outcomes) as batches complete. Closing the iterator ends the workers at once."""
        if self._pool is None:
            self._pool = Pool(self.cores, self.threads)
        pool = self._pool
        run = _Run(pool, system, materials, self.timeout, math.ceil(1.25 * self.cores))
        with pool.using(run.job):
            try:
                yield from run.results(batches)
            except BaseException:  # an error, Ctrl-C or a closed iterator: nothing goes on training behind our back
                pool.kill()
                raise

    def close(self) -> None:
        """End the workers; a later run starts new ones."""
        if self._pool is not None:
            self._pool.close()
            self._pool = None


class _Run:
    """One call of ``Processes.run``."""

    def __init__(self, pool: Pool, system: System, materials: Materials, timeout: float | None, in_flight: int) -> None:
        self._pool, self._timeout, self._bound = pool, timeout, in_flight
        self._system, self._materials = system, materials
        self._size: int | None = system.traits.rows_at_a_time
        self.job = pool.job(system, materials)
        self._open: dict[Future[Any], tuple[Piece, Path]] = {}
        self._done: dict[int, dict[int, Outcomes]] = {}  # by batch, then by number of the piece's first row
        self._missing: dict[int, int] = {}  # rows of a batch that are still out

    def results(self, batches: Iterable[Batch]) -> Iterator[tuple[int, Outcomes]]:
        pieces = self._pieces(batches)
        exhausted = False
        while True:
            suspects: list[Piece] = []
            while not exhausted and not suspects and len(self._open) < self._bound:
                piece = next(pieces, None)
                if piece is None:
                    exhausted = True
                elif not self._submit(piece):
                    suspects.append(piece)
            if not self._open and not suspects:
                return
            if not suspects:
                wait(self._open, return_when=FIRST_COMPLETED)
            finished = [f for f in self._open if f.done()]
            for future in finished:
                piece, notice = self._open.pop(future)
                try:
                    yield from self._keep(piece, future.result())
                except BrokenExecutor:
                    yield from self._blame(piece, notice, suspects)
            if suspects:
                yield from self._recover(suspects)

    def _pieces(self, batches: Iterable[Batch]) -> Iterator[Piece]:
        for batch in batches:
            size = self._size or max(1, len(batch.rows))
            self._done[batch.id], self._missing[batch.id] = {}, len(batch.rows)
            for first in range(0, len(batch.rows), size):
                yield Piece(batch.take(slice(first, first + size)), first)

    def _submit(self, piece: Piece) -> bool:
        seconds = None if self._timeout is None else self._timeout * len(piece.rows)
        try:
            future, notice = self._pool.submit(self.job, piece.task, piece.first, seconds)
        except BrokenExecutor:
            return False
        self._open[future] = (piece, notice)
        return True

    def _keep(self, piece: Piece, result: Outcomes | Refusal) -> Iterator[tuple[int, Outcomes]]:
        if isinstance(result, Refusal):
            raise PlanError(result.message)
        parts = self._done[piece.batch]
        parts[piece.first] = result
        self._missing[piece.batch] -= len(piece.rows)
        if self._missing[piece.batch] == 0:
            del self._done[piece.batch], self._missing[piece.batch]
            yield piece.batch, joined([parts[first] for first in sorted(parts)])

    def _recover(self, suspects: list[Piece]) -> Iterator[tuple[int, Outcomes]]:
        """The pool is gone. Whatever was in flight runs again alone, so that only the culprit is blamed."""
        for piece, notice in [self._open.pop(f) for f in list(self._open)]:
            yield from self._blame(piece, notice, suspects)
        self._pool.kill()
        stack = sorted(suspects, key=lambda p: (p.batch, p.first), reverse=True)
        while stack:
            piece = stack.pop()
            if not self._submit(piece):
                raise PlanError("Worker processes end before they do anything. Use the executor 'in_process'.")
            (future,) = self._open
            piece, notice = self._open.pop(future)
            try:
                yield from self._keep(piece, future.result())
            except BrokenExecutor as error:
                self._pool.kill()
                halves: list[Piece] = []
                yield from self._blame(piece, notice, halves, why=_cause(error))
                stack.extend(reversed(halves))

    def _blame(self, piece: Piece, notice: Path, again: list[Piece], why: str = "") -> Iterator[tuple[int, Outcomes]]:
        """A failure where it is certain which row is at fault; otherwise the piece, or its halves, run again."""
        report = notice.read_text(errors="replace") if notice.exists() else ""
        reason = _ran_out(report, self._timeout) if report.strip() else why
        if not reason:
            again.append(piece)
        elif len(piece.rows) > 1:
            again.extend(piece.halves())
        else:
            where = f"(row {piece.first}, key {int(piece.rows.keys[0])})"
            yield from self._keep(
                piece, failed(f"{reason} {where}", 1, width_of(self._system, self._materials, piece.task))
            )


def _cause(error: BaseException) -> str:
    """Why a worker died, with its exit codes as far as the pool could read them."""
    codes = re.search(r"exit codes of the workers are \{(.*)\}", str(error))
    killed = codes is not None and "SIGKILL" in codes[1]
    hint = "; the system kills processes when memory runs out" if killed else ""
    return f"died: the worker process ended{f' with {codes[1]}' if codes else ''}{hint}"


def _ran_out(report: str, seconds: float | None) -> str:
    """What a time limit says: the limit, and the innermost line of the trainer that was running."""
    places = re.findall(r'File "(.*)", line (\d+) in (\S+)', report)
    ours = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    outside = [p for p in places if not p[0].startswith((ours, os.path.dirname(os.__file__)))]
    where = f", at line {outside[0][1]} of {outside[0][2]}" if outside else ""
    return f"timed out: longer than {seconds:g} s{where}"
