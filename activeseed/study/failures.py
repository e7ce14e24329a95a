"""What can't be trained: which failures are tolerated, what they say of a kind of row, and what is left to measure.

A failure is a fact, never a number. What fails as a kind (`study.failing`), whichever key and company, is noted with
its reason and left out of the problem; other failures are tolerated up to a share of a request's rows.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from activeseed.config import LimitsTable
from activeseed.errors import TooManyFailuresError
from activeseed.outcome import Bools, Outcomes, Ranking
from activeseed.plan import Design, Independent, OneAtATime
from activeseed.protocols import Problem, Request
from activeseed.seed import ABSENT, Seed
from activeseed.study.failing import ABSENT_INDEX, Explained, Kind, effective, explained, left_out, without
from activeseed.study.requests import rows_at

#: how improbable failures have to be at the tolerated share before a request is given up half-way
HOPELESS = 1e-4
#: columns that say nothing of an item when one of its variants can't be trained
_OF_THE_LAW = (
    "first_order", "first_order_se", "first_order_low", "first_order_high", "presence", "wording", "share", "total",
    "total_se", "total_low", "total_high", "total_instability", "value", "value_per_minute",
)  # fmt: skip


class Failures:
    """What failed in the trainings of one seed, as far as it says something about a kind of row.

    Attributes:
        limits: share of failures that is tolerated.
        impossible: (item, variant) that no training bears -> why.
    """

    def __init__(self, seed: Seed, limits: LimitsTable) -> None:
        self._seed = seed
        self.limits = limits
        self.impossible: dict[tuple[int, int], str] = {}
        self._reasons: dict[Kind, str] = {}

    def possible(self, problem: Problem) -> Problem:
        """The problem without the variants that no training bears, so far as is known: the rest can be measured."""
        if not self.impossible:
            return problem
        gone = set(self.impossible)
        return replace(
            problem,
            law=without(problem.law, gone, problem.base),
            rows_law=None if problem.rows_law is None else without(problem.rows_law, gone, problem.base),
            held=tuple(sorted(f for f, v in gone if v == ABSENT_INDEX)),
        )

    def marked(self, ranking: Ranking, problem: Problem) -> Ranking:
        """The ranking with the reasons of what is not measured, and without numbers that leave that out."""
        if not self._reasons:
            return ranking
        said = np.full(len(problem.seed), "", object)
        alike: dict[tuple[str, str], list[str]] = {}
        columns = dict(ranking.columns)
        for kind, reason in sorted(self._reasons.items(), key=lambda known: known[0].factors):
            which = sorted(
                {problem.seed.items[f].variants[v].id for f, v in zip(kind.factors, kind.variants, strict=True)}
            )
            names = ", ".join(problem.ids[f] for f in kind.factors)
            how = "without {}" if which == [ABSENT] else f"with {{}} as {' and '.join(which)}"
            alike.setdefault((how, reason), []).append(names)
            if len(kind.factors) > 1:
                continue
            (f,), (v,) = kind.factors, kind.variants
            said[f] = f"every training {how.format(names)} failed: {reason}"
            if (f, v) in self.impossible and problem.law.probabilities[f, v] > 0:
                for name in (n for n in _OF_THE_LAW if n in columns):
                    columns[name] = np.where(np.arange(len(said)) == f, np.nan, np.asarray(columns[name], float))
        columns["not_measured"] = said
        notes = [_unmeasured(how, names, reason) for (how, reason), names in alike.items()]
        return replace(ranking, columns=columns, notes=tuple(dict.fromkeys((*ranking.notes, *notes))))

    def check_measured(self, ranking: Ranking) -> None:
        """Raise where no item's effect could be measured at all."""
        effects = ranking.columns.get("effect")
        if self._reasons and effects is not None and np.isnan(np.asarray(effects, float)).all():
            raise self._too_many(
                "No item's effect can be measured, since trainings failed", list(self._reasons.values())
            )

    def check(self, outcomes: Outcomes, request: Request) -> None:
        """Raise above the tolerated share; what fails as a kind, whichever key and company, is noted, and tolerated."""
        failed = int((~outcomes.ok).sum())
        if not failed:
            return
        if outcomes.cells is not None:  # each cell fails for itself: no kind of row is behind it
            lost, cells = int((~outcomes.cells).sum()), outcomes.cells.size
            if lost > self.limits.failed_share * cells:
                what = f"{lost} of {cells} calls failed ({request.purpose})"
                raise self._too_many(what, list(outcomes.failures.values()))
            return
        design = request.design
        found = self._explained(design, np.arange(design.size), outcomes.ok)
        rest = int((~outcomes.ok & found.others).sum())
        if rest > self.limits.failed_share * found.others.sum() or not found.others.any():
            reasons = list(outcomes.failures.values())
            raise self._too_many(f"{failed} of {len(outcomes)} trainings failed ({request.purpose})", reasons)
        for kind, row in found.kinds.items():
            reason = outcomes.failures.get(row, "").partition(" (row ")[0]
            self._reasons.setdefault(kind, reason)
            if kind.sure and len(kind.factors) == 1:
                self.impossible.setdefault((kind.factors[0], kind.variants[0]), reason)

    def check_hope(
        self,
        design: Design,
        rows: list[int] | None,
        ok: list[bool],
        reasons: list[str],
        purpose: str,
        ever: bool,
    ) -> None:
        """Give a request up as soon as more failed than the tolerated share, or any kind of row, could ever explain.

        Args:
            rows: numbers of the rows that were trained; None for cells, behind whose failures there is no kind of row.
            ever: whether anything of the study was ever trained without failing.
        """
        share = self.limits.failed_share
        fine = np.asarray(ok, bool)
        failed, trained = int((~fine).sum()), len(fine)
        if not _hopeless(failed, trained, share):
            return
        if rows is not None:
            found = self._explained(design, np.asarray(rows, np.int64), fine)
            rest, others = int((~fine & found.others).sum()), int(found.others.sum())
            if (others or ever) and not (rest > share * others and _hopeless(rest, others, share)):
                return
        raise self._too_many(f"{failed} of the first {trained} trainings failed ({purpose}) and it ends here", reasons)

    def _explained(self, design: Design, rows: NDArray[np.int64], ok: Bools) -> Explained:
        """The kinds of row of a design that fail; none where most items can't be left out, so hardly any ranks."""
        items = len(self._seed)  # a setting that fails is no kind of row: it counts as what it is
        variants = effective(rows_at(design, rows.tolist()).of_items(items))
        base = np.asarray(self._seed.base, np.int16)
        single = isinstance(design, OneAtATime)
        # Where rows are regressed, a variant of which no row succeeded has no coefficient, however few there were.
        found = explained(variants, ok, base, least=1 if isinstance(design, Independent) else 2, single_changes=single)
        tried = left_out(variants, base, single)
        gone = sum(set(kind.variants) == {ABSENT_INDEX} for kind in found.kinds)
        return Explained({}, np.ones(len(ok), bool)) if 2 * gone > tried > 1 else found

    def _too_many(self, what: str, reasons: list[str]) -> TooManyFailuresError:
        reason, times = Counter(why.partition(" (row ")[0] for why in reasons).most_common(1)[0]
        return TooManyFailuresError(
            f"{what}, more than the tolerated {self.limits.failed_share:.0%}. Most often ({times}×): {reason}. Mend "
            "the trainer, or raise [limits] failed_share in activeseed.toml. What succeeded is kept."
        )


def _hopeless(failed: int, trained: int, share: float) -> bool:
    """Whether so many failures are all but impossible at a tolerated share."""
    if failed <= share * trained:
        return False
    from scipy.stats import binom

    return float(binom.sf(failed - 1, trained, share)) < HOPELESS


def _unmeasured(how: str, names: list[str], reason: str) -> str:
    shown = " or ".join(names[:5]) + (f" or {len(names) - 5} others" if len(names) > 5 else "")
    return f"Not measured: every training {how.format(shown)} failed ({reason}). Risk and values leave that out."
