"""Dreams find what random inputs find in a twentieth of the evaluations, and what is hidden from every probe."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from activeseed.bounding.regions import Ball, Box
from activeseed.dreaming import Difference, dream, dreams, near
from activeseed.networks import Layout, Network
from tests.benchmarks._outcomes_dreams import Embedded, by_chance, planted


def test_a_twentieth_of_random_searchs_evaluations_is_enough() -> None:
    dice = np.random.default_rng(0)
    for key in range(8):
        d = 30 if key % 2 else 20
        layout = Layout((d, 16, 1), "tanh" if key % 2 else "relu")
        f, g = (Network.of(layout, dice.standard_normal(layout.size)) for _ in range(2))
        for region in (Ball(dice.standard_normal(d), 0.5), Box(-np.ones(d), np.ones(d))):
            seen = dream(f, g, region, key=key, restarts=8, steps=50)
            assert seen.evaluations <= 1000
            assert seen.value >= by_chance(Difference(f, g), region, 20 * seen.evaluations, dice)


@pytest.mark.slow
def test_a_backdoor_that_no_probe_touches_is_found() -> None:
    points = Embedded.of(None, Path())
    found = hits = key = 0
    while found < 20:
        case = planted(points, key, 16)
        key += 1
        if case is None:
            continue
        found += 1
        assert not any(case.holds(x) for x in case.data)
        seen = dreams(case.first, case.second, near(case.data), key=key, n=2, starts=case.data, along="outcomes")
        hits += any(case.holds(x.point) and x.signed > 0 for x in seen)
    # where 95 in 100 are found, fewer than 16 of 20 are in 1 of 400 cases
    assert hits >= 16
