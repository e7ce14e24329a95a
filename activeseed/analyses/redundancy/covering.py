"""From outcomes of seeds with something left out to what covers for what: effects, interactions, their errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from activeseed.analyses.redundancy.candidates import Likeness
from activeseed.analyses.redundancy.coverage import Cover, Coverage, ItemCoverage, ProbeCoverage, Verdict
from activeseed.analyses.redundancy.dropping import NONE, Drops, Gone
from activeseed.analyses.redundancy.peeling import MOST
from activeseed.estimators.leave_one_out import ROUNDING, Effects, effects
from activeseed.estimators.statistics import cross_key, family_p, gram, shared_errors, t_quantile
from activeseed.geometries import decisions_of
from activeseed.outcome import Bools
from activeseed.plan import Floats, Ints

#: covers that take as much off as the best one, up to this share, are equals: the twin is the most alike of them
EQUALS = 0.9


class Tried(NamedTuple):
    """Whether an item is covered for by another, these others being gone as well."""

    item: int
    by: int
    beside: Gone


class Measured(NamedTuple):
    """What another item does to one: how much more the one does without it, the error, and what was gone beside it.

    ``same``: without the one the other does more to the same end, so it covers for it; else it holds it back.
    """

    more: float
    se: float
    beside: Gone
    same: bool


@dataclass
class Covering:
    """Which items do something, and which cover for them, as far as was measured.

    Attributes:
        drops: what was measured.
        items: positions of the items that stand.
        alpha, nothing, least: see ``Redundancy``.
        open: items that do nothing alone, for which not all that might cover for them was tried.
        found: item -> by which other -> the strongest way in which that one covers for it.
    """

    drops: Drops
    items: tuple[int, ...]
    alpha: float
    nothing: float
    least: float
    found: dict[int, dict[int, Measured]] = field(default_factory=dict)
    open: set[int] = field(default_factory=set)
    _seen: dict[Tried, tuple[Floats, Floats, Floats, Floats, Bools]] = field(default_factory=dict)
    alone: Effects = field(init=False)
    distinguishable: Bools = field(init=False)
    floor: float = field(init=False)
    ids: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.ids = self.drops.problem.ids
        grams, ok = zip(*(self._gram(f, NONE) for f in self.items), strict=True)
        products, fine = np.array(grams), np.array(ok)
        self.alone = effects(products, fine, self._exact, len(self.drops.keys))
        top = float(np.nanmax(self.alone.value, initial=0.0))
        self.floor = max(ROUNDING, self.nothing * top)
        with np.errstate(invalid="ignore"):
            if self._exact:
                self.distinguishable = self.alone.value > self.floor
            else:
                p = family_p(products, self.drops.problem.stream, fine)
                self.distinguishable = (p <= self.alpha) & (self.alone.value > self.floor)

    @property
    def _exact(self) -> bool:
        return self.drops.problem.deterministic

    @property
    def covers(self) -> dict[int, Gone]:
        """Item -> what covers for it (or what holds it back, where nothing does), with what has to be gone beside."""
        out = {}
        for f, by in self.found.items():
            best = self.ordered(f, True) or self.ordered(f, False)
            out[f] = frozenset(best).union(*(by[g].beside for g in best))
        return out

    def ordered(self, item: int, same: bool) -> list[int]:
        """What covers for an item, or what holds it back: the most first, and the strongest only where many do."""
        by = self.found.get(item, {})
        return sorted((g for g in by if by[g].same == same), key=lambda g: (-by[g].more, g))[:MOST]

    @property
    def unresolved(self) -> list[int]:
        """Items that do nothing, and that nothing covers for so far."""
        return [
            f for f, there, value in zip(self.items, self.distinguishable, self.alone.value, strict=True)
            if not there and not self.found.get(f) and not np.isnan(value)
        ]  # fmt: skip

    def _step(self, item: int, gone: Gone) -> tuple[Floats, Bools]:
        """(K, D) by how much dropping the item moves the outcome where these are gone already."""
        before, a = self.drops.moved(gone)
        after, b = self.drops.moved(gone | {item})
        return after - before, a & b

    def _gram(self, item: int, gone: Gone) -> tuple[Floats, Bools]:
        delta, ok = self._step(item, gone)
        return np.where(ok[:, None] & ok[None, :], gram(delta), 0.0), ok

    def effect(self, item: int, gone: Gone) -> float:
        """‖m(−gone−item) − m(−gone)‖², of a trainer without randomness; 0 where it can't be trained."""
        products, ok = self._gram(item, gone)
        return float(products[0, 0]) if ok[0] else 0.0

    def look(self, tried: Sequence[Tried]) -> None:
        """Find the covers among what was tried: interactions told from nothing that make the item do more.

        For each the interaction of the two drops, the others being gone, is tested against zero over the family of all
        that was tried; by how much more the item does is the difference of two squared norms over the same keys, and
        has to be above its own error as well, and not small beside the most that the item does. The two do the same
        where their steps, each taken without the other, have a positive inner product across keys.
        """
        if not tried:
            return
        for t in tried:
            if t not in self._seen:
                self._seen[t] = self._differences(t)
        measured = [self._seen[t] for t in tried]
        more, after, ends, interactions, ok = (np.array(x) for x in zip(*measured, strict=True))
        value, se = self._more(more, after, ok)
        strongest = self._strongest(tried, after, ok)
        same = np.nan_to_num(self._means(ends, ok)) > 0.0
        # the interaction is the same for either of the two
        pairs = {(frozenset((t.item, t.by)), t.beside): n for n, t in enumerate(tried)}
        at = list(pairs.values())
        told = dict(zip(pairs, self._told(interactions[at], ok[at]).tolist(), strict=True))
        self.found = {}
        reach = 0.0 if self._exact else float(t_quantile(0.975, len(self.drops.keys) - 1))
        for n, t in enumerate(tried):
            enough = max(self.floor, self.least * strongest[t.item])
            if told[frozenset((t.item, t.by)), t.beside] and value[n] > max(enough, reach * se[n]):
                by = self.found.setdefault(t.item, {})
                if t.by not in by or value[n] > by[t.by].more:
                    by[t.by] = Measured(float(value[n]), float(se[n]), t.beside, bool(same[n]))

    def _differences(self, t: Tried) -> tuple[Floats, Floats, Floats, Floats, Bools]:
        """(K, K) each: how much more the item does, what it does then, to what end, the interaction; (K,) keys."""
        here, a = self._step(t.item, t.beside)
        there, b = self._step(t.item, t.beside | {t.by})
        theirs, c = self._step(t.by, t.beside | {t.item})
        ok = a & b & c
        both = ok[:, None] & ok[None, :]
        after, across = gram(there), there @ theirs.T
        more = after - gram(here)
        found = (more, after, (across + across.T) / 2.0, gram(there - here))
        a_, b_, c_, d_ = (np.where(both, x, 0.0) for x in found)
        return a_, b_, c_, d_, ok

    def _more(self, more: Floats, after: Floats, ok: Bools) -> tuple[Floats, Floats]:
        """(T,) how much more each item does, and its error: half its own, half what the company's noise would give it.

        The company's part is that of what the item does then, which is where the noise of the difference comes from
        as long as it does little before (see `shared_errors`).
        """
        if self._exact:
            return self._means(more, ok), np.zeros(len(more))
        own = cross_key(more, ok)
        alike = cross_key(after, ok)
        company = np.maximum(2.0 * shared_errors(after, alike, ok).se ** 2 - alike.se**2, 0.0)
        return own.value, np.sqrt((own.se**2 + company) / 2.0)

    def _means(self, products: Floats, ok: Bools) -> Floats:
        if self._exact:
            return np.where(ok[:, 0], products[:, 0, 0], np.nan)
        return cross_key(products, ok).value

    def _strongest(self, tried: Sequence[Tried], after: Floats, ok: Bools) -> dict[int, float]:
        """Item -> the most that it does, whatever else is gone."""
        alone = np.nan_to_num(self.alone.value)
        out = {f: max(0.0, float(v)) for f, v in zip(self.items, alone, strict=True)}
        for t, value in zip(tried, np.nan_to_num(self._means(after, ok)).tolist(), strict=True):
            out[t.item] = max(out[t.item], value)
        return out

    def _told(self, interactions: Floats, ok: Bools) -> Bools:
        """(T,) whether an interaction is there at all."""
        if self._exact:
            return np.asarray((interactions[:, 0, 0] > ROUNDING) & ok[:, 0])
        return np.asarray(family_p(interactions, self.drops.problem.stream, ok) <= self.alpha)

    def uncovered(self) -> dict[int, tuple[float, float]]:
        """Item -> what it does once all that covers for it is gone (the strongest alone, where no more was trained).

        With its standard error, for items that are covered for, or held back.
        """
        sets = {}
        for f, together in self.covers.items():
            best = (self.ordered(f, True) or self.ordered(f, False))[0]
            alone = self.found[f][best].beside | {best}
            sets[f] = together if self.drops.has(together, together | {f}) else alone
        if not sets:
            return {}
        # items as they are keep the errors company
        grams, ok = zip(*(self._gram(f, g) for f, g in [*sets.items(), *((f, NONE) for f in self.items)]), strict=True)
        m = effects(np.array(grams), np.array(ok), self._exact, len(self.drops.keys))
        return {f: (float(m.value[n]), float(m.se[n])) for n, f in enumerate(sets)}


