"""Reference laws: what is done to an item when its effect is asked for, named as it stands in headings.

The effect of item i under a law is E_v ‖m(a⁰ with i := v) − m(a⁰)‖², v drawn from the law (design, section 2). A law
here is the distribution of v for every item; ``changes`` are the single-item rows that it needs.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from activeseed.errors import PlanError
from activeseed.plan import Change, Law, Resampled
from activeseed.seed import ABSENT, AS_WRITTEN, FLIPPED, Item, Seed

LawName = Literal["drop", "wordings", "flip", "group", "bootstrap"]

#: Words for headings: what was done to the seed.
HEADINGS: dict[LawName, str] = {
    "drop": "drop",
    "wordings": "reword",
    "flip": "flip",
    "group": "leave out group",
    "bootstrap": "bootstrap",
}


def reference_law(seed: Seed, name: Literal["drop", "wordings", "flip"]) -> Law:
    """(F, V) probability of each variant that an item is changed to; where it lacks such variants, what stands.

    ``drop``: absent (as written, where absent stands: the effect compares the two whichever stands). ``wordings``:
    uniform over the item's other wordings, edits included. ``flip``: flipped (as written, where flipped stands).
    Raises PlanError when no item has what the law perturbs.
    """
    width = max(len(item.variants) for item in seed.items)
    p = np.zeros((len(seed), width))
    found = False
    for f, item in enumerate(seed.items):
        stands = seed.base[f]
        to = _targets(item, stands, name)
        found = found or bool(to)
        p[f, to or [stands]] = 1.0 / max(len(to), 1)
    if not found:
        raise PlanError(
            f"No item of the seed has a variant for the law {HEADINGS[name]!r}. "
            "Add wordings (or, for flips, pairs) to the seed's file, or use the law 'drop'."
        )
    return Law(HEADINGS[name], p)


def _targets(item: Item, stands: int, name: str) -> list[int]:
    ids = [v.id for v in item.variants]
    written, absent = ids.index(AS_WRITTEN), ids.index(ABSENT)
    if name == "drop":
        return [written if stands == absent else absent]
    if name == "flip":
        flipped = ids.index(FLIPPED) if FLIPPED in ids else None
        return [] if flipped is None else [written if stands == flipped else flipped]
    # Rewording what is absent would change its presence too: it is compared as written.
    here = written if stands == absent else stands
    return [v for v, variant in enumerate(ids) if v not in (here, absent) and variant != FLIPPED]


def changes(seed: Seed, name: Literal["drop", "wordings", "flip", "group"]) -> tuple[Change, ...]:
    """The rows of a law, each a change of the seed as it stands: one an item and variant, or one a group.

    A group is left out whole: all members that stand become absent in one row. A group none of whose members stands
    has no row. Raises PlanError when there is nothing to change.
    """
    if name == "group":
        return _group_changes(seed)
    law = reference_law(seed, name)
    out = []
    for f, item in enumerate(seed.items):
        for v in np.flatnonzero(law.probabilities[f]):
            if v != seed.base[f]:
                out.append(Change(f"{HEADINGS[name]}: {item.id} → {item.variants[v].id}", (f,), (int(v),)))
    return tuple(out)


def _group_changes(seed: Seed) -> tuple[Change, ...]:
    if not seed.groups:
        raise PlanError("No item of the seed names a group, so no group can be left out. Give items a 'group'.")
    out = []
    for group in seed.groups:
        members = [f for f, item in enumerate(seed.items) if item.group == group]
        absent = {f: seed.items[f].index_of(ABSENT) for f in members}
        standing = tuple(f for f in members if seed.base[f] != absent[f])
        if standing:
            out.append(Change(f"{HEADINGS['group']}: {group}", standing, tuple(absent[f] for f in standing)))
    return tuple(out)


def bootstrap(seed: Seed, size: int, stream: int, first_key: int = 0) -> Resampled:
    """The seed as it stands under Poisson(1) multiplicities (the Poisson bootstrap, Hanley & MacGibbon 2006).

    Args:
        size: rows, an even number: they come in independent pairs.
        stream: 128-bit key of the draws (``plan.stream_key``).
        first_key: replicate number of the first row.
    """
    if size < 2 or size % 2:
        raise PlanError(f"A bootstrap of {size} rows has no pairs. Ask for an even number from 2.")
    return Resampled(seed.base, "poisson", size, stream, first_key)
