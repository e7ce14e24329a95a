"""Ranking the bundled seed: cold in under a minute on two cores, again from cache in under three seconds.

    python -m tests.benchmarks.ranking [--data DIR] [--quick] [--json FILE]

Whole processes are timed, as a user has them: ``activeseed rank --json`` in a new project, then again. Cold includes
importing torch, embedding every text and training every row. ``--data`` is accepted and not used: the seed is the
project's own.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from activeseed.resources import bundled
from tests.benchmarks._report import missed, report, table, write

COLD, CACHED = 60.0, 3.0


def run(*arguments: str) -> tuple[float, str]:
    """Seconds of a whole ``activeseed`` process, and what it printed."""
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-m", "activeseed", *arguments], check=True, capture_output=True, text=True)
    return time.perf_counter() - start, done.stdout


def once() -> tuple[float, float, dict[str, Any]]:
    """(cold seconds, cached seconds, the ranking) in a project of its own."""
    example = bundled("careful")
    with tempfile.TemporaryDirectory() as folder:
        place = str(Path(folder) / "study")
        run("init", place, "--from", str(example / "positives.jsonl"), "--pool", str(example / "pool.jsonl"),
            "--probes", str(example / "probes.jsonl"))  # fmt: skip
        cold, first = run("rank", "--dir", place, "--json")
        cached, second = run("rank", "--dir", place, "--json")
    a, b = json.loads(first), json.loads(second)
    assert a["items"] == b["items"], "the ranking from cache is another one"
    assert b["trainings_new"] == 0
    return cold, cached, a


def main(argv: list[str] | None = None) -> int:
    """Print the table; exit 1 when a claim is not met."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, help="not used")
    parser.add_argument("--quick", action="store_true", help="once instead of three times")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    args = parser.parse_args(argv)
    start = time.perf_counter()
    found = [once() for _ in range(1 if args.quick else 3)]
    rows = []
    for claim, values, target in (
        ("72 items ranked cold, seconds", [f[0] for f in found], COLD),
        ("again from cache, seconds", [f[1] for f in found], CACHED),
    ):
        middle = statistics.median(values)
        rows.append({"claim": claim, "value": middle, "interval": [min(values), max(values)], "target": f"< {target}",
                     "met": middle < target})  # fmt: skip
    print(table(rows))
    trainings = found[0][2]["trainings"]
    print(f"{trainings} trainings, {os.cpu_count()} cores")
    write(report("ranking", rows, time.perf_counter() - start, trainings=trainings), args.json)
    return 1 if missed(rows) else 0


if __name__ == "__main__":
    raise SystemExit(main())
