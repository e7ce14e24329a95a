"""What every executor owes a study, as a check that a third party can run on its own.

    check_executor(executor, system, materials)

It raises AssertionError with a sentence that says which promise was broken.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from activeseed.executors.process_tree import descendants
from activeseed.factor import Factor, setting_factor
from activeseed.geometries import at_places
from activeseed.outcome import Outcomes
from activeseed.plan import Floats, Materials, Rows, generator
from activeseed.protocols import Batch, Cost, Executor, Geometry, System, Traits
from activeseed.seed import Json, Probe

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
    _check_wanted(executor, materials)
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


def _check_wanted(executor: Executor, materials: Materials) -> None:
    """Batches of a trainer that gives back what reaches it: places, settings, cotangents and the name of a state."""
    mirror, rows = _Mirror(), _rows(materials, 1)
    last = len(materials.probes) - 1
    cotangents = np.array([[2.0] * (last + 1), [3.0] * (last + 1)])
    batches = [
        Batch(0, rows, places=(last,)),
        Batch(1, rows, settings={"added": 0.5}),
        Batch(2, rows, cotangents=cotangents),
        Batch(3, rows, state="keys"),
        Batch(4, rows),
    ]
    right: list[NDArray[Any]] = [
        mirror.train(rows, materials.at((last,))).values,
        _Mirror(0.5).train(rows, materials).values,
        mirror.pull_back(rows, materials, cotangents),
        mirror.states(rows, materials, "keys"),
        mirror.train(rows, materials).values,
    ]
    found = dict(executor.run(mirror, materials, iter(batches)))
    for n, what in enumerate(("its places", "its settings", "its cotangents", "the state that it names", "its rows")):
        same = found[n].values.shape == right[n].shape and np.allclose(found[n].values, right[n], rtol=0, atol=1e-4)
        assert same, f"what is wanted of a batch reaches the trainer: {what}"


@dataclass(frozen=True)
class _Mirror:
    """Outcomes that say under which key, at which place and with which setting a row was trained."""

    added: float = 0.0
    kind: ClassVar[str] = "mirror"
    revision: ClassVar[str] = "1"
    traits: ClassVar[Traits] = Traits(("key",), gradients=True, rows_at_a_time=1)
    state_names: ClassVar[tuple[str, ...]] = ("keys",)

    def record(self) -> dict[str, Json]:
        return {"added": self.added}

    def check(self, materials: Materials) -> None: ...

    def places(self, materials: Materials) -> tuple[Probe, ...]:
        return materials.probes

    def geometry(self, materials: Materials) -> Geometry:
        return at_places(materials.probes, "identity")

    def cost(self, materials: Materials) -> Cost:
        return Cost()

    def factors(self) -> tuple[Factor, ...]:
        return (setting_factor("added", [self.added, 0.5]),)

    def with_settings(self, settings: Mapping[str, Json]) -> _Mirror:
        return replace(self, added=float(str(settings["added"])))

    def train(self, rows: Rows, materials: Materials) -> Outcomes:
        there = np.array([generator(0, "mirror", p.id).random() for p in materials.probes])
        values = rows.keys[:, None] + there + self.added
        return Outcomes(values.astype(np.float32), np.ones(len(rows), bool))

    def states(self, rows: Rows, materials: Materials, name: str) -> Floats:
        return np.asarray(rows.keys[:, None] * [1.0, 10.0, 100.0])

    def pull_back(self, rows: Rows, materials: Materials, cotangents: Floats) -> Floats:
        return np.asarray(np.repeat(cotangents.sum(1, keepdims=True), materials.width, 1) + rows.keys[:, None])


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
