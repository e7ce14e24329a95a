"""Command lines that can't be, answers that fit nothing, folders that are damaged, trainers that misbehave."""

import json
import os
import sqlite3
import sys

import pytest

from activeseed.cli.app import run
from tests.refusing import contents, refused, rows
from tests.small_project import init_arguments, write_inputs

#: command lines in a project, and a word of the answer
COMMANDS: tuple[tuple[str, str], ...] = (
    ("nosuch", "nosuch"), ("raink", "rank"), ("--nosuch", "--nosuch"), ("init", "DIR"), ("init x", "--from"),
    ("status --jsn", "'--json'"), ("status extra", "extra"), ("status --dir", "--dir"), ("status --dir none", "init"),
    ("check --time --nosuch", "--nosuch"), ("rank --by value --by", "--by"), ("rank --by nosuch", "nosuch"),
    ("rank --by efect", "'effect'"), ("rank --law nosuch", "nosuch"), ("rank --top x", "whole number"),
    ("rank --top=-1", "at least 0"),
    ("rank --top 1.5", "whole number"), ("rank --csv no/such/r.csv", "no/such"), ("rank --csv .", "."),
    ("rank --parquet no/such/r.parquet", "no/such"), ("rank --law wordings", "another wording"),
    ("queue --item nosuch", "nosuch"), ("queue --item fltter", "'flatter'"), ("queue --batch=-1", "--batch"),
    ("queue --batch x", "whole number"), ("queue --batch 1.5", "--batch"), ("queue --to no/such/q.jsonl", "no/such"),
    ("queue --to label_studio", "label_studio"), ("queue --to nosuch", "nosuch"), ("queue --to q.docx", ".docx"),
    ("queue --kind nosuch", "nosuch"), ("queue --write-more nosuch", "--write-more"),
    ("queue --merge flatter", "--merge"), ("queue --withdraw r9-99", "r9-99"), ("annotate --name", "--name"),
    ("annotate --nosuch", "--nosuch"), ("pull --nosuch", "--nosuch"), ("pull extra", "extra"),
    ("answers import", "FILE"), ("answers import none.jsonl", "none.jsonl"), ("answers import .", "."),
    ("answers import seed.docx", ".docx"), ("answers export no/such/a.jsonl", "no/such"),
    ("answers take-back", "ANSWER"), ("answers take-back a1", "a1"), ("answers nosuch", "nosuch"),
    ("seed nosuch", "nosuch"), ("seed diff v0 v9", "v9"), ("seed diff x y", "x"), ("seed diff v-1 v0", "v-1"),
    ("seed export", "FILE"), ("seed export out.docx", ".docx"), ("seed export no/such/s.csv", "no/such"),
    ("seed export . ", "."), ("seed export s.csv --version v9", "v9"), ("seed sync none.jsonl", "none.jsonl"),
    ("seed sync .", "."), ("seed sync s.docx", ".docx"), ("seed pin", "NAME"), ("seed pin latest", "latest"),
    ("seed pin v0", "v0"), ("seed pin x --version v9", "--version"), ("seed revert v9 --yes", "v9"),
    ("seed revert", "VERSION"), ("seed revert v7", "v7"), ("loop --annotator nosuch", "nosuch"),
    ("loop --annotator simulated", "--truth"), ("loop --annotator simulated --truth none.jsonl", "none.jsonl"),
    ("loop --rounds x", "--rounds"), ("loop --rounds=-1", "--rounds"), ("serve", "label_studio"),
    ("serve --port x", "--port"), ("serve --port 99999", "--port"), ("serve --address nosuch", "--address"),
    ("report --out no/such/r.html", "no/such"), ("report --out .", "."), ("label-studio nosuch", "nosuch"),
    ("label-studio check", "label_studio"), ("label-studio renew", "label_studio"),
    ("label-studio up --port x", "--port"), ("demo --nosuch", "--nosuch"), ("demo --example nosuch", "--example"),
    ("init . --from positives.jsonl", "already"), ("init seed.jsonl --from seed.jsonl", "is a file"),
    ("init new --from seed.jsonl --set x", "--set"), ("init new --from seed.jsonl --set =1", "--set"),
    ("init new --from seed.jsonl --set .=1", "--set"), ("init new --from seed.jsonl --set ask.batch.x=1", "batch"),
    ("init new --from seed.jsonl --base-rate x", "--base-rate"),
    ("init new --from seed.jsonl --base-rate 80", "base_rate"),
    ("init new --from seed.jsonl --rest nosuch", "--rest"),
    ("init new --from seed.jsonl --gold-from-sure=-1", "--gold-from-sure"),
    ("init new --from seed.jsonl --gold-from-sure x", "--gold-from-sure"),
    ("init new --from seed.jsonl --system leage", "oversight_league"),
    ("init new --from seed.jsonl --embedder tfdif", "tfidf"), ("init new --from seed.jsonl", "p"),
    ("init new --from seed.jsonl --from", "--from"), ("init new new --from seed.jsonl", "new"),
)  # fmt: skip


