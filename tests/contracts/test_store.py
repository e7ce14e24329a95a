"""What every store promises: facts are written once and in order, arrays come back as they were."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import numpy as np
import pytest

from activeseed.errors import FolderError, StoreError
from activeseed.protocols import Event
from activeseed.store import FolderStore
from activeseed.store.journal import READ, Journal


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
