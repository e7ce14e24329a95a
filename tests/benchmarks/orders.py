"""Orders of asking on the persona task, and the curve of what is left after each batch of answers.

Flat orders keep the author's belief of every unasked item and take each answer at its word. Orders with beliefs ask
through a study: the product's default asks the study's own batch, its rivals name the items and have the study's
league, beliefs and error estimate all the same (and pay for no repeats). Two oracles read the truth, a third knows
every effect and no truth.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np

from activeseed.estimators import Regression
from activeseed.outcome import Ranking
from activeseed.plan import Floats, Law, generator, stream_key
from activeseed.protocols import Problem
from activeseed.seed import ABSENT, AS_WRITTEN
from tests.benchmarks.persona import BELIEF, DRAWS, Cell, across
from tests.benchmarks.studies import Asked, new_study

BATCH, MOST, LOOK = 8, 80, 16
LEVEL = 0.3
#: permutations that *random* is the mean of; with a study behind each, fewer
PERMUTATIONS, STUDIED_PERMUTATIONS = 20, 3
FLAT = (
    "random",
    "uncertainty",
    "approval",
    "cleanlab",
    "leave-one-out",
    "first-order",
    "effects known",
    "oracle answered",
)
STUDIED = ("random, beliefs", "lowest credibility, beliefs", "oracle, beliefs", "default")
ORDERS = (*FLAT, *STUDIED)
#: belief draws a permutation (together they are many), and for each candidate of the oracle
PERMUTED_DRAWS = 16
#: keys over which a score that trains is averaged: as many as a ranking takes
SCORE_KEYS = 8
#: rows from which *effects known* learns them: their error is then a few percent of their size
MANY_ROWS = 4096
Curve = list[dict[str, float]]


@dataclass(frozen=True)
class Look:
    """What is believed after some answers, as presence: draws (DRAWS, F), the most credible and the standing seed."""

    draws: np.ndarray
    modal: np.ndarray
    standing: np.ndarray
    credibility: Floats


class Asking(Protocol):
    """One order on one cell."""

    @property
    def lines(self) -> int:
        """Answered lines so far."""
        ...

    @property
    def minutes(self) -> float:
        """What they were expected to take."""
        ...

    @property
    def asked(self) -> dict[int, None]:
        """Numbers of the items that were asked about."""
        ...

    def look(self) -> Look: ...

    def ask(self) -> bool:
        """Ask a batch and hear the answers; False where nothing is left."""
        ...


# --- orders whose beliefs stay flat ---------------------------------------------------------------------------------


@dataclass
class Flat:
    """An order that never learns: an unasked item is believed at 0.75, an answered one at what was said."""

    cell: Cell
    order: str
    permutation: int = 0
    asked: dict[int, None] = field(default_factory=dict)
    said: dict[int, float] = field(default_factory=dict)
    effects: Floats | None = None

    @property
    def lines(self) -> int:
        return len(self.asked)

    @property
    def minutes(self) -> float:
        return self.lines * float(self.cell.settings.ask.minutes)

    @property
    def open(self) -> np.ndarray:
        """Numbers of the items nobody has been asked about."""
        return np.setdiff1d(np.arange(len(self.cell.seed)), list(self.asked))

    @property
    def law(self) -> Floats:
        """(F,) probability that each item stays."""
        p = np.full(len(self.cell.seed), BELIEF)
        p[list(self.said)] = list(self.said.values())
        return p

    @property
    def standing(self) -> Floats:
        """(F,) the seed that only answers change."""
        return np.where(self.law > 0, 1.0, 0.0)

    def look(self) -> Look:
        p = self.law
        return Look(self.cell.uniforms < p, (p >= 0.5).astype(float), self.standing, p)

    def ask(self) -> bool:
        todo = self.open
        if self.order in ("oracle answered", "effects known"):
            picks = GREEDY[self.order](self, min(BATCH, len(todo)))
        else:
            score = np.asarray(SCORES[self.order](self), np.float64).copy()
            score[list(self.asked)] = -np.inf
            picks = np.argsort(-score, kind="stable")[: min(BATCH, len(todo))].tolist()
        for i in picks:
            self.asked[int(i)] = None
            self.said[int(i)] = float(self.cell.heard(int(i)))
        return bool(picks)


def regress(cell: Cell, law: Law, stream: int, estimator: Regression) -> Ranking:
    """A regression of the product, its rows drawn from a law."""
    problem = Problem(
        seed=cell.seed, law=law, rows_law=law, geometry=cell.geometry, deterministic=not cell.league.traits.streams,
        weighted=True, stream=stream, first_key=1000,
    )  # fmt: skip
    run = estimator.run(problem)
    request = next(run)
    while True:
        try:
            request = run.send(cell.league.train(request.design.block(0, request.design.size), cell.materials))
        except StopIteration as done:
            found: Ranking = done.value
            return found


def approval(state: Flat) -> Floats:
    """(F,) approval of every item by evaluators trained on the belief-weighted seed, mean over keys."""
    weighted = np.tile(state.law, (SCORE_KEYS, 1))
    vouching = state.cell.train(weighted, np.arange(SCORE_KEYS), weights=True).vouching
    assert vouching is not None
    return np.asarray(vouching.mean(0), np.float64)


def out_of_fold(features: Floats, pool: Floats, rejected: Sequence[int]) -> tuple[Floats, np.ndarray]:
    """P(positive) of a logistic regression of seed against pool, 5 folds, and the labels; rejected items are negatives.

    For a given label 1 this is what cleanlab's ``get_self_confidence_for_each_label`` returns.
    """
    from sklearn.linear_model import LogisticRegression

    x = np.r_[features, pool]
    labels = np.r_[np.ones(len(features)), np.zeros(len(pool))]
    labels[list(rejected)] = 0
    fold = np.random.default_rng(5).permutation(len(x)) % 5
    p = np.zeros(len(x))
    for k in range(5):
        model = LogisticRegression(C=10.0, class_weight="balanced", tol=1e-3, max_iter=200)
        p[fold == k] = model.fit(x[fold != k], labels[fold != k]).predict_proba(x[fold == k])[:, 1]
    return p, labels


def self_confidence(state: Flat) -> Floats:
    """(F,) cleanlab's self-confidence, the lower the sooner asked."""
    rejected = [i for i, said in state.said.items() if said == 0]
    p, labels = out_of_fold(state.cell.features, state.cell.pool_features, rejected)
    f = len(state.cell.seed)
    return np.asarray(-np.where(labels[:f] == 1, p[:f], 1.0 - p[:f]))


