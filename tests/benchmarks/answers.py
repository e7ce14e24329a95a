"""Answers needed: how many human answers it takes until the error is down to 0.3 of its start, and what earns the gain.

    python -m tests.benchmarks.answers --data DIR [--quick] [--json FILE] [--cells FILE] [--merge FILE …] [--part 1/4]
        [--tasks content,arbitrary,…] [--embedder minilm|tfidf] [--keys 0,1] [--behaviours 0-11 or names]
        [--orders "default;random;…"] [--cleanlab PYTHON] [--minutes M]

``--data`` holds ``persona/statements.csv``. The default order is the product's study as ``activeseed init`` makes it,
its repeats and checks included and paid for; tasks: `persona`, orders: `orders`, the study: `studies` beside this file.
Every finished (task, embedder, order, behaviour, key) is a line of ``--cells``; lines that are there are not run again,
so a killed run goes on where it was. ``--part 2/4`` runs every fourth cell, into a ``--cells`` of its own; the table is
made of ``--cells`` and all that ``--merge`` names.

Between two looks (a batch apart) a curve counts as straight: answers needed are where it first crosses 0.3 of the flat
author's start, *left after 16* is its height there. A measure that isn't reached counts 88. Ratios are paired by cell:
the mean over cells of the ratio of answers needed, and beside it the ratio of the means and the worst behaviour's mean.
Intervals are 95 % bootstrap over behaviours. A target is met when the point is within it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from activeseed.config import Settings
from activeseed.members import record_of
from tests.benchmarks._report import MARKS, report, write
from tests.benchmarks.curves import Curve, crossing, height
from tests.benchmarks.orders import BATCH, FLAT, LEVEL, LOOK, MOST, ORDERS, PERMUTATIONS, curves, out_of_fold
from tests.benchmarks.persona import TASKS, Cell, Statements, build
from tests.benchmarks.studies import deciding, keep, read_cells

UNREACHED = MOST + BATCH
RESAMPLES = 2000
RIVALS = ("random", "uncertainty", "approval", "cleanlab", "first-order")
EARNERS = ("random, beliefs", "lowest credibility, beliefs")
#: orders that each task's rows compare
NEEDED = {
    "content": (*RIVALS, "leave-one-out", *EARNERS, "oracle, beliefs", "oracle answered", "default"),
    "arbitrary": (*RIVALS, *EARNERS, "effects known", "oracle, beliefs", "oracle answered", "default"),
    "weights": (*RIVALS, *EARNERS, "effects known", "oracle, beliefs", "oracle answered", "default"),
    "noisy": (*RIVALS, *EARNERS, "oracle, beliefs", "oracle answered", "default"),
    "policy": ("random", "first-order", "default"),
    "five": ("approval", "cleanlab", "first-order", "default"),
}
QUICK = ("random", "first-order", "lowest credibility, beliefs", "oracle, beliefs", "default")
Record = dict[str, Any]


# --- measures of one curve ------------------------------------------------------------------------------------------


def start(record: Record, measure: str) -> float:
    """A measure before any answer, under the author's flat belief."""
    return float(record["start"][0 if measure == "ensemble" else 1])


def _mean(of: Callable[[Record, Curve], float]) -> Callable[[Record], float]:
    """A column of a record: the mean over its curves, which are one, or one for each permutation."""
    return lambda r: float(np.mean([of(r, c) for c in r["curves"]]))


COLUMNS: dict[str, Callable[[Record], float]] = {
    "ensemble": _mean(lambda r, c: crossing(c, "ensemble", LEVEL * start(r, "ensemble"), UNREACHED)),
    "believed": _mean(lambda r, c: crossing(c, "believed", LEVEL * start(r, "believed"), UNREACHED)),
    "as answered": _mean(lambda r, c: crossing(c, "answered", LEVEL * start(r, "answered"), UNREACHED)),
    "ensemble, minutes": _mean(
        lambda r, c: crossing(c, "ensemble", LEVEL * start(r, "ensemble"), UNREACHED, "minutes")
    ),
    "as answered, minutes": _mean(
        lambda r, c: crossing(c, "answered", LEVEL * start(r, "answered"), UNREACHED, "minutes")
    ),
    "ensemble left after 16": _mean(lambda r, c: height(c, "ensemble", LOOK) / start(r, "ensemble")),
    "believed left after 16": _mean(lambda r, c: height(c, "believed", LOOK) / start(r, "believed")),
    "as answered left after 16": _mean(lambda r, c: height(c, "answered", LOOK) / start(r, "answered")),
    "ensemble left before any answer": _mean(lambda r, c: c[0]["ensemble"] / start(r, "ensemble")),
    "believed left before any answer": _mean(lambda r, c: c[0]["believed"] / start(r, "believed")),
    "wrong items found in 16": _mean(lambda r, c: height(c, "found", LOOK)),
    "different items among 16": _mean(lambda r, c: height(c, "items", LOOK)),
    "Brier of unasked after 16": _mean(lambda r, c: height(c, "brier", LOOK)),
    "share of good items ever proposed": _mean(lambda r, c: c[-1]["proposed"] / r["good"]),
}


