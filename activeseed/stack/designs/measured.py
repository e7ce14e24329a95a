"""Numbers with what each thing that was drawn did to them, so that whatever two designs share cancels in a difference.

A number has *parts*: one for the blocks of draws and keys, one for the probes, one for the items. A part holds how much
of the number each block (probe, item) accounts for, its influence. Two designs that ran the same blocks share that
part, so the variance of their difference is that of the difference of influences, whatever each varies by alone; of
designs that share nothing, variances add up. Influences of a mean are exact; of others they are those of the
jackknife, to first order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from activeseed.estimators.over_probes import degrees_over_probes, resampled, strata
from activeseed.estimators.statistics import interval, t_quantile
from activeseed.plan import Floats, stream_key

#: standard deviations to either end of a normal 95 % interval
_Z = 1.959963984540054


@dataclass(frozen=True)
class Part:
    """What the units of one kind did to a number.

    Attributes:
        influence: (n,) share of the number's deviation that each unit accounts for; a mean's is (x − x̄) / n.
        groups: (n,) units are drawn within groups, as probes are.
    """

    influence: Floats
    groups: tuple[str, ...]

    @cached_property
    def centred(self) -> Floats:
        """(n,) influences less the mean of their group."""
        out = np.array(self.influence, np.float64)
        for s in np.unique(self._strata):
            mine = self._strata == s
            out[mine] -= out[mine].mean()
        return out

    @property
    def variance(self) -> float:
        """Σ over groups n/(n − 1) Σ influence²: for a mean, the usual s²/n."""
        total = 0.0
        for s in np.unique(self._strata):
            mine = self._strata == s
            n = int(mine.sum())
            total += n / max(n - 1, 1) * float((self.centred[mine] ** 2).sum())
        return total

    @property
    def degrees(self) -> float:
        """Of freedom of that variance: units less groups, and fewer where few units say most of it."""
        return degrees_over_probes(self.centred, np.ones(len(self.centred)), self.groups)

    @property
    def wide(self) -> float:
        """Student's 97.5 % quantile over the normal one: how much wider a variance that is estimated makes tails."""
        return float(t_quantile(0.975, self.degrees)) / _Z

    @cached_property
    def _strata(self) -> Floats:
        return np.asarray(strata(self.groups), np.float64)


@dataclass(frozen=True)
class Measured:
    """A number with its errors.

    Attributes:
        value: the estimate; NaN where nothing is known.
        parts: what was drawn -> what it did. Numbers that share a name share those draws.
        twice: what two kinds of units only do together, where the parts of both hold it (`once.taken_once`); names of
            the two -> (m,) numbers, products of which add up to variances and covariances.
    """

    value: float
    parts: Mapping[str, Part] = field(default_factory=dict)
    twice: Mapping[tuple[str, str], Floats] = field(default_factory=dict)

    def __sub__(self, other: Measured) -> Measured:
        """The difference; what both share is taken once."""
        parts = dict(self.parts)
        for name, theirs in other.parts.items():
            mine = parts.get(name)
            influence = -theirs.influence if mine is None else mine.influence - theirs.influence
            parts[name] = Part(influence, theirs.groups)
        return Measured(self.value - other.value, parts)

    def __neg__(self) -> Measured:
        return Measured(0.0) - self

    @property
    def known(self) -> bool:
        return bool(np.isfinite(self.value))

    @property
    def se(self) -> float:
        """Standard error; NaN for a number that is not known."""
        return float(np.sqrt(sum(p.variance for p in self.parts.values()))) if self.known else float("nan")

    @property
    def degrees(self) -> float:
        """Of freedom of the variances' sum (Satterthwaite 1946), at least 1."""
        total = sum(p.variance for p in self.parts.values())
        rough = sum(p.variance**2 / p.degrees for p in self.parts.values() if p.variance > 0)
        return max(1.0, total**2 / rough) if rough > 0 else 1.0

    def ends(self, squared: bool = False) -> tuple[float, float]:
        """The 95 % interval, Student's.

        Args:
            squared: for a squared quantity, whose estimates are skewed (see ``statistics.interval``).
        """
        if not self.known:
            return float("nan"), float("nan")
        reach = float(t_quantile(0.975, self.degrees)) * self.se
        if not squared:
            return self.value - reach, self.value + reach
        low, high = interval(np.asarray(self.value), np.asarray(reach))
        return float(low), float(high)

    @property
    def p(self) -> float:
        """Two-sided p-value of the number's being zero, Student's; NaN where it is not known."""
        if not self.known:
            return float("nan")
        if self.se == 0.0:
            return 1.0 if self.value == 0.0 else 0.0
        from scipy.special import stdtr

        return float(2.0 * stdtr(self.degrees, -abs(self.value) / self.se))


def drawn(numbers: Sequence[Measured], stream: int, draws: int, tails: bool = True) -> Floats:
    """(draws, N) the numbers, had other units been drawn: the same ones for all that share their name.

    Args:
        tails: as wide as Student's, for what a variance that is not known leaves open; else of that variance.
    """
    out = np.tile([m.value for m in numbers], (draws, 1))
    times: dict[tuple[str, tuple[str, ...]], Floats] = {}
    for n, m in enumerate(numbers):
        for name, part in m.parts.items():
            if (name, part.groups) not in times:
                times[name, part.groups] = resampled(part.groups, stream_key(stream, name), draws)
            out[:, n] += times[name, part.groups] @ part.centred * (part.wide if tails else 1.0)
    return out


UNKNOWN = Measured(float("nan"))


def mean_of(values: Floats, name: str, groups: Sequence[str] = ()) -> Measured:
    """The mean of (n,) values as a number with one part; NaN entries are left out, and move nothing."""
    known = np.isfinite(values)
    n = int(known.sum())
    if not n:
        return UNKNOWN
    mean = float(values[known].mean())
    influence = np.where(known, (np.nan_to_num(values) - mean) / n, 0.0)
    return Measured(mean, {name: Part(influence, tuple(groups) or ("",) * len(values))})
