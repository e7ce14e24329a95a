"""Seed, pool and probes as what trainings share, with the study's embedder behind a cache."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from activeseed.config import Settings
from activeseed.members import is_ours, named_record, record_of
from activeseed.plan import Materials
from activeseed.protocols import Embedder, SupportsCentring, SupportsIds
from activeseed.seed import Probe, Seed, Text, Vector, digest_of
from activeseed.study.progress import Progress, silent


def texts_of(seed: Seed, pool: Sequence[Probe], probes: Sequence[Probe]) -> list[str]:
    """All texts of a study in order, without repetition: what an embedder is fitted on."""
    payloads = [v.payload for i in seed.items for v in i.variants if v.payload is not None]
    payloads += [p.payload for p in (*pool, *probes)]
    return list(dict.fromkeys(t for payload in payloads for t in payload.texts))


def build_materials(
    folder: Path,
    settings: Settings,
    first: Seed,
    seed: Seed,
    probes: tuple[Probe, ...],
    pool: tuple[Probe, ...],
    progress: Progress = silent,
    embedder: Callable[[], Embedder] | None = None,
) -> Materials:
    """Materials for a version of the seed.

    Args:
        progress: told how many texts are embedded.
        embedder: gives the embedder where texts are to be embedded; by default it is that of the settings.
        first: version 0. An embedder is fitted once, on its texts, the pool and the probes, so that an edit later on
            changes one vector and not all of them.
    """
    named = named_record(settings.system)  # with its options, whatever its own record says of them
    system = f"/{digest_of(named).hex()[:16]}" if named else ""
    if isinstance(seed.items[0].payload, Vector) or not texts_of(first, pool, probes):
        return Materials(seed, probes, pool, settings.key, system=system)
    chosen: Embedder = settings.embedder if embedder is None else embedder()
    if isinstance(chosen, SupportsIds):  # vectors that were computed elsewhere are found by id as well as by text
        chosen = chosen.identified(_ids(seed, pool, probes))
    said = record_of(chosen if is_ours(chosen) else settings.embedder)
    fitted = Fitted(folder / ".activeseed" / "embeddings", chosen, texts_of(first, pool, probes), progress, said)
    return Materials(seed, probes, pool, settings.key, fitted, fitted.name, system)


def _ids(seed: Seed, pool: Sequence[Probe], probes: Sequence[Probe]) -> dict[str, str]:
    """Text -> id, for the texts that are somebody's as written."""
    out = {i.payload.text: i.id for i in seed.items if isinstance(i.payload, Text)}
    return {p.payload.text: p.id for p in (*pool, *probes) if isinstance(p.payload, Text)} | out


class Fitted:
    """The configured embedder, fitted at first use; vectors come from the cache where they are known.

    Args:
        said: the embedder's kind and options, where its own record does not say them all.
    """

    def __init__(
        self,
        folder: Path,
        embedder: Embedder,
        texts: list[str],
        progress: Progress = silent,
        said: dict[str, Any] | None = None,
    ) -> None:
        self._folder = folder
        self._embedder = embedder
        self._texts = texts
        self._progress = progress
        self._said = record_of(embedder) if said is None else said
        self._mean: NDArray[np.float32] | None = None
        self._ready: Callable[[Sequence[str]], NDArray[np.float32]] | None = None

    @property
    def name(self) -> str:
        """Names what determines the vectors: the embedder's record and revision, and the texts it is fitted on."""
        fitted_on = digest_of(self._texts).hex()[:16]
        return f"{digest_of(self._said).hex()[:16]}/{self._embedder.revision}/{fitted_on}"

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        if self._ready is None:
            from activeseed.embedders.cache import Cached

            told = partial(self._progress, "embedding texts")
            # one of ours says all in its revision; what options do to anybody else's vectors nobody knows
            apart = "" if is_ours(self._embedder) else digest_of(self._said).hex()[:16]
            self._ready = Cached(self._embedder, self._folder, told, apart).fit(self._texts).embed
            if isinstance(self._embedder, SupportsCentring) and self._embedder.centred:
                self._mean = self._ready(self._texts).mean(0)
        vectors = self._ready(list(texts))
        if self._mean is None:
            return vectors
        moved = vectors - self._mean
        return np.asarray(moved / np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-12), np.float32)
