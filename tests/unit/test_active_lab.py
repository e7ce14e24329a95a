"""ActiveLab's and CROWDLAB's published formulas, against cases that can be worked out by hand."""

import numpy as np
import pytest

from tests.benchmarks.active_lab import active_lab

NONE = float("nan")


def test_with_one_label_each_the_model_doubts_the_label_most_where_it_says_otherwise() -> None:
    labels = np.array([[0.0], [1.0], [1.0]])
    model = np.array([[0.9, 0.1], [0.7, 0.3], [0.2, 0.8]])
    scores, consensus = active_lab(labels, model)
    assert consensus.tolist() == [0, 1, 1]
    # (model 1 + annotator 1) parts self-confidence, one part the even chance of two classes
    assert scores == pytest.approx([(2 * q + 0.5) / 3 for q in (0.9, 0.3, 0.8)])


def test_several_labels_are_weighed_as_crowdlab_does() -> None:
    labels = np.array([[0.0, 0.0], [1.0, 1.0], [0.0, 1.0], [1.0, NONE]])
    model = np.full((4, 2), 0.5)  # a model that knows nothing: argmax 0
    model[:, 0] += 1e-9
    scores, consensus = active_lab(labels, model)
    # items 1–3 have two labels; the tie of item 3 goes to the class that the model holds likelier, by a hair
    assert consensus.tolist()[:3] == [0, 1, 0]
    # two of three comparisons agree; the commonest class is right for two of three: error ⅓ each
    likely, weight = (1 + 1 + 0.5) / 3, 1e-6
    assert weight == max(1 - (1 / 3) / (1 / 3), 1e-6)
    model_weight = max(1 - (1 / 3) / (1 / 3), 1e-6) * np.sqrt(7 / 4)
    sure = (0.5 * model_weight + 2 * weight * likely) / (model_weight + 2 * weight)
    assert scores[0] == pytest.approx(((2 * weight + model_weight) * sure + weight / 2) / (3 * weight + model_weight))
    assert scores[2] < scores[0] == pytest.approx(scores[1], abs=1e-6)


def test_an_item_that_was_labelled_again_is_asked_about_less() -> None:
    """Four people who agree on most: where three of them say the same, nothing is gained by asking a fourth."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 80)
    labels = np.where(rng.random((80, 4)) < 0.9, truth[:, None], 1 - truth[:, None]).astype(float)
    labels[40:, 1:] = NONE
    model = np.where(truth[:, None] == np.arange(2), 0.7, 0.3)
    scores, consensus = active_lab(labels, model)
    together = (labels[:40] == truth[:40, None]).all(1)
    alone = labels[40:, 0] == truth[40:]
    assert scores[:40][together].min() > scores[40:][alone].max()
    # P(two or more of four err) = .052; the model is right everywhere and breaks ties: one in a hundred
    assert (consensus[:40] != truth[:40]).mean() <= 0.05
