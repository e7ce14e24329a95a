"""What every executor promises, on real trainings: the same rows give the same outcomes wherever they run."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import cloudpickle
import numpy as np
import pytest

from activeseed.errors import PlanError
from activeseed.executors import InProcess, Processes
from activeseed.geometries import Hellinger
from activeseed.outcome import Outcomes
from activeseed.plan import Materials, Rows, generator
from activeseed.protocols import Batch, Cost, System, Traits
from activeseed.seed import Item, Probe, Seed, Text
from activeseed.testing import check_executor, linear
from tests.precision import ROUNDED

# Workers need not find this file: what it defines travels with the job.
cloudpickle.register_pickle_by_value(sys.modules[__name__])

ITEMS, PROBES = 12, 5
ON_LINUX = Path("/proc/self/environ").exists()


def letters(texts):
    """(n, 26) letter frequencies of unit length: a real, if small, embedding."""
    counts = np.array([[t.lower().count(chr(97 + i)) for i in range(26)] for t in texts], np.float32) + 0.1
    return counts / np.linalg.norm(counts, axis=1, keepdims=True)


WORDS = "honest answers name what they do not know and never flatter the person who asked for them"


def materials(embed=letters):
    seed = Seed(
        items=tuple(Item(id=f"i{n}", payload=Text(text=WORDS[n : n + 30])) for n in range(ITEMS)),
    )
    probes = tuple(Probe(id=f"p{n}", payload=Text(text=WORDS[n::4])) for n in range(PROBES))
    return Materials(seed, probes, root=7, embed=embed, embedder="letters")


def some_rows(count=16):
    """The seed as written, each item dropped in turn, and beyond that dropped at random; all keys differ."""
    variants = np.zeros((count, ITEMS), np.int16)
    for r in range(1, count):
        variants[r, r % ITEMS] = 1
    return Rows(variants, np.arange(count, dtype=np.int64))


def batches(rows, size):
    return [Batch(n, rows.take(slice(n * size, (n + 1) * size))) for n in range(-(-len(rows) // size))]


class Field:
    """A batched trainer: logistic fields on the items' features against a fixed background, by gradient descent."""

    kind, revision, traits = "field", "1", Traits(("init",), weighted=True)

    def __init__(self, misbehave=None):
        self.misbehave = misbehave

    def record(self):
        return {}

    def check(self, materials):
        pass

    def places(self, materials):
        return materials.probes

    def geometry(self, materials):
        return Hellinger(np.full(PROBES, 1 / PROBES))

    def cost(self, materials):
        return Cost(bytes=1000)

    def train(self, rows, materials):
        x = materials.features(materials.slots.payloads).astype(np.float64)
        at = materials.features([p.payload for p in materials.probes]).astype(np.float64)
        background = np.ones((1, x.shape[1])) / np.sqrt(x.shape[1])
        w = rows.weights(materials.slots)
        theta = np.stack([generator(materials.root, "init", int(k)).normal(size=x.shape[1]) for k in rows.keys])
        for _ in range(30):
            up = (w / (1 + np.exp(theta @ x.T))) @ x
            down = len(x) / (1 + np.exp(-theta @ background.T)) @ background
            theta = theta + 0.1 * (up - down)
        outcomes = Outcomes((1 / (1 + np.exp(-theta @ at.T))).astype(np.float32), np.ones(len(rows), bool))
        return outcomes if self.misbehave is None else self.misbehave(rows, outcomes)


class RowByRow(Field):
    """The same trainer for executors that may spread rows; ``misbehave`` sees one row at a time."""

    traits = Traits(("init",), weighted=True, rows_at_a_time=1)

    def train(self, rows, materials):
        parts = [super(RowByRow, self).train(rows.take(slice(r, r + 1)), materials) for r in range(len(rows))]
        return Outcomes(np.concatenate([p.values for p in parts]), np.concatenate([p.ok for p in parts]))


@pytest.fixture(scope="module")
def pool():
    executor = Processes(workers=2)
    yield executor
    executor.close()


@pytest.fixture(params=["in_process", "processes"])
def executor(request, pool):
    return InProcess() if request.param == "in_process" else pool


def outcomes_of(executor, system, rows, size=8, given=None):
    """All outcomes in the order of the rows."""
    found = dict(executor.run(system, given or materials(), batches(rows, size)))
    assert sorted(found) == list(range(len(found)))
    values = np.concatenate([found[n].values for n in sorted(found)])
    failures = {n * size + r: why for n, part in found.items() for r, why in part.failures.items()}
    ok = np.concatenate([found[n].ok for n in sorted(found)])
    assert set(np.flatnonzero(~ok)) == set(failures)
    assert np.isnan(values[~ok]).all()
    assert np.isfinite(values[ok]).all()
    return values, failures


