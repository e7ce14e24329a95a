"""Swaps of single words for synonyms: WordNet proposes, a hand-read table disposes.

The table holds pairs that are each other's first sense, in the same form, with what has to stand before or after them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from activeseed.perturbations.reading import WORD, Edit, Span, article, cased_like, listed
from activeseed.perturbations.tables import Swap, swaps

#: after these, a word that may be a noun or a verb is a verb
_BEFORE_VERBS = listed(
    "to should must will would can could may might shall cannot not don't doesn't didn't won't can't shouldn't "
    "wouldn't couldn't never always please i you we they who let's i'll you'll we'll they'll i'd we'd"
)
#: what an object begins with
_OBJECTS = listed(
    "a an the this that these those my your his her its our their all any some every each both no one it them him "
    "us me you what whatever information people users"
)


def swapped(text: str, sentence: Span) -> Iterator[Edit]:
    """Every word of a sentence that a synonym may take the place of, in order."""
    table = swaps()
    words = list(WORD.finditer(text, *sentence))
    for n, found in enumerate(words):
        word = found[0]
        choices = table.get(word.lower())
        if not choices or not _plain(text, sentence, found, first=n == 0):
            continue
        before = _neighbour(text, words, n, -1)
        after = _neighbour(text, words, n, +1)
        for swap in choices:
            if _fits(swap, before, after, first=n == 0):
                yield _edit(text, words, n, cased_like(word, swap.new))


def _plain(text: str, sentence: Span, found: re.Match[str], *, first: bool) -> bool:
    """Whether a word is one: not part of a compound or an address, and no name."""
    around = text[max(found.start() - 1, 0) : found.start()] + text[found.end() : found.end() + 1]
    if any(c in "-_/@#&\\'’=*" or c.isdigit() for c in around):
        return False
    word = found[0]
    return word.islower() or (first and word[1:].islower() and found.start() >= sentence.start)


def _fits(swap: Swap, before: str, after: str, *, first: bool) -> bool:
    if swap.verbal and not (first or before in _BEFORE_VERBS):
        return False
    if swap.after and before not in swap.after:
        return False
    if swap.before and not (after in swap.before or ("#" in swap.before and after in _OBJECTS)):
        return False
    if before in swap.not_after or ("n't" in swap.not_after and before.endswith("n't")):
        return False
    return not (after in swap.not_before or ("#" in swap.not_before and after in _OBJECTS))


def _neighbour(text: str, words: list[re.Match[str]], n: int, step: int) -> str:
    """The word before or after, ``,`` where a comma comes first, and ``.`` where the clause ends there."""
    other = n + step
    if not 0 <= other < len(words):
        return "," if text[words[n].end() : words[n].end() + 1] == "," and step > 0 else "."
    left, right = sorted((n, other))
    between = text[words[left].end() : words[right].start()]
    if "," in between:
        return ","
    return "." if between.strip(" \t\n") else words[other][0].lower().replace("’", "'")


def _edit(text: str, words: list[re.Match[str]], n: int, new: str) -> Edit:
    """The swap, and the article before it where the new word is said otherwise."""
    start, end = words[n].span()
    if n and (said := words[n - 1][0]).lower() in ("a", "an"):
        at = words[n - 1]
        if text[at.end() : start].strip(" ") == "" and article(new) != said.lower():
            return Edit(at.start(), end, f"{cased_like(said, article(new))}{text[at.end() : start]}{new}")
    return Edit(start, end, new)
