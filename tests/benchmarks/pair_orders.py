"""Orders of asking about preference pairs, where the flipped ones stand in them, and what is left after each batch.

Flat orders keep the author's belief of every unasked pair. The product's default lets beliefs learn and asks by value.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from activeseed.acquisition import choose, item_candidates, item_values
from activeseed.belief import Belief, BeliefSettings, fit_belief, vouching_evidence
from activeseed.estimators import LeaveOneOut, Regression
from activeseed.plan import Floats, Ints, Law, generator, stream_key
from tests.benchmarks.pairs import BELIEF, DRAWS, FLIP, KEEP, Cell, auc, median_rank

BATCH, MOST, LOOK, LEVEL = 4, 80, 20, 0.3
ORDERS = ("random", "cleanlab", "default", "oracle")
Record = dict[str, float]


@dataclass
class State:
    """What an order may look at, besides the oracle, which also reads ``cell.right``."""

    cell: Cell
    answers: dict[int, int] = field(default_factory=dict)
    evidence: Floats | None = None

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


# --- the product's default ------------------------------------------------------------------------------------------


def believe(state: State, settings: BeliefSettings) -> Belief:
    """The belief after the answers so far; the annotator's error rate counts as known, errors fall evenly."""
    cell = state.cell
    likelihood = np.ones((len(cell.seed), 3))
    for i, said in state.answers.items():
        likelihood[i] = cell.error / 2.0
        likelihood[i, said] = 1.0 - cell.error
    return fit_belief(
        settings,
        cell.prior,
        groups=[item.group for item in cell.seed.items],
        features=cell.features,
        evidence=state.evidence,
        likelihood=likelihood,
        key=stream_key(cell.key, "belief"),
    )


def surrogate_of(state: State, belief: Belief) -> Floats:
    """The gram of a regression whose rows are drawn from the belief; its rows also renew the evidence."""
    cell = state.cell
    problem = cell.problem(belief.law, belief.law, stream_key(cell.key, "rows", len(state.answers)))
    ranking, rows, outcomes = cell.estimate(Regression(pairs=3), problem)
    opposite = [FLIP] * len(cell.seed)
    state.evidence = vouching_evidence(rows, outcomes, opposite=opposite, before=state.evidence)
    assert ranking.surrogate is not None
    return ranking.surrogate.gram


def best(state: State, belief: Belief, gram: Floats, n: int) -> list[int]:
    """The product's next batch; least credible first where values run out."""
    cell, todo = state.cell, state.open
    open_pairs = set(todo.tolist())
    candidates = [c for c in item_candidates(cell.seed, belief) if c.items[0] in open_pairs]
    picks = choose(gram, belief, candidates, n, error=cell.error, deployed=state.standing)
    out = [p.candidate.items[0] for p in picks]
    rest = todo[np.argsort(belief.credibility[todo], kind="stable")].tolist()
    return out + [i for i in rest if i not in out][: n - len(out)]


# --- where the flipped pairs stand, and curves ----------------------------------------------------------------------


def standings(cell: Cell, settings: BeliefSettings) -> dict[str, Record]:
    """AUC and median rank of the flipped pairs before any answer, by every score."""
    scores: dict[str, Floats] = {}
    state = State(cell)
    gram = surrogate_of(state, believe(state, settings))
    belief = believe(state, settings)
    scores["value"] = item_values(gram, belief, cell.error)
    scores["disbelief"] = 1.0 - np.round(belief.credibility, 6)
    for law in ("flip", "drop"):
        ranking, _, _ = cell.estimate(LeaveOneOut(law=law), cell.problem(cell.prior))
        scores[f"effect ({law})"] = np.asarray(ranking.columns["effect"], np.float64)
    scores["cleanlab"] = SCORES["cleanlab"](State(cell))
    scores["random"] = np.zeros(len(cell.seed))  # the expectation: every pair ties with every other
    return {name: {"auc": auc(s, ~cell.right), "rank": median_rank(s, ~cell.right)} for name, s in scores.items()}


def curve(cell: Cell, order: str, settings: BeliefSettings, most: int = MOST) -> list[Record]:
    """What is left after 0, 4, 8, … answers; ends early, from 20 answers on, once every measure has reached 0.3.

    One record a batch: ``q``; ``ensemble``, ``believed``, ``answered`` (squared errors, of the mean belief draw, of
    every pair at its most credible variant, and of the seed that only answers change); accuracies on held-out pairs of
    the ensemble's mean and of the other two; ``found`` flipped pairs asked about; ``auc`` of disbelief and ``brier`` of
    credibility among the unasked.
    """
    state = State(cell)
    learns = order == "default"
    out: list[Record] = []
    gram: Floats | None = None
    flat: Law = cell.prior
    while True:
        q = len(state.answers)
        belief: Belief | None = None
        if learns:
            # as a round of a study goes: what is believed so far says which rows to train, the rows renew the
            # evidence, and the evidence the belief
            if len(state.open):
                gram = surrogate_of(state, believe(state, settings))
            belief = believe(state, settings)
            draws, modal = belief.draw(DRAWS, stream_key(cell.key, "draws")), belief.modal
            credible = belief.credibility
        else:
            asked = np.isin(np.arange(len(cell.seed)), list(state.answers))
            drawn = np.where(cell.uniforms < flat.probabilities[:, KEEP], KEEP, FLIP)
            draws, modal = np.where(asked, state.standing, drawn), state.standing
            credible = np.where(asked, modal == KEEP, BELIEF).astype(np.float64)
        out.append(_record(state, draws, modal, credible))
        todo = state.open
        if _done(cell, out[-1]) or q >= most or not len(todo):
            return out
        n = min(BATCH, len(todo), most - q)
        if belief is not None and gram is not None:
            picks = best(state, belief, gram, n)
        else:
            score = np.asarray(SCORES[order](state), np.float64).copy()
            score[list(state.answers)] = -np.inf
            picks = np.argsort(-score, kind="stable")[:n].tolist()
        for i in picks:
            state.answers[int(i)] = int(cell.heard[i])


def _record(state: State, draws: Ints, modal: Ints, credible: Floats) -> Record:
    cell, todo = state.cell, state.open
    outcomes = cell.train(np.r_[draws, modal[None], state.standing[None]])
    errors = cell.errors(outcomes)
    mean = outcomes[:DRAWS].mean(0)
    right = cell.accuracy(np.r_[mean[None], outcomes[DRAWS:]])
    wrong = ~cell.right
    two = bool(wrong[todo].any() and cell.right[todo].any())
    return {
        "q": float(len(state.answers)),
        "ensemble": float(errors[:DRAWS].mean()),
        "believed": float(errors[DRAWS]),
        "answered": float(errors[DRAWS + 1]),
        "accuracy_ensemble": float(right[0]),
        "accuracy_believed": float(right[1]),
        "accuracy_answered": float(right[2]),
        "found": float(wrong[list(state.answers)].sum()),
        "auc": auc(-np.round(credible[todo], 6), wrong[todo]) if two else float("nan"),
        "brier": float(((credible - cell.right)[todo] ** 2).mean()) if len(todo) else 0.0,
    }


def _done(cell: Cell, now: Record) -> bool:
    ensemble, written = cell.start
    below = now["ensemble"] <= LEVEL * ensemble and max(now["believed"], now["answered"]) <= LEVEL * written
    return now["q"] >= LOOK and below
