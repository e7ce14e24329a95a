"""Every field of every setting, given what it can't be: one sentence that names it, and the product's own error."""

import math
from typing import Any, get_args

import pytest
from pydantic import BaseModel

import activeseed
from activeseed.checked import MOST, Checked
from activeseed.cli.making import settings_of
from activeseed.config import FAMILIES, Settings, parse, read_settings, record_type
from activeseed.errors import ActiveseedError, ConfigError, UsageError
from activeseed.question import Answer
from activeseed.seed import Item, Text

#: what some kinds can't do without
NEEDED: dict[str, dict[str, Any]] = {
    "precomputed": {"path": "v.npz"}, "function": {"target": "a:b"}, "estimator": {"estimator": "a:b"},
    "command": {"argv": ["x"]}, "label_studio": {"url": "http://127.0.0.1:1"}, "sentence_transformers": {"model": "m"},
}  # fmt: skip
#: a text of these may be empty: nothing is set then, or it is a free remark
MAY_BE_EMPTY = {
    "store", "pool", "probes", "guidelines", "gold", "version", "label", "positive", "folder", "commit", "prompt",
    "device", "name", "study", "truth_file", "token_file", "lexicon_file", "title", "currency",
    "start", "truth", "pretrained",
}  # fmt: skip


def _fields():
    for table, field in Settings.model_fields.items():
        if table in FAMILIES:
            for kind in FAMILIES[table]:
                for name, inner in record_type(table, kind).model_fields.items():
                    yield table, kind, name, inner.annotation
        elif isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            for name, inner in field.annotation.model_fields.items():
                yield table, "", name, inner.annotation
        else:
            yield table, "", "", field.annotation


FIELDS = list(_fields())


def _given(table: str, kind: str, name: str, value: Any) -> dict[str, Any]:
    if not name:
        return {table: value}
    content = {**NEEDED.get(kind, {}), **({"kind": kind} if kind else {}), name: value}
    return {table: [content] if table == "perturbations" else content}


def _bad(name: str, annotation: Any) -> dict[str, Any]:
    """What no field of this type takes."""
    kinds = {annotation, *get_args(annotation)}
    bad: dict[str, Any] = {"a table of lists": {"x": [{"y": 1}]}, "a list of tables": [{"x": 1}]}
    if "Mapping" in str(annotation) or "dict" in str(annotation):
        del bad["a table of lists"]
    bad |= {"NaN": math.nan, "infinity": math.inf, "minus infinity": -math.inf, "too large": 10**30}
    if {int, str} <= kinds:  # a label: whatever stands in a file
        del bad["too large"]
    elif kinds & {int, float}:
        bad |= {"negative": -3, "a word": "many", "true": True, "nothing": "", "a large number": MOST * 10.0}
    elif annotation is str and name not in MAY_BE_EMPTY:
        bad |= {"nothing": ""}
    elif annotation is bool:
        bad |= {"a word": "perhaps", "nothing": "", "two": 2}
    return bad


@pytest.mark.parametrize(
    ("table", "kind", "name", "annotation"), FIELDS, ids=lambda v: str(v) if isinstance(v, str) else ""
)
def test_what_a_setting_cannot_be(table, kind, name, annotation):
    bad = _bad(name or table, annotation)
    if (kind, name) == ("simulated", "key"):  # the key of a stream is as large
        bad = {k: v for k, v in bad.items() if k not in ("too large", "a large number")}
    for what, value in bad.items():
        with pytest.raises(ConfigError) as caught:
            parse(_given(table, kind, name, value))
        message = str(caught.value)
        assert "\n" not in message
        assert len(message) < 400
        assert (name or table) in message or name == "kind", f"{what}: {message}"
        assert table in message, f"{what}: {message}"
        assert caught.value.exit_code == 2


@pytest.mark.parametrize("table", [*FAMILIES, "source", "ask", "limits"])
@pytest.mark.parametrize("value", [5, "tfidf", True, None, math.nan, [1]], ids=str)
def test_a_table_is_a_table(table, value):
    with pytest.raises(ConfigError, match=table):
        parse({table: value})


@pytest.mark.parametrize(
    ("store", "says"),
    [
        ("foo://user:secret@host/x", "a database that is unknown (foo)"),
        ("nonsense", "no SQLAlchemy address"),
        ("postgresql+nothing://user:secret@host/x", "a database that is unknown"),
        ("oracle+cx_oracle://user:secret@host/x", "not installed"),
    ],
)
def test_a_store_that_does_not_exist(store, says):
    with pytest.raises(ConfigError) as caught:
        parse({"store": store})
    assert says in str(caught.value)
    assert "secret" not in str(caught.value)


def test_what_only_python_can_give_is_no_setting():
    with pytest.raises(ConfigError, match="instance is no setting"):
        parse({"system": {"kind": "estimator", "estimator": "a:b", "instance": {"x": 1}}})


@pytest.mark.parametrize("option", ["ask.batch=inf", "ask.minutes=nan", "ask.batch=true", "ask.batch={x=1}", "ask=3"])
def test_options_of_the_command_line(option):
    with pytest.raises(ConfigError, match=r"ask"):
        parse(settings_of([option]))


PUBLIC = [getattr(activeseed, name) for name in activeseed.__all__]
RECORDS = [value for value in PUBLIC if isinstance(value, type) and issubclass(value, Checked)]


@pytest.mark.parametrize("record", RECORDS, ids=lambda r: r.__name__)
def test_public_constructors_raise_the_products_errors(record):
    assert RECORDS
    with pytest.raises(UsageError, match=record.__name__) as caught:
        record(no_such_field=1)
    assert "no_such_field" in str(caught.value) or "is missing" in str(caught.value)
    for name, field in record.model_fields.items():
        if field.annotation is Any or field.exclude:
            continue
        with pytest.raises(ActiveseedError):
            record(**{name: math.nan})


def test_every_public_record_is_one_of_them():
    records = [v for v in PUBLIC if isinstance(v, type) and issubclass(v, BaseModel)]
    assert records
    assert all(issubclass(v, Checked) for v in records)


def test_a_record_in_another_one_is_refused_with_its_place():
    with pytest.raises(ConfigError, match=r"Settings: ask\.batch = 0: it has to be at least 1\."):
        Settings(ask={"batch": 0})  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=r"Item: payload\.text\.text = 3: it has to be a text\."):
        Item(id="a", payload={"kind": "text", "text": 3})  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=r"Answer: confidence = nan"):
        Answer(id="a", question="q", annotator="n", verdict="keep", confidence=math.nan)
    assert Item.model_validate({"id": "a", "payload": {"kind": "text", "text": "t"}}).payload == Text(text="t")


@pytest.mark.parametrize("value", ["[" * 5000 + "]" * 5000, "9" * 5000], ids=["nested", "long"])
def test_values_that_no_parser_survives(value, tmp_path):
    with pytest.raises(ConfigError):
        parse(settings_of([f"ask.batch={value}"]))
    (tmp_path / "activeseed.toml").write_text(f"[ask]\nbatch = {value}\n")
    with pytest.raises(ConfigError, match=r"activeseed\.toml"):
        read_settings(tmp_path)


def test_a_byte_order_mark_before_the_settings_is_none_of_them(tmp_path):
    (tmp_path / "activeseed.toml").write_bytes(b"\xef\xbb\xbf[ask]\nbatch = 3\n")
    assert read_settings(tmp_path).ask.batch == 3
