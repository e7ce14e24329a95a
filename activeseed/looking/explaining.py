"""Why an outcome is what it is, beside a question: the derivation that decides a probe, in a few short lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from activeseed.errors import ActiveseedError, PlanError, describe
from activeseed.looking.consequences import Looked
from activeseed.plan import Materials, Rows
from activeseed.protocols import Explanation, SupportsExplaining
from activeseed.seed import Probe, Seed

#: lines of a derivation that are shown, the verdict among them, and characters of a line
LINES, WIDTH = 4, 200
#: what is said where nothing decides
NOTHING = "nothing in the seed decides this"


def explained(
    system: object, materials: Materials, seed: Seed, factor: int, looked: Looked, places: Sequence[Probe], key: int = 0
) -> Looked:
    """What was found for a question about an item, with why each answer leads where it does.

    Only what is shown is explained: a row for each variant at the probes shown. A system that can't explain itself
    leaves the question as it is.

    Args:
        factor: number of the item; the rest of the seed as it stands.
        key: replicate number of the rows that are explained.

    Raises:
        PlanError: a trainer of the user's own fails to explain.
    """
    if not isinstance(system, SupportsExplaining) or not looked.shown:
        return looked
    item, at = seed.items[factor], {p.id: n for n, p in enumerate(places)}
    told = {v for c in looked.shown for v in c.outcomes}
    variants = [n for n, v in enumerate(item.variants) if v.id in told]
    block = np.tile(np.asarray(seed.base, np.int16), (len(variants), 1))
    block[:, factor] = variants
    rows = Rows(block, np.full(len(variants), key, np.int64))
    try:
        found = system.explain(rows, materials, [at[c.probe] for c in looked.shown])
    except ActiveseedError:
        raise
    except Exception as error:
        raise PlanError(f"The trainer can't explain its outcomes: {describe(error)}.") from error
    by_variant = {item.variants[v].id: row for v, row in zip(variants, found, strict=True)}
    shown = tuple(
        c.model_copy(update={"why": {v: lines(by_variant[v][n]) for v in c.outcomes}})
        for n, c in enumerate(looked.shown)
    )
    return replace(looked, shown=shown)


def lines(explanation: Explanation, most: int = LINES) -> tuple[str, ...]:
    """A derivation in at most so many lines: the verdict last, before it the steps nearest to it that it follows from.

    A step of the seed's own names its items; a derived one says by what rule it came.
    """
    steps = explanation.steps
    if not steps:
        return (NOTHING,)
    kept, wave = [len(steps) - 1], [len(steps) - 1]
    while wave and len(kept) < most:
        wave = [n for n in dict.fromkeys(m for at in wave for m in reversed(steps[at].of)) if n not in kept]
        kept += sorted(wave, key=lambda n: -steps[n].weight)[: most - len(kept)]
    out = []
    for n in sorted(kept):
        step = steps[n]
        by = f"{step.rule}: {', '.join(step.items)}" if step.items else step.rule
        said = " ".join(f"{step.says} ({by})".split()) if by else " ".join(step.says.split())
        out.append(said if len(said) <= WIDTH else said[: WIDTH - 1] + "…")
    return tuple(out)