# --- targets --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Target:
    """One claim: the default's column on a task, over the same of other orders (or minus it, or alone).

    Attributes:
        against: one order, or several of which the one with the best mean is taken; empty to stand alone.
        how: ``ratio``, ``difference``, ``alone``.
    """

    task: str
    embedder: str
    column: str
    against: tuple[str, ...]
    limit: float
    how: str = "ratio"


#: orders that read no content: on *arbitrary* the default is held against the best of them
CONTENT_FREE = ("random", "leave-one-out", "first-order")
ORACLES = {"ensemble": ("oracle, beliefs",), "as answered": ("oracle answered",)}


def _targets() -> Iterable[Target]:
    first, low, clean = ("first-order",), ("approval",), ("cleanlab",)
    rivals = (("random",), low, clean, first)
    for column, limits in (("ensemble", (0.20, 0.50, 0.53, 0.53)), ("believed", (0.20, 0.50, 0.52, 0.52))):
        for order, limit in zip(rivals, limits, strict=True):
            yield Target("content", "minilm", column, order, limit)
    for order, limit in zip(rivals, (0.25, 0.60, 0.60, 0.60), strict=True):
        yield Target("content", "tfidf", "ensemble", order, limit)
    after = "as answered left after 16"
    yield Target("content", "minilm", after, (), 0.20, "alone")
    yield Target("content", "minilm", after, ("random",), 0.24)
    for order in (low, clean, first):
        yield Target("content", "minilm", after, order, 1.0)
    for order, limit in zip(rivals[:3], (0.62, 0.80, 0.80), strict=True):
        yield Target("arbitrary", "minilm", "as answered", order, limit)
    yield Target("arbitrary", "minilm", "as answered", CONTENT_FREE, 1.0)
    for column, free in (("as answered", 1.0), ("ensemble", 1.0)):
        for rival in (*EARNERS, "first-order"):
            yield Target("weights", "minilm", column, (rival,), free)
    for order, limit in zip(rivals, (0.30, 0.58, 0.58, 0.58), strict=True):
        yield Target("noisy", "minilm", "ensemble", order, limit)
    for rival in EARNERS:
        yield Target("content", "minilm", "ensemble", (rival,), 1.0)
    for task in ("content", "arbitrary", "weights", "noisy"):
        for column, oracle in ORACLES.items():
            yield Target(task, "minilm", column, oracle, 1.25)
    for task in ("arbitrary", "weights"):
        yield Target(task, "minilm", "as answered", ("effects known",), 1.25)
    yield Target("policy", "minilm", "ensemble", ("random",), 0.27)
    yield Target("policy", "minilm", "ensemble", first, 0.65)
    for order in (low, clean, first):
        yield Target("five", "minilm", "believed", order, 2.0, "difference")
    yield Target("five", "minilm", "share of good items ever proposed", (), 0.03, "alone")
    for task in ("content", "arbitrary", "weights"):
        for measure in ("believed", "ensemble"):
            yield Target(task, "minilm", f"{measure} left before any answer", (), 1.0, "alone")


def judge(target: Target, records: Sequence[Record], resamples: int = RESAMPLES) -> Record | None:
    """The claim's figure, its interval over behaviours, and whether it is met; None where cells are missing."""
    cells: dict[tuple[str, int], dict[str, Record]] = {}
    for r in records:
        if (r["task"], r["embedder"]) == (target.task, target.embedder):
            cells.setdefault((r["behaviour"], r["key"]), {})[r["order"]] = r
    present = [o for o in target.against if any(o in c for c in cells.values())]
    if target.against and not present:
        return None
    complete = [(b, c) for (b, _), c in sorted(cells.items()) if all(o in c for o in ("default", *present))]
    if not complete:
        return None
    column = COLUMNS[target.column]
    mine = np.array([column(c["default"]) for _, c in complete])
    others = {o: np.array([column(c[o]) for _, c in complete]) for o in present}
    best = min(others, key=lambda o: float(others[o].mean())) if others else ""
    other = others[best] if others else np.zeros(len(mine))
    per_cell = mine if target.how == "alone" else mine - other
    if target.how == "ratio":
        # a count of answers is at least one batch's first look; a share left may be tiny but is no count
        per_cell = mine / np.maximum(other, 1.0 if "left" not in target.column else 1e-6)
    names = np.array([b for b, _ in complete])
    groups = [np.flatnonzero(names == b) for b in dict.fromkeys(names)]
    rng = np.random.default_rng(0)
    picks = [np.concatenate([groups[g] for g in rng.integers(0, len(groups), len(groups))]) for _ in range(resamples)]
    low, high = np.percentile([per_cell[p].mean() for p in picks], [2.5, 97.5])
    value = float(per_cell.mean())
    said = best if len(target.against) < 2 else f"the best of {', '.join(present)} ({best})"
    return {
        "claim": f"{target.task}, {target.embedder}, {target.column}: default"
        + (f" {'over' if target.how == 'ratio' else 'minus'} {said}" if said else ""),
        "value": round(value, 4),
        "interval": [round(float(low), 4), round(float(high), 4)],
        "target": target.limit,
        "met": bool(value <= target.limit),
        "worst_behaviour": round(max(float(per_cell[g].mean()) for g in groups), 4),
        "ratio_of_means": round(float(mine.mean() / max(other.mean(), 1e-9)), 4) if target.how == "ratio" else None,
        "cells": len(complete),
    }