def leave_one_out(state: Flat) -> Floats:
    """(F,) squared distance between the seed as answered and the same without the item."""
    todo, keys = state.open, np.arange(SCORE_KEYS)
    without = np.tile(state.standing, (len(todo), 1))
    without[np.arange(len(todo)), todo] = 0.0
    seeds = np.r_[state.standing[None], without]
    outcomes = state.cell.train(np.repeat(seeds, SCORE_KEYS, 0), np.tile(keys, len(seeds)))
    points = state.cell.geometry.embed(outcomes.values).reshape(len(seeds), SCORE_KEYS, -1)
    out = np.full(len(state.cell.seed), -np.inf)
    out[todo] = across(points[1:] - points[:1])
    return out


def first_order(state: Flat) -> Floats:
    """(F,) first-order indices under the author's flat belief and the answers."""
    law = Law("author's belief and answers", np.stack([state.law, 1.0 - state.law], 1))
    stream = stream_key(state.cell.key, "rows", len(state.asked))
    ranking = regress(state.cell, law, stream, state.cell.settings.response)
    return np.asarray(ranking.columns["first_order"], np.float64)


SCORES: dict[str, Callable[[Flat], Floats]] = {
    "random": lambda s: generator(s.cell.key, "benchmark", "random", s.permutation).random(len(s.cell.seed)),
    "uncertainty": lambda s: -np.abs(approval(s) - 0.5),
    "approval": lambda s: -approval(s),
    "cleanlab": self_confidence,
    "leave-one-out": leave_one_out,
    "first-order": first_order,
}


