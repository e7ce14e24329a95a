"""Journals behind SQLAlchemy: what writes events, and reads them where they aren't in a file of one's own.

Nothing is ever updated or deleted. Two layouts: ``events`` holds the one study of a file of its own (and of a database
from before studies had ids), ``facts`` those of a database that holds many, each under its id.

A writer holds its study until it has committed, and numbers its events meanwhile. So numbers come into sight in order,
and whoever has read up to one misses none below it; what a database numbers by itself may be committed out of order.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from activeseed.errors import ConfigError, JournalMovedError, StoreError
from activeseed.masking import masked_text
from activeseed.protocols import Event
from activeseed.store.journal import event_of

_metadata = sa.MetaData()
_events = sa.Table(
    "events",
    _metadata,
    sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("kind", sa.String(64), nullable=False),
    sa.Column("key", sa.String(200), unique=True, nullable=True),
    sa.Column("at", sa.String(40), nullable=False),
    sa.Column("schema", sa.Integer, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sqlite_autoincrement=True,
)
#: the longest id of a study
LONGEST_ID = 100
_studies = sa.Table(
    "studies",
    _metadata,
    sa.Column("id", sa.String(LONGEST_ID), primary_key=True),
    sa.Column("at", sa.String(40), nullable=False),
)
_facts = sa.Table(
    "facts",
    _metadata,
    sa.Column("study", sa.String(LONGEST_ID), sa.ForeignKey("studies.id"), primary_key=True),
    sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.String(64), nullable=False),
    sa.Column("key", sa.String(200), nullable=True),
    sa.Column("at", sa.String(40), nullable=False),
    sa.Column("schema", sa.Integer, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.UniqueConstraint("study", "key"),
)
#: how often a transaction is tried that another one came before
TRIES = 5
#: how long a writer waits for another one, and how long one that has gone silent may hold a study
PATIENCE = ("SET lock_timeout = '30s'", "SET idle_in_transaction_session_timeout = '60s'")


class Database:
    """The events of one study. Safe for several processes; raises StoreError when the database is damaged or locked.

    Args:
        url: SQLAlchemy address.
        study: its id among those of the database; empty for the one study of a file of its own.
    """

    def __init__(self, url: str | sa.URL, study: str = "") -> None:
        self._study = study
        self._engine = _engine(url)
        if self._engine.dialect.name == "sqlite":
            sa.event.listen(self._engine, "connect", _configure_sqlite)
            sa.event.listen(self._engine, "begin", _begin_immediate)
        elif self._engine.dialect.name == "postgresql":
            sa.event.listen(self._engine, "connect", _configure_postgresql)
        tables = [_studies, _facts] if study else [_events]
        try:
            try:
                _metadata.create_all(self._engine, tables)
            except (sa.exc.OperationalError, sa.exc.IntegrityError, sa.exc.ProgrammingError):
                _metadata.create_all(self._engine, tables)  # another process may have made the tables since we looked
        except sa.exc.SQLAlchemyError as error:
            raise StoreError(f"The journal at {_shown(self._engine.url)} can't be opened: {_reason(error)}.") from error

    def append(self, events: Sequence[Event], expect: int | None = None) -> list[Event]:
        """Write all events in one transaction, leaving out those whose key is taken; returns the new ones.

        Raises JournalMovedError where ``expect`` is given and is not the study's last sequence number.
        """
        for _ in range(TRIES):
            try:
                with self._engine.begin() as connection:
                    return self._appended(connection, events, expect)
            except sa.exc.IntegrityError as error:
                taken = error  # another process made the same study, or took a key, since we looked: look again
            except sa.exc.SQLAlchemyError as error:
                raise StoreError(f"The journal could not be written: {_reason(error)}. Nothing was changed.") from error
        raise StoreError(f"The journal could not be written: {_reason(taken)}. Nothing was changed.") from taken

    def _appended(self, connection: sa.Connection, events: Sequence[Event], expect: int | None) -> list[Event]:
        table = _facts if self._study else _events
        self._hold(connection)
        last = int(connection.scalar(_of(self._study, sa.select(sa.func.max(table.c.sequence)))) or 0)
        if expect is not None and last != expect:
            raise JournalMovedError(expect, last)
        written: list[Event] = []
        for event in events:
            if event.key and connection.scalar(
                _of(self._study, sa.select(table.c.sequence).where(table.c.key == event.key))
            ):
                continue
            at = event.at or _now()
            values: dict[str, Any] = {
                "kind": event.kind,
                "key": event.key or None,
                "at": at,
                "schema": event.schema,
                "body": json.dumps(event.body, ensure_ascii=False, allow_nan=False),
            }
            if self._study:
                values |= {"study": self._study, "sequence": last + 1}
            made = connection.execute(table.insert().values(values)).inserted_primary_key
            assert made is not None
            last = int(made[-1])
            written.append(Event(event.kind, event.body, event.key, last, at, event.schema))
        return written

    def _hold(self, connection: sa.Connection) -> None:
        """Keep other writers of the study waiting until this transaction ends. In SQLite it does so from its begin."""
        if self._study:
            mine = sa.select(_studies.c.id).where(_studies.c.id == self._study).with_for_update()
            if connection.scalar(mine) is None:
                connection.execute(_studies.insert().values(id=self._study, at=_now()))
        elif connection.dialect.name == "postgresql":
            connection.execute(sa.text("LOCK TABLE events IN SHARE ROW EXCLUSIVE MODE"))

    def read(self, since: int) -> list[Event]:
        """Events after a sequence number, in order."""
        try:
            with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                return [event_of(tuple(row)) for row in connection.execute(later_than(since, self._study))]
        except (sa.exc.SQLAlchemyError, ValueError, TypeError) as error:
            raise StoreError(f"The journal could not be read: {_reason(error)}.") from error

    def studies(self) -> list[str]:
        """Ids of the studies in the database, but for one from before they had ids."""
        try:
            if not sa.inspect(self._engine).has_table("studies"):
                return []
            with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                return list(connection.scalars(sa.select(_studies.c.id).order_by(_studies.c.id)))
        except sa.exc.SQLAlchemyError as error:
            raise StoreError(f"The journal could not be read: {_reason(error)}.") from error

    def close(self) -> None:
        """Give back the connections."""
        self._engine.dispose()


def _engine(url: str | sa.URL) -> sa.Engine:
    """The engine of an address. Raises ConfigError, in whose words no password is, for one that can't be used."""
    try:
        address = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):
        raise ConfigError(
            "[store] is no address of a database. Write it as SQLAlchemy does, store = "
            '"postgresql+psycopg://user@host/name", or leave it empty for a file in the project folder.'
        ) from None
    try:
        return sa.create_engine(address, future=True)
    except (sa.exc.ArgumentError, ImportError, TypeError, ValueError) as error:
        why = masked_text(str(error).splitlines()[0] if str(error) else type(error).__name__)
        raise ConfigError(
            f"store = {_shown(address)!r} can't be used: {why}. Install the driver that it names, or name another."
        ) from None


