"""A trainer that hides its randomness is found out before it is believed, and one that fails at once."""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from activeseed.errors import TrainingError
from activeseed.estimators import Auto, LeaveOneOut
from activeseed.executors import InProcess, Processes
from activeseed.seed import Item, Probe, Seed, Text
from activeseed.study import Study
from activeseed.study.trial import TRAININGS
from activeseed.systems.own import Command, FromEstimator, FromFunction

SEED = Seed(items=tuple(Item(id=n, payload=Text(text=f"a text called {n}")) for n in "abcdef"))
PROBES = tuple(Probe(id=f"p{n}", payload=Text(text=f"a probe called {n}")) for n in range(2))


def outcome(items: list[Any], noise: float) -> Any:
    return np.array([len(items) / 10 + noise, sum(len(i.text) for i in items) / 1000])


def from_numpy(items: list[Any], key: int) -> Any:
    return outcome(items, 0.1 * np.random.rand())  # what users do, and what is to be found


def from_random(items: list[Any], key: int) -> Any:
    return outcome(items, 0.1 * random.random())


def from_torch(items: list[Any], key: int) -> Any:
    import torch

    return outcome(items, 0.1 * float(torch.rand(())))


def from_hashes(items: list[Any], key: int) -> Any:
    """What the order of a set of texts comes from: hashes that are drawn anew in each process."""
    return outcome(items, 0.1 * (hash(items[0].text) % 1_000_003) / 1_000_003)


def from_key(items: list[Any], key: int) -> Any:
    return outcome(items, 0.1 * np.random.default_rng(key).random())


def from_nothing(items: list[Any], key: int) -> Any:
    return outcome(items, 0.0)


def from_key_and_numpy(items: list[Any], key: int) -> Any:
    return outcome(items, np.random.default_rng(key).random() + 0.1 * np.random.rand())


def study_of(folder: Path, function: Any, executor: Any, deterministic: bool) -> Study:
    system = FromFunction(function, outcomes=2, deterministic=deterministic, version=function.__name__)
    return Study.create(
        folder / "study", SEED, system, probes=PROBES, executor=executor, replicates=3,
        estimator=Auto(rows=32, pairs=8, bases=0, bootstrap_rows=0, keys=2, ladder=False),
    )  # fmt: skip


@pytest.fixture(autouse=True)
def _hashes_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONHASHSEED", raising=False)


# two draws out of 0.1 are nearer to each other than the 1e-5 that counts as equal once in some 5,000 tries
HIDDEN = [from_numpy, from_random, from_torch, from_hashes]


@pytest.mark.parametrize(
    ("function", "executor"),
    [
        *(pytest.param(f, InProcess(), id=f"{f.__name__}-in process") for f in HIDDEN),
        *(
            pytest.param(f, Processes(workers=2), id=f"{f.__name__}-processes", marks=pytest.mark.slow)
            for f in HIDDEN[:3]
        ),
        pytest.param(from_hashes, Processes(workers=2), id="from_hashes-processes"),
    ],
)
def test_hidden_randomness_makes_a_trainer_noisy(tmp_path: Path, function: Any, executor: Any) -> None:
    study = study_of(tmp_path, function, executor, deterministic=True)
    said = study.check()
    assert any("randomness of its own" in w for w in said["warnings"])
    assert not any("no randomness under these settings" in w for w in said["warnings"])
    assert study.state.trainings == TRAININGS, "a trial is counted like everything else"
    assert study.system.traits.streams == ("train",)
    assert said["cost"]["by"]["the seed as it stands"] == 3


def test_its_noise_is_in_the_errors_then(tmp_path: Path) -> None:
    study = study_of(tmp_path, from_numpy, InProcess(), deterministic=True)
    ranking = study.rank()
    assert any("randomness of its own" in note for note in ranking.notes)
    assert ranking.summary["noise_floor"] > 0
    again = Study.open(study.folder, system=study.settings.system, settings=study.settings)
    assert again.rank().summary["trainings_new"] == 0, "a trainer is tried once, and what was found is journalled"


@pytest.mark.parametrize("executor", [InProcess(), Processes(workers=2)], ids=["in process", "processes"])
@pytest.mark.parametrize(("function", "deterministic"), [(from_nothing, True), (from_key, False)])
def test_a_trainer_that_keeps_its_promise_is_believed(
    tmp_path: Path, function: Any, deterministic: bool, executor: Any
) -> None:
    study = study_of(tmp_path, function, executor, deterministic)
    warnings = study.check()["warnings"]
    assert not any("apart" in w or "second time" in w for w in warnings)
    assert study.system.traits.streams == (() if deterministic else ("train",))


