"""Outcomes that a user names: of this study's seed, of a file, or of another project."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from activeseed.analyses.comparison.given import Given, Runs
from activeseed.analyses.sides import Side
from activeseed.errors import FolderError, PlanError, nearest
from activeseed.formats import FORMATS, Record, RecordFile, read_records, said_as
from activeseed.seed import Probe
from activeseed.study.naming import is_side, side_named
from activeseed.study.state import State

if TYPE_CHECKING:
    from activeseed.study import Study

#: what columns of a file of outcomes may be called, the usual name first
PROBE = ("probe", "id", "probe_id", "place")
VALUE = ("value", "outcome", "probability", "score", "prediction", "p")
RUN = ("run", "key", "replicate", "repeat")


def outcome_named(text: str, state: State, probes: Sequence[Probe]) -> Side | Given | Path:
    """A side of this study's seed, outcomes of a file, or the folder of another project.

    Names of this study come first: a file that is called like one is named with its folder, ``./v0``.

    Raises:
        PlanError, SeedError: see ``side_named``; a file without the columns, or with outcomes that are no numbers.
        FolderError: a folder that holds no project.
    """
    path = Path(text.strip() or ".")
    if not _is_path(text, path) or is_side(text, state):
        return side_named(text, state)
    if path.is_dir():
        if not (path / "activeseed.toml").is_file():
            raise FolderError(f"{path} holds no project, so it has no outcome. Name a project's folder, or a file.")
        return path
    return read_outcomes(path, probes)


def given_of(study: Study, probes: Sequence[Probe], keys: int) -> Given:
    """Another project's seed as it stands, trained by its own system under keys of its own.

    Raises PlanError where it holds another text at a probe of the same id, or lacks one (before anything is trained).
    """
    name = str(study.folder)
    study.take_in()
    places = study.system.places(study.materials)
    theirs = {p.id: p for p in places}
    other = [p.id for p in probes if p.id in theirs and theirs[p.id].payload.digest != p.payload.digest]
    if other:
        raise PlanError(
            f"{name}: probe {other[0]!r} says something else there{_and_more(other)}, and outcomes are compared at the "
            "same probes. Give different texts different ids."
        )
    empty = Given(name=name, probes=tuple(theirs), values=((0.0,) * len(theirs),))
    empty.at(probes)
    outcomes = study.analyse(Runs(Side(name=name), keys))
    values = outcomes.values[outcomes.ok]
    if not len(values):
        raise PlanError(f"{name}: nothing trained there: {next(iter(outcomes.failures.values()), 'unknown why')}")
    return Given(
        name=name, probes=tuple(theirs), values=tuple(tuple(map(float, row)) for row in values),
        exact=not study.system.traits.streams,
    )  # fmt: skip


def same_places(study: Study, other: Study) -> None:
    """Raise PlanError unless two projects look at the same probes, in the same unit: else spreads can't be compared."""
    name = str(other.folder)
    other.take_in()
    mine, theirs = study.system.places(study.materials), other.system.places(other.materials)
    known = {p.id: p for p in theirs}
    missing = [p.id for p in mine if p.id not in known]
    beyond = sorted({p.id for p in theirs} - {p.id for p in mine})
    if missing or beyond:
        which = f"lacks probe {missing[0]!r}" if missing else f"has a probe {beyond[0]!r} besides"
        raise PlanError(
            f"{name} {which}{_and_more(missing or beyond)}, and two trainers are compared at the same probes. Give "
            "both projects the same file of probes."
        )
    changed = [p.id for p in mine if known[p.id].payload.digest != p.payload.digest or known[p.id].weight != p.weight]
    if changed or [p.id for p in mine] != [p.id for p in theirs]:
        which = f"probe {changed[0]!r} is another one there{_and_more(changed)}" if changed else "their order differs"
        raise PlanError(f"{name}: {which}. Give both projects the same file of probes.")
    units = study.system.geometry(study.materials).unit, other.system.geometry(other.materials).unit
    if units[0] != units[1]:
        raise PlanError(
            f"{name} measures in {units[1]}, and this project in {units[0]}. Set [system] compare alike in both."
        )


