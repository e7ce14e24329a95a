"""The benchmark of certificates counts what it says that it counts, and says where the other verifier is not there."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest

from activeseed.bounding.ladder import bound
from activeseed.bounding.regions import Box
from activeseed.networks import Layout, Network
from tests.benchmarks import _outcomes_certificates as certificates
from tests.benchmarks import _outcomes_digits as digits
from tests.benchmarks import _rival_bounds


@pytest.fixture
def pair():
    rng = np.random.default_rng(0)
    layout = Layout((4, 6, 6, 1), "relu")
    f = Network.of(layout, 0.6 * rng.standard_normal(layout.size))
    return f, Network.of(layout, f.flat + 0.1 * rng.standard_normal(layout.size))


@pytest.fixture
def cases():
    box = Box(np.zeros(4), 0.5 * np.ones(4))
    return [digits.Case(0, radius, box, np.full((1, 4), 0.2)) for radius in digits.TARGETS]


def test_a_bound_below_what_was_found_is_counted(monkeypatch):
    right = {r["claim"]: r for r in certificates.soundness(2)}
    below = [r for claim, r in right.items() if "below" in claim]
    assert len(below) == len(certificates.METHODS)
    assert all(r["met"] and r["value"] == 0.0 for r in below)

    def low(f, g, region, **more):
        found = bound(f, g, region, **more)
        return replace(found, most=found.most * 0.5, least=found.least * 0.5, upper=found.upper * 0.5)

    monkeypatch.setattr(certificates, "bound", low)
    assert any(r["met"] is False for r in certificates.soundness(2) if "below" in r["claim"])


def test_without_the_other_verifier_its_rows_say_so(pair, cases, monkeypatch):
    lower = np.full(len(cases), 0.1)
    proved = [bound(pair[0], pair[1], c.region, seconds=0.5) for c in cases]
    monkeypatch.delenv("RIVAL_PYTHON", raising=False)
    (row,) = digits._beside([pair], cases, lower, proved, True)
    assert row["value"] is row["met"] is None
    assert "left out" in row["claim"]
    monkeypatch.setenv("RIVAL_PYTHON", sys.executable)  # an environment that has it not
    (row,) = digits._beside([pair], cases, lower, proved, True)
    assert "No module named 'auto_LiRPA'" in row["claim"]
    monkeypatch.setenv("RIVAL_PYTHON", "/nowhere/python")
    (row,) = digits._beside([pair], cases, lower, proved, True)
    assert "left out, it failed" in row["claim"]


def test_with_it_each_radius_is_compared(pair, cases, monkeypatch):
    proved = [bound(pair[0], pair[1], c.region, seconds=0.5) for c in cases]
    lower = np.array([b.lower for b in proved])
    answers = [{name: [2.0 * b.upper, 100.0] for name in _rival_bounds.SETTINGS} for b in proved]
    monkeypatch.setenv("RIVAL_PYTHON", "somewhere")
    monkeypatch.setattr(digits, "rival", lambda *given: answers)
    rows = {r["claim"]: r for r in digits._beside([pair], cases, lower, proved, True)}
    ours = [r for claim, r in rows.items() if "over the rival's best" in claim and "seconds" not in claim]
    assert [r["value"] for r in ours] == pytest.approx([0.5] * 4)
    assert all(r["met"] for r in ours)
    (tighter,) = (r for claim, r in rows.items() if "ours is tighter" in claim)
    assert tighter["value"] == 1.0
    (seconds,) = (r for claim, r in rows.items() if "seconds to the rival's" in claim)
    assert seconds["met"] is True  # it is given a hundred seconds


def test_what_is_seen_above_a_bound_is_counted_at_every_radius(pair, cases):
    proved = [bound(pair[0], pair[1], c.region, seconds=0.5) for c in cases]
    upper = np.array([b.upper for b in proved])
    rows = digits._tightness(cases, upper * 1.5, proved, 15.0, targets=True)
    assert rows[0]["met"] is False
    assert [r["value"] for r in rows[1:]] == pytest.approx([1 / 1.5] * 4)
    loose = digits._tightness(cases, upper / 4.0, proved, 15.0, targets=True)
    assert loose[0]["met"] is True
    assert not any(r["met"] for r in loose[1:])


def test_pairs_start_alike_and_miss_ten_items():
    x, y, probes = digits.digits()
    assert (len(x), len(probes)) == (1400, 397)
    assert x.min() >= 0.0
    assert x.max() <= 1.0
    same = [digits.trained(x[:64], y[:64], np.ones(64), key) for key in (0, 0, 1)]
    assert np.array_equal(same[0].flat, same[1].flat)
    assert not np.array_equal(same[0].flat, same[2].flat)
    boxes = digits.cases_of(probes, 2, 3)
    assert len(boxes) == 2 * (3 * 3 + 1)
    assert all(b.region.holds(b.start[:1]).all() for b in boxes)
