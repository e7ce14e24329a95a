"""Seed, pool and probe files: every format in and out, and one clear message for every mistake."""

import contextlib
import json
import time
import warnings
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from activeseed.errors import FolderError, SeedError, UsageError
from activeseed.files import MAX_TEXT, SeedWarning, check_pool, load_seed, read_probes, read_seed, write_seed
from activeseed.perturbations import Wordings
from activeseed.resources import bundled
from activeseed.seed import ABSENT, AS_WRITTEN, Item, Pair, Probe, Seed, Text, Variant, Vector, made_id, spread_anew

FORMATS = ["csv", "tsv", "jsonl", "json", "yaml", "parquet"]


def text_seed():
    wording = Variant(id="wording-1", payload=Text(text='Another, "quoted"\nway; to say it'))
    edit = Variant(id="edit-1", payload=Text(text="edited"))
    return Seed(
        items=(
            Item(
                id="a",
                payload=Text(text="First, with a comma\r\nand lines   "),
                group="one",
                alternatives=(wording, edit),
                belief={AS_WRITTEN: 0.5, ABSENT: 0.25, "wording-1": 0.25},
                metadata={
                    "author": "me",
                    "page": 3,
                    "ok": True,
                    "note": "",
                    "none": None,
                    "id": "old",
                    "deep": {"x": [1]},
                },
                copies=2,
            ),
            Item(id="b", payload=Text(text="yes"), metadata={"kind": "dictum"}),
            Item(id="007", payload=Text(text="Ünïcode \U0001f331 und mehr"), belief={AS_WRITTEN: 1.0}),
        ),
        standing={"a": "edit-1", "b": ABSENT},
    )


def pair_seed():
    p = Pair(prompt="Which?", chosen="this one", rejected="that one")
    q = Pair(chosen="yes", rejected="no")
    reworded = Variant(id="wording-1", payload=Pair(prompt="Which one?", chosen="this one", rejected="that one"))
    flip = Variant(id="flipped", payload=p.flipped())
    return Seed(
        items=(
            Item(id="p", payload=p, alternatives=(reworded, flip), belief={AS_WRITTEN: 0.9, "flipped": 0.1}),
            Item(id="q", payload=q, alternatives=(Variant(id="flipped", payload=q.flipped()),)),
        ),
        standing={"q": "flipped"},
    )


def vector_seed():
    return Seed(
        items=(
            Item(id="v", payload=Vector(values=(0.1, -2e-9, 3.0), label="north")),
            Item(
                id="w",
                payload=Vector(values=(1.0, 2.0, 1 / 3)),
                alternatives=(Variant(id="wording-1", payload=Vector(values=(0.0, 0.0, 1.0))),),
            ),
        )
    )


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("make", [text_seed, pair_seed, vector_seed])
def test_what_is_written_is_read_back(tmp_path, ending, make):
    seed, file = make(), tmp_path / f"seed.{ending}"
    write_seed(seed, file)
    assert read_seed(file) == seed
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize(
    "name", ["careful/positives", "careful/pool", "careful/probes", "patience/pairs", "patience/probes"]
)
def test_the_bundled_seeds_read(name):
    file = Path(str(bundled(f"{name}.jsonl")))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(read_probes(file) if name.endswith(("pool", "probes")) else read_seed(file)) >= 40


