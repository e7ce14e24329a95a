"""Moments of what is wrong with a deployed seed, before and after answers that may be wrong: against enumeration."""

import itertools

import numpy as np
import pytest

from activeseed.acquisition.wrongness import Wrongness

F, V = 3, 3
#: two product laws whose mixture makes items depend on each other; item 0 and 2 have two possible variants
LAWS = (
    np.array([[0.7, 0.3, 0.0], [0.5, 0.3, 0.2], [0.6, 0.4, 0.0]]),
    np.array([[0.2, 0.8, 0.0], [0.1, 0.6, 0.3], [0.9, 0.1, 0.0]]),
)
DEPLOYED = (0, 1, 0)
STATES = list(itertools.product(range(V), repeat=F))
PROBABILITY = np.array([np.mean([np.prod([law[i, s[i]] for i in range(F)]) for law in LAWS]) for s in STATES])
MARGINALS = np.array([[PROBABILITY[[s[i] == v for s in STATES]].sum() for v in range(V)] for i in range(F)])


def indicators(assignment):
    out = np.zeros(F * V)
    out[np.arange(F) * V + np.asarray(assignment)] = 1.0
    return out


def exact(gram, answered, error):
    """The expected risk by enumerating truths and answers."""
    total = 0.0
    for state, p in zip(STATES, PROBABILITY, strict=True):
        options = []
        for i in range(F):
            others = [v for v in range(V) if v != state[i] and MARGINALS[i, v] > 0]
            wrong = [(v, error / len(others)) for v in others]
            options.append([(state[i], 1 - error), *wrong] if i in answered else [(DEPLOYED[i], 1.0)])
        for chosen in itertools.product(*options):
            delta = indicators(state) - indicators([v for v, _ in chosen])
            total += p * np.prod([q for _, q in chosen]) * delta @ gram @ delta
    return total


@pytest.fixture
def gram():
    response = np.random.default_rng(0).standard_normal((5, F * V))
    return response.T @ response


@pytest.fixture
def wrong() -> Wrongness:
    x = np.array([indicators(s) - indicators(DEPLOYED) for s in STATES])
    second = np.einsum("s,si,sj->ij", PROBABILITY, x, x)
    return Wrongness(second, PROBABILITY @ x, indicators(DEPLOYED), MARGINALS)


def test_the_risk_is_that_of_enumeration(gram, wrong):
    assert wrong.risk(gram) == pytest.approx(exact(gram, (), 0.0))


@pytest.mark.parametrize("error", [0.0, 0.1, 0.3])
def test_an_answer_that_may_be_wrong_gains_exactly_what_enumeration_says(gram, wrong, error):
    expected = [exact(gram, (), 0.0) - exact(gram, (i,), error) for i in range(F)]
    assert wrong.gains(gram, error) == pytest.approx(expected)


@pytest.mark.parametrize("items", [(0, 1), (1, 2), (2, 1, 0)])
def test_several_answers_too(gram, wrong, items):
    wrong.answer(items, 0.1)
    assert wrong.risk(gram) == pytest.approx(exact(gram, items, 0.1))


def test_without_other_doubt_the_risk_falls_by_q_less_e():
    """An item that is wrong with probability .2 gains .2 − .05 from an answer that errs at .05, not .2 × .9."""
    law = np.array([[0.8, 0.2]])
    mean = np.array([-0.2, 0.2])
    wrong = Wrongness(np.array([[0.2, -0.2], [-0.2, 0.2]]), mean, np.array([1.0, 0.0]), law)
    gram = np.array([[0.25, -0.25], [-0.25, 0.25]])  # one item whose flip moves the outcome by 1
    assert wrong.gains(gram, 0.05) == pytest.approx([0.15])
    assert wrong.gains(gram, 0.3)[0] == pytest.approx(-0.1)


def test_a_settled_item_changes_nothing(gram):
    law = np.array([[1.0, 0.0, 0.0], [0.5, 0.3, 0.2], [0.6, 0.4, 0.0]])
    mean = (law - np.eye(3)[[0, 0, 0]]).ravel()
    wrong = Wrongness(np.asarray(np.outer(mean, mean), np.float64), mean.copy(), np.eye(3)[[0, 0, 0]].ravel(), law)
    assert wrong.gains(gram, 0.1)[0] == pytest.approx(0.0)
