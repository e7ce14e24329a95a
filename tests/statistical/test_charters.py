"""The engine against two others: a slow walk from every probe, and answer-set programs in the crisp limit."""

from __future__ import annotations

import numpy as np
import pytest

from activeseed.plan import Rows
from activeseed.systems.contract import check_gradients
from activeseed.systems.inference.lexicon import Edge
from tests.answer_sets import CRISP, verdict
from tests.charters import Line, charter, judged
from tests.precision import ROUNDED


def leave_one_out(items: int) -> Rows:
    """The charter as written, then without each of its lines."""
    variants = np.zeros((1 + items, items), np.int16)
    variants[np.arange(1, 1 + items), np.arange(items)] = 1
    return Rows(variants, np.zeros(1 + items, np.int64))


@pytest.mark.usefixtures("double_precision")
@pytest.mark.parametrize("key", [0, 1, *(pytest.param(n, marks=pytest.mark.slow) for n in range(2, 6))])
def test_every_row_says_what_follows_from_the_lines_that_are_left(key: int) -> None:
    of = charter(key)
    engine = of.engine(default=0.4 if key % 2 else 0.5)
    out = engine.train(leave_one_out(len(of.lines)), of.materials())
    deeds = [d for _, d in of.probes]
    for row, left in enumerate([None, *of.lines]):
        truth = judged([*(x for x in of.lines if x is not left), *of.given], deeds, engine)
        # both in double precision; outcomes are kept in single: one rounding
        np.testing.assert_allclose(out.values[row], truth, atol=ROUNDED, rtol=0)


@pytest.mark.usefixtures("double_precision")
@pytest.mark.parametrize("keys", [range(a, a + 10) for a in range(1000, 1060, 10)])
def test_the_crisp_limit_is_what_answer_sets_say(keys: range) -> None:
    told = set()
    for key in keys:
        of = charter(key, norms=16, probes=8)
        rows = leave_one_out(len(of.lines)).take(np.array([0, 1 + key % len(of.lines)]))
        values = of.engine(**CRISP).train(rows, of.materials()).values.astype(np.float64)
        for row, left in enumerate((None, of.lines[key % len(of.lines)])):
            lines: list[Line | Edge] = [*(x for x in of.lines if x is not left), *of.given]
            for (name, deed), value in zip(of.probes, values[row], strict=True):
                # sides differ by at least .2 of a strength, so that σ(20 · .2) is far from one half
                found = 0 if abs(value - 0.5) < 1e-3 else int(np.sign(value - 0.5))
                assert found == verdict(lines, deed), (key, name, left)
                told.add(found)
    assert told == {-1, 0, 1}


@pytest.mark.usefixtures("double_precision")
@pytest.mark.parametrize("key", [3, 5, 7, 11])
def test_gradients_are_those_of_outcomes(key: int) -> None:
    """At weights where no two norms are nearly equally certain: there the maximum has a corner."""
    of = charter(key, norms=12, probes=10)
    check_gradients(of.engine(steepness=4.0), of.materials(), tolerance=ROUNDED)


@pytest.mark.usefixtures("double_precision")
@pytest.mark.parametrize("key", range(20, 26))
def test_every_explanation_replays(key: int) -> None:
    of = charter(key)
    engine, materials, n = of.engine(), of.materials(), len(of.lines)
    number = {x.id: i for i, x in enumerate(of.lines)}
    rng = np.random.default_rng(key)
    variants = np.zeros((3, n), np.int16)
    variants[1:] = rng.random((2, n)) < 0.3
    rows = Rows(variants, np.zeros(3, np.int64))
    values = engine.train(rows, materials).values
    told = 0
    for r, explanations in enumerate(engine.explain(rows, materials, range(len(of.probes)))):
        for p, why in enumerate(explanations):
            assert why.value == pytest.approx(values[r, p], abs=1e-6)
            alone = np.ones((1, n), np.int16)
            alone[0, [number[i] for i in why.items]] = 0
            assert not variants[r, [number[i] for i in why.items]].any(), "it rests on a line that is not there"
            again = engine.train(Rows(alone, np.zeros(1, np.int64)), materials).values[0, p]
            assert np.sign(again - 0.5) == np.sign(np.float32(why.value) - 0.5), (r, p)
            for place, step in enumerate(why.steps):
                assert all(of < place for of in step.of)
            told += bool(why.steps) and why.steps[-1].rule == "verdict"
    assert told > len(of.probes)
