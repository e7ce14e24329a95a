"""What a study must not tell: every command is run, and every byte that it wrote or printed is looked through."""

import json
import os
import sys
from pathlib import Path

import pytest

from activeseed.cli.app import run
from activeseed.masking import MASK, masked, masked_text, secrets_in, without
from activeseed.study.opening import _hidden_as
from tests.small_project import init_arguments, write_inputs

KEY, PASSWORD, TOKEN = "sk-live-0b7e11d2", "hunter2hunter2", "c0ffee00c0ffee00c0ffee00"
#: a trainer that knows a secret and tells it, wherever it can
TELLS = """import json, os, sys
lines = sys.stdin.read().splitlines()
probes = json.loads(lines[0])["outcomes"]
for line in lines[1:]:
    row = json.loads(line)
    present = {i["id"] for i in row["items"]}
    print("signed in with", os.environ["API_KEY"], file=sys.stderr)
    if sum(map(len, present)) % 12 == 1:
        print(json.dumps({"row": row["row"], "error": "refused " + os.environ["API_KEY"]}))
    else:
        print(json.dumps({"row": row["row"], "outcome": [0.25 + 0.5 * ("short" in present) / (p + 1)
                                                         for p in range(probes)]}))
"""
COMMANDS = (
    ["status"], ["status", "--json"], ["check"], ["check", "--json"], ["rank"], ["rank", "--json"],
    ["queue", "--to", "{out}/q.jsonl"], ["queue", "--json"], ["pull"], ["answers", "export"], ["seed", "log"],
    ["seed", "log", "--json"], ["report", "--out", "{folder}/r.html"], ["queue", "--to", "label_studio"],
    ["redundancy", "--folds", "2"], ["explain"], ["certify"], ["compare", "--draws", "8"], ["removal", "--k", "1"],
    ["label-studio", "check"], ["rank", "--retry", "--traceback"], ["seed", "revert", "v9", "--traceback"],
)  # fmt: skip


@pytest.fixture
def project(tmp_path, monkeypatch):
    inputs = write_inputs(tmp_path / "in")
    (tmp_path / "train.py").write_text(TELLS, "utf-8")
    argv = json.dumps([sys.executable, str(tmp_path / "train.py")])
    arguments = [
        a for a in init_arguments(inputs, tmp_path / "own") if not a.startswith("--set=system") and "pool" not in a
    ]
    arguments += ["--system", "command", "--set", f"system.argv={argv}", "--set", "system.rows_at_a_time=64"]
    arguments += ["--set", "system.deterministic=true", "--set", f'system.environment.API_KEY="{KEY}"']
    arguments += ["--set", "limits.failed_share=0.5", "--set", "executor.kind=in_process"]
    monkeypatch.setenv("ACTIVESEED_LABEL_STUDIO_TOKEN", TOKEN)
    assert run(arguments) == 0
    return tmp_path / "own"


def found_in(folder: Path, secret: str) -> list[str]:
    names = [p for p in folder.rglob("*") if p.is_file() and secret.encode() in p.read_bytes()]
    return sorted(str(p.relative_to(folder)) for p in names)


def test_no_command_tells_or_writes_a_secret(project, tmp_path, capsys, monkeypatch):
    for arguments in COMMANDS:
        run([*(a.format(out=tmp_path, folder=project) for a in arguments), "--dir", str(project)])
    said = "".join(capsys.readouterr())
    assert "failed" in said, "the trainer told of its secret where it failed"
    for secret in (KEY, TOKEN):
        assert secret not in said
    assert found_in(project, KEY) == ["activeseed.toml"], "what the user wrote there stays"
    assert found_in(project, TOKEN) == []
    assert "own environment" in " ".join((project / "activeseed.toml").read_text("utf-8").replace("#", "").split())


def test_something_unexpected_tells_no_secret_either(project, capsys, monkeypatch):
    from activeseed.study import Study

    def broken(_study):
        raise RuntimeError(f"no such key {KEY} at postgresql://me:{PASSWORD}@host/db")

    monkeypatch.setattr(Study, "status", broken)
    run(["status", "--dir", str(project)])
    run(["status", f"--dir={project}", "--traceback"])
    run(["status", "--dir", str(project), f"--set=system.environment.OTHER={PASSWORD}"])
    said = "".join(capsys.readouterr())
    kept = (project / ".activeseed" / "last-error.txt").read_text("utf-8")
    for text in (said, kept):
        assert KEY not in text
        assert PASSWORD not in text
        assert MASK in text


