"""Which items have to be gone before one that seems to do nothing does something: found by halving.

An item that is stated three times has no effect, and none in any pair either. Alone in the seed it does what it does;
so some of the others cover for it, and the shortest list of others whose absence brings its effect back is sought as a
minimal failing input is (Zeller & Hildebrandt 2002), with a binary search for each member (QuickXplain, Junker 2004).
"""

from __future__ import annotations

from collections.abc import Generator, Sequence

from activeseed.analyses.redundancy.dropping import NONE, Gone

#: longest list of covers that is sought
MOST = 8


def peel(starts: Sequence[Sequence[int]], floor: float, most: int = MOST) -> Generator[Gone, float, Gone]:
    """Yields what else should be gone, is sent the effect of the item then, ends in a minimal such set (or none).

    Each member of what is found is needed: with it back, the effect is below half of what it was. Where effects do not
    grow with what is gone the set may not be the smallest; what it does is measured either way.

    Args:
        starts: others that might cover for it, in the order in which they are kept back; the first start under which
            the item does something is halved.
        floor: an effect up to this is nothing.

    Cost: two trainings a yield; one yield a start that shows nothing, then about log₂ n for each member found.
    """
    for start in starts:
        full = yield frozenset(start)
        if full > floor:
            break
    else:
        return NONE
    goal, pool, kept = full / 2.0, list(start), list[int]()
    for _ in range(most):
        low, high = 0, len(pool)  # without pool[:low] and what was kept the effect is below the goal, and not without
        while high - low > 1:  # pool[:high]
            middle = (low + high) // 2
            effect = yield frozenset((*kept, *pool[:middle]))
            if effect >= goal:
                high = middle
            else:
                low = middle
        kept.append(pool[high - 1])
        pool = pool[: high - 1]
        effect = yield frozenset(kept)
        if effect >= goal:
            return frozenset(kept)
        if not pool:
            return NONE
    return NONE


def longest(others: int, starts: int, most: int = MOST) -> int:
    """How often ``peel`` yields at most."""
    return starts + most * (others.bit_length() + 1)
