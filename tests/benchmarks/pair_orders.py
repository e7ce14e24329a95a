"""Orders of asking about preference pairs, where the flipped ones stand in them, and what is left after each batch.

Flat orders keep the author's belief of every unasked pair. The default is the product's study as ``activeseed init``
makes it, its repeats paid for.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from activeseed.estimators import LeaveOneOut
from activeseed.plan import Floats, Ints, generator, stream_key
from tests.benchmarks.pairs import BELIEF, DRAWS, FLIP, KEEP, NAMES, Cell, auc, median_rank
from tests.benchmarks.studies import Asked, new_study

BATCH, MOST, LOOK, LEVEL = 8, 80, 20, 0.3
ORDERS = ("random", "cleanlab", "default", "oracle")
Record = dict[str, float]


@dataclass
class State:
    """What a flat order may look at, besides the oracle, which also reads ``cell.right``."""

    cell: Cell
    answers: dict[int, int] = field(default_factory=dict)

    @property
    def open(self) -> Ints:
        """Numbers of the pairs nobody has been asked about."""
        return np.setdiff1d(np.arange(len(self.cell.seed)), list(self.answers))

    @property
    def standing(self) -> Ints:
        """(F,) the seed that only answers change."""
        out = np.zeros(len(self.cell.seed), np.int64)
        for i, said in self.answers.items():
            out[i] = said
        return out


# --- scores of the flat orders: the higher, the sooner asked --------------------------------------------------------


def out_of_fold(features: Floats, labels: Ints) -> Floats:
    """(F,) P(given label) of a logistic regression on differences of embeddings, 5 folds: cleanlab's self-confidence.

    Symmetrised: every pair is also shown the other way round with the other label, in the same fold, so the regression
    has no intercept and P(given label) is σ(w·x) of the pair as it stands. Pairs that are out are not learned from.
    """
    from sklearn.linear_model import LogisticRegression

    sign = np.array([1.0, 0.0, -1.0])[labels]
    x = features * np.where(sign == 0, 1.0, sign)[:, None]
    fold = np.random.default_rng(5).permutation(len(x)) % 5
    out = np.zeros(len(x))
    for k in range(5):
        here = x[(fold != k) & (sign != 0)]
        model = LogisticRegression(C=10.0, fit_intercept=False, tol=1e-4, max_iter=500)
        model.fit(np.r_[here, -here], np.r_[np.ones(len(here)), np.zeros(len(here))])
        out[fold == k] = model.predict_proba(x[fold == k])[:, 1]
    return out


def oracle(state: State) -> Floats:
    """Reads the truth: by how much the seed as answered errs less once this pair is put right."""
    cell, todo = state.cell, state.open
    changed = np.tile(state.standing, (len(todo), 1))
    changed[np.arange(len(todo)), todo] = np.where(cell.right[todo], KEEP, FLIP)
    out = np.full(len(cell.seed), -np.inf)
    out[todo] = -cell.errors(cell.train(changed))
    return out


SCORES: dict[str, Callable[[State], Floats]] = {
    "random": lambda s: generator(s.cell.key, "benchmark", "random").random(len(s.cell.seed)),
    "cleanlab": lambda s: -out_of_fold(s.cell.features, s.standing),
    "oracle": oracle,
}


def picked(state: State, order: str, n: int) -> list[int]:
    """The next batch of a flat order."""
    score = np.asarray(SCORES[order](state), np.float64).copy()
    score[list(state.answers)] = -np.inf
    return [int(i) for i in np.argsort(-score, kind="stable")[: min(n, len(state.open))]]


def studied(cell: Cell, folder: Path) -> Asked:
    """The product's study of a cell, in a new folder."""
    unflipped = cell.seed.revise(items=[i.model_copy(update={"alternatives": ()}) for i in cell.seed.items])
    study = new_study(folder, unflipped, cell.settings, cell.folder, pool=(), probes=cell.materials.probes)
    return Asked(study, lambda item, time: NAMES[cell.heard(item, time)], who=cell.rater)


# --- where the flipped pairs stand, and curves ----------------------------------------------------------------------


