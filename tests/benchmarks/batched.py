"""Batched training: all rows of a plan in one computation, against one row at a time and against plain matrix products.

    python -m tests.benchmarks.batched [--data DIR] [--quick] [--json FILE]

Everything runs in one process on one thread, the three ways of each system interleaved, medians over repeats with their
range. *Plain products* are as many multiply-adds as the system states for its rows, as matrix products of the shapes
that a batch has. Memory is the growth of the resident set while the rows train, in a process of its own. ``--data DIR``
takes items, pool and probes from DIR/persona/statements.csv instead of random vectors. Targets stand for the linear
league; the others are reported.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from activeseed.plan import Materials, Rows
from activeseed.protocols import System
from activeseed.seed import Item, Probe, Seed, Vector
from activeseed.systems.league import OversightLeague
from activeseed.systems.reward_model import RewardModel
from tests import peak_memory
from tests.benchmarks._report import missed, report, table, write
from tests.toy_materials import pairs, vectors

ITEMS, POOL, PROBES, FEATURES, ROUNDS = 80, 300, 100, 384, 6


@dataclass(frozen=True)
class Case:
    """A system, how many rows, and the shapes (a, b, c) of the product a×b · b×c that a batch of them is made of."""

    name: str
    system: System
    materials: Materials
    rows: int
    shape: tuple[int, int, int]
    targets: bool = False


def cases(materials: Materials, quick: bool) -> list[Case]:
    """The linear league of the claim, and what is reported beside it."""
    n, d = ITEMS + POOL, len(_values(materials))
    small = 40 if quick else 200
    mlp = OversightLeague(rounds=ROUNDS, evaluator="mlp")
    preferences = pairs(items=ITEMS, probes=PROBES, d=FEATURES)
    dual = (400, n, n) if n < 2 * d else (400, d, n)
    return [
        Case("linear league", OversightLeague(rounds=ROUNDS), materials, 400, dual, targets=True),
        Case("linear league, primal", OversightLeague(rounds=ROUNDS, init_scale=0.1), materials, 400, (400, d, n)),
        Case("league, MLP", mlp, materials, small, (small * mlp.hidden, d, n)),
        Case("full league", OversightLeague.full(rounds=ROUNDS), materials, small, (small * mlp.hidden, d, n)),
        Case("reward model", RewardModel(), preferences, 400, (400, 2 * ITEMS, 2 * ITEMS)),
        Case("reward model, MLP", RewardModel(reward="mlp"), preferences, small, (small * 16, FEATURES, 2 * ITEMS)),
    ]


def timed(work: Callable[[], object]) -> float:
    """Seconds that some work takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def measure(case: Case, repeats: int, alone: int) -> dict[str, Any]:
    """Seconds of the three ways, interleaved. ``alone``: how many rows are trained one at a time, scaled to all."""
    import torch

    rng = np.random.default_rng(0)
    present = rng.random((case.rows, len(case.materials.seed))) >= 0.25
    rows = Rows((~present).astype(np.int16), np.arange(case.rows))
    a, b, c = case.shape
    left, right = torch.randn(a, b), torch.randn(b, c)
    adds = case.system.cost(case.materials).multiply_adds * case.rows
    products = max(1, round(adds / (a * b * c)))
    alone = min(alone, case.rows)

    def one_at_a_time() -> None:
        for r in range(alone):
            case.system.train(rows.take([r]), case.materials)

    def plainly() -> None:
        for _ in range(products):
            left @ right

    case.system.train(rows.take([0]), case.materials)  # what is shared is laid out before the clock starts
    batched, single, plain = [], [], []
    for _ in range(repeats):
        batched.append(timed(lambda: case.system.train(rows, case.materials)))
        plain.append(timed(plainly) * adds / (products * a * b * c))
        single.append(timed(one_at_a_time) * case.rows / alone)
    gap = float(
        np.abs(
            case.system.train(rows, case.materials).values[:5]
            - np.concatenate([case.system.train(rows.take([r]), case.materials).values for r in range(5)])
        ).max()
    )
    return {
        "name": case.name,
        "rows": case.rows,
        "multiply_adds_per_row": adds // case.rows,
        "seconds_batched": batched,
        "seconds_one_at_a_time": single,
        "seconds_plain_products": plain,
        "largest_difference": gap,
    }


def ratio(above: list[float], below: list[float]) -> tuple[float, list[float]]:
    """Median and range of the ratio, repeat by repeat."""
    r = np.array(above) / np.array(below)
    return float(np.median(r)), [float(r.min()), float(r.max())]


