"""Files that hold what they can't: seeds of each format, pools, probes, gold questions, truths, guidelines, columns."""

import io
import json

import pytest
import yaml

from tests.refusing import contents, refused, rows
from tests.small_project import init_arguments, write_inputs

A: dict[str, object] = {"id": "a", "text": "a text that is fine"}
B: dict[str, object] = {"id": "b", "text": "another one"}
PAIR: dict[str, object] = {"id": "a", "prompt": "p", "chosen": "yes", "rejected": "no"}
HUGE = "x" * (2**20)

#: what no format can make good: records, and a word of the answer
RECORDS: dict[str, tuple[list[dict[str, object]], str]] = {
    "no items": ([], "no items"),
    "one item": ([A], "1 item"),
    "the same id twice": ([A, {**B, "id": "a"}], "'a'"),
    "no text": ([A, {"id": "b", "group": "g"}], "text"),
    "a blank text": ([A, {"id": "b", "text": "   "}], "blank"),
    "a text of a megabyte": ([A, {"id": "b", "text": HUGE}], "limit"),
    "an id of a kilobyte": ([A, {**B, "id": "b" * 1024}], "id"),
    "a belief of 80": ([A, {**B, "belief": 80}], "0.8"),
    "a belief below zero": ([A, {**B, "belief": -0.5}], "belief"),
    "a belief in words": ([A, {**B, "belief": "probably"}], "belief"),
    "no such variant": ([A, {**B, "belief": {"as_writen": 1.0}}], "'as_written'"),
    "beliefs that sum to 0.7": ([A, {**B, "belief": {"as_written": 0.5, "absent": 0.2}}], "0.7"),
    "beliefs that sum to 2": ([A, {**B, "belief": {"as_written": 1.0, "absent": 1.0}}], "2"),
    "a flip of a text": ([A, {**B, "belief": {"as_written": 0.5, "flipped": 0.5}}], "flipped"),
    "half a pair": ([PAIR, {"id": "b", "prompt": "p", "chosen": "yes"}], "rejected"),
    "the other half": ([PAIR, {"id": "b", "prompt": "p", "rejected": "no"}], "chosen"),
    "texts and pairs": ([A, {**PAIR, "id": "b"}], "mixes"),
    "texts and vectors": ([A, {"id": "b", "vector": [1.0, 2.0]}], "mixes"),
    "vectors of two lengths": ([{"id": "a", "vector": [1, 2]}, {"id": "b", "vector": [1, 2, 3]}], "dimension"),
    "an empty vector": ([{"id": "a", "vector": [1, 2]}, {"id": "b", "vector": []}], "vector"),
    "words in a vector": ([{"id": "a", "vector": [1, 2]}, {"id": "b", "vector": ["x", "y"]}], "number"),
    "a vector beyond all numbers": ([{"id": "a", "vector": [1, 2]}, {"id": "b", "vector": [1e400, 0]}], "finite"),
    "only ids": ([{"id": "a"}, {"id": "b"}], "text"),
    "copies below nought": ([A, {**B, "copies": -1}], "copies"),
}  # fmt: skip


def as_csv(records, delimiter=","):
    import csv

    out = io.StringIO()
    columns = list(dict.fromkeys(k for r in records for k in r)) or ["id", "text"]
    writer = csv.DictWriter(out, columns, delimiter=delimiter, lineterminator="\n")
    writer.writeheader()
    writer.writerows([{k: v if isinstance(v, str) else json.dumps(v) for k, v in r.items()} for r in records])
    return out.getvalue().encode()


def as_parquet(records):
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = list(dict.fromkeys(k for r in records for k in r)) or ["id", "text"]
    columns = {}
    for name in names:
        cells = [r.get(name) for r in records]
        same = len({type(c) for c in cells if c is not None}) <= 1 and not any(
            isinstance(c, list | dict) for c in cells
        )
        columns[name] = cells if same else [c if c is None or isinstance(c, str) else json.dumps(c) for c in cells]
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    return out.getvalue()


FORMATS = {
    "jsonl": lambda records: rows(*records),
    "json": lambda records: json.dumps(records).encode(),
    "csv": as_csv,
    "tsv": lambda records: as_csv(records, "\t"),
    "yaml": lambda records: yaml.safe_dump(records).encode(),
    "parquet": as_parquet,
}
SEEDS = {
    f"{name}, {ending}": (f"seed.{ending}", ending, records, word)
    for ending in FORMATS
    for name, (records, word) in RECORDS.items()
}

