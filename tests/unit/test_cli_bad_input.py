"""Every mistake gets one message that says what, where and what to do, exits with 2, and leaves files as they were."""

import json
import shutil
from pathlib import Path

import pytest

from activeseed.cli.app import run
from tests.small_project import init_arguments, write_inputs

GOOD = {"id": "a", "text": "a text that is fine"}


def rows(*records) -> bytes:
    return "".join(json.dumps(r) + "\n" for r in records).encode()


def refused(capsys, arguments, *words) -> str:
    """A command is refused with exit code 2 and one message on stderr that holds all words."""
    capsys.readouterr()
    assert run(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    errors = [line for line in err.splitlines() if line.startswith("Error: ")]
    assert len(errors) == 1, err
    assert "Traceback" not in err
    for word in words:
        assert word in err, f"{word!r} is not in: {err}"
    return err


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


# --- the seed file --------------------------------------------------------------------------------------------------

SEEDS = {
    "an empty file": ("seed.jsonl", b"", ["no items"]),
    "one item": ("seed.jsonl", rows(GOOD), ["1 item", "two"]),
    "duplicate ids": ("seed.jsonl", rows(GOOD, GOOD | {"text": "other"}), ["'a'", "seed.jsonl:2"]),
    "a missing text": ("seed.jsonl", rows(GOOD, {"id": "b", "group": "g"}), ["seed.jsonl:2", "text"]),
    "a blank text": ("seed.jsonl", rows(GOOD, {"id": "b", "text": "  "}), ["seed.jsonl:2", "blank"]),
    "NaN in a vector": (
        "seed.jsonl", b'{"id": "a", "vector": [1, 2]}\n{"id": "b", "vector": [1, NaN]}\n', ["seed.jsonl:2", "finite"],
    ),
    "an infinite vector": (
        "seed.csv", b'id,vector\na,"[1, 2]"\nb,"[inf, 2]"\n', ["finite"],
    ),
    "the wrong dimension": (
        "seed.jsonl", rows({"id": "a", "vector": [1, 2]}, {"id": "b", "vector": [1, 2, 3]}),
        ["seed.jsonl:2", "dimension"],
    ),
    "beliefs that do not sum to one": (
        "seed.jsonl", rows(GOOD, {"id": "b", "text": "t", "belief": {"as_written": 0.5, "absent": 0.2}}),
        ["0.7", "sum"],
    ),
    "a belief that is no probability": ("seed.jsonl", rows(GOOD, {"id": "b", "text": "t", "belief": 80}), ["0.8"]),
    "an unknown variant": (
        "seed.jsonl", rows(GOOD, {"id": "b", "text": "t", "belief": {"as_writen": 1.0}}),
        ["'as_writen'", "'as_written'"],
    ),
    "a text of a megabyte": ("seed.jsonl", rows(GOOD, {"id": "b", "text": "x" * 2**20}), ["1,048,576", "limit"]),
    "invalid UTF-8": ("seed.csv", b"id,text\na,fine\nb,\xff\xfe\n", ["UTF-8"]),
    "broken JSON": ("seed.jsonl", b'{"id": "a", "text": "t"}\n{"id": "b", \n', ["seed.jsonl:2"]),
    "an unknown format": ("seed.docx", b"text", [".docx"]),
}  # fmt: skip


@pytest.mark.parametrize(("name", "data", "words"), SEEDS.values(), ids=SEEDS)
def test_bad_seed_files(name, data, words, tmp_path, capsys):
    inputs = write_inputs(tmp_path / "in")
    (inputs / name).write_bytes(data)
    before = contents(inputs)
    project = tmp_path / "study"
    arguments = ["init", str(project), "--from", str(inputs / name), "--probes", str(inputs / "probes.jsonl")]
    refused(capsys, arguments, *words)
    assert not project.exists()
    assert contents(inputs) == before


# --- what init is told ----------------------------------------------------------------------------------------------

OPTIONS = {
    "an unknown column": (["--columns", "text=boody"], ["'boody'"]),
    "a column for what is no field": (["--columns", "txet=text"], ["'txet'", "'text'"]),
    "columns that are no map": (["--columns", "text"], ["text=body"]),
    "a part of a system's name, misspelt": (["--system", "leage"], ["'leage'", "Did you mean 'oversight_league'?"]),
    "a number in words": (["--set", "system.rounds=four"], ["rounds = 'four': it has to be a whole number."]),
    "one of several, misspelt": (
        ["--set", "system.evaluator=lnear"],
        ["evaluator = 'lnear': it has to be 'linear' or"],
    ),
    "too large": (["--set", "ask.error=0.7"], ["ask.error = 0.7: it has to be less than 0.5."]),
    "an unknown system": (["--system", "oversight_leage"], ["'oversight_leage'", "'oversight_league'"]),
    "an unknown embedder": (["--embedder", "tfdif"], ["'tfidf'"]),
    "an unknown setting": (["--set", "system.ruonds=3"], ["'ruonds'", "'rounds'"]),
    "an unknown table": (["--set", "sytem.rounds=3"], ["'sytem'", "'system'"]),
    "a setting out of range": (["--set", "ask.batch=0"], ["batch"]),
    "a setting without a value": (["--set", "ask.batch"], ["--set"]),
    "a base rate that is none": (["--base-rate", "80"], ["base_rate"]),
    "a rest that the items cannot take": (["--rest", "flipped"], ["flipped"]),
    "gold that is no JSON": (["--gold", "{inputs}/guidelines.md"], ["guidelines.md:1"]),
    "no such guidelines": (["--guidelines", "{inputs}/none.md"], ["none.md"]),
    "no such pool": (["--pool", "{inputs}/none.jsonl"], ["none.jsonl"]),
}


@pytest.mark.parametrize(("options", "words"), OPTIONS.values(), ids=OPTIONS)
def test_bad_options_of_init(options, words, tmp_path, capsys):
    inputs = write_inputs(tmp_path / "in")
    (inputs / "guidelines.md").write_text("# For annotators\n", "utf-8")
    project = tmp_path / "study"
    options = [o.format(inputs=inputs) for o in options]
    refused(capsys, [*init_arguments(inputs, project), *options], *words)
    assert not project.exists()


def test_no_such_seed(tmp_path, capsys):
    refused(capsys, ["init", str(tmp_path / "s"), "--from", str(tmp_path / "none.jsonl")], "none.jsonl")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["rank", "--top", "x"], "--top 'x': it has to be a whole number."),
        (["rank", "--top=-1"], "--top '-1': it has to be at least 0."),
        (["queue", "-n", "1.5"], "--batch '1.5': it has to be a whole number."),
    ],
)
def test_numbers_that_are_none(arguments, says, capsys):
    refused(capsys, arguments, says)


