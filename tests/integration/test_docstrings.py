"""The examples in docstrings are run: each of the names that a reader of the README meets first has one."""

from __future__ import annotations

import doctest
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import activeseed as act
from activeseed.bounding.from_torch import of_torch
from tests.small_project import write_inputs

#: what the README uses most
NAMES: dict[str, Any] = {
    "Study.create": act.Study.create, "Study.open": act.Study.open, "Study.rank": act.Study.rank,
    "Study.ask": act.Study.ask, "Study.tell": act.Study.tell, "read_seed": act.read_seed,
    "read_probes": act.read_probes, "OversightLeague": act.OversightLeague, "RewardModel": act.RewardModel,
    "FromFunction": act.FromFunction, "FromEstimator": act.FromEstimator, "Ranking": act.Ranking,
    "Redundancy": act.Redundancy, "Basins": act.Basins, "Certificates": act.Certificates, "Partition": act.Partition,
    "PartitionCertificate": act.PartitionCertificate, "RemovalBounds": act.RemovalBounds, "of_torch": of_torch,
    "VarianceBudget": act.VarianceBudget, "Design": act.Design, "CompareDesigns": act.CompareDesigns,
}  # fmt: skip


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files that examples read, and a study in ``work``."""
    monkeypatch.chdir(write_inputs(tmp_path))
    act.Study.create(
        "work", act.read_seed("positives.jsonl"), act.OversightLeague(rounds=1, steps=3),
        probes=act.read_probes("probes.jsonl"), pool=act.read_probes("pool.jsonl"),
        estimator=act.LeaveOneOut(keys=2), ask={"consequences": 0},
    )  # fmt: skip


def examples(name: str, of: Callable[..., Any]) -> list[doctest.DocTest]:
    found = doctest.DocTestFinder(recurse=False).find(of, name, globs={"act": act, "np": np})
    return [test for test in found if test.examples]


@pytest.mark.parametrize("name", NAMES)
def test_the_example_says_what_happens(name: str, files: None) -> None:
    tests = examples(name, NAMES[name])
    assert tests, f"{name} has no example"
    runner = doctest.DocTestRunner(verbose=False)
    said: list[str] = []
    for test in tests:
        runner.run(test, out=said.append)
    assert runner.summarize(verbose=False).failed == 0, "".join(said)