def test_markdown_dicta(tmp_path):
    file = tmp_path / "charter.md"
    file.write_text(
        """---
title: not a dictum
---
# Charter

A paragraph that goes
over two lines.

## Honesty
The assistant:

- says when it is *unsure*; {#unsure}
- corrects
  itself:
  - at once
  - in plain words

1. Numbers have units.

<!-- - nothing
that is commented out -->
***
Privacy
-------
> Nobody's address leaves.
"""
    )
    seed = read_seed(file)
    assert [(i.group, i.payload.prompt, i.payload.text) for i in seed.items] == [
        ("Charter", "", "A paragraph that goes over two lines."),
        ("Honesty", "The assistant:", "says when it is *unsure*;"),
        ("Honesty", "The assistant:\ncorrects itself:", "at once"),
        ("Honesty", "The assistant:\ncorrects itself:", "in plain words"),
        ("Honesty", "", "Numbers have units."),
        ("Privacy", "", "Nobody's address leaves."),
    ]
    assert seed.items[1].id == "unsure"
    # Ids, texts, groups, lead-ins and authorities can be written as Markdown again; anything else is refused.
    root = Item(
        id="r", payload=Text(text="# not a heading", prompt="The assistant:", authority="the root"), group="Privacy"
    )
    seed = Seed(items=(*seed.items, root))
    write_seed(seed, tmp_path / "out.md")
    assert read_seed(tmp_path / "out.md") == seed
    with pytest.raises(SeedError, match="page"):
        write_seed(Seed(items=(root, Item(id="x", payload=Text(text="x"), metadata={"page": 3}))), tmp_path / "no.md")
    with pytest.raises(SeedError, match="read differently"):
        write_seed(Seed(items=(root, Item(id="x", payload=Text(text="two\n\nlines")))), tmp_path / "no.md")
    assert not (tmp_path / "no.md").exists()


def test_yaml_by_groups_and_bare_lines(tmp_path):
    file = tmp_path / "seed.yaml"
    file.write_text("honesty:\n  - Say no.\n  - yes\n  - {text: Third, belief: 0.5}\nprivacy:\n  - 12\n")
    seed = read_seed(file)
    assert [(i.group, i.display) for i in seed.items] == [
        ("honesty", "Say no."),
        ("honesty", "yes"),
        ("honesty", "Third"),
        ("privacy", "12"),
    ]
    assert seed.items[2].belief == {AS_WRITTEN: 0.5, ABSENT: 0.5}


def test_beliefs_wordings_and_base_rates(tmp_path):
    file = tmp_path / "seed.jsonl"
    rows = [
        {"id": "a", "text": "a", "belief": 0.7, "variants": ["a2", "a3"]},
        {"id": "b", "text": "b", "variants": {"polite": "please b"}, "belief": {"as_written": 0.6, "polite": 0.4}},
        {"id": "c", "text": "c", "belief": None},
    ]
    file.write_text("\n".join(json.dumps(r) for r in rows))
    seed = read_seed(file)
    assert seed["a"].belief == pytest.approx({AS_WRITTEN: 0.7, ABSENT: 0.1, "wording-1": 0.1, "wording-2": 0.1})
    assert seed["b"].belief == {AS_WRITTEN: 0.6, "polite": 0.4}
    assert seed["c"].belief is None
    seed = read_seed(file, base_rate=0.9, rest="wordings")
    assert seed["a"].belief == pytest.approx({AS_WRITTEN: 0.7, "wording-1": 0.15, "wording-2": 0.15})
    assert seed["c"].belief == pytest.approx({AS_WRITTEN: 0.9, ABSENT: 0.1})


def test_a_belief_of_one_number_is_spread_anew_over_what_items_have_come_to_be(tmp_path):
    file = tmp_path / "seed.jsonl"
    said = {"as_written": 0.7, "absent": 0.3}
    rows = [
        {"id": "a", "text": "a", "belief": 0.7}, {"id": "b", "text": "b", "belief": said}, {"id": "c", "text": "c"}
    ]  # fmt: skip
    file.write_text("\n".join(json.dumps(r) for r in rows))
    read = load_seed(file)
    assert read.stays == {"a": 0.7}
    grown = Wordings(wordings=dict.fromkeys("abc", ("other", "third"))).variants(read.seed)
    spread = spread_anew(grown, read.stays)
    assert spread["a"].belief == pytest.approx({AS_WRITTEN: 0.7, ABSENT: 0.1, "wording-1": 0.1, "wording-2": 0.1})
    assert spread["b"].belief == said, "who says where the rest goes has said it"
    assert spread["c"].belief is None
    only = spread_anew(grown, read.stays, "wordings")["a"].belief
    assert only == pytest.approx({AS_WRITTEN: 0.7, "wording-1": 0.15, "wording-2": 0.15})
    assert load_seed(file, base_rate=0.9).stays == {"a": 0.7, "c": 0.9}
    assert spread_anew(read.seed, read.stays) == read.seed, "as the reader spreads it, where nothing was added"


