"""``activeseed serve`` as a process of its own beside a real server: webhooks wake it, and it is an ML backend.

It looks for answers by itself only after ten minutes, so that whatever moves was moved by what the server sent.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from activeseed.annotators.label_studio.installation import Installation
from activeseed.serving import HEADER, USER
from activeseed.study.study import Study
from tests.label_studio import FreshSite
from tests.server.by_api import Api, Person, Task, question_of
from tests.server.scene import Scene

pytestmark = pytest.mark.server

SECRET = "a-secret-of-enough-characters"
PATIENCE = 90.0
NEVER = ("--poll", "600")


@pytest.fixture(scope="module")
def site(installation: Installation, prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FreshSite]:
    """A server of this module's own, since it has to reach ML backends on loopback."""
    made = FreshSite.started(installation, prepared, tmp_path_factory.mktemp("serving") / "label-studio")
    try:
        yield made
    finally:
        made.server.kill()


@pytest.fixture
def scene(site: FreshSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Scene:
    monkeypatch.setenv("ACTIVESEED_LABEL_STUDIO_TOKEN", site.admin.token)
    title = f"serve {request.node.name.removeprefix('test_')[:20]}"
    return Scene.made(tmp_path, site, title)


class Serve:
    """A running ``activeseed serve``."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.command = [sys.executable, "-m", "activeseed", "serve", "--dir", str(folder), "--port", "0", *options]
        env = {**os.environ, "ACTIVESEED_WEBHOOK_SECRET": SECRET, "OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            self.command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8"
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        self.lines.extend(iter(self.process.stdout.readline, ""))

    @property
    def said(self) -> str:
        return "".join(self.lines)

    @property
    def address(self) -> str:
        until(lambda: "Listening at" in self.said or self.process.poll() is not None, "it listens", self)
        found = re.search(r"Listening at (\S+)", self.said)
        assert found, self.said
        return found[1]

    def interrupt(self) -> int:
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        return code


@contextmanager
def serving(scene: Scene, *options: str) -> Iterator[Serve]:
    serve = Serve(scene.folder, *options)
    try:
        yield serve
    finally:
        serve.process.kill()
        serve.process.wait()


def until(condition: Callable[[], object], what: str, serve: Serve | None = None) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end or (serve is not None and serve.process.poll() not in (None, 0)):
            pytest.fail(f"not seen within {PATIENCE:g} s: {what}\n{serve.said if serve else ''}")
        time.sleep(0.1)


def answers(study: Study) -> int:
    study.refresh()
    return len(study.state.live_answers)


def has(study: Study, n: int) -> bool:
    return answers(study) >= n


def waiting(scene: Scene, serve: Serve, least: int = 1) -> list[Task]:
    """Tasks without an answer, as soon as there are so many and nobody but the server can wake the loop."""
    until(lambda: re.search(r"\d pending", serve.said), "that it waits", serve)
    found: list[Task] = []

    def look() -> bool:
        found[:] = [t for t in scene.tasks() if not t["annotations"]]
        return len(found) >= least

    until(look, f"{least} tasks that wait", serve)
    time.sleep(0.5)
    return found


def webhooks(api: Api, project: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.call("GET", "/api/webhooks/", params={"project": project})
    return found


# --- webhooks -------------------------------------------------------------------------------------------------------


def test_every_answer_is_taken_in_as_it_is_given_and_the_next_batch_follows_until_the_loop_stops(scene):
    with serving(scene, *NEVER, "--once") as serve:
        first = waiting(scene, serve, 2)
        study = scene.study()
        api = scene.api()
        for project in api.projects(scene.title):
            (hook,) = webhooks(api, project["id"])
            assert hook["url"] == f"{serve.address}/webhook"
            assert serve.address.startswith("http://127.0.0.1:")
            assert hook["headers"] == {HEADER: SECRET}
            assert not hook["send_payload"]
            assert not hook["send_for_all_actions"]
        for n, task in enumerate(first, 1):
            scene.answer(task)
            until(partial(has, study, n), f"answer {n} in the journal", serve)
        person = Person(scene.site.url, scene.site.ann1.token, scene.title)
        person.start()
        assert serve.process.wait(3 * PATIENCE) == 0, serve.said
        person.stop()
    scene.given |= person.given
    scene.check()
    study.refresh()
    assert study.state.stopped is not None
    assert len(study.state.asked_rounds) >= 2
    assert "new answer" in serve.said
    # the server calls nobody who has gone
    assert not any(webhooks(api, project["id"]) for project in api.projects(scene.title))
    # and the secret is where it was, and nowhere else
    assert SECRET not in serve.said
    held = [p for p in scene.folder.rglob("*") if p.is_file() and SECRET.encode() in p.read_bytes()]
    assert held == []


def test_an_edit_after_the_loop_has_stopped_makes_it_go_on_and_a_second_serve_is_refused(scene):
    person = Person(scene.site.url, scene.site.ann1.token, scene.title)
    with serving(scene, *NEVER) as serve:
        person.start()
        until(lambda: "Still here" in serve.said, "the loop stops", serve)
        person.stop()
        second = Serve(scene.folder)
        assert second.process.wait(PATIENCE) == 2
        second._reader.join(PATIENCE)
        assert "runs already for this study" in second.said
        study = scene.study()
        rounds = len(study.state.rounds)
        annotation, (_, verdict) = next((a, g) for a, g in person.given.items() if g[1] in ("keep", "reject"))
        scene.given |= person.given
        scene.edit(annotation, "reject" if verdict == "keep" else "keep")
        until(lambda: answers(study) and len(study.state.rounds) > rounds, "another round", serve)
        until(lambda: not study.pending or serve.said.endswith("person\n"), "that it waits", serve)
        scene.check()
        assert serve.interrupt() == 130
    assert "Traceback" not in serve.said
    assert SECRET not in " ".join(serve.command)


def test_what_was_answered_while_it_was_dead_is_taken_in_when_it_is_back(scene):
    with serving(scene, *NEVER) as serve:
        tasks = waiting(scene, serve, 2)
        scene.answer(tasks[0])
        study = scene.study()
        until(lambda: answers(study) == 1, "the first answer", serve)
    scene.answer(tasks[1])  # the webhook goes nowhere: nobody listens
    with serving(scene, *NEVER) as serve:
        until(lambda: answers(study) == 2, "the second answer", serve)
        third = waiting(scene, serve)[0]
        (hook,) = webhooks(scene.api(), third["project"])  # that of the one that was killed has moved
        assert hook["url"] == f"{serve.address}/webhook"
        scene.answer(third)
        until(lambda: answers(study) == 3, "the third answer, by the webhook of the new address", serve)
        assert serve.interrupt() == 130
    assert webhooks(scene.api(), third["project"]) == []


def test_a_webhook_with_a_wrong_secret_changes_nothing(scene):
    with serving(scene, *NEVER, "--no-webhook") as serve:
        first, second = waiting(scene, serve, 2)[:2]
        api, study = scene.api(), scene.study()
        project = first["project"]
        assert webhooks(api, project) == []
        for headers in ({}, {HEADER: SECRET + "x"}, {HEADER: ""}):
            body = {"url": f"{serve.address}/webhook", "project": project, "headers": headers, "send_payload": False}
            api.call("POST", "/api/webhooks/", json=body)
        scene.answer(first)
        time.sleep(1.5)
        assert answers(study) == 0
        body = {"url": f"{serve.address}/webhook?", "project": project, "headers": {HEADER: SECRET}}
        api.call("POST", "/api/webhooks/", json=body)
        scene.answer(second)
        until(lambda: answers(study) == 2, "both answers", serve)


def test_where_the_server_will_not_tell_us_answers_are_looked_for(scene):
    with serving(scene, "--poll", "1", "--address", "http://no-dot-in-this-name:9090") as serve:
        first = waiting(scene, serve)[0]
        until(lambda: "! " in serve.said, "that the webhook is refused", serve)
        scene.answer(first)
        study = scene.study()
        until(lambda: answers(study) == 1, "the answer", serve)
    assert webhooks(scene.api(), first["project"]) == []


# --- the ML backend -------------------------------------------------------------------------------------------------


def predictions(api: Api, project: int) -> dict[int, tuple[float, str]]:
    """Task -> score and version of its only prediction."""
    found: dict[int, tuple[float, str]] = {}
    for p in api.call("GET", "/api/predictions/", params={"project": project}):
        assert p["task"] not in found, "two predictions"
        assert p["result"] == []
        found[p["task"]] = (p["score"], p["model_version"])
    return found


def act(api: Api, project: int, action: str) -> Any:
    body = {"selectedItems": {"all": True, "excluded": []}}
    return api.call("POST", "/api/dm/actions", params={"id": action, "project": project}, json=body)


@pytest.fixture
def connect(scene: Scene) -> Callable[..., httpx.Response]:
    def made(address: str, project: int, password: str = SECRET, **more: Any) -> httpx.Response:
        body = {
            "url": address, "project": project, "title": "activeseed", "auth_method": "BASIC_AUTH",
            "basic_auth_user": USER, "basic_auth_pass": password, **more,
        }  # fmt: skip
        site = scene.site
        return httpx.post(f"{site.url}/api/ml/", json=body, headers=site.headers(), timeout=PATIENCE)

    return made


def test_it_is_an_ml_backend(scene, connect):
    with serving(scene, *NEVER) as serve:
        first, second = waiting(scene, serve, 2)[:2]
        api, study, project = scene.api(), scene.study(), first["project"]
        before = predictions(api, project)
        assert len(before) == len([t for t in scene.tasks() if t["project"] == project])
        version = api.call("GET", f"/api/projects/{project}/")["model_version"]

        refused = connect(serve.address, project, "wrong-password-of-this-backend")
        assert refused.status_code == 400
        assert "authentication" in refused.text
        assert connect(serve.address, project, "x", auth_method="NONE", basic_auth_user="").status_code == 400
        made = connect(serve.address, project)
        assert made.status_code == 201, made.text
        backend = made.json()["id"]
        (listed,) = api.call("GET", "/api/ml/", params={"project": project})
        assert listed["readable_state"] == "Connected", listed
        assert listed["model_version"] == version
        assert api.call("GET", f"/api/ml/{backend}/versions") == {"versions": [version]}
        # our webhook was there first, so that the server made none without the secret
        (hook,) = webhooks(api, project)
        assert hook["headers"] == {HEADER: SECRET}

        tested = api.call("POST", f"/api/ml/{backend}/predict/test", params={"random": "true"})
        asked = tested["task"]["id"]
        assert tested["status"] == 200
        assert [(r["score"], r["model_version"]) for r in tested["response"]] == [before[asked]]

        # what was pushed is there: nothing is predicted twice; and what was lost comes back as it was
        act(api, project, "retrieve_tasks_predictions")
        assert predictions(api, project) == before
        act(api, project, "delete_tasks_predictions")
        assert predictions(api, project) == {}
        act(api, project, "retrieve_tasks_predictions")
        assert predictions(api, project) == before

        # a training of the server's is a look of ours
        api.call("DELETE", f"/api/webhooks/{hook['id']}/")
        scene.answer(first)
        time.sleep(1.0)
        assert answers(study) == 0
        api.call("POST", f"/api/ml/{backend}/train", json={})
        until(lambda: answers(study) == 1, "the answer, by the training", serve)
        (listed,) = api.call("GET", "/api/ml/", params={"project": project})
        assert listed["readable_state"] == "Connected"
        api.call("DELETE", f"/api/ml/{backend}")
        assert question_of(second)


def test_a_backend_connected_before_any_webhook_wakes_nobody_without_the_secret(scene, connect):
    with serving(scene, *NEVER, "--no-webhook") as serve:
        first = waiting(scene, serve, 2)[0]
        api, study, project = scene.api(), scene.study(), first["project"]
        made = connect(serve.address, project)
        assert made.status_code == 201, made.text
        (hook,) = webhooks(api, project)
        assert (hook["url"], hook["headers"], hook["send_payload"]) == (f"{serve.address}/webhook", {}, True)
        scene.answer(first)
        time.sleep(1.5)
        assert answers(study) == 0
        api.call("POST", f"/api/ml/{made.json()['id']}/train", json={})
        until(lambda: answers(study) == 1, "the answer, by the training", serve)
