"""Which line of an edited file is which item: by id, by content, by similarity near its old place."""

from __future__ import annotations

import bisect
import difflib
import math
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from decimal import Decimal, InvalidOperation

from activeseed.seed import Item, Payload, Text, Vector, made_id

#: Similarity from which an edited line is still the same item: near its old place, and anywhere.
NEAR, ANYWHERE = 0.5, 0.8
#: How many places (after what was added and removed) count as near.
NEIGHBOURHOOD = 8
#: Beyond this many comparisons only neighbours are compared.
_COMPARISONS = 200_000


def match(
    old: Sequence[Item], new: Sequence[Item], also: Mapping[str, Collection[Payload]] | None = None
) -> list[int | None]:
    """For every new item the position of the old item it continues, or None; no old item is used twice.

    In this order: same id and content; same id that an author gave; same content; a content that the old item has as
    another variant, or had (``also``, by id: an author may adopt an annotator's edit); same text under another lead-in
    or authority, where no author gave the id; same id; the id that a spreadsheet makes of one that reads as a number
    (007 becomes 7, 1e5 becomes 1.00E+05); and for lines whose id was made from their content (so that an edit changed
    it), the most similar old line that is left, near the place where the line stood before it is looked for anywhere.
    Deterministic; about linear in the number of items unless many lines were edited at once.
    """
    found: list[int | None] = [None] * len(new)
    free = dict.fromkeys(range(len(old)))
    by_id = {item.id: n for n, item in enumerate(old)}

    def take(t: int, b: int | None) -> None:
        if found[t] is None and b is not None and b in free:
            found[t] = b
            del free[b]

    made = [_is_made(item) for item in new]
    for t, item in enumerate(new):
        b = by_id.get(item.id)
        if b is not None and old[b].payload == item.payload:
            take(t, b)
    for t, item in enumerate(new):
        if not made[t]:
            take(t, by_id.get(item.id))
    for contents in (lambda item: [item.payload], lambda item: (also or {}).get(item.id, [])):
        by_content: dict[bytes, list[int]] = {}
        for b in reversed(free):
            for payload in contents(old[b]):
                by_content.setdefault(payload.digest, []).append(b)
        for t, item in enumerate(new):
            same = by_content.get(item.payload.digest, []) if found[t] is None else []
            while same and found[t] is None:
                take(t, same.pop())
    _same_words(old, new, take, found, list(free), made)
    for t, item in enumerate(new):
        take(t, by_id.get(item.id))
    _as_numbers(old, new, take, found, list(free))
    _similar(old, new, found, list(free), [t for t in range(len(new)) if found[t] is None and made[t]])
    return found


def _same_words(
    old: Sequence[Item],
    new: Sequence[Item],
    take: Callable[[int, int], None],
    found: Sequence[int | None],
    free: Sequence[int],
    made: Sequence[bool],
) -> None:
    """Match texts that say the same under another lead-in or authority: bullets are short, lead-ins may be longer."""
    by_words: dict[str, list[int]] = {}
    for b in reversed(free):
        payload = old[b].payload
        if isinstance(payload, Text):
            by_words.setdefault(payload.text, []).append(b)
    for t, item in enumerate(new):
        if found[t] is None and made[t] and isinstance(item.payload, Text):
            same = by_words.get(item.payload.text)
            if same:
                take(t, same.pop())


def _as_numbers(
    old: Sequence[Item],
    new: Sequence[Item],
    take: Callable[[int, int], None],
    found: Sequence[int | None],
    free: Sequence[int],
) -> None:
    """Match lines whose id is nobody's to the one old item whose id is the same number."""
    known = {item.id for item in old}
    by_number: dict[str, list[int]] = {}
    for b in free:
        if number := _number(old[b].id):
            by_number.setdefault(number, []).append(b)
    for t, item in enumerate(new):
        alike = by_number.get(_number(item.id), []) if found[t] is None and item.id not in known else []
        if len(alike) == 1:
            take(t, alike[0])


def _number(name: str) -> str:
    """An id as a spreadsheet shows a number, to six digits; empty where it is none."""
    try:
        number = Decimal(name.replace(",", "."))
        return f"{number:.5E}" if number.is_finite() else ""
    except (InvalidOperation, ValueError):
        return ""


def _is_made(item: Item) -> bool:
    stem = made_id(item.payload)
    return item.id == stem or item.id.startswith(f"{stem}-")


def _similar(
    old: Sequence[Item], new: Sequence[Item], found: list[int | None], free: list[int], loose: list[int]
) -> None:
    """Match loose new items to free old ones, best pair first; fills ``found``."""
    if not free or not loose:
        return
    expected = _expected(found, len(old))
    everywhere = len(free) * len(loose) <= _COMPARISONS
    words = {b: _words(old[b].payload) for b in free}
    pairs = []
    for t in loose:
        mine = _words(new[t].payload)
        near = _neighbours(free, expected[t])
        for b in free if everywhere else near:
            needed = NEAR if b in near else ANYWHERE
            # Overlap of words bounds the similarity in order from above, and is far cheaper.
            if _overlap(old[b].payload, new[t].payload, words[b], mine) >= needed:
                s = similarity(old[b].payload, new[t].payload)
                if s >= needed:
                    pairs.append((b not in near, -s, abs(b - expected[t]), t, b))
    used: set[int] = set()
    for _, _, _, t, b in sorted(pairs):
        if found[t] is None and b not in used:
            found[t] = b
            used.add(b)


def _expected(found: Sequence[int | None], size: int) -> list[float]:
    """Where every new item would stand among the old ones: just after what stands before it."""
    out, last = [], -1.0
    for b in found:
        last = float(b) if b is not None else min(last + 1.0, size - 1.0)
        out.append(last)
    return out


def _neighbours(free: Sequence[int], place: float) -> set[int]:
    at = bisect.bisect_left(free, place)
    return {b for b in free[max(0, at - NEIGHBOURHOOD) : at + NEIGHBOURHOOD] if abs(b - place) <= NEIGHBOURHOOD}


def _words(payload: Payload) -> Counter[str]:
    return Counter(" ".join(_strings(payload)).lower().split())


def _strings(payload: Payload) -> tuple[str, ...]:
    return (payload.label,) if isinstance(payload, Vector) else (getattr(payload, "prompt", ""), *payload.texts)


def _overlap(a: Payload, b: Payload, left: Counter[str], right: Counter[str]) -> float:
    if isinstance(a, Vector) or isinstance(b, Vector):
        return 1.0
    total = left.total() + right.total()
    return 2.0 * (left & right).total() / total if total else 0.0


def similarity(a: Payload, b: Payload) -> float:
    """Share of words that two payloads have in common, in order, in [0, 1] (Ratcliff & Obershelp, over words);
    for vectors 1 − ‖a − b‖ / (‖a‖ + ‖b‖), and 0 between kinds.
    """
    if isinstance(a, Vector) and isinstance(b, Vector):
        if len(a.values) != len(b.values):
            return 0.0
        scale = math.hypot(*a.values) + math.hypot(*b.values)
        return 1.0 - math.dist(a.values, b.values) / scale if scale else 1.0
    if a.kind != b.kind:
        return 0.0
    left, right = (" ".join(_strings(p)).lower().split() for p in (a, b))
    return difflib.SequenceMatcher(None, left, right, autojunk=False).ratio()
