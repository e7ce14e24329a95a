"""What the README shows runs: its Python from top to bottom, its session of commands line by line."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from activeseed.cli.app import run
from activeseed.resources import bundled
from tests.small_project import FAST

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """A folder with the files that the README names, cut down so that trainings are few."""
    source = Path(str(bundled("careful")))
    for name, lines in (("positives", 24), ("pool", 60), ("probes", 30), ("gold", 6)):
        rows = (source / f"{name}.jsonl").read_text("utf-8").splitlines(keepends=True)[:lines]
        (tmp_path / f"{name}.jsonl").write_text("".join(rows), "utf-8")
    return tmp_path


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README.read_text("utf-8"), re.M | re.S)


Typed = Callable[..., tuple[str, str]]


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Typed:
    """Runs a command in a folder, with nobody at the keyboard; it has to end well. Returns its two streams.

    In this process: `tests/e2e` has the commands in processes of their own, each of which would load torch anew.
    """

    def command(place: Path, *words: str) -> tuple[str, str]:
        monkeypatch.chdir(place)
        monkeypatch.setattr("sys.stdin", io.StringIO())
        ended = run(words)
        out, err = capsys.readouterr()
        assert ended == 0, f"{words}\n{out}\n{err}"
        return out, err

    return command


def test_the_python_of_the_readme_runs(
    example: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(example)
    runnable = [b for b in blocks("python") if "import activeseed" in b]
    assert len(runnable) == 2
    for n, block in enumerate(runnable):
        # executed from a file, as a user would: a trainer's fingerprint is made from its source
        path = example / f"block_{n}.py"
        path.write_text(block, "utf-8")
        scope: dict[str, Any] = {"__name__": f"block_{n}", "__file__": str(path)}
        exec(compile(block, str(path), "exec"), scope)  # the README is ours
    printed = capsys.readouterr().out
    assert "effect" in printed
    assert (example / "work" / "activeseed.toml").exists()


def test_the_session_of_the_readme_runs(example: Path, typed: Typed) -> None:
    (session,) = (b for b in blocks("console") if "activeseed init" in b)
    place = example
    commands = [line.removeprefix("$ ").split("#")[0].strip() for line in session.splitlines()]
    assert len(commands) == 10
    for command in commands:
        if command.startswith("cd "):
            place = place / command.split()[1]
            continue
        words = command.split()
        if words[1] in {"annotate", "loop"}:
            continue  # these wait for a human; tests of the command line answer them
        typed(place, *words[1:])
    assert (place / "report.html").stat().st_size > 10_000


@pytest.mark.slow
def test_the_session_about_a_charter_runs(tmp_path: Path, typed: Typed) -> None:
    (session,) = (b for b in blocks("bash") if "--system inference_engine" in b)
    author = tmp_path / "charter.md"
    author.write_bytes((ROOT / "examples" / "charter.md").read_bytes())
    (tmp_path / "cases.csv").write_bytes((ROOT / "examples" / "charter_probes.csv").read_bytes())
    written = author.read_bytes()
    place, said = tmp_path, ""
    commands = [line.split("#")[0].strip() for line in session.splitlines()]
    assert len(commands) == 9
    for command in commands:
        if command.startswith("cd "):
            place = place / command.split()[1]
            continue
        said += "".join(typed(place, *command.split()[1:]))
    assert re.search(r"took \d+ of \d+ sentences", said)
    assert author.read_bytes() == written  # nothing was answered


def test_the_session_about_comparing_runs(example: Path, typed: Typed) -> None:
    (session,) = (b for b in blocks("bash") if "activeseed compare " in b)
    whole = (Path(str(bundled("careful"))) / "positives.jsonl").read_text("utf-8").splitlines(keepends=True)
    reworded = [line for line in whole[24:] if '"variants"' in line]  # lock-in holds a revision against a rewording
    with (example / "positives.jsonl").open("a", encoding="utf-8") as file:
        file.writelines(reworded)
    made = ["init", "study", "--from", "positives.jsonl", "--pool", "pool.jsonl", "--probes", "probes.jsonl"]
    made += [f"--set={setting}" for setting in FAST]  # the session says nothing of how long its league learns
    commands = [made, *(line.split("#")[0].split()[1:] for line in session.splitlines())]
    assert len(commands) == 9
    place, said = example, ""
    for words in commands:
        said += typed(place, *words)[0]
        place = example / "study"
    assert "proved ≤" in said
    assert "basin" in said
    assert (place / "dreams.jsonl").stat().st_size > 100


def test_the_commands_and_files_that_the_readme_names_exist() -> None:
    text = README.read_text("utf-8")
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target in re.findall(r"^make (\w+)", text, re.M):
        assert re.search(rf"^{target}:", makefile, re.M), target
    for path in re.findall(r"`(examples/\w+\.py)`|\((examples/[\w/]+\.png)\)", text):
        assert (ROOT / (path[0] or path[1])).exists(), path
