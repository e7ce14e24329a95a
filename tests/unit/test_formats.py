"""One reader and one writer for each format: what is text stays text, and what is no file of items is a sentence."""

import csv
import io
import json
import time
from contextlib import suppress
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from activeseed.annotators.simulated import read_truth
from activeseed.embedders import Precomputed, precomputed
from activeseed.errors import ConfigError, SeedError
from activeseed.files import load_seed, read_gold, read_probes, read_seed, write_seed
from activeseed.formats import guard, json_line, parquet, parse_lines, read_records, read_sheet, unguard, unguarded_copy
from activeseed.formats.delimited import marked, write_sheet
from activeseed.seed import Item, Pair, Seed, Text, made_id

#: what ``str.splitlines`` splits at, and a JSON line or a cell may hold
SEPARATORS = "\u2028\u2029\x85\x0b\x0c\x1c\x1d\x1e"
FORMULAS = ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "'=x", "''-x", "\uff1d1"]  # fmt: skip
ORDINARY = ["'tis", "a=b", "", "'", "''", "1-2", "it's"]


def refusal(tmp_path, name: str, content: bytes, read=read_seed, error=SeedError) -> str:
    """One sentence about the file, which stays as it was."""
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(error) as caught:
        read(file)
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 600
    assert name in message
    assert caught.value.exit_code == 2
    return message


# --- lines ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["jsonl", "json", "csv", "tsv", "yaml", "parquet"])
@pytest.mark.parametrize("separator", SEPARATORS)
def test_a_separator_in_a_text_is_text(ending, separator, tmp_path):
    seed = Seed(items=tuple(Item(id=n, payload=Text(text=f"{n}{separator}rest")) for n in ("a", "b")))
    write_seed(seed, tmp_path / f"seed.{ending}")
    assert read_seed(tmp_path / f"seed.{ending}") == seed


def test_lines_end_at_a_line_feed_alone_and_are_written_so_that_others_agree():
    record = {"text": f"one{SEPARATORS}two"}
    written = json.dumps(record, ensure_ascii=False)  # as others write it: separators as they are
    assert parse_lines("x.jsonl", f"{written}\n\r\n{written}\r\n") == [(1, record), (3, record)]
    assert len(json_line(record).splitlines()) == 1
    assert json.loads(json_line(record)) == record


def test_wordings_in_a_cell_end_at_a_line_feed_alone(tmp_path):
    (tmp_path / "s.csv").write_bytes('id,text,variants\na,one,"first\u2028half\r\nsecond"\nb,two,\n'.encode())
    assert [v.display for v in read_seed(tmp_path / "s.csv")["a"].alternatives] == ["first\u2028half", "second"]


def test_truths_and_gold_questions_are_read_by_the_same_readers(tmp_path):
    (tmp_path / "t.jsonl").write_text('{"group": "g", "text": "one\u2028two"}\n{"id": 7, "answer": "keep"}\n', "utf-8")
    assert read_truth(tmp_path / "t.jsonl") == ({"7": "as_written"}, {"g": ["one\u2028two"]})
    (tmp_path / "t.csv").write_text("sep=;\nID;Answer;Variant\na;choose;2\nb;choose;w\n", "utf-8")
    assert read_truth(tmp_path / "t.csv") == ({"a": "alternative number 2", "b": "w"}, {})
    (tmp_path / "g.csv").write_text("Id;Text;Answer\n1;one\u0085two;keep\n", "utf-8")
    assert read_gold(tmp_path / "g.csv") == [{"id": "1", "text": "one\u0085two", "answer": "keep"}]
    (tmp_path / "p.jsonl").write_text('{"id": "p", "chosen": "", "rejected": "no", "answer": "flip"}\n', "utf-8")
    assert read_gold(tmp_path / "p.jsonl") == [
        {"id": "p", "prompt": "", "chosen": "", "rejected": "no", "answer": "flip"}
    ]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('{"id": "a", "text": "t"}', "no 'answer'"),
        ('{"text": "t", "answer": "keep"}', "no 'id'"),
        ('{"id": "a", "text": 3, "answer": "keep"}', "'text' is int"),
        ('{"id": "a", "text": "t", "answer": ["keep"]}', "'answer' is list"),
        ('{"id": "a", "vector": [1], "answer": "keep"}', "nobody can judge a vector"),
    ],
)
def test_a_gold_question_that_is_none(line, says, tmp_path):
    assert says in refusal(tmp_path, "gold.jsonl", line.encode(), read_gold)


