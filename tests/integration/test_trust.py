"""A stranger's folder runs nothing: what its settings name is used once somebody here agreed to it."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import activeseed as act
from activeseed.cli.app import run
from tests.small_project import init_arguments, write_inputs

#: leaves a mark wherever it is imported or run, and is a trainer of every kind
CODE = """
import json, sys
from pathlib import Path
Path(r"{mark}").touch()

def train(items, key, probes):
    return [0.25 + 0.5 * any(i.id == "short" for i in items) / (n + 2) for n in range(len(probes))]

def make():
    from sklearn.linear_model import LogisticRegression
    return LogisticRegression()

def Kind(**options):
    from activeseed.{of}
    return {makes}

if __name__ == "__main__":
    lines = [json.loads(line) for line in sys.stdin]
    for row in lines[1:]:
        print(json.dumps({{"row": row["row"], "outcome": [0.5] * lines[0]["outcomes"]}}))
"""
LOOKING = (
    ["status"], ["status", "--json"], ["seed", "log"], ["seed", "diff", "v0", "latest"], ["answers", "export"],
    ["seed", "export", "{out}/seed.csv"], ["seed", "pin", "first"],
)  # fmt: skip
USING = (
    ["check"],
    ["rank"],
    ["redundancy"],
    ["certify"],
    ["compare"],
    ["compare", "latest", "v0"],
    ["lock-in"],
    ["removal", "--k", "1"],
    ["queue"],
    ["report", "--out", "{out}/r.html"],
    ["loop", "--yes"],
)
#: a round's questions come from a regression of our own, whatever ranks; what is told which rows to train looks at none
USES_NO_ESTIMATOR = (
    ["queue"], ["loop", "--yes"], ["redundancy"], ["certify"], ["compare", "latest", "v0"], ["lock-in"],
    ["removal", "--k", "1"],
)  # fmt: skip


def write_code(folder: Path, mark: Path, of: str = "embedders import Tfidf", makes: str = "Tfidf()") -> Path:
    sys.modules.pop("mine", None)  # another folder's
    file = folder / "mine.py"
    file.write_text(CODE.format(mark=mark, of=of, makes=makes), "utf-8")
    return file


def strange(study: Path, tmp_path: Path, old: str, new: str) -> Path:
    """The folder as a stranger would send it: a copy elsewhere, its settings edited."""
    folder = tmp_path / "strange"
    shutil.copytree(study, folder)
    settings = folder / "activeseed.toml"
    text = settings.read_text("utf-8")
    assert old in text
    settings.write_text(text.replace(old, new), "utf-8")
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    assert run(init_arguments(write_inputs(folder / "in"), folder / "plain")) == 0
    return folder / "plain"


@pytest.fixture
def plain(made, tmp_path, capsys):
    """A project with nothing in it that runs."""
    capsys.readouterr()
    return shutil.copytree(made, tmp_path / "plain")


KINDS = {
    "a function": ('kind = "oversight_league"', 'kind = "function"\ntarget = "mine.py:train"', "'mine.py:train'"),
    "an estimator": ('kind = "oversight_league"', 'kind = "estimator"\nestimator = "mine.py:make"', "'mine.py:make'"),
    "a program": (
        'kind = "oversight_league"', f'kind = "command"\nargv = [{json.dumps(sys.executable)}, "mine.py"]', "mine.py",
    ),
    "a system": ('kind = "oversight_league"', 'kind = "mine:Kind"', "import 'mine:Kind'"),
    "an embedder": ('kind = "tfidf"', 'kind = "mine:Kind"', "import 'mine:Kind'"),
    "an estimator of effects": ('kind = "auto"', 'kind = "mine:Kind"', "import 'mine:Kind'"),
    "an executor": ('kind = "in_process"', 'kind = "mine:Kind"', "import 'mine:Kind'"),
}  # fmt: skip


def only_system(text: str, kind: str) -> str:
    """The [system] table reduced to its kind: options of the league are none of another trainer."""
    head, _, rest = text.partition("[system]")
    _, mark, after = rest.partition("\n[")
    return f"{head}[system]\n{kind}\n{mark}{after}"


@pytest.mark.parametrize(("old", "new", "words"), KINDS.values(), ids=KINDS)
def test_what_a_strangers_settings_name_is_not_imported_before_somebody_agreed(
    old, new, words, plain, tmp_path, capsys, monkeypatch
):
    folder = strange(plain, tmp_path, old, new)
    if "league" in old:
        settings = folder / "activeseed.toml"
        settings.write_text(only_system(settings.read_text("utf-8"), new), "utf-8")
    mark = tmp_path / "it-ran"
    write_code(folder, mark)
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(str(folder))
    # what was trained by another trainer is no longer comparable, which is said first; a stranger's journal would agree
    agrees(folder)
    for arguments in LOOKING:
        assert run([a.format(out=tmp_path) for a in arguments]) == 0, arguments
        assert not mark.exists(), arguments
    for arguments in USING:
        if '"auto"' in old and arguments in USES_NO_ESTIMATOR:
            continue
        capsys.readouterr()
        code = run([a.format(out=tmp_path) for a in arguments])
        out, err = capsys.readouterr()
        assert not mark.exists(), arguments
        assert code == 2, arguments
        assert err.count("Error: ") == 1
        assert "--trust" in err
        assert words in err
        assert out == ""


def agrees(folder: Path) -> None:
    """Let the journal say what the settings say, as a stranger's would."""
    from activeseed.config import read_settings
    from activeseed.protocols import Event
    from activeseed.store import FolderStore

    FolderStore(folder).append([Event("settings", {"settings": read_settings(folder).shown()})])


