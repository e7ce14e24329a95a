"""The embedder that is always there: character n-grams, TF-IDF, truncated SVD.

It needs nothing beyond scikit-learn, no download and no model; it is fitted on the study's own texts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from activeseed.checked import SettingsRecord
from activeseed.errors import PlanError
from activeseed.seed import digest_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Fitting looks at this many texts at most (those of smallest hash): n-grams of 1e5 texts would not fit in memory.
FIT_LIMIT = 20_000
_MAX_FEATURES = 100_000
_CHUNK = 4_096


class Tfidf(SettingsRecord):
    """Character n-grams within words, sublinear TF-IDF, truncated SVD (latent semantic analysis, Deerwester 1990).

    Attributes:
        dimensions: of the SVD, at most; fewer where the texts are fewer.
        ngrams: shortest and longest n-gram, in characters.
    """

    kind: Literal["tfidf"] = "tfidf"
    dimensions: int = Field(default=256, ge=2, le=4096)
    ngrams: tuple[int, int] = (2, 5)

    limits: ClassVar[str] = (
        "Character TF-IDF with SVD compares spellings, not meanings: synonyms look unrelated, and a sentence and its "
        "negation look alike. Texts that were not there when it was fitted are placed by the n-grams they share."
    )

    @property
    def revision(self) -> str:
        return f"tfidf-1-{digest_of(self.model_dump(mode='json')).hex()[:8]}"

    def fit(self, texts: Sequence[str]) -> FittedTfidf:
        """Fitted on the distinct texts; their order and repetitions don't matter. The work is done at the first use.

        Cost: about 1,000 texts of 100 characters a second on one core. Raises PlanError when there is no text.
        """
        distinct = sorted(set(texts))
        if not any(t.strip() for t in distinct):
            raise PlanError("There is no text to fit the embedder on. Check the seed, the pool and the probes.")
        return FittedTfidf(self, tuple(distinct))

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        raise PlanError("The TF-IDF embedder has to be fitted on the study's texts first: embedder.fit(texts).")


@dataclass(frozen=True)
class FittedTfidf:
    """TF-IDF fitted on some texts. ``revision`` hashes the record and those texts, so it is known before any work."""

    record: Tfidf
    texts: tuple[str, ...]

    @property
    def kind(self) -> str:
        return self.record.kind

    @property
    def limits(self) -> str:
        return self.record.limits

    @cached_property
    def revision(self) -> str:
        h = hashlib.sha256(self.record.revision.encode())
        for text in self.texts:
            h.update(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest())
        return f"{self.record.revision}-{h.hexdigest()[:16]}"

    def fit(self, texts: Sequence[str]) -> FittedTfidf:
        return self.record.fit(texts)

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(n, d) features of unit length; a text that shares no n-gram with the fitted ones is a row of zeros."""
        import numpy as np

        vectorizer, basis = self._model
        parts = [np.zeros((0, basis.shape[1]), np.float32)]
        for start in range(0, len(texts), _CHUNK):
            x = vectorizer.transform(texts[start : start + _CHUNK]) @ basis
            norms = np.linalg.norm(x, axis=1, keepdims=True)
            parts.append((x / np.where(norms > 1e-12, norms, 1.0)).astype(np.float32))
        return np.concatenate(parts)

    @cached_property
    def _model(self) -> tuple[Any, NDArray[np.float64]]:
        import numpy as np
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.utils.extmath import randomized_svd

        texts = self.texts
        if len(texts) > FIT_LIMIT:
            texts = tuple(sorted(texts, key=lambda t: hashlib.sha256(t.encode("utf-8", "surrogatepass")).digest()))
            texts = texts[:FIT_LIMIT]
        vectorizer = TfidfVectorizer(
            analyzer="char_wb",
            ngram_range=self.record.ngrams,
            sublinear_tf=True,
            # Rare n-grams are noise in a large collection, and all there is in a small one.
            min_df=3 if len(texts) >= 200 else 1,
            max_features=_MAX_FEATURES,
        )
        try:
            x = vectorizer.fit_transform(texts)
        except ValueError:  # no n-gram is frequent enough
            x = vectorizer.set_params(min_df=1).fit_transform(texts)
        rank = min(self.record.dimensions, *x.shape)
        # random_state: a fixed start vector of the iteration, no randomness of the study's.
        _, singular, vt = randomized_svd(x, n_components=rank, n_iter=7, random_state=0)
        return vectorizer, np.ascontiguousarray(vt[singular > 1e-9 * singular[0]].T)
