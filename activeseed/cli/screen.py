"""Where things are printed: results on stdout, everything said about them on stderr."""

from __future__ import annotations

import io
import json
import sys
from typing import TYPE_CHECKING, Any

from activeseed.cleaning import clean, escaped, one_line

if TYPE_CHECKING:
    from rich.console import Console


def results() -> Console:
    """The console of results. As wide as the terminal, or COLUMNS, or 80."""
    from rich.console import Console

    return Console(file=sys.stdout, highlight=False, markup=False, emoji=False, soft_wrap=False)


def messages() -> Console:
    """The console of progress and messages."""
    from rich.console import Console

    return Console(file=sys.stderr, highlight=False, markup=False, emoji=False)


def say(text: str) -> None:
    """A message on stderr. Needs no rich, so that an error is printed whatever is broken."""
    print(clean(text), file=sys.stderr, flush=True)


def show(text: object = "", *, flush: bool = False) -> None:
    """A line of a result on stdout; names and texts in it may come from anybody."""
    print(clean(str(text)), flush=flush)


def print_json(value: Any) -> None:
    """A result as JSON on stdout, never wrapped; numpy scalars as numbers, what isn't finite as null."""
    print(escaped(json.dumps(plain(value), ensure_ascii=not writes_anything(), indent=2, allow_nan=False)))


def writes_anything() -> bool:
    """Whether stdout can hold every character; where it can't, JSON is written in escapes, which lose nothing."""
    return (getattr(sys.stdout, "encoding", None) or "").lower().replace("-", "").startswith("utf")


def replace_what_does_not_fit() -> None:
    """What the terminal's encoding has no character for is shown as a mark, and no reason to fail."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def plain(value: Any) -> Any:
    """What JSON can hold: records dumped, numpy scalars unpacked, NaN and infinity as None."""
    if hasattr(value, "model_dump"):
        value = value.model_dump(mode="json")
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else None
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(v) for v in value]
    if value is None or isinstance(value, str | int | bool):
        return value
    return str(value)


__all__ = [
    "clean", "messages", "one_line", "plain", "print_json", "replace_what_does_not_fit", "results", "say", "show",
    "writes_anything",
]  # fmt: skip
