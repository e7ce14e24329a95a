"""Which vectors are best at some belief: by linear programs, solved by HiGHS (scipy).

A vector v is needed beside W where some belief b has b·(v − w) > 0 for every w of W. Those that are best at a fixed set
of beliefs are found by a matrix product first; then the programs of others are solved, a few together, the most
promising first. A belief that one of them finds brings in the best vector there (the filter of Lark, in White 1991).
Where there is none, the program's dual is a mixture of W that is nowhere worse, and rules out whatever lies below it,
too. What is best on the boundary between others alone is left out: no value needs it.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from activeseed.plan import Floats, Ints, generator

#: a vector is needed where it is better by more than this share of the vectors' range: rounding of sums is below it
MARGIN = 1e-9
#: beliefs at which the best vectors are found before any program is solved
TRIED = 512
#: programs that are solved together
TOGETHER = 8


def distinct(vectors: Floats) -> Ints:
    """Numbers of vectors (N, Θ) of which no earlier one is the same up to rounding, ascending."""
    _, first = np.unique(np.round(_scaled(vectors) / MARGIN), axis=0, return_index=True)
    return np.sort(first)


def best_somewhere(vectors: Floats) -> Ints:
    """Numbers of the vectors (N, Θ) of which each is best at some belief, ascending; of equal ones the first.

    A maximiser of every b·v over beliefs b is among them, up to ``MARGIN``.
    """
    at = distinct(vectors)
    v = _scaled(vectors)[at]
    if len(v) > 1 and v.shape[1] > 1:
        at, v = _undominated(at, v)
    if len(v) == 1 or v.shape[1] == 1:
        return at[[int(np.argmax(v[:, 0]))]] if v.shape[1] == 1 else at
    kept = np.zeros(len(v), np.bool_)
    kept[_best_at(_beliefs(v.shape[1]), v)] = True
    left = np.flatnonzero(~kept)
    left = left[np.argsort(-v[left].mean(1), kind="stable")]
    while len(left):
        gains, witnesses, mixtures = _programs(v[left[:TOGETHER]], v[kept])
        needed = gains > MARGIN
        ruled = np.zeros(len(left), np.bool_)
        ruled[:TOGETHER][~needed] = True
        for mixture in mixtures[~needed]:
            ruled |= (v[left] <= mixture).all(1)
        left = left[~ruled]
        if needed.any():
            # one that is best at a witness among all that are left is best at some belief
            found = left[_best_at(witnesses[needed], v[left])]
            kept[found] = True
            left = left[~kept[left]]
    return at[kept]


def _undominated(at: Ints, v: Floats) -> tuple[Ints, Floats]:
    """Without vectors that are nowhere above some other one: those best at the beliefs tried beat most of the rest."""
    strong = v[np.unique(_best_at(_beliefs(v.shape[1]), v))]
    below = np.zeros(len(v), np.bool_)
    for w in strong:
        below |= (v <= w).all(1) & (v < w).any(1)
    return at[~below], v[~below]


def _best_at(beliefs: Floats, v: Floats) -> Ints:
    """The best vector at each belief; of those that are equally good the one that is best in the first objective.

    And so on: at a vertex, the boundary of all beliefs, only the lexicographically best is best inside of them, too.
    """
    values = beliefs @ v.T
    ties = values >= values.max(1, keepdims=True) - MARGIN
    order = np.lexsort(v.T[::-1])[::-1]  # the lexicographically largest first
    return np.asarray(np.unique(order[ties[:, order].argmax(1)]))


@lru_cache(maxsize=64)
def _beliefs(objectives: int) -> Floats:
    """(B, Θ) certainty of each, an even belief, and beliefs drawn evenly and near the edges, always the same."""
    rng = generator(0, "beliefs", objectives)
    even, edges = (rng.dirichlet(np.full(objectives, a), TRIED // 2) for a in (1.0, 0.3))
    return np.concatenate([np.eye(objectives), np.full((1, objectives), 1.0 / objectives), even, edges])


def _programs(v: Floats, w: Floats) -> tuple[Floats, Floats, Floats]:
    """For each of v (N, Θ): the most that it is better than all of w (M, Θ) by at any belief, where, and the dual.

    max d over beliefs b with b·(w − v) + d ≤ 0 for every w, one block of variables (b, d) each. The dual is a mixture
    of w that is at most d below v in every objective.
    """
    import scipy.sparse as sp
    from scipy.optimize import linprog

    k, theta = v.shape
    blocks = [np.concatenate([w - one, np.ones((len(w), 1))], axis=1) for one in v]
    belief = np.concatenate([np.ones(theta), [0.0]])
    found = linprog(
        np.tile(-(1.0 - belief), k),
        A_ub=sp.block_diag(blocks, format="csr"),
        b_ub=np.zeros(k * len(w)),
        A_eq=sp.kron(sp.eye(k), belief[None], format="csr"),
        b_eq=np.ones(k),
        bounds=[*[(0.0, None)] * theta, (None, None)] * k,
        method="highs",
    )
    b = np.clip(found.x.reshape(k, theta + 1)[:, :theta], 0.0, None)
    b /= b.sum(1, keepdims=True)
    mix = np.clip(-found.ineqlin.marginals.reshape(k, len(w)), 0.0, None)
    mix /= mix.sum(1, keepdims=True)
    # the gain at the belief itself: the program's own is as exact as its tolerances
    return (v * b).sum(1) - (b @ w.T).max(1), b, mix @ w


def _scaled(vectors: Floats) -> Floats:
    """The same in a range of one, from zero: tolerances mean a share of it."""
    low, wide = float(vectors.min()), float(np.ptp(vectors))
    return (vectors - low) / wide if wide > 0 else np.zeros_like(vectors)
