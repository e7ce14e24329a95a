"""Vectors on disk, by sha256 of the text and revision of the embedder: a second run embeds nothing."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from activeseed.errors import FolderError
from activeseed.protocols import Embedder, SupportsLimits

#: Texts embedded before the first write; parts double while they take less than a second.
_FIRST_PART = 32
_LARGEST_PART = 4096
_MERGE_ABOVE = 32

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Cached:
    """Any embedder with a cache in a folder.

    A text is embedded once per revision, whatever process asks; repeated texts within a call, too. Files are written
    whole or not at all, so a killed run keeps what it had and a torn file can't be read; several processes may share
    the folder (at worst they compute a text twice).

    Attributes:
        inner: the embedder.
        folder: of the cache; made when needed.
        progress: told (texts embedded, texts to embed) as work goes on, and nothing when nothing has to be embedded.
        apart: what keeps its vectors apart from others of the same revision.
    """

    inner: Embedder
    folder: Path
    progress: Progress | None = field(default=None, compare=False)
    apart: str = ""
    _memory: dict[str, NDArray[np.float32]] = field(default_factory=dict, compare=False, repr=False)
    _read: set[str] = field(default_factory=set, compare=False, repr=False)

    @property
    def revision(self) -> str:
        return self.inner.revision

    @property
    def kind(self) -> str:
        return self.inner.kind

    @property
    def limits(self) -> str:
        return self.inner.limits if isinstance(self.inner, SupportsLimits) else ""

    @property
    def place(self) -> Path:
        """Where the vectors of this revision lie."""
        revision = f"{self.revision}{self.apart}"
        safe = re.sub(r"[^A-Za-z0-9._-]", "_", self.revision)[:80]
        return self.folder / f"{safe}-{hashlib.sha256(revision.encode()).hexdigest()[:8]}"

    def fit(self, texts: Sequence[str]) -> Cached:
        return Cached(self.inner.fit(texts), self.folder, self.progress, self.apart)

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(n, d), bit for bit what the first embedding of each text gave.

        Raises FolderError when the folder can't be written, and whatever the inner embedder raises.
        """
        names = [_name(t) for t in texts]
        if any(n not in self._memory for n in names):
            self._load()
        wanted: dict[str, str] = {}
        for name, text in zip(names, texts, strict=True):
            if name not in self._memory:
                wanted.setdefault(name, text)
        todo = list(wanted.items())
        done, size = 0, _FIRST_PART
        while done < len(todo):
            part = todo[done : done + size]
            began = time.monotonic()
            vectors = np.ascontiguousarray(self.inner.embed([text for _, text in part]), np.float32)
            self._write([name for name, _ in part], vectors)
            self._memory.update(zip([name for name, _ in part], vectors, strict=True))
            done += len(part)
            if time.monotonic() - began < 1.0:
                size = min(2 * size, _LARGEST_PART)
            if self.progress is not None:
                self.progress(done, len(todo))
        if not names:
            return np.asarray(self.inner.embed([]), np.float32)
        return np.stack([self._memory[n] for n in names])

    def _load(self) -> None:
        files = sorted(p for p in self.place.glob("*.npz") if p.name not in self._read)
        for path in files:
            try:
                # Opened here, since numpy leaves a damaged file open.
                with path.open("rb") as handle, np.load(handle, allow_pickle=False) as arrays:
                    names, vectors = arrays["names"], arrays["vectors"]
            except FileNotFoundError:
                continue  # another process has just merged it into a file that comes later, or into the next look
            except (OSError, ValueError, KeyError, EOFError, zlib.error, zipfile.BadZipFile):
                # A damaged cache is no reason to stop: what it held is computed again.
                path.unlink(missing_ok=True)
                continue
            self._read.add(path.name)
            for name, vector in zip(names.tolist(), vectors, strict=True):
                self._memory.setdefault(name, vector)
        if len(files) > _MERGE_ABOVE and self._memory:
            merged = self._write(list(self._memory), np.stack(list(self._memory.values())))
            for path in files:
                if path.name != merged:
                    path.unlink(missing_ok=True)

    def _write(self, names: list[str], vectors: NDArray[np.float32]) -> str:
        """Write one file, named by its content, and return its name."""
        if vectors.ndim != 2 or len(vectors) != len(names):
            raise ValueError(f"the embedder returned shape {vectors.shape} for {len(names)} texts")
        content = hashlib.sha256("".join(names).encode() + vectors.tobytes()).hexdigest()[:24]
        path = self.place / f"{content}.npz"
        try:
            self.place.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=self.place, suffix=".part")
            try:
                with os.fdopen(handle, "wb") as out:
                    np.savez(out, names=np.array(names), vectors=vectors)
                os.replace(temporary, path)
            except BaseException:
                Path(temporary).unlink(missing_ok=True)
                raise
        except OSError as error:
            raise FolderError(
                f"{self.folder}: embeddings can't be cached ({error.strerror}). Check its permissions and space."
            ) from error
        self._read.add(path.name)
        return path.name


def _name(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