def test_equal_keys_must_give_equal_outcomes(tmp_path: Path) -> None:
    study = study_of(tmp_path, from_key_and_numpy, InProcess(), deterministic=False)
    assert any("Equal keys gave outcomes" in w for w in study.check()["warnings"])


def test_what_can_not_leave_its_process_is_tried_there(tmp_path: Path) -> None:
    lock = open(tmp_path / "held", "w")  # noqa: SIM115 # it can't be sent to another process

    def train(items: list[Any], key: int) -> Any:
        assert not lock.closed
        return outcome(items, 0.1 * np.random.rand())

    with lock:
        study = study_of(tmp_path, train, InProcess(), deterministic=True)
        assert any("randomness of its own" in w for w in study.check()["warnings"])


class Forgetful:
    """An estimator with no ``random_state``, that draws from numpy's global generator."""

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        return {}

    def set_params(self, **_: Any) -> Forgetful:
        return self

    def fit(self, X: Any, y: Any) -> Forgetful:
        self.classes_ = np.unique(y)
        self.level = np.mean(y == self.classes_[-1]) * 0.9 + 0.01 * np.random.rand()
        return self

    def predict_proba(self, X: Any) -> Any:
        return np.tile([1.0 - self.level, self.level], (len(X), 1))


def test_an_estimator_that_draws_for_itself_is_found_out(tmp_path: Path) -> None:
    items = tuple(i.model_copy(update={"metadata": {"label": "xy"[n % 2]}}) for n, i in enumerate(SEED.items))
    system = FromEstimator(Forgetful(), version="1")
    study = Study.create(
        tmp_path / "study", Seed(items=items), system, probes=PROBES, estimator=LeaveOneOut(keys=2), replicates=2,
        executor=InProcess(),
    )  # fmt: skip
    assert system.traits.streams == ()
    assert any("randomness of its own" in w for w in study.check()["warnings"])
    assert study.system.traits.streams == ("train",)


# --- trainers that fail ---------------------------------------------------------------------------------------------


def command(tmp_path: Path, program: str, **settings: Any) -> Study:
    (tmp_path / "prog.py").write_text(program, "utf-8")
    system = Command(argv=(sys.executable, str(tmp_path / "prog.py")), outcomes=1, **settings)
    items = SEED.items[:3]
    return Study.create(tmp_path / "study", Seed(items=items), system, probes=PROBES)


def test_check_runs_a_program_that_is_not_there(tmp_path: Path) -> None:
    study = command(tmp_path, "")
    (tmp_path / "prog.py").unlink()
    with pytest.raises(TrainingError, match=r"tried on the seed as it stands, and failed.*No such file"):
        study.check()
    assert study.budget.trainings == 1


HANGS = """
import os, sys, time
with open(sys.argv[0] + ".log", "a") as log:
    log.write("started\\n")
time.sleep(3600)
"""


def test_a_program_that_hangs_is_started_once(tmp_path: Path) -> None:
    """One time limit, and not one a row: three items make some 400 trainings."""
    study = command(tmp_path, HANGS, timeout=1.0)
    with pytest.raises(TrainingError, match="timed out: no outcome for 1 s"):
        study.rank()
    assert (tmp_path / "prog.py.log").read_text("utf-8").count("started") == 1
    assert study.budget.trainings == 1


def test_a_trainer_that_was_mended_is_tried_again(tmp_path: Path) -> None:
    study = command(tmp_path, "import sys; sys.exit(3)", version="1", deterministic=True)
    with pytest.raises(TrainingError, match="exited with code 3"):
        study.check()
    (tmp_path / "prog.py").write_text(
        "import json, sys\n"
        "for line in sys.stdin:\n"
        "    row = json.loads(line)\n"
        "    if 'row' in row:\n"
        "        print(json.dumps({'row': row['row'], 'outcome': [len(row['items'])]}))\n",
        "utf-8",
    )
    study.check()
    assert study.state.tried


WORKS_ONLY_WHOLE = """
import json, sys
for line in sys.stdin:
    row = json.loads(line)
    if "row" in row and len(row["items"]) < 3:
        print(json.dumps({"row": row["row"], "error": "too few items"}))
    elif "row" in row:
        print(json.dumps({"row": row["row"], "outcome": [0.5]}))
"""


def test_failures_are_found_out_after_the_first_batches(tmp_path: Path) -> None:
    """It works on the seed as it stands, so the trial passes, and hardly anywhere else."""
    study = command(tmp_path, WORKS_ONLY_WHOLE, deterministic=True)
    whole = study.cost()["trainings"]
    with pytest.raises(TrainingError, match=r"of the first \d+ trainings failed.*too few items"):
        study.rank()
    study.refresh()
    assert study.state.trainings < whole / 10
