"""Redundancy: drop a part of the seed, and see whether the rest still covers it.

The source's counterfactual cross-validation (Bricman 2022, *Deontic Arrays*): drop part of the charter, look whether
the rest still blocks the violation, send people where it does not. Per item: what it does alone, and what once another
is gone. An item j covers for i by ‖m(−i−j) − m(−j)‖² − ‖m(−i) − m(0)‖², which the interaction of the two drops,
m(−i−j) − m(−i) − m(−j) + m(0), makes: where that is zero, neither covers for the other. Squares are products across
keys, as for effects; a trainer without randomness needs one key, and its numbers are exact.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
from pydantic import Field

from activeseed.analyses.redundancy.candidates import Likeness, near_pairs, pointed_at
from activeseed.analyses.redundancy.coverage import Coverage
from activeseed.analyses.redundancy.covering import Covering, Tried, covered
from activeseed.analyses.redundancy.dropping import Drops, Gone, rows_for
from activeseed.analyses.redundancy.peeling import longest, peel
from activeseed.checked import SettingsRecord
from activeseed.errors import PlanError
from activeseed.estimators.statistics import ENOUGH_KEYS
from activeseed.plan import generator
from activeseed.protocols import Cost, Problem, Request, Run

if TYPE_CHECKING:
    from activeseed.outcome import Outcomes
    from activeseed.seed import Payload

#: random halves from which a search begins where an item does nothing alone
STARTS = 4

Asking: TypeAlias = "Generator[Request, Outcomes, None]"


class Redundancy(SettingsRecord):
    """For each item what it does alone, what once others are gone, and which; for each violation what catches it.

    >>> study = act.Study.open("work")
    >>> found = study.analyse(act.Redundancy(folds=4, pairs="near", near=2))
    >>> len(found.items), found.pairs
    (8, 'near')

    Attributes:
        keys: replicates, where the trainer has randomness: 8 at least, since nothing is said without errors.
        pairs: ``all`` tries every pair, ``near`` only look-alikes and what random halves of the seed point at;
            ``auto`` tries all where the trainer has no randomness, calls nothing that is paid for, and ``rows`` allow.
        near: look-alikes that are tried for each item, where not all pairs are.
        folds: random halves of the seed that are dropped, and as many quarters.
        rows: trainings beyond single items, groups and folds, at most; pairs take no more than half of them, since
            what a pair does not show has to be searched for.
        least: share of an item's largest effect by which another has to raise it to be named as covering for it.
        slack: an item with covers whose effect is at most this share of what it is without them is redundant.
        nothing: share of the largest effect of any item up to which an effect is nothing.
        alpha: family-wise error of naming a cover, over all pairs that were tried, and of an effect, over all items.
    """

    kind: Literal["redundancy"] = "redundancy"
    keys: int = Field(default=ENOUGH_KEYS, ge=ENOUGH_KEYS)
    pairs: Literal["auto", "all", "near"] = "auto"
    near: int = Field(default=4, ge=1, le=100)
    folds: int = Field(default=32, ge=0, le=10_000)
    rows: int = Field(default=24_000, ge=0)
    least: float = Field(default=0.1, gt=0.0, lt=1.0)
    slack: float = Field(default=0.1, ge=0.0, lt=1.0)
    nothing: float = Field(default=1e-4, ge=0.0, lt=1.0)
    alpha: float = Field(default=0.05, gt=0.0, lt=1.0)

    @property
    def reads_belief(self) -> bool:
        """No: what stands is dropped, whatever is believed of it."""
        return False

    def tried(self, problem: Problem) -> Literal["all", "near"]:
        """Which pairs are tried."""
        n = len(items_of(problem))
        fits = 2 * rows_for(n * (n - 1) // 2, self._keys(problem)) <= self.rows
        if self.pairs == "all" and not fits:
            raise PlanError(
                f"All pairs of {n} items are {n * (n - 1) // 2:,}, more than half of rows = {self.rows:,} "
                "trainings hold. Raise rows, or try only the near ones (pairs = 'near')."
            )
        if self.pairs != "auto":
            return self.pairs
        cheap = problem.deterministic and not problem.each.calls and not problem.each.money
        return "all" if cheap and fits else "near"

    def _keys(self, problem: Problem) -> int:
        return 1 if problem.deterministic else self.keys

    def cost(self, problem: Problem) -> Cost:
        """See ``protocols.Analysis``: single items, groups and folds, then pairs and what they leave open."""
        n, keys = len(items_of(problem)), self._keys(problem)
        first = len(_singles(problem)) + len(_groups(problem)) + 2 * self.folds
        pairs = n * (n - 1) // 2 if self.tried(problem) == "all" else 2 * n * self.near
        searched = 2 * n * longest(n, 1 + STARTS) if problem.deterministic else 0
        later = pairs + searched + n * (4 + 2 * max(self.near, 8))
        return problem.each * (rows_for(first, keys) + min(self.rows, 2 * keys * (later + 64)))

    def run(self, problem: Problem) -> Run[Coverage]:
        items = items_of(problem)
        which = self.tried(problem)
        first = problem.key
        drops = Drops(problem, tuple(range(first, first + self._keys(problem))))
        like = Likeness(tuple(_payload(problem, f) for f in items))
        halves, quarters = (_folds(problem, items, self.folds, parts) for parts in (2, 4))
        groups = _groups(problem)
        left = [self.rows]
        notes: list[str] = []

        design = drops.design([*_singles(problem), *groups.values(), *halves, *quarters])
        assert design is not None  # there are two items at least
        drops.take(design, (yield Request(design, "items, groups and folds left out")))

        nearest = like.nearest(self.near)
        if which == "all":
            places = list(combinations(range(len(items)), 2))
        else:
            gone = np.array([[f in half for f in items] for half in halves], bool).reshape(len(halves), len(items))
            pointed = pointed_at(drops.points(halves), gone, self.near) if halves else []
            places = near_pairs(nearest, pointed)
        pairs = [frozenset((items[a], items[b])) for a, b in places]
        yield from _measure(drops, pairs, left, "pairs left out")
        tried = [Tried(f, g, frozenset()) for pair in pairs if drops.has(pair) for f, g in _both_ways(pair)]
        found = Covering(drops, items, self.alpha, self.nothing, self.least)
        found.look(tried)

        contexts: Mapping[int, Gone]
        if problem.deterministic:
            contexts = yield from self._searched(drops, found, halves, left)
            if found.open:
                notes.append(
                    f"What covers for {len(found.open)} items that do nothing alone could not be searched for to the "
                    f"end within rows = {self.rows:,} trainings. Raise rows."
                )
        else:
            contexts = {
                f: frozenset(items[j] for j in nearest[items.index(f)])
                for f in found.unresolved if len(nearest[0]) > 1
            }  # fmt: skip
        wanted = [g for f, h in contexts.items() for g in _with_and_without(f, h)]
        yield from _measure(drops, wanted, left, "what covers together left out")
        tried += [
            Tried(f, g, h - {g})
            for f, h in contexts.items() if drops.has(*_with_and_without(f, h)) for g in sorted(h)
        ]  # fmt: skip
        found.look(tried)
        wanted = [g for f, h in found.covers.items() if h for g in (h, h | {f})]
        yield from _measure(drops, wanted, left, "all covers of an item left out")
        return covered(found, like, halves, quarters, groups, self.slack, which, notes)

    def _searched(
        self, drops: Drops, found: Covering, halves: Sequence[Gone], left: list[int]
    ) -> Generator[Request, Outcomes, dict[int, Gone]]:
        """What else has to be gone before items without effect have one: item -> what, all searched side by side."""
        searches = {}
        for f in found.unresolved:
            others = [g for g in found.items if g != f]
            starts = [others, *([g for g in others if g in half] for half in halves[:STARTS])]
            searches[f] = peel([s for s in starts if s], found.floor)
        out: dict[int, Gone] = {}
        asked = {f: next(search) for f, search in searches.items()}
        while asked:
            wanted = [g for f, h in asked.items() for g in (h, h | {f})]
            yield from _measure(drops, wanted, left, "covers searched for")
            known = {f: h for f, h in asked.items() if drops.has(h, h | {f})}
            found.open |= set(asked) - set(known)  # no rows are left for them
            asked = {}
            for f, h in known.items():
                try:
                    asked[f] = searches[f].send(found.effect(f, h))
                except StopIteration as end:
                    out[f] = end.value
        return {f: h for f, h in out.items() if h}


def items_of(problem: Problem) -> tuple[int, ...]:
    """Positions of the items that stand and can be left out. Raises PlanError for fewer than two."""
    items = problem.droppable
    if len(items) < 2:
        raise PlanError("What covers for what is asked of two items that stand or more. Let some stand again.")
    return items


def _payload(problem: Problem, item: int) -> Payload:
    found = problem.seed.items[item].variants[problem.base[item]].payload
    assert found is not None  # only what is absent has none, and it does not stand
    return found


def _singles(problem: Problem) -> list[Gone]:
    return [frozenset((f,)) for f in items_of(problem)]


def _groups(problem: Problem) -> dict[str, Gone]:
    """Name -> members that stand, of groups of two or more that are not all of the seed."""
    items = items_of(problem)
    found = {name: frozenset(f for f in items if problem.seed.items[f].group == name) for name in problem.seed.groups}
    return {name: members for name, members in found.items() if 1 < len(members) < len(items)}


def _folds(problem: Problem, items: Sequence[int], count: int, parts: int) -> list[Gone]:
    """So many folds of random partitions of the items into this many parts."""
    out: list[Gone] = []
    for n in range(-(-count // parts)):
        order = generator(problem.stream, "folds", parts, n).permutation(np.array(items))
        out += [frozenset(int(f) for f in part) for part in np.array_split(order, parts)]
    return [fold for fold in out[:count] if fold]


def _both_ways(pair: Gone) -> tuple[tuple[int, int], tuple[int, int]]:
    a, b = sorted(pair)
    return (a, b), (b, a)


def _with_and_without(item: int, context: Gone) -> list[Gone]:
    """What is measured to tell which of a context cover for an item: all of it gone, and with each of it back."""
    out = [context, context | {item}]
    for g in sorted(context):
        out += [context - {g}, context - {g} | {item}]
    return out


def _measure(drops: Drops, wanted: Sequence[Gone], left: list[int], purpose: str) -> Asking:
    """Ask for what is not measured yet, as far as there are rows left."""
    design = drops.design(wanted, left[0])
    if design is None:
        return
    left[0] -= design.size
    drops.take(design, (yield Request(design, purpose)))
