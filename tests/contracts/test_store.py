"""What every store promises: facts are written once and in order, arrays come back as they were."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

from activeseed.errors import FolderError, JournalMovedError, StoreError
from activeseed.protocols import Event, Store
from activeseed.store import FolderStore, database
from activeseed.store.database import Database
from activeseed.store.journal import READ, Journal, readable
from activeseed.testing import check_store


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path)


def test_events_come_back_in_order_with_sequence_and_time(store: FolderStore) -> None:
    written = store.append([Event("a", {"n": 1}), Event("b", {"text": "ünï✓"})])
    assert [e.sequence for e in written] == [1, 2]
    read = store.read()
    assert [(e.kind, e.body) for e in read] == [("a", {"n": 1}), ("b", {"text": "ünï✓"})]
    assert all(e.at.endswith("+00:00") for e in read)
    assert [e.kind for e in store.read(since=1)] == ["b"]


def test_a_key_is_written_once_and_the_first_fact_stands(store: FolderStore) -> None:
    assert len(store.append([Event("a", {"n": 1}, key="k")])) == 1
    assert store.append([Event("a", {"n": 2}, key="k")]) == []
    assert len(store.append([Event("a", {"n": 3}, key="k"), Event("b", {})])) == 1
    assert [e.body for e in store.read()] == [{"n": 1}, {}]


def test_events_of_one_call_are_written_all_or_none(store: FolderStore) -> None:
    with pytest.raises(ValueError, match="JSON"):
        store.append([Event("a", {}), Event("b", {"x": float("nan")})])
    assert store.read() == []


def _write(arguments: tuple[str, int]) -> int:
    folder, who = arguments
    store = FolderStore(Path(folder))
    return sum(len(store.append([Event("a", {"who": who}, key=f"k{n}"), Event("b", {})])) for n in range(20))


def test_processes_that_write_at_once_lose_nothing_and_write_no_key_twice(tmp_path: Path) -> None:
    FolderStore(tmp_path)
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        new = pool.map(_write, [(str(tmp_path), who) for who in range(3)])
    events = FolderStore(tmp_path).read()
    assert sum(new) == len(events) == 20 + 60
    assert len({e.key for e in events if e.key}) == 20
    assert [e.sequence for e in events] == sorted(e.sequence for e in events)


def test_a_file_is_read_by_the_statement_that_sqlalchemy_makes() -> None:
    from sqlalchemy.dialects import sqlite

    from activeseed.store.database import later_than

    assert " ".join(str(later_than(0).compile(dialect=sqlite.dialect())).split()) == READ


def test_a_file_reads_the_same_with_and_without_sqlalchemy(tmp_path: Path) -> None:
    events = [Event("a", {"n": 1.5, "text": "ünï✓"}, key="k"), Event("b", {"none": None})]
    FolderStore(tmp_path).append(events)
    file = tmp_path / ".activeseed" / "journal.db"
    assert Journal(file).read() == Journal(f"sqlite:///{file}").read()
    assert Journal(file).read(1) == Journal(f"sqlite:///{file}").read(1)


def test_what_another_process_writes_is_read_at_once(tmp_path: Path) -> None:
    mine = FolderStore(tmp_path)
    mine.append([Event("a", {})])
    theirs = FolderStore(tmp_path)
    assert len(theirs.read()) == 1
    mine.append([Event("b", {})])
    assert [e.kind for e in theirs.read(1)] == ["b"]
    theirs.append([Event("c", {})])
    assert [e.kind for e in mine.read(2)] == ["c"]


def test_a_journal_whose_making_was_interrupted_is_made(tmp_path: Path) -> None:
    (tmp_path / ".activeseed").mkdir()
    (tmp_path / ".activeseed" / "journal.db").touch()
    store = FolderStore(tmp_path)
    assert store.read() == []
    assert len(store.append([Event("a", {})])) == 1


def test_a_folder_of_any_name_holds_a_journal(tmp_path: Path) -> None:
    folder = tmp_path / "what? 100% & #1"
    FolderStore(folder).append([Event("a", {})])
    assert len(FolderStore(folder).read()) == 1
    assert (folder / ".activeseed" / "journal.db").is_file()


def test_arrays_come_back_bit_for_bit_and_equal_arrays_are_one_file(store: FolderStore, tmp_path: Path) -> None:
    arrays = {"names": np.array(["ab", "c"]), "values": np.array([[0.1, np.nan]], np.float32)}
    name = store.put(arrays)
    assert store.put({k: v.copy() for k, v in arrays.items()}) == name
    back = store.get(name)
    assert back["values"].tobytes() == arrays["values"].tobytes()
    assert store.names_in(name) == ["ab", "c"]
    assert len(list(tmp_path.rglob("*.npz"))) == 1
    assert not list(tmp_path.rglob("*.part"))


def test_arrays_that_differ_in_type_or_shape_alone_are_different_artifacts(store: FolderStore) -> None:
    a = np.arange(4, dtype=np.int64)
    names = {store.put({"x": a}), store.put({"x": a.reshape(2, 2)}), store.put({"x": a.astype(np.uint64)})}
    assert len(names) == 3


def test_what_is_written_waits_for_the_disk(
    store: FolderStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tests themselves wait for none (see conftest): this is what they put aside."""
    with closing(sqlite3.connect(tmp_path / "any.db")) as connection:
        database._configure_sqlite.__wrapped__(connection, None)  # type: ignore[attr-defined]  # conftest's
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    waited: list[int] = []
    monkeypatch.setattr(os, "fsync", waited.append)
    store.put({"x": np.arange(3)})
    assert len(waited) == 1