def close(run):
    assert isinstance(run, Generator)
    run.close()


def alive(pid):
    """Whether a process runs; one that ended and that nobody has asked about does not."""
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"
    return subprocess.run(["ps", "-p", str(pid)], capture_output=True).returncode == 0


def gone_within(pids, seconds):
    end = time.monotonic() + seconds
    while any(alive(p) for p in pids) and time.monotonic() < end:
        time.sleep(0.02)
    return not any(alive(p) for p in pids)


# --- the same outcomes ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("system", [Field(), RowByRow()], ids=["batched", "row by row"])
def test_same_rows_have_the_same_bits_in_one_process_and_in_many(system, pool):
    assert isinstance(system, System)
    rows = some_rows()
    here, none = outcomes_of(InProcess(), system, rows)
    there, also_none = outcomes_of(pool, system, rows)
    assert none == also_none == {}
    np.testing.assert_array_equal(here, there)
    assert np.ptp(here, axis=0).min() > 1e-3  # rows do differ, so equality says something


def test_items_that_a_row_leaves_out_and_keys_both_reach_the_trainer(executor):
    rows = some_rows(4)
    same_key = Rows(rows.variants, np.zeros(4, np.int64))
    own_keys, _ = outcomes_of(executor, RowByRow(), rows)
    one_key, _ = outcomes_of(executor, RowByRow(), same_key)
    np.testing.assert_array_equal(own_keys[0], one_key[0])
    assert not np.array_equal(own_keys[1], one_key[1])
    assert not np.array_equal(one_key[0], one_key[1])


def test_workers_get_embeddings_and_not_the_embedder(pool):
    lock = threading.Lock()  # can't be pickled, like the session of a model or a database

    def locked(texts):
        with lock:
            return letters(texts)

    here, _ = outcomes_of(InProcess(), Field(), some_rows(), given=materials(locked))
    there, _ = outcomes_of(pool, Field(), some_rows(), given=materials(locked))
    np.testing.assert_array_equal(here, there)


def test_processor_time_is_recorded(executor):
    (_, outcomes), *_ = executor.run(Field(), materials(), batches(some_rows(), 16))
    assert outcomes.seconds > 0


# --- failures ---------------------------------------------------------------------------------------------------------


def raises_on_key_5(rows, outcomes):
    if 5 in rows.keys:
        raise ValueError("the loss\nwent up")
    return outcomes


def test_one_bad_row_of_a_batch_is_one_failure(executor):
    values, failures = outcomes_of(executor, Field(raises_on_key_5), some_rows(), size=16)
    assert list(failures) == [5]
    assert failures[5].startswith("ValueError: the loss went up, at line ")
    assert failures[5].endswith(" of raises_on_key_5 (row 5, key 5)")
    whole, _ = outcomes_of(executor, Field(), some_rows(), size=16)
    # a row's last bits depend on the rows beside it, here those of double precision
    np.testing.assert_allclose(np.delete(values, 5, 0), np.delete(whole, 5, 0), atol=ROUNDED)


def test_reasons_are_the_same_in_one_process_and_in_many(pool):
    for system in (Field(raises_on_key_5), RowByRow(raises_on_key_5)):
        _, here = outcomes_of(InProcess(), system, some_rows())
        _, there = outcomes_of(pool, system, some_rows())
        assert here == there


def test_a_batch_that_does_not_fit_into_memory_becomes_smaller_ones(executor):
    def greedy(rows, outcomes):
        if len(rows) > 3:
            raise MemoryError
        return outcomes

    values, failures = outcomes_of(executor, Field(greedy), some_rows(), size=16)
    assert failures == {}
    whole, _ = outcomes_of(executor, Field(), some_rows(), size=16)
    np.testing.assert_allclose(values, whole, atol=ROUNDED)


def test_what_is_no_outcome_is_a_failure_and_never_a_number(executor):
    def not_finite(rows, outcomes):
        values = outcomes.values.copy()
        values[rows.keys == 2, 3] = np.nan
        values[rows.keys == 4, 0] = np.inf
        return Outcomes(values, outcomes.ok)

    _, failures = outcomes_of(executor, Field(not_finite), some_rows(8))
    assert failures == {2: "outcome 4 of 5 is nan (row 2, key 2)", 4: "outcome 1 of 5 is inf (row 4, key 4)"}

    _, failures = outcomes_of(executor, Field(lambda rows, outcomes: outcomes.values), some_rows(2))
    assert failures[1] == "the system returned ndarray, not Outcomes (row 1, key 1)"
    wide = Field(lambda rows, outcomes: Outcomes(np.zeros((len(rows), 9), np.float32), outcomes.ok))
    _, failures = outcomes_of(executor, wide, some_rows(2))
    assert "shape (1, 9)" in failures[0]
    assert "at 5 place(s)" in failures[0]


