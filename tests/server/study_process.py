"""Processes that work on a study and are killed at a moment of one's choosing.

``python -m tests.server.study_process`` loads everything once, then forks a process for every job it reads from its
standard input, so that a process that is to die costs no start. The processes are real ones, killed by SIGKILL: nothing
of them runs afterwards, no ``finally``, no handler, no flush.

``Forge`` is the other end of it.
"""

from __future__ import annotations

import datetime
import json
import os
import selectors
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest

from activeseed.errors import AnnotatorAwayError

Place = Literal["push", "pull", "journal", "ledger", "training", "clock"]
#: kind of moment -> what happens there; `clock` is a moment of time, wherever the process is then
PLACES: tuple[Place, ...] = ("push", "pull", "journal", "ledger", "training", "clock")
#: longest that a job may take
LONGEST = 120.0


@dataclass(frozen=True)
class Kill:
    """When a process kills itself.

    Attributes:
        at: import requests, other requests, transactions of the journal, renamings of files of the channel, batches of
            trainings, or the clock.
        nth: at which of them, from 1.
        phase: before it, after it (done, and nobody told), or while it lasts.
        seconds: how far into it, for `during`, or into the process's life, for `clock`.
    """

    at: Place
    nth: int = 1
    phase: Literal["before", "after", "during"] = "before"
    seconds: float = 0.05


@dataclass(frozen=True)
class Job:
    """What a process does.

    Attributes:
        folder: the project folder.
        token: of the user that we are on the server.
        do: `loop` until it stops, `submit` what is pending once, or `poll` once.
        url: instead of the one in the settings.
        kill: when it dies, None for never.
        clock: seconds by which its clock is wrong.
        timeout: patience with the server's answers, in seconds, 0 for the adapter's own.
        start_at: time (``time.time``) at which it goes to work, so that two of them do at once.
    """

    folder: str
    token: str
    do: Literal["loop", "submit", "poll"] = "loop"
    url: str = ""
    kill: Kill | None = None
    clock: float = 0.0
    timeout: float = 0.0
    start_at: float = 0.0


@dataclass
class Ended:
    """How a process ended: the signal that killed it, or 0 and what it reported (``error``, ``message`` or more)."""

    signal: int
    report: dict[str, Any] = field(default_factory=dict)

    @property
    def killed(self) -> bool:
        return self.signal == signal.SIGKILL


# --- the test's end -------------------------------------------------------------------------------------------------


class Forge:
    """Starts processes for jobs; use it in a ``with``."""

    def __init__(self) -> None:
        root = Path(__file__).resolve().parents[2]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.server.study_process"],
            cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
            env={**os.environ, "PYTHONPATH": str(root), "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"},
        )  # fmt: skip
        self._ended: dict[int, Ended] = {}
        self._news = threading.Condition()
        self._count = 0
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Forge:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(LONGEST)
        self._reader.join()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            told = json.loads(line)
            with self._news:
                self._ended[told["job"]] = Ended(told["signal"], told["report"])
                self._news.notify_all()
        with self._news:
            self._news.notify_all()

    def start(self, job: Job) -> int:
        """Start a process; returns its ticket for ``wait``."""
        assert self._process.stdin is not None
        self._count += 1
        self._process.stdin.write(json.dumps({"number": self._count, **asdict(job)}) + "\n")
        self._process.stdin.flush()
        return self._count

    def wait(self, ticket: int) -> Ended:
        """How that process ended."""
        with self._news:
            self._news.wait_for(lambda: ticket in self._ended or self._process.poll() is not None, LONGEST + 10)
            assert ticket in self._ended, "the process that starts the others has ended, or one never does"
            return self._ended[ticket]

    def run(self, job: Job) -> Ended:
        return self.wait(self.start(job))


# --- the process that forks -----------------------------------------------------------------------------------------


def _forge() -> None:
    import httpx  # noqa: F401  (loaded once, for all)
    import label_studio_sdk.client  # noqa: F401
    import sklearn.decomposition  # noqa: F401
    import torch

    from activeseed.annotators.label_studio import channel  # noqa: F401

    torch.set_num_threads(1)
    running: dict[int, tuple[int, Path, float]] = {}  # process id -> job number, its report, when it has to be done
    input_open, buffer = True, b""
    watch = selectors.DefaultSelector()
    watch.register(0, selectors.EVENT_READ)
    while input_open or running:
        if input_open and watch.select(0.02):
            chunk = os.read(0, 65536)
            input_open = bool(chunk)
            *lines, buffer = (buffer + chunk).split(b"\n")
            for line in lines:
                given = json.loads(line)
                number = given.pop("number")
                report = Path(given["folder"]) / f".report-{os.getpid()}-{number}"
                process = os.fork()
                if process == 0:
                    _child(Job(**{**given, "kill": Kill(**given["kill"]) if given["kill"] else None}), report)
                running[process] = (number, report, time.monotonic() + LONGEST)
        elif not input_open:
            time.sleep(0.02)
        for process, (number, report, until) in list(running.items()):
            if time.monotonic() > until:
                os.kill(process, signal.SIGTERM)
            done, status = os.waitpid(process, os.WNOHANG)
            if done:
                del running[process]
                told = json.loads(report.read_text()) if report.exists() else {}
                died = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
                print(json.dumps({"job": number, "signal": died, "report": told}), flush=True)


