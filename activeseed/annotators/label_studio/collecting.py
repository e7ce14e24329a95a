"""Annotations back as answers: only what is new, and what people changed or deleted since.

A read begins with a look at the head of the project (newest change, number of tasks and annotations). What changed
since the last acknowledged read is listed; then what is known must add up to the head. Where it does not (a task was
deleted; the server's clock fell back; a late transaction; a lost ledger) the whole project is read. Deleting an
annotation marks its task as changed, deleting a task leaves no trace but the number. The clock is the
server's throughout.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from activeseed.annotators.label_studio.connection import Connection
from activeseed.annotators.label_studio.ledger import Known, Shelf
from activeseed.annotators.label_studio.listing import Head, count, head, microseconds, owner, tasks
from activeseed.annotators.templates import read_result
from activeseed.errors import AnswerError
from activeseed.question import Answer, Question, people_due

_ID = re.compile(r"ls-(\d+)-(\d+)-\d+\*?")


@dataclass
class Reading:
    """What was read of a project.

    Attributes:
        changed: tasks of ours that were listed, with their annotations.
        gone: tasks of ours that are no more.
        full: whether all of the project was listed.
        lost: annotations of ours that went without anybody deleting them.
    """

    shelf: Shelf
    head: Head
    changed: dict[int, dict[str, Any]] = field(default_factory=dict)
    gone: dict[int, Known] = field(default_factory=dict)
    full: bool = False
    others: tuple[int, int] = (0, 0)
    lost: list[int] = field(default_factory=list)

    @property
    def known(self) -> dict[int, Known]:
        """All tasks of ours as they are now."""
        kept = {t: k for t, k in self.shelf.tasks.items() if t not in self.gone}
        return kept | {t: _known(task) for t, task in self.changed.items()}

    def adds_up(self) -> bool:
        """Whether what is known is all that the server counts."""
        known = self.known
        annotations = sum(len(k.annotations) - k.skipped for k in known.values())
        mine = (self.head.tasks - self.others[0], self.head.annotations - self.others[1])
        return mine == (len(known), annotations)


def read(connection: Connection, shelf: Shelf, study: str, now: Head) -> Reading:
    """What changed in a project, now looking so, since it was last read and acknowledged."""
    newest = shelf.head[0] if shelf.head else ""
    # a server whose clock fell back marks what changes with times that were read already
    if shelf.cursor and now.newest >= newest and now.settled >= shelf.cursor:
        for _ in range(2):
            # twice: an annotation may arrive between the look at the head and the list
            found = _read(connection, shelf, study, now, shelf.cursor)
            if found.adds_up():
                return found
            now = head(connection, shelf.id)
    return _read(connection, shelf, study, now, "")


def _read(connection: Connection, shelf: Shelf, study: str, now: Head, since: str) -> Reading:
    found = Reading(shelf, now, full=not since, others=(shelf.others[0], shelf.others[1]))
    for task in tasks(connection, shelf.id, since, annotations=True) if now.tasks else ():
        question = owner(task, study)
        if question:
            found.changed[task["id"]] = {**task, "question": question}
    if found.full:
        # whatever the server counts besides: tasks of others, or counts that are wrong and would always seem new
        mine = [_known(t) for t in found.changed.values()]
        listed = (len(mine), sum(len(k.annotations) - k.skipped for k in mine))
        after = count(connection, shelf.id)
        found.others = (
            _within(shelf.others[0], now.tasks - listed[0], after[0] - listed[0]),
            _within(shelf.others[1], now.annotations - listed[1], after[1] - listed[1]),
        )
        found.gone = {t: k for t, k in shelf.tasks.items() if t not in found.changed}
    for number, known in shelf.tasks.items():
        if number in found.changed and found.changed[number]["question"] != known.question:
            # the number of a deleted task was given again
            found.gone[number] = known
    return found


def _within(was: int, before: int, after: int) -> int:
    """A number that was seen earlier, if it lies between two counts of now, else the nearer of them.

    People go on while a long list is read, so neither count may belong to it exactly.
    """
    return max(min(before, after), min(was, max(before, after)))


def take(found: Reading) -> None:
    """Write into the shelf that a reading is in the journal."""
    shelf, now = found.shelf, found.head
    shelf.tasks = found.known
    shelf.others = list(found.others)
    shelf.lost = found.lost or shelf.lost
    shelf.head = [now.newest, now.tasks, now.annotations]
    shelf.cursor = now.settled
    shelf.listed = max(shelf.listed, shelf.cursor)


def _known(task: Mapping[str, Any]) -> Known:
    annotations = task["annotations"]
    return Known(task["question"], [a["id"] for a in annotations], sum(bool(a["was_cancelled"]) for a in annotations))


@dataclass
class Answers:
    """Reads annotations of one project."""

    project: int
    people: Mapping[int, str]
    problems: list[str] = field(default_factory=list)

    def of(self, question: Question, found: Iterable[Mapping[str, Any]]) -> list[Answer]:
        """The newest readable answer of each annotator in the tasks of a question."""
        newest: dict[str, Answer] = {}
        annotations = [a for task in found for a in task["annotations"]]
        for annotation in sorted(annotations, key=lambda a: (a["updated_at"], a["id"])):
            try:
                answer = self._read(question, annotation)
            except AnswerError as error:
                self.problems.append(
                    f"{error} It is annotation {annotation['id']} by {self.who(annotation)} in project "
                    f"{self.project}; the question stays open until it is mended there."
                )
                continue
            newest[answer.annotator] = answer
        return list(newest.values())

    def _read(self, question: Question, annotation: Mapping[str, Any]) -> Answer:
        skipped = bool(annotation["was_cancelled"])
        fields = read_result(question, [] if skipped else annotation["result"] or [])
        if fields["verdict"] == "skip" and not skipped:
            raise AnswerError(f"Annotation of question {question.id!r}: it was submitted without an answer.")
        lead = annotation.get("lead_time")
        final = bool(annotation.get("ground_truth"))
        return Answer(
            id=f"ls-{self.project}-{annotation['id']}-{microseconds(annotation['updated_at'])}{'*' if final else ''}",
            question=question.id,
            annotator=self.who(annotation),
            at=annotation["updated_at"],
            seconds=lead if isinstance(lead, int | float) and lead >= 0 else None,
            final=final,
            **fields,
        )

    def who(self, annotation: Mapping[str, Any]) -> str:
        user = annotation.get("completed_by")
        if isinstance(user, Mapping):
            user = user.get("id")
        return self.people.get(user, f"user {user}") if isinstance(user, int) else "a deleted user"


def origin(answer: Answer) -> tuple[int, int] | None:
    """Project and annotation of an answer that was collected here."""
    found = _ID.fullmatch(answer.id)
    return (int(found[1]), int(found[2])) if found else None


def vanished(
    found: Reading, asked: Mapping[str, Question], known: Sequence[Answer], annotators: int
) -> tuple[dict[str, str], list[str]]:
    """Questions whose tasks somebody deleted: those that still lack an answer -> why, and what is to be said."""
    still = {k.question for k in found.known.values()}
    dropped: dict[str, str] = {}
    problems: list[str] = []
    for name in sorted({k.question for k in found.gone.values()} - still):
        people = {a.annotator for a in known if a.question == name}
        if people:
            problems.append(
                f"The task of question {name!r} was deleted from project {found.shelf.id} in Label Studio. The "
                f"{len(people)} collected answer{'s' if len(people) > 1 else ''} to it stay."
            )
        if name in asked and len(people) < people_due(asked[name].kind, annotators):
            dropped[name] = "its task was deleted in Label Studio"
    return dropped, problems


def deleted(known: Sequence[Answer], found: Reading, people: Mapping[int, str]) -> tuple[dict[str, str], list[str]]:
    """Answers that were collected and whose annotation is no more, though their task is: id -> why; and what to say.

    Whoever deletes an annotation leaves its task changed. Where one is gone from a task that has not changed since it
    was read, the server has gone back to an earlier state (a restored backup), and nobody has taken anything back.
    """
    tasks_of: dict[str, list[int]] = {}
    for task, k in found.known.items():
        tasks_of.setdefault(k.question, []).append(task)
    gone: dict[str, str] = {}
    before, lost = set(found.shelf.lost), set(found.shelf.lost)
    for answer in known:
        at = origin(answer)
        if at is None or at[0] != found.shelf.id or answer.question not in tasks_of:
            continue
        mine = tasks_of[answer.question]
        if not any(t in found.changed for t in mine):
            continue
        there: dict[int, Any] = {
            a: None for t in mine if t not in found.changed for a in found.shelf.tasks[t].annotations
        }
        there |= {a["id"]: a for t in mine if t in found.changed for a in found.changed[t]["annotations"]}
        now = there.get(at[1])
        if now and answer.id.rstrip("*").endswith(f"-{microseconds(now['updated_at'])}"):
            continue  # the very annotation, whatever its author is called by now
        if at[1] not in there or (now and people.get(now["completed_by"], answer.annotator) != answer.annotator):
            # by somebody else now: the number of a deleted annotation was given again
            if all(found.changed[t]["updated_at"] <= found.shelf.cursor for t in mine if t in found.changed):
                lost.add(at[1])
            if at[1] not in lost:
                gone[answer.id] = "its annotation was deleted in Label Studio"
    found.lost = sorted(lost)
    new = len(lost - before)
    said = (
        f"Project {found.shelf.id} in Label Studio has no annotation any more for {new} collected "
        f"answer{'s' if new > 1 else ''}, though nobody deleted one: as if a backup was restored. The answers stay; "
        "see whether the server is the right one."
    )
    return gone, [said] if new else []
