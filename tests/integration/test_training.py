"""Requests to outcomes: what is cached, what is batched, what failing rows do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from activeseed.config import LimitsTable
from activeseed.errors import TooManyFailuresError
from activeseed.estimators import Auto
from activeseed.executors import InProcess
from activeseed.plan import Change, Explicit, Materials, OneAtATime, Rows
from activeseed.protocols import Request
from activeseed.seed import Item, Probe, Seed, Text
from activeseed.store import FolderStore
from activeseed.study import Study
from activeseed.study.training import FEW_ROWS, Trainer
from activeseed.systems.own import FromFunction
from tests.integration.conftest import Make

FAIL: dict[str, bool | str] = {"now": False}
CALLS: list[int] = []


def counting(items: list[Any], key: int) -> np.ndarray[Any, Any]:
    """Says how many items there were; fails on demand (always, or one key in six) without the second one."""
    CALLS.append(key)
    if FAIL["now"] and all(i.id != "b" for i in items) and (FAIL["now"] is True or key % 6 == 0):
        raise ValueError("no second item")
    return np.array([len(items) / 10, float(sum(i.weight for i in items)) / 10])


def small() -> tuple[Seed, tuple[Probe, ...]]:
    seed = Seed(items=tuple(Item(id=n, payload=Text(text=f"text {n}")) for n in "abcdef"))
    return seed, tuple(Probe(id=f"p{n}", payload=Text(text=f"probe {n}")) for n in range(2))


@pytest.fixture
def trainer(tmp_path: Path) -> Trainer:
    FAIL["now"] = False
    CALLS.clear()
    seed, probes = small()
    materials = Materials(seed, probes)
    system = FromFunction(counting, version="1")
    return Trainer(FolderStore(tmp_path), system, materials, InProcess(), LimitsTable(failed_share=0.5))


def rows(n: int, first: int = 0) -> Explicit:
    return Explicit(Rows(np.zeros((n, 6), np.int16), np.arange(first, first + n, dtype=np.int64)))


def test_a_row_is_trained_once_whatever_asks_for_it(trainer: Trainer) -> None:
    first = trainer.fulfil(Request(rows(10), "first"))
    assert trainer.trainings == len(CALLS) == 10
    overlap = trainer.fulfil(Request(rows(10, first=5), "overlapping"))
    assert trainer.trainings == 15
    np.testing.assert_array_equal(overlap.values[:5], first.values[5:])


def test_another_trainer_over_the_same_store_trains_nothing_again(trainer: Trainer, tmp_path: Path) -> None:
    before = trainer.fulfil(Request(rows(7), "one"))
    again = Trainer(FolderStore(tmp_path), trainer._system, trainer._materials, InProcess(), LimitsTable())
    CALLS.clear()
    np.testing.assert_array_equal(again.fulfil(Request(rows(7), "two")).values, before.values)
    assert CALLS == []


def test_rows_that_come_twice_in_a_request_are_trained_once(trainer: Trainer) -> None:
    design = Explicit(Rows(np.zeros((9, 6), np.int16), np.zeros(9, np.int64)))
    outcomes = trainer.fulfil(Request(design, "copies"))
    assert trainer.trainings == 1
    assert len(outcomes) == 9


def test_a_re_run_is_trained_and_remembered_as_one(trainer: Trainer) -> None:
    design = Explicit(Rows(np.zeros((3, 6), np.int16), np.zeros(3, np.int64)))
    trainer.fulfil(Request(design, "re-runs", fresh=True))
    assert trainer.trainings == 3
    trainer.fulfil(Request(design, "re-runs", fresh=True))
    assert trainer.trainings == 3


def test_another_system_or_seed_text_is_another_row(trainer: Trainer, tmp_path: Path) -> None:
    trainer.fulfil(Request(rows(3), "one"))
    seed, probes = small()
    other = Seed(items=(*seed.items[:5], Item(id="f", payload=Text(text="another text"))))
    for system, materials in (
        (FromFunction(counting, version="2"), Materials(seed, probes)),
        (FromFunction(counting, version="1"), Materials(other, probes)),
        (FromFunction(counting, version="1"), Materials(seed, probes, root=1)),
    ):
        fresh = Trainer(FolderStore(tmp_path), system, materials, InProcess(), LimitsTable())
        CALLS.clear()
        fresh.fulfil(Request(rows(3), "other"))
        assert len(CALLS) == 3


def test_batches_are_decided_by_plan_and_settings_and_journalled_first(trainer: Trainer, tmp_path: Path) -> None:
    trainer.fulfil(Request(rows(2 * FEW_ROWS + 1), "three batches"))
    events = FolderStore(tmp_path).read()
    assert [e.kind for e in events] == ["planned", "trained", "trained", "trained"]
    assert events[0].body["batches"] == [
        [[0, FEW_ROWS]],
        [[FEW_ROWS, 2 * FEW_ROWS]],
        [[2 * FEW_ROWS, 2 * FEW_ROWS + 1]],
    ]


def test_a_lost_artifact_is_trained_again(trainer: Trainer, tmp_path: Path) -> None:
    before = trainer.fulfil(Request(rows(3), "one"))
    for path in tmp_path.rglob("*.npz"):
        path.unlink()
    again = Trainer(FolderStore(tmp_path), trainer._system, trainer._materials, InProcess(), LimitsTable())
    np.testing.assert_array_equal(again.fulfil(Request(rows(3), "one")).values, before.values)


def test_what_another_request_trained_and_was_lost_is_trained_again_by_whoever_asks(
    trainer: Trainer, tmp_path: Path
) -> None:
    trainer.fulfil(Request(rows(10), "first"))
    before = trainer.fulfil(Request(rows(20), "of which half is known"))
    assert len(CALLS) == 20
    for path in tmp_path.rglob("*.npz"):
        path.unlink()
    for _ in range(2):  # the rest of it is planned once
        again = Trainer(FolderStore(tmp_path), trainer._system, trainer._materials, InProcess(), trainer.limits)
        np.testing.assert_array_equal(again.fulfil(Request(rows(20), "of which half is known")).values, before.values)
        assert len(CALLS) == 40


def test_a_failed_row_is_a_fact_with_its_reason_and_can_be_tried_again(trainer: Trainer) -> None:
    FAIL["now"] = True
    design = OneAtATime((0,) * 6, (Change("b", (1,), (1,)), Change("c", (2,), (1,))), keys=(0, 1))
    outcomes = trainer.fulfil(Request(design, "effects"))
    assert outcomes.ok.tolist() == [True, False, True] * 2
    assert "ValueError: no second item" in outcomes.failures[1]
    assert np.isnan(outcomes.values[1]).all()
    FAIL["now"] = False
    assert not trainer.fulfil(Request(design, "effects")).ok.all(), "a failure stays a fact"
    before = trainer.trainings
    trainer.retry()
    assert trainer.fulfil(Request(design, "effects")).ok.all()
    assert trainer.trainings - before <= len(outcomes)
    assert trainer.fulfil(Request(design, "effects")).ok.all()


def test_too_many_failures_stop_the_analysis_and_keep_what_succeeded(trainer: Trainer, tmp_path: Path) -> None:
    FAIL["now"] = True
    rows_ = Rows(np.tile(np.array([0, 1, 0, 0, 0, 0], np.int16), (6, 1)), np.arange(6))
    with pytest.raises(TooManyFailuresError, match=r"6 of 6 trainings failed \(all\).*no second item"):
        trainer.fulfil(Request(Explicit(rows_), "all"))
    trained: list[Any] = [e.body for e in FolderStore(tmp_path).read() if e.kind == "trained"]
    assert sum(body["failed"] for body in trained) == 6


def test_a_ranking_says_how_many_trainings_failed(make_study: Make) -> None:
    FAIL["now"] = "rarely"
    seed, _ = small()
    study: Study = make_study(
        seed=seed,
        system=FromFunction(counting, outcomes=2, version="9"),
        executor=InProcess(),
        estimator=Auto(rows=48, pairs=12, bases=0, bootstrap_rows=24, group_rows=0, keys=2, ladder=False),
        limits={"failed_share": 0.9},
    )
    ranking = study.rank()
    FAIL["now"] = False
    assert ranking.summary["failed"] > 0
    assert any("failed" in note for note in ranking.notes)
