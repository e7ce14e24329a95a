"""Settings that can't be: each of `activeseed.toml`, and each as `--set` has it."""

import tomllib

import pytest

from activeseed.config import FAMILIES, record_type
from tests.refusing import contents, refused
from tests.small_project import init_arguments, write_inputs

#: table.name -> values that it can't have
WRONG: dict[str, tuple[str, ...]] = {
    "key": ("-1", "1.5", '"x"', "[]", "true", "inf"),
    "replicates": ("1", "0", "-3", "2.5", '"many"', "nan"),
    "store": ("5", "[]", '"no address"', '"nosuch://host/name"', '"postgresql+nothing://h/d"'),
    "source": ("5", '"x"', "[]"),
    "source.seed": ("5", "[]", "true"),
    "source.columns": ("5", '"text"', "[1]"),
    "system": ("5", '"oversight_league"', "[]"),
    "system.kind": ('"leage"', '""', "5", "[]", '"no:"', '":no"', '"a b:c"', '"nosuch.module:Name"', '"json:nosuch"'),
    "system.rounds": ("-1", '"four"', "nan", "inf", "1e12", "[]", "true"),
    "system.steps": ("-1", '"x"', "10000000000000"),
    "system.nosuch": ("1",),
    "embedder": ("5", '"tfidf"'),
    "embedder.kind": ('"tfdif"', "5", '"os:system"'),
    "estimator.kind": ('"atuo"', "5"),
    "estimator.keys": ("0", "-1", '"x"', "nan"),
    "annotator.kind": ('"terminl"', "5"),
    "executor.kind": ('"proceses"', "5"),
    "perturbations": ("5", '"drop"', "[5]", '["drop"]', "[{kind = 'dorp'}]"),
    "belief.base_rate": ("0", "1", "80", "-0.1", "nan", "inf", '"x"', "true"),
    "belief.rest": ('"nowhere"', "5"),
    "ask.batch": ("0", "-1", "1.5", "100000000", '"x"', "nan", "true"),
    "ask.annotators": ("0", "26", "nan"),
    "ask.enough": ("0", "1.1", "nan"),
    "ask.error": ("0.5", "0.7", "-0.1", "nan", "inf"),
    "ask.minutes": ("0", "-1", "nan", "inf", '"x"'),
    "ask.random_share": ("-0.1", "1.1", "nan"),
    "ask.repeat_share": ("0.6", "nan"),
    "ask.readings": ("0", "1.5"),
    "ask.consequences": ("-1", "51"),
    "ask.confirm": ('"maybe"', "5"),
    "stopping.flips": ("-0.1", "1.5", "nan", "inf"),
    "stopping.risk": ("-1", "nan", "inf"),
    "stopping.draws": ("199", "0", "1e20"),
    "stopping.answers": ("-1", "1.5", "nan"),
    "stopping.nosuch": ("1",),
    "limits.megabytes": ("15", "nan", '"x"'),
    "limits.failed_share": ("-0.1", "1.1", "nan"),
    "limits.price": ("-1", "nan", "inf"),
    "limits.money": ("-1", "inf"),
    "limits.seconds": ("-1", "nan"),
    "nosuch": ("1", "{}"),
    "nosuch.table": ("1",),
    "ask": ("5", "[]", '"x"'),
    "limits": ("[]",),
}
SET = {f"{name} = {value}": (name, value) for name, values in WRONG.items() for value in values}


@pytest.mark.parametrize(("name", "value"), SET.values(), ids=SET)
def test_set(name, value, tmp_path, capsys):
    inputs = write_inputs(tmp_path / "in")
    before = contents(tmp_path)
    sentence = refused(capsys, [*init_arguments(inputs, tmp_path / "study"), "--set", f"{name}={value}"])
    last = name.rpartition(".")[2]
    assert last in sentence or name.partition(".")[0] in sentence, f"it does not say which: {sentence}"
    assert contents(tmp_path) == before


EDITED = {
    f"{name} = {value}": (name, value)
    for name, values in WRONG.items()
    for value in values[:2]
    if name not in ("system.nosuch",)
}


@pytest.mark.parametrize(("name", "value"), EDITED.values(), ids=EDITED)
def test_edited(name, value, study, capsys):
    import tomlkit

    file = study / "activeseed.toml"
    document = tomlkit.parse(file.read_text("utf-8"))
    place = document
    *tables, last = name.split(".")
    for table in tables:
        place = place.setdefault(table, tomlkit.table())
    place[last] = tomlkit.parse(f"x = {value}")["x"]
    file.write_text(tomlkit.dumps(document), "utf-8")
    before = contents(study)
    # whoever only looks may, as far as nothing is imported: a module that isn't there is missed when it is used
    imported = value.count(":") == 1 and name.endswith(".kind") and value not in ('"no:"', '":no"', '"a b:c"')
    refused(capsys, ["check" if imported else "status", "--dir", study])
    assert contents(study) == before


