"""How far apart outcomes are: distances, certificates, dreams, removals, basins.

    python -m tests.benchmarks.outcomes [--data DIR] [--quick] [--json FILE] [--only PART] [--rival PYTHON]

Parts: ``distances`` (`_outcomes_distances`), ``probes`` (`_outcomes_probes`: intervals that allow for other probes, and
of lock-in), ``certificates`` (`_outcomes_certificates`), ``digits`` (`_outcomes_digits`, beside another verifier where
one can be had), ``dreams`` (`_outcomes_dreams`), ``removals`` (`_outcomes_removals`), ``partitions``
(`_outcomes_partitions`) and ``basins`` (`_outcomes_basins`). What reads ``persona`` says so where DIR has none.
"""

from __future__ import annotations

import argparse
import importlib
import os
import time
from pathlib import Path
from typing import Any

from tests.benchmarks._report import missed, report, table, write

#: part -> the module beside this one and its function of (data, quick)
PARTS: dict[str, tuple[str, str]] = {
    "distances": ("_outcomes_distances", "distance_rows"),
    "probes": ("_outcomes_probes", "probe_rows"),
    "certificates": ("_outcomes_certificates", "certificate_rows"),
    "digits": ("_outcomes_digits", "digit_rows"),
    "dreams": ("_outcomes_dreams", "dream_rows"),
    "removals": ("_outcomes_removals", "removal_rows"),
    "partitions": ("_outcomes_partitions", "partition_rows"),
    "basins": ("_outcomes_basins", "basin_rows"),
}


def part(name: str, data: Path | None, quick: bool) -> list[dict[str, Any]]:
    """The rows of one part."""
    module, function = PARTS[name]
    began = time.perf_counter()
    found = importlib.import_module(f"tests.benchmarks.{module}")
    rows: list[dict[str, Any]] = list(getattr(found, function)(data, quick))
    print(f"{name}: {time.perf_counter() - began:.0f} s", flush=True)
    return rows


def main(argv: list[str] | None = None) -> int:
    """Print the table; exit 1 when a claim is not met."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, help="a folder with persona/")
    parser.add_argument("--quick", action="store_true", help="fewer networks, pairs, plantings and ensembles")
    parser.add_argument("--only", choices=sorted(PARTS), help="one part")
    parser.add_argument("--rival", metavar="PYTHON", help="a Python that has auto_LiRPA (else RIVAL_PYTHON)")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    args = parser.parse_args(argv)
    if args.rival:
        os.environ["RIVAL_PYTHON"] = args.rival
    start = time.perf_counter()
    rows = [r for name in PARTS if args.only in (None, name) for r in part(name, args.data, args.quick)]
    print(table(rows))
    write(report("outcomes", rows, time.perf_counter() - start, ("numpy", "scipy", "torch", "scikit-learn")), args.json)
    return 1 if missed(rows) else 0


if __name__ == "__main__":
    raise SystemExit(main())
