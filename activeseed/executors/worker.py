"""What runs inside a worker process: it loads the system once, then trains the pieces it is sent.

Nothing here is pickled by value, so a worker imports this module and no more until it has a piece to train.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import pickle
import signal
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from activeseed.errors import UsageError
from activeseed.executors.process_tree import kill_descendants
from activeseed.outcome import Outcomes
from activeseed.protocols import Batch


@dataclass(frozen=True)
class Refusal:
    """Why no piece of this job can be trained; a value, since exceptions may not survive the way back."""

    message: str


_loaded: dict[str, tuple[Any, Any]] = {}


def prepare(folder: str, driver: int) -> None:
    """Once in a fresh worker: its id is noted, Ctrl-C is left to the driver, and it ends when the driver ends."""
    Path(folder, f"worker-{os.getpid()}").touch()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow, args=(driver,), daemon=True).start()


def _follow(driver: int) -> None:
    """A driver that was killed can't tell its workers: watch for it, and take along what the trainer started."""
    while os.getppid() == driver:
        time.sleep(0.5)
    kill_descendants(os.getpid())
    os._exit(1)


def work(job: str, batch: Batch, first: int, seconds: float | None, notice: str) -> Outcomes | Refusal:
    """Train one piece of a batch. The number of threads stands in the environment that the process started with.

    Args:
        job: file that holds the pickled system and materials.
        first: number of the piece's first row in its batch.
        seconds: time limit; the process ends when it is over, even inside code that never returns to Python.
        notice: file to which the place where the time ran out is written.
    """
    from activeseed.executors.train_batch import train_batch

    with contextlib.ExitStack() as stack:
        try:
            system, materials = _load(job)
        except BaseException as error:  # Ctrl-C never reaches a worker
            return Refusal(f"A worker process can't load the system ({type(error).__name__}: {error})")
        if seconds is not None:
            file = stack.enter_context(open(notice, "w"))
            faulthandler.dump_traceback_later(seconds, exit=True, file=file)
            stack.callback(os.unlink, notice)
            stack.callback(faulthandler.cancel_dump_traceback_later)
        try:
            return train_batch(system, materials, batch, first=first)
        except UsageError as error:
            return Refusal(str(error))
        finally:
            sys.stdout.flush()
            sys.stderr.flush()


def _load(job: str) -> tuple[Any, Any]:
    if job not in _loaded:
        _loaded.clear()
        _loaded[job] = pickle.loads(Path(job).read_bytes())
    return _loaded[job]
