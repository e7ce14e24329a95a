"""Answers needed: how many human answers it takes until the error is down to 0.3 of its start.

    python -m tests.benchmarks.answers --data DIR [--quick] [--json FILE] [--cells FILE] [--tasks content,arbitrary,…]
        [--embedder minilm|tfidf] [--keys 0,1] [--behaviours 0-11 or names] [--orders …] [--league fixed|full]
        [--cleanlab PYTHON] [--minutes M]

``--data`` holds ``persona/statements.csv``. Every finished (task, embedder, league, order, behaviour, key) is a line of
``--cells``; lines that are there are not run again, so a killed run goes on where it was. Measures, orders and
tasks: see `persona` and `orders` beside this file. The annotator's error rate counts as known (gold questions measure
it); orders that keep flat beliefs take every answer at its word. Ratios are paired by cell: the mean over cells of the
ratio of answers needed (not reached counts 84), and beside it the ratio of the means. Intervals are 95 % bootstrap over
behaviours. A target is met when the interval includes it and the point is within a tenth of it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from activeseed.acquisition import DEPLOYED_SHARE
from activeseed.belief import BeliefSettings
from activeseed.plan import Floats
from activeseed.systems.league import OversightLeague
from tests.benchmarks._report import MARKS, report, write
from tests.benchmarks.orders import LEVEL, MOST, ORDERS, curve, out_of_fold
from tests.benchmarks.persona import TASKS, Cell, Statements, build

UNREACHED = MOST + 4
FIXED = OversightLeague(compare="identity")
FULL = OversightLeague.full(compare="identity")
#: orders that the targets of a task compare with the default; all orders on the content task
NEEDED = {
    "content": ORDERS,
    "arbitrary": ("random", "approval", "cleanlab", "first-order", "oracle", "default"),
    "noisy": ("random", "approval", "cleanlab", "first-order", "default"),
    "policy": ("random", "first-order", "default"),
    "five": ("approval", "cleanlab", "first-order", "default"),
}
#: raised whenever the default asks otherwise under the same settings, so that its old cells are run again
DEFAULT = 3
Record = dict[str, Any]


# --- measures of one curve ------------------------------------------------------------------------------------------


def needed(record: Record, measure: str) -> float:
    """The smallest number of answers at which a measure is down to 0.3 of the flat author's start."""
    start = record["start"][0 if measure == "ensemble" else 1]
    return next((r["q"] for r in record["curve"] if r[measure] <= LEVEL * start), float(UNREACHED))


def left(record: Record, measure: str, at: int = 16) -> float:
    """What is left of a measure after ``at`` answers, as a share of the flat author's start."""
    start = record["start"][0 if measure == "ensemble" else 1]
    return float([r for r in record["curve"] if r["q"] <= at][-1][measure] / start)


def within(record: Record, column: str, at: int = 16) -> float:
    return float([r for r in record["curve"] if r["q"] <= at][-1][column])


COLUMNS: dict[str, Callable[[Record], float]] = {
    "ensemble": lambda r: needed(r, "ensemble"),
    "believed": lambda r: needed(r, "believed"),
    "as answered": lambda r: needed(r, "answered"),
    "ensemble left after 16": lambda r: left(r, "ensemble"),
    "of it bias²": lambda r: within(r, "bias2") / r["start"][0],
    "of it variance": lambda r: within(r, "variance") / r["start"][0],
    "believed left after 16": lambda r: left(r, "believed"),
    "as answered left after 16": lambda r: left(r, "answered"),
    "believed left before any answer": lambda r: r["curve"][0]["believed"] / r["start"][1],
    "ensemble left before any answer": lambda r: r["curve"][0]["ensemble"] / r["start"][0],
    "wrong items found in 16": lambda r: within(r, "found"),
    "Brier of unasked after 16": lambda r: within(r, "brier"),
    "share of good items ever proposed": lambda r: r["curve"][-1]["proposed"] / r["good"],
}


# --- targets --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Target:
    """One claim: the default's column on a task, over the same of another order (or minus it, or alone)."""

    task: str
    embedder: str
    column: str
    against: str
    limit: float
    how: str = "ratio"  # ratio, difference, alone


def _targets() -> Iterable[Target]:
    first, low, clean = "first-order", "approval", "cleanlab"
    for column, limits in (("ensemble", (0.20, 0.50, 0.53)), ("believed", (0.20, 0.50, 0.52))):
        for order, limit in zip(("random", low, clean, first), (limits[0], limits[1], *limits[1:]), strict=True):
            yield Target("content", "minilm", column, order, limit)
    for order, limit in zip(("random", low, clean, first), (0.25, 0.60, 0.60, 0.60), strict=True):
        yield Target("content", "tfidf", "ensemble", order, limit)
    after = "as answered left after 16"
    yield Target("content", "minilm", after, "", 0.20, "alone")
    yield Target("content", "minilm", after, "random", 0.24)
    for order in (low, clean, first):
        yield Target("content", "minilm", after, order, 1.0)
    for order, limit in zip(("random", low, clean, first), (0.62, 0.80, 0.80, 1.0), strict=True):
        yield Target("arbitrary", "minilm", "as answered", order, limit)
    for order, limit in zip(("random", low, clean, first), (0.26, 0.58, 0.58, 0.58), strict=True):
        yield Target("noisy", "minilm", "ensemble", order, limit)
    yield Target("policy", "minilm", "ensemble", "random", 0.27)
    yield Target("policy", "minilm", "ensemble", first, 0.65)
    for order in (low, clean, first):
        yield Target("five", "minilm", "believed", order, 2.0, "difference")
    yield Target("five", "minilm", "share of good items ever proposed", "", 0.03, "alone")
    for task in ("content", "arbitrary"):
        yield Target(task, "minilm", "believed left before any answer", "", 1.0, "alone")