@pytest.mark.parametrize(("line", "word"), COMMANDS, ids=[line for line, _ in COMMANDS])
def test_command_lines(line, word, study, capsys, monkeypatch):
    monkeypatch.chdir(study)
    before = contents(study)
    refused(capsys, line.split(), word)
    if line.split()[0] not in ("rank", "report"):  # what was trained until then is kept
        assert contents(study) == before
    assert not list(study.rglob("*.part"))


def test_what_a_console_says_of_any_byte_is_one_sentence(study, capsys, monkeypatch):
    monkeypatch.chdir(study)
    for odd in ("", " ", "\x00", "\x1b[31m", "\udcff", "é" * 500, "-", "--", "'", "a\nb"):
        refused(capsys, ["seed", "diff", "v0", f"x{odd}"])
        refused(capsys, ["queue", "--item", f"x{odd}"])


# --- answers ----------------------------------------------------------------------------------------------------------

ADA = {"question": "{q}", "annotator": "ada"}
KEEP = {**ADA, "verdict": "keep"}
ANSWERS = {
    "nothing": ("a.jsonl", b"", "no answers"),
    "white space": ("a.jsonl", b"\n \n", "no answers"),
    "no JSON": ("a.jsonl", b"keep\n\n", "a.jsonl"),
    "a list": ("a.jsonl", b"[1]\n", "a.jsonl"),
    "a number": ("a.jsonl", b"7\n", "a.jsonl"),
    "no UTF-8": ("a.jsonl", b"\xff\n", "UTF-8"),
    "an unknown question": ("a.jsonl", rows({**KEEP, "question": "r9"}), "r9"),
    "no question": ("a.jsonl", rows({"annotator": "ada", "verdict": "keep"}), "question"),
    "no verdict at all": ("a.jsonl", rows(ADA), "verdict"),
    "an unknown verdict": ("a.jsonl", rows({**ADA, "verdict": "kep"}), "verdict"),
    "a verdict of another kind": ("a.jsonl", rows({**ADA, "verdict": "flip"}), "flip"),
    "an unknown variant": ("a.jsonl", rows({**ADA, "verdict": "choose", "variant": "wording-9"}), "wording-9"),
    "an unknown field": ("a.jsonl", rows({**KEEP, "comnent": "x"}), "comment"),
    "an edit to nothing": ("a.jsonl", rows({**ADA, "verdict": "edit", "text": ""}), "text"),
    "an edit to blanks": ("a.jsonl", rows({**ADA, "verdict": "edit", "text": " \n"}), "edit"),
    "an edit without a text": ("a.jsonl", rows({**ADA, "verdict": "edit"}), "text"),
    "an edit of a megabyte": ("a.jsonl", rows({**ADA, "verdict": "edit", "text": "x" * 2**20}), "limit"),
    "half a character": ("a.jsonl", rows({**ADA, "verdict": "edit", "text": "\ud800"}), "half a character"),
    "a confidence of 80": ("a.jsonl", rows({**KEEP, "confidence": 80}), "confidence"),
    "a confidence in words": ("a.jsonl", rows({**KEEP, "confidence": "sure"}), "confidence"),
    "a confidence below nought": ("a.jsonl", rows({**KEEP, "confidence": -1}), "confidence"),
    "NaN seconds": ("a.jsonl", rows({**KEEP, "seconds": float("nan")}), "a.jsonl"),
    "seconds below nought": ("a.jsonl", rows({**KEEP, "seconds": -5}), "seconds"),
    "seconds in words": ("a.jsonl", rows({**KEEP, "seconds": "long"}), "seconds"),
    "unticked of no list": ("a.jsonl", rows({**ADA, "verdict": "confirm", "unticked": ["nosuch"]}), "confirm"),
    "depth": ("a.jsonl", b'{"question": ' + b"[" * 50_000 + b"\n\n", "a.jsonl"),
    "a name of a kilobyte": ("a.jsonl", rows({**KEEP, "annotator": "x" * 1024}), "annotator"),
    "no header, csv": ("a.csv", b"{q},ada,keep\n", "a.csv"),
    "an unknown column, csv": ("a.csv", b"question,annotator,verdikt\n{q},ada,keep\n", "verdict"),
    "an unknown verdict, csv": ("a.csv", b"question,annotator,verdict\n{q},ada,kep\n", "verdict"),
    "an unknown question, csv": ("a.csv", b"question,annotator,verdict\nr9,ada,keep\n", "r9"),
    "a wide cell, csv": ("a.csv", b"question,annotator,verdict,comment\n{q},ada,keep," + b"x" * 2**21 + b"\n", "limit"),
    "an open quote, csv": ("a.csv", b'question,annotator,verdict\n{q},ada,"keep\n', "a.csv"),
    "no UTF-8, csv": ("a.csv", b"question,verdict\n{q},\xff\xfe\xfd\n", "UTF-8"),
    "nothing, csv": ("a.csv", b"", "no answers"),
    "no format": ("a.docx", b"x", ".docx"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "data", "word"), ANSWERS.values(), ids=ANSWERS)
