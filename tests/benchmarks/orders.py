"""Orders of asking on the persona task, and the curve of what is left after each batch of answers.

The flat orders keep the author's belief of every unasked item. The product's default lets beliefs learn
(`activeseed.belief`), draws its regression's rows from them and asks by value (`activeseed.acquisition`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from activeseed.acquisition import choose, item_candidates
from activeseed.belief import Belief, BeliefSettings, fit_belief, vouching_evidence
from activeseed.estimators.regression import Regression
from activeseed.outcome import Outcomes, Ranking, join_outcomes
from activeseed.plan import Floats, Law, Rows, generator, join_rows, stream_key
from activeseed.protocols import Problem
from tests.benchmarks.persona import DRAWS, Cell

BATCH, MOST = 4, 80
LEVEL = 0.3
ORDERS = ("random", "uncertainty", "approval", "cleanlab", "leave-one-out", "first-order", "oracle", "default")


@dataclass
class State:
    """What an order may look at, besides the oracle, which also reads ``cell.truth``."""

    cell: Cell
    answers: dict[int, float] = field(default_factory=dict)
    evidence: Floats | None = None
    memo: dict[str, Any] = field(default_factory=dict)

    @property
    def open(self) -> np.ndarray:
        """Numbers of the items nobody has been asked about."""
        return np.setdiff1d(np.arange(len(self.cell.seed)), list(self.answers))

    @property
    def flat(self) -> Floats:
        """(F,) the author's belief where nobody has answered, the answer where somebody has."""
        p = self.cell.prior.probabilities[:, 0].copy()
        for i, said in self.answers.items():
            p[i] = said
        return p

    @property
    def standing(self) -> Floats:
        """(F,) the seed that only answers change."""
        return np.where(self.flat > 0, 1.0, 0.0)

    @property
    def rejected(self) -> list[int]:
        return [i for i, said in self.answers.items() if said == 0]


def regress(cell: Cell, law: Law, rows_law: Law, stream: int) -> tuple[Ranking, Rows, Outcomes]:
    """The product's regression: its ranking, and the rows it trained."""
    problem = Problem(
        seed=cell.seed,
        law=law,
        rows_law=rows_law,
        geometry=cell.league.geometry(cell.materials),
        deterministic=not cell.league.streams,
        weighted=True,
        stream=stream,
        first_key=1000,
    )
    run = Regression(pairs=3).run(problem)
    request = next(run)
    seen: list[tuple[Rows, Outcomes]] = []
    while True:
        rows = request.design.block(0, request.design.size)
        outcomes = cell.league.train(rows, cell.materials)
        seen.append((rows, outcomes))
        try:
            request = run.send(outcomes)
        except StopIteration as done:
            return done.value, join_rows([r for r, _ in seen]), join_outcomes([o for _, o in seen])


def two(p: Floats, name: str) -> Law:
    """A law over *as written* and *absent*."""
    return Law(name, np.stack([p, 1.0 - p], 1))


# --- scores of the flat orders: the higher, the sooner asked --------------------------------------------------------


def approval(state: State) -> Floats:
    """(F,) approval of every item by an evaluator trained on the belief-weighted seed."""
    if "approval" not in state.memo:
        vouching = state.cell.train(state.flat, weights=True)[0].vouching
        assert vouching is not None
        state.memo["approval"] = vouching[0].astype(np.float64)
    return np.asarray(state.memo["approval"])


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


def self_confidence(state: State) -> Floats:
    p, labels = out_of_fold(state.cell.features, state.cell.pool_features, state.rejected)
    f = len(state.cell.seed)
    return np.asarray(-np.where(labels[:f] == 1, p[:f], 1.0 - p[:f]))


def leave_one_out(state: State) -> Floats:
    """Squared distance between the seed as answered and the same without the item."""
    todo = state.open
    without = np.tile(state.standing, (len(todo), 1))
    without[np.arange(len(todo)), todo] = 0.0
    trained = state.cell.train(np.r_[state.standing[None], without])
    moved = [state.cell.points(o)[1:] - state.cell.points(o)[:1] for o in trained]
    out = np.full(len(state.cell.seed), -np.inf)
    out[todo] = (moved[0] * moved[-1]).sum(1)
    return out


def _regression(state: State) -> tuple[Ranking, Outcomes]:
    law = two(state.flat, "author's belief and answers")
    ranking, _, outcomes = regress(state.cell, law, law, stream_key(state.cell.key, "rows", len(state.answers)))
    return ranking, outcomes


def first_order(state: State) -> Floats:
    return np.asarray(_regression(state)[0].columns["first_order"], np.float64)


def oracle(state: State) -> Floats:
    """Reads the truth: by how much the ensemble's error falls if the item's answer comes now, by linear effects."""
    ranking, outcomes = _regression(state)
    surrogate = ranking.surrogate
    assert surrogate is not None
    f = len(state.cell.seed)
    effect = -surrogate.coefficients[:, 1, :]
    square = surrogate.gram.reshape(f, 2, f, 2)[:, 1, :, 1].diagonal()
    noise = np.maximum((effect**2).sum(1) - square, 0.0)
    bias = state.cell.points(outcomes).mean(0) - state.cell.target[0]
    p = state.flat
    step = (state.cell.truth - p)[:, None] * effect
    gain = (bias**2).sum() - ((bias + step) ** 2).sum(1) + (state.cell.truth - p) ** 2 * noise
    return np.asarray(gain + p * (1.0 - p) * square)


