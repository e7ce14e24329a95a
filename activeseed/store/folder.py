"""The store of a project folder: journal and artifacts under ``.activeseed/``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
        url: SQLAlchemy address of the journal, or None for a file inside the folder, which holds one study.
        study: the study's id in the database at ``url``; empty for one from before studies had ids.
    """

    def __init__(self, folder: Path, url: str | None = None, study: str = "") -> None:
        inside = folder / ".activeseed"
        try:
            inside.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FolderError(
                f"{folder.resolve()} can't be written: {error.strerror}. Choose another folder or change its rights."
            ) from error
        self._journal = Journal(url, study) if url else Journal(inside / "journal.db")
        self._artifacts = Artifacts(inside / "artifacts")

    def append(self, events: Sequence[Event], expect: int | None = None) -> list[Event]:
        """See ``protocols.Store``."""
        return self._journal.append(events, expect)

    def read(self, since: int = 0) -> list[Event]:
        """See ``protocols.Store``."""
        return self._journal.read(since)

    def put(self, arrays: Mapping[str, NDArray[Any]]) -> str:
        """See ``protocols.Store``."""
        return self._artifacts.put(arrays)

    def get(self, artifact: str) -> dict[str, NDArray[Any]]:
        """See ``protocols.Store``."""
        return self._artifacts.get(artifact)

    def names_in(self, artifact: str) -> list[str] | None:
        """See ``protocols.Store``."""
        return self._artifacts.names_in(artifact)

    def studies(self) -> list[str]:
        """Ids of the studies in the database; none where the journal is a file in the folder."""
        return self._journal.studies()

    def close(self) -> None:
        """See ``protocols.Store``."""
        self._journal.close()
