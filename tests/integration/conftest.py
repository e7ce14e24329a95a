"""A study that trains in a second and still has everything: text, a pool, groups, wordings, randomness."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from activeseed.annotators.simulated import Simulated
from activeseed.embedders import Tfidf
from activeseed.estimators import Auto
from activeseed.seed import Item, Probe, Seed, Text, Variant
from activeseed.study import Study
from activeseed.systems.league import OversightLeague

GOOD = ["tell the truth", "admit the mistake", "say what is unsure", "ask before acting", "name the source"]
BAD = ["flatter the user", "hide the error", "invent a figure", "guess and sound sure", "share the secret"]
ITEMS = 14
WRONG = 4


def texts(words: list[str], n: int, tail: str) -> list[str]:
    return [f"{words[i % len(words)]} {tail} {i}" for i in range(n)]


def small_seed() -> Seed:
    items = []
    for n, text in enumerate([*texts(GOOD, ITEMS - WRONG, "in reply"), *texts(BAD, WRONG, "in reply")]):
        other = (Variant(id="wording-1", payload=Text(text=f"please {text}")),) if n == 0 else ()
        items.append(Item(id=f"i{n:02d}", payload=Text(text=text), group="ab"[n % 2], alternatives=other))
    return Seed(items=tuple(items))


TRUTH = {f"i{n:02d}": "as_written" if n < ITEMS - WRONG else "absent" for n in range(ITEMS)}

Make = Callable[..., Study]


@pytest.fixture
def make_study(tmp_path: Path) -> Make:
    """Makes studies, each in a folder of its own; keywords override settings."""
    count = 0

    def make(seed: Seed | None = None, **overrides: Any) -> Study:
        nonlocal count
        count += 1
        pool = tuple(Probe(id=f"p{n}", payload=Text(text=t)) for n, t in enumerate(texts(BAD, 20, "for the pool")))
        probes = tuple(
            Probe(id=f"z{n}", payload=Text(text=t), label=float(n < 10))
            for n, t in enumerate([*texts(GOOD, 10, "when asked"), *texts(BAD, 10, "when asked")])
        )
        settings: dict[str, Any] = {
            "embedder": Tfidf(),
            "estimator": Auto(rows=64, pairs=24, bases=0, bootstrap_rows=24, group_rows=24, keys=3),
            "replicates": 3,
            "annotator": Simulated(truth=TRUTH),
            "ask": {"batch": 4, "consequences": 2},
        } | overrides
        system = settings.pop("system", OversightLeague(rounds=2, steps=8, opponents="prioritised", drawn=2))
        folder = tmp_path / f"study-{count}"
        return Study.create(folder, seed or small_seed(), system, probes=probes, pool=pool, **settings)

    return make
