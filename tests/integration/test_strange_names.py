"""Names, ids and texts come from anybody: wherever they are printed, they are only text there."""

import json

import pytest

from activeseed.cleaning import clean, escaped, one_line
from activeseed.cli.app import run
from tests.small_project import FAST, WRONG, write_inputs

#: clears the screen; writes to the clipboard; turns the line about; ends the row; a C1 control sequence
EVIL = "\x1b[2J\x1b]52;c;cm0gLXJm\x07\u202e\u2066\x9b31m\x7f"
TAG = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


def unclean(text: str) -> list[str]:
    return sorted({repr(c) for c in text if not c.isprintable() and c not in "\n\t"})


@pytest.fixture
def project(tmp_path, capsys):
    inputs = write_inputs(tmp_path / "in")
    lines = [json.loads(line) for line in (inputs / "positives.jsonl").read_text("utf-8").splitlines()]
    for line in lines:
        line |= {"text": f"{line['text']} {EVIL}{TAG}", "group": f"{line['group']}{EVIL}{TAG}"}
    (inputs / "odd.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    arguments = [
        "init", str(tmp_path / "own"), "--from", str(inputs / "odd.jsonl"), "--pool", str(inputs / "pool.jsonl"),
        "--probes", str(inputs / "probes.jsonl"), "--embedder", "tfidf", *(f"--set={s}" for s in FAST),
    ]  # fmt: skip
    assert run(arguments) == 0
    capsys.readouterr()
    return tmp_path / "own"


def test_no_command_prints_what_a_terminal_acts_on(project, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(project)
    monkeypatch.setenv("COLUMNS", "160")
    assert run(["queue", "--item", WRONG[0], "--item", WRONG[1], "--json"]) == 0
    asked = json.loads(capsys.readouterr().out)
    answers = [
        {"question": q["id"], "annotator": f"eve{EVIL}{TAG}", "verdict": "reject", "comment": f"so {EVIL}{TAG}"}
        for q in asked
    ]
    (project / "a.jsonl").write_text("".join(json.dumps(a) + "\n" for a in answers), "utf-8")
    commands = (
        ["answers", "import", "a.jsonl"], ["status"], ["status", "--json"], ["rank"], ["rank", "--json"], ["check"],
        ["seed", "log"], ["seed", "log", "--json"], ["seed", "diff", "v0", "latest"],
        ["seed", "diff", "v0", "latest", "--json"], ["seed", "pin", f"first{EVIL}"], ["seed", "pin", "first"],
        ["queue"], ["queue", "--json"], ["answers", "export"], ["report", "--out", "r.html"],
        ["rank", "--by", EVIL], ["seed", "diff", EVIL, "v0"], ["answers", "take-back", EVIL], [EVIL],
        ["answers", "import", f"{EVIL}.jsonl"], ["queue", "--item", f"{EVIL}\nError: all is well"],
        ["redundancy", "--folds", "2"], ["explain", EVIL], ["compare", "--draws", "8"], ["removal", "--k", "1"],
        ["certify", f"without:{EVIL}"], ["certify", "--probe", EVIL], ["certify", "--region", EVIL],
        ["certify", "--probes", "2", "--region", "probes"],
        ["seed", "sync", "odd.csv"], ["seed", "revert", "v0", "--yes"],
    )  # fmt: skip
    (project / "odd.csv").write_text(f'id,text,{EVIL}\nnew{EVIL[:4]},"a text{EVIL}",x\n', "utf-8", errors="replace")
    for arguments in commands:
        code = run(arguments)
        out, err = capsys.readouterr()
        assert code in (0, 1, 2), arguments
        assert not unclean(out), (arguments, unclean(out))
        assert not unclean(err), (arguments, unclean(err))
        assert "unexpected" not in err, (arguments, err)
    page = (project / "r.html").read_text("utf-8")
    assert not unclean(page)
    assert "<script" not in page
    assert "<img src" not in page
    assert "&lt;script&gt;" in page


def test_what_is_cleaned_stays_readable():
    assert clean("déjà vu\t— 3 × 4\n") == "déjà vu\t— 3 × 4\n"
    assert one_line(" a\n\x1b[1m b ") == "a \ufffd[1m b"
    text = json.dumps({"a": f"x{EVIL}\U000e0001", "b": "ü"}, ensure_ascii=False, indent=1)
    assert not unclean(escaped(text))
    assert json.loads(escaped(text)) == json.loads(text)
    assert "ü" in escaped(text)
