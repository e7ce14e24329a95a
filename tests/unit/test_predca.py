"""PreDCA-shaped assistance against sums that know nothing of its arrays, its limits, and what it refuses."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

import activeseed as act
from activeseed.errors import ConfigError, PlanError
from activeseed.plan import Materials, Rows
from activeseed.systems.predca.acting import bench_of
from activeseed.systems.predca.assisting import Choosing, users
from activeseed.systems.predca.enumerating import courses_of, description_length, policies_of, utilities_of
from activeseed.systems.predca.ring import RING
from activeseed.systems.predca.world import ai_of
from tests.toy_materials import candidates

#: exact fractions against double precision: sums of at most 729 · 12 terms below 1, each rounded by 2⁻⁵³, are off by
#: less than 1e-12, and a logarithm of one above 2⁻¹² by no more than some thousand times that
EXACT = 1e-12

Program = list[dict[int, Fraction]]


def seed_of(**said: dict[str, Any]) -> Materials:
    return Materials(
        act.Seed(items=tuple(act.Item(id=n, payload=act.Entry(fields=f)) for n, f in said.items())), probes=()
    )


def all_present(materials: Materials, n: int = 1) -> Rows:
    return Rows(np.zeros((n, len(materials.seed)), np.int16), np.zeros(n, np.int64))


# --- the same by hand ----------------------------------------------------------------------------------------------


def steps_of(program: Program, action: int, cell: int) -> Fraction:
    return program[cell].get(action, Fraction(0))


def stays_of(program: Program, horizon: int = 12) -> list[Fraction]:
    """Share of steps in each cell of the ring, from anywhere; actions 0, 1, 2 go left, stay, go right."""
    here = [Fraction(1, 6)] * 6
    out = [Fraction(0)] * 6
    for _ in range(horizon):
        after = [Fraction(0)] * 6
        for cell in range(6):
            for action in range(3):
                after[(cell + action - 1) % 6] += here[cell] * steps_of(program, action, cell)
        here = after
        out = [a + b for a, b in zip(out, here, strict=True)]
    return [a / horizon for a in out]


def built_by(program: Program, horizon: int = 12) -> Fraction:
    """Probability of having been at the workshop, c3."""
    here = [Fraction(1, 6) if cell != 3 else Fraction(0) for cell in range(6)]
    for _ in range(horizon):
        after = [Fraction(0)] * 6
        for cell in range(6):
            for action in range(3):
                after[(cell + action - 1) % 6] += here[cell] * steps_of(program, action, cell)
        after[3] = Fraction(0)
        here = after
    return 1 - sum(here, Fraction(0))


def bits(values: tuple[Any, ...], alphabet: int) -> float:
    ways = math.factorial(len(values))
    for count in Counter(values).values():
        ways //= math.factorial(count)
    return math.log2(ways) + (alphabet - 1) * math.log2(len(values) + 1)


@pytest.fixture(scope="module")
def by_hand() -> tuple[list[tuple[int, ...]], list[list[Fraction]], list[Fraction], list[float], list[list[int]]]:
    policies = list(itertools.product(range(3), repeat=6))
    programs: list[Program] = [[{a: Fraction(1)} for a in p] for p in policies]
    sets = [[int(c in s) for c in range(6)] for k in range(1, 5) for s in itertools.combinations(range(6), k)]
    weights = [2 ** -bits(p, 3) for p in policies]
    total = math.fsum(weights)
    return (
        policies,
        [stays_of(p) for p in programs],
        [built_by(p) for p in programs],
        [w / total for w in weights],
        sets,
    )


def test_everything_of_a_candidate_is_what_enumeration_in_fractions_says(by_hand: Any) -> None:
    policies, stays, built, prior, sets = by_hand
    assert len(policies) == 729
    assert len(sets) == 56
    materials = candidates()
    record = act.PreDCA()
    judged, cast = bench_of(record, materials).judged, bench_of(record, materials).cast.of
    values = utilities_of(record.found).values.astype(int).tolist()
    order = [values.index(s) for s in sets]
    lengths = [bits(tuple(s), 2) for s in sets]
    for k, item in enumerate(materials.seed.items):
        candidate = cast[k]
        assert candidate is not None
        program: Program = [
            {a: Fraction(p).limit_denominator(6) for a, p in enumerate(row) if p} for row in candidate.table.tolist()
        ]
        own = stays_of(program)
        wanted = [[1, 0, 0, 0, 0, 0]] if item.id == "misjudged" else sets
        g = []
        for u in wanted:
            mine = sum(a * b for a, b in zip(u, own, strict=True))
            as_good = math.fsum(
                w for w, s in zip(prior, stays, strict=True) if sum(a * b for a, b in zip(u, s, strict=True)) >= mine
            )
            g.append(-math.log2(as_good))
        if item.id == "misjudged":
            assert judged.g[k] == pytest.approx(g[0], abs=EXACT)
            assert judged.wants[k].tolist() == wanted[0]
            continue
        weight = [2 ** (a - b) for a, b in zip(g, lengths, strict=True)]
        likely = [w / math.fsum(weight) for w in weight]
        assert judged.likely[k][order] == pytest.approx(likely, abs=EXACT)
        assert judged.g[k] == pytest.approx(math.fsum(a * b for a, b in zip(likely, g, strict=True)), abs=EXACT)
        e_u = [math.fsum(p * u[c] for p, u in zip(likely, sets, strict=True)) for c in range(6)]
        assert judged.wants[k] == pytest.approx(e_u, abs=EXACT)
        mine_builds = candidate.body.name == "user"
        absent = math.fsum(w * (1 - float(b)) for w, b in zip(prior, built, strict=True)) if mine_builds else 0.0
        assert judged.precursor[k] == pytest.approx(absent, abs=EXACT), "nobody else builds it"
        assert judged.present[k] == pytest.approx(float(built_by(program)) if mine_builds else 1.0, abs=EXACT)


def test_the_ring_finds_its_user_and_what_they_want() -> None:
    materials = candidates()
    record = act.PreDCA(outcome="user")
    found = record.train(all_present(materials), materials).values[0]
    assert materials.seed.items[int(found[:-1].argmax())].id == "torn", "twice the mass, and nearly the same behaviour"
    only = seed_of(**{n: {"program": n} for n in ("user", "cat", "thermostat", "noise")})
    # a quarter of the mass times the precursor score, against a weight of .05 for nobody
    score = bench_of(record, only).judged.precursor[0]
    expected = [0.25 * score / (0.25 * score + 0.05), 0, 0, 0, 0.05 / (0.25 * score + 0.05)]
    assert record.train(all_present(only), only).values[0] == pytest.approx(expected, abs=1e-7)
    names = utilities_of(record.found).names
    assert names[int(bench_of(record, only).judged.likely[0].argmax())] == "workshop"
    acts = act.PreDCA(outcome="policy").train(all_present(only), only).values[0].reshape(6, 4)
    # from c0 both ways to c3 are as short, and the user passes c2 more often than c4; what never happens is open
    assert acts[3] == pytest.approx([0, 1, 0, 0])
    assert acts[[0, 1, 2], 2] == pytest.approx([1, 1, 1])
    assert acts[4:] == pytest.approx(np.tile([1 / 3, 1 / 3, 1 / 3, 0], (2, 1)))


def test_where_nobody_passes_the_ai_stays_off_and_says_so() -> None:
    materials = seed_of(cat={"program": "cat"}, noise={"program": "noise"})
    record = act.PreDCA()
    values = record.train(all_present(materials), materials).values[0]
    policy, user, utility = values[:24].reshape(6, 4), values[24:27], values[27:]
    assert np.array_equal(policy, np.tile([0, 0, 0, 1], (6, 1)))
    assert user.tolist() == [0, 0, 1]
    assert utility.tolist() == [0.5] * 6
    assert "nobody is the user, and the AI stays off" in record.remarks(materials)[-1]


def test_no_candidate_left_is_nobody_too() -> None:
    materials = candidates()
    rows = Rows(np.ones((1, len(materials.seed)), np.int16), np.zeros(1, np.int64))
    out = act.PreDCA(outcome="user", nobody=0.0).train(rows, materials)
    assert out.ok.all()
    assert out.values[0].tolist() == [0.0] * len(materials.seed) + [1.0]


@pytest.mark.parametrize("q", [0.01, 0.1, 0.5, 1.0])
def test_a_quantiliser_draws_the_best_share_of_the_prior(q: float) -> None:
    record = act.PreDCA()
    world = record.found
    policies, stays = policies_of(world), courses_of(world, ai_of(world, "")).stays
    prior = policies.prior(1.0)
    utility = np.array([0.0, 0.2, 0.3, 1.0, 0.5, 0.1])
    found = Choosing(stays, prior, policies.chosen, q).acts(utility[None], np.zeros(1))[0, :, :3]
    # by hand: walk down from the best, all that are equally good at once
    value = stays @ utility
    weight, left = np.zeros(len(value)), q
    for level in sorted({round(v, 9) for v in value.tolist()}, reverse=True):
        here = np.abs(value - level) < 1e-8
        share = min(1.0, left / prior[here].sum())
        weight[here] = share * prior[here]
        left -= share * prior[here].sum()
        if left <= 1e-15:
            break
    expected = (weight / weight.sum()) @ policies.chosen
    assert found.reshape(-1) == pytest.approx(expected, abs=1e-9)
    if q == 1.0:
        assert found.reshape(-1) == pytest.approx(prior @ policies.chosen, abs=EXACT)


def test_the_best_are_taken_alike_and_what_is_nearly_best_is_not_taken() -> None:
    stays = np.array([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]])
    chosen = np.array([[1.0, 0, 1, 0], [0, 1, 0, 1], [0, 1, 1, 0]])
    choosing = Choosing(stays, np.array([0.7, 0.2, 0.1]), chosen, 0.0)
    assert choosing.acts(np.array([[1.0, 1.0]]), np.zeros(1))[0, 0, 1] == pytest.approx(2 / 3)
    assert choosing.acts(np.array([[0.0, 1e-6]]), np.zeros(1))[0, 0].tolist() == [0, 1, 0]


def test_probabilities_of_users_are_bayes_and_a_rejected_candidate_takes_none() -> None:
    found = users(
        np.array([[1.0, 3.0, 4.0]]), np.array([1, 0.5, 1.0]), np.array([0.8, 0.4, 1]), np.array([1, 1, 0.0]), 0.1
    )
    weights = np.array([1 / 8 * 0.8, 3 / 8 * 0.5 * 0.4, 0.0])
    assert found[0] == pytest.approx(weights / (weights.sum() + 0.1))


def test_copies_and_masses_are_weights() -> None:
    one, three = {"program": "user"}, {"program": "user", "mass": 3}
    torn = {"program": "right", "body": "user"}
    record = act.PreDCA(outcome="user", g_min=0.0)
    massive = seed_of(a=three, b=torn)
    copied = seed_of(a=one, b=torn)
    copied = Materials(
        copied.seed.revise(items=[i.model_copy(update={"copies": 3 if i.id == "a" else 1}) for i in copied.seed.items]),
        (),
    )
    tripled = Rows(np.zeros((1, 2), np.int16), np.zeros(1, np.int64), np.array([[3, 1]], np.float32))
    want = record.train(all_present(massive), massive).values
    assert np.allclose(record.train(all_present(copied), copied).values, want)
    plain = seed_of(a=one, b=torn)
    assert np.allclose(record.train(tripled, plain).values, want)


def test_description_lengths_are_those_of_the_code_and_sum_to_at_most_one() -> None:
    assert description_length("aaabbb", 2) == pytest.approx(math.log2(20) + math.log2(7))
    # Kraft: a code that can be read again takes no more than all strings together
    total = sum(2 ** -description_length(p, 3) for p in itertools.product("abc", repeat=5))
    assert 0.3 < total <= 1.0


def test_normalisers_decide_between_users() -> None:
    """Two users of one body, one of whom wants what takes long to reach: how much their wishes count is a choice."""
    near = {f"c{n}": a for n, a in enumerate(("stay", "left", "left", "left", "right", "right"))}
    materials = seed_of(
        far={"program": "user", "utility": {"c3": 1}},
        near={"program": near, "body": "user", "utility": {"c0": 1, "c1": 0.9}},
    )
    said = {
        n: act.PreDCA(outcome="utility", normaliser=n, g_min=0.0).train(all_present(materials), materials).values[0]
        for n in ("range", "spread", "reach", "none")
    }
    assert np.allclose(said["range"], said["none"]), "both already run from 0 to 1"
    assert not np.allclose(said["range"], said["spread"], atol=0.01)
    assert not np.allclose(said["reach"], said["spread"], atol=0.01)


# --- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"program": "usr"}, "no program of ring is called 'usr'. Did you mean 'user'?"),
        ({"progam": "user"}, "has no program"),
        ({"program": {"c0": "left"}, "body": "user"}, "says 1 of 6 states; c1, c2, c3, c4, c5 are missing"),
        ({"program": ["left"] * 5, "body": "user"}, "has 5 entries, and there are 6 states"),
        ({"program": ["left"] * 5 + ["lft"], "body": "user"}, "'lft' is unknown. Did you mean 'left'?"),
        ({"program": ["left"] * 6}, "nothing says which body it drives"),
        ({"program": ["left"] * 6, "body": "usr"}, "never runs: ring has no body 'usr'. Did you mean 'user'?"),
        ({"program": "user", "mass": -1}, "mass = '-1'. Give a number, 0 or more"),
        ({"program": "user", "mass": "much"}, "mass = 'much'"),
        ({"program": "user", "complexity": True}, "complexity = 'True'"),
        ({"program": "user", "utility": {"c0": 2, "c1": 2, "c2": 2, "c3": 2, "c4": 2, "c5": 2}}, "is 2 in every state"),
        ({"program": "user", "utility": {}}, "is 0 in every state"),
        ({"program": "user", "utility": []}, "Write state: number, or the states that are wanted"),
        ({"program": "user", "utility": "sun"}, "'sun' is unknown. Did you mean 'sunny'?"),
        ({"program": "user", "utility": {"c9": 1}}, "'c9' is unknown."),
        ({"program": [{"left": 0.4}] * 6, "body": "user"}, "probabilities sum to 0.4"),
    ],
)  # fmt: skip
def test_a_candidate_that_makes_no_sense_is_refused_by_name(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(PlanError) as caught:
        act.PreDCA().check(seed_of(ok={"program": "user"}, odd=fields))
    assert says in str(caught.value)
    assert "'odd'" in str(caught.value)


def test_masses_that_are_all_zero_are_refused() -> None:
    with pytest.raises(PlanError, match="masses of all 2 candidates are 0"):
        act.PreDCA().check(seed_of(a={"program": "user", "mass": 0}, b={"program": "cat", "mass": 0}))


def test_texts_are_no_candidates() -> None:
    items = tuple(act.Item(id=n, payload=act.Text(text=n)) for n in "ab")
    with pytest.raises(PlanError, match="'a' is a 'text'"):
        act.PreDCA().check(Materials(act.Seed(items=items), ()))


def world(**changed: Any) -> dict[str, Any]:
    """A small world: a corridor of three rooms, where whoever is at the desk builds the AI."""
    said: dict[str, Any] = {
        "states": ["door", "hall", "desk"],
        "actions": ["out", "in"],
        "horizon": 4,
        "transitions": {
            "out": {"door": "door", "hall": "door", "desk": "hall"},
            "in": {"door": "hall", "hall": "desk", "desk": "desk"},
        },
        "ai": "door",
        "bodies": {"her": {"start": "door", "builds": ["desk"], "runs": "keen"}, "him": {"start": "hall"}},
        "programs": {"keen": {"body": "her", "does": "in"}, "idle": {"body": "him", "does": "out"}},
        "utilities": {"work": {"desk": 1, "hall": 0.5}},
        "subsets": 1,
    }
    return {**said, **changed}


def written(folder: Path, said: Any) -> act.PreDCA:
    (folder / "world.yaml").write_text(yaml.safe_dump(said), "utf-8")
    return act.PreDCA(world="world.yaml").located(folder)


def test_a_world_from_a_file_is_read_and_names_the_system(tmp_path: Path) -> None:
    record = written(tmp_path, world())
    materials = seed_of(her={"program": "keen"}, him={"program": "idle"})
    record.check(materials)
    assert [p.id for p in record.places(materials)[:3]] == ["policy/door/out", "policy/door/in", "policy/door/(off)"]
    (moved := tmp_path / "elsewhere").mkdir()
    other = written(moved, world(horizon=5))
    assert record.revision != other.revision
    assert written(tmp_path, world()).revision == record.revision
    started = record.with_settings({"start": "desk"})
    assert started.found is record.found, "what depends on the world alone is kept"


def test_the_ring_as_a_file_is_the_ring(tmp_path: Path) -> None:
    import json

    materials = candidates()
    record = written(tmp_path, json.loads(json.dumps(RING)))
    same, ring = record.train(all_present(materials), materials), act.PreDCA().train(all_present(materials), materials)
    assert np.array_equal(same.values, ring.values)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"transitions": {"out": {"door": "door"}, "in": {}}}, "hall, desk are missing"),
        ({"transitions": {"out": {"door": {"door": 0.5}, "hall": "door", "desk": "hall"}}}, "sum to 0.5"),
        ({"transitions": {"outt": {}}}, "Did you mean 'out'?"),
        ({"transitions": {"out": {"door": {"door": 2}, "hall": "door", "desk": "hall"}}}, "probability from 0 to 1"),
        ({"states": ["door", "door"]}, "names 'door' twice"),
        ({"states": ["door"]}, "states"),
        ({"bodies": {}}, "there are no bodies"),
        ({"bodies": {"her": {"runs": "keen"}}}, "no body builds the AI"),
        ({"bodies": {"her": {"builds": ["desk"], "runs": "idle"}}}, "drives 'him'"),
        ({"bodies": {"her": 3}}, "Write a table of start, builds"),
        ({"bodies": {"her": {"strat": "door"}}}, "Did you mean 'start'?"),
        ({"utilities": {"flat": {"door": 0}}}, "constant utility"),
        ({"utilities": {}, "subsets": 0}, "no utilities"),
        ({"ai": "roof"}, "'roof' is unknown"),
        ({"horizon": 0}, "horizon"),
        ({"walls": 3}, "unknown setting 'walls'"),
    ],
)  # fmt: skip
def test_a_world_that_makes_no_sense_is_refused_with_its_place(
    tmp_path: Path, changed: dict[str, Any], says: str
) -> None:
    bodies = {"him": {}, **changed["bodies"]} if changed.get("bodies") else world()["bodies"]
    said = world(**{**changed, "bodies": changed.get("bodies", bodies) and bodies})
    with pytest.raises(ConfigError) as caught:
        _ = written(tmp_path, said).found
    assert says in str(caught.value)
    assert str(caught.value).startswith("world.yaml")


@pytest.mark.parametrize("text", ["- a\n", "states: [", ""])
def test_a_file_that_is_no_world_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "world.yaml").write_text(text, "utf-8")
    with pytest.raises(ConfigError, match=r"world\.yaml"):
        _ = act.PreDCA(world="world.yaml").located(tmp_path).found
    with pytest.raises(PlanError, match="can't be read"):
        act.PreDCA(world="nowhere.yaml").located(tmp_path).check(candidates())


def test_a_world_too_large_to_enumerate_says_which_size_would_do(tmp_path: Path) -> None:
    states = [f"s{n}" for n in range(30)]
    stay = {"out": dict.fromkeys(states, "s0"), "in": dict.fromkeys(states, "s1")}
    record = written(
        tmp_path,
        world(states=states, transitions=stay, ai="s0", bodies={"her": {"builds": ["s1"]}}, programs={}, utilities={}),
    )
    with pytest.raises(PlanError, match=r"at most 200,000 can be\. With 2 actions 17 states would do"):
        record.check(seed_of(a={"program": "in"}, b={"program": "out"}))


def test_too_many_utilities_are_refused(tmp_path: Path) -> None:
    states = [f"s{n}" for n in range(17)]
    stay = {"out": dict.fromkeys(states, "s0"), "in": dict.fromkeys(states, "s1")}
    record = written(
        tmp_path,
        world(
            states=states,
            transitions=stay,
            ai="s0",
            bodies={"her": {"builds": ["s1"]}},
            programs={},
            utilities={},
            subsets=16,
        ),
    )
    with pytest.raises(PlanError, match="Lower subsets"):
        record.check(seed_of(a={"program": "in"}, b={"program": "out"}))


def test_a_candidate_under_whom_the_ai_would_not_run_never_runs(tmp_path: Path) -> None:
    record = written(tmp_path, world())
    with pytest.raises(PlanError, match="'shy' never runs: were it what drives 'her'"):
        record.check(seed_of(her={"program": "keen"}, shy={"program": "out", "body": "her"}))


def test_what_an_annotator_typed_and_nobody_can_read_fails_its_rows_alone() -> None:
    materials = candidates()
    odd = act.Variant(id="edit-1", payload=act.Entry(fields={"program": "usr"}))
    items = [i.model_copy(update={"alternatives": (odd,)}) if i.id == "cat" else i for i in materials.seed.items]
    edited = Materials(materials.seed.revise(items=items), ())
    record = act.PreDCA()
    record.check(edited)
    rows = all_present(edited, 2)
    rows.variants[1, 1] = 2
    out = record.train(rows, edited)
    assert out.ok.tolist() == [True, False]
    assert "no program of ring is called 'usr'" in out.failures[1]
    assert np.array_equal(out.values[0], record.train(all_present(materials), materials).values[0])
    standing = Materials(edited.seed.stand(cat="edit-1"), ())
    assert any("no row trains" in r for r in record.remarks(standing))


def test_vouching_is_how_well_an_item_serves_what_the_others_want() -> None:
    """Hand count: with the user alone as user, U* is nearly the workshop; all-left serves it as most policies do."""
    materials = seed_of(user={"program": "user"}, cat={"program": "cat"}, alike={"program": "user", "mass": 1e-9})
    out = act.PreDCA().train(all_present(materials), materials)
    assert out.vouching is not None
    user, cat, alike = out.vouching[0].tolist()
    assert user == alike > 0.99
    assert cat < user
    nobody = seed_of(cat={"program": "cat"}, noise={"program": "noise"})
    silent = act.PreDCA().train(all_present(nobody), nobody).vouching
    assert silent is not None
    assert silent.tolist() == [[0.5, 0.5]]


def test_an_ai_that_others_would_build_anyway_hinges_on_nobody(tmp_path: Path) -> None:
    both = {
        "her": {"start": "door", "builds": ["desk"], "runs": "keen"},
        "him": {"start": "hall", "builds": ["door"], "runs": "idle"},
    }
    record = written(tmp_path, world(bodies=both))
    materials = seed_of(her={"program": "keen"}, him={"program": "idle"})
    judged = bench_of(record, materials).judged
    assert judged.precursor.tolist() == [0.0, 0.0]
    assert judged.present.tolist() == [1.0, 1.0]


def test_a_mixture_that_beats_every_policy_is_as_rare_as_the_rarest(tmp_path: Path) -> None:
    """Within a horizon a policy that always does the same can't be at the door twice and in the hall once."""
    record = written(
        tmp_path, world(horizon=3, bodies={"her": {"start": "hall", "builds": ["desk", "hall", "door"]}}, programs={})
    )
    half = {"out": 0.5, "in": 0.5}
    materials = seed_of(
        torn={"program": {"door": half, "hall": half, "desk": half}, "body": "her", "utility": {"door": 1, "desk": 1}},
        plain={"program": "in", "body": "her"},
    )
    g = bench_of(record, materials).judged.g
    assert np.isfinite(g).all()
    assert (g >= 0).all()
