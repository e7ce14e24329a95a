"""Whatever comes in, hypothesis's imagination included: the product's errors leave, and none but those.

Files of every format as bytes and as good files that were spoilt, settings, and answers from programs and files. The
examples are the same every time.
"""

from __future__ import annotations

import json
import shutil
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import activeseed as act
from activeseed.annotators.file import read_answers
from activeseed.config import FAMILIES, Settings, parse
from activeseed.errors import AnswerError, UsageError
from activeseed.files import load_seed, read_probes, write_seed
from activeseed.seed import Item, Pair, Seed, Text
from activeseed.study import Study
from tests.refusing import made_once

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings("ignore::activeseed.files.SeedWarning"),
]

often = settings(
    max_examples=150, derandomize=True, deadline=None, database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)  # fmt: skip
ENDINGS = (".csv", ".tsv", ".jsonl", ".json", ".yaml", ".md", ".parquet")

# any character that a file can hold, and often those that mean something to some format
letters = st.one_of(
    st.sampled_from(list("\",;\t\n\r'=+-@#:[]{}|&*!%>\\ \u2028\x85\ufeff\x00é")), st.characters(codec="utf-8")
)
texts = st.text(letters, max_size=40)
scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), texts)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)),
    max_leaves=8,
)
FIELDS = (
    "id", "text", "prompt", "chosen", "rejected", "vector", "group", "belief", "wordings", "metadata", "weight",
    "label", "messages", "copies",
)  # fmt: skip
records = st.lists(st.dictionaries(st.one_of(st.sampled_from(FIELDS), texts), values, max_size=6), max_size=5)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A file of each format that is read without a complaint."""
    folder = tmp_path_factory.mktemp("good")
    items = (
        Item(id="a", payload=Text(text='one, "two"; three'), group="g", belief={"as_written": 0.9, "absent": 0.1}),
        Item(id="b", payload=Text(text="zwei\n= drei"), group="h"), Item(id="c", payload=Text(text="- vier")),
    )  # fmt: skip
    out = {}
    for ending in ENDINGS:
        # all that Markdown holds
        plain = tuple(Item(id=i.id, payload=Text(text=f"text {i.id}"), group=i.group or "g") for i in items)
        write_seed(Seed(items=plain if ending == ".md" else items), folder / f"seed{ending}")
        out[ending] = (folder / f"seed{ending}").read_bytes()
    return out


def read(file: Path) -> None:
    """Both readers, of which neither may raise what isn't ours."""
    for said in (refusal(lambda: load_seed(file)), refusal(lambda: read_probes(file))):
        assert said != "", "an error has a sentence"
        assert "Traceback" not in (said or "")


def refusal(call: Callable[[], object]) -> str | None:
    """What the product refuses it with; None where it takes it. Anything else that is raised ends the test."""
    try:
        call()
    except UsageError as error:
        return str(error)
    return None


@pytest.mark.parametrize("ending", ENDINGS)
@often
@given(data=st.binary(max_size=300))
def test_any_bytes(ending, tmp_path, data):
    file = tmp_path / f"x{ending}"
    file.write_bytes(data)
    read(file)


@pytest.mark.parametrize("ending", ENDINGS)
@often
@given(data=st.data())
def test_good_files_that_were_spoilt(ending, good, tmp_path, data):
    content = bytearray(good[ending])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, max(len(content) - 1, 0)))
        match data.draw(st.sampled_from(["cut", "insert", "drop", "repeat", "set"])):
            case "cut":
                del content[at:]
            case "insert":
                content[at:at] = data.draw(texts).encode()
            case "drop":
                del content[at : at + data.draw(st.integers(1, 30))]
            case "repeat":
                content[at:at] = content[at : at + 30]
            case "set" if content:
                content[at] = data.draw(st.integers(0, 255))
    file = tmp_path / f"x{ending}"
    file.write_bytes(bytes(content))
    read(file)


@pytest.mark.parametrize("ending", [".jsonl", ".json", ".yaml", ".csv"])
@often
@given(rows=records)
def test_any_records(ending, tmp_path, rows):
    import yaml

    file = tmp_path / f"x{ending}"
    if ending == ".jsonl":
        file.write_text("".join(json.dumps(r) + "\n" for r in rows), "utf-8")
    elif ending == ".json":
        file.write_text(json.dumps(rows), "utf-8")
    elif ending == ".yaml":
        file.write_text(yaml.safe_dump(rows, allow_unicode=True), "utf-8")
    else:
        import csv

        with file.open("w", encoding="utf-8", newline="") as out:
            writer = csv.DictWriter(out, list(dict.fromkeys(k for r in rows for k in r)))
            writer.writeheader()
            writer.writerows([{k: str(v) for k, v in r.items()} for r in rows])
    read(file)


