"""Stability: ratios against closed forms with coverage, basins and forks that are known, two trainers that are one.

A part of `stack` beside this file. A sum over items keeps what differs (ratio 1), a mean of many over those that stand
has 1/(4p²), a product and an interaction what summing over all seeds gives (`tests.stability_truth`); gradient descent
on a parabola shrinks every start by (1 − αλ) a step; a pitchfork has one basin below its fork and two above. Coverage
is of the product's own estimates (`activeseed.analyses.stability.washing`) on draws that are made here, since thousands
of whole analyses would take hours; some go through the whole analysis besides.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import activeseed as act
from activeseed.analyses import Stability, StabilityAgainst, StabilityMatrix
from activeseed.analyses.stability.starting import apart, far_law
from activeseed.analyses.stability.washing import Jackknifed, difference_of, log_ratio_left, ratio_of, spread_over
from activeseed.plan import Floats, Law, generator
from activeseed.testing import Pitchfork, Toy, interaction, linear, problem_of, product, run
from tests.benchmarks._report import row, share
from tests.stability_truth import mean_of_items, ratio_under, spread_under

REPETITIONS, QUICK = 2_000, 200
DRAWS = 80
KEY = 29
#: first of the keys under which forks are looked for: those below 200 were seen while sweeps were mended
FORKS = 200


def stability_rows(data: Path | None, quick: bool) -> list[dict[str, Any]]:
    """All of them. ``data`` is not read: seeds are the bundled ones."""
    return [*coverage_rows(quick), *contraction_rows(quick), *fork_rows(quick), *two_rows(quick), *system_rows(quick)]


# --- coverage ---------------------------------------------------------------------------------------------------------


def _toys() -> list[tuple[str, Toy, float]]:
    """Name, trainer, standard deviation of what a key adds to each probe."""
    sums, means = linear("none"), mean_of_items(14, 0.85)
    return [
        ("a sum over 6 items", sums, 0.0),
        ("a sum over 6 items, noise of their size", sums, 0.5),
        ("a mean over 14 items", means, 0.0),
        ("a mean over 14 items, noise of their size", means, 0.05),
        ("items that interact", interaction("none"), 0.0),
        ("items that interact, noise of their size", interaction("none"), 0.5),
        ("a product, beliefs of 0.8", replace(product("none"), beliefs=np.tile([0.8, 0.2], (4, 1))), 0.2),
    ]


def _sampled(toy: Toy, law: Law, dice: np.random.Generator) -> Floats:
    """(DRAWS, D) embedded mean responses to seeds of a law."""
    u = dice.random((DRAWS, len(law.probabilities)))
    variants = (u[:, :, None] > np.cumsum(law.probabilities, 1)[None, :, :-1]).sum(2)
    levels = toy.scores[np.arange(variants.shape[1])[None], variants]
    return toy.geometry(toy.materials).embed(toy.response(levels))


def coverage_rows(quick: bool) -> list[dict[str, Any]]:
    """How often 95 % intervals of spreads, ratios and differences hold what is true."""
    times = QUICK if quick else REPETITIONS
    rows = []
    for name, toy, noise in _toys():
        problem = toy.problem(0)
        near, far = problem.law, far_law(problem, problem.law)
        of, spread = apart(near) / apart(far), spread_under(toy, near)
        truth = ratio_under(toy, problem)
        print(f"coverage: {name}", flush=True)
        held = spread_held = equal = 0
        for n in range(times):
            dice = generator(KEY, "coverage", name, n)
            a, b = _sampled(toy, near, dice), _sampled(toy, far, dice)
            noisy = partial(_noisy, dice=dice, noise=noise / np.sqrt(toy.probes))
            top, bottom = _spread(a, noisy), _spread(b, noisy)
            found = ratio_of(top.times(1.0 / of), bottom)
            held += found.low <= truth <= found.high
            spread_held += top.estimate.low <= spread <= top.estimate.high
            other = _spread(a, noisy)  # the same trainer under other keys
            gap = difference_of(top, other)
            equal += gap.low <= 0.0 <= gap.high
        least = 0.93 if times >= 1000 else 0.9
        rows.append(share(f"stability: {name}: the ratio's interval holds {truth:.3f}", held, times, least=least))
        rows.append(share(f"stability: {name}: the spread's interval holds it", spread_held, times, least=least))
        if noise:
            rows.append(
                share(f"stability: {name}: one trainer twice, the difference covers 0", equal, times, least=least)
            )
    return rows


def _noisy(points: Floats, dice: np.random.Generator, noise: float) -> Floats:
    return points + noise * dice.standard_normal(points.shape)


def _spread(points: Floats, noisy: Callable[[Floats], Floats]) -> Jackknifed:
    return spread_over(noisy(points), noisy(points))


# --- starts that contract, and that fork ------------------------------------------------------------------------------


def _asked(toy: Pitchfork, asked: Stability, n: int) -> StabilityMatrix:
    return run(asked, problem_of(toy, toy.materials, stream=n, first_key=1000 * n), toy, toy.materials)


def contraction_rows(quick: bool) -> list[dict[str, Any]]:
    """Gradient descent on a parabola leaves (1 − αλ)^2T of the spread of starts; with noise in both ends, more."""
    rows = []
    for growth in (-0.5, -0.1):
        toy = Pitchfork(growth=growth, cube=False, noise=0.0, steps=24)
        found = _asked(toy, Stability(levels=("trainer",), starts=32, resamples=0), 0).cell("trainer", "start")
        true = (1.0 + toy.rate * growth) ** (2 * toy.steps)
        gap = abs(found.starts[0].ratio.value / true - 1.0)
        # outcomes are kept in single precision: 6e-8 of ½, against deviations of some 0.005
        rows.append(
            row(f"stability: a contraction to {true:.4f}: ratio over that less 1", gap, None, "<= 1e-4", gap <= 1e-4)
        )
    toy = Pitchfork(growth=-0.5, cube=False, noise=0.03, steps=24)
    # over probes of weight 1/6: ¼² of the start's variance, and the noise's
    first, still = 0.1**2 / 16.0, toy.noise**2
    true = (first * 0.95**48 + still) / (first + still)
    times, held = (20, 0) if quick else (REPETITIONS // 10, 0)
    for n in range(times):
        asked = Stability(levels=("trainer",), starts=64, resamples=0, alpha=0.2)
        found = _asked(toy, asked, n).cell("trainer", "start")
        ratio = found.starts[0].ratio
        held += ratio.low <= true <= ratio.high
    least = 0.93 if times >= 100 else 0.8
    rows.append(share(f"stability: a noisy contraction: the interval holds {true:.3f}", held, times, least=least))
    return rows


def fork_rows(quick: bool) -> list[dict[str, Any]]:
    """A pitchfork: basins of its starts on either side, where a sweep says that it forks, and where nothing does."""
    times = 3 if quick else 40
    two = one = half = right = false = 0
    for n in range(FORKS, FORKS + times):
        print(f"fork {n - FORKS + 1} of {times}, right {right}", flush=True)
        starts = Stability(levels=("trainer",), starts=64, resamples=8)
        above = _asked(Pitchfork(), starts, n).cell("trainer", "start").starts[0]
        two += above.basins == 2
        half += above.largest.low <= 0.5 <= above.largest.high
        below = _asked(Pitchfork(growth=-0.5), starts, n).cell("trainer", "start").starts[0]
        one += below.basins == 1
        sweep = Stability(levels=("trainer2",), draws=100, resamples=16, sweep={"growth": ()})
        found = _asked(Pitchfork(growth=-0.5), sweep, n).cell("trainer2", "dynamics").varied[0]
        right += found.changes == ("Between growth = -0.25 and 0.25 the number of basins changes from 1 to 2.",)
        calm = sweep.model_copy(update={"sweep": {"growth": (-0.5, -0.25)}})
        false += bool(_asked(Pitchfork(growth=-0.5), calm, n).cell("trainer2", "dynamics").varied[0].changes)
    return [
        share("stability: starts above the fork end in two basins", two, times, least=0.9),
        share("stability: the largest basin's interval holds the half", half, times, least=0.8),
        share("stability: starts below the fork end in one basin", one, times, least=0.9),
        share("stability: a sweep says where it forks, and nothing else", right, times, least=0.6 if quick else 0.9),
        share("stability: a sweep on one side of the fork names a change", false, times, most=0.1),
    ]


# --- two trainers -----------------------------------------------------------------------------------------------------


def two_rows(quick: bool) -> list[dict[str, Any]]:
    """Two trainers known to be one in what is asked, and two known to differ, through the whole comparison."""
    times = 5 if quick else 60
    asked = Stability(levels=("trainer",), starts=48, resamples=0, alpha=0.2, sweep={"growth": ()})
    same = other = of = 0
    for n in range(times):
        toy = Pitchfork(growth=-0.5)
        problem = problem_of(toy, toy.materials, stream=n, first_key=1000 * n)
        # what items add comes in alike for every start, whoever adds it
        alike = run(StabilityAgainst(stability=asked, settings={"mix": 0.8}), problem, toy, toy.materials)
        same += not any(c.differs for c in alike.contrasts)
        forked = run(StabilityAgainst(stability=asked, settings={"growth": 1.0}), problem, toy, toy.materials)
        other += all(c.differs for c in forked.contrasts)
        of += 1
    rows = [
        share("stability: two trainers that are one to their starts are told apart", of - same, of, most=0.05),
        share("stability: a trainer that forks and one that does not are told apart", other, of, least=0.95),
    ]
    toys = (linear("none"), mean_of_items(14, 0.85))
    told, n = 0, 200 if quick else 1000
    truths = [ratio_under(one, one.problem(0)) for one in toys]
    true = float(np.log(truths[1] / truths[0]))
    for k in range(n):
        dice = generator(KEY, "two", k)
        logs = []
        for trainer in toys:
            problem = trainer.problem(0)
            far = far_law(problem, problem.law)
            of_near = apart(problem.law) / apart(far)
            a, b = _sampled(trainer, problem.law, dice), _sampled(trainer, far, dice)
            logs.append(log_ratio_left(spread_over(a).times(1.0 / of_near), spread_over(b)))
        if logs[0] is not None and logs[1] is not None:
            gap = difference_of(logs[0], logs[1])
            told += gap.low <= true <= gap.high
    rows.append(share("stability: ratio of a mean's ratio over a sum's: the interval holds it", told, n, least=0.93))
    return rows


# --- what init makes of the bundled seeds -----------------------------------------------------------------------------


def system_rows(quick: bool) -> list[dict[str, Any]]:
    """What the matrix says of league, reward model and engine under init's settings, and how long it takes."""
    from activeseed.cli.app import run as command

    bundled = Path(act.__file__).parent / "data"
    files = {
        "league": ("careful", ["positives.jsonl", "--pool", "pool.jsonl"]),
        "reward model": ("patience", ["pairs.jsonl"]),
        "engine": ("charter", ["charter.jsonl", "--system", "inference_engine"]),
    }
    rows = []
    for name, (folder, told) in files.items():
        with tempfile.TemporaryDirectory() as place:
            there = bundled / folder
            named = [str(there / t) if t.endswith(".jsonl") else t for t in told]
            probes = ["--probes", str(there / "probes.jsonl")]
            assert command(["init", place, "--from", *named, *probes, "--embedder", "tfidf"]) == 0
            study = act.Study.open(place)
            began = time.perf_counter()
            found = study.analyse(Stability(draws=16, starts=12, resamples=4) if quick else Stability())
            minutes = (time.perf_counter() - began) / 60.0
            rows += _said(name, found, minutes, study.budget.trainings)
            study.close()
    return rows


def _said(name: str, found: StabilityMatrix, minutes: float, trainings: int) -> list[dict[str, Any]]:
    rows = [
        row(
            f"stability: {name}: minutes for the matrix, {trainings:,} trainings", minutes, None, "<= 10", minutes <= 10
        )
    ]
    for cell in found.cells:
        for s in cell.starts:
            if s.ratio.is_known:
                rows.append(
                    row(
                        f"stability: {name}: {cell.level}, what is left over {s.of} ({s.verdict})", s.ratio.value,
                        (s.ratio.low, s.ratio.high),
                    )
                )  # fmt: skip
        if cell.varied:
            changing = [v.where for v in cell.varied if v.changes]
            said = ", ".join(changing) or "nothing"
            rows.append(
                row(
                    f"stability: {name}: {cell.level}, settings of {len(cell.varied)} that change it: {said}",
                    len(changing),
                )
            )
    return rows
