"""Entries in files: columns that are an entry's fields, as they are read, and as they are written to be read again."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from activeseed.errors import SeedError
from activeseed.files.fields import ITEM_FIELDS, given
from activeseed.formats import Record, RecordFile, json_line, parse_json, said_as

#: whole numbers up to here are written without a fraction, and lose nothing by it
_WHOLE = 1e15
#: of how much a column's name has to agree with a field's to be a slip of the pen
_SLIP = 0.8


def with_entries(file: RecordFile, names: Sequence[str]) -> RecordFile:
    """The records of a file whose lines are entries: the columns of these names, in any case, are their fields.

    An object in a column called ``fields`` holds further ones. A line that says by itself that it is an entry, as
    files do that were written without names, stays as it is, and so does a file without any of these columns: whoever
    trains on it says what it lacks. A column that is nearly called so is noted. Raises SeedError for an object that is
    no JSON.
    """
    file, records, known = _doubted(file, names), [], {name.casefold(): name for name in names}
    if not any(_fold(column) in known for column in file.columns):
        return file
    for record in file.records:
        fields = dict(record.fields)
        if str(given(fields, "kind") or "").lower() != "entry":
            mine = {c: known[_fold(c)] for c in fields if _fold(c) in known}
            said = {name: cell(fields[c]) for c, name in mine.items() if given(fields, c) is not None}
            fields = {c: v for c, v in fields.items() if c not in mine}
            said |= _further(file.where(record), fields)
            fields |= {"kind": "entry", "fields": said}
        records.append(Record(record.line, fields))
    return file.holding(records)


def cell(value: Any) -> Any:
    """What a cell holds: JSON where it is a list, an object or a number, else the text."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return value


def as_cell(value: Any) -> str:
    """A field as a cell from which ``cell`` makes it again: texts in quotation marks only where they need them."""
    return value if isinstance(value, str) and _is_itself(value) else json_line(value).rstrip("\n")


def in_columns(record: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """An entry's record with a column for each of its named fields; others stay in ``fields``.

    A record without any of them stays as it is. Metadata that is called like a field goes into ``metadata``.
    """
    fields, known = record["fields"], {name.casefold() for name in names}
    mine = {name: fields[name] for name in names if name in fields}
    if not mine:
        return dict(record)
    beside = {k: v for k, v in record.items() if k not in ITEM_FIELDS and _fold(k) in known}
    out = {k: v for k, v in record.items() if k not in ("kind", "fields", *beside)}
    out |= {name: as_cell(v) if isinstance(v, str) else v for name, v in mine.items()}
    if "vector" in mine:  # reading makes them floats again
        out["vector"] = [_shortest(v) for v in mine["vector"]]
    if others := {k: v for k, v in fields.items() if k not in mine}:
        out["fields"] = others
    if beside:
        out["metadata"] = {**record.get("metadata", {}), **beside}
    return out


def _doubted(file: RecordFile, names: Sequence[str]) -> RecordFile:
    """The file, with a note on each column that is nearly called like a field which no column has."""
    present = {_fold(column) for column in file.columns}
    missing = {name.casefold(): name for name in names if name.casefold() not in present}
    known = {*ITEM_FIELDS, *(name.casefold() for name in names)}
    slips = {c: difflib.get_close_matches(_fold(c), missing, 1, _SLIP) for c in file.columns if _fold(c) not in known}
    notes = [
        f"{file.name}: the column {column!r} is metadata, and decides nothing. Did you mean {missing[near[0]]!r}?"
        for column, near in slips.items()
        if near
    ]
    return replace(file, notes=(*file.notes, *notes)) if notes else file


def _further(where: str, fields: dict[str, Any]) -> dict[str, Any]:
    """What an object in the column ``fields`` adds; anything else that is called so is metadata under another name."""
    said = fields.pop("fields", None)
    if isinstance(said, str) and said.lstrip().startswith("{"):
        with said_as(SeedError):
            said = parse_json(said, f"{where}, 'fields'")
    if isinstance(said, Mapping):
        return dict(said)
    if said not in (None, ""):
        fields["fields (column)"] = said
    return {}


def _is_itself(text: str) -> bool:
    return bool(text) and cell(text) == text and isinstance(cell(text), str)


def _shortest(number: float) -> float:
    whole = number.is_integer() and abs(number) < _WHOLE and str(number) != "-0.0"
    return int(number) if whole else number


def _fold(name: str) -> str:
    return name.strip().casefold()


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number")
