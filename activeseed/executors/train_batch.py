"""One batch trained so that a bad row costs one row: what every executor calls, here or in a worker.

A system that raises on a batch is tried on its halves, down to single rows, so that one poisoned row is one recorded
failure and a batch that does not fit into memory becomes smaller batches. A system that returns something that is not
an outcome is treated alike. Nothing is ever filled in: a failed row holds NaN and a reason.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from activeseed.errors import PlanError, TrainingError, UsageError, describe
from activeseed.executors.listening import listening
from activeseed.interrupts import Watch, watched
from activeseed.outcome import Outcomes, join_outcomes
from activeseed.plan import Materials
from activeseed.protocols import Batch, SupportsFactors, SupportsGradients, SupportsStates, System

REASON_LENGTH = 600  # characters of a failure's reason that are kept


def train_batch(system: System, materials: Materials, batch: Batch, *, first: int = 0) -> Outcomes:
    """What is wanted of every row, failures recorded with their reason, the row's number in its batch and its key.

    Args:
        first: number of the first row within its batch, where the batch comes in pieces.

    Raises:
        UsageError: the system can't train on these materials at all (no embedder, vectors of two dimensions, ...).
        PlanError: it has no such setting, gradients or state.
    """
    rows = batch.rows
    if batch.places is not None:
        materials = materials.at(batch.places)
    if batch.settings:
        if not isinstance(system, SupportsFactors):
            raise PlanError(f"System {system.kind!r} has no settings that can be perturbed.")
        system = system.with_settings(batch.settings)
    width = width_of(system, materials, batch)
    start = time.monotonic()
    with watched() as watch, listening() as warned:
        outcomes = _train(system, materials, batch, width, watch)
    seconds = time.monotonic() - start
    reasons = {r: f"{why} (row {first + r}, key {int(rows.keys[r])})" for r, why in outcomes.failures.items()}
    return replace(outcomes, failures=reasons, seconds=seconds, warned=tuple(warned))


def width_of(system: System, materials: Materials, batch: Batch) -> int | None:
    """Entries that a row of the batch has: its places, or slots where gradients are wanted; None for a state."""
    if batch.state:
        return None
    if batch.cotangents is not None:
        return materials.width
    return len(system.places(materials)) if batch.places is None else len(batch.places)


def failed(reason: str, rows: int, places: int | None) -> Outcomes:
    """Outcomes of rows that all failed for one reason; of a state, whose shape is unknown, a single NaN."""
    values = np.full((rows, 1 if places is None else places), np.nan, np.float32)
    return Outcomes(values, np.zeros(rows, np.bool_), dict.fromkeys(range(rows), reason[:REASON_LENGTH]))


def joined(parts: Sequence[Outcomes]) -> Outcomes:
    """Outcomes one after the other; rows that failed before the system could vouch for anything vouch with NaN."""
    width = next((p.vouching.shape[1] for p in parts if p.vouching is not None), None)
    if width is not None:
        parts = [
            p if p.vouching is not None else replace(p, vouching=np.full((len(p), width), np.nan, np.float32))
            for p in parts
        ]
    shape = next((p.values.shape[1:] for p in parts if p.ok.any()), parts[0].values.shape[1:])
    parts = [
        p if p.values.shape[1:] == shape else replace(p, values=np.full((len(p), *shape), np.nan, np.float32))
        for p in parts  # a state that failed has a shape that nobody knew
    ]
    return parts[0] if len(parts) == 1 else join_outcomes(parts)


def _train(system: System, materials: Materials, batch: Batch, width: int | None, watch: Watch) -> Outcomes:
    rows = batch.rows
    try:
        outcomes = _checked(_wanted(system, materials, batch), len(rows), width)
        watch.stop_if_asked()
        return outcomes
    except UsageError:
        raise  # every row would say the same, and the user can mend it
    except BaseException as error:  # a trainer may raise anything; Ctrl-C is no failure of the trainer
        watch.stop_if_asked()
        if len(rows) <= 1:
            return failed(describe(error), len(rows), width)
    _free_memory()
    half = len(rows) // 2
    parts = (batch.take(slice(0, half)), batch.take(slice(half, None)))
    return joined([_train(system, materials, part, width, watch) for part in parts])


def _wanted(system: System, materials: Materials, batch: Batch) -> Any:
    """Outcomes, gradients or a state, as the batch has it."""
    if batch.cotangents is not None:
        if not isinstance(system, SupportsGradients):
            raise PlanError(f"System {system.kind!r} has no gradients. Choose an analysis that only needs trainings.")
        values: Any = system.pull_back(batch.rows, materials, batch.cotangents)
    elif batch.state:
        if not isinstance(system, SupportsStates) or batch.state not in system.state_names:
            known = ", ".join(system.state_names) if isinstance(system, SupportsStates) else "no states at all"
            raise PlanError(f"System {system.kind!r} has no state {batch.state!r}; it hands out {known}.")
        values = system.states(batch.rows, materials, batch.state)
    else:
        return system.train(batch.rows, materials)
    found = np.asarray(values, np.float32)
    return Outcomes(found, np.asarray(np.isfinite(found.reshape(len(found), -1)).all(1)))


def _checked(outcomes: Any, rows: int, width: int | None) -> Outcomes:
    """The outcomes with rows that are not finite turned into failures. Raises TrainingError on a wrong shape.

    Args:
        width: entries a row that are due; None for a state, which has whatever shape it has.
    """
    if not isinstance(outcomes, Outcomes):
        raise TrainingError(f"the system returned {type(outcomes).__name__}, not Outcomes")
    shape = outcomes.values.shape
    right = len(shape) > 1 and shape[0] == rows if width is None else shape == (rows, width)
    if not right or outcomes.ok.shape != (rows,):
        raise TrainingError(
            f"the system returned outcomes of shape {shape} and ok of shape {outcomes.ok.shape} for {rows} row(s)"
            + ("" if width is None else f" at {width} place(s)")
        )
    if width is None:
        return replace(outcomes, failures=dict.fromkeys(map(int, np.flatnonzero(~outcomes.ok)), "the state is NaN"))
    if outcomes.cells is not None:
        return _checked_cells(outcomes, width)
    places = width
    ok = outcomes.ok & np.isfinite(outcomes.values).all(1)
    failures = {r: why[:REASON_LENGTH] for r, why in outcomes.failures.items()}
    for r in np.flatnonzero(outcomes.ok & ~ok):
        at = int(np.flatnonzero(~np.isfinite(outcomes.values[r]))[0])
        failures[int(r)] = f"outcome {at + 1} of {places} is {outcomes.values[r, at]}"
    for r in np.flatnonzero(~ok):
        failures.setdefault(int(r), "the system gave no reason")
    values = np.where(ok[:, None], outcomes.values, np.float32(np.nan)).astype(np.float32, copy=False)
    return replace(outcomes, values=values, ok=ok, failures=failures)


def _checked_cells(outcomes: Outcomes, places: int) -> Outcomes:
    """The same cell by cell: one that is not finite is a failure, and its neighbours are kept."""
    cells = np.asarray(outcomes.cells, np.bool_)
    if cells.shape != outcomes.values.shape:
        raise TrainingError(f"the system returned cells of shape {cells.shape} for values of {outcomes.values.shape}")
    cells = cells & np.isfinite(outcomes.values)
    ok = cells.all(1)
    failures = {r: why[:REASON_LENGTH] for r, why in outcomes.failures.items() if not ok[r]}
    for r in np.flatnonzero(~ok):
        failures.setdefault(int(r), f"{int((~cells[r]).sum())} of {places} cells gave no outcome")
    values = np.where(cells, outcomes.values, np.float32(np.nan)).astype(np.float32, copy=False)
    return replace(outcomes, values=values, ok=ok, cells=cells, failures=failures)


def _free_memory() -> None:
    """What the failed attempt still held goes before the next one starts, also on a GPU."""
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available() and torch.cuda.is_initialized():
        torch.cuda.empty_cache()
