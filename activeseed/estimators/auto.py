"""Everything that a budget of trainings affords, in one ranking.

Bootstrap spread and null ladder come first, then effects, then first-order indices and the surrogate, then total
indices for as many items as the rest of the budget affords, the highest-ranked ones first. What had to be cut is said
in a note.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from activeseed.errors import ConfigError
from activeseed.estimators.bootstrap import DRAWS, Bootstrap
from activeseed.estimators.contrasts import EffectLaw
from activeseed.estimators.jansen import Jansen
from activeseed.estimators.laws import drawing_law, open_items
from activeseed.estimators.leave_one_out import LeaveOneOut
from activeseed.estimators.null_ladder import NullLadder
from activeseed.estimators.regression import Regression
from activeseed.estimators.statistics import ENOUGH_KEYS
from activeseed.outcome import Ranking
from activeseed.protocols import Problem, Run

#: where each part's replicate numbers start: fixed, so that a larger seed or more keys reuse what was trained. The
#: ladder shares the effects' keys, and so their trainings.
BOOTSTRAP_KEYS = 10_000
REGRESSION_KEYS = 100_000
JANSEN_KEYS = 10_000_000


class Auto(BaseModel):
    """Picks by cost.

    Attributes:
        budget: trainings in all; effects, then first-order indices, have the first claim on them.
        keys: replicates of every effect; 20 or more for family-wise claims by sign flips.
        law: reference law of the effects that rank.
        also: further reference laws; their columns carry the law's name.
        trainings (in files and calls: ``rows``): rows of the regression; None is max(256, 4 × coefficients).
        pairs: assignments under two keys, for spread and noise floor.
        bases: assignments at which total indices redraw items; 0 leaves total indices out.
        bootstrap_rows: trainings for the bootstrap spread; 0 leaves it out.
        group_rows: trainings for each group's sampling spread; 0 leaves them out.
        ladder: whether to climb the null ladder.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", serialize_by_alias=True)

    kind: Literal["auto"] = "auto"
    budget: int = Field(default=4000, ge=100)
    keys: int = Field(default=8, ge=2)
    law: EffectLaw = "drop"
    also: tuple[EffectLaw, ...] = ()
    trainings: int | None = Field(default=None, ge=8, alias="rows")
    pairs: int = Field(default=64, ge=3)
    bases: int = Field(default=24, ge=0)
    bootstrap_rows: int = Field(default=64, ge=0)
    group_rows: int = Field(default=32, ge=0)
    ladder: bool = True

    def parts(self, problem: Problem) -> Parts:
        """Which estimators run, with what. Raises ConfigError when the budget affords neither effects nor indices."""
        left = self.budget
        notes: list[str] = []
        bootstrap = self._bootstrap(problem, notes)
        ladder = NullLadder(keys=min(4, self.keys)) if self.ladder else None
        left -= sum(part.rows(problem) for part in (bootstrap, ladder) if part is not None)
        # Effects that have errors come first, then indices; keys beyond those that errors need yield to indices.
        laws = tuple(dict.fromkeys((self.law, *self.also)))
        least = 1 if problem.deterministic else 2
        each = sum(LeaveOneOut(keys=2, law=law).rows(problem) for law in laws) // least
        regression = self._regression(problem)
        wanted = regression.rows(problem) if regression is not None else 0
        keys = 1 if problem.deterministic else self.keys
        if keys * each + wanted > left:
            spared = (left - wanted) // each
            keys = min(keys, spared if spared >= ENOUGH_KEYS else max(min(ENOUGH_KEYS, left // each), 0))
        effects: tuple[LeaveOneOut, ...] = ()
        if keys >= least:
            effects = tuple(LeaveOneOut(keys=max(keys, 2), law=law) for law in laws)
            left -= sum(e.rows(problem) for e in effects)
            if keys < self.keys and not problem.deterministic:
                notes.append(
                    f"The budget of {self.budget} trainings cuts the keys of effects from {self.keys} to {keys}."
                )
        else:
            notes.append(f"The budget of {self.budget} trainings affords no effects, which take {least * each}.")
        if regression is None:
            notes.append("Every item is settled under the belief: no spread, no first-order or total indices.")
        elif wanted > left:
            regression = None
            notes.append(f"The budget of {self.budget} trainings affords no first-order indices, which take {wanted}.")
        else:
            left -= wanted
        if not effects and regression is None:
            raise ConfigError(
                f"A budget of {self.budget} trainings affords neither effects nor first-order indices of "
                f"{len(problem.seed)} items. Raise [estimator] budget."
            )
        total = self._total(problem, left, notes)
        return Parts(bootstrap, ladder, effects, regression, total, tuple(notes))

    def _bootstrap(self, problem: Problem, notes: list[str]) -> Bootstrap | None:
        if not self.bootstrap_rows:
            return None
        rows = max(self.bootstrap_rows, 6 * DRAWS)
        bootstrap = Bootstrap(rows=rows, group_rows=self.group_rows)
        if self.group_rows and bootstrap.rows(problem) > self.budget // 4:
            bootstrap = Bootstrap(rows=rows)
            notes.append(f"The budget of {self.budget} trainings leaves out the groups' sampling spread.")
        return bootstrap

    def _regression(self, problem: Problem) -> Regression | None:
        if not len(open_items(drawing_law(problem))):
            return None
        return Regression(rows=self.trainings, pairs=self.pairs)

    def _total(self, problem: Problem, left: int, notes: list[str]) -> tuple[int, int]:
        """(bases, items) of the total indices that what is left affords."""
        open_ = len(open_items(drawing_law(problem)))
        if not self.bases or not open_:
            return 0, 0
        items = open_
        while items and _jansen(problem, self.bases, items) > left:
            # A block of changes costs a base as well, so the count isn't simply left / bases / keys.
            items = min(items - 1, max(0, int(items * left / _jansen(problem, self.bases, items))))
        if items < open_:
            what = (
                f"total indices only of the {items} items that are highest by first-order index"
                if items
                else "no total indices"
            )
            notes.append(f"The budget of {self.budget} trainings affords {what}.")
        return (self.bases, items) if items else (0, 0)

    def rows(self, problem: Problem) -> int:
        p = self.parts(problem)
        shifted = [x for x in (p.bootstrap, p.ladder, p.regression, *p.effects) if x is not None]
        return sum(x.rows(problem) for x in shifted) + (_jansen(problem, *p.total) if p.total[1] else 0)

    def run(self, problem: Problem) -> Run:
        parts = self.parts(problem)
        found: list[Ranking] = []
        first: list[Ranking] = []
        if parts.ladder is not None:
            first.append((yield from parts.ladder.run(problem)))
        if parts.bootstrap is not None:
            first.append((yield from parts.bootstrap.run(_shifted(problem, BOOTSTRAP_KEYS))))
        for n, effect in enumerate(parts.effects):
            ranking = yield from effect.run(problem)
            found.append(ranking if n == 0 else _named(ranking, effect.law))
        indices = None
        if parts.regression is not None:
            indices = yield from parts.regression.run(_shifted(problem, REGRESSION_KEYS))
        if parts.total[1]:
            by = indices if indices is not None else found[0]
            open_ = open_items(drawing_law(problem))
            best = [int(f) for f in by.order() if f in open_][: parts.total[1]]
            jansen = Jansen(bases=parts.total[0], items=tuple(sorted(best)))
            # Spread and floor of the few bases must not replace those of the pairs, so this part joins before them.
            found.append((yield from jansen.run(_shifted(problem, JANSEN_KEYS))))
        if indices is not None:
            found.append(indices)
        return self._join(problem, parts, [*first, *found])

    def _join(self, problem: Problem, parts: Parts, rankings: list[Ranking]) -> Ranking:
        out = Ranking(problem.ids)
        for ranking in rankings:
            vouched = out.columns.get("vouching")
            out = out.join(ranking)
            if vouched is not None:
                # Rows of the regression left an item out many times; where they never did, the drop did once a key.
                newer = out.columns["vouching"]
                filled = np.where(np.isnan(newer), vouched, newer)
                out = replace(out, columns={**out.columns, "vouching": filled})
        summary: dict[str, Any] = {
            **out.summary,
            "estimator": self.kind,
            "law": self.law if parts.effects else problem.law.name,
            "index_law": problem.law.name,
            "trainings": sum(r.summary["trainings"] for r in rankings),
            "failed": sum(r.summary["failed"] for r in rankings),
        }
        by = "effect" if parts.effects else "first_order"
        return replace(out, summary=summary, notes=(*out.notes, *parts.notes), by=by)


@dataclass(frozen=True)
class Parts:
    """What a budget affords; ``total`` is (bases, items) of the total indices."""

    bootstrap: Bootstrap | None
    ladder: NullLadder | None
    effects: tuple[LeaveOneOut, ...]
    regression: Regression | None
    total: tuple[int, int]
    notes: tuple[str, ...]


def _shifted(problem: Problem, keys: int) -> Problem:
    return replace(problem, first_key=problem.first_key + keys)


def _jansen(problem: Problem, bases: int, items: int) -> int:
    open_ = open_items(drawing_law(problem))
    return Jansen(bases=bases, items=tuple(int(f) for f in open_[:items])).rows(problem)


def _named(ranking: Ranking, law: str) -> Ranking:
    """A second law's ranking: every column and number carries the law's name."""
    columns = {k if k == "vouching" else f"{law}_{k}": v for k, v in ranking.columns.items()}
    kept = ("trainings", "failed", "groups")
    summary = {k if k in kept else f"{law}_{k}": v for k, v in ranking.summary.items()}
    return replace(ranking, columns=columns, summary=summary, notes=tuple(f"{law}: {n}" for n in ranking.notes))