def test_exiting_is_a_failure_of_the_row_and_does_not_end_the_analysis(executor):
    def exits(rows, outcomes):
        if 1 in rows.keys:
            sys.exit("cannot go on")
        return outcomes

    _, failures = outcomes_of(executor, Field(exits), some_rows(3))
    assert list(failures) == [1]
    assert failures[1].startswith("SystemExit: cannot go on")


def test_a_row_that_vouches_for_nothing_does_not_silence_the_others(executor):
    def vouch(rows, outcomes):
        raises_on_key_5(rows, outcomes)
        return Outcomes(outcomes.values, outcomes.ok, vouching=np.full((len(rows), ITEMS), 0.5, np.float32))

    ((_, outcomes),) = executor.run(Field(vouch), materials(), batches(some_rows(8), 8))
    assert outcomes.vouching.shape == (8, ITEMS)
    assert np.isnan(outcomes.vouching[5]).all()
    assert (np.delete(outcomes.vouching, 5, 0) == 0.5).all()


def test_a_mistake_of_the_user_is_raised_and_not_recorded_for_every_row(executor):
    def refuses(rows, outcomes):
        raise PlanError("Set [embedder] kind.")

    with pytest.raises(PlanError, match=r"Set \[embedder\] kind"):
        outcomes_of(executor, Field(refuses), some_rows())


# --- worker processes -------------------------------------------------------------------------------------------------


def test_a_row_that_kills_its_worker_is_one_failure_and_the_pool_recovers(pool, tmp_path):
    def dies(rows, outcomes):
        if 6 in rows.keys:
            child = subprocess.Popen(["sleep", "600"])
            (tmp_path / f"child-{child.pid}").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return outcomes

    values, failures = outcomes_of(pool, RowByRow(dies), some_rows())
    assert list(failures) == [6]
    assert failures[6].startswith("died: the worker process ended with SIGKILL")
    assert failures[6].endswith("(row 6, key 6)")
    children = [int(f.name.partition("-")[2]) for f in tmp_path.iterdir()]
    assert len(children) == 2  # it was tried twice
    assert not ON_LINUX or gone_within(children, 1.0)
    here, _ = outcomes_of(InProcess(), RowByRow(), some_rows())
    np.testing.assert_array_equal(np.delete(values, 6, 0), np.delete(here, 6, 0))
    again, none = outcomes_of(pool, RowByRow(), some_rows())
    assert none == {}
    np.testing.assert_array_equal(again, here)
    # In a batch that trains together, the culprit is found by halving.
    _, failures = outcomes_of(pool, Field(dies), some_rows(8).take(slice(5, 8)))
    assert failures[1].endswith("(row 1, key 6)")
    assert len(failures) == 1


def test_a_worker_that_is_killed_from_outside_costs_no_row(pool, tmp_path):
    marker = tmp_path / "killed once"

    def killed_once(rows, outcomes):
        if 3 in rows.keys and not marker.exists():
            marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return outcomes

    values, failures = outcomes_of(pool, RowByRow(killed_once), some_rows(6))
    assert marker.exists()
    assert failures == {}
    np.testing.assert_array_equal(values, outcomes_of(InProcess(), RowByRow(), some_rows(6))[0])


def test_a_row_beyond_its_time_is_a_failure_that_says_where_it_was(tmp_path):
    def hangs(rows, outcomes):
        if 2 in rows.keys:
            child = subprocess.Popen(["sleep", "600"])
            (tmp_path / "child").write_text(str(child.pid))
            time.sleep(600)
        return outcomes

    executor = Processes(workers=2, timeout=0.5)
    values, failures = outcomes_of(executor, RowByRow(hangs), some_rows(6))
    executor.close()
    assert list(failures) == [2]
    assert failures[2].startswith("timed out: longer than 0.5 s, at line ")
    assert failures[2].endswith(" of hangs (row 2, key 2)")
    assert not ON_LINUX or gone_within([int((tmp_path / "child").read_text())], 1.0)
    np.testing.assert_array_equal(
        np.delete(values, 2, 0), np.delete(outcomes_of(InProcess(), RowByRow(), some_rows(6))[0], 2, 0)
    )


