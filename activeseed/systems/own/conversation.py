"""One run of an external trainer: lines in, lines out, a time limit, and nothing left running afterwards."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from activeseed.errors import TrainingError
from activeseed.masking import without
from activeseed.systems.own.returned import as_outcome

LONGEST_LINE = 64 * 2**20  # bytes; a program that never ends a line is stopped here
TAIL = 2000  # bytes of standard error that are kept
GRACE = 5.0  # seconds in which a program must leave after its last outcome


@dataclass
class Conversation:
    """What came of it: outcomes and failures by row number, and why the rows in neither got nothing."""

    outcomes: dict[int, NDArray[np.float32]] = field(default_factory=dict)
    failures: dict[int, str] = field(default_factory=dict)
    reason: str = ""


class _MisspokenError(Exception):
    """A line that fits no row: nothing that follows it can be trusted."""


def converse(
    argv: Sequence[str],
    lines: Sequence[dict[str, Any]],
    rows: Sequence[int],
    *,
    places: int,
    compare: str,
    timeout: float,
    folder: Path,
    environment: dict[str, str],
) -> Conversation:
    """Start the program, give it the lines, and take an outcome for each row. Never raises for what the program does.

    What it says about itself is kept without the values of ``environment``, which may be secrets.

    Args:
        timeout: seconds from one outcome to the next, the start included.
    """
    said = Conversation()
    try:
        program = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=folder,
            env={**os.environ, **environment}, start_new_session=True,
        )  # fmt: skip
    except OSError as error:
        said.reason = f"{argv[0]} can't be started: {error.strerror or error}"
        return said
    talk = _Talk(program, said, set(rows), places, compare, list(environment.values()))
    try:
        talk.run(lines, timeout)
    finally:
        # Also after Ctrl-C: the group holds whatever the program started, unless that left it on purpose.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(program.pid, signal.SIGKILL)
        program.wait()
        for pipe in (program.stdin, program.stdout, program.stderr):
            with contextlib.suppress(OSError):
                if pipe is not None:
                    pipe.close()
    return said


class _Talk:
    def __init__(
        self,
        program: subprocess.Popen[bytes],
        said: Conversation,
        rows: set[int],
        places: int,
        compare: str,
        secrets: list[str],
    ) -> None:
        self.secrets = secrets
        self.program, self.said, self.open = program, said, rows
        self.places, self.compare = places, compare
        self.number = 0  # of the line that is read
        self.errors = b""

    def run(self, lines: Sequence[dict[str, Any]], timeout: float) -> None:
        try:
            in_time = self._exchange(lines, timeout)
            code = self._leave(timeout) if in_time else None
        except _MisspokenError as error:
            self.said.reason = self._with_errors(f"{error}. Outcomes go to standard output, everything else to stderr")
            return
        if not in_time:
            self.said.reason = self._with_errors(f"timed out: no outcome for {timeout:g} s; the program was killed")
        elif code not in (0, None):
            how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"exited with code {code}"
            self.said.outcomes.clear()
            self.said.reason = self._with_errors(f"the program {how}")
        elif self.open:
            self.said.reason = self._with_errors("the program's output ended without an outcome for this row")

    def _exchange(self, lines: Sequence[dict[str, Any]], timeout: float) -> bool:
        """Write and read until every row has an outcome or the program stops talking; False when time ran out."""
        program = self.program
        assert program.stdin is not None
        assert program.stdout is not None
        assert program.stderr is not None
        to_write = memoryview("".join(json.dumps(line, default=str) + "\n" for line in lines).encode())
        pending: list[bytes] = []  # of a line that has not ended yet
        held = 0
        with selectors.DefaultSelector() as selector:
            for pipe, event in (
                (program.stdin, selectors.EVENT_WRITE),
                (program.stdout, selectors.EVENT_READ),
                (program.stderr, selectors.EVENT_READ),
            ):
                os.set_blocking(pipe.fileno(), False)
                selector.register(pipe, event)
            deadline = time.monotonic() + timeout
            talking = True
            while talking and self.open:
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                for key, _ in selector.select(min(left, 1.0)):
                    if key.fileobj is program.stdin:
                        to_write = self._write(selector, to_write)
                        continue
                    chunk = os.read(key.fd, 2**16)
                    if not chunk:
                        selector.unregister(key.fileobj)
                        talking = talking and key.fileobj is not program.stdout
                    elif key.fileobj is program.stderr:
                        self.errors = (self.errors + chunk)[-TAIL:]
                    else:
                        pending.append(chunk)
                        held += len(chunk)
                        if b"\n" in chunk:
                            *whole, rest = b"".join(pending).split(b"\n")
                            pending, held = [rest], len(rest)
                            if self._take_all(whole):
                                deadline = time.monotonic() + timeout
                        if held > LONGEST_LINE:
                            raise _MisspokenError(f"line {self.number + 1} of its output is longer than 64 MB")
            self._take_all([b"".join(pending)])  # a last line without its line feed
        return True

    def _write(self, selector: selectors.BaseSelector, to_write: memoryview) -> memoryview:
        stdin = self.program.stdin
        assert stdin is not None
        try:
            to_write = to_write[os.write(stdin.fileno(), to_write[: 2**16]) :]
        except BlockingIOError:
            return to_write
        except BrokenPipeError:
            to_write = to_write[:0]  # it has read enough; whether it answers is another matter
        if not to_write:
            selector.unregister(stdin)
            with contextlib.suppress(OSError):
                stdin.close()
        return to_write

    def _take_all(self, lines: Sequence[bytes]) -> bool:
        """Lines of output; whether any settled a row. What comes after the last row is not looked at."""
        settled = False
        for line in lines:
            settled = (bool(self.open) and self._take(line)) or settled
        return settled

    def _take(self, line: bytes) -> bool:
        """One line of output; whether it settled a row. Raises _MisspokenError where no row is to blame."""
        self.number += 1
        if not line.strip():
            return False
        try:
            content = json.loads(line)
        except (ValueError, RecursionError):
            shown = line[:80].decode("utf-8", "replace")
            raise _MisspokenError(f"line {self.number} of its output is no JSON: {shown!r}") from None
        row = content.get("row") if isinstance(content, dict) else None
        if not isinstance(row, int) or isinstance(row, bool) or row not in self.open:
            again = row in self.said.outcomes or row in self.said.failures if isinstance(row, int) else False
            what = f"answers row {row} again" if again else f"has row {row!r}, which was not asked"
            raise _MisspokenError(f"line {self.number} of its output {what}")
        self.open.discard(row)
        if "error" in content:
            self.said.failures[row] = f"the program said: {without(str(content['error']), self.secrets)[:500]}"
            return True
        try:
            if "outcome" not in content:
                raise TrainingError(f"line {self.number} of its output has neither 'outcome' nor 'error'")
            self.said.outcomes[row] = as_outcome(content["outcome"], self.places, self.compare)
        except TrainingError as error:
            self.said.failures[row] = str(error)
        return True

    def _leave(self, timeout: float) -> int | None:
        """Exit code of a program that has said all; None for one that has to be killed though it has answered."""
        if self.program.stdin is not None:
            with contextlib.suppress(OSError):
                self.program.stdin.close()
        deadline = time.monotonic() + min(GRACE, timeout)
        while (code := self.program.poll()) is None and time.monotonic() < deadline:
            self._drain()
            time.sleep(0.005)
        self._drain()
        return code

    def _drain(self) -> None:
        """Read some of what is there, so that a program that goes on writing can leave."""
        assert self.program.stdout is not None
        assert self.program.stderr is not None
        for _ in range(64):  # no more at once: it may write faster than we read, and the time limit holds
            with contextlib.suppress(BlockingIOError):
                os.read(self.program.stdout.fileno(), 2**16)
            chunk = b""
            with contextlib.suppress(BlockingIOError):
                chunk = os.read(self.program.stderr.fileno(), 2**16)
            self.errors = (self.errors + chunk)[-TAIL:]

    def _with_errors(self, reason: str) -> str:
        tail = " ".join(without(self.errors.decode("utf-8", "replace"), self.secrets).split())[-300:]
        return without(f"{reason}; at the end of its standard error: {tail}" if tail else reason, self.secrets)
