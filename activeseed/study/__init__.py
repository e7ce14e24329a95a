"""Studies: ask, tell and resume over a journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from activeseed.lazy import lazily

if TYPE_CHECKING:
    from activeseed.study.answers import Told
    from activeseed.study.loop import LoopResult
    from activeseed.study.state import SeedVersion, State
    from activeseed.study.study import Study

__getattr__ = lazily(
    __name__, {"answers": ("Told",), "loop": ("LoopResult",), "state": ("SeedVersion", "State"), "study": ("Study",)}
)
__all__ = ["LoopResult", "SeedVersion", "State", "Study", "Told"]
