"""A file on disk as a list of records: a line number and named fields, whatever the format and whatever it is for.

CSV and TSV, JSON lines, JSON (a list), Parquet, YAML and Markdown. Everything that can be wrong with the *file* is
found here; what can be wrong with a *field* is found where it is known what the field means.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from activeseed.formats.delimited import read_sheet
from activeseed.formats.json_text import parse_json, parse_lines
from activeseed.formats.markdown import read_markdown
from activeseed.formats.parquet import parquet_rows
from activeseed.formats.plain import FormatError, decode, existing_file, read_bytes
from activeseed.formats.yaml_text import yaml_records

FORMATS = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet", ".yaml", ".yml", ".md", ".markdown")

#: names of the list of criteria in a rubric
CRITERIA = ("rubrics", "rubric", "criteria")

_HINTS = {
    ".xlsx": "Save the sheet as CSV (UTF-8).",
    ".xls": "Save the sheet as CSV (UTF-8).",
    ".ods": "Save the sheet as CSV (UTF-8).",
    ".txt": "If it lists one item a line or paragraph, rename it to .md; if it has columns, to .csv.",
    ".gz": "Unpack it first.",
    ".zip": "Unpack it first.",
    ".docx": "Save it as Markdown or plain text with the ending .md.",
    ".pdf": "Copy its text into a file that ends in .md.",
}


@dataclass(frozen=True)
class Record:
    """Named fields of one item, and the line (for Parquet: the row) at which it starts, counted from 1."""

    line: int
    fields: dict[str, Any]


@dataclass(frozen=True)
class RecordFile:
    """All records of one file, in order.

    Attributes:
        unit: what a record's number counts: a line, a row or an entry.
        notes: a sentence for everything that the reader left out though it may be meant.
    """

    path: Path
    records: list[Record]
    unit: str = "line"
    notes: tuple[str, ...] = ()

    def holding(self, records: list[Record]) -> RecordFile:
        """The same file with other records."""
        return RecordFile(self.path, records, self.unit, self.notes)

    @cached_property
    def name(self) -> str:
        return self.path.name

    def where(self, record: Record) -> str:
        """What an error message starts with: ``positives.jsonl:17``, or ``seed.parquet, row 17``."""
        if self.unit == "line":
            return f"{self.name}:{record.line}"
        return f"{self.name}, {self.unit} {record.line}"

    @cached_property
    def columns(self) -> list[str]:
        """Every field name that occurs, in order of first appearance."""
        return list(dict.fromkeys(name for record in self.records for name in record.fields))


@dataclass(frozen=True)
class _How:
    unfinished: bool
    bare: bool


def read_records(
    path: str | os.PathLike[str], *, otherwise: str = "", unfinished: bool = False, bare: bool = True
) -> RecordFile:
    """Read a file of any known format.

    Args:
        otherwise: the format of a file whose ending is none of the known ones, such as ``.jsonl``.
        unfinished: of JSON lines, pass over a last one that somebody is writing just now.
        bare: whether a text by itself is a record that has only a ``text``.

    Raises:
        FormatError: no such file, a folder, no known format, not UTF-8, not well-formed, too large.
    """
    file = existing_file(path, FORMATS)
    ending = file.suffix.lower()
    if ending not in _READERS:
        ending = otherwise
    if not ending:
        hint = _HINTS.get(file.suffix.lower(), "Name the file by its format.")
        named = repr(file.suffix) if file.suffix else "no ending"
        raise FormatError(f"{file}: {named} is no format that can be read ({', '.join(FORMATS)}). {hint}")
    return _READERS[ending](file, read_bytes(file), _How(unfinished, bare))


def is_delimited(path: Path) -> bool:
    """Whether a file's ending says that it is a sheet."""
    return path.suffix.lower() in (".csv", ".tsv")


def _csv(file: Path, data: bytes, how: _How) -> RecordFile:
    sheet = read_sheet(file.name, decode(file, data))
    return RecordFile(file, [Record(line, dict(fields)) for line, fields in sheet.records()])


def _jsonl(file: Path, data: bytes, how: _How) -> RecordFile:
    text = decode(file, data)
    if text.lstrip().startswith("[") and "\n" in text.strip():
        raise FormatError(f"{file.name}:1: this is one JSON list, not JSON Lines. Rename the file to end in .json.")
    lines = parse_lines(file.name, text, unfinished=how.unfinished)
    return RecordFile(file, [Record(n, _mapping(value, f"{file.name}:{n}", how.bare)) for n, value in lines])


def _json(file: Path, data: bytes, how: _How) -> RecordFile:
    value = parse_json(decode(file, data), file.name)
    if isinstance(value, dict) and isinstance(value.get("items"), list):
        value = value["items"]
    elif isinstance(value, dict) and any(isinstance(value.get(name), list) for name in CRITERIA):
        value = [value]
    if not isinstance(value, list):
        raise FormatError(f"{file.name}: expected a JSON list of items. For one object a line, name the file .jsonl.")
    records = [
        Record(n, _mapping(entry, f"{file.name}, entry {n}", how.bare)) for n, entry in enumerate(value, start=1)
    ]
    return RecordFile(file, records, "entry")


def _mapping(value: Any, where: str, bare: bool) -> dict[str, Any]:
    """An object as it is; a bare string, where it may be one, is an item that has only a text."""
    if isinstance(value, str) and bare:
        return {"text": value}
    if not isinstance(value, dict):
        raise FormatError(f'{where}: expected an object like {{"name": "value"}}, found {type(value).__name__}.')
    return value


def _parquet(file: Path, data: bytes, how: _How) -> RecordFile:
    return RecordFile(file, [Record(n, row) for n, row in enumerate(parquet_rows(file, data), 1)], "row")


def _yaml(file: Path, data: bytes, how: _How) -> RecordFile:
    return RecordFile(file, [Record(line, f) for line, f in yaml_records(file.name, decode(file, data))])


def _markdown(file: Path, data: bytes, how: _How) -> RecordFile:
    read = read_markdown(file.name, decode(file, data))
    return RecordFile(file, [Record(p.start + 1, p.fields) for p in read.places], notes=read.notes)


_READERS: dict[str, Callable[[Path, bytes, _How], RecordFile]] = {
    ".csv": _csv,
    ".tsv": _csv,
    ".jsonl": _jsonl,
    ".ndjson": _jsonl,
    ".json": _json,
    ".parquet": _parquet,
    ".yaml": _yaml,
    ".yml": _yaml,
    ".md": _markdown,
    ".markdown": _markdown,
}