def test_pairs_gain_a_flip_and_their_belief_goes_there(tmp_path):
    file = tmp_path / "pairs.csv"
    file.write_text("prompt,chosen,rejected,belief\nq,yes,no,0.8\n,up,down,\n")
    seed = read_seed(file)
    assert seed.items[0].variants[2] == Variant(id="flipped", payload=Pair(prompt="q", chosen="no", rejected="yes"))
    assert seed.items[0].belief == pytest.approx({AS_WRITTEN: 0.8, "flipped": 0.2})
    assert seed.items[1].payload == Pair(chosen="up", rejected="down")


def test_columns_by_name(tmp_path):
    file = tmp_path / "survey.csv"
    file.write_text("key;statement;text;p\n1;I say so;first;0.5\n2;I ask;second;1\n")
    seed = read_seed(file, columns={"id": "key", "text": "statement", "belief": "p"})
    assert [(i.id, i.display, i.metadata) for i in seed.items] == [
        ("1", "I say so", {"text (column)": "first"}),
        ("2", "I ask", {"text (column)": "second"}),
    ]
    assert seed["2"].belief == {AS_WRITTEN: 1.0, ABSENT: 0.0}


def test_parquet_as_pandas_writes_it(tmp_path):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(
        {
            "id": [1.0, 2.0],
            "text": ["one", "two"],
            "belief": [0.5, float("nan")],
            "group": ["g", None],
            "when": pd.to_datetime(["2024-01-02", None]),
            "score": [float("nan"), 0.25],
        }
    )
    frame.index = [5, 7]
    frame.to_parquet(tmp_path / "seed.parquet")
    seed = read_seed(tmp_path / "seed.parquet")
    assert [i.id for i in seed.items] == ["1", "2"]
    assert seed["1"].metadata == {"when": "2024-01-02T00:00:00"}
    assert seed["2"].metadata == {"score": 0.25}
    assert seed["2"].belief is None


def test_made_ids_are_stable_and_unique(tmp_path):
    file = tmp_path / "seed.jsonl"
    one, two = made_id(Text(text="one")), made_id(Text(text="two"))
    rows = [{"text": "one"}, {"text": "two"}, {"text": "one"}, {"id": f"{one}-2", "text": "x"}, {"text": "one"}]
    file.write_text("\n".join(json.dumps(r) for r in rows))
    with pytest.warns(SeedWarning, match=r"lines 1, 3, 5: the same content 3 times.*share their effect"):
        seed = read_seed(file)
    # The second copy makes way for an id that somebody wrote.
    assert [i.id for i in seed.items] == [one, two, f"{one}-3", f"{one}-2", f"{one}-4"]
    assert load_seed(file).warnings[0].startswith("seed.jsonl, lines 1, 3, 5")


def test_a_pair_that_says_nothing_is_a_warning(tmp_path):
    file = tmp_path / "pairs.jsonl"
    file.write_text('{"chosen":"a","rejected":"b"}\n{"chosen":"same","rejected":"same","variants":[]}')
    assert load_seed(file).warnings == (
        "pairs.jsonl, lines 2: chosen and rejected are the same, so the pair says nothing.",
    )


def test_probes_have_labels_and_weights(tmp_path):
    file = tmp_path / "probes.csv"
    file.write_text("text,label,weight,group,source\na,1,2.5,g,s\nb,reject,,,\nc,,,,\nd,0.25,,,\ne,TRUE,,,\n")
    probes = read_probes(file)
    assert [p.label for p in probes] == [1.0, 0.0, None, 0.25, 1.0]
    assert probes[0] == Probe(
        id=made_id(Text(text="a")), payload=Text(text="a"), group="g", label=1.0, weight=2.5, metadata={"source": "s"}
    )
    vectors = tmp_path / "probes.parquet"
    write_seed(vector_seed(), vectors)
    assert [p.payload for p in read_probes(vectors)] == [i.payload for i in vector_seed().items]


def test_a_byte_order_mark_and_windows_line_ends(tmp_path):
    file = tmp_path / "seed.csv"
    file.write_bytes(b"\xef\xbb\xbfid,text\r\na,one\r\n\r\nb,two\r\n")
    assert [i.id for i in read_seed(file).items] == ["a", "b"]