def read_outcomes(path: Path, probes: Sequence[Probe] = ()) -> Given:
    """Outcomes from CSV, TSV, JSON Lines, JSON, Parquet or YAML: a line for each probe and run.

    Columns: ``probe`` (or ``id``), ``value`` (or ``outcome``, ``probability``, ``score``), and, where there are several
    runs, ``run`` (or ``key``).

    Args:
        probes: the study's; those of the file that it does not have are left out.

    Raises:
        PlanError: no such columns, an outcome that is no finite number, one that comes twice, a run that lacks a probe.
    """
    with said_as(PlanError):
        file = read_records(path, bare=False)
    if not file.records:
        raise PlanError(f"{path.name} holds no outcomes. Give a line for each probe, with its id and its value.")
    probe, value, run = (_column(file, names, wanted) for names, wanted in ((PROBE, True), (VALUE, True), (RUN, False)))
    known = {p.id for p in probes}
    runs: dict[str, dict[str, float]] = {}
    strangers: list[str] = []
    for record in file.records:
        name = str(record.fields.get(probe) or "").strip()
        if not name:
            raise PlanError(f"{file.where(record)}: no probe is named in {probe!r}. Put its id there.")
        if known and name not in known:
            strangers.append(name)
            continue
        of = runs.setdefault(str(record.fields.get(run, "")) if run else "", {})
        if name in of:
            raise PlanError(
                f"{file.where(record)}: probe {name!r} has an outcome already"
                + (f" in run {record.fields.get(run)!r}. Leave one out." if run else
                   f". Leave one out, or say which run each is of in a column {RUN[0]!r}.")
            )  # fmt: skip
        of[name] = _number(file, record, value)
    if not runs:
        near = nearest(strangers[0], list(known))
        raise PlanError(
            f"{path.name}: none of its {len(set(strangers))} probes is one of this study's.{near} Outcomes are "
            "compared at the same probes, by their ids."
        )
    ids = tuple(p.id for p in probes) or tuple(next(iter(runs.values())))
    for name, of in runs.items():
        if missing := [i for i in ids if i not in of]:
            where = f"run {name!r} of {path.name}" if run else path.name
            raise PlanError(
                f"{where} has no outcome at {len(missing)} of {len(ids)} probes (the first: {missing[0]!r}), and "
                "outcomes are compared at the same probes. Add them, or leave the run out."
            )
    return Given(name=path.name, probes=ids, values=tuple(tuple(of[i] for i in ids) for of in runs.values()))


def _number(file: RecordFile, record: Record, column: str) -> float:
    said = record.fields.get(column)
    number = math.nan
    if not isinstance(said, bool):
        with suppress(TypeError, ValueError):
            number = float(str(said).strip().replace(",", ".")) if isinstance(said, str) else float(said)  # type: ignore[arg-type]
    if not math.isfinite(number):
        raise PlanError(
            f"{file.where(record)}: {column} is {str(said)[:60]!r}, which is no finite number. Put what the "
            "trainer returned there, or train it again."
        )
    return number


def _column(file: RecordFile, names: Sequence[str], wanted: bool) -> str:
    lower = {c.strip().casefold(): c for c in file.columns}
    found = next((lower[n] for n in names if n in lower), "")
    if not found and wanted:
        others = [c for c in lower if c not in {*PROBE, *VALUE, *RUN}]
        near = next((hint for c in others if (hint := nearest(c, names))), "")
        raise PlanError(
            f"{file.name} has no column {names[0]!r} (nor {', '.join(repr(n) for n in names[1:4])}); it has "
            f"{', '.join(repr(c) for c in file.columns[:8])}.{near} Name the columns probe, value and, for several "
            "runs, run."
        )
    return found


def _is_path(text: str, path: Path) -> bool:
    if path.suffix.lower() in FORMATS or text.startswith((".", "/", "~")) or "/" in text or "\\" in text:
        return True
    with suppress(OSError, ValueError):
        return path.exists()
    return False


def _and_more(names: Sequence[str]) -> str:
    return f" (and {len(names) - 1} more do)" if len(names) > 1 else ""
