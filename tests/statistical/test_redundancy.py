"""What covers for what, against closed-form truth: toys of whose items some do the same, under every kind of noise."""

from __future__ import annotations

import math

import numpy as np
import pytest

from activeseed.analyses import Redundancy
from activeseed.estimators.statistics import t_quantile
from activeseed.plan import Floats
from activeseed.testing import Noise, Toy, run

#: b does 0.6 of what a does, c and d the same, e stands alone, f does nothing: every other pair has no interaction
COVERS = {("a", "b"), ("b", "a"), ("c", "d"), ("d", "c")}


def covering(noise: Noise) -> Toy:
    scores = np.stack([np.ones(6), np.zeros(6)], axis=1)

    def response(z: Floats) -> Floats:
        strongest = np.maximum(z[..., 0], 0.6 * z[..., 1])
        return np.stack([strongest, np.maximum(z[..., 2], z[..., 3]), z[..., 4], 0.0 * z[..., 5]], axis=-1)

    beliefs = np.tile([0.8, 0.2], (6, 1))
    return Toy("covering", scores, response, 4, beliefs, noise, multilinear=False)


def effect(toy: Toy, item: int, gone: set[int]) -> float:
    """‖m(−gone−item) − m(−gone)‖², exactly."""

    def mean(out: set[int]) -> Floats:
        return toy.mean(np.array([1 if f in out else 0 for f in range(6)]))

    return float(((mean(gone | {item}) - mean(gone)) ** 2).mean())


def test_without_randomness_everything_is_exact() -> None:
    toy = covering("none")
    found = run(Redundancy(), toy.problem(), toy, toy.materials)
    assert {(i.id, c.id) for i in found.items for c in i.covers} == COVERS
    for item in found.items:
        f = "abcdef".index(item.id)
        # outcomes are single precision: a squared difference of numbers of size one is known to 1e-7
        assert item.effect == pytest.approx(effect(toy, f, set()), abs=1e-7)
        by = {"abcdef".index(c.id) for c in item.covers}
        assert item.gone == pytest.approx(effect(toy, f, by), abs=1e-7)
        for c in item.covers:
            more = effect(toy, f, {"abcdef".index(c.id)}) - effect(toy, f, set())
            assert c.more == pytest.approx(more, abs=1e-7)
            assert c.more_se == 0.0
    assert {i.id: i.verdict for i in found.items} == {
        "a": "shares", "b": "redundant", "c": "redundant", "d": "redundant", "e": "alone", "f": "nothing",
    }  # fmt: skip
    assert [found[i].twin for i in "abcdef"] == ["b", "a", "d", "c", "", ""]


@pytest.mark.parametrize("noise", ["noisy", "skewed", "jumps"])
def test_errors_cover_and_no_cover_is_made_up(noise: Noise) -> None:
    """60 repetitions. Each has 4 covers, whose errors are not independent: two of a pair share their rows. Taken as one
    independent pair in each repetition and cover group, 120, a share of 0.93 that is truly 0.95 would come out below
    0.93 − 3 √(0.93 · 0.07 / 120) = 0.86 less than once in 700 runs. Wrong covers come at the family's 5 %: of 60
    repetitions 10 or more have one with probability 0.001 (binomial).
    """
    toy, keys, repetitions = covering(noise), 8, 60
    reach = float(t_quantile(0.975, keys - 1))
    more: list[bool] = []
    gone: list[bool] = []
    wrong = missed = 0
    for r in range(repetitions):
        problem = toy.problem(stream=r, first_key=10_000 * (r + 1))
        found = run(Redundancy(keys=keys, folds=2, pairs="all"), problem, toy, toy.materials)
        said = {(i.id, c.id) for i in found.items for c in (*i.covers, *i.opposed)}
        wrong += bool(said - COVERS)
        missed += len(COVERS - said)
        for item, by in COVERS & said:
            f, g = "abcdef".index(item), "abcdef".index(by)
            i = found[item]
            (c,) = (c for c in i.covers if c.id == by)
            truth = effect(toy, f, {g})
            more.append(abs(c.more - (truth - effect(toy, f, set()))) <= reach * c.more_se)
            gone.append(abs(i.gone - truth) <= reach * i.gone_se)
    assert missed == 0  # each stands many errors above zero
    assert np.mean(more) >= 0.86
    assert np.mean(gone) >= 0.86
    assert wrong < 10


def test_how_much_more_is_unbiased() -> None:
    """60 repetitions: the mean is off by less than 4 of its standard errors but once in 15,000 runs, for each of the
    two numbers; nothing is chosen by its size, since every repetition finds both covers.
    """
    toy = covering("noisy")
    more: dict[tuple[str, str], list[float]] = {pair: [] for pair in COVERS}
    for r in range(60):
        problem = toy.problem(stream=r, first_key=10_000 * (r + 1))
        found = run(Redundancy(folds=0, pairs="all"), problem, toy, toy.materials)
        for item, by in COVERS:
            more[item, by] += [c.more for c in found[item].covers if c.id == by]
    for (item, by), values in more.items():
        f, g = "abcdef".index(item), "abcdef".index(by)
        truth = effect(toy, f, {g}) - effect(toy, f, set())
        assert len(values) == 60
        assert abs(np.mean(values) - truth) < 4.0 * np.std(values, ddof=1) / math.sqrt(len(values))