def order_table(records: Sequence[Record], task: str, embedder: str) -> list[Record]:
    """One line an order: the mean of every column over the cells that are there."""
    out = []
    for order in ORDERS:
        mine = [r for r in records if (r["task"], r["embedder"], r["order"]) == (task, embedder, order)]
        if mine:
            line: Record = {"task": task, "embedder": embedder, "order": order, "cells": len(mine)}
            line |= {name: round(float(np.mean([f(r) for r in mine])), 4) for name, f in COLUMNS.items()}
            out.append(line)
    return out


# --- running --------------------------------------------------------------------------------------------------------


def fingerprint(settings: Settings, order: str, most: int) -> str:
    """Names what determines a cell's curves besides its name: a changed product is run again, a flat order is not."""
    parts = [json.dumps(record_of(settings.system), sort_keys=True), str(most)]
    if order not in FLAT:
        parts += [json.dumps(settings.record(), sort_keys=True), deciding()]
    return hashlib.sha256("".join(parts).encode()).hexdigest()[:12]


def name_of(record: Record) -> tuple[Any, ...]:
    """What names a cell."""
    return tuple(record[k] for k in ("task", "embedder", "order", "behaviour", "key"))


def newest(records: Sequence[Record]) -> list[Record]:
    """The last line of each cell: an earlier product's cells are superseded."""
    return list({name_of(r): r for r in records}.values())


def run_cell(cell: Cell, embedder: str, order: str, most: int, permutations: int | None) -> Record:
    """One finished cell."""
    began = time.perf_counter()
    found = curves(cell, order, most, permutations)
    return {
        "task": cell.task, "embedder": embedder, "order": order, "behaviour": cell.behaviour, "key": cell.key,
        "of": fingerprint(cell.settings, order, most), "start": list(cell.start), "good": float(cell.truth.sum()),
        "curves": [[{k: round(v, 8) for k, v in r.items()} for r in c] for c in found],
        "seconds": round(time.perf_counter() - began, 2),
    }  # fmt: skip


def check_cleanlab(python: str, cell: Cell) -> float:
    """Largest difference between the formula and cleanlab's own self-confidence, run in cleanlab's environment."""
    p, labels = out_of_fold(cell.features, cell.pool_features, ())
    script = (
        "import json,sys,numpy as np;from cleanlab.rank import get_label_quality_scores as g;d=json.load(sys.stdin);"
        "p=np.array(d['p']);print(json.dumps(g(np.array(d['y']),np.c_[1-p,p],method='self_confidence').tolist()))"
    )
    sent = json.dumps({"p": p.tolist(), "y": labels.astype(int).tolist()})
    done = subprocess.run([python, "-c", script], input=sent, capture_output=True, text=True, check=True)
    theirs = np.array(json.loads(done.stdout.splitlines()[-1]))
    return float(np.abs(theirs - np.where(labels == 1, p, 1.0 - p)).max())


def chosen(names: Sequence[str], text: str) -> list[str]:
    """Behaviours by name, number, or range of numbers (``0-3,7``)."""
    out = []
    for part in text.split(","):
        if part in names:
            out.append(part)
        elif "-" in part and part.replace("-", "").isdigit():
            low, high = part.split("-")
            out += list(names[int(low) : int(high) + 1])
        elif part.isdigit() and int(part) < len(names):
            out.append(names[int(part)])
        else:
            raise SystemExit(f"answers: no behaviour {part!r}; there are {len(names)}: {', '.join(names)}")
    return list(dict.fromkeys(out))


def share_of(text: str) -> tuple[int, int]:
    """``2/4`` as (1, 4): every fourth cell, from the second on."""
    number, _, parts = text.partition("/")
    if not (number.isdigit() and parts.isdigit() and 1 <= int(number) <= int(parts)):
        raise SystemExit(f"answers: --part {text!r} is no share like 2/4")
    return int(number) - 1, int(parts)