def _shown(url: sa.URL) -> str:
    return masked_text(url.render_as_string(hide_password=True))


def later_than(since: int, study: str = "") -> sa.Select[Any]:
    """The rows of events after a sequence number. ``journal.READ`` is this statement, as SQLite reads it."""
    c = (_facts if study else _events).c
    columns = sa.select(c.sequence, c.kind, c.key, c.at, c.schema, c.body)
    return _of(study, columns.where(c.sequence > since).order_by(c.sequence))


def _of(study: str, statement: sa.Select[Any]) -> sa.Select[Any]:
    """The statement, about one study alone."""
    return statement.where(_facts.c.study == study) if study else statement


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _configure_sqlite(connection: object, _record: object) -> None:
    # the driver's own transaction handling starts writes too late to be safe between processes: see _begin_immediate
    connection.isolation_level = None  # type: ignore[attr-defined]  # a DBAPI connection, untyped in SQLAlchemy
    cursor = connection.cursor()  # type: ignore[attr-defined]  # a DBAPI connection, untyped in SQLAlchemy
    cursor.execute("PRAGMA trusted_schema=OFF")  # the file may come from anybody
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA busy_timeout=30000")
    cursor.close()


def _configure_postgresql(connection: object, _record: object) -> None:
    cursor = connection.cursor()  # type: ignore[attr-defined]  # a DBAPI connection, untyped in SQLAlchemy
    for setting in PATIENCE:
        cursor.execute(setting)
    cursor.close()
    connection.commit()  # type: ignore[attr-defined]  # a DBAPI connection, untyped in SQLAlchemy


def _begin_immediate(connection: sa.Connection) -> None:
    # take the write lock before looking whether a key is taken, or two processes could both look and then one fail
    if connection.get_isolation_level() != "AUTOCOMMIT":
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _reason(error: Exception) -> str:
    return masked_text((str(getattr(error, "orig", None) or error).splitlines() or [type(error).__name__])[0])
