"""Reading English as far as rules of rewording need it: sentences, words, and what no rule may touch."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import NamedTuple

WORD = re.compile(r"[A-Za-z]+(?:['’][A-Za-z]+)*")


def listed(words: str) -> frozenset[str]:
    """The words of a list in one line."""
    return frozenset(words.split())


#: code, markup, addresses, what somebody is quoted with, names of places in a template: text that means itself
_ITSELF = re.compile(
    r"```.*?(?:```|\Z)|~~~.*?(?:~~~|\Z)|`[^`\n]*`"
    r"|^[ \t]*\|[^\n]*|^ {0,3}#{1,6}\s[^\n]*|\A---\n.*?\n---$"
    r"|</?[A-Za-z][^<>\n]{0,500}>|<!--.*?-->|\]\([^)\s]{0,2000}\)|\[[^\]\n]{0,200}\]"
    r"|\b(?:https?://|www\.)\S+|[\w.+-]{1,64}@\S+|\{[^{}\n]{0,200}\}|\$[^$\n]{0,200}\$"
    r"|\"[^\"\n]{0,1000}\"|“[^”\n]{0,1000}”|‘[^’\n]{0,1000}’|«[^»\n]{0,1000}»",
    re.S | re.M,
)
#: what is one term, whatever its words mean elsewhere: no word of it is changed
TERMS = (
    "artificial intelligence", "at large", "big data", "civil rights", "common sense", "due process", "duty of care",
    "equal opportunity", "good faith", "human error", "human rights", "in person", "informed consent", "large language",
    "large-scale", "machine learning", "mental illness", "open source", "personal data", "principal hierarchy",
    "process of elimination", "safe harbor", "start over", "start up", "trial and error", "user error", "vast majority",
)  # fmt: skip
_TERM = re.compile(rf"\b(?:{'|'.join(TERMS)})s?\b", re.I)

#: words that English sentences are held together by, and other languages do not have
_ENGLISH = listed(
    "the of and to is are you that it its it's not should must with be been your they their them this these those "
    "will would when what which who how if for as by from have has had never always there than then we our my his "
    "her she he an at or any all every only because before after without unless however do does don't doesn't i'm "
    "i"
)
_ABBREVIATED = re.compile(r"(?:\b(?:e\.g|i\.e|etc|vs|cf|Mr|Mrs|Ms|Dr|Prof|St|No|Inc|Ltd|approx)|\b[A-Z])\.$")
_BLOCK = re.compile(r"\n[ \t]*\n|\n(?=[ \t]*(?:[-*+>#|•]|\d+[.)]))")
_BULLET = re.compile(r"\s*(?:(?:[-*+>•]|\d+[.)]|\(?[a-z]\))\s+)*")
_END = re.compile(r"[.!?][\"”’')\]*_]*(?=\s+[\"“‘'(*_]*[A-Z])")


class Span(NamedTuple):
    """A stretch of a text: where it begins, and where the next one may."""

    start: int
    end: int


class Edit(NamedTuple):
    """What may stand in the place of a stretch of a text."""

    start: int
    end: int
    new: str


def sentences(text: str) -> Iterator[Span]:
    """The sentences of a text in order, without the marks of lists before them. Linear in the text's length."""
    start = 0
    for end in (*(m.start() for m in _BLOCK.finditer(text)), len(text)):
        yield from _of_block(text, start, end)
        start = end


def _of_block(text: str, start: int, end: int) -> Iterator[Span]:
    begun = _begins(text, start, end)
    for stop in _END.finditer(text, begun, end):
        if not _ABBREVIATED.search(text, max(begun, stop.start() - 8), stop.start() + 1):
            yield Span(begun, stop.end())
            begun = _begins(text, stop.end(), end)
    last = begun + len(text[begun:end].rstrip())
    if last > begun:
        yield Span(begun, last)


def _begins(text: str, start: int, end: int) -> int:
    mark = _BULLET.match(text, start, end)
    return mark.end() if mark else start


class Means:
    """What means itself in a text, and may not be touched."""

    def __init__(self, text: str) -> None:
        found = sorted(m.span() for pattern in (_ITSELF, _TERM) for m in pattern.finditer(text))
        self._starts = [start for start, _ in found]
        ends: list[int] = []
        for _, end in found:  # the furthest end so far: a span may lie within another
            ends.append(max(end, ends[-1] if ends else 0))
        self._ends = ends

    def touches(self, start: int, end: int) -> bool:
        """Whether a stretch shares a character with it."""
        before = bisect_right(self._starts, end - 1 if end > start else start)
        return before > 0 and self._ends[before - 1] > start


def is_english(sentence: str) -> bool:
    """Whether rules for English may be tried: one word in ten holds English together, and most letters are its own."""
    words = [w.lower().replace("’", "'") for w in WORD.findall(sentence)]
    letters = sum(c.isalpha() for c in sentence)
    own = sum(c.isalpha() and c.isascii() for c in sentence)
    return bool(words) and own >= 0.95 * letters and sum(w in _ENGLISH for w in words) >= 0.1 * len(words)


def edited(text: str, edits: Iterable[Edit]) -> str:
    """The text with these edits made, which do not overlap."""
    out, at = [], 0
    for start, end, new in sorted(edits):
        out += [text[at:start], new]
        at = end
    return "".join([*out, text[at:]])


def cased_like(old: str, new: str) -> str:
    """The new word with a capital where the old one has it."""
    return new[:1].upper() + new[1:] if old[:1].isupper() else new


#: words that are spelt with a vowel and not said with one, and the other way round
_SAID_YOU = re.compile(r"(?:uni(?:[^nm]|$)|us[eaiu]|utili|eu|one\b|once\b|ubiq)", re.I)
_SILENT_H = re.compile(r"(?:hour|honest|honou?r|heir)", re.I)


def article(word: str) -> str:
    """``a`` or ``an``, as it is said before a word."""
    vowel = word[:1].lower() in "aeiou" and not _SAID_YOU.match(word)
    return "an" if vowel or _SILENT_H.match(word) else "a"
