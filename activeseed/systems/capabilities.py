"""What only some systems promise, held against those that say so: settings as factors, states, cells, named streams.

``check_system`` runs the checks of what a system declares; each raises AssertionError with the promise that it breaks.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from activeseed.outcome import Outcomes
from activeseed.plan import Materials, Rows
from activeseed.protocols import SupportsFactors, SupportsStates, System
from activeseed.seed import ABSENT, Json


def some_rows(materials: Materials) -> Rows:
    """The seed as it stands, and without its first and its second item."""
    variants = np.tile(np.array(materials.seed.base, np.int16), (3, 1))
    for r in (1, 2):
        variants[r, r - 1] = materials.seed.items[r - 1].index_of(ABSENT)
    return Rows(variants, np.zeros(3, np.int64))


def close(a: object, b: object, tolerance: float, what: str) -> None:
    """Two arrays of one shape, NaN where the other has it, no further apart than rounding."""
    x, y = np.asarray(a), np.asarray(b)
    assert x.shape == y.shape, f"{what}: shapes are {x.shape} and {y.shape}"
    gap = float(np.nan_to_num(np.abs(x - y)).max(initial=0.0))
    assert gap <= tolerance, f"{what} (by {gap:.2g}, more than {tolerance:g})"
    assert np.array_equal(np.isnan(x), np.isnan(y)), f"{what}: other entries are unknown"


# --- settings -----------------------------------------------------------------------------------------------------


def check_settings(system: System, materials: Materials) -> None:
    """Raise AssertionError unless the settings that a system names as factors are settings of it.

    Every factor stands in the record, by its path, with its first choice; with another choice the record says that one
    at this path, and is the record of no other combination; with the first, and nothing else, all is as it was. Costs
    two trainings, and none for the settings.
    """
    assert isinstance(system, SupportsFactors), f"{system.kind} has no factors"
    factors, record = system.factors(), system.record()
    ids = [f.id for f in factors]
    assert len(set(ids)) == len(ids), f"two settings have one path: {ids}"
    seen: dict[str, dict[str, Json]] = {_named(system): {}}
    for factor in factors:
        choices = factor.choices
        assert all(c.origin == "setting" for c in choices), f"{factor.id!r}: a choice is no setting"
        assert len({c.digest for c in choices}) == len(choices), f"{factor.id!r}: two choices have one digest"
        here = _at(record, factor.id)
        assert here == choices[0].setting, (
            f"{factor.id!r} is {here!r} in the record, and its first choice is {choices[0].setting!r}"
        )
    values = [{f.id: c.setting for f, c in zip(factors, row, strict=True)} for row in _combinations(factors)]
    for given in values:
        changed = {k: v for k, v in given.items() if v != _at(record, k)}
        other = system.with_settings(changed)
        said = other.record()
        for path, value in given.items():
            assert _at(said, path) == value, f"with {path!r} at {value!r} the record says {_at(said, path)!r}"
        assert other.kind == system.kind, f"with {changed} it is of another kind, {other.kind!r}"
        name = _named(other)
        assert name not in seen or seen[name] == changed, f"{changed} and {seen[name]} have one record"
        seen[name] = changed
        assert isinstance(other, SupportsFactors), f"with {changed} it has no settings any more"
        first = {f.id: f.choices[0].setting for f in other.factors()}
        assert first == given, f"with {changed} the first choices are {first}: they are what the record says"
    assert system.record() == record, "with_settings changed the system that it was asked of"
    rows = some_rows(materials)
    plain, same = system.train(rows, materials), system.with_settings(values[0]).train(rows, materials)
    assert np.array_equal(plain.values, same.values, equal_nan=True), (
        "with the settings of its record it trains otherwise"
    )


def _combinations(factors: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    """All settings as the record has them, each other choice alone, and the last choices of any two together."""
    reference = [f.choices[0] for f in factors]
    out = [tuple(reference)]
    for f, factor in enumerate(factors):
        for choice in factor.choices[1:]:
            out.append((*reference[:f], choice, *reference[f + 1 :]))
        for g in range(f):
            both = list(reference)
            both[f], both[g] = factor.choices[-1], factors[g].choices[-1]
            out.append(tuple(both))
    return out


def _named(system: System) -> str:
    return json.dumps([system.kind, system.revision, system.record()], sort_keys=True)


def _at(record: Mapping[str, Json], path: str) -> Json:
    """What a record says at a path, its parts joined by dots; a name may have a dot itself."""
    found: Any = record
    if path in record:
        return record[path]
    for part in path.split("."):
        assert isinstance(found, Mapping), f"the record has no {path!r}"
        assert part in found, f"the record has no {path!r}"
        found = found[part]
    out: Json = found
    return out


# --- states -------------------------------------------------------------------------------------------------------


def check_states(system: System, materials: Materials, *, tolerance: float = 1e-4) -> None:
    """Raise AssertionError unless a system hands out the states that it names, row by row, the same each time.

    Costs eight trainings for each state.
    """
    assert isinstance(system, SupportsStates), f"{system.kind} hands out no states"
    names = system.state_names
    assert names, "state_names is empty"
    assert len(set(names)) == len(names), f"a state is named twice: {names}"
    rows = some_rows(materials)
    for name in names:
        found = np.asarray(system.states(rows, materials, name))
        says = f"the state {name!r}"
        assert found.shape[:1] == (len(rows),), f"{says} of {len(rows)} rows has shape {found.shape}"
        assert np.isfinite(found).all(), f"{says} of a row that trains is not finite"
        again = np.asarray(system.states(rows, materials, name))
        assert np.array_equal(found, again), f"{says} of the same rows is another one each time"
        alone = np.asarray(system.states(rows.take([1]), materials, name))
        close(alone, found[1:2], tolerance, f"{says} of a row alone differs from the same row's in a batch")


# --- cells --------------------------------------------------------------------------------------------------------


def check_cells(system: System, materials: Materials, *, tolerance: float = 0.0) -> None:
    """Raise AssertionError unless a row at a place is trained by itself, and what fails is said cell by cell.

    Outcomes at some of the places, and in another order, are those of all of them, since a cell is kept under its own
    name. Where a cell fails it is NaN, its row is not ok and has a reason, and the others stay known: give materials
    with a place where it does, to see that. Costs some three trainings of three rows at all places.
    """
    assert system.traits.per_cell, f"{system.kind} does not train cell by cell"
    rows, places = some_rows(materials), len(system.places(materials))
    whole = system.train(rows, materials)
    _check_known(whole, rows, places)
    for at in ([places - 1], list(range(places))[::-1], list(range(0, places, 2))):
        some = system.train(rows, materials.at(at))
        close(some.values, whole.values[:, at], tolerance, "an outcome at a place depends on the other places")
        assert np.array_equal(some.known, whole.known[:, at]), "whether a cell fails depends on the other places"
    less, more = system.cost(materials.at([0])), system.cost(materials)
    assert more.calls == less.calls * places, f"{places} places are {more.calls} calls, and one is {less.calls}"
    assert abs(more.money - less.money * places) <= 1e-9 * max(more.money, 1e-300), (
        f"{places} places cost {more.money:g}, and one costs {less.money:g}"
    )


def _check_known(out: Outcomes, rows: Rows, places: int) -> None:
    known = np.isfinite(out.values)
    assert out.values.shape == (len(rows), places), f"values have shape {out.values.shape}"
    if out.cells is None:
        assert known.all(), "a cell failed, and 'cells' does not say which are known"
    assert np.array_equal(out.known, known), "cells that are said to be known are not those that hold a number"
    assert np.array_equal(out.ok, known.all(1)), "a row is ok where all its cells are known, and nowhere else"
    for r in np.flatnonzero(~out.ok):
        assert out.failures.get(int(r)), f"row {r} has a cell that failed, and no reason"


# --- streams ------------------------------------------------------------------------------------------------------


def check_streams(system: System, materials: Materials, *, tolerance: float = 1e-4) -> None:
    """Raise AssertionError unless all that a key varies is varied by the named streams, each by its own number.

    A row whose streams are all said apart, under another key, is the row of the streams' number. Costs three trainings.
    """
    names = system.traits.streams
    assert len(set(names)) == len(names), f"a stream is named twice: {names}"
    rows = some_rows(materials).take(np.zeros(1, np.int64))
    there = Rows(rows.variants, rows.keys + 3)
    apart = Rows(rows.variants, rows.keys + 5, apart=dict.fromkeys(names, there.keys))
    close(
        system.train(apart, materials).values, system.train(there, materials).values, tolerance,
        f"streams {names} said apart leave something to the key of the row: it is a stream without a name",
    )  # fmt: skip