TEXTS = {
    "nothing is TOML": ("{", "TOML"),
    "a bracket": ("[system", "TOML"),
    "a key twice": ("key = 1\nkey = 2\n", "TOML"),
    "a table twice": ("[ask]\n[ask]\n", "TOML"),
    "no value": ("key =\n", "TOML"),
    "JSON": ('{"key": 1}', "TOML"),
    "a NUL": ("key = 1\x00", "TOML"),
    "half a number": ("key = 1_\n", "TOML"),
    "depth": ("key = " + "[" * 20_000, "activeseed.toml"),
    "digits": ("key = " + "9" * 10_000, "TOML"),
}


@pytest.mark.parametrize(("text", "word"), TEXTS.values(), ids=TEXTS)
def test_texts(text, word, study, capsys):
    (study / "activeseed.toml").write_text(text, "utf-8")
    refused(capsys, ["status", "--dir", study], word)


@pytest.mark.parametrize("data", [b"\xff\xfe\x00", b"key = '\xc3\x28'\n"])
def test_bytes(data, study, capsys):
    (study / "activeseed.toml").write_bytes(data)
    refused(capsys, ["status", "--dir", study], "activeseed.toml")


#: options of trainers of one's own
TRAINERS = {
    "a command without a program": ("command", [], "argv"),
    "a command as one text": ("command", ['argv="python train.py"'], "list"),
    "a command of nothing": ("command", ["argv=[]"], "argv"),
    "a command of numbers": ("command", ["argv=[1]"], "argv"),
    "no such program": ("command", ['argv=["no-such-program-here"]'], "no-such-program-here"),
    "a program that may not be run": ("command", ['argv=["./positives.jsonl"]'], "positives.jsonl"),
    "a folder that is not there": ("command", ['argv=["true"]', 'folder="none"'], "none"),
    "no time at all": ("command", ['argv=["true"]', "timeout=0"], "timeout"),
    "endless time": ("command", ['argv=["true"]', "timeout=inf"], "timeout"),
    "an environment of one word": ("command", ['argv=["true"]', 'environment="x"'], "environment"),
    "a distance of its own": ("command", ['argv=["true"]', 'compare="hellingr"'], "compare"),
    "a function without a name": ("function", [], "function"),
    "a function of no module": ("function", ['target="train"'], "target"),
    "a module that is not there": ("function", ['target="nosuch.module:train"'], "nosuch"),
    "a file that is not there": ("function", ['target="none.py:train"'], "none.py"),
    "a name that is not there": ("function", ['target="json:trian"'], "trian"),
    "no function": ("function", ['target="json:__name__"'], "function"),
    "a function of other arguments": ("function", ['target="json:loads"'], "train(items, key)"),
    "an estimator without a name": ("estimator", [], "estimator"),
    "an estimator that is not there": ("estimator", ['estimator="sklearn.svm:SCV"'], "'SCV'"),
    "an estimator of other parameters": ("estimator", ['estimator="sklearn.svm:SVC"', "parameters={D=1}"], "D"),
    "an estimator without labels": (
        "estimator", ['estimator="sklearn.linear_model:LogisticRegression"', 'label="nolabel"'], "nolabel",
    ),
    "an estimator that predicts no probability": ("estimator", ['estimator="sklearn.svm:LinearSVC"'], "predict_proba"),
    "something else than an estimator": ("estimator", ['estimator="json:JSONDecoder"'], "predict_proba"),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "options", "word"), TRAINERS.values(), ids=TRAINERS)
def test_trainers(kind, options, word, tmp_path, capsys):
    inputs = write_inputs(tmp_path / "in")
    arguments = [a for a in init_arguments(inputs, tmp_path / "study") if not a.startswith("--set=system")]
    options = [f"--set=system.{o}" for o in options]
    refused(capsys, [*arguments, "--system", kind, *options], word)
    assert not (tmp_path / "study").exists()


@pytest.mark.parametrize(("family", "kind"), [(f, k) for f, kinds in FAMILIES.items() for k in kinds])
def test_no_kind_takes_a_setting_that_it_does_not_know(family, kind, tmp_path, capsys):
    inputs = write_inputs(tmp_path / "in")
    table = f'{{kind = "{kind}", nosuch_setting = 1}}'
    value = f"[{table}]" if family == "perturbations" else table
    kept = [a for a in init_arguments(inputs, tmp_path / "study") if not a.startswith(f"--set={family}.")]
    kept = [a for a in kept if family != "embedder" or a not in ("--embedder", "tfidf")]
    assert tomllib.loads(f"x = {value}")
    assert "nosuch_setting" not in record_type(family, kind).model_fields
    refused(capsys, [*kept, "--set", f"{family}={value}"], "nosuch_setting")
