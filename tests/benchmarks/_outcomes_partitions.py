"""Partition ensembles: whether a certificate is ever broken, what it covers, and what the ensemble costs in accuracy.

A part of `outcomes` beside this file. *Small problems* (`tests.toy_materials`): twelve items in seven parts, leagues of
three kinds; every set of up to three removals is trained, and decisions and intervals are compared with what was
certified of the seed as it stands. *Digits* (scikit-learn's, 64 pixels; is it 5 or more): 1,400 items, 397 probes,
logistic regression and a perceptron, alone and in 31 and 71 parts. The accuracy of the single training stands beside
that of the ensemble, since it is what the certificate is paid with.
"""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier

from activeseed.analyses.removal.partition import (
    PartitionCertificate,
    PartitionVotes,
    changes_borne,
    median_between,
    said_by,
)
from activeseed.plan import Materials, Rows
from activeseed.seed import Item, Probe, Seed, Vector
from activeseed.systems.league import OversightLeague
from activeseed.systems.own import FromEstimator
from activeseed.systems.partition import Partition
from activeseed.testing import problem_of, run
from tests.benchmarks._report import row, share
from tests.toy_materials import vectors

PROBLEMS, QUICK = 60, 6
ITEMS = 1400
LEAGUES = (
    OversightLeague(rounds=2, steps=10),
    OversightLeague(rounds=1, steps=15, evaluator="mlp", hidden=4),
    OversightLeague(rounds=3, steps=8, opponents="prioritised", drawn=2),
)


def partition_rows(data: Path | None, quick: bool) -> list[dict[str, Any]]:
    """Nothing of ``data`` is read."""
    return [*violations(QUICK if quick else PROBLEMS), *digits((31,) if quick else (31, 71))]


def violations(problems: int) -> list[dict[str, Any]]:
    """Decisions and intervals of all removals of up to three items, against what was certified."""
    sets = [s for k in range(1, 4) for s in combinations(range(12), k)]
    variants = np.zeros((1 + len(sets), 12), np.int16)
    for r, gone in enumerate(sets, start=1):
        variants[r, list(gone)] = 1
    size = np.array([0, *(len(s) for s in sets)])
    rows = Rows(variants, np.zeros(len(variants), np.int64))
    held = broken = 0
    for n in range(problems):
        materials = vectors(items=12, probes=30, root=n)
        system = Partition(parts=7, of=LEAGUES[n % len(LEAGUES)])
        values = system.train(rows, materials).values
        members = said_by(system.states(rows.take([0]), materials, "members")[0])
        decision, borne = changes_borne(members)
        for k in (1, 2, 3):
            moved = values[size == k]
            low, high = median_between(members, k)
            sure = borne >= k
            wrong = (np.sign(moved - 0.5) != decision) & sure
            outside = (moved < low) | (moved > high)
            broken += int(wrong.sum() + outside.sum())
            held += int(sure.sum() * len(moved) + np.isfinite(low).sum() * len(moved))
    claim = f"certificates of a partition that a removal of up to 3 of 12 items breaks, all {len(sets)} sets"
    return [share(f"{claim}, {problems} problems", broken, held, most=0.0)]


def digits(parts: tuple[int, ...]) -> list[dict[str, Any]]:
    """Accuracy of a single training and of ensembles, and the share that is certified."""
    materials, truth = _digits()
    out: list[dict[str, Any]] = []
    models = {
        "logistic": LogisticRegression(max_iter=500),
        "perceptron": MLPClassifier((32,), max_iter=300, alpha=1e-2, random_state=0),
    }
    for name, model in models.items():
        of = FromEstimator(model, deterministic=True)
        for p in parts:
            system = Partition(parts=p, of=of)
            votes = run(PartitionCertificate(), problem_of(system, materials), system, materials)
            if p == parts[0]:
                single = np.array([x.single > 0.5 for x in votes.places])
                out.append(
                    share(f"digits, {name}: a single training is right", int((single == truth).sum()), len(truth))
                )
            out += _certified(votes, truth, f"digits, {name}, {p} parts")
    return out


def _certified(votes: PartitionVotes, truth: np.ndarray, of: str) -> list[dict[str, Any]]:
    right = np.array([x.outcome > 0.5 for x in votes.places]) == truth
    borne = np.array([-1 if x.changes is None else x.changes for x in votes.places])
    out = [share(f"{of}: the ensemble is right", int(right.sum()), len(truth))]
    for k in (1, 3, 5, 10):
        out.append(row(f"{of}: decisions that bear any {k} removals or additions", float((borne >= k).mean())))
        out.append(row(f"{of}: … and are right", float(((borne >= k) & right).mean())))
    return out


def _digits() -> tuple[Materials, np.ndarray]:
    found = load_digits()
    order = np.random.default_rng(0).permutation(len(found.data))
    x, y = found.data[order] / 16.0, found.target[order] >= 5
    items = tuple(
        Item(id=f"d{n}", payload=Vector(values=tuple(v)), metadata={"label": "high" if t else "below"})
        for n, (v, t) in enumerate(zip(x[:ITEMS].tolist(), y[:ITEMS].tolist(), strict=True))
    )
    probes = tuple(Probe(id=f"p{n}", payload=Vector(values=tuple(v))) for n, v in enumerate(x[ITEMS:].tolist()))
    return Materials(Seed(items=items), probes), np.asarray(y[ITEMS:])
