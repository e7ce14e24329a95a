"""JSON and JSON lines: one reader with the checks that the parser leaves out, and one writer.

A line ends at a line feed and nowhere else: U+2028, U+2029 and U+0085 are text, though ``splitlines`` splits
there. The writer escapes them, for programs that do the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from activeseed.formats.plain import MAX_DEPTH, FormatError

_SEPARATORS = str.maketrans({"\u2028": "\\u2028", "\u2029": "\\u2029", "\u0085": "\\u0085"})
_HALF = re.compile("[\ud800-\udfff]")


class _RepeatedKeyError(ValueError):
    pass


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    out = dict(pairs)
    if len(out) < len(pairs):
        names = [k for k, _ in pairs]
        raise _RepeatedKeyError(next(k for k in names if names.count(k) > 1))
    return out


_DECODER = json.JSONDecoder(object_pairs_hook=_unique)


def parse_json(text: str, where: str) -> Any:
    """One JSON value.

    Raises:
        FormatError: a syntax error, a repeated key, nesting deeper than ``MAX_DEPTH``, a number of thousands of
            digits, half a character (a lone surrogate).
    """
    try:
        value = _DECODER.decode(text)
    except _RepeatedKeyError as error:
        raise FormatError(f"{where}: the key {error.args[0][:80]!r} occurs twice in one object. Remove one.") from error
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}" if "\n" in text.strip() else f"column {error.colno}"
        raise FormatError(f"{where}: not valid JSON: {error.msg} at {place}. Mend that line.") from error
    except RecursionError as error:
        raise FormatError(_too_deep(where)) from error
    except ValueError as error:  # Python reads no whole number of more than 4300 digits
        raise FormatError(f"{where}: a number has too many digits. Put quotes around it, or shorten it.") from error
    if text.count("[") + text.count("{") > MAX_DEPTH or "\\u" in text:
        _checked(value, where)
    return value


def _too_deep(where: str) -> str:
    return f"{where}: nested too deeply to be an item (more than {MAX_DEPTH} levels). Flatten it."


def _checked(value: Any, where: str) -> None:
    left: list[tuple[Any, str, int]] = [(value, "", 0)]
    while left:
        part, name, depth = left.pop()
        if depth > MAX_DEPTH:
            raise FormatError(_too_deep(where))
        if isinstance(part, str):
            half = _HALF.search(part)
            if half:
                raise FormatError(
                    f"{where}: {(name or 'a text')[:80]!r} holds half a character (\\u{ord(half[0]):04x} at position "
                    f"{half.start()}). "
                    "Write the file again as UTF-8, or remove that escape."
                )
        elif isinstance(part, dict):
            left += [(k, "a key", depth + 1) for k in part] + [(v, k, depth + 1) for k, v in part.items()]
        elif isinstance(part, list):
            left += [(v, name, depth + 1) for v in part]


def parse_lines(name: str, text: str, *, unfinished: bool = False) -> list[tuple[int, Any]]:
    """(line number from 1, value) of every line that is not blank.

    Args:
        unfinished: pass over a last line without its line feed that is no JSON: somebody is writing it just now.
    """
    lines = text.split("\n")
    out = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            out.append((number, parse_json(line, f"{name}:{number}")))
        except FormatError:
            if unfinished and number == len(lines):
                break
            raise
    return out


def json_line(record: Mapping[str, Any]) -> str:
    """One record as one line, its line feed included."""
    return json.dumps(record, ensure_ascii=False).translate(_SEPARATORS) + "\n"


def json_lines(records: Iterable[Mapping[str, Any]]) -> str:
    """Records as JSON lines."""
    return "".join(map(json_line, records))


def json_document(records: Any) -> str:
    """Records as one JSON list, an entry's fields a line each."""
    return json.dumps(records, ensure_ascii=False, indent=1).translate(_SEPARATORS) + "\n"