def test_a_damaged_artifact_says_what_to_do(store: FolderStore, tmp_path: Path) -> None:
    name = store.put({"names": np.array(["a"])})
    path = next(tmp_path.rglob("*.npz"))
    path.write_bytes(path.read_bytes()[:40])
    assert store.names_in(name) is None
    with pytest.raises(StoreError, match="Run again"):
        store.get(name)
    assert not path.exists(), "what can't be read is not in the way of the same file, whole"
    with pytest.raises(StoreError, match="missing"):
        store.get("0" * 64)
    assert store.put({"names": np.array(["a"])}) == name, "and writing it again mends it"
    assert store.names_in(name) == ["a"]


def test_half_a_file_is_written_again_also_where_nobody_has_read_it(store: FolderStore, tmp_path: Path) -> None:
    arrays = {"names": np.array(["a"]), "x": np.arange(1000)}
    name = store.put(arrays)
    path = next(tmp_path.rglob("*.npz"))
    path.write_bytes(path.read_bytes()[:40])
    assert store.put(arrays) == name
    np.testing.assert_array_equal(store.get(name)["x"], arrays["x"])


def test_every_event_of_a_damaged_journal_that_can_be_read_is_saved(store: FolderStore, tmp_path: Path) -> None:
    written = store.append([Event("e", {"n": n}) for n in range(4)])
    store.close()
    file = tmp_path / ".activeseed" / "journal.db"
    assert readable(file) == written
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE events SET body = 'no JSON' WHERE sequence = ?", (written[1].sequence,))
    with pytest.raises(StoreError, match="3 of its events can be read"):
        store.read()
    assert readable(file) == [written[0], *written[2:]]


def test_a_writer_that_another_came_before_looks_again(store: FolderStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """As PostgreSQL has it: a key that was free when it was looked for is taken when it is written."""
    real, late = Database._appended, [2]

    def appended(self: Database, *given: Any) -> list[Event]:
        if late[0]:
            late[0] -= 1
            raise sa.exc.IntegrityError("INSERT", None, Exception("taken"))
        return real(self, *given)

    monkeypatch.setattr(Database, "_appended", appended)
    (written,) = store.append([Event("e", {"n": 1}, key="k")])
    assert store.read() == [written]
    late[0] = 100
    with pytest.raises(StoreError, match=r"could not be written: taken. Nothing was changed"):
        store.append([Event("e", {"n": 2})])
    assert store.read() == [written]


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "study").write_text("not a folder")
    with pytest.raises(FolderError, match="can't be written"):
        FolderStore(tmp_path / "study")