def test_the_deployed_seed(tmp_path):
    write_seed(text_seed(), tmp_path / "deployed.jsonl", as_answered=True)
    rows = [json.loads(line) for line in (tmp_path / "deployed.jsonl").read_text().splitlines()]
    assert [(r["id"], r["text"]) for r in rows] == [("a", "edited"), ("007", "Ünïcode \U0001f331 und mehr")]
    assert "belief" not in rows[0]
    assert "variants" not in rows[0]


# --- bad input --------------------------------------------------------------------------------------------------

GOOD = '{"id": "a", "text": "first"}\n'

BAD = {
    # name of the file, its content, what the message must say
    "empty": ("s.jsonl", "", ["s.jsonl", "holds no items"]),
    "only blank lines": ("s.csv", "text\n\n , \n", ["s.csv", "holds no items"]),
    "empty yaml": ("s.yaml", "# nothing\n", ["holds no items"]),
    "one item": ("s.jsonl", GOOD, ["s.jsonl", "1 item", "at least two"]),
    "duplicate ids": ("s.jsonl", GOOD + '\n{"id": "a", "text": "x"}', ["s.jsonl:3", "'a'", "s.jsonl:1", "own id"]),
    "missing text": ("s.jsonl", GOOD + '{"id": "b"}', ["s.jsonl:2", "no 'text'"]),
    "null text": ("s.jsonl", GOOD + '{"id": "b", "text": null}', ["s.jsonl:2", "no 'text'"]),
    "blank text": ("s.csv", 'id,text\na,first\nb,"  "\n', ["s.csv:3", "blank"]),
    "number for text": ("s.jsonl", GOOD + '{"text": 12}', ["s.jsonl:2", "int", "quotes"]),
    "huge text": ("s.jsonl", GOOD + json.dumps({"text": "x" * 2**20}), ["s.jsonl:2", "1,048,576", "limit is 100,000"]),
    "half a character": ("s.jsonl", GOOD + '{"text": "a\\ud800"}', ["s.jsonl:2", "ud800", "position 1"]),
    "no such column": ("s.csv", "statement,p\na,1\nb,1\n", ["statement, p", "columns={'text': 'statement'}"]),
    "nan": ("s.jsonl", '{"vector": [1, 2]}\n{"vector": [1, NaN]}', ["s.jsonl:2", "entry 2", "nan", "finite"]),
    "infinity": ("s.jsonl", '{"vector": [Infinity, 2]}', ["s.jsonl:1", "entry 1", "inf"]),
    "dimension": ("s.jsonl", '{"vector": [1, 2]}\n{"vector": [1]}', ["s.jsonl:2", "1 entries", "s.jsonl:1", "has 2"]),
    "vector of words": ("s.csv", 'vector\n"1, 2"\n"1, x"\n', ["s.csv:3", "entry 2", "'x'"]),
    "empty vector": ("s.jsonl", '{"vector": []}', ["s.jsonl:1", "list of numbers"]),
    "half a pair": ("s.jsonl", '{"chosen": "a", "rejected": "b"}\n{"chosen": "a"}', ["s.jsonl:2", "no 'rejected'"]),
    "mixed kinds": ("s.jsonl", GOOD + '{"chosen": "a", "rejected": "b"}', ["s.jsonl", "pair, text", "one kind"]),
    "belief above one": ("s.csv", "text,belief\na,0.5\nb,75\n", ["s.csv:3", "belief is 75", "0.75"]),
    "belief in words": ("s.csv", "text,belief\na,0.5\nb,likely\n", ["s.csv:3", "'likely'", "number"]),
    "beliefs don't sum": (
        "s.jsonl",
        GOOD + '{"text": "b", "belief": {"as_written": 0.5, "absent": 0.3}}',
        ["s.jsonl:2", "sum to 0.8", "must sum to 1"],
    ),
    "unknown variant": (
        "s.jsonl",
        GOOD + '{"text": "b", "belief": {"as_writen": 1}}',
        ["s.jsonl:2", "unknown variant 'as_writen'", "'as_written'"],
    ),
    "unknown standing": ("s.jsonl", GOOD + '{"text": "b", "standing": "gone"}', ["s.jsonl:2", "standing", "'gone'"]),
    "same wording": ("s.jsonl", GOOD + '{"text": "b", "variants": ["b"]}', ["s.jsonl:2", "are the same"]),
    "reserved variant": ("s.jsonl", GOOD + '{"text": "b", "variants": {"absent": "c"}}', ["s.jsonl:2", "'absent'"]),
    "two groups": ("s.jsonl", GOOD + '{"text": "b", "group": ["x", "y"]}', ["s.jsonl:2", "one group"]),
    "long id": ("s.jsonl", GOOD + '{"text": "b", "id": "%s"}' % ("x" * 300), ["s.jsonl:2", "200"]),
    "id of two lines": ("s.jsonl", GOOD + '{"text": "b", "id": "x\\ny"}', ["s.jsonl:2", "one line"]),
    "not json": ("s.jsonl", GOOD + '{"text": "b"', ["s.jsonl:2", "not valid JSON", "column"]),
    "key twice": ("s.jsonl", GOOD + '{"text": "b", "text": "c"}', ["s.jsonl:2", "'text' occurs twice"]),
    "list of numbers": ("s.jsonl", GOOD + "12", ["s.jsonl:2", "int"]),
    "json list as jsonl": ("s.jsonl", '[\n{"text": "a"}\n]', ["one JSON list", ".json"]),
    "broken yaml": ("s.yaml", "- text: a\n- text: [b\n", ["s.yaml:3", "not valid YAML"]),
    "yaml key twice": ("s.yaml", "- text: a\n- text: b\n  text: c\n", ["s.yaml:3", "'text' occurs twice"]),
    "yaml of a scalar": ("s.yaml", "just words\n", ["s.yaml:1", "list of items"]),
    "open quote": ("s.csv", 'text\n"a\nb\n', ["s.csv:2", "never closed"]),
    "too many cells": ("s.csv", "text\na, b\n", ["s.csv:2", "2 cells", "quotes"]),
    "column twice": ("s.csv", "text,text\na,b\n", ["s.csv:1", "'text'"]),
    "not parquet": ("s.parquet", "text", ["s.parquet", "not a readable Parquet file"]),
    "parquet as csv": ("s.csv", "PAR1xx", ["a Parquet file", ".parquet"]),
    "office document": ("s.csv", "PK\x03\x04", ["zip archive", "CSV"]),
    "wrong type": ("s.xlsx", "x", ["'.xlsx'", "Save the sheet as CSV"]),
    "no type": ("seed", "x", ["no ending", ".jsonl"]),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_gets_one_clear_message(tmp_path, case):
    name, content, says = BAD[case]
    file = tmp_path / name
    file.write_text(content)
    with pytest.raises(SeedError) as caught:
        read_seed(file)
    message = str(caught.value)
    for words in says:
        assert words in message
    assert "\n" not in message
    assert len(message) < 500
    assert message.endswith((".", "}).", "'}.", "?"))
    assert caught.value.exit_code == 2
    assert file.read_text() == content


def test_invalid_utf8_says_byte_and_line(tmp_path):
    file = tmp_path / "s.csv"
    file.write_bytes(b"text\nfine\ncaf\xe9\n")
    with pytest.raises(SeedError, match=r"s\.csv:3: byte 0xe9 at offset 13 is not UTF-8"):
        read_seed(file)
    file.write_bytes(b"\xef\xbb\xbftext\n\xff\n")
    with pytest.raises(SeedError, match=r"s\.csv:2: byte 0xff at offset 8"):
        read_seed(file)
    file.write_bytes("text\n".encode("utf-16"))
    with pytest.raises(SeedError, match="UTF-16"):
        read_seed(file)


def test_a_missing_file_a_folder_and_an_unknown_column(tmp_path):
    (tmp_path / "positives.jsonl").write_text(GOOD)
    with pytest.raises(SeedError, match=r"no such file\. Did you mean '.*positives\.jsonl'"):
        read_seed(tmp_path / "postives.jsonl")
    with pytest.raises(SeedError, match=r"this is a folder; give a file\. It holds: positives\.jsonl"):
        read_seed(tmp_path)
    with pytest.raises(SeedError, match="there is no folder"):
        read_seed(tmp_path / "none" / "x.csv")
    with pytest.raises(SeedError, match=r"no column 'txt'.*Did you mean 'text'"):
        read_seed(tmp_path / "positives.jsonl", columns={"text": "txt"})
    with pytest.raises(SeedError, match=r"'texts' is no field.*Did you mean 'text'"):
        read_seed(tmp_path / "positives.jsonl", columns={"texts": "text"})
    with pytest.raises(SeedError, match=r"base_rate is 1\.5"):
        read_seed(tmp_path / "positives.jsonl", base_rate=1.5)


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("label", 3, "label is 3"),
        ("label", "maybe", "'maybe'"),
        ("weight", 0, "weight is 0"),
        ("weight", "inf", "weight is inf"),
    ],
)
def test_bad_probes(tmp_path, field, value, says):
    file = tmp_path / "probes.jsonl"
    file.write_text(json.dumps({"text": "a", field: value}))
    with pytest.raises(SeedError, match=f"probes.jsonl:1.*{says}"):
        read_probes(file)


