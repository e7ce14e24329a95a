"""Paragraphs that an author split or joined: which of the old ones together hold the words of which new ones."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from activeseed.seed import Item, Text

#: share of words, in order, that a whole and its parts have in common
SAME = 0.9
#: so many parts a paragraph is split into, or joined from, at most
PARTS = 4
#: beyond so many comparisons nothing more is looked for
_COMPARISONS = 20_000


@dataclass(frozen=True)
class Recut:
    """Old items and the new ones that hold their words: one of the two is a single item.

    Attributes:
        old: positions of the old items, in order.
        new: positions of the new items, in order.
    """

    old: tuple[int, ...]
    new: tuple[int, ...]


def recut(
    old: Sequence[Item],
    new: Sequence[Item],
    places: Sequence[int | None],
    matters: Collection[str],
    wordings: Callable[[Item], Sequence[str]],
) -> list[Recut]:
    """Items that were split or joined, of those that matter; no item is in two of them.

    Args:
        old: the author's items as they were, in order.
        places: what ``match`` found: for every new item the position of an old one, or None.
        matters: ids of old items whose answers are at stake.
        wordings: the texts that an old item may have been split from.
    """
    continued = {p: t for t, p in enumerate(places) if p is not None and p < len(old)}
    # What stands unchanged on both sides is neither split nor joined.
    settled = {t for p, t in continued.items() if old[p].payload == new[t].payload}
    free_old = [p for p in range(len(old)) if continued.get(p) not in settled]
    free_new = [t for t, p in enumerate(places) if t not in settled and (p is None or p < len(old)) and _text(new[t])]
    out: list[Recut] = []
    used_old: set[int] = set()
    used_new: set[int] = set()
    left = [_COMPARISONS]
    runs_new, runs_old = _runs(free_new), _runs([p for p in free_old if _text(old[p])])
    old_sizes = {p: [len(w.split()) for w in wordings(old[p])] for p in free_old}
    new_sizes = {t: len(_text(new[t]).split()) for t in free_new}

    def alike(olds: tuple[int, ...], news: tuple[int, ...]) -> bool:
        """Whether both sides have about as many words, which is far cheaper to see than whether they are the same."""
        size = sum(new_sizes[t] for t in news)
        wholes = old_sizes[olds[0]] if len(olds) == 1 else [sum(old_sizes[p][0] for p in olds)]
        return any(min(w, size) >= SAME * max(w, size) for w in wholes)

    def fits(olds: tuple[int, ...], news: tuple[int, ...]) -> bool:
        if not alike(olds, news):
            return False
        if used_old & set(olds) or used_new & set(news) or not any(old[p].id in matters for p in olds):
            return False
        # A part that goes on from another item is no part of these.
        if any(places[t] is not None and places[t] not in olds for t in news):
            return False
        if any(p in continued and continued[p] not in news for p in olds):
            return False
        parts = [_text(new[t]) for t in news]
        wholes = wordings(old[olds[0]]) if len(olds) == 1 else [" ".join(_text(old[p]) for p in olds)]
        return any(_same(whole, " ".join(parts), left) for whole in wholes)

    for p in [p for p in free_old if old[p].id in matters and _text(old[p])]:
        found = next((run for run in runs_new if fits((p,), run)), None)
        if found:
            out.append(Recut((p,), found))
            used_old.add(p)
            used_new.update(found)
    for t in free_new:
        found = next((run for run in runs_old if fits(run, (t,))), None)
        if found:
            out.append(Recut(found, (t,)))
            used_old.update(found)
            used_new.add(t)
    return out


def _text(item: Item) -> str:
    return item.payload.text if isinstance(item.payload, Text) else ""


def _runs(positions: Sequence[int]) -> list[tuple[int, ...]]:
    """Runs of neighbours of 2 to ``PARTS``, shortest first at each place."""
    known = set(positions)
    return [
        tuple(range(n, n + size))
        for n in positions
        for size in range(2, PARTS + 1)
        if all(n + k in known for k in range(size))
    ]


def _same(whole: str, parts: str, left: list[int]) -> bool:
    """Whether two texts have nearly all words in common, in order."""
    a, b = whole.lower().split(), parts.lower().split()
    left[0] -= 1
    if left[0] < 0:
        return False
    return difflib.SequenceMatcher(None, a, b, autojunk=False).ratio() >= SAME


__all__ = ["Recut", "recut"]
