"""Branch and bound: a region in parts, each with a bound of its own, the worst part split first.

What is split is the input where it has few entries, else what a unit can be: on each side of the split the unit's
range is a constraint that enters the bound with a multiplier (β-CROWN: Wang et al. 2021), and its relaxation is
tighter or exact. Anytime: the largest bound of all parts holds whenever it is asked for.
"""

from __future__ import annotations

import heapq
import time
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from torch import Tensor

from activeseed.bounding.layers import ranges_of
from activeseed.bounding.leaves import finished
from activeseed.bounding.nodes import Nodes
from activeseed.bounding.relaxations import Bends, Curves, Free, relaxed
from activeseed.bounding.splitting import chosen, parted
from activeseed.bounding.stacks import Places, Ranges, Stack, apart
from activeseed.bounding.tightening import Problem, tightest

#: entries of an input up to which the input is split
FEW = 10
#: parts that are bounded at once, steps of ascent on the bound of each, and on that of the whole region
BATCH, STEPS, FIRST_STEPS = 64, 12, 60
#: a gap of so many times the slack is rounding alone: the ranges of the units hold back as much as the last bound
ROUNDING = 10.0
#: a part's bound is no longer worked on once it is within this of what was seen (its share)
CLOSE = 1e-9


class Part(NamedTuple):
    """A part that waits: what it is ordered by and its number, its bound, its row, and what makes its halves."""

    order: float
    number: int
    upper: float
    row: int
    state: Tensor
    split: Any


@dataclass
class Search:
    """What branch and bound has come to.

    Attributes:
        best: |f − g| at ``witness``, the largest seen.
        witness: (d,) where.
        sides: whether each side is to be closed, not the larger alone.
        seen: the largest f − g and g − f seen.
        done: for the rows g − f and f − g, the largest bound of parts that are no longer worked on.
        open: a heap of parts.
        parts: how many have been bounded.
        slack: the most that was added to a bound for rounding.
    """

    best: float
    witness: Tensor | None
    sides: bool = False
    seen: list[float] = field(default_factory=lambda: [-torch.inf, -torch.inf])
    done: list[float] = field(default_factory=lambda: [-torch.inf, -torch.inf])
    open: list[Part] = field(default_factory=list)
    parts: int = 0
    slack: float = 0.0

    def bounds(self) -> tuple[float, float]:
        """Upper bounds of f − g and of g − f."""
        out = list(self.done)
        for part in self.open:
            out[part.row] = max(out[part.row], part.upper)
        return out[0], out[1]

    @property
    def upper(self) -> float:
        """Of |f − g|."""
        return max(self.bounds())

    @property
    def excess(self) -> float:
        """The largest gap between what is proved and what was seen: of |f − g|, or of its two sides."""
        proved = self.bounds()
        if not self.sides:
            return max(proved) - self.best
        return max(bound - seen for bound, seen in zip(proved, self.seen, strict=True))

    def settled(self, upper: float, row: int) -> bool:
        """Whether a part of such a bound can matter no more."""
        seen = self.seen[row] if self.sides else self.best
        return upper <= seen + CLOSE * abs(seen)

    def add(self, upper: float, row: int, state: Tensor, split: Any) -> None:
        """A part that has been bounded: put among the open ones, or done where it can matter no more."""
        self.parts += 1
        if split is None or self.settled(upper, row):
            self.done[row] = max(self.done[row], upper)
        else:
            above = upper - self.seen[row] if self.sides else upper
            heapq.heappush(self.open, Part(-above, self.parts, upper, row, state, split))

    def taken(self) -> list[Part]:
        """The worst parts, half a batch of them: each makes two."""
        out: list[Part] = []
        while self.open and len(out) < BATCH // 2:
            part = heapq.heappop(self.open)
            if self.settled(part.upper, part.row):
                self.done[part.row] = max(self.done[part.row], part.upper)
            else:
                out.append(part)
        return out


@dataclass(frozen=True, eq=False)
class Task:
    """Two networks of one layout over one region.

    Attributes:
        stack: the two.
        place: the region.
        rows: (2, 2) the weights of f and g in g − f and in f − g.
        gap: the share of the upper bound at which to stop.
        until: when to stop, by ``time.monotonic``.
    """

    stack: Stack
    place: Places
    rows: Tensor
    gap: float
    until: float

    def going(self, search: Search) -> bool:
        """Whether there is something left to do, and time for it."""
        near = max(self.gap * search.upper, ROUNDING * search.slack)
        return bool(search.open) and search.excess > near and time.monotonic() < self.until

    def of(self, rows: Tensor) -> Tensor:
        """(2, B, 1, 1) rows of B parts, by their numbers."""
        return self.rows[:, rows][..., None, None]

    def looked(self, search: Search, points: Tensor) -> None:
        """What the two networks really are apart at (K, d) inputs of the region."""
        seen = apart(self.stack, points)
        at = int(seen.abs().argmax())
        if float(seen[at].abs()) > search.best:
            search.best, search.witness = float(seen[at].abs()), points[at]
        search.seen = [max(search.seen[0], float(seen.max())), max(search.seen[1], -float(seen.min()))]


