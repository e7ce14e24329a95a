"""One ``activeseed serve`` a study: a second one would ask the same questions, and register the same webhook."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from activeseed.errors import FolderError


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Hold the study's lock. It is the system's: gone with the process, however that ends.

    Where the system has no such locks (Windows), nothing is held: a second one then fails on the port.

    Raises:
        FolderError: another process holds it.
    """
    try:
        import fcntl
    except ImportError:
        yield
        return
    path = folder / ".activeseed" / "label_studio" / "serve.lock"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise FolderError(f"{path}: {error.strerror}. Mend its rights.") from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            who = os.read(handle, 20).decode("ascii", "replace").strip()
            raise FolderError(
                f"activeseed serve runs already for this study{f' (process {who})' if who.isdigit() else ''}. "
                "Use that one, or stop it first."
            ) from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(handle)
