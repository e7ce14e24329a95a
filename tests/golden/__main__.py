"""Make the golden files anew:  python -m tests.golden [SCENE …]

They hold what rankings and questions come to, so that a change of the code's structure shows that it changes none.
Remake them when results are *meant* to change (an estimate was wrong, questions are chosen better), in the commit that
changes them, and say there which numbers moved and why. Never to get a test green that nobody expected to fail: then it
has found something. What this prints is what moved.

The kept study (`study_of_0_1`) is never remade: a study of then has to open as long as there are such studies.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path


def main(names: list[str]) -> None:
    """Record the scenes and write what they come to, saying what moved."""
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(variable, "1")  # before numpy is imported, as in tests/conftest.py
    from tests.golden.recording import DATA, differences, record
    from tests.golden.scenes import SCENES

    unknown = [n for n in names if n not in SCENES]
    if unknown:
        sys.exit(f"There is no scene {unknown[0]!r}. There are: {', '.join(SCENES)}.")
    for name in names or SCENES:
        file = DATA / f"{name}.json"
        with tempfile.TemporaryDirectory() as folder:
            found = record(name, Path(folder) / "study")
        kept = json.loads(file.read_text("utf-8")) if file.exists() else None
        moved = ["new"] if kept is None else differences(kept, found)
        print(f"{name}: {'; '.join(moved) or 'as it was'}")
        if moved:
            file.write_text(_written(found), "utf-8")


def _written(found: dict[str, object]) -> str:
    """JSON with a line for each column, so that a difference is read in a diff."""
    text = json.dumps(found, indent=1, ensure_ascii=False)
    lines, depth, out = text.split("\n"), 0, []
    for line in lines:
        opened = line.endswith("[")
        if depth:
            out[-1] += line.strip() + (" " if line.endswith(",") else "")
        else:
            out.append(line)
        depth += opened - (line.strip() in ("]", "],"))
    return "\n".join(out) + "\n"


if __name__ == "__main__":
    main(sys.argv[1:])
