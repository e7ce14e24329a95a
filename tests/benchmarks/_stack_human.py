"""The human level: shares of whole studies against a formula, and what the bundled seed's studies come to.

A part of `stack` beside this file. The formula is that of `activeseed.testing.Summing`: an outcome that is a sum over
the items that stand, so that what drafts, designs, crews and methods make of it is known. Coverage is over plans that
are drawn from it, and a few plans are run through the product, study by study. The bundled seed is the one of
``activeseed demo``, under ``init``'s settings; its plan is killed half way, and goes on.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

import activeseed as act
from activeseed.plan import Floats, generator
from activeseed.stack.human import HumanFound
from activeseed.stack.human.apart import spread_of
from activeseed.stack.human.conducting import cost_of
from activeseed.stack.human.one import RESULT
from activeseed.stack.human.planned import planned
from activeseed.stack.human.runs import runs_of
from activeseed.store.journal import Journal
from activeseed.study.below import BELOW, spent_in
from activeseed.testing.summing import Known, Summing, crews_of
from tests.benchmarks._report import row, share

REPETITIONS, QUICK = 2000, 100
#: plans of the toy that are run through the product, and their studies
PLANS, PLANS_QUICK, STUDIES = 12, 2, 144
#: studies of the bundled seed; a whole plan of four factors has 18 a block
FULL, LEAST = 144, 36
FACTORS = ("draft", "design", "annotators", "method")
ERRORS = (0.0, 0.3)
#: first key of the plans; the rule that spreads draws evenly over blocks was mended on keys from 0
FRESH = 700_000
#: minutes that the bundled seed's studies may take on two cores
MINUTES = 30.0


def human_rows(data: Path | None, quick: bool) -> list[dict[str, Any]]:
    """The rows of the human level; nothing of ``data`` is read."""
    del data
    return [*formula_rows(quick), *product_rows(quick), *bundled_rows(quick)]


# --- against the formula ----------------------------------------------------------------------------------------------


def known() -> Known:
    """The toy with three of its six items asked about: the first three, or the three that weigh most."""
    return Known(Summing(), (1.0, 2.0), ERRORS, ((0, 1, 2), (5, 4, 3)))


def drawn(of: Known, key: int, studies: int) -> Floats:
    """(R, P) final outcomes of a plan whose studies are drawn from the formula, choices as ``runs.chosen`` has them."""
    dice = generator(key, "plan")
    runs = runs_of(studies, FACTORS)
    draws = 2 * (runs[-1].block + 1)
    drafts = dice.random((draws, 6)) < of.system.stays
    # of two blocks in turn first draws take both choices, and one has two draws that are the same
    turns = [dice.permuted(np.tile([0, 1], (2, -(-draws // 4), 1)), axis=2).reshape(2, -1) for _ in FACTORS[1:]]
    picks = [np.stack([first, (first + further) % 2]) for first, further in turns]
    slips = dice.random((len(runs), 6))
    at = np.array([[r.draw(j) for j in range(len(FACTORS))] for r in runs])
    gain, error, method = (p[at[:, j] % 2, at[:, j] // 2] for j, p in enumerate(picks, 1))
    out = np.empty((len(runs), of.system.directions.shape[1]))
    for g, e, m in product(range(2), repeat=3):
        mine = (gain == g) & (error == e) & (method == m)
        out[mine] = of.outcome(drafts[at[mine, 0]].astype(np.float64), g, e, m, slips[mine])
    return out


def formula_rows(quick: bool) -> list[dict[str, Any]]:
    """Coverage of the shares' intervals, and how often a factor that does nothing is said to do something."""
    of, times = known(), QUICK if quick else REPETITIONS
    variances = of.variances()
    true = {name: v / variances["spread"] for name, v in variances.items() if name != "spread"}
    nothing = [name for name, v in true.items() if v < 1e-9]
    held = {name: 0 for name in true if name.count("×") < 2}
    declared, spreads = 0, []
    for key in range(FRESH, FRESH + times):
        found = spread_of(drawn(of, key, STUDIES), FACTORS, "outcomes", "squared difference")
        spreads.append(found.value)
        for s in found.shares:
            held[s.name] += bool(s.low <= true[s.name] <= s.high)
        declared += any(s.p < 0.05 for s in found.shares if s.name in nothing)
    worst = min(held, key=lambda name: held[name])
    mean, se = float(np.mean(spreads)), float(np.std(spreads) / np.sqrt(times))
    over = mean / variances["spread"]
    wide = 1.96 * se / variances["spread"]
    return [
        share(f"human level, formula: coverage of 95 % intervals, worst ({worst})", held[worst], times, least=0.93),
        share("human level, formula: a share of nothing declared", declared, times, most=0.05),
        row(
            "human level, formula: estimated spread over the true one", over, [over - wide, over + wide], "1",
            abs(over - 1.0) <= max(1.5 * wide, 0.02),
        ),
    ]  # fmt: skip