def test_answers(name, data, word, study, capsys):
    (asked, *_) = _pending(study)
    (study / name).write_bytes(data.replace(b"{q}", asked.encode()))
    refused(capsys, ["answers", "import", study / name, "--dir", study], word)
    assert len(_pending(study)) == 2
    assert run(["seed", "log", "--dir", str(study)]) == 0
    assert "v1" not in capsys.readouterr().out


def _pending(study):
    from activeseed.study import Study

    return [q.id for q in Study.open(study).pending]


# --- folders ----------------------------------------------------------------------------------------------------------


def empty_journal(study):
    (study / ".activeseed" / "journal.db").write_bytes(b"")


def garbage_journal(study):
    (study / ".activeseed" / "journal.db").write_bytes(b"not a database" * 100)


def cut_journal(study):
    file = study / ".activeseed" / "journal.db"
    file.write_bytes(file.read_bytes()[: 5 * 4096 + 100])


def foreign_journal(study):
    file = study / ".activeseed" / "journal.db"
    file.unlink()
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE events (x)")
        connection.execute("INSERT INTO events VALUES (1)")
    connection.close()


def broken_bodies(study):
    with sqlite3.connect(study / ".activeseed" / "journal.db") as connection:
        connection.execute("UPDATE events SET body = '{' WHERE sequence = 1")
    connection.close()


def strange_bodies(study):
    with sqlite3.connect(study / ".activeseed" / "journal.db") as connection:
        connection.execute("UPDATE events SET body = '[]' WHERE sequence = 1")
    connection.close()


def no_settings(study):
    (study / "activeseed.toml").unlink()


def settings_are_a_folder(study):
    (study / "activeseed.toml").unlink()
    (study / "activeseed.toml").mkdir()


def no_journal(study):
    import shutil

    shutil.rmtree(study / ".activeseed")


def inside_is_a_file(study):
    no_journal(study)
    (study / ".activeseed").write_text("x", "utf-8")


def settings_of_another_study(study):
    file = study / "activeseed.toml"
    file.write_text(file.read_text("utf-8").replace("\nsteps = 3\n", "\nsteps = 4\n"), "utf-8")


FOLDERS = (
    empty_journal, garbage_journal, cut_journal, foreign_journal, broken_bodies, strange_bodies, no_settings,
    settings_are_a_folder, no_journal, inside_is_a_file, settings_of_another_study,
)  # fmt: skip


@pytest.mark.parametrize("command", ["status", "rank", "seed log", "pull"])
@pytest.mark.parametrize("spoil", FOLDERS, ids=lambda f: f.__name__.replace("_", " "))
def test_folders(spoil, command, study, capsys):
    spoil(study)
    before = contents(study)
    refused(capsys, [*command.split(), "--dir", study], code=(1, 2))
    if spoil is not empty_journal:  # that one is a journal which nothing was written to yet
        assert contents(study) == before


# --- trainers ---------------------------------------------------------------------------------------------------------

