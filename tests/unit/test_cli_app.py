"""Exit codes, what is printed where when something fails, and what is not imported when it isn't needed."""

import json
import os
import resource
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
    assert application._without(["seed", "sync", "--", "--traceback"], "--traceback")[1] is False


def loaded_modules(*arguments: str) -> set[str]:
    """The modules that a command line loads."""
    code = (
        f"import json, sys; from activeseed.cli.app import run; code = run({list(arguments)!r}); "
        "print(json.dumps([code, sorted(sys.modules)]), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    status, names = json.loads(done.stderr.splitlines()[-1])
    assert status == 0, done.stderr
    return set(names)


def loaded(*arguments: str) -> set[str]:
    """The packages that a command line loads."""
    return {name.partition(".")[0] for name in loaded_modules(*arguments)}


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["rank", "--help"], ["demo", "--help"]])
def test_help_loads_next_to_nothing(arguments):
    names = loaded(*arguments)
    assert not names & {*HEAVY, "sqlalchemy", "numpy", "yaml", "tomlkit"}


def test_status_loads_nothing_that_trains_computes_or_writes(project):
    names = loaded("status", "--dir", str(project))
    assert not names & {*HEAVY, "numpy", "sqlalchemy", "yaml", "tomlkit", "joblib"}


def test_status_loads_only_the_members_in_use(project):
    modules = loaded_modules("status", "--dir", str(project))
    assert "activeseed.systems.league.record" in modules
    others = {
        "activeseed.systems.reward_model", "activeseed.systems.own.command", "activeseed.embedders.packaged",
        "activeseed.annotators.simulated", "activeseed.estimators.regression", "activeseed.executors.processes",
        "activeseed.files", "activeseed.resolution", "activeseed.study.training",
    }  # fmt: skip
    assert not modules & others


def test_status_takes_little_longer_than_the_libraries_it_needs(project, tmp_path):
    """Processor time of whole processes, interleaved, the least of three: how busy the machine is hardly matters.

    Bytecode is kept, as it is on a user's machine, and is there before the first that counts.

    Measured: 2.6 to 3.3 times as long; it was 7.5 times with every member of every family, numpy and SQLAlchemy.
    """
    floor = "import typer, pydantic, rich.table, rich.console"
    run_status = f"from activeseed.cli.app import run; run(['status', '--dir', {str(project)!r}])"
    env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    env["PYTHONPYCACHEPREFIX"] = str(tmp_path)
    _, *times = [(seconds(floor, env), seconds(run_status, env)) for _ in range(4)]
    needs, takes = (min(of) for of in zip(*times, strict=True))
    assert takes < 4.5 * needs


def seconds(code: str, env: dict[str, str]) -> float:
    """Processor time, the system's included, of an interpreter that runs this."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, env=env)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def test_seed_log_loads_nothing_that_trains(project):
    names = loaded("seed", "log", "--dir", str(project))
    assert not names & set(HEAVY)
