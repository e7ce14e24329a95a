"""What the channel remembers of the server: a cache that can be lost, in ``<folder>/.activeseed/label_studio``.

Lost or damaged, it is read again from the server, all of it. What nobody else knows, and what it is there for, is the
intent to import (a process that was killed may have an import that still runs on the server) and which tasks were there
(a task that is gone was deleted by somebody).
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from activeseed.annotators.label_studio.private import make_private
from activeseed.errors import AnnotatorAwayError, AnnotatorError

SCHEMA = 1


@dataclass
class Known:
    """A task: whose question it is, and the annotations that were on it."""

    question: str
    annotations: list[int] = field(default_factory=list)
    skipped: int = 0


@dataclass
class Shelf:
    """One project.

    Attributes:
        id: its number on the server.
        made: whether we made it (or adopted it, if not).
        tasks: ours, by number.
        listed: all that changed before this server time is in ``tasks``.
        cursor: annotations that changed before this server time were collected and acknowledged.
        head: newest change, tasks and annotations in the project when that was so.
        others: tasks and annotations in it that are not ours.
        lost: annotations whose answers were collected and that went without anybody deleting them.
        order: questions in the order in which they are served.
        version: name of that order on the server.
        importing: [tasks there before, tasks sent] of an import whose end was not seen.
        instructions: digest of the guidelines that it was given.
        complained: digest of a labelling configuration that was reported.
    """

    id: int
    made: bool = True
    tasks: dict[int, Known] = field(default_factory=dict)
    listed: str = ""
    cursor: str = ""
    head: list[Any] = field(default_factory=list)
    others: list[int] = field(default_factory=lambda: [0, 0])
    lost: list[int] = field(default_factory=list)
    order: list[str] = field(default_factory=list)
    version: str = ""
    importing: list[int] = field(default_factory=list)
    instructions: str = ""
    complained: str = ""

    def index(self) -> dict[str, list[int]]:
        """Question -> numbers of its tasks, lowest first."""
        found: dict[str, list[int]] = {}
        for task in sorted(self.tasks):
            found.setdefault(self.tasks[task].question, []).append(task)
        return found


@dataclass
class Ledger:
    """The cache of one study on one server.

    Attributes:
        shelves: kind of question -> its project.
        people: user id -> the name under which answers were taken.
        refused: question -> why the server would not take its task.
        withdrawn: questions that were taken off the server and that the study may not have written down yet.
    """

    path: Path
    url: str
    study: str
    shelves: dict[str, Shelf] = field(default_factory=dict)
    people: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    withdrawn: list[str] = field(default_factory=list)

    @classmethod
    def at(cls, folder: Path, url: str, study: str) -> Ledger:
        """The ledger of a project folder, empty where none can be read."""
        ledger = cls(folder / ".activeseed" / "label_studio" / "ledger.json", url, study)
        ledger.load()
        return ledger

    def load(self) -> None:
        """Take in what is in the file, which another process may have written since."""
        self.shelves, self.people, self.refused, self.withdrawn = {}, {}, {}, []
        # damaged or of another study: as if it were lost
        with suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
            data = json.loads(self.path.read_text("utf-8"))
            if (data["schema"], data["url"], data["study"]) == (SCHEMA, self.url, self.study):
                shelves = {kind: _shelf(s) for kind, s in data["shelves"].items()}
                self.people, self.refused = dict(data["people"]), dict(data["refused"])
                self.withdrawn = list(data["withdrawn"])
                self.shelves = shelves

    def save(self) -> None:
        """Write the file; whoever reads it sees the old one or the new one."""
        data: dict[str, Any] = {"schema": SCHEMA, "url": self.url, "study": self.study, "shelves": {}}
        for kind, shelf in self.shelves.items():
            tasks = {t: [k.question, k.annotations, k.skipped] for t, k in shelf.tasks.items()}
            bare = Shelf(**{**shelf.__dict__, "tasks": {}})
            data["shelves"][kind] = {**asdict(bare), "tasks": tasks}
        data |= {"people": self.people, "refused": self.refused, "withdrawn": self.withdrawn}
        temporary = self.path.with_name(f"{self.path.name}.{os.getpid()}")
        try:
            make_private(self.path.parent)
            with temporary.open("w", encoding="utf-8") as file:
                file.write(json.dumps(data))
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, self.path)
        except OSError as error:
            with suppress(OSError):
                temporary.unlink()
            raise AnnotatorError(f"{self.path} can't be written: {error.strerror}. Free some space.") from error

    @contextmanager
    def held(self, wait: float = 600.0) -> Iterator[None]:
        """Hold the ledger against other processes of this folder, with what they wrote taken in first.

        Raises:
            AnnotatorAwayError: another process held it longer than ``wait`` seconds.
        """
        make_private(self.path.parent)
        with self.path.with_suffix(".lock").open("a+b") as file:
            ends = time.monotonic() + wait
            while not _lock(file):
                if time.monotonic() > ends:
                    raise AnnotatorAwayError("Another process of this project is talking to Label Studio. Try again.")
                time.sleep(0.05)
            try:
                self.load()
                yield
            finally:
                _unlock(file)


def _shelf(data: dict[str, Any]) -> Shelf:
    tasks = {int(t): Known(str(q), [int(a) for a in found], int(n)) for t, (q, found, n) in data["tasks"].items()}
    return Shelf(**{**data, "tasks": tasks})


def _lock(file: Any) -> bool:
    try:
        if os.name == "nt":
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _unlock(file: Any) -> None:
    if os.name == "nt":
        import msvcrt

        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)  # type: ignore[attr-defined]
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_UN)
