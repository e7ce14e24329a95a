"""Answers into the journal, and from the journal into a new version of the seed. Nothing a human typed is lost."""

from __future__ import annotations

import math
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ValidationError

from activeseed.comparing import clean_name, is_writable, known_as
from activeseed.errors import AnswerError, nearest, plainly
from activeseed.protocols import Event
from activeseed.question import Answer
from activeseed.seed import digest_of
from activeseed.study.state import SeedVersion, seed_change
from activeseed.study.workshop import Workshop

#: an answer is a record of texts, numbers and lists; a payload is one level more
DEEPEST = 8


@dataclass(frozen=True)
class Told:
    """What became of what a channel brought.

    Attributes:
        accepted: ids of answers that are new.
        repeated: ids of answers that had been delivered before.
        stale: ids of answers about something that has changed since; they are kept and don't count.
        version: the new version of the seed, where there is one.
        deleted: ids of answers that their authors have deleted.
        dropped: id of a question that people took out of the channel -> why.
        problems: sentences about what could not be read or counted, with what to do.
    """

    accepted: tuple[str, ...] = ()
    repeated: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()
    version: SeedVersion | None = None
    deleted: tuple[str, ...] = ()
    dropped: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    @property
    def news(self) -> bool:
        """Whether anything happened that a round can go on from."""
        return bool(self.accepted or self.deleted or self.dropped)


def tell(work: Workshop, answers: Iterable[Answer | Mapping[str, Any]], take: bool) -> Told:
    """See ``Study.tell``."""
    work.refresh()
    people = work.state.annotators
    read: list[Answer] = []
    for given in _each(answers):
        read.append(_read_answer(work, given, people))
        people.append(read[-1].annotator)
    events, stale = [], []
    for answer in read:
        question = work.state.questions[answer.question]
        old = work.state.is_stale(question)
        if old:
            stale.append(answer.id)
        else:
            _check(work, answer)
        body: dict[str, Any] = {"answer": answer.model_dump(mode="json"), "stale": old}
        events.append(Event("answered", body, key=f"answered:{answer.id}"))
    taken: list[Any] = [e.body for e in work.store.append(events)]
    written = {body["answer"]["id"] for body in taken}
    work.refresh()
    version = take_in(work) if take else None
    return Told(
        tuple(a.id for a in read if a.id in written),
        tuple(a.id for a in read if a.id not in written),
        tuple(stale),
        version,
    )


def _each(answers: Any) -> Iterator[Answer | Mapping[str, Any]]:
    """The answers one by one. Raises AnswerError for something else than several answers."""
    if isinstance(answers, Answer | Mapping | str) or not isinstance(answers, Iterable):
        raise AnswerError(f"Answers come as a list, not as one {type(answers).__name__}. Put brackets around it.")
    for n, given in enumerate(answers, 1):
        if not isinstance(given, Answer | Mapping):
            raise AnswerError(
                f"Answer {n} is {type(given).__name__}. Give an Answer, or a dict with its question, annotator and "
                "verdict."
            )
        yield given


def _check(work: Workshop, answer: Answer) -> None:
    from activeseed.resolution import check_answer

    try:
        check_answer(work.state.questions[answer.question], answer, work.seed)
    except AnswerError as error:
        _keep_unmatched(work, answer.model_dump(mode="json"))
        raise AnswerError(f"{error} The answer was kept, but not counted.") from error


def _keep_unmatched(work: Workshop, data: dict[str, Any]) -> None:
    """Under its content, so that a channel that delivers it again and again fills no journal."""
    work.store.append([Event("unmatched", {"answer": data}, key=f"unmatched:{digest_of(data).hex()}")])


def _read_answer(work: Workshop, given: Answer | Mapping[str, Any], people: Sequence[str]) -> Answer:
    data = given.model_dump() if isinstance(given, Answer) else dict(given)
    import numpy as np

    data = {k: v.item() if isinstance(v, np.generic) else v for k, v in data.items()}
    if isinstance(data.get("payload"), BaseModel):
        data["payload"] = data["payload"].model_dump()
    wrong = unfit(data)
    if wrong:
        _keep_unmatched(work, _plain(data))
        raise AnswerError(f"Answer to {_shown(data.get('question', '?'))}: {wrong} It was kept, but not counted.")
    data["question"] = known_as(str(data.get("question", "")), work.state.questions)
    if isinstance(data.get("annotator"), str):
        data["annotator"] = known_as(clean_name(data["annotator"]), people)
    if not data.get("id"):
        content = {k: v for k, v in data.items() if k not in ("id", "at", "seconds")}
        data["id"] = digest_of(content).hex()[:20] if content else uuid.uuid4().hex
    try:
        answer = Answer.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(p) for p in first["loc"])
        _keep_unmatched(work, _plain(data))
        raise AnswerError(
            f"Answer to {_shown(data['question'])}: {where}: {plainly(first['msg'])}. It was kept, but not counted."
        ) from error
    if answer.question not in work.state.questions:
        _keep_unmatched(work, _plain(data))
        raise AnswerError(
            f"There is no question {_shown(answer.question)} in this study."
            f"{nearest(answer.question, work.state.questions)} The answer was kept, but not counted."
        )
    return answer