def test_a_pool_that_contains_the_positives():
    seed = text_seed()
    pool = tuple(Probe(id=f"p{n}", payload=Text(text=t)) for n, t in enumerate(["other", "YES ", "edited"]))
    check_pool(seed, pool[:1])
    with pytest.raises(SeedError, match=r"contains 2 of the seed's texts \('p1' is item 'b', 'p2' is item 'a'\)"):
        check_pool(seed, pool)


def test_writing_where_one_may_not(tmp_path):
    with pytest.raises(FolderError, match="can't be written"):
        write_seed(text_seed(), tmp_path / "none" / "seed.csv")
    with pytest.raises(SeedError, match="no format"):
        write_seed(text_seed(), tmp_path / "seed.docx")


def test_a_large_file_takes_seconds(tmp_path):
    file = tmp_path / "seed.jsonl"
    n = 20_000
    file.write_text(
        "".join(f'{{"text": "text number {k} of many", "belief": 0.8, "group": "g{k % 9}"}}\n' for k in range(n))
    )
    start = time.process_time()
    seed = read_seed(file)
    took = time.process_time() - start
    assert len(seed) == n
    # 20,000 items take 0.6 to 1.2 s of a busy core; something quadratic would take minutes.
    assert took < 10


# --- properties -------------------------------------------------------------------------------------------------