# --- sheets ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", ",;\t|")
@pytest.mark.parametrize("first", ["", "sep={}\r\n", '"SEP={}"\r\n'])
@pytest.mark.parametrize("name", ["s.csv", "s.tsv"])
def test_a_sheet_has_the_delimiter_that_it_has(delimiter, first, name, tmp_path):
    rows = [["id", "text", "note"], ["1", "Be kind, always; or\tnot | so", "x"], ["2", "Be fair.", ""]]
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter).writerows(rows)
    (tmp_path / name).write_bytes(b"\xef\xbb\xbf" + (first.format(delimiter) + out.getvalue()).encode())
    seed = read_seed(tmp_path / name)
    assert [(i.id, i.display) for i in seed.items] == [(r[0], r[1]) for r in rows[1:]]
    assert seed["1"].metadata == {"note": "x"}


def test_line_numbers_count_the_separator_line(tmp_path):
    assert "s.csv:4: " in refusal(tmp_path, "s.csv", b"sep=;\ntext;belief\na;0,5\nb;likely\n")
    (tmp_path / "s.csv").write_text("sep=;\ntext;belief\na;0,5\nb;1\n")
    assert read_seed(tmp_path / "s.csv").items[0].belief == {"as_written": 0.5, "absent": 0.5}


def test_columns_that_a_spreadsheet_saves_empty_are_none(tmp_path):
    (tmp_path / "s.csv").write_text("id,text,,\na,one,,\nb,two,,\n")
    assert [i.metadata for i in read_seed(tmp_path / "s.csv").items] == [{}, {}]
    assert "column 3 has no name" in refusal(tmp_path, "t.csv", b"id,text,,n\na,one,three,4\nb,two,,\n")


def test_a_cell_may_be_as_long_as_a_text(tmp_path):
    limit = csv.field_size_limit()
    message = refusal(tmp_path, "s.csv", b"text\nshort\n" + b"x" * 140_000 + b"\n")
    assert "140,000 characters; the limit is 100,000" in message
    assert csv.field_size_limit() == limit


# --- guards against formulas ------------------------------------------------------------------------------------------


@given(st.text(alphabet="'=+-@\t\r\nab \u2028", max_size=6))
def test_a_guard_comes_off_as_it_was_put_on(text):
    assert unguard(guard(text)) == text
    assert guard(text)[:1] not in set("=+-@\t\r")


@pytest.mark.parametrize("ending", ["csv", "tsv"])
def test_texts_that_look_like_formulas_survive_a_sheet_that_runs_none(ending, tmp_path):
    texts = [t for t in (*FORMULAS, *ORDINARY) if t.strip()]
    seed = Seed(items=tuple(Item(id=f"i{n}", payload=Text(text=t), metadata={"note": t}) for n, t in enumerate(texts)))
    file = tmp_path / f"s.{ending}"
    write_seed(seed, file)
    cells = csv.reader(io.StringIO(file.read_text("utf-8"), newline=""), delimiter="\t" if ending == "tsv" else ",")
    assert not [c for row in cells for c in row if c[:1] in set("=+-@\t\r\uff1d") and c]
    assert read_seed(file) == seed


def test_an_authors_own_apostrophes_stay(tmp_path):
    file = tmp_path / "s.csv"
    file.write_text("id,text,guarded\na,'- minus,yes\nb,'=' assigns,\n", "utf-8")
    assert [i.display for i in read_seed(file).items] == ["'- minus", "'=' assigns"]
    assert read_seed(file)["a"].metadata == {"guarded": "yes"}