def judge(target: Target, records: Sequence[Record], resamples: int = 2000) -> Record | None:
    """The claim's figure, its interval over behaviours, and whether it is met; None where cells are missing."""
    cells: dict[tuple[str, int], dict[str, Record]] = {}
    for r in records:
        if (r["task"], r["embedder"], r["league"]) == (target.task, target.embedder, "fixed"):
            cells.setdefault((r["behaviour"], r["key"]), {})[r["order"]] = r
    orders = ["default", *([target.against] if target.against else [])]
    complete = [(b, c) for (b, _), c in sorted(cells.items()) if all(o in c for o in orders)]
    if not complete:
        return None
    column = COLUMNS[target.column]
    mine = np.array([column(c["default"]) for _, c in complete])
    other = np.array([column(c[target.against]) for _, c in complete]) if target.against else np.zeros(len(mine))
    per_cell = mine if target.how == "alone" else mine - other
    if target.how == "ratio":
        # a count of answers is at least one batch's first look; a share left may be tiny but is no count
        per_cell = mine / np.maximum(other, 1.0 if "left" not in target.column else 1e-6)
    names = np.array([b for b, _ in complete])
    groups = [np.flatnonzero(names == b) for b in dict.fromkeys(names)]
    rng = np.random.default_rng(0)
    picks = [np.concatenate([groups[g] for g in rng.integers(0, len(groups), len(groups))]) for _ in range(resamples)]
    means = np.array([per_cell[p].mean() for p in picks])
    low, high = np.percentile(means, [2.5, 97.5])
    value = float(per_cell.mean())
    slack = target.limit if target.how == "difference" else 1.1 * target.limit
    return {
        "claim": f"{target.task}, {target.embedder}, {target.column}: default"
        + (f" {'over' if target.how == 'ratio' else 'minus'} {target.against}" if target.against else ""),
        "value": round(value, 4),
        "interval": [round(float(low), 4), round(float(high), 4)],
        "target": target.limit,
        "met": bool(value <= slack and low <= target.limit),
        "ratio_of_means": round(float(mine.mean() / max(other.mean(), 1e-9)), 4) if target.how == "ratio" else None,
        "cells": len(complete),
    }


def order_table(records: Sequence[Record], task: str, embedder: str, league: str) -> list[Record]:
    """One line an order: the mean of every column over the cells that are there."""
    out = []
    for order in ORDERS:
        mine = [
            r for r in records if (r["task"], r["embedder"], r["league"], r["order"]) == (task, embedder, league, order)
        ]
        if mine:
            line: Record = {"task": task, "embedder": embedder, "league": league, "order": order, "cells": len(mine)}
            line |= {name: round(float(np.mean([f(r) for r in mine])), 4) for name, f in COLUMNS.items()}
            out.append(line)
    return out


# --- running --------------------------------------------------------------------------------------------------------


def vectors_of(embedder: str, texts: Sequence[str], beside: Path | None) -> dict[str, Floats] | None:
    """Text -> features, kept beside the cells; None for TF-IDF, which is fitted on each cell's own texts."""
    if embedder == "tfidf":
        return None
    from activeseed.embedders import MiniLM

    model = MiniLM()
    tag = hashlib.sha256("\n".join([model.revision, *texts]).encode()).hexdigest()[:12]
    path = None if beside is None else beside.with_suffix(f".minilm-{tag}.npy")
    if path is not None and path.exists():
        features = np.load(path, allow_pickle=False)
    else:
        features = model.fit(texts).embed(texts)
        if path is not None:
            np.save(path, features)
    return dict(zip(texts, np.asarray(features, np.float64), strict=True))


def fingerprint(settings: BeliefSettings, league: OversightLeague, order: str, most: int = MOST) -> str:
    """Names what determines a cell's curve besides its name: a changed default is run again, a flat order is not."""
    parts = [
        league.model_dump_json(),
        f"{settings.model_dump_json()} {DEPLOYED_SHARE} {DEFAULT}" if order == "default" else "",
    ]
    return hashlib.sha256("".join(parts).encode()).hexdigest()[:12]


def read_cells(path: Path | None) -> list[Record]:
    """Finished cells; a torn last line is left out."""
    out: list[Record] = []
    if path is None or not path.exists():
        return out
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            out.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return out


