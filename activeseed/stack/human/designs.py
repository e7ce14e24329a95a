"""Designs of the trainer² that an author might choose: values of its settings, each as likely as any other."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from activeseed.errors import PlanError, nearest
from activeseed.factor import shown
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


def comparable(
    system: System, materials: Materials, choices: Mapping[str, tuple[Json, ...]], named: Collection[str]
) -> tuple[dict[str, tuple[Json, ...]], tuple[str, ...]]:
    """The values that leave outcomes of the same kind, and a sentence about each that doesn't: it can't be compared.

    Raises PlanError for such a value where somebody named its setting.
    """
    geometry, places = system.geometry(materials), [p.id for p in system.places(materials)]
    out: dict[str, tuple[Json, ...]] = {}
    notes: list[str] = []
    for path, values in choices.items():
        fine = []
        for value in values:
            other = with_design(system, {path: value})
            there, found = [p.id for p in other.places(materials)], other.geometry(materials)
            if there == places and (found.over, found.unit) == (geometry.over, geometry.unit):
                fine.append(value)
                continue
            why = (
                f"there are {len(there)} places under these settings, where {len(places)} are due"
                if len(there) != len(places)
                else f"outcomes are {found.over} in {found.unit}, where {geometry.over} in {geometry.unit} are due"
            )
            if path in named:
                raise PlanError(
                    f"Designs with {path} = {shown(value)} can't be compared: {why}. Leave that value out (designs)."
                )
            notes.append(f"{path} = {shown(value)} is no design here: {why}, so that outcomes don't compare.")
        if len(fine) > 1 or path in named:
            out[path] = tuple(fine)
    return out, tuple(notes)
