"""A small study whose annotators work on a server, and what must hold between the two whatever went wrong."""

from __future__ import annotations

import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest

from activeseed.annotators.label_studio.channel import Channel
from activeseed.annotators.label_studio.people import Person
from activeseed.cli.app import run
from activeseed.errors import AnnotatorAwayError, AnnotatorError
from activeseed.protocols import Event
from activeseed.question import Answer, Question
from activeseed.seed import AS_WRITTEN
from activeseed.study.answers import Told
from activeseed.study.loop import Waiting
from activeseed.study.study import Study
from tests.label_studio import Site
from tests.server.by_api import Api, Task, question_of, tasks_per_question, truth_about
from tests.small_project import POSITIVES, init_arguments, write_inputs

Made = TypeVar("Made")
_ADVICE = re.compile(
    r"\b(again|check|make|start|run|set|see|restore|delete|name|give|add|write|copy|running)\b", re.IGNORECASE
)
#: how an answer's id begins that came from an annotation: project, annotation, time
_SOURCE = re.compile(r"ls-(\d+)-(\d+)-(\d+)")


@dataclass
class Scene:
    """A study, its server, and what people gave.

    Attributes:
        given: annotation id -> (question, verdict) of annotations that the server said it stored.
        errors: messages of the errors that we waited out.
    """

    folder: Path
    site: Site
    title: str
    given: dict[int, tuple[str, str]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    asked: int = 0

    @classmethod
    def made(cls, folder: Path, site: Site, title: str, *settings: str, url: str = "") -> Scene:
        """Make the project, by command line. ``settings`` as in ``--set``."""
        project = folder / "study"
        more = (
            "annotator.kind=label_studio",
            f"annotator.url={url or site.url}",
            f"annotator.title={title}",
            "ask.confirm=false",  # one kind of question, so one project, unless a test says otherwise
            *settings,
        )
        arguments = init_arguments(write_inputs(folder / "inputs"), project)
        assert run([*arguments, *(f"--set={setting}" for setting in more)]) == 0
        return cls(project, site, title)

    # --- parts --------------------------------------------------------------------------------------------------

    def study(self) -> Study:
        """Open it, as a new process would."""
        return Study.open(self.folder)

    @contextmanager
    def at_work(self) -> Iterator[tuple[Study, Channel]]:
        """The study and its channel, as a new process has them; closed afterwards."""
        study = self.study()
        channel = study.annotator
        assert isinstance(channel, Channel)
        try:
            yield study, channel
        finally:
            channel.connection.close()
            study.store.close()

    def submit(self) -> list[Question]:
        with self.at_work() as (study, channel):
            return study.submit(channel)

    def poll(self) -> Told:
        with self.at_work() as (study, channel):
            return study.poll(channel)

    def api(self, who: Person | None = None) -> Api:
        return Api(self.site.url, (who or self.site.admin).token)

    def tasks(self) -> list[Task]:
        """All tasks of the study on the server, in the order of their questions."""
        return sorted(self.api().tasks(self.title), key=question_of)

    # --- doing --------------------------------------------------------------------------------------------------

    def ask(self, n: int) -> list[Question]:
        """Write down n more questions as asked, without the training that would choose them."""
        questions = []
        for number in range(self.asked + 1, self.asked + n + 1):
            name, text, group, _ = POSITIVES[number % len(POSITIVES)]
            questions.append(
                Question(
                    id=f"r001-{number:04d}", kind="review", items=(name,), group=group, text=text,
                    options={AS_WRITTEN: text}, value=1.0 / number, reason="It decides much.", round=1,
                )
            )  # fmt: skip
        body: dict[str, Any] = {
            "round": 1, "seed_version": "", "questions": [q.model_dump(mode="json") for q in questions],
            "order": [q.id for q in questions], "predicted_gain": 0.0, "predicted_movement": 0.0, "credibility": {},
            "why": {},
        }  # fmt: skip
        self.study().store.append([Event("asked", body)])
        self.asked += n
        return questions

    def submit_more(self) -> list[Question]:
        """Ask one more question and send it."""
        self.ask(1)
        return self.submit()

    def answer(self, task: Task, who: Person | None = None, verdict: str = "") -> int:
        """Annotate a task; returns the annotation's id."""
        said = verdict or truth_about(task)
        made = self.api(who or self.site.ann1).answer(task, said)
        self.given[made["id"]] = (question_of(task), said)
        return int(made["id"])

    def edit(self, annotation: int, verdict: str, who: Person | None = None) -> None:
        """Change an annotation of a review; its author does, as a rule."""
        self.api(who or self.site.ann1).edit(annotation, "review", verdict)
        self.given[annotation] = (self.given[annotation][0], verdict)

    def patiently(self, act: Callable[[], Made], tries: int = 12) -> Made:
        """Do it again while the channel is away, as the loop does. Any other error is one."""
        for _ in range(tries):
            try:
                return act()
            except AnnotatorAwayError as error:
                self.errors.append(str(error))
                time.sleep(0.2)
        raise AssertionError(f"still away after {tries} tries: {self.errors[-1]}")

    def note(self, seen: Waiting) -> None:
        """For ``on_look``: keep what a loop says while the channel is away."""
        if seen.away:
            self.errors.append(seen.away)

    # --- what must hold -----------------------------------------------------------------------------------------

    def check(self, asked: int | None = None, gone: Collection[int] = ()) -> None:
        """No question has two tasks, and every annotation is an answer, once.

        Args:
            asked: how many questions there must be on the server.
            gone: annotations that the test deleted.
        """
        api = self.api()
        per_question = tasks_per_question(api, self.title)
        assert {q: n for q, n in per_question.items() if n != 1} == {}, "questions with more than one task"
        if asked is not None:
            assert len(per_question) == asked
        study = self.study()
        assert set(per_question) <= set(study.state.questions)
        stored = {
            a["id"]: (question_of(task), _verdict(a)) for task in api.tasks(self.title) for a in task["annotations"]
        }
        lost = {a: what for a, what in self.given.items() if a not in stored and a not in gone}
        assert lost == {}, "annotations that the server had stored and has no more"
        by_annotation = answers_by_annotation(study)
        journalled = {a: (found[-1].question, found[-1].verdict) for a, found in by_annotation.items() if found}
        assert {a: what for a, what in stored.items() if journalled.get(a) != what} == {}, "annotations without answer"
        assert set(journalled) == set(stored), "answers whose annotation is gone"
        twice = {
            a: [f.id for f in found] for a, found in by_annotation.items() if len({f.at for f in found}) < len(found)
        }
        assert twice == {}, "one state of an annotation taken twice"
        for message in self.errors:
            says_what_to_do(message, self.site)


def answers_by_annotation(study: Study) -> dict[int, list[Answer]]:
    """Annotation id -> its answers in the journal that nobody took back, as they arrived."""
    found: dict[int, list[Answer]] = defaultdict(list)
    for answer in study.state.live_answers:
        match = _SOURCE.match(answer.id)
        assert match, f"answer {answer.id} does not say which annotation it came from"
        found[int(match[2])].append(answer)
    return found


def events_per_answer(study: Study) -> Counter[str]:
    """Answer id -> how often the journal holds it."""
    answered: list[Any] = [e.body for e in study.store.read() if e.kind == "answered"]
    return Counter(body["answer"]["id"] for body in answered)


def says_what_to_do(message: str, site: Site) -> None:
    """An error of the channel names the server, gives no secret away, and tells its reader what to do."""
    for person in (site.admin, site.ann1, site.ann2):
        assert person.token not in message
    assert "sessionid" not in message
    assert "Set-Cookie" not in message
    assert "eyJ" not in message, "a personal access token"
    assert "Traceback" not in message
    assert len(message) < 1500
    assert _ADVICE.search(message), message


def refused(act: Callable[[], object], site: Site, *words: str) -> AnnotatorError:
    """It fails for good, with a message that has these words in it (regular expressions, whatever their case)."""
    with pytest.raises(AnnotatorError) as caught:
        act()
    assert not isinstance(caught.value, AnnotatorAwayError), f"waiting does not help here: {caught.value}"
    says_what_to_do(str(caught.value), site)
    for word in words:
        assert re.search(word, str(caught.value), re.IGNORECASE), f"{word!r} is not in: {caught.value}"
    return caught.value


def _verdict(annotation: Task) -> str:
    if annotation["was_cancelled"]:
        return "skip"
    return next(str(r["value"]["choices"][0]) for r in annotation["result"] if r["from_name"] == "verdict")
