"""Whether a trainer of the user's own works at all, and whether equal trainings have equal outcomes.

A trainer that draws randomness of its own (``np.random``, ``random``, torch's global generator, the order of a set)
looks deterministic to whoever trains each row once, and its noise then passes for effects. So before anything else, one
row is trained twice: once where the study trains, and once in a fresh process, after another row. A fresh process has a
generator, and a hash seed, of its own; what is seeded alike in every process differs because another row came before.

A trainer without key streams whose outcomes differ is taken for noisy from then on; one with them is left as it is,
since rows under different keys share no noise. Both are said. Trainers that ship with activeseed are not tried: a test
holds that equal keys give them equal bits.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from activeseed.errors import PlanError, TrainingError
from activeseed.protocols import Cost, Event, Executor, Geometry, Json, Request, SupportsReading, System, Traits
from activeseed.seed import ABSENT, digest_of

if TYPE_CHECKING:
    from activeseed.outcome import Outcomes
    from activeseed.plan import Explicit, Materials, Rows
    from activeseed.seed import Probe
    from activeseed.study.study import Study
    from activeseed.study.training import Trainer

#: what a trial costs: a row, another one, and the first again
TRAININGS = 3
#: outcomes are equal up to this share of the largest of them: another process may add up in another order
EQUAL = 1e-5
PURPOSE = "trying the trainer out"


@dataclass(frozen=True)
class Noisy:
    """A trainer that was taken for deterministic and is not: the same one, with a key stream that varies its results.

    Its rows have other names than those of the trainer as it was declared, which are one draw each.
    """

    system: System

    @property
    def kind(self) -> str:
        return self.system.kind

    @property
    def revision(self) -> str:
        return self.system.revision

    @property
    def traits(self) -> Traits:
        return replace(self.system.traits, streams=("train",))

    def record(self) -> dict[str, Json]:
        return {**self.system.record(), "deterministic": False}

    def also_reads(self, materials: Materials) -> Json:
        return self.system.also_reads(materials) if isinstance(self.system, SupportsReading) else None

    def check(self, materials: Materials) -> None:
        self.system.check(materials)

    def places(self, materials: Materials) -> tuple[Probe, ...]:
        return self.system.places(materials)

    def geometry(self, materials: Materials) -> Geometry:
        return self.system.geometry(materials)

    def cost(self, materials: Materials) -> Cost:
        return self.system.cost(materials)

    def train(self, rows: Rows, materials: Materials) -> Outcomes:
        return self.system.train(rows, materials)


def named(system: System) -> str:
    """Names a trainer's code and settings."""
    return digest_of([system.kind, system.revision, system.record()]).hex()[:20]


def is_due(study: Study) -> bool:
    """Whether the trainer is the user's own, which takes a row at a time, and was not tried yet."""
    system = study.declared_system
    return system.traits.rows_at_a_time is not None and named(system) not in study.state.tried


def as_found(study: Study, system: System) -> System:
    """The trainer as its trial showed it: one that hides its randomness has a key stream after all."""
    if not any(found["equal"] is False for found in study.state.tried.values()) or system.traits.streams:
        return system
    found = study.state.tried.get(named(system))
    if found is None or found["equal"] is not False:
        return system
    return Noisy(system)


def try_out(study: Study) -> None:
    """Train one row twice, once for every trainer; what comes of it is journalled.

    Raises:
        TrainingError: it fails on the seed as it stands, so nothing else was trained.
    """
    if not is_due(study):
        return
    system = study.declared_system
    with study.budget.aside():
        first = _once(study, system)
        again = _again(study, system)
    equal, apart = _compared(first, again)
    body: dict[str, Any] = {
        "system": named(system),
        "equal": equal,
        "apart": apart,
        "streams": list(system.traits.streams),
    }
    study.store.append([Event("tried", body, key=f"tried:{body['system']}")])
    study.refresh()


