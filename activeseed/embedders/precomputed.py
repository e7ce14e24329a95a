"""Vectors that somebody computed elsewhere, looked up by text or by id."""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from activeseed.checked import SettingsRecord
from activeseed.errors import ConfigError, PlanError
from activeseed.formats import MAX_BYTES, existing_file, read_bytes, read_records, said_as
from activeseed.seed import digest_of


class Precomputed(SettingsRecord):
    """Vectors from a file, one for every text that a study embeds.

    Formats: ``.npz`` (``texts`` or ``ids``: (n,) strings, ``vectors``: (n, d)), ``.parquet`` and ``.jsonl`` (``text``
    or ``id``, ``vector``). A file by id needs ``identified``, which says the text of every id.

    Attributes:
        path: the file.
        normalise: scale every vector to unit length.
    """

    kind: Literal["precomputed"] = "precomputed"
    path: str = Field(min_length=1)
    normalise: bool = True

    limits: ClassVar[str] = (
        "Vectors were computed outside activeseed, which knows nothing of their limits. A text that is edited or added "
        "needs a new vector in the file."
    )

    @property
    def revision(self) -> str:
        return self._loaded.revision

    def fit(self, texts: Sequence[str]) -> Precomputed:
        return self

    def identified(self, ids: Mapping[str, str]) -> PrecomputedVectors:
        """Look up by id where the file has ids: ``ids`` maps every text to the id under which its vector stands."""
        loaded = self._loaded
        return PrecomputedVectors(self, loaded.index, loaded.vectors, dict(ids), loaded.content)

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(n, d). Raises PlanError naming the texts that have no vector."""
        return self._loaded.embed(texts)

    @cached_property
    def _loaded(self) -> PrecomputedVectors:
        path = Path(self.path)
        readers = {".npz": _npz, ".parquet": _named, ".jsonl": _named}
        if path.suffix.lower() not in readers:
            raise ConfigError(f"Precomputed vectors: {path} must end in .npz, .parquet or .jsonl.")
        with said_as(ConfigError, "Precomputed vectors: "):
            names, vectors = readers[path.suffix.lower()](path)
            content = hashlib.sha256(read_bytes(path)).hexdigest()
        return _checked(self, path, names, vectors, content)


@dataclass(frozen=True)
class PrecomputedVectors:
    """The file's vectors in memory. ``index`` gives the row of a text (or of an id, when ``ids`` maps texts to ids)."""

    record: Precomputed
    index: Mapping[str, int] = field(repr=False)
    vectors: NDArray[np.float32] = field(repr=False)
    ids: Mapping[str, str] | None = field(repr=False)
    content: str

    @property
    def kind(self) -> str:
        return self.record.kind

    @property
    def limits(self) -> str:
        return self.record.limits

    @cached_property
    def revision(self) -> str:
        ids = digest_of(sorted((self.ids or {}).items())).hex()[:8] if self.ids else "text"
        return f"precomputed-{self.content[:16]}-{ids}-{'unit' if self.record.normalise else 'raw'}"

    def fit(self, texts: Sequence[str]) -> PrecomputedVectors:
        return self

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        rows, missing = [], []
        for text in texts:
            # An id where one is known, else the text itself: a file may hold both kinds of names.
            row = self.index.get((self.ids or {}).get(text, text), self.index.get(text))
            if row is None:
                missing.append(text)
            else:
                rows.append(row)
        if missing:
            raise PlanError(
                f"{self.record.path} has no vector for {len(missing)} of {len(texts)} texts, for example "
                f"{missing[0][:60]!r}. Add them to the file, or use another embedder."
            )
        return self.vectors[np.asarray(rows, np.int64)]


def _checked(record: Precomputed, path: Path, names: list[str], vectors: list[Any], content: str) -> PrecomputedVectors:
    if not names or len(names) != len(vectors):
        raise ConfigError(
            f"{path}: {len(names)} names and {len(vectors)} vectors. There must be as many, at least one."
        )
    dimension = len(vectors[0])
    for name, vector in zip(names, vectors, strict=True):
        if len(vector) != dimension or not dimension:
            raise ConfigError(
                f"{path}: the vector of {name[:60]!r} has {len(vector)} entries, the first one {dimension}. "
                "All must have the same dimension."
            )
    try:
        array = np.asarray(vectors, np.float32)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{path}: a vector holds something that is no number ({error}).") from error
    bad = np.flatnonzero(~np.isfinite(array).all(1))
    if len(bad):
        raise ConfigError(
            f"{path}: {len(bad)} vectors hold NaN or infinity, the first is of {names[bad[0]][:60]!r}. Remove them."
        )
    index: dict[str, int] = {}
    for row, name in enumerate(names):
        if name in index and not np.array_equal(array[index[name]], array[row]):
            raise ConfigError(f"{path}: two different vectors are called {name[:60]!r}. Remove one.")
        index[name] = row
    if record.normalise:
        norms = np.linalg.norm(array, axis=1, keepdims=True)
        array = (array / np.where(norms > 0, norms, 1.0)).astype(np.float32)
    return PrecomputedVectors(record, index, array, None, content)


def _npz(path: Path) -> tuple[list[str], list[Any]]:
    try:
        with zipfile.ZipFile(existing_file(path)) as packed:
            size = sum(entry.file_size for entry in packed.infolist())
        if size > MAX_BYTES:
            raise ConfigError(
                f"{path}: it unpacks to {size / 2**30:.2g} GiB; the limit is {MAX_BYTES / 2**30:g} GiB. Keep the "
                "vectors of the study's own texts."
            )
        with path.open("rb") as handle, np.load(handle, allow_pickle=False) as arrays:
            names = arrays["texts"] if "texts" in arrays else arrays["ids"]
            return [str(n) for n in names.tolist()], list(arrays["vectors"])
    except (KeyError, ValueError, TypeError, OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise ConfigError(
            f"{path}: needs the arrays 'vectors' and 'texts' (or 'ids'), as numpy.savez writes them, not pickled."
        ) from error


def _named(path: Path) -> tuple[list[str], list[Any]]:
    names, vectors = [], []
    file = read_records(path, bare=False)
    for record in file.records:
        name, vector = record.fields.get("text", record.fields.get("id")), record.fields.get("vector")
        if name is None or not isinstance(vector, list):
            raise ConfigError(f"{file.where(record)}: needs 'vector' (a list) and 'text' or 'id'.")
        names.append(str(name))
        vectors.append(vector)
    return names, vectors
