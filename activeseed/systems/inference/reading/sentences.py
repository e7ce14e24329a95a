"""Sentences of prose with Markdown in it, nothing lost.

Home-made, for two reasons. The splitters on the package index know nothing of lists, tables and code, which are what
a constitution is written in; and the best kept of them (sentencex 1.0.32, in Rust) panics on stray control characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

#: what a piece of a text is; only ``prose`` can hold a norm
Kind = Literal["prose", "heading", "code", "table", "markup"]

_FENCE = re.compile(r"^[ \t]*(```|~~~)")
_HEADING = re.compile(r"^ {0,3}#{1,6}(?:\s|$)")
_TABLE = re.compile(r"^\s*\|.*\|\s*$|^[ \t|:+-]*-{3,}[ \t|:+-]*$|^\s*=+\s*$")
_ONLY_MARKUP = re.compile(
    r"^\s*(?:</?[A-Za-z][^<>]{0,400}>|<!--.{0,4000}?-->|&\w{1,10};|\[\^[^\]]{1,40}\]:?|[*_>~-])+\s*$"
)
_BULLET = re.compile(
    r"^\s*(?:>\s*)*(?:[-*+•‣–]\s+|\(?(?:\d{1,3}|[a-zA-Z])[.)]\s+)(?:\[[ xX]\]\s+)?|^\s*(?:>\s*)+|"
    r"^\s*\[\^[^\]]{1,40}\]:\s*"
)

#: what a full stop does not end a sentence after; a capital that stands alone is an initial
_ABBREVIATIONS = frozenset(
    [
        "e.g",
        "i.e",
        "eg",
        "ie",
        "cf",
        "vs",
        "viz",
        "approx",
        "dr",
        "mr",
        "mrs",
        "ms",
        "prof",
        "st",
        "fig",
        "figs",
        "eq",
        "sec",
        "ch",
        "vol",
        "art",
        "al",
        "ca",
        "resp",
        "incl",
        "excl",
        "no",
        "nos",
        "op",
        "pp",
        "u.s",
        "u.k",
        "u.n",
        "e.u",
        "a.m",
        "p.m",
        "ph.d",
        "inc",
        "ltd",
        "co",
        "corp",
        "jr",
        "sr",
        "z.b",
        "d.h",
        "bzw",
        "usw",
    ]
)
#: of those, what only a number follows
_BEFORE_NUMBERS = frozenset(["no", "nos", "fig", "figs", "eq", "sec", "ch", "vol", "art", "pp", "op", "st"])
_END = re.compile(
    r"(?:(?<=[^\s.!?…。！？])|^)(?:[.!?…]+[\"'”’»)\]*_`]*(?:\[\^[^\]\s]{1,40}\])*(\s+)|[。！？]+[”’」』)]*(\s*))"
)
# Within brackets and quotes nothing ends, as long as they close soon.
_CLOSED = re.compile(
    r"\([^()]{1,300}\)|“[^“”]{1,300}”|\"[^\"]{1,300}\"|\[[^\[\]]{1,300}\]\([^()\s]{0,300}\)|`[^`]{1,300}`"
)
_STARTS_LOWER = re.compile(r"[\"'“‘(\[*_`]*[a-z]")


@dataclass(frozen=True)
class Piece:
    """A sentence, or something that is none.

    Attributes:
        text: as it stands, without white space at its ends and without the mark of a list or quotation before it.
        kind: what it is.
        begins: whether a paragraph or a bullet begins with it.
    """

    text: str
    kind: Kind = "prose"
    begins: bool = False


def pieces(text: str) -> Iterator[Piece]:
    """Sentences of a text, in order; joined they are the text but for white space and marks of lists.

    Cost: linear in the text's length.
    """
    block: list[str] = []
    lines = text.splitlines(keepends=True)
    at = 0
    while at < len(lines):
        line = lines[at]
        at += 1
        if fence := _FENCE.match(line):
            yield from _prose(block)
            block, code = [], [line]
            while at < len(lines):
                code.append(lines[at])
                at += 1
                if code[-1].strip().startswith(fence[1]):
                    break
            yield Piece("".join(code).strip(), "code", True)
        elif not line.strip():
            yield from _prose(block)
            block = []
        elif kind := _kind_of(line):
            yield from _prose(block)
            block = []
            yield Piece(line.strip(), kind, True)
        else:
            if _BULLET.match(line):
                yield from _prose(block)
                block = []
            block.append(line)
    yield from _prose(block)


def _kind_of(line: str) -> Kind | None:
    if _HEADING.match(line):
        return "heading"
    if _TABLE.match(line):
        return "table"
    return "markup" if len(line) < 8_000 and _ONLY_MARKUP.match(line) else None


def _prose(lines: list[str]) -> Iterator[Piece]:
    """The sentences of one paragraph or bullet."""
    text = "".join(lines)
    mark = _BULLET.match(text)
    if mark and mark.end() < len(text.rstrip()):
        text = text[mark.end() :]
    closed = [m.span() for m in _CLOSED.finditer(text)]
    begins, start, inside = True, 0, 0
    for end in _END.finditer(text):
        while inside < len(closed) and closed[inside][1] <= end.end():
            inside += 1
        if inside < len(closed) and closed[inside][0] < end.end() - 1:
            continue
        if end[1] is not None and not _ends(text, start, end):
            continue
        if piece := text[start : end.end()].strip():
            yield Piece(piece, begins=begins)
            begins = False
        start = end.end()
    if piece := text[start:].strip():
        yield Piece(piece, begins=begins)


def _ends(text: str, start: int, end: re.Match[str]) -> bool:
    """Whether a sentence ends at this full stop, and not just an abbreviation or a number."""
    if end.end() >= len(text):
        return True
    if _STARTS_LOWER.match(text, end.end()):
        return False
    if text[end.start()] != "." or text.startswith("..", end.start()):
        return True
    before = text[max(start, end.start() - 12) : end.start()]
    word = re.split(r"[\s(\[“\"'—/-]", before)[-1].lower()
    if word in _BEFORE_NUMBERS:
        return not text[end.end()].isdigit()
    if word in _ABBREVIATIONS:
        return False
    initial = len(word) == 1 and word.isalpha() and word != "i" and before[-1:].isupper()
    return not initial and not (word.isdigit() and len(word) <= 3 and not text[start : end.start() - len(word)].strip())
