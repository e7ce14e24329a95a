"""Rubrics and charters as data sets have them: which column is the text, the group, the lead-in, the authority."""

import json
from pathlib import Path

import pytest

from activeseed.errors import SeedError
from activeseed.files import load_seed, read_probes, read_seed, write_seed
from activeseed.files.rubrics import PENALISED, SUBJECT
from activeseed.seed import AS_WRITTEN, Item, Seed, Text, Variant

DATA = Path(__file__).parents[2].parent / "shared" / "data"


def load(tmp_path, value, name="rubric.json"):
    file = tmp_path / name
    lines = "".join(json.dumps(v) + "\n" for v in value) if name.endswith("l") else json.dumps(value)
    file.write_text(lines, "utf-8")
    return load_seed(file)


@pytest.mark.parametrize(
    ("text", "weight"),
    [("requirement", "weight"), ("criterion", "points"), ("Criteria", "score"), ("description", "Points")],
)
def test_a_rubric_is_a_list_of_criteria(tmp_path, text, weight):
    file = load(tmp_path, [{weight: 3, text: "Names the dose."}, {weight: -5, text: "Invents a study."}])
    good, bad = file.seed.items
    assert (good.payload.text, good.payload.prompt, good.metadata) == ("Names the dose.", SUBJECT, {weight: 3})
    # Torn from its sign, a penalty reads as a wish.
    assert (bad.payload.text, bad.payload.prompt, bad.metadata) == ("Invents a study.", PENALISED, {weight: -5})
    assert "counts against a reply" in "".join(file.warnings)
    # Written and read again it is the same, and says it once.
    write_seed(file.seed, tmp_path / "again.jsonl")
    assert read_seed(tmp_path / "again.jsonl") == file.seed


def test_criteria_in_a_larger_record_share_what_it_says(tmp_path):
    talk = [{"role": "user", "content": "My head aches."}]
    record = {
        "prompt_id": "p1", "prompt": talk,
        "rubrics": [
            {"criterion": "Asks since when.", "points": 5, "tags": ["axis:context"]},
            {"criterion": "Recommends surgery.", "points": -8, "tags": []},
        ],
    }  # fmt: skip
    items = load(tmp_path, [record], "bench.jsonl").seed.items
    assert [i.payload.text for i in items] == ["Asks since when.", "Recommends surgery."]
    assert items[0].payload.prompt.split() == ["user:", "My", "head", "aches.", "rubric:", "The", "response"]
    assert items[1].payload.prompt.endswith(PENALISED)
    assert items[1].payload.prompt.startswith("user: My head aches.")
    assert items[0].metadata == {"prompt_id": "p1", "points": 5, "tags": ["axis:context"]}
    plain = load(tmp_path, [{"id": "r", "task": "letters", "criteria": ["is polite", "is short"]}]).seed.items
    assert [i.payload.text for i in plain] == ["is polite", "is short"]
    assert all(i.metadata == {"task": "letters", "rubric_id": "r"} for i in plain)
    whole = load(tmp_path, {"title": "Letters", "rubric": [{"requirement": "a"}, {"requirement": "b"}]}).seed.items
    assert [i.payload.text for i in whole] == ["a", "b"]


def test_what_has_a_text_of_its_own_is_no_criterion(tmp_path):
    records = [{"text": "a", "description": "d", "score": -0.5}, {"text": "b", "criterion": "c", "weight": -1}]
    file = load(tmp_path, records)
    assert [(i.payload.text, i.payload.prompt) for i in file.seed.items] == [("a", ""), ("b", "")]
    assert not file.warnings
    nested = load(tmp_path, {"rubric": [{"text": "a", "weight": -1}, {"text": "b", "weight": 1}]})
    assert [i.payload.prompt for i in nested.seed.items] == [PENALISED, SUBJECT]


