"""What is right at a place, as forms that put it to people have it in common: two sides, and what an answer settles."""

from __future__ import annotations

from activeseed.question import Answer, Question, Settled

APPROVE, REJECT = "approve", "reject"
#: the two sides, in words
SIDES = {APPROVE: "this should be approved", REJECT: "this should not be approved"}
#: the verdict of whoever takes one
PREFER = "prefer"


def preferred(question: Question, answer: Answer) -> Settled:
    """1 or 0 at the question's place, for who takes a side; nothing for any other verdict."""
    if answer.verdict != PREFER:
        return Settled()
    return Settled(prefers={question.group: float(answer.variant == APPROVE)})