@pytest.mark.parametrize(
    ("shown", "typed", "right"),
    [
        ("- An answer", "'- An reply", "- An reply"), ("- An answer", "- An reply", "- An reply"),
        ("- An answer", "An reply", "An reply"), ("'tis", "'twas", "'twas"), ("fine", "'- minus", "'- minus"),
        ("'- An answer", "''- An reply", "'- An reply"), ("'- An answer", "'- An reply", "'- An reply"),
    ],
)  # fmt: skip
def test_an_edit_of_what_a_sheet_shows(shown, typed, right):
    assert unguarded_copy(typed, shown) == right


# --- columns ----------------------------------------------------------------------------------------------------------


def test_the_case_of_a_header_makes_no_difference(tmp_path):
    (tmp_path / "s.csv").write_text("ID, Text ,GROUP,Belief,Author\nA-17,Be kind.,x,0.5,me\nA-18,Be fair.,x,1,\n")
    seed = read_seed(tmp_path / "s.csv")
    assert [(i.id, i.display, i.group, i.metadata) for i in seed.items] == [
        ("A-17", "Be kind.", "x", {"Author": "me"}), ("A-18", "Be fair.", "x", {}),
    ]  # fmt: skip
    # where a file has both, the one that is spelt as the conventions say is meant
    (tmp_path / "t.jsonl").write_text('{"Text": "title", "text": "body"}\n{"Text": "t", "text": "b"}\n')
    assert read_seed(tmp_path / "t.jsonl").items[0].display == "body"
    assert read_seed(tmp_path / "t.jsonl").items[0].metadata == {"Text": "title"}
    (tmp_path / "u.jsonl").write_text('{"Statement": "one"}\n{"Statement": "two"}\n')
    assert [i.display for i in read_seed(tmp_path / "u.jsonl", columns={"text": "statement"}).items] == ["one", "two"]


NESTED = [{"id": 11, "data": {"text": "Be kind.", "by": "me"}, "annotations": []}, {"id": 12, "data": {"text": "Be"}}]


@pytest.mark.parametrize(
    ("rows", "guess"),
    [
        (NESTED, "data.text"),
        ([{"id": f"r{n}", "status": "done", "fields": {"text": "Be kind."}} for n in (1, 2)], "fields.text"),
        (
            [{"itemId": "a b c", "note_id": "x y", "wording": "Be kind."}, {"itemId": "b", "wording": "Be fair."}],
            "wording",
        ),
        ([{"key": "a long key of words", "my text": "Be kind."}, {"key": "b", "my text": "Be fair."}], "my text"),
        ([{"id": n, "uuid": "b c d", "score": 1} for n in "ab"], ""),
    ],
)
def test_what_is_suggested_is_a_text_and_never_an_id(rows, guess, tmp_path):
    message = refusal(tmp_path, "s.json", json.dumps(rows).encode())
    if not guess:
        assert "None of them looks like a text" in message
        return
    assert f"columns={{'text': {guess!r}}}" in message
    file = tmp_path / "s.json"
    assert load_seed(file, columns={"text": guess}).seed.items[0].display == "Be kind."


def test_a_column_in_an_object_leaves_the_rest_of_it(tmp_path):
    (tmp_path / "s.json").write_text(json.dumps(NESTED))
    seed = read_seed(tmp_path / "s.json", columns={"text": "data.text"})
    assert [(i.id, i.metadata) for i in seed.items] == [("11", {"data": {"by": "me"}, "annotations": []}), ("12", {})]


