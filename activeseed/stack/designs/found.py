"""What a comparison of designs ends in: plain numbers and texts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from activeseed.outcome import plain
from activeseed.stack.designs.front import SURE
from activeseed.stack.designs.measured import Measured
from activeseed.stack.designs.together import Together

#: what criteria are called, and whether more of one is better
CRITERIA: Mapping[str, tuple[str, bool]] = {
    "spread": ("spread", False), "accuracy": ("accuracy", True), "brier": ("Brier score", False),
    "auc": ("AUC", True), "lock_in": ("lock-in (revision over rewording)", True),
}  # fmt: skip


@dataclass(frozen=True)
class Number:
    """A number with its standard error and 95 % interval; NaN where they are not known."""

    value: float
    se: float
    low: float
    high: float

    @classmethod
    def of(cls, measured: Measured, squared: bool = False, share: bool = False) -> Number:
        """A number; the interval of a ``share`` ends at 0 and 1 at the latest."""
        low, high = measured.ends(squared)
        return cls(measured.value, measured.se, max(low, 0.0) if share else low, min(high, 1.0) if share else high)


@dataclass(frozen=True)
class Difference(Number):
    """A design's number less the reference's, on what both ran; of lock-in, the logarithm of the one over the other.

    Attributes:
        p: of no difference.
        p_holm: the same over all differences to the reference.
        told: whether that is below what was asked for.
    """

    p: float = float("nan")
    p_holm: float = float("nan")
    told: bool = False


@dataclass(frozen=True)
class LockedDesign:
    """How open a design is to what is meant.

    Attributes:
        revision: mean response to a legitimate revision.
        paraphrase: mean response to a rewording.
        ratio: the one over the other; NaN where a rewording was not measured to move anything.
        low, high: ratios that are not ruled out at 95 % (Fieller); infinity where there is no end.
    """

    revision: float
    paraphrase: float
    ratio: float
    low: float
    high: float


@dataclass(frozen=True)
class DesignFound:
    """One design, measured.

    Attributes:
        name: of it.
        words: what it has otherwise than the study.
        why: why it was not measured; empty where it was.
        items: that its seed keeps.
        paired: whether it ran the same draws under the same keys as the reference.
        spread: of the outcome over plausible seeds, noise removed.
        noise: the noise floor.
        quality: by measure, of single trainings of the seed as it stands.
        lock_in: None where it is not known.
        trainings: that the comparison asked for.
        failed: of them.
        multiply_adds: of one training; None where the system does not say.
        seconds: of one training by the clock; None where nobody knows.
        on_front: whether no other design is as good in every criterion and better in one, as measured.
        front_chance: share of resamples in which that is so.
        pick_chance: share of resamples in which it has the least spread.
        differences: criterion -> difference to the reference; empty for the reference itself.
        ties: names of the designs that it can't be told apart from in any criterion, over all pairs.
    """

    name: str
    words: str
    why: str = ""
    items: int = 0
    paired: bool = True
    spread: Number | None = None
    noise: float = float("nan")
    quality: dict[str, Number] = field(default_factory=dict)
    lock_in: LockedDesign | None = None
    trainings: int = 0
    failed: int = 0
    multiply_adds: int | None = None
    seconds: float | None = None
    on_front: bool = False
    front_chance: float = float("nan")
    pick_chance: float = float("nan")
    differences: dict[str, Difference] = field(default_factory=dict)
    ties: tuple[str, ...] = ()

    @property
    def standing(self) -> str:
        """``on the front``, ``off it`` or ``not told``: beyond what draws, keys, probes and items leave open."""
        if self.why:
            return "not measured"
        if self.front_chance >= SURE:
            return "on the front"
        return "off it" if self.front_chance <= 1.0 - SURE else "not told"


@dataclass(frozen=True)
class Against:
    """What the source's pick has less, or more, than the design that is best in one thing.

    Attributes:
        criterion: in which.
        best: the best design by it.
        difference: the pick's number less the best's.
    """

    criterion: str
    best: str
    difference: Difference


@dataclass(frozen=True)
class Pick:
    """The design that stability alone would pick: the one whose outcome hangs least on the seed.

    Attributes:
        name: of it.
        chance: share of resamples in which it has the least spread.
        others: designs whose spread can't be told from its.
        against: what it costs, a criterion each.
        multiply_adds: its multiply-adds over those of the cheapest design; None where they are not known.
        cheapest: that design.
    """

    name: str
    chance: float
    others: tuple[str, ...]
    against: tuple[Against, ...]
    multiply_adds: float | None
    cheapest: str

    @property
    def words(self) -> str:
        """Which it is, and at what cost."""
        said = f"By stability alone {self.name!r} would be picked, whose outcome hangs least on the seed"
        said += f" (least spread in {100 * self.chance:.0f} % of resamples)"
        if self.others:
            said += f"; {_listed(self.others)} can't be told from it"
        return f"{said}.{''.join(f' {line}' for line in self.costs)}"

    @property
    def costs(self) -> tuple[str, ...]:
        """A sentence for each thing in which another design is measured to be better."""
        out = []
        for a in self.against:
            words, more = CRITERIA[a.criterion]
            if a.best == self.name:
                out.append(f"It is also the best in {words}.")
                continue
            d = a.difference
            told = "" if d.told else ", which can't be told from none"
            if a.criterion == "lock_in":
                ends = f"{math.exp(d.low):.2g} to {math.exp(d.high):.2g}"
                out.append(f"Its {words} is {math.exp(d.value):.2g} times that of {a.best!r} (95 %: {ends}){told}.")
                continue
            worse = "lower" if more else "higher"
            out.append(
                f"Its {words} is {abs(d.value):.3g} {worse} than that of {a.best!r} (95 %: {_ends(d, more)}){told}."
            )
        if self.multiply_adds is not None and self.multiply_adds > 1.005:
            out.append(f"A training takes {self.multiply_adds:.3g} times the arithmetic of {self.cheapest!r}.")
        return tuple(out)


def _ends(d: Difference, more: bool) -> str:
    low, high = (-d.high, -d.low) if more else (d.low, d.high)
    return f"{low:.3g} to {high:.3g}"


def _listed(names: Sequence[str], most: int = 4) -> str:
    shown = [repr(n) for n in names[:most]]
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(shown) + rest


@dataclass(frozen=True)
class ComparedDesigns:
    """Designs beside each other: never one number.

    Attributes:
        reference: name of the design that differences are to.
        criteria: by which designs are held against each other, those that all of them have.
        quality: which measure of quality.
        designs: all of them, the reference first, those that were not measured last.
        pick: the source's; None where fewer than two were measured.
        together: how spread and quality go together over designs; None without labelled probes.
        unit: what spreads are measured in.
        over: what outcomes are.
        probes: shared places.
        labelled: of them with a label.
        blocks: of draws.
        draws: of the belief in all.
        keys: replicates in all; 0 where nothing is random.
        rewording: what revisions are held against; empty where lock-in is not known.
        resamples: behind every chance.
        trainings: that were asked for.
        notes: what a reader must see.
    """

    reference: str
    criteria: tuple[str, ...]
    quality: str
    designs: tuple[DesignFound, ...]
    pick: Pick | None
    together: Together | None
    unit: str
    over: str
    probes: int
    labelled: int
    blocks: int
    draws: int
    keys: int
    rewording: str
    resamples: int
    trainings: int
    notes: tuple[str, ...]

    @property
    def measured(self) -> tuple[DesignFound, ...]:
        """The designs that were trained."""
        return tuple(d for d in self.designs if not d.why)

    @property
    def front(self) -> tuple[str, ...]:
        """Names of those on the Pareto front, as measured."""
        return tuple(d.name for d in self.designs if d.on_front)

    def __getitem__(self, name: str) -> DesignFound:
        """A design by its name. Raises KeyError."""
        return next((d for d in self.designs if d.name == name), None) or _missing(name)

    def to_dict(self) -> dict[str, Any]:
        """The object that ``compare-designs --json`` prints."""
        out: dict[str, Any] = plain(asdict(self))
        for said, design in zip(out["designs"], self.designs, strict=True):
            said["standing"] = design.standing
            if design.lock_in is not None and math.isinf(design.lock_in.high):
                said["lock_in"]["no_upper_end"] = True
        if self.pick is not None:
            out["pick"]["words"] = self.pick.words
        if self.together is not None:
            out["together"]["words"] = self.together.words
        return {"kind": "designs", "front": list(self.front), **out}

    def to_frame(self) -> Any:
        """A pandas DataFrame, one row a design."""
        import pandas as pd

        return pd.DataFrame([self._row(d) for d in self.designs])

    def _row(self, d: DesignFound) -> dict[str, Any]:
        row: dict[str, Any] = {"design": d.name, "differs": d.words, "standing": d.standing, "why": d.why}
        numbers = {"spread": d.spread, **d.quality}
        for name, number in numbers.items():
            for part in ("value", "se", "low", "high"):
                row[name if part == "value" else f"{name}_{part}"] = getattr(number, part) if number else math.nan
        for part in ("ratio", "low", "high", "revision", "paraphrase"):
            name = "lock_in" if part == "ratio" else f"lock_in_{part}"
            row[name] = getattr(d.lock_in, part) if d.lock_in else math.nan
        row |= {"noise": d.noise, "items": d.items}
        row |= {"front_chance": d.front_chance, "pick_chance": d.pick_chance, "multiply_adds": d.multiply_adds}
        row |= {"seconds": d.seconds, "trainings": d.trainings, "not_told_apart_from": ", ".join(d.ties)}
        for name in self.criteria:
            gap = d.differences.get(name)
            for part in ("value", "low", "high", "p_holm"):
                row[f"{name}_difference{'' if part == 'value' else f'_{part}'}"] = (
                    getattr(gap, part) if gap else math.nan
                )
        return row


def _missing(name: str) -> DesignFound:
    raise KeyError(name)