def test_agreeing_is_remembered_for_this_folder_and_for_what_was_named(plain, tmp_path, capsys):
    folder = strange(plain, tmp_path, 'kind = "oversight_league"', 'kind = "function"')
    settings = folder / "activeseed.toml"
    text = only_system(settings.read_text("utf-8"), 'kind = "function"\ntarget = "mine.py:train"')
    settings.write_text(text.replace('kind = "processes"', 'kind = "in_process"'), "utf-8")
    mark = tmp_path / "it-ran"
    write_code(folder, mark)
    agrees(folder)
    here = ["--dir", str(folder)]
    assert run(["check", *here]) == 2
    assert run(["check", "--trust", *here]) == 0
    assert mark.exists()
    assert run(["check", *here]) == 0
    # elsewhere, and for something else, nobody has agreed
    other = tmp_path / "moved"
    shutil.copytree(folder, other)
    assert run(["check", "--dir", str(other)]) == 2
    settings.write_text(settings.read_text("utf-8").replace("mine.py:train", "mine.py:make"), "utf-8")
    agrees(folder)
    capsys.readouterr()
    assert run(["check", *here]) == 2
    assert "'mine.py:make'" in capsys.readouterr().err
    # nothing was written into the folder that would agree for somebody else
    assert not list(folder.rglob("*agreed*"))


def test_a_project_that_was_made_here_is_trusted(tmp_path, monkeypatch, capsys):
    inputs = write_inputs(tmp_path / "in")
    mark = tmp_path / "it-ran"
    code = write_code(tmp_path, mark)
    arguments = [a for a in init_arguments(inputs, tmp_path / "own") if not a.startswith("--set=system")]
    arguments += ["--system", "function", f"--set=system.target={code}:train"]
    assert run([*arguments, "--set=executor.kind=in_process"]) == 0
    assert run(["check", "--dir", str(tmp_path / "own")]) == 0
    assert mark.exists()
    copied = act.Study.open(shutil.copytree(tmp_path / "own", tmp_path / "copy"))
    with pytest.raises(act.TrustError, match="--trust"):
        copied.rank()


def test_in_the_library_trust_is_said_or_comes_with_objects(plain, tmp_path, monkeypatch):
    folder = strange(plain, tmp_path, 'kind = "tfidf"', 'kind = "mine:Kind"')
    mark = tmp_path / "it-ran"
    write_code(folder, mark)
    monkeypatch.syspath_prepend(str(folder))
    agrees(folder)
    study = act.Study.open(folder)
    assert study.status()["items"] == 8
    with pytest.raises(act.TrustError, match="import 'mine:Kind'"):
        study.rank()
    assert not mark.exists()
    assert act.Study.open(folder, trust=True).part("embedder").kind == "tfidf"
    assert mark.exists()
    # trust of one opening is not remembered, and settings that were handed over are one's own
    with pytest.raises(act.TrustError):
        act.Study.open(folder).part("embedder")
    assert act.Study.open(folder, settings=act.read_settings(folder)).part("embedder").kind == "tfidf"


