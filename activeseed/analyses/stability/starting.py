"""Where a level starts: what is started otherwise, and what its ratio of spreads means.

*Items* (the trainer²'s start). The spread of outcomes over plausible seeds, as a share of the spread over seeds that
have nothing in common but the texts; over the share of their entries in which plausible seeds differ, likewise. At 1
differences count in proportion to how many there are, as they do where the outcome is a sum over items; below 1 the
few differences that plausible seeds have wash out, and above 1 they grow, as where a small change tips the outcome from
one basin into another. Both shares exist for any system, exact or trained, and neither has a unit. Where the
outcome is a sum to which items contribute unevenly, the ratio also says whether those that are unclear are the ones
that weigh: it is the mean of p(1 − p) over items by their squared weight, over its plain mean. Unrelated seeds are
drawn by a coin: an item stands, or is one of the other things that it may turn out to be, in proportion to the belief.
Where items that stay take over the weight of those that are left out, few omissions do less than in proportion: for a
mean over the many items that stand, each with probability p, the ratio is 1/(4p²).

*A key stream, or a setting, that says where the trainer starts.* The spread of outcomes at the end of training over
their spread at the start, both squared embedded distances: what trainings differ in before the first step, and after
the last. It takes a system that hands out its trajectory.

*Where the model starts.* The trained system is asked otherwise (`prompting`): how much of a change of the prompt comes
through, over how much of a change to another question of the same distance does. A start of the world has no measure in
the unit of outcomes: its spread stands alone.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from activeseed.analyses.basins.counting import basins_of, support_of
from activeseed.analyses.basins.sweeping import rows_at
from activeseed.analyses.prompting.found import Prompted
from activeseed.analyses.prompting.record import Prompts
from activeseed.analyses.prompting.rewording import starts_of
from activeseed.analyses.sides import drawn
from activeseed.analyses.stability.matrix import Started
from activeseed.analyses.stability.washing import (
    UNKNOWN,
    Estimate,
    Jackknifed,
    Trained,
    disagreement,
    largest_share,
    log_ratio_left,
    one_basin,
    ratio_of,
    spread_between,
    spread_over,
)
from activeseed.contrast import ABSENT_INDEX
from activeseed.errors import PlanError
from activeseed.estimators.leave_one_out import ROUNDING
from activeseed.geometries import Hellinger, Identity, decisions_of
from activeseed.outcome import Outcomes
from activeseed.plan import Explicit, Floats, Ints, Law, Rows, generator, join_rows, with_keys
from activeseed.protocols import TRAJECTORY, Problem, Request

#: probability with which an item is left out, where nothing is unclear
LEFT_OUT = 0.1
#: fewer draws than this that differ from the seed as it stands carry no error
FEW = 30

Steps = Generator[Request, Outcomes, Trained]


@dataclass(frozen=True)
class Counted:
    """The basins of an ensemble: of each start, and how often each number of them is found in subsets.

    ``again`` counts them in as many other subsets as are asked for.
    """

    basins: Ints
    support: dict[int, float]
    again: Callable[[int], dict[int, float]] | None = None


Count = Callable[[Floats, str], Counted]


def counted(problem: Problem, points: Floats, at: str, *, alpha: float, most: int, resamples: int) -> Counted:
    """Basins as `basins` counts them; one of what ended alike."""
    at_middle = points - points.mean(0) if len(points) else points
    if len(points) < 2 or (at_middle**2).sum() / (len(points) - 1) <= ROUNDING:
        support = {1: 1.0} if resamples and len(points) else {}
        return Counted(np.zeros(len(points), np.int64), support, lambda subsets: support)
    dice = generator(problem.stream, "stability", at)
    basins = basins_of(points, dice, alpha=alpha, most=most)
    support = support_of(points, dice, alpha=alpha, most=most, resamples=resamples)

    def again(subsets: int) -> dict[int, float]:
        others = generator(problem.stream, "stability", at, "again")
        return support_of(points, others, alpha=alpha, most=most, resamples=subsets if resamples else 0)

    return Counted(basins, support, again)


# --- seeds ------------------------------------------------------------------------------------------------------------


def is_closed(problem: Problem) -> bool:
    """Whether nothing is left unclear, so that there is one plausible seed."""
    return not bool((problem.law.probabilities[: len(problem.seed)].max(1) < 1.0).any())


def near_law(problem: Problem) -> Law:
    """What seeds are drawn from: the belief; where it is settled, each item that stands is left out at times."""
    if not is_closed(problem):
        return problem.law
    p = np.array(problem.law.probabilities)
    for f in problem.droppable:
        p[f] = 0.0
        p[f, problem.base[f]], p[f, ABSENT_INDEX] = 1.0 - LEFT_OUT, LEFT_OUT
    return Law(f"each item left out with probability {LEFT_OUT:g}", p)


def far_law(problem: Problem, near: Law) -> Law:
    """Seeds that are unrelated: a coin says whether an item that is unclear stands; else what it may turn out to be."""
    p = np.array(near.probabilities)
    for f, stands in enumerate(problem.base):
        others = p[f].copy()
        others[stands] = 0.0
        if (total := float(others.sum())) > 0.0:
            p[f] = 0.5 * others / total
            p[f, stands] = 0.5
    return Law("by a coin", p)


def apart(law: Law) -> float:
    """Entries in which two seeds of a law differ, on average."""
    return float((1.0 - (law.probabilities**2).sum(1)).sum())


def seeds_of(problem: Problem, law: Law, draws: int, name: str = "ensemble") -> Rows:
    """So many seeds of a law, each under a key of its own; the first of them are those of any larger number."""
    if name == "ensemble":
        return drawn(replace(problem, law=law), draws, draws).rows
    dice = generator(problem.stream, name)
    u = dice.random((draws, len(law.probabilities)))
    variants = (u[:, :, None] > np.cumsum(law.probabilities, 1)[None, :, :-1]).sum(2).astype(np.int16)
    keys = np.zeros(draws, np.int64) if problem.deterministic else np.arange(draws)
    return Rows(variants, problem.key + keys)


def both(problem: Problem, rows: Rows, stream: str = "") -> list[Rows]:
    """The rows, and again under other keys, where anything else than a stream that both share is random."""
    others = any(s.name != stream for s in problem.streams) if stream else not problem.deterministic
    return [rows, with_keys(rows, rows.keys + len(rows))] if others else [rows]


def trained_on(problem: Problem, parts: list[Rows], outcomes: Outcomes) -> Trained:
    """What came of rows that `both` made, one part after the other."""
    n = len(parts[0])
    fine = outcomes.ok.reshape(len(parts), n).all(0)
    which = np.flatnonzero(fine)
    values = np.asarray(outcomes.values, np.float64)
    second = problem.geometry.embed(values[n:][which]) if len(parts) == 2 else None
    return Trained(
        parts[0].variants[which], values[which], problem.geometry.embed(values[which]), second, which, n,
        next(iter(outcomes.failures.values()), ""),
    )  # fmt: skip


def ensemble(problem: Problem, rows: Rows, purpose: str, stream: str = "", may_fail: bool = False) -> Steps:
    """Train rows, each under two keys where that makes a difference.

    Args:
        may_fail: that they don't train is what is found of them, and no fault.
    """
    parts = both(problem, rows, stream)
    outcomes = yield Request(Explicit(join_rows(parts)), purpose, may_fail=may_fail)
    return trained_on(problem, parts, outcomes)


def from_seeds(problem: Problem, near: Trained, far: Trained, law: Law, count: Count, resamples: int) -> Started:
    """What comes of the differences between plausible seeds."""
    unrelated = far_law(problem, law)
    share = apart(law) / apart(unrelated)
    common = np.intersect1d(near.which, far.which)
    top, bottom = near.of(common), far.of(common)
    spread = near.of(near.which)
    ratio = ratio_of(top.times(1.0 / share), bottom)
    found = count(near.first, "items")
    why = ""
    if not ratio.is_known:
        seen = "are not told from noise" if near.second is not None else "end alike"
        why = f"Unrelated seeds {seen}, so that there is nothing to hold the spread of plausible ones against"
    return Started(
        of="items", starts=len(near.which), failed=near.asked - len(near.which), spread=spread.estimate,
        before=Estimate(share, share, share),
        measured="entries in which plausible seeds differ, over those in which unrelated ones do",
        ratio=ratio, most=far.of(far.which).estimate, noise=near.noise, disagree=_disagreement(problem, near.values),
        disagree_most=_disagreement(problem, far.values), why=why,
        kept=(spread, log_ratio_left(top.times(1.0 / share), bottom)), **_basins(found, near.first, resamples),
    )  # fmt: skip


# --- streams and settings ---------------------------------------------------------------------------------------------


def stream_rows(problem: Problem, stream: str, starts: int) -> Rows:
    """The seed as it stands, begun otherwise: the stream's numbers go with the rows, whatever keys they get besides."""
    numbers = problem.first_key + np.arange(starts, dtype=np.int64)
    return Rows(np.tile(np.array(problem.base, np.int16), (starts, 1)), numbers, apart={stream: numbers})


