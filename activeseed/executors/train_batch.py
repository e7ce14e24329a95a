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

from activeseed.errors import TrainingError, UsageError, describe
from activeseed.executors.listening import listening
from activeseed.interrupts import Watch, watched
from activeseed.outcome import Outcomes, join_outcomes
from activeseed.plan import Materials, Rows
from activeseed.protocols import System

REASON_LENGTH = 600  # characters of a failure's reason that are kept


def train_batch(system: System, materials: Materials, rows: Rows, *, first: int = 0) -> Outcomes:
    """Outcomes of every row, failures recorded with their reason, the row's number in its batch and its key.

    Args:
        first: number of the first row within its batch, where the batch comes in pieces.

    Raises:
        UsageError: the system can't train on these materials at all (no embedder, vectors of two dimensions, ...).
    """
    places = len(system.places(materials))
    start = time.monotonic()
    with watched() as watch, listening() as warned:
        outcomes = _train(system, materials, rows, places, watch)
    seconds = time.monotonic() - start
    reasons = {r: f"{why} (row {first + r}, key {int(rows.keys[r])})" for r, why in outcomes.failures.items()}
    return replace(outcomes, failures=reasons, seconds=seconds, warned=tuple(warned))


def failed(reason: str, rows: int, places: int) -> Outcomes:
    """Outcomes of rows that all failed for one reason."""
    values = np.full((rows, places), np.nan, np.float32)
    return Outcomes(values, np.zeros(rows, np.bool_), dict.fromkeys(range(rows), reason[:REASON_LENGTH]))


def joined(parts: Sequence[Outcomes]) -> Outcomes:
    """Outcomes one after the other; rows that failed before the system could vouch for anything vouch with NaN."""
    width = next((p.vouching.shape[1] for p in parts if p.vouching is not None), None)
    if width is not None:
        parts = [
            p if p.vouching is not None else replace(p, vouching=np.full((len(p), width), np.nan, np.float32))
            for p in parts
        ]
    return parts[0] if len(parts) == 1 else join_outcomes(parts)


def _train(system: System, materials: Materials, rows: Rows, places: int, watch: Watch) -> Outcomes:
    try:
        outcomes = _checked(system.train(rows, materials), len(rows), places)
        watch.stop_if_asked()
        return outcomes
    except UsageError:
        raise  # every row would say the same, and the user can mend it
    except BaseException as error:  # a trainer may raise anything; Ctrl-C is no failure of the trainer
        watch.stop_if_asked()
        if len(rows) <= 1:
            return failed(describe(error), len(rows), places)
    _free_memory()
    half = len(rows) // 2
    parts = (rows.take(slice(0, half)), rows.take(slice(half, None)))
    return joined([_train(system, materials, part, places, watch) for part in parts])


def _checked(outcomes: Any, rows: int, places: int) -> Outcomes:
    """The outcomes with rows that are not finite turned into failures. Raises TrainingError on a wrong shape."""
    if not isinstance(outcomes, Outcomes):
        raise TrainingError(f"the system returned {type(outcomes).__name__}, not Outcomes")
    if outcomes.values.shape != (rows, places) or outcomes.ok.shape != (rows,):
        raise TrainingError(
            f"the system returned outcomes of shape {outcomes.values.shape} and ok of shape {outcomes.ok.shape} "
            f"for {rows} row(s) at {places} place(s)"
        )
    ok = outcomes.ok & np.isfinite(outcomes.values).all(1)
    failures = {r: why[:REASON_LENGTH] for r, why in outcomes.failures.items()}
    for r in np.flatnonzero(outcomes.ok & ~ok):
        at = int(np.flatnonzero(~np.isfinite(outcomes.values[r]))[0])
        failures[int(r)] = f"outcome {at + 1} of {places} is {outcomes.values[r, at]}"
    for r in np.flatnonzero(~ok):
        failures.setdefault(int(r), "the system gave no reason")
    values = np.where(ok[:, None], outcomes.values, np.float32(np.nan)).astype(np.float32, copy=False)
    return replace(outcomes, values=values, ok=ok, failures=failures)


def _free_memory() -> None:
    """What the failed attempt still held goes before the next one starts, also on a GPU."""
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available() and torch.cuda.is_initialized():
        torch.cuda.empty_cache()
