"""What every rewriter promises, as one check."""

from __future__ import annotations

from collections.abc import Sequence

from activeseed.protocols import Rewriter


def check_rewriter(rewriter: Rewriter, texts: Sequence[str], n: int = 3) -> None:
    """Raise AssertionError unless a rewriter makes texts of these texts, in order, and no more of each than asked for.

    What it makes of a text is none of it twice, and not the text itself; of no texts it makes nothing. Asks it four
    times, so what is paid by the call is paid so often.
    """
    says = type(rewriter).__name__
    assert rewriter.by, f"{says} does not say who writes"
    assert list(rewriter.rewrite([], n)) == [], f"{says} makes something of no texts"
    for towards in ((), tuple(texts[:1])):
        found = rewriter.rewrite(list(texts), n, towards)
        assert len(found) == len(texts), f"{says} answers {len(texts)} texts with {len(found)} lists"
        for text, made in zip(texts, found, strict=True):
            assert len(made) <= n, f"{says} makes {len(made)} of {text!r}, where {n} were asked for"
            texts_made = {type(m) for m in made} <= {str} and all(made)
            assert texts_made, f"{says} makes something of {text!r} that is no text"
            assert text not in made, f"{says} makes {text!r} of itself"
            assert len(set(made)) == len(made), f"{says} makes one text of {text!r} twice"
    assert all(not made for made in rewriter.rewrite(list(texts), 0)), f"{says} makes texts where none are asked for"
