"""A study and its channel to humans: questions out, in order, taken back when they no longer matter; answers in.

What is sent is in the journal before it is sent, and what is read is in the journal before it counts as read. So a
process that dies anywhere in between sends and reads the same again, which channels take without harm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from activeseed.errors import ActiveseedError, AnswerError, nearest
from activeseed.protocols import Annotator, Event, SupportsCollecting, SupportsOrder, SupportsPlace
from activeseed.question import Answer, Question
from activeseed.study import answers as answering
from activeseed.study.answers import Told
from activeseed.study.workshop import Workshop


@dataclass(frozen=True)
class Exchanged:
    """What a look at a channel came to.

    Attributes:
        told: what was collected: in the journal, whatever became of the rest.
        failed: why what is no longer asked could not be taken back, or the rest not be sent.
    """

    told: Told
    failed: ActiveseedError | None = None


def place_of(channel: Annotator) -> str:
    """Names a channel: what was sent to one is not at another, for instance at another server."""
    return channel.place if isinstance(channel, SupportsPlace) else channel.kind


def submit(work: Workshop, channel: Annotator) -> list[Question]:
    """Send pending questions that were not sent there yet, and say in which order all that wait are worth answering."""
    place = place_of(channel)
    waiting = [q for q in work.pending if work.state.submitted.get(q.id) != place]
    if waiting:
        channel.submit(waiting, work.seed)
        if isinstance(channel, SupportsOrder):
            channel.reorder(work.state.in_order)
        # written down last: sending and ordering again are harmless, and leaving one out is not
        _note(work, "submitted", [q.id for q in waiting], place)
    return waiting


def hand_out(work: Workshop, channel: Annotator, questions: Sequence[Question]) -> None:
    """Send these questions where somebody wants them once, whatever the study's own channel is."""
    if questions:
        channel.submit(questions, work.seed)
        _note(work, "submitted", [q.id for q in questions], place_of(channel))


def exchange(work: Workshop, channel: Annotator, take: bool = True, send: bool = True) -> Exchanged:
    """Collect, take back, send.

    In this order where the channel notices what people change: what is taken back takes with it what they did to it.
    Any other channel is sent first, as it may answer at once.

    Args:
        take: resolve what was collected into a new version of the seed.
        send: whether anything is still asked.
    """
    if not isinstance(channel, SupportsCollecting):
        if send:
            submit(work, channel)
        recall(work, channel)
        return Exchanged(collect(work, channel, take))
    told = collect(work, channel, take)
    try:
        recall(work, channel)
        if send:
            submit(work, channel)
    except ActiveseedError as error:
        return Exchanged(told, error)
    return Exchanged(told)


def recall(work: Workshop, channel: Annotator) -> list[str]:
    """Take back what was sent and is asked no more: withdrawn, about something that has changed, answered elsewhere.

    Collect first: an answer whose annotation people deleted must be known to be gone before its task is. What somebody
    has touched stays, and its answer is welcome. Each question is tried once, so that whoever is at work on it is not
    disturbed again and again.
    """
    state, place = work.state, place_of(channel)
    open_ = {q.id for q in state.pending}
    shared = isinstance(channel, SupportsCollecting)  # others see it there even when somebody answered elsewhere
    idle = [
        q
        for q in state.questions.values()
        if state.submitted.get(q.id) == place
        and q.id not in open_
        and (shared or q.id in state.gone or state.is_stale(q))
    ]
    if not idle:
        return []
    gone = channel.withdraw(idle)
    _note(work, "recalled", [q.id for q in idle], place)
    return gone


def collect(work: Workshop, channel: Annotator, take: bool = True) -> Told:
    """Take in what arrived since.

    An answer that can't be counted is kept, described in ``Told.problems``, and does not hold up the others.
    """
    if not isinstance(channel, SupportsCollecting):
        return answering.tell(work, channel.poll(work.pending), take)
    work.refresh()
    state, place = work.state, place_of(channel)
    sent = {q for q, where in state.submitted.items() if where == place}
    live = {a.id for a in state.live_answers}
    # every question, also one whose sending was never noted: whoever died after sending it may have been answered
    # what was given before a question moved there came from elsewhere: nobody can have deleted it there
    known = [a for a in state.kept_answers if state.arrived[a.id] > state.moved.get(a.question, 0)]
    found = channel.collect(list(state.questions.values()), known)
    try:
        parts, problems = [answering.tell(work, found.answers, take=False)], list(found.problems)
    except AnswerError:
        parts, problems = _one_by_one(work, found.answers)
        problems = [*found.problems, *problems]
    deleted = [name for name in found.deleted if name in state.answers and name not in state.taken_back]
    events = [
        Event("answer_withdrawn", {"answer": name, "why": found.deleted[name]}, key=f"back:{name}") for name in deleted
    ]
    open_ = {q.id for q in state.pending}
    dropped = {q: why for q, why in found.dropped.items() if q in open_}
    if dropped:
        events.append(Event("questions_withdrawn", {"questions": list(dropped), "why": dropped}))
    absent = sorted(open_ & sent & found.absent)
    if absent:
        problems.append(
            f"{len(absent)} pending question{'s are' if len(absent) > 1 else ' is'} not there any more "
            f"({', '.join(absent[:3])}{', …' if len(absent) > 3 else ''}): sent again."
        )
        events.append(Event("recalled", {"questions": absent, "channel": place}))
    work.store.append(events)
    channel.acknowledge(found)
    work.refresh()
    return Told(
        tuple(name for part in parts for name in part.accepted),
        tuple(name for part in parts for name in part.repeated),
        tuple(name for part in parts for name in part.stale),
        answering.take_in(work) if take else None,
        tuple(name for name in deleted if name in live),
        dropped,
        tuple(problems),
    )


def _one_by_one(work: Workshop, answers: Sequence[Answer]) -> tuple[list[Told], list[str]]:
    """Answers of which one at least can't be counted: what became of the others, and what is wrong with those."""
    parts, problems = [], []
    for answer in answers:
        try:
            parts.append(answering.tell(work, [answer], take=False))
        except AnswerError as error:
            open_again = "the question stays open until it is answered anew where this was given"
            problems.append(f"{error} It came from {answer.annotator}; {open_again}.")
    return parts, problems


def withdraw(work: Workshop, questions: Sequence[str], why: str = "") -> list[str]:
    """Take back pending questions by id; a channel is told the next time it is used.

    Raises AnswerError for an unknown id.
    """
    work.refresh()
    state = work.state
    for name in questions:
        if name not in state.questions:
            raise AnswerError(f"There is no question {name!r}.{nearest(name, state.questions)}")
    gone = [q.id for q in state.pending if q.id in set(questions)]
    if gone:
        work.store.append([Event("questions_withdrawn", {"questions": gone, "why": dict.fromkeys(gone, why)})])
        work.refresh()
    return gone


def _note(work: Workshop, kind: str, ids: Sequence[str], place: str) -> None:
    work.store.append([Event(kind, {"questions": list(ids), "channel": place})])
    work.refresh()
