"""Questions about dicta: answers needed until the deployed outcome errs 0.3 of what it did, and what earns them.

A cell is a generated charter of controlled English (`tests.charters`) with a fifth of its dicta planted wrong, under an
annotator who errs at a rate. Every norm stands beside one other wording, as of another draft: of a planted one it is
what is meant, of the others it is what they might have been planted as, so that nothing but the content tells which.
Lines of the lexicon have no other wording and are all right, and some norms stand a second time in other words.

    negated     must not: must, or may            may: must not
    drifted     must: should, and back; a condition more, or one less
    authority   another rank, or none

Error is the squared distance between the outcomes of the deployed seed, the one that only answers change, and of the
true charter. All orders ask through the product's own study with the settings of ``init`` (but nothing is trained to
be shown beside questions), and hear the same of an item whenever they ask. Rivals name the items of each batch: first
those that nobody was asked about, then those that were asked least often; they pay for no checks. ``value`` is the
study's own batch, its lists, repeats and random draws included and paid for. Each order goes with beliefs that learn
and with the author's, which an answer about another item never moves: the table says what the order earns and what the
belief does.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Literal

import numpy as np

from activeseed.config import Settings, parse
from activeseed.members import record_of
from activeseed.plan import Floats, Ints, Materials, Rows, generator
from activeseed.seed import Item, Probe, Seed, Text, Variant
from activeseed.study.materials import build_materials
from activeseed.systems.inference.norms import Norm
from tests.benchmarks._report import Row, row, share
from tests.benchmarks.curves import Curve, crossing, height
from tests.benchmarks.studies import Asked, new_study
from tests.charters import FACT_CONCEPTS, charter, say_norm

Wrong = Literal["negated", "drifted", "authority"]
WRONGS: tuple[Wrong, ...] = ("negated", "drifted", "authority")
ORDERS = ("value", "random", "lowest credibility", "near-duplicates", "first-order")
BELIEFS = {"learning": "joint", "author's": "independent"}
#: orders for which it makes a difference what is believed
BELIEVING = ("value", "lowest credibility", "first-order")
#: the annotators' error up to which value is to need fewer answers than random order does
TARGETED = 0.1
ERRORS = (0.0, 0.1, 0.3)
NORMS, PROBES, COPIES, PLANTED = 34, 60, 4, 0.2
LEVEL, LOOK = 0.3, 16
CHARTERS, QUICK = 20, 6
#: answered lines after which a study that is not there yet is given up, and what it counts then
MOST, UNREACHED = 128, 136
#: times that one item may be asked about
HEARINGS = 40
RESAMPLES = 4000
#: squared distance below which the planted mistakes of a charter decide nothing, so that nothing is to be found out
NOTHING = 1e-3


# --- charters with a fifth planted wrong ------------------------------------------------------------------------------


def planted_as(norm: Norm, how: Wrong, rng: np.random.Generator) -> Norm:
    """What a norm becomes by a mistake."""
    if how == "authority":
        return replace(
            norm, authority=str(rng.choice([a for a in ("", "guideline", "developer") if a != norm.authority]))
        )
    if how == "negated":
        to = {"obliged": ["forbidden"], "permitted": ["forbidden"], "forbidden": ["obliged", "permitted"]}
        deontic = str(rng.choice(to[norm.deontic]))
        strength = 0.5 if deontic == "permitted" else max(norm.strength, 0.7)
        if norm.deontic == "permitted":
            strength = 1.0
        return replace(norm, deontic=deontic, strength=strength)  # type: ignore[arg-type]
    if norm.deontic != "permitted" and rng.random() < 0.5:
        return replace(norm, strength=0.7 if norm.strength == 1.0 else 1.0)
    if norm.condition and rng.random() < 0.5:
        return replace(norm, condition=norm.condition[1:])
    more = [f for f in FACT_CONCEPTS if f not in {c.removeprefix("not ") for c in norm.condition} | set(norm.exception)]
    return replace(norm, condition=tuple(sorted((*norm.condition, str(rng.choice(more))))))


@dataclass(frozen=True)
class Cell:
    """One charter: what is trained, and what is true.

    Attributes:
        wrong: item id -> how it was planted wrong.
        truth: (F,) index of the variant of each item that is meant.
    """

    key: int
    seed: Seed
    probes: tuple[Probe, ...]
    wrong: dict[str, Wrong]
    truth: Ints
    record: dict[str, object]

    def settings(self, beliefs: str) -> Settings:
        """Those of ``init``, but that nothing is trained for a reader who isn't there."""
        tables = {"key": self.key, "system": self.record, "embedder": {"kind": "tfidf"}, "ask": {"consequences": 0}}
        return parse({**tables, "belief": {"kind": beliefs}})

    @cached_property
    def materials(self) -> Materials:
        """What measurements share."""
        return build_materials(Path(_scratch().name), self.settings("joint"), self.seed, self.seed, self.probes, ())

    def error(self, standing: Ints, materials: Materials | None = None) -> float:
        """Squared distance of what is deployed from what is meant; the engine has no randomness."""
        system, shared = self.settings("joint").system, materials or self.materials
        seeds = np.stack([standing, self.truth]).astype(np.int16)
        outcomes = system.train(Rows(seeds, np.zeros(2, np.int64)), shared)
        ours, true = np.asarray(system.geometry(shared).embed(outcomes.values), np.float64)
        return float(((ours - true) ** 2).sum())

    @cached_property
    def start(self) -> float:
        """The error before any answer."""
        return self.error(np.zeros(len(self.seed), np.int64))


