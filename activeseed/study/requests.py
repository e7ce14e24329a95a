"""What a request comes to: names of all that it wants, and the batches of what was never trained.

The unit of what is kept is the row; for a system that trains cell by cell, a row at a place, whose name holds nothing
of the other places, so that one probe more pays for its cells alone. Whole rows are trained in the design's units, both
ends of a difference in one batch, since the last bits of a row depend on its company; cells depend on nothing else, and
none is trained twice. Rows are grouped by the system's settings, which a batch has in common.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np

from activeseed.errors import PlanError
from activeseed.looking.problem import is_per_cell, settings_of
from activeseed.outcome import Outcomes
from activeseed.plan import Design, Materials, Rows, join_rows, row_names
from activeseed.protocols import Batch, Request, SupportsReading, System
from activeseed.seed import Json, digest_of

#: rows of a design that are looked at together
_WINDOW = 1024


@dataclass(frozen=True)
class Part:
    """A batch as it is journalled: runs of row numbers, and the places where not all."""

    runs: tuple[tuple[int, int], ...]
    places: tuple[int, ...] | None = None

    @property
    def rows(self) -> list[int]:
        return [r for start, stop in self.runs for r in range(start, stop)]

    def __len__(self) -> int:
        return sum(stop - start for start, stop in self.runs)


@dataclass(frozen=True)
class Wanted:
    """All that a request wants.

    Attributes:
        request: as the analysis put it.
        names: one a row; for a system that trains cell by cell one a cell, row by row.
        id: names the request, so that its plan is found again.
        width: cells a row; None where rows are trained whole.
        settings: (R,) number of the combination of settings that each row has.
        combinations: choices of the system's settings, by that number.
    """

    request: Request
    names: list[str]
    id: str
    width: int | None
    settings: list[int] = field(default_factory=list)
    combinations: list[tuple[int, ...]] = field(default_factory=list)

    def cells(self, rows: Sequence[int], places: Sequence[int] | None) -> list[int]:
        """Positions in ``names`` of what a batch holds, row by row."""
        if self.width is None:
            return list(rows)
        at = range(self.width) if places is None else self._columns(places)
        return [r * self.width + p for r in rows for p in at]

    def _columns(self, places: Sequence[int]) -> list[int]:
        asked = self.request.places
        return list(places) if asked is None else [asked.index(p) for p in places]


def wanted(
    request: Request, system: System, materials: Materials, context: bytes, attempt: Callable[[list[str]], int]
) -> Wanted:
    """Name all that a request wants. Raises PlanError where a row has settings that the system has not.

    Args:
        context: digest of everything that all rows share.
        attempt: how often what failed under such names was given another try.
    """
    design, factors = request.design, settings_of(system)
    if request.settings and not factors:
        raise PlanError(f"System {system.kind!r} has no settings that can be perturbed.")
    now = {f.id: f.choices[0].setting for f in factors}
    besides = {path: value for path, value in request.settings.items() if path not in now or now[path] != value}
    if request.probes:
        materials = asked_at(request, materials)
        context = context_of(system, materials)
    per_cell = is_per_cell(system) and request.cotangents is None and not request.state
    if per_cell:
        context = context_of(system, materials.at(()))
    names: list[str] = []
    settings: list[int] = []
    combinations: dict[tuple[int, ...], int] = {}
    items = len(materials.seed)
    for start, stop in windows(design):
        rows = design.block(start, stop)
        beyond = rows.variants[:, items:]
        if beyond.shape[1] not in (0, len(factors)):
            raise PlanError(
                f"{request.purpose}: rows have {rows.variants.shape[1]} columns, where the seed has {items} items and "
                f"system {system.kind!r} {len(factors)} settings that can be perturbed."
            )
        names += row_names(context, materials.slots, rows, factors, besides)
        if beyond.shape[1]:
            settings += [combinations.setdefault(tuple(row), len(combinations)) for row in beyond.tolist()]
        else:
            settings += [combinations.setdefault((), len(combinations))] * len(rows)
    if request.cotangents is not None:
        if request.cotangents.shape[0] != design.size:
            raise PlanError(f"{request.purpose}: {len(request.cotangents)} cotangents for {design.size} rows.")
        said = np.ascontiguousarray(request.cotangents, np.float64)
        names = [_also(n, c.tobytes()) for n, c in zip(names, said, strict=True)]
    elif request.state:
        names = [_also(n, f"state {request.state}".encode()) for n in names]
    if request.fresh:
        names = _counted(names)
    width = None
    if per_cell:
        at = request.places if request.places is not None else tuple(range(len(materials.probes)))
        there = [context_of(system, materials.at((p,))) for p in at]
        names, width = [_also(n, p) for n in names for p in there], len(at)
    tries = attempt(names)
    suffix = f"/{tries}" if tries else ""
    return Wanted(
        request, names, hashlib.sha256(("".join(names) + suffix).encode()).hexdigest()[:24], width, settings,
        list(combinations),
    )  # fmt: skip


def comparable(outcomes: Outcomes, request: Request, rows: int, due: int) -> Outcomes:
    """The outcomes, failed where settings under which they were trained have other places than the ``due`` ones.

    Only of a request whose failures are an answer: such a value of a setting is no value to compare.
    """
    shape = outcomes.values.shape
    if not request.may_fail or request.state or shape == (rows, due) or shape[:1] != (rows,):
        return outcomes
    reason = f"there are {shape[1]} places under these settings, where {due} are due, so that outcomes don't compare"
    return Outcomes(
        np.full((rows, due), np.nan, np.float32), np.zeros(rows, np.bool_), dict.fromkeys(range(rows), reason)
    )


def parts(wanted: Wanted, known: Callable[[str], bool], chunk: int) -> list[Part]:
    """What was never trained, packed into batches of at most ``chunk`` rows (a unit stays whole where it fits)."""
    return _whole(wanted, known, chunk) if wanted.width is None else _by_cell(wanted, known, chunk)


def batches(wanted: Wanted, due: Sequence[tuple[int, Part]], system: System, items: int) -> Iterator[Batch]:
    """The batches as executors take them."""
    request, factors = wanted.request, settings_of(system)
    for number, part in due:
        rows = join_rows([request.design.block(start, stop) for start, stop in part.runs])
        numbers = part.rows
        chosen = wanted.combinations[wanted.settings[numbers[0]]]
        values = {f.id: f.choices[c].setting for f, c in zip(factors, chosen, strict=False) if c}
        values = {**request.settings, **values}
        cotangents = None if request.cotangents is None else request.cotangents[numbers]
        yield Batch(number, rows.of_items(items), part.places, values, cotangents, request.state)


def _whole(wanted: Wanted, known: Callable[[str], bool], chunk: int) -> list[Part]:
    """Units with a row that was never trained; rows that come twice are trained once."""
    names, unit = wanted.names, min(wanted.request.design.unit, chunk)
    packed = _Packing(chunk)
    planned: set[str] = set()
    for start in range(0, len(names), unit):
        stop = min(start + unit, len(names))
        if all(known(n) or n in planned for n in names[start:stop]):
            continue
        planned.update(names[start:stop])
        edges = [start, *(r for r in range(start + 1, stop) if wanted.settings[r] != wanted.settings[r - 1]), stop]
        if len(edges) == 2:
            packed.add(wanted.settings[start], None, [(start, stop)])
            continue
        for setting in dict.fromkeys(wanted.settings[start:stop]):  # a unit whose rows differ in settings comes apart
            packed.add(setting, None, [(a, b) for a, b in pairwise(edges) if wanted.settings[a] == setting])
    return packed.done()


def _by_cell(wanted: Wanted, known: Callable[[str], bool], chunk: int) -> list[Part]:
    """Rows with the same missing places together, each cell once."""
    width = wanted.width or 0
    asked = wanted.request.places
    packed = _Packing(chunk)
    planned: set[str] = set()
    for r in range(len(wanted.settings)):
        mine = wanted.names[r * width : (r + 1) * width]
        missing = [p for p, name in enumerate(mine) if not known(name) and name not in planned]
        planned.update(mine[p] for p in missing)
        if missing:
            places = tuple(missing if asked is None else (asked[p] for p in missing))
            packed.add(wanted.settings[r], places, [(r, r + 1)])
    return packed.done()


class _Packing:
    """Runs of rows into batches that have settings and places in common."""

    def __init__(self, chunk: int) -> None:
        self._chunk = chunk
        self._open: dict[tuple[int, tuple[int, ...] | None], list[tuple[int, int]]] = {}
        self._done: list[Part] = []

    def add(self, setting: int, places: tuple[int, ...] | None, runs: Sequence[tuple[int, int]]) -> None:
        mine = self._open.setdefault((setting, places), [])
        size = sum(stop - start for start, stop in runs)
        if mine and sum(stop - start for start, stop in mine) + size > self._chunk:
            self._done.append(Part(tuple(mine), places))
            mine.clear()
        for start, stop in runs:
            if mine and mine[-1][1] == start:
                mine[-1] = mine[-1][0], stop
            else:
                mine.append((start, stop))

    def done(self) -> list[Part]:
        return [*self._done, *(Part(tuple(runs), places) for (_, places), runs in self._open.items() if runs)]


def windows(design: Design) -> Iterator[tuple[int, int]]:
    """Row numbers of a design in windows of whole units."""
    step = max(design.unit, _WINDOW // design.unit * design.unit)
    return pairwise([*range(0, design.size, step), design.size])


def rows_at(design: Design, numbers: Sequence[int]) -> Rows:
    """The rows of a design with these numbers, in this order."""
    runs: list[list[int]] = []
    for r in numbers:
        if runs and runs[-1][1] == r:
            runs[-1][1] = r + 1
        else:
            runs.append([r, r + 1])
    return join_rows([design.block(start, stop) for start, stop in runs])


def asked_at(request: Request, materials: Materials) -> Materials:
    """What a request's rows are trained with: the study's materials, at its own probes where it names some."""
    return replace(materials, probes=request.probes) if request.probes else materials


def context_of(system: System, materials: Materials) -> bytes:
    """Digest of everything that all rows of a study share: part of every row's name."""
    said: dict[str, Json] = {"kind": system.kind, "revision": system.revision, "record": system.record()}
    if isinstance(system, SupportsReading):  # what a trainer sees of the items besides their payloads
        said["reads"] = system.also_reads(materials)
    return hashlib.sha256(digest_of(said) + materials.digest).digest()[:16]


def _also(name: str, more: bytes) -> str:
    return hashlib.sha256(name.encode() + more).hexdigest()[:32]


def _counted(names: list[str]) -> list[str]:
    """Equal names told apart by how often they came before, so that a re-run is a row of its own."""
    seen: Counter[str] = Counter()
    out = []
    for name in names:
        out.append(f"{name}~{seen[name]}" if seen[name] else name)
        seen[name] += 1
    return out
