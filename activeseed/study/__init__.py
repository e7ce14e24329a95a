"""Studies: ask, tell and resume over a journal."""

from activeseed.study.answers import Told
from activeseed.study.loop import LoopResult, loop
from activeseed.study.state import SeedVersion, State
from activeseed.study.study import Study

__all__ = ["LoopResult", "SeedVersion", "State", "Study", "Told", "loop"]
