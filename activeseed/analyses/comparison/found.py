"""What comparisons end in: plain numbers and texts, so that what the journal keeps reads like what was computed."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from activeseed.outcome import plain


@dataclass(frozen=True)
class Apart:
    """How far apart two sides are by one distance.

    Attributes:
        kind, words, unit: of the distance.
        embeds: whether its root embeds in a Hilbert space, so that the number can't be below zero but for noise.
        largest: its largest value, infinity where there is none.
        value: beyond what runs of one side differ by: E d(X, Y) − ½ E d(X, X′) − ½ E d(Y, Y′).
        se: standard error over keys, with the probes as they are; 0 where it is exact, NaN where it is unknown.
        low: lower end of the 95 % interval over keys.
        high: its upper end.
        noise: mean distance of two runs of the same side.
        runs: mean distance of a run of the one and a run of the other under different keys, noise and all.
        means: distance of the mean outcomes, less what noise adds to it; NaN where runs can't be paired.
        probes_se: standard error over probes; NaN for fewer than 5 of them.
        wide_low: lower end of the 95 % interval over keys and probes.
        wide_high: its upper end.
        rests_on: which error is the larger: ``probes``, ``trainings``, or empty where neither is known.
    """

    kind: str
    words: str
    unit: str
    embeds: bool
    largest: float
    value: float
    se: float
    low: float
    high: float
    noise: float
    runs: float
    means: float
    probes_se: float
    wide_low: float
    wide_high: float
    rests_on: str


def rests_words(on: str) -> str:
    """What would tell more of the first distance, where its errors say so: see ``Apart.rests_on``."""
    kinds = {"probes": "trainings", "trainings": "probes"}
    if on not in kinds:
        return ""
    return f"Most of the first one's error is over {on}: more of them would tell, more {kinds[on]} would not."


@dataclass(frozen=True)
class AtProbe:
    """Where two sides part.

    Attributes:
        id: of the probe.
        group: its group.
        first: mean outcome of the one side there.
        second: of the other.
        difference: second less first.
        se: its standard error over keys; 0 where it is exact.
        p_value: that it is nothing, family-wise over all probes; NaN where that can't be said.
        share: of the whole distance, noise removed; NaN where that is no mean over probes.
        flipped: whether the mean outcomes are decided otherwise.
    """

    id: str
    group: str
    first: float
    second: float
    difference: float
    se: float
    p_value: float
    share: float
    flipped: bool


@dataclass(frozen=True)
class OfGroup:
    """The study's own distance at the probes of one group."""

    group: str
    probes: int
    flipped: int
    apart: Apart


@dataclass(frozen=True)
class Compared:
    """Two outcomes, compared.

    Attributes:
        first, second: what they are called.
        over: what the outcomes are.
        keys: runs of each side: (first, second).
        paired: whether both were trained under the same keys.
        exact: neither side has noise.
        distances: by each distance, the study's own first.
        probes: where they part most, most first; all probes.
        groups: per group of probes, where there are several.
        flipped: ids of probes that are decided otherwise.
        differing: items that the two sides have otherwise: id -> (variant of the first, of the second).
        test: how p-values were made, in words.
        notes: what a reader must see.
        alpha: family-wise error.
    """

    first: str
    second: str
    over: str
    keys: tuple[int, int]
    paired: bool
    exact: bool
    distances: tuple[Apart, ...]
    probes: tuple[AtProbe, ...]
    groups: tuple[OfGroup, ...]
    flipped: tuple[str, ...]
    differing: dict[str, tuple[str, str]]
    test: str
    notes: tuple[str, ...]
    alpha: float

    @property
    def own(self) -> Apart:
        """By the study's own distance."""
        return self.distances[0]

    @property
    def parted(self) -> tuple[AtProbe, ...]:
        """Probes at which they differ by more than noise."""
        return tuple(p for p in self.probes if p.p_value <= self.alpha)

    def to_dict(self) -> dict[str, Any]:
        """The object that ``compare --json`` prints."""
        out: dict[str, Any] = plain(asdict(self))
        return {"kind": "comparison", **out}

    def to_frame(self) -> Any:
        """A pandas DataFrame, one row a probe, most different first."""
        import pandas as pd

        return pd.DataFrame([asdict(p) for p in self.probes])


@dataclass(frozen=True)
class Spread:
    """How far an ensemble lies apart by one distance.

    Attributes:
        kind, words, unit: of the distance.
        value: ½ E d(Y, Y′) over two draws of the belief, less what runs of one seed differ by: for a squared distance
            the variance of the systematic response.
        se: standard error over draws, with the probes as they are.
        low: lower end of the 95 % interval.
        high: its upper end.
        pairs: mean distance between two draws, noise and all.
        noise: mean distance between two runs of the same seed.
        probes_se: standard error over probes, NaN where it is unknown.
        wide_low: lower end of the 95 % interval over draws and probes.
        wide_high: its upper end.
        rests_on: which error is the larger.
    """

    kind: str
    words: str
    unit: str
    value: float
    se: float
    low: float
    high: float
    pairs: float
    noise: float
    probes_se: float
    wide_low: float
    wide_high: float
    rests_on: str


@dataclass(frozen=True)
class Contested:
    """A probe on which plausible seeds disagree.

    Attributes:
        id, group: of the probe.
        mean: outcome there, over draws.
        sd: standard deviation over draws of the systematic outcome, noise removed; 0 where noise hides it.
        share: of the whole spread.
        minority: share of the draws that decide as fewer do.
        low, high: smallest and largest mean outcome of a draw.
    """

    id: str
    group: str
    mean: float
    sd: float
    share: float
    minority: float
    low: float
    high: float


@dataclass(frozen=True)
class Spreads:
    """An ensemble drawn from what is believed, compared with itself, and with an outcome where one is named.

    Attributes:
        draws: plausible seeds.
        trainings: of them.
        over: what the outcomes are.
        distances: by each distance, the study's own first.
        probes: where draws disagree, most first.
        to: what the outcome is called that the ensemble is held against; empty where none is.
        to_mean: mean squared distance of a draw from it, noise removed, in the study's own distance; NaN where none is.
        to_se: its standard error over draws.
        extremes: the two furthest draws, compared anew under keys that did not choose them.
        notes: what a reader must see.
    """

    draws: int
    trainings: int
    over: str
    distances: tuple[Spread, ...]
    probes: tuple[Contested, ...]
    to: str
    to_mean: float
    to_se: float
    extremes: Compared | None
    notes: tuple[str, ...]

    @property
    def own(self) -> Spread:
        """By the study's own distance."""
        return self.distances[0]

    def to_dict(self) -> dict[str, Any]:
        """The object that ``compare --json`` prints."""
        out: dict[str, Any] = plain(asdict(self))
        return {"kind": "ensemble", **out}

    def to_frame(self) -> Any:
        """A pandas DataFrame, one row a probe, most contested first."""
        import pandas as pd

        return pd.DataFrame([asdict(p) for p in self.probes])