def summed_up(records: Sequence[Record], seconds: float, notes: Record) -> Record:
    """What is printed and written."""
    rows = [row for row in (judge(t, records) for t in _targets()) if row is not None]
    groups = list(dict.fromkeys((r["task"], r["embedder"]) for r in records))
    orders = [line for g in groups for line in order_table(records, *g)]
    return report("answers", rows, seconds, orders=orders, **notes)


def show(result: Record) -> str:
    """The tables, as text."""
    lines = []
    for line in result["orders"]:
        head = f"{line['task']}, {line['embedder']}: {line['order']} ({line['cells']} cells)"
        body = ", ".join(f"{k} {line[k]:.3g}" for k in COLUMNS)
        lines.append(f"{head}: {body}")
    for row in result["rows"]:
        low, high = row["interval"]
        means = "" if row["ratio_of_means"] is None else f"; of means {row['ratio_of_means']:.3f}"
        lines.append(
            f"{MARKS[row['met']]:8}{row['claim']}: {row['value']:.3f} [{low:.3f}, {high:.3f}]{means}, "
            f"worst behaviour {row['worst_behaviour']:.3f}, target ≤ {row['target']:g} ({row['cells']} cells)"
        )
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    """Run what is missing, then print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.answers", description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, help="folder with persona/statements.csv; without it the run is skipped")
    parser.add_argument("--quick", action="store_true", help="two behaviours, key 0, five orders, up to 24 answers")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--cells", type=Path, help="JSON lines of finished cells; created, and appended to")
    parser.add_argument("--merge", type=Path, nargs="*", default=[], help="cells of other runs, for the table")
    parser.add_argument("--part", type=share_of, default=(0, 1), help="run only a share of the cells: 1/4, 2/4, …")
    parser.add_argument("--tasks", default=",".join(TASKS))
    parser.add_argument("--embedder", choices=("minilm", "tfidf"), default="minilm")
    parser.add_argument("--keys", default="0,1")
    parser.add_argument("--behaviours", default="")
    parser.add_argument("--orders", default="", help="separated by semicolons; default: those of the task's rows")
    parser.add_argument("--cleanlab", help="a Python that has cleanlab: checks once that the formula agrees with it")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="start no cell after this long")
    args = parser.parse_args(argv)
    if args.data is None:
        print("answers: skipped, since its statements are no part of the project; give --data DIR")
        return 0
    import torch

    torch.set_num_threads(1)
    statements = Statements.read(args.data)
    names = chosen(statements.names, args.behaviours) if args.behaviours else statements.names
    tasks, keys, most, permutations = args.tasks.split(","), [int(k) for k in args.keys.split(",")], MOST, None
    orders = [o.strip() for o in args.orders.split(";")] if args.orders else []
    for asked, known in ((tasks, TASKS), (orders, ORDERS)):
        if unknown := [name for name in asked if name not in known]:
            raise SystemExit(f"answers: there is no {unknown[0]!r}; there are {'; '.join(known)}")
    if args.quick:
        names, keys, tasks, most = names[1:3] or names, keys[:1], tasks[:1], 24
        orders, permutations = orders or list(QUICK), 3
    records = read_cells(args.cells, *args.merge)
    have = {(*name_of(r), r["of"]) for r in records}
    todo = [(t, k, b, o) for t in tasks for k in keys for b in names for o in orders or NEEDED[t]]
    began = time.perf_counter()
    notes: Record = {"permutations": permutations or PERMUTATIONS}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) if args.cells is None else args.cells.parent / "answers.vectors"
        last: tuple[str, int, str] | None = None
        cell: Cell | None = None
        for number, (task, key, behaviour, order) in enumerate(todo):
            if number % args.part[1] != args.part[0] or time.perf_counter() - began > 60.0 * args.minutes:
                continue
            if cell is None or last != (task, key, behaviour):
                cell, last = build(statements, task, behaviour, key, args.embedder, folder), (task, key, behaviour)
            if (task, args.embedder, order, behaviour, key, fingerprint(cell.settings, order, most)) in have:
                continue
            if args.cleanlab and "cleanlab_difference" not in notes:
                notes["cleanlab_difference"] = check_cleanlab(args.cleanlab, cell)
            record = run_cell(cell, args.embedder, order, most, permutations)
            records.append(record)
            print(f"{task} {key} {behaviour} {order}: {record['seconds']} s", file=sys.stderr, flush=True)
            if args.cells is not None:
                keep(args.cells, record)
    result = summed_up(newest(records), time.perf_counter() - began, notes)
    print(show(result))
    write(result, args.json)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
