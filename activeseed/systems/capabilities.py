"""What only some systems promise, held against those that say so: settings as factors, states, cells, named streams.

``check_system`` runs the checks of what a system declares; each raises AssertionError with the promise that it breaks.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from activeseed.errors import PlanError
from activeseed.networks import Network
from activeseed.outcome import Outcomes
from activeseed.plan import Materials, Rows
from activeseed.protocols import (
    NETWORK,
    REPRESENTATION,
    TRAJECTORY,
    Explanation,
    SupportsConvex,
    SupportsExplaining,
    SupportsFactors,
    SupportsNetworks,
    SupportsStates,
    SupportsStateSizes,
    SupportsTrajectories,
    System,
)
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
    at this path, and is the record of no other combination; with the first, and nothing else, all is as it was. A
    record may leave out a path at one value of its own, its default, so that records from before there was such a
    setting stay what they were. Costs two trainings, and none for the settings.
    """
    assert isinstance(system, SupportsFactors), f"{system.kind} has no factors"
    factors, record = system.factors(), system.record()
    ids = [f.id for f in factors]
    assert len(set(ids)) == len(ids), f"two settings have one path: {ids}"
    seen: dict[str, dict[str, Json]] = {_named(system): {}}
    defaults: dict[str, Json] = {}
    stands: dict[str, Json] = {}

    def said_of(record: Mapping[str, Json], path: str, due: Json) -> Json:
        found: Json = _at(record, path)
        if found is _LEFT_OUT:
            assert defaults.setdefault(path, due) == due, f"the record has no {path!r}"
            return due
        return found

    for factor in factors:
        choices = factor.choices
        assert all(c.origin == "setting" for c in choices), f"{factor.id!r}: a choice is no setting"
        assert len({c.digest for c in choices}) == len(choices), f"{factor.id!r}: two choices have one digest"
        here = stands[factor.id] = said_of(record, factor.id, choices[0].setting)
        assert here == choices[0].setting, (
            f"{factor.id!r} is {here!r} in the record, and its first choice is {choices[0].setting!r}"
        )
    values = [{f.id: c.setting for f, c in zip(factors, row, strict=True)} for row in _combinations(factors)]
    for given in values:
        changed = {k: v for k, v in given.items() if v != stands[k]}
        other = system.with_settings(changed)
        said = other.record()
        for path, value in given.items():
            there = said_of(said, path, value)
            assert there == value, f"with {path!r} at {value!r} the record says {there!r}"
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


#: stands for what a record says nothing of
_LEFT_OUT: Any = object()


def _at(record: Mapping[str, Json], path: str) -> Any:
    """What a record says at a path, its parts joined by dots; a name may have a dot itself."""
    found: Any = record
    if path in record:
        return record[path]
    for part in path.split("."):
        if not isinstance(found, Mapping) or part not in found:
            return _LEFT_OUT
        found = found[part]
    return found


# --- states -------------------------------------------------------------------------------------------------------


def check_states(system: System, materials: Materials, *, tolerance: float = 1e-4) -> None:
    """Raise AssertionError unless a system hands out the states that it names, row by row, the same each time.

    A state ``network`` is left out where there is no layout on these materials. Costs eight trainings for each state.

    Args:
        tolerance: how far rounding may move a number of a state below 1; a larger one, in proportion.
    """
    assert isinstance(system, SupportsStates), f"{system.kind} hands out no states"
    names = system.state_names
    assert names, "state_names is empty"
    assert len(set(names)) == len(names), f"a state is named twice: {names}"
    rows = some_rows(materials)
    for name in names:
        if name == NETWORK and isinstance(system, SupportsNetworks) and system.layout(materials) is None:
            continue
        found = np.asarray(system.states(rows, materials, name))
        says = f"the state {name!r}"
        assert found.shape[:1] == (len(rows),), f"{says} of {len(rows)} rows has shape {found.shape}"
        assert np.isfinite(found).all(), f"{says} of a row that trains is not finite"
        again = np.asarray(system.states(rows, materials, name))
        assert np.array_equal(found, again), f"{says} of the same rows is another one each time"
        alone = np.asarray(system.states(rows.take([1]), materials, name))
        allowed = tolerance * max(1.0, float(np.abs(found).max(initial=0.0)))
        close(alone, found[1:2], allowed, f"{says} of a row alone differs from the same row's in a batch")
        if isinstance(system, SupportsStateSizes):
            size = system.state_size(materials, name)
            assert size == found[0].size, f"{says} of a row holds {found[0].size} numbers, and is said to hold {size}"


