"""The null ladder: how far the outcome moves when nothing that matters is changed.

Weights of up to 100 items that stand are wiggled by ±ε, under common random numbers; for trainers without fractional
weights, the same row is trained again. The response E_k‖φ(wiggled, k) − φ(a⁰, k)‖² is the floor of paired differences.
It is compared with the same response to dropping an item: a smooth trainer answers a wiggle of ε = 1e-2 with at most
about 100 · ε² = 1 % of it; above ``share`` of it the trainer is called chaotic at this setting, and effects are then
hardly more than the noise of training.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from activeseed.errors import PlanError
from activeseed.estimators.contrasts import ABSENT_INDEX
from activeseed.outcome import Ranking
from activeseed.plan import Change, OneAtATime, generator
from activeseed.protocols import Problem, Request, Run

WIGGLED = 100


class NullLadder(BaseModel):
    """Null perturbations against real ones.

    Attributes:
        epsilons: relative wiggles of the weights.
        draws: sign patterns at each step.
        drops: items dropped for comparison, drawn from those that stand.
        keys: replicates.
        share: share of the response to a drop above which the trainer is called chaotic.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["null_ladder"] = "null_ladder"
    epsilons: tuple[float, ...] = (1e-4, 1e-2)
    draws: int = Field(default=2, ge=1)
    drops: int = Field(default=8, ge=1)
    keys: int = Field(default=4, ge=1)
    share: float = Field(default=0.1, gt=0.0, le=1.0)

    def design(self, problem: Problem) -> tuple[OneAtATime, tuple[float, ...]]:
        """The rows, and the ε of every null change (0 is a re-run); the drops follow them."""
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
            changes += [Change("again", (), ())] * self.draws
            steps += [0.0] * self.draws
        for f in np.sort(rng.permutation(standing)[: self.drops]):
            changes.append(Change(f"{problem.ids[f]}: absent", (int(f),), (ABSENT_INDEX,)))
        keys = range(problem.first_key, problem.first_key + (1 if problem.deterministic else self.keys))
        return OneAtATime(problem.base, tuple(changes), tuple(keys)), tuple(steps)

    def rows(self, problem: Problem) -> int:
        return self.design(problem)[0].size

    def run(self, problem: Problem) -> Run:
        design, steps = self.design(problem)
        outcomes = yield Request(design, "null ladder", fresh=not problem.weighted)
        points = problem.geometry.embed(outcomes.values)
        place = np.array([[design.place(k, c) for k in range(len(design.keys))] for c in range(len(design.changes))])
        good = outcomes.ok[place].all(-1)
        squares = ((points[place[..., 1]] - points[place[..., 0]]) ** 2).sum(-1)
        known = good.any(1)
        response = np.where(known, np.where(good, squares, 0.0).sum(1) / np.maximum(good.sum(1), 1), np.nan)
        null, real = response[: len(steps)], response[len(steps) :]
        ladder = []
        for step in dict.fromkeys(steps):
            here = null[[s == step for s in steps]]
            ladder.append({"epsilon": step, "response": float(np.nanmean(here)) if not np.isnan(here).all() else None})
        drop = float(np.nanmean(real)) if not np.isnan(real).all() else float("nan")
        worst = max((float(r["response"]) for r in ladder if r["response"] is not None), default=float("nan"))
        chaotic = bool(worst > self.share * drop)
        failed = int(np.sum(~outcomes.ok))
        notes = []
        if chaotic:
            how = "wiggling weights by at most 1 %" if problem.weighted else "training the same row again"
            notes.append(
                f"Chaotic at this setting: {how} moves the outcome by {worst:.2g}, dropping an item by {drop:.2g}. "
                "Paired differences are mostly noise of training; take more keys, or a calmer setting of the trainer."
            )
        if failed:
            notes.append(f"{failed} of {len(outcomes)} trainings failed; their differences are left out.")
        summary: dict[str, Any] = {
            "estimator": self.kind,
            "null_ladder": ladder,
            "null_response_share": worst / drop if drop > 0 else float("nan"),
            "drop_response": drop,
            "chaotic": chaotic,
            "trainings": len(outcomes),
            "failed": failed,
        }
        return Ranking(problem.ids, {}, summary, notes=tuple(notes))
