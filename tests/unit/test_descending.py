"""Momentum, masks and pretrained starts: by hand against autograd, and as systems have them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.functional import softplus

from activeseed.errors import PlanError
from activeseed.plan import Rows
from activeseed.protocols import NETWORK, TRAJECTORY
from activeseed.systems.fields.descending import Descent, Masks, masked
from activeseed.systems.fields.draws import Draws
from activeseed.systems.fields.field import Field, Rates
from activeseed.systems.fields.linear import Kernel, Linear
from activeseed.systems.fields.mlp import Mlp
from activeseed.systems.fields.points import Points
from activeseed.systems.league import OversightLeague
from activeseed.systems.reward_model import RewardModel
from tests.toy_materials import pairs, vectors

ROWS = Rows(np.zeros((3, 1), np.int16), np.array([0, 1, 0], np.int64))
DRAWS = Draws.of(5, ROWS)
RATES = Rates(weights=0.3, bias=0.2, decay=0.01)
#: double precision: two orders of the same sums
CLOSE: dict[str, Any] = {"rtol": 1e-9, "atol": 1e-11}


def points(*, dual: bool = False) -> Points:
    rng = np.random.default_rng(3)
    return Points.lay_out(torch.tensor(rng.normal(size=(6, 4))), torch.tensor(rng.normal(size=(3, 4))), 2, dual=dual)


FIELDS: dict[str, Callable[[], Field]] = {
    "linear": lambda: Linear(points(), RATES, init_scale=0.7),
    "linear, attacked": lambda: Linear(points(), RATES, 0.7, radius=0.1),
    "mlp": lambda: Mlp(points(), RATES, 5, 1.0),
}


def by_autograd(field: Field, params, factors, mass, own, own_mass):
    """Slopes of Σ mass · softplus(score) in the parameters themselves, the scores read of the masked ones."""
    leaves = [p.detach().clone().requires_grad_() for p in params]
    reading = field.read(masked(leaves, factors), own)
    assert reading.own is not None
    loss = (mass * softplus(reading.shared)).sum() + (own_mass * softplus(reading.own)).sum()
    return torch.autograd.grad(loss, leaves, materialize_grads=True)


@pytest.mark.usefixtures("double_precision")
@pytest.mark.parametrize("momentum", [0.0, 0.6])
@pytest.mark.parametrize("units", [0.0, 0.4])
@pytest.mark.parametrize("weights", [0.0, 0.3])
@pytest.mark.parametrize("name", FIELDS)
def test_steps_by_hand_are_those_of_autograd(name, momentum, units, weights) -> None:
    field = FIELDS[name]()
    rng = np.random.default_rng(1)
    mass, own_mass = torch.tensor(rng.random((3, 6))), torch.tensor(rng.random((3, 2)))
    own = torch.tensor(rng.normal(size=(3, 2, 4)))
    params = field.start(3, DRAWS)
    want = [p.clone() for p in params]
    masks = Masks(field, DRAWS, units, weights) if units or weights else None
    twin = Masks(field, DRAWS, units, weights)
    descent = Descent(field, momentum, masks)
    velocity = [torch.zeros_like(p) for p in want]
    # the decay of weights, and the rate of each parameter: W, v by the learning rate, biases by theirs
    rates = [0.3, 0.2] if isinstance(field, Linear) else [0.3, 0.3, 0.3, 0.2]
    decays = [0.01, 0.0] if isinstance(field, Linear) else [0.01, 0.0, 0.01, 0.0]
    for step in range(11):  # over the edge of what is drawn together
        reading = descent.read(params, step, own)
        assert reading.own is not None
        descent.move(params, reading, reading.shared.sigmoid() * mass, reading.own.sigmoid() * own_mass, own)
        factors = twin.at(step) if masks is not None else [None] * len(want)
        found = by_autograd(field, want, factors, mass, own, own_mass)
        for v, w, g, rate, decay in zip(velocity, want, found, rates, decays, strict=True):
            v.mul_(momentum).sub_(rate * g + decay * w)
            w.add_(v)
    for p, w in zip(params, want, strict=True):
        torch.testing.assert_close(p, w, **CLOSE)


@pytest.mark.usefixtures("double_precision")
def test_momentum_in_the_dual_is_momentum_in_the_primal() -> None:
    primal, dual = Linear(points(), RATES), Kernel(points(dual=True), RATES)
    ends = []
    for field in (primal, dual):
        params = field.start(3, DRAWS)
        descent = Descent(field, 0.8)
        for step in range(20):
            reading = descent.read(params, step)
            descent.move(params, reading, reading.shared.sigmoid() - 0.3)
        ends.append(field.probe_scores(params))
    torch.testing.assert_close(*ends, **CLOSE)


def test_masks_are_those_of_the_key_anew_each_step_and_right_on_average() -> None:
    field = Mlp(points(), RATES, 400, 1.0)
    masks = Masks(field, DRAWS, 0.4, 0.0)
    first, later = masks.at(0), masks.at(9)
    assert first[0] is None
    assert first[1] is None
    assert first[2] is not None
    assert later[2] is not None
    assert torch.equal(first[2][0], first[2][2])  # rows of one key
    assert not torch.equal(first[2][0], first[2][1])
    assert not torch.equal(first[2], later[2])
    assert first[2].unique().tolist() == pytest.approx([0.0, 1 / 0.6])
    # a share of 400 units: four of its standard errors
    assert float((first[2] == 0).float().mean(1)[0]) == pytest.approx(0.4, abs=4 * (0.4 * 0.6 / 400) ** 0.5)
    (run, again) = masks.at_run()[2], masks.at_run()[2]
    assert run is not None
    assert again is not None
    assert torch.equal(run, again)
    both = Masks(field, DRAWS, 0.4, 0.5).at(0)[2]
    assert both is not None
    assert both.max() == pytest.approx(1 / 0.6 / 0.5)


@pytest.mark.parametrize(
    "system", [OversightLeague(), RewardModel(), OversightLeague.full(), RewardModel(reward="mlp")]
)
def test_what_is_off_leaves_no_trace_in_the_record(system) -> None:
    new = {"momentum", "dropout", "dropconnect", "masked", "pretrained", "pretrained_on"}
    assert not new & set(system.record())
    told = type(system)(**{**system.model_dump(), "dropout": 0.3, "masked": "run", "pretrained": 2, "momentum": 0.1})
    assert new - {"dropconnect", "pretrained_on"} <= set(told.record())
    assert type(system)(**{k: v for k, v in told.record().items() if k != "revision"}) == told


CASES = [(OversightLeague(rounds=2, steps=10), vectors), (RewardModel(steps=20), pairs)]


@pytest.mark.parametrize(("system", "materials"), CASES)
def test_masks_at_run_time_are_of_the_network_that_is_handed_out(system, materials) -> None:
    given = materials()
    plain = np.asarray(system.states(one(given), given, NETWORK))
    dropped = type(system)(**{**system.model_dump(), "dropconnect": 0.5, "masked": "run"})
    found = np.asarray(dropped.states(one(given, 2), given, NETWORK))
    weights, kept = plain[0, :-1], found[:, :-1]
    gone = kept == 0.0
    assert 0 < gone.mean() < 1
    assert not np.array_equal(*gone)
    # trained alike, up to the rounding of another basis, and then masked: what is kept is twice as large
    np.testing.assert_allclose(kept[~gone], np.tile(2 * weights, (2, 1))[~gone], rtol=1e-3, atol=1e-5)
    assert dropped.traits.streams == ("mask",)
    held = type(system)(**{**dropped.model_dump(), "held": ("mask",)})
    assert held.traits.streams == ()
    same = np.asarray(held.states(one(given, 2), given, NETWORK))
    np.testing.assert_allclose(same[0], same[1], rtol=1e-5, atol=1e-6)  # alike, up to the company in a product


@pytest.mark.parametrize(("system", "materials"), CASES)
def test_masks_in_training_change_what_is_trained_and_not_how_it_is_read(system, materials) -> None:
    given = materials()
    under = type(system)(**{**system.model_dump(), "dropout": 0.5})
    outcomes = under.train(one(given, 3), given)
    assert outcomes.ok.all()
    assert len(np.unique(outcomes.values, axis=0)) == 3
    assert not (np.asarray(under.states(one(given, 1), given, NETWORK))[:, :-1] == 0.0).any()
    assert system.traits.streams == ()


@pytest.mark.parametrize(("system", "materials"), CASES)
def test_a_start_from_another_task_is_another_start_and_washes_out(system, materials) -> None:
    given = materials()
    strong = {"l2": 0.05, "steps": 1500, "pretrained": 40}
    long = type(system)(**{**system.model_dump(), **strong})
    short = type(system)(**{**system.model_dump(), **strong, "steps": 1})
    spread = {}
    for name, trainer in (("long", long), ("short", short)):
        assert trainer.traits.streams == ("init",)
        rows = one(given, 6)
        spread[name] = float(trainer.train(rows, given).values.std(0).mean())
        starts = np.asarray(trainer.states(rows, given, TRAJECTORY))[:, 0]
        assert starts.std(0).mean() > 1e-3
    # convex with decay 0.05 and rate 4: a start shrinks by 0.8 a step, so that rounding is all that is left
    assert spread["short"] > 1e-3
    assert spread["long"] < 1e-4 * max(1.0, spread["short"]) + 1e-5


def test_what_starts_from_shuffled_examples_is_a_league_of_its_own() -> None:
    given = vectors()
    ends = [OversightLeague(rounds=1, steps=2, pretrained=20, pretrained_on=on) for on in ("pool", "shuffled")]
    a, b = (e.train(one(given), given).values for e in ends)
    assert np.abs(a - b).max() > 1e-3


@pytest.mark.parametrize("name", ["momentum", "dropout", "dropconnect", "pretrained"])
def test_what_is_no_plain_descent_has_no_gradients_and_no_convex_training(name) -> None:
    other: dict[str, Any] = {name: 3 if name == "pretrained" else 0.3}
    league = OversightLeague(rounds=1, **other)
    assert not league.traits.gradients
    with pytest.raises(PlanError, match=f"{name} = 0"):
        league.convex(vectors())
    with pytest.raises(PlanError, match=f"{name} = 0"):
        RewardModel(**other).convex(pairs())


def test_settings_know_their_place_in_the_stack() -> None:
    full = OversightLeague.full(
        dropout=0.4, dropconnect=0.1, minibatch=8, pretrained=4, momentum=0.5, init_scale=0.3, masked="both"
    )
    found = {f.id: (f.level, f.aspect, [c.setting for c in f.choices]) for f in full.factors()}
    assert {n for n, (level, _, _) in found.items() if level == "trainer2"} == {
        "rounds", "beta", "opponents", "exploiter_leash"
    }  # fmt: skip
    assert {n for n, (level, _, _) in found.items() if level == "model"} == {"hidden", "dropout", "dropconnect"}
    assert {n for n, (_, aspect, _) in found.items() if aspect == "start"} == {"init_scale", "pretrained"}
    assert found["momentum"][2] == [0.5, 0.0, 0.9]
    assert found["minibatch"][2] == [8, 2, 4]
    assert found["dropout"][2] == [0.4, 0.1, 0.2, 0.6, 0.8]
    plain = {f.id: f.level for f in RewardModel().factors()}
    assert plain == dict.fromkeys(["steps", "learning_rate", "l2", "momentum"], "trainer")


def one(materials, keys: int = 1) -> Rows:
    """The seed as it stands under so many keys."""
    base = np.tile(np.array(materials.seed.base, np.int16), (keys, 1))
    return replace(Rows(base, np.zeros(keys, np.int64)), keys=np.arange(keys, dtype=np.int64))


def test_a_partition_has_its_members_settings() -> None:
    from activeseed.systems.partition import Partition

    whole = Partition(parts=3, of=OversightLeague(rounds=2))
    found = {f.id: f.level for f in whole.factors()}
    assert found["parts"] == "trainer2"
    assert found["of.momentum"] == "trainer"
    other = whole.with_settings({"parts": 6, "of.momentum": 0.5})
    assert (other.parts, other.of.momentum) == (6, 0.5)
    with pytest.raises(PlanError, match=r"no setting 'momentum'.*of\.momentum"):
        whole.with_settings({"momentum": 0.5})
