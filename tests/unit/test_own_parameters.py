"""Parameters that a trainer of the user's own declares: factors of it, and what it is given."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import activeseed as act
from activeseed.errors import ConfigError, PlanError
from activeseed.executors.train_batch import train_batch
from activeseed.plan import Materials, Rows
from activeseed.protocols import Batch
from activeseed.seed import Item, Seed
from activeseed.systems.contract import check_system
from tests.toy_materials import vectors


def materials() -> Materials:
    given = vectors(d=4)
    items = tuple(
        Item(id=i.id, payload=i.payload, metadata={"label": "yes" if n % 2 else "no", "number": float(n)})
        for n, i in enumerate(given.seed.items)
    )
    return replace(given, seed=Seed(items=items))


ROWS = Rows(np.zeros((2, 12), np.int16), np.array([0, 1], np.int64))


def command(**settings: Any) -> act.Command:
    return act.Command(**{"argv": ["true"], "deterministic": True, **settings})


def descend(items, key, probes, learning_rate=9.0, *, momentum=0.5):
    return [learning_rate * len(items) + momentum] * len(probes)


def settled(items, key, probes, settings):
    settings["learning_rate"] *= 1  # its own to change
    return [settings["learning_rate"] * len(items)] * len(probes)


def test_a_function_is_called_with_what_stands_and_with_what_a_batch_says() -> None:
    given = materials()
    trainer = act.FromFunction(descend, varies={"learning_rate": [0.1, 0.5], "momentum": {"values": [0.0, 0.9]}})
    np.testing.assert_allclose(trainer.train(ROWS, given).values, 1.2)
    other = train_batch(trainer, given, Batch(0, ROWS, settings={"learning_rate": 0.5, "momentum": 0.9}))
    np.testing.assert_allclose(other.values, 6.9)
    mapped = act.FromFunction(settled, varies={"learning_rate": [0.1, 0.5]})
    np.testing.assert_allclose(mapped.with_settings({"learning_rate": 0.3}).train(ROWS, given).values, 3.6)
    assert act.FromFunction(descend).train(ROWS, given).values[0, 0] == pytest.approx(9.0 * 12 + 0.5)


RATES = {"learning_rate": [0.1, 0.5, 2.0]}
TRAINERS: dict[str, Callable[[], Any]] = {
    "function": lambda: act.FromFunction(descend, varies={**RATES, "momentum": [0.0, 0.9]}, deterministic=True),
    "settings": lambda: act.FromFunction(settled, varies=RATES, deterministic=True),
    "classifier": lambda: act.FromEstimator(
        LogisticRegression(tol=1e-10), varies={"C": [1.0, 10.0], "fit_intercept": [True, False]}, deterministic=True
    ),
    "by name": lambda: act.FromEstimator(
        "sklearn.linear_model:LogisticRegression", parameters={"tol": 1e-10}, varies={"C": [2.0, 10.0]},
        deterministic=True,
    ),
    "pipeline": lambda: act.FromEstimator(
        make_pipeline(StandardScaler(), Ridge()), label="number", probability=False, deterministic=True,
        varies={"ridge__alpha": {"values": [1.0, 0.1], "level": "trainer"}},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TRAINERS)
def test_declared_parameters_keep_the_promises_of_factors(name) -> None:
    trainer, given = TRAINERS[name](), materials()
    check_system(trainer, given)
    factors = trainer.factors()
    assert {f.level for f in factors} == {"trainer"}
    changed = {f.id: f.choices[-1].setting for f in factors}
    other = trainer.with_settings(changed)
    assert np.abs(other.train(ROWS, given).values - trainer.train(ROWS, given).values).max() > 1e-3
    assert other.train(ROWS, given).ok.all()


def test_what_is_not_declared_leaves_the_record_as_it_was() -> None:
    assert "varies" not in act.FromFunction(descend).record()
    assert "varies" not in act.FromEstimator(Ridge()).record()
    assert "varies" not in command().record()
    more = act.FromFunction(descend, varies={"learning_rate": [0.1, 0.5]})
    assert more.record() == act.FromFunction(descend, varies={"learning_rate": [0.1]}).record()


def test_an_estimator_that_was_handed_over_stays_as_it_is() -> None:
    model = LogisticRegression(C=3.0)
    trainer = act.FromEstimator(model, varies={"C": [0.5, 1.0]})
    assert trainer.made().C == 0.5
    assert model.C == 3.0


def test_a_program_reads_them_in_its_first_line(tmp_path) -> None:
    program = tmp_path / "train.py"
    program.write_text(
        textwrap.dedent("""
        import json, sys
        lines = [json.loads(line) for line in sys.stdin]
        rate = lines[0].get("settings", {}).get("learning_rate", -1)
        for row in lines[1:]:
            print(json.dumps({"row": row["row"], "outcome": [rate] * lines[0]["outcomes"]}))
        """)
    )
    given = materials()
    argv = [sys.executable, str(program)]
    plain = command(argv=argv)
    assert (plain.train(ROWS, given).values == -1).all()
    trainer = command(argv=argv, varies={"learning_rate": [0.25, 0.5]})
    assert (trainer.train(ROWS, given).values == 0.25).all()
    batch = Batch(0, ROWS, settings={"learning_rate": 0.5})
    assert (train_batch(trainer, given, batch).values == 0.5).all()
    check_system(trainer, given)


def test_what_a_trainer_has_not_is_said_with_the_nearest() -> None:
    given = materials()
    with pytest.raises(PlanError, match=r"no parameter 'learning_rat'.*learning_rate"):
        act.FromFunction(descend, varies={"learning_rate": [0.1]}).with_settings({"learning_rat": 1.0})
    with pytest.raises(PlanError, match="None is declared"):
        act.FromFunction(descend).with_settings({"learning_rate": 1.0})
    with pytest.raises(PlanError, match=r"'learningrate', which the function does not take.*learning_rate"):
        act.FromFunction(descend, varies={"learningrate": [0.1]}).check(given)
    with pytest.raises(ConfigError, match="'Cc', which LogisticRegression has not"):
        act.FromEstimator(LogisticRegression(), varies={"Cc": [0.1]}).check(given)
    with pytest.raises(ConfigError, match="a setting of the trainer itself"):
        act.FromFunction(descend, varies={"compare": ["identity"]})
    with pytest.raises(ConfigError, match="comes twice"):
        command(varies={"rate": [0.1, 0.1]})
    with pytest.raises(ConfigError, match="varies"):
        command(varies={"rate": []})
    with pytest.raises(ConfigError, match="unknown setting 'momentu'"):
        act.OversightLeague().with_settings({"momentu": 0.3})
