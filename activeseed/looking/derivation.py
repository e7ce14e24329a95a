"""A derivation as lines: the verdict first, and under each step what it follows from."""

from __future__ import annotations

from dataclasses import dataclass

from activeseed.protocols import Explanation, Step
from activeseed.seed import Seed


@dataclass(frozen=True)
class Line:
    """One step, where it stands.

    Attributes:
        depth: 0 for the verdict, one more for each step in between.
        step: what it says, by what rule, with which items.
        again: it was shown above with all that it follows from, which is left out here.
    """

    depth: int
    step: Step
    again: bool = False


def lines_of(explanation: Explanation) -> list[Line]:
    """The steps from the verdict down, each under what follows from it; empty where nothing decides.

    A step that several follow from is shown under each, with its own premises only the first time.
    """
    steps = explanation.steps
    if not steps:
        return []
    out: list[Line] = []
    shown: set[int] = set()
    due = [(len(steps) - 1, 0)]
    while due:
        n, depth = due.pop()
        again = n in shown and bool(steps[n].of)
        out.append(Line(depth, steps[n], again))
        if not again:
            shown.add(n)
            due += [(premise, depth + 1) for premise in reversed(steps[n].of)]
    return out


def text_of(seed: Seed, item: str) -> str:
    """An item as it stands, since that is what a derivation rests on; as written where it is absent.

    Raises SeedError, naming the nearest known id.
    """
    found = seed[item]
    payload = found.variants[seed.base[seed.position(item)]].payload
    return found.display if payload is None else payload.display