# --- prompts, conversations, pairs ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "columns", "prompt", "text"),
    [
        ({"prompt": "May I?", "text": "Yes."}, None, "May I?", "Yes."),
        ({"instruction": "Sum up.", "input": "One.", "output": "1"}, None, "Sum up.\n\nOne.", "1"),
        ({"Instruction": "Sum up.", "Input": "", "Output": "1"}, None, "Sum up.", "1"),
        (
            {"instruction": "Sum up.", "input": "One.", "output": "1"},
            {"text": "output", "prompt": "instruction"}, "Sum up.\n\nOne.", "1",
        ),
        ({"instruction": "Sum up.", "output": "1"}, {"text": "output"}, "Sum up.", "1"),
        ({"question": "Who?", "answer": "Me."}, None, "Who?", "Me."),
        ({"prompt": "Who?", "completion": "Me."}, None, "Who?", "Me."),
        (
            {"messages": [{"role": "user", "content": "Who?"}, {"role": "assistant", "content": "Me."}]},
            None, "Who?", "Me.",
        ),
        (
            {"conversations": [{"from": "system", "value": "Be brief."}, {"from": "human", "value": "Who?"},
                               {"from": "gpt", "value": "Me."}]},
            None, "system: Be brief.\n\nhuman: Who?", "Me.",
        ),
        ({"text": [{"role": "assistant", "content": [{"type": "text", "text": "Me."}]}]}, None, "", "Me."),
    ],
)  # fmt: skip
def test_a_prompt_beside_a_text_is_kept(row, columns, prompt, text, tmp_path):
    (tmp_path / "s.jsonl").write_text(json.dumps(row) + "\n" + json.dumps(row | {"id": "b"}) + "\n")
    item = load_seed(tmp_path / "s.jsonl", columns=columns).seed.items[0]
    assert item.payload == Text(prompt=prompt, text=text)
    assert item.metadata == {}
    assert prompt in item.display
    assert item.payload.texts == (text,)


@pytest.mark.parametrize("ending", ["jsonl", "json", "csv", "yaml", "parquet"])
def test_prompts_and_empty_replies_survive_a_file(ending, tmp_path):
    wording = {
        "alternatives": [{"id": "wording-1", "payload": {"kind": "text", "prompt": "May I?", "text": "Of course."}}]
    }
    texts = [Text(prompt="May I?", text="Yes."), Text(prompt="Is it safe?", text="Yes."), Text(text="Yes.")]
    items = [
        Item.model_validate({"id": t.digest.hex(), "payload": t, **(wording if n == 0 else {})})
        for n, t in enumerate(texts)
    ]
    pairs = [Pair(prompt="Go on?", chosen="", rejected="On and on."), Pair(chosen="No.", rejected="")]
    for seed in (
        Seed(items=tuple(items)),
        Seed(items=tuple(Item(id=f"p{n}", payload=p) for n, p in enumerate(pairs))),
    ):
        write_seed(seed, tmp_path / f"s.{ending}")
        back = load_seed(tmp_path / f"s.{ending}")
        assert [i.payload for i in back.seed.items] == [i.payload for i in seed.items]
        assert [i.alternatives for i in back.seed.items][:1] == [seed.items[0].alternatives] or seed.items[0].id == "p0"
        assert back.warnings == (), "replies to different prompts are different contents"


USER, SEVEN, EIGHT = (
    {"role": r, "content": c} for r, c in (("user", "3 + 4?"), ("assistant", "7"), ("assistant", "8"))
)