def test_a_damaged_journal_is_refused(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    store.append([Event("a", {})])
    store.close()
    (tmp_path / ".activeseed" / "journal.db").write_bytes(b"not a database, " * 400)
    with pytest.raises(StoreError, match="can't be opened"):
        FolderStore(tmp_path)


# --- what a store promises --------------------------------------------------------------------------------------------


def in_files(folder: Path) -> Callable[[str], Store]:
    """A folder of its own for each study."""
    return lambda study: FolderStore(folder / study)


def in_one_database(folder: Path) -> Callable[[str], Store]:
    """One database for all of them."""
    return lambda study: FolderStore(folder / study, f"sqlite:///{folder / 'team.db'}", study)


@pytest.mark.parametrize("place", [in_files, in_one_database])
def test_a_store_keeps_its_promises(place: Callable[[Path], Callable[[str], Store]], tmp_path: Path) -> None:
    check_store(place(tmp_path))


class Honest:
    """A store that passes everything on; liars change one thing."""

    def __init__(self, folder: Path, study: str) -> None:
        self.store = in_one_database(folder)(study)

    def append(self, events: Sequence[Event], expect: int | None = None) -> list[Event]:
        return self.store.append(events, expect)

    def read(self, since: int = 0) -> list[Event]:
        return self.store.read(since)

    def put(self, arrays: Any) -> str:
        return self.store.put(arrays)

    def get(self, artifact: str) -> dict[str, Any]:
        return self.store.get(artifact)

    def names_in(self, artifact: str) -> list[str] | None:
        return self.store.names_in(artifact)

    def close(self) -> None:
        self.store.close()


class DropsAnEvent(Honest):
    def read(self, since: int = 0) -> list[Event]:
        return [e for e in self.store.read(since) if e.body.get("n") != 3 or e.kind != "w"]


class MixesStudies(Honest):
    def __init__(self, folder: Path, study: str) -> None:
        super().__init__(folder, "all")


class IgnoresExpect(Honest):
    def append(self, events: Sequence[Event], expect: int | None = None) -> list[Event]:
        return self.store.append(events)


class LooksBeforeItHolds(Honest):
    """Sees whether the last number is the expected one, and writes later."""

    def append(self, events: Sequence[Event], expect: int | None = None) -> list[Event]:
        last = max((e.sequence for e in self.store.read()), default=0)
        if expect is not None and last != expect:
            raise JournalMovedError(expect, last)
        time.sleep(0.05)
        return self.store.append(events)


class WritesPart(Honest):
    def append(self, events: Sequence[Event], expect: int | None = None) -> list[Event]:
        return [e for event in events for e in self.store.append([event], expect)]


class ForgetsKeys(Honest):
    def append(self, events: Sequence[Event], expect: int | None = None) -> list[Event]:
        return self.store.append([Event(e.kind, e.body) for e in events], expect)


class RoundsArrays(Honest):
    def get(self, artifact: str) -> dict[str, Any]:
        return {k: v.astype(np.float64) if v.dtype == np.float32 else v for k, v in self.store.get(artifact).items()}


class NamesByCounting(Honest):
    def put(self, arrays: Any) -> str:
        return self.store.put({**arrays, "extra": np.random.default_rng().random(1)})


class NamesByOrder(Honest):
    """A name that is the first array's, too."""

    def put(self, arrays: Any) -> str:
        return f"{next(iter(arrays))}/{self.store.put(arrays)}"

    def get(self, artifact: str) -> dict[str, Any]:
        return self.store.get(artifact.rpartition("/")[2])

    def names_in(self, artifact: str) -> list[str] | None:
        return self.store.names_in(artifact.rpartition("/")[2])


class ClosesOnce(Honest):
    closed = False

    def close(self) -> None:
        if self.closed:
            raise RuntimeError("closed already")
        self.closed = True


@pytest.mark.parametrize(
    ("liar", "said"),
    [
        (DropsAnEvent, "misses nothing"),
        (MixesStudies, "of another one"),
        (IgnoresExpect, "refuses where somebody else wrote"),
        (LooksBeforeItHolds, "one writes"),
        (WritesPart, "all or none"),
        (ForgetsKeys, "wrote, in order"),
        (RoundsArrays, "bit for bit"),
        (NamesByCounting, "all its arrays"),
        (NamesByOrder, "in whatever order"),
    ],
)
def test_a_liar_is_found_out(liar: Callable[[Path, str], Store], said: str, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=said):
        check_store(lambda study: liar(tmp_path, study))


def test_one_that_can_be_closed_once_is_found_out(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="closed already"):
        check_store(lambda study: ClosesOnce(tmp_path, study))


# --- many studies in one database -------------------------------------------------------------------------------------


def test_a_database_says_which_studies_it_holds(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'team.db'}"
    stores = [FolderStore(tmp_path / name, url, name) for name in ("b", "a")]
    assert stores[0].studies() == []
    for store in stores:
        store.append([Event("created", {})])
    assert stores[0].studies() == ["a", "b"]
    assert FolderStore(tmp_path / "own").studies() == []


def test_a_study_from_before_there_were_ids_goes_on_beside_others(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'team.db'}"
    FolderStore(tmp_path / "old", url).append([Event("created", {"n": 1}, key="created")])
    new = FolderStore(tmp_path / "new", url, "new")
    assert new.read() == []
    assert len(new.append([Event("created", {"n": 2}, key="created")], expect=0)) == 1
    old = FolderStore(tmp_path / "old", url)
    assert [e.body for e in old.read()] == [{"n": 1}]
    assert len(old.append([Event("a", {})], expect=1)) == 1


def test_a_file_as_version_0_1_made_it_goes_on(tmp_path: Path) -> None:
    (tmp_path / ".activeseed").mkdir()
    with closing(sqlite3.connect(tmp_path / ".activeseed" / "journal.db")) as old:
        old.execute(
            "CREATE TABLE events (sequence INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, kind VARCHAR(64) NOT NULL, "
            '"key" VARCHAR(200), at VARCHAR(40) NOT NULL, schema INTEGER NOT NULL, body TEXT NOT NULL, UNIQUE ("key"))'
        )
        old.execute("INSERT INTO events VALUES (7, 'created', 'created', '2026-01-01', 1, '{\"n\": 1}')")
        old.commit()
    store = FolderStore(tmp_path)
    assert [e.sequence for e in store.read()] == [7]
    assert store.append([Event("created", {}, key="created")]) == []
    assert [e.sequence for e in store.append([Event("a", {})], expect=7)] == [8]


def test_what_moved_says_so_also_from_another_process() -> None:
    error = pickle.loads(pickle.dumps(JournalMovedError(3, 5)))
    assert (error.expected, error.last, str(error)) == (3, 5, str(JournalMovedError(3, 5)))
