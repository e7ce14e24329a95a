"""Loops on the systems beyond the first ones: planted wrong items found from the command line, beside random order.

A part of `stack` beside this file. For each system a seed is written to a file, with mistakes that are planted under
the key; ``activeseed init`` and ``activeseed loop`` run it with a simulated annotator who knows the truth, the
product's own settings and its learning belief, until the loop stops by itself: that is what the share put right and
the lines until the stop are of. Beside it the same without a rule that stops it, until all is asked or twice as
many lines are answered as there are items: in the order of value, and in random order (`cli.planted.AT_RANDOM`:
questions drawn at random, no lists). Of these are the answered lines, checks included, until half and until all of the
mistakes are put right (`cli.planted.Course`).
The seeds:

- predca: 24 candidates on the ring. 12 people make for the workshop, 6 bystanders for the sun; 6 scripts of a vendor,
  planted at random places, drive the user's body to other cells, and are nobody whose wishes count.
- cirl: 16 pieces of a prior over four objectives of a game of a kitchen, each with a half mass as a further variant;
  5 of them, those that a vendor guessed, were written with twice the mass that is meant.
- tethers: 24 anchors of three concepts in five dimensions; 5 of them, from one supplier, bear a wrong concept.

Wrong items are told by a word of their text (who supplied them), as wrong items often look alike; the order in which
they stand is drawn.

Of random order there is no draw but its expectation, exact over orders: where its checks stand is read off one study,
and every order of the items is as likely. A second rival has all that the product has but the value: lists of what the
learning belief finds doubtful, further readings, checks; what is not on a list is drawn at random, several times over.
The error that is left in what is deployed meanwhile is `_stack_errors`'. Mistakes may cancel: masses of a prior that
were doubled throughout are the same prior, and once one of them is put right a policy may turn that turns back with the
next; so of the error on the way nothing is promised.

Ratios are of sums over keys, so that no key with a lucky rival weighs more; their intervals are Student's t of the
jackknife over keys. What was changed in the product for these studies was chosen on keys 10 to 16 of the anchors, none
of which is reported.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import comb
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import yaml
from scipy.stats import t as student

from activeseed.acquisition import Candidate, Pick, item_values
from activeseed.belief import Belief
from activeseed.cli.app import run
from activeseed.cli.planted import AT_RANDOM, Course, course
from activeseed.plan import Floats
from activeseed.questions import answers_to, is_about_one
from activeseed.study import Study
from activeseed.systems.predca.ring import CELLS
from tests.benchmarks._report import row
from tests.benchmarks._stack_errors import Errors, errors_of

#: five keys left the interval of PreDCA's half at 0.3 to 1.2
KEYS, QUICK = 10, 1
#: orders of the rival that has lists, for every key
DRAWS, QUICK_DRAWS = 2, 1


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
#: until all is asked, and by random order: settings as `--set` takes them
_ON = ["--set=stopping.flips=0.0"]
_RANDOM = [*_ON, *(f"--set=ask.{name}={json.dumps(value)}" for name, value in AT_RANDOM.items())]


@dataclass(frozen=True)
class Gone:
    """A study that was gone through.

    Attributes:
        course: what became of the planted mistakes.
        fresh: answered lines when an item was first asked about, item by item in the order in which they were asked.
        steps: answered lines, and which mistakes are put right from then on.
        errors: of every seed on the way.
    """

    course: Course
    fresh: tuple[int, ...]
    steps: tuple[tuple[int, frozenset[str]], ...]
    errors: Errors


def gone_through(case: Case, folder: Path, key: int, more: Sequence[str] = ()) -> Gone:
    """A study from the command line, made and looped; what became of the planted mistakes."""
    project = str(folder / "study")
    most = 2 * len(case.seed.read_text("utf-8").splitlines())
    _command("init", project, "--from", str(case.seed), *case.told, "--embedder", "tfidf", f"--set=key={key}",
             "--set=ask.batch=4", f"--set=stopping.answers={most}", *more)  # fmt: skip
    _command("loop", "--dir", project, "--annotator", "simulated", "--truth", str(case.truth), "--json")
    study = Study.open(project)
    try:
        gone, errors = course(study, case.truth), errors_of(study, case.truth)
        return Gone(gone, _fresh(study), _steps(study, gone, errors), errors)
    finally:
        study.close()


def _fresh(study: Study) -> tuple[int, ...]:
    lines, seen, out = 0, set[str](), []
    for answer in study.state.counted_answers:
        question = study.state.questions[answer.question]
        lines += answers_to(question)
        if question.purpose != "gold" and is_about_one(question) and question.items[0] not in seen:
            seen.add(question.items[0])
            out.append(lines)
    return tuple(out)


def _steps(study: Study, gone: Course, errors: Errors) -> tuple[tuple[int, frozenset[str]], ...]:
    """As `cli.planted.course` counts them: an item that is put right in the end is from the first answer about it."""
    put_right, right, out = set(errors.planted) - set(gone.left), frozenset[str](), []
    for answer, lines in zip(study.state.counted_answers, gone.lines, strict=True):
        right |= put_right & (set(study.state.questions[answer.question].items) - set(answer.unticked))
        out.append((lines, right))
    return tuple(out)


def expected(fresh: Sequence[int], planted: int, found: int) -> float:
    """Lines until random order has come to so many of the mistakes, the mean over all orders of the items.

    Args:
        fresh: lines answered when the n-th item was asked about, whichever that was.
    """
    n = len(fresh)
    ways = [comb(j - 1, found - 1) * comb(n - j, planted - found) for j in range(1, n + 1)]
    return float(sum(w * at for w, at in zip(ways, fresh, strict=True)) / comb(n, planted))


@contextlib.contextmanager
def at_random_with_lists(rng: np.random.Generator) -> Iterator[None]:
    """All that the product has but the value: a list is asked wherever there is one, and else whatever is drawn.

    An item is asked about again once all were asked about.
    """

    def drawn(
        _given: Sequence[Candidate], gram: Floats, belief: Belief, candidates: Sequence[Candidate], size: int, **_: Any
    ) -> list[Pick]:
        alone = item_values(gram, belief)
        lists = [c for c in candidates if len(c.items) > 1][:1]
        listed = {f for c in lists for f in c.items}
        single = [candidates[k] for k in rng.permutation(len(candidates)) if len(candidates[k].items) == 1]
        single = sorted((c for c in single if c.items[0] not in listed), key=lambda c: c.again)
        chosen = [*lists, *single[: size - sum(c.answers for c in lists)]]
        return [Pick(c, v := float(alone[list(c.items)].sum()), v / c.minutes, v) for c in chosen]

    with patch("activeseed.asking.choosing.choose_beside", drawn):
        yield


def _command(*words: str) -> None:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run(list(words))
    if code:
        raise RuntimeError(f"activeseed {' '.join(words)} exited with {code}: {err.getvalue()[-600:]}")


def _mean(values: Sequence[float]) -> tuple[float, list[float] | None]:
    return ratio(values, [1.0] * len(values))


def ratio(over: Sequence[float], under: Sequence[float]) -> tuple[float, list[float] | None]:
    """The ratio of two sums over keys, with Student's t of its jackknife; of one key there is no interval."""
    a, b = np.asarray(over, float), np.asarray(under, float)
    n, value = len(a), float(a.sum() / b.sum())
    if n < 2 or not np.isfinite(value):
        return value, None
    left = (a.sum() - a) / (b.sum() - b)
    half = float(student.ppf(0.975, n - 1) * np.sqrt((n - 1) * left.var()))
    return value, [value - half, value + half]