def test_here_is_said_in_full(made, capsys, monkeypatch):
    """A folder that can't be written: root may write anywhere, so a file stands where the study's own folder was."""
    monkeypatch.chdir(made)
    inside = made / ".activeseed"
    inside.rename(made / "elsewhere")
    inside.write_text("in the way", "utf-8")
    for settings in ("", 'store = "sqlite:///elsewhere/journal.db"'):
        if settings:
            edit(made, 'store = ""', settings)
        assert str(made) in refused(capsys, ["status"])
    monkeypatch.chdir(made / "elsewhere")
    assert str(made / "elsewhere") in refused(capsys, ["rank"])


def test_no_probes(tmp_path, capsys):
    inputs = write_inputs(tmp_path / "in")
    arguments = [a for a in init_arguments(inputs, tmp_path / "s") if a != "--probes" and "probes.jsonl" not in a]
    refused(capsys, arguments, "probes")
    assert not (tmp_path / "s").exists()


def test_a_pool_that_holds_the_positives(tmp_path, capsys):
    inputs = write_inputs(tmp_path / "in")
    shutil.copy(inputs / "positives.jsonl", inputs / "pool.jsonl")
    refused(capsys, init_arguments(inputs, tmp_path / "s"), "pool", "'plain-no'")
    assert not (tmp_path / "s").exists()


def test_a_folder_that_cannot_be_written(tmp_path, capsys):
    inputs = write_inputs(tmp_path / "in")
    (tmp_path / "file").write_text("in the way", "utf-8")
    refused(capsys, init_arguments(inputs, tmp_path / "file" / "study"), str(tmp_path / "file"))
    refused(capsys, init_arguments(inputs, tmp_path / "file"), "is a file")
    assert (tmp_path / "file").read_text("utf-8") == "in the way"


