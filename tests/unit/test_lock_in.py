"""Revision over paraphrase: a ratio of two measured means, whose interval has no end where it has none."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from activeseed.analyses import LockIn
from activeseed.analyses.lock_in.found import Against
from activeseed.analyses.lock_in.ratio import fieller
from activeseed.errors import ConfigError, PlanError
from activeseed.plan import Materials, generator
from activeseed.protocols import Problem
from activeseed.seed import Item, Probe, Seed, Text, Variant
from activeseed.testing import Noise, Toy, problem_of, run

PLACES = 40


def planted(
    items: int, wording: float, noise: Noise = "none", key: int = 0, origin: str = "paraphrase"
) -> tuple[Toy, Problem, Materials]:
    """Items of random weight whose paraphrase moves the outcome ``wording`` times as far as dropping it, on average."""
    dice = generator(key, "planted")
    drop = 0.1 + 0.2 * dice.random(items)
    level = 1.0 - wording * dice.permutation(drop) / drop
    scores = np.stack([drop, np.zeros(items), drop * level], 1)
    directions = dice.standard_normal((items, PLACES))
    toy = Toy("planted", scores, lambda z: z @ directions, PLACES, np.full((items, 3), 1 / 3), noise)
    seed = Seed(
        items=tuple(
            Item(
                id=f"i{n}", payload=Text(text=f"item {n}"),
                alternatives=(Variant(id="p", payload=Text(text=f"item {n}, put otherwise"), comes_from=origin),),  # type: ignore[arg-type]
            )
            for n in range(items)
        )
    )  # fmt: skip
    places = tuple(Probe(id=str(n), payload=Text(text=f"probe {n}")) for n in range(PLACES))
    materials = Materials(seed, places, root=key)
    return toy, replace(problem_of(toy, materials, stream=key, first_key=100), seed=seed), materials


# --- the interval -----------------------------------------------------------------------------------------------------


def test_an_interval_of_a_sure_denominator_is_bounded_and_right() -> None:
    found = fieller(2.0, 1.0, np.diag([0.01, 0.0]), 1e9)
    assert (found.value, found.shape) == (2.0, "bounded")
    assert (found.low, found.high) == pytest.approx((2.0 - 0.196, 2.0 + 0.196), abs=1e-3)


def test_a_denominator_that_may_be_zero_leaves_no_upper_end() -> None:
    found = fieller(2.0, 0.1, np.diag([0.01, 0.01]), 1e9)
    assert found.shape == "no upper end"
    assert 0 < found.low < 20
    both = fieller(0.1, 0.1, np.diag([0.01, 0.01]), 1e9)
    assert (both.shape, both.low, both.high) == ("anything", 0.0, math.inf)
    below = fieller(2.0, -0.05, np.diag([0.01, 0.01]), 1e9)
    assert math.isnan(below.value)
    assert below.shape == "no upper end"
    assert fieller(2.0, 1.0, np.full((2, 2), np.nan), 5).shape == "unknown"
    assert fieller(1.0, 0.0, np.zeros((2, 2)), 5).low == math.inf, "what moves nothing at all, exactly"


def test_the_interval_covers_whatever_the_denominator() -> None:
    """4,000 pairs of normal means of 20: a coverage of 0.95 is known to 0.0034; four of those below."""
    rng = np.random.default_rng(0)
    for bottom in (0.0, 0.02, 0.5):
        truth = 1.0 / bottom if bottom else math.inf
        inside = 0
        for _ in range(4000):
            x = np.stack([1.0 + 0.8 * rng.standard_normal(20), bottom + 0.3 * rng.standard_normal(20)])
            top, low = x.mean(1)
            found = fieller(float(top), float(low), np.cov(x) / 20, 19.0)
            inside += found.low <= truth <= found.high
        assert inside / 4000 >= 0.95 - 4 * 0.0034


# --- the analysis -----------------------------------------------------------------------------------------------------


def test_without_noise_responses_are_exact_and_errors_are_over_items_and_probes() -> None:
    toy, problem, materials = planted(12, 0.5)
    found = run(LockIn(), problem, toy, materials)
    (against,) = found.against
    square = (toy.response(np.eye(12)) ** 2).mean(1)
    drop, moved = toy.scores[:, 0] ** 2 * square, (toy.scores[:, 0] - toy.scores[:, 2]) ** 2 * square
    assert against.revision == pytest.approx(drop.mean(), rel=1e-4)
    assert against.paraphrase == pytest.approx(moved.mean(), rel=1e-4)
    assert against.ratio == pytest.approx(drop.mean() / moved.mean(), rel=1e-4)
    assert against.errors["keys"] == 0.0
    assert against.errors["items"] > 0
    assert against.errors["probes"] > 0
    assert against.verdict == "open"
    assert "Open" in against.words
    assert found.to_dict()["against"][0]["verdict"] == "open"
    assert any("no randomness" in n for n in found.notes)


def test_what_is_locked_in_is_called_so() -> None:
    toy, problem, materials = planted(16, 3.0)
    (against,) = run(LockIn(), problem, toy, materials).against
    assert against.verdict == "locked in"
    assert "Locked in" in against.words
    assert against.high < 1.0


def test_paraphrases_that_move_nothing_leave_no_upper_end() -> None:
    toy, problem, materials = planted(12, 0.0, "noisy")
    (against,) = run(LockIn(), problem, toy, materials).against
    assert against.shape in ("no upper end", "anything")
    assert against.high == math.inf
    assert "no upper end" in against.words or against.verdict == "open"


@pytest.mark.slow
@pytest.mark.parametrize("noise", ["none", "noisy"])
@pytest.mark.parametrize("wording", [0.3, 1.0])
def test_intervals_cover_the_ratio_over_items_and_probes(noise: Noise, wording: float) -> None:
    """Items and probes drawn anew 150 times; of 0.95 there, three standard errors (0.018) below 0.93 is not missed.

    Drops and paraphrases are of independent sizes, of one law, so the ratio of means over all items is 1/wording².
    """
    inside = 0
    for key in range(150):
        toy, problem, materials = planted(24, wording, noise, key)
        (against,) = run(LockIn(), problem, toy, materials).against
        inside += against.low <= 1.0 / wording**2 <= against.high
    assert inside / 150 >= 0.93 - 3 * 0.018


def test_each_kind_of_wording_has_a_ratio_of_its_own() -> None:
    toy, problem, materials = planted(8, 0.5, origin="framing")
    found = run(LockIn(), problem, toy, materials)
    assert [a.perturbation for a in found.against] == ["framing"]
    assert [r.origin for r in found.responses] == ["absent", "framing"]
    toy, problem, materials = planted(8, 0.5, origin="wording")
    assert any("Human wordings" in n for n in run(LockIn(), problem, toy, materials).notes)
    with pytest.raises(PlanError, match=r"kind = \"paraphrase\""):
        run(LockIn(revisions=("absent", "wording")), problem, toy, materials)


def test_a_seed_without_other_wordings_is_told_what_to_add() -> None:
    from activeseed.testing import linear

    toy = linear()
    with pytest.raises(PlanError, match="no paraphrase to hold a revision against"):
        run(LockIn(), problem_of(toy, toy.materials), toy, toy.materials)
    with pytest.raises(ConfigError, match="revisions"):
        LockIn(revisions=("abscent",))  # type: ignore[arg-type]
    toy, problem, materials = planted(8, 0.5)
    with pytest.raises(PlanError, match="has a revision of the kinds flipped"):
        run(LockIn(revisions=("flipped",)), problem, toy, materials)


def test_two_items_have_no_error_and_failures_are_left_out() -> None:
    toy, problem, materials = planted(2, 0.5)
    (against,) = run(LockIn(), problem, toy, materials).against
    assert against.shape == "unknown"
    assert "three items" in against.words
    toy, problem, materials = planted(12, 0.5, "calm")
    found = run(LockIn(), problem, replace(toy, fails_every=5), materials)
    assert np.isfinite(found.against[0].ratio)
    few = run(LockIn(items=3), problem, toy, materials)
    assert len(few.items) == 3


def test_verdicts_are_of_intervals() -> None:
    def of(low: float, high: float) -> str:
        return Against("paraphrase", 5, 1.0, 1.0, 1.0, low, high, "bounded", {}).verdict

    assert [of(0.2, 0.9), of(1.1, 4.0), of(0.5, 2.0)] == ["locked in", "open", "unclear"]
