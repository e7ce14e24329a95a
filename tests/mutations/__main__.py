"""Whether the fast tests see small mistakes:  python -m tests.mutations [NAME …]

Each mutation (`catalogue`) is made in a copy of the tree, where the tests most likely to see it run first, and all of
the fast lane where those pass. NAME is a family (``store``) or a mutation as it is printed (``store-3``); ``--first``
leaves the whole lane out. Exits with 1 where a mutation was seen by none. Part of no lane: some minutes a family.

A mutation that survives says that a test is missing: one with the right value, by formula or by brute force.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Literal

from tests.mutations.catalogue import FAMILIES, FIRST
from tests.mutations.mutation import Mutation

ROOT = Path(__file__).resolve().parents[2]
#: what of the tree is no part of the package or its tests
LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "build", "dist", "*.egg-info")
#: all of the fast lane that looks at results
LANE = ("tests/unit", "tests/contracts", "tests/statistical", "tests/integration")

Seen = Literal["seen at first", "seen by the lane", "SURVIVED"]


def main() -> int:
    """Run what was named; the number of survivors decides the exit status."""
    parser = argparse.ArgumentParser(description="Mutations that the fast tests have to see.")
    parser.add_argument("names", nargs="*", help="families or mutations; all by default")
    parser.add_argument("--first", action="store_true", help="only the tests most likely to see each")
    parser.add_argument("--workers", default="2", help="test processes for the whole lane")
    given = parser.parse_args()
    every = {f"{family}-{n}": m for family, ms in FAMILIES.items() for n, m in enumerate(ms, start=1)}
    unknown = [n for n in given.names if n not in every and n not in FAMILIES]
    if unknown:
        parser.error(f"there is no {unknown[0]!r}; there are {', '.join([*FAMILIES, *every])}")
    chosen = {k: m for k, m in every.items() if not given.names or {k, k.rpartition("-")[0]} & set(given.names)}
    survived = 0
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(ROOT, tree, ignore=LEFT_OUT, symlinks=True)
        for name, mutation in chosen.items():
            seen, by = tried(tree, mutation, name.rpartition("-")[0], given.first, given.workers)
            survived += seen == "SURVIVED"
            print(
                f"{name:<15}{seen:<17} {mutation.file.removeprefix('activeseed/')}: {mutation.words}  {by}", flush=True
            )
    return int(survived > 0)


def tried(tree: Path, mutation: Mutation, family: str, first: bool, workers: str) -> tuple[Seen, str]:
    """Make one mutation in the copy, run the tests, and take it back."""
    path = tree / mutation.file
    text = path.read_text("utf-8")
    if text.count(mutation.old) != 1:
        sys.exit(f"{mutation.file} has {text.count(mutation.old)} times: {mutation.old!r}. Mend the catalogue.")
    path.write_text(text.replace(mutation.old, mutation.new), "utf-8")
    try:
        failed = failing(tree, FIRST[family], ())
        if failed:
            return "seen at first", failed
        failed = "" if first else failing(tree, LANE, ("-n", workers))
        return ("seen by the lane", failed) if failed else ("SURVIVED", "")
    finally:
        path.write_text(text, "utf-8")


def failing(tree: Path, tests: tuple[str, ...], options: tuple[str, ...]) -> str:
    """The first test that fails in the copy; empty where all pass."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--tb=no", *options, *tests]
    environment = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True)
    if done.returncode == 0:
        return ""
    lines = [x for x in done.stdout.splitlines() if x.startswith(("FAILED", "ERROR"))]
    if done.returncode != 1 or not lines:
        sys.exit(f"The tests did not run:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return lines[0].split(" - ")[0].split(" ", 1)[1]


if __name__ == "__main__":
    sys.exit(main())
