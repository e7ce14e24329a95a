"""Ctrl-C told apart from a KeyboardInterrupt that a trainer raised by itself.

Python has one exception for both. What tells them apart is the signal: one that arrived while a trainer ran is somebody
who wants us to stop, whatever the trainer made of it (a bare ``except:`` swallows it, a library with a handler of its
own turns it into another error); without one, the exception is the trainer's, and costs a row like any other.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager


class Watch:
    """Whether Ctrl-C came since the watch began."""

    def __init__(self, arrivals: int | None, before: int) -> None:
        self._arrivals, self._before = arrivals, before
        self._arrived = False

    @property
    def interrupted(self) -> bool:
        if self._arrivals is not None:
            with contextlib.suppress(BlockingIOError):
                while numbers := os.read(self._arrivals, 4096):
                    self._arrived = self._arrived or int(signal.SIGINT) in numbers
                    if self._before != -1:  # whoever listened before us hears of it as well
                        os.write(self._before, numbers)
        return self._arrived

    def close(self) -> None:
        """Takes what came last; from here on nothing is read."""
        with contextlib.suppress(OSError):
            _ = self.interrupted
        self._arrivals = None

    def stop_if_asked(self) -> None:
        """Raises KeyboardInterrupt where somebody pressed Ctrl-C meanwhile."""
        if self.interrupted:
            raise KeyboardInterrupt


@contextmanager
def watched() -> Iterator[Watch]:
    """Within it, every SIGINT is noted, whichever handler takes it.

    The interpreter writes the number of each signal that it handles to one file descriptor, before any handler runs.
    Outside the main thread no signal is handled, and where SIGINT is ignored (a worker, a job in the background) none
    arrives: a KeyboardInterrupt is then the trainer's own.
    """
    reading, writing = os.pipe()
    try:
        os.set_blocking(reading, False)
        os.set_blocking(writing, False)
        try:
            before = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        except ValueError:  # not in the main thread
            yield Watch(None, -1)
            return
        watch = Watch(reading, before)
        try:
            yield watch
        finally:
            if (current := signal.set_wakeup_fd(before)) not in (writing, -1):
                signal.set_wakeup_fd(current)  # the trainer left a listener of its own
            watch.close()
    finally:
        os.close(reading)
        os.close(writing)
