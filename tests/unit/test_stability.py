"""Stability: what washes out, against closed forms; what can't be asked is said; two trainers beside each other."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import pytest

from activeseed.analyses import Cell, Stability, StabilityAgainst, StabilityMatrix, Started
from activeseed.analyses.basins.landscape import Swept
from activeseed.analyses.basins.sweeping import Seen
from activeseed.analyses.stability.difference import held_against, outcomes_apart
from activeseed.analyses.stability.human import human_cells
from activeseed.analyses.stability.matrix import AtValue, Damaged, Varied
from activeseed.analyses.stability.saying import interval_words, sentence_of
from activeseed.analyses.stability.starting import LEFT_OUT, apart, far_law, near_law
from activeseed.analyses.stability.sweeping import varied_of
from activeseed.analyses.stability.washing import (
    UNKNOWN,
    Estimate,
    Jackknifed,
    Trained,
    difference_of,
    disagreement,
    one_basin,
    ratio_of,
    spread_between,
    spread_over,
)
from activeseed.cli.matrix import along_words
from activeseed.errors import ConfigError, PlanError
from activeseed.factor import Factor, setting_factor
from activeseed.outcome import Outcomes
from activeseed.plan import Law, Materials, Rows, generator
from activeseed.protocols import Finding, Problem
from activeseed.seed import Item, Probe, Seed, Text
from activeseed.systems.inference import InferenceEngine
from activeseed.systems.league import OversightLeague
from activeseed.testing import Pitchfork, Toy, check_analysis, linear, problem_of, run, zeros
from tests.stability_truth import mean_of_items, ratio_under, spread_under
from tests.toy_materials import vectors

ITEMS = Stability(levels=("trainer2",), draws=120, resamples=0, alpha=0.2)


def matrix_of(toy: Any, asked: Stability, problem: Problem | None = None) -> StabilityMatrix:
    return run(asked, problem or problem_of(toy, toy.materials), toy, toy.materials)


def holds(of: Estimate, truth: float) -> bool:
    return of.low <= truth <= of.high


# --- numbers --------------------------------------------------------------------------------------------------------


def test_a_spread_across_two_keys_holds_no_noise_and_one_of_nothing_is_zero_on_average() -> None:
    """The mean of 400 spreads of nothing: its standard error is that of a mean of ⟨x − x̄, y − ȳ⟩/(n − 1), whose
    variance is D/(n − 1) with n starts of D normal dimensions: √(5 / 29 / 400) = 0.021; four of them."""
    rng = generator(1)
    found = [spread_over(rng.standard_normal((30, 5)), rng.standard_normal((30, 5))).value for _ in range(400)]
    assert abs(float(np.mean(found))) < 4 * math.sqrt(5 / 29 / 400)
    assert spread_over(np.array([[0.0], [2.0], [4.0]])).value == pytest.approx(4.0)


def test_a_spread_over_named_starts_is_a_product_across_keys() -> None:
    points = np.array([[[0.0], [1.0], [2.0]], [[2.0], [3.0], [7.0]]])  # 2 starts, 3 keys; differences 2, 2, 5
    found = spread_between(points)
    # Σ_c (x_ck − x̄_k)(x_cl − x̄_l) = ½ d_k d_l: mean over pairs of ½(2·2, 2·5, 2·5)
    assert found.value == pytest.approx((2 + 5 + 5) / 3)
    assert found.left.tolist() == pytest.approx([5.0, 5.0, 2.0])
    exact = spread_between(points[:, :1])
    assert exact.estimate == Estimate(2.0, 2.0, 2.0)


def test_a_ratio_with_itself_is_one_without_an_error_and_of_nothing_is_unknown() -> None:
    of = spread_over(generator(2).standard_normal((20, 3)))
    assert ratio_of(of, of) == Estimate(1.0, 1.0, 1.0)
    assert not ratio_of(of, Jackknifed(0.0, np.zeros(20))).is_known
    nothing = ratio_of(Jackknifed(0.0, np.zeros(20)), of)
    assert nothing.value == 0.0
    assert nothing.high < 1e-9 or math.isfinite(nothing.high)


def test_a_handful_of_rare_starts_makes_a_wider_interval_than_many_small_ones() -> None:
    rng = generator(3)
    many = spread_over(rng.standard_normal((60, 1)))
    rare = np.zeros((60, 1))
    rare[:3] = rng.standard_normal((3, 1)) + 5.0
    few, base = spread_over(rare), spread_over(rng.standard_normal((60, 1)))
    wide, narrow = ratio_of(few, base), ratio_of(many, base)
    assert wide.low < 0.3 * wide.value
    assert narrow.low > 0.3 * narrow.value


def test_the_difference_of_a_trainer_with_itself_is_nothing() -> None:
    of = spread_over(generator(4).standard_normal((20, 3)))
    assert difference_of(of, of) == Estimate(0.0, 0.0, 0.0)
    other = spread_over(generator(5).standard_normal((30, 3)))
    apart_ = difference_of(of, other)
    assert apart_.low < other.value - of.value < apart_.high
    assert difference_of(Jackknifed(1.0, np.zeros(0)), Jackknifed(3.0, np.zeros(0))) == Estimate(2.0, 2.0, 2.0)


def test_two_starts_disagree_at_as_many_probes_as_their_pairs_do() -> None:
    values = np.array([[0.9, 0.1], [0.9, 0.9], [0.9, 0.9], [0.1, 0.9]])
    # first probe: 3 of 6 pairs differ, and of the second 3 of 6
    assert disagreement(values, np.array([0.5, 0.5])).value == pytest.approx(0.5)
    assert disagreement(values, np.array([1.0, 0.0])).value == pytest.approx(0.5)
    assert not disagreement(values, None).is_known


def test_no_subset_of_one_basin_has_an_upper_limit_and_none_that_was_asked_is_unknown() -> None:
    assert one_basin({2: 1.0}, 24).value == 0.0
    assert 0.1 < one_basin({2: 1.0}, 24).high < 0.2  # Wilson of none in 24: z²/(n + z²) = 0.138
    assert not one_basin({}, 0).is_known


# --- seeds, against sums over all of them -----------------------------------------------------------------------------


@pytest.mark.parametrize("noise", ["none", "noisy"])
def test_a_sum_over_items_keeps_what_differs(noise: Any) -> None:
    toy = linear(noise)
    problem = toy.problem(3)
    assert ratio_under(toy, problem) == pytest.approx(1.0)
    found = matrix_of(toy, ITEMS, problem).cell("trainer2", "start").starts[0]
    assert holds(found.ratio, 1.0)
    assert holds(found.spread, spread_under(toy, problem.law))
    assert found.verdict == "keeps"
    assert found.before.value == pytest.approx(4 * 0.6 * 0.4)
    assert found.noise == 0.0 if noise == "none" else found.noise > 0.0


def test_a_mean_over_items_washes_few_omissions_out_as_its_closed_form_says() -> None:
    toy = mean_of_items(12, 0.85)
    problem = toy.problem(3)
    truth = ratio_under(toy, problem)
    # 1/(4p²) is for many items; with twelve, halves of them vary in how many they are
    assert truth == pytest.approx(1 / (4 * 0.85**2), rel=0.15)
    found = matrix_of(toy, ITEMS, problem).cell("trainer2", "start").starts[0]
    assert holds(found.ratio, truth)
    assert found.verdict == "washes out"


def test_a_trainer_to_which_seeds_are_nothing_washes_them_out() -> None:
    toy = replace(zeros("none"), scores=np.zeros((8, 2)))
    found = matrix_of(toy, ITEMS, toy.problem(1)).cell("trainer2", "start").starts[0]
    assert found.verdict == "washes out"
    assert found.spread.value == found.spread.high == 0.0
    assert not found.ratio.is_known
    assert "nothing to hold" in found.why
    drowned = replace(zeros("noisy"), scores=np.zeros((8, 2)))
    found = matrix_of(drowned, ITEMS, drowned.problem(1)).cell("trainer2", "start").starts[0]
    assert found.verdict in ("washes out", "unclear")


def test_unrelated_seeds_are_a_coin_over_what_is_believed_possible() -> None:
    toy = linear("none")
    law = Law("belief", np.array([[0.7, 0.3], [1.0, 0.0], [0.9, 0.1], [0.5, 0.5], [0.6, 0.4], [0.0, 1.0]]))
    far = far_law(replace(toy.problem(1), law=law), law)
    # what is settled stays settled; an item that is absent by now is a coin as well
    assert far.probabilities[:5].tolist() == [[0.5, 0.5], [1.0, 0.0], [0.5, 0.5], [0.5, 0.5], [0.5, 0.5]]
    assert apart(far) == pytest.approx(4 * 0.5 + (1.0 - far.probabilities[5] @ far.probabilities[5]))


def test_where_nothing_is_unclear_items_are_left_out_at_times_and_it_is_said() -> None:
    toy = linear("none")
    sure = replace(toy.problem(1), law=Law("belief", np.tile([1.0, 0.0], (6, 1))))
    assert near_law(sure).probabilities[:, 1].tolist() == [LEFT_OUT] * 6
    found = matrix_of(toy, ITEMS, sure)
    assert any("Nothing is left unclear" in note for note in found.notes)
    # Σ p(1 − p) s² with p = 0.1
    truth = float((LEFT_OUT * (1 - LEFT_OUT) * np.array([1.0, 0.7, 0.5, 0.3, 0.2, 0.1]) ** 2).sum())
    assert holds(found.cell("trainer2", "start").starts[0].spread, truth)


def test_few_draws_that_differ_are_told_of() -> None:
    toy = replace(linear("none"), beliefs=np.tile([0.99, 0.01], (6, 1)))
    found = matrix_of(toy, ITEMS.model_copy(update={"draws": 40}), toy.problem(1))
    assert any("differ from the seed as it stands" in note for note in found.notes)


# --- the trainer's start ----------------------------------------------------------------------------------------------


def test_a_linear_contraction_is_told_to_its_ratio() -> None:
    toy = Pitchfork(growth=-0.5, cube=False, noise=0.0, steps=24)
    found = matrix_of(toy, Stability(levels=("trainer",), starts=24, resamples=0, alpha=0.2))
    start = found.cell("trainer", "start").starts[0]
    # every start shrinks by (1 + rate · growth) a step; outcomes are kept in single precision
    assert start.ratio.value == pytest.approx((1 - 0.05) ** 48, rel=1e-4)
    assert start.verdict == "washes out"
    assert start.measured == "squared distance of outcomes before the first step"


def test_starts_that_fork_end_in_two_basins_by_a_coin() -> None:
    found = matrix_of(Pitchfork(), Stability(levels=("trainer",), starts=64, resamples=8))
    start = found.cell("trainer", "start").starts[0]
    assert start.basins == 2
    assert holds(start.largest, 0.5)
    assert start.one.value == 0.0
    assert start.verdict == "grows"


def test_a_trainer_that_hands_out_no_trajectory_has_a_spread_and_says_why_there_is_no_ratio() -> None:
    toy = Pitchfork(growth=-0.5)
    blind = replace(problem_of(toy, toy.materials), states=(), steps=())
    found = matrix_of(toy, Stability(levels=("trainer",), starts=24, resamples=0, alpha=0.2), blind)
    start = found.cell("trainer", "start").starts[0]
    assert start.spread.is_positive
    assert not start.ratio.is_known
    assert "no trajectory" in start.why


@dataclass(frozen=True)
class Started3:
    """A sum over three items, from one of three starts, of which a share is left; ``flat`` does nothing."""

    start: float = 0.0
    left: float = 0.5
    flat: int = 0
    fails: int = 0
    kind: ClassVar[str] = "started"
    revision: ClassVar[str] = "1"
    noisy: bool = False

    @property
    def toy(self) -> Toy:
        return linear("noisy" if self.noisy else "none")

    @cached_property
    def materials(self) -> Materials:
        return self.toy.materials

    @property
    def traits(self) -> Any:
        return self.toy.traits

    def record(self) -> dict[str, Any]:
        return {"start": self.start, "left": self.left, "flat": self.flat, "fails": self.fails}

    def check(self, materials: Materials) -> None: ...

    def places(self, materials: Materials) -> Any:
        return materials.probes

    def geometry(self, materials: Materials) -> Any:
        return self.toy.geometry(materials)

    def cost(self, materials: Materials) -> Any:
        return self.toy.cost(materials)

    def factors(self) -> tuple[Factor, ...]:
        return (
            setting_factor("start", [self.start, 1.0, 2.0], "trainer", aspect="start"),
            setting_factor("left", [self.left, *(v for v in (0.5, 1.0) if v != self.left)], "trainer"),
            setting_factor("flat", [self.flat, *(v for v in (0, 1) if v != self.flat)], "trainer2"),
            setting_factor("fails", [self.fails, *(v for v in (0, 1) if v != self.fails)], "trainer2"),
        )

    def with_settings(self, settings: Any) -> Started3:
        return replace(self, **settings)

    def train(self, rows: Rows, materials: Materials) -> Outcomes:
        out = self.toy.train(rows, materials)
        out.values[:] = self.left * (out.values + np.float32(self.start))
        if self.fails:
            out.values[:] = np.nan
            return Outcomes(out.values, np.zeros(len(rows), bool), dict.fromkeys(range(len(rows)), "this value fails"))
        return out


@pytest.mark.parametrize("noisy", [False, True])
def test_starts_that_a_setting_names_are_spread_without_the_noise(noisy: bool) -> None:
    system = Started3(noisy=noisy)
    found = matrix_of(system, Stability(levels=("trainer",), draws=24, resamples=0, alpha=0.2, keys=12))
    start = next(s for s in found.cell("trainer", "start").starts if s.of == "start")
    # 0.5 · (0, 1, 2) at every probe: variance 0.25 over three starts
    assert start.spread.value == pytest.approx(0.25, abs=1e-6)
    assert start.starts == 3


def test_a_setting_that_scales_all_changes_the_spread_and_not_the_picture() -> None:
    system = Started3(noisy=False)
    found = matrix_of(system, Stability(levels=("trainer",), draws=60, resamples=4, alpha=0.2, sweep={"left": ()}))
    left = found.cell("trainer", "dynamics").varied[0]
    assert not left.changes
    (there,) = (a for a in left.at if a.swept.value == 1.0)
    assert there.against.value == pytest.approx(4.0, rel=1e-5)  # outcomes are kept in single precision


def test_a_value_at_which_nothing_trains_is_a_change_of_the_picture() -> None:
    found = matrix_of(Started3(), Stability(levels=("trainer2",), draws=24, resamples=0, alpha=0.2))
    cell = found.cell("trainer2", "dynamics")
    fails = next(v for v in cell.varied if v.of == "fails")
    assert fails.changes == ("At fails = 1 24 of 24 trainings fail.",)
    assert fails.where == "at fails = 1"
    assert cell.verdict == "changes"
    assert "changes at fails = 1" in cell.sentence.casefold()
    assert "holds over flat" in cell.sentence


# --- sweeps -----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_sweep_says_at_which_value_it_forks_seen_from_where_it_stands() -> None:
    found = matrix_of(
        Pitchfork(growth=-0.5), Stability(levels=("trainer2",), draws=100, resamples=16, sweep={"growth": ()})
    )
    growth = found.cell("trainer2", "dynamics").varied[0]
    assert growth.changes == ("Between growth = -0.25 and 0.25 the number of basins changes from 1 to 2.",)
    assert growth.where == "at growth = 0.25"


def test_the_change_that_is_nearest_to_where_it_stands_is_named() -> None:
    def found_of(*told: tuple[float, int, bool]) -> Varied:
        seen = [Seen(Swept(v, here, 40, k, {k: 1.0}, (), 1.0, "a", {"a": 1.0})) for v, k, here in told]
        return varied_of("x", [AtValue(s.swept, UNKNOWN, UNKNOWN) for s in seen], seen)

    found = found_of((1, 3, False), (2, 1, False), (3, 1, True), (4, 2, False), (5, 3, False))
    assert found.where == "at x = 4"
    assert len(found.changes) == 3
    assert found_of((1, 1, False), (2, 1, True)).where == ""


def test_a_value_at_which_all_seeds_end_alike_is_a_change_and_where_all_do_there_is_no_picture() -> None:
    def found_of(*spreads: float) -> Varied:
        seen = [Seen(Swept(n, n == 1, 40, 1, {1: 1.0}, (), s, "", {})) for n, s in enumerate(spreads)]
        return varied_of("cut", [AtValue(s.swept, UNKNOWN, UNKNOWN) for s in seen], seen)

    gone = found_of(0.3, 0.2, 0.0)
    assert gone.changes == ("Between cut = 1 and 2 it changes whether there is a spread: at 2 all end alike.",)
    assert (gone.where, gone.ends_alike) == ("at cut = 2", False)
    nothing = found_of(0.0, 0.0)
    assert (nothing.changes, nothing.ends_alike) == ((), True)
    cell = Cell("trainer2", "dynamics", varied=(nothing,))
    assert cell.verdict == "none"
    assert "no picture to change, over cut" in cell.sentence
    both = Cell("trainer2", "dynamics", varied=(nothing, found_of(0.3, 0.2)))
    assert both.verdict == "holds"
    assert "Holds over cut; plausible seeds end alike" in both.sentence


def test_starts_that_start_alike_and_end_alike_have_nothing_to_wash_out() -> None:
    zero = Estimate(0.0, 0.0, 0.0)
    alike = Started("init", 12, 0, zero, before=zero)
    assert alike.verdict == "none"
    cell = Cell("trainer", "start", (alike,))
    assert cell.verdict == "none"
    assert "nothing to wash out" in cell.sentence
    # started apart, and ended alike: that is what washing out is
    assert replace(alike, before=Estimate(0.1, 0.05, 0.2)).verdict == "washes out"


def test_a_key_stream_is_swept_by_its_numbers_and_holds_where_it_is_noise() -> None:
    toy = linear("noisy")
    found = matrix_of(toy, Stability(levels=("trainer",), draws=40, resamples=4, numbers=3, alpha=0.05))
    noise = found.cell("trainer", "dynamics").varied[0]
    assert (noise.of, noise.stream, [a.swept.value for a in noise.at]) == ("noise", True, [1, 2, 3])
    assert "draws of noise" in found.cell("trainer", "dynamics").sentence


def test_damage_is_held_against_what_another_seed_would_do() -> None:
    moved = (Estimate(0.1, 0.05, 0.2), Estimate(0.5, 0.4, 0.6), Estimate(0.9, 0.8, 1.0))
    damaged = Damaged("units", (0.1, 0.3, 0.5), moved, Estimate(0.2, 0.1, 0.3))
    assert damaged.at == 0.3
    assert Cell("model", "dynamics", masked=(damaged,)).verdict == "changes"
    calm = replace(damaged, seeds=Estimate(2.0, 1.5, 2.5))
    assert calm.at is None
    assert Cell("model", "dynamics", masked=(calm,)).verdict == "holds"
    assert Cell("model", "dynamics", masked=(replace(calm, seeds=UNKNOWN),)).verdict == "none"


def test_units_and_weights_of_a_league_are_switched_off() -> None:
    league = OversightLeague(rounds=2, steps=5, evaluator="mlp")
    materials = vectors(d=4)
    problem = problem_of(league, materials)
    found = run(
        Stability(levels=("model",), draws=16, keys=3, resamples=0, masks=8, alpha=0.2), problem, league, materials
    )
    cell = found.cell("model", "dynamics")
    assert [m.curve.of for m in cell.masked if m.curve] == ["units", "weights"]
    assert all(m.seeds.is_known for m in cell.masked)


# --- what can't be asked ----------------------------------------------------------------------------------------------


def test_a_cell_that_a_system_cannot_have_says_why_and_holds_no_number() -> None:
    toy = linear("none")
    found = matrix_of(toy, Stability(draws=24, resamples=0, alpha=0.2), toy.problem(1))
    for level, aspect in (("model", "start"), ("model", "dynamics"), ("trainer", "start"), ("trainer", "dynamics")):
        cell = found.cell(level, aspect)  # type: ignore[arg-type]
        assert (cell.starts, cell.varied, cell.masked) == ((), (), ())
        assert len(cell.why.split()) > 6
        assert cell.verdict == "none"
        assert cell.sentence == f"{cell.why}."
    assert found.cell("human", "start").verdict == "not run"
    with pytest.raises(KeyError):
        found.cell("world", "start")


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"sweep": {"grwth": ()}}, "no setting 'grwth' to sweep. Did you mean 'growth'"),
        ({"sweep": {"growth": (0.1, 0.2)}}, "can't be swept to 0.1"),
    ],
)
def test_a_setting_that_is_not_there_is_refused_before_anything_is_trained(told, said) -> None:
    toy = Pitchfork()
    with pytest.raises(PlanError, match=said):
        Stability(**told).cost(problem_of(toy, toy.materials))


def test_levels_are_those_of_a_study() -> None:
    with pytest.raises(ConfigError):
        Stability(levels=("human",))  # type: ignore[arg-type]


def test_naming_settings_leaves_the_others_and_the_streams_alone() -> None:
    toy = Pitchfork(growth=-0.5)
    found = matrix_of(toy, Stability(draws=16, starts=16, resamples=0, alpha=0.2, sweep={"mix": ()}))
    assert [v.of for c in found.cells for v in c.varied] == ["mix"]


# --- contracts --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "system", [Pitchfork(), Started3(noisy=True), linear("noisy"), linear("none")], ids=lambda s: s.kind
)
def test_it_asks_for_no_more_than_it_said(system: Any) -> None:
    asked = Stability(draws=8, starts=8, keys=3, resamples=0, alpha=0.2)
    check_analysis(asked, system, system.materials)


def test_what_it_ends_in_says_itself_as_json_and_as_a_table() -> None:
    found = matrix_of(Pitchfork(), Stability(draws=16, starts=16, resamples=2, alpha=0.2))
    assert isinstance(found, Finding)
    said = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert [(c["level"], c["aspect"]) for c in said["cells"]][-2:] == [("human", "start"), ("human", "dynamics")]
    start = next(c for c in said["cells"] if (c["level"], c["aspect"]) == ("trainer", "start"))["starts"][0]
    assert start["verdict"] == found.cell("trainer", "start").starts[0].verdict
    assert "kept" not in start
    frame = found.to_frame()
    assert set(frame["level"]) == {"model", "trainer", "trainer2", "human"}
    assert len(frame[frame["of"] == "growth"]) == 5


# --- two trainers -----------------------------------------------------------------------------------------------------


def test_a_trainer_against_itself_differs_in_nothing() -> None:
    system = Started3(noisy=True)
    asked = Stability(levels=("trainer2",), draws=40, resamples=0, alpha=0.2, sweep={"flat": ()})
    found = run(
        StabilityAgainst(stability=asked, settings={"flat": 1}), problem_of(system, system.materials), system,
        system.materials,
    )  # fmt: skip
    assert found.names == ("as it stands", "flat = 1")
    assert found.contrasts
    for c in found.contrasts:
        assert c.paired
        assert c.difference.value == (1.0 if c.what == "ratio" else 0.0)
        assert not c.differs
    assert found.apart == Estimate(0.0, 0.0, 0.0)
    assert found.pictures[0].same


def test_two_trainers_that_differ_are_told_apart_by_the_factor_between_them() -> None:
    system = Started3(noisy=True)
    asked = Stability(levels=("trainer2",), draws=40, resamples=0, alpha=0.2, sweep={"flat": ()})
    found = run(
        StabilityAgainst(stability=asked, settings={"left": 1.0}), problem_of(system, system.materials), system,
        system.materials,
    )  # fmt: skip
    spread = next(c for c in found.contrasts if c.what == "spread")
    assert spread.differs
    assert spread.second.value == pytest.approx(4 * spread.first.value, rel=1e-5)
    ratio = next(c for c in found.contrasts if c.what == "ratio")
    assert ratio.difference.value == pytest.approx(1.0, rel=1e-5)  # twice everything keeps as much
    # E‖m/2‖² over seeds is what lies between the two, noise removed
    assert found.apart.low > 0.0
    json.dumps(found.to_dict(), allow_nan=False)
    assert len(found.to_frame()) == len(found.contrasts)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"lef": 1.0}, "no setting 'lef'"),
        ({"left": 0.5}, "is how it stands"),
        ({"left": 7}, "can't be swept to 7"),
    ],
)
def test_another_trainer_that_is_none_is_refused(settings, said) -> None:
    system = Started3()
    with pytest.raises(PlanError, match=said):
        StabilityAgainst(settings=settings).cost(problem_of(system, system.materials))


def test_trainers_of_other_draws_are_compared_as_independent_ones() -> None:
    system = Started3(noisy=True)
    asked = Stability(levels=("trainer2",), draws=40, resamples=0, alpha=0.2, sweep={"flat": ()})
    first, second = (
        run(asked, problem_of(system, system.materials, stream=n), system, system.materials) for n in (1, 2)
    )
    found = held_against(first, second, ("one", "other"))
    assert not any(c.paired for c in found.contrasts)
    assert not found.apart.is_known
    assert "independent draws" in found.notes[0]
    assert all(c.difference.low < c.difference.high for c in found.contrasts)
    assert not outcomes_apart(first.seeds, None).is_known


def test_a_trainer_without_noise_and_one_with_it_are_apart_by_what_they_do_and_not_by_the_noise() -> None:
    found = []
    for n in range(60):
        dice = generator(n, "apart")
        at = dice.normal(size=(10, 3))
        first, second = (at + dice.normal(size=at.shape) for _ in range(2))
        numbers = np.arange(10)
        settled = Trained(np.zeros((10, 1), np.int16), at, at, None, numbers, 10)
        noisy = Trained(np.zeros((10, 1), np.int16), first, first, second, numbers, 10)
        found.append((outcomes_apart(settled, noisy).value, outcomes_apart(noisy, settled).value))
    # they do the same: zero on average, four standard errors of 60; a square of the noise would be 3
    each = np.array(found)
    assert (np.abs(each.mean(0)) < 4 * each.std(0) / 60**0.5).all()


# --- the human's row --------------------------------------------------------------------------------------------------


def test_the_humans_row_is_what_whole_studies_found() -> None:
    told = {
        "studies": 64, "failed": 0, "washed": [{"of": "outcomes", "first": 0.2, "last": 0.05, "value": 0.25, "low": 0.1,
        "high": 0.6}, {"of": "seeds", "first": 3.0, "last": 1.0, "value": 0.3, "low": 0.2, "high": 0.5}],
        "basins": {"1": 0.9, "2": 0.1},
        "ways": [{"factor": "annotators"}, {"factor": "annotators"}, {"factor": "method"}],
        "changes": ["annotators: hasty"], "stability": "Washes out.", "structure": "The picture changes.",
    }  # fmt: skip
    start, moves = human_cells(told)
    assert start.verdict == "washes out"
    assert start.starts[0].ratio == Estimate(0.25, 0.1, 0.6)
    assert start.starts[0].one.value == 0.9
    assert moves.verdict == "changes"
    assert "changes with hasty" in moves.sentence.casefold()
    assert "holds over method" in moves.sentence
    nothing = human_cells({**told, "washed": [], "ways": [], "changes": []})
    assert [c.why for c in nothing] == ["Washes out.", "The picture changes."]
    endless = {"of": "outcomes", "first": 0.2, "last": 0.1, "value": 0.5, "low": 0.1, "high": None}
    assert math.isinf(human_cells({**told, "washed": [endless]})[0].starts[0].ratio.high)


# --- words ------------------------------------------------------------------------------------------------------------


def test_intervals_in_words() -> None:
    assert interval_words(Estimate(0.4, 0.2, 0.7)) == "0.4 [0.2, 0.7]"
    assert interval_words(Estimate(0.4, 0.2, math.inf)) == "0.4 [0.2, no upper end]"
    assert interval_words(Estimate(0.4)) == "0.4 (error unknown)"
    assert interval_words(Estimate(2.0, 2.0, 2.0)) == "2"
    assert interval_words(UNKNOWN) == "unknown"


@pytest.mark.parametrize(
    ("ratio", "verdict"),
    [
        (Estimate(0.5, 0.3, 0.8), "washes out"),
        (Estimate(2.0, 1.5, 3.0), "grows"),
        (Estimate(1.0, 0.8, 1.2), "keeps"),
        (Estimate(1.0, 0.1, 9.0), "unclear"),
        (Estimate(1.0, 0.0, math.inf), "unclear"),
        (Estimate(0.5), "unclear"),
        (UNKNOWN, "unclear"),
    ],
)
def test_a_verdict_is_what_the_interval_says(ratio: Estimate, verdict: str) -> None:
    assert Started("items", 10, 0, Estimate(1.0, 0.5, 2.0), ratio=ratio).verdict == verdict


def test_the_engine_has_no_randomness_and_is_asked_all_the_same() -> None:
    texts = [f"Agents must not {verb} users." for verb in ("deceive", "flatter", "threaten", "mock")]
    seed = Seed(items=tuple(Item(id=f"d{n}", payload=Text(text=t)) for n, t in enumerate(texts)))
    verbs = ("deceives", "flatters", "threatens", "mocks", "helps")
    probes = tuple(Probe(id=f"p{n}", payload=Text(text=f"The agent {v} a user.")) for n, v in enumerate(verbs))
    engine, materials = InferenceEngine(), Materials(seed, probes)
    found = run(
        Stability(draws=16, resamples=0, alpha=0.2, sweep={"threshold": ()}), problem_of(engine, materials), engine,
        materials,
    )  # fmt: skip
    start = found.cell("trainer2", "start").starts[0]
    assert start.noise == 0.0
    assert start.ratio.is_known
    assert found.cell("trainer", "start").verdict == "none"


def test_a_spread_along_a_setting_names_what_is_left_open_and_makes_no_number_of_noise() -> None:
    def at(value: Any, times: float, here: bool = False) -> AtValue:
        return AtValue(
            Swept(value, here, 40, 1, {1: 1.0}, (), 1.0, "a", {}), UNKNOWN, Estimate(times, times - 1, times + 1)
        )

    values = (at(None, 1.0, here=True), at("", 0.5), at(0.1, -6.77), at("none", 2.0))
    said = along_words(Varied("beta", False, values, (), ""))
    assert said == "Spread over seeds along beta: left open (here), '' (×0.5), 0.1 (none seen), none (×2)."


def test_a_setting_is_called_as_it_is_typed_where_a_sentence_begins_with_it() -> None:
    stripped = sentence_of(
        Cell("trainer", "start", starts=(Started("init", 3, 0, UNKNOWN), Started("init_scale", 3, 0, UNKNOWN)))
    )
    assert stripped.startswith("Initial parameters: ")
    assert " init_scale: " in stripped
