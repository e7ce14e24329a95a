"""The gram that questions are chosen by: negative effects are noise, and no doubtful item is left out for one."""

import numpy as np
import pytest

from activeseed.acquisition.steadying import LEAST, effects, steadied

LAW = np.tile([0.7, 0.3], (40, 1))


def gram_of(g):
    """A gram in which item i's variants are g_i apart, and items don't act together."""
    f = len(g)
    out = np.zeros((2 * f, 2 * f))
    for i, x in enumerate(g):
        out[2 * i : 2 * i + 2, 2 * i : 2 * i + 2] = x / 4.0 * np.array([[1.0, -1.0], [-1.0, 1.0]])
    return out


def test_effects_are_squared_distances_between_variants():
    g = np.arange(40.0)
    assert effects(gram_of(g), LAW) == pytest.approx(g)
    assert effects(gram_of(g), np.tile([1.0, 0.0], (40, 1))) == pytest.approx(np.zeros(40))


def test_what_is_known_well_stays_as_it_is():
    gram = gram_of(np.linspace(0.5, 3.0, 40))
    assert steadied(gram, LAW) is gram


def test_every_doubtful_item_has_a_positive_effect():
    g = np.linspace(-1.0, 3.0, 40)
    found = effects(steadied(gram_of(g), LAW), LAW)
    assert (found >= LEAST * g.mean() - 1e-12).all()
    assert np.argmax(found) == 39


def test_effects_are_shrunk_to_their_mean_by_the_share_of_noise_and_never_below_the_least():
    g = np.linspace(-1.0, 3.0, 40)
    noise = (g[g < 0] ** 2).mean()
    keep = 1.0 - noise / g.var()
    assert 0.0 < keep < 1.0
    right = np.maximum(LEAST * g.mean(), keep * g + (1.0 - keep) * g.mean())
    assert effects(steadied(gram_of(g), LAW), LAW) == pytest.approx(right)


def test_it_is_nearer_to_the_truth_than_the_noisy_gram_is():
    """Mean squared error over 50 seeds of noisy effects: shrinkage by the noise that negative effects show gains."""
    rng = np.random.default_rng(0)
    raw, better = [], []
    for _ in range(50):
        true = rng.exponential(1.0, 40)
        noisy = true + 1.5 * rng.standard_normal(40)
        found = effects(steadied(gram_of(noisy), LAW), LAW)
        raw.append(np.mean((noisy - true) ** 2))
        better.append(np.mean((found - true) ** 2))
    assert np.mean(better) < 0.8 * np.mean(raw)


def test_a_settled_item_and_a_mean_of_nothing_are_left_alone():
    law = LAW.copy()
    law[0] = [1.0, 0.0]
    g = np.linspace(-1.0, 3.0, 40)
    out = steadied(gram_of(g), law)
    assert out[0, 0] <= gram_of(g)[0, 0] * 0 + abs(gram_of(g)[0, 0])
    nothing = gram_of(np.linspace(-1.0, -0.1, 40))
    assert steadied(nothing, LAW) is nothing