def product_rows(quick: bool) -> list[dict[str, Any]]:
    """The same through the product: whole studies of the toy, asked and answered."""
    of, plans = known(), PLANS_QUICK if quick else PLANS
    variances = of.variances()
    held = total = 0
    spreads: list[float] = []
    noises: list[float] = []
    for key in range(FRESH, FRESH + plans):
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            toy = of.system
            study = act.Study.create(Path(folder) / "s", toy.seed, toy, probes=toy.probes, key=key)
            found = act.human_level(study, toy_plan(key))
            study.close()
        spreads.append(found.spreads[0].value)
        noises.append(found.spreads[0].noise)
        for s in found.spreads[0].shares:
            total += 1
            held += s.low <= variances[s.name] / variances["spread"] <= s.high
        said = f"{held} of {total} shares within their intervals, {time.monotonic() - began:.0f} s"
        print(f"human: plan {key - FRESH + 1} of {plans}: {said}", flush=True)
    rows = [share("human level, studies of the toy: shares within their intervals", held, total, least=0.9)]
    for what, values, true in (("spread", spreads, variances["spread"]), ("noise", noises, of.noise)):
        mean, se = float(np.mean(values)) / true, float(np.std(values, ddof=1) / np.sqrt(plans)) / true
        ends = [mean - 3.0 * se, mean + 3.0 * se]
        rows.append(
            row(
                f"human level, studies of the toy: {what} over the formula's, {plans} plans", mean, ends,
                "1 within three standard errors", None if quick else ends[0] <= 1.0 <= ends[1],
            )
        )  # fmt: skip
    return rows


def toy_plan(key: int) -> act.HumanLevel:
    """What is asked of the toy."""
    told: dict[str, Any] = {"annotators": crews_of(ERRORS), "methods": ("author_order", "by_effect")}
    return act.HumanLevel(studies=STUDIES, answers=3, batch=3, key=key, **told)


# --- the bundled seed -------------------------------------------------------------------------------------------------


SCRIPT = """
import sys
import activeseed as act
from tests.benchmarks._stack_human import bundled_plan
act.human_level(act.Study.open(sys.argv[1]), bundled_plan(sys.argv[1], int(sys.argv[2])))
"""


def bundled_plan(folder: str | Path, studies: int) -> act.HumanLevel:
    """What is asked of the bundled seed: the defaults, with its truth file."""
    return act.HumanLevel(studies=studies, truth_file=str(Path(folder) / "truth.jsonl"), key=FRESH)


