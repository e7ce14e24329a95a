"""From which law rows are drawn, where it is not the law that indices are about."""

from __future__ import annotations

import numpy as np

from activeseed.plan import Ints, Law
from activeseed.protocols import Problem

#: probability that a variant gets which only the law of the indices holds possible
ADDED = 0.15


def drawing_law(problem: Problem) -> Law:
    """``rows_law``, or the law itself; every variant that the law holds possible is possible in rows, too.

    Rows that were trained under one belief serve the next one: what is additive carries over exactly, and
    interactions are averaged over the law that the rows were drawn from.
    """
    if problem.rows_law is None:
        return problem.law
    q, b = problem.rows_law.probabilities, problem.law.probabilities
    missing = (b > 0) & (q <= 0)
    if not missing.any():
        return problem.rows_law
    filled = np.where(missing, ADDED, q)
    return Law(f"{problem.rows_law.name}, new variants added", filled / filled.sum(1, keepdims=True))


def index_law(law: Law, rows: Law) -> str:
    """Of what law indices are whose rows were drawn from another: the item's own variants by the one, the rest by the
    other. Where the response is additive the rest doesn't matter, and they are those of the law itself.
    """
    same = law.probabilities.shape == rows.probabilities.shape and np.allclose(law.probabilities, rows.probabilities)
    return law.name if same else f"{law.name} for the item itself, the others as in the rows: {rows.name}"


def open_items(law: Law) -> Ints:
    """Positions of the items that a law leaves more than one variant."""
    return np.flatnonzero((law.probabilities > 0).sum(1) > 1)
