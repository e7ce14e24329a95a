"""Masks at run time against every mask there is, curves against each other, and networks from elsewhere."""

from __future__ import annotations

import json
from itertools import product

import numpy as np
import pytest
import torch

import activeseed as act
from activeseed.analyses.masking.masks import draws, masked_outcomes
from activeseed.errors import PlanError
from activeseed.geometries import Hellinger
from activeseed.networks import Layout, Link, Network
from activeseed.systems.league import OversightLeague
from activeseed.testing import problem_of
from activeseed.testing.running import run
from tests.toy_materials import vectors

RNG = np.random.default_rng(7)
INPUTS = RNG.normal(size=(5, 3))


def network(*widths: int, link: Link = "sigmoid") -> Network:
    layout = Layout(widths, "tanh", link)
    return Network.of(layout, RNG.normal(size=layout.size))


def every_mask(net: Network, of: str, p: float):
    """(masks, probability): each way in which units or weights can be dropped."""
    shapes = [
        None if of == "units" and n == 0 and len(net.weights) > 1 else ((1, w.shape[1]) if of == "units" else w.shape)
        for n, w in enumerate(net.weights)
    ]
    sizes = [0 if s is None else int(np.prod(s)) for s in shapes]
    for bits in product([0, 1], repeat=sum(sizes)):
        kept, at = [], 0
        for s, size in zip(shapes, sizes, strict=True):
            kept.append(None if s is None else np.reshape(bits[at : at + size], (1, *s)).astype(float))
            at += size
        yield kept, float(np.prod([1 - p if b else p for b in bits]))


@pytest.mark.parametrize("of", ["units", "weights"])
@pytest.mark.parametrize("widths", [(3, 1), (3, 2, 1)])
def test_a_curve_is_the_mean_over_every_mask_there_is(of, widths) -> None:
    net, p, masks = network(*widths), 0.3, 4000
    geometry = Hellinger(np.full(5, 0.2))
    whole = geometry.embed(net.outcomes(INPUTS))
    exact = square = 0.0
    moved = np.zeros_like(whole)
    for kept, chance in every_mask(net, of, p):
        # a mask of numbers: dropped where they are below p
        gap = geometry.embed(masked_outcomes(net, INPUTS, kept, p)[0]) - whole
        exact += chance * float((gap**2).sum())
        square += chance * float((gap**2).sum()) ** 2
        moved += chance * gap
    found = act.masked_curve(net, INPUTS, of=of, rates=(p,), masks=masks)
    # a mean of independent squared distances, whose variance is known exactly: four standard errors
    error = ((square - exact**2) / masks) ** 0.5
    assert found.value[0] == pytest.approx(exact, abs=4 * error)
    assert found.se[0] == pytest.approx(error, rel=0.2)  # of 4000 squares with a kurtosis of at most 20: 4 · 0.04
    # products of different masks: their error is at most twice √(shift · spread / masks) + spread / masks
    shift = float((moved**2).sum())
    spread = exact - shift
    allowed = 4 * (2 * (shift * spread / masks) ** 0.5 + spread / masks)
    assert found.shift[0] == pytest.approx(shift, abs=allowed)
    assert found.spread[0] == pytest.approx(spread, abs=allowed + 4 * error)


def test_dropped_weights_of_a_linear_score_have_a_known_variance() -> None:
    net, masks = network(3, 1, link="identity"), 20_000
    rates = (0.0, 0.1, 0.3, 0.5)
    found = act.masked_curve(net, INPUTS, of="weights", rates=rates, masks=masks)
    w = net.weights[0][0]
    exact = [p / (1 - p) * float(((w * INPUTS) ** 2).sum(1).mean()) for p in rates]
    # five of the errors that the curve gives, themselves known to a few per cent at 20,000 masks
    np.testing.assert_allclose(found.value, exact, atol=5 * max(found.se))
    assert found.value[0] == found.shift[0] == found.spread[0] == found.se[0] == 0.0
    assert list(found.value) == sorted(found.value)
    # inverted scaling: masks move nothing on average
    np.testing.assert_allclose(found.shift, 0.0, atol=5 * max(found.shift_se))
    # inputs are the units of a linear score, and dropping an input is dropping its weight
    units = act.masked_curve(net, INPUTS, of="units", rates=rates, masks=masks)
    np.testing.assert_allclose(units.value, exact, atol=5 * max(units.se))
    assert "no hidden units" in units.words


def test_a_larger_share_drops_all_that_a_smaller_one_did() -> None:
    net = network(3, 4, 1)
    numbers = draws(net.layout, "units", 50, 1, 0)
    assert numbers[0] is None
    assert numbers[1] is not None
    for small, large in ((0.1, 0.3), (0.3, 0.6)):
        assert ((numbers[1] < small) <= (numbers[1] < large)).all()
    everything = masked_outcomes(net, INPUTS, [None, np.zeros((1, 1, 4))], 0.5)[0]
    np.testing.assert_allclose(everything, 1 / (1 + np.exp(-net.biases[1][0])))  # biases are never dropped


