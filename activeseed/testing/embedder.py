"""What every embedder promises, as one check."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from activeseed.protocols import Embedder, SupportsCutting, SupportsLimits

#: one rounding of a number in single precision
ROUNDED = 2.0**-24


def check_embedder(embedder: Embedder, texts: Sequence[str]) -> None:
    """Raise AssertionError unless an embedder keeps its promises on these texts, of which no two are the same.

    Vectors are finite, of unit length, in the order of the texts, bit for bit those of each text alone, and told by the
    revision, which is known before any work; what it says that it can't do is said in sentences, and the end of a text
    that it does not read moves nothing.
    """
    assert len(texts) > 1, "two texts are needed at least"
    assert embedder.kind, "kind is empty"
    fitted = embedder.fit(list(texts))
    revision = fitted.revision
    assert revision, "revision is empty"
    assert embedder.fit([*reversed(texts), texts[0]]).revision == revision, (
        "the order of the texts changes the revision"
    )
    assert fitted.fit(list(texts)).revision == revision, "an embedder that is fitted again to the same is another one"
    x = fitted.embed(list(texts))
    assert x.dtype == np.float32, f"vectors are {x.dtype}, not float32"
    assert x.ndim == 2, f"vectors of {len(texts)} texts have shape {x.shape}"
    assert len(x) == len(texts), f"{len(texts)} texts have {len(x)} vectors"
    assert np.isfinite(x).all(), "vectors are not finite"
    # single precision: a sum of d squares is off by no more than d/2²⁴, in whatever order it is summed
    far = np.abs(np.linalg.norm(x.astype(np.float64), axis=1) - 1.0).max()
    assert far <= (x.shape[1] + 2) * ROUNDED, f"vectors are not of unit length (off by {far:.2g})"
    assert np.array_equal(fitted.embed(list(reversed(texts))), x[::-1]), "vectors don't come in the order of the texts"
    twice = fitted.embed([*texts, *texts])
    assert np.array_equal(twice, np.concatenate([x, x])), "a text that comes twice has two vectors"
    for text, vector in zip(texts, x, strict=True):
        alone = fitted.embed([text])[0]
        assert np.array_equal(alone, vector), f"the vector of {text[:40]!r} depends on the texts beside it"
    none = fitted.embed([])
    assert none.shape == (0, x.shape[1]), f"no texts give vectors of shape {none.shape}, not {(0, x.shape[1])}"
    assert fitted.revision == revision, "embedding changes the revision"
    if isinstance(fitted, SupportsLimits):
        said = fitted.limits
        assert said.endswith("."), "what it can't tell apart is said in sentences ('limits')"
    able: object = fitted
    if isinstance(able, SupportsCutting):
        _check_cutting(fitted, able, list(texts))


def _check_cutting(fitted: Embedder, cutting: SupportsCutting, texts: list[str]) -> None:
    assert cutting.longest > 0, f"it reads {cutting.longest} tokens"
    long = "word " * (4 * cutting.longest)
    cut = cutting.cut([*texts, long])
    assert set(cut) <= set(range(len(texts) + 1)), f"numbers of texts that are cut: {cut}"
    assert len(texts) in cut, (
        f"a text of {4 * cutting.longest} words is read to its end, and {cutting.longest} tokens are"
    )
    one, other = fitted.embed([long, long + "and another end"])
    assert np.array_equal(one, other), "the end of a text that is not read changes its vector"
