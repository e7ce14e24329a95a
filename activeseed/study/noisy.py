"""What a trial found of a trainer: whether equal trainings have equal outcomes.

A trainer without key streams whose outcomes differ is taken for noisy from then on; one with them is left as it is,
since rows under different keys share no noise. Both are said. How it is found out: `study.trial`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from activeseed.protocols import Cost, Geometry, Json, SupportsReading, System, Traits
from activeseed.seed import digest_of

if TYPE_CHECKING:
    from activeseed.outcome import Outcomes
    from activeseed.plan import Materials, Rows
    from activeseed.seed import Probe

#: name of a trainer -> what its trial found: ``equal``, ``apart``, ``streams``
Tried: TypeAlias = Mapping[str, Mapping[str, Any]]


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


def is_due(system: System, tried: Tried) -> bool:
    """Whether a trainer is the user's own, which takes a row at a time, and was not tried yet."""
    return system.traits.rows_at_a_time is not None and named(system) not in tried


def as_found(system: System, tried: Tried) -> System:
    """The trainer as its trial showed it: one that hides its randomness has a key stream after all."""
    if not any(found["equal"] is False for found in tried.values()) or system.traits.streams:
        return system
    found = tried.get(named(system))
    if found is None or found["equal"] is not False:
        return system
    return Noisy(system)


def warnings(system: System, tried: Tried) -> list[str]:
    """What the trial of a trainer, as it is declared, showed that somebody should know."""
    found = tried.get(named(system)) if tried else None
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