def loop_rows(data: Path | None, quick: bool) -> list[dict[str, Any]]:
    """All rows of this part; ``data`` is not used."""
    return [r for name in CASES for r in system_rows(name, range(QUICK if quick else KEYS), quick)]


@dataclass(frozen=True)
class Kept:
    """What one key came to.

    Attributes:
        found: share of the mistakes that are put right when the loop stops by itself, and the lines until then.
        lost: right items that no longer stand, over all studies.
        lines: by how many are to be put right: lines in the order of value, infinite where it never came to so many; of
            random order as expected; and of that with lists, the mean over its draws.
        error: of what is deployed, its mean over as many lines as random order takes to ask all: in the order of value
            and in random order, as expected; and that of the seed as it was written.
    """

    found: tuple[float, int]
    lost: int
    lines: Mapping[str, tuple[float, float, float]]
    error: tuple[float, float, float]


def one(name: str, key: int, draws: int) -> Kept:
    """One system under one key."""
    with tempfile.TemporaryDirectory() as place:
        case = CASES[name](Path(place), key)

        def through(mark: str, more: Sequence[str] = ()) -> Gone:
            (folder := Path(place) / mark).mkdir()
            return gone_through(case, folder, key, more)

        stopped, by_value, at_random = through("stopped"), through("value", _ON), through("random", _RANDOM)
        listed = []
        for n in range(draws):
            with at_random_with_lists(np.random.default_rng([4, key, n])):
                listed.append(through(f"lists{n}", [*_ON, "--set=ask.random_share=0.0"]))
    planted = by_value.course.planted
    lines = {}
    for words, of in (("half", (planted + 1) // 2), ("all", planted)):
        cost = by_value.course.cost_of(of)
        mine = float("inf") if cost is None else float(cost[0])
        # a rival that never came to so many is charged with what it had answered by the end, and no more
        others = [(g.course.cost_of(of) or g.course.cost)[0] for g in listed]
        lines[words] = (mine, expected(at_random.fresh, planted, of), float(np.mean(others)))
    share = 1.0 - len(stopped.course.left) / stopped.course.planted
    lost = sum(len(g.course.lost) for g in (stopped, by_value, at_random, *listed))
    until = at_random.fresh[-1]
    errors = by_value.errors
    error = errors.along(by_value.steps, until), errors.at_random(at_random.fresh, until)
    kept = Kept((share, stopped.course.cost[0]), lost, lines, (*error, float(errors.left[0])))
    print(f"loops, {name}, key {key}: {kept}", file=sys.stderr, flush=True)
    return kept


def system_rows(name: str, keys: Sequence[int], quick: bool = False) -> list[dict[str, Any]]:
    """One system over these keys."""
    kept = [one(name, key, QUICK_DRAWS if quick else DRAWS) for key in keys]
    said = f"{len(keys)} key" + ("" if len(keys) == 1 else "s")
    lost = sum(k.lost for k in kept)
    rows = [
        row(f"loops, {name}: planted mistakes put right when the loop stops by itself, as a share ({said})",
            *_mean([k.found[0] for k in kept])),
        row(f"loops, {name}: answered lines when it does", *_mean([float(k.found[1]) for k in kept])),
        row(f"loops, {name}: right items that no longer stand, over all runs", float(lost), None, "0", lost == 0),
    ]  # fmt: skip
    for words in ("half", "all"):
        mine, at_random, listed = zip(*(k.lines[words] for k in kept), strict=True)
        claim = f"loops, {name}: answered lines until {words} of the mistakes are put right, over"
        for rival, of in (("random order's", at_random), ("those of random order with lists", listed)):
            value, interval = ratio(mine, of)
            met = bool(value < 1.0 and (interval is None or interval[1] < 1.0))
            rows.append(row(f"{claim} {rival}", value, interval, "< 1, interval below 1", met))
    mine, at_random, written = zip(*(k.error for k in kept), strict=True)
    rows.append(row(f"loops, {name}: error of what is deployed, as it was written", *_mean(written)))
    claim = f"loops, {name}: error of what is deployed, over as many lines as random order takes for all, over its"
    return [*rows, row(claim, *ratio(mine, at_random))]
