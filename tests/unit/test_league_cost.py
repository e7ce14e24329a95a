"""Stated costs against what was measured: multiply-adds against torch's own counter, bytes against the kernel's."""

from typing import Any

import numpy as np
import pytest

from activeseed.plan import Rows
from activeseed.protocols import System
from activeseed.systems.league import OversightLeague
from activeseed.systems.reward_model import RewardModel
from tests import peak_memory
from tests.toy_materials import pairs, vectors

SMALL: dict[str, Any] = {"rounds": 3, "steps": 10}
SETTINGS: dict[str, dict[str, Any]] = {
    "dual": SMALL,
    "primal": {**SMALL, "init_scale": 0.1},
    "exploiters": {**SMALL, "opponents": "prioritised", "exploiters": True},
    "generators and dreams": {**SMALL, "generators": 4, "dreams": 4},
    "mlp": {**SMALL, "evaluator": "mlp"},
    "mlp, adversary": {**SMALL, "evaluator": "mlp", "adversarial_radius": 0.1},
    "agents look ahead": {**SMALL, "unroll": 2, "unrolled": "evaluator"},
    "agents look far ahead": {**SMALL, "unroll": 8, "unrolled": "evaluator"},
    "mlp, agents look ahead": {**SMALL, "evaluator": "mlp", "unroll": 2, "unrolled": "evaluator"},
    "momentum": {**SMALL, "momentum": 0.5},
    "masks": {**SMALL, "dropout": 0.3, "dropconnect": 0.2, "momentum": 0.5, "masked": "both"},
    "mlp, masks": {**SMALL, "evaluator": "mlp", "dropout": 0.3, "dropconnect": 0.2, "masked": "both"},
    "pretrained": {**SMALL, "pretrained": 10},
    "mlp, pretrained": {**SMALL, "evaluator": "mlp", "pretrained": 10, "momentum": 0.5},
    "full": OversightLeague.full(**SMALL).model_dump(mode="json"),
}
QUICK = ["dual", "generators and dreams", "mlp"]
REST = [name for name in SETTINGS if name not in QUICK]
SYSTEMS: dict[str, System] = {
    **{name: OversightLeague.model_validate(s) for name, s in SETTINGS.items()},
    "reward model, dual": RewardModel(steps=20),
    "reward model, primal": RewardModel(steps=20, init_scale=0.1),
    "reward model, mlp": RewardModel(steps=20, reward="mlp"),
    "reward model, masks": RewardModel(steps=20, dropconnect=0.3, momentum=0.5, pretrained=5),
    "reward model, mlp, masks": RewardModel(steps=20, reward="mlp", dropout=0.3, pretrained=5),
}


@pytest.mark.parametrize("name", SYSTEMS)
def test_multiply_adds_are_those_that_torch_counts(name: str) -> None:
    from torch.utils.flop_counter import FlopCounterMode

    system, n = SYSTEMS[name], 5
    materials = pairs() if name.startswith("reward") else vectors(items=80, pool=300, probes=100, d=384)
    rows = Rows(np.zeros((n, len(materials.seed)), np.int16), np.arange(n))
    system.train(rows.take([0]), materials)  # products that all rows share are not a row's
    with FlopCounterMode(display=False) as counter:
        system.train(rows, materials)
    counted = counter.get_total_flops() / 2 / n
    # the count leaves out a few terms of order h and m beside d
    assert system.cost(materials).multiply_adds == pytest.approx(counted, rel=0.02)


@pytest.mark.skipif(not peak_memory.available(), reason="this kernel does not let a process reset its high-water mark")
@pytest.mark.parametrize("names", [QUICK, pytest.param(REST, marks=pytest.mark.slow)], ids=["some", "rest"])
def test_peak_memory_stays_under_the_stated_bytes(names: list[str]) -> None:
    rows = [800 if "mlp" not in name and name != "full" else 100 for name in names]
    jobs = [({**SETTINGS[name], "steps": 2}, n) for name, n in zip(names, rows, strict=True)]
    peaks = peak_memory.measured(jobs)
    for name, (measured, stated) in zip(names, peaks, strict=True):
        # a megabyte of slack for what does not grow with the rows; and a bound no more than three times too wide
        assert measured <= stated + 2**20, f"{name}: {measured} bytes measured, {stated} stated"
        assert measured > stated / 3, f"{name}: {measured} bytes measured, {stated} stated"