def covered(
    found: Covering, like: Likeness, halves: Sequence[Gone], quarters: Sequence[Gone], groups: Mapping[str, Gone],
    slack: float, pairs: str, notes: Sequence[str],
) -> Coverage:  # fmt: skip
    """What was measured, put together."""
    drops = found.drops
    judged = Judged(drops)
    uncovered = found.uncovered()
    items = [_item(found, n, like, judged, slack, uncovered) for n in range(len(found.items))]
    items.sort(key=lambda i: (-np.nan_to_num(i.effect, nan=-1.0), -np.nan_to_num(i.gone)))
    probes = _probes(found, judged, halves, quarters, groups)
    said = list(notes)
    failed = sum(i.verdict == "unknown" for i in items)
    if failed:
        said.append(f"{failed} of {len(items)} items can't be judged: trainings without them failed.")
    return Coverage(
        tuple(items), tuple(probes), drops.problem.geometry.unit, len(drops.keys), pairs, len(halves), tuple(said)
    )


@dataclass
class Judged:
    """On which side of one half outcomes lie, where something is decided and keys agree."""

    drops: Drops
    _known: dict[Gone, Ints] = field(default_factory=dict)

    @property
    def decided(self) -> Bools:
        """(P,) places at which something is decided."""
        weights = decisions_of(self.drops.problem.geometry)
        places = len(self.drops.outcome(NONE)[0])
        return np.zeros(places, bool) if weights is None else np.asarray(weights > 0)

    def side(self, gone: Gone) -> Ints:
        """(P,) 1 approved, -1 rejected, 0 where keys can't tell, or nothing is decided."""
        if gone not in self._known:
            mean, se = self.drops.outcome(gone)
            k = len(self.drops.keys)
            reach = float(t_quantile(0.975, k - 1)) * se if k > 1 else 0.0
            with np.errstate(invalid="ignore"):
                up, down = (mean > 0.5) & (mean - reach >= 0.5), (mean < 0.5) & (mean + reach < 0.5)
            # a half is no violation, and is approved of nowhere else either: what is not below it is let through
            up |= (mean == 0.5) & (np.asarray(reach) == 0.0)
            self._known[gone] = np.where(self.decided, up.astype(np.int64) - down.astype(np.int64), 0)
        return self._known[gone]

    def named(self, at: Bools) -> tuple[str, ...]:
        """Ids of the probes at these places."""
        places = self.drops.problem.places
        return tuple(places[p].id if places else str(p) for p in np.flatnonzero(at))

    def let_through(self, gone: Gone) -> Bools:
        """(P,) violations under the seed as it stands that are none without these."""
        return np.asarray((self.side(NONE) < 0) & (self.side(gone) > 0))

    def only_together(self, item: int, by: int, beside: Gone) -> tuple[str, ...]:
        """Violations that either of the two catches: let through once both are gone, and not where one is left."""
        context = beside | {by}
        both = self.let_through(context | {item})
        return self.named(both & (self.side(context) < 0) & (self.side(beside | {item}) < 0))


