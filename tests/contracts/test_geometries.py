"""Every geometry: distances as its docstring has them, points that decode, decisions, entropies, and blocks of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from activeseed.geometries import (
    Block,
    Blocks,
    DistributionHellinger,
    Hellinger,
    Identity,
    at_places,
    decisions_of,
    decoded,
    of_distribution,
)
from activeseed.plan import Floats, generator
from activeseed.protocols import Geometry, SupportsDecisions, SupportsDecoding, SupportsEntropy
from activeseed.seed import Probe, Text
from activeseed.testing import check_geometry

WEIGHTS = np.array([0.5, 0.3, 0.2])


@dataclass(frozen=True)
class Ranks:
    """Somebody's own: distances of ranks. It can't decode, and decides nothing."""

    unit: str = "squared difference of ranks"
    over: str = "ranks"

    def embed(self, values: np.ndarray) -> Floats:
        return np.argsort(np.argsort(values, axis=-1), axis=-1).astype(np.float64)


def probabilities(n: int = 6) -> Floats:
    return generator(1, "probabilities").random((n, 3))


def distributions(n: int = 6) -> Floats:
    drawn = generator(2, "distributions").exponential(1.0, (n, 4))
    return np.asarray(drawn / drawn.sum(-1, keepdims=True))


def numbers(n: int = 6) -> Floats:
    return generator(3, "numbers").normal(2.0, 5.0, (n, 3))


BLOCKS = Blocks((Block(Hellinger(WEIGHTS), 3, 3.0), Block(DistributionHellinger(), 4), Block(Identity(WEIGHTS), 3)))
GEOMETRIES: dict[str, tuple[Geometry, Floats]] = {
    "hellinger": (Hellinger(WEIGHTS), probabilities()),
    "distribution": (DistributionHellinger(), distributions()),
    "identity": (Identity(WEIGHTS), numbers()),
    "identity on a distribution": (of_distribution(4, "identity", "the policy"), distributions()),
    "blocks": (BLOCKS, np.concatenate([probabilities(), distributions(), numbers()], -1)),
}


def squared(geometry: Geometry, a: Floats, b: Floats) -> float:
    return float(((geometry.embed(a) - geometry.embed(b)) ** 2).sum())


@pytest.mark.parametrize("name", GEOMETRIES)
def test_every_geometry_keeps_its_promises(name: str) -> None:
    geometry, values = GEOMETRIES[name]
    # a root and a square, each of relative error 2⁻⁵³, of numbers of which the smallest is 2⁻¹⁰ of the largest or more
    check_geometry(geometry, values, tolerance=2.0**-48)


def test_one_that_only_embeds_keeps_them_too() -> None:
    check_geometry(Ranks(), numbers())


class Lying(Hellinger):
    """A geometry that breaks one promise."""

    lie = ""

    def embed(self, values: np.ndarray) -> Floats:
        points = super().embed(values)
        if self.lie == "company":
            return points - points.mean(0) if points.ndim > 1 else points
        if self.lie == "noisy":
            return points + np.random.default_rng().random(points.shape)
        if self.lie == "flat":
            return points.reshape(-1, points.shape[-1])
        if self.lie == "in place":
            values[...] = 0.5
        if self.lie == "log":
            return np.log(points - 1.0)
        return points

    def decode(self, points: Floats) -> Floats:
        found = super().decode(points)
        return 1.0 - found if self.lie == "decodes the other half" else found

    @property
    def decisions(self) -> Floats:
        return 2.0 * self.weights if self.lie == "decisions" else self.weights

    def entropy(self, values: np.ndarray) -> Floats:
        found = super().entropy(values)
        return -found + 1.0 if self.lie == "convex" else np.asarray(found.mean()) if self.lie == "one" else found


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
@pytest.mark.parametrize(
    ("lie", "said"),
    [
        ("company", "depends on the outcomes beside it"),
        ("noisy", "other points each time"),
        ("flat", "one outcome has a point of shape"),
        ("in place", "changes the outcomes"),
        ("log", "not finite"),
        ("decodes the other half", "not what was embedded"),
        ("decisions", "weigh 2 together"),
        ("convex", "it is no entropy"),
        ("one", "entropies of shape"),
    ],
)
def test_who_breaks_them_is_found(lie: str, said: str) -> None:
    liar = Lying(WEIGHTS)
    check_geometry(liar, probabilities())
    object.__setattr__(liar, "lie", lie)
    with pytest.raises(AssertionError, match=said):
        check_geometry(liar, probabilities())


@pytest.mark.parametrize("name", GEOMETRIES)
def test_decisions_are_weights_or_none(name: str) -> None:
    geometry, values = GEOMETRIES[name]
    weights = decisions_of(geometry)
    if name in ("distribution", "identity on a distribution"):
        assert weights is None
        return
    assert weights is not None
    assert weights.shape == values.shape[1:]
    assert weights.sum() == pytest.approx(1.0)


def test_distances_are_what_they_are_called() -> None:
    p, q = probabilities(2)
    each = 1.0 - np.sqrt(p * q) - np.sqrt((1 - p) * (1 - q))
    assert squared(Hellinger(WEIGHTS), p, q) == pytest.approx(float(WEIGHTS @ each))
    a, b = distributions(2)
    assert squared(DistributionHellinger(), a, b) == pytest.approx(1.0 - np.sqrt(a * b).sum())
    x, y = numbers(2)
    assert squared(Identity(WEIGHTS), x, y) == pytest.approx(float(WEIGHTS @ (x - y) ** 2))
    assert squared(of_distribution(4, "identity", ""), a, b) == pytest.approx(float(((a - b) ** 2).mean()))


def test_points_that_no_outcome_has_decode_to_the_nearest() -> None:
    beyond = np.array([-0.2, 0.1, 0.9])
    assert Hellinger(np.ones(1)).decode(np.array([[0.8, 0.0]])) == pytest.approx(1.0)
    found = DistributionHellinger().decode(beyond)
    assert found[0] == 0.0
    assert found.sum() == pytest.approx(1.0)
    assert DistributionHellinger().decode(np.array([-1.0, -2.0])) == pytest.approx([0.5, 0.5])


def test_entropies_are_known_where_outcomes_are_probabilities() -> None:
    hellinger, policy = Hellinger(WEIGHTS), DistributionHellinger()
    assert hellinger.entropy(np.full((2, 3), 0.5)) == pytest.approx(np.full(2, np.log(2)))
    assert hellinger.entropy(np.array([0.0, 1.0, 1.0])) == 0.0
    assert policy.entropy(np.full(4, 0.25)) == pytest.approx(np.log(4))
    assert not isinstance(Identity(WEIGHTS), SupportsEntropy)
    assert not isinstance(BLOCKS, SupportsEntropy)


def test_a_blocks_squared_distance_is_the_mean_of_its_parts() -> None:
    values = GEOMETRIES["blocks"][1]
    parts = [squared(Hellinger(WEIGHTS), *values[:2, :3]), squared(DistributionHellinger(), *values[:2, 3:7]),
             squared(Identity(WEIGHTS), *values[:2, 7:])]  # fmt: skip
    assert squared(BLOCKS, *values[:2]) == pytest.approx((3 * parts[0] + parts[1] + parts[2]) / 5)
    assert BLOCKS.unit == "mean of squared Hellinger distance and squared difference"
    assert BLOCKS.over == "outcomes at the probes and the distribution over the pool"
    more = Blocks(
        (*BLOCKS.blocks, Block(DistributionHellinger("who"), 2), Block(DistributionHellinger("who"), 2, 1.0, "at s"))
    )
    assert more.over == "outcomes at the probes, the distribution over the pool and who"
    assert [b.name for b in more.blocks[-2:]] == ["who", "who at s"]
    assert Blocks(more.blocks[-2:]).over == "who"
    assert Blocks(BLOCKS.blocks[:2]).unit == "squared Hellinger distance"


def test_blocks_decide_where_a_part_does() -> None:
    weights = decisions_of(BLOCKS)
    assert weights is not None
    assert weights == pytest.approx([*(0.75 * WEIGHTS), 0, 0, 0, 0, *(0.25 * WEIGHTS)])
    undecided = Blocks((Block(DistributionHellinger(), 4), Block(Ranks(), 3)))
    assert decisions_of(undecided) is None


def test_a_part_that_cannot_decode_is_unknown_there_and_known_elsewhere() -> None:
    mixed = Blocks((Block(Hellinger(WEIGHTS), 3), Block(Ranks(), 3)))
    values = np.concatenate([probabilities(), numbers()], -1)
    back = decoded(mixed, mixed.embed(values))
    assert back is not None
    np.testing.assert_allclose(back[:, :3], values[:, :3], atol=2.0**-48)
    assert np.isnan(back[:, 3:]).all()
    assert not isinstance(Ranks(), SupportsDecoding)
    assert not isinstance(Ranks(), SupportsDecisions)
    assert decoded(Ranks(), np.zeros(3)) is None
    assert decisions_of(Ranks()) is None


def test_places_are_weighted_as_they_say() -> None:
    places = [Probe(id=str(w), payload=Text(text=str(w)), weight=w) for w in (1.0, 3.0)]
    assert at_places(places, "hellinger").weights.tolist() == [0.25, 0.75]
    assert isinstance(at_places(places, "identity"), Identity)


def test_a_part_that_decides_nothing_by_itself_is_decided_by_what_is_likelier_than_not() -> None:
    acts = [Block(DistributionHellinger(), 4, 0.5, f"at {s}", decided=True) for s in "ab"]
    both = Blocks((*acts, Block(Hellinger(np.full(2, 0.5)), 2)))
    assert both.decisions == pytest.approx([1 / 16] * 8 + [1 / 4] * 2)
    assert Blocks((*acts,)).decisions.sum() == pytest.approx(1.0)
    undecided = [Block(b.geometry, b.places, b.weight, b.where) for b in acts]
    assert decisions_of(Blocks((*undecided,))) is None
