"""Rewriters: other texts from texts, where a search among texts goes on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Rewriter(Protocol):
    """Makes new texts of texts. Whoever asks decides which of them is kept, by what two evaluators make of them.

    Attributes:
        kind: tag in the configuration.
        by: who writes, for readers: ``a rule``, ``a program``, ``a language model``.
    """

    @property
    def kind(self) -> str: ...
    @property
    def by(self) -> str: ...
    def rewrite(self, texts: Sequence[str], n: int, towards: Sequence[str] = ()) -> Sequence[Sequence[str]]:
        """Up to ``n`` other texts for each text; none where nothing can be made of it.

        Args:
            towards: real texts nearest to where the search is going, for a rewriter that can read them.
        """
        ...
