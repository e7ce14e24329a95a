"""Many whole studies at once: in worker processes, each a study from its beginning to its end."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from pathlib import Path
from typing import Any

from activeseed.errors import ActiveseedError, PlanError
from activeseed.executors.process_tree import kill_marked
from activeseed.executors.threads import environment
from activeseed.executors.worker import prepare
from activeseed.stack.human.one import Job, conduct

#: environment variable by which whatever a worker started is recognised as ours
MARK = "ACTIVESEED_STUDIES"


def conducted(jobs: Sequence[Job], workers: int, done: Callable[[], None]) -> None:
    """Run studies to their ends; whoever stops it loses what is under way, and nothing of what was written down.

    Args:
        workers: processes; 1 runs the studies here, one after the other.
        done: called after each.

    Raises:
        PlanError: the trainer can't be sent to another process.
        ActiveseedError: a worker process died.
    """
    if workers == 1 or len(jobs) < 2:
        for job in jobs:
            conduct(job)
            done()
        return
    sent = [_sent(job) for job in jobs]
    with _processes(min(workers, len(jobs))) as pool:
        open_: set[Future[Any]] = set()
        ahead = iter(sent)
        try:
            while True:
                while len(open_) < workers + 1 and (content := next(ahead, None)) is not None:
                    open_.add(pool.submit(unpacked, content))
                if not open_:
                    return
                finished, open_ = wait(open_, return_when=FIRST_COMPLETED)
                for future in finished:
                    future.result()
                    done()
        except BrokenExecutor as error:
            raise ActiveseedError(
                "A process that ran a whole study died; the system kills processes when memory runs out. What was "
                "written down is kept: run it again, with fewer at a time (workers = 1)."
            ) from error


def unpacked(job: bytes) -> None:
    """In a worker: conduct what was sent."""
    import pickle

    conduct(pickle.loads(job))


def _sent(job: Job) -> bytes:
    import cloudpickle

    try:
        content: bytes = cloudpickle.dumps(job)
    except Exception as error:
        raise PlanError(
            f"The trainer can't be sent to another process ({type(error).__name__}: {error}). Define it without open "
            "files, locks or connections, or run the studies here, one after the other (workers = 1)."
        ) from error
    return content


@contextlib.contextmanager
def _processes(workers: int) -> Iterator[Any]:
    """A pool whose workers end when this process does, whatever ends it; nothing goes on behind anybody's back."""
    from joblib.externals.loky.backend import get_context
    from joblib.externals.loky.process_executor import ProcessPoolExecutor

    with tempfile.TemporaryDirectory(prefix="activeseed-", ignore_cleanup_errors=True) as folder:
        pool = ProcessPoolExecutor(
            max_workers=workers, context=get_context("loky"), initializer=prepare, initargs=(folder, os.getpid()),
            env={**environment(1), MARK: folder},
        )  # fmt: skip
        try:
            yield pool
        finally:
            with contextlib.suppress(BrokenExecutor):
                pool.shutdown(wait=True, kill_workers=True)
            kill_marked(f"{MARK}={Path(folder)}")
