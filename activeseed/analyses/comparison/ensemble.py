"""All that is believed, compared: how far plausible seeds lie apart, on which probes, and the two that are furthest.

Seeds are drawn from the belief and trained under two keys each; blocks of them share their two keys, since most of what
a key does, it does to all alike. Distances are taken between different keys only, those of different draws against
those of the same draw, so that noise cancels and an ensemble of one seed has no spread. The two furthest draws are
compared anew, under keys that did not choose them: a largest of many noisy distances is larger than it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from activeseed.analyses.comparison.distances import Own, allowed
from activeseed.analyses.comparison.draws import Draws
from activeseed.analyses.comparison.found import Compared, Spreads
from activeseed.analyses.comparison.given import Given
from activeseed.analyses.comparison.record import Comparison
from activeseed.analyses.sides import Side, rows_of
from activeseed.checked import SettingsRecord
from activeseed.distances import DistanceSetting
from activeseed.errors import PlanError, TrainingError
from activeseed.estimators.statistics import ENOUGH_KEYS
from activeseed.outcome import Bools, Outcomes
from activeseed.plan import Explicit, Floats, Ints, Rows, generator, join_rows, with_keys
from activeseed.protocols import Cost, Problem, Request, Run

#: draws that share their two keys
BLOCK = 4


class Ensemble(SettingsRecord):
    """How far apart the outcomes of plausible seeds are.

    >>> study = act.Study.open("work")
    >>> found = study.analyse(act.Ensemble(draws=16))
    >>> found.draws, found.own.kind
    (16, 'own')

    Attributes:
        to: an outcome that the ensemble is held against besides.
        draws: plausible seeds that are drawn from the belief; a multiple of 4.
        keys: replicates of the two furthest, which are compared anew.
        distances: by kind, or as tables; empty for all that the outcome allows.
        weights: what each place weighs in the distances, one a place; empty for the study's own weights.
        alpha: family-wise error of calling a probe's difference between the furthest two more than noise.
    """

    kind: Literal["ensemble"] = "ensemble"
    to: Side | Given | None = None
    draws: int = Field(default=32, ge=8, le=2_000, multiple_of=BLOCK)
    keys: int = Field(default=ENOUGH_KEYS, ge=3, le=10_000)
    distances: tuple[DistanceSetting, ...] = ()
    weights: tuple[float, ...] = ()
    alpha: float = Field(default=0.05, gt=0.0, lt=1.0)

    def cost(self, problem: Problem) -> Cost:
        """See ``protocols.Analysis``: the draws under two keys, the outcome they are held against, the furthest two."""
        if problem.deterministic:
            return problem.each * (self.draws + 3)
        beside = 2 * self.draws // BLOCK if isinstance(self.to, Side) else 0
        return problem.each * (2 * self.draws + beside + 2 * self.keys)

    def run(self, problem: Problem) -> Run[Spreads]:
        """See ``protocols.Analysis``. Raises PlanError where nothing is unclear, TrainingError for too few rows."""
        if isinstance(self.to, Given):
            self.to.check(problem)
        if not bool((problem.law.probabilities[: len(problem.seed)].max(1) < 1.0).any()):
            raise PlanError(
                "Nothing is left unclear under what is believed, so there is one plausible seed and nothing to "
                "compare it with. Name two outcomes, or give items beliefs below 1."
            )
        rows = _drawn(problem, self.draws)
        width = 1 if problem.deterministic else 2
        outcomes = yield Request(Explicit(rows, unit=width * min(BLOCK, self.draws)), "plausible seeds")
        first, second, ok = _halves(outcomes, width)
        block = np.zeros(self.draws, np.int64) if problem.deterministic else np.arange(self.draws) // BLOCK
        if ok.sum() < 4:
            raise TrainingError(f"Of {self.draws} plausible seeds {ok.sum()} trained under all keys: four are needed.")
        notes = [] if ok.all() else [f"{int((~ok).sum())} of {self.draws} draws are left out, since a training failed."]
        drawn = Draws(first[ok], second[ok], block[ok], problem, self.weights)
        distances = [drawn.spread(d) for d in allowed(problem.geometry, int((drawn.weights > 0).sum()), self.distances)]
        own = Own(problem.geometry)
        to_mean = to_se = float("nan")
        pair = drawn.furthest(own)
        if isinstance(self.to, Side):
            keys = rows.keys[:: width * BLOCK] if width == 2 else rows.keys[:1]
            beside = _beside(problem, self.to, keys, width)
            held = yield Request(Explicit(beside, unit=width), self.to.name)
            to_mean, to_se = drawn.from_side(own, *_halves(held, width))
        elif isinstance(self.to, Given):
            to_mean, to_se = drawn.from_runs(own, self.to.at(problem.places))
        kept = np.flatnonzero(ok)
        extremes = yield from _again(self, problem, rows.variants[::width][kept[list(pair)]], drawn.moved)
        return Spreads(
            draws=int(ok.sum()), trainings=len(outcomes), over=problem.geometry.over, distances=tuple(distances),
            probes=drawn.contested(own), to="" if self.to is None else self.to.name, to_mean=to_mean, to_se=to_se,
            extremes=extremes, notes=tuple(notes),
        )  # fmt: skip


def _again(asked: Ensemble, problem: Problem, variants: NDArray[np.int16], moved: bool) -> Run[Compared | None]:
    """The furthest two, compared under keys of their own; None where all draws are one."""
    if not moved or np.array_equal(*variants):
        return None
    sides = [_as_side(problem, v, f"furthest draw {n}") for n, v in enumerate(variants, 1)]
    # keys behind those of the draws: what chose the two says nothing of them again
    behind = -(-2 * asked.draws // asked.keys)
    sides = [side.model_copy(update={"key": behind}) for side in sides]
    again = Comparison(
        first=sides[0], second=sides[1], keys=asked.keys, distances=asked.distances, weights=asked.weights,
        alpha=asked.alpha,
    )  # fmt: skip
    return (yield from again.run(problem))


def _as_side(problem: Problem, variants: Sequence[int], name: str) -> Side:
    items = problem.seed.items
    changes = {
        items[f].id: items[f].variants[int(v)].id
        for f, v in enumerate(variants[: len(items)])
        if int(v) != problem.base[f]
    }
    return Side(name=name, changes=changes)


def _drawn(problem: Problem, draws: int) -> Rows:
    """Row 2r is draw r under its block's first key, row 2r + 1 the same under the second; one row each if no noise."""
    dice = generator(problem.stream, "ensemble")
    p = problem.law.probabilities[: len(problem.seed)]
    u = dice.random((draws, len(p)))
    variants = (u[:, :, None] > np.cumsum(p, 1)[None, :, :-1]).sum(2).astype(np.int16)
    if problem.deterministic:
        return Rows(variants, np.zeros(draws, np.int64))
    keys = problem.first_key + 2 * (np.arange(draws) // BLOCK)
    rows = Rows(variants, keys.astype(np.int64))
    both = join_rows([rows, with_keys(rows, rows.keys + 1)])
    return both.take(np.arange(2 * draws).reshape(2, draws).T.ravel())


def _beside(problem: Problem, side: Side, keys: Ints, width: int) -> Rows:
    """The named side under each block's keys."""
    one = rows_of(problem, [side] * (len(keys) * width))
    return with_keys(one, np.array([k + w for k in keys for w in range(width)], np.int64))


def _halves(outcomes: Outcomes, width: int) -> tuple[Floats, Floats, Bools]:
    values = outcomes.values.reshape(-1, width, outcomes.values.shape[-1]).astype(np.float64)
    return values[:, 0], values[:, -1], np.asarray(outcomes.ok.reshape(-1, width).all(1))
