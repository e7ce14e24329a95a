"""What a basins analysis ends in: basins with shares, what tells them apart, training seen as a flow, sweeps, seeds.

Plain numbers and texts, so that what the journal keeps reads like what was just computed. Basins are named ``A``,
``B``, …, by the number of their members and by nothing else: no basin is right because many members lie in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from activeseed.outcome import plain


@dataclass(frozen=True)
class Basin:
    """A part of the ensemble whose outcomes lie together.

    Attributes:
        name: ``A`` is the one with most members.
        members: how many.
        share: of the ensemble.
        share_se: its standard error, of members drawn and of members that might lie in another basin; it holds given
            that there are so many basins.
        spread: variance of its outcomes, as squared embedded distance.
        representative: number of the member in its middle.
        changes: item -> variant of the representative, where they differ from the seed as it stands.
        key: the representative's replicate.
        approves: places it approves of, as a share of the places' weight; NaN where probes decide nothing.
        quality: share of the labelled probes that its mean outcome judges as labelled; NaN where too few are.
        view: what it judges otherwise than the others, in a sentence.
    """

    name: str
    members: int
    share: float
    share_se: float
    share_low: float
    share_high: float
    spread: float
    representative: int
    changes: Mapping[str, str]
    key: int
    approves: float
    quality: float
    view: str


@dataclass(frozen=True)
class BasinItem:
    """Whether members of different basins were trained on different variants of an item.

    Attributes:
        id: of the item.
        share: of the membership that its variant explains, 1 where it decides; corrected for chance, so that it is
            zero on average where the item has nothing to do with it.
        p: of the test that it has nothing to do with it; ``p_holm`` over all items that vary.
        p_holm: see ``p``.
        distinguishable: ``p_holm`` is below the level.
        stands: share of the members of each basin in which it is as it stands now, in the basins' order.
    """

    id: str
    share: float
    p: float
    p_holm: float
    distinguishable: bool
    stands: tuple[float, ...]


@dataclass(frozen=True)
class BasinProbe:
    """Where two basins part.

    Attributes:
        id: of the probe.
        outcomes: mean outcome there in each basin, in the basins' order.
        apart: largest difference between two of them.
        apart_se: its standard error.
        between: names of those two.
        flips: whether some approve and others reject.
    """

    id: str
    outcomes: tuple[float, ...]
    apart: float
    apart_se: float
    between: tuple[str, str]
    flips: bool


@dataclass(frozen=True)
class Rate:
    """How fast two trainings draw near (below zero) or part (above): growth of the log of their distance a step.

    Attributes:
        pairs: of trainings that it is the mean of.
        value: nats a gradient step.
        stderr: of the mean, over pairs.
        first: the step from which it is taken; the last is the end.
    """

    pairs: int
    value: float
    stderr: float
    first: int


@dataclass(frozen=True)
class Training:
    """The ensemble through training.

    Attributes:
        steps: gradient steps at which it was looked at.
        spread: variance of the ensemble at each, as squared embedded distance.
        ratio: spread over that of step ``reference``; the trainer contracts where it falls below one.
        ratio_low, ratio_high: 95 % interval, by bootstrap over members.
        reference: the first step at which the ensemble has a spread at all.
        keys: rate at which two trainings of one seed draw near or part that begin otherwise; None where none do.
        small: rate at which a small change of the seed grows under one key, from the first look at which it shows.
        change: what that small change is, in words.
        wrong: share of the labelled probes judged otherwise than labelled at each step, mean over members; empty
            where too few are labelled.
        wrong_worst: that of the worst member at each step.
        at: positions of the looks whose points are kept.
        points: of each of these looks, of each member: two coordinates, along the directions of most variance at
            the end.
        basins: name of each member's basin.
    """

    steps: tuple[int, ...]
    spread: tuple[float, ...]
    ratio: tuple[float, ...]
    ratio_low: tuple[float, ...]
    ratio_high: tuple[float, ...]
    reference: int
    keys: Rate | None
    small: Rate | None
    change: str
    wrong: tuple[float, ...]
    wrong_worst: tuple[float, ...]
    at: tuple[int, ...]
    points: tuple[tuple[tuple[float, float], ...], ...]
    basins: tuple[str, ...]

    @property
    def worst(self) -> tuple[int, float] | None:
        """The step at which some member judged most probes otherwise than labelled, and that share."""
        if not self.wrong_worst:
            return None
        at = max(range(len(self.steps)), key=lambda t: self.wrong_worst[t])
        return self.steps[at], self.wrong_worst[at]


@dataclass(frozen=True)
class Swept:
    """The ensemble at one value of a setting.

    Attributes:
        value: of the setting.
        here: whether it is the value that stands.
        trained: members that trained.
        number: of basins.
        support: number -> share of the ensemble's subsets in which so many were found.
        shares: of the basins.
        spread: of the ensemble, as squared embedded distance.
        top: id of the item whose variants move the outcome most (first-order index over the ensemble, `hanging`), empty
            where none is told to move it.
        tops: id -> share of random halves of the ensemble in which it is that one; empty where there is none.
    """

    value: Any
    here: bool
    trained: int
    number: int
    support: Mapping[int, float]
    shares: tuple[float, ...]
    spread: float
    top: str
    tops: Mapping[str, float]


@dataclass(frozen=True)
class Sweep:
    """A setting at several values.

    Attributes:
        setting: its path.
        at: what was found at each value.
        changes: sentences about neighbouring values between which something qualitative changes; empty where nothing
            does that can be told from chance.
    """

    setting: str
    at: tuple[Swept, ...]
    changes: tuple[str, ...]

    @property
    def stable(self) -> bool:
        """Whether nothing qualitative changes that can be told from chance."""
        return not self.changes


@dataclass(frozen=True)
class Candidate:
    """One seed that might be deployed, against the basins.

    Attributes:
        name: of the seed.
        keys: trainings that it rests on.
        expected: squared embedded distance of its outcome from a member of each basin, mean over both, in the basins'
            order.
        worst: from the member of each that is farthest, mean over its trainings.
        overall: expected over the whole ensemble.
        overall_se: its standard error, over members.
        falls: share of its trainings that fall into each basin.
        outside: share of them that fall into none: farther from the middle of the nearest than 95 % of its members.
    """

    name: str
    keys: int
    expected: tuple[float, ...]
    worst: tuple[float, ...]
    overall: float
    overall_se: float
    falls: tuple[float, ...]
    outside: float


@dataclass(frozen=True)
class Landscape:
    """The shape of an ensemble: one basin or several.

    Attributes:
        basins: the one with most members first.
        support: number of basins -> share of the ensemble's subsets in which so many were found.
        trained: members that trained; ``failed`` that did not.
        failed: see ``trained``.
        fewest: members that a basin has at least, to be seen.
        alpha: probability that one basin is told as two.
        spread: variance of the ensemble, as squared embedded distance; ``between`` is the share of it between basins.
        between: see ``spread``.
        items: those that tell the basins apart, most first; empty with one basin.
        probes: where basins part most, most first.
        members: name of each trained member's basin; ``rows`` its number in the ensemble, ``names`` what it was
            trained on, where seeds were named.
        rows: see ``members``.
        names: see ``members``.
        points: two coordinates of each, along the directions of most variance.
        unit: of distances.
        of: what the members of the ensemble are.
        training: the ensemble through training, where the trainer hands that out.
        sweeps: settings at several values.
        candidates: seeds that might be deployed.
        notes: sentences that a reader must see.
    """

    basins: tuple[Basin, ...]
    support: Mapping[int, float]
    trained: int
    failed: int
    fewest: int
    alpha: float
    spread: float
    between: float
    items: tuple[BasinItem, ...]
    probes: tuple[BasinProbe, ...]
    members: tuple[str, ...]
    rows: tuple[int, ...]
    names: tuple[str, ...]
    points: tuple[tuple[float, float], ...]
    unit: str
    of: str
    training: Training | None = None
    sweeps: tuple[Sweep, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def number(self) -> int:
        """Of basins."""
        return len(self.basins)

    def __getitem__(self, name: str) -> Basin:
        """The basin of this name. Raises KeyError where there is none."""
        for basin in self.basins:
            if basin.name == name:
                return basin
        raise KeyError(name)

    def to_dict(self) -> dict[str, Any]:
        """See ``protocols.Finding``: what ``basins --json`` prints."""
        said: dict[str, Any] = asdict(self)
        said["number"] = self.number
        said["support"] = {str(k): v for k, v in self.support.items()}
        for sweep, of in zip(said["sweeps"], self.sweeps, strict=True):
            sweep["stable"] = of.stable
            for at in sweep["at"]:
                at["support"] = {str(k): v for k, v in at["support"].items()}
        if self.training is not None:
            worst = self.training.worst
            said["training"]["worst"] = None if worst is None else {"step": worst[0], "wrong": worst[1]}
        found: dict[str, Any] = plain(said)
        return found

    def to_frame(self) -> Any:
        """A pandas DataFrame, one row a member that trained: where it lies and in which basin."""
        import pandas as pd

        return pd.DataFrame(
            {
                "member": self.rows, "name": self.names or [""] * len(self.rows), "basin": self.members,
                "x": [p[0] for p in self.points], "y": [p[1] for p in self.points],
            }
        )  # fmt: skip
