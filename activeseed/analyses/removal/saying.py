"""From ranges and trainings to what is said of them: probe by probe, in words, and whether it says anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.special import expit

from activeseed.analyses.removal.bounding import Bound
from activeseed.analyses.removal.everything import Set
from activeseed.analyses.removal.finding import ProbeReach, RemovalBound, Removals
from activeseed.plan import Floats
from activeseed.protocols import Problem

#: a mean score below this is an evaluator that says next to nothing (P(approve) within .04 of one half)
SILENT = 0.15
#: outcomes of the system's own trainings and of the convex ones are one and the same up to this
SAME = 1e-3
#: a range of probabilities of more than this says nothing
WIDE = 0.95
#: a score this near to 0 has no side
ROUNDING = 1e-9

#: k, what is proved, set -> (P,) how far it moves the scores, whether those were all sets
Asked = tuple[int, Bound | None, Mapping[Set, Floats], bool]


def removals(
    problem: Problem, items: Sequence[int], base: Floats, apart: float, notes: list[str], loose: float,
    asked: Sequence[Asked], words: str,
) -> Removals:  # fmt: skip
    """All that was found, in order."""
    size = float(np.abs(base).mean())
    if size < SILENT:
        notes.append(
            f"Scores are {size:.2g} on average: the evaluator says next to nothing, and so does a tight bound on it."
        )
    if apart > SAME:
        notes.append(
            f"The system's own trainings differ from what the bounds are of by up to {apart:.2g} in an outcome: its "
            "solver stops short of it. Lower its tolerance (tol) until they agree."
        )
    failed = sum(int(not np.isfinite(m).all()) for _, _, moved, _ in asked for m in moved.values())
    if failed:
        notes.append(f"{failed} of the removals that were tried leave nothing that trains.")
    bounds = tuple(_bound(problem, items, base, words, loose, *one) for one in asked)
    return Removals(bounds, tuple(base.tolist()), len(items), words, size, apart, tuple(notes))


def _bound(
    problem: Problem, items: Sequence[int], base: Floats, words: str, loose: float, k: int, bound: Bound | None,
    moved: Mapping[Set, Floats], exact: bool,
) -> RemovalBound:  # fmt: skip
    sets = [s for s in moved if np.isfinite(moved[s]).all()]
    exact = exact and len(sets) == len(moved)
    table = np.array([moved[s] for s in sets]) if sets else np.zeros((0, len(base)))
    seen_low, seen_high = np.minimum(table.min(0, initial=0.0), 0.0), np.maximum(table.max(0, initial=0.0), 0.0)
    if bound is not None:
        low, high = bound.moved
    elif exact:
        low, high = seen_low, seen_high
    else:
        low, high = np.full(len(base), -np.inf), np.full(len(base), np.inf)
    sure_low, sure_high = (seen_low, seen_high) if exact else (low, high)
    yes = base > 0
    holds = np.where(yes, base + sure_low > ROUNDING, base + sure_high < -ROUNDING)
    flips = np.where(yes, base + seen_low < 0, base + seen_high > 0)
    ends = [np.abs(expit(base + end) - expit(base)) for end in (sure_low, sure_high)]
    strongest = [sets[int(np.abs(table[:, p]).argmax())] if sets else frozenset() for p in range(len(base))]
    probes = tuple(
        ProbeReach(
            id=place.id, low=float(low[p]), high=float(high[p]), seen_low=float(seen_low[p]),
            seen_high=float(seen_high[p]), strongest=tuple(problem.ids[f] for f in sorted(strongest[p])),
            probability=float(max(ends[0][p], ends[1][p])), holds=bool(holds[p]), flips=bool(flips[p]),
        )
        for p, place in enumerate(problem.places)
    )  # fmt: skip
    distance = bound.distance if bound is not None and np.isfinite(bound.distance) else None
    made = RemovalBound(k, probes, len(moved), exact, "", distance, "")
    wide = np.median(expit(base + sure_high) - expit(base + sure_low))
    vacuous = _vacuous(made, bound, loose, float(wide))
    said = RemovalBound(k, probes, len(moved), exact, vacuous, distance, "")
    return RemovalBound(k, probes, len(moved), exact, vacuous, distance, statement(said, len(items), words))


def _vacuous(made: RemovalBound, bound: Bound | None, loose: float, wide: float) -> str:
    """Why a bound says nothing; empty where it says something."""
    if made.exact:
        return ""
    if bound is None:
        return "not all removals could be trained"
    if bound.why_not:
        return bound.why_not
    if not made.holding and made.flipped < len(made.probes):
        return f"it lets a removal flip the decision at every probe, and at {made.flipped} one was seen to"
    if made.looseness > loose:
        return f"it is {made.looseness:.2g} times the worst that was seen"
    if wide > WIDE:
        return f"it lets the outcome at half of the probes range over {wide:.2f}"
    return ""


def statement(bound: RemovalBound, items: int, words: str) -> str:
    """What holds of all removals of up to k items, to be quoted as it is."""
    k, probes = bound.removed, len(bound.probes)
    which = f"of at most {k} of these {items} items" if k > 1 else f"of one of these {items} items"
    at = f"the {probes} probes" if probes > 1 else "the one probe"
    worst = max(bound.probes, key=lambda p: p.seen)
    if bound.exact:
        return (
            f"No removal {which} moves the score at any of {at} by more than {_number(bound.seen)} (the outcome by "
            f"{_number(max(p.probability for p in bound.probes))}), for {words}: all {bound.sets:,} were trained. "
            f"{_decisions(bound)}"
        )
    seen = f"the strongest found, trained, moves one by {_number(worst.seen)}"
    if bound.vacuous:
        return f"Vacuous for removals {which}, for {words}: {bound.vacuous}. What was seen: {seen}."
    return (
        f"No removal {which} moves the score at any of {at} by more than {_number(bound.proved)} (the outcome by "
        f"{_number(max(p.probability for p in bound.probes))}), for {words}; {seen}. {_decisions(bound)}"
    )


def _decisions(bound: RemovalBound) -> str:
    flipped = f"; {bound.flipped} were seen to flip" if bound.flipped else ""
    return f"{bound.holding} of {len(bound.probes)} decisions can't be flipped so{flipped}."


def _number(value: float) -> str:
    """Rounded up at the third digit: what is proved stays true as it is printed."""
    if not np.isfinite(value) or value <= 0:
        return f"{value + 0.0:.3g}"  # no "-0"
    scale = 10.0 ** (np.floor(np.log10(value)) - 2)
    return f"{np.ceil(value / scale - 1e-9) * scale:.3g}"
