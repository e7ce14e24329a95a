"""Preference pairs: flipped labels among real human preferences, found by ranking and mended by asking.

    python -m tests.benchmarks.pandalm --data DIR [--quick] [--json FILE] [--cells FILE] [--keys 0,1,2,3,4]
        [--embedder minilm|tfidf] [--annotator majority|rater] [--minutes M]

``--data`` holds ``pandalm/pairs.jsonl``: pairs of replies, three annotators each. Under one key: prompts are shuffled;
pairs of a third of them are probes, 100 pairs of the others are the seed, 20 of which are flipped; every pair is
believed at 0.8 *as written*, 0.2 *flipped*. The truth is the majority (pairs without one are left out); the simulated
annotator says the majority, or is one of the three raters, drawn for each pair. Shown: where the flipped pairs stand
at the start (AUC; a coin has 0.5) by value, by the effect of flipping, by first-order index and by self-confidence;
answers needed until the error is down to 0.3 of its start; accuracy on held-out pairs before and after 20 answers.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from activeseed.acquisition import choose, item_candidates, item_values
from activeseed.belief import Belief, BeliefSettings, fit_belief, vouching_evidence
from activeseed.plan import Floats, Ints, Law, generator, stream_key
from tests.benchmarks.answers import read_cells, vectors_of
from tests.benchmarks.preference_pairs import (
    DRAWS,
    ITEMS,
    KEPT,
    TURNED,
    Cell,
    build,
    read_votes,
    regress,
    self_confidence,
)

BATCH, MOST, LEVEL = 4, 80, 0.3
ORDERS = ("random", "cleanlab", "effect", "first-order", "default")
Record = dict[str, Any]


def auc(score: Floats, wrong: NDArray[np.bool_]) -> float:
    """Probability that a wrong item scores above a right one, ties halved."""
    d = score[wrong][:, None] - score[~wrong][None]
    return float((d > 0).mean() + 0.5 * (d == 0).mean())


@dataclass
class State:
    """Answers so far: item -> variant named."""

    cell: Cell
    answers: dict[int, int]
    evidence: Floats | None = None

    @property
    def standing(self) -> Ints:
        out = np.zeros(ITEMS, np.int64)
        for i, v in self.answers.items():
            out[i] = v
        return out

    @property
    def flat(self) -> Law:
        p = self.cell.prior.probabilities.copy()
        for i, v in self.answers.items():
            p[i] = np.eye(3)[v]
        return Law("author's belief and answers", p)

    def believe(self, settings: BeliefSettings) -> Belief:
        like = np.ones((ITEMS, 3))
        e = self.cell.error
        for i, v in self.answers.items():
            like[i] = [1.0 - e, e / 2, e] if v == KEPT else [e, e / 2, 1.0 - e]
        return fit_belief(
            settings,
            self.cell.prior,
            groups=[""] * ITEMS,
            features=self.cell.features,
            evidence=self.evidence,
            likelihood=like,
            key=stream_key(self.cell.key, "belief"),
        )

    def gram(self, law: Law) -> Floats:
        ranking, rows, outcomes = regress(self.cell, law, stream_key(self.cell.key, "rows", len(self.answers)))
        opposite = [TURNED] * ITEMS
        self.evidence = vouching_evidence(rows, outcomes, opposite=opposite, before=self.evidence)
        assert ranking.surrogate is not None
        return ranking.surrogate.gram


def flip_effects(state: State) -> Floats:
    """(F,) squared distance that flipping each pair moves the outcome, all else as it stands."""
    base = state.standing
    rows = np.tile(base, (ITEMS + 1, 1))
    rows[np.arange(ITEMS) + 1, np.arange(ITEMS)] = TURNED - base
    y = np.asarray(state.cell.train(rows).values, np.float64)
    return np.asarray(((y[1:] - y[0]) ** 2).mean(1))


def curve(
    cell: Cell, order: str, settings: BeliefSettings, most: int
) -> tuple[list[dict[str, float]], dict[str, float]]:
    """What is left after each batch, and, for the default, where flipped pairs stand at the start."""
    state, out = State(cell, {}), []
    standing: dict[str, float] = {}
    wrong = cell.truth == TURNED
    while True:
        q = len(state.answers)
        belief = None
        if order == "default":
            if q == 0:
                gram = state.gram(state.believe(settings).law)
            belief = state.believe(settings)
            draws, modal = belief.draw(DRAWS, stream_key(cell.key, "draws")), belief.modal
        else:
            u = generator(cell.key, "pandalm", "draws").random((DRAWS, ITEMS))
            keep = state.flat.probabilities[:, KEPT]
            draws, modal = np.where(u < keep, KEPT, TURNED), np.where(keep >= 0.5, KEPT, TURNED)
        trained = cell.train(np.vstack([draws, modal[None], state.standing[None]]))
        errors = cell.errors(trained)
        right = (trained.values > 0.5).mean(1)
        out.append(
            {
                "q": float(q), "ensemble": float(errors[:DRAWS].mean()), "believed": float(errors[DRAWS]),
                "answered": float(errors[DRAWS + 1]), "accuracy": float(right[DRAWS + 1]),
                "accuracy believed": float(right[DRAWS]), "found": float(wrong[list(state.answers)].sum()),
            }
        )  # fmt: skip
        done = out[-1]["ensemble"] <= LEVEL * cell.start[0] and max(errors[DRAWS:]) <= LEVEL * cell.start[1]
        todo = np.setdiff1d(np.arange(ITEMS), list(state.answers))
        if (q >= 20 and done) or q >= most or not len(todo):
            return out, standing
        if belief is not None:
            if q > 0:
                gram = state.gram(belief.law)
            if q == 0:
                standing = _standing(state, gram, belief, wrong)
            candidates = [c for c in item_candidates(cell.materials.seed, belief) if c.items[0] not in state.answers]
            picks = choose(gram, belief, candidates, BATCH, error=cell.error, deployed=state.standing)
            chosen = [p.candidate.items[0] for p in picks]
        else:
            score = _score(state, order)
            score[list(state.answers)] = -np.inf
            chosen = np.argsort(-score, kind="stable")[:BATCH].tolist()
        for i in chosen:
            state.answers[int(i)] = int(cell.heard[i])


def _standing(state: State, gram: Floats, belief: Belief, wrong: NDArray[np.bool_]) -> dict[str, float]:
    ranking, _, _ = regress(state.cell, state.flat, stream_key(state.cell.key, "rows", 0))
    return {
        "AUC by value": auc(item_values(gram, belief), wrong),
        "AUC by effect of flipping": auc(flip_effects(state), wrong),
        "AUC by first-order index": auc(np.asarray(ranking.columns["first_order"], np.float64), wrong),
        "AUC by low self-confidence": auc(-self_confidence(state.cell.features, (), state.cell.key), wrong),
        "AUC by low credibility": auc(-belief.credibility, wrong),
    }


def _score(state: State, order: str) -> Floats:
    if order == "random":
        return generator(state.cell.key, "pandalm", "random").random(ITEMS)
    if order == "cleanlab":
        turned = [i for i, v in state.answers.items() if v == TURNED]
        return -self_confidence(state.cell.features, turned, state.cell.key)
    if order == "effect":
        return flip_effects(state)
    ranking, _, _ = regress(state.cell, state.flat, stream_key(state.cell.key, "rows", len(state.answers)))
    return np.asarray(ranking.columns["first_order"], np.float64).copy()


def needed(record: Record, measure: str) -> float:
    """Answers until a measure is down to 0.3 of the flat author's start; not reached counts 84."""
    start = record["start"][0 if measure == "ensemble" else 1]
    return next((r["q"] for r in record["curve"] if r[measure] <= LEVEL * start), float(MOST + 4))


