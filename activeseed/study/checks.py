"""Gold questions and silent repeats of a study, and what they say about its annotators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from activeseed.resolution import Gold, Trust, Voucher, known_answers, trust
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
    if "chosen" in line:
        return Pair(prompt=str(line.get("prompt") or ""), chosen=str(line["chosen"]), rejected=str(line["rejected"]))
    return Text(prompt=str(line.get("prompt") or ""), text=str(line["text"]))


class Checks:
    """Checks of one study."""

    def __init__(self, study: Study) -> None:
        self._study = study
        self.gold = gold_of(study.gold)

    @property
    def known(self) -> dict[str, str]:
        """Item id -> right variant of the gold questions."""
        return known_answers(self.gold)

    @property
    def gold_left(self) -> int:
        """How many gold questions were not asked yet."""
        asked = {q.items[0] for q in self._study.state.questions.values() if q.purpose == "gold"}
        return sum(g.id not in asked for g in self.gold)

    def trust(self) -> Trust:
        """Whether the answers so far can be believed."""
        state = self._study.state
        return trust(state.current.seed, state.questions, state.counted_answers, known=self.known)

    def unvouched(self, voucher: Voucher) -> list[str]:
        """For whom nothing vouches, and what would: a sentence each."""
        out = []
        for name, missing in voucher.missing.items():
            left = self.gold_left
            gold = f"{missing} more gold questions, answered right" + (f" ({left} are left)" if left else "")
            out.append(
                f"nothing vouches for {name}: {gold}, or a second annotator ([ask] annotators = 2) who agrees, or "
                "labelled probes that the outcome fits better than at the start would"
            )
        return out