def run_cell(cell: Cell, embedder: str, league: str, order: str, settings: BeliefSettings, most: int) -> Record:
    """One finished cell."""
    began = time.perf_counter()
    steps = curve(cell, order, settings, most)
    return {
        "task": cell.task, "embedder": embedder, "league": league, "order": order, "behaviour": cell.behaviour,
        "key": cell.key, "of": fingerprint(settings, cell.league, order, most), "start": list(cell.start),
        "good": float(cell.truth.sum()), "curve": [{k: round(v, 8) for k, v in r.items()} for r in steps],
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


def summed_up(records: Sequence[Record], seconds: float, notes: Record) -> Record:
    """What is printed and written."""
    rows = [row for row in (judge(t, records) for t in _targets()) if row is not None]
    groups = list(dict.fromkeys((r["task"], r["embedder"], r["league"]) for r in records))
    orders = [line for g in groups for line in order_table(records, *g)]
    return report("answers", rows, seconds, orders=orders, **notes)


def show(result: Record) -> str:
    """The tables, as text."""
    lines = []
    for line in result["orders"]:
        head = f"{line['task']}, {line['embedder']}, {line['league']} league: {line['order']} ({line['cells']} cells)"
        body = ", ".join(f"{k} {line[k]:.3g}" for k in COLUMNS)
        lines.append(f"{head}: {body}")
    for row in result["rows"]:
        low, high = row["interval"]
        means = "" if row["ratio_of_means"] is None else f"; of means {row['ratio_of_means']:.3f}"
        lines.append(
            f"{MARKS[row['met']]:8}{row['claim']}: {row['value']:.3f} [{low:.3f}, {high:.3f}]{means}, "
            f"target ≤ {row['target']:g} ({row['cells']} cells)"
        )
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    """Run what is missing, then print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.answers", description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, help="folder with persona/statements.csv; without it the run is skipped")
    parser.add_argument("--quick", action="store_true", help="two behaviours, key 0, three orders, up to 24 answers")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--cells", type=Path, help="JSON lines of finished cells; created, and appended to")
    parser.add_argument("--tasks", default="content,arbitrary,noisy,policy,five")
    parser.add_argument("--embedder", choices=("minilm", "tfidf"), default="minilm")
    parser.add_argument("--league", choices=("fixed", "full"), default="fixed")
    parser.add_argument("--keys", default="0,1")
    parser.add_argument("--behaviours", default="")
    parser.add_argument("--orders", default="", help="default: those that the task's targets need")
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
    tasks, keys, most = args.tasks.split(","), [int(k) for k in args.keys.split(",")], MOST
    if unknown := [t for t in tasks if t not in TASKS]:
        raise SystemExit(f"answers: no task {unknown[0]!r}; there are {', '.join(TASKS)}")
    orders = args.orders.split(",") if args.orders else []
    if args.quick:
        names, keys, tasks, most = names[1:3] or names, keys[:1], tasks[:1], 24
        orders = orders or ["random", "first-order", "default"]
    settings, league = BeliefSettings(), FIXED if args.league == "fixed" else FULL
    vectors = vectors_of(args.embedder, statements.texts, args.cells)
    records = read_cells(args.cells)
    have = {(r["task"], r["embedder"], r["league"], r["order"], r["behaviour"], r["key"], r["of"]) for r in records}
    began, notes = time.perf_counter(), {}
    for task in tasks:
        for key in keys:
            for name in names:
                cell: Cell | None = None
                for order in orders or NEEDED[task]:
                    of = fingerprint(settings, build_league(league, task), order, most)
                    if (task, args.embedder, args.league, order, name, key, of) in have:
                        continue
                    if time.perf_counter() - began > 60.0 * args.minutes:
                        break
                    cell = cell or build(statements, vectors, task, name, key, league)
                    if args.cleanlab and "cleanlab_difference" not in notes:
                        notes["cleanlab_difference"] = check_cleanlab(args.cleanlab, cell)
                    record = run_cell(cell, args.embedder, args.league, order, settings, most)
                    records.append(record)
                    print(f"{task} {key} {name} {order}: {record['seconds']} s", file=sys.stderr, flush=True)
                    if args.cells is not None:
                        with args.cells.open("a", encoding="utf-8") as handle:
                            handle.write(json.dumps(record) + "\n")
    result = summed_up(newest(records), time.perf_counter() - began, notes)
    print(show(result))
    write(result, args.json)
    return 0


def build_league(league: OversightLeague, task: str) -> OversightLeague:
    """The league as a task reads it."""
    return league.model_copy(update={"outcome": "policy", "compare": "hellinger"}) if task == "policy" else league


def newest(records: Sequence[Record]) -> list[Record]:
    """The last line of each cell: an earlier default's cells are superseded."""
    out: dict[tuple[Any, ...], Record] = {}
    for r in records:
        out[(r["task"], r["embedder"], r["league"], r["order"], r["behaviour"], r["key"])] = r
    return list(out.values())


if __name__ == "__main__":
    raise SystemExit(main())