def report(records: Sequence[Record]) -> tuple[list[Record], list[Record]]:
    """(claims, one line an order): means over keys with the standard error over keys."""
    lines: list[Record] = []
    for order in ORDERS:
        mine = [r for r in records if r["order"] == order]
        if not mine:
            continue
        after = [next(s for s in reversed(r["curve"]) if s["q"] <= 20) for r in mine]
        line: Record = {"order": order, "cells": len(mine)}
        for m in ("ensemble", "believed", "answered"):
            line[f"{m}: answers needed"] = float(np.mean([needed(r, m) for r in mine]))
        line["accuracy before"] = float(np.mean([r["curve"][0]["accuracy"] for r in mine]))
        line["accuracy after 20"] = float(np.mean([a["accuracy"] for a in after]))
        line["accuracy after 20, believed"] = float(np.mean([a["accuracy believed"] for a in after]))
        line["accuracy of the true seed"] = float(np.mean([r["true_accuracy"] for r in mine]))
        line["flipped pairs found in 20"] = float(np.mean([a["found"] for a in after]))
        lines.append(line)
    rows: list[Record] = []
    starts = [r["standing"] for r in records if r["order"] == "default"]
    for name in starts[0] if starts else ():
        v = np.array([s[name] for s in starts])
        half = 1.96 * float(v.std(ddof=1)) / len(v) ** 0.5 if len(v) > 1 else float("nan")
        mean = float(v.mean())
        rows.append(
            {"claim": f"flipped pairs at the start: {name}", "value": round(mean, 4),
             "interval": [round(mean - half, 4), round(mean + half, 4)], "target": None, "met": None}
        )  # fmt: skip
    return rows, lines


