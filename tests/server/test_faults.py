"""Faults of network, server, people and ourselves: no answer is lost, no question is asked twice, the message helps."""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest

from activeseed.annotators.label_studio import channel as channel_module
from activeseed.annotators.label_studio import listing
from activeseed.annotators.label_studio.installation import Installation
from activeseed.annotators.templates import template
from activeseed.errors import AnnotatorAwayError
from tests.label_studio import FreshSite, Site, unique_title
from tests.server.by_api import Api, Person, question_of, tasks_per_question
from tests.server.fault_proxy import MISHAPS, Fault, FaultProxy, Kind, at_random, on
from tests.server.scene import Scene, answers_by_annotation, events_per_answer, refused, says_what_to_do
from tests.server.study_process import Forge, Job, Kill, impatient

pytestmark = pytest.mark.server

#: patience with a server that says nothing, in tests that wait for it to run out; stated, never measured against
SHORT = 2.0
DAY = 86400.0
IMPORT, LISTING, MAKING = "/import", r"/api/tasks/?\?", r"/api/projects/?(\?.*)?$"


@pytest.fixture(autouse=True)
def _token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACTIVESEED_LABEL_STUDIO_TOKEN", "a" * 40)


@pytest.fixture
def proxy(server: Site) -> Iterator[FaultProxy]:
    with FaultProxy(server.url) as made:
        yield made


@pytest.fixture
def scene(server: Site, title: str, tmp_path: Path, proxy: FaultProxy) -> Scene:
    """A study that reaches the shared server through the proxy; its people reach it directly."""
    return Scene.made(tmp_path, server, title, url=proxy.url)


@pytest.fixture(scope="module")
def own(installation: Installation, prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FreshSite]:
    """A server for the tests of this file that kill it, change its users' tokens or write into its database."""
    site = FreshSite.started(installation, prepared, tmp_path_factory.mktemp("own") / "server")
    yield site
    site.kill()


@pytest.fixture
def apart(own: FreshSite, tmp_path: Path) -> Iterator[tuple[Scene, FaultProxy]]:
    """A study on that server, and the proxy through which it reaches it."""
    if not own.server.alive():
        own.restart()
    with FaultProxy(own.url) as proxy:
        yield Scene.made(tmp_path, own, unique_title("apart"), url=proxy.url), proxy


@pytest.fixture(scope="module")
def forge() -> Iterator[Forge]:
    with Forge() as made:
        yield made


# --- network and gateways -------------------------------------------------------------------------------------------

#: what a proxy can do to a call that changes something: also keep silent, let it through late, or repeat it
TO_CHANGES: tuple[Kind, ...] = (*MISHAPS, "stored_silence", "late", "twice")


def test_imports_meet_each_fault(scene: Scene, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch) -> None:
    impatient(monkeypatch, SHORT)
    scene.submit_more()
    for number, kind in enumerate(TO_CHANGES, 2):
        proxy.plan = on(Fault(kind, 0.5), "POST", IMPORT)
        scene.ask(2)
        scene.patiently(scene.submit)
        assert proxy.faults[-1] == kind
        proxy.settle()
        scene.answer(scene.tasks()[number])
        assert len(scene.patiently(scene.poll).accepted) == 1, kind
        scene.check(asked=scene.asked)
    assert proxy.faults == list(TO_CHANGES)


