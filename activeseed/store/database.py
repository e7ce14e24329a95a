"""The journal's table behind SQLAlchemy: what writes events, and reads them where they aren't in a file of one's own.

Nothing is ever updated or deleted. Uniqueness of ``key`` does the work of idempotence: the first writer of a fact wins,
whichever process it is.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime

import sqlalchemy as sa

from activeseed.errors import ConfigError, StoreError
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


class Database:
    """Events in one table. Safe for several processes; raises StoreError when the database is damaged or locked."""

    def __init__(self, url: str | sa.URL) -> None:
        self._engine = _engine(url)
        if self._engine.dialect.name == "sqlite":
            sa.event.listen(self._engine, "connect", _configure_sqlite)
            sa.event.listen(self._engine, "begin", _begin_immediate)
        try:
            try:
                _metadata.create_all(self._engine)
            except sa.exc.OperationalError:  # another process may have made the table since we looked
                _metadata.create_all(self._engine)
        except sa.exc.SQLAlchemyError as error:
            raise StoreError(f"The journal at {_shown(self._engine.url)} can't be opened: {_reason(error)}.") from error

    def append(self, events: Sequence[Event]) -> list[Event]:
        """Write all events in one transaction, leaving out those whose key is taken; returns the new ones."""
        written: list[Event] = []
        try:
            with self._engine.begin() as connection:
                for event in events:
                    at = event.at or datetime.now(UTC).isoformat(timespec="milliseconds")
                    taken = event.key and connection.scalar(
                        sa.select(_events.c.sequence).where(_events.c.key == event.key)
                    )
                    if taken:
                        continue
                    result = connection.execute(
                        _events.insert().values(
                            kind=event.kind,
                            key=event.key or None,
                            at=at,
                            schema=event.schema,
                            body=json.dumps(event.body, ensure_ascii=False, allow_nan=False),
                        )
                    )
                    key = result.inserted_primary_key
                    assert key is not None
                    written.append(Event(event.kind, event.body, event.key, int(key[0]), at, event.schema))
        except sa.exc.IntegrityError:
            # another process took a key between our look and our write: look again, its fact stands
            return self.append(events)
        except sa.exc.SQLAlchemyError as error:
            raise StoreError(f"The journal could not be written: {_reason(error)}. Nothing was changed.") from error
        return written

    def read(self, since: int) -> list[Event]:
        """Events after a sequence number, in order."""
        try:
            with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                return [event_of(tuple(row)) for row in connection.execute(later_than(since))]
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


def later_than(since: int) -> sa.Select[tuple[int, str, str | None, str, int, str]]:
    """The rows of events after a sequence number. ``journal.READ`` is this statement, as SQLite reads it."""
    return sa.select(_events).where(_events.c.sequence > since).order_by(_events.c.sequence)


def _configure_sqlite(connection: object, _record: object) -> None:
    # the driver's own transaction handling starts writes too late to be safe between processes: see _begin_immediate
    connection.isolation_level = None  # type: ignore[attr-defined]  # a DBAPI connection, untyped in SQLAlchemy
    cursor = connection.cursor()  # type: ignore[attr-defined]  # a DBAPI connection, untyped in SQLAlchemy
    cursor.execute("PRAGMA trusted_schema=OFF")  # the file may come from anybody
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA busy_timeout=30000")
    cursor.close()


def _begin_immediate(connection: sa.Connection) -> None:
    # take the write lock before looking whether a key is taken, or two processes could both look and then one fail
    if connection.get_isolation_level() != "AUTOCOMMIT":
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _reason(error: sa.exc.SQLAlchemyError) -> str:
    return masked_text((str(getattr(error, "orig", None) or error).splitlines() or [type(error).__name__])[0])
