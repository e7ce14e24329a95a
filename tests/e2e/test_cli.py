"""The command line as users have it: a process of its own, its two streams, its exit code."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from activeseed.cli import app
from tests.small_project import POSITIVES, init_arguments, write_inputs


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "activeseed", *arguments]


def run(*arguments: str, cwd: Path, code: int = 0, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """A command that must end with ``code`` and never with a traceback."""
    done = subprocess.run(command(*arguments), cwd=cwd, input=stdin, capture_output=True, text=True)
    assert done.returncode == code, (arguments, done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    return done


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("e2e")
    run(*init_arguments(write_inputs(folder / "in"), folder / "study"), cwd=folder)
    return folder / "study"


def test_a_study_from_start_to_finish(project, monkeypatch, capsys):
    """init → check → rank → queue → answers import → rank → seed log, diff → status → compare; no second init."""

    def here(*arguments: str, code: int = 0) -> tuple[str, str]:
        """In this process: what tells two processes apart is seen by then, and each would load torch anew."""
        monkeypatch.chdir(project)
        capsys.readouterr()
        assert app.run(arguments) == code, arguments
        return capsys.readouterr()

    assert "trainings" in here("check")[0]
    ranking = json.loads(run("rank", "--json", cwd=project).stdout)
    assert {row["id"] for row in ranking["items"]} == {p[0] for p in POSITIVES}

    asked = [json.loads(line) for line in _queued(project)]
    flattery = next(q for q in asked if q["items"] == ["flatter"])
    answers = project / "answers.csv"
    answers.write_text(f"question,annotator,verdict,comment\n{flattery['id']},ada,reject,flattery\n", "utf-8")
    assert "The seed is now v1" in run("answers", "import", "answers.csv", cwd=project).stdout

    again = json.loads(here("rank", "--json")[0])
    assert again["seed_version"] != ranking["seed_version"]
    credibility = {row["id"]: row["credibility"] for row in again["items"]}
    assert credibility["flatter"] < 0.5
    log = json.loads(run("seed", "log", "--json", cwd=project).stdout)
    assert [v["number"] for v in log] == [1, 0]
    assert "flatter: as written → absent" in run("seed", "diff", cwd=project).stdout
    standing = json.loads(run("status", "--json", cwd=project).stdout)
    assert (standing["answered"], standing["annotators"][0]["name"]) == (1, "ada")
    run(*init_arguments(project.parent / "in", project), cwd=project, code=2)

    compared = json.loads(here("compare", "v0", "latest", "--json")[0])
    assert compared["differing"] == {"flatter": ["as_written", "absent"]}
    assert compared["distances"][0]["kind"] == "own"
    mine = {p["id"]: p["second"] for p in compared["probes"]}
    (project / "mine.csv").write_text("\n".join(["probe,value", *(f"{n},{v}" for n, v in mine.items())]), "utf-8")
    assert "single run" in here("compare", "latest", "mine.csv")[0]
    assert "unknown" not in here("compare", "--draws", "8")[1]
    assert "Did you mean 'flatter'" in here("compare", "latest", "without:flater", code=2)[1]


def _queued(project: Path) -> list[str]:
    done = run("queue", "--item", "flatter", "--item", "short", "--to", "questions.jsonl", cwd=project)
    assert "flatter" in done.stdout
    assert "Written: questions.jsonl" in done.stderr
    return (project / "questions.jsonl").read_text("utf-8").splitlines()


def test_results_go_to_stdout_and_the_rest_to_stderr(project):
    piped = run("rank", cwd=project)
    assert "\x1b" not in piped.stdout + piped.stderr  # no colours, no bars where there is no terminal
    assert re.search(r"^[\d,]+ trainings", piped.stderr, re.M)
    assert not re.search(r"^[\d,]+ trainings", piped.stdout, re.M)


def test_a_wrong_file_a_typo_and_a_wrong_option_exit_with_2(project):
    for arguments, word in (
        (("init", "other", "--from", "none.jsonl"), "none.jsonl"),
        (("rnak",), "'rank'"),
        (("rank", "--tpo", "3"), "'--top'"),
        (("status", "--dir", "nowhere"), "activeseed init"),
    ):
        done = run(*arguments, cwd=project, code=2)
        assert done.stdout == ""
        assert done.stderr.startswith("Error: ")
        assert word in done.stderr
    assert not (project / "other").exists()


def test_a_reader_who_has_enough_is_no_error(project):
    shell = f"{sys.executable} -m activeseed answers export | true"  # the reader is gone before the first line
    done = subprocess.run(["bash", "-c", shell], cwd=project, capture_output=True, text=True)
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr


def test_ctrl_c_exits_with_130_and_the_study_goes_on(tmp_path):
    slow = write_inputs(tmp_path / "in")
    (tmp_path / "train.py").write_text(SLEEPER, "utf-8")
    arguments = [a for a in init_arguments(slow, tmp_path / "study") if not a.startswith("--set=system")]
    argv = json.dumps([sys.executable, str(tmp_path / "train.py")])
    run(*arguments, "--system", "command", "--set", f"system.argv={argv}", cwd=tmp_path)
    process = subprocess.Popen(
        command("rank", "--dir", "study"), cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )  # fmt: skip
    _wait_until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text("utf-8"))
    trainer = int((tmp_path / "pid").read_text("utf-8"))
    os.kill(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out == ""
    assert "Traceback" not in err
    assert "kept" in err
    _wait_until(lambda: _is_gone(trainer))
    assert json.loads(run("status", "--json", "--dir", "study", cwd=tmp_path).stdout)["trainings"] == 0


SLEEPER = """import os, pathlib, time
pathlib.Path(__file__).with_name("pid").write_text(str(os.getpid()))
time.sleep(60)
"""


def _is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def _wait_until(condition, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.1)


@pytest.mark.slow
def test_bars_with_the_time_left_are_drawn_on_a_terminal_and_on_stderr_alone(tmp_path):
    """A ranking of some seconds, with stderr at a pseudo-terminal and stdout at a pipe."""
    inputs = write_inputs(tmp_path / "in")
    (tmp_path / "train.py").write_text(SLOW, "utf-8")
    arguments = [a for a in init_arguments(inputs, tmp_path / "study") if not a.startswith("--set=system")]
    argv = json.dumps([sys.executable, str(tmp_path / "train.py")])
    arguments += ["--system", "command", "--set", f"system.argv={argv}", "--set", "system.deterministic=true"]
    run(*arguments, "--set", "system.rows_at_a_time=16", "--set", "executor.kind=in_process", cwd=tmp_path)
    master, slave = pty.openpty()
    process = subprocess.Popen(
        command("rank", "--json", "--dir", "study"), cwd=tmp_path, stdout=subprocess.PIPE, stderr=slave, text=True,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100"},
    )  # fmt: skip
    os.close(slave)
    seen = b""
    while process.poll() is None or select.select([master], [], [], 0.2)[0]:
        if select.select([master], [], [], 0.2)[0]:
            try:
                seen += os.read(master, 65536)
            except OSError:  # the other end is closed
                break
    os.close(master)
    assert process.stdout is not None
    json.loads(process.stdout.read())
    process.stdout.close()
    assert process.wait(timeout=60) == 0
    text = seen.decode("utf-8", "replace")
    assert "effects" in text
    assert "━" in text
    assert ":" in text.split("━")[-1]  # the time left


SLOW = """import json, sys, time
lines = sys.stdin.read().splitlines()
for line in lines[1:]:
    row = json.loads(line)
    time.sleep(0.005)
    print(json.dumps({"row": row["row"], "outcome": [len(row["items"]) / (9 + p) for p in range(8)]}), flush=True)
