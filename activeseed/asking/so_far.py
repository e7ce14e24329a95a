"""What was asked and answered so far, as far as the next questions depend on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from activeseed.question import Answer, Question
from activeseed.resolution import Gold, Trust


@dataclass(frozen=True)
class SoFar:
    """What a batch is chosen after.

    Attributes:
        number: of the round that is about to be asked.
        questions: of the study, by id.
        answers: that count.
        pending: questions that wait for an answer.
        gold: questions of known answer.
        trust: what the checks say.
        version: number of the seed's version.
        short: items that lack a voice because somebody skipped them.
        closed: record of the newest closed round; empty where there is none.
        group_spread: kind of example -> sampling spread, by the newest ranking that has it.
    """

    number: int
    questions: Mapping[str, Question]
    answers: Sequence[Answer]
    pending: Sequence[Question]
    gold: Sequence[Gold]
    trust: Trust
    version: int = 0
    short: Sequence[str] = ()
    closed: Mapping[str, Any] = field(default_factory=dict)
    group_spread: Mapping[str, float] = field(default_factory=dict)

    @property
    def busy(self) -> set[str]:
        """Items that are being asked about."""
        return {i for q in self.pending for i in q.items}
