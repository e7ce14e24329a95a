"""What is said of basins that were found: shares and their errors, who stands for them, what tells them apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from activeseed.analyses.basins.counting import flattened
from activeseed.analyses.basins.landscape import BasinItem, BasinProbe
from activeseed.cleaning import few
from activeseed.plan import Floats, Ints

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from activeseed.protocols import Problem

#: probes that are told of
PROBES = 24
#: what is said of a basin that differs in degree only
ALIKE = "judges no probe otherwise than the others, on average"
#: probes that a sentence names
NAMED = 3
#: random memberships that a test of an item is made of, at least and at most
_DRAWS, _MOST_DRAWS = 9_999, 99_999
#: members of random memberships that are held at a time
_HELD = 400_000
_Z = 1.959963984540054


def name_of(number: int) -> str:
    """``A``, ``B``, … of a basin's number.

    >>> from activeseed.analyses.basins.telling import name_of
    >>> name_of(0), name_of(25), name_of(26)
    ('A', 'Z', 'AA')
    """
    return name_of(number // 26 - 1) + name_of(number % 26) if number >= 26 else chr(ord("A") + number)


# --- shares -----------------------------------------------------------------------------------------------------------


def memberships(points: Floats, basins: Ints) -> Floats:
    """(n, K) probability of each member to belong to each basin, by normal clouds of one shape.

    Only what lies between basins is in doubt: this says how much of a share's error comes from there.
    """
    count = int(basins.max()) + 1
    flat = flattened(points)
    if count == 1 or not flat.shape[1]:
        return np.eye(count)[basins]
    middles = np.array([flat[basins == k].mean(0) for k in range(count)])
    off = flat - middles[basins]
    within = off.T @ off / max(1, len(flat) - count)
    floor = 1e-9 * np.trace(flat.T @ flat) / flat.size
    within += np.eye(len(within)) * (0.01 * np.trace(within) / len(within) + floor)
    away = flat[:, None] - middles
    square = np.einsum(
        "nkd,nkd->nk", away, np.linalg.solve(within, away.reshape(-1, len(within)).T).T.reshape(away.shape)
    )
    log = np.log(np.bincount(basins, minlength=count) / len(basins)) - 0.5 * square
    odds = np.exp(log - log.max(1, keepdims=True))
    return np.asarray(odds / odds.sum(1, keepdims=True), np.float64)


def share_errors(points: Floats, basins: Ints, keys: Ints | None = None) -> Floats:
    """(K,) standard error of each basin's share: √(p(1 − p)/n + Σ r(1 − r)/n²), r a member's probability to be in it.

    Args:
        keys: (n,) replicates, where members share them: what members of one key have in common does not average out
            over members, so that the error over keys is taken where it is larger.
    """
    n = len(basins)
    inside = memberships(points, basins)
    share = np.bincount(basins, minlength=inside.shape[1]) / n
    variance = share * (1.0 - share) / n + (inside * (1.0 - inside)).sum(0) / n**2
    if keys is not None and 1 < len(which := np.unique(keys)) < n:
        of = np.array([[(basins[keys == k] == b).mean() for b in range(len(share))] for k in which])
        variance = np.maximum(variance, of.var(0, ddof=1) / len(which))
    return np.asarray(np.sqrt(variance), np.float64)


def share_interval(share: float, error: float, members: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share, for the number of members that its error stands for."""
    n = min(float(members), share * (1.0 - share) / error**2) if error > 0 else float(members)
    centre = (share + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    half = _Z / (1 + _Z**2 / n) * (share * (1.0 - share) / n + _Z**2 / (4 * n**2)) ** 0.5
    return max(0.0, centre - half), min(1.0, centre + half)


def medoid(points: Floats, basins: Ints, basin: int) -> int:
    """Number of the member whose squared distance to the others of its basin is least on average."""
    members = np.flatnonzero(basins == basin)
    return int(members[np.argmin(((points[members] - points[members].mean(0)) ** 2).sum(1))])


# --- what tells them apart --------------------------------------------------------------------------------------------


def telling_items(
    problem: Problem, variants: NDArray[np.int16], basins: Ints, dice: np.random.Generator, alpha: float
) -> tuple[BasinItem, ...]:
    """Each item that varies over the ensemble: whether members of different basins have different variants of it.

    Cramér's V², corrected for its mean under independence; tested against random memberships, Holm over items.
    """
    count, n = int(basins.max()) + 1, len(basins)
    varying = [f for f in range(len(problem.seed)) if len(np.unique(variants[:, f])) > 1]
    if count < 2 or not varying:
        return ()
    columns, of = [], []
    for f in varying:
        for v in np.unique(variants[:, f]):
            columns.append(variants[:, f] == v)
            of.append(f)
    one = np.array(columns, np.float64).T
    owner = np.array([varying.index(f) for f in of])
    sizes = np.bincount(basins, minlength=count)
    expected = np.outer(sizes, one.mean(0))

    def statistic(labels: NDArray[np.integer]) -> Floats:
        """(…, n) memberships -> (…, items) χ²."""
        cells = np.stack([(labels == k).astype(np.float64) @ one for k in range(count)], -2)
        part = ((cells - expected) ** 2 / expected).sum(-2)
        return np.stack([part[..., owner == i].sum(-1) for i in range(len(varying))], -1)

    found = statistic(basins)
    # twice as many as it takes for the smallest p to pass, all items together
    draws = min(_MOST_DRAWS, max(_DRAWS, round(2 * len(varying) / alpha)))
    beyond = np.zeros(len(varying))
    at_a_time = max(1, _HELD // n)
    for start in range(0, draws, at_a_time):
        size = min(at_a_time, draws - start)
        beyond += (statistic(dice.permuted(np.tile(basins, (size, 1)), axis=1)) >= found - 1e-9).sum(0)
    p = (1.0 + beyond) / (1.0 + draws)
    holm = holm_of(p)
    widths = np.bincount(owner)
    free = (count - 1.0) * (widths - 1.0)
    most = (n - 1.0) * np.minimum(count - 1, widths - 1) - free
    share = np.where(most > 0, (found * (n - 1.0) / n - free) / np.maximum(most, 1e-12), np.nan)
    out = []
    for i, f in enumerate(varying):
        stands = tuple(float((variants[basins == k, f] == problem.base[f]).mean()) for k in range(count))
        out.append(
            BasinItem(problem.ids[f], float(share[i]), float(p[i]), float(holm[i]), bool(holm[i] < alpha), stands)
        )
    return tuple(sorted(out, key=lambda item: (item.p_holm, -item.share)))


def holm_of(p: Floats) -> Floats:
    """(n,) p-values adjusted for a family (Holm 1979).

    >>> import numpy as np
    >>> from activeseed.analyses.basins.telling import holm_of
    >>> holm_of(np.array([0.01, 0.04, 0.03])).round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    out = np.empty(len(p))
    out[order] = np.minimum(1.0, stepped)
    return out


def telling_probes(problem: Problem, values: Floats, basins: Ints, decided: Floats | None) -> tuple[BasinProbe, ...]:
    """Where two basins part most, by their mean outcomes; errors are those of the means, given the basins.

    Basins were found from these outcomes, so nothing is tested here.
    """
    count = int(basins.max()) + 1
    if count < 2:
        return ()
    mean = np.array([values[basins == k].mean(0) for k in range(count)])
    of = np.bincount(basins)
    square = np.array(
        [values[basins == k].var(0, ddof=1) / of[k] if of[k] > 1 else np.zeros(values.shape[1]) for k in range(count)]
    )
    apart = mean.max(0) - mean.min(0)
    out = []
    for p in np.argsort(-apart, kind="stable")[:PROBES]:
        high, low = int(mean[:, p].argmax()), int(mean[:, p].argmin())
        flips = decided is not None and decided[p] > 0 and mean[high, p] > 0.5 >= mean[low, p]
        out.append(
            BasinProbe(
                problem.places[p].id, tuple(mean[:, p].tolist()), float(apart[p]),
                float(np.sqrt(square[high, p] + square[low, p])), (name_of(high), name_of(low)), bool(flips),
            )
        )  # fmt: skip
    return tuple(out)


def view_of(problem: Problem, values: Floats, basins: Ints, basin: int, decided: Floats | None) -> str:
    """What a basin judges otherwise than the members outside of it, in words; empty where probes decide nothing."""
    outside = basins != basin
    if decided is None or not outside.any():
        return ""
    mine, others = values[~outside].mean(0), values[outside].mean(0)
    here = decided > 0
    order = np.argsort(-np.abs(mine - others), kind="stable")
    approves = [problem.places[p].id for p in order if here[p] and mine[p] > 0.5 >= others[p]]
    rejects = [problem.places[p].id for p in order if here[p] and others[p] > 0.5 >= mine[p]]
    said = []
    if approves:
        said.append(f"approves of {few(approves, NAMED)}, which the others reject")
    if rejects:
        said.append(f"rejects {few(rejects, NAMED)}, which the others approve of")
    return " and ".join(said) if said else ALIKE


def wrong_share(problem: Problem, values: Floats) -> Floats | None:
    """(…, P) outcomes -> (…) share of the labelled probes that they judge otherwise; None where fewer than two are."""
    labels = np.array([np.nan if p.label is None else p.label for p in problem.places])
    known = np.flatnonzero(~np.isnan(labels))
    if len(known) < 2:
        return None
    return np.asarray(((values[..., known] > 0.5) != (labels[known] > 0.5)).mean(-1), np.float64)
