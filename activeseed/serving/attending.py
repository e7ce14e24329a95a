"""A loop that is always there: it waits where others end, and goes on when somebody answers, edits or deletes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from activeseed.serving.scores import Scores

if TYPE_CHECKING:
    from activeseed.protocols import Annotator
    from activeseed.study import LoopResult, Study
    from activeseed.study.loop import Waiting


@dataclass
class Bell:
    """Ends the wait of another thread. A ring that comes while nobody waits ends the next wait at once."""

    _rung: threading.Event = field(default_factory=threading.Event, repr=False)
    _pressed: threading.Event = field(default_factory=threading.Event, repr=False)

    def ring(self) -> None:
        """Never blocks; may be called from any thread."""
        self._rung.set()

    def press(self) -> None:
        """Rings, and says that somebody wants a round of the answers that are in."""
        self._pressed.set()
        self.ring()

    def pressed(self) -> bool:
        """Whether somebody pressed since this was asked last."""
        was = self._pressed.is_set()
        self._pressed.clear()
        return was

    def wait(self, seconds: float) -> None:
        """Until it rings, or that long."""
        self._rung.wait(seconds)
        # Cleared before whoever waited looks at what has arrived: a ring during that look is not lost.
        self._rung.clear()


@dataclass
class Board:
    """Holds the newest snapshot of the order. Written by the loop, read by requests; replacing it is one step."""

    scores: Scores = field(default_factory=Scores)


def attend(
    study: Study,
    channel: Annotator,
    bell: Bell,
    board: Board,
    *,
    patience: float,
    calm: Callable[[], float] = lambda: 0.0,
    once: bool = False,
    on_round: Callable[[dict[str, Any]], None] = lambda _record: None,
    on_look: Callable[[Waiting], None] = lambda _waiting: None,
    on_end: Callable[[LoopResult], None] = lambda _result: None,
) -> LoopResult:
    """Run the loop of a study until it is interrupted.

    Args:
        patience: seconds between two looks at the channel when the bell does not ring.
        calm: asked before every wait; so many seconds at least, because the bell can be relied on.
        once: return when a rule says stop.
        on_end: called when a rule has said stop, once for every time that the loop went on.
    """

    def pause(seconds: float) -> None:
        board.scores = Scores.of_channel(channel)
        bell.wait(max(seconds, calm()))

    ended: LoopResult | None = None
    while True:
        result = study.loop(
            channel, on_round=on_round, on_look=on_look, sleep=pause, patience=patience, hurry=bell.pressed
        )
        if result != ended:
            on_end(result)
        ended = result
        if once:
            return result
        pause(patience)
