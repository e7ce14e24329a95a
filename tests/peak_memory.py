"""Peak resident memory of trainings, each measured from where it started: ``python -m tests.peak_memory`` in a process.

Reads ``[[settings, rows], …]`` as JSON from standard input, trains that many rows of each league, or of tethers where
their kind says so, and prints
``[[bytes measured, bytes stated], …]``. Linux only: the kernel's high-water mark is reset before each training, and the
allocator is told to return what it frees (see `environment`).
"""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
from typing import Any

import numpy as np


def measured(jobs: list[tuple[dict[str, Any], int]]) -> list[tuple[int, int]]:
    """(measured, stated) bytes of each job, from a process of its own."""
    out = subprocess.run(
        [sys.executable, "-m", "tests.peak_memory"],
        input=json.dumps(jobs), capture_output=True, text=True, check=True, env=environment(),
    )  # fmt: skip
    return [tuple(pair) for pair in json.loads(out.stdout)]


def environment() -> dict[str, str]:
    """One thread, and an allocator that hands memory back at once: later jobs are not served from old pages."""
    tight = {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "0", "MALLOC_ARENA_MAX": "1"}
    return {**os.environ, "OMP_NUM_THREADS": "1", **tight}


def available() -> bool:
    """Whether this kernel lets a process reset its own high-water mark."""
    try:
        _reset()
    except OSError:
        return False
    return _status("VmHWM") > 0


def _reset() -> None:
    with open("/proc/self/clear_refs", "w") as f:
        f.write("5")


def _status(name: str) -> int:
    with open("/proc/self/status") as f:
        for line in f:
            if line.startswith(name + ":"):
                return int(line.split()[1]) * 1024
    return 0


def _main() -> None:
    from activeseed.plan import Rows
    from activeseed.systems.league import OversightLeague
    from activeseed.systems.tethers import RepresentationalTethers
    from tests.toy_materials import anchors, vectors

    leagues, tethers = vectors(items=80, pool=300, probes=100, d=384), anchors(80, 300, 100, 384)
    out = []
    for settings, n in json.load(sys.stdin):
        tethered = settings.get("kind") == "representational_tethers"
        materials = tethers if tethered else leagues
        league = (RepresentationalTethers if tethered else OversightLeague).model_validate(settings)
        rng = np.random.default_rng(0)
        rows = Rows((rng.random((n, 80)) < 0.25).astype(np.int16), np.arange(n))
        league.train(rows.take(slice(0, 2)), materials)  # what all rows share, and what torch loads at first use
        ctypes.CDLL("libc.so.6").malloc_trim(0)
        _reset()
        before = _status("VmRSS")
        league.train(rows, materials)
        out.append((_status("VmHWM") - before, league.cost(materials).bytes * n))
    json.dump(out, sys.stdout)


if __name__ == "__main__":
    _main()