def check_networks(system: System, materials: Materials, *, tolerance: float = 1e-5) -> None:
    """Raise AssertionError unless the networks that a system hands out make the outcomes that it trains to.

    Nothing is asked where it says that there is no layout on these materials. Costs six trainings.

    Args:
        tolerance: how far apart an outcome may be from the network's at the features of its place. Both are sums of the
            same products in another order, single precision against double: with d features of unit length and scores
            of a few units that is below √d · 2⁻²⁴ · the score, 1e-6 (5e-7 was the most over leagues and reward models
            here, whose outcomes' slope is at most ¼). Outcomes that are no probabilities may be larger than 1: in
            proportion then.
    """
    assert isinstance(system, SupportsNetworks), f"{system.kind} hands out no networks"
    layout = system.layout(materials)
    if layout is None:
        return
    assert isinstance(system, SupportsStates), f"{system.kind} has a layout, and hands out no states"
    assert NETWORK in system.state_names, f"{system.kind} has a layout, and no state {NETWORK!r}"
    rows, places = some_rows(materials), system.places(materials)
    found = np.asarray(system.states(rows, materials, NETWORK))
    assert found.shape == (len(rows), layout.size), (
        f"networks {layout.widths} of {len(rows)} rows have {layout.size} parameters each, not shape {found.shape}"
    )
    inputs = materials.features([p.payload for p in places])
    assert inputs.shape[1] == layout.inputs, (
        f"a network of {layout.inputs} inputs can't be read at features of {inputs.shape[1]} entries"
    )
    read = np.stack([Network.of(layout, flat).outcomes(inputs) for flat in found])
    trained = system.train(rows, materials).values
    allowed = tolerance * max(1.0, float(np.abs(trained).max(initial=0.0)))
    close(read, trained, allowed, "what the networks say at the places is not what was trained")


def check_trajectories(system: System, materials: Materials, *, tolerance: float = 1e-4) -> None:
    """Raise AssertionError unless a trajectory begins at the start, and ends in the outcome that is trained.

    At the start nothing is learned yet: rows of one key begin alike, whatever items they hold. Costs six trainings.
    """
    assert isinstance(system, SupportsTrajectories), f"{system.kind} does not say when its trajectories are read"
    assert isinstance(system, SupportsStates), f"{system.kind} says when trajectories are read, and hands out no states"
    assert TRAJECTORY in system.state_names, f"{system.kind} says when trajectories are read, and hands out none"
    steps, rows, places = system.trajectory_steps(materials), some_rows(materials), len(system.places(materials))
    assert len(steps) >= 2, f"a trajectory of the steps {steps} has no course"
    assert steps[0] == 0, f"a trajectory begins at step {steps[0]}, not at the start"
    assert all(a < b for a, b in pairwise(steps)), f"the steps {steps} don't ascend"
    found = np.asarray(system.states(rows, materials, TRAJECTORY))
    due = (len(rows), len(steps), places)
    assert found.shape == due, f"trajectories have shape {found.shape}; {due} is due (rows × steps × places)"
    close(found[:, 0], found[[0, 0, 0], 0], tolerance, "rows of one key and other items don't start alike")
    close(found[:, -1], system.train(rows, materials).values, tolerance, "a trajectory does not end in its outcome")


def check_representations(system: System, materials: Materials) -> None:
    """Raise AssertionError unless representations are something at every place. Costs three trainings."""
    assert isinstance(system, SupportsStates), f"{system.kind} hands out no states"
    rows, places = some_rows(materials), len(system.places(materials))
    found = np.asarray(system.states(rows, materials, REPRESENTATION))
    right = found.ndim == 3 and found.shape[:2] == (len(rows), places) and found.shape[2] > 0
    assert right, f"representations of {len(rows)} rows at {places} places have shape {found.shape}"


# --- convex trainings ---------------------------------------------------------------------------------------------


def check_convex(system: System, materials: Materials, *, tolerance: float = 1e-5) -> None:
    """Raise AssertionError unless trainings by the convex training that a system hands out are its own.

    A system that has none under its settings has to say why. Costs three trainings.
    """
    assert isinstance(system, SupportsConvex), f"{system.kind} hands out no convex training"
    rows = some_rows(materials)
    try:
        convex = system.convex(materials, int(rows.keys[0]))
    except PlanError as error:
        said = str(error)
        convex = None
    if convex is None:
        assert len(said.split()) > 3, f"why it is not convex is not said: {said!r}"
        return
    assert convex.words, "how it is trained has no words"
    assert convex.features.shape[0] == materials.width, "not every slot has its features"
    found = system.train(rows, materials)
    own = [expit(convex.scores(w)) for w in rows.weights(materials.slots)]
    close(own, found.values, tolerance, "a training by the convex training is not the system's own")


