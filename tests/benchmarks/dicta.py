"""The inference engine: planted charters, real documents, questions about dicta.

    python -m tests.benchmarks.dicta [--data DIR] [--quick] [--json FILE] [--only PART]

Parts: ``planted`` (`_dicta_planted`) needs no data; ``documents`` (`_dicta_documents`) reads ``claude-constitution``,
``model-spec`` and whatever charters and rubrics DIR holds; ``questions`` (`_dicta_questions`) plays annotators of
planted charters, ``divided`` (`_dicta_divided`) those of real conversations. A part whose data is not there says so and
is left out.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import time
from pathlib import Path
from typing import Any

from tests.benchmarks._report import missed, report, table, write

#: part -> the module beside this one, its function of (data, quick), and the folders of data that it can't do without
PARTS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "planted": ("_dicta_planted", "planted_rows", ()),
    "documents": ("_dicta_documents", "documents", ("claude-constitution", "model-spec")),
    "questions": ("_dicta_questions", "question_rows", ()),
    "divided": ("_dicta_divided", "divided_rows", ("polis",)),
}


def part(name: str, data: Path | None, quick: bool) -> list[dict[str, Any]]:
    """The rows of one part; none, and a line that says why, where something is not there."""
    module, function, folders = PARTS[name]
    absent = [f for f in folders if data is None or not (data / f).is_dir()]
    if absent:
        print(f"{name}: left out, {data or 'no folder of data'} has no {' and no '.join(absent)}", flush=True)
        return []
    found = importlib.util.find_spec(f"tests.benchmarks.{module}")
    if found is None:
        print(f"{name}: left out, there is no {module}.py", flush=True)
        return []
    began = time.perf_counter()
    rows: list[dict[str, Any]] = list(getattr(importlib.import_module(found.name), function)(data, quick))
    print(f"{name}: {time.perf_counter() - began:.0f} s", flush=True)
    return rows


def main(argv: list[str] | None = None) -> int:
    """Print the table; exit 1 when a claim is not met."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, help="a folder with claude-constitution/, model-spec/ and polis/")
    parser.add_argument("--quick", action="store_true", help="fewer charters, fewer dicta, fewer annotators")
    parser.add_argument("--only", choices=sorted(PARTS), help="one part")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    args = parser.parse_args(argv)
    start = time.perf_counter()
    rows = [r for name in PARTS if args.only in (None, name) for r in part(name, args.data, args.quick)]
    print(table(rows))
    write(report("dicta", rows, time.perf_counter() - start, ("numpy", "torch")), args.json)
    return 1 if missed(rows) else 0


if __name__ == "__main__":
    raise SystemExit(main())