@pytest.mark.parametrize(
    ("row", "pair"),
    [
        ({"chosen": [USER, SEVEN], "rejected": [USER, EIGHT]}, ("3 + 4?", "7", "8")),
        ({"prompt": [USER], "chosen": [SEVEN], "rejected": [EIGHT]}, ("3 + 4?", "7", "8")),
        ({"prompt": "3 + 4?", "chosen": [USER, SEVEN], "rejected": [USER, EIGHT]}, ("3 + 4?", "7", "8")),
        ({"prompt": [USER], "chosen": SEVEN, "rejected": EIGHT}, ("3 + 4?", "7", "8")),
        ({"chosen": json.dumps([USER, SEVEN]), "rejected": json.dumps([USER, EIGHT])}, ("3 + 4?", "7", "8")),
        ({"chosen": [USER, SEVEN], "rejected": [USER, {"role": "assistant", "content": ""}]}, ("3 + 4?", "7", "")),
        ({"chosen": [USER, SEVEN], "rejected": [USER, SEVEN]}, ("3 + 4?", "7", "7")),
        (
            {"chosen": [USER, SEVEN, USER, SEVEN], "rejected": [USER, SEVEN, USER, EIGHT]},
            ("user: 3 + 4?\n\nassistant: 7\n\nuser: 3 + 4?", "7", "8"),
        ),
        ({"question": "3 + 4?", "chosen": "7", "rejected": ""}, ("3 + 4?", "7", "")),
        (
            {
                "conversations": [{"from": "human", "value": "3 + 4?"}],
                "chosen": {"from": "gpt", "value": "7"},
                "rejected": {"from": "gpt", "value": "8"},
            },
            ("3 + 4?", "7", "8"),
        ),
        ({"chosen": "", "rejected": ""}, ("", "", "")),
        ({"chosen": repr([USER, SEVEN]), "rejected": repr([USER, EIGHT])}, ("3 + 4?", "7", "8")),
        (
            {"prompt": "3 + 4?", "chosen": json.dumps(SEVEN), "rejected": json.dumps([EIGHT], indent=1)},
            ("3 + 4?", "7", "8"),
        ),
        ({"chosen": [USER, SEVEN], "rejected": "8"}, ("3 + 4?", "7", "8")),
        ({"chosen": "", "rejected": [USER, EIGHT]}, ("3 + 4?", "", "8")),
        ({"chosen": [USER], "rejected": [USER, EIGHT]}, ("3 + 4?", "", "8")),
        ({"messages": [USER, SEVEN], "chosen": "7", "rejected": "8"}, ("3 + 4?", "7", "8")),
        ({"prompt": "  ", "chosen": "7", "rejected": "8"}, ("", "7", "8")),
    ],
)
def test_pairs_as_preference_data_has_them(row, pair, tmp_path):
    (tmp_path / "s.jsonl").write_text(json.dumps(row) + '\n{"chosen": "a", "rejected": "b"}\n')
    assert load_seed(tmp_path / "s.jsonl").seed.items[0].payload == Pair(
        prompt=pair[0], chosen=pair[1], rejected=pair[2]
    )


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (
            {"chosen": [USER, {"role": "assistant", "content": [{"type": "image_url"}]}], "rejected": [USER]},
            "turn 2 of 'chosen'",
        ),
        ({"messages": [{"role": 3, "content": "x"}]}, "its role is int"),
        ({"messages": ["x"]}, "'text' is list"),
        ({"chosen": [[USER, SEVEN]], "rejected": "8"}, "Write one text, or a list of turns"),
        ({"chosen": [], "rejected": [USER, EIGHT]}, "Write one text, or a list of turns"),
        ({"text": "[{'role': 'user', 'content': 'a'}\n {'role': 'assistant'}]"}, "begins like a list of turns"),
        ({"chosen": "a", "rejected": None}, "no 'rejected'"),
        ({"text": "a", "group": True}, "'group' is true, not a name"),
    ],
)
def test_conversations_that_are_none(row, says, tmp_path):
    assert says in refusal(tmp_path, "s.jsonl", json.dumps(row).encode())


@pytest.mark.parametrize("text", ['{"content": "x"} is no answer', '[{"value": 1} breaks', '{"role": "x"}', "[{1: 2}]"])
def test_a_text_that_quotes_some_json_is_a_text(text, tmp_path):
    (tmp_path / "s.jsonl").write_text(json.dumps({"text": text}) + '\n{"text": "b"}\n')
    assert load_seed(tmp_path / "s.jsonl").seed.items[0].payload == Text(text=text)