@pytest.mark.parametrize(
    "store",
    [
        f"postgresql://me:{PASSWORD}@127.0.0.1:1/none", f"postgresql+nothing://me:{PASSWORD}@h/d",
        f"nosuch://me:{PASSWORD}@h/d", f"postgres:me:{PASSWORD}@h/d", f"mysql://me:{PASSWORD}@h/d",
        f"postgresql://me@127.0.0.1:1/d?sslpassword={PASSWORD}", f"postgresql://me:{PASSWORD}@host:notaport/d",
    ],
)  # fmt: skip
def test_an_address_is_refused_without_its_password(store, tmp_path, capsys):
    inputs = write_inputs(tmp_path / "in")
    code = run([*init_arguments(inputs, tmp_path / "own"), "--set", f'store="{store}"'])
    out, err = capsys.readouterr()
    assert code in (1, 2)
    assert err.count("Error: ") == 1
    assert "unexpected" not in err
    assert PASSWORD not in out + err
    assert not (tmp_path / "own").exists()


def test_a_wrong_value_under_a_secrets_name_is_not_repeated(tmp_path, capsys):
    inputs = write_inputs(tmp_path / "in")
    arguments = [*init_arguments(inputs, tmp_path / "own"), "--system", "command", '--set=system.argv=["true"]']
    arguments = [a for a in arguments if not a.startswith(("--set=system.rounds", "--set=system.steps"))]
    assert run([*arguments, "--set=system.environment.PIN=48151623"]) == 2
    err = capsys.readouterr().err
    assert "environment.PIN" in err
    assert "48151623" not in err


def test_changing_a_secret_is_no_change_of_the_study(project, capsys):
    settings = project / "activeseed.toml"
    settings.write_text(settings.read_text("utf-8").replace(KEY, "sk-live-other"), "utf-8")
    os.environ.pop("API_KEY", None)
    assert run(["status", "--dir", str(project)]) == 0
    assert "changed" not in capsys.readouterr().err


def test_masks_hide_secrets_and_nothing_else():
    record = {
        "kind": "command", "argv": ["train", "https://u:pw-pw-pw@host/x"], "environment": {"A": "b" * 9, "E": ""},
        "token_file": ".activeseed/token", "api_key": "k" * 9, "nested": [{"password": 12345678}], "key": 7,
        "store": "postgresql://me:p@ss@h/d?sslkey=abcdefgh&x=1",
    }  # fmt: skip
    shown = masked(record)
    assert shown["argv"] == ["train", f"https://u:{MASK}@host/x"]
    assert shown["environment"] == {"A": MASK, "E": ""}
    assert (shown["token_file"], shown["key"], shown["kind"]) == (".activeseed/token", 7, "command")
    assert (shown["api_key"], shown["nested"]) == (MASK, [{"password": MASK}])
    assert shown["store"] == f"postgresql://me:{MASK}@h/d?sslkey={MASK}&x=1"
    assert masked(shown) == shown, "what is masked stays as it is"
    assert {"pw-pw-pw", "b" * 9, "k" * 9, "p@ss", "abcdefgh"} <= set(secrets_in(record))
    assert without(f"said {'b' * 9} and pw", ["b" * 9, "pw"]) == f"said {MASK} and pw"
    ranks = {"authorities": ["root", "system"], "authority": "developer", "author": "somebody"}
    assert masked(ranks) == ranks, "who outranks whom is no secret"
    assert masked({"authorization": "Bearer xyz", "auth": "abcdefgh"}) == {"authorization": MASK, "auth": MASK}
    assert masked_text("a:b@c, no address") == "a:b@c, no address"


def test_what_an_earlier_version_masked_is_no_edit_of_the_settings():
    now = {"system": {"authorities": ["root", "system"], "depth": 3}, "key": 0}
    then = {"system": {"authorities": [MASK, MASK], "depth": 3}, "key": 0}
    assert _hidden_as(now, then) == then
    assert _hidden_as(now, {**then, "system": {"authorities": ["root", "user"], "depth": 3}}) == now, "an edit is one"
