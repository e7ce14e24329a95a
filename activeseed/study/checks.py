"""Whether those who answered a study can be believed: what its gold questions and silent repeats say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from activeseed.resolution import trust

if TYPE_CHECKING:
    from activeseed.resolution import Trust
    from activeseed.study.state import State


class Answered(Protocol):
    """A study, or what one works with."""

    @property
    def state(self) -> State: ...
    @property
    def gold_answers(self) -> dict[str, str]: ...


@dataclass(frozen=True)
class Checks:
    """Checks of one study's annotators."""

    study: Answered

    def trust(self) -> Trust:
        """What the answers that count say of each annotator, by name."""
        state = self.study.state
        return trust(state.current.seed, state.questions, state.counted_answers, known=self.study.gold_answers)
