"""CSV and TSV: one reader that finds a file's own delimiter, and one writer whose cells no spreadsheet runs.

Spreadsheets save with commas, semicolons or tabs, with a byte-order mark or without, and may put ``sep=;`` first. A
cell that begins like a formula is *guarded*: it is written with an apostrophe before it. A row that is to be read back
says so in a column of its own, so that guards come off where they were put on, and an author's own apostrophes stay.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from activeseed.formats.plain import FormatError

DELIMITERS = ",;\t|"
#: names the cells of a row that were guarded
GUARDED = "guarded"

#: so many rows say which delimiter a sheet has
_LOOKED_AT = 20
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?[,;|\s]*?(\r\n|\n|\r|$)', re.IGNORECASE)
#: what programs leave in a header, and nobody sees: byte-order marks, spaces of no width
_INVISIBLE = re.compile("[\ufeff\u200b\u200c\u200d\u2060]")
_FORMULA = re.compile(r"'*[=+\-@\t\r\uff0b\uff0d\uff1d\uff20]")


def guard(cell: str) -> str:
    """A cell that a spreadsheet shows and never runs. ``unguard(guard(cell)) == cell`` for every text."""
    return "'" + cell if _FORMULA.match(cell) else cell


def unguard(cell: str) -> str:
    """A guarded cell as it was; any other is left alone."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def unguarded_copy(cell: str, of: str) -> str:
    """What somebody made of a guarded copy of ``of``, without the guard: apostrophes that ``of`` began with stay."""
    marks = len(of) - len(of.lstrip("'"))
    return unguard(cell) if guard(of) != of and cell.startswith("'" * (marks + 1)) else cell


@dataclass(frozen=True)
class Sheet:
    """A delimited text, read.

    Attributes:
        text: all of it, without a byte-order mark.
        delimiter: what stands between its cells.
        header: the names of its columns, as written, without outer space.
        rows: (first line, last line, cells) of every row below the header that is not blank; lines from 1.
    """

    text: str
    delimiter: str
    header: list[str]
    rows: list[tuple[int, int, list[str]]]

    @cached_property
    def newline(self) -> str:
        """How its lines end."""
        return "\r\n" if "\r\n" in self.text else "\n"

    def records(self) -> list[tuple[int, dict[str, str]]]:
        """(line, column -> cell) of every row, guards taken off. A cell that a short row lacks is missing."""
        named = [n for n, name in enumerate(self.header) if name]
        out = []
        for line, _, cells in self.rows:
            record = {self.header[n]: cells[n] for n in named if n < len(cells)}
            out.append((line, _plain(record) if GUARDED in record else record))
        return out

    def without(self, column: str, values: set[str]) -> str:
        """The text without the rows that have one of the values in a column; every other byte stays."""
        lines = list(io.StringIO(self.text, newline=""))
        at = self.header.index(column)
        for first, last, cells in self.rows:
            if at < len(cells) and cells[at] in values:
                lines[first - 1 : last] = [""] * (last - first + 1)
        return "".join(lines)

    def more(self, records: Sequence[Mapping[str, str]]) -> str:
        """The text with further rows, in its own columns and with its own delimiter."""
        end = "" if self.text.endswith(("\n", "\r")) else self.newline
        return self.text + end + _written(records, self.header, self.delimiter, self.newline, header=False)


def _plain(record: dict[str, str]) -> dict[str, str]:
    """A row without its guards, if that is what its column of that name speaks of: it may be an author's own."""
    said = record[GUARDED]
    try:
        names = json.loads(said) if said else []
    except (ValueError, RecursionError):
        return record
    if not isinstance(names, list) or not all(isinstance(n, str) and n in record for n in names):
        return record
    kept = {k: v for k, v in record.items() if k != GUARDED}
    return kept | {name: unguard(kept[name]) for name in names if name in kept}


