"""What a rule wrote: believed by nobody, standing by nobody's belief and no unseen tick, marked wherever it goes."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from activeseed import Drift, Flip, Framing, FromFunction, LeaveOneOut, Paraphrase, Study, read_seed, write_seed
from activeseed.acquisition import proposed
from activeseed.belief import author_law
from activeseed.errors import SeedError
from activeseed.executors import InProcess
from activeseed.laws import KINDS
from activeseed.perturbations import perturbed
from activeseed.questions.items import MACHINE
from activeseed.seed import ABSENT, AS_WRITTEN, BY_MACHINE, Item, Probe, Seed, Text

TEXTS = (
    "The model should not lie to the user.", "If a user asks for a price, name the price.", "It is not fine to guess.",
    "All users must be heard.", "Never disclose the address of a user.", "Nein.",
)  # fmt: skip
RULES = (Paraphrase(), Drift(), Framing())


def lengths(items: Any, key: Any) -> list[float]:
    """A trainer that looks at letters: any rewording moves it."""
    text = " ".join(i.text for i in items)
    return [(1 + text.count(c)) / (2 + len(text)) for c in "abcdelnot"]


def seed() -> Seed:
    return Seed(items=tuple(Item(id=f"d{n}", payload=Text(text=t)) for n, t in enumerate(TEXTS)))


def study(folder: Path, **more: Any) -> Study:
    probes = [Probe(id=c, payload=Text(text=c)) for c in "abcdelnot"]
    settings: dict[str, Any] = {
        "perturbations": RULES, "estimator": LeaveOneOut(keys=2), "replicates": 2, "executor": InProcess(), **more,
    }  # fmt: skip
    return Study.create(folder, seed(), FromFunction(lengths), probes=probes, **settings)


def test_each_law_ranks_by_its_own_variants(tmp_path: Path) -> None:
    made = study(tmp_path)
    for law, origin in (("paraphrase", "paraphrase"), ("drift", "drift"), ("framing", "framing")):
        assert law in KINDS
        ranking = made.rank(by="effect", law=law)
        has = {i.id for i in made.seed.items if any(v.origin == origin for v in i.alternatives)}
        assert has
        assert "d5" not in has
        effects = dict(zip(ranking.to_frame()["id"], ranking.to_frame()["effect"], strict=True))
        for name, effect in effects.items():
            # the trainer has no randomness: an item without such a variant is not moved at all, another one is
            assert (effect > 0) == (name in has) if effect == effect else name not in has
    made.close()


def test_each_kind_is_marked_in_questions() -> None:
    assert set(MACHINE) == BY_MACHINE


def test_nobody_believes_in_it_and_no_list_proposes_it() -> None:
    grown = perturbed(seed(), RULES)
    law = author_law(grown)
    for f, item in enumerate(grown.items):
        for v, variant in enumerate(item.variants):
            assert (law.probabilities[f, v] == 0) == (variant.origin in BY_MACHINE)
    for f, v in enumerate(proposed(cast(Any, SimpleNamespace(law=law)), grown.base)):
        assert grown.items[f].variants[v].origin not in BY_MACHINE


@pytest.mark.parametrize("verdict", ["keep", "reject"])
def test_no_answer_but_the_choice_of_it_lets_it_stand(tmp_path: Path, verdict: str) -> None:
    made = study(tmp_path)
    for name in ("d0", "d1", "d2"):
        (question,) = made.ask(items=[name])
        made.tell([{"question": question.id, "annotator": "ann", "verdict": verdict}])
    stands = {i.id: i.variants[v].origin for i, v in zip(made.seed.items, made.seed.base, strict=True)}
    assert not BY_MACHINE & set(stands.values())
    (question,) = made.ask(items=["d4"])
    assert set(question.options) >= {v.id for v in made.seed["d4"].alternatives}, "it is shown before it can be chosen"
    made.tell([{"question": question.id, "annotator": "ann", "verdict": "choose", "variant": "paraphrase-1"}])
    assert made.seed.standing["d4"] == "paraphrase-1"
    assert {k: v for k, v in made.seed.standing.items() if k != "d4"} == {
        k: ABSENT for k in ("d0", "d1", "d2") if verdict == "reject"
    }
    made.close()


def test_a_file_says_which_wordings_a_rule_wrote(tmp_path: Path) -> None:
    grown = Framing().variants(Drift().variants(Paraphrase().variants(seed())))
    for ending in ("jsonl", "json", "yaml", "csv", "parquet"):
        file = tmp_path / f"seed.{ending}"
        write_seed(grown, file)
        back = read_seed(file)
        assert [[(v.id, v.origin, v.wording) for v in i.variants] for i in back.items] == [
            [(v.id, v.origin, v.wording) for v in i.variants] for i in grown.items
        ]
    line = {"id": "x", "text": "a", "variants": [{"id": "w", "text": "b", "comes_from": "oracle"}]}
    (tmp_path / "wrong.jsonl").write_text(json.dumps(line) + "\n" + json.dumps({"id": "y", "text": "c"}) + "\n")
    with pytest.raises(SeedError, match="comes_from = 'oracle' is none of drift, framing, paraphrase"):
        read_seed(tmp_path / "wrong.jsonl")


def test_an_edited_text_gets_paraphrases_of_what_it_says_now(tmp_path: Path) -> None:
    made = study(tmp_path / "study")
    file = tmp_path / "edited.jsonl"
    lines = [{"id": f"d{n}", "text": t} for n, t in enumerate(TEXTS)]
    file.write_text("\n".join(map(json.dumps, lines)), "utf-8")
    before = made.seed
    assert made.sync(file).edited == ()
    assert made.seed == before
    lines[0]["text"] = "The model should not guess the price."
    file.write_text("\n".join(map(json.dumps, lines)), "utf-8")
    assert made.sync(file).edited == ("d0",)
    found = {v.wording: v.origin for v in made.seed["d0"].alternatives}
    assert found["The model ought not to guess the price."] == "paraphrase"
    assert found["The model should avoid guessing the price."] == "framing"
    assert not [w for w in found if "lie" in w or "lying" in w]
    assert made.seed["d1"] == before["d1"]
    made.close()


def test_a_perturbation_added_later_counts_from_the_next_sync(tmp_path: Path) -> None:
    made = study(tmp_path / "study", perturbations=(Flip(),))
    made.close()
    file = tmp_path / "seed.jsonl"
    file.write_text("\n".join(json.dumps({"id": f"d{n}", "text": t}) for n, t in enumerate(TEXTS)), "utf-8")
    toml = tmp_path / "study" / "activeseed.toml"
    old = '[[perturbations]]\nkind = "flip"'
    assert old in toml.read_text("utf-8")
    toml.write_text(toml.read_text("utf-8").replace(old, '[[perturbations]]\nkind = "paraphrase"\nmost = 1'), "utf-8")
    again = Study.open(tmp_path / "study", system=FromFunction(lengths))
    assert {v.id for i in again.seed.items for v in i.variants} == {AS_WRITTEN, ABSENT}
    again.sync(file)
    assert {v.id for i in again.seed.items for v in i.variants} == {AS_WRITTEN, ABSENT, "paraphrase-1"}
    again.close()