def test_what_no_payload_takes_is_metadata(tmp_path):
    (tmp_path / "s.jsonl").write_text(
        '{"chosen": "a", "rejected": "b", "text": "t"}\n{"chosen": "c", "rejected": "d"}\n'
    )
    seed = read_seed(tmp_path / "s.jsonl")
    assert seed.items[0].metadata == {"text": "t"}
    write_seed(seed, tmp_path / "t.csv")
    assert read_seed(tmp_path / "t.csv") == seed


def test_probes_have_prompts_too(tmp_path):
    (tmp_path / "p.csv").write_text("Question,Answer,Label\nWho?,Me.,1\nWhat?,Me.,0\n")
    assert [(p.payload, p.label) for p in read_probes(tmp_path / "p.csv")] == [
        (Text(prompt="Who?", text="Me."), 1.0), (Text(prompt="What?", text="Me."), 0.0),
    ]  # fmt: skip


# --- ids --------------------------------------------------------------------------------------------------------------


def test_no_made_id_reads_as_a_number_or_a_date():
    # One in seventy made ids of digits and letters a–f alone reads as a number: of 2000, about 28.
    ids = [made_id(Text(text=f"text {n}")) for n in range(2000)]
    assert len(set(ids)) == 2000
    assert all(name[0] == "i" and name[1:].isalnum() for name in ids)


# --- sizes ------------------------------------------------------------------------------------------------------------


def test_a_document_that_unpacks_to_a_billion_texts_is_refused_at_once(tmp_path):
    names = "abcdefghij"
    lines = [f"  - &{names[0]} [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    lines += [f"  - &{b} [{', '.join([f'*{a}'] * 10)}]" for a, b in pairwise(names)]
    began = time.process_time()
    message = refusal(tmp_path, "s.yaml", ("- text: a\n  note:\n" + "\n".join(lines)).encode())
    assert "aliases (*name) unpack to more than 1,00" in message
    assert time.process_time() - began < 30  # ten to the tenth texts would take hours
    assert "in itself" in refusal(tmp_path, "t.yaml", b"- text: a\n  note: &x [*x]\n")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("s.json", b"[" * 200 + b"]" * 200),
        ("s.jsonl", b'{"text": "a", "note": ' + b"[" * 100 + b"]" * 100 + b"}"),
        ("s.jsonl", b'{"text": "a", "note": ' + b'{"a": ' * 90_000 + b"1" + b"}" * 90_001),
        ("s.yaml", b"- text: a\n  note: " + b"[" * 100 + b"]" * 100),
        ("s.yaml", b"- " + b"[" * 50_000),
    ],
)
def test_deep_nesting_is_refused(name, content, tmp_path):
    message = refusal(tmp_path, name, content)
    assert "nested too deeply" in message or "not valid YAML" in message


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("s.jsonl", b'{"text": "a", "belief": ' + b"9" * 5000 + b"}", "too many digits"),
        ("s.jsonl", b'{"text": "a", "note": {"x": ["\\ud83d"]}}', "'x' holds half a character"),
        ("s.jsonl", b'{"text": "a", "\\udc00": 1}', "'a key' holds half a character"),
        ("s.yaml", b"- text: a\n  when: 2024-13-45\n", "is no date or number"),
        ("s.yaml", b"- text: a\n  n: !!int abc\n", "is no date or number"),
        ("s.yaml", b"- text: a\n  n: !!bool abc\n", "is no date or number"),
        ("s.yaml", b"- text: a\n  n: !!python/object:os.system x\n", "not valid YAML"),
    ],
)
def test_values_that_no_parser_survives_are_a_sentence(name, content, says, tmp_path):
    assert says in refusal(tmp_path, name, content)


