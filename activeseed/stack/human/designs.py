"""Designs of the trainer² that an author might choose: values of its settings, each as likely as any other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from activeseed.errors import PlanError, nearest
from activeseed.plan import Materials
from activeseed.protocols import SupportsFactors, System
from activeseed.seed import Json
from activeseed.stack.human.record import HumanLevel
from activeseed.stack.human.runs import chosen


def choices_of(system: System, asked: HumanLevel) -> dict[str, tuple[Json, ...]]:
    """Path of a setting -> the values that a design may take; none where designs are not to differ, or can't.

    Raises PlanError for a setting that the system does not name, with the nearest one that it does.
    """
    if not asked.vary_designs:
        return {}
    factors = {f.id: f for f in system.factors()} if isinstance(system, SupportsFactors) else {}
    for path in asked.designs:
        if path not in factors:
            known = nearest(path, factors) if factors else " It has none that can be varied."
            raise PlanError(f"System {system.kind!r} has no setting {path!r} that a design could vary.{known}")
    if asked.designs:
        return {p: tuple(values) or tuple(c.setting for c in factors[p].choices) for p, values in asked.designs.items()}
    return {
        f.id: tuple(c.setting for c in f.choices)
        for f in factors.values()
        if f.level == "trainer2" and f.aspect == "dynamics" and len(f.choices) > 1
    }


def design(choices: Mapping[str, tuple[Json, ...]], key: int, number: int) -> dict[str, Json]:
    """Path -> value of design ``number``."""
    return {path: v[chosen(key, f"design {path}", number, len(v))] for path, v in choices.items()}


def with_design(system: System, settings: Mapping[str, Json]) -> System:
    """The system with a design's settings. Raises ConfigError where they can't go together."""
    if not settings:
        return system
    assert isinstance(system, SupportsFactors)
    return system.with_settings(settings)


def check_designs(system: System, materials: Materials, choices: Mapping[str, tuple[Json, ...]]) -> None:
    """Raise PlanError where a value makes outcomes of another kind: they could not be compared."""
    geometry, places = system.geometry(materials), [p.id for p in system.places(materials)]
    for path, values in choices.items():
        for value in values:
            other: Any = with_design(system, {path: value})
            found = other.geometry(materials)
            if [p.id for p in other.places(materials)] != places or (found.over, found.unit) != (
                geometry.over,
                geometry.unit,
            ):
                raise PlanError(
                    f"With {path} = {value!r} outcomes are {found.over}, and those of the study {geometry.over}: they "
                    "can't be compared. Leave that value out (designs)."
                )
