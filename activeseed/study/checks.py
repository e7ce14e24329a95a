"""Gold questions and silent repeats of a study, and what they say about its annotators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from activeseed.question import Question
from activeseed.resolution import Gold, Trust, known_answers, mixed, plan_checks, trust
from activeseed.seed import ABSENT, AS_WRITTEN, FLIPPED, Pair, Text

if TYPE_CHECKING:
    from activeseed.study.study import Study

_ANSWERS = {"keep": AS_WRITTEN, "reject": ABSENT, "flip": FLIPPED}


def gold_of(lines: Sequence[Mapping[str, Any]]) -> tuple[Gold, ...]:
    """Gold questions from the project's lines; *keep*, *reject* and *flip* name variants.

    A line is ``{"id", "text", "answer"}``, or for a pair ``{"id", "prompt", "chosen", "rejected", "answer"}``.
    """
    return tuple(Gold(str(g["id"]), _payload(g), _ANSWERS.get(str(g["answer"]), str(g["answer"]))) for g in lines)


def _payload(line: Mapping[str, Any]) -> Text | Pair:
    if line.get("chosen"):
        return Pair(prompt=str(line.get("prompt") or ""), chosen=str(line["chosen"]), rejected=str(line["rejected"]))
    return Text(text=str(line["text"]))


class Checks:
    """Checks of one study."""

    def __init__(self, study: Study) -> None:
        self._study = study
        self.gold = gold_of(study.gold)

    @property
    def known(self) -> dict[str, str]:
        """Item id -> right variant of the gold questions."""
        return known_answers(self.gold)

    def trust(self) -> Trust:
        """Whether the answers so far can be believed."""
        state = self._study.state
        return trust(state.current.seed, state.questions, state.counted_answers, known=self.known)

    def added_to(self, questions: Sequence[Question], number: int) -> list[Question]:
        """A batch with its checks mixed in, in an order that does not tell which is which."""
        study = self._study
        table = study.settings.ask
        checks = plan_checks(
            questions,
            study.seed,
            study.state.questions,
            study.state.counted_answers,
            self.trust(),
            gold=self.gold,
            share=table.repeat_share,
            at_least=table.repeats_at_least,
            round_number=number,
            key=study.settings.key,
        )
        return list(mixed(questions, checks, study.settings.key, number))
