"""From the rows of a budget to its tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np

from activeseed.analyses.budget.blocks import Mixed
from activeseed.analyses.budget.coordinates import Group, choices_said
from activeseed.analyses.budget.estimating import (
    Part,
    Shares,
    products_of,
    shares_of,
    total_weights,
)
from activeseed.analyses.budget.found import Budget, GroupShare, Interaction, LevelShare, OutcomeBlock, Share
from activeseed.analyses.budget.intervals import ENOUGH_BLOCKS, SEVERAL_BLOCKS, holm
from activeseed.analyses.budget.singling import single_factors
from activeseed.geometries import Blocks
from activeseed.plan import Floats, Ints
from activeseed.protocols import Problem

#: the table of a part, and what it is in it
What = tuple[str, ...]


def asked_of(groups: Sequence[Group]) -> list[tuple[Part, What]]:
    """Parts of the variance that are told, each with its table: levels, all but each, pairs, aspects, and groups."""
    levels: dict[str, int] = {}
    aspects: dict[tuple[str, str], int] = {}
    for g, group in enumerate(groups):
        levels[group.level] = levels.get(group.level, 0) | 1 << g
        place = group.level, group.aspect
        aspects[place] = aspects.get(place, 0) | 1 << g
    out: list[tuple[Part, What]] = [(Part(level, (of,)), ("level", level)) for level, of in levels.items()]
    if len(levels) > 1:
        whole = (1 << len(groups)) - 1
        out += [(Part(f"all but {level}", (whole ^ of,)), ("others", level)) for level, of in levels.items()]
    out += [(Part(f"{a} × {b}", (levels[a], levels[b])), ("pair", a, b)) for a, b in combinations(levels, 2)]
    out += [(Part(" ".join(place), (of,)), ("aspect", *place)) for place, of in aspects.items()]
    for level in levels:
        if (level, "start") in aspects and (level, "dynamics") in aspects:
            sets = aspects[level, "start"], aspects[level, "dynamics"]
            out.append((Part(f"{level} start × dynamics", sets), ("within", level)))
    out += [(Part(group.name, (1 << g,)), ("group", str(g))) for g, group in enumerate(groups)]
    return out


@dataclass(frozen=True)
class Looked:
    """What was trained, as it is asked about.

    Attributes:
        points: (R, D) embedded outcomes of the design's rows, NaN where one failed.
        noise: (B, D) variance between re-runs, by block; None where there is none.
        alpha: family-wise error in each table.
        refused: values of settings that were left out, each with the reason.
    """

    problem: Problem
    design: Mixed
    points: Floats
    noise: Floats | None
    alpha: float
    refused: tuple[str, ...] = ()

    @cached_property
    def cubes(self) -> Floats:
        """(B, n, M, D), centred: sums of small numbers round less."""
        cubes = self.design.cubes(self.points)
        known = np.isfinite(cubes).all(-1)
        return cubes - (cubes[known].mean(0) if known.any() else 0.0)

    @cached_property
    def whole(self) -> Floats:
        """(B, n) whether a part of a block was trained whole."""
        return np.asarray(np.isfinite(self.cubes).all((2, 3)), np.float64)

    @cached_property
    def good(self) -> Ints:
        """Blocks that say something."""
        fine = self.whole.any(1)
        if self.noise is not None:
            fine = fine & np.isfinite(self.noise).all(1)
        return np.flatnonzero(fine)

    def found(self) -> Budget:
        """The tables."""
        problem, design = self.problem, self.design
        shares, tables = self._shares(slice(None))
        shown = dict(zip(tables, _in_tables(shares, [t[0] for t in tables]), strict=True))
        levels = [t[1] for t in tables if t[0] == "level"]
        groups = tuple(
            GroupShare(g.level, g.aspect, g.what, shown["group", str(n)], choices_said(problem, g))
            for n, g in enumerate(design.groups)
        )
        factors, untold = single_factors(problem, design, self.cubes, self.points, self._spread_by_block(), groups)
        return Budget(
            unit=problem.geometry.unit, spread=float(shares.spread), spread_se=float(shares.spread_se),
            noise=float(shares.noise),
            levels=tuple(
                LevelShare(
                    level, shown["level", level], shown["total", level], shown.get(("aspect", level, "start")),
                    shown.get(("aspect", level, "dynamics")), shown.get(("within", level)),
                )
                for level in levels
            ),
            interactions=tuple(Interaction(t[1], t[2], share) for t, share in shown.items() if t[0] == "pair"),
            rest=shown.get(("rest",)), groups=groups, factors=factors, outcome_blocks=self._outcome_blocks(),
            blocks=len(self.good), rows=len(self.points), combinations=self._combinations(),
            failed=int((self.whole == 0).sum()), alpha=self.alpha, held=self._held(),
            notes=(*self._notes(shares), *untold),
        )  # fmt: skip

    def _shares(self, dims: slice) -> tuple[Shares, list[What]]:
        """Shares in these dimensions, and the table of each."""
        told = asked_of(self.design.groups)
        levels = [what[1] for _, what in told if what[0] == "level"]
        less = [[k for k, (_, what) in enumerate(told) if what == ("others", level)] for level in levels]
        if len(levels) > 2:
            less.append([k for k, (_, what) in enumerate(told) if what[0] in ("level", "pair")])
        noise = None if self.noise is None else self.noise[self.good, dims].sum(1)
        cubes = self.cubes[self.good][..., dims]
        shares = shares_of(cubes, len(self.design.groups), self.design.masks, [p for p, _ in told], noise, less)
        tables: list[What] = [what for _, what in told]
        return shares, [*tables, *(("total", level) for level in levels), *([("rest",)] if len(levels) > 2 else [])]

    def _spread_by_block(self) -> Floats:
        """(B,) what each block says of the spread; NaN where it says nothing."""
        weights = total_weights(len(self.design.groups), self.design.masks)
        total = products_of(self.cubes, weights[None])[:, 0]
        return total if self.noise is None else total - self.noise.sum(1)

    def _outcome_blocks(self) -> tuple[OutcomeBlock, ...]:
        geometry = self.problem.geometry
        if not isinstance(geometry, Blocks) or len(geometry.blocks) < 2:
            return ()
        edges = np.cumsum([0, *geometry.widths]).tolist()
        found = []
        for n, block in enumerate(geometry.blocks):
            shares, tables = self._shares(slice(edges[n], edges[n + 1]))
            shown = _in_tables(shares, [t[0] for t in tables])
            of = {t[1]: share for t, share in zip(tables, shown, strict=True) if t[0] == "level"}
            found.append((block.name, float(shares.spread), of))
        total = sum(spread for _, spread, _ in found)
        return tuple(OutcomeBlock(name, spread / total if total > 0 else np.nan, of) for name, spread, of in found)

    def _combinations(self) -> int:
        """Combinations of settings that were trained."""
        design, sides = self.design, self.design.sides()[2]
        varied = [(s, g) for g, group in enumerate(design.groups) for s in group.settings]
        masks = {m & design.costly for m in design.masks}
        return len({tuple(sides[b, m >> g & 1, s] for s, g in varied) for b in range(design.blocks) for m in masks})

    def _held(self) -> tuple[str, ...]:
        """What could vary, and was held."""
        problem, groups = self.problem, self.design.groups
        varied = {n for g in groups for n in g.streams} | {problem.settings[s].id for g in groups for s in g.settings}
        out = [] if any(g.items for g in groups) else ["items"]
        out += [f.id for f in problem.settings if f.id not in varied and len(f.choices) > 1]
        return tuple(out + [s.name for s in problem.streams if s.name not in varied])

    def _notes(self, shares: Shares) -> list[str]:
        notes, parts = [], self.design.blocks * self.design.within
        if len(self.good) < ENOUGH_BLOCKS:
            notes.append(
                f"{len(self.good)} independent blocks are too few for errors: {ENOUGH_BLOCKS} at least. Raise "
                "combinations or rows, or vary fewer settings."
            )
        elif self.design.costly and len(self.good) < SEVERAL_BLOCKS:
            notes.append(
                f"{len(self.good)} independent blocks are few for errors: 95 % intervals are wide, and those of what "
                "levels do only together held the truth in 89 of 100 budgets at worst. Of 64 blocks it is 93 or so: "
                "raise combinations, or vary fewer settings."
            )
        if self.refused:
            notes.append(
                "Values of settings at which the seed as it stands doesn't train are no part of the ranges: "
                f"{'; '.join(self.refused)}."
            )
        if failed := int((self.whole == 0).sum()):
            notes.append(
                f"{failed} of {parts} parts of blocks are left out whole, since a training in them failed: shares are "
                "about coordinates under which everything trains."
            )
        if self.noise is not None:
            notes.append("Re-runs of one row differ: that noise belongs to no level, and is left out of the shares.")
        if not float(shares.spread) > 0:
            notes.append("Nothing that was varied moves the outcome: there is no spread to share out.")
        drawn = {k: v for g in self.design.groups if g.settings for k, v in choices_said(self.problem, g).items()}
        said = "; ".join(f"{k} {v}" for k, v in drawn.items() if v.startswith("uniform"))
        if said:
            notes.append(
                "Shares of settings are about the ranges that they were drawn from, which somebody chose: other "
                f"values, or another law than all alike, have other shares. {said}."
            )
        if held := self._held():
            notes.append(f"Held as they stand, and so no part of the spread: {', '.join(held)}.")
        return notes


def _in_tables(shares: Shares, tables: Sequence[str]) -> list[Share]:
    """Each part as a share; p-values are adjusted over the parts of its own table."""
    p = np.array(shares.p, np.float64)
    for table in set(tables):
        mine = [k for k, t in enumerate(tables) if t == table]
        p[mine] = holm(p[mine])
    numbers = zip(shares.value, shares.se, shares.low, shares.high, p, strict=True)
    return [Share(*(float(x) for x in of)) for of in numbers]
