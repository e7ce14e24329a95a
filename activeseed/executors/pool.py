"""A pool of worker processes that can be killed and started again (joblib's loky, which sends functions by value)."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from activeseed.errors import PlanError
from activeseed.executors.process_tree import descendants, kill_marked, kill_tree
from activeseed.executors.threads import environment
from activeseed.executors.worker import prepare, work
from activeseed.plan import Materials
from activeseed.protocols import Batch, System

MARK = "ACTIVESEED_POOL"  # environment variable by which whatever a worker started is recognised as ours


class Pool:
    """``workers`` processes, started with the first piece; ``folder`` holds jobs, notices and the workers' ids."""

    def __init__(self, workers: int, threads: int) -> None:
        self._workers, self._threads = workers, threads
        self._temporary = tempfile.TemporaryDirectory(prefix="activeseed-", ignore_cleanup_errors=True)
        self._folder = Path(self._temporary.name)
        self._executor: Any = None
        self._job: tuple[System, Materials, str] | None = None
        self._in_use: list[str] = []
        self._numbers = iter(range(2**62))

    def job(self, system: System, materials: Materials) -> str:
        """Writes what all pieces share to a file, once. Raises PlanError when it can't be sent to another process."""
        import cloudpickle

        if self._job is not None and self._job[0] is system and self._job[1] is materials:
            return self._job[2]
        try:
            content = cloudpickle.dumps((system, _portable(materials)))
        except Exception as error:
            raise PlanError(
                f"The system can't be sent to worker processes ({type(error).__name__}: {error}). "
                "Define it without open files, locks or connections, or run it with the executor 'in_process'."
            ) from error
        file = self._folder / f"job-{next(self._numbers)}"
        file.write_bytes(content)
        if self._job is not None and self._job[2] not in self._in_use:
            Path(self._job[2]).unlink(missing_ok=True)  # a trainer may hold a lot of data
        self._job = (system, materials, str(file))
        return str(file)

    @contextlib.contextmanager
    def using(self, job: str) -> Iterator[None]:
        """While a run needs its job; afterwards the newest job is kept and others go."""
        self._in_use.append(job)
        try:
            yield
        finally:
            self._in_use.remove(job)
            if job not in self._in_use and (self._job is None or self._job[2] != job):
                Path(job).unlink(missing_ok=True)

    def submit(self, job: str, batch: Batch, first: int, seconds: float | None) -> tuple[Future[Any], Path]:
        """A future of the piece, and the file that tells where its time ran out. Raises BrokenExecutor."""
        notice = self._folder / f"notice-{next(self._numbers)}"
        future = self._started().submit(work, job, batch, first, seconds, str(notice))
        return future, notice

    def _started(self) -> Any:
        if self._executor is None:
            from joblib.externals.loky.backend import get_context
            from joblib.externals.loky.process_executor import ProcessPoolExecutor

            self._executor = ProcessPoolExecutor(
                max_workers=self._workers,
                context=get_context("loky"),
                initializer=prepare,
                initargs=(str(self._folder), os.getpid()),
                env={**environment(self._threads), MARK: str(self._folder)},
            )
        return self._executor

    def kill(self) -> None:
        """End every worker and all that descends from it, now; the next piece starts a fresh pool."""
        executor, self._executor = self._executor, None
        if executor is None:
            return
        ours = set(descendants(os.getpid()))  # the id of a worker that died may be another process's by now
        for file in self._folder.glob("worker-*"):
            worker = int(file.name.partition("-")[2])
            if worker in ours:
                kill_tree(worker)
            file.unlink(missing_ok=True)
        with contextlib.suppress(BrokenExecutor):
            executor.shutdown(wait=True, kill_workers=True)
        kill_marked(f"{MARK}={self._folder}")

    def close(self) -> None:
        """End the workers and remove the folder."""
        self.kill()
        self._temporary.cleanup()


class Table:
    """Embeddings made before the workers start, so that no worker loads a model. ``embed`` of Materials."""

    def __init__(self, vectors: dict[str, NDArray[np.float32]]) -> None:
        self._vectors = vectors

    def __call__(self, texts: Any) -> NDArray[np.float32]:
        try:
            return np.stack([self._vectors[t] for t in texts])
        except KeyError as error:
            raise PlanError(
                f"The system embeds a text that is in neither seed, pool nor probes: {str(error.args[0])[:80]!r}. "
                "Worker processes know no other texts; run it with the executor 'in_process'."
            ) from error


def _portable(materials: Materials) -> Materials:
    """The materials with all texts embedded already; as they are where there is nothing to embed, or no embedder."""
    payloads = [*materials.slots.payloads, *(p.payload for p in (*materials.pool, *materials.probes))]
    texts = list(dict.fromkeys(t for p in payloads for t in p.texts))
    if not texts or isinstance(materials.embed, Table):
        return materials
    try:
        vectors = materials.embed(texts)
    except PlanError:
        return materials  # a system that needs no embedder never asks; one that does is told what is missing
    return replace(materials, embed=Table(dict(zip(texts, vectors, strict=True))))
