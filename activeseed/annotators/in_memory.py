"""A channel in memory, for programs that bring their own people: a notebook, a form of one's own, a test.

It can do all that a channel may: people answer, change and delete their answers, take questions out, and the channel
may be away. What it holds is lost with the process; a study is not, since its journal has all that was collected.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Unpack

from activeseed.errors import AnnotatorAwayError, AnswerError, nearest
from activeseed.protocols import Collected
from activeseed.question import Answer, AnswerContent, Question
from activeseed.questions import form_of, verdicts_of
from activeseed.seed import Seed


@dataclass
class InMemory:
    """Questions wait in ``queue``, most valuable first, until somebody calls ``answer``.

    Attributes:
        queue: ids of the questions that wait, in the order in which they should be served.
        questions: all that were submitted and not withdrawn, by id.
        away: while true, every call raises AnnotatorAwayError.
    """

    kind: str = "in_memory"
    queue: list[str] = field(default_factory=list)
    questions: dict[str, Question] = field(default_factory=dict)
    away: bool = False
    _log: list[tuple[str, Any]] = field(default_factory=list, repr=False)
    _read: int = 0
    _latest: dict[str, Answer] = field(default_factory=dict, repr=False)

    # --- what a study calls -------------------------------------------------------------------------------------

    def submit(self, questions: Sequence[Question], seed: Seed) -> None:
        self._reach()
        for question in questions:
            if question.id not in self.questions:
                self.questions[question.id] = question
                self.queue.append(question.id)

    def poll(self, pending: Sequence[Question]) -> list[Answer]:
        self._reach()
        wanted = {q.id for q in pending}
        return [a for a in self._latest.values() if a.question in wanted]

    def withdraw(self, questions: Sequence[Question]) -> list[str]:
        self._reach()
        touched = {a.question for a in self._latest.values()}
        gone = [q.id for q in questions if q.id in self.questions and q.id not in touched]
        for name in gone:
            del self.questions[name]
            self.queue.remove(name)
        return gone

    def reorder(self, questions: Sequence[Question]) -> None:
        self._reach()
        place = {q.id: n for n, q in enumerate(questions)}
        self.queue.sort(key=lambda name: place.get(name, len(place)))

    def collect(self, asked: Sequence[Question], known: Sequence[Answer]) -> Collected:
        self._reach()
        wanted, held = {q.id for q in asked}, {a.id for a in known}
        new = self._log[self._read :]
        return Collected(
            answers=tuple(a for what, a in new if what == "answer" and a.question in wanted),
            deleted={name: "its author deleted it" for what, name in new if what == "delete" and name in held},
            dropped={name: "somebody took it out" for what, name in new if what == "drop" and name in wanted},
            mark=len(self._log),
        )

    def acknowledge(self, collected: Collected) -> None:
        if isinstance(collected.mark, int):
            self._read = collected.mark

    # --- what people do -----------------------------------------------------------------------------------------

    def answer(self, question: str, annotator: str, verdict: str, **content: Unpack[AnswerContent]) -> Answer:
        """Somebody answers, or answers anew. Raises AnswerError for a question that isn't here, or another verdict."""
        self._known(question)
        verdicts = verdicts_of(form_of(self.questions[question]))
        if verdict not in verdicts:
            raise AnswerError(f"Question {question!r} takes no verdict {verdict!r}.{nearest(verdict, verdicts)}")
        number = sum(what == "answer" for what, _ in self._log)
        given = Answer.model_validate(
            {"id": f"{question}:{annotator}:{number}", "question": question, "annotator": annotator,
             "verdict": verdict, **content}
        )  # fmt: skip
        self._latest[f"{question}:{annotator}"] = given
        self._log.append(("answer", given))
        if question in self.queue:
            self.queue.remove(question)
        return given

    def delete(self, question: str, annotator: str) -> None:
        """Somebody deletes an answer. Raises AnswerError where there is none."""
        found = self._latest.pop(f"{question}:{annotator}", None)
        if found is None:
            raise AnswerError(f"{annotator} has not answered {question!r}, so there is nothing to delete.")
        # with all that it was before it was changed
        given = [
            a.id for what, a in self._log if what == "answer" and (a.question, a.annotator) == (question, annotator)
        ]
        self._log += [("delete", name) for name in given]

    def drop(self, question: str) -> None:
        """Somebody takes a question out of the channel. Raises AnswerError for one that isn't here."""
        self._known(question)
        del self.questions[question]
        self.queue = [name for name in self.queue if name != question]
        self._log.append(("drop", question))

    def _known(self, question: str) -> None:
        if question not in self.questions:
            raise AnswerError(f"Question {question!r} isn't here.{nearest(question, self.questions)}")

    def _reach(self) -> None:
        if self.away:
            raise AnnotatorAwayError("The channel is away. Try again later.")
