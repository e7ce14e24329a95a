"""A study and its channel to humans: questions out, in order, taken back when they no longer matter; answers in.

What is sent is in the journal before it is sent, and what is read is in the journal before it counts as read. So a
process that dies anywhere in between sends and reads the same again, which channels take without harm.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from activeseed.errors import AnswerError
from activeseed.protocols import Annotator, Event, SupportsCollecting, SupportsOrder
from activeseed.question import Question
from activeseed.seed import digest_of
from activeseed.study import answers as answering
from activeseed.study.answers import Told

if TYPE_CHECKING:
    from activeseed.study.study import Study


def submit(study: Study, channel: Annotator) -> list[Question]:
    """Send pending questions that were not sent yet, and say in which order all that wait are worth answering."""
    waiting = [q for q in study.pending if q.id not in study.state.submitted]
    if waiting:
        channel.submit(waiting, study.seed)
        _note(study, "submitted", [q.id for q in waiting])
        if isinstance(channel, SupportsOrder):
            channel.reorder(study.state.in_order)
    return waiting


def recall(study: Study, channel: Annotator) -> list[str]:
    """Take back what was sent and is no longer asked; what somebody has touched stays, and its answer is welcome.

    Each question is tried once: whoever is at work on it is not disturbed again and again.
    """
    state = study.state
    asked = {a.question for a in state.live_answers}
    idle = [
        q
        for q in state.questions.values()
        if q.id in state.submitted - state.recalled - asked and (q.id in state.gone or state.is_stale(q))
    ]
    if not idle:
        return []
    gone = channel.withdraw(idle)
    _note(study, "recalled", [q.id for q in idle])
    return gone


def collect(study: Study, channel: Annotator, take: bool = True) -> Told:
    """Take in what arrived since.

    An answer that can't be counted is kept, described in ``Told.problems``, and does not hold up the others.
    """
    if not isinstance(channel, SupportsCollecting):
        return answering.tell(study, channel.poll(study.pending), take)
    study.refresh()
    state = study.state
    # every question, also one whose sending was never noted: whoever died after sending it may have been answered
    found = channel.collect(list(state.questions.values()), state.live_answers)
    accepted: list[str] = []
    repeated: list[str] = []
    stale: list[str] = []
    problems = list(found.problems)
    for answer in found.answers:
        try:
            told = answering.tell(study, [answer], take=False)
        except AnswerError as error:
            problems.append(str(error))
            continue
        accepted += told.accepted
        repeated += told.repeated
        stale += told.stale
    deleted = [name for name in found.deleted if name in state.answers and name not in state.taken_back]
    events = [
        Event("answer_withdrawn", {"answer": name, "why": found.deleted[name]}, key=f"back:{name}") for name in deleted
    ]
    open_ = {q.id for q in state.pending}
    dropped = {q: why for q, why in found.dropped.items() if q in open_}
    if dropped:
        events.append(Event("questions_withdrawn", {"questions": list(dropped), "why": dropped}))
    study.store.append(events)
    channel.acknowledge(found)
    study.refresh()
    return Told(
        tuple(accepted),
        tuple(repeated),
        tuple(stale),
        answering.take_in(study) if take else None,
        tuple(deleted),
        dropped,
        tuple(problems),
    )


def _note(study: Study, kind: str, ids: Sequence[str]) -> None:
    study.store.append([Event(kind, {"questions": list(ids)}, key=f"{kind}:{digest_of(list(ids)).hex()[:20]}")])
    study.refresh()