def test_a_project_is_never_made_over_another(made, tmp_path, capsys):
    inputs = write_inputs(tmp_path / "in")
    before = contents(made)
    refused(capsys, init_arguments(inputs, made), "already holds", "activeseed.toml")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "seed.jsonl").write_text("mine\n", "utf-8")
    refused(capsys, init_arguments(inputs, tmp_path / "mine"), "seed.jsonl")
    assert contents(made) == before
    assert contents(tmp_path / "mine") == {"seed.jsonl": b"mine\n"}


# --- a project that was made ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def template(tmp_path_factory) -> Path:
    inputs = write_inputs(tmp_path_factory.mktemp("inputs"))
    project = tmp_path_factory.mktemp("made") / "study"
    assert run(init_arguments(inputs, project)) == 0
    return project


@pytest.fixture
def made(template, tmp_path) -> Path:
    copy = tmp_path / "made" / "study"
    shutil.copytree(template, copy)
    return copy


def edit(project: Path, was: str, now: str) -> None:
    path = project / "activeseed.toml"
    text = path.read_text("utf-8")
    assert was in text
    path.write_text(text.replace(was, now), "utf-8")


EDITS = {
    "an unknown key": ("\nrounds = 1\n", "\nruonds = 1\n", ["'ruonds'", "'rounds'"]),
    "an unknown kind": ('kind = "tfidf"', 'kind = "tfdif"', ["'tfdif'", "'tfidf'"]),
    "an unknown table": ("[stopping]", "[stoping]", ["'stoping'", "'stopping'"]),
    "a value of the wrong type": ("\nbatch = 3\n", '\nbatch = "many"\n', ["batch"]),
    "no TOML": ("[system]", "[system", ["activeseed.toml", "TOML"]),
}


@pytest.mark.parametrize(("was", "now", "words"), EDITS.values(), ids=EDITS)
def test_bad_configurations(was, now, words, made, capsys):
    edit(made, was, now)
    before = contents(made)
    for command in ("check", "status", "rank", "queue"):
        refused(capsys, [command, "--dir", str(made)], *words)
    assert contents(made) == before


def test_a_configuration_that_was_edited_mid_study(made, capsys):
    assert run(["rank", "--dir", str(made)]) == 0
    edit(made, "\nsteps = 3\n", "\nsteps = 4\n")
    message = refused(capsys, ["rank", "--dir", str(made)], "steps", "3", "4", "--accept")
    assert "[system]" in message
    assert run(["rank", "--dir", str(made), "--accept"]) == 0
    assert run(["rank", "--dir", str(made)]) == 0


@pytest.mark.parametrize("command", [["check"], ["status"], ["rank"], ["queue"], ["pull"], ["seed", "log"], ["loop"]])
def test_a_folder_that_is_no_project(command, tmp_path, capsys):
    refused(capsys, [*command, "--dir", str(tmp_path)], "activeseed init", "--dir")
    refused(capsys, [*command, "--dir", str(tmp_path / "none")], "activeseed init")
    assert list(tmp_path.iterdir()) == []


ANSWERS = {
    "an unknown question": (rows({"question": "r9", "annotator": "ada", "verdict": "keep"}), ["'r9'"]),
    "no verdict": (rows({"question": "{id}", "annotator": "ada"}), ["verdict"]),
    "an unknown verdict": (rows({"question": "{id}", "annotator": "ada", "verdict": "kep"}), ["verdict"]),
    "an unknown variant": (
        rows({"question": "{id}", "annotator": "ada", "verdict": "choose", "variant": "wording-9"}), ["wording-9"],
    ),
    "no JSON": (b"keep\n\n", ["a.jsonl:1"]),
    "no object": (b"[1]\n", ["a.jsonl:1"]),
    "nothing": (b"", ["no answers"]),
    "invalid UTF-8": (b"\xff\n", ["UTF-8"]),
}  # fmt: skip


@pytest.mark.parametrize(("data", "words"), ANSWERS.values(), ids=ANSWERS)
def test_bad_answers(data, words, made, capsys):
    here = ["--dir", str(made)]
    assert run(["queue", "--item", "flatter", "--to", "terminal", "--json", *here]) == 0
    (asked,) = json.loads(capsys.readouterr().out)
    file = made.parent / "a.jsonl"
    file.write_bytes(data.replace(b"{id}", asked["id"].encode()))
    refused(capsys, ["answers", "import", str(file), *here], *words)
    assert run(["status", "--json", *here]) == 0
    assert json.loads(capsys.readouterr().out)["pending"] == 1


