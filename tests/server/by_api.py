"""What is on the server as its own API shows it, and people who answer through it: nothing here uses the adapter."""

from __future__ import annotations

import threading
import time
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import numpy as np

from activeseed.annotators.templates import template
from activeseed.questions import FORMS
from tests.small_project import POSITIVES, WRONG

#: a server on a busy machine may take long; one that hangs takes for ever
PATIENCE = 120.0
_PAGE = 100
_TEXT_OF_WRONG = {text for name, text, _, _ in POSITIVES if name in WRONG}
Task = dict[str, Any]


class Api:
    """One user's access to a server."""

    def __init__(self, url: str, token: str) -> None:
        self._url = url
        self._headers = {"Authorization": f"Token {token}"}

    def call(self, method: str, path: str, **more: Any) -> Any:
        """What the server answers, read; raises for an error."""
        got = httpx.request(method, self._url + path, headers=self._headers, timeout=PATIENCE, **more)
        got.raise_for_status()
        return got.json() if got.content else None

    @property
    def user(self) -> dict[str, Any]:
        found: dict[str, Any] = self.call("GET", "/api/current-user/whoami")
        return found

    def projects(self, title: str) -> list[dict[str, Any]]:
        """Projects whose title begins like this, oldest first."""
        found, page = [], 1
        while True:
            got = self.call("GET", "/api/projects/", params={"page": page, "page_size": 100})
            found += [p for p in got["results"] if p["title"].startswith(title)]
            if not got["next"]:
                return sorted(found, key=lambda p: int(p["id"]))
            page += 1

    def tasks(self, title: str) -> list[Task]:
        """All tasks of these projects with annotations and drafts, each with the ``kind`` of its project."""
        found = []
        for project in self.projects(title):
            kind = kind_of(project)
            found += [{**task, "kind": kind} for task in self._listed(int(project["id"]))]
        return found

    def _listed(self, project: int) -> list[Task]:
        # page by page, not by an export: two exports in the same second write the same file, and one of them never ends
        found: list[Task] = []
        while True:
            page = len(found) // _PAGE + 1
            how = {"project": project, "fields": "all", "page_size": _PAGE, "page": page}
            try:
                told = self.call("GET", "/api/tasks/", params=how)
            except httpx.HTTPStatusError as error:
                if error.response.status_code != 404:  # deleted since it was listed
                    raise
                return found
            found += told["tasks"]
            if len(told["tasks"]) < _PAGE:
                return found

    def answer(self, task: Task, verdict: str, **more: Any) -> dict[str, Any]:
        """Annotate a task; returns the annotation as it was stored."""
        skip = {"was_cancelled": True} if verdict == "skip" else {}
        body = {"result": result_of(task["kind"], verdict), "lead_time": 2.0, **skip, **more}
        made: dict[str, Any] = self.call("POST", f"/api/tasks/{task['id']}/annotations/", json=body)
        return made

    def edit(self, annotation: int, kind: str, verdict: str) -> dict[str, Any]:
        """Change an annotation."""
        body = {"result": result_of(kind, verdict), "lead_time": 3.0}
        made: dict[str, Any] = self.call("PATCH", f"/api/annotations/{annotation}/", json=body)
        return made

    def delete_projects(self, title: str) -> None:
        for project in self.projects(title):
            self.call("DELETE", f"/api/projects/{project['id']}/")


def kind_of(project: Mapping[str, Any]) -> str:
    """The kind of question that a project was made for, by the controls of its configuration."""
    same = [kind for kind in FORMS if template(kind).strip() == project["label_config"].strip()]
    return same[0] if same else "review"


def result_of(kind: str, verdict: str) -> list[dict[str, Any]]:
    """The ``result`` of an annotation as the page would send it for a verdict that needs nothing else."""
    if verdict == "skip":
        return []
    tags = ET.fromstring(template(kind)).iter("Choices")
    (to,) = (t.get("toName") for t in tags if t.get("name") == "verdict")
    return [{"from_name": "verdict", "to_name": to, "type": "choices", "value": {"choices": [verdict]}}]


def truth_about(task: Task) -> str:
    """What somebody who knows the truth about ``tests/small_project.py`` answers."""
    if task["kind"] in ("review", "choose_wording", "resolve"):
        return "reject" if task["data"]["text"] in _TEXT_OF_WRONG else "keep"
    return {"merge": "keep", "confirm_list": "confirm", "judge_pair": "keep"}.get(task["kind"], "depends")


def question_of(task: Task) -> str:
    return str((task.get("meta") or {}).get("question", ""))


def tasks_per_question(api: Api, title: str) -> Counter[str]:
    """How many tasks each question has: more than one is the fault that must never be."""
    return Counter(question_of(task) for task in api.tasks(title))


class Person(threading.Thread):
    """Answers what a server has, as one user, again and again until told to stop.

    Args:
        says: verdict for a task; None leaves it for later.
        pause: seconds between two looks.
        edits: share of the annotations that are changed a moment after they were given, and then changed back: the
            verdict is the same in the end, the annotation is not.

    Attributes:
        given: annotation id -> (question, verdict) of what the server said it stored.
    """

    def __init__(
        self,
        url: str,
        token: str,
        title: str,
        says: Callable[[Task], str | None] = truth_about,
        *,
        pause: float = 0.3,
        edits: float = 0.0,
        key: int = 0,
    ) -> None:
        super().__init__(daemon=True)
        self.api = Api(url, token)
        self.me = self.api.user
        self.title = title
        self.says = says
        self.pause = pause
        self.edits = edits
        self.given: dict[int, tuple[str, str]] = {}
        self.failed: list[BaseException] = []
        self._draw = np.random.Generator(np.random.Philox(key=[key, int(self.me["id"])]))
        self._enough = threading.Event()

    def run(self) -> None:
        while not self._enough.is_set():
            try:
                self.look()
            except httpx.HTTPError:
                pass  # the server is away, or the task has gone since we looked: a person tries again
            except BaseException as error:
                self.failed.append(error)
                raise
            time.sleep(self.pause)

    def look(self) -> None:
        """Answer what waits for us now."""
        for task in self.api.tasks(self.title):
            if any(a["completed_by"] == self.me["id"] for a in task["annotations"]) or self._enough.is_set():
                continue
            verdict = self.says(task)
            if verdict is None:
                continue
            annotation = self.api.answer(task, verdict)
            self.given[annotation["id"]] = (question_of(task), verdict)
            if self._draw.random() < self.edits:
                time.sleep(self.pause)
                for changed in ("depends", verdict):
                    self.api.edit(annotation["id"], task["kind"], changed)
                    time.sleep(self.pause)

    def stop(self) -> None:
        self._enough.set()
        self.join(PATIENCE)
        assert not self.is_alive()
        assert not self.failed, self.failed