# --- explanations -------------------------------------------------------------------------------------------------


def check_explaining(system: System, materials: Materials, *, tolerance: float = 1e-4) -> None:
    """Raise AssertionError unless what a system says of why is a derivation, and replays to the same verdict.

    For each row and place there is one explanation, of that place, with the outcome that the row is trained to. Its
    steps refer backwards, all of them serve the last one, which is the verdict, and the items that they name are in the
    seed and present in the row. Trained on nothing but the items that it rests on, the outcome lies on the same side of
    one half. Costs a training for each explanation of three rows, and three.

    Args:
        tolerance: how far rounding may move an outcome: one that is no further from one half lies on both sides.
    """
    assert isinstance(system, SupportsExplaining), f"{system.kind} explains nothing"
    rows, places = some_rows(materials), system.places(materials)
    outcomes = system.train(rows, materials)
    found = system.explain(rows, materials, list(range(len(places))))
    assert len(found) == len(rows), f"{len(rows)} rows have {len(found)} lists of explanations"
    replayed: list[tuple[int, int]] = []
    alone: list[NDArray[np.int16]] = []
    for r, explained in enumerate(found):
        assert len(explained) == len(places), f"a row at {len(places)} places has {len(explained)} explanations"
        for p, e in enumerate(explained):
            says = f"row {r} at {places[p].id!r}"
            assert e.place == places[p].id, f"{says}: the explanation is of {e.place!r}"
            off = abs(e.value - float(outcomes.values[r, p]))
            assert off <= tolerance, f"{says}: explained is {e.value:.4g}, and trained {outcomes.values[r, p]:.4g}"
            present = _present(rows, r, materials)
            _check_steps(e, present, says)
            if e.items and abs(e.value - 0.5) > tolerance:
                kept = [i.id in e.items for i in materials.seed.items]
                replayed.append((r, p))
                absent = np.array([i.index_of(ABSENT) for i in materials.seed.items], np.int16)
                alone.append(np.where(kept, rows.variants[r], absent))
    ends = [len(places) - 1, 0]
    some = system.explain(rows.take([1]), materials, ends)
    assert list(some[0]) == [found[1][p] for p in ends], "an explanation is another than among all rows and places"
    if not replayed:
        return
    again = system.train(Rows(np.array(alone, np.int16), rows.keys[[r for r, _ in replayed]]), materials)
    for n, (r, p) in enumerate(replayed):
        was, now = found[r][p].value, float(again.values[n, p])
        assert abs(now - 0.5) <= tolerance or (now > 0.5) == (was > 0.5), (
            f"row {r} at {places[p].id!r} is {was:.3g}, and {now:.3g} with nothing but what it is said to rest on "
            f"({', '.join(found[r][p].items)})"
        )


def _present(rows: Rows, r: int, materials: Materials) -> set[str]:
    items = materials.seed.items
    return {i.id for i, v in zip(items, rows.variants[r], strict=True) if v != i.index_of(ABSENT)}


def _check_steps(e: Explanation, present: set[str], says: str) -> None:
    used = {len(e.steps) - 1}
    for n in range(len(e.steps) - 1, -1, -1):
        step = e.steps[n]
        assert step.says, f"{says}: step {n} says nothing"
        assert step.rule, f"{says}: step {n} names no rule"
        assert 0.0 <= step.weight <= 1.0, f"{says}: step {n} weighs {step.weight:g}, which is not in [0, 1]"
        assert all(0 <= of < n for of in step.of), f"{says}: step {n} follows from {step.of}, not all of them earlier"
        assert n in used, f"{says}: step {n} serves no later one, and the last step is the verdict"
        used.update(step.of)
    named = {i for step in e.steps for i in step.items}
    strange = sorted((named | set(e.items)) - present)
    assert not strange, f"{says}: it rests on {strange[0]!r}, which is not in the row's seed" if strange else ""
    left = sorted(set(e.items) - named)
    assert not left, f"{says}: it rests on {left[0]!r}, which no step says" if left else ""
    assert bool(e.steps) or not e.items, f"{says}: it rests on items, and has no steps"


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