def _child(job: Job, report: Path) -> None:
    try:
        told = _work(job)
    except BaseException as error:
        away = isinstance(error, AnnotatorAwayError)  # trying again is enough
        told = {"error": type(error).__name__, "away": away, "message": str(error), "trace": traceback.format_exc()}
    report.write_text(json.dumps(told))
    os._exit(0)


def _work(job: Job) -> Mapping[str, Any]:
    from activeseed.study.study import Study

    os.environ["ACTIVESEED_LABEL_STUDIO_TOKEN"] = job.token
    patch = pytest.MonkeyPatch()
    if job.clock:
        _set_clock(patch, job.clock)
    if job.timeout:
        impatient(patch, job.timeout)
    study = Study.open(job.folder, trust=True)  # made by a process whose home this one does not share
    if job.url:
        study.settings = study.settings.model_copy(
            update={"annotator": study.settings.annotator.model_copy(update={"url": job.url})}
        )
    if job.start_at:
        _really_sleep(max(0.0, job.start_at - _really_now()))
    if job.kill is not None:
        _arm(patch, job.kill)
    if job.do == "submit":
        return {"submitted": [q.id for q in study.submit()]}
    if job.do == "poll":
        told = study.poll()
        return {"accepted": list(told.accepted), "repeated": list(told.repeated)}
    result = study.loop(sleep=lambda _seconds: _really_sleep(0.1))
    return {"ended": result.ended, "reasons": list(result.reasons)}


def impatient(patch: pytest.MonkeyPatch, seconds: float) -> None:
    """Wait for no answer longer than this, whatever the adapter would have waited."""
    import httpx

    handle = httpx.HTTPTransport.handle_request

    def sooner(self: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        given = request.extensions.get("timeout", {})
        request.extensions["timeout"] = {**given, "read": min(given.get("read") or seconds, seconds)}
        return handle(self, request)

    patch.setattr(httpx.HTTPTransport, "handle_request", sooner)


_really_now, _really_sleep = time.time, time.sleep


def _set_clock(patch: pytest.MonkeyPatch, seconds: float) -> None:
    """Make our program believe another time, wherever it asks for one."""
    shift = datetime.timedelta(seconds=seconds)

    class Shifted(datetime.datetime):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> Any:
            return _true_datetime.now(tz) + shift

        @classmethod
        def utcnow(cls) -> Any:
            return _true_datetime.now(datetime.UTC).replace(tzinfo=None) + shift

    patch.setattr(time, "time", lambda: _really_now() + seconds)
    for name, module in list(sys.modules.items()):
        if name.startswith(("activeseed", "label_studio_sdk")) and module.__dict__.get("datetime") is _true_datetime:
            patch.setattr(module, "datetime", Shifted)
    patch.setattr(datetime, "datetime", Shifted)


_true_datetime = datetime.datetime


# --- moments --------------------------------------------------------------------------------------------------------


def _arm(patch: pytest.MonkeyPatch, kill: Kill) -> None:
    """See to it that this process dies when ``kill`` says."""
    seen = 0

    def die(seconds: float = 0.0) -> None:
        if seconds:
            threading.Timer(seconds, die).start()
        else:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(act: Callable[..., Any], is_meant: Callable[..., bool]) -> Callable[..., Any]:
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            nonlocal seen
            hit = False
            if is_meant(*args, **kwargs):
                seen += 1
                hit = seen == kill.nth
            if hit and kill.phase != "after":
                die(kill.seconds if kill.phase == "during" else 0.0)
            made = act(*args, **kwargs)
            if hit:  # `during`, and it was over sooner: then this is the moment
                die()
            return made

        return wrapped

    import httpx

    from activeseed.executors import train_batch
    from activeseed.store.journal import Journal

    def is_import(_transport: object, request: httpx.Request) -> bool:
        return request.method == "POST" and request.url.path.endswith("/import")

    if kill.at == "clock":
        die(kill.seconds)
    elif kill.at == "push":
        patch.setattr(httpx.HTTPTransport, "handle_request", around(httpx.HTTPTransport.handle_request, is_import))
    elif kill.at == "pull":
        other = around(httpx.HTTPTransport.handle_request, lambda t, request: not is_import(t, request))
        patch.setattr(httpx.HTTPTransport, "handle_request", other)
    elif kill.at == "journal":
        patch.setattr(Journal, "append", around(Journal.append, lambda *_: True))
    elif kill.at == "ledger":
        ours = around(os.replace, lambda _old, new: "/.activeseed/label_studio/" in str(new))
        patch.setattr(os, "replace", ours)
    elif kill.at == "training":
        patch.setattr(train_batch, "train_batch", around(train_batch.train_batch, lambda *_: True))


if __name__ == "__main__":
    _forge()
