"""Agreement and reliability against published figures of classic label sets."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from activeseed.resolution import Labels, agreement, dawid_skene, krippendorff_alpha, percent_agreement
from activeseed.resolution.alpha import lean
from activeseed.seed import ABSENT, AS_WRITTEN, FLIPPED

# Dawid & Skene 1979, Table 1: 45 patients, classes 1-4; each entry is what observer 1 said three times, then
# observers 2 to 5.
ANAESTHETISTS = """
1111111 3334334 1122122 2223121 2223222 2223322 1222111 3333433 2222223 2322223 4444444 2223343 1111111
2223212 1211111 1112111 1111111 1111111 2222221 2221322 2222222 2222221 2223222 2212222 1111111 1111111
2322222 1111111 1111111 1121121 1111111 3333233 1111111 2222222 2223232 4334343 2212232 2323233 3333432
1111111 1111111 1212111 2322222 1211111 2222222
"""
OBSERVERS = (0, 0, 0, 1, 2, 3, 4)

# Krippendorff 2011 ("Computing Krippendorff's Alpha-Reliability", section C): 4 observers, 12 units.
NOMINAL = """
1 2 3 3 2 1 4 1 2 . . .
1 2 3 3 2 2 4 1 2 5 . 3
. 3 3 3 2 3 4 2 2 5 1 .
1 2 3 3 2 4 4 1 2 5 1 .
"""
# ... and the three observers of his example with many missing values
MISSING = """
. . . . . 3 4 1 2 1 1 3 3 . 3
1 . 2 1 3 3 4 3 . . . . . . .
. . 2 1 3 4 4 . 2 1 1 3 3 . 4
"""


def units(table: str) -> list[list[str]]:
    rows = [line.split() for line in table.strip().splitlines()]
    return [[v for v in column if v != "."] for column in zip(*rows, strict=True)]


def anaesthetists() -> Labels:
    table = [(p, OBSERVERS[n], int(c) - 1) for p, row in enumerate(ANAESTHETISTS.split()) for n, c in enumerate(row)]
    return Labels.of(table, 4)


def test_dawid_and_skenes_own_figures() -> None:
    fit = dawid_skene(anaesthetists())
    # Table 2 and, for observer 1, Table 3 of the paper, which prints two digits
    assert np.round(fit.marginals, 2).tolist() == [0.40, 0.42, 0.11, 0.07]
    assert np.round(fit.confusion[0], 2).tolist() == [
        [0.89, 0.11, 0.00, 0.00],
        [0.07, 0.88, 0.05, 0.00],
        [0.00, 0.34, 0.66, 0.00],
        [0.00, 0.00, 0.56, 0.44],
    ]
    # Table 4: the indicators of the first six patients are certain to two digits
    assert fit.posterior[:6].argmax(1).tolist() == [0, 3, 1, 1, 1, 1]
    assert np.all(fit.posterior[:6].max(1) > 0.995)


def test_the_tied_model_agrees_on_whom_it_can_tell() -> None:
    full, tied = dawid_skene(anaesthetists()), dawid_skene(anaesthetists(), tied=True, prior=(4.5, 0.5))
    sure = full.posterior.max(1) > 0.99
    assert sure.sum() == 42
    assert np.mean(full.posterior.argmax(1)[sure] == tied.posterior.argmax(1)[sure]) > 0.9
    assert tied.accuracy[0].mean() > tied.accuracy[1].mean()


def test_krippendorffs_own_figures() -> None:
    assert krippendorff_alpha(units(NOMINAL)) == pytest.approx(0.743, abs=5e-4)
    assert krippendorff_alpha(units(MISSING)) == pytest.approx(0.691, abs=5e-4)


def test_his_figures_for_ordered_values() -> None:
    """Section E of the same paper: α = .815 ordinal and .849 interval; of the second example .811 interval."""
    numbers, missing = ([[int(v) for v in unit] for unit in units(t)] for t in (NOMINAL, MISSING))
    assert krippendorff_alpha(numbers, "ordinal") == pytest.approx(0.815, abs=5e-4)
    assert krippendorff_alpha(numbers, "interval") == pytest.approx(0.849, abs=5e-4)
    assert krippendorff_alpha(missing, "interval") == pytest.approx(0.811, abs=5e-4)


@given(st.lists(st.lists(st.integers(-3, 3), min_size=2, max_size=4), min_size=1, max_size=9))
def test_ordered_alphas_are_his_definition_written_out(values: list[list[int]]) -> None:
    """Coincidences and difference functions as the paper has them, over every pair of values; and their invariances."""
    used = Counter(v for unit in values for v in unit)
    n = sum(used.values())

    def between(c: int, k: int) -> float:
        low, high = sorted((c, k))
        return sum(used[g] for g in range(low, high + 1)) - (used[c] + used[k]) / 2 if c != k else 0.0

    for metric, apart in (("ordinal", between), ("interval", lambda c, k: float(c - k))):
        observed = sum(
            apart(a, b) ** 2 / (len(unit) - 1)
            for unit in values
            for i, a in enumerate(unit)
            for j, b in enumerate(unit)
            if i != j
        )
        expected = sum(used[c] * used[k] * apart(c, k) ** 2 for c in used for k in used) / (n - 1)
        alpha = krippendorff_alpha(values, metric)  # type: ignore[arg-type]
        if expected == 0:
            assert alpha is None
            continue
        assert alpha == pytest.approx(1 - observed / expected, abs=1e-9)
        assert krippendorff_alpha([[5 * v - 7 for v in unit] for unit in values], metric) == pytest.approx(alpha)  # type: ignore[arg-type]
    cubes = krippendorff_alpha([[v**3 for v in unit] for unit in values], "ordinal")
    assert cubes == pytest.approx(krippendorff_alpha(values, "ordinal"))


def test_what_is_ordered_and_what_is_not() -> None:
    assert lean(AS_WRITTEN, 0.8) == 0.8
    assert lean(ABSENT, 0.8) == -0.8
    assert lean(FLIPPED, 1.0, pair=True) == -1.0
    assert lean(ABSENT, 1.0, pair=True) == 0.0
    assert lean("edit-1", 1.0) is None
    votes = [("i", "one", AS_WRITTEN), ("i", "two", ABSENT), ("k", "one", AS_WRITTEN), ("k", "two", AS_WRITTEN)]
    sure = agreement(votes, [1.0, -1.0, 1.0, 1.0])
    assert sure.ordinal is None  # two leanings: nothing that alpha does not say
    unsure = agreement(votes, [0.1, -0.1, 1.0, 0.9])
    assert unsure.alpha == sure.alpha
    assert unsure.interval is not None
    assert unsure.alpha is not None
    assert unsure.interval > unsure.alpha + 0.5  # who differed was unsure
    assert agreement(votes, [0.1, None, 1.0, 0.9]).interval is None


def test_alpha_where_it_is_not_defined() -> None:
    assert krippendorff_alpha([]) is None
    assert krippendorff_alpha([["a"], ["b"]]) is None
    assert krippendorff_alpha([["a", "a"], ["a", "a"]]) is None
    assert percent_agreement([["a"]]) is None
    assert krippendorff_alpha([["a", "a"], ["b", "b"]]) == pytest.approx(1.0)


@given(st.lists(st.lists(st.sampled_from("abc"), max_size=4), max_size=12))
def test_alpha_is_at_most_one_and_ignores_order(values: list[list[str]]) -> None:
    alpha = krippendorff_alpha(values)
    if alpha is not None:
        assert alpha <= 1 + 1e-12
        assert krippendorff_alpha([v[::-1] for v in reversed(values)]) == pytest.approx(alpha)


def test_known_truths_are_never_doubted() -> None:
    # three annotators against one known truth
    labels = Labels.of([(0, 0, 1), (0, 1, 1), (0, 2, 1), (1, 0, 1), (1, 1, 1), (1, 2, 1)], 2)
    known = Labels(**{**labels.__dict__, "known": np.array([0, -1])})
    fit = dawid_skene(known, tied=True, prior=(4.5, 0.5))
    assert fit.posterior[0].tolist() == [1.0, 0.0]
    assert np.all(fit.accuracy[:, 0] < 0.9)