def test_a_charter_in_json_lines(tmp_path):
    lines = [
        {"principle": "Do no harm.", "section": "Care", "authority": "root", "context": "It should:"},
        {"principle": "Be brief.", "section": "Style", "authority": None, "context": None},
    ]
    first, second = load(tmp_path, lines, "charter.jsonl").seed.items
    assert first.payload == Text(text="Do no harm.", prompt="It should:", authority="root")
    assert (first.group, second.group, second.payload) == ("Care", "Style", Text(text="Be brief."))
    # What a file calls by our own names is what it says; the rest is metadata.
    mixed = [{"text": "a", "group": "g", "section": "s", "prompt": "p", "context": "c", "rule": "r"}, {"text": "b"}]
    first, _ = load(tmp_path, mixed, "mixed.jsonl").seed.items
    assert (first.group, first.payload.prompt, first.metadata) == (
        "g",
        "p",
        {"section": "s", "context": "c", "rule": "r"},
    )


@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl", "json", "yaml", "parquet"])
def test_authorities_survive_every_format(tmp_path, ending):
    ranked = Text(text="a", authority="developer", prompt="Never:")
    other = Variant(id="wording-1", payload=Text(text="b", authority="user", prompt="Never:"))
    none = Variant(id="wording-2", payload=Text(text="c", prompt="Never:"))
    same = Variant(id="wording-1", payload=Text(text="d", authority="root"))
    seed = Seed(
        items=(
            Item(id="x", payload=ranked, alternatives=(other, none), metadata={"section": "s", "context": "c"}),
            Item(id="y", payload=Text(text="y", authority="root"), alternatives=(same,), belief={AS_WRITTEN: 1.0}),
            Item(id="z", payload=Text(text="z")),
        )
    )
    write_seed(seed, tmp_path / f"s.{ending}")
    assert read_seed(tmp_path / f"s.{ending}") == seed


@pytest.mark.parametrize("bad", [True, ["root"], {"a": 1}, "x" * 201])
def test_an_authority_is_a_name(tmp_path, bad):
    with pytest.raises(SeedError, match="'authority'"):
        load(tmp_path, [{"text": "a", "authority": bad}, {"text": "b"}])


@pytest.mark.skipif(not DATA.is_dir(), reason="needs ../shared/data")
def test_real_documents_are_read_without_options():
    spec = load_seed(DATA / "model-spec" / "principles.jsonl").seed
    assert {i.payload.authority for i in spec.items} == {"", "root", "system", "developer", "user", "guideline"}
    assert len(spec.groups) > 20
    charter = load_seed(DATA / "claude-constitution" / "paragraphs.jsonl").seed
    assert (len(charter), charter.items[0].group) == (408, "Claude and the mission of Anthropic")
    probes = read_probes(DATA / "model-spec" / "good_bad.jsonl")
    assert {p.label for p in probes} <= {0.0, 1.0, None}
    assert all(p.payload.prompt and p.payload.text and not p.payload.authority for p in probes)
    assert all("authority" in p.metadata for p in probes)


def test_criteria_are_read_as_norms_with_their_sign(tmp_path):
    from activeseed.systems.inference.prose import read

    rubric = [
        {"requirement": "Names the dose", "weight": 2}, {"requirement": "Gives legal advice", "weight": -1},
        {"requirement": "The response is polite", "weight": 1}, {"requirement": "Does not invent a study", "weight": 1},
    ]  # fmt: skip
    items = load(tmp_path, rubric).seed.items
    assert [i.payload.prompt for i in items] == [SUBJECT, PENALISED, "", SUBJECT]
    (dose,), (legal,), (polite,), (study,) = (read(i.payload.text, i.payload.prompt).norms for i in items)
    assert (dose.deontic, dose.action) == ("obliged", "names the dose")
    assert (legal.deontic, legal.action) == ("forbidden", "gives legal advice")
    assert polite.deontic == "obliged"
    assert (study.deontic, study.action) == ("forbidden", "invent a study")
