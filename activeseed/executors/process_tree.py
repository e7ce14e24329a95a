"""Everything that descends from a process, so that ending a worker ends what its trainer started."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from pathlib import Path


def kill_tree(pid: int) -> None:
    """SIGKILL to a process and to every descendant. What is gone already is no error.

    All are stopped before the first is killed: a parent that saw its child end would go on, and start the next one.
    """
    stopped = [pid]
    _send(pid, signal.SIGSTOP)
    while fresh := [child for child in descendants(pid) if child not in stopped]:
        for child in fresh:
            _send(child, signal.SIGSTOP)
        stopped += fresh
    for each in reversed(stopped):
        _send(each, signal.SIGKILL)


def kill_marked(variable: str) -> None:
    """SIGKILL to every process of ours that was started with ``NAME=value`` in its environment.

    What a worker started outlives it when the worker dies by itself, and is nobody's descendant then; but it inherited
    the worker's environment. Only Linux shows environments (in /proc); elsewhere nothing happens.
    """
    wanted = variable.encode()
    for environment in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError, ValueError):
            pid = int(environment.parent.name)
            if pid != os.getpid() and wanted in environment.read_bytes().split(b"\0"):
                _send(pid, signal.SIGKILL)


def kill_descendants(pid: int) -> None:
    """SIGKILL to every descendant of a process that is about to end itself."""
    for child in reversed(descendants(pid)):
        _send(child, signal.SIGKILL)


def _send(pid: int, what: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, what)


def descendants(pid: int) -> list[int]:
    """Ids of all descendants, parents before their children."""
    children: dict[int, list[int]] = {}
    for child, parent in _parents():
        children.setdefault(parent, []).append(child)
    found: list[int] = []
    ahead = [pid]
    while ahead:
        for child in children.get(ahead.pop(), []):
            found.append(child)
            ahead.append(child)
    return found


def _parents() -> list[tuple[int, int]]:
    """(process, parent) of every process that we may see: from /proc, or from ``ps`` where there is none."""
    proc = Path("/proc")
    if (proc / "self" / "stat").exists():
        pairs = []
        for stat in proc.glob("[0-9]*/stat"):
            with contextlib.suppress(OSError, ValueError):
                # The name in brackets may hold spaces and brackets, so count fields from the last bracket on.
                pairs.append(
                    (int(stat.parent.name), int(stat.read_text(errors="replace").rpartition(")")[2].split()[1]))
                )
        return pairs
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        listing = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, timeout=10)
        return [(int(a), int(b)) for a, b in (line.split() for line in listing.stdout.splitlines())]
    return []
