"""What an analysis of prompts ends in: plain numbers and texts."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from activeseed.outcome import plain


@dataclass(frozen=True)
class ProbeStarts:
    """One probe, put in several ways.

    Attributes:
        id: of the probe.
        wordings: how many ways, its own included.
        outcome: spread of the outcome over them, noise removed: the variance of what the trained system answers.
        outcome_se: its standard error over keys; NaN for fewer than three, 0 without randomness.
        start: spread of the starts: the variance of their features; NaN where there are none.
        ratio: outcome over start.
        otherwise: share of its rewordings that are judged otherwise than the probe itself; NaN where nothing is judged.
        furthest: the rewording whose outcome is furthest from the probe's own.
        furthest_by: mean outcome there less mean outcome at the probe.
    """

    id: str
    wordings: int
    outcome: float
    outcome_se: float
    start: float
    ratio: float
    otherwise: float
    furthest: str
    furthest_by: float


@dataclass(frozen=True)
class PromptKind:
    """One kind of rewording, over all probes.

    Attributes:
        kind: of the rule, ``prefix`` for another prompt, or ``written`` by somebody.
        probes: that have such a rewording.
        rewordings: in all.
        value: mean squared distance of the outcome from the probe's own, noise removed.
        se: standard error over probes and keys.
        start: mean squared distance of the start.
        otherwise: share judged otherwise.
    """

    kind: str
    probes: int
    rewordings: int
    value: float
    se: float
    start: float
    otherwise: float


@dataclass(frozen=True)
class Prompted:
    """How much of a change of the prompt comes through to the outcome of the trained system.

    Attributes:
        probes: by spread of the outcome, largest first.
        kinds: by kind of rewording.
        without: probes that could not be put otherwise.
        outcome: mean over probes of the spread of the outcome.
        outcome_se, outcome_low, outcome_high: its standard error over probes and keys, and 95 % interval.
        start: mean over probes of the spread of the starts.
        ratio: outcome over start.
        ratio_se, ratio_low, ratio_high: its standard error over probes and keys, and 95 % interval.
        between: the same ratio over the probes themselves, which mean different things.
        washed_out: ratio over ``between``: below 1 a rewording comes through less than another question of the same
            distance would.
        washed_low, washed_high: its 95 % interval, over probes and keys, both ratios being measured; no upper end is
            infinity.
        unit: of squared distances of outcomes.
        keys: trainings.
        notes: what a reader must see.
    """

    probes: tuple[ProbeStarts, ...]
    kinds: tuple[PromptKind, ...]
    without: int
    outcome: float
    outcome_se: float
    outcome_low: float
    outcome_high: float
    start: float
    ratio: float
    ratio_se: float
    ratio_low: float
    ratio_high: float
    between: float
    washed_out: float
    washed_low: float
    washed_high: float
    unit: str
    keys: int
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """All of it, as JSON."""
        return {"kind": "prompts", **plain(asdict(self))}

    def to_frame(self) -> Any:
        """A pandas DataFrame, one row a probe."""
        import pandas as pd

        return pd.DataFrame([asdict(p) for p in self.probes])
