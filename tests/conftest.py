"""One thread a process, no network, and a home of its own for every test."""

import os

# Before numpy or torch is imported: a test process uses one core, so that two of them share two cores, and sums come
# out in the same order whatever the machine.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"
# A model that is not installed is an error at once, and never a download.
os.environ["HF_HUB_OFFLINE"] = "1"

import gc
import signal
from collections.abc import Iterator
from functools import wraps
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# No deadline for an example: on two shared cores it would measure the machine. In CI the examples are the same every
# time, so that a change is judged by what it changed; new ones are sought on developers' machines.
settings.register_profile("local", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")

# Where a script runs the tests in the background, SIGINT is ignored, and so it would be in every process that a test
# starts and then stops as Ctrl-C does.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# What a developer set for their own studies, and what changes how a terminal is drawn.
_UNSET = ("COLUMNS", "FORCE_COLOR", "GITHUB_ACTIONS", "LINES", "NO_COLOR", "PY_COLORS")


@pytest.fixture(scope="session")
def _homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Folders that are there, one after the other.

    Counted here: pytest looks through all that lie side by side for the next number, six milliseconds at the thousands.
    """
    folder = tmp_path_factory.mktemp("homes")

    def made() -> Iterator[Path]:
        for number in count():
            (folder / str(number)).mkdir()
            yield folder / str(number)

    return made()


@pytest.fixture(autouse=True)
def _home_of_its_own(_homes: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nothing that a test writes to the user's folders reaches them, and nothing that lies there changes a test."""
    home = next(_homes)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    for name in ("config", "cache", "data", "state"):
        monkeypatch.setenv(f"XDG_{name.upper()}_HOME", str(home / name))
    for variable in {*_UNSET, *(v for v in os.environ if v.startswith("ACTIVESEED_"))}:
        monkeypatch.delenv(variable, raising=False)
    return home


def pytest_collection_finish() -> None:
    """What is there before the first test stays to the end: the collector need not walk through it again.

    Half a million objects (libraries, tests) took a third of a second each time that `nothing_left_open` looked.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _nothing_waits_for_the_disk() -> Iterator[None]:
    """What is written is handed to the system and not waited for: some ten thousand waits, a few milliseconds each.

    A power cut alone could tell, never a process that dies, by kill −9 or otherwise. Commands in processes of their own
    wait as they do for users, and `tests/contracts/test_store.py` holds what was put aside here to be there.
    """
    from activeseed.store import database

    configure = database._configure_sqlite

    @wraps(configure)
    def without_waiting(connection: Any, record: object) -> None:
        configure(connection, record)
        connection.execute("PRAGMA synchronous=OFF")

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(database, "_configure_sqlite", without_waiting)
        patched.setattr(os, "fsync", wraps(os.fsync)(lambda _file: None))
        yield


@pytest.fixture
def nothing_left_open() -> Iterator[None]:
    """Collect what the test left behind: an open socket among it is an error (see filterwarnings in pyproject.toml)."""
    yield
    gc.collect()


@pytest.fixture
def double_precision() -> Iterator[None]:
    """Fields are trained in double precision: see tests/precision.py."""
    import torch

    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)
