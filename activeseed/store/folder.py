"""The store of a project folder: journal and artifacts under ``.activeseed/``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from activeseed.errors import FolderError
from activeseed.protocols import Event
from activeseed.store.artifacts import Artifacts
from activeseed.store.journal import Journal

if TYPE_CHECKING:
    from numpy.typing import NDArray


class FolderStore:
    """Facts of one study.

    Args:
        folder: the project folder; ``.activeseed`` is made inside it.
        url: SQLAlchemy address of the journal, or None for SQLite inside the folder.
    """

    def __init__(self, folder: Path, url: str | None = None) -> None:
        inside = folder / ".activeseed"
        try:
            inside.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FolderError(
                f"{folder.resolve()} can't be written: {error.strerror}. Choose another folder or change its rights."
            ) from error
        self.folder = inside
        self._journal = Journal(url or inside / "journal.db")
        self._artifacts = Artifacts(inside / "artifacts")

    def append(self, events: Sequence[Event]) -> list[Event]:
        """See ``protocols.Store``."""
        return self._journal.append(events)

    def read(self, since: int = 0) -> list[Event]:
        """See ``protocols.Store``."""
        return self._journal.read(since)

    def put(self, arrays: dict[str, NDArray[Any]]) -> str:
        """See ``protocols.Store``."""
        return self._artifacts.put(arrays)

    def get(self, artifact: str) -> dict[str, NDArray[Any]]:
        """See ``protocols.Store``."""
        return self._artifacts.get(artifact)

    def names_in(self, artifact: str) -> list[str] | None:
        """Row names of a batch's artifact, or None where the file is gone."""
        return self._artifacts.names_in(artifact)

    def close(self) -> None:
        """Give back the database's connections."""
        self._journal.close()