characters = st.characters(exclude_categories=["Cs"])
some_text = st.text(characters, min_size=1, max_size=40).filter(str.strip)
values = st.one_of(st.integers(-5, 5), st.booleans(), some_text, st.lists(st.integers(0, 3), max_size=2))


@given(
    texts=st.lists(some_text, min_size=2, max_size=5, unique=True),
    metadata=st.dictionaries(st.text("abcxyz_", min_size=1, max_size=8), values, max_size=3),
    ending=st.sampled_from(FORMATS),
)
@example(texts=["0\x85", "\u2028x", "\ufeffa\r", "a\rb\x00"], metadata={}, ending="yaml")
@settings(max_examples=60, deadline=None)
def test_any_texts_survive_any_format(tmp_path_factory, texts, metadata, ending):
    items = [Item(id=f"i{n}", payload=Text(text=t), metadata=metadata if n == 0 else {}) for n, t in enumerate(texts)]
    seed = Seed(items=tuple(items))
    file = tmp_path_factory.mktemp("any") / f"seed.{ending}"
    write_seed(seed, file)
    assert load_seed(file).seed == seed


@given(
    content=st.binary(max_size=120), ending=st.sampled_from(["csv", "tsv", "jsonl", "json", "yaml", "md", "parquet"])
)
@settings(max_examples=150, deadline=None)
def test_any_bytes_are_read_or_refused(tmp_path_factory, content, ending):
    file = tmp_path_factory.mktemp("any") / f"seed.{ending}"
    file.write_bytes(content)
    with contextlib.suppress(UsageError):
        load_seed(file)


def test_the_limit_is_inclusive(tmp_path):
    file = tmp_path / "s.jsonl"
    file.write_text(GOOD + json.dumps({"text": "x" * MAX_TEXT}))
    assert len(read_seed(file)) == 2