def oracle_answered(state: Flat, n: int) -> list[int]:
    """Reads the truth: one by one, the answer after which the seed as answered errs least; trains every candidate."""
    cell, standing, picks = state.cell, state.standing.copy(), []
    for _ in range(n):
        todo = [i for i in state.open if i not in picks]
        changed = np.tile(standing, (len(todo), 1))
        changed[np.arange(len(todo)), todo] = [float(cell.heard(int(i))) for i in todo]
        different = (changed != standing).any(1)
        if not different.any():
            return picks + [int(i) for i in todo[: n - len(picks)]]
        useful = np.flatnonzero(different)
        best = int(useful[np.argmin(cell.errors(changed[useful], SCORE_KEYS))])
        standing = changed[best]
        picks.append(int(todo[best]))
    return picks


def effects_known(state: Flat, n: int) -> list[int]:
    """Knows every effect, and of the truth only the rate that it is drawn with: what no honest order can beat there.

    Greedy on the expected drop of the standing seed's error, by the effects of a long regression.
    """
    cell, f = state.cell, len(state.cell.seed)
    if state.effects is None:
        stream = stream_key(cell.key, "known effects")
        ranking = regress(cell, cell.prior, stream, Regression(rows=MANY_ROWS, pairs=3))
        assert ranking.surrogate is not None
        square = ranking.surrogate.gram.reshape(f, 2, f, 2)
        state.effects = square[:, 0, :, 0] - square[:, 0, :, 1] - square[:, 1, :, 0] + square[:, 1, :, 1]
    p = state.law
    wrong, picks = state.standing - p, []  # expected distance of what stands from the truth, by item
    for _ in range(n):
        mean = np.outer(wrong, wrong)
        np.fill_diagonal(mean, np.abs(wrong))  # E δ² of an open item is the probability that it is wrong
        product = state.effects * mean
        gain = 2.0 * product.sum(1) - product.diagonal()
        gain[[*state.asked, *picks]] = -np.inf
        best = int(np.argmax(gain))
        wrong[best] = 0.0
        picks.append(best)
    return picks


GREEDY: dict[str, Callable[[Flat, int], list[int]]] = {
    "oracle answered": oracle_answered,
    "effects known": effects_known,
}


# --- orders that ask through a study --------------------------------------------------------------------------------


@dataclass
class Studied:
    """An order with the study's beliefs; the default is the study's own batch."""

    cell: Cell
    order: str
    inner: Asked
    permutation: int = 0

    @property
    def lines(self) -> int:
        return self.inner.lines

    @property
    def minutes(self) -> float:
        return self.inner.minutes

    @property
    def asked(self) -> dict[int, None]:
        return self.inner.asked

    def look(self) -> Look:
        draws = self.inner.draws(DRAWS, stream_key(self.cell.key, "draws"))
        modal = self.inner.now.belief.modal == 0
        standing = self.inner.standing == 0
        return Look(draws == 0, modal.astype(float), standing.astype(float), self.inner.credibility)

    def ask(self) -> bool:
        if self.order == "default":
            return self.inner.answer()
        todo = np.array(self.inner.left, np.int64)
        if not len(todo):
            return False
        if self.order == "random, beliefs":
            score = generator(self.cell.key, "benchmark", "random", self.permutation).random(len(self.cell.seed))
        elif self.order == "lowest credibility, beliefs":
            score = -self.inner.credibility
        else:
            score = oracle_gain(self)
        picks = todo[np.argsort(-score[todo], kind="stable")][:BATCH]
        return self.inner.answer(picks.tolist())


