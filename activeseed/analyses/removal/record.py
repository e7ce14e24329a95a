"""``RemovalBounds``: how far can leaving out items, any few of them, move what is learned?

What is proved holds for all C(n, k) sets at once (`curvature`, `trajectory`), what was seen is of sets that were
trained: the strongest by influence for each probe, or all of them where they are few. The system trains them too, so
that what is proved of its convex training is held against its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from pydantic import Field, field_validator
from scipy.special import expit, logit

from activeseed.analyses.removal.bounding import Bound, Bounding
from activeseed.analyses.removal.everything import Set, every, how_many
from activeseed.analyses.removal.finding import Removals
from activeseed.analyses.removal.saying import removals
from activeseed.checked import SettingsRecord
from activeseed.contrast import ABSENT_INDEX
from activeseed.errors import PlanError, TrainingError
from activeseed.geometries import decisions_of
from activeseed.outcome import Outcomes
from activeseed.plan import Explicit, Floats, Rows
from activeseed.protocols import Cost, Problem, Request, Run

#: how many items are removed at most, where nobody says
USUAL = (1, 3, 10)
#: single precision of a probability near 0 or 1 leaves no log-odds beyond these
LEAST = 1e-7
#: trainings that hand out what they do, for whoever has another
CONVEX = (
    "FromEstimator(LogisticRegression()) on embeddings, RewardModel(reward = 'linear'), and OversightLeague(rounds = "
    "1) with a linear evaluator"
)


class RemovalBounds(SettingsRecord):
    """Bounds on what removing any few items does to the outcome at each probe: proved, beside the worst that was seen.

    For systems that hand out a convex training (``protocols.SupportsConvex``); for any other where all sets are few
    enough to be trained. It is about the training that it names: its optimiser, its start and its order.

    >>> study = act.Study.open("work")
    >>> (found,) = study.analyse(act.RemovalBounds(removals=(2,), exhaustive=0)).bounds
    >>> found.exact, found.seen <= found.proved < 2 * found.seen
    (False, True)

    Attributes:
        removals: how many items may be missing, each a bound of its own; empty: 1, 3 and 10 as far as the seed goes.
        sets: the strongest sets by influence that are trained for each of them.
        exhaustive: all sets are trained instead where there are no more than this.
        loose: a bound of more than this times what was seen is called vacuous.
    """

    kind: Literal["removal"] = "removal"
    removals: tuple[int, ...] = ()
    sets: int = Field(default=24, ge=1, le=10_000)
    exhaustive: int = Field(default=512, ge=0, le=1_000_000)
    loose: float = Field(default=5.0, gt=1, allow_inf_nan=False)

    @field_validator("removals")
    @classmethod
    def _sound(cls, removals: tuple[int, ...]) -> tuple[int, ...]:
        if any(k < 1 for k in removals):
            raise ValueError("a removal takes one item or more")
        return tuple(sorted(set(removals)))

    @property
    def reads_belief(self) -> bool:
        """No: any items may go."""
        return False

    def cost(self, problem: Problem) -> Cost:
        """See ``protocols.Analysis``: the seed as it stands, and the sets that are trained."""
        n = len(standing(problem))
        return problem.each * (1 + sum(min(how_many(n, k), max(self.sets, self.exhaustive)) for k in self._asked(n)))

    def run(self, problem: Problem) -> Run[Removals]:
        """See ``protocols.Analysis``.

        Raises:
            PlanError: outcomes that are no probabilities, more removals than items, and where there is neither a
                convex training nor few enough sets to train them all, naming the systems that have one.
            TrainingError: the seed as it stands can't be trained.
        """
        items = standing(problem)
        if not problem.places or decisions_of(problem.geometry) is None:
            raise PlanError("Removals are bounded where outcomes are probabilities at probes, and there are none here.")
        asked, bounding, notes = self._asked(len(items)), None, []
        try:
            bounding = _bounding(problem, items)
        except PlanError as error:
            if how_many(len(items), max(asked)) > self.exhaustive:
                if self.removals or how_many(len(items), 1) > self.exhaustive:
                    raise PlanError(self._refused(str(error), len(items))) from None
                asked = tuple(k for k in asked if how_many(len(items), k) <= self.exhaustive)
            notes.append(f"All sets were trained, and nothing is proved beyond them. {error}")

        bounds = {k: bounding.of(k) if bounding else None for k in asked}
        tried = {k: self._tried(items, k, bounds[k]) for k in asked}
        sets = list(dict.fromkeys(s for some in tried.values() for s in some))
        found = yield Request(Explicit(_rows(problem, sets)), "the seed as it stands, and sets of items removed")
        if not found.ok[0]:
            raise TrainingError(
                f"The seed as it stands can't be trained: {found.failures.get(0, 'no reason was given')}."
            )
        base, moved, apart = _measured(problem, bounding, items, sets, found)
        return removals(
            problem, items, base, apart, notes, self.loose,
            [(k, bounds[k], {s: moved[s] for s in tried[k] if s in moved}, len(tried[k]) == how_many(len(items), k))
             for k in asked],
            words=bounding.convex.words if bounding else f"the trainer as it is set{_under(problem)}",
        )  # fmt: skip

    def _asked(self, n: int) -> tuple[int, ...]:
        if self.removals and self.removals[-1] >= n:
            raise PlanError(
                f"{n} items stand that can be removed, and removals of {self.removals[-1]} were asked about: nothing "
                f"would be left to train on. Ask about {n - 1} at most."
            )
        return self.removals or tuple(k for k in USUAL if k < n)

    def _refused(self, reason: str, n: int) -> str:
        possible = max((k for k in range(1, n) if how_many(n, k) <= self.exhaustive), default=0)
        other = (
            f" Or ask about removals of {possible} at most, of which all {how_many(n, possible):,} can be trained."
            if possible
            else f" Or raise exhaustive to {n:,}, to train the seed without each of its items."
        )
        return f"{reason} Bounds on all removals are for trainings that are convex: {CONVEX}.{other}"

    def _tried(self, items: Sequence[int], k: int, bound: Bound | None) -> list[Set]:
        """The sets that are trained: all, or the strongest by influence, those of the probes that move most first."""
        if bound is None or how_many(len(items), k) <= self.exhaustive:
            return list(every(items, k))
        found: dict[Set, float] = {}
        for row in bound.influence:
            for sign in (1.0, -1.0):
                best = np.argsort(-sign * row)[:k]
                best = best[sign * row[best] > 0]
                chosen = frozenset(items[int(i)] for i in best)
                if chosen:
                    found[chosen] = max(found.get(chosen, 0.0), float(abs(row[best].sum())))
        return sorted(found, key=lambda s: -found[s])[: self.sets]


def standing(problem: Problem) -> tuple[int, ...]:
    """Positions of the items that stand and can be left out. Raises PlanError for fewer than two."""
    items = problem.droppable
    if len(items) < 2:
        raise PlanError("Removals are asked of two items that stand or more. Let some stand again.")
    return items


def _under(problem: Problem) -> str:
    return "" if problem.deterministic else f", under key {problem.key}"


def _rows(problem: Problem, sets: Sequence[Set]) -> Rows:
    """The seed as it stands, then without each set."""
    variants = np.tile(np.array(problem.base, np.int16), (1 + len(sets), 1))
    for r, gone in enumerate(sets, start=1):
        variants[r, sorted(gone)] = ABSENT_INDEX
    return Rows(variants, np.full(len(variants), problem.key, np.int64))


def _bounding(problem: Problem, items: Sequence[int]) -> Bounding:
    """Bounds of the seed as it stands. Raises PlanError where its training is no convex one."""
    if problem.convex is None or problem.materials is None:
        raise PlanError("This system hands out no convex training.")
    weights = _rows(problem, ()).weights(problem.materials.slots)[0]
    return Bounding(problem.convex(problem.key), np.asarray(weights, np.float64))


def _measured(
    problem: Problem, bounding: Bounding | None, items: Sequence[int], sets: Sequence[Set], found: Outcomes
) -> tuple[Floats, Mapping[Set, Floats], float]:
    """(P,) scores of the seed as it stands, by how much each set moves them, and how far two trainings are apart.

    Scores are those of the convex training in double precision, where there is one; what failed moves to NaN.
    """
    outcomes = np.asarray(found.values, np.float64)
    if bounding is None:
        scores = np.asarray(logit(np.clip(outcomes, LEAST, 1.0 - LEAST)))
        return scores[0], {s: scores[r] - scores[0] for r, s in enumerate(sets, start=1)}, float("nan")
    assert problem.materials is not None  # the bounding is made of them
    of_slot = problem.materials.slots.items
    base, moved, apart = bounding.scores(), {}, 0.0
    for r, gone in enumerate((frozenset(), *sets)):
        scores = bounding.scores(np.isin(of_slot, sorted(gone)))
        if found.ok[r]:
            apart = max(apart, float(np.abs(expit(scores) - outcomes[r]).max()))
        if r:
            moved[sets[r - 1]] = scores - base
    return base, moved, apart