PROGRAM = """import json, os, sys, time
lines = sys.stdin.read().splitlines()
probes = json.loads(lines[0])["outcomes"]
for line in lines[1:]:
    row = json.loads(line)
    outcome = [0.5] * probes
    {body}
    print(json.dumps({{"row": row["row"], "outcome": outcome}}))
"""
PROGRAMS = {
    "exits with 3": ("sys.exit(3)", "code 3"),
    "kills itself": ("os.kill(os.getpid(), 9)", "SIGKILL"),
    "says an error": ("""print(json.dumps({"row": row["row"], "error": "no memory"})); continue""", "no memory"),
    "says nothing": ("continue", "without an outcome"),
    "too few numbers": ("outcome = outcome[1:]", "shape"),
    "words": ("outcome = ['x'] * probes", "number"),
    "no JSON": ("print('half'); continue", "JSON"),
    "another row": ("""row["row"] = 99""", "99"),
    "NaN": ("outcome[0] = float('nan')", "finite"),
    "leaves with a sentence": ("sys.exit('no luck today')", "no luck today"),
    "escape sequences": ("sys.stderr.write('\\x1b[2Jgone'); sys.exit(1)", "gone"),
    "no UTF-8": ("sys.stdout.buffer.write(b'\\xff\\n'); sys.stdout.flush(); continue", "line 1"),
    "no outcome": ("""print(json.dumps({"row": row["row"]})); continue""", "outcome"),
    "hangs": ("time.sleep(60)", "timed out"),
}  # fmt: skip


@pytest.mark.parametrize(("body", "word"), PROGRAMS.values(), ids=PROGRAMS)
def test_programs(body, word, tmp_path, capsys):
    (tmp_path / "train.py").write_text(PROGRAM.format(body=body), "utf-8")
    argv = json.dumps([sys.executable, "-S", str(tmp_path / "train.py")])
    study = own(tmp_path, "command", f"argv={argv}", "timeout=2", "deterministic=true")
    refused(capsys, ["rank", "--dir", study], word, code=1)


FUNCTIONS = {
    "raises": ("raise ValueError('too high')", "too high"),
    "raises nothing to say": ("raise RuntimeError", "RuntimeError"),
    "raises what ends Python": ("raise SystemExit(3)", "SystemExit"),
    "raises Ctrl-C": ("raise KeyboardInterrupt", "KeyboardInterrupt"),
    "returns nothing": ("return None", "None"),
    "returns a text": ("return 'x' * len(probes)", "array"),
    "returns too many": ("return [0.5] * (len(probes) + 1)", "shape"),
    "returns a table": ("return [[0.5] * len(probes)]", "shape"),
    "returns complex numbers": ("return [0.5j] * len(probes)", "complex"),
    "returns booleans": ("return [True] * len(probes)", "truth values"),
    "returns bytes": ("return b'x' * len(probes)", "bytes"),
    "returns infinity": ("return [float('inf')] * len(probes)", "finite"),
    "returns itself": ("return train", "function"),
    "never ends its recursion": ("return train(items, key, probes)", "RecursionError"),
    "raises half a character": ("raise ValueError('\\ud800')", "ValueError"),
    "raises a book": ("raise ValueError('x' * 10**6)", "ValueError"),
    "raises lines": ("raise ValueError('one\\nError: two')", "one"),
}  # fmt: skip


@pytest.mark.parametrize(("body", "word"), FUNCTIONS.values(), ids=FUNCTIONS)
def test_functions(body, word, tmp_path, capsys):
    (tmp_path / "train.py").write_text(f"def train(items, key, probes):\n    {body}\n", "utf-8")
    study = own(tmp_path, "function", f"target={tmp_path / 'train.py'}:train", "deterministic=true")
    refused(capsys, ["rank", "--dir", study], word, code=1)


MODULES = {
    "is no Python": "def train(:\n",
    "raises where it is read": "raise RuntimeError('not today')\n",
    "leaves where it is read": "import sys\nsys.exit(0)\n",
    "is no text": "\x00",
}


@pytest.mark.parametrize("text", MODULES.values(), ids=MODULES)
def test_modules(text, tmp_path, capsys):
    (tmp_path / "train.py").write_text(text, "utf-8")
    inputs = write_inputs(tmp_path / "in")
    refused(capsys, own_arguments(inputs, tmp_path, "function", f"target={tmp_path / 'train.py'}:train"), "train.py")


def own_arguments(inputs, folder, kind, *options):
    kept = [a for a in init_arguments(inputs, folder / "own") if not a.startswith("--set=system")]
    at = kept.index("--pool")
    kept = kept[:at] + kept[at + 2 :]
    return [*kept, "--system", kind, "--set=executor.kind=in_process", *(f"--set=system.{o}" for o in options)]


def own(folder, kind, *options):
    assert run(own_arguments(write_inputs(folder / "in"), folder, kind, *options)) == 0
    return folder / "own"


def test_a_terminal_of_no_size_and_a_closed_stdin_are_no_reason_to_fail(study, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "0")
    with open(os.devnull) as nothing:
        monkeypatch.setattr("sys.stdin", nothing)
        assert run(["status", "--dir", str(study)]) == 0
        assert run(["annotate", "--dir", str(study)]) == 0
    assert len(_pending(study)) == 2
