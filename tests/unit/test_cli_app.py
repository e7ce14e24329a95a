"""Exit codes, what is printed where when something fails, and what is not imported when it isn't needed."""

import json
import subprocess
import sys

import pytest

from activeseed.cli import app as application
from activeseed.cli import project as project_commands
from activeseed.cli.app import run
from activeseed.errors import AnnotatorError, TrainingError
from tests.small_project import init_arguments, write_inputs

#: what only training, tables of data or an annotation server need
HEAVY = ("torch", "pandas", "scipy", "sklearn", "label_studio_sdk", "pyarrow", "onnxruntime", "matplotlib")


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    assert run(init_arguments(write_inputs(folder / "in"), folder / "study")) == 0
    return folder / "study"


def failing(error):
    def command(*_arguments, **_options):
        raise error

    return command


@pytest.mark.parametrize(
    ("error", "code"),
    [(TrainingError("the trainer is gone"), 1), (AnnotatorError("nobody answers"), 1), (KeyboardInterrupt(), 130)],
)
def test_exit_codes(error, code, monkeypatch, capsys):
    monkeypatch.setattr(project_commands, "open_study", failing(error))
    assert run(["status"]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert "Traceback" not in err
    assert str(error) in err


def test_an_interruption_says_what_is_kept(monkeypatch, capsys):
    monkeypatch.setattr(project_commands, "open_study", failing(KeyboardInterrupt()))
    assert run(["status"]) == 130
    assert "kept" in capsys.readouterr().err


def test_the_unexpected_is_one_line_and_a_file_with_the_rest(monkeypatch, capsys, tmp_path):
    (tmp_path / ".activeseed").mkdir()
    monkeypatch.setattr(project_commands, "open_study", failing(ZeroDivisionError("one\ntwo")))
    assert run(["status", "--dir", str(tmp_path)]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    assert "ZeroDivisionError: one" in err
    details = (tmp_path / ".activeseed" / "last-error.txt").read_text("utf-8")
    assert str(tmp_path / ".activeseed" / "last-error.txt") in err
    assert "Traceback" in details
    assert "activeseed status --dir" in details


def test_without_a_project_the_details_are_a_temporary_file(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setattr(project_commands, "open_study", failing(ZeroDivisionError("one")))
    assert run(["status"]) == 1
    (file,) = tmp_path.glob("activeseed-error-*.txt")
    assert str(file) in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--traceback", "status"], ["status", "--traceback"]])
def test_traceback_shows_all(arguments, monkeypatch, capsys):
    monkeypatch.setattr(project_commands, "open_study", failing(ZeroDivisionError("one")))
    assert run(arguments) == 1
    assert "Traceback" in capsys.readouterr().err


def test_traceback_after_two_dashes_is_an_argument():
    assert application._without_traceback(["seed", "sync", "--", "--traceback"])[1] is False


def loaded(*arguments: str, cwd=None) -> tuple[set[str], float]:
    """(modules that a command line loads, seconds that it took inside the interpreter)."""
    code = (
        "import json, sys, time; start = time.perf_counter(); from activeseed.cli.app import run; "
        f"code = run({list(arguments)!r}); took = time.perf_counter() - start; "
        "print(json.dumps([code, took, sorted(sys.modules)]), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=cwd)
    status, took, names = json.loads(done.stderr.splitlines()[-1])
    assert status == 0, done.stderr
    return {name.partition(".")[0] for name in names}, took


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["rank", "--help"], ["demo", "--help"]])
def test_help_loads_next_to_nothing(arguments):
    names, _ = loaded(*arguments)
    assert not names & {*HEAVY, "sqlalchemy", "numpy", "yaml", "tomlkit"}


def test_status_loads_nothing_that_trains(project):
    names, _ = loaded("status", "--dir", str(project))
    assert not names & set(HEAVY)


def test_seed_log_loads_nothing_that_trains(project):
    names, _ = loaded("seed", "log", "--dir", str(project))
    assert not names & set(HEAVY)