@cache
def _scratch() -> tempfile.TemporaryDirectory[str]:
    """Where embeddings of measurements lie while this process lives."""
    return tempfile.TemporaryDirectory()


@lru_cache(maxsize=1)
def cell(key: int) -> Cell:
    """The charter of a key."""
    rng = generator(key, "planted dicta")
    made = charter(key, NORMS, PROBES)
    norms = [x for x in made.lines if isinstance(x.says, Norm)]
    copied = [norms[i] for i in rng.permutation(len(norms))[:COPIES]]
    lines = [*made.lines, *(replace(x, id=f"again-{x.id}", text=say_norm(x.says, rng)) for x in copied)]
    lines = [lines[i] for i in rng.permutation(len(lines))]
    at = [n for n, x in enumerate(lines) if isinstance(x.says, Norm)]
    planted = set(rng.permutation(at)[: round(PLANTED * len(lines))].tolist())
    items, truth, wrong = [], [], {}
    for n, line in enumerate(lines):
        right = Text(text=line.text, authority=line.authority)
        if not isinstance(line.says, Norm):
            items.append(Item(id=line.id, payload=right))
            truth.append(0)
            continue
        how = WRONGS[int(rng.integers(len(WRONGS)))]
        other = planted_as(line.says, how, rng)
        rival = Text(text=say_norm(other, rng), authority=other.authority)
        here, there = (rival, right) if n in planted else (right, rival)
        items.append(Item(id=line.id, payload=here, alternatives=(Variant(id="wording-1", payload=there),)))
        truth.append(2 if n in planted else 0)
        if n in planted:
            wrong[line.id] = how
    record = {k: v for k, v in record_of(made.engine()).items() if k != "revision"}
    return Cell(key, Seed(items=tuple(items)), made.places(), wrong, np.array(truth, np.int64), record)


def cells(n: int) -> list[Cell]:
    """The first n charters whose planted mistakes decide something."""
    out: list[Cell] = []
    key = 0
    while len(out) < n:
        found = cell(key)
        if found.start > NOTHING:
            out.append(found)
        key += 1
    return out


# --- studies ----------------------------------------------------------------------------------------------------------


def heard(of: Cell, error: float) -> list[list[str]]:
    """(F, HEARINGS) what the annotator says of each item, asked for the nth time: the same in every order."""
    rng = generator(of.key, "annotator of dicta", round(100 * error))
    out = []
    for item, right in zip(of.seed.items, of.truth, strict=True):
        ids = [v.id for v in item.variants]
        others = [v for v in ids if v != ids[right]]
        slips, which = rng.random(HEARINGS) < error, rng.integers(len(others), size=HEARINGS)
        out.append([others[w] if slip else ids[right] for slip, w in zip(slips, which, strict=True)])
    return out


def scores(order: str, of: Cell, asked: Asked) -> Floats:
    """(F,) the higher the sooner; ties are broken by what the order is no reason for."""
    draw = generator(of.key, "order of dicta").random(len(of.seed))
    if order == "random":
        return draw
    if order == "lowest credibility":
        return np.asarray(-asked.credibility + 1e-9 * draw)
    if order == "near-duplicates":
        return likeness(of) + 1e-9 * draw
    ranking = asked.now.ranking
    return np.asarray(ranking.columns["first_order"], np.float64) + 1e-12 * draw


def likeness(of: Cell) -> Floats:
    """(F,) cosine of each item to the nearest other one."""
    x = np.asarray(of.materials.features([i.payload for i in of.seed.items]), np.float64)
    x /= np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12)
    near = x @ x.T
    np.fill_diagonal(near, -1.0)
    return np.asarray(near.max(1))


def curve(of: Cell, order: str, beliefs: str, error: float) -> list[dict[str, float]]:
    """What is left after every batch, until 0.3 is reached, nothing is left to ask, or it is given up."""
    says = heard(of, error)
    with tempfile.TemporaryDirectory() as scratch:
        study = new_study(
            Path(scratch) / "study",
            of.seed,
            of.settings(BELIEFS[beliefs]),
            Path(scratch) / "kept",
            pool=(),
            probes=of.probes,
        )
        asked = Asked(study, lambda item, time: says[item][time % HEARINGS])
        times = np.zeros(len(of.seed), np.int64)
        out: list[dict[str, float]] = []
        try:
            while True:
                out.append(
                    {
                        "q": float(asked.lines),
                        "minutes": float(asked.minutes),
                        "error": of.error(asked.standing, study.materials),
                        "found": float(sum(of.seed.position(i) in asked.asked for i in of.wrong)),
                    }
                )
                below = out[-1]["error"] <= LEVEL * of.start and asked.lines >= LOOK
                if below or asked.lines >= MOST or not _ask(of, order, asked, times):
                    return out
        finally:
            study.close()


