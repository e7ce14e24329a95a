"""One region: what is dreamed there, what is proved, and what that says of probabilities, decisions and ranks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy.special import expit

from activeseed.analyses.certificates.certified import Certificate
from activeseed.analyses.certificates.places import Place
from activeseed.analyses.certificates.saying import statement
from activeseed.bounding.bounded import Bounded
from activeseed.bounding.divergences import MEASURES, Caps, caps, held, least_kendall, pairs_held, policy_caps
from activeseed.dreaming import dream
from activeseed.errors import PlanError
from activeseed.networks import Network
from activeseed.plan import Floats

#: data at which a climb may begin
BEGINNINGS = 256


@dataclass(frozen=True, eq=False)
class Pair:
    """Two networks and what is known of them.

    Attributes:
        f, g: of one layout.
        names: what the two are called.
        data: (n, d) inputs that there are.
        ids: n names of them.
        leash: β of policies that are asked about; None asks about none.
    """

    f: Network
    g: Network
    names: tuple[str, str]
    data: Floats
    ids: Sequence[str]
    leash: float | None = None

    @property
    def unit(self) -> Literal["log-odds", "score"]:
        return "log-odds" if self.f.layout.link == "sigmoid" else "score"


@dataclass(frozen=True)
class Effort:
    """What a region may cost.

    Attributes:
        seconds: of proving.
        gap: relative gap at which proving ends.
        method: a rung of the ladder, or ``auto``.
        restarts, steps: of dreaming.
        key: of what is drawn at random.
    """

    seconds: float
    gap: float
    method: Literal["auto", "ibp", "joint", "paired", "branching", "milp"]
    restarts: int
    steps: int
    key: int


def certificate(pair: Pair, place: Place, effort: Effort) -> Certificate:
    """Dreams first, so that the proof knows how far it can get; what was seen above a bound makes the bound void."""
    f, g = place.read(pair.f), place.read(pair.g)
    begin = pair.data[place.inside] if place.inside.any() else pair.data
    begin = place.coordinates(begin[:: max(1, len(begin) // BEGINNINGS)])
    lower, point = _dreamed(f, g, place, begin, effort)
    # ranks and policies are about the range of f − g, in which both sides count
    sides = not place.probe or pair.leash is not None
    proved = _proved(f, g, place, effort, point, sides)
    if proved.witness is not None and (point is None or proved.lower > lower):
        lower, point = proved.lower, proved.witness
    if not proved.upper >= lower:  # also where either is no number
        proved = replace(proved, upper=math.inf, most=math.inf, least=math.inf, status="unknown")
    single = _single(f, g, place) if math.isfinite(proved.upper) else math.nan
    return _said(pair, place, proved, lower, point, single)


def _single(f: Network, g: Network, place: Place) -> float:
    from activeseed.bounding.rounding import single_precision

    return single_precision(f, place.region) + single_precision(g, place.region)


def _proved(f: Network, g: Network, place: Place, effort: Effort, point: Floats | None, sides: bool) -> Bounded:
    from activeseed.bounding.ladder import bound

    return bound(
        f, g, place.region, method=effort.method, seconds=effort.seconds, gap=effort.gap, witness=point, sides=sides
    )  # fmt: skip


def _dreamed(f: Network, g: Network, place: Place, begin: Floats, effort: Effort) -> tuple[float, Floats | None]:
    try:
        seen = dream(
            f, g, place.region, key=effort.key, restarts=effort.restarts, steps=effort.steps, starts=begin
        )  # fmt: skip
    except PlanError:  # nothing finite was said: the proof will end in "unknown"
        return 0.0, None
    return seen.value, seen.point


def _said(pair: Pair, place: Place, proved: Bounded, lower: float, point: Floats | None, single: float) -> Certificate:
    inside = pair.data[place.inside]
    found = Certificate(
        region=place.kind, words=place.words, probe=place.probe, radius=place.radius, times=place.times,
        data=int(place.inside.sum()), lower=lower, upper=proved.upper, most=proved.most, least=proved.least,
        method=proved.method, status=proved.status, slack=proved.slack, seconds=proved.seconds,
        branches=proved.branches, single=single,
    )  # fmt: skip
    if point is not None:
        witness = place.inputs(point)
        away = np.linalg.norm(pair.data - witness, axis=1)
        at = int(np.argmin(away))
        found = replace(found, witness=witness, nearest=pair.ids[at], distance=float(away[at]))
    if place.probe:
        at = list(pair.ids).index(place.probe)
        found = replace(found, here=float(abs(pair.f.scores(pair.data[at]) - pair.g.scores(pair.data[at]))))
    if pair.unit == "log-odds":
        found = _of_probabilities(pair, found, inside)
    if pair.leash is not None:
        policy = policy_caps(found.most, found.least, pair.leash)
        names = [n for n in MEASURES if n != "probability"]
        vacuous = tuple(f"policy {n}" for n in policy.vacuous if n in names)
        found = replace(
            found, policy={n: getattr(policy, n) for n in names}, vacuous=(*found.vacuous, *vacuous)
        )  # fmt: skip
    if not place.probe and len(inside):
        scores = pair.f.scores(inside)
        ranked, pairs = pairs_held(scores, found.most, found.least)
        found = replace(found, pairs=pairs, ranked=ranked, kendall=least_kendall(ranked, pairs))
    return replace(found, statement=statement(found, pair.names, pair.unit, pair.f.layout, pair.leash, place.note))


def _of_probabilities(pair: Pair, found: Certificate, inside: Floats) -> Certificate:
    most: Caps = caps(found.upper)
    out = replace(
        found,
        caps={n: getattr(most, n) for n in MEASURES},
        vacuous=most.vacuous,
        approves=float(expit(max(found.most, 0.0))),
        rejects=float(expit(-max(found.least, 0.0))),
    )
    if not len(inside):
        return out
    f, g = pair.f.scores(inside), pair.g.scores(inside)
    return replace(
        out, decided=int(held(f, found.most, found.least).sum()), flipped=int(((f > 0) != (g > 0)).sum())
    )  # fmt: skip
