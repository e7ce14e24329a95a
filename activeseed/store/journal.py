"""The journal: an append-only table of events.

SQLite in the project folder by default; a team may name another database by its SQLAlchemy address. Whatever is
written goes through SQLAlchemy (`database`). A file that is there already is *read* with Python's own driver, so that a
command that only looks (``status``, ``seed log``) answers before SQLAlchemy would be loaded; a test holds the one
statement that does so to the one that SQLAlchemy makes.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing, suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from activeseed.errors import StoreError
from activeseed.protocols import Event

if TYPE_CHECKING:
    from activeseed.store.database import Database

READ = (
    'SELECT events.sequence, events.kind, events."key", events.at, events.schema, events.body '
    "FROM events WHERE events.sequence > ? ORDER BY events.sequence"
)
ONE = (
    'SELECT events.sequence, events.kind, events."key", events.at, events.schema, events.body '
    "FROM events WHERE events.sequence = ?"
)


def event_of(row: tuple[Any, ...]) -> Event:
    """The event in a row of the table. Raises ValueError where its body is damaged."""
    sequence, kind, key, at, schema, body = row
    return Event(kind, json.loads(body), key or "", sequence, at, schema)


class Journal:
    """The events of one study. Safe for several processes; raises StoreError when the database is damaged or locked.

    Args:
        where: a file for SQLite that holds this one study, or the SQLAlchemy address of a database.
        study: the study's id in that database; empty for one from before studies had ids.
    """

    def __init__(self, where: str | Path, study: str = "") -> None:
        self._where, self._study = where, study
        if not (isinstance(where, Path) and self._has_table(where)):
            _ = self._database  # made, or reached, now: a mistake in its address is not found in the middle of things

    @cached_property
    def _database(self) -> Database:
        from sqlalchemy import URL

        from activeseed.store.database import Database

        where = self._where
        if isinstance(where, Path):
            return Database(URL.create("sqlite", database=str(where)))
        return Database(where, self._study)

    def append(self, events: Sequence[Event], expect: int | None = None) -> list[Event]:
        """Write all events in one transaction, leaving out those whose key is taken; returns the new ones.

        Raises JournalMovedError where ``expect`` is given and is not the study's last sequence number.
        """
        return self._database.append(events, expect)

    def read(self, since: int = 0) -> list[Event]:
        """Events after a sequence number, in order."""
        if not isinstance(self._where, Path):
            return self._database.read(since)
        try:
            with closing(_connected(self._where)) as connection:
                return [event_of(row) for row in connection.execute(READ, (since,))]
        except (sqlite3.Error, ValueError, TypeError) as error:
            raise StoreError(self._how_damaged(error)) from error

    def studies(self) -> list[str]:
        """Ids of the studies in the database; none for a file, which holds one study."""
        return [] if isinstance(self._where, Path) else self._database.studies()

    def close(self) -> None:
        """Give back the connections; whoever goes on gets new ones."""
        if "_database" in self.__dict__:
            self._database.close()

    def _how_damaged(self, error: Exception) -> str:
        """What is wrong, what can still be read, and how to save it."""
        assert isinstance(self._where, Path)
        whole = readable(self._where)
        if not whole:
            return f"The journal at {self._where} could not be read: {error}. Put a copy of it back."
        answers = sum(e.kind == "answered" for e in whole)
        return (
            f"The journal at {self._where} is damaged ({error}). {len(whole)} of its events can be read, up to "
            f"{whole[-1].at}, {answers} answers among them. Save those:  activeseed answers export --damaged FILE. "
            "Then put a copy of the journal back, or start a new study and import them."
        )

    @staticmethod
    def _has_table(file: Path) -> bool:
        if not file.exists():
            return False
        try:
            with closing(_connected(file)) as connection:
                return bool(connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'events'").fetchall())
        except sqlite3.Error as error:
            raise StoreError(f"The journal at {file} can't be opened: {error}.") from error


def ends_of(file: Path) -> tuple[str, int] | None:
    """When the first event of a journal was written, and the last sequence number; None where there is no event.

    Raises StoreError where the file is damaged.
    """
    try:
        with closing(_connected(file)) as connection:
            first = connection.execute("SELECT at FROM events ORDER BY sequence LIMIT 1").fetchone()
            last = connection.execute("SELECT MAX(sequence) FROM events").fetchone()
    except sqlite3.Error as error:
        raise StoreError(f"The journal at {file} could not be read: {error}.") from error
    return (str(first[0]), int(last[0])) if first else None


def readable(file: Path) -> list[Event]:
    """The events of a damaged journal that can still be read, one by one; empty where none can."""
    out: list[Event] = []
    with suppress(sqlite3.Error), closing(_connected(file)) as connection:
        last = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'events'").fetchone()
        for sequence in range(1, int(last[0]) + 1 if last else 0):
            with suppress(sqlite3.Error, ValueError, TypeError):
                out += [event_of(row) for row in connection.execute(ONE, (sequence,))]
    return out


def _connected(file: Path) -> sqlite3.Connection:
    """A connection, also where nothing may be written, as long as it isn't in the middle of something there."""
    as_we_are = os.access in os.supports_effective_ids
    if all(os.access(p, os.W_OK, effective_ids=as_we_are) for p in (file, file.parent)):
        return _wary(sqlite3.connect(file, timeout=30.0))
    ahead = file.with_name(file.name + "-wal")
    # without a log beside it the file is all there is, and nobody changes it
    how = "mode=ro" if ahead.exists() and ahead.stat().st_size else "mode=ro&immutable=1"
    return _wary(sqlite3.connect(f"{file.resolve().as_uri()}?{how}", uri=True, timeout=30.0))


def _wary(connection: sqlite3.Connection) -> sqlite3.Connection:
    connection.execute("PRAGMA trusted_schema=OFF")  # the file may come from anybody
    return connection