def _item(
    found: Covering, n: int, like: Likeness, judged: Judged, slack: float, uncovered: Mapping[int, tuple[float, float]]
) -> ItemCoverage:
    f = found.items[n]
    ids = found.ids
    effect, se = float(found.alone.value[n]), float(found.alone.se[n])
    if np.isnan(effect):
        nothing = float("nan")
        return ItemCoverage(ids[f], nothing, nothing, nothing, nothing)
    by = found.found.get(f, {})
    covers, opposed = (
        tuple(
            Cover(
                ids[g], by[g].more, by[g].se, tuple(ids[b] for b in sorted(by[g].beside)),
                judged.only_together(f, g, by[g].beside) if same else (),
            )
            for g in found.ordered(f, same)
        )
        for same in (True, False)
    )  # fmt: skip
    there = bool(found.distinguishable[n])
    order = found.ordered(f, True)
    gone, gone_se, twin = effect, se, ""
    if order or (opposed and not there):
        gone, gone_se = uncovered[f]
    if order:
        alike, at = like.to(n), {g: k for k, g in enumerate(found.items)}
        equals = [g for g in order if by[g].more >= EQUALS * by[order[0]].more]
        twin = ids[max(equals, key=lambda g: alike[at[g]])]
    verdict: Verdict = "alone" if there else "overruled" if opposed else "open" if f in found.open else "nothing"
    if covers:
        verdict = "redundant" if not there or effect <= slack * gone else "shares"
    here = frozenset((f,))
    base, without = judged.side(NONE), judged.side(here)
    return ItemCoverage(
        ids[f], effect, se, gone, gone_se, covers, opposed, twin, judged.named(judged.let_through(here)),
        judged.named((base > 0) & (without < 0)), there, verdict,
    )  # fmt: skip


