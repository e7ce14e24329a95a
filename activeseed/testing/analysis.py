"""What every analysis promises, whatever it ends in: to ask for no more than it said, and for what the system has."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

import numpy as np

from activeseed.outcome import Outcomes
from activeseed.plan import LINES, Materials, Rows, join_rows
from activeseed.protocols import Analysis, Cost, Problem, Request, SupportsStates, System
from activeseed.study.requests import asked_at
from activeseed.testing.running import answer, problem_of, run_with

T = TypeVar("T")


def check_analysis(
    analysis: Analysis[object], system: System, materials: Materials, problem: Problem | None = None
) -> None:
    """Hold an analysis to what all of them promise. Raises AssertionError, saying which promise was broken.

    What it trains, calls and pays is never more than it said; its designs make the same rows whichever way they are
    cut; it asks for nothing that the system has not (settings, places, fractional weights, streams, gradients, states);
    and with the same key it comes to the same result. For one that ends in a ranking there is ``check_estimator``
    besides.

    Args:
        system, materials: what it is run on, twice.
        problem: what it is asked; by default, of all items and settings, under a belief of 0.8 in each item.
    """
    asked = problem_of(system, materials, stream=1, first_key=1000) if problem is None else problem
    results = [watched(analysis, asked, system, materials) for _ in range(2)]
    assert alike(*(r for _, r in results)), f"{analysis.kind}: two runs with one key came to different results"


def watched(analysis: Analysis[T], problem: Problem, system: System, materials: Materials) -> tuple[Cost, T]:
    """What a run cost, and its result; every request is held to what the system has."""
    says = analysis.kind
    assert says, f"{type(analysis).__name__} has no kind"
    said = analysis.cost(problem)
    spent = Cost(trainings=0)

    def look(request: Request) -> None:
        nonlocal spent
        assert request.purpose, f"{says} asks for something without saying what for"
        _check_request(request, problem, system, materials, f"{says}, {request.purpose!r}")
        spent += _cost(request, problem, system)

    def answered(request: Request) -> Outcomes:
        return answer(request, system, materials)

    result = run_with(analysis, problem, answered, look)
    for what, most, came in (
        ("rows", said.trainings, spent.trainings), ("calls", said.calls, spent.calls),
        ("money", said.money, spent.money), ("multiply-adds", said.multiply_adds, spent.multiply_adds),
    ):  # fmt: skip
        assert came <= most * (1 + 1e-9), f"{says} asked for {came} {what}, having said at most {most}"
    return spent, result


def _cost(request: Request, problem: Problem, system: System) -> Cost:
    """What a request costs; of a system that trains cell by cell, its cells."""
    whole = problem.each * request.design.size
    if not system.traits.per_cell or not problem.places or (request.places is None and not request.probes):
        return whole
    cells = len(request.probes) if request.places is None else len(request.places)
    share = cells / len(problem.places)
    return Cost(
        whole.bytes, round(whole.multiply_adds * share), round(whole.calls * share), whole.money * share,
        request.design.size * cells,
    )  # fmt: skip


def _check_request(request: Request, problem: Problem, system: System, materials: Materials, says: str) -> None:
    design = request.design
    rows = design.block(0, design.size)
    assert len(rows) == design.size, f"{says}: a design of {design.size} rows makes {len(rows)}"
    cut = design.unit * max(1, design.size // design.unit // 3)
    if cut < design.size:
        parts = join_rows([design.block(0, cut), design.block(cut, design.size)])
        assert same_rows(rows, parts), f"{says}: the design makes other rows when it is cut"
    factors = problem.factors if rows.variants.shape[1] > len(problem.seed) else problem.factors[: len(problem.seed)]
    width = rows.variants.shape[1]
    assert width == len(factors), f"{says}: rows have {width} columns, and there are {len(factors)} factors"
    for f, factor in enumerate(factors):
        column = rows.variants[:, f]
        known = (column >= 0) & (column < len(factor.choices))
        assert known.all(), f"{says}: {factor.id!r} has no choice {column[~known][0]}"
    if rows.multiplicity is not None and not system.traits.weighted:
        whole = (rows.multiplicity == np.rint(rows.multiplicity)).all()
        assert whole, f"{says}: items are weighed by fractions, which {system.kind} does not understand"
    strange = set(rows.apart) - {*system.traits.streams, LINES}
    assert not strange, f"{says}: {system.kind} has no stream {min(strange)!r}" if strange else ""
    foreign = set(request.settings) - {f.id for f in problem.settings}
    assert not foreign, f"{says}: {system.kind} has no setting {min(foreign)!r}" if foreign else ""
    places = len(system.places(asked_at(request, materials)))
    for p in request.places or ():
        assert 0 <= p < places, f"{says}: there is no place {p} of {places}"
    if request.cotangents is not None:
        assert system.traits.gradients, f"{says}: {system.kind} has no gradients"
        shape = request.cotangents.shape
        assert shape == (design.size, places), f"{says}: cotangents have shape {shape}, not {(design.size, places)}"
    if request.state:
        names = system.state_names if isinstance(system, SupportsStates) else ()
        assert request.state in names, f"{says}: {system.kind} has no state {request.state!r}"


def same_rows(a: Rows, b: Rows) -> bool:
    """Whether two designs made the same rows."""
    return alike(
        (a.variants, a.keys, a.multiplicity, {n: a.stream(n) for n in (*a.apart, *b.apart)}),
        (b.variants, b.keys, b.multiplicity, {n: b.stream(n) for n in (*a.apart, *b.apart)}),
    )


def alike(a: Any, b: Any) -> bool:
    """Whether two results are the same: records field by field, arrays entry by entry, NaN like NaN.

    Fields of a record that its own equality leaves out (what the clock said) are left out here as well.
    """
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        x, y = np.asarray(a), np.asarray(b)
        if x.shape != y.shape or x.dtype != y.dtype:
            return False
        if x.dtype == object:
            return all(alike(p, q) for p, q in zip(x.ravel(), y.ravel(), strict=True))
        return bool(np.array_equal(x, y, equal_nan=x.dtype.kind in "fc"))
    if isinstance(a, float) and isinstance(b, float):
        return a == b or (math.isnan(a) and math.isnan(b))
    if type(a) is not type(b):
        return False
    if isinstance(a, Mapping):
        return a.keys() == b.keys() and all(alike(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(alike(x, y) for x, y in zip(a, b, strict=True))
    if is_dataclass(a) and not isinstance(a, type):
        return all(alike(getattr(a, f.name), getattr(b, f.name)) for f in fields(a) if f.compare)
    return bool(a == b)
