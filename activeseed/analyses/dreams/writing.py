"""Writing on from real texts: a search among texts for one on which two readings part more."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

from activeseed.errors import ActiveseedError, TrainingError, describe
from activeseed.plan import Floats
from activeseed.protocols import Rewriter

#: texts that are written on from at each step, and other texts that are asked for of each
BEAM, EACH = 6, 6
#: steps of the search
STEPS = 3


def written(
    rewriter: Rewriter, starts: Sequence[str], towards: Sequence[str], gap: Callable[[list[str]], Floats], most: int
) -> list[tuple[str, str]]:
    """New texts with a larger gap than the text that they began from, the largest first: (text, where it began).

    Local search: of the texts so far those with the largest gaps are written on, step by step.

    Args:
        gap: texts -> (n,) how far the readings part on each, in the dream's direction.
        most: texts that come back at most, one for each start.

    Raises TrainingError where somebody else's rewriter fails.
    """
    starts = list(dict.fromkeys(starts))
    if not starts:
        return []
    began = {t: t for t in starts}
    reach = dict(zip(starts, gap(list(starts)), strict=True))
    for _ in range(STEPS):
        front = sorted(reach, key=lambda t: -reach[t])[:BEAM]
        new: dict[str, str] = {}
        for text, others in zip(front, _asked(rewriter, front, towards), strict=True):
            for other in others:
                if other.strip() and other not in reach:
                    new.setdefault(other, began[text])
        if not new:
            break
        reach |= dict(zip(new, gap(list(new)), strict=True))
        began |= new
    best: dict[str, str] = {}
    for text in sorted(reach, key=lambda t: -reach[t]):
        if text != began[text] and reach[text] > max(reach[began[text]], 0.0):
            best.setdefault(began[text], text)
    return [(text, start) for start, text in list(best.items())[:most]]


def _asked(rewriter: Rewriter, texts: Sequence[str], towards: Sequence[str]) -> list[list[str]]:
    try:
        found = [[str(t) for t in others] for others in rewriter.rewrite(texts, EACH, towards)]
    except ActiveseedError:
        raise
    except Exception as error:
        raise TrainingError(f"The rewriter {rewriter.kind!r} failed: {describe(error)}.") from error
    if len(found) != len(texts):
        raise TrainingError(
            f"The rewriter {rewriter.kind!r} answered {len(found)} of {len(texts)} texts: a list for each is due, "
            "which may be empty."
        )
    return found


def named(text: str) -> str:
    """An id for a text that nobody has named: the same for the same text."""
    return f"dream-{hashlib.sha256(text.encode()).hexdigest()[:10]}"
