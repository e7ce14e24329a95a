"""Real labels, end to end: what three people's answers make of a reward model, at equal minutes.

    python -m tests.benchmarks.raters --data DIR [--quick] [--json FILE] [--cells FILE] [--embedder minilm|tfidf]
        [--keys 0,1,…] [--minutes M]

``--data`` holds ``pandalm/pairs.jsonl``: pairs of replies, each judged by three annotators. A seed of 100 pairs is
given to the product's study as ``activeseed init`` makes it; every question is answered by one of the pair's own
annotators, in turns, a tie drops the pair. The reward model is trained on the seed as it stands after so many minutes
(a question is a minute, whoever chose it), and the figure is how often it prefers what most annotators prefer, on 300
pairs of other prompts. Two seeds:

    rated    each label is what one of the pair's annotators said; the other two answer
    raters   the majority's label, a fifth of them flipped on purpose; all three answer

Against *random* order (mean of 20 permutations), cleanlab's *self-confidence*, and *ActiveLab*, which may ask about a
pair again and trains on its own consensus (`active_lab`). No target is set: the figures are quoted as they come out.
Intervals are 95 % bootstrap over keys, whose seeds hardly overlap and whose probes do: somewhat too narrow.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from activeseed.embedders import MiniLM
from activeseed.plan import Floats, generator
from tests.benchmarks._report import report, table, write
from tests.benchmarks.active_lab import active_lab, majority
from tests.benchmarks.curves import height
from tests.benchmarks.pair_orders import BATCH, State, out_of_fold, picked, studied
from tests.benchmarks.pairs import DROP, FLIP, KEEP, Cell, build, init_settings, read_pairs
from tests.benchmarks.studies import deciding, keep, read_cells

SEEDS = ("rated", "raters")
ORDERS = ("default", "random", "cleanlab", "ActiveLab", "ActiveLab, majority")
LOOKS = (24, 48)  # minutes after which the orders are compared
PERMUTATIONS = 20
Record = dict[str, Any]
Curve = list[dict[str, float]]


def look(cell: Cell, minutes: float, standing: np.ndarray) -> dict[str, float]:
    """What the seed as it stands is worth: held-out agreement, and how many of its labels are not the majority's."""
    wrong = (standing == np.where(cell.right, FLIP, KEEP)).sum()
    return {"q": minutes, "agreement": float(cell.accuracy(cell.train(standing))[0]), "wrong": float(wrong)}


def default(cell: Cell, most: float) -> Curve:
    """The product's study, its repeats and lists at what they are expected to take."""
    with tempfile.TemporaryDirectory() as scratch:
        asked = studied(cell, Path(scratch) / "study")
        out = [look(cell, 0.0, asked.standing)]
        while asked.minutes < most and asked.answer():
            out.append(look(cell, asked.minutes, asked.standing))
    return out


def flat(cell: Cell, order: str, most: float, permutation: int = 0) -> Curve:
    """A question about each pair at most, the answer taken at its word."""
    state, each = State(cell), cell.settings.ask.minutes
    score = generator(cell.key, "benchmark", "random", permutation).random(len(cell.seed))
    out = [look(cell, 0.0, state.standing)]
    while out[-1]["q"] < most and len(state.open):
        todo = state.open
        batch = todo[np.argsort(score[todo])][:BATCH].tolist() if order == "random" else picked(state, order, BATCH)
        for i in batch:
            state.answers[i] = cell.heard(i)
        out.append(look(cell, each * len(state.answers), state.standing))
    return out


def relabelled(cell: Cell, most: float, *, consensus: bool) -> Curve:
    """ActiveLab: the seed's author and the annotators are columns, a pair's two replies the classes.

    Pairs are shown in an order drawn by a coin, else the class of the author's labels would be the same everywhere. A
    tie is no label; a pair is asked about as often as it has annotators.

    Args:
        consensus: whether CROWDLAB's consensus stands, as published, which may follow the model against a single label;
            else the majority, ties to the model.
    """
    f, people = len(cell.seed), cell.votes.shape[0]
    turned = generator(cell.key, "benchmark", "turned").random(f) < 0.5
    labels = np.full((f, 1 + 3), np.nan)
    labels[:, 0] = turned  # class 1 where the pair as written is shown the other way round
    times, said, each = np.zeros(f, np.int64), 0, cell.settings.ask.minutes
    standing: np.ndarray = np.zeros(f, np.int64)
    out = [look(cell, 0.0, standing)]
    while out[-1]["q"] < most and (times < people).any():
        as_it_stands = out_of_fold(cell.features, standing)
        second = np.where((standing == FLIP) != turned, as_it_stands, 1.0 - as_it_stands)
        scores, _ = active_lab(labels, np.stack([1.0 - second, second], 1))
        scores[times >= people] = np.inf
        for i in [int(i) for i in np.argsort(scores, kind="stable")[:BATCH] if np.isfinite(scores[i])]:
            heard = cell.heard(i, int(times[i]))
            if heard != DROP:
                labels[i, 1 + int(cell.who[times[i], i])] = (heard == FLIP) != turned[i]
            times[i] += 1
            said += 1
        model = np.stack([1.0 - second, second], 1)
        agreed = active_lab(labels, model)[1] if consensus else majority(labels, model)
        standing = np.where((agreed == 1) != turned, FLIP, KEEP)
        out.append(look(cell, each * said, standing))
    return out


