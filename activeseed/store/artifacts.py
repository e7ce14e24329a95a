"""Arrays in content-addressed files: ``artifacts/ab/<sha256>.npz``, never pickles.

An artifact is written to a temporary file, flushed to the disk and only then given its name, so a name that exists
is whole. The name is a hash of the arrays, not of the file, so equal arrays are one file whoever writes them.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import zipfile
import zlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from activeseed.errors import FolderError, StoreError

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: what a missing, empty, cut or damaged file of arrays raises when it is read
DAMAGED = (OSError, ValueError, KeyError, EOFError, zlib.error, zipfile.BadZipFile)


def name_of(arrays: Mapping[str, NDArray[Any]]) -> str:
    """SHA-256 over names, types, shapes and bytes."""
    import numpy as np

    h = hashlib.sha256()
    for key in sorted(arrays):
        array = np.ascontiguousarray(arrays[key])
        h.update(f"{key}/{array.dtype.str}/{array.shape}/".encode())
        h.update(array.tobytes())
    return h.hexdigest()


class Artifacts:
    """A folder of arrays."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _path(self, name: str) -> Path:
        return self._folder / name[:2] / f"{name}.npz"

    def put(self, arrays: Mapping[str, NDArray[Any]]) -> str:
        """Write durably and return the name; what is there already, and whole, is left alone."""
        import numpy as np

        name = name_of(arrays)
        path = self._path(name)
        if path.exists() and zipfile.is_zipfile(path):
            return name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as file:
                np.savez(file, allow_pickle=False, **arrays)
                file.flush()
                os.fsync(file.fileno())
            os.replace(file.name, path)
        except OSError as error:
            raise FolderError(
                f"{path.parent} can't be written: {error.strerror}. Make room or change its rights."
            ) from error
        return name

    def get(self, name: str) -> dict[str, NDArray[Any]]:
        """All arrays of an artifact. Raises StoreError when it is missing or damaged; what is damaged is removed."""
        import numpy as np

        try:
            with open(self._path(name), "rb") as raw, np.load(raw, allow_pickle=False) as file:
                return {key: file[key] for key in file.files}
        except DAMAGED as error:
            with suppress(OSError):
                self._path(name).unlink(missing_ok=True)  # what can't be read is in the way of the same file, whole
            raise StoreError(
                f"Artifact {name[:12]} is missing or damaged ({error}). Run again: its rows are trained anew."
            ) from error

    def names_in(self, name: str) -> list[str] | None:
        """The ``names`` array of an artifact without reading the rest; None where the file is gone or damaged."""
        import numpy as np

        try:
            with open(self._path(name), "rb") as raw, np.load(raw, allow_pickle=False) as file:
                return [str(n) for n in file["names"]]
        except DAMAGED:
            return None
