"""Dreams: what is dreamed was seen, lies in its region, and is where the difference is largest."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from activeseed.bounding.regions import Ball, Box
from activeseed.dreaming import Difference, Near, Sphere, dense, dream, dreams, near, unit_length
from activeseed.errors import PlanError
from activeseed.networks import Layout, Network

ACTIVATIONS = ("tanh", "relu", "sigmoid")


def network(widths=(6, 5, 1), activation="tanh", seed=0, size=1.0) -> Network:
    layout = Layout(widths, activation)
    return Network.of(layout, np.random.default_rng(seed).standard_normal(layout.size) * size)


def some(n=60, d=6, seed=1, unit=False):
    points = np.random.default_rng(seed).standard_normal((n, d))
    return points / np.linalg.norm(points, axis=1, keepdims=True) if unit else points


def regions(d=6):
    return [
        Box(-np.ones(d), np.ones(d)), Ball(np.ones(d), 0.5), Sphere(d), near(some(d=d)), near(some(d=d, unit=True)),
        dense(some(d=d), key=1), dense(some(200, d, unit=True), key=2),
    ]  # fmt: skip


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("other", [(6, 5, 1), (6, 3, 1), (6, 4, 4, 1)])
@pytest.mark.parametrize("along", ["scores", "outcomes"])
def test_the_graph_says_what_the_two_networks_say(activation, other, along) -> None:
    difference = Difference(network(activation=activation), network(other, seed=2), along)
    points = some()
    values, slopes = difference.rising(torch.as_tensor(points))
    said = difference.values(points)
    # both are float64; sums of six terms in another order differ in the last few bits
    assert np.abs(values.numpy() - said).max() < 1e-12
    step = 1e-6
    for d in range(6):
        ahead = points + step * np.eye(6)[d]
        # central differences: an error of step² · third derivative, and 1e-16/step of rounding
        slope = (difference.values(ahead) - difference.values(points - step * np.eye(6)[d])) / (2 * step)
        smooth = activation != "relu" or np.abs(slope - slopes.numpy()[:, d]) < 1e-6  # a kink may lie between
        assert np.mean(np.abs(slope - slopes.numpy()[:, d]) < 1e-6) > 0.99
        assert np.mean(smooth) > 0.99


@pytest.mark.parametrize("region", regions(), ids=lambda r: r.words)
def test_regions_keep_what_they_project_and_draw_and_bound_it(region) -> None:
    dice = np.random.default_rng(3)
    drawn = region.sample(300, dice)
    assert region.holds(drawn, 1e-9).all()
    outside = dice.standard_normal((300, 6)) * 3
    inside = region.project(torch.as_tensor(outside)).numpy()
    assert region.holds(inside, 1e-9).all()
    again = region.project(torch.as_tensor(inside)).numpy()
    # a point of the region stays; arcs near a pole lose half of the digits (asin near 1)
    assert np.abs(again - inside).max() < 1e-6
    slopes = torch.as_tensor(dice.standard_normal((20, 6)))
    least = region.least(slopes).numpy()
    for points in (drawn, inside):
        assert (least[:, None] <= slopes.numpy() @ points.T + 1e-9).all()


@pytest.mark.parametrize("unit", [False, True])
def test_near_the_data_its_projection_is_the_nearest_point_and_its_least_is_reached(unit) -> None:
    region = near(some(unit=unit), 0.9)
    dice = np.random.default_rng(4)
    away = dice.standard_normal((50, 6)) * 2
    away = away / np.linalg.norm(away, axis=1, keepdims=True) if unit else away
    nearest = region.project(torch.as_tensor(away)).numpy()
    far = np.linalg.norm(away - nearest, axis=1)
    for drawn in region.sample(2000, dice):
        assert (far <= np.linalg.norm(away - drawn, axis=1) + 1e-9).all()
    slopes = dice.standard_normal((10, 6))
    # the least value is at the projection of a point far down the slope
    down = region.project(torch.as_tensor(-1e6 * slopes)).numpy()
    reached = (down * slopes).sum(1)
    assert (region.least(torch.as_tensor(slopes)).numpy() <= reached + 1e-6).all()
    if unit:
        best = min((slopes[0] @ p) for p in region.sample(50_000, dice))
        assert region.least(torch.as_tensor(slopes[:1])).numpy()[0] <= best


def test_the_radius_is_the_stated_share_of_nearest_neighbours() -> None:
    points = np.array([[0.0], [1.0], [3.0], [6.0], [100.0]])
    assert near(points, 0.5).radius == 2.0  # distances 1, 1, 2, 3, 94
    assert near(points, 1.0).radius == 94.0
    assert near(np.repeat(points, 3, 0), 0.5).radius == 2.0  # copies are no neighbours


@pytest.mark.parametrize("seed", range(5))
def test_of_linear_networks_the_dream_is_the_closed_form(seed) -> None:
    f, g = network((6, 1), seed=seed), network((6, 1), seed=seed + 50)
    w, b = f.weights[0][0] - g.weights[0][0], f.biases[0][0] - g.biases[0][0]
    for region, most in (
        (Ball(np.ones(6), 0.5), abs(w.sum() + b) + 0.5 * np.linalg.norm(w)),
        (Box(-np.ones(6), np.ones(6)), np.abs(w).sum() + abs(b)),
        (Sphere(6), np.linalg.norm(w) + abs(b)),
    ):
        found = dream(f, g, region, key=seed, restarts=4, steps=60)
        assert found.value <= most + 1e-9
        # steps shrink until they are a millionth of the region; on a sphere the loss is its square
        assert found.value >= most * (1 - 1e-6)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 10_000),
    st.sampled_from(ACTIVATIONS),
    st.sampled_from(range(7)),
    st.sampled_from(["scores", "outcomes"]),
)
def test_what_is_dreamed_was_seen_in_its_region_and_beats_its_starts(seed, activation, which, along) -> None:
    f, g = network(activation=activation, seed=seed), network(activation=activation, seed=seed + 1)
    region, data = regions()[which], some(20)
    found = dreams(f, g, region, key=seed, starts=data, restarts=6, steps=15, along=along)
    said = Difference(f, g, along).values(np.array([x.point for x in found]))
    # another company in a batch, another order of sums: some dozen terms of size one, so some 1e-15
    assert [x.signed for x in found] == pytest.approx(said.tolist(), abs=1e-13)
    assert [x.value for x in found] == pytest.approx(sorted((abs(v) for v in said), reverse=True), abs=1e-13)
    assert region.holds(np.array([x.point for x in found]), 1e-6).all()
    began = region.project(torch.as_tensor(data)).numpy()
    nearby = np.abs(Difference(f, g, along).values(began)).max()
    few = Difference(f, g, along).values(region.sample(8, np.random.default_rng(seed)))
    assert found[0].value >= min(nearby, np.abs(few).max())


def test_sides_apart_and_the_same_again() -> None:
    f, g = network(seed=1), network(seed=2)
    region = near(some())
    above = dream(f, g, region, key=1, sign="first")
    below = dream(f, g, region, key=1, sign="second")
    assert above.signed > 0 > below.signed
    assert dream(g, f, region, key=1, sign="second").signed == pytest.approx(-above.signed)
    both = dream(f, g, region, key=1)
    assert both.value == pytest.approx(max(above.value, below.value), rel=0.05)
    again = dream(f, g, region, key=1)
    assert (again.value, again.evaluations) == (both.value, both.evaluations)
    assert (again.point == both.point).all()
    several = dreams(f, g, region, key=1, n=5, apart=0.5)
    points = np.array([x.point for x in several])
    far = np.linalg.norm(points[:, None] - points[None], axis=-1)
    assert len(several) > 1
    assert (far[~np.eye(len(points), dtype=bool)] > 0.5).all()


def test_a_network_and_itself_part_nowhere() -> None:
    f = network()
    assert dream(f, f, Sphere(6), key=0).value == 0.0


def test_evaluations_are_counted_honestly(monkeypatch) -> None:
    forward, gradients = [], []
    at, rising = Difference.at, Difference.rising

    def counted(self, points):
        forward.append(len(points))
        return at(self, points)

    def counted_rise(self, points):
        gradients.append(len(points))
        return rising(self, points)

    monkeypatch.setattr(Difference, "at", counted)
    monkeypatch.setattr(Difference, "rising", counted_rise)
    found = dream(network(seed=1), network(seed=2), Sphere(6), key=0, restarts=5, steps=7)
    # each gradient went through `at` once, and counts once more
    assert found.evaluations == sum(forward) + sum(gradients)
    assert found.evaluations <= 4 * 5 + 2 * 5 * 8 + 2 * 8


def test_bad_input_is_refused_in_words() -> None:
    f = network()
    for wrong, said in (
        (lambda: dream(f, network((5, 1)), Sphere(6), key=0), "can't be compared"),
        (lambda: dream(f, f, Sphere(5), key=0), "region of the networks' inputs"),
        (lambda: dream(f, f, Sphere(6), key=0, starts=np.full((2, 6), np.nan)), "finite"),
        (lambda: dream(f, f, Sphere(6), key=0, restarts=0), "one start"),
        (lambda: near(np.zeros((3, 6))), "1 different points"),
        (lambda: near(np.zeros((0, 6))), "contains no data"),
        (lambda: near(some(), 1.5), "quantile"),
        (lambda: Near(np.zeros((0, 6)), 1.0), "contains no data"),
        (lambda: Near(some(), float("nan")), "finite"),
        (lambda: dense(some(5), key=0), "20 are needed"),
    ):
        with pytest.raises(PlanError, match=said):
            wrong()
    broken = Network(f.layout, (f.weights[0] * np.nan, f.weights[1]), f.biases)
    with pytest.raises(PlanError, match="NaN"):
        dream(f, broken, Sphere(6), key=0)
    constant = Network.of(f.layout, np.r_[np.zeros(f.layout.size - 1), 1.0])
    nothing = Network.of(f.layout, np.zeros(f.layout.size))
    with pytest.raises(PlanError, match="second above the first"):
        dream(constant, nothing, Sphere(6), key=0, sign="second")


def test_unit_length_is_told() -> None:
    assert unit_length(some(unit=True))
    assert unit_length(some(unit=True).astype(np.float32))
    assert not unit_length(some())
    assert not unit_length(np.zeros((0, 3)))
