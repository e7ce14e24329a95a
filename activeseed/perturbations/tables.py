"""The word tables that ship with the package: derived once from WordNet 3.0, see ``tests/word_tables.py``."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from activeseed.resources import bundled


class Swap(NamedTuple):
    """What may take a word's place, and when.

    Attributes:
        new: the other word, in the same form.
        verbal: only where a verb has to stand.
        after, before: only after, or before, one of these words; empty for any. ``,`` is a comma, ``.`` the end of
            a clause, ``#`` any word that an object begins with.
        not_after, not_before: never after, or before, one of these.
    """

    new: str
    verbal: bool
    after: frozenset[str]
    before: frozenset[str]
    not_after: frozenset[str]
    not_before: frozenset[str]


@cache
def swaps() -> dict[str, tuple[Swap, ...]]:
    """Word -> what may take its place."""
    out: dict[str, list[Swap]] = {}
    for word, new, *rest in _rows("swaps"):
        said = dict(part.partition(":")[::2] for part in (rest[0].split() if rest else ()))
        sets = (frozenset(filter(None, said.get(k, "").split("|"))) for k in ("prev", "next", "prev!", "next!"))
        out.setdefault(word, []).append(Swap(new, "verbal" in said, *sets))
    return {word: tuple(found) for word, found in out.items()}


@cache
def opposites() -> frozenset[tuple[str, str]]:
    """Pairs of opposites, each in the order of the alphabet."""
    return frozenset((a, b) for a, b in _rows("opposites"))


@cache
def verbs() -> dict[str, str]:
    """Verb -> its form in -ing."""
    return {row[0]: row[1] for row in _rows("verbs")}


def _rows(name: str) -> list[list[str]]:
    lines = bundled(f"words/{name}.tsv").read_text("utf-8").splitlines()
    return [line.split("\t") for line in lines if line and not line.startswith("#")]