def warnings(study: Study) -> list[str]:
    """What the trial of the study's trainer showed that somebody should know."""
    if not study.state.tried:
        return []
    found = study.state.tried.get(named(study.declared_system))
    if found is None or found["equal"] is True:
        return []
    if found["equal"] is None:
        return [
            "The trainer failed when the same row was trained a second time, so whether equal trainings have equal "
            "outcomes is not known."
        ]
    own = "(np.random, random, torch's own generator, the order of a set, a file that it writes)"
    if found["streams"]:
        return [
            f"Equal keys gave outcomes up to {found['apart']:.2g} apart: the trainer draws randomness {own} that is "
            "not from its key. Differences hold noise that a shared key would cancel, so errors are larger than they "
            "need be, and the same study gives other numbers next time. Draw all of it from the key."
        ]
    return [
        f"The same row trained twice gave outcomes up to {found['apart']:.2g} apart, though the trainer was taken for "
        f"deterministic: it draws randomness of its own {own}. It is treated as noisy, every row under several keys. "
        "Draw all randomness from the key (deterministic = false), or fix it, and fewer trainings will do."
    ]


def _rows(study: Study, times: int) -> Explicit:
    """The seed as it stands; with ``times`` 2 also without its first item, and then as it stands again."""
    import numpy as np

    from activeseed.plan import Explicit, Rows

    seed = study.seed
    base = np.asarray(seed.base, np.int16)
    other = base.copy()
    absent = [item.index_of(ABSENT) for item in seed.items]
    standing = [f for f, v in enumerate(seed.base) if v != absent[f]]
    if standing:
        other[standing[0]] = absent[standing[0]]
    rows = [base] if times == 1 else [base, other, base]
    return Explicit(Rows(np.stack(rows), np.zeros(len(rows), np.int64)))


def _once(study: Study, system: System) -> Outcomes:
    trainer = _trainer(study, system, study.executor)
    request = Request(_rows(study, 1), PURPOSE)
    before = study.budget.here
    outcomes = trainer.fulfil(request)
    if not outcomes.ok[0] and study.budget.here == before:  # it failed some time ago, and was mended since, perhaps
        trainer.retry()
        outcomes = trainer.fulfil(request)
    if not outcomes.ok[0]:
        reason = outcomes.failures[0].partition(" (row ")[0]
        raise TrainingError(f"The trainer was tried on the seed as it stands, and failed: {reason}. Mend it and retry.")
    return outcomes


def _again(study: Study, system: System) -> Outcomes:
    """The same row once more, after another one, in a fresh process; in this one where it can't be sent there."""
    from activeseed.executors import InProcess, Processes

    said = study.executor
    timeout = said.timeout if isinstance(said, Processes) else None
    elsewhere = Processes(
        workers=1, threads=said.threads if isinstance(said, InProcess | Processes) else 1, timeout=timeout
    )
    request = Request(_rows(study, 2), PURPOSE, fresh=True)
    try:
        outcomes = _trainer(study, system, elsewhere).fulfil(request)
        if outcomes.ok[2] or not isinstance(said, InProcess):
            return outcomes
    except PlanError:
        if not isinstance(said, InProcess):
            raise
    finally:
        elsewhere.close()
    # what only lives in this process (an open connection, a model on a device) can only be tried here
    trainer = _trainer(study, system, said)
    trainer.retry()
    return trainer.fulfil(request)


def _trainer(study: Study, system: System, executor: Executor) -> Trainer:
    from activeseed.study.training import Trainer

    limits = study.settings.limits.model_copy(update={"failed_share": 1.0})
    return Trainer(study.store, system, study.materials, executor, limits, study.progress, study.budget)


def _compared(first: Outcomes, again: Outcomes) -> tuple[bool | None, float | None]:
    """Whether the row's outcomes are equal, and the largest difference; None where the second training failed."""
    import numpy as np

    if not again.ok[2]:
        return None, None
    a, b = first.values[0].astype(float), again.values[2].astype(float)
    apart = float(np.abs(a - b).max())
    return apart <= EQUAL * float(np.abs(a).max() or 1.0), apart
