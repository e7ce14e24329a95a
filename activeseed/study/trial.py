"""Whether a trainer of the user's own works at all, and whether equal trainings have equal outcomes.

A trainer that draws randomness of its own (``np.random``, ``random``, torch's global generator, the order of a set)
looks deterministic to whoever trains each row once, and its noise then passes for effects. So before anything else, one
row is trained twice: once where the study trains, and once in a fresh process, after another row. A fresh process has a
generator, and a hash seed, of its own; what is seeded alike in every process differs because another row came before.

What comes of it is journalled, and read by `study.noisy`. Trainers that ship with activeseed are not tried: a test
holds that equal keys give them equal bits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from activeseed.errors import PlanError, TrainingError
from activeseed.protocols import Event, Request, System
from activeseed.seed import ABSENT, Seed
from activeseed.study.noisy import is_due, named
from activeseed.study.workshop import Workshop

if TYPE_CHECKING:
    from activeseed.outcome import Outcomes
    from activeseed.plan import Explicit

#: what a trial costs: a row, another one, and the first again
TRAININGS = 3
#: outcomes are equal up to this share of the largest of them: another process may add up in another order
EQUAL = 1e-5
PURPOSE = "trying the trainer out"


def try_out(work: Workshop) -> None:
    """Train one row twice, once for every trainer of the user's own, the first time that it is used.

    Raises:
        TrainingError: it fails on the seed as it stands, so nothing else was trained.
    """
    system = work.declared_system
    if not is_due(system, work.state.tried):
        return
    with work.budget.expecting("Trying the trainer out", lambda: TRAININGS), work.budget.aside():
        first = _once(work, system)
        again = _again(work, system)
    equal, apart = _compared(first, again)
    streams = list(system.traits.streams)
    body: dict[str, Any] = {"system": named(system), "equal": equal, "apart": apart, "streams": streams}
    work.store.append([Event("tried", body, key=f"tried:{body['system']}")])
    work.refresh()
    work.forget_trainer()


def _rows(seed: Seed, times: int) -> Explicit:
    """The seed as it stands; with ``times`` 2 also without its first item, and then as it stands again."""
    import numpy as np

    from activeseed.plan import Explicit, Rows

    base = np.asarray(seed.base, np.int16)
    other = base.copy()
    absent = [item.index_of(ABSENT) for item in seed.items]
    standing = [f for f, v in enumerate(seed.base) if v != absent[f]]
    if standing:
        other[standing[0]] = absent[standing[0]]
    rows = [base] if times == 1 else [base, other, base]
    return Explicit(Rows(np.stack(rows), np.zeros(len(rows), np.int64)))


def _once(work: Workshop, system: System) -> Outcomes:
    trainer = work.trainer_of(system, work.materials, failed_share=1.0)
    request = Request(_rows(work.seed, 1), PURPOSE)
    before = work.budget.here
    outcomes = trainer.fulfil(request)
    if not outcomes.ok[0] and work.budget.here == before:  # it failed some time ago, and was mended since, perhaps
        trainer.retry()
        outcomes = trainer.fulfil(request)
    if not outcomes.ok[0]:
        reason = outcomes.failures[0].partition(" (row ")[0]
        raise TrainingError(f"The trainer was tried on the seed as it stands, and failed: {reason}. Mend it and retry.")
    return outcomes


def _again(work: Workshop, system: System) -> Outcomes:
    """The same row once more, after another one, in a fresh process; in this one where it can't be sent there."""
    from activeseed.executors import InProcess, Processes

    said = work.executor
    timeout = said.timeout if isinstance(said, Processes) else None
    elsewhere = Processes(
        workers=1, threads=said.threads if isinstance(said, InProcess | Processes) else 1, timeout=timeout
    )
    request = Request(_rows(work.seed, 2), PURPOSE, fresh=True)
    try:
        outcomes = work.trainer_of(system, work.materials, elsewhere, failed_share=1.0).fulfil(request)
        if outcomes.ok[2] or not isinstance(said, InProcess):
            return outcomes
    except PlanError:
        if not isinstance(said, InProcess):
            raise
    finally:
        elsewhere.close()
    # what only lives in this process (an open connection, a model on a device) can only be tried here
    trainer = work.trainer_of(system, work.materials, said, failed_share=1.0)
    trainer.retry()
    return trainer.fulfil(request)


def _compared(first: Outcomes, again: Outcomes) -> tuple[bool | None, float | None]:
    """Whether the row's outcomes are equal, and the largest difference; None where the second training failed."""
    import numpy as np

    if not again.ok[2]:
        return None, None
    a, b = first.values[0].astype(float), again.values[2].astype(float)
    apart = float(np.abs(a - b).max())
    return apart <= EQUAL * float(np.abs(a).max() or 1.0), apart