def take_in(work: Workshop) -> SeedVersion | None:
    """See ``Study.take_in``."""
    work.refresh()
    before = work.state.current
    resolution = work.resolution
    after = resolution.seed
    if after.version == before.seed.version:
        return None
    changes = [
        {"item": c.item, "from": c.before, "to": c.after, "answer": c.answer, "annotator": c.annotator, "at": c.at}
        for c in resolution.changes
    ]
    people = sorted({c["annotator"] for c in changes if c["annotator"]})
    n = len(changes) + len(after) - len(before.seed)
    body = seed_change(
        before.seed,
        after,
        f"{n} change{'' if n == 1 else 's'} from answers",
        ", ".join(people) or "annotators",
        changes,
    )
    work.store.append([Event("seed_changed", body, key=f"seed:{before.number + 1}")])
    work.refresh()
    return work.state.current


def take_back(work: Workshop, answer: str, why: str) -> SeedVersion | None:
    """See ``Study.take_back``."""
    work.refresh()
    if answer not in work.state.answers:
        raise AnswerError(f"There is no answer {answer!r}.{nearest(answer, work.state.answers)}")
    withdrawn = Event("answer_withdrawn", {"answer": answer, "why": why}, key=f"back:{answer}")
    work.store.append([withdrawn, *asked_no_more(work, [answer])])
    return take_in(work)


def asked_no_more(work: Workshop, answers: Iterable[str]) -> list[Event]:
    """Events that withdraw what these answers, which are taken back, were given to in a channel.

    There it counts as answered, and nobody would be shown it again: its items are asked about in a new question.
    """
    state = work.state
    names = dict.fromkeys(state.answers[a].question for a in answers)
    sent = [q for q in names if state.ever_sent.get(q, "terminal") != "terminal" and q not in state.gone]
    why = "its answer was taken back"
    return [Event("questions_withdrawn", {"questions": sent, "why": dict.fromkeys(sent, why)})] if sent else []


def unfit(data: Mapping[str, Any]) -> str:
    """Why an answer can't be taken as it is: a sentence, empty where it can."""
    from activeseed.files.fields import MAX_ID, MAX_TEXT

    if not clean_name(str(data.get("annotator") or "")):
        return "nobody is named as its annotator."
    try:
        leaves = list(_leaves(data, DEEPEST))
    except RecursionError:
        return f"it is nested more than {DEEPEST} deep. An answer is a flat record."
    for where, leaf in leaves:
        if not isinstance(leaf, str | int | float | None):
            return f"{where} is {type(leaf).__name__}, which is neither a text nor a number."
    for where, number in ((w, x) for w, x in leaves if isinstance(x, float)):
        if not math.isfinite(number):
            return f"{where} is {number}, which is no number. Leave it out where it isn't known."
    for where, text in ((w, x) for w, x in leaves if isinstance(x, str)):
        if not is_writable(text):
            return f"{where} holds half a character (a lone surrogate), which no file can hold. Take it out."
        if len(text) > MAX_TEXT:
            return f"{where} has {len(text):,} characters; the limit is {MAX_TEXT:,}. Shorten it."
    for name in ("annotator", "question", "id"):
        if len(str(data.get(name) or "")) > MAX_ID:
            return f"{name} has more than {MAX_ID} characters. Give a short one."
    for name in ("confidence", "seconds"):
        if isinstance(data.get(name), bool):
            return f"{name} is {str(data[name]).lower()}, which is no number. Leave it out where it isn't known."
    seconds = data.get("seconds")
    if isinstance(seconds, int | float) and seconds < 0.0:
        return f"seconds is {seconds}: give how long it took, or leave it out."
    return ""


def _leaves(value: Any, deep: int, where: str = "") -> Iterator[tuple[str, Any]]:
    """Everything in a value that holds nothing else, with the names that lead to it. Raises RecursionError."""
    if deep < 0:
        raise RecursionError
    if isinstance(value, BaseModel):
        value = value.model_dump()
    if isinstance(value, Mapping):
        for k, v in value.items():
            yield from _leaves(v, deep - 1, f"{where}.{k}" if where else str(k))
    elif isinstance(value, list | tuple):
        for v in value:
            yield from _leaves(v, deep - 1, where)
    else:
        yield where, value


def _plain(data: Mapping[str, Any]) -> dict[str, Any]:
    """What somebody sent, as far as a journal can hold it: never lost, and never the journal's end."""
    return {_held(k): v if isinstance(v, int | bool | None) else _held(v) for k, v in data.items()}


def _held(value: Any) -> str:
    try:
        text = str(value)
    except RecursionError:
        text = "(nested too deep to be written down)"
    return text.encode("utf-8", "replace").decode()


def _shown(name: Any) -> str:
    return repr(str(name)[:80])