def _ask(of: Cell, order: str, asked: Asked, times: Ints) -> bool:
    if order == "value":
        return asked.answer()
    score = scores(order, of, asked)
    # whoever was asked about least often is due, and among those whoever scores highest
    picks = np.lexsort((-score, times))[: asked.study.settings.ask.batch]
    times[picks] += 1
    return asked.answer(picks.tolist())


# --- rows -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Run:
    """A finished study."""

    key: int
    order: str
    beliefs: str
    error: float
    start: float
    planted: int
    curve: Curve

    @property
    def answers(self) -> float:
        """Answered lines needed."""
        return crossing(self.curve, "error", LEVEL * self.start, UNREACHED)

    @property
    def minutes(self) -> float:
        """The same in minutes."""
        return crossing(self.curve, "error", LEVEL * self.start, UNREACHED, "minutes")

    @property
    def left(self) -> float:
        """Share of the error that is left after 16 answers."""
        return height(self.curve, "error", LOOK) / self.start

    @property
    def found(self) -> float:
        """Share of the planted mistakes that were asked about in 16 answers."""
        return height(self.curve, "found", LOOK) / self.planted


def run(job: tuple[int, str, str, float]) -> Run:
    """One study: of the charter of a key, in an order, with beliefs, under an annotator who errs."""
    import torch

    torch.set_num_threads(1)
    key, order, beliefs, error = job
    of = cell(key)
    return Run(of.key, order, beliefs, error, of.start, len(of.wrong), curve(of, order, beliefs, error))


def interval(values: Sequence[float]) -> list[float]:
    """95 % bootstrap interval of a mean over charters."""
    x = np.asarray(values, np.float64)
    picks = np.random.default_rng(0).integers(0, len(x), (RESAMPLES, len(x)))
    return [float(v) for v in np.percentile(x[picks].mean(1), [2.5, 97.5])]


def rows_of(runs: Sequence[Run]) -> list[Row]:
    """The table: answers needed by every order, and what ``value`` needs over each, paired by charter."""
    by: dict[tuple[float, str, str], dict[int, Run]] = {}
    for r in runs:
        by.setdefault((r.error, r.order, r.beliefs), {})[r.key] = r
    out: list[Row] = []
    for (error, order, beliefs), found in sorted(by.items(), key=lambda x: (x[0][0], ORDERS.index(x[0][1]), x[0][2])):
        head = f"dicta, annotator errs {error:g}, {_named(order, beliefs)}"
        for what, of in (
            ("answers until the deployed outcome errs 0.3 of its start", [r.answers for r in found.values()]),
            ("minutes until then", [r.minutes for r in found.values()]),
            ("error left after 16 answers", [r.left for r in found.values()]),
        ):
            out.append(row(f"{head}: {what}", float(np.mean(of)), interval(of)))
        came = sum(r.answers < UNREACHED for r in found.values())
        out.append(share(f"{head}: studies that come there within {MOST} answers", came, len(found)))
    value = _named("value", "learning")
    for error in sorted({r.error for r in runs}):
        ours = by.get((error, "value", "learning"), {})
        for order in ORDERS:
            for beliefs in BELIEFS:
                theirs = by.get((error, order, beliefs), {})
                if not ours or not theirs or theirs is ours:
                    continue
                ratios = [ours[k].answers / theirs[k].answers for k in ours if k in theirs]
                ends, ratio = interval(ratios), float(np.mean(ratios))
                aimed = order == "random" and error <= TARGETED
                out.append(
                    row(
                        f"dicta, annotator errs {error:g}: answers, {value} over {_named(order, beliefs)}",
                        ratio,
                        ends,
                        "< 1" if aimed else "-",
                        ends[1] < 1.0 if aimed else None,
                    )
                )
    return out


def _named(order: str, beliefs: str) -> str:
    return f"{order} with {beliefs} beliefs" if order in BELIEVING else order


def question_rows(data: Path | None = None, quick: bool = False, jobs: int = 2) -> list[Row]:
    """The rows of this part of the benchmark; it needs no data.

    Args:
        quick: 6 charters instead of 20, and annotators who err 0 and .1 alone.
        jobs: processes.
    """
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    found = cells(QUICK if quick else CHARTERS)
    errors = ERRORS[:2] if quick else ERRORS
    pairs = [(order, b) for order in ORDERS for b in BELIEFS if b == "learning" or order in BELIEVING]
    todo = [(c.key, order, beliefs, e) for e in errors for c in found for order, beliefs in pairs]
    with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:
        runs = list(pool.map(run, todo, chunksize=1))
    planted = [len(c.wrong) / len(c.seed) for c in found]
    lines = [len(c.seed) for c in found]
    return [
        row("dicta in a charter, mean", float(np.mean(lines)), [min(lines), max(lines)], ">= 40", min(lines) >= 40),
        row("share of them planted wrong, mean", float(np.mean(planted)), [min(planted), max(planted)]),
        *rows_of(runs),
    ]
