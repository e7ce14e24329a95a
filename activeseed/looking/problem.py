"""What analyses are asked about: a seed, what is held possible of it, and what a system says of its rows."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial

from activeseed.errors import ConfigError, PlanError
from activeseed.factor import Factor, streams_of
from activeseed.plan import Law, Materials
from activeseed.protocols import (
    Cost,
    Problem,
    SupportsConvex,
    SupportsFactors,
    SupportsNetworks,
    SupportsStates,
    SupportsTrajectories,
    System,
)
from activeseed.seed import Seed


def problem_of(seed: Seed, law: Law, system: System, materials: Materials) -> Problem:
    """The problem that a system, trained on these materials, poses; its rows have no key stream of their own yet."""
    return Problem(
        seed=seed,
        law=law,
        geometry=system.geometry(materials),
        deterministic=not system.traits.streams,
        weighted=system.traits.weighted,
        stream=0,
        settings=settings_of(system),
        streams=streams_of(system.traits.streams, system.traits.levels),
        places=system.places(materials),
        each=each_of(system, materials),
        states=system.state_names if isinstance(system, SupportsStates) else (),
        steps=system.trajectory_steps(materials) if isinstance(system, SupportsTrajectories) else (),
        layout=system.layout(materials) if isinstance(system, SupportsNetworks) else None,
        materials=materials,
        convex=partial(system.convex, materials) if isinstance(system, SupportsConvex) else None,
        refuses=Refusals(system, materials),
    )


@dataclass(frozen=True, eq=False)
class Refusals:
    """Why choices of settings can't be compared with the settings as they stand; each is found out once, when asked.

    A system names its settings without knowing the inputs: a start that was pretrained needs a pool to have learnt
    from, and a longer game is read at more places.
    """

    system: System
    materials: Materials
    _known: dict[tuple[int, int], str] = field(default_factory=dict)

    def __call__(self, setting: int, choice: int) -> str:
        at = setting, choice
        if at not in self._known:
            self._known[at] = self._found(*at)
        return self._known[at]

    def _found(self, setting: int, choice: int) -> str:
        factor = settings_of(self.system)[setting]
        if choice == factor.stands or not isinstance(self.system, SupportsFactors):
            return ""
        try:
            other = self.system.with_settings({factor.id: factor.choices[choice].setting})
            other.check(self.materials)
            places = len(other.places(self.materials))
        except (PlanError, ConfigError) as error:
            return str(error).rstrip(".")
        due = len(self.system.places(self.materials))
        if places == due:
            return ""
        return f"there are {places} places under these settings, where {due} are due, so that outcomes don't compare"


def is_open(law: Law) -> bool:
    """Whether anything is left unclear."""
    return bool((law.probabilities.max(1) < 1.0).any())


def settings_of(system: System) -> tuple[Factor, ...]:
    """The settings of a system that can be perturbed."""
    return system.factors() if isinstance(system, SupportsFactors) else ()


def is_per_cell(system: System) -> bool:
    """Whether a system trains cell by cell."""
    return system.traits.per_cell


def each_of(system: System, materials: Materials) -> Cost:
    """What one row costs; a row of a system that trains cell by cell is as many trainings as there are places."""
    cost = system.cost(materials)
    return replace(cost, trainings=max(1, len(materials.probes))) if is_per_cell(system) else cost
