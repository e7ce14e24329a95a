"""What a stability analysis ends in: a matrix of levels and of two questions, each cell with what it rests on.

Plain numbers and texts, so that what the journal keeps reads like what was just computed. A cell that a system can't
have says why in a sentence, and holds no number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from activeseed.analyses.basins.landscape import Swept
from activeseed.analyses.masking.curves import MaskedCurve
from activeseed.analyses.stability.washing import UNKNOWN, Estimate, Jackknifed, Trained
from activeseed.factor import Aspect, Level
from activeseed.outcome import plain

#: rows of the matrix, as they stand above each other; the world is what the model acts on
LEVELS: tuple[Level, ...] = ("model", "trainer", "trainer2", "human")
#: columns: of where a level starts, and of how it moves
ASPECTS: tuple[Aspect, ...] = ("start", "dynamics")

#: starts that make up no more than this share of the outcome's variance wash out, though no ratio is known
DROWNED = 0.1
#: a ratio is said to keep what differs where its interval holds 1 and spans no more than this
KEEPS = 4.0

Verdict = Literal["washes out", "keeps", "grows", "unclear", "holds", "changes", "not run", "none"]


@dataclass(frozen=True)
class Started:
    """Starts of a level, and what comes of their differences.

    Attributes:
        of: what is varied: ``items`` (plausible seeds), the name of a key stream, or the path of a setting.
        starts: how many of them were trained.
        failed: how many more were not.
        spread: of the outcomes over starts, noise removed, as squared embedded distance.
        noise: variance of the outcome by whatever else is random, in the same unit; 0 where nothing is.
        before: spread of the starts, in the unit that ``measured`` names.
        measured: what ``before`` is measured in, a sentence; empty where it can't be measured.
        ratio: what is left of a difference: below 1 it washes out, at 1 it is kept, above 1 it grows. See
            `starting` for what it is of which level.
        most: spread of the outcomes over starts that have nothing in common, where that is what the ratio is held
            against; unknown elsewhere.
        basins: in which the starts end.
        support: number of basins -> share of the subsets of the starts in which so many are found.
        one: share of the subsets that end in one basin.
        largest: share of the starts that end in the largest basin.
        disagree: share of the probes that two trainings of different starts judge otherwise; unknown where probes
            decide nothing.
        disagree_most: the same of starts that have nothing in common.
        why: why the ratio is not known, a sentence; empty where it is.
        kept: for whoever compares two trainers: the spread, and the ratio's logarithm, with each start left out.
    """

    of: str
    starts: int
    failed: int
    spread: Estimate
    noise: float = 0.0
    before: Estimate = UNKNOWN
    measured: str = ""
    ratio: Estimate = UNKNOWN
    most: Estimate = UNKNOWN
    basins: int = 0
    support: Mapping[int, float] = field(default_factory=dict)
    one: Estimate = UNKNOWN
    largest: Estimate = UNKNOWN
    disagree: Estimate = UNKNOWN
    disagree_most: Estimate = UNKNOWN
    why: str = ""
    kept: tuple[Jackknifed | None, Jackknifed | None] = field(default=(None, None), compare=False, repr=False)

    @property
    def verdict(self) -> Verdict:
        """Whether differences of the start wash out, are kept or grow, beyond the errors; none where none differ."""
        if self.before.value == 0.0 == self.before.high and self.spread.value == 0.0 == self.spread.high:
            return "none"
        if self.spread.value == 0.0 == self.spread.high:
            return "washes out"
        if self.most.is_known and not self.most.is_positive:
            # not even unrelated starts are told from noise: what they can do at most is held against all of it
            return "washes out" if self.most.high <= DROWNED * (self.noise + self.spread.value) else "unclear"
        if not self.ratio.is_known or self.ratio.low != self.ratio.low:
            return "unclear"
        if self.ratio.high < 1.0:
            return "washes out"
        if self.ratio.low > 1.0:
            return "grows"
        low = self.ratio.low
        return "keeps" if low > 0.0 and self.ratio.high / low <= KEEPS else "unclear"


@dataclass(frozen=True)
class AtValue:
    """The ensemble of plausible seeds at one value of a setting, or under one number of a key stream.

    Attributes:
        swept: basins, and the item that the outcome hangs on most (`basins.landscape.Swept`). Its ``spread`` holds what
            the keys add.
        spread: over seeds, noise removed.
        against: that over the spread where the setting stands.
    """

    swept: Swept
    spread: Estimate
    against: Estimate


@dataclass(frozen=True)
class Varied:
    """How the picture changes with one setting or key stream.

    Attributes:
        of: its path or name.
        stream: whether it is a key stream.
        at: what was found at each value, in their order.
        changes: sentences about values between which something qualitative changes, beyond chance.
        where: the values between which it changes first, in a few words; empty where it does not.
    """

    of: str
    stream: bool
    at: tuple[AtValue, ...]
    changes: tuple[str, ...]
    where: str = ""

    @property
    def name(self) -> str:
        """What it is called: a key stream may have the name of a setting."""
        return f"draws of {self.of}" if self.stream else self.of

    @property
    def ends_alike(self) -> bool:
        """Whether plausible seeds end alike at every value that trains, so that no picture could change."""
        trained = [a.swept.spread for a in self.at if a.swept.number]
        return bool(trained) and not any(trained)


@dataclass(frozen=True)
class Damaged:
    """What units or weights of the trained model that are switched off at run time do to its outcome.

    Attributes:
        of: what is switched off, in words.
        rates: the share of them.
        moved: squared distance of the outcome from that of the whole model, at each rate.
        seeds: that of two plausible seeds, twice the spread over them: what damage is held against; unknown where no
            seeds were trained.
        curve: the same, for whoever compares two trainers.
    """

    of: str
    rates: tuple[float, ...]
    moved: tuple[Estimate, ...]
    seeds: Estimate
    curve: MaskedCurve | None = field(default=None, compare=False, repr=False)

    @property
    def at(self) -> float | None:
        """The smallest share that moves the outcome farther than another plausible seed does, beyond the errors."""
        if not self.seeds.is_known:
            return None
        for rate, moved in zip(self.rates, self.moved, strict=True):
            if moved.low > self.seeds.high:
                return rate
        return None


@dataclass(frozen=True)
class Cell:
    """One question of one level.

    Attributes:
        level: of the stack.
        aspect: ``start`` asks whether it is stable, ``dynamics`` whether it is structurally stable.
        starts: what was started otherwise.
        varied: what was moved otherwise.
        masked: what was switched off.
        why: why there is nothing, a sentence; empty where there is something.
        words: what was found by another analysis, a sentence each.
        run: False where nothing was run, though something might be.
    """

    level: Level
    aspect: Aspect
    starts: tuple[Started, ...] = ()
    varied: tuple[Varied, ...] = ()
    masked: tuple[Damaged, ...] = ()
    why: str = ""
    words: tuple[str, ...] = ()
    run: bool = True

    @property
    def verdict(self) -> Verdict:
        """Of all that was varied here the one that says most: what grows, then what is kept, then what washes out.

        None where nothing was varied, and where there was nothing to wash out, or no picture to change.
        """
        if not self.run:
            return "not run"
        held = [m for m in self.masked if m.seeds.is_known]
        if held or any(v.changes or not v.ends_alike for v in self.varied):
            does = any(v.changes for v in self.varied) or any(m.at is not None for m in held)
            return "changes" if does else "holds"
        found = [s.verdict for s in self.starts]
        for one in ("grows", "keeps", "unclear", "washes out"):
            if one in found:
                return one
        return "none"

    @property
    def sentence(self) -> str:
        """The verdict with its numbers, in plain words."""
        from activeseed.analyses.stability.saying import sentence_of

        return sentence_of(self)


@dataclass(frozen=True)
class StabilityMatrix:
    """Level by level, whether small changes of where it starts wash out, and of how it moves.

    Attributes:
        cells: level by level, of each the two questions.
        unit: of distances between outcomes.
        trainings: rows that it rests on, at most.
        notes: sentences that a reader must see.
        seeds: outcomes of the plausible seeds, for whoever compares two trainers; None where none were trained.
    """

    cells: tuple[Cell, ...]
    unit: str
    trainings: int
    notes: tuple[str, ...] = ()
    seeds: Trained | None = field(default=None, compare=False, repr=False)

    def cell(self, level: Level, aspect: Aspect) -> Cell:
        """One of the cells. Raises KeyError where the matrix has none."""
        for cell in self.cells:
            if (cell.level, cell.aspect) == (level, aspect):
                return cell
        raise KeyError((level, aspect))

    def with_cells(self, cells: tuple[Cell, ...], notes: tuple[str, ...] = ()) -> StabilityMatrix:
        """The same with other cells of their levels, such as what whole studies said of the human."""
        from dataclasses import replace

        new = {(c.level, c.aspect): c for c in cells}
        return replace(
            self, cells=tuple(new.get((c.level, c.aspect), c) for c in self.cells), notes=(*self.notes, *notes)
        )

    def to_dict(self) -> dict[str, Any]:
        """See ``protocols.Finding``: what ``stability --json`` prints."""
        said = []
        for cell in self.cells:
            one = asdict(cell)
            for started, of in zip(one["starts"], cell.starts, strict=True):
                started.pop("kept")
                started["support"] = {str(k): v for k, v in of.support.items()}
                started["verdict"] = of.verdict
            for masked, mask in zip(one["masked"], cell.masked, strict=True):
                masked.pop("curve")
                masked["at"] = mask.at
            for varied, of_varied in zip(one["varied"], cell.varied, strict=True):
                varied["name"] = of_varied.name
                for at in varied["at"]:
                    swept = at.pop("swept")
                    swept["support"] = {str(k): v for k, v in swept["support"].items()}
                    swept["trained_spread"] = swept.pop("spread")
                    at |= swept
            said.append({**one, "verdict": cell.verdict, "sentence": cell.sentence})
        found: dict[str, Any] = plain(
            {"kind": "stability", "unit": self.unit, "trainings": self.trainings, "cells": said, "notes": self.notes}
        )
        return found

    def to_frame(self) -> Any:
        """A pandas DataFrame: a row for each thing that was varied in each cell; a cell of none has one with why."""
        import pandas as pd

        rows: list[dict[str, Any]] = []
        for cell in self.cells:
            head = {"level": cell.level, "aspect": cell.aspect, "verdict": cell.verdict}
            mine: list[dict[str, Any]] = [
                {"of": s.of, "value": None, "spread": s.spread.value, "spread_low": s.spread.low,
                 "spread_high": s.spread.high, "ratio": s.ratio.value, "ratio_low": s.ratio.low,
                 "ratio_high": s.ratio.high, "basins": s.basins, "one_basin": s.one.value}
                for s in cell.starts
            ]  # fmt: skip
            mine += [
                {"of": v.of, "value": a.swept.value, "spread": a.spread.value, "spread_low": a.spread.low,
                 "spread_high": a.spread.high, "ratio": a.against.value, "ratio_low": a.against.low,
                 "ratio_high": a.against.high, "basins": a.swept.number, "one_basin": a.swept.support.get(1)}
                for v in cell.varied for a in v.at
            ]  # fmt: skip
            mine += [
                {"of": m.of, "value": p, "spread": s.value, "spread_low": s.low, "spread_high": s.high}
                for m in cell.masked for p, s in zip(m.rates, m.moved, strict=True)
            ]  # fmt: skip
            rows += [{**head, **one, "says": cell.sentence} for one in mine or [{}]]
        return pd.DataFrame(rows)
