"""Names and options that type checkers know are the very ones that the code knows."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

import activeseed as act
from activeseed import protocols
from activeseed.column import Order
from activeseed.config import Overrides, Settings
from activeseed.estimators.columns import ORDERS
from activeseed.laws import KINDS, LAWS
from activeseed.protocols import SupportsDrawing
from activeseed.question import AnswerContent
from activeseed.questions import FORMS, Kind
from activeseed.study.study import Study
from activeseed.systems.own.estimator import EstimatorSettings
from activeseed.systems.own.function import FunctionSettings


def test_the_seams_are_typed() -> None:
    """``Any`` switches a type checker off; every seam says what passes through it."""
    tree = ast.parse(Path(protocols.__file__).read_text("utf-8"))
    assert [n.lineno for n in ast.walk(tree) if isinstance(n, ast.Name) and n.id == "Any"] == []
    assert [n.lineno for n in ast.walk(tree) if isinstance(n, ast.alias) and n.name == "Any"] == []


def test_orders_are_the_declared_columns() -> None:
    assert {order.replace("_", "-") for order in get_args(Order)} == set(ORDERS)


def test_laws_and_kinds_of_questions_are_those_that_there_are() -> None:
    assert tuple(LAWS) == KINDS
    drawn = {kind for kind, form in FORMS.items() if isinstance(form, SupportsDrawing)}
    assert set(get_args(Kind)) == drawn | {"items"}


@pytest.mark.parametrize(
    ("spelt_out", "record", "apart"),
    [
        (Overrides, Settings, {"system"}), (FunctionSettings, act.FromFunction, {"kind"}),
        (EstimatorSettings, act.FromEstimator, {"kind"}),
        (AnswerContent, act.Answer, {"question", "annotator", "verdict"}),
    ],
    ids=lambda v: getattr(v, "__name__", ""),
)  # fmt: skip
def test_options_are_spelt_out(spelt_out: Any, record: type[BaseModel], apart: set[str]) -> None:
    assert set(spelt_out.__annotations__) == set(record.model_fields) - apart


def a_misspelling_is_a_type_error(study: Study) -> None:
    """Never run: mypy complains of an ignore that nothing needs."""
    study.rank(by="efect")  # type: ignore[arg-type]
    study.rank(law="dorp")  # type: ignore[arg-type]
    study.ask(kind="merg")  # type: ignore[arg-type]
    act.LeaveOneOut(law="dorp")  # type: ignore[arg-type]
    act.Auto(also=("dorp",))  # type: ignore[arg-type]
    act.Study.create("x", study.seed, embeder=act.Tfidf())  # type: ignore[call-arg]
    act.FromFunction(print, determinstic=True)  # type: ignore[call-arg]
    study.loop(rounds=3)  # type: ignore[call-arg]
    study.status()["answerd"]  # type: ignore[typeddict-item]
    study.cost()["trainigs"]  # type: ignore[typeddict-item]
    study.rank().summary["spraed"]  # type: ignore[typeddict-item]
    study.rank(by=act.Name("mine"), law=act.Name("acme.law:Mine"))