#: bytes that are no such file
BYTES = {
    "nothing, jsonl": ("s.jsonl", b"", "no items"),
    "nothing, csv": ("s.csv", b"", "no items"),
    "nothing, yaml": ("s.yaml", b"", "no items"),
    "nothing, md": ("s.md", b"", "no items"),
    "nothing, json": ("s.json", b"", "s.json"),
    "nothing, parquet": ("s.parquet", b"", "s.parquet"),
    "white space, jsonl": ("s.jsonl", b" \n\n\t\n", "no items"),
    "a header alone": ("s.csv", b"id,text\n", "no items"),
    "no header that we know": ("s.csv", b"1,2\n3,4\n", "column"),
    "two columns of one name": ("s.csv", b"id,text,text\na,b,c\nd,e,f\n", "text"),
    "a quote that is never closed": ("s.csv", b'id,text\na,"b\nc,d\n', "s.csv"),
    "no UTF-8, csv": ("s.csv", b"id,text\na,\xff\xfe\x00\nb,c\n", "UTF-8"),
    "no UTF-8, jsonl": ("s.jsonl", b'{"id": "a", "text": "\xff"}\n', "UTF-8"),
    "no UTF-8, yaml": ("s.yaml", b"- \xff\xfe\xfa\n- b\n", "UTF-8"),
    "no UTF-8, md": ("s.md", b"- \xff\xfe\xfa\n- b\n", "UTF-8"),
    "a picture": ("s.jsonl", b"\x89PNG\r\n\x1a\n\x00\x00", "s.jsonl"),
    "an archive for a table": ("s.csv", b"PK\x03\x04\x14\x00\x06\x00", "s.csv"),
    "half an object": ("s.jsonl", b'{"id": "a", "text": "t"}\n{"id": "b", \n', "s.jsonl:2"),
    "a list in each line": ("s.jsonl", b"[1, 2]\n[3, 4]\n", "s.jsonl:1"),
    "a number in each line": ("s.jsonl", b"1\n2\n", "s.jsonl:1"),
    "null in each line": ("s.jsonl", b"null\nnull\n", "s.jsonl:1"),
    "one list, named jsonl": ("s.jsonl", b'[{"id": "a", "text": "t"}, {"id": "b", "text": "u"}]\n', ".json"),
    "lines, named json": ("s.json", b'{"id": "a", "text": "t"}\n{"id": "b", "text": "u"}\n', "s.json"),
    "the same field twice": ("s.jsonl", b'{"id": "a", "text": "t", "text": "u"}\n{"text": "v"}\n', "s.jsonl:1"),
    "half a character": ("s.jsonl", b'{"id": "a", "text": "\\ud800"}\n{"text": "v"}\n', "s.jsonl:1"),
    "depth, jsonl": ("s.jsonl", b'{"text": ' + b"[" * 100_000 + b"\n", "s.jsonl"),
    "depth, json": ("s.json", b"[" * 100_000, "s.json"),
    "depth, yaml": ("s.yaml", b"[" * 5_000, "s.yaml"),
    "a bomb, yaml": (
        "s.yaml",
        b"a: &a [x,x,x,x,x,x,x,x,x]\n"
        + b"".join(b"%c: &%c [%s]\n" % (c + 1, c + 1, b",".join([b"*%c" % c] * 9)) for c in range(97, 105)),
        "s.yaml",
    ),
    "an object of Python's, yaml": ("s.yaml", b"!!python/object/apply:os.system ['true']\n", "s.yaml"),
    "broken yaml": ("s.yaml", b"- a: [\n- b\n", "s.yaml"),
    "a scalar, yaml": ("s.yaml", b"just a text\n", "s.yaml"),
    "the same key twice, yaml": ("s.yaml", b"- {id: a, id: b, text: t}\n- {text: u}\n", "s.yaml"),
    "a tab, yaml": ("s.yaml", b"-\tid: a\n\ttext: b\n", "s.yaml"),
    "no table, parquet": ("s.parquet", b"PAR1 and nothing", "s.parquet"),
    "a cut table, parquet": ("s.parquet", as_parquet([A, B])[:-20], "s.parquet"),
    "prose": ("s.md", b"Some prose, and no list.\n", "1 item"),
    "one bullet": ("s.md", b"- one\n", "1 item"),
    "headings alone": ("s.md", b"# A\n\n## B\n", "no items"),
    "front matter alone": ("s.md", b"---\ntitle: t\n---\n", "no items"),
    "a table alone": ("s.md", b"| a | b |\n|---|---|\n| c | d |\n", "line 1: tables"),
    "code alone": ("s.md", b"```\n- a\n- b\n```\n", "blocks of code"),
    "an open fence": ("s.md", b"a\n\n```\nb\n\nc\n", "1 item"),
    "an open comment": ("s.md", b"a\n\n<!-- b\n\nc\n", "1 item"),
    "a web page": ("s.md", b"<!DOCTYPE html>\n<html><body><p>a</p><p>b</p></body></html>\n", "web page"),
    "a PDF, md": ("s.md", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "PDF"),
    "an office document, md": ("s.md", b"PK\x03\x04\x14\x00\x06\x00", "office document"),
    "rich text, md": ("s.md", b"{\\rtf1\\ansi a\\par b}\n", "rich text"),
    "JSON, md": ("s.md", rows(A)[:-1] + b"\n", ".json"),
    "zero bytes, md": ("s.md", b"a\n\nb\x00c\n", "s.md:3"),
    "a line of a hundred kilobytes": ("s.md", b"a\n\n" + b"word " * 20_480 + b"\n", "s.md:3"),
    "depth, md": ("s.md", b"> " * 5_000 + b"a\n", "nested too deeply"),
    "an id twice, md": ("s.md", b"- a {#x}\n- b {#x}\n", "s.md:2"),
    "a text document": ("s.docx", b"text", ".docx"),
    "a spreadsheet": ("s.xlsx", b"PK\x03\x04", ".xlsx"),
    "no ending": ("seed", b'{"text": "t"}\n', "no ending"),
    "a pickle": ("s.pkl", b"\x80\x04K\x01.", ".pkl"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "ending", "records", "word"), SEEDS.values(), ids=SEEDS)