def bundled_rows(quick: bool) -> list[dict[str, Any]]:
    """Whole studies of the careful example: killed half way and gone on with, its time, its shares, its movement."""
    from activeseed.cli.planted import EXAMPLES, make

    studies = LEAST if quick else FULL
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "careful"
        make(EXAMPLES["statements"], folder, 0, "")[0].close()
        began = time.monotonic()
        killed = _killed_half_way(folder, studies)
        study = act.Study.open(folder)  # nobody lived to tell what was spent: it is told of now
        half = study.status()["trainings"]
        there = sum(spent_in(Journal(f).read()).trainings for f in _journals(folder))
        stamps = {f: f.stat().st_mtime_ns for f in killed}
        left = cost_of(study, bundled_plan(folder, studies))
        found = act.human_level(study, bundled_plan(folder, studies))
        minutes = (time.monotonic() - began) / 60.0
        twice = sum(f.stat().st_mtime_ns != stamp for f, stamp in stamps.items())
        status, plan = study.status(), planned(study, bundled_plan(folder, studies))
        over = max(plan.spent([m]).trainings / plan.most[m.run.number].trainings for m in plan.made)
        whole = sum(spent_in(Journal(f).read()).trainings for f in _journals(folder))
        study.close()
    rows = [
        row(
            f"human level, careful: whole studies, {os.cpu_count()} cores", float(found.studies), None, ">= 64",
            None if quick else found.studies >= 64,
        ),
        row(
            "human level, careful: minutes, a kill in the middle included", minutes, None, f"<= {MINUTES:g}",
            minutes <= MINUTES,
        ),
        row("human level, careful: studies done when it was killed", float(len(killed))),
        row(
            "human level, careful: studies left then", float(left.left), None, "the others",
            left.left == found.studies - len(killed),
        ),
        row("human level, careful: of the done ones run again", float(twice), None, "0", twice == 0),
        row(
            "human level, careful: trainings told of after the kill, less those of the studies' journals",
            float(half - there), None, "0", half == there,
        ),
        row(
            "human level, careful: trainings of the outer study, less those of the studies' journals",
            float(status["trainings"] - whole), None, "0", status["trainings"] == whole == found.trainings,
        ),
        row("human level, careful: a study's trainings over what was said, most", over, None, "<= 1", over <= 1),
        row("human level, careful: trainings", float(found.trainings)),
        row("human level, careful: answers of simulated people", float(found.people_answers)),
        row("human level, careful: studies that failed", float(found.failed), None, "0", found.failed == 0),
    ]  # fmt: skip
    return [*rows, *_reported(found)]


def _journals(folder: Path) -> list[Path]:
    """The journals of the whole studies."""
    return sorted((folder / ".activeseed" / BELOW).glob("*/*/.activeseed/journal.db"))


def _killed_half_way(folder: Path, studies: int) -> list[Path]:
    """Begin the plan in another process, and kill that when half of the studies are done; their results."""
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(folder), str(studies)], env={**os.environ, "PYTHONPATH": str(root)}
    ) as process:
        human = folder / ".activeseed" / BELOW
        while len(list(human.glob(f"*/*/{RESULT}"))) < studies // 2 and process.poll() is None:
            time.sleep(0.2)
        print(f"human: killed with {len(list(human.glob(f'*/*/{RESULT}')))} studies done", flush=True)
        process.send_signal(signal.SIGKILL)
    time.sleep(2.0)  # workers see within half a second that whoever sent them is gone
    return list(human.glob(f"*/*/{RESULT}"))


def _reported(found: HumanFound) -> list[dict[str, Any]]:
    """What was found, for the record: no target but that it is known."""
    out = []
    for spread in found.spreads:
        for s in spread.shares:
            known_ = np.isfinite(s.low)
            ends = [s.low, s.high] if known_ else None
            out.append(row(f"human level, careful: {spread.of}, share of {s.name}", s.value, ends))
    for left in (*found.washed, *found.errors):
        ends = [left.low, left.high] if np.isfinite([left.low, left.high]).all() else None
        name = f"left of drafts' {left.of}" if left in found.washed else f"left of the {left.of}"
        out.append(row(f"human level, careful: {name}", left.value, ends))
    for m in found.moved:
        out.append(row(f"human level, careful: an answer moves the {m.level} ({m.unit})", m.value))
        out.append(
            row(f"human level, careful: of that, early over late ({m.level})", m.early / m.late if m.late else None)
        )
    for way in found.ways:
        out.append(row(f"human level, careful: {way.factor} {way.name}: items wrong at the end", way.wrong))
        if np.isfinite(way.left.value):
            ends = [way.left.low, way.left.high] if np.isfinite([way.left.low, way.left.high]).all() else None
            out.append(row(f"human level, careful: {way.factor} {way.name}: error left", way.left.value, ends))
    return out
