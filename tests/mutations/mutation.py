"""What a mutation is."""

from __future__ import annotations

from typing import NamedTuple


class Mutation(NamedTuple):
    """``old`` stands once in ``file`` and becomes ``new``; ``words`` says what kind of mistake that is."""

    file: str
    words: str
    old: str
    new: str
