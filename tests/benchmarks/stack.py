"""The whole stack: the systems beyond the first ones held against theory, and which level the spread comes from.

    python -m tests.benchmarks.stack [--data DIR] [--quick] [--json FILE] [--only PART]

Parts: ``tethers`` (`_stack_tethers`), ``cirl`` (`_stack_cirl`), ``predca`` (`_stack_predca`), ``levels``
(`_stack_levels`: masks, ranges of learning rates, forgetting), ``shares`` (`_stack_shares`: the variance budget against
closed forms, with coverage), ``budgets`` (`_stack_budgets`: the budget of each system under `init`'s settings, with its
cost), ``stability`` (`_stack_stability`: the matrix against closed forms, two trainers compared), ``human``
(`_stack_human`: whole studies), ``designs`` (`_stack_designs`) and ``loops`` (`_stack_loops`: planted wrong items of
each system found from the command line, beside random order).
"""

from __future__ import annotations

import argparse
import importlib
import time
from pathlib import Path
from typing import Any

from tests.benchmarks._report import missed, report, table, write

#: part -> the module beside this one and its function of (data, quick)
PARTS: dict[str, tuple[str, str]] = {
    "tethers": ("_stack_tethers", "tether_rows"),
    "cirl": ("_stack_cirl", "cirl_rows"),
    "predca": ("_stack_predca", "predca_rows"),
    "levels": ("_stack_levels", "level_rows"),
    "shares": ("_stack_shares", "share_rows"),
    "budgets": ("_stack_budgets", "budget_rows"),
    "stability": ("_stack_stability", "stability_rows"),
    "human": ("_stack_human", "human_rows"),
    "designs": ("_stack_designs", "design_rows"),
    "loops": ("_stack_loops", "loop_rows"),
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
    parser.add_argument("--quick", action="store_true", help="fewer games, frameworks, repetitions and studies")
    parser.add_argument("--only", choices=sorted(PARTS), help="one part")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    args = parser.parse_args(argv)
    start = time.perf_counter()
    rows = [r for name in PARTS if args.only in (None, name) for r in part(name, args.data, args.quick)]
    print(table(rows))
    write(report("stack", rows, time.perf_counter() - start, ("numpy", "scipy", "torch", "scikit-learn")), args.json)
    return 1 if missed(rows) else 0


if __name__ == "__main__":
    raise SystemExit(main())
