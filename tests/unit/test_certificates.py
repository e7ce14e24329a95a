"""Certificates of two evaluators: what is seen is below what is proved, and what follows is said, or called vacuous."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

from activeseed.analyses import Certificates, Certified
from activeseed.analyses.certificates import places
from activeseed.analyses.certificates.judging import Effort, Pair, certificate
from activeseed.analyses.certificates.saying import rounded_down, rounded_up
from activeseed.analyses.sides import Side, rows_of, without
from activeseed.bounding.divergences import MEASURES
from activeseed.errors import ConfigError, PlanError
from activeseed.networks import Layout, Network
from activeseed.plan import Materials, Rows
from activeseed.protocols import Finding
from activeseed.seed import Item, Probe, Seed, Vector
from activeseed.systems.league import OversightLeague
from activeseed.systems.reward_model import RewardModel
from activeseed.testing import Strongest, check_analysis, problem_of, run
from tests.toy_materials import pairs, vectors


def league(evaluator="linear", **settings) -> OversightLeague:
    return OversightLeague(**{"rounds": 2, "steps": 10, "evaluator": evaluator, "hidden": 4, **settings})


def found_of(system=None, materials: Materials | None = None, **settings) -> Certified:
    system = system or league()
    materials = materials or vectors()
    asked = Certificates(**{"seconds": 0.2, "most": 2, "restarts": 8, "steps": 30, **settings})
    return run(asked, problem_of(system, materials), system, materials)


EVERYWHERE: tuple[places.Kind, ...] = ("probes", "box", "ball", "unit", "plane")


@pytest.mark.parametrize("evaluator", ["linear", "mlp"])
def test_in_every_region_what_is_seen_and_sampled_is_below_what_is_proved(evaluator) -> None:
    system, materials = league(evaluator), vectors()
    asked = Certificates(regions=EVERYWHERE, most=2, seconds=0.2, restarts=8, steps=30)
    problem = problem_of(system, materials)
    found = run(asked, problem, system, materials)
    assert isinstance(found, Finding)
    # two probes at three radii each, ascending, then the others as they were named
    assert [(c.region, c.times) for c in found.certificates[:6]] == [("probes", r) for r in (0.25, 0.5, 1.0)] * 2
    assert [c.region for c in found.certificates[6:]] == ["box", "ball", "unit", "plane"]
    for c in found.certificates:
        assert c.lower <= c.upper < math.inf
        assert c.upper == max(c.most, c.least)
        assert c.looseness >= 1.0
        assert c.witness is not None
        if evaluator == "linear":
            assert (c.method, c.status) == ("closed form", "exact")
            # a linear difference is largest at the edge, where a climb along its one gradient ends
            assert c.looseness == pytest.approx(1.0, abs=1e-3)
    balls = found.certificates[:3]
    assert [c.upper for c in balls] == sorted(c.upper for c in balls)  # a wider ball holds the narrower
    assert found.certificates[0].here <= found.certificates[0].lower


def test_probabilities_differ_by_no_more_than_the_caps_say_at_any_datum() -> None:
    system, materials = league("mlp"), vectors()
    sides = (Side(), without(["i1", "i2"]))
    found = found_of(system, materials, sides=sides, regions=("ball",))
    (c,) = found.certificates
    assert (found.first, found.second) == ("the seed as it stands", "without i1, i2")
    assert set(c.caps) == set(MEASURES)
    problem = problem_of(system, materials)
    p, q = np.asarray(system.train(rows_of(problem, sides), materials).values, np.float64)
    assert c.caps["probability"] == pytest.approx(math.tanh(c.upper / 4.0), rel=1e-9)
    # the trainer computes in single precision, and what that adds to scores adds a quarter of it to probabilities
    assert 0.0 < c.single < 1e-3
    assert np.abs(p - q).max() <= c.caps["probability"] + c.single / 4.0
    sure = (p > c.approves + 1e-5) | (p < c.rejects - 1e-5)
    assert ((p > 0.5) == (q > 0.5))[sure].all()
    assert c.data == len(materials.seed) + len(materials.pool) + len(materials.probes)
    assert 0 <= c.decided <= c.data
    assert c.pairs == c.data * (c.data - 1) // 2
    assert c.approves == pytest.approx(float(expit(max(c.most, 0.0))))


def test_what_is_decided_and_ranked_alike_is_counted() -> None:
    layout = Layout((1, 1))
    f, g = Network.of(layout, np.array([1.0, 0.0])), Network.of(layout, np.array([1.0, -0.3]))
    data = np.array([[-1.0], [-0.1], [0.1], [0.2], [1.0]])
    c = certificate(
        Pair(f, g, ("f", "g"), data, list("abcde")), places.box_of(data), Effort(1.0, 0.01, "auto", 4, 9, 0)
    )
    # f − g is 0.3 everywhere: what f scores above 0.3, and all that it scores below 0, is decided alike
    assert [c.most, c.least] == pytest.approx([0.3, -0.3])
    assert (c.decided, c.flipped) == (3, 2)
    assert c.approves == pytest.approx(float(expit(0.3)))
    assert c.rejects == 0.5
    # no two can swap where the difference does not vary
    assert (c.ranked, c.pairs, c.kendall) == (10, 10, 1.0)


@pytest.mark.parametrize("widths", [(3, 1), (3, 5, 1)])
def test_scores_that_are_no_log_odds_have_no_caps(widths) -> None:
    rng = np.random.default_rng(5)
    layout = Layout(widths, "relu", "identity")
    f, g = (Network.of(layout, rng.standard_normal(layout.size)) for _ in "fg")
    data = rng.standard_normal((6, 3))
    c = certificate(
        Pair(f, g, ("f", "g"), data, list("abcdef")), places.ball_of(data), Effort(0.5, 0.01, "auto", 4, 9, 0)
    )
    assert c.caps == {}
    assert c.vacuous == ()
    assert math.isnan(c.approves)
    assert "the scores of ‘f’ and ‘g’ differ by at most" in c.statement
    assert "probability" not in c.statement
    assert np.abs(f.scores(data) - g.scores(data)).max() <= c.lower <= c.upper


def test_preferences_between_replies_are_certified_too() -> None:
    found = found_of(RewardModel(steps=20), pairs(), regions=("probes", "ball"), radii=(0.5,), most=1)
    assert found.unit == "log-odds"
    assert [c.region for c in found.certificates] == ["probes", "ball"]
    assert all(0.0 < c.lower <= c.upper for c in found.certificates)


def test_the_default_compares_with_the_seed_without_what_moves_it_most() -> None:
    system, materials = league(), vectors()
    found = found_of(system, materials, regions=("ball",))
    problem = problem_of(system, materials)
    rows = np.zeros((1 + len(materials.seed), len(materials.seed)), np.int16)
    rows[np.arange(1, len(rows)), np.arange(len(materials.seed))] = 1
    points = problem.geometry.embed(system.train(Rows(rows, np.zeros(len(rows), np.int64)), materials).values)
    far = ((points[1:] - points[0]) ** 2).sum(1)
    assert found.second == f"without {materials.seed.items[int(far.argmax())].id}"
    assert found.certificates[0].lower > 0


def test_an_ensembles_extremes_are_compared() -> None:
    found = found_of(regions=("ball",), between="ensemble", draws=6)
    assert found.first.startswith("plausible seed ")
    assert found.first != found.second
    assert found.certificates[0].lower > 0


def test_two_that_are_the_same_part_nowhere() -> None:
    for evaluator in ("linear", "mlp"):
        found = found_of(league(evaluator), sides=(Side(), Side(name="the same")))
        assert any("nothing parts" in note for note in found.notes)
        # equal networks: what is left is the rounding that is added outward
        assert all(c.upper <= 1e-9 and c.lower == 0.0 for c in found.certificates)
        assert all(max(c.caps.values()) < 1e-9 for c in found.certificates)


def test_what_says_nothing_is_called_vacuous_and_no_number_is_given() -> None:
    strong = league(learning_rate=50.0, steps=200)
    found = found_of(strong, radii=(50.0,), regions=("probes",), leash=0.01)
    c = found.certificates[0]
    assert {"probability", "kl", "policy total_variation"} <= set(c.vacuous)
    said = c.to_dict()
    assert said["caps"]["probability"] is None
    assert said["policy"]["total_variation"] is None
    assert "vacuous" in c.statement
    assert any("Every certificate is vacuous" in note for note in found.notes)
    assert "the probability differs by at most" not in c.statement


def test_a_region_without_data_is_said_to_hold_none() -> None:
    rng = np.random.default_rng(0)

    def far(name, n):
        return tuple(
            Probe(id=f"{name}{k}", payload=Vector(values=tuple(5.0 + rng.standard_normal(4)))) for k in range(n)
        )

    items = tuple(Item(id=f"i{k}", payload=Vector(values=tuple(5.0 + rng.standard_normal(4)))) for k in range(8))
    materials = Materials(Seed(items=items), far("p", 6), far("u", 10))
    found = found_of(league(learning_rate=0.1), materials, regions=("unit", "plane"), directions=2)
    unit, plane = found.certificates
    assert unit.data == plane.data == 0
    assert "The region contains no data." in unit.statement
    assert any("contain no data" in note for note in found.notes)
    assert "% of the data's variance" in plane.statement


def test_lower_and_upper_have_columns_of_their_own_in_the_order_that_was_asked() -> None:
    found = found_of(regions=("ball", "probes"), probes=("p3", "p1"), radii=(1.0, 0.5))
    said = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert [(c["probe"], c["times"]) for c in said["certificates"]] == [
        ("p3", 0.5), ("p3", 1.0), ("p1", 0.5), ("p1", 1.0), ("", None),
    ]  # fmt: skip
    frame = found.to_frame()
    assert list(frame["probe"]) == ["p3", "p3", "p1", "p1", ""]
    assert {"lower", "upper", "kl", "total_variation", "status", "method", "statement"} <= set(frame.columns)
    assert frame["lower"].tolist() == [c.lower for c in found.certificates]


def test_absolute_radii_and_how_far_neighbours_are() -> None:
    found = found_of(radii=(0.2, 0.1), absolute=True, regions=("probes",), probes=("p0",))
    assert [c.radius for c in found.certificates] == [0.1, 0.2]
    assert all(math.isnan(c.times) for c in found.certificates)
    relative = found_of(radii=(0.5,), regions=("probes",), probes=("p0",))
    assert relative.certificates[0].radius == pytest.approx(0.5 * relative.neighbours)


def test_a_certificate_is_void_where_more_was_seen() -> None:
    """What a wrong proof would come to: the witness is above it, and nothing is claimed."""
    layout = Layout((2, 1))
    f, g = Network.of(layout, np.array([1.0, 0.0, 0.0])), Network.of(layout, np.zeros(3))
    data = np.array([[0.0, 0.0], [1.0, 0.0]])
    pair = Pair(f, g, ("f", "g"), data, ["a", "b"])
    place = places.around("a", data[0], 0.5, math.nan, data)
    effort = Effort(1.0, 0.01, "auto", 4, 20, 0)
    right = certificate(pair, place, effort)
    assert right.upper == pytest.approx(0.5)

    class Small:  # says that it is smaller than it is
        dimension, words = 2, "a ball"
        sample, holds, project = place.region.sample, place.region.holds, place.region.project

        def least(self, slopes):
            return place.region.least(slopes) * 0.5

    wrong = certificate(pair, replace(place, region=Small()), effort)
    assert (wrong.status, wrong.upper) == ("unknown", math.inf)
    assert wrong.lower == pytest.approx(0.5)
    assert "Nothing is proved" in wrong.statement
    assert set(wrong.vacuous) == set(MEASURES)


def test_a_network_that_is_no_number_proves_nothing() -> None:
    layout = Layout((2, 3, 1), "relu")
    f = Network.of(layout, np.full(layout.size, np.nan))
    data = np.array([[0.0, 0.0], [1.0, 0.0]])
    found = certificate(
        Pair(f, f, ("f", "g"), data, ["a", "b"]), places.ball_of(data), Effort(1.0, 0.01, "auto", 4, 5, 0)
    )
    assert found.status == "unknown"
    assert "Nothing is proved" in found.statement


@pytest.mark.parametrize("layout", [Layout((5, 1)), Layout((5, 4, 1), "relu"), Layout((5, 4, 3, 1), "tanh")])
def test_a_plane_is_folded_into_the_first_layer(layout) -> None:
    rng = np.random.default_rng(1)
    data = rng.standard_normal((30, 5)) @ np.diag([3.0, 2.0, 0.1, 0.1, 0.1])
    network = Network.of(layout, rng.standard_normal(layout.size))
    plane = places.plane_of(data, 2)
    at = plane.region.sample(50, rng)
    # the same sums in another order
    np.testing.assert_allclose(plane.read(network).scores(at), network.scores(plane.inputs(at)), rtol=1e-12, atol=1e-12)
    assert plane.region.holds(plane.coordinates(data)).all()
    np.testing.assert_allclose(plane.coordinates(plane.inputs(at)), at, atol=1e-12)
    with pytest.raises(PlanError, match="one point"):
        places.plane_of(np.ones((4, 3)), 2)


def test_neighbours_are_counted_without_copies() -> None:
    line = np.arange(5.0)[:, None]
    assert places.between_neighbours(np.concatenate([line, line])) == pytest.approx(1.0)
    assert math.isnan(places.between_neighbours(np.zeros((3, 2))))
    rng = np.random.default_rng(2)
    data = rng.standard_normal((300, 7))
    far = np.linalg.norm(data[:, None] - data[None], axis=2)
    np.fill_diagonal(far, np.inf)
    assert places.between_neighbours(data) == pytest.approx(float(np.median(far.min(1))))


def test_all_data_lie_in_the_regions_that_are_said_to_hold_them() -> None:
    data = np.random.default_rng(3).standard_normal((40, 6))
    for place in (places.box_of(data), places.ball_of(data)):
        assert place.inside.all()
    unit = data / np.linalg.norm(data, axis=1, keepdims=True)
    assert places.unit_ball(unit.astype(np.float32).astype(np.float64)).inside.all()
    assert places.natural(unit) == ("probes", "unit")
    assert places.natural(data) == ("probes", "ball")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"sides": (Side(),)}, "Two sides are compared"),
        ({"sides": (Side(), without(["nobody"]))}, "There is no item 'nobody'"),
        ({"probes": ("nowhere",)}, "There is no probe 'nowhere'"),
        ({"radii": (0.0,)}, "above zero"),
        ({"radii": (), "regions": ("probes",)}, "need a radius"),
    ],
)
def test_what_can_not_be_asked_is_refused_before_anything_is_trained(settings, words) -> None:
    with pytest.raises(PlanError, match=words):
        found_of(**settings)


@pytest.mark.parametrize("wrong", [{"seconds": 0.0}, {"regions": ("disc",)}, {"leash": -1.0}, {"most": 0}])
def test_settings_out_of_range_are_refused(wrong) -> None:
    with pytest.raises(ConfigError):
        Certificates(**wrong)


def test_a_system_without_networks_is_refused() -> None:
    system = Strongest(votes=((0.5, 0.1), (-0.2, 0.4)))
    with pytest.raises(PlanError, match="hands out no network"):
        found_of(system, system.materials)


def test_it_keeps_what_every_analysis_promises() -> None:
    materials = vectors()
    for asked in (
        Certificates(seconds=5.0, regions=("ball",), restarts=4, steps=10),
        Certificates(seconds=5.0, regions=("ball",), between="ensemble", draws=4, restarts=4, steps=10),
        Certificates(seconds=5.0, regions=("ball",), sides=(Side(), without(["i0"])), restarts=4, steps=10),
    ):
        check_analysis(asked, league(), materials)


def test_quoted_numbers_are_rounded_to_the_safe_side() -> None:
    rng = np.random.default_rng(4)
    for value in 10.0 ** rng.uniform(-8, 5, 300):
        # a number that has three digits but for rounding is left as it is
        assert float(rounded_up(value)) >= value * (1 - 1e-9)
        assert float(rounded_down(value)) <= value * (1 + 1e-9)
        assert float(rounded_up(value)) <= value * 1.011
    assert (rounded_up(0.25), rounded_down(0.25), rounded_up(0.0)) == ("0.25", "0.25", "0")
