"""From measured designs to what is said of them: differences, the front, the source's pick, stability and quality."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from activeseed.analyses.comparison.places import holm
from activeseed.plan import Floats
from activeseed.stack.designs.found import CRITERIA, Against, DesignFound, Difference, LockedDesign, Number, Pick
from activeseed.stack.designs.front import front_of, least, not_told_apart
from activeseed.stack.designs.measured import Measured
from activeseed.stack.designs.measuring import Measures, Quality
from activeseed.stack.designs.once import taken_once
from activeseed.stack.designs.together import Together, together


@dataclass(frozen=True)
class Told:
    """What is said of D designs, in their order."""

    criteria: tuple[str, ...]
    designs: tuple[DesignFound, ...]
    pick: Pick | None
    together: Together | None


def tell(
    found: Sequence[tuple[DesignFound, Measures]], quality: Quality, stream: int, resamples: int, alpha: float
) -> Told:
    """Fill in what takes several designs to say.

    Args:
        found: each design as far as it is known alone, and what was measured; the reference first.
        quality: by which measure designs are held against each other.
        stream: key of the resamples.
        alpha: family-wise error of telling a difference from none.
    """
    found = list(zip([design for design, _ in found], counted_once([m for _, m in found]), strict=True))
    table = criteria_of([m for _, m in found], quality)
    better = {name: [m if CRITERIA[name][1] else -m for m in of] for name, of in table.items()}
    count = len(found)
    front = front_of([[better[name][d] for name in table] for d in range(count)], stream, resamples)
    chances = least(table["spread"], stream, resamples)
    ties = not_told_apart(table, alpha)
    names = [design.name for design, _ in found]
    gaps = _differences(table, [(d, 0) for d in range(1, count)], alpha)
    designs = []
    for d, (design, measured) in enumerate(found):
        designs.append(
            replace(
                _with(design, measured), on_front=bool(front.on[d]), front_chance=float(front.chance[d]),
                pick_chance=float(chances[d]), differences={name: of[d - 1] for name, of in gaps.items()} if d else {},
                ties=tuple(names[other] for other in ties[d]),
            )
        )  # fmt: skip
    pick = _pick(designs, table, better, chances, alpha) if count > 1 else None
    pair = together(table["spread"], better[quality], stream, resamples) if quality in table and count > 1 else None
    return Told(tuple(table), tuple(designs), pick, pair)


def counted_once(measures: Sequence[Measures]) -> list[Measures]:
    """The same, with what keys do to probes and to items one by one in the errors of comparisons once (`once`)."""
    out = list(measures)
    for name in dict.fromkeys(name for m in measures for name in m.quality):
        having = [d for d, m in enumerate(measures) if name in m.quality and m.quality[name].known]
        for d, number in zip(having, taken_once([measures[d].quality[name] for d in having]), strict=True):
            out[d] = replace(out[d], quality={**out[d].quality, name: number})
    having = [d for d, m in enumerate(measures) if m.openness.known]
    for d, number in zip(having, taken_once([measures[d].openness for d in having]), strict=True):
        out[d] = replace(out[d], openness=number)
    return out


def criteria_of(measures: Sequence[Measures], quality: Quality) -> dict[str, list[Measured]]:
    """Criterion -> its number for each design, of those that all designs have."""
    table: dict[str, list[Measured]] = {"spread": [m.spread for m in measures]}
    if all(quality in m.quality and m.quality[quality].known for m in measures):
        table[quality] = [m.quality[quality] for m in measures]
    if all(m.openness.known for m in measures):
        table["lock_in"] = [m.openness for m in measures]
    return table


def _with(design: DesignFound, m: Measures) -> DesignFound:
    """The design with what was measured of it alone."""
    locked = None
    if np.isfinite(m.revision):
        r = m.ratio
        locked = LockedDesign(m.revision, m.paraphrase, r.value, float(r.low), float(r.high))
    return replace(
        design, spread=Number.of(m.spread, squared=True), noise=m.noise, failed=m.failed, lock_in=locked,
        quality={name: Number.of(q, share=True) for name, q in m.quality.items()},
    )  # fmt: skip


def _differences(
    table: Mapping[str, Sequence[Measured]], pairs: Sequence[tuple[int, int]], alpha: float
) -> dict[str, list[Difference]]:
    """Criterion -> first less second of each pair, with p-values over all criteria and pairs together."""
    apart = {name: [of[i] - of[j] for i, j in pairs] for name, of in table.items()}
    p = np.array([m.p for of in apart.values() for m in of])
    whole = iter(holm(np.nan_to_num(p, nan=1.0)).tolist())
    return {name: [_difference(m, next(whole), alpha) for m in of] for name, of in apart.items()}


def _difference(m: Measured, p_holm: float, alpha: float) -> Difference:
    return Difference(m.value, m.se, *m.ends(), p=m.p, p_holm=p_holm, told=p_holm < alpha)


def _pick(
    designs: Sequence[DesignFound], table: Mapping[str, Sequence[Measured]],
    better: Mapping[str, Sequence[Measured]], chances: Floats, alpha: float,
) -> Pick:  # fmt: skip
    spreads = table["spread"]
    at = int(np.argmin([m.value for m in spreads]))
    others = [d for d in range(len(designs)) if d != at]
    apart = _differences({"spread": spreads}, [(d, at) for d in others], alpha)["spread"]
    best = {name: int(np.argmax([m.value for m in of])) for name, of in better.items() if name != "spread"}
    costs = _differences({name: table[name] for name in best}, [(at, b) for b in dict.fromkeys(best.values())], alpha)
    columns = list(dict.fromkeys(best.values()))
    against = tuple(Against(name, designs[b].name, costs[name][columns.index(b)]) for name, b in best.items())
    known = [(d.multiply_adds, n) for n, d in enumerate(designs) if d.multiply_adds]
    cheapest = min(known)[1] if len(known) == len(designs) else None
    mine = designs[at].multiply_adds
    return Pick(
        designs[at].name, float(chances[at]),
        tuple(designs[d].name for d, gap in zip(others, apart, strict=True) if not gap.told), against,
        None if cheapest is None or not mine else mine / (designs[cheapest].multiply_adds or 1),
        "" if cheapest is None else designs[cheapest].name,
    )  # fmt: skip
