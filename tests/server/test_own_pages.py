"""What people do in Label Studio's own pages, or through its API: noticed, or harmless, from every command alike."""

from __future__ import annotations

import json
import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from activeseed.annotators.label_studio.installation import Installation
from activeseed.annotators.label_studio.listing import microseconds
from activeseed.annotators.templates import template
from activeseed.cli.app import run
from activeseed.question import Question
from activeseed.study.loop import Waiting
from tests.label_studio import FreshSite, Site, unique_title
from tests.server.by_api import Api, Task, question_of, result_of
from tests.server.scene import Scene

pytestmark = pytest.mark.server


@pytest.fixture(autouse=True)
def _token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACTIVESEED_LABEL_STUDIO_TOKEN", "a" * 40)


@pytest.fixture
def scene(server: Site, title: str, tmp_path: Path) -> Scene:
    return Scene.made(tmp_path, server, title)


@pytest.fixture
def pair(server: Site, title: str, tmp_path: Path) -> Scene:
    """A study in which two people answer each question."""
    return Scene.made(tmp_path, server, title, "ask.annotators=2")


@pytest.fixture(scope="module")
def own(installation: Installation, prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FreshSite]:
    """A server into whose database tests write what its API does not let one write."""
    site = FreshSite.started(installation, prepared, tmp_path_factory.mktemp("own") / "server")
    yield site
    site.close()
    site.kill()


def started(scene: Scene, n: int = 1) -> list[Task]:
    """So many questions asked and sent; their tasks."""
    scene.ask(n)
    scene.submit()
    return scene.tasks()


def votes(scene: Scene) -> dict[str, dict[str, str]]:
    """Question -> who says what, of what counts."""
    found: dict[str, dict[str, str]] = {}
    study = scene.study()
    for answer in study.state.live_answers:
        found.setdefault(answer.question, {})[answer.annotator] = answer.verdict
    study.store.close()
    return found


def pending(scene: Scene) -> list[str]:
    study = scene.study()
    try:
        return [q.id for q in study.pending]
    finally:
        study.store.close()


def lose_ledger(scene: Scene) -> None:
    (scene.folder / ".activeseed" / "label_studio" / "ledger.json").unlink()


# --- deleted, from every command ------------------------------------------------------------------------------------


def pull(scene: Scene) -> None:
    assert run(["pull", "--dir", str(scene.folder)]) == 0


def queue(scene: Scene) -> None:
    assert run(["queue", "--withdraw", "r001-0002", "--dir", str(scene.folder)]) == 0


def loop(scene: Scene) -> None:
    with scene.at_work() as (study, channel):
        seen: list[Waiting] = []
        study.loop(channel, wait=False, max_rounds=1, on_look=seen.append)
        assert [n for look in seen for n in look.told.deleted]


def by_hand(scene: Scene) -> None:
    """Whoever writes a program of their own, and recalls without having polled."""
    with scene.at_work() as (study, channel):
        study.recall(channel)
    scene.poll()


@pytest.mark.parametrize("command", [pull, queue, loop, by_hand])
def test_a_deleted_annotation_is_noticed_before_its_question_is_taken_back(
    command: Callable[[Scene], None], scene: Scene
) -> None:
    first, second = started(scene, 2)
    annotation = scene.answer(first, verdict="reject")
    scene.answer(second, verdict="keep")
    scene.poll()
    # the question is answered, so that it would be taken off the server, with the trace of what was deleted
    scene.api().call("DELETE", f"/api/annotations/{annotation}/")
    command(scene)
    assert votes(scene) == {question_of(second): {scene.site.ann1.email: "keep"}}
    assert question_of(first) in pending(scene)
    assert question_of(first) in {question_of(t) for t in scene.tasks()}, "it waits to be answered anew"


