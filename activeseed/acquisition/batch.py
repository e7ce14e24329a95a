"""From values to a batch: greedy, conditioning the belief's covariance on every pick and on what is still pending."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from activeseed.acquisition.value import explained, item_values
from activeseed.acquisition.wrongness import Wrongness, wrongness
from activeseed.belief.posterior import Belief
from activeseed.errors import PlanError
from activeseed.plan import Floats, Ints
from activeseed.questions import LIST, WRITING, minutes_by_kind, usual
from activeseed.seed import Item, Seed


class _Pace:
    """What an answer is expected to take where nothing is said, in minutes."""

    minutes, minutes_line, minutes_write_more = 1.0, 0.3, 5.0


#: minutes that an answer is expected to take, by kind; of a list, one line of it
MINUTES: Mapping[str, float] = minutes_by_kind(_Pace())
#: what the drop of the deployed seed's risk counts beside the ensemble's (see ``choose``)
DEPLOYED_SHARE = 0.1

#: lines that a list has at least
LEAST = 3
#: share of what an item may be besides as written that one variant has to have, for a line to propose that variant
PLAINLY = 2 / 3


@dataclass(frozen=True)
class Candidate:
    """A question that could be asked.

    Attributes:
        kind: form of the question.
        items: numbers of the items that its answer settles: one, or the lines of a list.
        minutes: what an annotator needs for it; for a list, for all of its lines.
        answers: how many answers it costs: one for each line of a list.
        group: for *write more*, which group.
        gain: for *write more*, the predicted drop of the sampling spread: a column of its own.
        error: how often an answer is wrong, in [0, 0.5); lists are read less carefully.
        again: whether the item was answered before.
    """

    kind: str
    items: tuple[int, ...] = ()
    minutes: float = 1.0
    answers: int = 1
    group: str = ""
    gain: float = float("nan")
    error: float = 0.0
    again: bool = False


@dataclass(frozen=True)
class Pick:
    """A chosen question and what is expected of it.

    Attributes:
        candidate: the question.
        value: expected drop of the ensemble's risk, given the picks before it (squared embedded distance); for
            *write more* the drop of the sampling spread times the exchange rate.
        per_minute: what picks are ranked by: value, and the share of ``deployed_gain`` that counts, over minutes.
        alone: the value it would have had by itself.
        deployed_gain: expected drop of the deployed seed's own risk; 0 where no seed was named.
        drawn: whether it was chosen by value or drawn at random.
    """

    candidate: Candidate
    value: float
    per_minute: float
    alone: float = field(default=float("nan"))
    deployed_gain: float = 0.0
    drawn: Literal["value", "random"] = "value"


def item_candidates(
    seed: Seed,
    belief: Belief,
    *,
    minutes: Mapping[str, float] = MINUTES,
    error: float = 0.0,
    again: Collection[int] = (),
) -> list[Candidate]:
    """One question for every item that is not settled, in the form that suits it.

    Args:
        again: numbers of the items that were answered already: a second reading is a question like any other.
    """
    out = []
    p = belief.law.probabilities
    for f, item in enumerate(seed.items):
        if p[f].max() >= 1.0 - 1e-9:
            continue
        kind = kind_of(item)
        out.append(Candidate(kind, (f,), minutes.get(kind, 1.0), error=error, again=f in again))
    return out


def kind_of(item: Item) -> str:
    """The form in which one item is asked about."""
    return usual(item).kind


def doubtful(belief: Belief, standing: Sequence[int] | Ints, below: float = 0.5) -> tuple[int, ...]:
    """Unasked items that stand as written and are credible with less than ``below``, least credible first.

    What stands otherwise has no place in a list: a line without a tick says that the item stays *as written*. Neither
    has what may be several things: who would reword a line has nothing to say to a list that would drop it, and their
    silence would count as *stays*.
    """
    p = belief.credibility
    other = belief.law.probabilities[:, 1:].max(1)
    plain = other > PLAINLY * (1.0 - p)
    found = np.flatnonzero((p < below) & ~belief.answered & (np.asarray(standing, np.int64) == 0) & plain)
    return tuple(int(f) for f in found[np.argsort(p[found], kind="stable")])


def proposed(belief: Belief, standing: Sequence[int] | Ints) -> Ints:
    """(F,) what a list proposes for each item: the most credible variant that does not stand."""
    p = belief.law.probabilities.copy()
    p[np.arange(len(p)), np.asarray(standing, np.int64)] = -1.0
    return np.asarray(p.argmax(1), np.int64)


def list_candidate(
    belief: Belief,
    standing: Sequence[int] | Ints,
    *,
    minutes: Mapping[str, float] = MINUTES,
    least: int = LEAST,
    most: int = 12,
    below: float = 0.5,
    error: float = 0.0,
    worth: Floats | None = None,
) -> list[Candidate]:
    """*Confirm this list*: what looks wrong and no human has seen, as one question; empty if too short.

    Args:
        minutes: by kind; of a list, what reading one line takes.
        least, most: how many lines; two things are asked about one by one.
        below: credibility below which an item looks wrong.
        error: how often an answer about a line is wrong.
        worth: (F,) what an answer about each item is worth: the list has the most valuable ones, else the least
            credible. Lines are shown least credible first.
    """
    lines = doubtful(belief, standing, below)
    if worth is not None:
        best = set(sorted((f for f in lines if worth[f] > -np.inf), key=lambda f: -worth[f])[:most])
        lines = tuple(f for f in lines if f in best)
    lines = lines[:most]
    if len(lines) < least:
        return []
    each = minutes.get(LIST.kind, MINUTES[LIST.kind])
    return [Candidate(LIST.kind, lines, each * len(lines), answers=len(lines), error=error)]


def writing_candidates(
    sampling_spread: Mapping[str, float],
    members: Mapping[str, int],
    *,
    examples: int = 3,
    minutes: Mapping[str, float] = MINUTES,
) -> list[Candidate]:
    """*Write more of this kind*: V_group falls by about V_group·k/(m+k) with k more examples.

    Args:
        sampling_spread: V_group by group, under multinomial multiplicities that hold the group's weight.
        members: m by group.
        examples: k, how many are asked for.
    """
    cost = minutes.get(WRITING.kind, MINUTES[WRITING.kind]) * examples
    return [
        Candidate(WRITING.kind, (), cost, examples, group, spread * examples / (members[group] + examples))
        for group, spread in sampling_spread.items()
        if members.get(group, 0) > 0
    ]


def choose(
    gram: Floats,
    belief: Belief,
    candidates: Sequence[Candidate],
    size: int,
    *,
    pending: Sequence[int] = (),
    pending_error: float = 0.0,
    minutes: float | None = None,
    exchange_rate: float | None = None,
    deployed: Sequence[int] | Ints | None = None,
    deployed_share: float = DEPLOYED_SHARE,
    fixed: Collection[int] = (),
) -> list[Pick]:
    """The best batch, greedily, by value per minute.

    Args:
        gram: (F·V, F·V) debiased surrogate gram.
        belief: posterior over assignments.
        candidates: what could be asked, each with the error of its answer.
        size: how many answers the batch may cost; a list costs one for each line.
        pending: numbers of items that are being asked already: C is conditioned on their answers first, and they are
            not asked again.
        pending_error: how often those answers are wrong.
        minutes: budget of the batch, or None.
        exchange_rate: how much of the risk one unit of sampling spread is worth; None keeps *write more* out.
        deployed: (F,) index of the variant that stands; the drop of its own risk then counts beside the ensemble's.
        deployed_share: how much it counts. What an answer teaches about kin is worth nothing to a seed that only
            answers change, and what it removes from that seed is hardly worth anything to a belief that was sure of
            it; measured on the persona task, a tenth serves both (`tests/benchmarks/answers.py`).
        fixed: numbers of the items whose standing one further answer can't change.

    Raises:
        PlanError: an error rate outside [0, 0.5).
    """
    worst = max((pending_error, *(c.error for c in candidates)), default=0.0)
    if not 0.0 <= worst < 0.5:
        raise PlanError(f"The annotators' error rate is {worst:g}; an answer that is wrong half the time says nothing.")
    law = belief.law.probabilities
    covariance = belief.covariance
    busy = set(pending)
    if busy:
        covariance = covariance - explained(covariance, law, sorted(busy), pending_error)
    wrong: Wrongness | None = None
    if deployed is not None and deployed_share > 0:
        wrong = wrongness(belief, deployed)
        wrong.answer(busy - set(fixed), pending_error)
    alone: Floats | None = None
    left_answers, left_minutes = size, np.inf if minutes is None else minutes
    picks: list[Pick] = []
    taken: set[int] = set()
    given, start = candidates, covariance
    while left_answers > 0:
        # a list that does not fit goes without its last lines, and without what is asked about already
        candidates = [_fitting(c, busy, left_answers) for c in candidates]
        values, gains = _values(gram, belief, covariance, candidates, wrong, fixed)
        alone = values if alone is None else alone
        best, best_rate = -1, -np.inf
        for n, c in enumerate(candidates):
            if n in taken or busy & set(c.items) or c.answers > left_answers or c.minutes > left_minutes:
                continue
            if c.kind == WRITING.kind:
                if exchange_rate is None:
                    continue
                values[n], gains[n] = c.gain * exchange_rate, 0.0
            rate = (values[n] + deployed_share * gains[n]) / c.minutes
            if rate > best_rate:
                best, best_rate = n, rate
        if best < 0:
            break
        chosen = candidates[best]
        taken.add(best)
        busy |= set(chosen.items)
        left_answers -= chosen.answers
        left_minutes -= chosen.minutes
        if chosen != given[best]:  # a part of a list
            alone[best] = _values(gram, belief, start, [chosen], None, fixed)[0][0]
        picks.append(Pick(chosen, float(values[best]), float(best_rate), float(alone[best]), float(gains[best])))
        if chosen.items:
            covariance = covariance - explained(covariance, law, chosen.items, chosen.error)
            if wrong is not None:
                wrong.answer(set(chosen.items) - set(fixed), chosen.error)
    return picks


def _fitting(candidate: Candidate, busy: Collection[int], answers: int) -> Candidate:
    """A list without the items of ``busy`` and of so many lines at most; any other question as it is.

    Of fewer than three lines there is no list: those items have questions of their own.
    """
    if candidate.kind != LIST.kind:
        return candidate
    lines = tuple(f for f in candidate.items if f not in busy)[:answers]
    if len(lines) == len(candidate.items) or len(lines) < LEAST:
        return candidate
    minutes = candidate.minutes * len(lines) / len(candidate.items)
    return replace(candidate, items=lines, minutes=minutes, answers=len(lines))


def _values(
    gram: Floats,
    belief: Belief,
    covariance: Floats,
    candidates: Sequence[Candidate],
    wrong: Wrongness | None,
    fixed: Collection[int],
) -> tuple[Floats, Floats]:
    """Drop of the ensemble's risk by each candidate, and of the deployed seed's (zero where that does not count)."""
    law = belief.law.probabilities
    out, deployed = np.full(len(candidates), np.nan), np.zeros(len(candidates))
    for error in {c.error for c in candidates if len(c.items) == 1}:
        here = [n for n, c in enumerate(candidates) if len(c.items) == 1 and c.error == error]
        items = [candidates[n].items[0] for n in here]
        out[here] = item_values(gram, belief, error, covariance=covariance)[items]
        if wrong is not None:
            deployed[here] = wrong.gains(gram, error)[items] * ~np.isin(items, list(fixed))
    for n, c in enumerate(candidates):
        if len(c.items) > 1:
            out[n] = float((gram * explained(covariance, law, c.items, c.error)).sum())
            if wrong is not None:
                after = deepcopy(wrong)
                after.answer(set(c.items) - set(fixed), c.error)
                deployed[n] = wrong.risk(gram) - after.risk(gram)
    return out, deployed