def standings(cell: Cell) -> dict[str, Record]:
    """AUC and median rank of the flipped pairs before any answer, by every score."""
    scores: dict[str, Floats] = {}
    with tempfile.TemporaryDirectory() as scratch:
        now = studied(cell, Path(scratch) / "study").now
        scores["value"] = np.asarray(now.ranking.columns["value"], np.float64)
        scores["disbelief"] = 1.0 - np.round(now.belief.credibility, 6)
    for law in ("flip", "drop"):
        scores[f"effect ({law})"] = np.asarray(cell.estimate(LeaveOneOut(law=law)).columns["effect"], np.float64)
    scores["cleanlab"] = SCORES["cleanlab"](State(cell))
    scores["random"] = np.zeros(len(cell.seed))  # the expectation: every pair ties with every other
    return {name: {"auc": auc(s, ~cell.right), "rank": median_rank(s, ~cell.right)} for name, s in scores.items()}


def curve(cell: Cell, order: str, most: int = MOST) -> list[Record]:
    """What is left after every batch; ends early, from 20 answers on, once every measure has reached 0.3.

    One record a batch: ``q`` answered lines; ``ensemble``, ``believed``, ``answered`` (squared errors, of the mean
    belief draw, of every pair at its most credible variant, and of the seed that only answers change); accuracies on
    held-out pairs of the ensemble's mean and of the other two; ``found`` flipped pairs asked about; ``auc`` of
    disbelief and ``brier`` of credibility among the unasked.
    """
    if order != "default":
        return _flat(cell, order, most)
    out: list[Record] = []
    with tempfile.TemporaryDirectory() as scratch:
        asked = studied(cell, Path(scratch) / "study")
        while True:
            draws = asked.draws(DRAWS, stream_key(cell.key, "draws"))
            modal = np.asarray(asked.now.belief.modal, np.int64)
            out.append(_record(cell, asked.lines, asked.left, draws, modal, asked.standing, asked.credibility))
            if _done(cell, out[-1]) or asked.lines >= most or not asked.answer():
                return out


def _flat(cell: Cell, order: str, most: int) -> list[Record]:
    state = State(cell)
    out: list[Record] = []
    while True:
        asked = np.isin(np.arange(len(cell.seed)), list(state.answers))
        draws = np.where(asked, state.standing, np.where(cell.uniforms < cell.prior.probabilities[:, KEEP], KEEP, FLIP))
        credible = np.where(asked, state.standing == KEEP, BELIEF).astype(np.float64)
        q = len(state.answers)
        out.append(_record(cell, q, state.open.tolist(), draws, state.standing, state.standing, credible))
        if _done(cell, out[-1]) or q >= most or not len(state.open):
            return out
        for i in picked(state, order, min(BATCH, most - q)):
            state.answers[i] = cell.heard(i)


def _record(cell: Cell, q: int, left: list[int], draws: Ints, modal: Ints, standing: Ints, credible: Floats) -> Record:
    todo = np.array(left, np.int64)
    outcomes = cell.train(np.r_[draws, modal[None], standing[None]])
    errors = cell.errors(outcomes)
    mean = outcomes[:DRAWS].mean(0)
    right = cell.accuracy(np.r_[mean[None], outcomes[DRAWS:]])
    wrong = ~cell.right
    two = bool(len(todo) and wrong[todo].any() and cell.right[todo].any())
    asked = np.setdiff1d(np.arange(len(wrong)), todo)
    return {
        "q": float(q),
        "ensemble": float(errors[:DRAWS].mean()),
        "believed": float(errors[DRAWS]),
        "answered": float(errors[DRAWS + 1]),
        "accuracy_ensemble": float(right[0]),
        "accuracy_believed": float(right[1]),
        "accuracy_answered": float(right[2]),
        "found": float(wrong[asked].sum()),
        "auc": auc(-np.round(credible[todo], 6), wrong[todo]) if two else float("nan"),
        "brier": float(((credible - cell.right)[todo] ** 2).mean()) if len(todo) else 0.0,
    }


def _done(cell: Cell, now: Record) -> bool:
    ensemble, written = cell.start
    below = now["ensemble"] <= LEVEL * ensemble and max(now["believed"], now["answered"]) <= LEVEL * written
    return now["q"] >= LOOK and below