def from_stream(
    problem: Problem, stream: str, level: str, starts: int, count: Count, resamples: int
) -> Generator[Request, Outcomes, Started]:
    """What comes of starts that a key stream draws."""
    rows = stream_rows(problem, stream, starts)
    parts = both(problem, rows, stream)
    before: Jackknifed | None = None
    if followed := follows(problem, level):
        seen = yield Request(Explicit(rows), f"starts by {stream}, through training", state=TRAJECTORY)
        course = np.asarray(seen.values, np.float64)
        fine = np.isfinite(course).all((1, 2))
        values, ok = course[:, -1], [fine]
        if len(parts) == 2:
            other = yield Request(Explicit(parts[1]), f"starts by {stream}, again")
            values, ok = np.concatenate([values, other.values]), [fine, other.ok]
        outcomes = Outcomes(np.nan_to_num(values), np.concatenate(ok), {})
        trained = trained_on(problem, parts, outcomes)
        before = spread_over(problem.geometry.embed(course[trained.which, 0]))
    else:
        outcomes = yield Request(Explicit(join_rows(parts)), f"starts by {stream}")
        trained = trained_on(problem, parts, outcomes)
    spread = trained.of(trained.which)
    found = count(trained.first, f"stream {stream}")
    return Started(
        of=stream, starts=len(trained.which), failed=starts - len(trained.which), spread=spread.estimate,
        noise=trained.noise, disagree=_disagreement(problem, trained.values),
        **_before(before, spread, level, followed), **_basins(found, trained.first, resamples),
    )  # fmt: skip