def oracle_gain(state: Studied) -> Floats:
    """(F,) reads the truth: by how much the ensemble's error falls once an item is as its answer will say.

    Exact for one item at a time: every candidate is trained, in the same draws and under the same keys.
    """
    cell, todo = state.cell, state.inner.left
    draws = state.look().draws[:PERMUTED_DRAWS].astype(np.float64)
    settled = np.tile(draws, (len(todo), 1, 1))
    for n, i in enumerate(todo):
        settled[n, :, i] = float(cell.heard(i))
    keys = np.tile(2 * np.arange(len(draws)), len(todo))
    errors = across(cell.misses(settled.reshape(-1, draws.shape[1]), 2, keys)).reshape(len(todo), -1).mean(1)
    out = np.full(len(cell.seed), -np.inf)
    out[todo] = -errors
    return out


# --- curves ---------------------------------------------------------------------------------------------------------


def curves(cell: Cell, order: str, most: int = MOST, permutations: int | None = None) -> list[Curve]:
    """One curve, or for a random order one for each permutation."""
    if order not in ORDERS:
        raise ValueError(f"there is no order {order!r}")
    times = 1
    if order.startswith("random"):
        times = permutations or (PERMUTATIONS if order in FLAT else STUDIED_PERMUTATIONS)
    out = []
    for n in range(times):
        if order in FLAT:
            out.append(curve(cell, Flat(cell, order, n), most, DRAWS if times == 1 else PERMUTED_DRAWS))
            continue
        with tempfile.TemporaryDirectory() as scratch:
            study = new_study(
                Path(scratch) / "study", cell.seed, cell.settings, cell.folder, pool=cell.pool, probes=cell.probes
            )
            inner = Asked(study, lambda item, time: (ABSENT, AS_WRITTEN)[cell.heard(item, time)])
            out.append(curve(cell, Studied(cell, order, inner, n), most))
    return out


def curve(cell: Cell, asking: Asking, most: int, draws: int = DRAWS) -> Curve:
    """What is left after every batch; ends early (from 16 answers on) once every measure has reached 0.3.

    Returns one record a batch: ``q`` answered lines and their ``minutes``; ``ensemble``, ``believed``, ``answered``
    (squared errors); ``brier`` of the unasked items; ``items`` asked about; ``found`` wrong ones among them;
    ``proposed`` good items, so far, whose most credible variant was *absent* while nobody had been asked.
    """
    out: Curve = []
    proposed: set[int] = set()
    while True:
        look = asking.look()
        asked = list(asking.asked)
        todo = np.setdiff1d(np.arange(len(cell.seed)), asked)
        proposed |= {int(i) for i in todo if not look.modal[i] and cell.truth[i] == 1}
        misses = cell.ensemble_misses(look.draws[:draws])
        same = bool((look.modal == look.standing).all())
        single = cell.errors(look.standing[None] if same else np.stack([look.modal, look.standing]))
        out.append(
            {
                "q": float(asking.lines),
                "minutes": float(asking.minutes),
                "ensemble": float(across(misses).mean()),
                "believed": float(single[0]),
                "answered": float(single[-1]),
                "brier": float(((look.credibility - cell.truth)[todo] ** 2).mean()) if len(todo) else 0.0,
                "items": float(len(asked)),
                "found": float(sum(cell.truth[i] == 0 for i in asked)),
                "proposed": float(len(proposed)),
            }
        )
        if done(cell, out[-1]) or asking.lines >= most or not asking.ask():
            return out


def done(cell: Cell, now: dict[str, float]) -> bool:
    """Whether every measure is down, and there have been answers enough to look at."""
    ensemble, written = cell.start
    below = now["ensemble"] <= LEVEL * ensemble and max(now["believed"], now["answered"]) <= LEVEL * written
    return now["q"] >= LOOK and below