def test_a_parquet_file_is_measured_before_it_is_unpacked(tmp_path, monkeypatch):
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    monkeypatch.setattr(parquet, "MAX_BYTES", 2**24)
    monkeypatch.setattr(parquet, "MAX_ROWS", 10_000)
    text = "x" * 10_000  # stored once, and counted: two thousand of them are 20 MB of texts in some kilobytes
    again = pa.DictionaryArray.from_arrays(pa.array(np.zeros(2000, np.int32)), pa.array([text]))
    pq.write_table(pa.table({"text": again}), tmp_path / "a.parquet", compression="zstd")
    assert (tmp_path / "a.parquet").stat().st_size < 100_000
    assert "it unpacks to 0.019 GiB" in refusal(tmp_path, "a.parquet", (tmp_path / "a.parquet").read_bytes())
    lists = pa.ListArray.from_arrays(pa.array([0, 2000], pa.int32()), pa.array([text] * 2000))
    pq.write_table(pa.table({"text": ["a"], "note": lists}), tmp_path / "b.parquet", compression="zstd")
    assert "it unpacks to 0.019 GiB" in refusal(tmp_path, "b.parquet", (tmp_path / "b.parquet").read_bytes())
    pq.write_table(pa.table({"text": pa.nulls(20_000, pa.int8())}), tmp_path / "c.parquet")
    assert "20,000 rows" in refusal(tmp_path, "c.parquet", (tmp_path / "c.parquet").read_bytes())


def test_conversations_in_parquet(tmp_path):
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    said = [[{"role": "user", "content": "Who?"}, {"role": "assistant", "content": f"{n}."}] for n in "ab"]
    pq.write_table(pa.table({"messages": pa.array(said), "id": ["a", "b"]}), tmp_path / "d.parquet")
    assert read_seed(tmp_path / "d.parquet")["b"].payload == Text(prompt="Who?", text="b.")


def test_every_type_of_column_that_parquet_has_is_read(tmp_path):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(
        {"text": pd.Categorical(["one", "two"]), "n": pd.Categorical([1, 2]), "raw": [Decimal("1.5")] * 2}
    )
    frame = frame.assign(many=[["a", None], []], when=pd.to_datetime(["2024-01-02", None]), inner=[{"x": "y"}, None])
    frame.to_parquet(tmp_path / "s.parquet")
    seed = read_seed(tmp_path / "s.parquet")
    assert [i.display for i in seed.items] == ["one", "two"]
    assert seed.items[0].metadata == {
        "n": 1, "raw": 1.5, "many": ["a", None], "when": "2024-01-02T00:00:00", "inner": {"x": "y"},
    }  # fmt: skip


def test_a_file_larger_than_the_limit_is_not_read(tmp_path):
    file = tmp_path / "s.jsonl"
    with file.open("wb") as out:
        out.truncate(2**30 + 1)  # no byte of it is on the disk
    with pytest.raises(SeedError, match="1 GiB"):
        read_seed(file)


def test_vectors_that_unpack_beyond_memory_are_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(precomputed, "MAX_BYTES", 2**20)
    np.savez_compressed(tmp_path / "v.npz", texts=["a"], vectors=np.zeros((1, 2**18)))
    assert (tmp_path / "v.npz").stat().st_size < 2**14
    with pytest.raises(ConfigError, match=r"v\.npz: it unpacks to .* GiB; the limit is"):
        Precomputed(path=str(tmp_path / "v.npz")).embed(["a"])


@given(st.binary(max_size=60), st.sampled_from(["csv", "tsv", "jsonl", "json", "yaml", "md", "parquet"]))
def test_bytes_are_read_or_refused(tmp_path_factory, data, ending):
    file = tmp_path_factory.mktemp("bytes") / f"s.{ending}"
    file.write_bytes(data)
    with suppress(SeedError):  # anything else is a failure of this test
        seed = load_seed(file).seed
        write_seed(seed, file.with_name("back.jsonl"))
        assert load_seed(file.with_name("back.jsonl")).seed == seed


@given(st.lists(st.dictionaries(st.sampled_from("abc"), st.text(max_size=4), max_size=3), max_size=4))
def test_a_sheet_is_read_as_it_was_written(records):
    columns = ["a", "b", "c", "guarded"]
    records = [r for r in records if any(v.strip() for v in r.values())]
    text = write_sheet(marked(records), columns)
    back = [r for _, r in read_sheet("s.csv", text).records()]
    assert back == [{**dict.fromkeys("abc", ""), **r} for r in records]


