"""Answering in this terminal: each answer is in the journal before the next question is shown."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from activeseed.cli.screen import results, say, show
from activeseed.errors import ActiveseedError

if TYPE_CHECKING:
    from activeseed.annotators.terminal import Session
    from activeseed.cli.progress import Progress
    from activeseed.question import Answer, Question
    from activeseed.seed import Seed
    from activeseed.study import Study


class HadEnoughError(ActiveseedError):
    """Whoever answers left with questions unanswered: a loop pauses, nothing has failed."""


def session(study: Study, name: str = "", questions: Sequence[Question] | None = None) -> Session:
    """Ask pending questions (or these) one after the other."""
    from activeseed.annotators.terminal import Terminal, annotate

    configured = study.settings.annotator
    who = name or (configured if isinstance(configured, Terminal) else Terminal()).annotator
    return annotate(
        study.pending if questions is None else questions,
        study.seed,
        lambda answer: study.tell([answer], take_in=False),
        name=who,
        take_back=study.take_back,
        console=results(),
        guidelines=study.guidelines,
    )


def answer_here(study: Study, name: str) -> None:
    """A session, then what came of it."""
    from activeseed.cli.numbers import counted

    done = session(study, name)
    version = study.take_in()
    print()
    show(f"{counted(len(done.answers), 'answer')}, {counted(len(done.left), 'question')} left.")
    if version is not None:
        show(f"The seed is now v{version.number} ({version.id}): {version.why}.")
    say("Go on any time:  activeseed annotate" if done.left else "Next:  activeseed rank, or activeseed queue")


class Here:
    """A channel that asks in this terminal whenever it is polled: what ``loop --annotator terminal`` uses."""

    kind = "terminal"

    def __init__(self, study: Study, progress: Progress) -> None:
        self._study = study
        self._progress = progress

    def submit(self, questions: Sequence[Question], seed: Seed) -> None:
        """Nothing to send: pending questions are in the journal."""

    def poll(self, pending: Sequence[Question]) -> list[Answer]:
        """The answers of one session. Raises HadEnoughError when it ended with questions left."""
        self._progress.pause()
        done = session(self._study, questions=pending)
        if done.left:
            raise HadEnoughError(f"Questions left: {len(done.left)}. The same command goes on from there.")
        return list(done.answers)

    def withdraw(self, questions: Sequence[Question]) -> list[str]:
        return [q.id for q in questions]


def at_a_terminal() -> bool:
    """Whether somebody can be asked here."""
    return sys.stdin.isatty() and sys.stdout.isatty()
