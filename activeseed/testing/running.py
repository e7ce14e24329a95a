"""Plays the study's part: a driver for analyses that journals nothing, keeps nothing, and counts what is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import numpy as np

from activeseed.executors.train_batch import train_batch
from activeseed.looking import problem as looking
from activeseed.outcome import Outcomes, join_outcomes
from activeseed.plan import Law, Materials
from activeseed.protocols import Analysis, Problem, Request, System
from activeseed.study.requests import Part, asked_at, batches, comparable, wanted

T = TypeVar("T")

#: sees each request before it is answered
Look = Callable[[Request], None]


def run(analysis: Analysis[T], problem: Problem, system: System, materials: Materials, look: Look | None = None) -> T:
    """Play the study's part: train what the analysis asks for, request by request, until it returns its result."""
    return run_with(analysis, problem, lambda request: answer(request, system, materials), look)


def run_with(
    analysis: Analysis[T], problem: Problem, answered: Callable[[Request], Outcomes], look: Look | None = None
) -> T:
    """The same, with answers from somewhere else."""
    steps = analysis.run(problem)
    request = next(steps)
    while True:
        if look is not None:
            look(request)
        try:
            request = steps.send(answered(request))
        except StopIteration as end:
            result: T = end.value
            return result


def answer(request: Request, system: System, materials: Materials) -> Outcomes:
    """What one request wants of its rows: outcomes at its places, gradients, or a state."""
    asked = wanted(request, system, materials, b"", lambda names: 0)
    materials = asked_at(request, materials)
    per_cell = system.traits.per_cell
    numbers: list[int] = []
    found: list[Outcomes] = []
    for combination in dict.fromkeys(asked.settings):
        rows = [r for r, c in enumerate(asked.settings) if c == combination]
        part = Part(_runs(rows), request.places if per_cell else None)
        (batch,) = batches(asked, [(0, part)], system, len(materials.seed))
        trained = train_batch(system, materials, batch)
        if not per_cell and request.cotangents is None:
            trained = comparable(trained, request, len(rows), len(system.places(materials)))
        found.append(trained)
        numbers += rows
    whole = join_outcomes(found).take(np.argsort(numbers)) if len(found) > 1 else found[0]
    return whole if request.places is None or per_cell else whole.at(request.places)


def _runs(rows: list[int]) -> tuple[tuple[int, int], ...]:
    if rows == list(range(len(rows))):
        return ((0, len(rows)),)
    return tuple((r, r + 1) for r in rows)


def problem_of(
    system: System, materials: Materials, *, stays: float = 0.8, stream: int = 0, first_key: int = 0
) -> Problem:
    """What a study would ask an analysis, under an author who believes alike in all items.

    Args:
        stays: probability of *as written*; the rest is spread evenly over an item's other variants.
        stream: key of the designs' draws.
        first_key: first replicate number.
    """
    seed = materials.seed
    width = max(len(item.variants) for item in seed.items)
    belief = np.zeros((len(seed), width))
    for f, item in enumerate(seed.items):
        belief[f, : len(item.variants)] = (1.0 - stays) / (len(item.variants) - 1)
        belief[f, 0] = stays
    posed = looking.problem_of(seed, Law("belief", belief), system, materials)
    return replace(posed, stream=stream, first_key=first_key)