def test_seeds(name, ending, records, word, tmp_path, capsys):
    refuse(tmp_path, capsys, name, FORMATS[ending](records), word)


@pytest.mark.parametrize(("name", "data", "word"), BYTES.values(), ids=BYTES)
def test_bytes(name, data, word, tmp_path, capsys):
    refuse(tmp_path, capsys, name, data, word)


def refuse(tmp_path, capsys, name, data, word):
    inputs = write_inputs(tmp_path / "in")
    (inputs / name).write_bytes(data)
    before = contents(tmp_path)
    arguments = [a for a in init_arguments(inputs, tmp_path / "study") if not a.startswith("--set=system")]
    arguments[arguments.index("--from") + 1] = inputs / name
    sentence = refused(capsys, arguments, word)
    assert any(where in sentence for where in (name, "seed", "item", "pair")), f"it does not say where: {sentence}"
    assert contents(tmp_path) == before


#: other files of a project: option, file, bytes, a word of the answer
OTHERS = {
    "a pool of nothing": ("--pool", "p.jsonl", b"", "p.jsonl"),
    "a pool of pairs": ("--pool", "p.jsonl", rows(PAIR, {**PAIR, "id": "b"}), "p"),
    "a pool without texts": ("--pool", "p.jsonl", rows({"id": "a"}, {"id": "b"}), "text"),
    "a pool that is no JSON": ("--pool", "p.jsonl", b"{\n", "p.jsonl:1"),
    "a pool of another format": ("--pool", "p.docx", b"x", ".docx"),
    "a pool with an id twice": ("--pool", "p.jsonl", rows(A, {**B, "id": "a"}), "'a'"),
    "a pool of blanks": ("--pool", "p.jsonl", rows({"text": " "}, {"text": "b"}), "blank"),
    "probes of nothing": ("--probes", "p.jsonl", b"", "p.jsonl"),
    "probes without texts": ("--probes", "p.jsonl", rows({"id": "a", "label": 1}), "text"),
    "probes with a label in words": ("--probes", "p.jsonl", rows({**A, "label": "often"}, B), "label"),
    "probes with a label of 7": ("--probes", "p.jsonl", rows({**A, "label": 7}, B), "label"),
    "probes with a weight below nought": ("--probes", "p.jsonl", rows({**A, "weight": -1}, B), "weight"),
    "probes with an infinite weight": ("--probes", "p.csv", b"text,weight\na,inf\nb,1\n", "weight"),
    "probes whose weights are nought": ("--probes", "p.jsonl", rows({**A, "weight": 0}, {**B, "weight": 0}), "weight"),
    "probes with an id twice": ("--probes", "p.jsonl", rows(A, {**B, "id": "a"}), "'a'"),
    "probes that are no UTF-8": ("--probes", "p.csv", b"text\n\xff\xfe\xfd\n", "UTF-8"),
    "probes that are vectors": ("--probes", "p.jsonl", rows({"vector": [1, 2]}, {"vector": [2, 1]}), "p"),
    "gold that is no JSON": ("--gold", "g.jsonl", b"keep\n", "g.jsonl:1"),
    "gold of lists": ("--gold", "g.jsonl", b"[1]\n", "g.jsonl:1"),
    "gold without an answer": ("--gold", "g.jsonl", rows({"id": "g", "text": "t"}), "answer"),
    "gold without a text": ("--gold", "g.jsonl", rows({"id": "g", "answer": "keep"}), "text"),
    "gold without an id": ("--gold", "g.jsonl", rows({"text": "t", "answer": "keep"}), "id"),
    "gold of no known answer": ("--gold", "g.jsonl", rows({"id": "g", "text": "t", "answer": "kep"}), "'keep'"),
    "gold of a flip of a text": ("--gold", "g.jsonl", rows({"id": "g", "text": "t", "answer": "flip"}), "flip"),
    "gold with an id twice": (
        "--gold", "g.jsonl", rows(*[{"id": "g", "text": t, "answer": "keep"} for t in ("t", "u")]), "'g'",
    ),
    "gold that is no UTF-8": ("--gold", "g.jsonl", b"\xff\n", "UTF-8"),
    "half a gold pair": ("--gold", "g.jsonl", rows({"id": "g", "chosen": "t", "answer": "keep"}), "rejected"),
    "guidelines that are no text": ("--guidelines", "g.md", b"\xff\xfe\xfa", "UTF-8"),
}  # fmt: skip


