"""The variance budget against closed forms: what its intervals cover, and how often it names a share that is zero.

Repetitions draw their rows as arrays, by the law of the product's design, and are cut into shares by the product's own
functions; a few more go the whole way, through studies. Cells are about a system whose shares are known
(`testing.Stacked`): coordinates on three levels, items, settings and two streams. How intervals are made was chosen on
the cells of `SEEN` under the key ``TUNED``; what is reported is of the key ``KEY``, which nothing was chosen on, and of
the cells of `UNSEEN`, besides.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

import activeseed as act
from activeseed.analyses.budget.blocks import Mixed
from activeseed.analyses.budget.coordinates import Group
from activeseed.analyses.budget.estimating import shares_of
from activeseed.analyses.budget.factors import Coding, factor_shares
from activeseed.analyses.budget.telling import asked_of
from activeseed.plan import Floats, Ints, generator
from activeseed.testing import Stacked, problem_of
from activeseed.testing.stacked import SETTINGS, standardised
from tests.benchmarks._report import row, share

#: what an interval has to cover, and at most where the truth is told from zero
LEAST, MOST, ALPHA = 0.93, 0.97, 0.05
#: repetitions that are held in memory together
HELD = 50
#: the key of the draws that intervals were chosen on, and of those that are reported
TUNED, KEY = 21, 2718

#: a cell in which coordinates do anything once in twenty draws: beyond what so many blocks can tell, and reported only
RARER = "rarer"
#: cell -> the system that it is about
SEEN: dict[str, Stacked] = {
    "additive": Stacked(main={"items": 1.0, "rate": 0.7, "rounds": 0.5, "init": 0.6, "mask": 0.4}),
    "interacting": Stacked(
        main={"items": 1.0, "rate": 0.6, "rounds": 0.4, "init": 0.5},
        both={("items", "rate"): 0.6, ("init", "rate"): 0.4, ("items", "rounds"): 0.3},
    ),
    "noisy": Stacked(
        main={"items": 1.0, "rate": 0.6, "init": 0.6, "mask": 0.4}, both={("items", "init"): 0.4}, noise=1.5
    ),
    "rare, and zeros": Stacked(
        main={"items": 1.0, "init": 0.7}, both={("items", "init"): 0.3}, rare=0.1, belief=0.9, noise=0.5
    ),
    RARER: Stacked(
        main={"items": 1.0, "init": 0.7}, both={("items", "init"): 0.3}, rare=0.05, belief=0.95, noise=0.5
    ),
    "unequal": Stacked(main={"items": 3.0, "rate": 0.3, "rounds": 0.2, "init": 0.15, "mask": 0.1}, noise=0.3),
}  # fmt: skip
UNSEEN: dict[str, Stacked] = {
    "three levels together": Stacked(
        main={"items": 0.8, "rate": 0.5, "beta": 0.7, "mask": 0.6},
        both={("items", "rate", "mask"): 0.5, ("beta", "mask"): 0.4}, noise=0.2,
    ),
    "skewed beliefs": Stacked(
        main={"items": 0.9, "rate": 0.6, "init": 0.4, "mask": 0.7}, both={("items", "mask"): 0.4},
        weights=(0.4, 0.3, 0.2, 0.1, 0.0), belief=(0.92, 0.6, 0.85, 0.95, 0.5), noise=0.4,
    ),
    "one setting": Stacked(
        main={"items": 0.7, "rate": 0.9, "init": 0.3, "mask": 0.5}, both={("rate", "mask"): 0.4}, noise=0.8
    ),
}  # fmt: skip
CELLS: Mapping[str, Stacked] = SEEN | UNSEEN
#: cell -> what is asked for otherwise than by default
ASKED: Mapping[str, Mapping[str, Any]] = {"one setting": {"hold": ("rounds", "beta")}}
#: budgets of few blocks, reported only: so many combinations of settings
FEW = (32, 64, 96)


@dataclass
class Tally:
    """What repetitions of a cell came to, by part."""

    covered: dict[str, int] = field(default_factory=dict)
    named: dict[str, int] = field(default_factory=dict)
    errors: dict[str, float] = field(default_factory=dict)
    sums: dict[str, float] = field(default_factory=dict)
    truth: dict[str, float] = field(default_factory=dict)
    of: dict[str, int] = field(default_factory=dict)

    def add(self, part: str, truth: float, value: Floats, se: Floats, low: Floats, high: Floats, p: Floats) -> None:
        """Estimates of a part, one a repetition."""
        near = 1e-9  # a share that every block says is zero is zero up to rounding
        self.truth[part] = truth
        self.of[part] = self.of.get(part, 0) + len(value)
        self.covered[part] = self.covered.get(part, 0) + int(((low <= truth + near) & (truth <= high + near)).sum())
        self.named[part] = self.named.get(part, 0) + int((p < ALPHA).sum())
        self.errors[part] = self.errors.get(part, 0.0) + float(se.sum())
        self.sums[part] = self.sums.get(part, 0.0) + float(value.sum())

    def rows(self, cell: str, strict: bool) -> list[dict[str, Any]]:
        """A row of coverage a part, one of naming zeros, one of the largest bias."""
        out = []
        for part, truth in self.truth.items():
            n, told = self.of[part], truth > 2.0 * self.errors[part] / self.of[part]
            hits = self.covered[part]
            made = share(f"shares, {cell}: 95 % interval of {part} ({truth:.3f}) covers", hits, n)
            fine = hits >= LEAST * n and (not told or made["interval"][0] <= MOST)
            target = f"{LEAST:g} to {MOST:g}" if told else f">= {LEAST:g}"
            if told and fine and hits > MOST * n:
                target += ", which its Monte Carlo interval reaches"
            out.append({**made, "target": target, "met": fine} if strict else made)
        zeros = {p: self.named[p] / self.of[p] for p, truth in self.truth.items() if truth == 0.0}
        if zeros:
            worst = max(zeros, key=lambda p: zeros[p])
            made = share(
                f"shares, {cell}: of {len(zeros)} zero shares, the one named most often ({worst})", self.named[worst],
                self.of[worst], most=ALPHA,
            )  # fmt: skip
            out.append(made if strict else {**made, "target": "-", "met": None})
        bias = {p: self.sums[p] / self.of[p] - truth for p, truth in self.truth.items()}
        worst = max(bias, key=lambda p: abs(bias[p]))
        out.append(row(f"shares, {cell}: largest bias of a mean share ({worst})", bias[worst]))
        return out


def truths(system: Stacked, design: Mixed) -> list[float]:
    """The closed form of each part that a budget asks for, of its totals, and of its rest."""
    of = [_names(system, g) for g in design.groups]

    def closed(mask: int) -> float:
        return system.closed({c for g, names in enumerate(of) if mask >> g & 1 for c in names})

    out, levels, whole = [], [], (1 << len(of)) - 1
    for part, what in asked_of(design.groups):
        alone = [closed(s) for s in part.sets]
        out.append(alone[0] if len(alone) == 1 else closed(part.sets[0] | part.sets[1]) - sum(alone))
        if what[0] == "level":
            levels.append(part.sets[0])
    out += [1.0 - closed(whole ^ level) for level in levels]
    told = sum(v for v, (_, what) in zip(out, asked_of(design.groups), strict=False) if what[0] in ("level", "pair"))
    return [*out, *([1.0 - told] if len(levels) > 2 else [])]


def _names(system: Stacked, group: Group) -> set[str]:
    paths = list(SETTINGS)
    return {*(["items"] if group.items else []), *(paths[s] for s in group.settings), *group.streams}


def drawn(
    system: Stacked, design: Mixed, repetitions: int, dice: np.random.Generator
) -> tuple[Floats, Floats, Ints, Ints]:
    """Points (N, B, n, M, D) of so many studies, a re-run's noise (N, B), and what items and settings were.

    Settings' places are (N, B, 2, S); items' presence is (N, B, n, 2, F).
    """
    shape = repetitions, design.blocks, design.within
    there = (dice.random((*shape, 2, len(system.weights))) < system.beliefs).astype(np.int64)
    places = np.stack(
        [dice.integers(len(values), size=(*shape[:2], 2)) for _, values in SETTINGS.values()], -1
    )  # fmt: skip
    sides: dict[str, Floats] = {"items": system.of_items(there.astype(np.float64))}
    for s, (path, (_, values)) in enumerate(SETTINGS.items()):
        drawn_ = standardised(len(values))[places[..., s]]
        sides[path] = np.broadcast_to(drawn_[:, :, None], (*shape, 2))
    for stream in design.streams:
        sides[stream] = system.of_stream(stream, dice, (*shape, 2))
    rows = []
    for mask in design.masks:
        units = {}
        for g, group in enumerate(design.groups):
            for name in _names(system, group):
                units[name] = sides[name][..., mask >> g & 1]
        rows.append(system.outcomes(units))
    points = np.stack(rows, -2)
    noise = np.zeros(shape[:2])
    if system.noise:
        points = points + system.noise * dice.standard_normal(points.shape)
        again = system.noise * dice.standard_normal((2, *shape[:2], system.probes))
        noise = ((again[0] - again[1]) ** 2).mean(-1) / 2.0
    return np.asarray(points / np.sqrt(system.probes)), noise, np.asarray(places, np.int64), there


def array_rows(cell: str, repetitions: int, key: int = KEY, **asked: Any) -> list[dict[str, Any]]:
    """Coverage of a cell, from repetitions as arrays; reported only where something else is asked for than by default.

    A cell's draws are those of its name and the key, however many repetitions there are.
    """
    system = CELLS[cell]
    problem = replace(problem_of(system, system.materials), law=system.law)
    plan = act.VarianceBudget(**{**ASKED.get(cell, {}), **asked}).design(problem)
    told = asked_of(plan.groups)
    levels = [what[1] for _, what in told if what[0] == "level"]
    less = [[k for k, (_, what) in enumerate(told) if what == ("others", level)] for level in levels]
    less += [[k for k, (_, what) in enumerate(told) if what[0] in ("level", "pair")]] if len(levels) > 2 else []
    names = [f"{what[0]} {part.name}" for part, what in told] + [f"total {level}" for level in levels]
    names += ["rest"] if len(levels) > 2 else []
    true, tally = truths(system, plan), Tally()
    for start in range(0, repetitions, HELD):
        n = min(HELD, repetitions - start)
        points, noise, places, there = drawn(system, plan, n, generator(key, "shares", cell, start))
        found = shares_of(
            points - points.mean((1, 2, 3), keepdims=True), len(plan.groups), plan.masks, [p for p, _ in told],
            noise if system.noise else None, less,
        )  # fmt: skip
        for k, name in enumerate(names):
            if not name.startswith("others"):
                of = found.value, found.se, found.low, found.high, found.p_holm
                tally.add(name, _whole(true[k]), *(x[:, k] for x in of))
        _single(system, plan, points, noise, places, there, tally)
    said = f"{cell}, {plan.blocks} blocks"
    print(f"shares, {said}: {repetitions:,} repetitions", flush=True)
    return tally.rows(said, cell != RARER and not asked)


def _whole(share: float) -> float:
    """A share without what rounding left of a difference of closed forms."""
    return 0.0 if abs(share) < 1e-12 else share


def _single(
    system: Stacked, plan: Mixed, points: Floats, noise: Floats, places: Ints, there: Ints, tally: Tally
) -> None:
    """Shares of single items, and of the settings that are drawn together."""
    from activeseed.analyses.budget.estimating import products_of, total_weights

    spread = products_of(points, total_weights(len(plan.groups), plan.masks)[None])[..., 0] - noise
    masks = list(plan.masks)
    for g, group in enumerate(plan.groups):
        paths = [list(SETTINGS)[s] for s in group.settings]
        if not group.items and len(paths) < 2:
            continue
        here = [k for k, m in enumerate(masks) if not m >> g & 1]
        other = [masks.index(masks[k] | 1 << g) for k in here]
        delta = (points[..., here, :] - points[..., other, :]).mean(-2)
        if group.items:
            laws = [np.array([b, 1.0 - b]) for b in system.beliefs]
            names = [f"item i{n}" for n in range(len(laws))]
            truth = [system.item_share(n) for n in range(len(laws))]
        else:
            laws = [np.full(len(SETTINGS[p][1]), 1.0 / len(SETTINGS[p][1])) for p in paths]
            names, truth = [f"setting {p}" for p in paths], [system.share(p) for p in paths]
        coding, blocks = Coding.of(laws), np.arange(plan.blocks)
        if group.items:
            blocks = np.repeat(blocks, plan.within)
        found = []
        for n in range(len(points)):
            d = delta[n].reshape(len(blocks), -1) if group.items else delta[n].mean(1)
            sides = 1 - there[n].reshape(len(blocks), 2, -1) if group.items else places[n][:, :, list(group.settings)]
            f = factor_shares(d, coding.differences(sides), blocks, coding, spread[n])
            found.append([f.value, f.se, f.low, f.high, f.p_holm])
        of = np.array(found)
        for k, name in enumerate(names):
            tally.add(name, truth[k], *(of[:, j, k] for j in range(5)))


def study_rows(cell: str, studies: int, key: int = KEY) -> list[dict[str, Any]]:
    """The whole way, in a study each, of 24 blocks: shares of levels and of their interactions."""
    system, tally = CELLS[cell], Tally()
    belief = {"base_rate": float(system.beliefs[0])}  # that an item stays, of all alike
    asked = act.VarianceBudget(rows=768, combinations=96)
    began = time.perf_counter()
    for n in range(studies):
        with tempfile.TemporaryDirectory() as folder:
            study = act.Study.create(
                folder, system.materials.seed, system, probes=system.materials.probes, perturbations=[],
                settings=act.Settings.model_validate({"key": key + n, "belief": belief}),
            )  # fmt: skip
            found = study.analyse(asked)
        for level in found.levels:
            truth = system.closed(system.level_of(level.level))
            _add(tally, f"level {level.level}", truth, level.share)
        for pair in found.interactions:
            a, b = system.level_of(pair.first), system.level_of(pair.second)
            truth = system.closed(a | b) - system.closed(a) - system.closed(b)
            _add(tally, f"{pair.first} × {pair.second}", truth, pair.share)
    said = f"{cell}, by studies of {found.blocks} blocks"
    print(f"shares, {said}: {studies} studies, {time.perf_counter() - began:.0f} s", flush=True)
    return [_reaching(r) for r in tally.rows(said, False)]


def _reaching(made: dict[str, Any]) -> dict[str, Any]:
    """Coverage of few studies, which is to reach what an interval has to cover."""
    if "covers" not in made["claim"]:
        return made
    return {**made, "target": f"its Monte Carlo interval reaches {LEAST:g}", "met": made["interval"][1] >= LEAST}


def _add(tally: Tally, name: str, truth: float, found: Any) -> None:
    one = [np.array([x]) for x in (found.value, found.se, found.low, found.high, found.p)]
    tally.add(name, _whole(truth), *one)


def share_rows(data: Path | None, quick: bool) -> list[dict[str, Any]]:
    """All rows of this part."""
    rows = []
    for cell in CELLS:
        rows += array_rows(cell, 200 if quick else 2000)
    for combinations in () if quick else FEW:
        # a block of the interacting cell has four combinations of settings, and 32 rows twice
        rows += array_rows("interacting", 2000, combinations=combinations, rows=16 * combinations)
    for cell, studies in (("interacting", 4 if quick else 60), ("noisy", 2 if quick else 40)):
        rows += study_rows(cell, studies)
    return rows
