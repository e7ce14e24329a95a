"""What any few items removed can do: bounds against brute force, and how loose they are on real features.

A part of `outcomes` beside this file.

*Brute force.* 64 small problems of each kind (9 to 14 items, k up to 3, weak and strong regularisation, with and
without an intercept or what can't be removed), every set of up to k retrained in double precision; then all single
removals on larger ones, and on the real features those and the strongest sets by influence. A violation is a set that
moves a score further than was proved.

*Looseness* is proved / seen, the strongest set for each probe found by influence and retrained: the median over probes
and behaviours, 1 being exact. Logistic heads (scikit-learn's objective, with its intercept) over text embeddings of
persona: 80 and 400 statements of a behaviour, half of them matching, read at 40 others (sets are retrained for 10 of
them). C = 1, and C by 5-fold cross validation. At any C beside it the mean size of the scores: a strongly regularised
head is bounded tightly and says nothing. Without data the embeddings are planted: 384 entries, unit length, two
directions among noise of the size that persona's have.

*Interval training* is what others offer for the early-stopped case; it is measured on the same descents.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from activeseed.analyses.removal.bounding import Bounding
from activeseed.analyses.removal.curvature import Moves, Optimum
from activeseed.analyses.removal.interval import boxed
from activeseed.analyses.removal.trajectory import Descent
from activeseed.convex import Convex
from activeseed.plan import Floats, generator
from tests.benchmarks._report import row

#: retrained minima agree to some 1e-12
AGREES = 1e-9
SMALL, QUICK_SMALL = 64, 16
#: behaviours, and statements that a head learns from
BEHAVIOURS, QUICK_BEHAVIOURS, SIZES = 4, 2, (80, 400)
REMOVED, PROBES, SEEN, STRENGTHS = (1, 3, 10), 40, 10, (0.01, 1.0)
#: looseness above which a bound is called vacuous
VACUOUS = 5.0
#: stands for a ratio where nothing is proved
UNBOUNDED = 1e6
SECONDS = 2.0


def removal_rows(data: Path | None, quick: bool) -> list[dict[str, Any]]:
    """All rows of this part."""
    n = QUICK_SMALL if quick else SMALL
    rows = [*exhaustive_rows(n), *single_rows(quick)]
    heads, where = persona_heads(data, QUICK_BEHAVIOURS if quick else BEHAVIOURS)
    return [*rows, *looseness_rows(heads, where), *descent_rows(heads, where)]


# --- brute force ----------------------------------------------------------------------------------------------------


def small(root: int, *, early: bool) -> tuple[Convex, int]:
    """A small problem, and how many items are removed."""
    rng = generator(root, "removals", int(early))
    k = 1 + root % 3
    n, d = (14, 3) if k < 3 else (11, 3)
    x, t = (0.3, 1.0, 2.0)[root // 3 % 3] * rng.normal(size=(n, d)), np.zeros(n)
    t[rng.permutation(n)[: n // 2]] = 1.0
    probes = rng.normal(size=(6, d))
    if not early:
        l2 = (0.1, 1.0, 10.0)[root // 9 % 3]
        return Convex(x, t, rng.uniform(0.5, 1.5, n), probes, l2, "at its optimum", constant=float(root % 2)), k
    steps, kept = (5, 25, 60)[root // 9 % 3], 6 * (root % 2)
    return Convex(
        x, t, np.ones(n), probes, 0.01, "early-stopped", normalised=True, constant=0.7 * (root % 2),
        kept=rng.normal(size=(kept, d)), kept_targets=np.zeros(kept), kept_weights=np.full(kept, 1 / max(kept, 1)),
        steps=steps, rate=(1.0, 0.5, 0.2)[root // 3 % 3],
    ), k  # fmt: skip


def excess(convex: Convex, k: int, sets: Iterator[tuple[int, ...]]) -> tuple[int, int, Floats]:
    """Of these sets how many there are, how many move a score further than proved, and (P,) proved / largest move."""
    n = len(convex.features)
    bounding = Bounding(convex, np.ones(n))
    bound, base = bounding.of(k), bounding.scores()
    beyond, tried, worst = 0, 0, np.zeros(len(base))
    for gone in sets:
        moved = bounding.scores(np.isin(np.arange(n), gone)) - base
        tried += 1
        beyond += bool((moved > bound.moved.high + AGREES).any() or (moved < bound.moved.low - AGREES).any())
        worst = np.maximum(worst, np.abs(moved))
    reach = np.maximum(-bound.moved.low, bound.moved.high)
    return tried, beyond, np.minimum(reach / np.maximum(worst, 1e-300), UNBOUNDED)


def exhaustive_rows(problems: int) -> list[dict[str, Any]]:
    """Every set of up to k items of small problems."""
    rows = []
    for early, what in ((False, "two-sided curvature"), (True, "trajectory")):
        total, beyond, ratios = 0, 0, []
        for root in range(problems):
            convex, k = small(root, early=early)
            n = len(convex.features)
            every = (s for size in range(1, k + 1) for s in combinations(range(n), size))
            tried, bad, ratio = excess(convex, k, every)
            total, beyond = total + tried, beyond + bad
            ratios.append(float(np.median(ratio)))
        claim = f"removals beyond the {what} bound, all {total:,} sets of {problems} small problems (k ≤ 3)"
        rows.append(row(claim, float(beyond), target="0", met=beyond == 0))
        middle = [float(np.quantile(ratios, q)) for q in (0.1, 0.5, 0.9)]
        claim = f"  its bound / the true worst case there, median problem [10 %, 90 %], {_vacuous(ratios)}"
        rows.append(row(claim, middle[1], [middle[0], middle[2]]))
    return rows


def _vacuous(ratios: list[float]) -> str:
    return f"above {VACUOUS:g} in {sum(r > VACUOUS for r in ratios)} of {len(ratios)}"


def single_rows(quick: bool) -> list[dict[str, Any]]:
    """All removals of one item on larger problems."""
    rows = []
    for early, what in ((False, "two-sided curvature"), (True, "trajectory")):
        total, beyond, ratios = 0, 0, []
        for root in range(3 if quick else 10):
            rng = generator(root, "single removals")
            n, d = 120, 20
            x, t = rng.normal(size=(n, d)) / d**0.5, (rng.random(n) < 0.5).astype(float)
            probes = rng.normal(size=(10, d)) / d**0.5
            convex = (
                Convex(x, t, np.ones(n), probes, 1e-3, "", normalised=True, steps=60, rate=2.0)
                if early
                else Convex(x, t, np.ones(n), probes, 0.3, "", constant=1.0)
            )
            tried, bad, ratio = excess(convex, 1, combinations(range(n), 1))
            total, beyond, ratios = total + tried, beyond + bad, [*ratios, *ratio.tolist()]
        claim = f"removals beyond the {what} bound, all {total:,} single items of 120-item problems"
        rows.append(row(claim, float(beyond), target="0", met=beyond == 0))
        rows.append(row("  its bound / the true worst case there, median", float(np.median(ratios))))
    return rows


# --- real features --------------------------------------------------------------------------------------------------


def persona_heads(data: Path | None, behaviours: int) -> tuple[list[tuple[Floats, Floats]], str]:
    """(features, labels) of statements by behaviour, and where they are from."""
    if data is not None and (data / "persona" / "statements.csv").is_file():
        return _embedded(data, behaviours)
    out = []
    for root in range(behaviours):
        rng = generator(root, "planted embeddings")
        t = (rng.random(440) < 0.5).astype(float)
        common, side = rng.normal(size=(2, 384)) / 384**0.5
        x = (
            0.55 * common
            + 0.3 * np.where(t > 0, 1.0, -1.0)[:, None] * side
            + 0.8 * rng.normal(size=(440, 384)) / 384**0.5
        )
        out.append((x / np.linalg.norm(x, axis=1, keepdims=True), t))
    return out, "planted embeddings, no data"


def _embedded(data: Path, behaviours: int) -> tuple[list[tuple[Floats, Floats]], str]:
    from activeseed.embedders import MiniLM, Tfidf
    from tests.benchmarks.persona import Statements

    statements = Statements.read(data)
    named, matches = np.array(statements.behaviours), np.array(statements.matches)
    embedder = MiniLM() if MiniLM.installed() else Tfidf().fit(statements.texts)
    out = []
    for name in statements.names[:: max(1, len(statements.names) // behaviours)][:behaviours]:
        rng = generator(0, "removals", name)
        chosen = rng.permutation(np.flatnonzero(named == name))[: max(SIZES) + PROBES]
        x = np.asarray(embedder.embed([statements.texts[i] for i in chosen]), np.float64)
        out.append((x, matches[chosen].astype(float)))
    return out, f"persona, {embedder.kind}"


def head(x: Floats, t: Floats, n: int, strength: float) -> Convex:
    """Logistic regression with scikit-learn's objective, read at what it did not learn from."""
    probes = x[max(SIZES) : max(SIZES) + PROBES]
    return Convex(x[:n], t[:n], np.full(n, strength), probes, 1.0, "", constant=1.0)