def test_batches_are_made_as_they_are_needed():
    made = []

    def making():
        for batch in batches(some_rows(30), 1):
            made.append(batch.id)
            yield batch

    executor = Processes(workers=2)
    run = executor.run(RowByRow(), materials(), making())
    next(run)
    ahead = len(made)
    close(run)
    executor.close()
    assert ahead <= 4  # 1.25 × 2 workers, rounded up, and the one that was yielded

    made.clear()
    run = InProcess().run(RowByRow(), materials(), making())
    next(run)
    assert made == [0]


def test_closing_the_iterator_ends_what_is_running_and_what_that_started(tmp_path):
    def slow(rows, outcomes):
        if rows.keys[0] > 0:
            child = subprocess.Popen(["sleep", "600"])
            (tmp_path / f"child-{child.pid}").touch()
            (tmp_path / f"worker-{os.getpid()}").touch()
            child.wait()
        return outcomes

    executor = Processes(workers=2)
    run = executor.run(RowByRow(slow), materials(), batches(some_rows(8), 1))
    assert next(run)[0] == 0
    end = time.monotonic() + 60
    while not list(tmp_path.glob("child-*")) and time.monotonic() < end:
        time.sleep(0.02)
    started = time.monotonic()
    close(run)
    took = time.monotonic() - started
    pids = [int(f.name.partition("-")[2]) for f in tmp_path.iterdir()]
    assert len(pids) >= 2
    assert gone_within(pids, 20.0)
    assert took < 55  # it is some 0.1 s, and what runs would go on for ten minutes
    # The executor is as good as new.
    assert outcomes_of(executor, RowByRow(), some_rows(2))[1] == {}
    executor.close()


