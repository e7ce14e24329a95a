"""Two trainers held against each other by the models that they bring about, cell by cell of their matrices.

Both are trained on the same draws under the same keys where their seeds and beliefs are the same, so that what those
do to both cancels in the errors. Differences of spreads and of ratios have intervals; a trainer held against itself
differs in nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

import numpy as np
from pydantic import Field

from activeseed.analyses.basins.sweeping import choices_of
from activeseed.analyses.masking.curves import CurvesApart, curves_apart
from activeseed.analyses.stability.matrix import Cell, StabilityMatrix
from activeseed.analyses.stability.record import Stability
from activeseed.analyses.stability.saying import changing, source_words
from activeseed.analyses.stability.washing import UNKNOWN, Estimate, Jackknifed, Trained, difference_of
from activeseed.checked import SettingsRecord
from activeseed.errors import PlanError
from activeseed.factor import Level, shown
from activeseed.outcome import plain
from activeseed.plan import Explicit, Floats, Rows
from activeseed.protocols import Cost, Problem, Run

#: what is compared of a source of starts
What = Literal["spread", "ratio"]


@dataclass(frozen=True)
class Contrast:
    """One number of both matrices.

    Attributes:
        level: of the stack.
        of: what was started otherwise.
        what: ``spread`` of the outcomes over starts, or ``ratio``: what is left of a difference.
        first, second: the number of either trainer.
        difference: of spreads, second less first; of ratios, second over first.
        paired: both were trained on the same draws and keys.
    """

    level: Level
    of: str
    what: What
    first: Estimate
    second: Estimate
    difference: Estimate
    paired: bool

    @property
    def differs(self) -> bool:
        """Whether the two can be told apart."""
        same = 1.0 if self.what == "ratio" else 0.0
        return self.difference.low > same or self.difference.high < same


@dataclass(frozen=True)
class Picture:
    """How one level moves in either: whether the picture changes, and where.

    Attributes:
        level: of the stack.
        first, second: in words.
        same: both hold, or both change.
    """

    level: Level
    first: str
    second: str
    same: bool


@dataclass(frozen=True)
class TwoTrainers:
    """Two trainers, cell by cell.

    Attributes:
        names: what they are called.
        matrices: of either.
        contrasts: numbers of both, with their differences.
        pictures: how levels move in both.
        curves: how far their models' curves of damage lie apart, of units and of weights.
        apart: squared distance of their outcomes on the same plausible seeds, noise removed; unknown where they were
            not trained on the same.
        unit: of distances.
        notes: sentences that a reader must see.
    """

    names: tuple[str, str]
    matrices: tuple[StabilityMatrix, StabilityMatrix]
    contrasts: tuple[Contrast, ...]
    pictures: tuple[Picture, ...]
    curves: tuple[CurvesApart, ...]
    apart: Estimate
    unit: str
    notes: tuple[str, ...] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        """See ``protocols.Finding``."""
        out: dict[str, Any] = plain(
            {
                "kind": "stability_against", "names": self.names, "unit": self.unit, "apart": asdict(self.apart),
                "contrasts": [{**asdict(c), "differs": c.differs} for c in self.contrasts],
                "pictures": [asdict(p) for p in self.pictures], "curves": [asdict(c) for c in self.curves],
                "matrices": [m.to_dict() for m in self.matrices], "notes": self.notes,
            }
        )  # fmt: skip
        return out

    def to_frame(self) -> Any:
        """A pandas DataFrame, a row a contrast."""
        import pandas as pd

        return pd.DataFrame(
            [
                {"level": c.level, "of": c.of, "what": c.what, "first": c.first.value, "second": c.second.value,
                 "difference": c.difference.value, "low": c.difference.low, "high": c.difference.high,
                 "differs": c.differs}
                for c in self.contrasts
            ]
        )  # fmt: skip


class StabilityAgainst(SettingsRecord):
    """The trainer held against itself with another value of a setting, on the same draws and under the same keys.

    >>> study = act.Study.open("work")
    >>> asked = act.Stability(levels=("trainer2",), draws=12, resamples=0, sweep={"beta": (0.3, 0.9)})
    >>> study.analyse(act.StabilityAgainst(stability=asked, settings={"beta": 0.9})).names
    ('as it stands', 'beta = 0.9')

    Attributes:
        stability: what is asked of both.
        settings: path of a setting -> the value that it has in the second; one of those that the trainer names.
    """

    kind: Literal["stability_against"] = "stability_against"
    stability: Stability = Field(default_factory=Stability)
    settings: Mapping[str, Any] = Field(min_length=1)

    @property
    def reads_belief(self) -> bool:
        """See ``Stability``."""
        return False

    def cost(self, problem: Problem) -> Cost:
        """See ``protocols.Analysis``: both matrices."""
        return self.stability.cost(problem) + self.stability.cost(self._other(problem))

    def _other(self, problem: Problem) -> Problem:
        """The problem with other choices standing. Raises PlanError for an unknown setting or value."""
        settings = list(problem.settings)
        for path, value in self.settings.items():
            names = [f.id for f in problem.settings]
            own = settings[names.index(path)].choices[0].setting if path in names else None
            if path in names and value == own and isinstance(value, bool) == isinstance(own, bool):
                raise PlanError(f"{path} = {value} is how it stands, so that both trainers would be one. Name another.")
            where, chosen = choices_of(problem, path, (own, value))
            found = next(c for c in chosen if settings[where].choices[c].setting == value)
            settings[where] = replace(settings[where], stands=found)
        return replace(problem, settings=tuple(settings))

    def run(self, problem: Problem) -> Run[TwoTrainers]:
        """See ``protocols.Analysis``. Raises PlanError for a setting or a value that the trainer does not name."""
        other = self._other(problem)
        first = yield from self.stability.run(problem)
        second = yield from with_settings(self.stability.run(other), other)
        name = ", ".join(f"{path} = {shown(value)}" for path, value in self.settings.items())
        return held_against(first, second, ("as it stands", name))


def with_settings(run: Run[StabilityMatrix], problem: Problem) -> Run[StabilityMatrix]:
    """An analysis whose rows are trained with the settings as they stand in the problem, where it says nothing else."""
    try:
        request = next(run)
        while True:
            rows = request.design.block(0, request.design.size)
            design = Explicit(_standing(rows, problem), request.design.unit)
            request = run.send((yield replace(request, design=design)))
    except StopIteration as done:
        found: StabilityMatrix = done.value
        return found


def _standing(rows: Rows, problem: Problem) -> Rows:
    items = len(problem.seed)
    if rows.variants.shape[1] > items:
        return rows
    stands = np.tile(np.array([f.stands for f in problem.settings], np.int16), (len(rows), 1))
    return replace(rows, variants=np.concatenate([rows.variants, stands], 1))


def held_against(first: StabilityMatrix, second: StabilityMatrix, names: tuple[str, str]) -> TwoTrainers:
    """Two matrices of the same levels, cell by cell; what only one of them has is said in the notes."""
    contrasts: list[Contrast] = []
    pictures: list[Picture] = []
    curves: list[CurvesApart] = []
    notes: list[str] = []
    paired = same_draws(first.seeds, second.seeds)
    for cell in first.cells:
        try:
            other = second.cell(cell.level, cell.aspect)
        except KeyError:
            continue
        found = _contrasts(cell, other, paired)
        contrasts += found
        lacking = {s.of for s in cell.starts} ^ {s.of for s in other.starts}
        notes += [f"Only one of the two starts by {source_words(of)}." for of in sorted(lacking)]
        if cell.varied or other.varied:
            pictures.append(
                Picture(
                    cell.level, changing(cell.varied) or cell.sentence, changing(other.varied) or other.sentence,
                    any(v.changes for v in cell.varied) == any(v.changes for v in other.varied),
                )
            )  # fmt: skip
        curves += [
            curves_apart(a.curve, b.curve)
            for a in cell.masked for b in other.masked
            if a.curve and b.curve and (a.curve.of, a.curve.rates) == (b.curve.of, b.curve.rates)
        ]  # fmt: skip
        if bool(cell.masked) != bool(other.masked):
            notes.append("Only one of the two hands out its trained model, so that no curves of damage are compared.")
    apart = outcomes_apart(first.seeds, second.seeds) if paired else UNKNOWN
    if not paired and first.seeds is not None and second.seeds is not None:
        notes.append(
            "The two were trained on other seeds, or under other beliefs or keys: differences are of independent draws."
        )
    return TwoTrainers(
        names, (first, second), tuple(contrasts), tuple(pictures), tuple(curves), apart, first.unit, tuple(notes)
    )


def same_draws(first: Trained | None, second: Trained | None) -> bool:
    """Whether two trainers were trained on the same draws, so far as both succeeded."""
    if first is None or second is None or first.asked != second.asked:
        return False
    common = np.intersect1d(first.which, second.which)
    items = min(first.variants.shape[1], second.variants.shape[1])
    return (
        len(common) > 1
        and bool(
            np.array_equal(
                first.variants[np.isin(first.which, common)][:, :items],
                second.variants[np.isin(second.which, common)][:, :items],
            )
        )
        and (first.first.shape[1] == second.first.shape[1])
    )


def outcomes_apart(first: Trained | None, second: Trained | None) -> Estimate:
    """Mean over seeds of the squared distance of two trainers' systematic outcomes: zero on average for one twice.

    ⟨a₁ − b₁, a₂ − b₂⟩, the two factors under keys that share nothing; a trainer that is settled by its start has one
    outcome, which stands in both.
    """
    if first is None or second is None:
        return UNKNOWN
    common = np.intersect1d(first.which, second.which)
    one, two = np.isin(first.which, common), np.isin(second.which, common)
    gap = first.first[one] - second.first[two]
    again = _again(first)[one] - _again(second)[two]
    each: Floats = (gap * again).sum(1)
    n = len(each)
    return Jackknifed(float(each.mean()), (each.sum() - each) / max(1, n - 1)).estimate


def _again(of: Trained) -> Floats:
    return of.first if of.second is None else of.second


def _contrasts(first: Cell, second: Cell, paired: bool) -> list[Contrast]:
    out = []
    others = {s.of: s for s in second.starts}
    for one in first.starts:
        other = others.get(one.of)
        if other is None:
            continue
        spreads, ratios = zip(one.kept, other.kept, strict=True)
        if spreads[0] is not None and spreads[1] is not None:
            gap = difference_of(spreads[0], spreads[1])
            out.append(Contrast(first.level, one.of, "spread", one.spread, other.spread, gap, paired))
        if ratios[0] is not None and ratios[1] is not None:
            log = difference_of(ratios[0], ratios[1])
            times = Estimate(*(math.exp(x) for x in (log.value, log.low, log.high)))
            out.append(Contrast(first.level, one.of, "ratio", one.ratio, other.ratio, times, paired))
    return out
