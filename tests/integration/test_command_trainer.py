"""An external trainer: a real program that answers, lies, crashes, hangs and leaves children behind."""

import json
import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

from activeseed.errors import ConfigError, PlanError
from activeseed.executors import InProcess, Processes
from activeseed.plan import Materials, Rows, stream_key
from activeseed.protocols import Batch, SupportsReading, System
from activeseed.seed import FLIPPED, Item, Pair, Probe, Seed, Text, Vector, with_flips
from activeseed.systems.own import Command, FromFunction

PROGRAM = """
import json, os, random, subprocess, sys, time

header = json.loads(sys.stdin.readline())
probes = header["probes"]
mood = sys.argv[1] if len(sys.argv) > 1 else "well"
if mood == "logs":
    open(sys.argv[2], "a").write(f"{os.getpid()}\\n")

def answer(**line):
    print(json.dumps(line), flush=True)

def train(row):
    noise = random.Random(row["key"]).random()
    words = {w for item in row["items"] for w in item["text"].split()}
    return [len(words & set(p["text"].split())) + noise for p in probes]

rows = [json.loads(line) for line in sys.stdin]
if mood == "backwards":
    rows.reverse()
for row in rows:
    bad = len(row["items"]) == 2
    if mood in ("well", "logs", "backwards", "lingers", "fails late") or not bad:
        answer(row=row["row"], outcome=train(row))
        continue
    if mood == "crash":
        sys.exit("out of luck")
    elif mood == "signal":
        os.abort()
    elif mood == "error":
        answer(row=row["row"], error="did not converge")
    elif mood == "hang":
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        open(sys.argv[2], "a").write(f"{os.getpid()} {child.pid} ")
        time.sleep(600)
    elif mood == "garbage":
        print("epoch 1 of 10: loss 0.3", flush=True)
        answer(row=row["row"], outcome=train(row))
    elif mood == "endless":
        while True:
            sys.stdout.write("x" * 65536)
    elif mood == "short":
        answer(row=row["row"], outcome=[1.0])
    elif mood == "nan":
        answer(row=row["row"], outcome=[1.0, float("nan"), 2.0])
    elif mood == "words":
        answer(row=row["row"], outcome="good")
    elif mood == "neither":
        answer(row=row["row"], result=[1, 2, 3])
    elif mood == "stranger":
        answer(row=99, outcome=[1, 2, 3])
    elif mood == "twice":
        first = rows[0]["row"]
        answer(row=first, outcome=[1, 2, 3])
        answer(row=first, outcome=[1, 2, 3])
    elif mood == "silent":
        pass
    elif mood == "closes":
        os.close(1)
        time.sleep(600)
if mood == "lingers":
    sys.stdout.close()
    time.sleep(600)
if mood == "fails late":
    sys.exit(7)
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    file = tmp_path_factory.mktemp("trainer") / "trainer.py"
    file.write_text(PROGRAM)
    return str(file)


def materials():
    texts = ["be honest and kind", "say what is true", "kind words only", "true and brief"]
    items = tuple(
        Item(id=f"i{n}", payload=Text(text=t), metadata={"by": "Ω", "n": float("nan")}) for n, t in enumerate(texts)
    )
    probes = tuple(
        Probe(id=f"p{n}", payload=Text(text=t)) for n, t in enumerate(["kind", "honest true", "brief words"])
    )
    return Materials(Seed(items=items), probes, root=3)


def rows():
    """Four rows, of which number 2 has two items: the one that the program is in a mood about."""
    variants = np.zeros((4, 4), np.int16)
    variants[1, 0] = 1
    variants[2, [0, 2]] = 1
    variants[3, 3] = 1
    return Rows(variants, np.arange(4))


def command(program, *arguments, **settings):
    return Command(argv=(sys.executable, program, *arguments), **{"timeout": 20.0, **settings})


def by_hand():
    """What the program computes, computed here."""
    import random

    given, found = materials(), []
    for r in range(4):
        kept = [i.payload for i, v in zip(given.seed.items, rows().variants[r], strict=True) if v == 0]
        words = {w for p in kept if isinstance(p, Text) for w in p.text.split()}
        noise = random.Random(stream_key(3, "train", r) % 2**53).random()
        found.append([len(words & set(p.payload.display.split())) + noise for p in given.probes])
    return np.array(found, np.float32)


def test_a_command_trains(program):
    system = command(program)
    assert isinstance(system, System)
    assert isinstance(system, SupportsReading)
    system.check(materials())
    outcomes = system.train(rows(), materials())
    assert outcomes.failures == {}
    np.testing.assert_array_equal(outcomes.values, by_hand())
    np.testing.assert_array_equal(command(program, "backwards").train(rows(), materials()).values, by_hand())


def test_a_command_gives_the_same_everywhere(program):
    batches = [Batch(0, rows())]
    pool = Processes(workers=2)
    for size in (1, 3):
        system = command(program, rows_at_a_time=size)
        ((_, here),) = InProcess().run(system, materials(), batches)
        ((_, there),) = pool.run(system, materials(), batches)
        np.testing.assert_array_equal(here.values, by_hand())
        np.testing.assert_array_equal(there.values, by_hand())
    pool.close()


def test_a_few_rows_share_a_process(program, tmp_path):
    log = tmp_path / "starts"
    command(program, "logs", str(log), rows_at_a_time=3).train(rows(), materials())
    assert len(log.read_text().split()) == 2
    command(program, "logs", str(log), rows_at_a_time=1).train(rows(), materials())
    assert len(log.read_text().split()) == 2 + 4


@pytest.mark.parametrize("rows_at_a_time", [1, 4])
@pytest.mark.parametrize(
    ("mood", "reason"),
    [
        ("crash", "the program exited with code 1; at the end of its standard error: out of luck"),
        ("signal", "the program was ended by SIGABRT"),
        ("error", "the program said: did not converge"),
        ("garbage", "line 1 of its output is no JSON: 'epoch 1 of 10: loss 0.3'. Outcomes go to standard output"),
        ("short", "the trainer returned an array of shape (1,); an array of 3 outcomes, one a probe, is due"),
        ("nan", "outcome 2 of 3 is nan; it must be finite"),
        ("words", "the trainer returned str, no array of numbers"),
        ("neither", "of its output has neither 'outcome' nor 'error'"),
        ("stranger", "line 1 of its output has row 99, which was not asked"),
        ("silent", "the program's output ended without an outcome for this row"),
    ],
)
def test_one_bad_row_is_one_failure_with_a_reason(program, mood, reason, rows_at_a_time):
    outcomes = command(program, mood, rows_at_a_time=rows_at_a_time).train(rows(), materials())
    assert outcomes.ok.tolist() == [True, True, False, True]
    assert reason in outcomes.failures[2]
    np.testing.assert_array_equal(np.delete(outcomes.values, 2, 0), np.delete(by_hand(), 2, 0))
    assert np.isnan(outcomes.values[2]).all()


def test_an_answer_that_comes_twice_is_not_believed(program):
    outcomes = command(program, "twice").train(rows(), materials())
    # Alone, row 2 answers once too often as well, but is complete by then; the other rows are right either way.
    assert outcomes.ok[[0, 1, 3]].all()
    np.testing.assert_array_equal(outcomes.values[[0, 1, 3]], by_hand()[[0, 1, 3]])


@pytest.mark.parametrize("rows_at_a_time", [1, 4])
def test_a_program_that_hangs_is_killed_with_its_children(program, tmp_path, rows_at_a_time):
    log = tmp_path / "processes"
    system = command(program, "hang", str(log), timeout=1.0, rows_at_a_time=rows_at_a_time)
    started = time.monotonic()
    outcomes = system.train(rows(), materials())
    took = time.monotonic() - started
    assert outcomes.ok.tolist() == [True, True, False, True]
    assert outcomes.failures[2] == "timed out: no outcome for 1 s; the program was killed"
    np.testing.assert_array_equal(np.delete(outcomes.values, 2, 0), np.delete(by_hand(), 2, 0))
    assert took < 55  # the program would stay for ten minutes
    pids = [int(p) for p in log.read_text().split()]
    assert len(pids) == (2 if rows_at_a_time == 1 else 4)
    end = time.monotonic() + 20
    while any(alive(p) for p in pids) and time.monotonic() < end:
        time.sleep(0.02)
    assert not any(alive(p) for p in pids)


def alive(pid):
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"
    return subprocess.run(["ps", "-p", str(pid)], capture_output=True).returncode == 0


def test_output_without_end_is_stopped(program):
    outcomes = command(program, "endless", rows_at_a_time=1).train(rows().take(slice(2, 3)), materials())
    assert "is longer than 64 MB" in outcomes.failures[0]


def test_a_program_that_closes_its_output_and_stays_is_not_waited_for(program):
    system = command(program, "closes", timeout=1.0, rows_at_a_time=1)
    started = time.monotonic()
    outcomes = system.train(rows().take(slice(2, 3)), materials())
    assert time.monotonic() - started < 55  # the program would stay for ten minutes
    assert outcomes.failures[0] == "the program's output ended without an outcome for this row"


def test_a_program_that_stays_after_its_last_outcome_is_killed_and_believed(program):
    started = time.monotonic()
    outcomes = command(program, "lingers", timeout=1.0).train(rows(), materials())
    assert time.monotonic() - started < 55  # the program would stay for ten minutes
    np.testing.assert_array_equal(outcomes.values, by_hand())


def test_a_program_that_fails_in_the_end_is_not_believed(program):
    outcomes = command(program, "fails late").train(rows(), materials())
    assert not outcomes.ok.any()
    assert set(outcomes.failures.values()) == {"the program exited with code 7"}


def test_a_program_that_reads_nothing_does_not_block():
    # 2 MB of rows, more than any pipe holds, for a program that answers without looking at them.
    items = tuple(Item(id=str(n), payload=Text(text="x" * 1_000_000)) for n in range(2))
    materials = Materials(Seed(items=items), ())
    row = Rows(np.zeros((1, 2), np.int16), np.zeros(1, np.int64))
    answers = Command(argv=("sh", "-c", """echo '{"row": 0, "outcome": [4]}'"""), outcomes=1, timeout=20)
    assert answers.train(row, materials).values.tolist() == [[4.0]]
    leaves = Command(argv=("true",), outcomes=1, timeout=20)
    assert leaves.train(row, materials).failures == {0: "the program's output ended without an outcome for this row"}
    loud = Command(argv=("sh", "-c", "head -c 3000000 /dev/zero | tr '\\0' e >&2; exit 3"), outcomes=1, timeout=20)
    assert loud.train(row, materials).failures[0].startswith("the program exited with code 3; at the end")
    assert len(loud.train(row, materials).failures[0]) < 500


def test_what_the_program_reads(tmp_path):
    copy = tmp_path / "input"
    script = f'tee {copy} > /dev/null; echo \'{{"row": 0, "outcome": [1]}}\''
    system = Command(argv=("sh", "-c", script), outcomes=1, weighted=True, timeout=20)

    def lines(materials, rows):
        assert system.train(rows, materials).failures == {}
        return [json.loads(line) for line in copy.read_text().splitlines()]

    row = Rows(np.zeros((1, 4), np.int16), np.array([6]), np.array([[1, 0, 0.5, 0]], np.float32))
    header, asked = lines(materials(), row)
    assert header["activeseed"] == 1
    assert header["outcomes"] == 1
    assert header["probes"][1] == {"id": "p1", "text": "honest true", "weight": 1.0, "group": ""}
    assert (asked["row"], asked["key"]) == (0, stream_key(3, "train", 6) % 2**53)
    assert asked["items"][0] == {
        "id": "i0", "text": "be honest and kind", "weight": 1.0, "variant": "as_written", "group": "",
        "metadata": {"by": "Ω", "n": None},
    }  # fmt: skip
    assert [i["weight"] for i in asked["items"]] == [1.0, 0.5]

    pair = Pair(prompt="?", chosen="good", rejected="bad")
    seed = with_flips(Seed(items=(Item(id="a", payload=pair), Item(id="b", payload=pair))))
    flipped = Rows(np.array([[0, seed["b"].index_of(FLIPPED)]], np.int16), np.array([0]))
    _, asked = lines(Materials(seed, ()), flipped)
    assert [(i["prompt"], i["chosen"], i["rejected"]) for i in asked["items"]] == [
        ("?", "good", "bad"),
        ("?", "bad", "good"),
    ]

    vectors = Seed(items=tuple(Item(id=c, payload=Vector(values=(1.5, -2.0))) for c in "ab"))
    _, asked = lines(Materials(vectors, ()), Rows(np.zeros((1, 2), np.int16), np.array([0])))
    assert asked["items"][0]["values"] == [1.5, -2.0]


def test_no_shell_reads_the_arguments(tmp_path):
    victim = tmp_path / "victim"
    hostile = f"; touch {victim}; $(touch {victim}) `touch {victim}`"
    code = "import sys, json; print(json.dumps({'row': 0, 'outcome': [len(sys.argv[1])]}))"
    system = Command(argv=(sys.executable, "-c", code, hostile), outcomes=1, timeout=20)
    row = rows().take(slice(0, 1))
    assert system.train(row, materials()).values.tolist() == [[len(hostile)]]
    assert not victim.exists()


def test_folder_and_environment(tmp_path):
    code = "import os, json; seen = [int(os.environ['SIZE']), len(os.listdir('.'))]\n"
    code += "print(json.dumps({'row': 0, 'outcome': seen}))"
    (tmp_path / "one").touch()
    system = Command(
        argv=(sys.executable, "-c", code), outcomes=2, folder=str(tmp_path), environment={"SIZE": "12"}, timeout=20
    )
    system.check(materials())
    assert system.train(rows().take(slice(0, 1)), materials()).values.tolist() == [[12, 1]]
    assert "SIZE" not in os.environ
    # In a project, programs and folders are looked for from its folder.
    (tmp_path / "run").write_text('#!/bin/sh\necho \'{"row": 0, "outcome": [5]}\'\n')
    (tmp_path / "run").chmod(0o755)
    beside = Command(argv=("./run",), outcomes=1, timeout=20)
    with pytest.raises(PlanError, match=r"'./run' was not found"):
        beside.check(materials())
    beside.located(tmp_path).check(materials())
    assert beside.located(tmp_path).train(rows().take(slice(0, 1)), materials()).values.tolist() == [[5]]
    assert beside.located(tmp_path).record() == beside.record()


def test_what_cannot_work_is_said_before_any_training(program, tmp_path):
    with pytest.raises(PlanError, match="program 'no-such-program' was not found"):
        Command(argv=("no-such-program",)).check(materials())
    with pytest.raises(PlanError, match=r"folder '/no/such' does not exist"):
        command(program, folder="/no/such").check(materials())
    with pytest.raises(PlanError, match="no probes"):
        command(program).check(Materials(materials().seed, ()))
    with pytest.raises(ConfigError, match=r"a list is due, since no shell splits it: argv = \['python', 't.py'\]"):
        Command(argv="python t.py")  # type: ignore[arg-type]  # a user's mistake
    with pytest.raises(ConfigError, match="the list is empty"):
        Command(argv=())
    # A program that disappears between the check and the training is a failure and no crash.
    gone = Command(argv=(str(tmp_path / "gone"),), outcomes=1).train(rows().take(slice(0, 1)), materials())
    assert gone.failures[0].endswith("can't be started: No such file or directory")


def test_editing_the_program_makes_it_another_trainer(tmp_path):
    script = tmp_path / "trainer.sh"
    script.write_text("echo 1")
    before = Command(argv=("sh", str(script))).revision
    assert before == Command(argv=("sh", str(script))).revision
    script.write_text("echo 2")
    assert before != Command(argv=("sh", str(script))).revision
    assert before != Command(argv=("sh", str(script), "--fast")).revision
    assert Command(argv=("sh",), version="7").revision == "7"
    read = Command.model_validate(Command(argv=("sh", str(script)), environment={"A": "1"}).record())
    assert read == Command(argv=("sh", str(script)), environment={"A": "1"})


def test_ctrl_c_takes_the_program_along(program, tmp_path):
    log = tmp_path / "processes"
    script = tmp_path / "analysis.py"
    script.write_text(
        textwrap.dedent(f"""
        import numpy as np
        from activeseed.plan import Materials, Rows
        from activeseed.seed import Item, Seed, Text
        from activeseed.systems.own import Command
        seed = Seed(items=tuple(Item(id=str(n), payload=Text(text="x")) for n in range(2)))
        system = Command(argv={(sys.executable, program, "hang", str(log))!r}, outcomes=1)
        system.train(Rows(np.zeros((1, 2), np.int16), np.zeros(1, np.int64)), Materials(seed, ()))
        """)
    )
    analysis = subprocess.Popen(
        [sys.executable, str(script)], env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    end = time.monotonic() + 30
    while not (log.exists() and log.read_text().endswith(" ")) and time.monotonic() < end:
        time.sleep(0.02)
    analysis.send_signal(2)
    _, err = analysis.communicate(timeout=10)
    assert err.rstrip().endswith("KeyboardInterrupt")
    assert not any(alive(int(p)) for p in log.read_text().split())


def test_a_function_may_use_processes_of_its_own(program):
    """Not through Command: a user's function that starts a program itself works in a worker process."""

    def train(items, key):
        import subprocess

        said = subprocess.run(["wc", "-w"], input="\n".join(i.text for i in items), capture_output=True, text=True)
        return [int(said.stdout)]

    pool = Processes(workers=2)
    ((_, outcomes),) = pool.run(FromFunction(train, outcomes=1), materials(), [Batch(0, rows())])
    pool.close()
    assert outcomes.values.tolist() == [[14.0], [10.0], [7.0], [11.0]]
