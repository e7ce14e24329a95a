"""Questions out, each as one task: also when an answer of the server is lost, or a process dies, or two push at once.

Label Studio stores an import again when it is sent again, and has no key to tell. So what is there is listed first, and
only the rest is sent; an import is never repeated before it is certain that the server is done with it; and of two
tasks that ask the same all the same, the one that nobody has touched goes.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from activeseed.annotators.label_studio.connection import Connection, RefusedError, UnclearError
from activeseed.annotators.label_studio.ledger import Known, Ledger, Shelf
from activeseed.annotators.label_studio.listing import (
    by_id,
    count,
    counted,
    delete_untouched,
    glimpse,
    head,
    named,
    owner,
    tasks,
)
from activeseed.annotators.label_studio.ordering import prediction
from activeseed.annotators.tasks import shown_digest
from activeseed.annotators.templates import task_data
from activeseed.errors import AnnotatorError
from activeseed.question import Question
from activeseed.seed import Payload

#: most tasks, and most bytes, of an import
MOST_TASKS, MOST_BYTES = 1000, 20_000_000
#: times that what is missing is sent
_TRIES = 4
_TIMEOUT = 300.0


@dataclass
class Pusher:
    """Pushes to one project; whoever calls holds the ledger.

    Attributes:
        project: what the project was seen to be after the last push.
    """

    connection: Connection
    ledger: Ledger
    shelf: Shelf
    study: str
    project: Mapping[str, Any] = field(default_factory=dict, init=False)
    _there: int = 0

    def push(
        self, questions: Sequence[Question], payloads: Mapping[str, Payload], version: str, there: int | None = None
    ) -> list[str]:
        """Ask these questions, as far as they are not asked yet; returns the ids of those that were sent.

        A task that the server refuses is left out and written down as refused.

        Args:
            there: tasks in a project that was made a moment ago, which is not listed first.

        Raises:
            AnnotatorAwayError: the server stays away; what arrived is known, and pushing again sends the rest.
            AnnotatorError: the server refuses every task.
        """
        if there is None:
            self._finish_import()
            self.list_new()
            self.forget_deleted([q.id for q in questions])
            there = count(self.connection, self.shelf.id)[0]
        self._there = there
        sent: list[str] = []
        refused: dict[str, str] = {}
        for attempt in range(_TRIES):
            index = self.shelf.index()
            missing = [q for q in questions if q.id not in index and q.id not in refused]
            if not missing:
                break
            try:
                for chunk in self._chunks(missing, payloads, version):
                    sent += self._send(chunk, refused)
            except UnclearError:
                if attempt == _TRIES - 1:
                    raise
                self._finish_import()
                self.list_new()
                self._there = count(self.connection, self.shelf.id)[0]
        self._note_refused(questions, sent, refused)
        if sent:
            self.project = glimpse(self.connection, self.shelf.id)
            if counted(self.project)[0] != len(self.shelf.tasks) + self.shelf.others[0]:
                # somebody else imported at the same time
                self.list_new()
        self.remove_duplicates()
        self.ledger.save()
        return sent

    # --- what is there ------------------------------------------------------------------------------------------

    def list_new(self) -> None:
        """Take in tasks that came since the project was last listed; all of them where that does not add up."""
        shelf = self.shelf
        now = head(self.connection, shelf.id)
        for since in (shelf.listed, "") if shelf.listed else ("",):
            for task in tasks(self.connection, shelf.id, since) if now.tasks else ():
                question = owner(task, self.study)
                # the number of a deleted task may have been given again
                if question and (task["id"] not in shelf.tasks or shelf.tasks[task["id"]].question != question):
                    shelf.tasks[task["id"]] = Known(question)
            if len(shelf.tasks) + shelf.others[0] == now.tasks:
                break
        shelf.listed = now.settled

    def forget_deleted(self, questions: Sequence[str]) -> None:
        """Forget tasks of these questions that were deleted since: they are asked again."""
        index, alive = self.shelf.index(), self.alive(questions)
        for question in questions:
            for task in index.get(question, ()):
                if task not in alive.get(question, ()):
                    del self.shelf.tasks[task]

    def known(self, listed: Iterator[dict[str, Any]]) -> list[dict[str, Any]]:
        """Tasks as they are listed, with what is needed to tell whose those are whose ``meta`` was overwritten."""
        ours = {t: k.question for t, k in self.shelf.tasks.items()}
        return named(self.connection, self.shelf.id, listed, self.study, ours)

    def owner(self, task: Mapping[str, Any]) -> str:
        """The question that a task asks, or nothing for one that isn't ours."""
        known = self.shelf.tasks[task["id"]].question if task["id"] in self.shelf.tasks else ""
        return owner(task, self.study, known)

    def alive(self, questions: Sequence[str]) -> dict[str, list[int]]:
        """Question -> numbers of its tasks that are still there, in the order of the questions."""
        index = self.shelf.index()
        ids = [t for q in questions for t in index.get(q, ())]
        there = {t["id"]: self.owner(t) for t in self.known(by_id(self.connection, self.shelf.id, ids))}
        found = {q: [t for t in index.get(q, ()) if there.get(t) == q] for q in questions}
        return {q: t for q, t in found.items() if t}

    def remove_duplicates(self) -> None:
        """Of several tasks of one question keep those that somebody touched, else the first."""
        doubled = {q: t for q, t in self.shelf.index().items() if len(t) > 1}
        if not doubled:
            return
        ids = [t for found in doubled.values() for t in found]
        there = {t["id"]: t for t in by_id(self.connection, self.shelf.id, ids, touched=True)}
        surplus: list[int] = []
        for found in doubled.values():
            alive = [t for t in found if t in there]
            kept = [t for t in alive if is_touched(there[t])] or alive[:1]
            surplus += [t for t in alive if t not in kept]
        delete_untouched(self.connection, self.shelf.id, surplus)
        left = {t["id"] for t in by_id(self.connection, self.shelf.id, ids)}
        for task in ids:
            if task not in left:
                self.shelf.tasks.pop(task, None)

    # --- sending ------------------------------------------------------------------------------------------------

    def _chunks(
        self, questions: Sequence[Question], payloads: Mapping[str, Payload], version: str
    ) -> Iterator[list[tuple[str, bytes]]]:
        """(question id, its task as JSON), so many as one import takes."""
        chunk: list[tuple[str, bytes]] = []
        size = 0
        # at the end of what has a place, also where only the server knows how much that is
        place = max(len(self.shelf.order), self._there)
        for n, question in enumerate(questions):
            data = task_data(question, payloads.get(question.id))
            task: dict[str, Any] = {
                "data": data,
                "meta": {"activeseed": self.study, "question": question.id, "shown": shown_digest(data)},
                "predictions": [prediction(place + n, version)],
            }
            body = json.dumps(task).encode()
            if chunk and (len(chunk) == MOST_TASKS or size + len(body) > MOST_BYTES):
                yield chunk
                chunk, size = [], 0
            chunk.append((question.id, body))
            size += len(body)
        if chunk:
            yield chunk

    def _send(self, chunk: list[tuple[str, bytes]], refused: dict[str, str]) -> list[str]:
        """Import; where the server refuses, halve until the tasks that it refuses stand alone."""
        shelf = self.shelf
        shelf.importing = [self._there, len(chunk)]
        self.ledger.save()
        body = b"[" + b",".join(task for _, task in chunk) + b"]"
        try:
            told = self.connection.send(
                "POST", f"api/projects/{shelf.id}/import", body, {"return_task_ids": "true"}, _TIMEOUT
            )
        except RefusedError as error:
            shelf.importing = []
            if len(chunk) == 1:
                refused[chunk[0][0]] = error.said
                return []
            half = len(chunk) // 2
            return self._send(chunk[:half], refused) + self._send(chunk[half:], refused)
        ids = (told or {}).get("task_ids") or []
        if len(ids) != len(chunk):
            # servers with a queue only promise to import
            raise UnclearError(f"The Label Studio server at {self.connection.url} imports later. Try again.")
        for (question, _), task in zip(chunk, ids, strict=True):
            shelf.tasks[task] = Known(question)
            shelf.order.append(question)
        shelf.importing = []
        self._there += len(chunk)
        self.ledger.save()
        return [question for question, _ in chunk]

    def _finish_import(self) -> None:
        """Wait for an import whose end nobody saw: it is stored whole, or not at all."""
        if not self.shelf.importing:
            return
        there, sent = self.shelf.importing
        ends = time.monotonic() + 3.0 + sent / 80.0
        while count(self.connection, self.shelf.id)[0] < there + sent and time.monotonic() < ends:
            self.connection.sleep(0.5)
        self.shelf.importing = []

    def _note_refused(self, questions: Sequence[Question], sent: Sequence[str], refused: Mapping[str, str]) -> None:
        if refused and len(refused) == len(questions) and len(questions) > 1:
            first = next(iter(refused))
            self.ledger.save()
            raise AnnotatorError(
                f"Label Studio refuses all {len(refused)} tasks for project {self.shelf.id}; {first!r}: "
                f"{refused[first]}. See whether its labelling configuration was changed."
            )
        self.ledger.refused.update(refused)


def is_touched(task: Mapping[str, Any]) -> bool:
    """Whether somebody has answered, skipped or begun a task."""
    return bool(task["annotations"] or task["draft_exists"])


__all__ = ["Pusher", "is_touched"]
