"""Stability: the matrix of levels and of two questions, from ensembles that the cells share."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Literal

import numpy as np
from pydantic import Field

from activeseed.analyses.basins.sweeping import choices_of
from activeseed.analyses.masking.record import Masking
from activeseed.analyses.prompting.record import Prompts
from activeseed.analyses.stability.matrix import Cell, Damaged, StabilityMatrix, Started, Varied
from activeseed.analyses.stability.starting import (
    FEW,
    LEFT_OUT,
    asks,
    both,
    counted,
    ensemble,
    far_law,
    from_prompts,
    from_seeds,
    from_setting,
    from_stream,
    is_closed,
    near_law,
    seeds_of,
    stream_rows,
)
from activeseed.analyses.stability.sweeping import damaged, over_setting, over_stream
from activeseed.analyses.stability.washing import Trained
from activeseed.checked import SettingsRecord
from activeseed.errors import TrainingError
from activeseed.factor import Aspect, shown
from activeseed.protocols import Cost, Problem, Run

#: levels that one study can be asked about; the human's are whole studies
Within = Literal["model", "trainer", "trainer2"]
WITHIN: tuple[Within, ...] = ("model", "trainer", "trainer2")
#: what is said of the human where no whole studies were run
NO_HUMAN = "Not run: `activeseed stability --human N` runs N whole studies"


class Stability(SettingsRecord):
    """Level by level: do small changes of where it starts wash out, and of how it moves?

    >>> study = act.Study.open("work")
    >>> found = study.analyse(act.Stability(draws=12, resamples=2, sweep={"beta": (0.3, 0.9)}))
    >>> [c.verdict for c in found.cells if c.level == "human"]
    ['not run', 'not run']

    Attributes:
        levels: that are asked about.
        draws: plausible seeds, and as many unrelated ones.
        starts: trainings that start otherwise, for each key stream that says where a level starts.
        keys: replicates of starts that a setting names.
        numbers: of a key stream that says how a level moves, at which the ensemble is trained.
        sweep: path of a setting -> the values at which the ensemble is trained, none for all that the trainer names;
            empty sweeps every setting of the levels.
        alpha: level at which one basin is told as two.
        most: basins at most.
        resamples: subsets of an ensemble in which basins are counted again.
        masks: of each trained model, at each share of its units and weights that is switched off.
    """

    kind: Literal["stability"] = "stability"
    levels: tuple[Within, ...] = Field(default=WITHIN, min_length=1)
    draws: int = Field(default=80, ge=4, le=100_000)
    starts: int = Field(default=64, ge=4, le=100_000)
    keys: int = Field(default=8, ge=3, le=10_000)
    numbers: int = Field(default=3, ge=2, le=1_000)
    sweep: Mapping[str, tuple[Any, ...]] = Field(default_factory=dict)
    alpha: float = Field(default=0.01, ge=1e-4, le=0.2)
    most: int = Field(default=8, ge=2, le=100)
    resamples: int = Field(default=24, ge=0, le=10_000)
    masks: int = Field(default=64, ge=2, le=100_000)

    @property
    def reads_belief(self) -> bool:
        """The law of what the author and the answers say is enough: no look is trained for it."""
        return False

    # --- what is trained ----------------------------------------------------------------------------------------------

    def _settings(self, problem: Problem, level: str, aspect: Aspect) -> list[tuple[int, tuple[int, ...]]]:
        """Settings of a cell, each with the choices that are trained. Raises PlanError for an unknown one."""
        for path, values in self.sweep.items():
            choices_of(problem, path, values)
        out = []
        for s, factor in enumerate(problem.settings):
            if (factor.level, factor.aspect) != (level, aspect) or len(factor.choices) < 2:
                continue
            if aspect == "start":
                chosen = tuple(range(len(factor.choices)))
            elif not self.sweep or factor.id in self.sweep:
                chosen = choices_of(problem, factor.id, self.sweep.get(factor.id, ()))[1]
            else:
                continue
            if len(fine := tuple(c for c in chosen if not problem.refused(s, c))) > 1:
                out.append((s, fine))
        return out

    def _refused(self, problem: Problem) -> tuple[str, ...]:
        """Values of settings of these levels that are left out, each with the reason."""
        said = []
        for s, factor in enumerate(problem.settings):
            named = not self.sweep or factor.id in self.sweep or factor.aspect == "start"
            if factor.level not in self.levels or not named or len(factor.choices) < 2:
                continue
            chosen = tuple(range(len(factor.choices)))
            if factor.aspect == "dynamics":
                chosen = choices_of(problem, factor.id, self.sweep.get(factor.id, ()))[1]
            for c in chosen:
                if why := problem.refused(s, c):
                    said.append(f"{factor.id} = {shown(factor.choices[c].setting)} is left out: {why}.")
        return tuple(said)

    def _streams(self, problem: Problem, level: str, aspect: Aspect) -> list[str]:
        """Key streams of a cell. Where settings are named to be swept, streams are left out of how levels move."""
        if aspect == "dynamics" and self.sweep:
            return []
        return [s.name for s in problem.streams if (s.level, s.aspect) == (level, aspect)]

    def _sweeps(self, problem: Problem) -> bool:
        return any(
            self._settings(problem, level, "dynamics") or self._streams(problem, level, "dynamics")
            for level in self.levels
        )

    def _masks(self, problem: Problem) -> bool:
        """Whether there is a model whose parts can be switched off."""
        return "model" in self.levels and problem.layout is not None and not self.sweep

    def _prompts(self, problem: Problem) -> Prompts | None:
        """The analysis of prompts, where the trained system can be asked otherwise."""
        return asks(problem, self.keys) if "model" in self.levels and not self.sweep else None

    def _needs_seeds(self, problem: Problem) -> bool:
        """Whether some cell is about plausible seeds: its own, or what a sweep or damage is held against."""
        return "trainer2" in self.levels or self._sweeps(problem) or self._masks(problem)

    def _has_seeds(self, problem: Problem) -> bool:
        """Whether seeds can differ at all."""
        return bool((near_law(problem).probabilities[: len(problem.seed)].max(1) < 1.0).any())

    def cost(self, problem: Problem) -> Cost:
        """See ``protocols.Analysis``: plausible and unrelated seeds, starts, and seeds at each value that is swept."""
        law = near_law(problem)
        seeds = seeds_of(problem, law, self.draws)
        twice = len(both(problem, seeds))
        rows = 0
        if self._has_seeds(problem):
            if self._needs_seeds(problem):
                rows += twice * self.draws
            if "trainer2" in self.levels:
                rows += twice * self.draws
            for level in self.levels:
                for setting, chosen in self._settings(problem, level, "dynamics"):
                    rows += twice * self.draws * len(set(chosen) - {problem.settings[setting].stands})
                for stream in self._streams(problem, level, "dynamics"):
                    rows += self.numbers * self.draws * len(both(problem, seeds, stream))
        for level in self.levels:
            for stream in self._streams(problem, level, "start"):
                rows += self.starts * len(both(problem, stream_rows(problem, stream, self.starts), stream))
            for _, chosen in self._settings(problem, level, "start"):
                rows += len(chosen) * (1 if problem.deterministic else self.keys)
        if self._masks(problem):
            rows += 1 if problem.deterministic else self.keys
        prompts = self._prompts(problem)
        return problem.each * rows + (Cost(trainings=0) if prompts is None else prompts.cost(problem))

    # --- the run ------------------------------------------------------------------------------------------------------

    def run(self, problem: Problem) -> Run[StabilityMatrix]:
        """See ``protocols.Analysis``.

        Raises:
            PlanError: a setting, or a value of one, that the trainer does not name.
            TrainingError: fewer than two seeds trained.
        """
        count = partial(counted, problem, alpha=self.alpha, most=self.most, resamples=self.resamples)
        law = near_law(problem)
        near: Trained | None = None
        rows = seeds_of(problem, law, self.draws)
        notes = (*self._notes(problem, rows.variants), *self._refused(problem))
        if self._has_seeds(problem) and self._needs_seeds(problem):
            near = yield from ensemble(problem, rows, "plausible seeds")
            if len(near.which) < 2:
                raise TrainingError(
                    f"Of {self.draws} plausible seeds {len(near.which)} trained: two are needed to see a spread."
                    + (f" The first failed: {near.why}" if near.why else "")
                )
        cells: list[Cell] = []
        for level in self.levels:  # in the order in which they were named
            started: list[Started] = []
            if level == "trainer2" and near is not None:
                far = yield from ensemble(
                    problem, seeds_of(problem, far_law(problem, law), self.draws, "unrelated"), "unrelated seeds"
                )
                started.append(from_seeds(problem, near, far, law, count, self.resamples))
            if level == "model" and (prompts := self._prompts(problem)) is not None:
                started.append(from_prompts((yield from prompts.run(problem))))
            for stream in self._streams(problem, level, "start"):
                started.append((yield from from_stream(problem, stream, level, self.starts, count, self.resamples)))
            for setting, _ in self._settings(problem, level, "start"):
                started.append((yield from from_setting(problem, setting, level, self.keys)))
            cells.append(Cell(level, "start", tuple(started), why="" if started else _no_start(level)))
            varied: list[Varied] = []
            if near is not None:
                for setting, chosen in self._settings(problem, level, "dynamics"):
                    varied.append((yield from over_setting(problem, rows, near, setting, chosen, count)))
                for stream in self._streams(problem, level, "dynamics"):
                    varied.append((yield from over_stream(problem, rows, stream, self.numbers, count)))
            masked: tuple[Damaged, ...] = ()
            if level == "model" and self._masks(problem):
                found = yield from Masking(masks=self.masks, keys=self.keys).run(problem)
                masked = tuple(damaged(curve, near) for curve in found.curves)
            why = "" if varied or masked else _no_dynamics(level, bool(self.sweep), near is None)
            cells.append(Cell(level, "dynamics", varied=tuple(varied), masked=masked, why=why))
        cells += [Cell("human", aspect, why=NO_HUMAN, run=False) for aspect in ("start", "dynamics")]
        return StabilityMatrix(
            tuple(cells), problem.geometry.unit, self.cost(problem).trainings, (*notes, *_failed(cells)), near
        )

    def _notes(self, problem: Problem, variants: Any) -> tuple[str, ...]:
        out = []
        if is_closed(problem) and self._has_seeds(problem):
            out.append(
                "Nothing is left unclear in the seed: plausible seeds are those of which each item is left out with "
                f"probability {LEFT_OUT:g}."
            )
        other = int((variants != np.array(problem.base)).any(1).sum())
        if self._has_seeds(problem) and other < min(FEW, self.draws):
            out.append(
                f"{other} of {self.draws} plausible seeds differ from the seed as it stands, which is few for an "
                "error: intervals of the trainer² are too narrow. Raise draws."
            )
        unclear = int((near_law(problem).probabilities[: len(problem.seed)].max(1) < 1.0).sum())
        if self._sweeps(problem) and self.draws < 2 * unclear:
            out.append(
                f"Which item the outcome hangs on most is told from {self.draws} seeds in which {unclear} items are "
                "unclear, which is few: another draw of seeds may name another. Raise draws."
            )
        return tuple(out)


def _no_start(level: str) -> str:
    return {
        "model": "Nothing says where the model starts: no state of the world is drawn, no probe can be put otherwise",
        "trainer": "Nothing says where the trainer starts: no key stream draws its start, and no setting names one",
        "trainer2": "No item of the seed can be varied",
    }[level]


def _no_dynamics(level: str, named: bool, no_seeds: bool) -> str:
    if no_seeds:
        return "No item of the seed can be varied, so that there is no picture of the seed that could change"
    if named:
        return "None of the settings that were named is one of how this level moves"
    return {
        "model": "The trained model is not handed out, so that no unit or weight of it can be switched off",
        "trainer": "Nothing says how the trainer moves: this system names no such setting, and no key stream",
        "trainer2": "This system names no setting of the trainer² that can be varied",
    }[level]


def _failed(cells: list[Cell]) -> tuple[str, ...]:
    """Of starts that did not train: what is said is about those that did."""
    return tuple(
        f"{s.of}: {s.failed} trainings failed, and are left out." for cell in cells for s in cell.starts if s.failed
    )
