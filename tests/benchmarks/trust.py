"""Progress is honest: annotators who answer at random are found, honest ones are left alone.

    python -m tests.benchmarks.trust [--quick] [--json FILE]

Whole studies at the level of answers (``_answer_level``) on seeds of 40 items, with the product's own choice of
questions, checks and repeats, until they stop by themselves: with silent repeats alone, with ten gold questions, and
with an honest second annotator.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
from joblib import Parallel, delayed

from activeseed.annotators.simulated import Behaviour
from tests.benchmarks._answer_level import Outcome, Plan, study
from tests.benchmarks._report import missed, report, row, share, table, write

ITEMS = 40
SETTINGS: tuple[tuple[str, int, tuple[tuple[Behaviour, float], ...]], ...] = (
    ("silent repeats", 0, ()),
    ("repeats and 10 gold questions", 10, ()),
    ("repeats and an honest second annotator", 0, (("truthful", 0.0),)),
)
PEOPLE: tuple[tuple[str, Behaviour, float], ...] = (
    ("fair coin", "random", 0.0),
    ("coin at the base rate", "base_rate", 0.0),
    ("truthful", "truthful", 0.0),
    ("errs at 10 %", "erring", 0.1),
)


def measure(studies: int, jobs: int) -> list[dict[str, Any]]:
    """Every claim."""
    rows: list[dict[str, Any]] = []

    def add(claim: str, hits: int, **target: Any) -> None:
        rows.append(share(claim, hits, studies, **target))

    for how, gold, beside in SETTINGS:
        for label, who, error in PEOPLE:
            plan = Plan(ITEMS, who, error, 0.8, 0.8, gold, beside=beside)
            found: list[Outcome] = Parallel(n_jobs=jobs)(delayed(study)(plan, key) for key in range(studies))
            called = sum(x.called_random for x in found)
            stable = sum(x.stable for x in found)
            if who in ("random", "base_rate"):
                add(f"{how}: {label} is called random", called, least=0.95)
                add(f"{how}: a study with a {label} is called stable", stable, most=0.05)
            else:
                add(f"{how}: {label} is called random", called, most=0.05)
                covered = sum(x.error[1] <= error <= x.error[2] for x in found)
                mean = np.mean([x.error[0] for x in found])
                add(f"{how}: {label}, the error rate lies in its interval (mean {mean:.3f})", covered, reaches=0.95)
            if beside:
                blamed = sum(x.others_random > 0 for x in found)
                add(f"{how}: the honest one beside is called random", blamed, most=0.05)
            lines = np.median([x.answers for x in found])
            rows.append(row(f"{how}: {label}, answers", float(lines)))
    return rows


def main(argv: list[str] | None = None) -> int:
    """Print the table; exit 1 when a claim is not met."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="30 studies instead of 200")
    parser.add_argument("--data", type=Path, help="not used: studies are simulated at the level of answers")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    args = parser.parse_args(argv)
    studies = 30 if args.quick else 200
    start = time.perf_counter()
    rows = measure(studies, max(1, min(os.cpu_count() or 1, 8)))
    print(table(rows))
    write(report("trust", rows, time.perf_counter() - start, ("numpy", "scipy"), studies=studies), args.json)
    return 1 if missed(rows) else 0


if __name__ == "__main__":
    raise SystemExit(main())