def _probes(
    found: Covering, judged: Judged, halves: Sequence[Gone], quarters: Sequence[Gone], groups: Mapping[str, Gone]
) -> list[ProbeCoverage]:
    """How well each violation is covered, the least covered first."""
    drops = found.drops
    mean = drops.outcome(NONE)[0]
    wrong = np.flatnonzero(judged.side(NONE) < 0)
    if not len(wrong):
        return []
    still = [_share(drops, folds) for folds in (halves, quarters)]
    ids = found.ids
    sole = {ids[f]: judged.let_through(frozenset((f,))) for f in found.items}
    lost = {name: judged.let_through(members) for name, members in groups.items()}
    names = judged.named(judged.side(NONE) < 0)
    out = [
        ProbeCoverage(
            name, float(mean[p]), float(still[0][p]), float(still[1][p]),
            tuple(i for i, at in sole.items() if at[p]), tuple(g for g, at in lost.items() if at[p]),
        )
        for p, name in zip(wrong, names, strict=True)
    ]  # fmt: skip
    return sorted(out, key=lambda c: (-len(c.sole), np.nan_to_num(c.halves), np.nan_to_num(c.three_quarters)))


def _share(drops: Drops, folds: Sequence[Gone]) -> Floats:
    """(P,) share of folds whose loss leaves the mean outcome below ½; NaN where none trained."""
    if not folds:
        return np.full(len(drops.outcome(NONE)[0]), np.nan)
    means = np.array([drops.outcome(fold)[0] for fold in folds])
    known = ~np.isnan(means)
    count = known.sum(0)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(count > 0, (known & (means < 0.5)).sum(0) / np.maximum(count, 1), np.nan))