def claims(case: Case, found: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows of the table."""
    faster, faster_range = ratio(found["seconds_one_at_a_time"], found["seconds_batched"])
    slower, slower_range = ratio(found["seconds_batched"], found["seconds_plain_products"])
    gap = found["largest_difference"]
    name = f"{case.name}, {case.rows} rows"
    aimed = case.targets
    return [
        _claim(f"{name}: one at a time / batched", faster, faster_range, ">= 10", aimed, faster >= 10),
        _claim(f"{name}: batched / plain products", slower, slower_range, "<= 2", aimed, slower <= 2),
        _claim(f"{name}: largest difference from one at a time", gap, None, "<= 1e-05", aimed, gap <= 1e-5),
    ]


def memory(quick: bool) -> list[dict[str, Any]]:
    """Measured peak over stated bytes, on random vectors of the claim's sizes."""
    if not peak_memory.available():
        return [_claim("peak memory / stated bound (not measurable on this kernel)", None, None, "<= 1", False, None)]
    small = 40 if quick else 200
    leagues = {
        "linear league": (OversightLeague(rounds=ROUNDS), 400 if quick else 2000, True),
        "league, MLP": (OversightLeague(rounds=ROUNDS, evaluator="mlp"), small, False),
        "full league": (OversightLeague.full(rounds=ROUNDS), small, False),
    }
    jobs = [(league.model_dump(mode="json"), rows) for league, rows, _ in leagues.values()]
    out = []
    for (name, (_, rows, aimed)), (peak, stated) in zip(leagues.items(), peak_memory.measured(jobs), strict=True):
        what = f"{name}, {rows} rows: peak memory / stated bound ({stated / 2**20:.0f} MiB)"
        out.append(_claim(what, peak / stated, None, "<= 1", aimed, peak <= stated))
    return out


def _claim(
    what: str, value: float | None, interval: list[float] | None, target: str, aimed: bool, met: bool | None
) -> dict[str, Any]:
    return {
        "claim": what,
        "value": value,
        "interval": interval,
        "target": target if aimed else None,
        "met": met if aimed else None,
    }


def _values(materials: Materials) -> tuple[float, ...]:
    payload = materials.seed.items[0].payload
    assert isinstance(payload, Vector)
    return payload.values


def persona(data: Path) -> Materials:
    """Statements of the first behaviour against those of the others, as vectors of the TF-IDF embedder."""
    from activeseed.embedders.tfidf import Tfidf

    with (data / "persona" / "statements.csv").open(newline="") as f:
        lines = list(csv.DictReader(f))
    first = lines[0]["behaviour"]
    ours = list(dict.fromkeys(r["statement"] for r in lines if r["behaviour"] == first))
    others = list(dict.fromkeys(r["statement"] for r in lines if r["behaviour"] != first))
    texts = [*ours[: ITEMS + PROBES // 2], *others[: POOL + PROBES // 2]]
    features = Tfidf(dimensions=FEATURES).fit(texts).embed(texts)
    made = [Vector(values=tuple(float(v) for v in x)) for x in features]
    k = ITEMS + PROBES // 2
    probes = [*made[ITEMS:k], *made[k + POOL :]]
    return Materials(
        seed=Seed(items=tuple(Item(id=f"i{n}", payload=v) for n, v in enumerate(made[:ITEMS]))),
        pool=tuple(Probe(id=f"u{n}", payload=v) for n, v in enumerate(made[k : k + POOL])),
        probes=tuple(Probe(id=f"p{n}", payload=v) for n, v in enumerate(probes)),
    )


def main(argv: list[str] | None = None) -> int:
    """Print the table; exit 1 when a target is missed."""
    import torch

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, help="folder with persona/statements.csv; random vectors without it")
    parser.add_argument("--quick", action="store_true", help="fewer repeats, and fewer rows one at a time")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    args = parser.parse_args(argv)
    torch.set_num_threads(1)
    start = time.perf_counter()
    materials = persona(args.data) if args.data else vectors(ITEMS, POOL, PROBES, FEATURES)
    repeats, alone = (3, 40) if args.quick else (7, 400)
    found, rows = [], []
    for case in cases(materials, args.quick):
        few = not case.targets  # what is only reported is measured less often
        found.append(measure(case, 3 if few else repeats, alone // 4 if few else alone))
        rows += claims(case, found[-1])
        print(f"{case.name}: done", file=sys.stderr)
    rows += memory(args.quick)
    print(table(rows))
    result = report("batched", rows, time.perf_counter() - start, ("numpy", "torch"), quick=args.quick, measured=found)
    write(result, args.json)
    return 1 if missed(rows) else 0


if __name__ == "__main__":
    raise SystemExit(main())
