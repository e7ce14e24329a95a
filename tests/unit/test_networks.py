"""Networks as values, networks of torch read as such, and the regions over which something is proved of them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from activeseed.bounding.from_torch import of_torch
from activeseed.bounding.regions import Ball, Box, Region
from activeseed.errors import PlanError
from activeseed.networks import Activation, Layout, Network, activated, parts_of

# --- networks -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid"])
@pytest.mark.parametrize("widths", [(3, 1), (3, 5, 1), (3, 5, 4, 1)])
def test_a_network_says_what_its_formula_does(widths: tuple[int, ...], activation: Activation) -> None:
    """Against torch's own layers, in double precision; flat parameters go there and back to the bit."""
    rng = np.random.default_rng(0)
    layout = Layout(widths, activation)
    flat = rng.normal(size=layout.size)
    network = Network.of(layout, flat)
    assert np.array_equal(network.flat, flat)
    assert layout.inputs == 3
    units = {"relu": torch.relu, "tanh": torch.tanh, "sigmoid": torch.sigmoid}[activation]
    x = rng.normal(size=(2, 7, 3))
    h = torch.tensor(x)
    for n, (w, b) in enumerate(zip(network.weights, network.biases, strict=True)):
        h = nn.functional.linear(h, torch.tensor(w), torch.tensor(b))
        h = h if n == len(widths) - 2 else units(h)
    np.testing.assert_allclose(network.scores(x), h[..., 0], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(network.outcomes(x), torch.sigmoid(h[..., 0]), rtol=1e-12)
    identity = Network.of(Layout(widths, activation, "identity"), flat)
    assert np.array_equal(identity.outcomes(x), network.scores(x))
    inside = network.units(x)
    assert inside.shape == (2, 7, widths[-2])
    np.testing.assert_allclose(inside @ network.weights[-1][0] + network.biases[-1], network.scores(x), atol=1e-12)


def test_another_number_of_parameters_is_refused() -> None:
    with pytest.raises(PlanError, match=r"has 26 parameters; \(25,\) were given"):
        Network.of(Layout((3, 5, 1)), np.zeros(25))
    with pytest.raises(PlanError, match=r"\(1, 26\) were given"):
        Network.of(Layout((3, 5, 1)), np.zeros((1, 26)))


def test_scores_that_overflow_an_exponential_are_probabilities() -> None:
    network = Network.of(Layout((1, 1)), np.array([1e4, 0.0]))
    assert network.outcomes(np.array([[-1.0], [0.0], [1.0]])).tolist() == [0.0, 0.5, 1.0]
    assert activated("sigmoid", np.array([-800.0])).tolist() == [0.0]


def test_stacked_parts_come_in_the_order_of_a_layout() -> None:
    rng = np.random.default_rng(1)
    w, b, v, c = (rng.normal(size=s) for s in ((4, 5, 3), (4, 5), (4, 1, 5), (4, 1)))
    flat = parts_of([w, b, v, c])
    layout = Layout((3, 5, 1))
    assert flat.shape == (4, layout.size)
    network = Network.of(layout, flat[2])
    assert np.array_equal(network.weights[0], w[2])
    assert np.array_equal(network.biases[0], b[2])
    assert np.array_equal(network.weights[1], v[2])


# --- networks of torch --------------------------------------------------------------------------------------------


def same(model: nn.Module, network: Network, link: bool = False) -> None:
    """The network's scores (or outcomes) are the model's, in its own precision, to rounding."""
    x = np.random.default_rng(2).normal(size=(20, network.layout.inputs))
    kind = next(model.parameters()).dtype
    with torch.no_grad():
        found = model.eval()(torch.tensor(x, dtype=kind))[:, 0].double().numpy()
    said = network.outcomes(x) if link else network.scores(x)
    np.testing.assert_allclose(said, found, atol=1e-12 if kind == torch.float64 else 1e-5)


SHARED = nn.ReLU()
READABLE = {
    "linear": (nn.Linear(4, 1), (4, 1)),
    "relu": (nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 1)), (4, 6, 1)),
    "no bias": (nn.Sequential(nn.Linear(4, 6, bias=False), nn.Tanh(), nn.Linear(6, 1, bias=False)), (4, 6, 1)),
    "dropout": (
        nn.Sequential(nn.Dropout(0.5), nn.Linear(4, 6), nn.Dropout(0.5), nn.ReLU(), nn.Identity(), nn.Linear(6, 1)),
        (4, 6, 1),
    ),
    "two linear layers are one": (
        nn.Sequential(nn.Linear(4, 6), nn.Linear(6, 5, bias=False), nn.Tanh(), nn.Linear(5, 3), nn.Linear(3, 1)),
        (4, 5, 1),
    ),
    "within one another": (
        nn.Sequential(nn.Sequential(nn.Linear(4, 6), nn.ReLU()), nn.Sequential(nn.Linear(6, 6), nn.ReLU()),
                      nn.Linear(6, 1)),
        (4, 6, 6, 1),
    ),
    "one activation in two places": (
        nn.Sequential(nn.Linear(4, 6), SHARED, nn.Linear(6, 5), SHARED, nn.Linear(5, 1)),
        (4, 6, 5, 1),
    ),
    "double": (nn.Sequential(nn.Linear(4, 6), nn.Sigmoid(), nn.Linear(6, 1)).double(), (4, 6, 1)),
}  # fmt: skip


