"""Entries: things with fields, as they are read, written and varied."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import activeseed as act
from activeseed.errors import SeedError
from activeseed.factor import streams_of
from activeseed.files import load_seed
from activeseed.plan import Materials

HEADER = "id,text,Concept,mass,note,variants\n"
A = 'a,hello,loop,0.25,x,"[{""id"": ""tail"", ""concept"": ""tail""}]"\n'
NAMES = ("concept", "mass")


def file_of(folder: Path, text: str, name: str = "seed.csv") -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def test_named_columns_are_fields_and_the_rest_is_metadata(tmp_path: Path) -> None:
    seed = act.read_seed(file_of(tmp_path, HEADER + A + "b,bye,,3,y,\n"), entry=NAMES)
    assert seed.items[0].payload == act.Entry(text="hello", fields={"concept": "loop", "mass": 0.25})
    assert seed.items[1].payload == act.Entry(text="bye", fields={"mass": 3}), "an empty cell is a field it has not"
    assert seed.items[0].metadata == {"note": "x"}
    tail = seed.items[0].variants[2]
    assert (tail.id, tail.payload) == ("tail", act.Entry(text="hello", fields={"concept": "tail", "mass": 0.25}))
    assert seed.items[0].display.splitlines() == ["hello", "concept: loop", "mass: 0.25"]


@pytest.mark.parametrize("ending", ["csv", "tsv", "json", "jsonl", "yaml", "parquet"])
def test_a_written_seed_comes_back_whether_or_not_fields_are_named(tmp_path: Path, ending: str) -> None:
    seed = act.read_seed(file_of(tmp_path, HEADER + A + "b,bye,,3,y,\n"), entry=NAMES)
    act.write_seed(seed, tmp_path / f"again.{ending}")
    assert act.read_seed(tmp_path / f"again.{ending}", entry=NAMES) == seed
    assert act.read_seed(tmp_path / f"again.{ending}") == seed


def awkward() -> act.Seed:
    """Fields that a careless writer would lose: texts that read as something else, numbers of two kinds, nothing."""
    fields: list[dict[str, Any]] = [
        {"concept": "loop", "mass": 0.25, "vector": [0.0, -0.0, 1.5]},
        {"concept": "7", "mass": 2, "vector": [1.0, 3e20, -4.0]},
        {"concept": "true", "mass": True},
        {"concept": "=1+1", "mass": 1.0, "further": {"a": [1, "x"]}},
        {"concept": "[not a list", "mass": {"a": 1, "b": None}},
        {"concept": " NaN", "further": "3"},
        {"further": "only"},
        {"concept": 'two\nlines, "quoted"; and more'},
    ]
    items = [act.Item(id=f"i{k}", payload=act.Entry(text=f"text {k}", fields=said)) for k, said in enumerate(fields)]
    items[0] = act.Item(
        id="i0",
        payload=items[0].payload,
        alternatives=(
            act.Variant(id="less", payload=act.Entry(text="text 0", fields={"concept": "loop", "vector": [1.0]})),
            act.Variant(id="mute", payload=act.Entry(fields=fields[0])),
            act.Variant(id="odd", payload=act.Entry(text="text 0", fields={**fields[0], "kind": 1, "mass": None})),
        ),
        group="g",
        metadata={"note": "x", "Mass": "of the author", "fields": "maths"},
        copies=2,
    )
    return act.Seed(items=tuple(items), standing={"i0": "less"})


@pytest.mark.parametrize("names", [(), ("concept", "mass", "vector")])
@pytest.mark.parametrize("ending", ["csv", "tsv", "json", "jsonl", "yaml", "parquet"])
def test_what_is_awkward_comes_back_from_columns_and_from_objects(
    tmp_path: Path, ending: str, names: tuple[str, ...]
) -> None:
    seed, file = awkward(), tmp_path / f"again.{ending}"
    act.write_seed(seed, file, entry=names)
    again = act.read_seed(file, entry=names)
    odd, before = again["i0"].variants[4].payload, seed["i0"].variants[4].payload
    assert isinstance(odd, act.Entry)
    assert isinstance(before, act.Entry)
    assert "mass" not in odd.fields, "null is a field that it has not: the one thing that is said more plainly"
    assert odd.digest == act.Entry(text="text 0", fields={k: v for k, v in before.fields.items() if k != "mass"}).digest
    for a, b in zip(seed.items, again.items, strict=True):
        assert a.payload.digest == b.payload.digest, "digests tell 1 from 1.0 and from true"
        assert (a.group, a.metadata, a.copies) == (b.group, b.metadata, b.copies)
        assert [v.payload.digest for v in a.variants[2:4] if v.payload] == [
            v.payload.digest for v in b.variants[2:4] if v.payload
        ]
    assert again.standing == seed.standing


def test_named_fields_are_columns_as_their_author_wrote_them(tmp_path: Path) -> None:
    text = 'id,text,concept,mass,vector,note\r\na,hello,loop,0.25,"[0, 4, 1.5]",x\r\nb,bye,,3,"[1, 0, 2]",y\r\n'
    seed = act.read_seed(file_of(tmp_path, text), entry=(*NAMES, "vector"))
    act.write_seed(seed, tmp_path / "again.csv", entry=(*NAMES, "vector"))
    assert (tmp_path / "again.csv").read_bytes().decode() == text
    act.write_seed(seed, tmp_path / "again.jsonl", entry=(*NAMES, "vector"))
    assert (tmp_path / "again.jsonl").read_text("utf-8").splitlines()[0] == (
        '{"id": "a", "text": "hello", "note": "x", "concept": "loop", "mass": 0.25, "vector": [0, 4, 1.5]}'
    )


@pytest.mark.parametrize(("header", "doubted"), [("mas", "mass"), ("Consept", "concept"), ("note", ""), ("Mass", "")])
def test_a_column_that_is_nearly_called_like_a_field_is_doubted(tmp_path: Path, header: str, doubted: str) -> None:
    other = "direction" if doubted == "concept" else "concept"
    file = file_of(tmp_path, f"id,text,{other},{header}\na,x,loop,1\nb,y,tail,2\n")
    found = load_seed(file, entry=("concept", "mass", "direction"))
    said = f"seed.csv: the column {header!r} is metadata, and decides nothing. Did you mean {doubted!r}?"
    assert found.warnings == ((said,) if doubted else ())


def test_a_variant_that_says_true_where_its_item_says_one_is_written_so(tmp_path: Path) -> None:
    variants = tuple(
        act.Variant(id=name, payload=act.Entry(text="x", fields={"mass": mass}))
        for name, mass in (("t", True), ("f", 1.0))
    )
    items = (
        act.Item(id="a", payload=act.Entry(text="x", fields={"mass": 1}), alternatives=variants),
        act.Item(id="b", payload=act.Entry(text="y", fields={"mass": 2})),
    )
    act.write_seed(act.Seed(items=items), tmp_path / "again.jsonl", entry=NAMES)
    line = json.loads((tmp_path / "again.jsonl").read_text("utf-8").splitlines()[0])
    assert [repr(v["mass"]) for v in line["variants"]] == ["True", "1.0"]


def test_a_column_of_the_authors_that_is_called_fields_is_kept(tmp_path: Path) -> None:
    file = file_of(tmp_path, 'id,text,concept,fields\na,x,loop,maths\nb,y,tail,"{""mass"": 2}"\nc,z,tail,\n')
    seed = act.read_seed(file, entry=NAMES)
    assert seed["a"].metadata == {"fields (column)": "maths"}
    assert seed["b"].payload == act.Entry(text="y", fields={"concept": "tail", "mass": 2}), (
        "an object holds more fields"
    )
    assert seed["c"].metadata == {}


def test_words_that_json_takes_for_numbers_that_are_none_are_texts(tmp_path: Path) -> None:
    seed = act.read_seed(file_of(tmp_path, "id,text,concept\na,x,Infinity\nb,y,NaN\n"), entry=NAMES)
    assert [i.payload.fields["concept"] for i in seed.items if isinstance(i.payload, act.Entry)] == ["Infinity", "NaN"]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("b,bye,,,y,\n", "none of its columns filled in"),
        ('b,bye,loop,1,y,"[""tail""]"\n', "an object with the fields that differ"),
        ('b,bye,loop,1,y,"[{""id"": ""x"", ""concept"": ""loop""}]"\n', "are the same"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, line: str, says: str) -> None:
    with pytest.raises(SeedError, match=r"seed\.csv:3") as caught:
        act.read_seed(file_of(tmp_path, HEADER + A + line), entry=NAMES)
    assert says in str(caught.value)


def test_a_column_called_fields_is_metadata_of_a_text(tmp_path: Path) -> None:
    seed = act.read_seed(file_of(tmp_path, "id,text,fields\na,x,maths\nb,y,music\n"))
    assert seed.items[0].payload == act.Text(text="x")
    assert seed.items[0].metadata == {"fields": "maths"}


def test_features_are_the_vector_where_there_is_one_and_the_texts_embedding_where_not() -> None:
    entries = [act.Entry(text=t, fields={"concept": "loop"}) for t in ("ab", "abc")]
    items = tuple(act.Item(id=e.text, payload=e) for e in entries)

    materials = Materials(
        act.Seed(items=items), (), embed=lambda texts: np.array([[len(t)] for t in texts], np.float32)
    )
    assert materials.features(entries).tolist() == [[2.0], [3.0]]
    vectors = [act.Entry(fields={"vector": [1.0, v]}) for v in (2.0, 3.0)]
    assert materials.features(vectors).tolist() == [[1.0, 2.0], [1.0, 3.0]]


def test_streams_lie_where_their_system_says_else_where_the_package_knows() -> None:
    told = streams_of(("init", "mask", "mine", "order"), {"mine": ("trainer2", "start")})
    assert [(s.level, s.aspect) for s in told] == [
        ("trainer", "start"), ("model", "dynamics"), ("trainer2", "start"), ("trainer", "dynamics"),
    ]  # fmt: skip
    assert streams_of(("unknown",))[0].level == "trainer"
