"""Checks between a seed and the pool that agents choose from."""

from __future__ import annotations

from collections.abc import Sequence

from activeseed.comparing import same_text
from activeseed.errors import SeedError
from activeseed.seed import Entry, Pair, Payload, Probe, Seed, Text


def check_pool(seed: Seed, pool: Sequence[Probe]) -> None:
    """Raise SeedError when the pool holds items of the seed, as written or in another wording.

    Evaluators learn to tell the seed's items from what agents choose in the pool; a text on both sides would be taught
    as right and as wrong at once. Case and white space are ignored.
    """
    where: dict[tuple[object, ...], str] = {}
    for item in seed.items:
        for variant in item.variants:
            if variant.payload is not None and variant.id != "flipped":
                where.setdefault(_canonical(variant.payload), item.id)
    found = [(p.id, where[key]) for p in pool if (key := _canonical(p.payload)) in where]
    if found:
        shown = ", ".join(f"{probe!r} is item {item!r}" for probe, item in found[:5])
        raise SeedError(
            f"The pool contains {len(found)} of the seed's texts ({shown}{', …' if len(found) > 5 else ''}). "
            "Evaluators would learn them as right and as wrong at once: remove them from the pool."
        )


def _canonical(payload: Payload) -> tuple[object, ...]:
    if isinstance(payload, Text):
        return ("text", _bare(payload.text))
    if isinstance(payload, Pair):
        return ("pair", _bare(payload.prompt), _bare(payload.chosen), _bare(payload.rejected))
    if isinstance(payload, Entry):
        return ("entry", payload.digest)
    return ("vector", payload.values)


def _bare(text: str) -> str:
    return same_text(text).casefold()