def test_bare_texts_are_items_only_where_they_may_be(tmp_path):
    (tmp_path / "s.jsonl").write_text('"one"\n"two"\n')
    assert [r.fields for r in read_records(tmp_path / "s.jsonl").records] == [{"text": "one"}, {"text": "two"}]
    assert "expected an object" in refusal(tmp_path, "s.jsonl", b'"one"\n', read_truth, ConfigError)


@pytest.mark.parametrize(
    ("text", "texts"),
    [
        ("text, more;group\na;g\nb;h\n", None),
        ("text;said, or meant, or both\na;x\nb, c;y\n", ["a", "b, c"]),
        ("text|note, of any kind, or none\na|x\nb|y\n", ["a", "b"]),
        ("text,group\na;b;c,g\nd;e;f,h\n", ["a;b;c", "d;e;f"]),
        ("text,group\na\nb\n", ["a", "b"]),
        ("\u200btext,group\na,g\nb,h\n", ["a", "b"]),
        ("sep=;\n\ufefftext;group\na;g\nb;h\n", ["a", "b"]),
    ],
)
def test_a_delimiter_parts_rows_and_not_only_the_header(text, texts, tmp_path):
    (tmp_path / "s.csv").write_text(text, "utf-8")
    if texts is None:
        assert read_records(tmp_path / "s.csv").columns == ["text, more", "group"]
    else:
        assert [i.payload.text for i in load_seed(tmp_path / "s.csv").seed.items] == texts


@pytest.mark.parametrize(
    "name", ["007", "1.0", "1e5", "0x10", "1:30", "1_000", "2024-01-01", "yes", "no", "true", ".inf"]
)
def test_an_id_in_yaml_is_what_is_written(name, tmp_path):
    (tmp_path / "s.yaml").write_text(f"- id: {name}\n  text: a\n- ID: other\n  text: b\n", "utf-8")
    assert [i.id for i in load_seed(tmp_path / "s.yaml").seed.items] == [name, "other"]


@pytest.mark.parametrize("nothing", ["", "~", "null"])
def test_no_id_in_yaml_is_none(nothing, tmp_path):
    (tmp_path / "s.yaml").write_text(f"- id: {nothing}\n  text: a\n- text: b\n", "utf-8")
    assert load_seed(tmp_path / "s.yaml").seed.items[0].id.startswith("i")


def test_lines_may_write_a_field_in_another_case(tmp_path):
    (tmp_path / "s.jsonl").write_text('{"ID": 1, "Text": "a"}\n{"id": 2, "text": "b"}\n{"Id": 3, "TEXT": "c"}\n')
    assert [(i.id, i.payload.text) for i in load_seed(tmp_path / "s.jsonl").seed.items] == [
        ("1", "a"), ("2", "b"), ("3", "c"),
    ]  # fmt: skip


def test_two_ids_that_look_alike_are_refused(tmp_path):
    rows = [{"id": "caf\u00e9", "text": "a"}, {"id": "cafe\u0301", "text": "b"}]
    said = refusal(tmp_path, "s.jsonl", "".join(json.dumps(r) + "\n" for r in rows).encode())
    assert "in nothing that one can see" in said


@pytest.mark.parametrize("field", ["id", "belief", "copies", "standing", "vector"])
@pytest.mark.parametrize("value", ["x" * 200_001, ["x" * 200_001], {"x" * 200_001: 1}], ids=["text", "list", "object"])
def test_no_sentence_repeats_a_whole_file(field, value, tmp_path):
    said = refusal(tmp_path, "s.jsonl", json.dumps({"text": "a", field: value}).encode() + b'\n{"text": "b"}\n')
    assert len(said) < 600


def test_what_yaml_says_of_a_character_is_one_line(tmp_path):
    said = refusal(tmp_path, "s.yaml", b'- text: "a\x0bb"\n- text: c\n')
    assert "control characters" in said