@pytest.mark.parametrize("name", READABLE)
def test_a_network_of_torch_is_read(name: str) -> None:
    model, widths = READABLE[name]
    network = of_torch(model)
    assert network.layout.widths == widths
    assert network.layout.link == "sigmoid"
    same(model, network)
    assert of_torch(model, link="identity").layout.link == "identity"


def test_one_layer_in_two_places_is_applied_twice() -> None:
    square = nn.Linear(4, 4)
    model = nn.Sequential(square, nn.ReLU(), square, nn.ReLU(), nn.Linear(4, 1))
    network = of_torch(model)
    assert network.layout.widths == (4, 4, 4, 1)
    same(model, network)


def test_a_sigmoid_at_the_end_is_the_link() -> None:
    hidden = nn.Sequential(nn.Linear(4, 6), nn.Sigmoid(), nn.Linear(6, 1), nn.Sigmoid())
    network = of_torch(hidden, link="identity")
    assert network.layout == Layout((4, 6, 1), "sigmoid", "sigmoid")
    same(hidden, network, link=True)
    logistic = nn.Sequential(nn.Linear(4, 1), nn.Sigmoid())
    same(logistic, of_torch(logistic), link=True)


class Own(nn.Module):
    """A module with a forward pass of its own, which nothing says."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(4, 1)


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (nn.Sequential(nn.Linear(4, 6), nn.GELU(), nn.Linear(6, 1)), "Layer 1 of the network is a GELU"),
        (nn.Sequential(nn.Linear(4, 6), nn.LayerNorm(6), nn.ReLU(), nn.Linear(6, 1)), "Layer 1 .* is a LayerNorm"),
        (nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Linear(6, 1)), "is a BatchNorm1d"),
        (Own(), "Layer 0 of the network is a Own"),
        (nn.Sequential(nn.Linear(4, 6), Own()), "Layer 1 of the network is a Own"),
        (nn.Sequential(nn.ReLU(), nn.Linear(4, 1)), "Layer 0 of the network is a ReLU"),
        (nn.Sequential(nn.Linear(4, 2)), "does not end in one score"),
        (nn.Sequential(), "does not end in one score"),
        (nn.Sequential(nn.Linear(4, 1), nn.ReLU()), r"ends in an activation \(relu\)"),
        (
            nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 6), nn.Tanh(), nn.Linear(6, 1)),
            r"mixes activations \(relu, tanh\)",
        ),
    ],
)
def test_what_can_not_be_read_is_named(model: nn.Module, said: str) -> None:
    with pytest.raises(PlanError, match=said):
        of_torch(model)


# --- regions ------------------------------------------------------------------------------------------------------

numbers = st.floats(-10.0, 10.0)


@st.composite
def regions(draw: st.DrawFn) -> Region:
    d = draw(st.integers(1, 5))
    centre = np.array(draw(st.lists(numbers, min_size=d, max_size=d)))
    if draw(st.booleans()):
        return Ball(centre, draw(st.one_of(st.just(0.0), st.floats(1e-3, 10.0))))
    widths = np.array(draw(st.lists(st.one_of(st.just(0.0), st.floats(0.0, 5.0)), min_size=d, max_size=d)))
    return Box(centre - widths, centre + widths)


def slopes_for(region: Region, root: int) -> torch.Tensor:
    rng = np.random.default_rng(root)
    slopes = rng.normal(size=(6, region.dimension)) * rng.integers(0, 2, (6, region.dimension))
    return torch.tensor(slopes)


#: rounding of a sum of 5 products of numbers up to 15 and 5: some 5 · 75 · 2⁻⁵³, 4e-14
ROUNDING = 1e-12


@settings(max_examples=150, deadline=None)
@given(regions(), st.integers(0, 2**32 - 1))
def test_least_is_a_lower_bound_and_attained(region: Region, root: int) -> None:
    rng = np.random.default_rng(root)
    slopes = slopes_for(region, root)
    least = region.least(slopes)
    points = torch.tensor(region.sample(200, rng))
    assert bool((points @ slopes.T >= least - ROUNDING).all())
    # the point of a linear function's least value is where its descent ends, whatever it begins at
    far = region.project(points[0] - 1e6 * slopes)
    attained = (far * slopes).sum(1)
    # a step of 1e6 leaves the ball's own size beside it: the direction is off by at most 25/1e6 · 1/‖slope‖
    nonzero = slopes.norm(dim=1) > 1e-2
    gap = (attained - least)[nonzero]
    assert bool((gap >= -1e-8).all())
    assert bool((gap <= 1e-4).all())


@settings(max_examples=150, deadline=None)
@given(regions(), st.integers(0, 2**32 - 1))
def test_project_is_idempotent_and_nearest(region: Region, root: int) -> None:
    rng = np.random.default_rng(root)
    points = torch.tensor(rng.normal(size=(20, region.dimension)) * 20.0)
    near = region.project(points)
    assert region.holds(near.numpy()).all()
    np.testing.assert_allclose(region.project(near), near, atol=1e-12)
    inside = torch.tensor(region.sample(100, rng))
    distance = (points - near).norm(dim=1)
    others = torch.cdist(points, inside, compute_mode="donot_use_mm_for_euclid_dist").min(1).values
    assert bool((distance <= others + 1e-9).all())
    np.testing.assert_allclose(region.project(inside), inside, atol=1e-12)  # what lies inside stays


@settings(max_examples=50, deadline=None)
@given(regions(), st.integers(0, 2**32 - 1))
def test_samples_lie_all_over_the_region(region: Region, root: int) -> None:
    points = region.sample(400, np.random.default_rng(root))
    assert points.shape == (400, region.dimension)
    assert region.holds(points).all()
    # both halves along each axis hold some: 2⁻³⁹⁹ that one of them has none
    middle = region.centre if isinstance(region, Ball) else (region.low + region.high) / 2  # type: ignore[attr-defined]
    wide = np.ptp(points, axis=0) > 0
    both = np.logical_and((points < middle).any(0), (points > middle).any(0))
    assert np.asarray(both)[wide].all()


def test_a_point_outside_is_outside() -> None:
    outside = np.array([[0.0, 1.1], [np.nan, 0.0]])
    assert not Ball(np.zeros(2), 1.0).holds(outside).any()
    assert not Box(-np.ones(2), np.ones(2)).holds(outside).any()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Box(np.array([0.0, 1.0]), np.array([1.0, 0.0]), "the box of the data"), "empty: the box of the data"),
        (lambda: Box(np.array([0.0]), np.array([1.0, 2.0])), "corners of a box have 1 and 2 entries"),
        (lambda: Box(np.array([0.0]), np.array([np.inf])), "finite numbers"),
        (lambda: Box(np.array([[0.0]]), np.array([[1.0]])), "finite numbers"),
        (lambda: Ball(np.zeros(2), -0.1), "empty: a ball has the radius -0.1"),
        (lambda: Ball(np.zeros(2), np.nan), "finite numbers"),
        (lambda: Ball(np.array([np.nan, 0.0]), 1.0), "finite numbers"),
    ],
)
def test_an_empty_region_is_refused(make, said: str) -> None:
    with pytest.raises(PlanError, match=said):
        make()
