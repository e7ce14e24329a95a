"""What every annotation channel owes the study, as a check that a third party can run on its own channel.

    check_annotator(make, seed, questions, deliver)

It raises AssertionError with a sentence that says which promise was broken.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from time import monotonic

from activeseed.errors import AnswerError
from activeseed.protocols import Annotator
from activeseed.question import Answer, Question
from activeseed.resolution import check_answer
from activeseed.seed import Seed

#: a poll that takes longer than this many seconds is waiting for somebody
NEVER_LONGER = 5.0


def check_annotator(
    make: Callable[[], Annotator],
    seed: Seed,
    questions: Sequence[Question],
    deliver: Callable[[Question], object] | None = None,
    polls: int = 20,
) -> None:
    """Check one channel.

    Args:
        make: opens the channel; called twice, the second time as a process that resumes does.
        seed, questions: at least three questions about items of the seed.
        deliver: plays the human, answering one question in the channel; None for a channel that answers by itself,
            or through which no answer ever comes back by ``poll`` (the terminal).
        polls: an answer that was given arrives within so many polls.
    """
    channel = make()
    assert channel.kind, "a channel says its kind"
    assert channel.poll([]) == [], "no question pending, no answer"
    channel.submit(questions, seed)
    channel.submit(questions[:2], seed)
    untouched, asked = questions[-1], list(questions[:-1])
    before = _poll(channel, [untouched]) if deliver else []
    assert not before, "nobody has answered yet, so nothing arrives"
    for question in asked:
        if deliver is not None:
            deliver(question)
    answers: list[Answer] = []
    for _ in range(polls):
        answers = _poll(channel, asked)
        if {a.question for a in answers} == {q.id for q in asked}:
            break
    if deliver is not None:
        assert {a.question for a in answers} == {q.id for q in asked}, "every answer given arrives"
    _check_answers(answers, asked, seed)
    again = _poll(channel, asked)
    assert _content(again) == _content(answers), "an answer that is delivered again is the same, under the same id"
    if answers:
        resumed = make()
        resumed.submit(asked, seed)
        late: list[Answer] = []
        for _ in range(polls):
            late = _poll(resumed, asked)
            if len(late) >= len(answers):
                break
        assert _content(late) == _content(answers), "a resumed process is given the same answers"
    gone = channel.withdraw([*asked, untouched] if deliver else asked)
    touched = {a.question for a in answers}
    assert set(gone) <= {q.id for q in questions}, "only what was asked can be withdrawn"
    assert not touched & set(gone), "a question that somebody answered is not withdrawn"
    if deliver is not None:
        assert untouched.id in gone, "a question that nobody touched can be withdrawn"
        assert not _poll(channel, [untouched]), "what was withdrawn does not come back"
        assert untouched.id not in channel.withdraw([untouched]), "what is gone can't be withdrawn again"


def _poll(channel: Annotator, pending: Sequence[Question]) -> list[Answer]:
    started = monotonic()
    answers = channel.poll(pending)
    assert monotonic() - started < NEVER_LONGER, "poll must not wait for anybody"
    assert {a.question for a in answers} <= {q.id for q in pending}, "answers are to pending questions only"
    return answers


def _check_answers(answers: Sequence[Answer], asked: Sequence[Question], seed: Seed) -> None:
    by_id = {q.id: q for q in asked}
    several = Counter((a.question, a.annotator) for a in answers)
    assert all(n == 1 for n in several.values()), "a question that was submitted twice is there once"
    assert len({a.id for a in answers}) == len(answers), "every answer has an id of its own"
    for answer in answers:
        try:
            check_answer(by_id[answer.question], answer, seed)
        except AnswerError as error:
            raise AssertionError(f"an answer is one that its question takes: {error}") from error


def _content(answers: Sequence[Answer]) -> list[str]:
    return sorted(a.model_dump_json() for a in answers)
