"""Text from outside as a screen or a page may show it: whatever it holds, it is only text there."""

from __future__ import annotations

from collections.abc import Iterable


def clean(text: str) -> str:
    """Text that is only shown: control and invisible characters (escape sequences in somebody's data) become a mark."""
    return text if text.isprintable() else "".join(c if c in "\n\t" or c.isprintable() else "\ufffd" for c in text)


def one_line(text: str) -> str:
    """Text on one line, white space collapsed."""
    return clean(" ".join(text.split()))


def few(names: Iterable[str], most: int) -> str:
    """The first names of a list, and how many more there are.

    >>> from activeseed.cleaning import few
    >>> few(["a", "b", "c"], 2)
    'a, b and 1 more'
    """
    given = list(names)
    return ", ".join(given[:most]) + (f" and {len(given) - most} more" if len(given) > most else "")


def escaped(json_text: str) -> str:
    """JSON in which characters that a terminal acts on stand as escapes, which any reader takes for the same."""
    return "".join(c if c == "\n" or c.isprintable() else _escape(c) for c in json_text)


def _escape(c: str) -> str:
    n = ord(c)
    return f"\\u{n:04x}" if n < 0x10000 else f"\\u{0xD800 + ((n - 0x10000) >> 10):04x}\\u{0xDC00 + (n & 0x3FF):04x}"
