"""Entries: things with fields, as they are read, written and varied."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import activeseed as act
from activeseed.errors import SeedError
from activeseed.factor import streams_of
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
