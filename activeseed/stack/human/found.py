"""What the human level was found to do: plain numbers and texts."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from activeseed.outcome import plain


@dataclass(frozen=True)
class Factor:
    """Something that differs between the studies.

    Attributes:
        name: ``draft``, ``design``, ``annotators``, ``method``.
        aspect: whether it is where the human level starts, or how it moves.
        words: what it ranges over.
    """

    name: str
    aspect: str
    words: str


@dataclass(frozen=True)
class Share:
    """Part of a spread.

    Attributes:
        name: a factor, or two joined by ``×`` for what they do together beyond what each does alone.
        value: share of the spread without noise; an estimate of a small one may be below zero.
        se: standard error; NaN where there are too few blocks.
        low, high: 95 % interval; NaN likewise.
        p: family-wise p-value of there being nothing (Holm).
    """

    name: str
    value: float
    se: float
    low: float
    high: float
    p: float


@dataclass(frozen=True)
class Spread:
    """How much studies differ in something, and which factors that comes of.

    Attributes:
        of: ``outcomes``, ``seeds``, ``first outcomes``.
        unit: of ``value``.
        value: variance over studies, without noise.
        se: its standard error.
        noise: variance of the same study run again under other keys.
        shares: of each factor, then of each two together.
    """

    of: str
    unit: str
    value: float
    se: float
    noise: float
    shares: tuple[Share, ...]


@dataclass(frozen=True)
class Left:
    """What of something is left at the end, of what there was at the first draft.

    Attributes:
        of: what it is.
        first, last: means over the studies.
        value: last over first; 1 is that answers changed nothing of it.
        low, high: 95 % interval of that ratio; infinity where there is no upper end, NaN where it is not known.
    """

    of: str
    first: float
    last: float
    value: float
    low: float
    high: float

    @property
    def washes_out(self) -> bool:
        """Whether less is left than there was, beyond the error."""
        return self.high < 1.0


@dataclass(frozen=True)
class Moved:
    """How far one answer moves a level of the stack.

    Attributes:
        level: ``trainer2`` (the seed), ``trainer``, ``model``, ``world``.
        unit: of what.
        value: per answer, mean over studies.
        se: over blocks of studies.
        early, late: per answer among the first half of the answers, and among the rest.
    """

    level: str
    unit: str
    value: float
    se: float
    early: float
    late: float


@dataclass(frozen=True)
class Way:
    """The studies of one crew, or of one method.

    Attributes:
        factor: ``annotators`` or ``method``.
        name, words: of the crew or method.
        studies: how many.
        wrong: items that are not as they are meant, at the end, mean.
        left: what is left of the distance of the outcome from what is meant.
        moved: how far an answer moves the levels.
        by_order: movement of the outcome per answer, by place of the answer in the study.
        differs: in what it ends otherwise than the first crew or method does, beyond the error: ``outcome`` (what is
            left of that distance), ``seed`` (items that are wrong).
    """

    factor: str
    name: str
    words: str
    studies: int
    wrong: float
    left: Left
    moved: tuple[Moved, ...]
    by_order: tuple[tuple[float, float], ...]
    differs: tuple[str, ...] = ()


@dataclass(frozen=True)
class HumanFound:
    """Whole studies: what of their spread comes of whom, how far an answer carries, and whether drafts wash out.

    Attributes:
        studies, blocks, failed: whole studies that were run, independent blocks of them, and studies that failed.
        answers: asked for in each.
        trainings: of all studies together, those that failed among them; they are the outer study's as well.
        seconds: that the studies took, one after the other; what was run at the same time counts in full.
        unit: of distances between outcomes.
        factors: what differs.
        spreads: of final outcomes, of final seeds, and of the outcomes of first drafts.
        washed: of drafts: what is left of how far apart outcomes, and seeds, of two drafts are, all else the same.
        errors: what is left of the distance from what is meant, and of the items that are wrong.
        basins: number of basins of the final outcomes -> share of subsets of the studies that have so many.
        moved: how far an answer moves each level, over all studies.
        ways: each crew and method.
        truth: where what is meant comes from.
        folder: where the studies lie, below the project folder.
        money, currency: what the trainings cost.
        people_answers: that simulated people gave, in all studies together.
        notes: what a reader must see.
        limits: what this does not say.
    """

    studies: int
    blocks: int
    failed: int
    answers: int
    trainings: int
    seconds: float
    unit: str
    factors: tuple[Factor, ...]
    spreads: tuple[Spread, ...]
    washed: tuple[Left, ...]
    errors: tuple[Left, ...]
    basins: dict[int, float]
    moved: tuple[Moved, ...]
    ways: tuple[Way, ...]
    folder: str
    money: float = 0.0
    currency: str = ""
    people_answers: int = 0
    notes: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()

    @property
    def one_basin(self) -> float:
        """How often the final outcomes are one basin, over subsets of the studies; NaN where they were not counted."""
        return self.basins.get(1, 0.0) if self.basins else math.nan

    @property
    def stability(self) -> str:
        """Whether first drafts wash out, as a sentence."""
        draft = next((w for w in self.washed if w.of == "outcomes"), None)
        if draft is None:
            return "Not asked: all studies have the same first draft."
        if math.isnan(draft.value) or math.isnan(draft.low):
            return "Not known: first drafts were not measured to make a difference."
        basin = "" if math.isnan(self.one_basin) else f"; one basin in {100 * self.one_basin:.0f} % of subsets"
        end = "" if math.isinf(draft.high) else f" ({_percent(draft.low)} to {_percent(draft.high)})"
        said = f"{_percent(draft.value)} of what first drafts make of the outcome is left after {self.answers} answers"
        word = "Washes out" if draft.washes_out else ("Grows" if draft.low > 1.0 else "Keeps, or not known to wash out")
        return f"{word}: {said}{end}{basin}."

    @property
    def changes(self) -> tuple[str, ...]:
        """Where the picture changes: crews and methods that end otherwise than the first of them."""
        return tuple(f"{w.factor}: {w.name} ({' and '.join(w.differs)})" for w in self.ways if w.differs)

    @property
    def structure(self) -> str:
        """Whether the picture stays when who answers, or how they are asked, changes; as a sentence."""
        if not self.ways:
            return "Not asked: one crew and one method."
        if not self.changes:
            return "No crew and no method was measured to end otherwise than the first of them."
        first = {w.factor: w.name for w in reversed(self.ways)}
        than = " and ".join(f"{name} ({factor})" for factor, name in first.items())
        return f"The picture changes with {', '.join(self.changes)}: they end otherwise than {than}."

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON."""
        out: dict[str, Any] = plain(asdict(self))
        out["basins"] = {str(k): v for k, v in self.basins.items()}
        said = {"stability": self.stability, "structure": self.structure, "changes": list(self.changes)}
        return {"kind": "human_level", **out, "one_basin": plain(self.one_basin), **said}

    def to_frame(self) -> Any:
        """A pandas DataFrame, a row a share of a spread."""
        import pandas as pd

        return pd.DataFrame([{"of": s.of, **asdict(share)} for s in self.spreads for share in s.shares])


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
