"""Any sentence-transformers model by name, for whoever reaches a model hub or has the model on disk."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from activeseed.agreeing import said
from activeseed.checked import SettingsRecord
from activeseed.embedders.packaged import longer_than
from activeseed.errors import ConfigError, MissingExtraError
from activeseed.seed import Json, digest_of


class SentenceTransformers(SettingsRecord):
    """A sentence-transformers model (Reimers & Gurevych 2019).

    Attributes:
        model: name on the hub, or a folder.
        commit: the hub's revision of the model. Without it the newest is used, and an upstream change goes unnoticed
            by caches.
        prompt: put before every text, where the model wants one (``query: ``).
        device: ``cpu``, ``cuda``, ``mps``.
    """

    kind: Literal["sentence_transformers"] = "sentence_transformers"
    model: str = Field(default="sentence-transformers/all-MiniLM-L6-v2", min_length=1)
    commit: str = ""
    prompt: str = ""
    device: str = "cpu"

    limits: ClassVar[str] = (
        "Sentence embeddings place texts by topic and style. The ones we measured hardly see negation: of a sentence's "
        "paraphrase and its reversal, the reversal is usually the nearer. Long texts are cut at the model's limit."
    )

    @property
    def revision(self) -> str:
        # The device changes last bits, not the model.
        record = self.model_dump(mode="json", exclude={"device"})
        return f"sentence-transformers-{self.model.rsplit('/', 1)[-1]}-{digest_of(record).hex()[:12]}"

    @staticmethod
    def installed() -> bool:
        return importlib.util.find_spec("sentence_transformers") is not None

    def would(self, folder: Path) -> tuple[str, Json] | None:
        """See ``protocols.SupportsAgreement``."""
        if self.model == type(self).model_fields["model"].default:
            return None
        return f"load the model {said(self.model)}", [self.model, self.commit]

    def fit(self, texts: Sequence[str]) -> SentenceTransformers:
        return self

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(n, d). Raises MissingExtraError without the package, ConfigError when the model can't be had."""
        if not texts:
            return self.embed(["no texts, but as many columns"])[:0]
        model = _load(self.model, self.commit, self.device)
        prompted = [self.prompt + t for t in texts]
        out = model.encode(prompted, normalize_embeddings=True, show_progress_bar=False, convert_to_numpy=True)
        return np.asarray(out, np.float32)

    @property
    def longest(self) -> int:
        """Tokens of a text that the model reads; 0 where it does not say."""
        return int(getattr(_load(self.model, self.commit, self.device), "max_seq_length", None) or 0)

    def cut(self, texts: Sequence[str]) -> list[int]:
        """Numbers of the texts whose end is not read."""
        model, longest = _load(self.model, self.commit, self.device), self.longest
        if not longest:
            return []
        return longer_than(
            longest, texts, lambda text: len(model.tokenizer(self.prompt + text, truncation=False)["input_ids"])
        )


@lru_cache(maxsize=2)
def _load(name: str, commit: str, device: str) -> Any:
    if not SentenceTransformers.installed():
        raise MissingExtraError("The sentence-transformers embedder", "sentence-transformers")
    import sentence_transformers

    try:
        return sentence_transformers.SentenceTransformer(name, revision=commit or None, device=device)
    except Exception as error:  # hub, disk and model code raise whatever they like
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        raise ConfigError(
            f"The sentence-transformers model {name!r} can't be loaded ({reason}). Check its name and the connection "
            "to the hub, or use a model that ships inside a package: kind = 'minilm'."
        ) from error
