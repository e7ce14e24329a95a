"""Gradients that systems hand out are those of their outcomes; and the check notices who lies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from activeseed.errors import PlanError
from activeseed.plan import Floats, Materials, Rows, generator
from activeseed.protocols import SupportsGradients, Traits
from activeseed.seed import ABSENT
from activeseed.systems.contract import check_gradients, check_system
from activeseed.systems.league import OversightLeague
from activeseed.testing import Noise, Toy, interaction, ishigami, linear, product, wordings, zeros
from tests.precision import ROUNDED
from tests.toy_materials import texts, vectors

LEAGUES: dict[str, tuple[OversightLeague, Callable[[], Materials]]] = {
    "plain": (OversightLeague(), vectors),
    "texts": (OversightLeague(), texts),
    "policy": (OversightLeague(outcome="policy"), vectors),
    "random start": (OversightLeague(init_scale=0.5), vectors),
    "one round": (OversightLeague(rounds=1, steps=7, bias_rate=0.0, l2=0.05), vectors),
    "a sharp leash": (OversightLeague(rounds=6, beta=0.05), vectors),
}


@pytest.mark.usefixtures("double_precision")
@pytest.mark.parametrize("name", LEAGUES)
def test_a_plain_leagues_gradients_are_those_of_its_trainings(name: str) -> None:
    league, materials = LEAGUES[name]
    assert league.traits.gradients
    check_gradients(league, materials(), tolerance=ROUNDED)


@pytest.mark.parametrize("make", [linear, interaction, product, zeros, wordings])
@pytest.mark.parametrize("noise", ["none", "calm", "skewed", "jumps"])
def test_a_toys_gradients_are_those_of_its_outcomes(make: Callable[[Noise], Toy], noise: Noise) -> None:
    toy = make(noise)
    # outcomes up to 4 in single precision
    check_gradients(toy, toy.materials, tolerance=4 * ROUNDED)


def test_toys_that_turn_with_their_weights_have_none() -> None:
    assert not linear("chaotic").traits.gradients
    assert not ishigami("none").traits.gradients
    assert not replace(linear(), weighted=False).traits.gradients


@pytest.mark.parametrize(
    "more",
    [
        {"evaluator": "mlp"}, {"opponents": "prioritised"}, {"drawn": 2}, {"minibatch": 4}, {"exploiters": True},
        {"generators": 2}, {"dreams": 2}, {"adversarial_radius": 0.1}, {"unroll": 2},
    ],
)  # fmt: skip
def test_other_leagues_say_that_they_have_none(more: dict[str, Any]) -> None:
    league, materials = OversightLeague(**more), vectors()
    assert not league.traits.gradients
    rows = Rows(np.zeros((1, len(materials.seed)), np.int16), np.zeros(1, np.int64))
    with pytest.raises(PlanError, match="no gradients"):
        league.pull_back(rows, materials, np.zeros((1, len(materials.probes))))


@pytest.mark.usefixtures("double_precision")
def test_rows_are_pulled_back_alike_in_any_batch() -> None:
    materials = vectors()
    league = OversightLeague(rounds=2, steps=10)
    rng = generator(5, "rows")
    rows = Rows(rng.integers(0, 2, (9, len(materials.seed))).astype(np.int16), np.arange(9))
    c = rng.standard_normal((9, len(materials.probes)))
    whole = league.pull_back(rows, materials, c)
    # 9 rows of 8·20·(3·52 + 2·8) bytes fit into 16 MiB: a batch of one row each is made by hand
    each = np.concatenate([league.pull_back(rows.take([r]), materials, c[r : r + 1]) for r in range(9)])
    np.testing.assert_allclose(each, whole, atol=1e-10)
    # the gradient is linear in the cotangents
    np.testing.assert_allclose(league.pull_back(rows, materials, -2.0 * c), -2.0 * whole, atol=1e-10)


def test_a_row_that_fails_or_is_empty_has_no_gradient_and_spoils_no_other() -> None:
    materials = vectors()
    league = OversightLeague(rounds=1, steps=5)
    n = len(materials.seed)
    weights = np.ones((3, n), np.float32)
    weights[1, 2] = np.nan
    variants = np.zeros((3, n), np.int16)
    variants[2] = materials.seed.items[0].index_of(ABSENT)
    found = league.pull_back(Rows(variants, np.zeros(3, np.int64), weights), materials, np.ones((3, 20)))
    assert np.isfinite(found[0]).all()
    assert np.isnan(found[1:]).all()
    broken = replace(linear(), fails_every=1)
    rows = Rows(np.zeros((2, 6), np.int16), np.arange(2))
    assert np.isnan(broken.pull_back(rows, broken.materials, np.ones((2, 4)))).all()


def test_weights_count_relative_to_their_sum() -> None:
    """Euler: outcomes don't change when all weights grow alike, so weights times gradients sum to zero."""
    materials = vectors()
    rows = Rows(np.zeros((1, len(materials.seed)), np.int16), np.zeros(1, np.int64))
    found = OversightLeague().pull_back(rows, materials, np.ones((1, 20)))
    terms = found * rows.weights(materials.slots)
    # single precision over 100 steps: a thousandth of what cancels
    assert abs(float(terms.sum())) < 1e-3 * float(np.abs(terms).sum())


class Liar:
    """A league whose gradients are wrong in one way; the check has to notice."""

    def __init__(self, lie: str) -> None:
        self.lie, self.truth = lie, OversightLeague(rounds=2, steps=10)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.truth, name)

    @property
    def traits(self) -> Traits:
        return self.truth.traits

    def pull_back(self, rows: Rows, materials: Materials, cotangents: Floats) -> Floats:
        found = self.truth.pull_back(rows, materials, cotangents)
        if self.lie == "scale":
            return found * 1.05
        if self.lie == "normalisation":  # the gradient of weights that don't count relative to their sum
            return np.asarray(found + 0.02)
        if self.lie == "one item":
            found[:, 4] *= -1.0
        if self.lie == "absent":
            found[rows.weights(materials.slots) == 0] = 0.0
            there = rows.variants[:, 0] == 0
            found[there, 0] = 1.0
        if self.lie == "shape":
            return found[:, 1:]
        if self.lie == "agents":  # stops at the policies: what a frozen opponent would give
            return OversightLeague(rounds=1, steps=20).pull_back(rows, materials, cotangents)
        return found


@pytest.mark.usefixtures("double_precision")
@pytest.mark.parametrize(
    ("lie", "said"),
    [
        ("scale", "trainings differ by"), ("normalisation", "trainings differ by"), ("one item", "weight of 'i4'"),
        ("absent", "absent item"), ("shape", "have shape"), ("agents", "trainings differ by"),
    ],
)  # fmt: skip
def test_the_check_notices(lie: str, said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        check_gradients(Liar(lie), vectors(), tolerance=ROUNDED)


@pytest.mark.usefixtures("double_precision")
def test_who_promises_gradients_is_held_to_them() -> None:
    check_system(Liar("none"), vectors(), tolerance=ROUNDED)
    with pytest.raises(AssertionError, match="trainings differ by"):
        check_system(Liar("scale"), vectors(), tolerance=ROUNDED)
    toy = linear()
    assert isinstance(toy, SupportsGradients)
