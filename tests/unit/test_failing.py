"""Which kind of row fails: found from rows and what became of them."""

import numpy as np
import pytest

from activeseed.plan import Law, Rows
from activeseed.study.failing import Kind, effective, explained, left_out, without

BASE = np.zeros(6, np.int16)


def drawn(rows=200, seed=3):
    """Independent entries: absent with probability 0.15, a third variant with 0.15."""
    u = np.random.default_rng(seed).random((rows, 6))
    return np.where(u < 0.15, 1, np.where(u < 0.3, 2, 0)).astype(np.int16)


def test_rows_without_an_item_are_a_kind():
    variants = drawn()
    found = explained(variants, variants[:, 2] != 1, BASE)
    assert list(found.kinds) == [Kind((2,), (1,))]
    np.testing.assert_array_equal(found.others, variants[:, 2] != 1)


def test_every_item_may_have_a_variant_that_fails():
    variants = drawn()
    found = explained(variants, ~(variants == 2).any(1), BASE)
    assert set(found.kinds) == {Kind((f,), (2,)) for f in range(6)}
    assert found.others.sum() == (~(variants == 2).any(1)).sum()


def test_failures_of_every_kind_are_none():
    variants = drawn()
    ok = np.random.default_rng(5).random(200) > 0.4
    assert not explained(variants, ok, BASE).kinds


def test_a_kind_and_stray_failures_are_told_apart():
    variants = drawn()
    stray = np.random.default_rng(6).random(200) < 0.05
    found = explained(variants, ~stray & (variants[:, 4] != 2), BASE)
    assert list(found.kinds) == [Kind((4,), (2,))]
    assert (stray & found.others).sum() > 0


def test_single_changes_are_kinds_also_of_several_items():
    group = np.array([1, 1, 0, 0, 0, 0], np.int16)
    variants = np.stack([BASE, group, BASE, group])
    found = explained(variants, np.array([True, False, True, False]), BASE, single_changes=True)
    assert list(found.kinds) == [Kind((0, 1), (1, 1))]
    assert found.others.tolist() == [True, False, True, False]


def test_one_row_alone_is_not_enough_to_train_none_of_its_kind_again():
    one = np.array([0, 0, 1, 0, 0, 0], np.int16)
    for rows, ok, sure in (([BASE, one], [True, False], False), ([BASE, one, one], [True, False, False], True)):
        (kind,) = explained(np.stack(rows), np.array(ok), BASE, single_changes=True).kinds
        assert (kind.factors, kind.variants, kind.sure) == ((2,), (1,), sure)


def test_what_stands_is_no_kind():
    assert not explained(np.stack([BASE] * 3), np.zeros(3, bool), BASE).kinds


def test_a_multiplicity_of_zero_is_absence():
    rows = Rows(np.zeros((1, 3), np.int16), np.array([0]), np.array([[0, 1, 2]], np.float32))
    assert effective(rows).tolist() == [[1, 0, 0]]


def test_items_that_rows_leave_out_are_counted():
    assert left_out(np.eye(6, dtype=np.int16), BASE, True) == 6
    assert left_out(np.array([[1, 1, 0, 0, 0, 0], [0] * 6], np.int16), BASE, True) == 1
    assert left_out(np.array([[1, 1, 0, 2, 0, 0], [0] * 6], np.int16), BASE, False) == 2


@pytest.mark.parametrize(
    ("gone", "expected"),
    [({(0, 1)}, [1.0, 0.0, 0.0]), ({(0, 2)}, [0.75, 0.25, 0.0]), ({(0, 1), (0, 2)}, [1.0, 0.0, 0.0])],
)
def test_the_law_gives_up_what_cannot_be_trained(gone, expected):
    law = Law("belief", np.array([[0.6, 0.2, 0.2], [0.5, 0.5, 0.0]]))
    if (0, 1) in gone and (0, 2) not in gone:
        expected = [0.75, 0.0, 0.25]
    left = without(law, gone, (0, 0))
    np.testing.assert_allclose(left.probabilities, [expected, [0.5, 0.5, 0.0]])
    assert left.name == "belief"
