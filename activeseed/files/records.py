"""A file on disk as a list of records: a line number and named fields, whatever the format.

CSV and TSV (comma, semicolon or tab), JSON Lines, JSON (a list), Parquet, YAML and Markdown. Everything that can be
wrong with the *file* is found here; what can be wrong with a *field* is found in ``fields``.
"""

from __future__ import annotations

import csv
import difflib
import io
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from activeseed.errors import SeedError
from activeseed.files.markdown import markdown_records
from activeseed.files.structured import parse_json, yaml_records

FORMATS = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet", ".yaml", ".yml", ".md", ".markdown")

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

_MAGIC = {
    b"PAR1": ("a Parquet file", "rename it to end in .parquet"),
    b"PK\x03\x04": ("a zip archive or an office document", "save the sheet as CSV (UTF-8), or unpack the archive"),
    b"\x1f\x8b": ("compressed with gzip", "unpack it first"),
    b"%PDF": ("a PDF", "copy its text into a file that ends in .md"),
    b"\xff\xfe": ("UTF-16 text", "save it as UTF-8"),
    b"\xfe\xff": ("UTF-16 text", "save it as UTF-8"),
}


@dataclass(frozen=True)
class Record:
    """Named fields of one item, and the line (for Parquet: the row) at which it starts, counted from 1."""

    line: int
    fields: dict[str, Any]


@dataclass(frozen=True)
class RecordFile:
    """All records of one file, in order. ``unit`` is what a record's number counts: a line, a row or an entry."""

    path: Path
    records: list[Record]
    unit: str = "line"

    @cached_property
    def name(self) -> str:
        return self.path.name

    def where(self, record: Record) -> str:
        """What an error message starts with: ``positives.jsonl:17``, or ``seed.parquet, row 17``."""
        if self.unit == "line":
            return f"{self.name}:{record.line}"
        return f"{self.name}, {self.unit} {record.line}"

    @property
    def columns(self) -> list[str]:
        """Every field name that occurs, in order of first appearance."""
        return list(dict.fromkeys(name for record in self.records for name in record.fields))


def read_records(path: str | os.PathLike[str]) -> RecordFile:
    """Read a file of any known format.

    Raises:
        SeedError: no such file, a folder, no known format, not UTF-8, not well-formed.
    """
    file = existing_file(path)
    reader = _READERS.get(file.suffix.lower())
    if reader is None:
        hint = _HINTS.get(file.suffix.lower(), "Name the file by its format.")
        ending = repr(file.suffix) if file.suffix else "no ending"
        raise SeedError(f"{file}: {ending} is no format that can be read ({', '.join(FORMATS)}). {hint}")
    try:
        data = file.read_bytes()
    except OSError as error:
        raise SeedError(f"{file}: can't be read ({error.strerror}). Check its permissions.") from error
    if file.suffix.lower() != ".parquet":
        for magic, (what, remedy) in _MAGIC.items():
            if data.startswith(magic):
                raise SeedError(f"{file}: this is {what}, not {file.suffix[1:]}; {remedy}.")
    return reader(file, data)


def existing_file(path: str | os.PathLike[str]) -> Path:
    """The path, once it is known to be a file. Raises SeedError that names the nearest file, or the folder's files."""
    file = Path(path)
    if file.is_file():
        return file
    if file.is_dir():
        inside = sorted(p.name for p in file.iterdir() if p.suffix.lower() in FORMATS)
        hint = f" It holds: {', '.join(inside[:5])}." if inside else " It holds no file of a known format."
        raise SeedError(f"{file}: this is a folder; give a file.{hint}")
    if not file.parent.is_dir():
        raise SeedError(f"{file}: there is no folder {str(file.parent)!r}. Check the path.")
    close = difflib.get_close_matches(file.name, [p.name for p in file.parent.iterdir()], n=1, cutoff=0.5)
    hint = f" Did you mean {str(file.parent / close[0])!r}?" if close else f" Looked in {str(file.parent.resolve())!r}."
    raise SeedError(f"{file}: no such file.{hint}")


