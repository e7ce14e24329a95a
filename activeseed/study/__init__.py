"""Studies: ask, tell and resume over a journal."""

from activeseed.study.loop import LoopResult, loop
from activeseed.study.state import SeedVersion, State
from activeseed.study.study import Study, Told

__all__ = ["LoopResult", "SeedVersion", "State", "Study", "Told", "loop"]