@pytest.mark.parametrize(("option", "name", "data", "word"), OTHERS.values(), ids=OTHERS)
def test_other_files(option, name, data, word, tmp_path, capsys):
    inputs = write_inputs(tmp_path / "in")
    (inputs / name).write_bytes(data)
    before = contents(tmp_path)
    refused(capsys, [*init_arguments(inputs, tmp_path / "study"), option, inputs / name], word)
    assert contents(tmp_path) == before


@pytest.mark.parametrize("option", ["--from", "--pool", "--probes", "--gold", "--guidelines"])
@pytest.mark.parametrize("what", ["nothing there", "a folder", "a loop of links", "a name of 300 letters"])
def test_files_that_are_none(option, what, tmp_path, capsys):
    inputs = write_inputs(tmp_path / "in")
    file = inputs / ("x.jsonl" if what != "a name of 300 letters" else f"{'x' * 300}.jsonl")
    if what == "a folder":
        file.mkdir()
    if what == "a loop of links":
        file.symlink_to(file)
    word = "xxx" if "letters" in what else "x.jsonl"  # of a long name the end is not repeated
    refused(capsys, [*init_arguments(inputs, tmp_path / "study"), option, file], word)


COLUMNS = {
    "no such column": ("text=boody", "'boody'"),
    "no such field": ("txet=text", "'text'"),
    "no map": ("text", "text=body"),
    "an empty column": ("text=", "text=body"),
    "an empty field": ("=text", "text=body"),
    "a field twice": ("text=text,text=id", "twice"),
    "only signs": ("===", "--columns"),
    "no text is left": ("id=text", "text"),
}


@pytest.mark.parametrize(("columns", "word"), COLUMNS.values(), ids=COLUMNS)
def test_columns(columns, word, tmp_path, capsys):
    inputs = write_inputs(tmp_path / "in")
    (inputs / "s.csv").write_bytes(as_csv([A, B]))
    arguments = ["init", tmp_path / "study", "--from", inputs / "s.csv", "--probes", inputs / "probes.jsonl"]
    refused(capsys, [*arguments, "--columns", columns], word)


TRUTHS = {
    "no JSON": (b"keep\n", "t.jsonl"),
    "no answer": (rows({"id": "flatter"}), "answer"),
    "no id": (rows({"answer": "keep"}), "id"),
    "an unknown answer": (rows({"id": "flatter", "answer": "kep"}), "keep"),
    "no UTF-8": (b"\xff\n", "UTF-8"),
    "lists": (b"[1]\n", "t.jsonl"),
}


@pytest.mark.parametrize(("data", "word"), TRUTHS.values(), ids=TRUTHS)
def test_truths(data, word, study, capsys):
    (study / "t.jsonl").write_bytes(data)
    arguments = ["loop", "--annotator", "simulated", "--truth", study / "t.jsonl", "--dir", study, "--yes"]
    refused(capsys, arguments, word)