def test_an_answer_to_what_has_changed_since_is_kept_and_flagged(made, capsys):
    here = ["--dir", str(made)]
    assert run(["queue", "--item", "flatter", "--to", "terminal", "--json", *here]) == 0
    (asked,) = json.loads(capsys.readouterr().out)
    lines = [json.loads(line) for line in (made / "seed.jsonl").read_text("utf-8").splitlines()]
    for line in lines:
        line["text"] += " Thank you." if line["id"] == "flatter" else ""
    (made / "edited.jsonl").write_bytes(rows(*lines))
    assert run(["seed", "sync", str(made / "edited.jsonl"), *here]) == 0
    capsys.readouterr()
    (made / "a.jsonl").write_bytes(rows({"question": asked["id"], "annotator": "ada", "verdict": "reject"}))
    assert run(["answers", "import", str(made / "a.jsonl"), "--json", *here]) == 0
    told = json.loads(capsys.readouterr().out)
    assert len(told["stale"]) == 1
    assert told["changed"] == []
    assert run(["answers", "export", *here]) == 0
    assert json.loads(capsys.readouterr().out)["counted"] is False


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["seed", "diff", "v0", "v9"], ["'v9'"]), (["seed", "revert", "v9", "--yes"], ["'v9'"]),
        (["seed", "pin", "latest"], ["'latest'"]), (["seed", "export", "out.docx"], [".docx"]),
        (["seed", "sync", "none.jsonl"], ["none.jsonl"]), (["answers", "take-back", "a1"], ["'a1'"]),
        (["queue", "--to", "label_studio"], ["label_studio"]), (["queue", "--to", "no/such/q.jsonl"], ["no/such"]),
        (["loop", "--annotator", "simulated"], ["--truth"]), (["report", "--out", "no/such/r.html"], ["no/such"]),
    ],
    ids=lambda value: " ".join(value),
)  # fmt: skip
def test_bad_arguments_of_a_project(arguments, words, made, capsys, monkeypatch):
    monkeypatch.chdir(made)
    refused(capsys, arguments, *words)


# --- trainers that fail -----------------------------------------------------------------------------------------------

TRAINER = """import json, sys
lines = sys.stdin.read().splitlines()
probes = json.loads(lines[0])["outcomes"]
for line in lines[1:]:
    row = json.loads(line)
    present = {i["id"] for i in row["items"]}
    outcome = [0.25 + 0.5 * ("short" in present) / (p + 1) for p in range(probes)]
    FAIL
    print(json.dumps({"row": row["row"], "outcome": outcome}))
"""
FAILURES = {
    "it says why": 'print(json.dumps({"row": row["row"], "error": "no memory left"})); continue',
    "it returns the wrong shape": "outcome = outcome[:-1]",
}


@pytest.mark.parametrize("fail", FAILURES.values(), ids=FAILURES)
def test_a_trainer_that_always_fails_stops_the_ranking_with_its_reason(fail, tmp_path, capsys):
    project = _own(tmp_path, fail)
    capsys.readouterr()
    assert run(["rank", "--dir", str(project)]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "The trainer was tried on the seed as it stands, and failed" in err
    assert "no memory left" in err or "memory" not in fail
    assert "Traceback" not in err


def test_a_trainer_that_sometimes_fails_is_ranked_and_counted(tmp_path, capsys):
    # all ids have 58 letters, without own-error 49: that row fails, and about one in twelve of those that draw items
    project = _own(tmp_path, "outcome[0] = float('nan') if sum(map(len, present)) % 12 == 1 else outcome[0]")
    edit(project, "failed_share = 0.1", "failed_share = 0.34")
    capsys.readouterr()
    assert run(["rank", "--dir", str(project), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["failed"] > 0
    assert any("failed" in note for note in found["notes"])


def _own(folder: Path, fail: str) -> Path:
    import sys

    inputs = write_inputs(folder / "in")
    (folder / "train.py").write_text(TRAINER.replace("FAIL", fail), "utf-8")
    argv = json.dumps([sys.executable, str(folder / "train.py")])
    arguments = [
        a for a in init_arguments(inputs, folder / "own") if not a.startswith("--set=system") and "pool" not in a
    ]
    arguments += ["--system", "command", "--set", f"system.argv={argv}", "--set", "system.rows_at_a_time=64"]
    arguments += ["--set", "system.deterministic=true"]
    assert run(arguments) == 0
    return folder / "own"
