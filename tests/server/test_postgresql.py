"""The journal in PostgreSQL, of a server that the test starts: studies apart, nothing lost between writers."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from activeseed.errors import JournalMovedError, StoreError
from activeseed.protocols import Event
from activeseed.store import FolderStore
from activeseed.testing import check_store

pytestmark = pytest.mark.server
#: the server refuses to be run by root: there it runs as the user that its packages make
USER = "postgres"


def _programs() -> Path:
    """Where PostgreSQL's own programs are; some packages put them on no path."""
    found = shutil.which("pg_ctl")
    places = [Path(found).resolve().parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not places:
        pytest.skip("there is no PostgreSQL here: install the package postgresql")
    return places[-1]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a server on loopback, up to the name of the database."""
    pytest.importorskip("psycopg", reason="no driver for PostgreSQL: pip install 'activeseed[postgresql]'")
    bin_, folder = _programs(), tmp_path_factory.mktemp("pg")
    as_user: list[str] = []
    if os.geteuid() == 0:
        if not shutil.which("runuser"):
            pytest.skip("PostgreSQL does not run as root, and there is no runuser to run it as somebody else")
        as_user = ["runuser", "-u", USER, "--"]
        for path in (folder, *[p for p in folder.parents if p.is_relative_to(tmp_path_factory.getbasetemp().parent)]):
            path.chmod(0o755)
        shutil.chown(folder, USER)
    data, log = folder / "data", folder / "log"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    made = [str(bin_ / "initdb"), "-D", str(data), "-U", "team", "--auth=trust", "-E", "UTF8", "--no-sync"]
    subprocess.run([*as_user, *made], check=True, capture_output=True, cwd=folder)
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories="
    begin = [str(bin_ / "pg_ctl"), "-D", str(data), "-l", str(log), "-o", options, "-w", "start"]
    subprocess.run([*as_user, *begin], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder)
    try:
        yield f"postgresql+psycopg://team@127.0.0.1:{port}"
    finally:
        end = [str(bin_ / "pg_ctl"), "-D", str(data), "-m", "immediate", "stop"]
        subprocess.run([*as_user, *end], capture_output=True, cwd=folder)


@pytest.fixture
def database(server: str, request: pytest.FixtureRequest) -> str:
    """Address of a database of this test's own."""
    name = "".join(c for c in request.node.name if c.isalnum()).lower()[:50]
    engine = sa.create_engine(f"{server}/postgres", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return f"{server}/{name}"


def test_it_keeps_a_stores_promises(database: str, tmp_path: Path) -> None:
    check_store(lambda study: FolderStore(tmp_path / study, database, study))


def test_so_does_a_study_from_before_there_were_ids(database: str, tmp_path: Path) -> None:
    writers = [FolderStore(tmp_path, database) for _ in range(2)]
    threads = [
        threading.Thread(target=lambda s=s, w=w: [s.append([Event("a", {"who": w})]) for _ in range(20)])
        for w, s in enumerate(writers)
    ]
    for thread in threads:
        thread.start()
    seen: list[Event] = []
    reader = FolderStore(tmp_path, database)
    while any(t.is_alive() for t in threads):
        seen += reader.read(seen[-1].sequence if seen else 0)
    seen += reader.read(seen[-1].sequence if seen else 0)
    assert len(seen) == 40
    with pytest.raises(JournalMovedError):
        writers[0].append([Event("b", {})], expect=seen[-2].sequence)
    for store in (*writers, reader):
        store.close()


def test_a_reader_that_has_seen_an_event_misses_none_before_it(database: str, tmp_path: Path) -> None:
    """A writer that has its number and takes its time to commit keeps the next one waiting."""
    slow, quick, reader = (FolderStore(tmp_path / str(n), database, "one") for n in range(3))
    slow.append([Event("a", {"n": 0})])
    engine = sa.create_engine(database)
    with engine.begin() as holding:
        holding.execute(sa.text("SELECT id FROM studies WHERE id = 'one' FOR UPDATE"))
        holding.execute(
            sa.text("INSERT INTO facts (study, sequence, kind, at, schema, body) VALUES ('one', 2, 'a', '', 1, '{}')")
        )
        thread = threading.Thread(target=lambda: quick.append([Event("late", {})]))
        thread.start()
        time.sleep(0.5)
        assert [e.sequence for e in reader.read()] == [1], "nothing after an event that is not committed yet"
    thread.join(30)
    assert [(e.sequence, e.kind) for e in reader.read(1)] == [(2, "a"), (3, "late")]
    engine.dispose()
    for store in (slow, quick, reader):
        store.close()


def test_other_studies_are_not_kept_waiting(database: str, tmp_path: Path) -> None:
    one, other = (FolderStore(tmp_path / name, database, name) for name in ("one", "other"))
    for store in (one, other):
        store.append([Event("a", {})])
    engine = sa.create_engine(database)
    with engine.begin() as holding:
        holding.execute(sa.text("SELECT id FROM studies WHERE id = 'one' FOR UPDATE"))
        thread = threading.Thread(target=lambda: other.append([Event("b", {})]))
        thread.start()
        thread.join(20)
        assert not thread.is_alive()
    engine.dispose()
    for store in (one, other):
        store.close()


def test_a_database_that_is_not_there_is_said_without_its_password(server: str, tmp_path: Path) -> None:
    address = server.replace("team@", "team:hidden@") + "/nowhere"
    with pytest.raises(StoreError, match="can't be opened") as said:
        FolderStore(tmp_path, address, "one")
    assert "hidden" not in str(said.value)