def test_two_curves_of_one_trainer_are_not_apart_and_two_of_two_are() -> None:
    robust, frail = network(3, 1), network(3, 1)
    frail = Network(frail.layout, (3.0 * robust.weights[0],), robust.biases)
    a, b = (act.masked_curve(n, INPUTS, of="weights", masks=400) for n in (robust, frail))
    same = act.curves_apart(a, a)
    assert same.paired
    assert same.squared == same.mean == same.distance == 0.0
    found = act.curves_apart(a, b)
    assert found.paired
    assert found.mean_high < 0 < found.squared_low
    again = act.masked_curve(robust, INPUTS, of="weights", masks=400, root=1)
    unpaired = act.curves_apart(a, again)
    assert not unpaired.paired
    assert unpaired.mean_low < 0 < unpaired.mean_high
    # zero on average: its error, or none
    assert abs(unpaired.squared) < 4 * unpaired.squared_se
    apart = act.curves_apart(again, b)
    assert not apart.paired
    assert apart.mean == pytest.approx(found.mean, abs=4 * (found.mean_se + apart.mean_se))
    with pytest.raises(PlanError, match="same `of` and `rates`"):
        act.curves_apart(a, act.masked_curve(robust, INPUTS, of="units", masks=4))


def test_the_squared_distance_of_two_samples_of_one_curve_is_zero_on_average() -> None:
    net, gaps = network(3, 1), []
    for root in range(200):
        a, b = (act.masked_curve(net, INPUTS, of="weights", rates=(0.3,), masks=8, root=2 * root + s) for s in (0, 1))
        gaps.append(act.curves_apart(a, b).squared)
    # 200 independent estimates: 4 standard errors of their mean
    assert abs(np.mean(gaps)) < 4 * np.std(gaps) / 200**0.5
    assert np.std(gaps) > 0


def test_networks_of_torch_are_read_and_what_is_none_is_refused_by_name() -> None:
    torch.manual_seed(0)
    layers = [torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Dropout(0.5), torch.nn.Linear(4, 1)]
    found = act.masked_curve(torch.nn.Sequential(*layers), INPUTS, rates=(0.0, 0.2), masks=8)
    assert found.over == "masks"
    assert found.value[0] == 0.0 < found.value[1]
    several = act.masked_curve([torch.nn.Sequential(*layers)] * 3, INPUTS, rates=(0.2,), masks=8)
    assert several.over == "keys"
    assert len(several.replicates) == 3
    for layer in (torch.nn.BatchNorm1d(4), torch.nn.AlphaDropout(0.1), torch.nn.LayerNorm(4)):
        with pytest.raises(PlanError, match=type(layer).__name__):
            act.masked_curve(torch.nn.Sequential(layers[0], layer, layers[1], layers[3]), INPUTS)
    with pytest.raises(PlanError, match="4 entries"):
        act.masked_curve(torch.nn.Sequential(*layers), np.eye(4))
    with pytest.raises(PlanError, match="rates lie in"):
        act.masked_curve(torch.nn.Sequential(*layers), INPUTS, rates=(1.0,))
    with pytest.raises(PlanError, match="one shape"):
        act.masked_curve([network(3, 1), network(3, 2, 1)], INPUTS)
    with pytest.raises(PlanError, match="as many weights"):
        act.masked_curve(network(3, 1), INPUTS, weights=(1.0,))


@pytest.mark.parametrize("evaluator", ["linear", "mlp"])
def test_a_league_is_masked_key_by_key(evaluator) -> None:
    materials = vectors(d=4)
    system = OversightLeague(rounds=2, steps=5, evaluator=evaluator)
    problem = problem_of(system, materials, first_key=100)
    side = act.Masking().side.model_copy(update={"name": "without one", "changes": {problem.ids[0]: "absent"}})
    found = run(act.Masking(rates=(0.3, 0.0), masks=6, keys=4, against=side), problem, system, materials)
    assert found.curves[0].rates == (0.0, 0.3)
    assert [c.value[0] for c in (*found.curves, *found.against_curves)] == [0.0] * 4
    assert all(c.value[1] > 0 for c in found.curves)
    assert found.keys == (1 if evaluator == "linear" else 4)
    assert all(a.paired for a in found.apart)
    assert any("linear" in n for n in found.notes) == (evaluator == "linear")
    said = json.loads(json.dumps(found.to_dict()))
    assert said["kind"] == "masking"
    assert len(found.to_frame()) == 8


def test_a_system_without_a_network_is_refused() -> None:
    system = OversightLeague(rounds=1, steps=2, outcome="policy")
    with pytest.raises(PlanError, match="no network"):
        run(act.Masking(), problem_of(system, vectors(d=4)), system, vectors(d=4))


def test_what_masks_do_alike_holds_nothing_of_what_each_does() -> None:
    net = network(3, 1, link="identity")
    curves = [act.masked_curve(net, INPUTS, of="weights", rates=(0.3,), masks=4, root=root) for root in range(300)]
    shifts, spreads = (np.array([getattr(c, name)[0] for c in curves]) for name in ("shift", "spread"))
    # inverted scaling moves a linear score by nothing on average; a mask paired with itself would leave a quarter of S
    assert abs(shifts.mean()) < 4 * shifts.std() / 300**0.5 < spreads.mean() / 8


def test_what_two_masks_do_alike_has_no_error_that_could_be_known() -> None:
    curve = act.masked_curve(network(3, 1, link="identity"), INPUTS, of="weights", rates=(0.0, 0.3), masks=2)
    assert curve.shift_se[0] == 0.0
    assert np.isnan(curve.shift_se[1])