@pytest.mark.parametrize("kind", ["drop", "drop_answer", "stored_bad_gateway", "stored_silence", "late", "twice"])
def test_making_a_project_meets_a_fault(
    kind: Kind, scene: Scene, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    impatient(monkeypatch, SHORT)
    scene.ask(2)
    proxy.plan = on(Fault(kind, 0.5), "POST", MAKING)
    scene.patiently(scene.submit)
    assert proxy.faults == [kind]
    proxy.settle()
    scene.patiently(scene.submit_more)
    scene.check(asked=3)
    # one project holds the questions; one that came too late to be seen may be left, and is empty
    projects = scene.api().projects(scene.title)
    assert len([p for p in projects if p["task_number"]]) == 1
    assert kind == "late" or len(projects) == 1


def test_reads_meet_each_fault(scene: Scene, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch) -> None:
    impatient(monkeypatch, SHORT)
    kinds: tuple[Kind, ...] = (*MISHAPS, "stored_silence")
    scene.ask(len(kinds) + 1)
    scene.submit()
    for kind, task in zip(kinds, scene.tasks(), strict=False):
        scene.answer(task)
        proxy.plan = on(Fault(kind, 0.5), "GET", LISTING)
        assert len(scene.patiently(scene.poll).accepted) == 1, kind
        assert proxy.faults[-1] == kind
    assert proxy.faults == list(kinds)
    scene.check(asked=scene.asked)
    assert set(events_per_answer(scene.study()).values()) == {1}


def test_a_page_where_the_server_was_is_no_answer_and_no_absence(scene: Scene, proxy: FaultProxy) -> None:
    # a network that asks for a login answers everything with a page: it must not read as "no tasks, all deleted"
    scene.ask(2)
    scene.submit()
    scene.answer(scene.tasks()[0])
    with proxy.planned(lambda _: Fault("web_page")):
        refused(scene.poll, scene.site, "no Label Studio", "url")
        refused(scene.submit_more, scene.site, "no Label Studio", "url")
    assert len(scene.poll().accepted) == 1
    scene.submit()
    scene.check(asked=3)


def test_a_server_that_is_away_for_long_is_waited_for_with_a_message(scene: Scene, proxy: FaultProxy) -> None:
    scene.ask(2)
    with proxy.planned(lambda _: Fault("bad_gateway")), pytest.raises(AnnotatorAwayError) as caught:
        scene.submit()
    says_what_to_do(str(caught.value), scene.site)
    assert "502" in str(caught.value)
    scene.submit()
    scene.check(asked=2)


def test_a_server_may_say_any_time_to_come_again(scene: Scene, proxy: FaultProxy) -> None:
    for told in ("3600", "-5", "soon", "Wed, 21 Oct 2065 07:28:00 GMT", "nan", "inf"):
        proxy.retry_after = told
        proxy.plan = on(Fault("rate_limited"), "GET", skip=1)
        scene.ask(1)
        scene.patiently(scene.submit)  # an hour's wait in here would be the test's time-out
    assert proxy.faults == ["rate_limited"] * 6
    scene.check(asked=6)


def test_too_many_requests_on_the_third_page(scene: Scene, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.ask(9)
    scene.submit()
    for task in scene.tasks():
        scene.answer(task)
    monkeypatch.setattr(listing, "PAGE", 2)
    proxy.log.clear()
    # the first look says how many there are; then come the pages
    with proxy.planned(on(Fault("rate_limited", 3600), "GET", LISTING, skip=3)):
        scene.patiently(scene.poll)
    assert proxy.faults == ["rate_limited"]
    assert sum("/api/tasks/" in r.path for r in proxy.log) > 6
    scene.check(asked=9)
    assert set(events_per_answer(scene.study()).values()) == {1}


def test_a_whole_loop_through_a_bad_network(
    server: Site, title: str, tmp_path: Path, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    impatient(monkeypatch, SHORT)
    scene = Scene.made(tmp_path, server, title, "ask.annotators=2", url=proxy.url)
    people = [Person(server.url, who.token, title, key=3) for who in (server.ann1, server.ann2)]
    for person in people:
        person.start()
    proxy.plan = at_random(20, 0.15, (*MISHAPS, "stored_silence", "twice"), 0.3)
    try:
        with scene.at_work() as (study, channel):
            result = study.loop(channel, sleep=lambda _: time.sleep(0.1), on_look=scene.note)
    finally:
        for person in people:
            person.stop()
    assert result.ended == "stopped"
    assert len(set(proxy.faults)) >= 6
    proxy.plan = None
    scene.poll()
    for person in people:
        scene.given |= person.given
    scene.check()
    assert set(events_per_answer(scene.study()).values()) == {1}


# --- stored, and nobody heard of it ---------------------------------------------------------------------------------


@pytest.mark.parametrize("late", [False, True])
def test_killed_before_an_ambiguous_import_was_reconciled(
    late: bool, scene: Scene, proxy: FaultProxy, forge: Forge
) -> None:
    # the import was stored (or will be, in a moment), its sender died in the time-out: the next process won't resend
    scene.ask(3)
    proxy.plan = on(Fault("late", 2.0) if late else Fault("stored_silence"), "POST", IMPORT)
    kill = Kill("push", phase="after" if late else "during", seconds=1.0)
    assert forge.run(Job(str(scene.folder), "a" * 40, "submit", kill=kill)).killed
    assert forge.run(Job(str(scene.folder), "a" * 40, "submit")).report["submitted"]
    proxy.settle()
    scene.answer(scene.tasks()[0])
    scene.poll()
    scene.ask(1)
    scene.submit()
    scene.check(asked=4)


def test_killed_between_the_journal_and_the_acknowledgement(scene: Scene, forge: Forge) -> None:
    scene.ask(3)
    scene.submit()
    for task in scene.tasks():
        scene.answer(task)
    for nth in (1, 2):
        kill = Kill("journal", nth, "after")
        assert forge.run(Job(str(scene.folder), "a" * 40, "poll", kill=kill)).killed
        assert set(events_per_answer(scene.study()).values()) == {1}
    scene.poll()
    scene.check(asked=3)
    assert set(events_per_answer(scene.study()).values()) == {1}
    assert scene.poll().repeated == ()  # and now it is acknowledged


def test_an_import_that_arrives_after_all_patience(scene: Scene, proxy: FaultProxy) -> None:
    # the gateway gave up, we waited, listed and sent again; only then the first one goes through
    scene.ask(3)
    proxy.plan = on(Fault("late", 12.0), "POST", IMPORT)
    scene.patiently(scene.submit)
    proxy.settle()
    twice = scene.tasks()
    for question in {question_of(t) for t in twice}:
        scene.answer([t for t in twice if question_of(t) == question][-1])  # people may have taken either
    scene.poll()
    scene.poll()
    scene.check(asked=3)


def test_both_copies_of_a_question_were_answered_before_we_saw_them(scene: Scene, proxy: FaultProxy) -> None:
    scene.ask(1)
    scene.submit()
    (task,) = scene.tasks()
    copy = {"data": task["data"], "meta": task["meta"]}
    made = scene.api().call("POST", f"/api/projects/{task['project']}/import", json=[copy])
    assert made["task_count"] == 1
    first, second = scene.tasks()
    scene.answer(first, scene.site.ann1)
    scene.answer(second, scene.site.ann2, "reject")
    scene.poll()
    scene.poll()
    # neither may be removed; both answers count, and no third task is ever made
    said = {(a.annotator, a.verdict) for a in scene.study().state.live_answers}
    assert said == {(scene.site.ann1.email, "keep"), (scene.site.ann2.email, "reject")}
    scene.submit()
    assert len(scene.tasks()) == 2


# --- the server is killed -------------------------------------------------------------------------------------------


def test_the_server_is_killed_while_we_push_and_while_we_pull(apart: tuple[Scene, FaultProxy], own: FreshSite) -> None:
    scene, proxy = apart
    asked = 400  # the server works on them for about half a second
    scene.ask(asked)
    proxy.plan = on(Fault("during", 0.15, own.kill), "POST", IMPORT)
    with pytest.raises(AnnotatorAwayError) as caught:
        scene.submit()
    assert proxy.faults == ["during"]
    says_what_to_do(str(caught.value), own)
    with pytest.raises(AnnotatorAwayError) as caught:
        scene.submit()
    says_what_to_do(str(caught.value), own)
    own.restart()
    scene.submit()
    scene.check(asked=asked)

    for task in scene.tasks()[:30]:
        scene.answer(task)
    proxy.plan = on(Fault("during", 0.05, own.kill), "GET", LISTING)
    with pytest.raises(AnnotatorAwayError) as caught:
        scene.poll()
    assert proxy.faults == ["during", "during"]
    says_what_to_do(str(caught.value), own)
    own.restart()
    assert len(scene.poll().accepted) == 30
    scene.submit()
    scene.check(asked=asked)


def test_the_loop_outlives_the_server(apart: tuple[Scene, FaultProxy], own: FreshSite) -> None:
    scene, _ = apart
    scene.ask(2)
    scene.submit()
    own.kill()

    def sleep(_seconds: float) -> None:
        if len(scene.errors) == 2 and not own.server.alive():
            own.restart()
            for task in scene.tasks():
                scene.answer(task)
        time.sleep(0.1)

    with scene.at_work() as (study, channel):
        result = study.loop(channel, sleep=sleep, max_rounds=1, on_look=scene.note)
    assert result.ended == "waiting"
    assert len(scene.errors) >= 2
    scene.check(asked=2)


def test_the_server_is_restored_from_a_backup(
    apart: tuple[Scene, FaultProxy], own: FreshSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "OVERLAP", 0.0)  # the backup is seconds old, and counts as one of days
    scene, _ = apart
    scene.ask(3)
    scene.submit()
    first, second, third = scene.tasks()
    kept = scene.answer(first)
    scene.poll()
    with sqlite3.connect(tmp_path / "backup.sqlite3") as backup:
        with _database(own) as database:
            database.backup(backup)
        since = [scene.answer(second, verdict="reject"), scene.answer(third)]
        scene.submit_more()
        time.sleep(1.5)  # the server tells its time in whole seconds
        assert len(scene.poll().accepted) == 2
        with _database(own) as database:
            backup.backup(database)
    told = scene.poll()
    # nobody took an answer back, so none is taken back, and it is said what is odd
    assert told.deleted == ()
    assert any("backup" in problem for problem in told.problems)
    assert set(answers_by_annotation(scene.study())) == {kept, *since}
    # also when somebody answers there again, and nothing is asked twice
    again = scene.api(scene.site.ann2).answer(scene.tasks()[1], "keep")
    assert len(scene.poll().accepted) == 1
    assert {a.annotator for a in scene.study().state.live_answers if a.question == question_of(second)} == {
        scene.site.ann1.email, scene.site.ann2.email,
    }  # fmt: skip
    assert again
    scene.submit_more()
    assert max(tasks_per_question(scene.api(), scene.title).values()) == 1


# --- tokens ---------------------------------------------------------------------------------------------------------


def test_a_legacy_token_is_reset(
    apart: tuple[Scene, FaultProxy], own: FreshSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene, _ = apart
    # of the second annotator, so that the others keep theirs
    monkeypatch.setenv("ACTIVESEED_LABEL_STUDIO_TOKEN", own.ann2.token)
    scene.ask(2)
    scene.submit()
    scene.answer(scene.tasks()[0], own.ann1)
    new = ""
    try:
        with scene.at_work() as (study, channel):  # one process that goes on, with its connection
            study.poll(channel)
            scene.answer(scene.tasks()[1], own.ann1)
            new = Api(own.url, own.ann2.token).call("POST", "/api/current-user/reset-token/")["token"]
            for act in (lambda: study.poll(channel), scene.poll):
                error = refused(act, own, "token", "revoked", "ACTIVESEED_LABEL_STUDIO_TOKEN")
                assert new not in str(error)
        monkeypatch.setenv("ACTIVESEED_LABEL_STUDIO_TOKEN", new)
        assert len(scene.poll().accepted) == 1
        scene.check(asked=2)
    finally:
        _set_token(own, own.ann2.email, own.ann2.token)


@pytest.fixture
def personal(own: FreshSite, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A personal access token, of which a user has one at a time, for us to sign in with."""
    if not own.server.alive():
        own.restart()
    api = Api(own.url, own.admin.token)
    made = api.call("POST", "/api/token/")["token"]
    monkeypatch.setenv("ACTIVESEED_LABEL_STUDIO_TOKEN", made)
    yield made
    with suppress(httpx.HTTPStatusError):  # revoked by the test
        api.call("POST", "/api/token/blacklist/", json={"refresh": made})


def test_a_personal_token_is_revoked(
    apart: tuple[Scene, FaultProxy], personal: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene, _ = apart
    scene.ask(2)
    scene.submit()
    for task in scene.tasks():
        scene.answer(task)
    scene.api().call("POST", "/api/token/blacklist/", json={"refresh": personal})
    error = refused(scene.poll, scene.site, "token", "revoked", "ACTIVESEED_LABEL_STUDIO_TOKEN")
    assert personal[:20] not in str(error)
    new = scene.api().call("POST", "/api/token/")["token"]
    monkeypatch.setenv("ACTIVESEED_LABEL_STUDIO_TOKEN", new)
    assert len(scene.poll().accepted) == 2
    scene.check(asked=2)
    scene.api().call("POST", "/api/token/blacklist/", json={"refresh": new})


def test_a_gateway_fails_while_a_personal_token_is_refreshed(apart: tuple[Scene, FaultProxy], personal: str) -> None:
    scene, proxy = apart
    scene.ask(2)
    kinds: tuple[Kind, ...] = ("bad_gateway", "drop", "truncate", "rate_limited")
    for kind in kinds:
        proxy.plan = on(Fault(kind), "POST", "/api/token/refresh")
        scene.ask(1)
        scene.patiently(scene.submit)  # never taken for a revoked token, or for another server
        assert proxy.faults[-1] == kind
    scene.check(asked=6)


def test_an_access_token_that_expired_is_renewed_whatever_our_clock_says(
    apart: tuple[Scene, FaultProxy], personal: str
) -> None:
    # with our clock a day behind, a token that lasts five minutes seems to last a day; the server says 401 long before
    scene, proxy = apart
    scene.ask(2)
    scene.submit()
    for task in scene.tasks():
        scene.answer(task)
    with proxy.planned(on(Fault("unauthorized"), "GET", LISTING)):
        assert len(scene.poll().accepted) == 2
    assert proxy.faults == ["unauthorized"]
    assert sum("token/refresh" in r.path for r in proxy.log) == 3  # once for each process, and once more
    scene.check(asked=2)


def _set_token(site: FreshSite, email: str, token: str) -> None:
    with _database(site) as database:
        database.execute(
            "UPDATE authtoken_token SET key = ? WHERE user_id = (SELECT id FROM htx_user WHERE email = ?)",
            (token, email),
        )


def _database(site: FreshSite) -> sqlite3.Connection:
    return sqlite3.connect(site.server.folder / "data" / "label_studio.sqlite3", timeout=60)


# --- people change things -------------------------------------------------------------------------------------------


def test_the_project_is_deleted(scene: Scene, forge: Forge) -> None:
    scene.ask(3)
    scene.submit()
    first, *others = scene.tasks()
    scene.answer(first)
    scene.poll()
    kept = scene.study().state.live_answers
    scene.api().call("DELETE", f"/api/projects/{first['project']}/")
    for act in (scene.poll, scene.submit_more):
        refused(act, scene.site, "project", "deleted", "journal", "restore|new one")
    # a task list that is empty because the project is gone is no sign that people deleted their answers
    assert scene.study().state.live_answers == kept
    assert len(scene.study().pending) == len(others) + 1
    report = forge.run(Job(str(scene.folder), "a" * 40, "loop")).report
    assert (report["error"], "deleted" in report["message"]) == ("AnnotatorError", True)


def test_the_project_is_deleted_between_listing_and_import(scene: Scene, proxy: FaultProxy) -> None:
    scene.ask(2)
    scene.submit()
    (project,) = scene.api().projects(scene.title)
    scene.ask(1)
    delete = Fault("first", act=lambda: scene.api().call("DELETE", f"/api/projects/{project['id']}/"))
    with proxy.planned(on(delete, "POST", IMPORT)):
        refused(scene.submit, scene.site, "project|no such thing")
    assert [q.id for q in scene.study().pending] == ["r001-0001", "r001-0002", "r001-0003"]


@pytest.mark.parametrize("answered", [False, True])
def test_a_task_is_deleted(answered: bool, scene: Scene) -> None:
    scene.ask(3)
    scene.submit()
    first, second, third = scene.tasks()
    scene.answer(second)
    annotation = scene.answer(first)
    if answered:
        scene.poll()
    gone = first if answered else third
    scene.api().call("DELETE", f"/api/tasks/{gone['id']}/")
    told = scene.poll()
    scene.submit()
    study = scene.study()
    if answered:
        # the answer was given and read: whoever tidies up on the server takes nothing back that is in the journal ...
        events = [e for e in study.store.read() if e.kind == "answered"]
        assert len(events) == 2
        # ... and what becomes of it is said
        assert told.deleted or told.problems or told.dropped or annotation in answers_by_annotation(study)
    else:
        assert list(told.dropped) == [question_of(third)]
        assert question_of(third) not in {q.id for q in study.pending}
        assert told.dropped[question_of(third)]
    # nobody is asked again what somebody took away
    assert question_of(gone) not in {question_of(t) for t in scene.tasks()}


def test_the_labelling_configuration_is_changed(scene: Scene) -> None:
    scene.ask(3)
    scene.submit()
    first, second, _ = scene.tasks()
    scene.answer(first)
    (project,) = scene.api().projects(scene.title)
    path = f"/api/projects/{project['id']}/"
    xml = template("review").replace('name="comment"', 'name="remark"')
    scene.api().call("PATCH", path, json={"label_config": xml})
    told = scene.poll()  # what can be read is read, and that something is wrong is said
    assert len(told.accepted) == 1
    assert any("comment" in problem and str(project["id"]) in problem for problem in told.problems)
    refused(scene.submit_more, scene.site, "comment", "configuration", str(project["id"]), "add it")
    scene.answer(second)
    assert len(scene.poll().accepted) == 1
    scene.api().call("PATCH", path, json={"label_config": template("review")})
    scene.submit()
    assert scene.poll().problems == ()
    scene.check(asked=4)


def test_answers_under_a_changed_configuration_that_mean_nothing_here(scene: Scene) -> None:
    scene.ask(2)
    scene.submit()
    first, second = scene.tasks()
    (project,) = scene.api().projects(scene.title)
    xml = template("review").replace('<Choice alias="reject"', '<Choice alias="remove"')
    scene.api().call("PATCH", f"/api/projects/{project['id']}/", json={"label_config": xml})
    made = scene.api(scene.site.ann1).answer(first, "remove")
    scene.answer(second)
    told = scene.poll()
    assert len(told.accepted) == 1
    assert any("remove" in problem and question_of(first) in problem for problem in told.problems)
    assert question_of(first) in {q.id for q in scene.study().pending}
    # mended, it counts: nothing of it was lost
    scene.api().call("PATCH", f"/api/projects/{project['id']}/", json={"label_config": template("review")})
    scene.given[made["id"]] = (question_of(first), "remove")
    scene.edit(made["id"], "reject")
    assert len(scene.poll().accepted) == 1
    scene.check(asked=2)


def test_an_annotation_is_edited_after_it_was_pulled(scene: Scene) -> None:
    scene.ask(2)
    scene.submit()
    first, second = scene.tasks()
    annotation = scene.answer(first, verdict="keep")
    scene.answer(second)
    assert len(scene.poll().accepted) == 2
    version = scene.study().state.current.id
    scene.edit(annotation, "reject")
    told = scene.poll()
    assert len(told.accepted) == 1
    scene.check(asked=2)
    after = scene.study()
    assert after.state.current.id != version  # the seed follows
    assert len(after.state.people[question_of(first)]) == 1  # and it is one person's answer still
    assert scene.poll().accepted == ()
    scene.edit(annotation, "keep")
    assert len(scene.poll().accepted) == 1
    assert scene.study().state.current.id == version
    scene.check(asked=2)


def test_an_annotation_is_edited_while_it_is_pulled(scene: Scene, proxy: FaultProxy) -> None:
    scene.ask(2)
    scene.submit()
    first, _ = scene.tasks()
    annotation = scene.answer(first, verdict="keep")
    scene.poll()
    scene.edit(annotation, "depends")
    # after the list was made and before the cursor moves on
    with proxy.planned(on(Fault("during", 0.0, lambda: scene.edit(annotation, "reject")), "GET", LISTING)):
        scene.poll()
    scene.poll()
    scene.check(asked=2)


def test_an_annotation_is_deleted_after_it_was_pulled(scene: Scene) -> None:
    scene.ask(2)
    scene.submit()
    first, second = scene.tasks()
    annotation = scene.answer(first, verdict="reject")
    scene.answer(second)
    scene.poll()
    scene.api().call("DELETE", f"/api/annotations/{annotation}/")
    told = scene.poll()
    assert len(told.deleted) == 1
    study = scene.study()
    assert question_of(first) in {q.id for q in study.pending}  # to be answered again, on the same task
    assert study.state.taken_back[told.deleted[0]]  # and the journal says why
    scene.check(asked=2, gone={annotation})
    again = scene.answer(first, scene.site.ann2)
    assert again != annotation
    assert len(scene.poll().accepted) == 1
    scene.submit()
    scene.check(asked=2, gone={annotation})


def test_an_annotation_is_replaced_by_another_between_two_pulls(scene: Scene) -> None:
    # as many as before: counting does not show it
    scene.ask(2)
    scene.submit()
    first, second = scene.tasks()
    annotation = scene.answer(first, verdict="reject")
    scene.poll()
    scene.api().call("DELETE", f"/api/annotations/{annotation}/")
    scene.answer(second)
    told = scene.poll()
    assert (len(told.accepted), len(told.deleted)) == (1, 1)
    scene.check(asked=2, gone={annotation})


def test_somebody_answers_while_their_question_is_taken_back(scene: Scene, proxy: FaultProxy) -> None:
    scene.ask(3)
    scene.submit()
    study = scene.study()
    tasks = scene.tasks()
    study.withdraw([question_of(t) for t in tasks[:2]], "they no longer matter")
    # it was looked at, and nobody had touched it; then somebody submits, then the deletion arrives
    act = Fault("first", act=lambda: scene.answer(tasks[0]))
    with (
        proxy.planned(on(act, "POST", "/api/dm/actions")),
        proxy.planned(lambda r: on(act, "POST", "/api/dm/actions")(r) or on(act, "DELETE", "/api/tasks/")(r)),
    ):
        study.loop(wait=False)
    assert scene.given, "the deletion was not seen: this test no longer tests anything"
    scene.poll()
    left = {question_of(t) for t in scene.tasks()}
    assert question_of(tasks[0]) in left
    assert question_of(tasks[1]) not in left
    scene.check()


# --- two at once ----------------------------------------------------------------------------------------------------


def test_two_pulls_at_once(scene: Scene, forge: Forge) -> None:
    scene.ask(6)
    scene.submit()
    for task in scene.tasks():
        scene.answer(task)
    job = Job(str(scene.folder), "a" * 40, "poll", start_at=time.time() + 1.0)
    reports = [forge.wait(ticket).report for ticket in [forge.start(job), forge.start(job)]]
    accepted = [name for report in reports for name in report["accepted"]]
    assert len(accepted) == len(set(accepted)) == 6
    scene.check(asked=6)
    assert set(events_per_answer(scene.study()).values()) == {1}


@pytest.mark.parametrize("machines", [1, 2])
def test_two_pushes_at_once(machines: int, server: Site, title: str, tmp_path: Path, forge: Forge) -> None:
    # on two machines there is one journal, and neither sees the other's lock or ledger
    store = f"store=sqlite:///{tmp_path / 'journal.db'}"
    scene = Scene.made(tmp_path, server, title, store)
    scene.ask(40)
    folders = [scene.folder]
    if machines == 2:
        shutil.copytree(scene.folder, tmp_path / "other")
        folders.append(tmp_path / "other")
    for first in (1, 41):  # while the project is made, and when it is there
        start = time.time() + 1.0
        tickets = [forge.start(Job(str(f), "a" * 40, "submit", start_at=start)) for f in (folders * 2)[:2]]
        for ticket in tickets:
            report = forge.wait(ticket).report
            # two who write at once may find the server's database locked (status 500)
            assert "error" not in report or report["away"], report
        scene.submit()
        scene.check(asked=first + 39)
        if first == 1:
            for task in scene.tasks()[:3]:
                scene.answer(task)
            assert len(scene.poll().accepted) == 3
            scene.ask(40)
    assert len(scene.api().projects(title)) == 1


# --- clocks ---------------------------------------------------------------------------------------------------------


def test_the_servers_clock_jumps_back(apart: tuple[Scene, FaultProxy], own: FreshSite) -> None:
    scene, proxy = apart
    ahead = timedelta(days=1)
    scene.ask(6)
    scene.submit()
    tasks = scene.tasks()
    early = scene.answer(tasks[0], verdict="keep")
    scene.answer(tasks[1])
    # all of this is written, and read, while the server's clock is a day ahead
    _shift(own, [t["id"] for t in tasks], ahead)
    proxy.clock = ahead
    assert len(scene.poll().accepted) == 2
    assert scene.poll().accepted == ()
    # now the clock is right again: everything new seems older than what was read
    proxy.clock = timedelta()
    scene.edit(early, "reject")  # and no count changes
    assert len(scene.poll().accepted) == 1
    scene.answer(tasks[2])
    assert len(scene.poll().accepted) == 1
    scene.submit_more()
    scene.answer(scene.tasks()[-1])
    assert len(scene.poll().accepted) == 1
    scene.edit(early, "keep")
    assert len(scene.poll().accepted) == 1
    scene.check(asked=7)


def test_a_time_in_the_future_that_somebody_wrote(
    apart: tuple[Scene, FaultProxy], own: FreshSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    # the clock is right, but one task bears a time of tomorrow, as after a restored backup
    monkeypatch.setattr(channel_module, "OVERLAP", 0.1)  # so soon it may believe that nothing late can come
    scene, _ = apart
    scene.ask(4)
    scene.submit()
    tasks = scene.tasks()
    early = scene.answer(tasks[0], verdict="keep")
    _shift(own, [tasks[3]["id"]], timedelta(days=1))
    with scene.at_work() as (study, channel):
        assert len(study.poll(channel).accepted) == 1
        for verdict in ("reject", "depends", "keep"):
            for _ in range(2):  # nothing new
                time.sleep(0.2)
                assert study.poll(channel).accepted == ()
            scene.edit(early, verdict)
            assert len(study.poll(channel).accepted) == 1
    scene.check(asked=4)


@pytest.mark.parametrize("wrong", [-DAY, DAY])
def test_our_clock_is_wrong_by_a_day(wrong: float, scene: Scene, forge: Forge) -> None:
    scene.ask(3)
    job = Job(str(scene.folder), "a" * 40, clock=wrong)
    first = forge.run(Job(str(scene.folder), "a" * 40, "submit", clock=wrong, kill=Kill("push", phase="after")))
    assert first.killed  # it leaves an intent that its clock dated
    assert forge.run(Job(str(scene.folder), "a" * 40, "submit")).report["submitted"]
    for number, task in enumerate(scene.tasks()[:2]):
        scene.answer(task)
        told = forge.run(Job(job.folder, job.token, "poll", clock=wrong if number else 0.0)).report
        assert len(told["accepted"]) == 1
    scene.answer(scene.tasks()[2])
    assert len(scene.poll().accepted) == 1
    scene.check(asked=3)


def _shift(site: FreshSite, tasks: list[int], by: timedelta) -> None:
    """Move the times of tasks and their annotations in the server's database."""
    marks = ",".join("?" * len(tasks))
    with _database(site) as database:
        for table, column in (("task", "id"), ("task_completion", "task_id")):
            rows = database.execute(
                f"SELECT id, created_at, updated_at FROM {table} WHERE {column} IN ({marks})", tasks
            ).fetchall()
            for name, *times in rows:
                moved = [(datetime.fromisoformat(t) + by).isoformat(" ", "microseconds") for t in times]
                database.execute(f"UPDATE {table} SET created_at = ?, updated_at = ? WHERE id = ?", (*moved, name))