def curves(cell: Cell, order: str, most: float) -> list[Curve]:
    """One curve, or one for each permutation."""
    if order == "default":
        return [default(cell, most)]
    if order.startswith("ActiveLab"):
        return [relabelled(cell, most, consensus=order == "ActiveLab")]
    return [flat(cell, order, most, n) for n in range(PERMUTATIONS if order == "random" else 1)]


# --- figures --------------------------------------------------------------------------------------------------------


def at(record: Record, column: str, minutes: float) -> float:
    """A column after so many minutes, mean over the record's curves."""
    return float(np.mean([height(c, column, minutes) for c in record["curves"]]))


def row(claim: str, values: Floats) -> Record:
    """A figure with its interval over keys."""
    picks = np.random.default_rng(0).integers(0, len(values), (2000, len(values)))
    low, high = np.percentile(values[picks].mean(1), [2.5, 97.5])
    return {
        "claim": claim,
        "value": round(float(values.mean()), 4),
        "interval": [round(float(low), 4), round(float(high), 4)],
        "target": None,
        "met": None,
        "cells": len(values),
    }


def rows_of(records: Sequence[Record]) -> list[Record]:
    """Agreement before and after by order, and the default against each of the others, key by key."""
    out: list[Record] = []
    for seed in SEEDS:
        cells = {o: {r["key"]: r for r in records if (r["seed"], r["order"]) == (seed, o)} for o in ORDERS}
        mine = cells["default"]
        if not mine:
            continue
        every = [mine[k] for k in sorted(mine)]
        out.append(row(f"{seed}: agreement with the true labels", np.array([r["ceiling"] for r in every])))
        out.append(row(f"{seed}: agreement before", np.array([at(r, "agreement", 0) for r in every])))
        out.append(row(f"{seed}: wrong labels before", np.array([at(r, "wrong", 0) for r in every])))
        for minutes in [m for m in LOOKS if m <= every[0]["most"]]:
            for order in [o for o in ORDERS if cells[o]]:
                for column in ("agreement", "wrong labels"):
                    values = [at(r, column.split()[0], minutes) for r in cells[order].values()]
                    out.append(row(f"{seed}: {column} after {minutes} minutes, {order}", np.array(values)))
            for order in [o for o in ORDERS[1:] if mine.keys() & cells[o].keys()]:
                keys = sorted(mine.keys() & cells[order].keys())
                gap = [at(mine[k], "agreement", minutes) - at(cells[order][k], "agreement", minutes) for k in keys]
                out.append(row(f"{seed}: agreement after {minutes} minutes, default minus {order}", np.array(gap)))
    return out


def main(argv: Sequence[str] | None = None) -> int:
    """Run what is missing, then print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.raters", description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, help="folder with pandalm/pairs.jsonl; without it the run is skipped")
    parser.add_argument("--quick", action="store_true", help="key 0, up to 24 minutes")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--cells", type=Path, help="JSON lines of finished cells; created, and appended to")
    parser.add_argument("--embedder", choices=("minilm", "tfidf"), default="minilm")
    parser.add_argument("--keys", default=",".join(map(str, range(16))))
    parser.add_argument("--minutes", type=float, default=float("inf"), help="start no cell after this long")
    args = parser.parse_args(argv)
    if args.data is None:
        print("raters: skipped, since its pairs are no part of the project; give --data DIR")
        return 0
    if args.embedder == "minilm" and not MiniLM.installed():
        print("raters: MiniLM is not installed (activeseed[minilm]); give --embedder tfidf", file=sys.stderr)
        return 2
    import torch

    torch.set_num_threads(1)
    keys = [0] if args.quick else [int(k) for k in args.keys.split(",")]
    most = float(LOOKS[0] if args.quick else LOOKS[-1])
    pairs, records = read_pairs(args.data), read_cells(args.cells)
    have = {tuple(r[k] for k in ("seed", "embedder", "key", "order", "most", "of")) for r in records}
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) if args.cells is None else args.cells.parent / "pandalm.vectors"
        for seed, key in [(s, k) for k in keys for s in SEEDS]:
            cell: Cell | None = None
            for order in ORDERS:
                of = f"{init_settings(key, args.embedder).record()} {deciding()}" if order == "default" else ""
                name = (seed, args.embedder, key, order, most, _digest(of))
                if name in have or time.perf_counter() - began > 60.0 * args.minutes:
                    continue
                start = time.perf_counter()
                cell = cell or build(pairs, seed, key, args.embedder, folder)  # type: ignore[arg-type]
                record = dict(zip(("seed", "embedder", "key", "order", "most", "of"), name, strict=True)) | {
                    "ceiling": float(cell.accuracy(cell.truth)[0]),
                    "curves": curves(cell, order, most),
                    "seconds": round(time.perf_counter() - start, 2),
                }
                records.append(record)
                print(f"{seed} {key} {order}: {record['seconds']} s", file=sys.stderr, flush=True)
                if args.cells is not None:
                    keep(args.cells, record)
    wanted = [r for r in records if r["embedder"] == args.embedder and r["most"] == most]
    rows = rows_of(list({(r["seed"], r["key"], r["order"]): r for r in wanted}.values()))
    result = report("raters", rows, time.perf_counter() - began, ("numpy", "torch"), pairs=len(pairs))
    print(table(rows))
    write(result, args.json)
    return 0


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


if __name__ == "__main__":
    raise SystemExit(main())
