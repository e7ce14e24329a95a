"""Annotations back as answers: only what is new, and what people changed or deleted since.

A read begins with a look at the head of the project (newest change, number of tasks and annotations). What changed
since the last acknowledged read is listed; then what is known must add up to the head. Where it does not (a task was
deleted; the server's clock fell back; a late transaction; a lost ledger) the whole project is read. Deleting an
annotation marks its task as changed, deleting a task leaves no trace but the number. The clock is the
server's throughout.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Any

from activeseed.annotators.label_studio import voices
from activeseed.annotators.label_studio.connection import Connection
from activeseed.annotators.label_studio.ledger import Known, Shelf
from activeseed.annotators.label_studio.listing import Head, count, head, microseconds, owner, tasks
from activeseed.annotators.tasks import differs, shown_digest
from activeseed.annotators.templates import read_result
from activeseed.comparing import same_name
from activeseed.errors import AnswerError
from activeseed.question import Answer, Question


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


def read(connection: Connection, shelf: Shelf, study: str, now: Head, asked: Collection[str] = ()) -> Reading:
    """What changed in a project, now looking so, since it was last read and acknowledged.

    Args:
        asked: questions of the study, by which tasks of a project that is ours are known again.
    """
    newest = shelf.head[0] if shelf.head else ""
    # a server whose clock fell back marks what changes with times that were read already
    if shelf.cursor and now.newest >= newest and now.settled >= shelf.cursor:
        for _ in range(2):
            # twice: an annotation may arrive between the look at the head and the list
            found = _read(connection, shelf, study, now, asked, shelf.cursor)
            if found.adds_up():
                return found
            now = head(connection, shelf.id)
    return _read(connection, shelf, study, now, asked, "")


def _read(connection: Connection, shelf: Shelf, study: str, now: Head, asked: Collection[str], since: str) -> Reading:
    found = Reading(shelf, now, full=not since, others=(shelf.others[0], shelf.others[1]))
    for task in tasks(connection, shelf.id, since, annotations=True) if now.tasks else ():
        was = shelf.tasks[task["id"]].question if task["id"] in shelf.tasks else ""
        question = owner(task, study, was, asked if shelf.made else ())
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
    """Reads annotations of one project.

    Attributes:
        people: user id -> the name under which answers of theirs are written.
        written: annotation -> what was collected from it last.
        problems: sentences about what can't be read.
        taken_over: answer -> a sentence, where somebody has rewritten another one's annotation.
        voices: annotation -> whose answer it was read as.
        empty: questions with annotations that were made of our predictions and say nothing.
        troubled: questions with an annotation that can't be read.
    """

    project: int
    people: Mapping[int, str]
    written: Mapping[int, Answer] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    taken_over: dict[str, str] = field(default_factory=dict)
    voices: dict[int, str] = field(default_factory=dict)
    empty: set[str] = field(default_factory=set)
    troubled: set[str] = field(default_factory=set)
    _strangers: dict[int, str] = field(default_factory=dict)

    def of(
        self, question: Question, found: Iterable[Mapping[str, Any]], elsewhere: Iterable[Answer] = ()
    ) -> list[Answer]:
        """The newest readable answer of each annotator in the tasks of a question. A skip hides no answer.

        Args:
            elsewhere: answers to the question whose tasks are as they were when they were collected.
        """
        newest: dict[str, Answer] = {}
        spoke = {same_name(a.annotator) for a in elsewhere if a.verdict != "skip"}
        for task, annotation in self._annotations(found):
            if _is_empty_prediction(annotation):
                self.empty.add(question.id)
                continue
            try:
                self._check_shown(question, task, annotation)
                answer = self._read(question, annotation)
            except AnswerError as error:
                self.troubled.add(question.id)
                self.problems.append(
                    f"{error} It is annotation {annotation['id']} by {self.who(annotation)} in project "
                    f"{self.project}; the question stays open until it is mended there."
                )
                continue
            self.voices[annotation["id"]] = answer.annotator
            if answer.verdict == "skip":
                former = newest.get(answer.annotator)
                if same_name(answer.annotator) in spoke or (former is not None and former.verdict != "skip"):
                    continue
            newest[answer.annotator] = answer
        return list(newest.values())

    def _annotations(self, found: Iterable[Mapping[str, Any]]) -> list[tuple[Mapping[str, Any], Mapping[str, Any]]]:
        """Tasks and their annotations, oldest change first, without copies that an import made of others."""
        pairs = [(t, a) for t in found for a in t["annotations"]]
        there = {a["id"] for _, a in pairs}
        kept = [
            (t, a)
            for t, a in pairs
            if not (a.get("import_id") in there or a.get("import_id") in self.written) or not voices.as_made(a)
        ]
        return sorted(kept, key=lambda p: (microseconds(p[1]["updated_at"]), p[1]["id"]))

    def _check_shown(self, question: Question, task: Mapping[str, Any], annotation: Mapping[str, Any]) -> None:
        """Raises AnswerError where the task shows something else than was asked, for what is not collected yet."""
        data, meta, before = task.get("data"), task.get("meta"), self.written.get(annotation["id"])
        if not isinstance(data, Mapping):
            return
        if before is not None and voices.taken_at(before) == microseconds(annotation["updated_at"]):
            return
        sent = str(meta.get("shown") or "") if isinstance(meta, Mapping) else ""
        if sent != shown_digest(data) if sent else differs(question, data):
            raise AnswerError(
                f"The task {task.get('id')} of question {question.id!r} was edited: it shows another text than was "
                "asked about, and nobody can tell which was answered. Put the text back, or take the question back:  "
                f"activeseed queue --withdraw {question.id}."
            )

    def _read(self, question: Question, annotation: Mapping[str, Any]) -> Answer:
        if annotation.get("unreadable"):
            raise AnswerError(
                f"Annotation of question {question.id!r}: the server fails over it (status 500), as it does where a "
                "text holds half a character (a cut emoji). Delete it there and have it answered again."
            )
        skipped = bool(annotation["was_cancelled"])
        fields = read_result(question, [] if skipped else annotation["result"] or [])
        if fields["verdict"] == "skip" and not skipped:
            raise AnswerError(f"Annotation of question {question.id!r}: it was submitted without an answer.")
        lead = annotation.get("lead_time")
        final = bool(annotation.get("ground_truth"))
        name = f"ls-{self.project}-{annotation['id']}-{microseconds(annotation['updated_at'])}{'*' if final else ''}"
        who, said = self._voice(question, annotation, fields)
        if said:
            self.taken_over[name] = said
        return Answer(
            id=name,
            question=question.id,
            annotator=who,
            at=annotation["updated_at"],
            seconds=lead if isinstance(lead, int | float) and 0 <= lead < inf else None,
            final=final,
            **fields,
        )

    def _voice(self, question: Question, annotation: Mapping[str, Any], fields: Mapping[str, Any]) -> tuple[str, str]:
        """Whose answer an annotation is, and what is to be said where that is not its author's."""
        author, before = self.who(annotation), self.written.get(annotation["id"])
        if before is not None and (before.question != question.id or voices.is_another(annotation, before)):
            before = None
        if before is not None and annotation.get("created_at") and voices.same_content(before, fields):
            return before.annotator, ""
        if not voices.written_by_another(annotation):
            return author, ""
        if before is None and (voices.as_made(annotation) or annotation.get("ground_truth")):
            return author, ""  # put in for them, or marked with a star
        who = self._named(voices.user_of(annotation, "updated_by"))
        return who, (
            f"{who} has rewritten annotation {annotation['id']} of question {question.id!r}, which was {author}'s: it "
            f"counts as {who}'s answer now, and not as {author}'s. To have both, let each submit one of their own."
        )

    def who(self, annotation: Mapping[str, Any]) -> str:
        """The name of an annotation's author. Of accounts that are deleted the server keeps no number: what is not in
        the journal under a name is by somebody else each time.
        """
        user = voices.user_of(annotation)
        if user is not None:
            return self._named(user)
        number, stranger = annotation["id"], "a deleted user"
        if number in self.written:
            return self.written[number].annotator
        if number not in self._strangers:
            there = {*self._strangers.values(), *(a.annotator for a in self.written.values())}
            self._strangers[number] = stranger if stranger not in there else f"{stranger} (annotation {number})"
        return self._strangers[number]

    def _named(self, user: int | None) -> str:
        return self.people.get(user, f"user {user}") if user is not None else "a deleted user"


def _is_empty_prediction(annotation: Mapping[str, Any]) -> bool:
    """Whether an annotation was made of a prediction of ours, which fills in nothing, and nobody has touched it."""
    says = annotation.get("unreadable") or annotation.get("result") or annotation["was_cancelled"]
    return bool(annotation.get("parent_prediction")) and not says
