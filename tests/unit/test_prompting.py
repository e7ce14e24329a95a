"""Probes put otherwise: spreads against what they are made of, zero where nothing moves, any system."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

import activeseed as act
from activeseed.analyses.prompting.measuring import pooled, spread, washed_out
from activeseed.analyses.prompting.rewording import starts_of
from activeseed.errors import ConfigError, PlanError
from activeseed.plan import Materials, generator
from activeseed.seed import Item, Pair, Probe, Seed, Text, Variant, Vector
from activeseed.systems.inference import InferenceEngine
from activeseed.systems.league import OversightLeague
from activeseed.testing import check_analysis, problem_of
from activeseed.testing.running import run
from tests.contracts.test_currency import Judge
from tests.toy_materials import dicta, pairs, texts, vectors

SAID = (
    "The assistant should not lie to a user.",
    "You must help somebody who asks for help.",
    "If a user is rude, the assistant shouldn't shout.",
    "hm",
)
PROBES = tuple(Probe(id=f"p{n}", payload=Text(text=t), weight=1.0 + n) for n, t in enumerate(SAID))


def embed(said) -> np.ndarray:
    return np.array([[len(t), t.count(" "), t.count("'")] for t in said], np.float32) / 10


ITEMS = tuple(Item(id=t, payload=Text(text=t)) for t in ("Be kind.", "Be honest."))
MATERIALS = Materials(Seed(items=ITEMS), PROBES, embed=embed, embedder="x")


def by_length(slope: float, noise: float = 0.0):
    """P = ½ + slope · length, and noise of the key at every text."""

    def train(items, key, probes):
        drawn = np.random.default_rng(key).normal(size=len(probes)) * noise
        return [0.5 + slope * len(p.payload.text) + d for p, d in zip(probes, drawn, strict=True)]

    return act.FromFunction(train, compare="identity", deterministic=not noise)


def test_spreads_are_those_of_the_function_that_answers() -> None:
    slope, prefix, system = 1e-3, "Answer at once:", by_length(1e-3)
    asked = act.Prompts(prefixes=(prefix,), rules=())
    check_analysis(asked, system, MATERIALS)
    found = run(asked, problem_of(system, MATERIALS), system, MATERIALS)
    assert found.keys == 1
    assert len(found.probes) == 4
    assert found.without == 0
    further = len(prefix) + 1
    # two wordings: half the squared distance; single precision of an outcome near a half
    for p in found.probes:
        assert p.outcome == pytest.approx((slope * further) ** 2 / 2, abs=1e-7)
        assert p.start == pytest.approx((further**2 + 3**2) / 200, rel=1e-5)
        assert p.otherwise == 0.0
        assert p.furthest.startswith(prefix)
        assert p.furthest_by == pytest.approx(slope * further, abs=1e-6)
    (kind,) = found.kinds
    assert (kind.kind, kind.probes, kind.rewordings) == ("prefix", 4, 4)
    assert kind.value == pytest.approx((slope * further) ** 2, abs=2e-7)
    assert found.ratio == pytest.approx(found.outcome / found.start)
    lengths = np.array([len(t) for t in SAID])
    features = embed(SAID)
    between = (slope * lengths).var(ddof=1) / features.var(0, ddof=1).sum()
    assert found.between == pytest.approx(between, rel=1e-3)
    assert found.washed_out == pytest.approx(found.ratio / found.between)
    # what a rewording does is the same at every probe; what probes do to each other is known from four of them
    own, both = (found.ratio_high - found.ratio_low) / found.ratio, found.washed_high - found.washed_low
    assert both / found.washed_out > 3.0 * own
    assert json.loads(json.dumps(found.to_dict()))["kind"] == "prompts"
    assert len(found.to_frame()) == 4


def test_rules_reword_what_they_can_and_the_rest_is_left_out() -> None:
    system = by_length(1e-3)
    found = run(act.Prompts(), problem_of(system, MATERIALS), system, MATERIALS)
    assert found.without == 1  # hm
    assert {k.kind for k in found.kinds} == {"paraphrase", "framing"}
    assert any("can't be put otherwise" in n for n in found.notes)
    assert [p.outcome for p in found.probes] == sorted((p.outcome for p in found.probes), reverse=True)
    starts = starts_of(PROBES, act.Prompts().rules, (), ())
    own = [s for s in starts if not s.kind]
    assert [s.payload for s in own] == [p.payload for p in PROBES[:3]]
    assert len({(s.probe, s.payload.digest) for s in starts}) == len(starts)


def test_noise_alone_moves_nothing_on_average() -> None:
    system, values = by_length(0.0, noise=0.1), []
    for root in range(120):
        given = replace(MATERIALS, root=root)
        asked = act.Prompts(keys=3, rules=(), prefixes=("Well,", "So,"))
        values.append(run(asked, problem_of(system, given), system, given))
    outcomes = np.array([v.outcome for v in values])
    # independent estimates: four standard errors of their mean; a square of the noise would be 0.01
    assert abs(outcomes.mean()) < 4 * outcomes.std() / 120**0.5 < 0.004
    kinds = np.array([v.kinds[0].value for v in values])
    assert abs(kinds.mean()) < 4 * kinds.std() / 120**0.5 < 0.008
    covered = np.mean([v.outcome_low <= 0.0 <= v.outcome_high for v in values])
    assert covered > 0.85  # 95 %, less four errors of a share of 120 and what a jackknife of 4 probes is short of


def test_what_washes_out_has_the_errors_of_both_ratios() -> None:
    covered, probes, times = [], 20, 300
    towards = np.array([2.0, 1.0, 0.5])
    for n in range(times):
        dice = generator(n, "washed")
        features, further = dice.normal(size=(2, probes, 3))
        # a wording lies a step further in some direction, and outcomes are linear in features: both ratios are one
        outcomes, starts = (further @ towards) ** 2 / 2, (further**2).sum(1) / 2
        own = (features @ towards)[None, :, None]
        found = washed_out(outcomes, outcomes[:, None], starts, np.ones(probes), own, features)
        covered.append(found.low <= 1.0 <= found.high)
    # 95 %, less three standard errors of 300 draws and four per cent for a set that is exact for normal numbers alone
    assert np.mean(covered) > 0.95 - 0.04 - 3 * (0.05 * 0.95 / times) ** 0.5


def test_what_washes_out_of_two_probes_or_two_keys_has_no_error() -> None:
    features = np.eye(3)
    for probes, keys in ((2, 4), (3, 2)):
        points = np.tile(features[:probes], (keys, 1, 1))
        one, left = np.ones(probes), np.ones((probes, keys))
        found = washed_out(one, left, one, one, points, features[:probes])
        assert found.value == pytest.approx(1.0)
        assert np.isnan(found.low)


def test_errors_are_over_probes_and_keys() -> None:
    dice = generator(3, "test")
    outcomes, weights = dice.normal(size=40) + 5, np.ones(40)
    found = pooled(outcomes, np.repeat(outcomes[:, None], 5, 1), np.full(40, 2.0), weights)
    # without noise of keys the jackknife over probes is the error of a mean
    assert found.outcome[1] == pytest.approx(outcomes.std(ddof=1) / 40**0.5)
    assert found.ratio[1] == pytest.approx(found.outcome[1] / 2)
    points = dice.normal(size=(6, 1, 2)) + np.zeros((6, 3, 2))
    assert spread(points)[0] == pytest.approx(0.0, abs=1e-12)  # a shift of all wordings alike is none


@pytest.mark.parametrize(
    ("system", "materials"),
    [
        (OversightLeague(rounds=2, steps=5, evaluator="mlp", hidden=4), texts),
        (InferenceEngine(), dicta),
        (Judge(price=0.01), lambda: Materials(MATERIALS.seed, PROBES[:3], embed=embed)),
        (act.RewardModel(steps=5), pairs),
    ],
    ids=["league", "engine", "judge", "reward model"],
)
def test_any_system_is_asked_otherwise(system, materials) -> None:
    given = materials()
    asked = act.Prompts(prefixes=("Tell me:", "w1 w2 w3"), keys=3)
    if isinstance(system, act.RewardModel):  # toy words that no rule knows: somebody writes them
        p = given.probes[0]
        assert isinstance(p.payload, Pair)
        other = p.payload.model_copy(update={"chosen": p.payload.rejected})
        written = (Probe(id="x", payload=other, metadata={"rewords": p.id}),)
        asked = asked.model_copy(update={"written": written})
    check_analysis(asked, system, given)
    found = run(asked, problem_of(system, given), system, given)
    assert found.outcome == found.outcome
    if isinstance(system, act.RewardModel):
        assert [k.kind for k in found.kinds] == ["prefix", "written"]
        assert found.kinds[0].value == 0.0  # its features leave the prompt out
        assert found.kinds[1].value > 0
        assert any("pair's features" in n for n in found.notes)


def test_what_can_not_be_put_otherwise_is_refused() -> None:
    given = vectors(d=4)
    system = OversightLeague(rounds=1, steps=2)
    with pytest.raises(PlanError, match="No probe can be put otherwise"):
        run(act.Prompts(), problem_of(system, given), system, given)
    policy = OversightLeague(rounds=1, steps=2, outcome="policy")
    with pytest.raises(PlanError, match="not read at the probes"):
        run(act.Prompts(), problem_of(policy, given), policy, given)
    function = by_length(1.0)
    lost = (Probe(id="x", payload=Text(text="y"), group="p9"),)
    with pytest.raises(PlanError, match="no such probe"):
        run(act.Prompts(written=lost), problem_of(function, MATERIALS), function, MATERIALS)
    with pytest.raises(ConfigError, match="no perturbation"):
        act.Prompts(rules=("paraphrase",))
    other = (Probe(id="x", payload=Vector(values=(1.0,)), group="p1"),)
    with pytest.raises(PlanError, match="is a vector"):
        run(act.Prompts(written=other), problem_of(function, MATERIALS), function, MATERIALS)


def test_the_parts_of_a_pair_are_put_otherwise_together() -> None:
    said = Pair(prompt="Should the assistant lie?", chosen="You should not lie.", rejected="hm")
    starts = starts_of((Probe(id="p", payload=said),), act.Prompts().rules, ("Well:",), ())
    payloads = [s.payload for s in starts]
    assert payloads[0] == said
    by_rule = [p for s, p in zip(starts, payloads, strict=True) if s.kind not in ("", "prefix")]
    assert by_rule
    assert all(isinstance(p, Pair) and p.chosen != said.chosen and p.rejected == "hm" for p in by_rule)
    (behind,) = [p for s, p in zip(starts, payloads, strict=True) if s.kind == "prefix"]
    assert behind == Pair(prompt="Well: Should the assistant lie?", chosen=said.chosen, rejected="hm")


def test_a_rule_of_ones_own_is_asked_like_the_packages() -> None:
    class Louder:
        def variants(self, seed):
            items = [
                i.model_copy(update={"alternatives": (*i.alternatives, _louder(i))}) if i.payload.text.strip() else i
                for i in seed.items
            ]
            return Seed(items=tuple(Item(**{n: getattr(i, n) for n in Item.model_fields}) for i in items))

    def _louder(item):
        return Variant(id="louder", payload=Text(text=item.payload.text.upper()))

    system = by_length(1e-3)
    found = run(act.Prompts(rules=(Louder(),)), problem_of(system, MATERIALS), system, MATERIALS)
    assert [k.kind for k in found.kinds] == ["Louder"]
    assert len(found.probes) == 4
    assert act.Prompts(rules=(Louder(),)).model_dump(mode="json")["rules"] == ["Louder"]
