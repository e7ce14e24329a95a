"""What every executor owes a study, as a check that a third party can run on its own.

    check_executor(executor, system, materials)

It raises AssertionError with a sentence that says which promise was broken.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np

from activeseed.executors.process_tree import descendants
from activeseed.outcome import Outcomes
from activeseed.plan import Materials, Rows
from activeseed.protocols import Batch, Executor, System

#: batches of a run, and how many of them are more than any executor should take before it has given one back
BATCHES, MANY = 6, 2000
#: the replicate under which a row of the raising trainer raises
BAD_KEY = 3


def check_executor(executor: Executor, system: System, materials: Materials, *, tolerance: float = 1e-4) -> None:
    """Check one executor; it is closed afterwards. Costs some 50 trainings, more where much is in flight.

    Args:
        system, materials: a trainer that works, and what it works on; it gives equal outcomes for equal keys.
        tolerance: how far an outcome may be from that of the trainer called here (see `check_system`).
    """
    batches = [Batch(n, _rows(materials, n)) for n in range(BATCHES)]
    right = {b.id: system.train(b.rows, materials) for b in batches}
    _check_run(executor, system, materials, batches, right, tolerance)
    assert list(executor.run(system, materials, [])) == [], "no batches, no outcomes"
    _check_bounded(executor, system, materials)
    _check_failures(executor, system, materials, batches, right, tolerance)
    executor.close()
    held = _held()
    _check_run(executor, system, materials, batches, right, tolerance)  # closed, it starts anew
    executor.close()
    executor.close()
    assert _held() <= held, "close() ends what a run has started: processes or threads are left"


def _rows(materials: Materials, n: int) -> Rows:
    """Two rows: the seed as it stands, and without one item, under keys of their own."""
    variants = np.tile(np.array(materials.seed.base, np.int16), (2, 1))
    variants[1, n % len(materials.seed)] = 1
    return Rows(variants, np.array([2 * n, 2 * n + 1], np.int64))


def _check_run(
    executor: Executor,
    system: System,
    materials: Materials,
    batches: list[Batch],
    right: dict[int, Outcomes],
    tolerance: float,
) -> None:
    found = list(executor.run(system, materials, iter(batches)))
    ids = [name for name, _ in found]
    assert len(ids) == len(set(ids)), "a batch is given back once"
    assert set(ids) == {b.id for b in batches}, "every batch is given back, under its id"
    for name, outcomes in found:
        _close(outcomes, right[name], tolerance)


def _close(found: Outcomes, right: Outcomes, tolerance: float) -> None:
    assert found.values.shape == right.values.shape, "outcomes have a line for each row of their batch"
    assert np.array_equal(found.ok, right.ok), "rows fail where the trainer says so"
    near = np.allclose(found.values, right.values, rtol=0.0, atol=tolerance, equal_nan=True)
    assert near, "outcomes are those of the batch's own rows, in their order"


def _check_bounded(executor: Executor, system: System, materials: Materials) -> None:
    """An executor takes batches as it can train them, and a run that is broken off leaves it usable."""
    taken = 0

    def many() -> Iterator[Batch]:
        nonlocal taken
        for n in range(MANY):
            taken += 1
            yield Batch(n, _rows(materials, n % BATCHES))

    run = executor.run(system, materials, many())
    next(run)
    assert taken < MANY, "batches are taken as they can be trained, and not all at once"
    close = getattr(run, "close", None)
    if callable(close):
        close()


def _check_failures(
    executor: Executor,
    system: System,
    materials: Materials,
    batches: list[Batch],
    right: dict[int, Outcomes],
    tolerance: float,
) -> None:
    found = dict(executor.run(_Raises(system), materials, iter(batches)))
    assert set(found) == {b.id for b in batches}, "a trainer that raises costs no batch"
    for batch in batches:
        outcomes, bad = found[batch.id], batch.rows.keys == BAD_KEY
        if not bad.any():
            _close(outcomes, right[batch.id], tolerance)
            continue
        assert not outcomes.ok[bad].any(), "a row whose trainer raises is a failure"
        assert outcomes.failures, "a failure says its reason"


class _Raises:
    """The trainer, but for one row, which raises."""

    def __init__(self, system: System) -> None:
        self._system = system

    def train(self, rows: Rows, materials: Materials) -> Outcomes:
        if (rows.keys == BAD_KEY).any():
            raise RuntimeError("this row raises")
        return self._system.train(rows, materials)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._system, name)


def _held() -> int:
    """Processes and threads that this process has started and that are still there."""
    return len(descendants(os.getpid())) + threading.active_count()
