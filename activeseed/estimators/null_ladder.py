"""The null ladder: how far the outcome moves when nothing that matters is changed.

Weights of up to 100 items that stand are wiggled by ±ε, under common random numbers; a trainer without fractional
weights is handed two neighbouring items in the other order (with a space at the end of a text, where it ignores that).
The response E_k‖φ(wiggled, k) − φ(a⁰, k)‖² is the floor of paired differences. It is compared with the same response
to dropping an item: a smooth trainer answers a wiggle of ε = 1e-2 with at most about 100 · ε² = 1 % of it; above
``share`` of it the trainer is called chaotic at this setting, and effects are then hardly more than the noise of
training. Where no item that was dropped moves anything, as in a charter that says all things twice, wiggles are held
against each other: the response of a smooth trainer falls as ε² or faster, that of a chaotic one does not.

A wiggle that changes not a bit, since the trainer doesn't read the order, shows nothing either way. Drops are then held
against each other: what dropping i does, with and without j, is the same but for their interaction when the outcome
hangs on the seed in an orderly way, and has nothing in common when it is scattered anew by whatever is changed. The
left-over ‖y − y₋ᵢ − y₋ⱼ + y₋ᵢⱼ‖² over ‖Δᵢ‖² + ‖Δⱼ‖², under one key, is 0 for additive outcomes, 1 for independent ones.
Below ``orderly`` the trainer is calm; above it may be chaotic or full of interactions: chaos is *unknown*.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from activeseed.checked import SettingsRecord
from activeseed.column import Column
from activeseed.contrast import ABSENT_INDEX
from activeseed.errors import PlanError
from activeseed.outcome import Ranking, Summary
from activeseed.plan import Change, Floats, OneAtATime, generator
from activeseed.protocols import Cost, Problem, Request, Run

WIGGLED = 100
#: squared embedded distance up to which an item that was dropped is said to move nothing
NOTHING = 1e-9


@dataclass(frozen=True)
class Rungs:
    """What the design's changes are, by their places in it.

    Attributes:
        steps: ε of every null change, 0 where the order is wiggled.
        drops: changes that drop one item.
        doubles: (change that drops two, change that drops the one, change that drops the other).
    """

    steps: tuple[float, ...]
    drops: tuple[int, ...]
    doubles: tuple[tuple[int, int, int], ...]


class NullLadder(SettingsRecord):
    """Null perturbations against real ones.

    Attributes:
        epsilons: relative wiggles of the weights.
        draws: sign patterns, or swaps, at each step.
        drops: items dropped for comparison, drawn from those that stand.
        keys: replicates.
        share: share of the response to a drop above which the trainer is called chaotic.
        orderly: left-over of two drops, as a share of the two, below which a trainer whose wiggles show nothing is
            called calm.
    """

    kind: Literal["null_ladder"] = "null_ladder"
    epsilons: tuple[Annotated[float, Field(gt=0)], ...] = Field(default=(1e-4, 1e-2), min_length=1)
    draws: int = Field(default=2, ge=1)
    drops: int = Field(default=8, ge=1)
    keys: int = Field(default=4, ge=1)
    share: float = Field(default=0.1, gt=0.0, le=1.0)
    orderly: float = Field(default=0.25, gt=0.0, lt=1.0)

    def design(self, problem: Problem) -> tuple[OneAtATime, Rungs]:
        """The rows, and what they are: wiggles, then drops, then (for trainers without weights) double drops."""
        rng = generator(problem.stream, "null ladder")
        standing = np.flatnonzero(np.asarray(problem.base) != ABSENT_INDEX)
        if not len(standing):
            raise PlanError("No item of the seed stands, so there is nothing to wiggle. Let at least one item stand.")
        changes: list[Change] = []
        steps: list[float] = []
        if problem.weighted:
            chosen = np.sort(rng.permutation(standing)[:WIGGLED])
            here = tuple(problem.base[f] for f in chosen)
            for epsilon in self.epsilons:
                for _ in range(self.draws):
                    copies = 1.0 + epsilon * (1.0 - 2.0 * rng.integers(0, 2, len(chosen)))
                    label = f"weights ±{epsilon:g}"
                    changes.append(Change(label, tuple(map(int, chosen)), here, tuple(map(float, copies))))
                    steps.append(epsilon)
        else:
            changes += [Change("order", (), (), lines=1 + int(w)) for w in rng.integers(0, 2**31, self.draws)]
            steps += [0.0] * self.draws
        dropped = [int(f) for f in np.sort(rng.permutation(standing)[: self.drops])]
        first = len(changes)
        changes += [Change(f"{problem.ids[f]}: absent", (f,), (ABSENT_INDEX,)) for f in dropped]
        doubles: list[tuple[int, int, int]] = []
        for n, (i, j) in enumerate(pairwise(dropped)):
            if not problem.weighted and n % 2 == 0:
                doubles.append((len(changes), first + n, first + n + 1))
                both = f"{problem.ids[i]}, {problem.ids[j]}: absent"
                changes.append(Change(both, (i, j), (ABSENT_INDEX, ABSENT_INDEX)))
        keys = range(problem.first_key, problem.first_key + (1 if problem.deterministic else self.keys))
        rungs = Rungs(tuple(steps), tuple(range(first, first + len(dropped))), tuple(doubles))
        return OneAtATime(problem.base, tuple(changes), tuple(keys)), rungs

    @property
    def columns(self) -> tuple[Column, ...]:
        """See ``protocols.Estimator``."""
        return ()

    def cost(self, problem: Problem) -> Cost:
        """See ``protocols.Analysis``."""
        return problem.each * (self.design(problem)[0].size)

    def run(self, problem: Problem) -> Run[Ranking]:
        design, rungs = self.design(problem)
        outcomes = yield Request(design, "null ladder")
        points = problem.geometry.embed(outcomes.values)
        place = np.array([[design.place(k, c) for k in range(len(design.keys))] for c in range(len(design.changes))])
        good = outcomes.ok[place].all(-1)
        # (changes, keys, D) differences from the base of their own batch, NaN where a training failed
        delta = np.where(good[..., None], points[place[..., 1]] - points[place[..., 0]], np.nan)
        squares = (delta**2).sum(-1)
        ladder: list[dict[str, Any]] = []
        for step in dict.fromkeys(rungs.steps):
            at = [c for c, s in enumerate(rungs.steps) if s == step]
            ladder.append({"epsilon": step, "response": _mean(squares[at])})
        worst = max((r["response"] for r in ladder if not math.isnan(r["response"])), default=math.nan)
        drop = _mean(squares[list(rungs.drops)])
        left_over = _left_over(delta, rungs)
        chaotic = (
            False if drop <= NOTHING and _falls(ladder) else self._chaotic(problem.weighted, worst, drop, left_over)
        )
        failed = int(np.sum(~outcomes.ok))
        notes = [] if chaotic is False else [_words(problem.weighted, chaotic, worst, drop, left_over)]
        if failed:
            notes.append(f"{failed} of {len(outcomes)} trainings failed; their differences are left out.")
        summary: Summary = {
            "estimator": self.kind,
            "null_ladder": ladder,
            "null_response_share": worst / drop if drop > 0 else math.nan,
            "drop_response": drop,
            "drops_left_over": left_over,
            "chaotic": chaotic,
            "trainings": len(outcomes),
            "failed": failed,
        }
        return Ranking(problem.ids, {}, summary, notes=tuple(notes))

    def _chaotic(self, weighted: bool, worst: float, drop: float, left_over: float) -> bool | None:
        """Yes, no, or None: nothing that was wiggled can tell."""
        if worst > self.share * drop:
            return True
        if not drop > 0 or math.isnan(worst):
            return None
        if weighted:
            return False if worst > 0 else None
        return False if left_over <= self.orderly else None


def _mean(squares: Floats) -> float:
    known = squares[~np.isnan(squares)]
    return float(known.mean()) if len(known) else math.nan


def _falls(ladder: Sequence[Mapping[str, float]]) -> bool:
    """Whether the response falls with the wiggle at least as its square, give or take a factor of ten."""
    steps = sorted((r["epsilon"], r["response"]) for r in ladder if r["response"] > 0)
    if len(ladder) < 2 or not steps or steps[-1][0] < max(r["epsilon"] for r in ladder):
        return False
    (least, small), (most, large) = min((r["epsilon"], r["response"]) for r in ladder), steps[-1]
    return small <= 10.0 * (least / most) ** 2 * large


def _left_over(delta: Floats, rungs: Rungs) -> float:
    """What two drops at once do beyond the two alone, as a share of the two; NaN where no pair was trained."""
    if not rungs.doubles:
        return math.nan
    both, one, other = (delta[[d[n] for d in rungs.doubles]] for n in range(3))
    beyond, alone = ((both - one - other) ** 2).sum(-1), (one**2).sum(-1) + (other**2).sum(-1)
    known = ~np.isnan(beyond)
    whole = float(alone[known].sum())
    return float(beyond[known].sum()) / whole if whole > 0 else math.nan


def _words(weighted: bool, chaotic: bool | None, worst: float, drop: float, left_over: float) -> str:
    """What a reader must know first."""
    if chaotic:
        how = "wiggling weights by at most 1 %" if weighted else "swapping two neighbouring items"
        return (
            f"Chaotic at this setting: {how} moves the outcome by {worst:.2g}, dropping an item by {drop:.2g}. "
            "Paired differences are mostly noise of training; take more keys, or a calmer setting of the trainer."
        )
    if not drop > 0 or math.isnan(worst):
        why = "no item that was dropped moved the outcome, so there is nothing to hold a wiggle against"
        if math.isnan(drop) or math.isnan(worst):
            why = "the trainings that would tell failed"
    elif weighted:
        why = "the trainer is said to read weights, but wiggling them by 1 % changed nothing at all"
    else:
        space = "" if worst > 0 else ", and swapping two neighbouring items changed nothing at all"
        why = f"dropping two items at once does not do what dropping each does{space}"
        if math.isnan(left_over):
            why = "too few items stand to drop two of them"
    return (
        f"Whether the trainer is chaotic at this setting is unknown: {why}. Read effects with their instability; a "
        "trainer that reads weights (weighted = true) or ignores white space (ignores_space = true) can be told apart."
    )