def decode(file: Path, data: bytes) -> str:
    """UTF-8 with or without a byte-order mark. Raises SeedError with the byte offset and line of the first bad byte."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # Offsets of utf-8-sig are counted after the mark.
        offset = error.start + (3 if data.startswith(b"\xef\xbb\xbf") else 0)
        line = data.count(b"\n", 0, offset) + 1
        raise SeedError(
            f"{file.name}:{line}: byte 0x{data[offset]:02x} at offset {offset} is not UTF-8 ({error.reason}). "
            "Save the file as UTF-8."
        ) from error


def _csv(file: Path, data: bytes) -> RecordFile:
    text = decode(file, data)
    head = text.split("\n", 1)[0]
    delimiter = "\t" if file.suffix.lower() == ".tsv" else ";" if ";" in head and "," not in head else ","
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    records: list[Record] = []
    header: list[str] | None = None
    # The reader's own limit on a cell is 128 KiB; the limit on a text is stated where texts are checked.
    limit = csv.field_size_limit(max(len(text), 1))
    start = 1
    try:
        for cells in rows:
            line, start = start, rows.line_num + 1
            if not any(c.strip() for c in cells):
                continue
            if header is None:
                header = _header(file, line, cells)
            elif len(cells) > len(header):
                raise SeedError(
                    f"{file.name}:{line}: {len(cells)} cells, but the header names {len(header)} columns. "
                    f"Put quotes around a cell that contains {delimiter!r}."
                )
            else:
                # An empty cell is a missing field: CSV can't tell the two apart.
                records.append(Record(line, {k: c for k, c in zip(header, cells, strict=False) if c != ""}))
    except csv.Error as error:
        raise SeedError(
            f"{file.name}:{start}: not well-formed CSV ({error}). Look for a quotation mark that is never closed; "
            'inside a quoted cell a quotation mark is written twice ("").'
        ) from error
    finally:
        csv.field_size_limit(limit)
    return RecordFile(file, records)


def _header(file: Path, line: int, cells: list[str]) -> list[str]:
    names = [c.strip() for c in cells]
    for n, name in enumerate(names):
        if not name:
            raise SeedError(f"{file.name}:{line}: column {n + 1} has no name. The first line must name the columns.")
        if name in names[:n]:
            raise SeedError(f"{file.name}:{line}: two columns are named {name!r}. Rename one.")
    return names


def _jsonl(file: Path, data: bytes) -> RecordFile:
    text = decode(file, data)
    if text.lstrip().startswith("[") and "\n" in text.strip():
        raise SeedError(f"{file.name}:1: this is one JSON list, not JSON Lines. Rename the file to end in .json.")
    records = []
    name = file.name  # a pathlib property takes its time
    # Not splitlines: it also splits at characters that may stand inside a JSON string.
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            where = f"{name}:{number}"
            records.append(Record(number, _mapping(parse_json(line, where), where)))
    return RecordFile(file, records)


def _json(file: Path, data: bytes) -> RecordFile:
    value = parse_json(decode(file, data), file.name)
    if isinstance(value, dict) and isinstance(value.get("items"), list):
        value = value["items"]
    if not isinstance(value, list):
        raise SeedError(f"{file.name}: expected a JSON list of items. For one object a line, name the file .jsonl.")
    records = [Record(n, _mapping(entry, f"{file.name}, entry {n}")) for n, entry in enumerate(value, start=1)]
    return RecordFile(file, records, "entry")


def _mapping(value: Any, where: str) -> dict[str, Any]:
    """An object as it is; a bare string is an item that has only a text."""
    if isinstance(value, str):
        return {"text": value}
    if not isinstance(value, dict):
        raise SeedError(f'{where}: expected an object like {{"text": "..."}}, found {type(value).__name__}.')
    return value


def _parquet(file: Path, data: bytes) -> RecordFile:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(io.BytesIO(data))
        rows = table.to_pylist()
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = str(error).split("\n")[0][:200]
        raise SeedError(f"{file}: not a readable Parquet file ({reason}). Write it again.") from error
    # pandas writes an unnamed index as a column of its own; it says nothing about the items.
    hidden = {name for name in table.column_names if name.startswith("__index_level_")}
    return RecordFile(
        file, [Record(n, {k: v for k, v in r.items() if k not in hidden}) for n, r in enumerate(rows, 1)], "row"
    )


def _yaml(file: Path, data: bytes) -> RecordFile:
    return RecordFile(file, [Record(line, f) for line, f in yaml_records(file.name, decode(file, data))])


def _markdown(file: Path, data: bytes) -> RecordFile:
    return RecordFile(file, [Record(line, f) for line, f in markdown_records(decode(file, data))])


_READERS: dict[str, Callable[[Path, bytes], RecordFile]] = {
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

__all__ = ["FORMATS", "Record", "RecordFile", "decode", "existing_file", "read_records"]
