"""Everything that descends from a process, so that ending a worker ends what its trainer started."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from pathlib import Path


def kill_descendants(pid: int) -> None:
    """SIGKILL to every descendant of a process, the process itself excepted. What is gone already is no error."""
    for child in reversed(descendants(pid)):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(child, signal.SIGKILL)


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
