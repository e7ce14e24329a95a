"""How an outcome agrees with labelled probes."""

import numpy as np
import pytest

from activeseed.looking.quality import judged_right, quality
from activeseed.seed import Probe, Text


def labelled(*labels):
    return [Probe(id=f"p{n}", payload=Text(text="x"), label=label) for n, label in enumerate(labels)]


def test_a_perfect_order_is_no_chance():
    found = quality(np.array([0.9, 0.8, 0.7, 0.2, 0.1, 0.3]), labelled(1, 1, 1, 0, 0, 0))
    assert found["accuracy"] == found["auc"] == 1.0
    assert found["chance"] == pytest.approx(1 / 20)  # one of the 6 over 3 orders


def test_ties_count_half_and_say_nothing():
    found = quality(np.full(4, 0.6), labelled(1, 1, 0, 0))
    assert (found["auc"], found["chance"]) == (0.5, 1.0)


def test_probes_without_a_label_are_left_out():
    assert quality(np.array([0.9, 0.1]), labelled(None, 1)) == {}
    assert judged_right(np.array([0.9, 0.1, 0.2]), labelled(1, None, 1), np.full(3, 1 / 3)) == [True, False]


def test_places_where_nothing_is_decided_are_not_judged_right():
    values, places = np.array([0.9, 0.1, 0.2]), labelled(1, None, 1)
    assert judged_right(values, places, np.array([1.0, 0.0, 0.0])) == [True]
    assert judged_right(values, places, None) == []
