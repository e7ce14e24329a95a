"""What a variance budget ends in: plain numbers and texts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from activeseed.analyses.budget.coordinates import words_of
from activeseed.outcome import plain

#: what no budget says, whatever it is of
LIMITS: tuple[str, ...] = (
    "Other depths of the stack are not measured: this is one trainer² with what it trains. How humans got to the seed "
    "is a plan over whole studies.",
    "No feedback between levels is measured: each level acts on the one below it, and nothing that comes out is taken "
    "back up within a training.",
    "No surrogate of the training map is learnt: every number is of real trainings, so that what was not drawn is not "
    "known.",
    "Factors are drawn independently of each other. Where they hang together (items whose beliefs do, a rate that is "
    "chosen by the size of the model), shares lose their meaning.",
    "What levels do only together shows in few draws: where 95 % is said, intervals of two levels held the truth in 91 "
    "to 97 of 100 budgets of 64 blocks on closed forms, those of three levels or more in as few as 90.",
)


def percent(value: float | None) -> str:
    """A share as people read it.

    >>> from activeseed.analyses.budget.found import percent
    >>> percent(0.314), percent(0.0012), percent(-0.0004), percent(None)
    ('31 %', '0.12 %', '−0.04 %', '–')
    """
    if value is None or not math.isfinite(value):
        return "–"
    scaled = 100.0 * value
    text = f"{scaled:.{0 if abs(scaled) >= 10 else 1 if abs(scaled) >= 1 else 2}f}"
    return f"{text if float(text) else '0'} %".replace("-", "−")


def interval_words(low: float | None, high: float | None) -> str:
    """The 95 % interval of a share.

    >>> from activeseed.analyses.budget.found import interval_words
    >>> interval_words(0.02, 0.314), interval_words(None, None)
    ('2.0–31 %', '–')
    """
    return "–" if percent(low) == "–" else f"{percent(low)[:-2]}–{percent(high)}"


@dataclass(frozen=True)
class Share:
    """A share of the spread.

    Attributes:
        value: unbiased, so that a small one may be estimated below zero; NaN where it is not known.
        se: standard error; NaN where it is not known.
        low, high: ends of its 95 % interval, within [0, 1].
        p: that there is nothing, one-sided; adjusted over all shares of its table (Holm).
    """

    value: float
    se: float
    low: float
    high: float
    p: float

    def distinguishable(self, alpha: float) -> bool:
        """Whether it is told from nothing."""
        return self.p < alpha


@dataclass(frozen=True)
class LevelShare:
    """All that a level contributes by itself: its start, its dynamics, and how the two interact.

    Attributes:
        level: ``world``, ``model``, ``trainer``, ``trainer2``, ``human``.
        share: of the spread.
        total: the share with all its interactions with other levels: what would be gone were this level held.
        start, dynamics: of its groups of either aspect together; None where it has none.
        both: what start and dynamics contribute only together; None where it has but one of them.
    """

    level: str
    share: Share
    total: Share
    start: Share | None = None
    dynamics: Share | None = None
    both: Share | None = None

    @property
    def words(self) -> str:
        return words_of(self.level)


@dataclass(frozen=True)
class GroupShare:
    """What a group of coordinates contributes alone.

    Attributes:
        level, aspect, what: the group (``coordinates.Group``).
        share: of the spread.
        drawn: factor -> what it is drawn from.
    """

    level: str
    aspect: str
    what: str
    share: Share
    drawn: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Interaction:
    """What two levels contribute together that neither does alone."""

    first: str
    second: str
    share: Share


@dataclass(frozen=True)
class FactorShare:
    """What one factor contributes alone.

    Attributes:
        id: of the item or the stream, or the setting's path.
        kind: ``item``, ``setting`` or ``stream``.
        level, aspect: where it lies.
        share: of the spread.
    """

    id: str
    kind: str
    level: str
    aspect: str
    share: Share


@dataclass(frozen=True)
class OutcomeBlock:
    """A part of the outcome that is compared in a geometry of its own.

    Attributes:
        name: what it is called.
        of_spread: its part of the whole spread; parts sum to one.
        levels: level -> share of this part's own spread.
    """

    name: str
    of_spread: float
    levels: Mapping[str, Share]


@dataclass(frozen=True)
class Budget:
    """Which level of the stack, and which factor, the final spread comes from.

    Attributes:
        unit: of the spread.
        spread: variance of the outcome over all that was varied, noise removed.
        spread_se: its standard error.
        noise: variance between re-runs of one and the same row.
        levels: from the world up; with interactions and rest they sum to one.
        interactions: of every two levels.
        rest: interactions of three levels or more; None where there are fewer than three.
        groups: of coordinates that were drawn together.
        factors: largest first, those of each group that could be told apart.
        outcome_blocks: parts of the outcome, where it has several.
        blocks: independent blocks that errors come from.
        rows: that were looked at; those that are drawn alike are one training, unless trainings have noise.
        combinations: combinations of settings that were trained.
        failed: blocks and parts of blocks that were left out since a training of theirs failed.
        alpha: family-wise error of telling a share from nothing.
        held: what could vary, and was held.
        notes: what a reader must see.
        limits: what no such table says.
    """

    unit: str
    spread: float
    spread_se: float
    noise: float
    levels: tuple[LevelShare, ...]
    interactions: tuple[Interaction, ...]
    rest: Share | None
    groups: tuple[GroupShare, ...]
    factors: tuple[FactorShare, ...]
    outcome_blocks: tuple[OutcomeBlock, ...]
    blocks: int
    rows: int
    combinations: int
    failed: int
    alpha: float
    held: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    limits: tuple[str, ...] = LIMITS

    def to_dict(self) -> dict[str, Any]:
        """The object that the command prints as JSON."""
        out: dict[str, Any] = plain(asdict(self))
        for name in ("levels", "interactions", "groups", "factors"):
            for said, of in zip(out[name], getattr(self, name), strict=True):
                said["distinguishable"] = of.share.distinguishable(self.alpha)
        for said, level in zip(out["levels"], self.levels, strict=True):
            said["words"] = level.words
        return {"kind": "variance_budget", **out}

    def to_frame(self) -> Any:
        """A pandas DataFrame, one row a share: levels, groups, interactions, the rest, factors."""
        import pandas as pd

        rows = [_row("level", level.level, level.level, "", level.share) for level in self.levels]
        rows += [_row("group", g.what, g.level, g.aspect, g.share) for g in self.groups]
        rows += [_row("interaction", f"{i.first} × {i.second}", "", "", i.share) for i in self.interactions]
        rows += [_row("rest", "three levels or more", "", "", self.rest)] if self.rest is not None else []
        rows += [_row(f.kind, f.id, f.level, f.aspect, f.share) for f in self.factors]
        return pd.DataFrame(rows)


def _row(of: str, name: str, level: str, aspect: str, share: Share) -> dict[str, Any]:
    return {
        "of": of, "name": name, "level": level, "aspect": aspect, "share": share.value, "se": share.se,
        "low": share.low, "high": share.high, "p_holm": share.p,
    }  # fmt: skip
