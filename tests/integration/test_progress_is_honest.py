"""The loop says so when answers have nothing to do with the items, and leaves honest annotators alone.

How often it does is measured over hundreds of studies in ``tests/benchmarks/trust.py``; here whole loops run once each,
with the product's own questions, repeats and stopping.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from activeseed.annotators.simulated import Simulated, SimulatedPerson
from activeseed.estimators import Auto
from activeseed.seed import ABSENT, AS_WRITTEN, Item, Probe, Seed, Vector
from activeseed.study import LoopResult, Study
from activeseed.systems.league import OversightLeague

ITEMS = 72


def study_of(folder: Path, annotator: Simulated, **ask: Any) -> Study:
    """Vectors in two clouds, a quarter of the items wrong, a trainer that costs next to nothing."""
    rng = np.random.default_rng(3)
    good, bad = rng.normal(0.6, 1.0, (200, 6)), rng.normal(-0.6, 1.0, (200, 6))
    right = ITEMS * 3 // 4
    points = [*good[:right], *bad[: ITEMS - right]]
    items = tuple(Item(id=f"i{n:02d}", payload=Vector(values=tuple(map(float, x)))) for n, x in enumerate(points))
    pool = tuple(Probe(id=f"p{n}", payload=Vector(values=tuple(map(float, x)))) for n, x in enumerate(bad[50:90]))
    probes = tuple(Probe(id=f"z{n}", payload=Vector(values=tuple(map(float, x)))) for n, x in enumerate(good[100:120]))
    return Study.create(
        folder,
        Seed(items=items),
        OversightLeague(rounds=2, steps=4),
        pool=pool,
        probes=probes,
        annotator=annotator,
        estimator=Auto(rows=300, pairs=24, bases=0, bootstrap_rows=24, group_rows=0, keys=2),
        ask={"batch": 12, "consequences": 0, **ask},
        stopping={"flips": 0.02, "answers": 90},
        belief={"base_rate": 0.75},
    )


TRUTH = {f"i{n:02d}": AS_WRITTEN if n < ITEMS * 3 // 4 else ABSENT for n in range(ITEMS)}


def run(folder: Path, **options: Any) -> LoopResult:
    return study_of(folder, Simulated(truth=TRUTH, **options)).loop()


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"behaviour": "random"}, id="a fair coin"),
        pytest.param(
            {"behaviour": "base_rate", "base_rate": 0.75}, id="a coin at the base rate", marks=pytest.mark.slow
        ),
    ],
)
def test_a_coin_is_found_out_and_its_study_is_not_stable(tmp_path: Path, options: dict[str, Any]) -> None:
    """By repeats alone, within 90 answers; where it is not found out, nothing vouches for it all the same."""
    results = [run(tmp_path / f"study-{key}", key=key, **options) for key in range(4)]
    # found out in some 85 % of such studies: fewer than two of four with probability .012
    assert sum(any("at random" in reason for reason in r.distrusted) for r in results) >= 2
    assert not any(r.stable for r in results)


def test_a_truthful_annotator_is_not_blamed(tmp_path: Path) -> None:
    result = run(tmp_path / "study")
    assert result.distrusted == ()
    assert result.rounds[-1]["reliability"]["simulated"]["estimate"] > 0.9


def test_an_annotator_who_errs_is_measured_and_not_called_random(tmp_path: Path) -> None:
    result = run(tmp_path / "study", behaviour="erring", error=0.1, key=2)
    assert result.distrusted == ()
    found = result.rounds[-1]["reliability"]["simulated"]
    assert found["low"] <= 0.9 <= found["high"]


def test_of_two_annotators_the_coin_is_named(tmp_path: Path) -> None:
    people = (SimulatedPerson(name="ann"), SimulatedPerson(name="coin", behaviour="random"))
    study = study_of(tmp_path / "study", Simulated(truth=TRUTH, people=people, key=5), annotators=2)
    result = study.loop()
    assert any(reason.startswith("coin") for reason in result.distrusted)
    assert not any(reason.startswith("ann ") for reason in result.distrusted)
    assert not result.stable
    assert result.rounds[-1]["agreement"] < 0.5