def test_queue_says_what_happened_before_it_asks(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    (first,) = started(scene)
    annotation = scene.answer(first, verdict="reject")
    pull(scene)
    scene.api().call("DELETE", f"/api/annotations/{annotation}/")
    capsys.readouterr()
    assert run(["queue", "--item", "short", "--dir", str(scene.folder)]) == 0
    assert "1 answer deleted by whoever gave it" in " ".join(capsys.readouterr().err.split())
    assert votes(scene) == {}


def test_an_edited_annotation_that_is_deleted_leaves_no_earlier_answer_behind(scene: Scene) -> None:
    (first,) = started(scene)
    annotation = scene.answer(first, verdict="reject")
    scene.poll()
    scene.edit(annotation, "keep")
    scene.poll()
    scene.api().call("DELETE", f"/api/annotations/{annotation}/")
    assert len(scene.poll().deleted) == 1
    assert votes(scene) == {}
    assert pending(scene) == [question_of(first)]


# --- people ---------------------------------------------------------------------------------------------------------


def newcomer(api: Api, n: int) -> int:
    name = unique_title(f"new{n}").replace(" ", "")
    return int(api.call("POST", "/api/users/", json={"email": f"{name}@example.com", "username": name})["id"])


@pytest.mark.parametrize("way", ["removed", "deleted"])
@pytest.mark.parametrize("collected", [True, False])
def test_two_people_whose_accounts_are_gone_stay_two(way: str, collected: bool, pair: Scene) -> None:
    first, second = started(pair, 2)
    api = pair.api()
    people = [newcomer(api, n) for n in range(2)]
    for user, verdict in zip(people, ("keep", "reject"), strict=True):
        api.answer(first, verdict, completed_by=user)
    before = {}
    if collected:
        pair.poll()
        before = votes(pair)
        assert len(before[question_of(first)]) == 2
    for user in people:
        (membership,) = [1] if way == "removed" else [0]
        path = f"/api/organizations/1/memberships/{user}/" if membership else f"/api/users/{user}/"
        api.call("DELETE", path)
    api.answer(second, "keep")
    for _ in range(2):
        pair.poll()
        found = votes(pair)
        assert sorted(found[question_of(first)].values()) == ["keep", "reject"]
        assert "Deleted" not in found[question_of(first)]
        if collected:
            assert found[question_of(first)] == before[question_of(first)]
        lose_ledger(pair)
    assert question_of(first) not in pending(pair)


def set_address(site: FreshSite, old: str, new: str) -> None:
    with closing(sqlite3.connect(site.server.folder / "data" / "label_studio.sqlite3", timeout=60)) as data, data:
        assert data.execute("UPDATE htx_user SET email = ? WHERE email = ?", (new, old)).rowcount == 1


@pytest.mark.parametrize("lost", [False, True])
def test_an_address_that_is_changed_or_given_to_another_is_still_the_same_person(
    lost: bool, own: FreshSite, tmp_path: Path
) -> None:
    scene = Scene.made(tmp_path, own, unique_title("address"), "ask.annotators=2")
    first, second, third = started(scene, 3)
    ann1, ann2 = own.ann1.email, own.ann2.email
    annotation = scene.answer(first, verdict="keep")
    scene.answer(second, verdict="keep")
    scene.poll()
    set_address(own, ann1, "married@example.com")
    set_address(own, ann2, ann1)
    try:
        if lost:
            lose_ledger(scene)
        scene.edit(annotation, "reject")
        scene.answer(third, verdict="keep")
        told = scene.poll()
        assert not told.deleted or lost
        scene.answer(third, own.ann2, "reject")
        scene.poll()
        found = votes(scene)
        assert set(found[question_of(second)]) == {ann1}
        assert found[question_of(third)][ann1] == "keep", "by whoever answered under that name first"
        assert len(found[question_of(third)]) == 2, "who has the address now is somebody else"
        assert list(found[question_of(first)].values()) == ["reject"]
    finally:
        set_address(own, ann1, ann2)
        set_address(own, "married@example.com", ann1)


# --- what can't be read ---------------------------------------------------------------------------------------------


def half_a_character(scene: Scene, task: Task, token: str) -> None:
    """The server stores it, and fails (500) whenever it is to write it again."""
    comment = {"from_name": "comment", "to_name": "item", "type": "textarea", "value": {"text": ["cut \ud83d"]}}
    body = json.dumps({"result": [*result_of("review", "keep"), comment], "lead_time": 1.0})
    headers = {"Authorization": f"Token {token}", "Content-Type": "application/json"}
    got = httpx.post(f"{scene.site.url}/api/tasks/{task['id']}/annotations/", headers=headers, content=body, timeout=60)
    assert got.status_code in (201, 500)


@pytest.mark.parametrize("lost", [False, True])
def test_half_a_character_costs_its_own_annotation_and_no_other(lost: bool, pair: Scene) -> None:
    tasks = started(pair, 7)
    for task in tasks:
        pair.answer(task, pair.site.ann2)
    half_a_character(pair, tasks[4], pair.site.ann1.token)
    if lost:
        lose_ledger(pair)
    with pair.at_work() as (study, channel):
        channel.connection.patience = 0.3
        told = study.poll(channel)
        again = study.poll(channel)
    assert len(told.accepted) == 7
    (problem,) = told.problems
    for part in (question_of(tasks[4]), pair.site.ann1.email, "half a character", "Delete it there"):
        assert part in problem
    assert not again.accepted
    assert question_of(tasks[4]) in pending(pair)
    (annotation,) = re.findall(r"It is annotation (\d+) by", problem)
    pair.api().call("DELETE", f"/api/annotations/{annotation}/")
    pair.answer(tasks[4])
    assert len(pair.poll().accepted) == 1
    assert question_of(tasks[4]) not in pending(pair)


def test_times_on_a_whole_second(own: FreshSite, tmp_path: Path) -> None:
    scene = Scene.made(tmp_path, own, unique_title("whole second"))
    first, second = started(scene, 2)
    annotation = scene.answer(first, verdict="keep")
    with closing(sqlite3.connect(own.server.folder / "data" / "label_studio.sqlite3", timeout=60)) as data, data:
        found = data.execute("SELECT max(updated_at) FROM task WHERE project_id = ?", (first["project"],))
        (newest,) = found.fetchone()
        # of an import some seconds ago; newer than all else in the project
        whole = f"{newest[:17]}{int(newest[17:19]):02d}"
        data.execute("UPDATE task SET updated_at = ? WHERE project_id = ?", (whole, first["project"]))
        data.execute("UPDATE task_completion SET updated_at = ? WHERE id = ?", (whole, annotation))
    listed = scene.api().call("GET", "/api/tasks/", params={"project": first["project"], "fields": "all"})["tasks"]
    assert all("." not in t["updated_at"] for t in listed), "the server writes no fraction"
    assert len(scene.poll().accepted) == 1
    assert not scene.poll().news
    scene.answer(second)
    assert len(scene.poll().accepted) == 1
    scene.edit(annotation, "reject")
    scene.submit_more()
    assert len(scene.poll().accepted) == 1
    assert votes(scene)[question_of(first)] == {own.ann1.email: "reject"}


# --- whose voice ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("collected", [True, False])
def test_an_annotation_that_somebody_rewrites_is_theirs_and_that_is_said(collected: bool, pair: Scene) -> None:
    (first,) = started(pair)
    ann1, ann2 = pair.site.ann1.email, pair.site.ann2.email
    annotation = pair.answer(first, verdict="keep")
    if collected:
        pair.poll()
    else:
        # what is told apart by its times, not having been seen before, is older than a moment
        age(pair, annotation)
    pair.api(pair.site.ann2).edit(annotation, "review", "reject")
    told = pair.poll()
    assert votes(pair) == {question_of(first): {ann2: "reject"}}
    (problem,) = [p for p in told.problems if "rewritten" in p]
    assert f"{ann2} has rewritten annotation {annotation}" in problem
    assert len(told.deleted) == int(collected)
    assert not pair.poll().news
    # its author takes it back into their own hands
    pair.api(pair.site.ann1).edit(annotation, "review", "keep")
    pair.poll()
    assert votes(pair) == {question_of(first): {ann1: "keep"}}


def age(scene: Scene, annotation: int) -> None:
    """Wait until an annotation is no longer as new as one that was put in for somebody."""
    made = scene.api().call("GET", f"/api/annotations/{annotation}/")["created_at"]
    while time.time() - microseconds(made) / 1e6 < 1.2:
        time.sleep(0.1)


@pytest.mark.parametrize("collected", [True, False])
def test_a_star_from_somebody_else_leaves_the_voice_where_it_was(collected: bool, pair: Scene) -> None:
    (first,) = started(pair)
    annotation = pair.answer(first, verdict="reject")
    if collected:
        pair.poll()
    age(pair, annotation)
    pair.api().call("PATCH", f"/api/annotations/{annotation}/", json={"ground_truth": True})
    told = pair.poll()
    assert votes(pair) == {question_of(first): {pair.site.ann1.email: "reject"}}
    assert not told.deleted
    assert pair.study().state.live_answers[0].final


def test_who_puts_in_the_answer_of_another_speaks_for_them(pair: Scene) -> None:
    (first,) = started(pair)
    user = pair.api(pair.site.ann2).user["id"]
    pair.api().answer(first, "keep", completed_by=user)
    assert not pair.poll().problems
    assert votes(pair) == {question_of(first): {pair.site.ann2.email: "keep"}}


@pytest.mark.parametrize("between", [True, False])
def test_a_skip_beside_an_answer_hides_nothing(between: bool, scene: Scene) -> None:
    (first,) = started(scene)
    annotation = scene.answer(first, verdict="reject")
    if between:
        scene.poll()
    skip = scene.api(scene.site.ann1).answer(first, "skip")["id"]
    scene.poll()
    assert votes(scene) == {question_of(first): {scene.site.ann1.email: "reject"}}
    scene.api().call("DELETE", f"/api/annotations/{annotation}/")
    scene.poll()
    assert votes(scene) == {question_of(first): {scene.site.ann1.email: "skip"}}
    scene.api(scene.site.ann1).call("PATCH", f"/api/annotations/{skip}/", json={"was_cancelled": False})
    assert any("without an answer" in p for p in scene.poll().problems)


def test_an_answer_that_its_author_turns_into_a_skip_is_one(scene: Scene) -> None:
    (first,) = started(scene)
    annotation = scene.answer(first, verdict="reject")
    scene.poll()
    scene.api(scene.site.ann1).call("PATCH", f"/api/annotations/{annotation}/", json={"was_cancelled": True})
    scene.poll()
    assert votes(scene) == {question_of(first): {scene.site.ann1.email: "skip"}}


# --- tasks and imports ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lost", [False, True])
def test_a_task_whose_meta_was_overwritten_is_known_by_its_data(lost: bool, scene: Scene) -> None:
    first, second, third = started(scene, 3)
    for task, meta in ((first, {"seen": True}), (second, None), (third, {})):
        scene.api().call("PATCH", f"/api/tasks/{task['id']}/", json={"meta": meta})
    scene.answer(first | {"kind": "review"})
    if lost:
        lose_ledger(scene)
    told = scene.poll()
    assert (len(told.accepted), told.dropped, told.problems) == (1, {}, ())
    scene.submit_more()
    assert len(scene.tasks()) == 4, "nothing was sent again"
    study = scene.study()
    study.withdraw(["r001-0002"])
    with scene.at_work() as (study, channel):
        study.exchange(channel)
    assert len(scene.tasks()) == 3


def test_an_edited_text_is_not_what_was_asked(scene: Scene) -> None:
    first, second = started(scene, 2)
    scene.answer(second, verdict="keep")
    scene.poll()
    for task in (first, second):
        data = {**task["data"], "text": "Something else.", "note": "mine"}
        scene.api().call("PATCH", f"/api/tasks/{task['id']}/", json={"data": data})
    scene.answer(first, verdict="reject")
    told = scene.poll()
    assert votes(scene) == {question_of(second): {scene.site.ann1.email: "keep"}}
    (problem,) = told.problems
    assert question_of(first) in problem
    assert "was edited" in problem
    assert "--withdraw" in problem
    scene.api().call("PATCH", f"/api/tasks/{first['id']}/", json={"data": {**first["data"], "note": "mine"}})
    assert len(scene.poll().accepted) == 1, "what is put beside it is nobody's business"


def test_an_export_that_is_imported_again_gives_nobody_a_second_voice(pair: Scene) -> None:
    first, second = started(pair, 2)
    pair.answer(first, verdict="keep")
    api, project = pair.api(), first["project"]
    how = {"exportType": "JSON", "download_all_tasks": "true"}
    exported = api.call("GET", f"/api/projects/{project}/export", params=how)
    for task in exported:
        task["predictions"] = []  # with them the server fails over its own export
        for annotation in task["annotations"]:
            del annotation["completed_by"]  # as of somebody who is gone: given to whoever imports it
    api.call("POST", f"/api/projects/{project}/import", json=exported)
    for _ in range(2):
        pair.poll()
        assert votes(pair) == {question_of(first): {pair.site.ann1.email: "keep"}}
        lose_ledger(pair)
    # the copy that nobody touched goes, and the one with an annotation does no harm
    pair.submit_more()
    copies = [question_of(t) for t in pair.tasks()]
    assert copies.count(question_of(second)) == 1
    pair.answer(first, pair.site.ann2, "reject")
    pair.poll()
    assert question_of(first) not in pending(pair)


def test_predictions_that_were_made_into_annotations_are_noticed(scene: Scene) -> None:
    tasks = started(scene, 5)
    scene.answer(tasks[0], verdict="keep")
    (project,) = scene.api().projects(scene.title)
    chosen = {"all": False, "included": [t["id"] for t in tasks]}
    action = {"id": "predictions_to_annotations", "project": project["id"]}
    body = {"selectedItems": chosen, "model_version": project["model_version"]}
    scene.api().call("POST", "/api/dm/actions", params=action, json=body)
    told = scene.poll()
    assert len(told.accepted) == 1
    (problem,) = told.problems
    for part in ("made of predictions", "serves these tasks to nobody", "and 1 more", f"project {project['id']}"):
        assert part in problem
    assert len(pending(scene)) == 4
    for task in scene.tasks():
        for annotation in task["annotations"]:
            if not annotation["result"]:
                scene.api().call("DELETE", f"/api/annotations/{annotation['id']}/")
    assert not scene.poll().problems
    scene.answer(tasks[1])
    assert len(scene.poll().accepted) == 1


def test_annotations_that_leave_no_room_for_those_who_are_due_are_said(pair: Scene) -> None:
    (first,) = started(pair)
    pair.answer(first, verdict="keep")
    other = pair.answer(first, pair.site.ann2, "keep")
    pair.poll()
    assert pending(pair) == []
    pair.edit(other, "reject", pair.site.ann1)  # so that both are one person's
    told = pair.poll()
    assert votes(pair) == {question_of(first): {pair.site.ann1.email: "reject"}}
    (problem,) = [p for p in told.problems if "serves them to nobody" in p]
    assert question_of(first) in problem
    assert pending(pair) == [question_of(first)]


# --- settings of the project ----------------------------------------------------------------------------------------


def test_a_changed_sampling_is_set_back_and_a_new_name_is_the_owners(scene: Scene) -> None:
    first, _ = started(scene, 2)
    path = f"/api/projects/{first['project']}/"
    changed = {"title": f"{scene.title} renamed", "sampling": "Sequential sampling", "is_draft": True}
    scene.api().call("PATCH", path, json=changed)
    scene.answer(first)
    told = scene.poll()
    assert len(told.accepted) == 1
    (problem,) = told.problems
    assert "'sequential sampling'" in problem
    assert "annotator.projects" in problem
    shown = scene.api().call("GET", path)
    assert (shown["sampling"], shown["title"]) == ("Uncertainty sampling", changed["title"])
    assert not scene.poll().problems
    lose_ledger(scene)
    scene.submit_more()
    assert len(scene.tasks()) == 3
    assert len(scene.api().projects(scene.title)) == 1


def test_a_description_that_was_cleared_gets_its_mark_back(scene: Scene) -> None:
    first, second = started(scene, 2)
    path = f"/api/projects/{first['project']}/"
    scene.api().call("PATCH", path, json={"description": "ours"})
    scene.answer(first)
    assert any("found again" in p for p in scene.poll().problems)
    assert scene.api().call("GET", path)["description"].startswith("ours [activeseed:")
    lose_ledger(scene)
    scene.answer(second)
    assert len(scene.poll().accepted) == 1
    assert len(scene.api().projects(scene.title)) == 1


def test_a_configuration_without_the_verdict_keeps_what_was_said(scene: Scene) -> None:
    first, second = started(scene, 2)
    scene.answer(first, verdict="keep")
    scene.poll()
    xml = template("review").replace('<Choice alias="keep"', '<Choice alias="hold"')
    scene.api().call("PATCH", f"/api/projects/{first['project']}/", json={"label_config": xml})
    scene.api(scene.site.ann1).answer(second, "hold")
    told = scene.poll()
    assert votes(scene) == {question_of(first): {scene.site.ann1.email: "keep"}}
    assert len(told.problems) == 2, "the configuration, and the annotation that means nothing here"


# --- the ledger lost, in each state ---------------------------------------------------------------------------------


def nothing(scene: Scene, tasks: list[Task]) -> None:
    pass


def answered(scene: Scene, tasks: list[Task]) -> None:
    scene.answer(tasks[0], verdict="keep")


def collected(scene: Scene, tasks: list[Task]) -> None:
    answered(scene, tasks)
    scene.poll()


def taken_out(scene: Scene, tasks: list[Task]) -> None:
    collected(scene, tasks)
    scene.api().call("DELETE", f"/api/annotations/{scene.tasks()[0]['annotations'][0]['id']}/")


def withdrawn(scene: Scene, tasks: list[Task]) -> None:
    with scene.at_work() as (study, channel):
        study.withdraw([question_of(tasks[0])])
        study.exchange(channel)


def edited(scene: Scene, tasks: list[Task]) -> None:
    collected(scene, tasks)
    scene.edit(scene.tasks()[0]["annotations"][0]["id"], "reject")


STATES: dict[Callable[[Scene, list[Task]], None], tuple[int, list[str]]] = {
    # tasks that are left, and what counts
    nothing: (3, []), answered: (3, ["keep"]), collected: (3, ["keep"]), taken_out: (3, []), withdrawn: (2, []),
    edited: (3, ["reject"]),
}  # fmt: skip


@pytest.mark.parametrize("state", STATES)
def test_the_ledger_is_lost(state: Callable[[Scene, list[Task]], None], scene: Scene) -> None:
    tasks = started(scene, 3)
    state(scene, tasks)
    lose_ledger(scene)
    told = scene.poll()
    left, said = STATES[state]
    assert (told.problems, told.dropped) == ((), {})
    scene.submit()
    assert len(scene.tasks()) == left
    assert [v for votes_ in votes(scene).values() for v in votes_.values()] == said
    scene.answer(scene.tasks()[-1], verdict="reject")
    assert len(scene.poll().accepted) == 1


def test_the_ledger_is_lost_and_with_it_that_a_task_was_there(scene: Scene) -> None:
    tasks = started(scene, 3)
    scene.api().call("DELETE", f"/api/tasks/{tasks[1]['id']}/")
    lose_ledger(scene)
    with scene.at_work() as (study, channel):
        done = study.exchange(channel)
    assert done.failed is None
    assert any(question_of(tasks[1]) in p and "sent again" in p for p in done.told.problems)
    assert sorted(map(question_of, scene.tasks())) == sorted(map(question_of, tasks))
    assert not scene.poll().problems


def test_a_look_costs_few_calls(scene: Scene) -> None:
    """Three where nothing is new; two more, for what has changed and for who that was, where somebody is."""
    tasks = started(scene, 3)
    calls: list[str] = []
    with scene.at_work() as (study, channel):
        study.poll(channel)
        read = channel.connection.read

        def counted(path: str, *more: Any, **named: Any) -> Any:
            calls.append(path)
            return read(path, *more, **named)

        channel.connection.read = counted  # type: ignore[method-assign]
        study.exchange(channel)
        assert len(calls) <= 3, calls
        calls.clear()
        scene.answer(tasks[0])
        assert len(study.poll(channel).accepted) == 1
        assert len(calls) <= 5, calls
        calls.clear()
        scene.answer(tasks[1])
        assert len(study.poll(channel).accepted) == 1
        assert len(calls) <= 4, calls


def test_questions_keep_their_ids(scene: Scene) -> None:
    questions: list[Question] = scene.ask(1)
    scene.submit()
    (task,) = scene.tasks()
    assert set(task["meta"]) == {"activeseed", "question", "shown"}
    assert task["data"]["question"] == questions[0].id
