"""A file of questions, as it lies there: read, written on, and shortened, whoever has saved it in between.

It is JSON lines, or a sheet that people fill in. A spreadsheet may have saved it with another delimiter, other line
ends, a byte-order mark, or columns in another order: what is added is written as the file is now, and what is not
touched stays as it is, byte for byte.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from activeseed.errors import AnnotatorError, FolderError
from activeseed.formats import (
    FormatError,
    decode,
    is_delimited,
    json_lines,
    parse_json,
    read_bytes,
    read_sheet,
    write_sheet,
    write_whole,
)
from activeseed.formats.delimited import Sheet

_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class QuestionFile:
    """The questions in a file. Raises AnnotatorError wherever it can't be read, or holds something else."""

    path: Path

    def ids(self) -> set[str]:
        """Ids of the questions in it; none where there is no file."""
        if not self.path.exists():
            return set()
        if is_delimited(self.path):
            sheet = self._sheet()
            return {record.get(self._column(sheet), "") for _, record in sheet.records()} if sheet.header else set()
        return {name for name, _ in self._lines()}

    def add(self, records: Sequence[Mapping[str, Any]], columns: Sequence[str] = ()) -> None:
        """Write further questions: records of texts by column for a sheet, else of JSON."""
        text = self._text() if self.path.exists() else ""
        if is_delimited(self.path):
            sheet = self._sheet() if text.strip() else None
            if sheet is not None and sheet.header:
                self._write(sheet.more([self._named(sheet, r) for r in records]))
            else:
                self._write(write_sheet(records, columns, "\t" if self.path.suffix.lower() == ".tsv" else ",", "\n"))
        else:
            self._lines()
            self._write(text + ("" if not text or text.endswith("\n") else "\n") + json_lines(records))

    def remove(self, gone: set[str]) -> None:
        """Take questions out of it."""
        if is_delimited(self.path):
            sheet = self._sheet()
            self._write(sheet.without(self._column(sheet), gone))
        else:
            self._write("".join(line + "\n" for name, line in self._lines() if name not in gone))

    def _lines(self) -> list[tuple[str, str]]:
        """(question id, line); lines end at a line feed alone, whatever stands in a text."""
        out = []
        for number, line in enumerate(self._text().split("\n") if self.path.exists() else [], 1):
            if line.strip():
                try:
                    out.append((str(parse_json(line, f"{self.path.name}:{number}")["id"]), line))
                except (FormatError, KeyError, TypeError) as error:
                    raise AnnotatorError(
                        f"{self.path}, line {number}: no question ({error}). This file is activeseed's to write; move "
                        "it away."
                    ) from error
        return out

    def _sheet(self) -> Sheet:
        try:
            return read_sheet(self.path.name, self._text())
        except FormatError as error:
            raise AnnotatorError(f"{self.path.parent / str(error)} Mend it, or move it away.") from error

    def _column(self, sheet: Sheet) -> str:
        """What the column of the ids is called now."""
        found = next((name for name in sheet.header if name.casefold() == "question"), None)
        if found is None:
            raise AnnotatorError(
                f"{self.path}: it has no column 'question' any more. Name that column again, or move the file away."
            )
        return found

    def _named(self, sheet: Sheet, record: Mapping[str, Any]) -> dict[str, str]:
        """A record under the names of the sheet's own columns, which people may have capitalised or taken out."""
        self._column(sheet)
        return {name: str(record.get(name.casefold(), "")) for name in sheet.header}

    def _text(self) -> str:
        try:
            return decode(self.path, read_bytes(self.path))
        except FormatError as error:
            raise AnnotatorError(f"{error} It must be a UTF-8 text file.") from error

    def _write(self, text: str) -> None:
        try:
            marked = self.path.exists() and self.path.read_bytes()[:3] == _MARK
            write_whole(self.path, (_MARK if marked else b"") + text.encode())
        except (OSError, FolderError) as error:
            raise AnnotatorError(f"{error} Choose another file in [annotator].") from error