def read_sheet(name: str, text: str) -> Sheet:
    """A delimited text. Raises FormatError naming the line.

    The delimiter is what a ``sep=`` line says. Else it is what parts the most rows into as many cells as the header;
    then what parts the header into most; then a comma, a semicolon, a tab.
    """
    body, before, said = text, 0, ""
    if found := _SEPARATOR_LINE.match(text):
        said, body, before = found[1], text[found.end() :], 1
    # Python's own limit on a cell is 128 KiB; the limit on a text is stated where texts are checked.
    limit = csv.field_size_limit(max(len(text), 1))
    try:
        return _parsed(name, text, body, before, said or _delimiter(body))
    finally:
        csv.field_size_limit(limit)


def _delimiter(body: str) -> str:
    """The delimiter of the first rows that are not blank, as far as quotes let it be one."""

    def fits(delimiter: str) -> tuple[int, int]:
        counts: list[int] = []
        try:
            for row in csv.reader(io.StringIO(body, newline=""), delimiter=delimiter):
                if row:
                    counts.append(len(row))
                if len(counts) > _LOOKED_AT:
                    break
        except csv.Error:
            pass
        header = counts[0] if counts else 0
        return (counts[1:].count(header) if header > 1 else 0, header)

    return max(DELIMITERS, key=fits)


def _parsed(name: str, text: str, body: str, before: int, delimiter: str) -> Sheet:
    header: list[str] | None = None
    rows: list[tuple[int, int, list[str]]] = []
    start = before + 1
    reader = csv.reader(io.StringIO(body, newline=""), delimiter=delimiter, strict=True)
    try:
        for cells in reader:
            line, start = start, before + reader.line_num + 1
            if not any(c.strip() for c in cells):
                continue
            if header is None:
                header = _header(name, line, cells)
                continue
            extra = next((n for n, c in enumerate(cells) if c.strip() and (n >= len(header) or not header[n])), None)
            if extra is not None and extra < len(header):
                raise FormatError(
                    f"{name}:{line}: column {extra + 1} has no name, but cell {cells[extra][:40]!r}. Name it."
                )
            if extra is not None:
                raise FormatError(
                    f"{name}:{line}: {len(cells)} cells, but the header names {len(header)} columns. "
                    f"Put quotes around a cell that contains {delimiter!r}."
                )
            rows.append((line, start - 1, cells))
    except csv.Error as error:
        raise FormatError(
            f"{name}:{start}: not well-formed CSV ({error}). Look for a quotation mark that is never closed; "
            'inside a quoted cell a quotation mark is written twice ("").'
        ) from error
    return Sheet(text, delimiter, header or [], rows)


def _header(name: str, line: int, cells: list[str]) -> list[str]:
    names = [_INVISIBLE.sub("", c).strip() for c in cells]
    while names and not names[-1]:  # what a spreadsheet saves of columns that were empty all along
        names.pop()
    for n, column in enumerate(names):
        if column and column in names[:n]:
            raise FormatError(f"{name}:{line}: two columns are named {column!r}. Rename one.")
    return names


def write_sheet(
    records: Iterable[Mapping[str, str]], columns: Sequence[str], delimiter: str = ",", newline: str = "\r\n"
) -> str:
    """Rows with a header; cells that begin like a formula are guarded."""
    return _written(list(records), columns, delimiter, newline, header=True)


def marked(records: Iterable[Mapping[str, str]]) -> list[dict[str, str]]:
    """Rows that say which of their cells will be guarded, so that ``Sheet.records`` gives them back as they are."""
    out = []
    for record in records:
        names = [name for name, cell in record.items() if guard(cell) != cell]
        out.append({**record, **({GUARDED: json.dumps(names, ensure_ascii=False)} if names else {})})
    return out


def _written(
    records: Sequence[Mapping[str, str]], columns: Sequence[str], delimiter: str, newline: str, header: bool
) -> str:
    out = io.StringIO(newline="")
    # A writer quotes the delimiter, quotes and the characters of its own line end; other ends are quoted here.
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\r\n")
    if header:
        writer.writerow([guard(c) for c in columns])
    for record in records:
        writer.writerow([guard(record.get(c, "")) for c in columns])
    return out.getvalue() if newline == "\r\n" else _ends(out.getvalue(), newline)


def _ends(text: str, newline: str) -> str:
    """The same rows with another line end; line ends inside quotes stay."""
    parts = text.split('"')
    return '"'.join(p if n % 2 else p.replace("\r\n", newline) for n, p in enumerate(parts))