def by_units(task: Task, ranges: list[Ranges], before: tuple[float, float], search: Search) -> Search:
    """Splits of what units can be, from their ranges over the region and bounds that hold already."""
    both = [r.at(torch.zeros(2, dtype=torch.int64)) for r in ranges]
    relaxations = [relaxed(task.stack.activation, r) for r in both]
    like = _unit_parts(task, search, both, relaxations, None, [0, 1], list(before), FIRST_STEPS)
    while task.going(search):
        taken = search.taken()
        for layer in sorted({part.split.layer for part in taken}):
            group = [part for part in taken if part.split.layer == layer]
            nodes = like.of(torch.stack([part.state for part in group]))
            halves = parted(nodes.ranges, [part.split for part in group])
            known = [_side_by_side(low, high) for low, high in zip(*halves, strict=True)]
            possible = ~torch.stack([r.empty for r in known]).any(0)
            twice = torch.arange(2 * len(group))[possible] % len(group)
            if not len(twice):
                continue
            known = [r.at(possible.nonzero()[:, 0]) for r in known]
            places = task.place.at(torch.zeros(len(twice), dtype=torch.int64))
            known, relaxations = ranges_of(task.stack, places, True, known=known, first=layer + 1)
            free = Nodes(nodes.ranges, nodes.free).at(twice).free
            rows, uppers = [group[int(i)].row for i in twice], [group[int(i)].upper for i in twice]
            _unit_parts(task, search, known, relaxations, free, rows, uppers, STEPS)
    return search


def _unit_parts(
    task: Task,
    search: Search,
    ranges: list[Ranges],
    relaxations: list[Bends | Curves],
    free: list[Free] | None,
    rows: list[int],
    uppers: list[float],
    steps: int,
) -> Nodes:
    """Bound parts and put them into the search. Impossible ones are left out: nothing lies in them."""
    stack = task.stack
    places = task.place.at(torch.zeros(len(rows), dtype=torch.int64))
    problem = Problem(stack, task.of(torch.tensor(rows)), ranges, relaxations, places, True)
    least, free = tightest(problem, steps, True, task.until, free)
    empty = torch.stack([r.empty for r in ranges]).any(0)
    with torch.no_grad():
        planes = problem.planes(free)
        points = places.lowest(planes.slopes[:, 0])
        task.looked(search, points)
        splits = chosen(stack, ranges, relaxations, planes, points)
    nodes = Nodes(ranges, free)
    states = nodes.rows()
    for b, row in enumerate(rows):
        upper = min(uppers[b], -float(least.bounds[b, 0]))
        search.slack = max(search.slack, float(least.slack[b, 0]))
        if empty[b]:
            continue
        if splits[b] is None and task.stack.activation == "relu" and not search.settled(upper, row):
            alone = nodes.at(torch.tensor([b]))
            leaf = Problem(
                stack,
                task.of(torch.tensor([row])),
                alone.ranges,
                [relaxed(stack.activation, r) for r in alone.ranges],
                task.place,
                True,
            )
            found, point = finished(leaf, alone.free, task.until)
            upper = min(upper, -found)
            if point is not None:
                task.looked(search, point[None])
        search.add(upper, row, states[b], splits[b])
    return nodes


def by_inputs(task: Task, low: Tensor, high: Tensor, known: tuple[float, float], search: Search) -> Search:
    """Splits of boxes of inputs, the first from ``low`` to ``high``, (d,)."""
    _input_parts(task, search, low.expand(2, -1), high.expand(2, -1), [0, 1], list(known))
    while task.going(search):
        taken = search.taken()
        low, high = torch.stack([part.state for part in taken]).chunk(2, -1)
        entries = torch.tensor([part.split for part in taken])[:, None]
        middle = 0.5 * (low + high).gather(1, entries)
        low = torch.cat([low, low.scatter(1, entries, middle)])
        high = torch.cat([high.scatter(1, entries, middle), high])
        rows, uppers = [part.row for part in taken] * 2, [part.upper for part in taken] * 2
        _input_parts(task, search, low, high, rows, uppers)
    return search


def _input_parts(task: Task, search: Search, low: Tensor, high: Tensor, rows: list[int], uppers: list[float]) -> None:
    """Bound boxes and put them into the search; each is split where its bound falls the most across it."""
    balls = None if task.place.balls is None else task.place.at(torch.zeros(len(rows), dtype=torch.int64)).balls
    places = Places.within(low, high, balls)
    ranges, relaxations = ranges_of(task.stack, places, True)
    problem = Problem(task.stack, task.of(torch.tensor(rows)), ranges, relaxations, places, True)
    least, free = tightest(problem, 0)
    planes = problem.planes(free)
    task.looked(search, places.lowest(planes.slopes[:, 0]))
    entries = ((planes.slopes[:, 0].abs() + 1e-3 * planes.slopes.abs().amax()) * (high - low)).argmax(-1)
    for b, row in enumerate(rows):
        if places.apart[b]:
            continue
        state = torch.cat([low[b], high[b]])
        search.slack = max(search.slack, float(least.slack[b, 0]))
        search.add(min(uppers[b], -float(least.bounds[b, 0])), row, state, int(entries[b]))


def _side_by_side(first: Ranges, second: Ranges) -> Ranges:
    assert first.apart is not None
    assert second.apart is not None
    return Ranges(
        torch.cat([first.low, second.low], 1),
        torch.cat([first.high, second.high], 1),
        (torch.cat([first.apart[0], second.apart[0]]), torch.cat([first.apart[1], second.apart[1]])),
    )