def from_setting(problem: Problem, setting: int, level: str, keys: int) -> Generator[Request, Outcomes, Started]:
    """What comes of starts that a setting names: each of its choices, under the same keys."""
    factor = problem.settings[setting]
    times = 1 if problem.deterministic else keys
    base = Rows(np.tile(np.array(problem.base, np.int16), (times, 1)), problem.key + np.arange(times, dtype=np.int64))
    rows = join_rows([rows_at(problem, base, setting, c) for c in range(len(factor.choices))])
    shape = (len(factor.choices), times)
    before: Jackknifed | None = None
    if followed := follows(problem, level):
        seen = yield Request(Explicit(rows), f"starts by {factor.id}, through training", state=TRAJECTORY)
        course = np.asarray(seen.values, np.float64)
        fine = np.isfinite(course).all((1, 2)).reshape(shape).all(0)
        values, first = course[:, -1], problem.geometry.embed(np.nan_to_num(course[:, 0])).reshape(*shape, -1)
        before = spread_between(first[:, fine]) if fine.any() else None
    else:
        outcomes = yield Request(Explicit(rows), f"starts by {factor.id}")
        values, fine = np.asarray(outcomes.values, np.float64), outcomes.ok.reshape(shape).all(0)
    points = problem.geometry.embed(np.nan_to_num(values)).reshape(*shape, -1)[:, fine]
    spread = spread_between(points) if fine.any() else Jackknifed(float("nan"), np.zeros(0))
    one_key = values.reshape(*shape, -1)[:, fine][:, :1].reshape(-1, values.shape[-1])
    return Started(
        of=factor.id, starts=len(factor.choices), failed=int((~fine).sum()), spread=spread.estimate,
        disagree=_disagreement(problem, one_key),
        **_before(before, spread, level, followed),
    )  # fmt: skip


def asks(problem: Problem, keys: int) -> Prompts | None:
    """The analysis of prompts, where this outcome is read at probes that can be put otherwise by rule."""
    if problem.materials is None or problem.places != problem.materials.probes:
        return None
    if not isinstance(problem.geometry, Hellinger | Identity):
        return None
    asked = Prompts(keys=keys)
    with suppress(PlanError):
        if starts_of(problem.places, asked.rules, asked.prefixes, asked.written):
            return asked
    return None


def from_prompts(found: Prompted) -> Started:
    """What comes of another wording of a probe, beside what another question of the same distance makes."""
    ratio = Estimate(found.washed_out, found.washed_low, found.washed_high)
    known = ratio.is_known
    return Started(
        of="wordings of the probes", starts=sum(k.rewordings for k in found.kinds), failed=0,
        spread=Estimate(found.outcome, found.outcome_low, found.outcome_high), before=Estimate(found.start),
        measured="squared distance of the probes' features; the ratio is held against that of different probes",
        ratio=ratio if known else UNKNOWN,
        why="" if known else "Nothing embeds the probes, so that how far apart their wordings lie is not known",
    )  # fmt: skip


def follows(problem: Problem, level: str) -> bool:
    """Whether the start of the trainer can be seen: a state of that name may be anything where no steps are told."""
    return level == "trainer" and TRAJECTORY in problem.states and bool(problem.steps)


def _before(before: Jackknifed | None, spread: Jackknifed, level: str, followed: bool) -> dict[str, Any]:
    if before is None:
        why = (
            "The trainer hands out no trajectory, so that the spread of its starts is not known"
            if level == "trainer" and not followed
            else "Starts of the world have no measure in the unit of outcomes, so that there is a spread and no ratio"
        )
        return {"why": why, "kept": (spread, None)}
    ratio = ratio_of(spread, before)
    why = "" if ratio.is_known else "All starts make the same outcomes before training, so that there is no ratio"
    return {
        "before": before.estimate, "measured": "squared distance of outcomes before the first step", "ratio": ratio,
        "why": why, "kept": (spread, log_ratio_left(spread, before)),
    }  # fmt: skip


def _basins(found: Counted, points: Floats, resamples: int) -> dict[str, Any]:
    return {
        "basins": int(found.basins.max(initial=-1)) + 1, "support": found.support,
        "one": one_basin(found.support, resamples), "largest": largest_share(points, found.basins),
    }  # fmt: skip


def _disagreement(problem: Problem, values: Floats) -> Estimate:
    decided = decisions_of(problem.geometry)
    return disagreement(values, decided) if decided is not None else UNKNOWN
