"""kill −9 at a random moment of every command, `init` among them: the command, given again, ends as an unbroken one.

A hundred kills and more. Each begins from what the commands before it left, in a copy; children are forks, so that
everything heavy is imported once and a kill falls into the command's own work.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from activeseed.cli.app import run
from activeseed.store import FolderStore
from activeseed.study import Study
from tests.small_project import WRONG, init_arguments, write_inputs

KILLS = 102
#: so often is a kill tried before we give up finding moments in which the command still runs
TRIES = 6

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not hasattr(os, "fork"), reason="children are forks")]


def steps(inputs: Path, folder: Path) -> dict[str, list[str]]:
    here = ["--dir", str(folder)]
    truth = ["--annotator", "simulated", "--truth", str(inputs / "truth.jsonl")]
    return {
        "init": init_arguments(inputs, folder),
        "check": ["check", *here],
        "rank": ["rank", *here],
        "queue": ["queue", "--item", WRONG[0], "--item", WRONG[1], "--to", str(folder / "q.jsonl"), *here],
        "import": ["answers", "import", str(folder / "a.jsonl"), *here],
        "loop": ["loop", "--rounds", "1", "--yes", *truth, *here],
    }


def in_child(arguments: list[str], seconds: float | None = None) -> int | None:
    """The exit code of a command in a child; None where it was killed after so many seconds."""
    child = os.fork()
    if child == 0:
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, 1)
        os.dup2(nothing, 2)
        sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115 - it ends with the child
        os._exit(run(arguments))
    until = None if seconds is None else time.monotonic() + seconds
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        if until is not None and time.monotonic() > until:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return None
        time.sleep(0.001)


def answers(folder: Path) -> None:
    """What somebody answers to the two questions, as a file."""
    study = Study.open(folder)
    lines = [f'{{"question": "{q.id}", "annotator": "ada", "verdict": "reject"}}\n' for q in study.pending]
    (folder / "a.jsonl").write_text("".join(lines), "utf-8")


def state(folder: Path) -> dict[str, Any]:
    """All that must not depend on a kill: what is left out is when it was, how long it took, and who was first."""
    study = Study.open(folder)
    events = study.store.read()
    bodies = {kind: [e.body for e in events if e.kind == kind] for kind in ("created", "asked", "round_closed")}
    batches: list[Any] = [e.body for e in events if e.kind == "trained"]
    trained = {n for body in batches for n in study.store.names_in(body["artifact"]) or ()}
    # what was being written when the kill came is beside its place, hidden, and nobody reads it
    files = sorted(p.name for p in folder.iterdir() if not p.name.startswith("."))
    return {
        "files": {n: (folder / n).read_bytes() for n in files if (folder / n).is_file()},
        "versions": [(v.number, v.id, v.why) for v in study.log()],
        "seed": study.seed.model_dump(mode="json"),
        "answers": {a.id: a.verdict for a in study.state.answers.values()},
        "pending": [q.id for q in study.pending],
        "trained": sorted(trained),
        "ranked": [without(r, ("trainings_new",)) for r in distinct(e.body for e in events if e.kind == "ranked")],
        **{kind: [without(b, ("at", "trainings")) for b in found] for kind, found in bodies.items()},
    }


def distinct(bodies: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    out: list[dict[str, Any]] = []
    for body in bodies:
        if all(without(body, ("trainings_new",)) != without(b, ("trainings_new",)) for b in out):
            out.append(body)
    return out


def without(value: Any, names: tuple[str, ...]) -> Any:
    if isinstance(value, dict):
        return {k: without(v, names) for k, v in value.items() if k not in names}
    return [without(v, names) for v in value] if isinstance(value, list) else value


def finished(name: str, folder: Path) -> bool:
    """Whether a command that was killed had done all: given again it would be another one."""
    if name == "init":
        # the journal says it, not the mark: a kill may come when all is written and only the mark is left to take away
        return (folder / ".activeseed" / "journal.db").exists() and bool(FolderStore(folder).read())
    return name == "queue" and bool(Study.open(folder).state.ever_sent)


@pytest.mark.timeout(900)
def test_a_hundred_kills_in_every_command_end_as_none(tmp_path: Path) -> None:
    inputs = write_inputs(tmp_path / "in")
    place = tmp_path / "study"  # one place for all, so that no path differs
    before: dict[str, Path] = {}
    after: dict[str, dict[str, Any]] = {}
    length: dict[str, float] = {}
    assert run(init_arguments(inputs, tmp_path / "warm")) == 0
    assert run(["rank", "--dir", str(tmp_path / "warm")]) == 0
    for name, arguments in steps(inputs, place).items():
        if name == "import":
            answers(place)
        before[name] = tmp_path / f"before-{name}"
        if place.exists():
            shutil.copytree(place, before[name])
        start = time.monotonic()
        assert in_child(arguments) == 0, name
        length[name] = time.monotonic() - start
        after[name] = state(place)
    assert [v[1] for v in after["import"]["versions"]] != [v[1] for v in after["queue"]["versions"]]
    dice = random.Random(14)
    killed = dict.fromkeys(length, 0)
    while sum(killed.values()) < KILLS:
        name = min(killed, key=lambda n: killed[n])
        arguments = steps(inputs, place)[name]
        for _ in range(TRIES):
            shutil.rmtree(place, ignore_errors=True)
            if before[name].exists():
                shutil.copytree(before[name], place)
            start = time.monotonic()
            if in_child(arguments, dice.uniform(0.0, length[name])) is None:
                killed[name] += 1
                break
            length[name] = min(length[name], time.monotonic() - start)  # the machine was busier when it was timed
        else:
            pytest.fail(f"{name} ends before it can be killed")
        if not finished(name, place):
            assert in_child(arguments) == 0, name
        assert state(place) == after[name], f"{name} differs after kill {killed[name]}"
    assert min(killed.values()) >= KILLS // len(killed), killed


def test_questions_that_a_kill_kept_from_their_file_are_written_and_not_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs, place = write_inputs(tmp_path / "in"), tmp_path / "study"
    commands = steps(inputs, place)
    assert run(commands["init"]) == 0

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("activeseed.annotators.file.FileAnnotator.submit", killed)
        assert run(commands["queue"]) == 130
    asked = [q.id for q in Study.open(place).pending]
    assert len(asked) == 2
    assert not (place / "q.jsonl").exists()
    assert run(commands["queue"]) == 0
    assert [q.id for q in Study.open(place).pending] == asked
    assert [json.loads(line)["id"] for line in (place / "q.jsonl").read_text("utf-8").splitlines()] == asked
