"""Designs: what a file and a command line say of them, systems made of them, fronts, differences, correlations."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import activeseed as act
from activeseed.errors import ConfigError, PlanError
from activeseed.geometries import DistributionHellinger, Hellinger, Identity
from activeseed.plan import Law, Rows
from activeseed.protocols import Problem
from activeseed.seed import Item, Probe, Seed, Text
from activeseed.stack.designs import Design, design_of, grid, read_designs
from activeseed.stack.designs.found import DesignFound
from activeseed.stack.designs.front import on_front
from activeseed.stack.designs.making import system_of
from activeseed.stack.designs.measured import Measured, Part, drawn, mean_of
from activeseed.stack.designs.measuring import Measures, measures, quality_of
from activeseed.stack.designs.once import left_of, taken_once
from activeseed.stack.designs.places import reads, shared
from activeseed.stack.designs.runs import Changed, DesignRuns, Moved, Ran
from activeseed.stack.designs.telling import tell
from activeseed.stack.designs.together import _rank_correlation, together
from tests.benchmarks._stack_correlation import measured_designs
from tests.benchmarks._stack_designs import measured, planted

# --- what is said of them -----------------------------------------------------------------------------------------


def test_designs_are_read_from_toml_and_yaml_alike(tmp_path: Path) -> None:
    (tmp_path / "d.toml").write_text(
        '[[design]]\nname = "short"\nsystem = { rounds = 2 }\n[[design]]\nname = "half"\nshare = 0.5\n', "utf-8"
    )
    (tmp_path / "d.yaml").write_text(
        "design:\n- name: short\n  system: {rounds: 2}\n- name: half\n  share: 0.5\n", "utf-8"
    )
    assert read_designs(tmp_path / "d.toml") == read_designs(tmp_path / "d.yaml")
    assert [d.words for d in read_designs(tmp_path / "d.toml")] == ["rounds = 2", "50 % of the items"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[[design]]\nname = "a"\nsytem = { rounds = 2 }\n', "Did you mean 'system'"),
        ('[[design]]\nname = "a"\nshare = 2.0\n', "share"),
        ('[[design]]\nname = "a"\nshare = 0.5\nitems = 3\n', "share or items, not both"),
        ('[[design]]\nname = "a"\nfolder = "x"\nshare = 0.5\n', "whole project"),
        ('[[designz]]\nname = "a"\n', "unknown table 'designz'. Did you mean 'design'"),
        ("", "holds no designs"),
        ("[[design\n", "no valid TOML"),
        ("design = [3]\n", "Write it as a table"),
    ],
)
def test_a_wrong_file_is_refused_with_what_is_wrong(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "d.toml").write_text(text, "utf-8")
    with pytest.raises(ConfigError, match=words.replace("(", r"\(")):
        read_designs(tmp_path / "d.toml")


def test_a_file_of_another_kind_and_one_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "designs.toml").write_text("", "utf-8")
    (tmp_path / "d.csv").write_text("a\n", "utf-8")
    with pytest.raises(ConfigError, match="TOML or YAML"):
        read_designs(tmp_path / "d.csv")
    with pytest.raises(ConfigError, match=r"Did you mean .*designs\.toml"):
        read_designs(tmp_path / "design.toml")


def test_a_design_is_said_on_the_command_line() -> None:
    made = design_of("short:rounds=2, beta=.1,evaluator=mlp,share=0.5,deep.list=[1, 2]")
    assert made.name == "short"
    assert made.share == 0.5
    assert made.system == {"rounds": 2, "beta": 0.1, "evaluator": "mlp", "deep.list": [1, 2]}


@pytest.mark.parametrize(
    "text", ["short", "short:", ":rounds=2", "short:rounds", "short:rounds=", "a:rounds=1,rounds=2"]
)
def test_what_is_no_design_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="--design"):
        design_of(text)


def test_sweeps_make_a_grid_with_the_size_of_the_seed_in_it() -> None:
    made = grid({"rounds": (1, 4), "share": (0.5, 1.0)})
    assert [d.name for d in made] == [
        "rounds=1 share=0.5", "rounds=1 share=1.0", "rounds=4 share=0.5", "rounds=4 share=1.0",
    ]  # fmt: skip
    assert made[2].system == {"rounds": 4}
    assert made[2].share == 0.5
    with pytest.raises(ConfigError, match="at most 64"):
        grid({"rounds": tuple(range(9)), "steps": tuple(range(9))})
    with pytest.raises(ConfigError, match="names no values"):
        grid({"rounds": ()})


def test_names_are_unique_and_one_design_is_none() -> None:
    with pytest.raises(ConfigError, match="called 'a'"):
        act.CompareDesigns(designs=(Design(name="a"), Design(name="a", share=0.5)))
    with pytest.raises(ConfigError, match="compared with nothing"):
        act.CompareDesigns(designs=(Design(name="a"),), own=False)


# --- systems ------------------------------------------------------------------------------------------------------


def test_settings_are_changed_by_name_and_by_path_and_what_else_was_set_stays() -> None:
    league = act.OversightLeague(rounds=3, beta=0.7)
    made = system_of(Design(name="a", system={"rounds": 9}), league)
    assert (made.rounds, made.beta) == (9, 0.7)
    inner = act.Partition(of=league, parts=3)
    made = system_of(Design(name="a", system={"of.rounds": 9, "parts": 5}), inner)
    assert (made.of.rounds, made.of.beta, made.parts) == (9, 0.7, 5)
    assert system_of(Design(name="a", system={"of": {"rounds": 9}}), inner).of.beta == 0.7


def test_another_kind_starts_from_its_own_settings() -> None:
    made = system_of(Design(name="a", system={"kind": "reward_model", "steps": 7}), act.OversightLeague())
    assert isinstance(made, act.RewardModel)
    assert made.steps == 7


def test_a_function_that_was_handed_over_stays() -> None:
    def train(items: object, key: object) -> object:
        return np.zeros(1)

    own = act.FromFunction(train, deterministic=True)
    made = system_of(Design(name="a", system={"deterministic": False}), own)
    assert made.traits.streams
    assert made.function is own.function


@pytest.mark.parametrize(
    ("system", "words"),
    [
        ({"ronds": 2}, "Did you mean 'rounds'"),
        ({"rounds": -1}, "rounds = -1"),
        ({"kind": "oversight_leage"}, "Did you mean 'oversight_league'"),
        ({"kind": "reward_model", "stepz": 2}, "Did you mean 'steps'"),
    ],
)
def test_a_typo_is_answered_with_the_nearest_setting(system: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        system_of(Design(name="a", system=system), act.OversightLeague())


def test_what_is_no_system_is_refused() -> None:
    with pytest.raises(ConfigError, match="has no"):
        system_of(Design(name="a", system=object()), act.OversightLeague())
    with pytest.raises(ConfigError, match="table of settings"):
        Design(name="a", system=3)


# --- rows ---------------------------------------------------------------------------------------------------------


def _problem(items: int = 10, exact: bool = False) -> Problem:
    seed = Seed(items=tuple(Item(id=f"i{n}", payload=Text(text=f"item {n}")) for n in range(items)))
    law = Law("belief", np.tile([0.7, 0.3], (items, 1)))
    return Problem(seed, law, Identity(np.ones(1)), exact, False, 7, first_key=100)


def _blocks(rows: Rows, asked: DesignRuns, width: int) -> np.ndarray:
    return rows.variants.reshape(asked.blocks, asked.draws + 1, width, -1)


def test_designs_share_draws_and_keys_and_smaller_seeds_are_nested() -> None:
    whole, most, half = (DesignRuns(blocks=4, draws=3, share=s) for s in (1.0, 0.8, 0.5))
    rows = [r.rows(_problem()) for r in (whole, most, half)]
    for r in rows[1:]:
        assert (r.keys == rows[0].keys).all()
    a, b, c = (_blocks(r, whole, 2) for r in rows)
    assert (c[b == 1] == 1).all(), "what the larger seed goes without, the smaller one does"
    assert (b[a == 1] == 1).all()
    assert (c[c != 1] == a[c != 1]).all(), "what is kept is drawn alike"
    # of the seed as it stands, the last of a block, five of ten items are kept, others in other blocks
    kept = c[:, -1, 0] != 1
    assert kept.sum(1).tolist() == [5] * 4
    assert len({tuple(k) for k in kept.tolist()}) > 1


def test_both_keys_of_a_block_train_the_same_seeds_and_no_two_blocks_share_a_key() -> None:
    asked = DesignRuns(blocks=4, draws=3)
    rows = asked.rows(_problem())
    of = _blocks(rows, asked, 2)
    assert (of[:, :, 0] == of[:, :, 1]).all()
    keys = rows.keys.reshape(4, 4, 2)
    assert (keys == keys[:, :1]).all()
    assert sorted(keys[:, 0].ravel().tolist()) == list(range(100, 108))
    assert len(rows) == asked.cost(_problem()).trainings
    exact = asked.rows(_problem(exact=True))
    assert len(exact) == 16 == asked.cost(_problem(exact=True)).trainings


# --- numbers ------------------------------------------------------------------------------------------------------


def test_what_two_numbers_share_cancels_in_their_difference() -> None:
    dice = np.random.default_rng(1)
    both, own = dice.standard_normal(400), dice.standard_normal(400)
    a, b, c = mean_of(both, "keys"), mean_of(both + 0.1 * own, "keys"), mean_of(own, "other keys")
    assert (a - a).se == 0.0
    # x̄ has a variance of s²/n: that of a difference of pairs is that of the pairs' differences
    np.testing.assert_allclose((b - a).se, np.std(0.1 * own, ddof=1) / 20, rtol=1e-12)
    np.testing.assert_allclose((a - c).se ** 2, a.se**2 + c.se**2, rtol=1e-12)
    assert (a - a).p == 1.0
    assert (Measured(1.0) - Measured(0.0)).p == 0.0


def test_a_spread_is_that_of_products_of_different_keys() -> None:
    """Against the definition, block by block: Σ ⟨x − x̄, y − ȳ⟩ over blocks × (draws − 1), at two probes of weight ½."""
    values = np.random.default_rng(3).random((4, 6, 2, 2))  # four blocks of five draws and what stands, two keys
    (read,) = reads([Identity(np.full(2, 0.5))], [_places("a", "b")], _places("a", "b"))
    found = measures(Ran(values, np.ones((4, 6, 2), bool)), None, read, 3)
    x, y = values[:, :5, 0], values[:, :5, 1]
    products = ((x - x.mean(1, keepdims=True)) * (y - y.mean(1, keepdims=True))).sum((1, 2)) / 2
    np.testing.assert_allclose(found.spread.value, products.sum() / (4 * 4), rtol=1e-12)
    # equal blocks: a mean of four, with a mean's error
    np.testing.assert_allclose(found.spread.se, (products / 4).std(ddof=1) / 2, rtol=1e-12)
    np.testing.assert_allclose(found.noise, ((x - y) ** 2).sum() / 2 / (2 * 20), rtol=1e-12)


def test_what_moves_revisions_and_rewordings_alike_moves_no_ratio_of_them() -> None:
    """Against the delta method by hand: Var log(r̄/p̄) = Var(r/r̄ − p/p̄)/n over the items, of an exact trainer."""
    dice = np.random.default_rng(4)
    revision, rewording = dice.uniform(0.5, 1.0, 5), dice.uniform(0.1, 0.3, 5)
    values = np.zeros((1, 10, 2, 1))
    values[0, :, 1, 0] = np.sqrt(np.concatenate([revision, rewording]))
    changes = tuple(Changed(f, kind) for kind in (True, False) for f in range(5))
    (read,) = reads([Identity(np.ones(1))], [_places("a")], _places("a"))
    ran = Ran(dice.random((3, 3, 1, 1)), np.ones((3, 3, 1), bool))
    found = measures(ran, Moved(changes, values, np.ones((1, 10), bool), "paraphrase"), read, 5)
    np.testing.assert_allclose(found.openness.value, np.log(revision.mean() / rewording.mean()), rtol=1e-9)
    apart = revision / revision.mean() - rewording / rewording.mean()
    np.testing.assert_allclose(found.openness.se, apart.std(ddof=1) / np.sqrt(5), rtol=1e-9)
    assert found.ratio.low < found.ratio.value < found.ratio.high


def test_the_source_picks_the_least_spread_whatever_it_costs() -> None:
    spreads, accuracies = _sure([3.0, 1.0, 2.0]), _sure([0.9, 0.5, 0.8])
    found = [
        (DesignFound(name, "", multiply_adds=n), Measures(spread, 0.0, {"accuracy": accuracy}))
        for n, (name, spread, accuracy) in enumerate(zip("abc", spreads, accuracies, strict=True), 1)
    ]
    told = tell(found, "accuracy", 1, 400, 0.05)
    assert told.criteria == ("spread", "accuracy")
    assert told.pick is not None
    assert told.pick.name == "b"
    assert told.pick.chance == 1.0
    assert told.pick.others == ()
    assert told.pick.multiply_adds == 2.0
    (cost,) = told.pick.against
    assert (cost.criterion, cost.best) == ("accuracy", "a")
    assert cost.difference.value == pytest.approx(-0.4)
    assert "accuracy is 0.4 lower than that of 'a'" in told.pick.words
    assert [d.on_front for d in told.designs] == [True, True, True]
    assert told.designs[1].differences["spread"].value == pytest.approx(-2.0)


def test_what_ran_apart_shares_probes_alone() -> None:
    """A project of its own has items, draws and keys of its own, as many as it likes: nothing of them cancels."""
    (good,) = planted(1, ("good",))
    first, apart = measured(good), measured(good, "theirs")
    assert not first.spread.parts.keys() & apart.spread.parts.keys()
    assert not first.openness.parts.keys() & apart.openness.parts.keys()
    assert first.quality["accuracy"].parts.keys() & apart.quality["accuracy"].parts.keys() == {"probes"}


def test_draws_of_a_number_vary_as_its_error_says_and_alike_for_what_is_shared() -> None:
    dice = np.random.default_rng(2)
    values = dice.standard_normal(40)
    a, b = mean_of(values, "keys"), mean_of(2 * values, "keys")
    found = drawn([a, b], 3, 20_000)
    # a standard deviation of n normal draws is known to 1/√(2n) = 0.5 %; Student's tails are t/z − 1 = 3 % wider
    np.testing.assert_allclose(2.0 * found[:, 0].std(), found[:, 1].std(), rtol=1e-9)
    np.testing.assert_allclose(found[:, 0].std(), a.se * 1.035, rtol=0.03)
    np.testing.assert_allclose(drawn([a], 3, 20_000, tails=False).std(), a.se, rtol=0.03)


# --- what is counted once -------------------------------------------------------------------------------------------


def _tables(dice: np.random.Generator, blocks: int = 12, probes: int = 40) -> list[Measured]:
    """Two designs that are alike at every probe but for noise, an eighth of which a block does to all probes."""
    alike = dice.standard_normal(probes)
    out = []
    for _ in range(2):
        table = alike + dice.standard_normal((blocks, probes)) + dice.standard_normal((blocks, 1)) * np.sqrt(1 / 280)
        over, others = mean_of(table.mean(1), "draws"), mean_of(table.mean(0), "probes")
        each = np.full(probes, 1.0 / probes)
        both = {("draws", "probes"): left_of(table, each, ("",) * probes)}
        out.append(Measured(over.value, {**over.parts, **others.parts}, both))
    return out


def test_what_blocks_and_probes_do_together_is_in_both_errors_and_is_counted_once() -> None:
    """The variance of a difference is 2 (1/280/12 + 1/480); counted twice it is 2 (1/280/12 + 2/480)."""
    true, twice = 2 * (1 / 3360 + 1 / 480), 2 * (1 / 3360 + 2 / 480)
    dice = np.random.default_rng(11)
    before, after, gaps = [], [], []
    for _ in range(300):
        a, b = _tables(dice)
        before.append((a - b).se ** 2)
        a, b = taken_once([a, b])
        after.append((a - b).se ** 2)
        gaps.append((a - b).value)
    # a variance of 300 numbers is known to √(2/300) = 8 %, of which four; means of variances of 11 and 39 degrees over
    # 300 far better. What stands above the true one is what is negative by chance, and taken for zero: of the probes'
    # part, 2/480 known to √(2/39) + √(2/429) of it, at most half of a standard deviation
    np.testing.assert_allclose(np.var(gaps), true, rtol=0.33)
    np.testing.assert_allclose(np.mean(before), twice, rtol=0.06)
    assert true * 0.95 < np.mean(after) < true + 0.5 * (2 / 480) * (np.sqrt(2 / 39) + np.sqrt(2 / 429))


def test_nothing_is_taken_off_where_blocks_and_probes_only_add_up() -> None:
    table = np.arange(5.0)[:, None] + np.arange(7.0) ** 2
    both = left_of(table, np.full(7, 1 / 7), ("",) * 7)
    np.testing.assert_allclose(both, 0.0, atol=1e-12)
    over = mean_of(table.mean(0), "probes")
    (same,) = taken_once([Measured(over.value, over.parts, {("draws", "probes"): both})])
    np.testing.assert_allclose(same.se, over.se)


def test_what_is_left_of_a_table_has_the_variance_of_its_noise_within_groups_and_without_failed_blocks() -> None:
    dice = np.random.default_rng(12)
    groups = ("a",) * 10 + ("b",) * 30
    each = np.r_[np.full(10, 0.05), np.full(30, 0.5 / 30)]
    found = []
    for _ in range(400):
        table = dice.standard_normal((9, 40)) + 10.0 * np.repeat(dice.standard_normal((9, 2)), (10, 30), axis=1)
        table[4] = np.nan
        found.append(float((left_of(table, each, groups) ** 2).sum()))
    # σ² Σ w² / B, B = 8; each of the 400 has a relative error of √(2 Σ w⁴/(7 · 9 …)) < 0.2, so their mean of 0.01
    np.testing.assert_allclose(np.mean(found), (each**2).sum() / 8, rtol=0.05)


def test_designs_with_keys_of_their_own_share_no_noise() -> None:
    dice = np.random.default_rng(13)
    a, _ = _tables(dice)
    other = Measured(a.value, a.parts, {("draws of b", "probes"): a.twice["draws", "probes"]})
    one, two = taken_once([a, other])
    # at probes both are one and the same, so that nothing that is there in both can be noise of either's own keys: the
    # difference has no error to be taken off from, and what is taken off either is what half of the noise would be
    gap = (one - two).parts["probes"]
    assert gap.variance == pytest.approx(0.0, abs=1e-15)
    shared = float((a.twice["draws", "probes"] ** 2).sum())
    assert one.parts["probes"].variance == pytest.approx(a.parts["probes"].variance - shared / 2.0, rel=1e-6)


def test_quality_of_single_trainings() -> None:
    labels = np.array([True, True, False, False])
    values = np.array([[[0.9, 0.4, 0.2, 0.1]], [[0.9, 0.8, 0.2, 0.6]]])  # two blocks of one run
    found = quality_of(values, np.array([True, True]), labels, ("",) * 4)
    assert found["accuracy"].value == 0.75
    np.testing.assert_allclose(found["brier"].value, np.mean((values[:, 0] - labels) ** 2))
    assert found["auc"].value == 1.0
    worse = quality_of(values, np.array([True, False]), labels, ("",) * 4)
    np.testing.assert_allclose(worse["brier"].value, np.mean((values[0, 0] - labels) ** 2))
    only = quality_of(values, np.array([True, True]), np.ones(4, bool), ("",) * 4)
    assert "auc" not in only


def test_the_error_of_an_auc_is_delongs() -> None:
    """Against the formula of DeLong, DeLong & Clarke-Pearson (1988) for one run."""
    dice = np.random.default_rng(5)
    labels = dice.random(60) < 0.4
    values = dice.standard_normal(60) + labels
    found = quality_of(np.tile(values, (3, 1, 1)), np.ones(3, bool), labels, ("",) * 60)["auc"]
    pairs = values[labels][:, None] > values[~labels]
    variance = pairs.mean(1).var(ddof=1) / labels.sum() + pairs.mean(0).var(ddof=1) / (~labels).sum()
    np.testing.assert_allclose(found.value, pairs.mean(), rtol=1e-12)
    np.testing.assert_allclose(found.se, np.sqrt(variance), rtol=1e-9)


# --- places -------------------------------------------------------------------------------------------------------


def _places(*names: str) -> tuple[Probe, ...]:
    return tuple(Probe(id=n, payload=Text(text=f"text {n}"), label=1.0) for n in names)


def test_outcomes_at_some_of_the_places_are_as_if_there_were_no_others() -> None:
    places = _places("a", "b", "c", "d")
    weights = np.array([0.1, 0.2, 0.3, 0.4])
    read, other = reads([Hellinger(weights), DistributionHellinger("a policy")], [places] * 2, (places[3], places[1]))
    alone = Hellinger(np.array([0.4, 0.2]) / 0.6)
    values = np.random.default_rng(1).random((5, 4))
    np.testing.assert_allclose(
        ((read.points(values)[:1] - read.points(values)) ** 2).sum(1),
        ((alone.embed(values[:1, [3, 1]]) - alone.embed(values[:, [3, 1]])) ** 2).sum(1), rtol=1e-12,
    )  # fmt: skip
    assert read.labelled.tolist() == [3, 1]
    assert other.labelled.tolist() == [], "nothing is decided where a policy is compared"


def test_designs_that_share_no_probes_are_refused_and_so_is_another_unit() -> None:
    base = _places("a", "b")
    geometry = Hellinger(np.full(2, 0.5))
    assert shared("x", geometry, _places("b", "c"), base, geometry.unit) == ("b",)
    with pytest.raises(PlanError, match="shares no probes"):
        shared("x", geometry, _places("c", "d"), base, geometry.unit)
    other = (Probe(id="a", payload=Text(text="something else")),)
    with pytest.raises(PlanError, match="says something else"):
        shared("x", geometry, other, base, geometry.unit)
    with pytest.raises(PlanError, match="measures outcomes in"):
        shared("x", Identity(np.full(2, 0.5)), base, base, geometry.unit)
    with pytest.raises(PlanError, match="compared as a whole"):
        shared("x", DistributionHellinger("the policy"), _places("b", "c"), base, geometry.unit)


# --- fronts -------------------------------------------------------------------------------------------------------


def test_the_front_holds_what_nothing_beats_and_twins_of_it() -> None:
    values = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [0.5, 0.5], [0.4, 0.5], [0.5, 0.4]])
    assert on_front(values).tolist() == [True, True, True, True, False, False]
    assert on_front(np.array([[1.0, 1.0], [1.0, 2.0]])).tolist() == [False, True]


def _sure(values: list[float]) -> list[Measured]:
    return [Measured(v, {"keys": Part(np.array([1e-6, -1e-6, 0.0]), ("",) * 3)}) for v in values]


def test_how_stability_and_quality_go_together() -> None:
    spread = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    worse = together(_sure(spread), _sure([9.0, 8.0, 7.0, 6.0, 5.0, 4.0]), 1, 400)
    assert worse.spearman == pytest.approx(-1.0)
    assert worse.p == pytest.approx(2 / 720), "of all orders of six, the order itself and its reverse"
    assert "stabler ones are the better ones" in worse.words
    assert worse.spearman_true == pytest.approx(-1.0)
    assert worse.perfect == pytest.approx(1.0)
    assert "Were they to" not in worse.words
    assert "stabler ones are the worse ones" in together(_sure(spread), _sure(spread), 1, 400).words
    unsure = together(_sure(spread), _sure([2.0, 1.0, 3.0, 1.5, 2.5, 2.2]), 1, 400)
    assert "can't be told" in unsure.words
    assert unsure.spearman_low < 0 < unsure.spearman_high
    few = together(_sure(spread[:3]), _sure([3.0, 2.0, 1.0]), 1, 400)
    assert few.spearman == pytest.approx(-1.0)
    assert "nothing can be told" in few.words
    assert np.isnan(few.spearman_low)
    assert "the same for all" in together(_sure([1.0] * 6), _sure(spread), 1, 400).words


def test_a_correlation_that_noise_hides_is_given_back_and_said() -> None:
    """24 designs, of whose variance three tenths are noise: −0.9 is measured as some −0.6."""
    true = 6.0 / np.pi * np.arcsin(-0.45)
    found = [together(*measured_designs(-0.9, 24, 0.7, key), key, 400) for key in range(12)]
    measured_as = np.median([t.spearman for t in found])
    given_back = np.nanmedian([t.spearman_true for t in found])
    # a median of 12, each with an error of some 0.15/√12 · 1.25: three of them
    assert measured_as > true + 0.15
    assert abs(given_back - true) < 0.17
    for t in found:
        assert 0.2 < t.quality_reliability < 0.9
        assert t.perfect < 0.95
        assert f"would show {t.perfect:.2f}" in t.words
    assert sum(t.spearman_low <= true <= t.spearman_high for t in found) >= 10  # 95 % of 12: fewer in 2 % of runs


def test_an_interval_of_ranks_is_that_of_the_normal_correlation_as_ranks_have_it() -> None:
    # of two normal numbers Pearson's 1/2 is Spearman's (6/π) arcsin(1/4)
    assert _rank_correlation(0.5) == pytest.approx(0.4826, abs=1e-4)
    assert [_rank_correlation(r) for r in (-1.0, 0.0, 1.0)] == pytest.approx([-1.0, 0.0, 1.0])


def test_where_noise_is_all_there_is_every_correlation_is_possible() -> None:
    dice = np.random.default_rng(14)

    def noise() -> list[Measured]:
        return [mean_of(3.0 + 5.0 * dice.standard_normal(6), "keys") for _ in range(8)]

    for key in range(20):
        found = together(noise(), noise(), key, 400)
        assert found.spearman_high - found.spearman_low > 1.0
        assert (found.spearman_low == -1.0) or (found.spearman_high == 1.0)
    assert "can't be told" in found.words


def test_the_p_value_of_many_designs_is_over_orders_that_are_drawn() -> None:
    rising = [float(n) for n in range(1, 13)]
    found = together(_sure(rising), _sure(rising[::-1]), 1, 200)
    assert found.p == pytest.approx(1 / 5001)
    assert 0.05 < together(_sure(rising), _sure([3.0, 9, 1, 7, 5, 11, 2, 12, 6, 4, 10, 8]), 1, 200).p < 1.0
