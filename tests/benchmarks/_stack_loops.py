"""Loops on the systems beyond the first ones: planted wrong items found from the command line, beside random order.

A part of `stack` beside this file. For each system a seed is written to a file, with mistakes that are planted under
the key; ``activeseed init`` and ``activeseed loop`` run it with a simulated annotator who knows the truth, the
product's own settings and its learning belief, until the loop stops by itself: that is what the share put right and
the lines until the stop are of. Beside it the same twice without a rule that stops it, until all is asked: in the order
of value, and in random order (`cli.planted.AT_RANDOM`: questions drawn at random, no lists). Of these are the answered
lines, checks included, until half and until all of the mistakes are put right (`cli.planted.Course`).
The seeds:

- predca: 24 candidates on the ring. 12 people make for the workshop, 6 bystanders for the sun; 6 scripts of a vendor,
  planted at random places, drive the user's body to other cells, and are nobody whose wishes count.
- cirl: 16 pieces of a prior over four objectives of a game of a kitchen, each with a half mass as a further variant;
  5 of them, those that a vendor guessed, were written with twice the mass that is meant.
- tethers: 24 anchors of three concepts in five dimensions; 5 of them, from one supplier, bear a wrong concept.

Wrong items are told by a word of their text (who supplied them), as wrong items often look alike; the order in which
they stand is drawn. Intervals over keys are Student's t of the mean.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from scipy.stats import t as student

from activeseed.cli.app import run
from activeseed.cli.planted import AT_RANDOM, Course, course
from activeseed.study import Study
from activeseed.systems.predca.ring import CELLS
from tests.benchmarks._report import row

KEYS, QUICK = 5, 1


@dataclass(frozen=True)
class Case:
    """A seed with planted mistakes, as files, and what `init` is told."""

    seed: Path
    truth: Path
    told: tuple[str, ...]


def _written(folder: Path, lines: Sequence[Mapping[str, Any]], truth: Mapping[str, Mapping[str, Any]]) -> list[Path]:
    seed, known = folder / "seed.jsonl", folder / "truth.jsonl"
    seed.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    said = ({"id": line["id"], **truth.get(line["id"], {"answer": "keep"})} for line in lines)
    known.write_text("".join(json.dumps(line) + "\n" for line in said), "utf-8")
    return [seed, known]


def _to(goal: int, rng: np.random.Generator) -> dict[str, str]:
    """A shortest way to a cell; from the far side either way."""
    ways = ("stay", "right", "right", str(rng.choice(["left", "right"])), "left", "left")
    return {cell: ways[(goal - n) % 6] for n, cell in enumerate(CELLS)}


def candidates(folder: Path, key: int) -> Case:
    """See the module."""
    rng = np.random.default_rng([1, key])
    kinds = rng.permutation(["person"] * 12 + ["bystander"] * 6 + ["script"] * 6).tolist()
    lines, truth = [], {}
    for n, kind in enumerate(kinds):
        name, mass = f"c{n:02d}", round(float(rng.gamma(4.0, 0.25)) + 0.05, 3)
        if kind == "person":
            said = {"text": f"Colleague {n}, who works at the workshop", "body": "user", "program": _to(3, rng)}
        elif kind == "bystander":
            said = {"text": f"Passer-by {n}, who makes for the sun", "body": "cat", "program": _to(1, rng)}
        else:
            goal = int(rng.choice([1, 2, 4, 5]))
            said = {
                "text": f"Script {n} of a vendor, on a colleague's machine",
                "body": "user",
                "program": _to(goal, rng),
            }
            truth[name] = {"answer": "reject"}
        lines.append({"id": name, **said, "mass": mass, "belief": 0.8})
    seed, known = _written(folder, lines, truth)
    return Case(seed, known, ("--system", "predca"))


def pieces(folder: Path, key: int) -> Case:
    """See the module."""
    rng = np.random.default_rng([2, key])
    wrong = set(rng.permutation(16)[:5].tolist())
    wanted = ("tea", "soup", "toast", "nothing")
    lines, truth = [], {}
    for n in range(16):
        name, mass = f"o{n:02d}", round(float(rng.gamma(4.0, 0.25)) + 0.05, 3)
        by = f"Guess {n} of the vendor" if n in wrong else f"Diary {n} of the household"
        written = 2 * mass if n in wrong else mass
        half = {"id": "half", "mass": written / 2}
        lines.append(
            {
                "id": name, "text": f"{by}: {wanted[n % 4]}", "objective": wanted[n % 4], "mass": written,
                "variants": [half], "belief": {"as_written": 0.8, "half": 0.2},
            }
        )  # fmt: skip
        if n in wrong:
            truth[name] = {"answer": "choose", "variant": "half"}
    game = folder / "game.yaml"
    game.write_text(yaml.safe_dump(_KITCHEN), "utf-8")
    seed, known = _written(folder, lines, truth)
    return Case(seed, known, ("--system", "cirl", f"--set=system.game={game}", "--set=system.beta=8.0"))


_KITCHEN: dict[str, Any] = {
    "states": ["empty", "kettle", "pan", "toaster", "served"],
    "human": ["wait", "point"], "robot": ["wait", "use_kettle", "use_pan", "use_toaster", "serve"],
    "objectives": ["tea", "soup", "toast", "nothing"], "initial": "empty",
    "transitions": [
        {"state": "empty", "robot": "use_kettle", "to": "kettle"},
        {"state": "empty", "robot": "use_pan", "to": "pan"},
        {"state": "empty", "robot": "use_toaster", "to": "toaster"},
        {"state": ["kettle", "pan", "toaster"], "robot": "serve", "to": "served"},
    ],
    "rewards": [
        {"objective": "tea", "state": "kettle", "robot": "serve", "value": 1},
        {"objective": "soup", "state": "pan", "robot": "serve", "value": 1},
        {"objective": "toast", "state": "toaster", "robot": "serve", "value": 1},
        {"objective": "nothing", "robot": ["use_kettle", "use_pan", "use_toaster"], "value": -0.5},
        {"objective": ["tea", "soup"], "human": "point", "value": -0.1},
        {"objective": ["toast", "nothing"], "human": "point", "value": -0.3},
    ],
    "horizon": 2, "discount": 0.95,
}  # fmt: skip


def anchors(folder: Path, key: int) -> Case:
    """See the module."""
    rng = np.random.default_rng([3, key])
    centres, names = 2.0 * rng.standard_normal((3, 5)), ("round", "long", "flat")

    def near(of: int) -> list[float]:
        return [round(float(v), 3) for v in centres[of] + 0.4 * rng.standard_normal(5)]

    wrong = set(rng.permutation(24)[:5].tolist())
    lines, truth = [], {}
    for n in range(24):
        said = names[(n + 1 + int(rng.integers(2))) % 3] if n in wrong else names[n % 3]
        by = "supplier B" if n in wrong else "the workshop"
        lines.append({"id": f"a{n:02d}", "text": f"Thing {n} from {by}", "concept": said, "vector": near(n % 3),
                      "belief": 0.8})  # fmt: skip
        if n in wrong:
            truth[f"a{n:02d}"] = {"answer": "choose", "variant": names[n % 3]}
    pool, probes = folder / "pool.csv", folder / "probes.csv"
    for path, mark, count in ((pool, "u", 24), (probes, "p", 12)):
        with path.open("w", newline="", encoding="utf-8") as handle:
            sheet = csv.writer(handle)
            sheet.writerow(["id", "vector", "sort", "concept"])
            sheet.writerows([f"{mark}{k}", json.dumps(near(k % 3)), "xyz"[k % 3], names[k % 3]] for k in range(count))
    seed, known = _written(folder, lines, truth)
    small = ("system.steps=25", "system.hidden=6", "system.task=sort", "replicates=3", "ask.consequences=0")
    told = ("--system", "representational_tethers", "--pool", str(pool), "--probes", str(probes))
    return Case(seed, known, (*told, *(f"--set={s}" for s in small)))


CASES: Mapping[str, Callable[[Path, int], Case]] = {"predca": candidates, "cirl": pieces, "tethers": anchors}
#: by random order: settings as `--set` takes them
_RANDOM = [f"--set=ask.{name}={json.dumps(value)}" for name, value in AT_RANDOM.items()]


def gone_through(case: Case, folder: Path, key: int, more: Sequence[str] = ()) -> Course:
    """A study from the command line, made and looped; what became of the planted mistakes."""
    project = str(folder / "study")
    _command("init", project, "--from", str(case.seed), *case.told, "--embedder", "tfidf", f"--set=key={key}",
             "--set=ask.batch=4", *more)  # fmt: skip
    _command("loop", "--dir", project, "--annotator", "simulated", "--truth", str(case.truth), "--json")
    study = Study.open(project)
    try:
        return course(study, case.truth)
    finally:
        study.close()


def _command(*words: str) -> None:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run(list(words))
    if code:
        raise RuntimeError(f"activeseed {' '.join(words)} exited with {code}: {err.getvalue()[-600:]}")


def _mean(values: Sequence[float]) -> tuple[float, list[float] | None]:
    x = np.asarray(values, float)
    if len(x) < 2:
        return float(x.mean()), None
    half = float(student.ppf(0.975, len(x) - 1) * x.std(ddof=1) / np.sqrt(len(x)))
    return float(x.mean()), [float(x.mean()) - half, float(x.mean()) + half]


def loop_rows(data: Path | None, quick: bool) -> list[dict[str, Any]]:
    """All rows of this part; ``data`` is not used."""
    return [r for name in CASES for r in system_rows(name, QUICK if quick else KEYS)]


def system_rows(name: str, keys: int) -> list[dict[str, Any]]:
    """One system over so many keys."""
    found: list[float] = []
    whole: list[float] = []
    half: list[float] = []
    all_: list[float] = []
    lost = 0
    for key in range(keys):
        with tempfile.TemporaryDirectory() as place:
            case, on = CASES[name](Path(place), key), ["--set=stopping.flips=0.0"]
            runs: list[Course] = []
            for n, more in enumerate(([], on, [*on, *_RANDOM])):
                (folder := Path(place) / f"run{n}").mkdir()
                runs.append(gone_through(case, folder, key, more))
        stopped, by_value, at_random = runs
        found.append(1.0 - len(stopped.left) / stopped.planted)
        whole.append(float(stopped.cost[0]))
        lost += sum(len(r.lost) for r in runs)
        for ratios, of in ((half, (by_value.planted + 1) // 2), (all_, by_value.planted)):
            ours, other = by_value.cost_of(of), at_random.cost_of(of)
            ratios.append(ours[0] / other[0] if ours is not None and other is not None else float("nan"))
    said = f"{keys} key" + ("" if keys == 1 else "s")
    rows = [
        row(f"loops, {name}: planted mistakes put right when the loop stops by itself, as a share ({said})",
            *_mean(found)),
        row(f"loops, {name}: answered lines when it does", *_mean(whole)),
        row(f"loops, {name}: right items that no longer stand, over all runs", float(lost), None, "0", lost == 0),
    ]  # fmt: skip
    for words, ratios in (("half", half), ("all", all_)):
        mean, interval = _mean(ratios)
        claim = f"loops, {name}: answered lines until {words} of the mistakes are put right, over random order's"
        target = words == "half"
        rows.append(row(claim, mean, interval, "< 1" if target else "-", mean < 1 if target else None))
    return rows
