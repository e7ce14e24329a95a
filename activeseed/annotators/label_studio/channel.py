"""The channel of one study: questions out as tasks, annotations back as answers."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from activeseed.annotators.label_studio import collecting, noticing, ordering, standing, voices, webhooks
from activeseed.annotators.label_studio.connection import Connection, MissingError, RefusedError
from activeseed.annotators.label_studio.credentials import read_token
from activeseed.annotators.label_studio.ledger import Ledger, Shelf
from activeseed.annotators.label_studio.listing import (
    OVERLAP,
    Head,
    by_id,
    counted,
    delete_untouched,
    head,
    tasks,
)
from activeseed.annotators.label_studio.projects import ORDER, Projects, keeps_order
from activeseed.annotators.label_studio.pushing import Pusher, is_touched
from activeseed.errors import AnnotatorError
from activeseed.protocols import Collected
from activeseed.question import Answer, Question
from activeseed.seed import Payload, Seed

if TYPE_CHECKING:
    from activeseed.annotators.label_studio.settings import ServerSettings
    from activeseed.protocols import Assignment


@dataclass(frozen=True)
class Mark:
    """How far the projects were read.

    Attributes:
        readings: kind of question -> what was read of its project.
        complained: kind -> digest of what was said to be wrong there, so that it is said once.
        dropped: ids of questions that were reported as taken out.
        people: user id -> the name under which answers were taken.
    """

    readings: Mapping[str, collecting.Reading]
    complained: Mapping[str, str]
    dropped: frozenset[str]
    people: dict[str, str]


@dataclass
class Channel:
    """Talks to a Label Studio server for one study. Connects when it is first used.

    Attributes:
        record: what the configuration says.
        assignment: what it needs to know of the study.
        patience: seconds for which reading is tried again before `AnnotatorAwayError`.
    """

    record: ServerSettings
    assignment: Assignment
    patience: float = 6.0
    _quiet: dict[int, tuple[Head | None, float]] = field(default_factory=dict, init=False, repr=False)

    @property
    def kind(self) -> str:
        return self.record.kind

    @property
    def place(self) -> str:
        """Names the server: what was sent to one is not at another."""
        return f"{self.record.kind} {self.record.url.strip().rstrip('/')}"

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
                there = None if shelf.importing else self.projects.just_made.pop(kind, None)
                try:
                    sent = pusher.push(asked, payloads, version, there)
                except MissingError:
                    raise AnnotatorError(self.projects.gone(kind, shelf)) from None
                # the first import of a project sets its version, which need not be set again
                if sent and (shelf.made or not keeps_order(project)):
                    self._follow(shelf, pusher.project, version)
                if sent and shelf.made and empty:
                    self.projects.view(shelf, new=there == 0)
            again = {q.id for q in questions}
            self.ledger.withdrawn = [q for q in self.ledger.withdrawn if q not in again]
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
            reader = self._reader(shelf, [t for some in found.values() for t in some], {})
            for question in asked:
                answers += reader.of(question, found.get(question.id, ()))
        return answers

    def withdraw(self, questions: Sequence[Question]) -> list[str]:
        """Take back questions on which nobody has an answer or a draft; returns the ids that are gone.

        Whoever has opened a page and not begun can't be seen: Label Studio tells of its locks to nobody. To submit
        there fails then; no answer that was given is lost.
        """
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
            for t in pusher.known(by_id(self.connection, shelf.id, ids, touched=True))
            if pusher.owner(t) == shelf.tasks[t["id"]].question
        }
        # a question goes with all of its tasks or with none, and with none on which somebody has deleted an annotation
        # since they were read: that would take what happened to its answer with it
        free = {
            q: found
            for q, found in mine.items()
            if not any(is_touched(there[t]) or shelf.tasks[t].annotations for t in found if t in there)
        }
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
            asked: all questions of the study: whoever died after sending one may not have written that down.
            known: answers that the study holds and that nobody took back, also those that were edited since, in the
                order of their arrival.

        Raises:
            AnnotatorAwayError: the server can't be reached just now.
            AnnotatorError: a project is gone, the token is refused, …
        """
        self.ledger.load()
        seen = self.projects.seen()
        by_name = {q.id: q for q in asked}
        readings = {kind: self._read(self.ledger.shelves[kind], p, by_name) for kind, p in seen.items()}
        written = {kind: voices.written(known, found.shelf.id) for kind, found in readings.items()}
        voices.keep_apart(self.ledger.people)
        for kind, found in readings.items():
            self.projects.keep(kind, seen[kind], noticing.is_ours(found, self.assignment.study))
            voices.learn(self.ledger.people, _annotations(found.changed.values()), written[kind])
        answers: list[Answer] = []
        gone: dict[str, str] = {}
        dropped = {q: f"the server refused its task: {why}" for q, why in self.ledger.refused.items()}
        dropped |= dict.fromkeys(self.ledger.withdrawn, "it was withdrawn")
        problems, self.projects.said = self.projects.said, []
        complained: dict[str, str] = {}
        held = {a.id for a in known}
        for kind, found in readings.items():
            wrong = self.projects.wrong(kind, seen[kind])
            complained[kind] = sha256(wrong.encode()).hexdigest()[:16] if wrong else ""
            if wrong and complained[kind] != found.shelf.complained:
                problems.append(f"{wrong} Answers that can be read still are.")
            reader = self._reader(found.shelf, list(found.changed.values()), written[kind])
            new: list[Answer] = []
            index = found.shelf.index()
            for name, some in _by_question(found.changed.values()).items():
                if name in by_name:
                    elsewhere = noticing.elsewhere(found, index.get(name, ()), written[kind])
                    new += [a for a in reader.of(by_name[name], some, elsewhere) if a.id not in held]
            answers += new
            problems += reader.problems
            problems += [reader.taken_over[a.id] for a in new if a.id in reader.taken_over]
            taken_back, said = noticing.deleted(known, found, reader.people, reader.voices)
            gone |= taken_back
            problems += said
            taken_out, said = noticing.vanished(found, by_name, known, self.assignment.annotators)
            dropped |= taken_out
            problems += said
            left = [*(a for a in known if a.id not in gone), *new]
            problems += noticing.unserved(found, by_name, left, reader, self.assignment.annotators)
        return Collected(
            answers=tuple(answers),
            deleted=gone,
            dropped={q: why for q, why in dropped.items() if q in by_name},
            absent=frozenset(noticing.absent(readings, asked)).difference(dropped),
            problems=tuple(problems),
            mark=Mark(readings, complained, frozenset(dropped), self.ledger.people),
        )

    def acknowledge(self, collected: Collected) -> None:
        """What was collected is in the journal: the next read begins there."""
        mark = collected.mark
        if not isinstance(mark, Mark):  # nothing was read
            return
        with self.ledger.held():
            self.ledger.people = mark.people | self.ledger.people
            for kind, found in mark.readings.items():
                # a ledger that was lost has no shelf: what was read of it is the first
                shelf = self.ledger.shelves.setdefault(kind, found.shelf)
                if shelf.id == found.shelf.id:
                    found.shelf = shelf
                    collecting.take(found)
                    shelf.complained = mark.complained[kind]
                    # an import that was given up for lost and came after all
                    with suppress(AnnotatorError):
                        Pusher(self.connection, self.ledger, shelf, self.assignment.study).remove_duplicates()
            reported = mark.dropped
            self.ledger.refused = {q: why for q, why in self.ledger.refused.items() if q not in reported}
            self.ledger.withdrawn = [q for q in self.ledger.withdrawn if q not in reported]
            self.ledger.save()

    def _read(self, shelf: Shelf, project: Mapping[str, Any], asked: Collection[str]) -> collecting.Reading:
        """A reading of a project; an empty one where nothing has changed for so long that nothing late can come."""
        now, at = head(self.connection, shelf.id, counted(project)), time.monotonic()
        seen, since = self._quiet.get(shelf.id, (None, at))
        self._quiet[shelf.id] = (now, since if seen == now else at)
        # a newest change in the future (a clock that fell back) hides those that come now
        quiet = seen == now and at - since > OVERLAP and now.settled == now.newest
        if quiet and shelf.cursor and [now.newest, now.tasks, now.annotations] == shelf.head:
            return collecting.Reading(shelf, now, others=(shelf.others[0], shelf.others[1]))
        return collecting.read(self.connection, shelf, self.assignment.study, now, asked)

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
                index = Pusher(self.connection, self.ledger, shelf, self.assignment.study).alive([q.id for q in wanted])
                ordering.put_in_order(self.connection, shelf, project, self.assignment.study, index)
            self.ledger.save()

    # --- looking ------------------------------------------------------------------------------------------------

    def links(self) -> dict[str, str]:
        """Kind of question -> the page where annotators answer questions of that kind."""
        self.ledger.load()
        return {kind: self._link(project["id"]) for kind, project in self.projects.seen().items()}

    def _link(self, project: int) -> str:
        return f"{self.connection.url}/projects/{project}/data?labeling=1"

    def check(self) -> list[str]:
        """Connects, and says what it finds: server, user, projects and what is wrong with them.

        Raises:
            AnnotatorError, ConfigError: no way to work like this; what is wrong, where, and what to do.
        """
        self.ledger.load()
        return standing.check(self.projects, self._link)

    # --- setting up ---------------------------------------------------------------------------------------------

    def renew(self, questions: Sequence[Question], seed: Seed) -> dict[str, str]:
        """Make new projects in the place of those that were deleted, and ask these questions there.

        Args:
            questions: what is still to be answered; what was answered is in the journal and is not asked again.

        Returns:
            links to the new projects; nothing where none was missing.
        """
        with self.ledger.held():
            lost = [kind for kind in self.projects.missing() if kind not in self.record.projects]
            for kind in lost:
                self.projects.forget(kind)
            self.ledger.save()
        if lost:
            self.submit([q for q in questions if q.kind in lost], seed)
        return {kind: link for kind, link in self.links().items() if kind in lost}

    def register_webhook(self, address: str, header: str, secret: str) -> list[str]:
        """Have every project of the study tell an address of its changes, once each.

        Args:
            address: where the events go, as the server reaches it.
            header, secret: sent with each event, to be checked by whoever receives it.

        Returns:
            sentences about projects that will not tell; polling does without.
        """
        self.ledger.load()
        ids = [project["id"] for project in self.projects.seen().values()]
        return webhooks.register(self.connection, ids, address, header, secret)

    def unregister_webhook(self, header: str, secret: str) -> None:
        """Have no project tell whoever knows this secret any more. Nothing is tried twice: somebody wants to leave."""
        self.connection.patience = 0.0
        self.ledger.load()
        webhooks.unregister(self.connection, [shelf.id for shelf in self.ledger.shelves.values()], header, secret)

    # --- shared -------------------------------------------------------------------------------------------------

    def _tasks_of(self, shelf: Shelf, asked: Sequence[Question]) -> dict[str, list[dict[str, Any]]]:
        """Question -> its tasks with their annotations."""
        index = shelf.index()
        if any(q.id not in index for q in asked):
            Pusher(self.connection, self.ledger, shelf, self.assignment.study).list_new()
            index = shelf.index()
        ids = [t for q in asked for t in index.get(q.id, ())]
        if len(ids) > 2000 and 2 * len(ids) > len(shelf.tasks):
            listed: Iterable[dict[str, Any]] = tasks(self.connection, shelf.id, annotations=True)
        else:
            listed = by_id(self.connection, shelf.id, ids, annotations=True)
        pusher = Pusher(self.connection, self.ledger, shelf, self.assignment.study)
        return _by_question({**t, "question": name} for t in listed if (name := pusher.owner(t)))

    def _reader(
        self, shelf: Shelf, found: Sequence[Mapping[str, Any]], written: Mapping[int, Answer]
    ) -> collecting.Answers:
        people = self.ledger.people
        users = {voices.user_of(a, f) for a in _annotations(found) for f in ("completed_by", "updated_by")}
        new = {u for u in users if u is not None and str(u) not in people}
        if new:
            addresses = {u["id"]: str(u.get("email") or "") for u in self._users()}
            for user in sorted(new):
                voices.name(people, user, addresses.get(user, ""))
        return collecting.Answers(shelf.id, {int(u): name for u, name in people.items()}, written)

    def _users(self) -> list[dict[str, Any]]:
        try:
            found: list[dict[str, Any]] = self.connection.read("api/users/")
        except AnnotatorError as error:
            if type(error) is not AnnotatorError:
                raise
            return []  # not allowed to see the others: they keep their numbers
        return found


def _by_kind(questions: Iterable[Question]) -> dict[str, list[Question]]:
    found: dict[str, list[Question]] = {}
    for question in questions:
        found.setdefault(question.kind, []).append(question)
    return found


def _annotations(found: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for task in found:
        yield from task["annotations"]


def _by_question(found: Iterable[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    out: dict[str, list[dict[str, Any]]] = {}
    for task in found:
        out.setdefault(task["question"], []).append(task)
    return out


def _payloads(questions: Sequence[Question], seed: Seed) -> dict[str, Payload]:
    """Question -> the item that it is about, where it is about one."""
    items = {i.id: i.payload for i in seed.items}
    return {q.id: items[q.items[0]] for q in questions if len(q.items) == 1 and q.items[0] in items}