def main(argv: Sequence[str] | None = None) -> int:
    """Run what is missing, then print the tables."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.pandalm", description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with pandalm/pairs.jsonl")
    parser.add_argument("--quick", action="store_true", help="one key, up to 24 answers, three orders")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--cells", type=Path, help="JSON lines of finished cells; created, and appended to")
    parser.add_argument("--embedder", choices=("minilm", "tfidf"), default="minilm")
    parser.add_argument("--annotator", choices=("majority", "rater"), default="majority")
    parser.add_argument("--keys", default="0,1,2,3,4")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="start no cell after this long")
    args = parser.parse_args(argv)
    import torch

    torch.set_num_threads(1)
    votes = read_votes(args.data)
    texts = list(dict.fromkeys(t for v in votes for t in (v.chosen, v.rejected)))
    vectors = vectors_of(args.embedder, texts, args.cells)
    keys = [int(k) for k in args.keys.split(",")][: 1 if args.quick else None]
    orders = ("random", "cleanlab", "default") if args.quick else ORDERS
    settings, began = BeliefSettings(), time.perf_counter()
    name = {"embedder": args.embedder, "annotator": args.annotator, "most": 24 if args.quick else MOST}
    name["settings"] = settings.model_dump_json()
    records = [r for r in read_cells(args.cells) if all(r.get(k) == v for k, v in name.items())]
    have = {(r["order"], r["key"]) for r in records}
    for key in keys:
        cell: Cell | None = None
        for order in orders:
            if (order, key) in have or time.perf_counter() - began > 60.0 * args.minutes:
                continue
            cell = cell or build(votes, vectors, key, args.annotator)
            steps, standing = curve(cell, order, settings, int(name["most"]))
            accuracy = float((cell.train(cell.truth).values > 0.5).mean())
            record = {**name, "order": order, "key": key, "start": list(cell.start), "curve": steps,
                      "standing": standing, "true_accuracy": accuracy}  # fmt: skip
            records.append(record)
            print(f"{key} {order}", file=sys.stderr, flush=True)
            if args.cells is not None:
                with args.cells.open("a", encoding="utf-8") as handle:
                    handle.write(json.dumps(record) + "\n")
    rows, lines = report(records)
    for line in lines:
        print(", ".join(f"{k} {v:.3g}" if isinstance(v, float) else f"{k} {v}" for k, v in line.items()))
    for row in rows:
        print(f"{row['claim']}: {row['value']:.3f} [{row['interval'][0]:.3f}, {row['interval'][1]:.3f}]")
    if args.json is not None:
        result = {
            "benchmark": "pandalm", "versions": {"python": platform.python_version(), "numpy": np.__version__},
            "cores": os.cpu_count(), "pairs": len(votes), "rows": rows, "orders": lines,
        }  # fmt: skip
        args.json.write_text(json.dumps(result, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