whole = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=40).filter(
    lambda t: t == t.strip() and any(c.isalnum() for c in t)
)


@pytest.mark.parametrize("ending", [e for e in ENDINGS if e != ".md"])
@often
@given(data=st.data())
def test_what_is_written_is_read_again(ending, tmp_path, data):
    n = data.draw(st.integers(2, 5))
    ids = data.draw(
        st.lists(st.from_regex(r"[a-z][a-z0-9_.-]{1,10}[a-z]", fullmatch=True), min_size=n, max_size=n, unique=True)
    )
    pairs = data.draw(st.booleans())
    items = []
    for name in ids:
        payload: Any = (
            Pair(prompt=data.draw(whole), chosen=data.draw(whole), rejected=data.draw(whole))
            if pairs
            else Text(text=data.draw(whole))
        )
        items.append(Item(id=name, payload=payload, group=data.draw(st.sampled_from(["", "g", "=h"]))))
    file = tmp_path / f"x{ending}"
    write_seed(Seed(items=tuple(items)), file)
    again = act.read_seed(file)
    assert [(i.id, i.payload, i.group) for i in again.items] == [(i.id, i.payload, i.group) for i in items]


# --- settings ---------------------------------------------------------------------------------------------------------

NAMES = sorted(Settings.model_fields)
tables = st.dictionaries(
    st.one_of(
        st.sampled_from(["kind", "batch", "rounds", "rows", "argv", "target", "environment", "model", "url"]), texts
    ),
    st.one_of(values, st.sampled_from([k for kinds in FAMILIES.values() for k in kinds])),
    max_size=4,
)


@often
@given(said=st.dictionaries(st.one_of(st.sampled_from(NAMES), texts), st.one_of(values, tables), max_size=4))
def test_any_settings(said):
    error = refusal(lambda: parse(said)) or ""
    assert "Input should" not in error
    assert len(error) < 2000


@often
@given(name=st.sampled_from(NAMES), value=st.one_of(values, tables))
def test_any_setting_of_the_library(name, value):
    assert refusal(lambda: Settings(**{name: value})) != ""


@often
@given(text=st.text(letters, max_size=200))
def test_any_text_as_settings(text, tmp_path):
    (tmp_path / "activeseed.toml").write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        found = act.read_settings(tmp_path)
    except UsageError:
        return
    assert parse(tomllib.loads(text)).record() == found.record()


# --- answers ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_once(tmp_path_factory.mktemp("made"))


ANSWER = ("question", "annotator", "verdict", "variant", "text", "confidence", "comment", "seconds", "at", "id",
          "unticked", "texts", "payload", "final")  # fmt: skip
verdicts = st.sampled_from(["keep", "reject", "edit", "choose", "depends", "skip", "flip", "confirm", "both"])
answers = st.fixed_dictionaries(
    {},
    optional={name: verdicts if name == "verdict" else st.one_of(values, st.just("ada")) for name in ANSWER},
)


@often
@given(told=answers, known=st.booleans())
def test_any_answer_told(asked, told, known):
    study = Study.open(asked)
    if known and study.pending:
        told["question"] = study.pending[0].id
    before = len(study.state.answers)
    try:
        study.tell([told], take_in=False)
    except AnswerError:
        assert len(Study.open(asked).state.answers) == before
    Study.open(asked).status()  # whatever was kept can be read again


@pytest.mark.parametrize("ending", [".jsonl", ".csv"])
@often
@given(data=st.data())
def test_any_file_of_answers(ending, asked, tmp_path, data):
    questions = {q.id: q for q in Study.open(asked).state.questions.values()}
    file = tmp_path / f"x{ending}"
    if data.draw(st.booleans()):
        file.write_bytes(data.draw(st.binary(max_size=200)))
    else:
        rows = data.draw(st.lists(answers, max_size=3))
        for row in rows:
            row.setdefault("question", next(iter(questions)))
        if ending == ".jsonl":
            file.write_text("".join(json.dumps(r) + "\n" for r in rows), "utf-8")
        else:
            body = "".join(",".join(json.dumps(str(r.get(c, ""))) for c in ANSWER) + "\n" for r in rows)
            file.write_text(",".join(ANSWER) + "\n" + body, "utf-8")
    assert refusal(lambda: read_answers(file, questions)) != ""


def test_the_study_of_all_these_answers_can_be_copied_and_ranked(asked, tmp_path):
    folder = shutil.copytree(asked, tmp_path / "copy")
    study = Study.open(folder)
    study.take_in()
    assert len(study.rank().ids) >= 8
