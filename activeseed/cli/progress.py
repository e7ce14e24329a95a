"""Progress on stderr: a bar with the time left for whatever takes longer than a second, none without a terminal."""

from __future__ import annotations

import sys
import threading
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

#: seconds that something takes before a bar appears
PATIENCE = 1.0


class Progress:
    """Called with (purpose, done, total) by a study; used as a context manager.

    Bars appear ``PATIENCE`` seconds after the first call and vanish at the end: what stays is the result. ``pause``
    takes them off the screen while something else is printed.
    """

    def __init__(self, first: str = "") -> None:
        self._shown = sys.stderr.isatty()
        self._bars: Bars | None = None
        self._tasks: dict[str, TaskID] = {}
        self._timer: threading.Timer | None = None
        self._lock = threading.RLock()
        self._first = first
        self._closed = False

    def __enter__(self) -> Progress:
        if self._shown and self._first:
            self(self._first, 0, 0)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed = True
        self.pause()

    def __call__(self, purpose: str, done: int, total: int) -> None:
        if not self._shown or self._closed:
            return
        with self._lock:
            bars = self._bars or self._made()
            known = total if total > 0 else None
            if self._first and purpose != self._first and self._first in self._tasks:
                bars.remove_task(self._tasks.pop(self._first))
            count = f"{done:,}/{total:,}" if known else ""
            if purpose not in self._tasks:
                self._tasks[purpose] = bars.add_task(purpose, total=known, completed=done, count=count)
            bars.update(self._tasks[purpose], completed=done, total=known, count=count)
            if total and done >= total:
                bars.remove_task(self._tasks.pop(purpose))

    def _made(self) -> Bars:
        from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bars

        from activeseed.cli.screen import messages

        self._bars = Bars(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[count]}"),
            TimeRemainingColumn(compact=True),
            console=messages(),
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
            expand=False,
        )
        self._timer = threading.Timer(PATIENCE, self._appear)
        self._timer.daemon = True
        self._timer.start()
        return self._bars

    def _appear(self) -> None:
        with self._lock:
            if self._bars is not None and not self._closed:
                self._bars.start()

    def waiting(self, what: str) -> None:
        """Show what is waited for, without an end in sight; nothing takes it off again."""
        with self._lock:
            for purpose in [p for p in self._tasks if p.startswith("waiting")]:
                if self._bars is not None and purpose != what:
                    self._bars.remove_task(self._tasks.pop(purpose))
            if what:
                self(what, 0, 0)

    def pause(self) -> None:
        """Take the bars off the screen; the next call brings them back after another ``PATIENCE``."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            if self._bars is not None:
                self._bars.stop()
            self._bars, self._timer, self._tasks = None, None, {}