def looseness(bounding: Bounding, moved: Any, influence: Floats, k: int) -> tuple[list[float], int]:
    """Proved / seen at some probes, the strongest set of either sign retrained, and how many went beyond."""
    base, ratios, beyond = bounding.scores(), [], 0
    for p, effects in enumerate(influence[:SEEN]):
        seen = 0.0
        for sign in (1.0, -1.0):
            gone = np.zeros(len(effects), bool)
            gone[np.argsort(-sign * effects)[:k]] = True
            change = bounding.scores(gone) - base
            beyond += bool((change > moved.high + AGREES).any() or (change < moved.low - AGREES).any())
            seen = max(seen, abs(float(change[p])))
        ratios.append(min(float(max(-moved.low[p], moved.high[p]) / seen), UNBOUNDED))
    return ratios, beyond


def cross_validated(x: Floats, t: Floats) -> float:
    """The C of least log loss in 5 folds."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_score

    strengths = 10.0 ** np.arange(-2, 4)
    scores = [
        cross_val_score(LogisticRegression(C=c, max_iter=5000), x, t, cv=5, scoring="neg_log_loss").mean()
        for c in strengths
    ]
    return float(strengths[int(np.argmax(scores))])


def looseness_rows(heads: list[tuple[Floats, Floats]], where: str) -> list[dict[str, Any]]:
    """How loose the curvature bound is on logistic heads, how long it takes, and what the heads say."""
    rows, beyond, tried, slowest = [], 0, 0, 0.0
    for label in (*(f"C = {c:g}" for c in STRENGTHS), "cross-validated C"):
        found: dict[int, list[float]] = {k: [] for k in REMOVED}
        sizes, chosen = [], []
        for x, t in heads:
            for n in SIZES:
                c = cross_validated(x[:n], t[:n]) if "cross" in label else float(label.removeprefix("C = "))
                convex = head(x, t, n, c)
                chosen.append(c)
                sizes.append(float(np.abs(convex.scores(np.ones(n))).mean()))
                for k in REMOVED:
                    began = time.process_time()
                    bounding = Bounding(convex, np.ones(n))
                    bound = bounding.of(k)
                    slowest = max(slowest, time.process_time() - began)
                    ratios, bad = looseness(bounding, bound.moved, bound.influence, k)
                    beyond, tried, found[k] = beyond + bad, tried + 2 * len(ratios), found[k] + ratios
        more = f", C {min(chosen):g} to {max(chosen):g}" if "cross" in label else ""
        for k, ratios in found.items():
            middle = float(np.median(ratios))
            most = {1: 1.7, 10: 3.0}.get(k) if label == "C = 1" else None
            claim = f"proved / seen, any {k} of {SIZES[0]} or {SIZES[1]} removed, {label}{more} ({where})"
            if most is None and middle > VACUOUS:
                claim += ": vacuous"
            ends = [float(np.quantile(ratios, q)) for q in (0.05, 0.95)]
            target, met = ("-", None) if most is None else (f"<= {most:g}", middle <= most)
            rows.append(row(claim, middle, ends, target, met))
        rows.append(row(f"  mean |score| of these heads, {label}", float(np.mean(sizes))))
    claim = f"removals beyond the bound, the strongest by influence ({tried:,} sets on {where})"
    rows.append(row(claim, float(beyond), target="0", met=beyond == 0))
    claim = "seconds of one processor for one bound, uniform over all sets, the slowest"
    rows.append(row(claim, slowest, target=f"<= {SECONDS:g}", met=slowest <= SECONDS))
    return [*rows, *single_on_features(heads, where), *textbook_rows(heads, where)]


def single_on_features(heads: list[tuple[Floats, Floats]], where: str) -> list[dict[str, Any]]:
    """All single items of the smaller heads at C = 1."""
    total, beyond = 0, 0
    for x, t in heads:
        tried, bad, _ = excess(head(x, t, SIZES[0], 1.0), 1, combinations(range(SIZES[0]), 1))
        total, beyond = total + tried, beyond + bad
    claim = f"removals beyond the bound, all {total:,} single items of heads over {where}"
    return [row(claim, float(beyond), target="0", met=beyond == 0)]


def textbook_rows(heads: list[tuple[Floats, Floats]], where: str) -> list[dict[str, Any]]:
    """The bound from strong convexity alone, Σ ‖g‖ / Λ, on the same heads without an intercept: what it was before."""
    ratios = []
    for x, t in heads:
        n = SIZES[0]
        convex = Convex(x[:n], t[:n], np.ones(n), x[max(SIZES) : max(SIZES) + PROBES], 1.0, "")
        moves = Moves(Optimum.of(convex, np.ones(n)), 3)
        bounding = Bounding(convex, np.ones(n))
        found = moves.score_range(bounding.points)
        ball = np.linalg.norm(bounding.points, axis=1) * moves.radius
        ratios += (ball / np.maximum(-found.low, found.high)).tolist()
    return [row(f"strong convexity's bound / ours, any 3 of 80, C = 1 ({where})", float(np.median(ratios)))]


def descent_rows(heads: list[tuple[Floats, Floats]], where: str) -> list[dict[str, Any]]:
    """Early-stopped evaluators on the same features: proved / seen, and interval training beside it."""
    rows, beyond, tried = [], 0, 0
    for steps in (10, 25, 100):
        found: dict[int, list[float]] = {k: [] for k in REMOVED}
        intervals: list[float] = []
        sizes = []
        for x, t in heads:
            yes, no = x[t > 0][: SIZES[0]], x[t == 0][:120]
            convex = Convex(
                yes, np.ones(len(yes)), np.ones(len(yes)), x[max(SIZES) : max(SIZES) + PROBES], 1e-3, "",
                normalised=True, constant=0.5**0.5, kept=no, kept_targets=np.zeros(len(no)),
                kept_weights=np.full(len(no), 1 / len(no)), steps=steps, rate=4.0,
            )  # fmt: skip
            bounding = Bounding(convex, np.ones(len(yes)))
            sizes.append(float(np.abs(convex.scores(np.ones(len(yes)))).mean()))
            for k in REMOVED:
                bound = bounding.of(k)
                ratios, bad = looseness(bounding, bound.moved, bound.influence, k)
                beyond, tried, found[k] = beyond + bad, tried + 2 * len(ratios), found[k] + ratios
                if k == 1:
                    assert isinstance(bounding.at, Descent)
                    box = boxed(bounding.at, np.zeros(bounding.points.shape[1]), 1, bounding.points)
                    wide = np.maximum(-box.low, box.high) / np.maximum(-bound.moved.low, bound.moved.high)
                    intervals += wide.tolist()
        for k, ratios in found.items():
            middle = float(np.median(ratios))
            claim = f"proved / seen, any {k} of 80 removed, a league of one round after {steps} steps"
            ends = [float(np.quantile(ratios, q)) for q in (0.05, 0.95)]
            rows.append(row(claim + (": vacuous" if middle > VACUOUS else ""), middle, ends))
        rows.append(
            row(f"  interval training's bound / ours there, k = 1, after {steps} steps", float(np.median(intervals)))
        )
        rows.append(row(f"  mean |score| after {steps} steps", float(np.mean(sizes))))
    claim = f"removals beyond the trajectory bound, the strongest by influence ({tried:,} sets on {where})"
    rows.append(row(claim, float(beyond), target="0", met=beyond == 0))
    return rows
