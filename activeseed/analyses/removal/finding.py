"""What bounds on removals end in: for each number of items what is proved and what was seen, probe by probe."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from activeseed.outcome import plain


@dataclass(frozen=True)
class ProbeReach:
    """How far removals of up to k items move one probe. Scores are log-odds of the outcome.

    Attributes:
        id: of the probe.
        low: no removal moves its score by less than this, which is 0 or below; −∞ where nothing is proved.
        high: nor by more than this.
        seen_low: the lowest that a removal was seen to move it by.
        seen_high: the highest.
        strongest: ids whose removal was seen to move it most.
        probability: no removal moves its outcome by more than this.
        holds: no removal takes the outcome to the other side of one half.
        flips: a removal was seen that does.
    """

    id: str
    low: float
    high: float
    seen_low: float
    seen_high: float
    strongest: tuple[str, ...]
    probability: float
    holds: bool
    flips: bool

    @property
    def proved(self) -> float:
        """The most that its score can move."""
        return max(-self.low, self.high)

    @property
    def seen(self) -> float:
        """The most that it was seen to."""
        return max(-self.seen_low, self.seen_high)


@dataclass(frozen=True)
class RemovalBound:
    """What holds of all removals of at most k items at once.

    Attributes:
        removed: k.
        probes: one entry a probe, in the study's order.
        sets: how many sets were trained.
        exact: those were all there are, so what was seen is what can be.
        vacuous: why the bound says nothing, in words; empty where it says something.
        distance: no removal moves the weights by more than this, so that the score of *any* input x moves by at most
            this times ‖(x, constant)‖; None where nothing is proved of them.
        statement: all of it in words that can be quoted.
    """

    removed: int
    probes: tuple[ProbeReach, ...]
    sets: int
    exact: bool
    vacuous: str
    distance: float | None
    statement: str

    @property
    def proved(self) -> float:
        """The most that the score of any probe can move."""
        return max(p.proved for p in self.probes)

    @property
    def seen(self) -> float:
        """The most that the score of any probe was seen to move."""
        return max(p.seen for p in self.probes)

    @property
    def looseness(self) -> float:
        """Median over probes of proved / seen; 1 is exact, and infinite where nothing moved."""
        return median(p.proved / p.seen if p.seen > 0 else float("inf") for p in self.probes)

    @property
    def holding(self) -> int:
        """Probes whose decision no removal flips."""
        return sum(p.holds for p in self.probes)

    @property
    def flipped(self) -> int:
        """Probes whose decision a removal was seen to flip."""
        return sum(p.flips for p in self.probes)


@dataclass(frozen=True)
class Removals:
    """How far removals of items can move what was learned, proved and seen.

    Attributes:
        bounds: one for each number of items, ascending.
        scores: log-odds of the outcome at each probe, under the seed as it stands.
        items: how many stand.
        words: how it is trained; a bound is about nothing else.
        mean_score: mean size of the scores: a bound that is tight on an evaluator that says nothing says nothing.
        apart: the largest difference of an outcome between the system's own trainings and those that the bound is of;
            NaN where the bound is of nothing but its own trainings.
        notes: sentences that a reader must see.
    """

    bounds: tuple[RemovalBound, ...]
    scores: tuple[float, ...]
    items: int
    words: str
    mean_score: float
    apart: float
    notes: tuple[str, ...] = ()

    @property
    def certified(self) -> dict[str, int]:
        """Probe -> the most items of those asked about whose removal, whichever they are, can't flip its decision."""
        out: dict[str, int] = {}
        for bound in self.bounds:
            for p in bound.probes:
                if p.holds and out.get(p.id, 0) == _before(self.bounds, bound):
                    out[p.id] = bound.removed
                out.setdefault(p.id, 0)
        return out

    def to_dict(self) -> dict[str, Any]:
        """See ``protocols.Finding``: what ``removal --json`` prints."""
        bounds = [
            {
                **asdict(b), "proved": b.proved, "seen": b.seen, "looseness": b.looseness, "holding": b.holding,
                "flipped": b.flipped,
                "probes": [{**asdict(p), "proved": p.proved, "seen": p.seen} for p in b.probes],
            }
            for b in self.bounds
        ]  # fmt: skip
        said: dict[str, Any] = plain({**asdict(self), "bounds": bounds, "certified": self.certified})
        return said

    def to_frame(self) -> Any:
        """A pandas DataFrame, one row for each probe and number of items."""
        import pandas as pd

        certified = self.certified
        return pd.DataFrame(
            [
                {
                    "removed": b.removed, "probe": p.id, "score": score, "low": p.low, "high": p.high,
                    "seen_low": p.seen_low, "seen_high": p.seen_high, "probability": p.probability, "holds": p.holds,
                    "flips": p.flips, "strongest": " ".join(p.strongest), "exact": b.exact, "vacuous": b.vacuous,
                    "certified": certified[p.id],
                }
                for b in self.bounds
                for p, score in zip(b.probes, self.scores, strict=True)
            ]
        )  # fmt: skip


def _before(bounds: tuple[RemovalBound, ...], bound: RemovalBound) -> int:
    smaller = [b.removed for b in bounds if b.removed < bound.removed]
    return max(smaller, default=0)