SCORES: dict[str, Callable[[State], Floats]] = {
    "random": lambda s: generator(s.cell.key, "benchmark", "random").random(len(s.cell.seed)),
    "uncertainty": lambda s: -np.abs(approval(s) - 0.5),
    "approval": lambda s: -approval(s),
    "cleanlab": self_confidence,
    "leave-one-out": leave_one_out,
    "first-order": first_order,
    "oracle": oracle,
}


# --- the product's default ------------------------------------------------------------------------------------------


def believe(state: State, settings: BeliefSettings) -> Belief:
    """The belief after the answers so far; the annotator's error rate counts as known."""
    cell = state.cell
    likelihood = np.ones((len(cell.seed), 2))
    for i, said in state.answers.items():
        likelihood[i] = [1.0 - cell.error, cell.error] if said else [cell.error, 1.0 - cell.error]
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
    stream = stream_key(state.cell.key, "rows", len(state.answers))
    ranking, rows, outcomes = regress(state.cell, belief.law, belief.law, stream)
    state.evidence = vouching_evidence(rows, outcomes, before=state.evidence)
    assert ranking.surrogate is not None
    return ranking.surrogate.gram


def curve(cell: Cell, order: str, settings: BeliefSettings, most: int = MOST) -> list[dict[str, float]]:
    """What is left after 0, 4, 8, … answers; ends early (from 16 answers on) once every measure has reached 0.3.

    Returns one record a batch: ``q``; ``ensemble``, ``bias2``, ``variance``, ``believed``, ``answered`` (squared
    errors); ``brier`` of the unasked items; ``found`` wrong items asked about; ``proposed`` good items, so far, whose
    most credible variant was *absent* while nobody had been asked.
    """
    state = State(cell)
    out: list[dict[str, float]] = []
    proposed: set[int] = set()
    learns = order == "default"
    gram: Floats | None = None
    while True:
        q, state.memo = len(state.answers), {}
        belief: Belief | None = None
        if learns:
            # as a round of a study goes: what is believed so far says which rows to train, the rows renew the
            # evidence, and the evidence the belief
            if len(state.open):
                gram = surrogate_of(state, believe(state, settings))
            belief = believe(state, settings)
            credible = belief.credibility
            draws = belief.draw(DRAWS, stream_key(cell.key, "draws")) == 0
            modal = belief.modal == 0
        else:
            credible = state.flat
            draws = cell.uniforms < credible
            modal = credible >= 0.5
        todo = state.open
        out.append(_record(state, credible, draws, modal, proposed))
        if _done(cell, out[-1]) or q >= most or not len(todo):
            return out
        n = min(BATCH, len(todo))
        if belief is not None:
            assert gram is not None
            open_items = set(todo.tolist())
            candidates = [c for c in item_candidates(cell.seed, belief) if c.items[0] in open_items]
            stands = np.where(state.standing > 0, 0, 1)
            best = choose(gram, belief, candidates, n, error=cell.error, deployed=stands)
            picks = [p.candidate.items[0] for p in best]
            picks += [i for i in todo[np.argsort(credible[todo], kind="stable")] if i not in picks][: n - len(picks)]
        else:
            score = np.asarray(SCORES[order](state), np.float64).copy()
            score[list(state.answers)] = -np.inf
            picks = np.argsort(-score, kind="stable")[:n].tolist()
        for i in picks:
            state.answers[int(i)] = float(cell.heard[i])


def _record(
    state: State, credible: Floats, draws: np.ndarray, modal: np.ndarray, proposed: set[int]
) -> dict[str, float]:
    cell, todo = state.cell, state.open
    trained = cell.train(np.r_[draws.astype(np.float64), modal.astype(np.float64)[None], state.standing[None]])
    errors = cell.errors(trained)
    misses = [m[:DRAWS] for m in cell.misses(trained)]
    centred = [m - m.mean(0) for m in misses]
    variance = float((centred[0] * centred[-1]).sum() / (DRAWS - 1))
    proposed |= {int(i) for i in todo if not modal[i] and cell.truth[i] == 1}
    return {
        "q": float(len(state.answers)),
        "ensemble": float(errors[:DRAWS].mean()),
        "bias2": float((misses[0].mean(0) * misses[-1].mean(0)).sum() - variance / DRAWS),
        "variance": variance,
        "believed": float(errors[DRAWS]),
        "answered": float(errors[DRAWS + 1]),
        "brier": float(((credible - cell.truth)[todo] ** 2).mean()) if len(todo) else 0.0,
        "found": float(sum(cell.truth[i] == 0 for i in state.answers)),
        "proposed": float(len(proposed)),
    }


def _done(cell: Cell, now: dict[str, float]) -> bool:
    ensemble, written = cell.start
    below = now["ensemble"] <= LEVEL * ensemble and max(now["believed"], now["answered"]) <= LEVEL * written
    return now["q"] >= 16 and below
