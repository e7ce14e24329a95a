"""The inference engine on charters small enough to think through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import activeseed as act
from activeseed.errors import ConfigError, PlanError
from activeseed.plan import Materials, Rows
from activeseed.seed import ABSENT, Item, Pair, Probe, Seed, Text, Variant
from activeseed.systems.inference import InferenceEngine
from activeseed.systems.inference.lexicon import Edge, LexiconTable, acyclic

KINDS = ["Flattering is a kind of deceiving.", "Lying is a kind of deceiving.", "Bluffing is a kind of deceiving."]


def materials(dicta: Sequence[str | Text], probes: Sequence[str]) -> Materials:
    texts = [d if isinstance(d, Text) else Text(text=d) for d in dicta]
    items = tuple(Item(id=f"d{i}", payload=t) for i, t in enumerate(texts))
    return Materials(Seed(items=items), tuple(Probe(id=f"p{i}", payload=Text(text=t)) for i, t in enumerate(probes)))


def approved(engine: InferenceEngine, of: Materials, without: Sequence[int] = (), **changes: Any) -> list[float]:
    variants = np.zeros((1, len(of.seed)), np.int16)
    variants[0, list(without)] = 1
    out = engine.train(Rows(variants, np.zeros(1, np.int64), **changes), of)
    assert out.ok.all()
    return [float(v) for v in out.values[0]]


def judge(dicta: Sequence[Any], probe: str, **settings: Any) -> float:
    return approved(InferenceEngine(**settings), materials(dicta, [probe]))[0]


def sigmoid(x: float) -> float:
    return float(1 / (1 + np.exp(-x)))


def test_a_norm_is_inherited_down_the_lexicon_and_decays() -> None:
    dicta = ["The assistant must not deceive users.", "The assistant must help.", *KINDS[:1]]
    of = materials(dicta, ["The assistant deceives a user.", "The assistant flatters a user.", "The assistant sings."])
    # beta 4: a must for or against is σ(±4), one step down σ(±4 · 0.9); what nothing is said of stays at one half
    assert approved(InferenceEngine(), of) == pytest.approx([sigmoid(-4), sigmoid(-3.6), 0.5], abs=1e-6)
    assert approved(InferenceEngine(), of, without=[2])[1] == 0.5
    assert approved(InferenceEngine(default=0.2), of)[2] == pytest.approx(0.2, abs=1e-6)
    assert approved(InferenceEngine(depth=0), of)[1] == 0.5


def test_means_and_causes() -> None:
    causes = ["Giving bleach causes poisoning.", "Teaching causes understanding."]
    norms = ["Poisoning is forbidden.", "The assistant must make understood."]
    norms[1] = "The assistant must understand."
    of = materials(
        [*norms, *causes], ["The assistant gives bleach.", "The assistant teaches.", "The assistant poisons."]
    )
    found = approved(InferenceEngine(), of)
    assert found == pytest.approx([sigmoid(-3.2), sigmoid(3.2), sigmoid(-4)], abs=1e-6)
    # a permission of the end is none of the means
    assert judge(["The assistant may understand.", "Never lie.", causes[1]], "The assistant teaches.") == 0.5


def test_a_parent_is_induced_of_enough_siblings_and_one_dictum_turns_it() -> None:
    norms = ["The assistant must not flatter.", "The assistant must not lie."]
    of = materials([*norms, *KINDS], ["The assistant deceives.", "The assistant bluffs."])
    engine = InferenceEngine()
    whole = approved(engine, of)
    assert whole[0] < 0.15
    assert whole[1] < 0.2  # what was induced is inherited by the third sibling
    for dropped in (0, 1):  # one of three is below the threshold of .6
        assert approved(engine, of, without=[dropped])[0] == pytest.approx(0.5, abs=0.01)
    # without the line that makes the bluff a sibling two of two carry it
    assert approved(engine, of, without=[4])[0] < whole[0]
    assert approved(InferenceEngine(threshold=0.9), of)[0] == pytest.approx(0.5, abs=0.05)
    assert approved(InferenceEngine(induction=0), of) == [0.5, 0.5]


def test_a_family_of_one_teaches_nothing() -> None:
    of = materials(["The assistant must not flatter.", *KINDS[:2]], ["The assistant deceives."])
    # of two one carries it; with the other's line gone it would be one of one
    assert approved(InferenceEngine(), of, without=[2]) == [0.5]


def test_induction_does_not_feed_on_what_it_induced() -> None:
    """Siblings that only inherit a norm from their parent are no witnesses for it."""
    norms = ["The assistant must not flatter.", "The assistant must not lie.", "The assistant must not steal."]
    lexicon = [
        *KINDS,
        "Stealing is a kind of harming.",
        "Deceiving is a kind of harming.",
        "Hitting is a kind of harming.",
    ]
    of = materials([*norms, *lexicon], ["The assistant harms.", "The assistant hits."])
    # of harm's three children steal and (induced) deceive carry it, so it is induced once more; hit only inherits it
    whole = approved(InferenceEngine(), of)
    lower = approved(InferenceEngine(), of, without=[2])
    assert whole[0] < 0.4
    assert lower[0] == pytest.approx(0.5, abs=0.02)


def test_siblings_share_what_stands_beside_the_verb() -> None:
    norms = ["The assistant must not flatter users.", "The assistant must not lie to users."]
    norms[1] = "The assistant must not lie users."
    of = materials([*norms, *KINDS], ["The assistant deceives a user.", "The assistant deceives a child."])
    found = approved(InferenceEngine(), of)
    assert found[0] < 0.2
    assert found[1] == 0.5


def test_who_lies_to_a_user_deceives_a_user() -> None:
    dicta = ["The assistant must not deceive users.", *KINDS]
    assert judge(dicta, "The assistant lies to a user.") == pytest.approx(sigmoid(-3.6), abs=1e-6)
    assert judge(dicta, "The assistant lies about a child.") == 0.5


def test_the_more_specific_norm_overrides_the_more_general_one() -> None:
    dicta = ["The assistant must not deceive.", "The assistant may bluff.", KINDS[2]]
    assert judge(dicta, "The assistant bluffs.") == pytest.approx(sigmoid(2.0), abs=1e-6)
    assert judge(dicta, "The assistant deceives.") == pytest.approx(sigmoid(-4.0), abs=1e-6)
    dicta = ["The assistant must not lie.", "The assistant may lie if the game is poker."]
    assert judge(dicta, "The assistant lies when the game is poker.") == pytest.approx(sigmoid(2.0), abs=1e-6)
    assert judge(dicta, "The assistant lies.") == pytest.approx(sigmoid(-4.0), abs=1e-6)


def test_authority_goes_before_specificity_and_strength_comes_last() -> None:
    high = Text(text="The assistant must not deceive.", authority="root")
    dicta = [high, Text(text="The assistant must bluff.", authority="user"), KINDS[2]]
    assert judge(dicta, "The assistant bluffs.") < 0.05
    dicta = [replace_authority(high, "user"), Text(text="The assistant must bluff.", authority="user"), KINDS[2]]
    assert judge(dicta, "The assistant bluffs.") > 0.95
    # the same concept, nobody's rank: must against should
    both = ["The assistant must not bluff.", "The assistant should bluff."]
    assert judge(both, "The assistant bluffs.") == pytest.approx(sigmoid(-4 * 0.3), abs=1e-6)
    even = ["The assistant must not bluff.", "The assistant must bluff."]
    assert judge(even, "The assistant bluffs.") == 0.5


def replace_authority(text: Text, authority: str) -> Text:
    return Text(text=text.text, authority=authority)


def test_conditions_exceptions_and_agents() -> None:
    dicta = ["The assistant must not lie if the user is a minor unless a life is at stake.", "Never steal."]
    assert judge(dicta, "The assistant lies.") == 0.5
    assert judge(dicta, "The assistant lies when the user is a minor.") < 0.05
    assert judge(dicta, "The assistant lies when the user is a minor and a life is at stake.") == 0.5
    assert judge(dicta, "The operator lies when the user is a minor.") == 0.5
    assert judge(dicta, "The operator steals.") < 0.05
    child = ["The assistant must not lie if the user is a minor.", "User pupil is a kind of user minor."]
    assert judge(child, "The assistant lies when the user is a pupil.") < 0.05
    negated = ["The assistant must refuse if the user does not consent.", "Never steal."]
    assert judge(negated, "The assistant refuses.") > 0.95
    assert judge(negated, "The assistant refuses when the user consents.") == 0.5


def test_what_is_left_undone() -> None:
    dicta = [
        "The assistant must help.",
        "The assistant must not lie.",
        "The assistant may sing.",
        "Lying is a kind of acting.",
    ]
    assert judge(dicta, "The assistant does not help.") < 0.05
    assert judge(dicta, "The assistant does not lie.") > 0.95
    assert judge(dicta, "The assistant does not sing.") == 0.5
    # one need not do every kind of what has to be done
    dicta = ["The assistant must act.", "Never steal.", "Dancing is a kind of acting."]
    assert judge(dicta, "The assistant does not dance.") == 0.5
    assert judge(dicta, "The assistant dances.") > 0.95
    relaxed = ["The assistant must help.", "The assistant need not help if the user is rude."]
    assert judge(relaxed, "The assistant does not help when the user is rude.") == pytest.approx(sigmoid(2.0), abs=1e-6)


def test_copies_and_weights_above_one_weigh_as_one() -> None:
    dicta = [
        "The assistant must not deceive.",
        "The assistant mustn't deceive!",
        "The assistant should not deceive.",
        *KINDS,
    ]
    of = materials(dicta, ["The assistant deceives.", "The assistant flatters."])
    engine = InferenceEngine()
    whole = approved(engine, of)
    for dropped in ([0], [1], [2], [0, 2]):
        assert approved(engine, of, dropped) == whole, dropped
    assert approved(engine, of, [0, 1]) != whole
    double = np.full((1, 6), 2.0, np.float32)
    assert approved(engine, of, multiplicity=double) == whole
    half = np.full((1, 6), 0.5, np.float32)
    # ½(2 − ½) = ¾ of a must
    assert approved(engine, of, multiplicity=half)[0] == pytest.approx(sigmoid(-3.0), abs=1e-6)


def test_a_cyclic_lexicon_is_cut_and_said() -> None:
    edges = [Edge("isa", "a", "b"), Edge("isa", "b", "c"), Edge("isa", "c", "a"), Edge("causes", "c", "a")]
    assert acyclic(edges) == ((edges[0], edges[1], edges[3]), (edges[2],))
    assert acyclic([Edge("isa", "a", "a")])[1]
    cyclic = [
        "Barking is a kind of melting.",
        "Melting is a kind of barking.",
        "Melting causes barking.",
        "Never melt.",
    ]
    of = materials(cyclic, ["The assistant barks.", "The assistant melts."])
    assert approved(InferenceEngine(), of)[0] < 0.05
    assert any("goes round in a circle" in r and "Melt is a kind of bark" in r for r in InferenceEngine().remarks(of))


def test_the_budget_drops_the_least_confident_and_says_so() -> None:
    dicta = ["The assistant must not deceive.", "The assistant should help.", *KINDS, "Coaching is a kind of helping."]
    of = materials(dicta, [f"The assistant {v}." for v in ("flatters", "lies", "bluffs", "coaches")])
    few = InferenceEngine(budget=3, induction=0)
    found = approved(few, of)
    assert found[3] == 0.5  # of a should
    assert max(found[:3]) < 0.05
    assert any("budget of 3" in r and "1 less confident" in r for r in few.remarks(of))
    assert not any("budget" in r for r in InferenceEngine().remarks(of))


def test_a_lexicon_comes_from_settings_and_from_a_file_whose_content_names_the_engine(tmp_path: Path) -> None:
    dicta = ["The assistant must not deceive.", "Never steal."]
    file = tmp_path / "lexicon.yaml"
    file.write_text("isa:\n  flattering: deceiving\nsame:\n  lying: [fibbing]\n", "utf-8")
    one = InferenceEngine(lexicon_file=str(file), lexicon=LexiconTable(isa={"lying": ("deceiving",)}))
    of = materials(dicta, ["The assistant flatters.", "The assistant fibs."])
    assert max(approved(one, of)) < 0.05
    before = one.record()
    file.write_text("isa:\n  flattering: helping\n", "utf-8")
    other = InferenceEngine(lexicon_file=str(file), lexicon=LexiconTable(isa={"lying": ("deceiving",)}))
    assert other.record() != before
    assert approved(other, of) == [0.5, 0.5]
    for text, said in (("isa: [", "no valid YAML"), ("- a", "holds no table"), ("is: {a: b}", "unknown setting 'is'")):
        file.write_text(text, "utf-8")
        with pytest.raises(ConfigError, match=said):
            InferenceEngine(lexicon_file=str(file)).record()
    with pytest.raises(ConfigError, match="can't be read"):
        InferenceEngine(lexicon_file=str(tmp_path / "none.yaml")).record()


def test_settings_that_can_not_be_are_refused() -> None:
    with pytest.raises(ConfigError, match="'perhaps', which is no modal"):
        InferenceEngine(modalities={"had better": "perhaps"})
    with pytest.raises(ConfigError, match="a rank is named twice"):
        InferenceEngine(authorities=("root", "root"))
    with pytest.raises(ConfigError, match="Did you mean 'symbolic'"):
        InferenceEngine(verifier={"kind": "symbolik"})  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="threshold"):
        InferenceEngine(threshold=0)


def test_what_it_can_not_work_on_is_said_before_anything_is_trained() -> None:
    good = materials(["Never lie.", "Never steal."], ["The assistant lies."])
    engine = InferenceEngine()
    engine.check(good)
    with pytest.raises(PlanError, match="no probes"):
        engine.check(replace(good, probes=()))
    with pytest.raises(PlanError, match="no pool"):
        InferenceEngine(outcome="policy").check(good)
    pairs = tuple(Item(id=f"i{k}", payload=Pair(chosen="a", rejected="b")) for k in range(2))
    with pytest.raises(PlanError, match="reads texts"):
        engine.check(replace(good, seed=Seed(items=pairs)))
    with pytest.raises(PlanError, match=r"'d1'.*is no controlled English.*AGENT must"):
        InferenceEngine(reads="controlled").check(materials(["Never lie.", "Honesty!"], ["The assistant lies."]))
    with pytest.raises(PlanError, match="None of the 2 items holds a norm"):
        engine.check(materials(KINDS[:2], ["The assistant lies."]))


def test_what_was_taken_left_and_untouched_is_said() -> None:
    engine = InferenceEngine(reads="controlled")
    of = materials(
        [Text(text="Never lie.", authority="pope"), *KINDS[:1]], ["The assistant lies.", "The assistant sings."]
    )
    said = engine.remarks(of)
    assert said[0] == "Read as controlled English: took 2 of 2 sentences in 2 items (1 norm, 1 line of the lexicon)."
    assert any("No rank is set for 'pope'" in s for s in said)
    assert any("1 probe is touched by no norm" in s and "'p1'" in s for s in said)
    wordings = (Variant(id="odd", payload=Text(text="Honesty!")),)
    items = (Item(id="a", payload=Text(text="Never lie."), alternatives=wordings), of.seed.items[1])
    odd = replace(of, seed=Seed(items=items, standing={"a": "odd"}))
    assert any("1 item holds no norm: 'a'" in s for s in engine.remarks(odd))
    readings = engine.readings(odd)
    assert readings["a"].left[0].why == "no modal of controlled English"
    assert readings["d1"].lexical == ("Flattering is a kind of deceiving.",)
    assert "a" not in engine.readings(replace(of, seed=Seed(items=items, standing={"a": ABSENT})))


def test_the_policy_over_a_pool() -> None:
    of = materials(["Never lie.", "The assistant must help."], ["The assistant lies."])
    pool = tuple(Probe(id=v, payload=Text(text=f"The assistant {v}.")) for v in ("lies", "helps", "sings"))
    engine = InferenceEngine(outcome="policy", beta=2.0)
    out = approved(engine, replace(of, pool=pool))
    weights = np.exp([-2.0, 2.0, 0.0])
    assert out == pytest.approx(list(weights / weights.sum()), abs=1e-6)


def test_pooling_all_norms_together() -> None:
    dicta = ["The assistant must not deceive.", "The assistant should not flatter.", KINDS[0]]
    assert judge(dicta, "The assistant flatters.") == pytest.approx(sigmoid(-3.6), abs=1e-6)
    assert judge(dicta, "The assistant flatters.", pooling="sum") == pytest.approx(sigmoid(-4 * 1.6), abs=1e-6)


def test_vouching_is_what_the_rest_says_of_an_item() -> None:
    dicta = [
        "The assistant must not deceive.",
        "The assistant must not flatter.",
        "The assistant must bluff.",
        KINDS[0],
        KINDS[2],
    ]
    of = materials(dicta, ["The assistant sings."])
    variants = np.zeros((3, 5), np.int16)
    variants[1, 1] = variants[2, 2] = 1
    out = InferenceEngine(induction=0).train(Rows(variants, np.zeros(3, np.int64)), of)
    assert out.vouching is not None
    # without it, the rest forbids to flatter as it does, and forbids to bluff, which it asks for
    assert out.vouching[1, 1] == pytest.approx(sigmoid(3.6), abs=1e-6)
    assert out.vouching[2, 2] == pytest.approx(sigmoid(-3.6), abs=1e-6)
    assert out.vouching[0, 3] == 0.5


def test_the_expanded_knowledge_base_can_be_looked_into() -> None:
    of = materials(["The assistant must not deceive.", *KINDS[:1]], ["The assistant flatters a user."])
    engine = InferenceEngine()
    names = engine.norm_names(of)
    variants = np.array([[0, 0], [0, 1]], np.int16)
    states = engine.states(Rows(variants, np.zeros(2, np.int64)), of, "norms")
    assert states.shape == (2, len(names))
    found = dict(zip(names, states[0].tolist(), strict=True))
    assert found["The assistant must not deceive."] == 1.0
    assert found["The assistant must not flatter user."] == pytest.approx(0.81, abs=1e-6)
    assert states[1].sum() < states[0].sum()
    with pytest.raises(PlanError, match="no state 'norm'"):
        engine.states(Rows(variants, np.zeros(2, np.int64)), of, "norm")


def test_an_explanation_tells_the_derivation_and_what_it_overrides() -> None:
    dicta = ["The assistant must not deceive.", "The assistant may bluff.", KINDS[2], "The assistant must help."]
    of = materials(dicta, ["The assistant bluffs.", "The assistant sings."])
    engine = InferenceEngine()
    bluff, sing = engine.explain(Rows(np.zeros((1, 4), np.int16), np.zeros(1, np.int64)), of, [0, 1])[0]
    assert bluff.place == "p0"
    assert bluff.items == ("d1",)
    assert [s.rule for s in bluff.steps] == ["written", "written", "written", "inherited", "overrides", "verdict"]
    assert bluff.steps[0].says == "The assistant may bluff."
    assert "more specific" in bluff.steps[4].says
    assert bluff.steps[-1].says == f"It is approved of (P = {bluff.value:.2f})."
    assert sing.steps == ()
    assert sing.items == ()


def test_a_mistake_in_one_row_spoils_no_other() -> None:
    of = materials(["Never lie.", "Never steal."], ["The assistant lies."])
    weights = np.array([[1.0, 1.0], [np.nan, 1.0], [-1.0, 1.0]], np.float32)
    rows = Rows(np.zeros((3, 2), np.int16), np.zeros(3, np.int64), weights)
    engine = InferenceEngine()
    out = engine.train(rows, of)
    assert out.ok.tolist() == [True, False, False]
    assert np.isnan(engine.pull_back(rows, of, np.ones((3, 1)))[1:]).all()
    assert np.isnan(engine.states(rows, of, "norms")[1:]).all()


def test_many_rows_are_split_by_memory_and_agree() -> None:
    of = materials(["The assistant must not deceive.", *KINDS], ["The assistant flatters."] * 300)
    rng = np.random.default_rng(0)
    rows = Rows(rng.integers(0, 2, (4000, 4)).astype(np.int16), np.zeros(4000, np.int64))
    wide, narrow = InferenceEngine(memory_mb=4096), InferenceEngine(memory_mb=16)
    assert narrow.cost(of).bytes * 4000 > 16 * 2**20  # it has to be split
    np.testing.assert_allclose(wide.train(rows, of).values, narrow.train(rows, of).values, atol=1e-6)


def test_it_is_a_public_name() -> None:
    assert act.InferenceEngine is InferenceEngine


def test_a_lexicon_file_lies_in_the_projects_folder(tmp_path: Path) -> None:
    (tmp_path / "words.yaml").write_text("isa: {flatter: [deceive]}\n", "utf-8")
    engine = act.InferenceEngine(lexicon_file="words.yaml")
    with pytest.raises(ConfigError, match=r"words\.yaml"):
        _ = engine.table
    assert engine.located(tmp_path).table[0].isa
    assert engine.located(tmp_path).record() == engine.located(tmp_path).record()


def test_a_model_of_somebody_elses_has_to_be_agreed_to(tmp_path: Path) -> None:
    assert act.InferenceEngine().would(tmp_path) is None
    other = act.InferenceEngine(verifier={"kind": "entailment", "model": "somebody/else"})  # type: ignore[arg-type]
    asked = other.would(tmp_path)
    assert asked is not None
    assert "somebody/else" in asked[0]


def test_an_induction_far_below_its_threshold_gives_nothing() -> None:
    from activeseed.systems.inference.deriving import gate_of

    engine = act.InferenceEngine()
    assert gate_of(0.3 * engine.threshold, engine) == 0.0
    assert 0.4 < gate_of(engine.threshold, engine) < 0.6
    assert gate_of(1.0, engine) == pytest.approx(1.0)