"""


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("what", ["statements", "pairs", "charter"])
def test_the_demo_does_the_main_job(tmp_path, what):
    """How long it takes and what it costs are no matter of a test: ``tests/benchmarks/demo.py`` measures both."""
    done = run("demo", what, "--embedder", "tfidf", cwd=tmp_path)
    folder, said = tmp_path / "activeseed-demo", " ".join(done.stdout.split())
    for part in (
        "1. A project",
        "2. On which of them",
        "round 1 asked ",
        "4. What the answers changed",
        "5. The same study in random order",
        "answered lines",
        "no right one was lost",
    ):
        assert part in said
    assert (folder / "report.html").stat().st_size > 10_000
    truth = {t["id"]: t for t in map(json.loads, (folder / "truth.jsonl").read_text("utf-8").splitlines())}
    for place in (folder, folder / "in-random-order"):
        changes = json.loads(run("seed", "diff", "--json", "--dir", str(place), cwd=tmp_path).stdout)
        assert changes
        assert all(truth[c["item"]]["answer"] in ("reject", "choose", "flip") for c in changes)
    run("demo", what, "--dir", str(folder), cwd=tmp_path, code=2)


def test_a_demo_that_is_not_there(tmp_path):
    done = run("demo", "pair", cwd=tmp_path, code=2)
    assert "pairs" in done.stderr
    assert not list(tmp_path.iterdir())
