"""Partition ensembles: who is trained on what, the median of them, and what its decisions are certified to bear."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

import activeseed as act
from activeseed.analyses.removal.partition import SLACK, PartitionCertificate, changes_borne, median_between, said_by
from activeseed.cli.app import run as on_command_line
from activeseed.config import FAMILIES, member, takes_a_few_rows
from activeseed.errors import ConfigError, PlanError
from activeseed.plan import Materials, Rows
from activeseed.seed import ABSENT, Item, Probe, Seed, Text, Variant, Vector
from activeseed.systems.league import OversightLeague
from activeseed.systems.own import Command, FromEstimator, FromFunction
from activeseed.systems.partition import MEMBERS, Partition
from activeseed.systems.reward_model import RewardModel
from activeseed.testing import check_analysis, problem_of, run
from tests.contracts.test_currency import Judge
from tests.toy_materials import vectors


def rows_of(variants) -> Rows:
    variants = np.asarray(variants, np.int16)
    return Rows(variants, np.zeros(len(variants), np.int64))


def with_edits(materials: Materials, root: int = 0) -> Materials:
    """Every item may be edited into another vector near it."""
    rng = np.random.default_rng(root)
    items = []
    for item in materials.seed.items:
        x = np.array(item.payload.values) + 0.5 * rng.normal(size=len(item.payload.values))
        other = Variant(id="edited", payload=Vector(values=tuple((x / np.linalg.norm(x)).tolist())))
        items.append(item.model_copy(update={"alternatives": (other,)}))
    return replace(materials, seed=Seed(items=tuple(items)))


# --- who is trained on what ---------------------------------------------------------------------------------------


def test_members_are_trained_on_their_part_alone_and_the_median_is_taken() -> None:
    """Against trainings of the member with everything else left out, one by one."""
    materials = vectors()
    league = OversightLeague(rounds=2)
    system = Partition(parts=3, of=league)
    parts = np.array([system.part_of(i.payload) for i in materials.seed.items])
    assert set(parts.tolist()) == {0, 1, 2}
    rows = rows_of([[0] * 12, [1] + [0] * 11])
    alone = np.stack([np.where(parts[None] == j, rows.variants, 1) for j in range(3)], 1)
    values = league.train(rows_of(alone.reshape(6, 12)), materials).values.reshape(2, 3, -1)
    np.testing.assert_allclose(system.train(rows, materials).values, np.median(values, 1), atol=1e-6)
    members = system.states(rows, materials, "members")
    np.testing.assert_allclose(members[..., :-1], values, atol=1e-6)
    assert (members[..., -1] == 1).all()
    np.testing.assert_allclose(
        system.states(rows, materials, "single"), league.train(rows, materials).values, atol=1e-6
    )


def test_a_part_is_a_matter_of_content() -> None:
    """Neither of place nor name, and the same on every machine."""
    system = Partition(parts=31)
    assert [system.part_of(Text(text=t)) for t in ("a", "b", "c")] == [29, 18, 19]
    seen: list[set[frozenset[str]]] = []

    def train(items, key):
        seen[-1].add(frozenset(i.text for i in items))
        return [0.5]

    texts = [f"text {n}" for n in range(9)]
    for order in (texts, texts[::-1]):
        seen.append(set())
        items = tuple(Item(id=f"at{n}", payload=Text(text=t)) for n, t in enumerate(order))
        materials = Materials(Seed(items=items), (Probe(id="p", payload=Text(text="p")),))
        Partition(parts=4, of=FromFunction(train, deterministic=True)).train(rows_of([[0] * 9]), materials)
    assert seen[0] == seen[1]
    assert sorted(t for part in seen[0] for t in part) == texts


def test_a_member_that_can_not_be_trained_abstains_and_a_row_fails_where_all_do() -> None:
    def train(items, key):
        if not any(i.id == "i0" for i in items):
            raise ValueError("not without i0")
        return [0.9]

    items = tuple(Item(id=f"i{n}", payload=Text(text=f"text {n}")) for n in range(6))
    materials = Materials(Seed(items=items), (Probe(id="p", payload=Text(text="p")),))
    system = Partition(parts=3, of=FromFunction(train, deterministic=True))
    out = system.train(rows_of([[0] * 6, [1] + [0] * 5]), materials)
    assert out.ok.tolist() == [True, False]
    assert out.values[0, 0] == np.float32(0.9)
    assert "no member could be trained: " in out.failures[1]
    assert "not without i0" in out.failures[1]
    members = system.states(rows_of([[0] * 6]), materials, "members")[0]
    assert members[:, 1].sum() == 1
    assert (members[members[:, 1] == 0] == 0).all()


def test_an_empty_part_abstains_but_for_a_row_without_items() -> None:
    materials, league = vectors(items=5), OversightLeague(rounds=1)
    system = Partition(parts=31, of=league)
    rows = rows_of([[0] * 5, [1] * 5])
    members = system.states(rows, materials, "members")
    full = {system.part_of(i.payload) for i in materials.seed.items}
    assert set(np.flatnonzero(members[0, :, -1]).tolist()) == full
    assert members[1, :, -1].all()
    none = league.train(rows.take([1]), materials).values[0]
    np.testing.assert_allclose(system.train(rows, materials).values[1], none, atol=1e-6)
    votes = run(PartitionCertificate(), problem_of(system, materials), system, materials)
    assert votes.places[0].abstained == 31 - len(full)
    assert f"{31 - len(full)} members abstain" in votes.says[1]


def test_estimators_of_parts_of_one_class_abstain() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 3))
    items = tuple(
        Item(id=f"v{n}", payload=Vector(values=tuple(v)), metadata={"label": "ny"[int(v[0] > 1)]})
        for n, v in enumerate(x.tolist())
    )
    probes = tuple(Probe(id=f"p{n}", payload=Vector(values=(v, 0.0, 0.0))) for n, v in enumerate((-2.0, 4.0)))
    materials = Materials(Seed(items=items), probes)
    system = Partition(parts=15, of=FromEstimator(LogisticRegression(C=100.0), deterministic=True))
    members = system.states(rows_of([[0] * 60]), materials, "members")[0]
    assert 0 < (members[:, -1] == 0).sum() < 15
    out = system.train(rows_of([[0] * 60]), materials)
    assert out.values[0, 0] < 0.5 < out.values[0, 1]


def test_costs_and_remarks_say_how_many_trainings_a_row_is() -> None:
    materials, league = vectors(), OversightLeague()
    system = Partition(parts=31, of=league)
    assert system.cost(materials).multiply_adds == 31 * league.cost(materials).multiply_adds
    assert system.cost(materials).bytes == 31 * league.cost(materials).bytes
    (said,) = system.remarks(materials)
    assert "A row is 31 trainings" in said
    assert "have none and abstain" in said
    assert "have none and abstain" not in Partition(parts=2, of=league).remarks(materials)[0]


def test_what_has_no_median_is_refused() -> None:
    materials = vectors()
    with pytest.raises(PlanError, match="outcome = 'evaluator'"):
        Partition(of=OversightLeague(outcome="policy")).check(materials)
    with pytest.raises(PlanError, match="asked cell by cell"):
        Partition(of=Judge()).check(materials)
    with pytest.raises(PlanError, match="preference pairs"):
        Partition(of=RewardModel()).check(materials)
    with pytest.raises(PlanError, match=r"has no state 'member'\. Did you mean 'members'"):
        Partition().states(rows_of([[0] * 12]), materials, "member")


# --- settings -----------------------------------------------------------------------------------------------------


def test_every_kind_of_the_package_can_be_a_member() -> None:
    known = {k: v.removeprefix("systems.") for k, v in FAMILIES["system"].items() if k != "partition"}
    assert known == MEMBERS


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"of": {"kind": "oversight_leag"}}, "no member of a partition. Did you mean 'oversight_league'"),
        ({"of": {"kind": "partition"}}, "no member of a partition"),
        ({"of": {"kind": "mine.py:Mine"}}, "handed over in Python"),
        ({"of": {"kind": "reward_model", "stepz": 3}}, r"\[system.of\]: unknown setting 'stepz'. Did you mean 'steps'"),
        ({"of": {"kind": "reward_model", "steps": 0}}, r"\[system.of\]: steps = 0"),
        ({"of": {"kind": "estimator", "instance": 3}}, "can only be given in Python"),
        ({"of": 3}, "has to be a table with a kind"),
        ({"parts": 1}, "parts = 1"),
    ],
)
def test_a_table_with_a_mistake_is_told_where(table, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        member("system", {"kind": "partition", **table})


def test_a_partition_reads_the_columns_that_its_member_reads() -> None:
    from activeseed.cli.making import _entries_of

    columns = ("concept", "concepts", "direction", "vector")
    table = {"of": {"kind": "representational_tethers"}}
    assert _entries_of("partition", table) == columns
    assert _entries_of("", {"kind": "partition", **table}) == columns
    assert tuple(member("system", {"kind": "partition", **table}).entry_fields) == columns
    for other in ({}, {"of": {"kind": "reward_model"}}):
        assert _entries_of("partition", other) == ()
        assert member("system", {"kind": "partition", **other}).entry_fields == {}


def test_a_partition_is_no_member_of_one() -> None:
    with pytest.raises(ConfigError, match="no partition itself"):
        Partition(of=Partition())


def test_nothing_of_a_members_code_is_loaded_to_choose_an_executor(tmp_path) -> None:
    trap = tmp_path / "trap.py"
    trap.write_text("raise SystemExit('loaded')")
    system = Partition(of=FromFunction(f"{trap}:train"))
    assert takes_a_few_rows(system)
    assert not takes_a_few_rows(Partition())
    assert system.would(tmp_path) is not None
    assert Partition().would(tmp_path) is None

    def refuse() -> None:
        raise ConfigError("nobody agreed")

    with pytest.raises(ConfigError, match="nobody agreed"):
        _ = system.asking(refuse).revision
    (tmp_path / "run.sh").write_text("exit 0")
    here, there = Partition(of=Command(argv=("sh", "run.sh"))), Partition(of=Command(argv=("sh", "run.sh")))
    assert here.revision == there.revision != there.located(tmp_path).revision  # the file is looked for in the folder


def test_a_study_of_a_partition_ranks_certifies_and_opens_again(tmp_path) -> None:
    materials = vectors(items=6, probes=8)
    system = Partition(parts=3, of=OversightLeague(rounds=1, steps=5))
    folder = tmp_path / "study"
    study = act.Study.create(folder, materials.seed, system, probes=materials.probes, pool=materials.pool, key=1)
    assert study.rank().ids
    found = study.analyse(PartitionCertificate())
    spent = study.budget.here
    assert study.analyse(PartitionCertificate()).to_dict() == found.to_dict()
    assert study.budget.here == spent
    text = (folder / "activeseed.toml").read_text()
    assert "[system.of]" in text
    again = act.Study.open(folder)
    assert again.system == system
    assert again.analyse(PartitionCertificate()).to_dict() == found.to_dict()
    assert again.budget.here == 0
    act.write_report(again, tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    assert "What the partition&#39;s votes certify" in page or "What the partition's votes certify" in page
    assert "Decisions that bear any k removals or additions" in page
    assert all(p.id in page for p in materials.probes)


@pytest.mark.parametrize("width", [60, 120])
def test_removal_on_the_command_line_counts_the_votes_of_a_partition(tmp_path, capsys, monkeypatch, width) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    materials = vectors(items=6, probes=8)
    system = Partition(parts=3, of=OversightLeague(rounds=1, steps=5))
    folder = tmp_path / "study"
    act.Study.create(folder, materials.seed, system, probes=materials.probes, pool=materials.pool, key=1)
    assert on_command_line(["removal", "--trust", "--dir", str(folder), "--csv", str(tmp_path / "votes.csv")]) == 0
    out, _ = capsys.readouterr()
    assert "any few items removed or added" in out
    assert ("above:below:" in out) == (width > 90)
    assert max(map(len, out.splitlines())) <= width
    assert len((tmp_path / "votes.csv").read_text().splitlines()) == 9
    assert on_command_line(["removal", "--trust", "--dir", str(folder), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["system"] == "partition"
    assert said["places"][0]["edits"] in (None, 0)


# --- what is certified --------------------------------------------------------------------------------------------


def test_votes_by_hand() -> None:
    nan = np.nan
    values = np.array([[0.9, 0.9, 0.9, 0.5, nan], [0.8, 0.2, 0.8, 0.9, nan], [0.7, 0.1, nan, 0.9, 0.4],
                       [0.9, 0.3, 0.2, 0.1, nan], [0.6, 0.4, nan, 0.9, nan]])  # fmt: skip
    decision, changes = changes_borne(values)
    assert decision.tolist() == [1, -1, 1, 1, -1]
    assert changes.tolist() == [2, 1, 0, 0, 0]
    decision, changes = changes_borne(np.array([[0.9, np.nan], [0.1, np.nan]]))
    assert decision.tolist() == [0, 0]
    assert changes.tolist() == [-1, -1]
    low, high = median_between(values[:, :3], 1)
    np.testing.assert_allclose(low, [0.7 - SLACK, 0.1 + 0.1 - SLACK, 0.2 - SLACK], atol=1e-9)
    np.testing.assert_allclose(high, [0.9 + SLACK, 0.4 + SLACK, 0.9 + SLACK], atol=1e-9)
    low, high = median_between(values, 3)
    assert np.isinf(low).all()
    assert np.isinf(high).all()


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.one_of(st.none(), st.floats(0.0, 1.0, width=32)), min_size=2, max_size=7),
    st.integers(0, 3),
    st.integers(0, 2**32 - 1),
)
def test_no_change_of_so_many_votes_leaves_the_bounds(votes, k: int, root: int) -> None:
    """Any k members say anything, or nothing: median and decision stay within what is certified."""
    values = np.array([np.nan if v is None else v for v in votes], np.float64)[:, None]
    low, high = median_between(values, k, 0.0)
    decision, changes = changes_borne(values)
    rng = np.random.default_rng(root)
    for _ in range(20):
        moved = values.copy()
        at = rng.choice(len(values), min(k, len(values)), replace=False)
        moved[at, 0] = rng.choice([-9.0, 0.0, 0.5, 1.0, 9.0, np.nan], len(at))
        if np.isnan(moved).all():
            assert np.isinf(low[0])
            assert changes[0] < k
            continue
        median = np.nanmedian(moved)
        assert low[0] <= median <= high[0]
        if changes[0] >= k:
            assert np.sign(median - 0.5) == decision[0]


def test_what_votes_certify_is_the_most_that_they_can() -> None:
    """Whoever removes one item more than is certified, one from each part that voted with the majority, turns it."""

    def train(items, key):
        return [float(any(i.id.startswith("yes") for i in items))]

    system = Partition(parts=9, of=FromFunction(train, deterministic=True))
    items: list[Item] = []
    for word in ("yes", "no"):
        some = [Item(id=f"{word} {n}", payload=Text(text=f"{word} {n}")) for n in range(80)]
        items += sorted({system.part_of(i.payload): i for i in some}.values(), key=lambda i: system.part_of(i.payload))
    assert len(items) == 18
    materials = Materials(Seed(items=tuple(items)), (Probe(id="p", payload=Text(text="p")),))
    votes = run(PartitionCertificate(), problem_of(system, materials), system, materials)
    (place,) = votes.places
    assert (place.changes, place.edits, place.decision) == (4, 2, "above")
    assert system.train(rows_of([[1] * 4 + [0] * 14]), materials).values[0, 0] == 1.0
    assert system.train(rows_of([[1] * 5 + [0] * 13]), materials).values[0, 0] == 0.0


MEMBERS_TRIED = {
    "linear": OversightLeague(rounds=2, steps=10),
    "mlp": OversightLeague(rounds=1, steps=15, evaluator="mlp", hidden=4),
    "drawn": OversightLeague(rounds=3, steps=8, opponents="prioritised", drawn=2),
}


@pytest.mark.parametrize("root", [0, 1, 2])
@pytest.mark.parametrize("name", MEMBERS_TRIED)
def test_no_removal_of_up_to_three_items_breaks_a_certificate(name: str, root: int) -> None:
    """All sets of up to three of twelve items: decisions and intervals, at 30 places, hold for every one of them."""
    materials = vectors(items=12, probes=30, root=root)
    system = Partition(parts=7, of=MEMBERS_TRIED[name])
    sets = [s for k in range(4) for s in combinations(range(12), k)]
    variants = np.zeros((len(sets), 12), np.int16)
    for r, gone in enumerate(sets):
        variants[r, list(gone)] = 1
    _hold(system, materials, variants, np.array([len(s) for s in sets]))


@pytest.mark.parametrize("root", [0, 1, 2])
def test_no_mixture_of_removals_additions_and_edits_breaks_a_certificate(root: int) -> None:
    """From a seed with some items left out and some edited: random changes, an edit counted as two."""
    materials = with_edits(vectors(items=12, probes=30, root=root), root)
    system = Partition(parts=7, of=OversightLeague(rounds=2, steps=10))
    absent = materials.seed.items[0].index_of(ABSENT)
    rng = np.random.default_rng(root)
    base = rng.integers(0, 3, 12)
    variants, cost = [base], [0]
    for _ in range(300):
        row = base.copy()
        for f in rng.choice(12, rng.integers(1, 4), replace=False):
            row[f] = rng.choice([v for v in range(3) if v != base[f]])
        there, then = row != absent, base != absent
        variants.append(row)
        cost.append(int((there != then).sum() + 2 * (there & then & (row != base)).sum()))
    _hold(system, materials, np.array(variants), np.array(cost))


def _hold(system: Partition, materials: Materials, variants: np.ndarray, changes: np.ndarray) -> None:
    rows = rows_of(variants)
    values = system.train(rows, materials).values
    members = said_by(system.states(rows.take([0]), materials, "members")[0])
    decision, borne = changes_borne(members)
    assert (borne >= 1).any()
    for k in range(int(changes.max()) + 1):
        low, high = median_between(members, k)
        moved = values[changes <= k]
        assert ((moved >= low) & (moved <= high)).all()
        sure = borne >= k
        assert (np.sign(moved[:, sure] - 0.5) == decision[sure]).all()


def test_the_finding_says_itself() -> None:
    materials = vectors(probes=12)
    system = Partition(parts=5, of=OversightLeague(rounds=2))
    problem = problem_of(system, materials)
    votes = run(PartitionCertificate(), problem, system, materials)
    said: Any = json.loads(json.dumps(votes.to_dict()))
    assert said["certified"][0]["share"] == votes.certified(0)
    assert votes.certified(0) >= votes.certified(1) >= votes.certified(2) > votes.certified(3) == 0.0
    assert len(said["places"]) == 12
    assert 0.0 <= votes.alike <= 1.0
    assert "a hash of their content" in votes.says[0]
    single = OversightLeague(rounds=2).train(rows_of([[0] * 12]), materials).values[0]
    np.testing.assert_allclose([p.single for p in votes.places], single, atol=1e-6)
    low, high = votes.between(1)
    assert all(a <= p.outcome <= b for a, p, b in zip(low, votes.places, high, strict=True))


def test_only_a_partition_is_certified_by_votes() -> None:
    materials, league = vectors(), OversightLeague()
    with pytest.raises(PlanError, match=r"kind = 'partition' with a table \[system.of\]"):
        run(PartitionCertificate(), problem_of(league, materials), league, materials)


def test_the_analysis_keeps_the_promises_of_one() -> None:
    check_analysis(PartitionCertificate(), Partition(parts=3, of=OversightLeague(rounds=1, steps=5)), vectors())


def test_a_seed_of_no_items_is_certified_nothing() -> None:
    """All members say what they make of none, and whoever adds an item leaves one of them with anything to say."""
    materials, system = vectors(items=5), Partition(parts=3, of=OversightLeague(rounds=1, steps=5))
    seed = materials.seed.model_copy(update={"standing": {i.id: ABSENT for i in materials.seed.items}})
    problem = replace(problem_of(system, materials), seed=seed)
    assert set(problem.base) == {1}
    with pytest.raises(PlanError, match="No item stands"):
        run(PartitionCertificate(), problem, system, materials)
