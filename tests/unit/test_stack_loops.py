"""How the benchmark of loops judges: random order's expectation, ratios of sums, the rival that has lists."""

from __future__ import annotations

from itertools import combinations, permutations
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import t as student

from activeseed.acquisition import Candidate
from activeseed.asking import choosing
from activeseed.belief import Belief
from tests.benchmarks._stack_errors import Errors, squared
from tests.benchmarks._stack_loops import CASES, at_random_with_lists, expected, ratio


@pytest.mark.parametrize("found", [1, 2, 3])
def test_random_orders_expectation_is_the_mean_over_all_orders(found: int) -> None:
    """Every set of places that three mistakes may have among seven items is as likely; checks stand in between."""
    fresh = (1, 2, 4, 5, 8, 9, 10)
    every = [fresh[sorted(places)[found - 1]] for places in combinations(range(7), 3)]
    assert expected(fresh, 3, found) == pytest.approx(np.mean(every), rel=1e-12)


def test_without_checks_it_is_the_known_formula() -> None:
    """The m-th of k among n comes at m(n + 1)/(k + 1)."""
    assert expected(range(1, 25), 5, 3) == pytest.approx(3 * 25 / 6)


def test_a_ratio_of_sums_over_one_rival_has_the_interval_of_a_mean() -> None:
    values = np.array([6.0, 7.0, 9.0, 8.0])
    value, interval = ratio(values.tolist(), [10.0] * 4)
    half = student.ppf(0.975, 3) * values.std(ddof=1) / 2.0 / 10.0
    assert value == pytest.approx(0.75)
    assert interval == pytest.approx([0.75 - half, 0.75 + half])
    assert ratio([6.0, 9.0], [3.0, 27.0])[0] == pytest.approx(0.5), "of sums: the mean of the ratios would be 7/6"
    assert ratio([3.0], [4.0]) == (0.75, None)


def test_a_ratio_is_infinite_where_one_key_never_came_to_so_many() -> None:
    value, interval = ratio([6.0, float("inf")], [10.0, 10.0])
    assert value == float("inf")
    assert interval is None


def belief_of(items: int) -> Belief:
    rows = np.full((200, items), 0.8)
    return Belief(rows[0], rows, np.tile([0.0, 1.0], (items, 1)), np.zeros(items, bool), (), rows)


def test_the_rival_asks_lists_first_then_what_nobody_was_asked_about() -> None:
    belief, gram = belief_of(8), np.eye(16)
    single = [Candidate("review_item", (f,), again=f < 4) for f in range(8)]
    listed = Candidate("confirm_list", (5, 6, 7), answers=3)
    orders = set()
    with at_random_with_lists(np.random.default_rng(0)):
        for _ in range(40):
            picks = vars(choosing)["choose_beside"]([], gram, belief, [*single, listed], 5)
            assert picks[0].candidate == listed
            assert [p.candidate.items for p in picks[1:2]] == [(4,)], "the only item that is new and on no list"
            assert picks[2].candidate.again
            orders.add(picks[2].candidate.items)
    assert orders == {(0,), (1,), (2,), (3,)}, "at random, not by value"
    assert vars(choosing)["choose_beside"].__module__ == "activeseed.acquisition.sampling", "the product's own is back"


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_seed_has_its_mistakes_planted_and_says_none(name: str, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
        CASES[name](folder, 3)
    case = CASES[name](tmp_path, 4)
    wrong = [line for line in case.truth.read_text("utf-8").splitlines() if '"keep"' not in line]
    assert 5 <= len(wrong) <= 6
    said = [(f / "seed.jsonl").read_text("utf-8") for f in (first, second, tmp_path)]
    assert said[0] == said[1] != said[2]
    assert "answer" not in said[0]


def test_the_error_of_random_order_is_its_mean_over_all_orders() -> None:
    """Two mistakes among four items, each order walked along like any other."""
    errors = Errors(("b", "d"), np.array([5.0, 3.0, 1.5, 0.0]))
    fresh = (1, 2, 4, 5)
    every = []
    for order in permutations("abcd"):
        steps = [(lines, frozenset(order[: n + 1])) for n, lines in enumerate(fresh)]
        every.append(errors.along(steps, 6))
    assert errors.at_random(fresh, 6) == pytest.approx(np.mean(every), rel=1e-12)
    assert errors.along([(2, frozenset("b")), (9, frozenset("bd"))], 4) == pytest.approx((2 * 5.0 + 2 * 3.0) / 4)


def test_a_squared_length_is_unbiased_by_the_noise_of_its_keys() -> None:
    """Mean and noise of each entry are known; within four standard errors of 4,000 draws."""
    rng = np.random.default_rng(3)
    drawn = np.stack([squared(0.3 + rng.standard_normal((8, 1, 2)))[0] for _ in range(4000)])
    assert abs(drawn.mean() - 0.18) < 4.0 * drawn.std() / np.sqrt(len(drawn))
    assert squared(np.full((1, 3, 4), 0.5)).tolist() == [1.0, 1.0, 1.0]
