"""Designs whose spread, accuracy and lock-in are known: coverage of differences, twins, the front.

Tolerances: of n independent repetitions whose share is p, the count has a standard deviation of √(n p (1 − p)). Each
bound below is 4 of them off the share that the benchmark (`tests.benchmarks.stack --only designs`) measured over 2,000
repetitions, so that a change has to be real to be seen, and 1 run in 10,000 fails by chance.
"""

from __future__ import annotations

import numpy as np
import pytest

from tests.benchmarks._stack_designs import BLOCKS, measured, planted, told


def test_a_spread_without_noise_is_that_of_the_formula() -> None:
    """48 draws and 24 keys in 12 blocks: the mean over 60 worlds lies within 4 of its standard errors."""
    gaps = np.array(
        [measured(d, lock_in=False).spread.value / d.spread for n in range(60) for d in planted(n, ("good",))]
    )
    assert abs(gaps.mean() - 1.0) < 4.0 * gaps.std(ddof=1) / np.sqrt(len(gaps))


@pytest.mark.slow
def test_paired_differences_hold_the_truth() -> None:
    """Nominal .95; of 150 the count has a standard deviation of 2.7, so fewer than 131 is 4 of them off."""
    times = 150
    spread = accuracy = 0
    for n in range(times):
        a, b = planted(50_000 + n, ("good", "beaten by open"))
        first, second = measured(a, lock_in=False), measured(b, lock_in=False)
        low, high = (first.spread - second.spread).ends()
        spread += low <= a.spread - b.spread <= high
        low, high = (first.quality["accuracy"] - second.quality["accuracy"]).ends()
        accuracy += low <= a.accuracy - b.accuracy <= high
    assert min(spread, accuracy) >= 131


def test_pairing_pays() -> None:
    """Variances of 60 differences each: their ratio's logarithm has a standard error of about √(4/59) = .26.

    Measured: 3.3 for spread, whose logarithm is 4.6 of these above zero.
    """
    paired, apart = [], []
    for n in range(60):
        a, b = planted(60_000 + n, ("good", "beaten by open"))
        first = measured(a, lock_in=False).spread
        paired.append((first - measured(b, lock_in=False).spread).value / a.spread)
        apart.append((first - measured(b, "of its own", 2 * BLOCKS, lock_in=False).spread).value / a.spread)
    assert np.var(apart) > np.var(paired)


@pytest.mark.slow
def test_the_planted_front_is_found() -> None:
    """100 of 100 in the benchmark: of 10, one that is missed would be an event of less than 1 in 100."""
    for n in range(10):
        found = told(planted(70_000 + n), n, 400)
        assert {d.name for d in found.designs if d.on_front} == {"stable", "good", "open"}
        assert found.pick is not None
        assert found.pick.name == "stable"