def test_a_third_partys_kind_is_written_down_as_it_was_named(tmp_path, monkeypatch, capsys):
    write_code(tmp_path, tmp_path / "it-ran")
    monkeypatch.syspath_prepend(str(tmp_path))
    sys.modules.pop("mine", None)
    inputs = write_inputs(tmp_path / "in")
    arguments = [a for a in init_arguments(inputs, tmp_path / "own") if a not in ("--embedder", "tfidf")]
    assert run([*arguments, "--embedder", "mine:Kind", "--set=embedder.depth=3"]) == 0
    settings = act.read_settings(tmp_path / "own")
    assert settings.record()["embedder"] == {"kind": "mine:Kind", "depth": 3}
    assert run(["rank", "--dir", str(tmp_path / "own")]) == 0
    assert "changed" not in capsys.readouterr().err


ELSEWHERE = {
    "a database": ('store = ""', 'store = "sqlite:////{out}/other.db"', ["status"], "open the database"),
    "a server": (
        'kind = "terminal"\n', 'kind = "label_studio"\nurl = "https://evil.example"\n', ["queue"], "access token",
    ),
    "another token": (
        'kind = "terminal"\n', 'kind = "label_studio"\ntoken_file = "{out}/secret"\n', ["queue"], "secret",
    ),
    "questions": ('kind = "terminal"\n', 'kind = "file"\nquestions = "../rc.jsonl"\n', ["queue"], "../rc.jsonl"),
    "a model": (
        'kind = "tfidf"\n', 'kind = "sentence_transformers"\nmodel = "./model"\n', ["rank"], "./model",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "arguments", "words"), ELSEWHERE.values(), ids=ELSEWHERE)
def test_what_leads_out_of_a_strangers_folder_is_not_followed(old, new, arguments, words, plain, tmp_path, capsys):
    (tmp_path / "private").write_text("what nobody should see", "utf-8")
    old_and_rest = old
    if old.startswith("kind"):  # with the other settings of that kind, which are none of another
        text = (plain / "activeseed.toml").read_text("utf-8")
        old_and_rest = old + text.partition(old)[2].partition("\n\n")[0] + "\n"
    folder = strange(plain, tmp_path, old_and_rest, new.format(out=tmp_path))
    if "sentence" in new:
        agrees(folder)
    before = sorted(p.name for p in tmp_path.iterdir())
    capsys.readouterr()
    assert run([*(a.format(out=tmp_path) for a in arguments), "--dir", str(folder)]) == 2
    err = capsys.readouterr().err
    assert words in err
    assert "--trust" in err
    assert sorted(p.name for p in tmp_path.iterdir()) == before
    assert "what nobody should see" not in err


def test_guidelines_that_lie_elsewhere_are_shown_to_nobody(plain, tmp_path):
    (tmp_path / "private").write_text("what nobody should see", "utf-8")
    folder = strange(plain, tmp_path, 'guidelines = "guidelines.md"', 'guidelines = "../private"')
    with pytest.raises(act.TrustError, match=r"\.\./private"):
        _ = act.Study.open(folder).assignment
    assert act.Study.open(folder, trust=True).assignment.guidelines == "what nobody should see"
    (plain / "guidelines.md").unlink()
    (plain / "guidelines.md").symlink_to(tmp_path / "private")
    with pytest.raises(act.TrustError, match=r"lies elsewhere"):
        _ = act.Study.open(plain).assignment


def test_the_folder_one_stands_in_gives_no_modules(plain, tmp_path):
    """``python -m activeseed`` in a folder that holds modules with the names of ours, or of Python's."""
    for name in ("typing", "json", "numpy", "sqlalchemy", "rich", "typer", "pydantic", "tomllib"):
        (plain / f"{name}.py").write_text(f"open(r'{tmp_path / 'it-ran'}', 'w'); raise SystemExit(9)", "utf-8")
    import os

    place = str(Path(act.__file__).parent.parent)
    environment = {**os.environ, "PYTHONPATH": place}
    done = subprocess.run(
        [sys.executable, "-m", "activeseed", "status"], cwd=plain, env=environment, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert not (tmp_path / "it-ran").exists()
