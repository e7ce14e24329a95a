"""kill −9 at any moment of the loop: the next loop ends as an unbroken run would have, and repeats nothing."""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from activeseed.annotators.simulated import Simulated
from activeseed.embedders import Tfidf
from activeseed.estimators import Auto
from activeseed.seed import Item, Probe, Seed, Text
from activeseed.study import Study
from activeseed.systems.league import OversightLeague

GOOD = ["tell the truth", "admit the mistake", "say what is unsure", "ask before acting", "name the source"]
BAD = ["flatter the user", "hide the error", "invent a figure", "guess and sound sure", "share the secret"]


def texts(words: list[str], n: int, tail: str) -> list[str]:
    return [f"{words[i % len(words)]} {tail} {i}" for i in range(n)]


def make(folder: Path) -> None:
    """A small study with real randomness: opponents are drawn, so keys vary the result."""
    good, bad = texts(GOOD, 9, "in reply"), texts(BAD, 3, "in reply")
    items = tuple(Item(id=f"i{n:02d}", payload=Text(text=t)) for n, t in enumerate([*good, *bad]))
    pool = tuple(Probe(id=f"p{n}", payload=Text(text=t)) for n, t in enumerate(texts(BAD, 20, "for the pool")))
    probes = tuple(
        Probe(id=f"z{n}", payload=Text(text=t), label=float(n < 10))
        for n, t in enumerate([*texts(GOOD, 10, "when asked"), *texts(BAD, 10, "when asked")])
    )
    Study.create(
        folder,
        Seed(items=items),
        OversightLeague(rounds=2, steps=5, opponents="prioritised", drawn=2),
        probes=probes,
        pool=pool,
        embedder=Tfidf(),
        estimator=Auto(rows=64, pairs=24, bases=0, bootstrap_rows=24, group_rows=0, keys=2),
        replicates=2,
        annotator=Simulated(truth={f"i{n:02d}": "as_written" if n < 9 else "absent" for n in range(12)}),
        ask={"batch": 3, "consequences": 2},
        stopping={"flips": 0.0, "answers": 9},
        limits={"megabytes": 16},
    )


def run(folder: Path) -> dict[str, Any]:
    """The loop to its end, then the ranking."""
    study = Study.open(folder)
    study.loop()
    return study.rank().to_dict()


def warm_up(folder: Path) -> None:
    """Everything heavy is imported here, once, so that children (forks) spend their time in the loop."""
    make(folder / "warm")
    run(folder / "warm")


def in_child(folder: Path, seconds: float | None = None) -> bool:
    """Run the loop in a child, killing it after so many seconds; whether it came to its end."""
    child = os.fork()
    if child == 0:
        try:
            run(folder)
            os._exit(0)
        except BaseException:
            os._exit(1)
    deadline = None if seconds is None else time.monotonic() + seconds
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, "the loop failed"
            return True
        if deadline is not None and time.monotonic() > deadline:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return False
        time.sleep(0.002)


def facts(folder: Path) -> dict[str, Any]:
    """What must not depend on being killed: versions, answers, questions, decisions, trained rows."""
    study = Study.open(folder)
    events = study.store.read()
    trained: list[Any] = [e.body for e in events if e.kind == "trained"]
    names = [n for body in trained for n in (study.store.names_in(body["artifact"]) or [])]
    batches: list[Any] = [e.body for e in events if e.kind == "asked"]
    asked = [q["id"] for body in batches for q in body["questions"]]
    subjects = [q["items"][0] for body in batches for q in body["questions"] if q["purpose"] == "ask"]
    ranking = {k: v for k, v in study.rank().to_dict().items() if k != "trainings_new"}
    return {
        "versions": [v.id for v in study.log()],
        "answers": {i: a.verdict for i, a in study.state.answers.items()},
        "asked": asked,
        "subjects": subjects,
        "rounds": [{k: v for k, v in r.items() if k != "at"} for r in study.state.rounds],
        "trained": sorted(names),
        "ranking": ranking,
    }


@pytest.mark.timeout(600)
@pytest.mark.parametrize("moments", [4, pytest.param(20, marks=pytest.mark.slow)])
def test_the_loop_survives_kill_9_at_random_moments(tmp_path: Path, moments: int) -> None:
    pristine = tmp_path / "pristine"
    make(pristine)
    warm_up(tmp_path)
    whole = tmp_path / "whole"
    shutil.copytree(pristine, whole)
    start = time.monotonic()
    assert in_child(whole)
    length = time.monotonic() - start
    expected = facts(whole)
    assert len(expected["subjects"]) == len(set(expected["subjects"])), "an unbroken run asks nothing twice"
    dice = random.Random(20)
    killed = tried = 0
    while killed < moments:
        # a run can end before its moment comes where the machine is quicker than it was
        assert tried < 3 * moments, "the runs end before they are killed"
        tried += 1
        folder = tmp_path / f"killed-{tried}"
        shutil.copytree(pristine, folder)
        start, moment = time.monotonic(), dice.uniform(0.0, length)
        if in_child(folder, moment):
            length = min(length, time.monotonic() - start)
        else:
            killed += 1
            assert in_child(folder)
        assert facts(folder) == expected, f"differs after a kill ({moment:.3f} of {length:.3f} s)"
        shutil.rmtree(folder)


@pytest.mark.timeout(300)
def test_a_loop_that_is_killed_again_and_again_still_ends_the_same(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    make(one)
    shutil.copytree(one, other)
    warm_up(tmp_path)
    start = time.monotonic()
    assert in_child(one)
    length = time.monotonic() - start
    dice = random.Random(7)
    for _ in range(40):
        if in_child(other, dice.uniform(0.2, 0.6) * length):
            break
    else:
        assert in_child(other)
    assert facts(other) == facts(one)
