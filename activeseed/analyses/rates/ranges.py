"""Which rates lead to the same end: runs on a grid, their ends halved, key by key."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from activeseed.outcome import Bools
from activeseed.plan import Floats
from activeseed.protocols import Request

if TYPE_CHECKING:
    from activeseed.outcome import Outcomes

#: (rate, numbers of keys) -> (keys,) distances from the end that is to be reached; NaN where training failed
Distances = Callable[[float, NDArray[np.int64]], Generator[Request, "Outcomes", Floats]]


@dataclass(frozen=True)
class Ends:
    """Ends of the acceptable range, one a key; NaN for a key of which no rate arrives.

    Attributes:
        inside, outside: (2, K) the last rate that arrives and the first that does not, below and above; equal where the
            grid ends before the range does.
        failed: (K,) whether training failed above the range (or else ended elsewhere).
        near: (G, K) whether the rates of the grid arrive.
        distances: (G, K) from the end that is to be reached.
    """

    inside: Floats
    outside: Floats
    failed: Bools
    near: Bools
    distances: Floats

    @property
    def low(self) -> Floats:
        return np.asarray(np.sqrt(self.inside[0] * self.outside[0]))

    @property
    def high(self) -> Floats:
        return np.asarray(np.sqrt(self.inside[1] * self.outside[1]))

    @property
    def width(self) -> Floats:
        """(K,) decades."""
        return np.asarray(np.log10(self.high / self.low))


def ends_of(
    grid: Sequence[float], middle: float, keys: int, within: float, halvings: int, distances: Distances
) -> Generator[Request, Outcomes, Ends]:
    """The run of acceptable rates that is nearest to ``middle``, its ends halved as often as said.

    Args:
        grid: ascending rates. What lies between two of them that arrive is taken to arrive as well.
        within: the largest distance that is acceptable.
    """
    everybody = np.arange(keys)
    seen = []
    for rate in grid:
        seen.append((yield from distances(rate, everybody)))
    far = np.stack(seen)
    near = np.asarray(np.nan_to_num(far, nan=np.inf) <= within)
    inside, outside = np.full((2, keys), np.nan), np.full((2, keys), np.nan)
    failed = np.zeros(keys, np.bool_)
    logs = np.log(np.asarray(grid))
    for k in range(keys):
        found = run_of(near[:, k], np.abs(logs - np.log(middle)))
        if found is None:
            continue
        a, b = found
        inside[:, k] = grid[a], grid[b]
        outside[:, k] = grid[max(a - 1, 0)], grid[min(b + 1, len(grid) - 1)]
        failed[k] = b + 1 < len(grid) and bool(np.isnan(far[b + 1, k]))
    for _ in range(halvings):
        for end in (0, 1):
            open_ = np.flatnonzero(np.isfinite(inside[end]) & (inside[end] != outside[end]))
            middles = np.sqrt(inside[end, open_] * outside[end, open_])
            for rate in np.unique(middles):  # keys whose ends lie alike are trained together
                mine = open_[middles == rate]
                gone = yield from distances(float(rate), mine)
                arrived = np.nan_to_num(gone, nan=np.inf) <= within
                inside[end, mine[arrived]] = rate
                outside[end, mine[~arrived]] = rate
                if end == 1:
                    failed[mine[~arrived]] = np.isnan(gone[~arrived])
    return Ends(inside, outside, failed, near, far)


def run_of(near: Bools, away: NDArray[np.floating]) -> tuple[int, int] | None:
    """First and last of the run of acceptable rates that comes nearest; None where there is none."""
    if not near.any():
        return None
    at = int(np.flatnonzero(near)[np.argmin(away[near])])
    a = b = at
    while a > 0 and near[a - 1]:
        a -= 1
    while b + 1 < len(near) and near[b + 1]:
        b += 1
    return a, b
