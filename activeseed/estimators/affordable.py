"""What a budget of trainings affords, and the ranking that comes of it: the work of `Auto`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from activeseed.errors import ConfigError
from activeseed.estimators.auto import BOOTSTRAP_KEYS, JANSEN_KEYS, REGRESSION_KEYS, Auto
from activeseed.estimators.bootstrap import DRAWS, Bootstrap
from activeseed.estimators.jansen import Jansen
from activeseed.estimators.laws import drawing_law, open_items
from activeseed.estimators.leave_one_out import LeaveOneOut
from activeseed.estimators.null_ladder import NullLadder
from activeseed.estimators.regression import Regression
from activeseed.estimators.statistics import ENOUGH_KEYS
from activeseed.outcome import Ranking, Summary
from activeseed.protocols import Cost, Problem, Run

#: a budget that cuts nothing
PLENTY = 2**40


@dataclass(frozen=True)
class Parts:
    """What a budget affords; ``total`` is (bases, items) of the total indices."""

    bootstrap: Bootstrap | None
    ladder: NullLadder | None
    effects: tuple[LeaveOneOut, ...]
    regression: Regression | None
    total: tuple[int, int]
    notes: tuple[str, ...]


def affordable(auto: Auto, problem: Problem) -> Parts:
    """Which estimators run, with what. Raises ConfigError when the budget affords neither effects nor indices."""
    left = auto.budget
    notes: list[str] = []
    bootstrap = _bootstrap(auto, problem, notes)
    ladder = NullLadder(keys=min(4, auto.keys)) if auto.ladder else None
    left -= sum(part.cost(problem).trainings for part in (bootstrap, ladder) if part is not None)
    # Effects that have errors come first, then indices; keys beyond those that errors need yield to indices.
    laws = tuple(dict.fromkeys((auto.law, *auto.also)))
    least = 1 if problem.deterministic else 2
    each = sum(LeaveOneOut(keys=2, law=law).cost(problem).trainings for law in laws) // least
    regression = _regression(auto, problem)
    wanted = regression.cost(problem).trainings if regression is not None else 0
    keys = 1 if problem.deterministic else auto.keys
    if keys * each + wanted > left:
        spared = (left - wanted) // each
        keys = min(keys, spared if spared >= ENOUGH_KEYS else max(min(ENOUGH_KEYS, left // each), 0))
    effects: tuple[LeaveOneOut, ...] = ()
    if keys >= least:
        effects = tuple(LeaveOneOut(keys=max(keys, 2), law=law) for law in laws)
        left -= sum(e.cost(problem).trainings for e in effects)
        if keys < auto.keys and not problem.deterministic:
            notes.append(f"The budget of {auto.budget} trainings cuts the keys of effects from {auto.keys} to {keys}.")
    else:
        notes.append(f"The budget of {auto.budget} trainings affords no effects, which take {least * each}.")
    if regression is None:
        notes.append("Every item is settled under the belief: no spread, no first-order or total indices.")
    elif wanted > left:
        regression = None
        notes.append(f"The budget of {auto.budget} trainings affords no first-order indices, which take {wanted}.")
    else:
        left -= wanted
    if not effects and regression is None:
        raise ConfigError(
            f"A budget of {auto.budget} trainings affords neither effects nor first-order indices of "
            f"{len(problem.seed)} items. Raise [estimator] budget."
        )
    total = _total(auto, problem, left, notes)
    return Parts(bootstrap, ladder, effects, regression, total, tuple(notes))


def _bootstrap(auto: Auto, problem: Problem, notes: list[str]) -> Bootstrap | None:
    if not auto.bootstrap_rows:
        return None
    rows = max(auto.bootstrap_rows, 6 * DRAWS)
    bootstrap = Bootstrap(rows=rows, group_rows=auto.group_rows)
    if auto.group_rows and bootstrap.cost(problem).trainings > auto.budget // 4:
        bootstrap = Bootstrap(rows=rows)
        notes.append(f"The budget of {auto.budget} trainings leaves out the groups' sampling spread.")
    return bootstrap


def _regression(auto: Auto, problem: Problem) -> Regression | None:
    if not len(open_items(drawing_law(problem))):
        return None
    return Regression(rows=auto.trainings, pairs=auto.pairs)


def _total(auto: Auto, problem: Problem, left: int, notes: list[str]) -> tuple[int, int]:
    """(bases, items) of the total indices that what is left affords."""
    open_ = len(open_items(drawing_law(problem)))
    if not auto.bases or not open_:
        return 0, 0
    items = open_
    while items and _jansen(problem, auto.bases, items) > left:
        # A block of changes costs a base as well, so the count isn't simply left / bases / keys.
        items = min(items - 1, max(0, int(items * left / _jansen(problem, auto.bases, items))))
    if items < open_:
        what = (
            f"total indices only of the {items} items that are highest by first-order index"
            if items
            else "no total indices"
        )
        notes.append(f"The budget of {auto.budget} trainings affords {what}.")
    return (auto.bases, items) if items else (0, 0)


def unaffordable(auto: Auto, problem: Problem) -> tuple[str, ...]:
    """What a ranking of these items goes without at this budget, a sentence each, and the budget that would do."""
    try:
        parts = affordable(auto, problem)
    except ConfigError as error:
        said: list[str] = [str(error)]
    else:
        said = list(parts.notes)
        for part in (*parts.effects[:1], parts.regression):
            said += () if part is None else part.unaffordable(problem)
    plenty = auto.model_copy(update={"budget": PLENTY})
    if any("budget" in sentence for sentence in said):
        said.append(f"[estimator] budget = {cost(plenty, problem).trainings} affords everything that was asked for.")
    return tuple(said)


def cost(auto: Auto, problem: Problem) -> Cost:
    """What a run takes at most."""
    p = affordable(auto, problem)
    out = problem.each * (_jansen(problem, *p.total) // problem.each.trainings if p.total[1] else 0)
    for part in (p.bootstrap, p.ladder, p.regression, *p.effects):
        out += problem.each * 0 if part is None else part.cost(problem)
    return out


def run(auto: Auto, problem: Problem) -> Run[Ranking]:
    """See ``protocols.Estimator``."""
    parts = affordable(auto, problem)
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
    return _join(auto, problem, parts, [*first, *found])


def _join(auto: Auto, problem: Problem, parts: Parts, rankings: list[Ranking]) -> Ranking:
    out = Ranking(problem.ids)
    for ranking in rankings:
        vouched = out.columns.get("vouching")
        out = out.join(ranking)
        if vouched is not None:
            # Rows of the regression left an item out many times; where they never did, the drop did once a key.
            newer = out.columns["vouching"]
            filled = np.where(np.isnan(newer), vouched, newer)
            out = replace(out, columns={**out.columns, "vouching": filled})
    summary: Summary = {
        **out.summary,
        "estimator": auto.kind,
        "law": auto.law if parts.effects else problem.law.name,
        "trainings": sum(r.summary["trainings"] for r in rankings),
        "failed": sum(r.summary["failed"] for r in rankings),
    }
    by = "effect" if parts.effects else "first_order"
    return replace(out, summary=summary, notes=(*out.notes, *parts.notes), by=by)


def _shifted(problem: Problem, keys: int) -> Problem:
    return replace(problem, first_key=problem.first_key + keys)


def _jansen(problem: Problem, bases: int, items: int) -> int:
    open_ = open_items(drawing_law(problem))
    return Jansen(bases=bases, items=tuple(int(f) for f in open_[:items])).cost(problem).trainings


def _named(ranking: Ranking, law: str) -> Ranking:
    """A second law's ranking: every column and number carries the law's name."""
    columns = {k if k == "vouching" else f"{law}_{k}": v for k, v in ranking.columns.items()}
    kept = ("trainings", "failed", "groups")
    summary = cast(Summary, {k if k in kept else f"{law}_{k}": v for k, v in ranking.summary.items()})
    return replace(ranking, columns=columns, summary=summary, notes=tuple(f"{law}: {n}" for n in ranking.notes))
