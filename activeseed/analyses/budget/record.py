"""The variance budget of a study: draw every coordinate of the stack anew, and see what the spread is made of."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import Field

from activeseed.analyses.budget.blocks import Mixed
from activeseed.analyses.budget.coordinates import groups_of
from activeseed.analyses.budget.estimating import masks_for
from activeseed.analyses.budget.found import Budget
from activeseed.analyses.budget.intervals import SEVERAL_BLOCKS
from activeseed.analyses.budget.singling import MOST_COLUMNS, coding_of
from activeseed.analyses.budget.telling import Looked, asked_of
from activeseed.checked import SettingsRecord
from activeseed.errors import TrainingError
from activeseed.factor import shown
from activeseed.plan import Explicit, Floats, Ints, Rows, join_rows
from activeseed.protocols import Cost, Problem, Request, Run

if TYPE_CHECKING:
    from activeseed.outcome import Outcomes

#: a re-run that is as near as this is the same: last bits depend on the batch that a row ran in
SAME = 1e-9
#: combinations of settings at most where nothing is said, unless blocks would be few
COMBINATIONS = 256
#: blocks at most: beyond, errors are small already
MOST_BLOCKS = 1024


class VarianceBudget(SettingsRecord):
    """Which level of the stack the final spread comes from, and which of its factors; noise removed.

    Items are drawn from what is believed of them, settings uniformly from what the system names, key streams anew.

    >>> study = act.Study.open("work")
    >>> found = study.analyse(act.VarianceBudget(rows=64, combinations=16, item_pairs=0))
    >>> [level.level for level in found.levels][-1], found.spread > 0
    ('trainer2', True)

    Attributes:
        vary: levels, ``LEVEL ASPECT`` (``trainer start``), key streams, settings, or ``items``; none is everything
            that the system has. What isn't named is held.
        hold: settings, streams or ``items`` that are held though they would vary.
        values: path of a setting -> the values that it is drawn from; all that the system names where nothing is said.
        combinations: of settings that are trained at most; each is a batch of its own. By default 256, or more where
            settings of so many levels vary that blocks would be too few for sound errors.
        rows: trainings at most, pairs of items and re-runs not counted.
        item_pairs: pairs of trainings at most that differ in items alone: shares of single items are told from them.
            0 tells none but what the other rows tell.
        most_groups: groups of coordinates that are told apart; a block has up to 2 to this power rows.
        reruns: trainings that are made twice, to see whether a re-run ends the same. Noise in a share q of all
            trainings shows in none of n re-runs with probability (1 − q)²ⁿ: of one in twenty 64 miss 0.1 % and 4 would
            miss 66 %. Noise that is missed stays in the spread, and shares come out too small.
        belief: ``author`` draws items from what was believed and answered so far; ``learned`` from what a look at the
            study makes of it, which trains its rows first.
        alpha: family-wise error of telling a share from nothing, in each table.
    """

    kind: Literal["variance_budget"] = "variance_budget"
    vary: tuple[str, ...] = ()
    hold: tuple[str, ...] = ()
    values: Mapping[str, tuple[Any, ...]] = Field(default_factory=dict)
    combinations: int | None = Field(default=None, ge=1, le=1_000_000)
    rows: int = Field(default=4096, ge=2, le=10_000_000)
    item_pairs: int = Field(default=1024, ge=0, le=1_000_000)
    most_groups: int = Field(default=6, ge=1, le=10)
    reruns: int = Field(default=64, ge=0, le=1000)
    belief: Literal["author", "learned"] = "author"
    alpha: float = Field(default=0.05, ge=1e-4, le=0.5)

    @property
    def reads_belief(self) -> bool:
        """See ``protocols.SupportsPriors``."""
        return self.belief == "learned"

    # --- what is trained ----------------------------------------------------------------------------------------------

    def design(self, problem: Problem) -> Mixed:
        """The rows. Raises PlanError where nothing varies, or something is named that the system doesn't have."""
        groups = groups_of(problem, self.vary, self.values, self.most_groups, self.hold)
        masks = masks_for(len(groups), [p for p, _ in asked_of(groups)])
        settings = sum(1 << g for g, group in enumerate(groups) if group.settings)
        several = len({m & settings for m in masks})
        blocks = max(1, self.rows // len(masks))
        if settings:
            most = self.combinations or max(COMBINATIONS, SEVERAL_BLOCKS * several)
            blocks = max(1, min(blocks, most // several))
        blocks = min(blocks, MOST_BLOCKS)
        within = max(1, self.rows // (blocks * len(masks))) if settings else 1
        beside = 0
        for group in groups:
            columns = len(coding_of(problem, group).owner)
            if len(group.items) > 1 and columns <= MOST_COLUMNS:
                wanted = max(0, 3 * columns + 32 - blocks * within)
                beside = max(beside, -(-min(wanted, self.item_pairs) // blocks))
        return Mixed(
            groups=groups, masks=masks, blocks=blocks, within=within, beside=beside,
            base=(*problem.base, *(f.stands for f in problem.settings)), law=problem.law,
            streams=tuple(s.name for s in problem.streams), stream=problem.stream, first_key=problem.key,
        )  # fmt: skip

    def cost(self, problem: Problem) -> Cost:
        """See ``protocols.Analysis``: each value of a setting alone, the blocks, and re-runs of as many rows.

        At most: without noise, rows that are drawn alike are trained once, and blocks not again.
        """
        design = self.design(problem)
        tried = len(_trials(problem, design))
        again = 2 * min(self.reruns, design.size) + (2 * design.blocks if 0 < self.reruns < design.blocks else 0)
        return problem.each * (design.size + tried + again)

    # --- the run ------------------------------------------------------------------------------------------------------

    def run(self, problem: Problem) -> Run[Budget]:
        """See ``protocols.Analysis``.

        Raises:
            PlanError: nothing varies, or something is named that the system doesn't have.
            TrainingError: no block was trained whole.
        """
        design = self.design(problem)
        design, refused = yield from _narrowed(problem, design)
        again = yield from self._reruns(problem, design)
        # what fails is left out whole, and said; rows that are drawn alike are one training only where it has no noise,
        # since they would share it
        outcomes = yield Request(
            design, "every coordinate of the stack, drawn anew", fresh=again is not None, may_fail=True
        )
        points = _points(problem, outcomes)
        noise = (yield from _noise(problem, design, again)) if again else None
        looked = Looked(problem, design, points, noise, self.alpha, refused)
        if not len(looked.good):
            why = next(iter(outcomes.failures.values()), "no reason was given")
            raise TrainingError(
                f"No block of the variance budget was trained whole: {len(outcomes) - int(outcomes.ok.sum())} of "
                f"{len(outcomes)} trainings failed. The first: {why}"
            )
        return looked.found()

    def _reruns(self, problem: Problem, design: Mixed) -> Generator[Request, Outcomes, tuple[Ints, Floats] | None]:
        """The blocks that re-runs are of, and (n, D) variance between these; None where all ended the same."""
        count = min(self.reruns, design.size)
        if not count:
            return None
        # a row of each block in turn: rows of one block share seeds and settings, and noise may hang on these
        turn, block = np.divmod(np.arange(count), design.blocks)
        first = yield from _twice(problem, design, block * design.per_block + turn, "re-runs of the same")
        if not np.isfinite(first).any() or float(np.nanmax(first.sum(1))) <= SAME:
            return None
        return block, first


def _noise(problem: Problem, design: Mixed, again: tuple[Ints, Floats]) -> Generator[Request, Outcomes, Floats]:
    """(B, D) variance between re-runs, by block; of the first ones where every block has some."""
    block, first = again
    if len(block) < design.blocks:
        every = np.arange(design.blocks) * design.per_block
        return (yield from _twice(problem, design, every, "a re-run of every block"))
    return np.stack([first[block == b].mean(0) for b in range(design.blocks)])


def _trials(problem: Problem, design: Mixed) -> list[tuple[int, int, int]]:
    """(group, setting, choice) of every value of a setting that does not stand, and may be drawn."""
    return [
        (g, s, c)
        for g, group in enumerate(design.groups)
        for s, choices in group.settings.items()
        for c in choices
        if c != problem.settings[s].stands
    ]


def _narrowed(problem: Problem, design: Mixed) -> Generator[Request, Outcomes, tuple[Mixed, tuple[str, ...]]]:
    """The design without values of settings at which the seed as it stands doesn't train, and which those are."""
    every = _trials(problem, design)
    reasons = {trial: why for trial in every if (why := problem.refused(*trial[1:]))}
    trials = [trial for trial in every if trial not in reasons]
    if not every:
        return design, ()
    if trials:
        reasons |= yield from _untrained(problem, design, trials)
    groups = tuple(
        replace(
            group,
            settings={s: tuple(c for c in of if (g, s, c) not in reasons) or of for s, of in group.settings.items()},
        )
        for g, group in enumerate(design.groups)
    )
    said = tuple(
        f"{problem.settings[s].id} = {shown(problem.settings[s].choices[c].setting)} ({reasons[g, s, c]})"
        for g, s, c in every
        if (g, s, c) in reasons
    )
    return replace(design, groups=groups), said


def _untrained(
    problem: Problem, design: Mixed, trials: list[tuple[int, int, int]]
) -> Generator[Request, Outcomes, dict[tuple[int, int, int], str]]:
    """Those of the trials at which the seed as it stands doesn't train, each with the reason."""
    variants = np.tile(np.array(design.base, np.int16), (len(trials), 1))
    for r, (_, s, c) in enumerate(trials):
        variants[r, len(problem.seed) + s] = c
    rows = Rows(variants, np.full(len(trials), problem.key, np.int64))
    outcomes = yield Request(Explicit(rows), "each value of a setting, alone", may_fail=True)
    return {trials[r]: _reason(outcomes, r) for r in np.flatnonzero(~outcomes.ok).tolist()}


def _reason(outcomes: Outcomes, row: int) -> str:
    """Why a row failed, without where it stood."""
    return outcomes.failures.get(row, "no reason was given").partition(" (row ")[0]


def _twice(problem: Problem, design: Mixed, numbers: Ints, purpose: str) -> Generator[Request, Outcomes, Floats]:
    """(n, D) half the squared difference of two trainings of each of these rows; NaN where one failed."""
    rows = [design.block(int(r), int(r) + 1) for r in numbers]
    answer = yield Request(
        Explicit(join_rows([row for row in rows for _ in (0, 1)]), unit=2), purpose, fresh=True, may_fail=True
    )
    points = _points(problem, answer)
    return np.asarray((points[0::2] - points[1::2]) ** 2 / 2.0)


def _points(problem: Problem, outcomes: Outcomes) -> Floats:
    """(R, D) embedded outcomes; NaN where a row failed."""
    points = np.asarray(problem.geometry.embed(np.where(outcomes.ok[:, None], outcomes.values, 0.5)), np.float64)
    points[~outcomes.ok] = np.nan
    return points