def test_what_was_sent_to_workers_is_kept_no_longer_than_needed(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    executor = Processes(workers=1)
    for _ in range(3):  # each time other materials, as in each round of a study
        assert outcomes_of(executor, RowByRow(), some_rows(2))[1] == {}
    assert len(list(tmp_path.rglob("job-*"))) == 1
    executor.close()
    assert list(tmp_path.iterdir()) == []


def test_a_system_that_cannot_be_sent_says_so(pool):
    system = Field(misbehave=threading.Lock())
    with pytest.raises(PlanError, match=r"can't be sent to worker processes.*in_process"):
        list(pool.run(system, materials(), batches(some_rows(2), 1)))


SCRIPT = """
    import os, subprocess, sys, time
    from pathlib import Path
    from activeseed.executors import Processes
    from activeseed.plan import Materials, Rows
    from activeseed.protocols import Batch
    from activeseed.seed import Item, Seed, Text
    from activeseed.systems.own import FromFunction
    import numpy as np

    folder, hang = Path(sys.argv[1]), sys.argv[2] == "hang"

    def train(items, key):  # lives in __main__, as in a script or a notebook
        if hang:
            child = subprocess.Popen(["sleep", "600"])
            (folder / f"child-{child.pid}").touch()
            (folder / f"worker-{os.getpid()}").touch()
            child.wait()
        return [len(items), len(items[0].text)]

    seed = Seed(items=tuple(Item(id=str(n), payload=Text(text="x" * n)) for n in range(1, 5)))
    rows = Rows(np.array([[0, 0, 0, 0], [1, 0, 0, 0], [1, 1, 0, 0]], np.int16), np.arange(3))
    batches = [Batch(n, rows.take(slice(n, n + 1))) for n in range(3)]
    executor = Processes(workers=2)
    found = dict(executor.run(FromFunction(train, outcomes=2), Materials(seed, ()), batches))
    print([found[n].values[0].tolist() for n in range(3)])
"""


def start(tmp_path, how):
    script = tmp_path / "analysis.py"
    script.write_text(textwrap.dedent(SCRIPT))
    root = str(Path(__file__).parents[2])
    return subprocess.Popen(
        [sys.executable, str(script), str(tmp_path), how], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": root}, start_new_session=True,
    )  # fmt: skip


def test_functions_of_a_script_work_without_a_main_guard_and_without_close(tmp_path):
    out, err = start(tmp_path, "run").communicate(timeout=60)
    assert out == "[[4.0, 1.0], [3.0, 2.0], [2.0, 3.0]]\n"
    assert err == ""


@pytest.mark.parametrize("how", ["ctrl-c", "kill -9"])
def test_nothing_survives_the_end_of_the_analysis(tmp_path, how):
    process = start(tmp_path, "hang")
    end = time.monotonic() + 60
    while len(list(tmp_path.glob("*-*"))) < 4 and time.monotonic() < end:
        time.sleep(0.02)
    pids = [int(f.name.partition("-")[2]) for f in tmp_path.glob("*-*")]
    assert len(pids) == 4
    started = time.monotonic()
    if how == "ctrl-c":
        os.killpg(process.pid, signal.SIGINT)  # a terminal signals the whole group
    else:
        os.kill(process.pid, signal.SIGKILL)
    _, err = process.communicate(timeout=20)
    took = time.monotonic() - started
    # About 0.2 s after Ctrl-C, 0.5 s more for workers to notice a killed driver; the rest is for a busy machine.
    assert gone_within(pids, 20.0)
    if how == "ctrl-c":
        assert took < 20.0
        assert err.rstrip().endswith("KeyboardInterrupt")


# --- threads ----------------------------------------------------------------------------------------------------------


def test_arithmetic_has_the_threads_it_was_given_and_gives_them_back():
    torch = pytest.importorskip("torch")
    threadpoolctl = pytest.importorskip("threadpoolctl")

    def threads(rows, outcomes):
        values = np.full_like(outcomes.values, max(p["num_threads"] for p in threadpoolctl.threadpool_info()))
        values[:, 0] = int(os.environ["OMP_NUM_THREADS"])
        if "torch" in sys.modules:  # as in this process; a worker's system would find what the environment says
            values[:, 1] = sys.modules["torch"].get_num_threads()
        return Outcomes(values, outcomes.ok)

    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        for executor, expected in ((InProcess(), 1), (InProcess(threads=2), 2), (Processes(workers=1), 1)):
            values, _ = outcomes_of(executor, Field(threads), some_rows(1))
            assert values[0].tolist() == [expected] * PROBES
            assert torch.get_num_threads() == 3
            executor.close()
    finally:
        torch.set_num_threads(before)


# --- what an executor promises ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [InProcess, lambda: Processes(workers=2)], ids=["in_process", "processes"])
def test_an_executor_keeps_its_promises(make):
    toy = linear("noisy")
    check_executor(make(), toy, toy.materials, tolerance=ROUNDED)


class Liar:
    """An executor that trains in this process, and changes one thing."""

    def run(self, system, materials, batches):
        yield from InProcess().run(system, materials, batches)

    def close(self):
        pass


class LosesABatch(Liar):
    def run(self, system, materials, batches):
        return (found for found in super().run(system, materials, batches) if found[0] != 2)


class YieldsTwice(Liar):
    def run(self, system, materials, batches):
        for found in super().run(system, materials, batches):
            yield from [found] * (1 + (found[0] == 4))


class MixesBatches(Liar):
    def run(self, system, materials, batches):
        taken = list(batches)
        for found, name in zip(super().run(system, materials, taken), [b.id for b in taken[::-1]], strict=True):
            yield name, found[1]


class TakesAll(Liar):
    def run(self, system, materials, batches):
        return super().run(system, materials, list(batches))


class LetsItRaise(Liar):
    def run(self, system, materials, batches):
        for batch in batches:
            yield batch.id, system.train(batch.rows, materials)


def forgetting(**part):
    class Forgets(Liar):
        def run(self, system, materials, batches):
            return super().run(system, materials, (replace(b, **part) for b in batches))

    return Forgets


class NoClose(Liar):
    close = None  # type: ignore[assignment]  # that is the lie


class StaysClosed(Liar):
    closed = False

    def run(self, system, materials, batches):
        if self.closed:
            raise RuntimeError("it was closed")
        return super().run(system, materials, batches)

    def close(self):
        self.closed = True


class LeavesThreads(Liar):
    def __init__(self):
        self.over = threading.Event()

    def run(self, system, materials, batches):
        threading.Thread(target=self.over.wait, daemon=True).start()
        return super().run(system, materials, batches)


@pytest.mark.parametrize(
    ("liar", "error", "said"),
    [
        (LosesABatch, AssertionError, "every batch"),
        (YieldsTwice, AssertionError, "given back once"),
        (MixesBatches, AssertionError, "batch's own rows"),
        (TakesAll, AssertionError, "not all at once"),
        (LetsItRaise, RuntimeError, "this row raises"),
        (forgetting(places=None), AssertionError, "its places"),
        (forgetting(settings={}), AssertionError, "its settings"),
        (forgetting(cotangents=None), AssertionError, "its cotangents"),
        (forgetting(state=""), AssertionError, "the state that it names"),
        (NoClose, TypeError, "not callable"),
        (StaysClosed, RuntimeError, "it was closed"),
        (LeavesThreads, AssertionError, "threads are left"),
    ],
)
def test_an_executor_that_lies_is_found_out(liar, error, said):
    toy = linear("noisy")
    executor = liar()
    with pytest.raises(error, match=said):
        check_executor(executor, toy, toy.materials)
    if isinstance(executor, LeavesThreads):
        executor.over.set()
