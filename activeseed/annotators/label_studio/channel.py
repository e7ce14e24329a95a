"""The channel of one study: questions out as tasks, annotations back as answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from activeseed.annotators.label_studio import collecting, ordering
from activeseed.annotators.label_studio.connection import ONCE, Connection, RefusedError
from activeseed.annotators.label_studio.credentials import read_token
from activeseed.annotators.label_studio.ledger import Ledger, Shelf
from activeseed.annotators.label_studio.listing import by_id, delete_untouched, owner, tasks
from activeseed.annotators.label_studio.projects import ORDER, Projects, keeps_order
from activeseed.annotators.label_studio.pushing import Pusher, is_touched
from activeseed.errors import AnnotatorError
from activeseed.protocols import Collected
from activeseed.question import Answer, Question, QuestionKind, people_due
from activeseed.seed import Payload, Seed

if TYPE_CHECKING:
    from activeseed.annotators.label_studio.record import LabelStudio
    from activeseed.protocols import Assignment

#: what a webhook tells us about
EVENTS = ("ANNOTATION_CREATED", "ANNOTATION_UPDATED", "ANNOTATIONS_DELETED", "TASKS_DELETED")


@dataclass
class Channel:
    """Talks to a Label Studio server for one study. Connects when it is first used.

    Attributes:
        record: what the configuration says.
        assignment: what it needs to know of the study.
        patience: seconds for which reading is tried again before `AnnotatorAwayError`.
    """

    record: LabelStudio
    assignment: Assignment
    patience: float = 6.0

    @property
    def kind(self) -> str:
        return self.record.kind

    @cached_property
    def connection(self) -> Connection:
        """Raises ConfigError without a usable address or token."""
        token = read_token(self.record.token_file, self.assignment.folder)
        return Connection(self.record.url, token, self.patience)

    @cached_property
    def ledger(self) -> Ledger:
        """What is remembered of the server."""
        return Ledger.at(self.assignment.folder, self.connection.url, self.assignment.study)

    @cached_property
    def projects(self) -> Projects:
        """The projects of the study."""
        return Projects(self.connection, self.record, self.assignment, self.ledger)

    # --- Annotator ----------------------------------------------------------------------------------------------

    def submit(self, questions: Sequence[Question], seed: Seed) -> None:
        """Ask these questions, first to last after those that wait already; what is there is not put there twice.

        Raises:
            AnnotatorAwayError: the server can't be reached; asking again sends what is missing.
            AnnotatorError, ConfigError: with what to do.
        """
        if not questions:
            return
        payloads = _payloads(questions, seed)
        with self.ledger.held():
            seen = self.projects.seen()
            for kind, asked in _by_kind(questions).items():
                shelf = self.projects.ready(kind, seen)
                project = seen.get(kind, {"model_version": "", "sampling": "Uncertainty sampling"})
                version = self._version(shelf, project, asked)
                pusher = Pusher(self.connection, self.ledger, shelf, self.assignment.study)
                empty = not shelf.tasks
                sent = pusher.push(asked, payloads, version)
                if sent and (shelf.made or not keeps_order(project)):
                    self._follow(shelf, project, version)
                if sent and shelf.made and empty:
                    self.projects.view(shelf)
            self.ledger.save()

    def _follow(self, shelf: Shelf, project: Mapping[str, Any], version: str) -> None:
        try:
            ordering.follow(self.connection, shelf, project, version)
        except RefusedError:
            # it says that there are no such predictions; the tasks are there, and the next order brings new ones
            shelf.order, shelf.version = [], ""

    def _version(self, shelf: Shelf, project: Mapping[str, Any], asked: Sequence[Question]) -> str:
        current = project.get("model_version") or ""
        if not current.startswith(ORDER):
            current = ordering.version_of(self.assignment.study, [q.id for q in asked])
        if shelf.version != current:
            shelf.order = []
        shelf.version = current
        return current

    def poll(self, pending: Sequence[Question]) -> list[Answer]:
        """All answers to these questions that are there, however often they were delivered."""
        if not pending:
            return []
        answers: list[Answer] = []
        self.ledger.load()
        seen = self.projects.seen()
        for kind, asked in _by_kind(pending).items():
            if kind not in seen:
                continue
            shelf = self.ledger.shelves[kind]
            found = self._tasks_of(shelf, asked)
            reader = self._reader(shelf, (t for some in found.values() for t in some))
            for question in asked:
                answers += reader.of(question, found.get(question.id, ()))
        return answers

    def withdraw(self, questions: Sequence[Question]) -> list[str]:
        """Take back questions on which nobody has an answer or a draft; returns the ids that are gone."""
        if not questions:
            return []
        gone: list[str] = []
        with self.ledger.held():
            seen = self.projects.seen()
            for kind, asked in _by_kind(questions).items():
                if kind in seen:
                    gone += self._withdraw(self.ledger.shelves[kind], asked)
            self.ledger.withdrawn += gone
            self.ledger.save()
        return gone

    def _withdraw(self, shelf: Shelf, asked: Sequence[Question]) -> list[str]:
        pusher = Pusher(self.connection, self.ledger, shelf, self.assignment.study)
        pusher.list_new()
        index = shelf.index()
        mine = {q.id: index[q.id] for q in asked if q.id in index}
        ids = [t for found in mine.values() for t in found]
        there = {
            t["id"]: t
            for t in by_id(self.connection, shelf.id, ids, touched=True)
            if owner(t, self.assignment.study) == shelf.tasks[t["id"]].question
        }
        # a question goes with all of its tasks or with none
        free = {q: found for q, found in mine.items() if not any(is_touched(there[t]) for t in found if t in there)}
        chosen = [t for found in free.values() for t in found if t in there]
        if chosen:
            delete_untouched(self.connection, shelf.id, chosen)
        left = {t["id"] for t in by_id(self.connection, shelf.id, chosen)}
        for task in [t for t in ids if t not in there or (t in chosen and t not in left)]:
            shelf.tasks.pop(task, None)
        return [q for q, found in free.items() if any(t in there for t in found) and not any(t in left for t in found)]

    # --- SupportsCollecting -------------------------------------------------------------------------------------

    def collect(self, asked: Sequence[Question], known: Sequence[Answer]) -> Collected:
        """What happened since the last acknowledged read to questions that were sent.

        Args:
            asked: questions that were submitted, answered or not.
            known: answers that the study holds and that nobody took back.

        Raises:
            AnnotatorAwayError: the server can't be reached just now.
            AnnotatorError: a project is gone, the token is refused, …
        """
        self.ledger.load()
        seen = self.projects.seen()
        readings = {
            kind: collecting.read(self.connection, self.ledger.shelves[kind], self.assignment.study) for kind in seen
        }
        answers: list[Answer] = []
        gone: dict[str, str] = {}
        dropped = {q: f"the server refused its task: {why}" for q, why in self.ledger.refused.items()}
        dropped |= dict.fromkeys(self.ledger.withdrawn, "it was withdrawn")
        problems: list[str] = []
        complained: dict[QuestionKind, str] = {}
        held = {a.id for a in known}
        by_id_ = {q.id: q for q in asked}
        for kind, found in readings.items():
            wrong = self.projects.wrong(kind, seen[kind])
            complained[kind] = sha256(wrong.encode()).hexdigest()[:16] if wrong else ""
            if wrong and complained[kind] != found.shelf.complained:
                problems.append(f"{wrong} Answers that can be read still are.")
            reader = self._reader(found.shelf, found.changed.values())
            for name, some in _by_question(found.changed.values()).items():
                if name in by_id_:
                    answers += [a for a in reader.of(by_id_[name], some) if a.id not in held]
            problems += reader.problems
            gone |= collecting.deleted(known, found, reader.people)
            self._vanished(found, by_id_, known, dropped, problems)
        asked_ids = {q.id for q in asked}
        return Collected(
            answers=tuple(answers),
            deleted=gone,
            dropped={q: why for q, why in dropped.items() if q in asked_ids},
            problems=tuple(problems),
            mark={
                "readings": readings,
                "complained": complained,
                "dropped": set(dropped),
                "people": self.ledger.people,
            },
        )

    def acknowledge(self, collected: Collected) -> None:
        """What was collected is in the journal: the next read begins there."""
        if not collected.mark:
            return
        with self.ledger.held():
            self.ledger.people = collected.mark["people"] | self.ledger.people
            for kind, found in collected.mark["readings"].items():
                shelf = self.ledger.shelves.get(kind)
                if shelf is not None and shelf.id == found.shelf.id:
                    found.shelf = shelf
                    collecting.take(found)
                    shelf.complained = collected.mark["complained"][kind]
            reported = collected.mark["dropped"]
            self.ledger.refused = {q: why for q, why in self.ledger.refused.items() if q not in reported}
            self.ledger.withdrawn = [q for q in self.ledger.withdrawn if q not in reported]
            self.ledger.save()

    def _vanished(
        self,
        found: collecting.Reading,
        asked: Mapping[str, Question],
        known: Sequence[Answer],
        dropped: dict[str, str],
        problems: list[str],
    ) -> None:
        """Questions whose tasks somebody deleted."""
        still = {k.question for k in found.known.values()}
        for name in sorted({k.question for k in found.gone.values()} - still):
            people = {a.annotator for a in known if a.question == name}
            if people:
                problems.append(
                    f"The task of question {name!r} was deleted from project {found.shelf.id} in Label Studio. The "
                    f"{len(people)} collected answer{'s' if len(people) > 1 else ''} to it stay."
                )
            if name in asked and len(people) < people_due(asked[name].kind, self.assignment.annotators):
                dropped[name] = "its task was deleted in Label Studio"

    # --- SupportsOrder ------------------------------------------------------------------------------------------

    def reorder(self, questions: Sequence[Question]) -> None:
        """From now on serve these first to last. A project of somebody else's that has its own order keeps it."""
        if not questions:
            return
        with self.ledger.held():
            seen = self.projects.seen()
            for kind, wanted in _by_kind(questions).items():
                shelf, project = self.ledger.shelves.get(kind), seen.get(kind)
                if shelf is None or project is None or (not shelf.made and keeps_order(project)):
                    continue
                ids = [q.id for q in wanted]
                Pusher(self.connection, self.ledger, shelf, self.assignment.study).forget_deleted(ids)
                ordering.put_in_order(self.connection, shelf, project, self.assignment.study, ids)
            self.ledger.save()

    # --- shared -------------------------------------------------------------------------------------------------

    def _tasks_of(self, shelf: Shelf, asked: Sequence[Question]) -> dict[str, list[dict[str, Any]]]:
        """Question -> its tasks with their annotations."""
        index = shelf.index()
        if any(q.id not in index for q in asked):
            Pusher(self.connection, self.ledger, shelf, self.assignment.study).list_new()
            index = shelf.index()
        ids = [t for q in asked for t in index.get(q.id, ())]
        study = self.assignment.study
        if len(ids) > 2000 and 2 * len(ids) > len(shelf.tasks):
            listed: Iterable[dict[str, Any]] = tasks(self.connection, shelf.id, annotations=True)
        else:
            listed = by_id(self.connection, shelf.id, ids, annotations=True)
        return _by_question({**t, "question": name} for t in listed if (name := owner(t, study)))

    def _reader(self, shelf: Shelf, found: Iterable[Mapping[str, Any]]) -> collecting.Answers:
        users = {a["completed_by"] for t in found for a in t["annotations"]}
        people = self.ledger.people
        if any(u is not None and str(u) not in people for u in users):
            for user in self._users():
                people.setdefault(str(user["id"]), user.get("email") or user.get("username") or f"user {user['id']}")
        return collecting.Answers(shelf.id, {int(u): name for u, name in people.items()})

    def _users(self) -> list[dict[str, Any]]:
        try:
            found: list[dict[str, Any]] = self.connection.read("api/users/")
        except AnnotatorError as error:
            if type(error) is not AnnotatorError:
                raise
            return []  # not allowed to see the others: they keep their numbers
        return found


def _by_kind(questions: Iterable[Question]) -> dict[QuestionKind, list[Question]]:
    found: dict[QuestionKind, list[Question]] = {}
    for question in questions:
        found.setdefault(question.kind, []).append(question)
    return found


def _by_question(found: Iterable[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    out: dict[str, list[dict[str, Any]]] = {}
    for task in found:
        out.setdefault(task["question"], []).append(task)
    return out


def _payloads(questions: Sequence[Question], seed: Seed) -> dict[str, Payload]:
    """Question -> the item that it is about, where it is about one."""
    items = {i.id: i.payload for i in seed.items}
    return {q.id: items[q.items[0]] for q in questions if len(q.items) == 1 and q.items[0] in items}


__all__ = ["EVENTS", "ONCE", "Channel", "RefusedError"]
